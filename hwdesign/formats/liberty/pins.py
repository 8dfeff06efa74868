"""A cell's pins: groups of several names, buses, bundles, and what they inherit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from hwdesign.errors import LimitError
from hwdesign.formats.liberty.tree import Attribute, Group
from hwdesign.netlist.timing_library import PinDirection

MAX_BITS = 1 << 16
"""Pins of one cell, a bus counted by its bits."""

_DIRECTIONS = {member.name.lower(): member for member in PinDirection}
_RANGE = re.compile(r"(.*)\[\s*(-?\d{1,9})\s*:\s*(-?\d{1,9})\s*\]\s*", re.DOTALL)


@dataclass(slots=True)
class Pin:
    """One pin, one bit.

    Attributes:
        name: `A`, `D[3]`.
        groups: where its attributes are looked up: its own groups, the latest first, then its bus.
        bus: name of its bus or bundle, '' for none.
        place: position within the bus, from its left end.
    """

    name: str
    groups: list[Group]
    bus: str = ""
    place: int = 0

    def attribute(self, name: str) -> Attribute | None:
        """Its own value, else that of its bus, else None."""
        return next((group.attributes[name] for group in self.groups if name in group.attributes), None)

    def text(self, name: str) -> str | None:
        """The same as text."""
        found = self.attribute(name)
        return found.args[0] if found is not None and found.args else None

    def number(self, name: str) -> float | None:
        """The same as a number."""
        found = self.attribute(name)
        return None if found is None else found.number()


@dataclass
class Pins:
    """All pins of a cell.

    Attributes:
        cell: its group.
        pins: in the file's order.
        index: place of each pin by name.
        buses: pins of each bus and bundle by name, from the left.
        supplies: names of its `pg_pin` groups.
    """

    cell: Group
    pins: list[Pin] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    buses: dict[str, list[int]] = field(default_factory=dict)
    supplies: list[str] = field(default_factory=list)

    def add(self, name: str, groups: list[Group], bus: str = "", place: int = 0) -> None:
        """Append a pin.

        Raises:
            FormatError: the cell has a pin of this name.
        """
        if name in self.index:
            raise groups[0].error(f"cell '{self.cell.label()}' has two pins named '{name}'", "rename one of them")
        if len(self.pins) >= MAX_BITS:
            raise LimitError(
                f"cell '{self.cell.label()}' has more than {MAX_BITS} pins",
                file=groups[0].file or None,
                line=groups[0].line,
                mend="check the widths of its buses",
            )
        self.index[name] = len(self.pins)
        self.pins.append(Pin(name, groups, bus, place))

    def named(self, name: str) -> list[int]:
        """Places of the pins that `name`, `name[1]` or `name[3:0]` means; none where the cell has no such pin."""
        at = self.index.get(name)
        if at is not None:
            return [at]
        if name in self.buses:
            return self.buses[name]
        match = _RANGE.fullmatch(name)
        if match is None:
            return []
        bits = _range(int(match[2]), int(match[3]))
        found = [self.index.get(f"{match[1].strip()}[{bit}]", -1) for bit in bits[:MAX_BITS]]
        return [] if -1 in found else found

    def direction(self, pin: Pin) -> PinDirection:
        """Direction of a pin.

        Raises:
            FormatError: it has none, or one that is none.
        """
        text = pin.text("direction")
        found = _DIRECTIONS.get((text or "").strip().lower())
        if found is None:
            what = "has no direction" if text is None else f"has the direction '{text[:40]}'"
            raise pin.groups[0].error(
                f"pin '{pin.name}' of cell '{self.cell.label()}' {what}", "write input, output, inout or internal"
            )
        return found


def _range(left: int, right: int) -> range:
    step = 1 if right >= left else -1
    return range(left, right + step, step)


def read_pins(cell: Group, types: dict[str, Group]) -> Pins:
    """Pins of a cell.

    Args:
        cell: its group.
        types: the library's bus types by name.

    Raises:
        FormatError: two pins of one name, a bus without a type.
        LimitError: more than `MAX_BITS` pins.
    """
    pins = Pins(cell)
    own = {**types, **{group.label(): group for group in cell.groups if group.name == "type"}}
    for group in cell.groups:
        if group.name == "pin":
            for name in _names(group):
                pins.add(name, [group])
        elif group.name == "pg_pin":
            pins.supplies += _names(group)
        elif group.name == "bus":
            for name in _names(group):
                _bus(pins, group, name, own)
        elif group.name == "bundle":
            for name in _names(group):
                _bundle(pins, group, name)
    return pins


def _names(group: Group) -> list[str]:
    names = [name.strip() for arg in group.args for name in arg.split()]
    if not names:
        raise group.error(f"'{group.name}' has no name in its parentheses", "write one")
    return names


def _bus(pins: Pins, group: Group, name: str, types: dict[str, Group]) -> None:
    kind = group.text("bus_type") or ""
    found = types.get(kind)
    if found is None:
        raise group.error(
            f"bus '{name}' of cell '{pins.cell.label()}' has the bus_type '{kind}', which is not defined",
            "add its type group",
        )
    limits = [found.number("bit_from"), found.number("bit_to")]
    width = found.number("bit_width")
    if None in limits:  # counted down to 0, as Liberty's `downto` does
        limits = [None if width is None else width - 1, 0.0]
    if limits[0] is None or limits[1] is None or any(not float(n).is_integer() for n in limits if n is not None):
        raise found.error(f"bus type '{kind}' has no whole bit_from and bit_to", "add both, or a bit_width")
    left, right = int(limits[0]), int(limits[1])
    if abs(left - right) >= MAX_BITS:
        raise LimitError(f"bus type '{kind}' is wider than {MAX_BITS} bits", file=found.file or None, line=found.line)
    members = {f"{name}[{bit}]": place for place, bit in enumerate(_range(left, right))}
    _members(pins, group, name, members)


def _bundle(pins: Pins, group: Group, name: str) -> None:
    listed = group.attributes.get("members")
    if listed is None or not listed.args:
        raise group.error(f"bundle '{name}' of cell '{pins.cell.label()}' has no members", "add: members (A, B);")
    names = [one for arg in listed.args for one in arg.replace(",", " ").split()]
    _members(pins, group, name, {one: place for place, one in enumerate(names)})


def _members(pins: Pins, group: Group, name: str, members: dict[str, int]) -> None:
    """Add a bus' pins, each with its own groups before the bus' group."""
    inner: dict[str, list[Group]] = {}
    for pin in group.groups:
        if pin.name != "pin":
            continue
        for text in _names(pin):
            match = _RANGE.fullmatch(text)
            ones = (
                [f"{match[1].strip()}[{bit}]" for bit in _range(int(match[2]), int(match[3]))[:MAX_BITS]]
                if match
                else [text]
            )
            for one in ones:
                if one not in members:
                    raise pin.error(f"pin '{one}' is no bit of '{name}'", "mend its index or the type's range")
                inner.setdefault(one, []).insert(0, pin)
    pins.buses[name] = list(range(len(pins.pins), len(pins.pins) + len(members)))
    for one, place in members.items():
        pins.add(one, [*inner.get(one, []), group], name, place)


def capacitances(pin: Pin, usual: float) -> tuple[float, float]:
    """Input capacitance of a rising and of a falling edge in the file's unit; `usual` where the pin states none."""
    both = pin.number("capacitance")
    values = [pin.number("rise_capacitance"), pin.number("fall_capacitance")]
    both = usual if both is None else both
    rise, fall = (both if value is None else value for value in values)
    if min(rise, fall) < 0:
        raise pin.groups[0].error(f"pin '{pin.name}' has a negative capacitance", "write zero or more")
    return rise, fall


def limit(pin: Pin, name: str, usual: float | None = None) -> float:
    """A limit in the file's unit, nan where neither the pin nor the library states one."""
    found = pin.number(name)
    found = usual if found is None else found
    return math.nan if found is None else found
