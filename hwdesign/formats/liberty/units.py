"""Liberty's units as factors to the house's: ns, pF, kΩ, V."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hwdesign.formats.liberty.tree import Attribute, Group

_PREFIX = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "meg": 6}
_UNIT = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)?\s*([a-z]+)\s*")


@dataclass(frozen=True, slots=True)
class Units:
    """Factors by which the file's numbers are multiplied.

    Attributes:
        time: to ns.
        capacitance: to pF.
        resistance: to kΩ.
        voltage: to V.
    """

    time: float
    capacitance: float
    resistance: float
    voltage: float


def read_units(library: Group) -> Units:
    """Units of a library: `time_unit` (1 ns where absent, as Liberty says), `capacitive_load_unit` and the like.

    Raises:
        FormatError: the library states no capacitance, or a unit that is none.
    """
    attributes = library.attributes
    load = attributes.get("capacitive_load_unit")
    if load is None:
        raise library.error("the library states no capacitive_load_unit", "add the line: capacitive_load_unit (1, pf);")
    return Units(
        time=_factor(attributes.get("time_unit"), "s", -9, "1ns"),
        capacitance=_factor(load, "f", -12, "1pf"),
        resistance=_factor(attributes.get("pulling_resistance_unit"), "ohm", 3, "1kohm"),
        voltage=_factor(attributes.get("voltage_unit"), "v", 0, "1V"),
    )


def _factor(attribute: Attribute | None, base: str, exponent: int, usual: str) -> float:
    """Factor from the unit that an attribute states to 10**exponent of `base`."""
    text = usual if attribute is None else " ".join(attribute.args)
    match = _UNIT.fullmatch(text.lower())
    word = match[2] if match else ""
    power = _PREFIX.get(word.removesuffix(base)) if word.endswith(base) else None
    size = float(match[1] or 1) if match else 0.0
    if power is None or not size > 0:
        where = attribute if attribute is not None else Attribute("", "", 0, (), 0, 0)
        raise where.error(f"'{text[:40]}' is no unit for '{where.name}'", f"write a unit such as {usual}")
    # A quotient of exact powers is rounded once, where 1e-12 / 1e-9 is not.
    step = power - exponent
    return size * 10.0**step if step >= 0 else size / 10.0**-step
