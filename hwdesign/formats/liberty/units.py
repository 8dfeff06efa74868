"""Liberty's units as factors to the house's: ns, pF, kΩ, V."""

from __future__ import annotations

from dataclasses import dataclass

from hwdesign.formats._units import unit_factor
from hwdesign.formats.liberty.tree import Attribute, Group


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
    factor = unit_factor(text, base, exponent)
    if factor is None:
        where = attribute if attribute is not None else Attribute("", "", 0, (), 0, 0)
        raise where.error(f"'{text[:40]}' is no unit for '{where.name}'", f"write a unit such as {usual}")
    return factor
