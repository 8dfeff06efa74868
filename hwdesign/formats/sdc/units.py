"""`set_units`, and the factors of a file's numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hwdesign.formats._units import unit_factor
from hwdesign.formats.sdc.arguments import sort_words
from hwdesign.formats.sdc.tcl import Command

_OPTIONS = {
    "-time": ("s", -9, "time"),
    "-capacitance": ("f", -12, "capacitance"),
    "-resistance": ("ohm", 3, "resistance"),
    "-voltage": ("v", 0, ""),
    "-current": ("a", 0, ""),
    "-power": ("w", 0, ""),
}


@dataclass(frozen=True, slots=True)
class Units:
    """Factors by which the file's numbers are multiplied: to ns, pF and kΩ."""

    time: float = 1.0
    capacitance: float = 1.0
    resistance: float = 1.0


def set_units(command: Command, units: Units) -> Units:
    """Units after a `set_units` command.

    Raises:
        FormatError: an unknown unit.
    """
    words = sort_words(command, options=_OPTIONS)
    for option in words.options:
        text = words.text(option)
        base, exponent, name = _OPTIONS[option]
        factor = unit_factor(text, base, exponent)
        if factor is None:
            raise command.error(f"'{text[:40]}' is no unit for '{option}' of set_units", "write one such as ns or 10ps")
        if name == "time":
            units = replace(units, time=factor)
        elif name == "capacitance":
            units = replace(units, capacitance=factor)
        elif name == "resistance":
            units = replace(units, resistance=factor)
    return units
