"""Device cell types: SPICE's element letters with their terminals as inout roles.

A cell of such a type keeps its principal number (ohm, farad, henry, volt, ampere) in the parameter `value`, the name of
its model card in `model`, and everything else (`w`, `l`, `area`, `ic` ...) under its own lower-case name, in SI units.
"""

from __future__ import annotations

from types import MappingProxyType

from hwdesign.errors import NetlistError
from hwdesign.netlist.types import CellType, Direction, Kind, Role

_TERMINALS = {
    "R": ("p", "n"),
    "C": ("p", "n"),
    "L": ("p", "n"),
    "V": ("p", "n"),
    "I": ("p", "n"),
    "B": ("p", "n"),  # Josephson junction (JoSIM) or behavioural source (ngspice): its parameters tell which
    "D": ("a", "k"),
    "Q": ("c", "b", "e"),
    "M": ("d", "g", "s", "b"),
    "K": (),  # mutual inductance: names its inductors in parameters, touches no net
}

VALUE = "value"
MODEL = "model"

DEVICES = MappingProxyType(
    {
        letter: CellType(letter, Kind.DEVICE, tuple(Role(name, Direction.INOUT) for name in terminals))
        for letter, terminals in _TERMINALS.items()
    }
)

MEMRISTOR = CellType("memristor", Kind.DEVICE, (Role("p", Direction.INOUT), Role("n", Direction.INOUT)))


def device(letter: str) -> CellType:
    """Cell type of an element letter, in either case.

    Raises:
        NetlistError: no such element.
    """
    found = DEVICES.get(letter.upper())
    if found is None:
        raise NetlistError(f"no device is lettered '{letter}'", mend=f"use one of {' '.join(DEVICES)}")
    return found
