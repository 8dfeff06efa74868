"""Timing groups: arcs between pins, their kind, unateness and tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from hwdesign.errors import FormatError
from hwdesign.formats.liberty.pins import Pin, Pins
from hwdesign.formats.liberty.tables import TablePool
from hwdesign.formats.liberty.tree import Attribute, Group
from hwdesign.netlist.boolean import MAX_TABLE_INPUTS, parse_function, truth_table, variables
from hwdesign.netlist.timing_library import ArcKind

_SENSES = {"positive_unate": 1, "negative_unate": -1, "non_unate": 0}
_DELAYS = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
_CHECKS = ("rise_constraint", "fall_constraint")
# Each type's kind and the edge of the output that it leaves out: a preset affects the rising edge alone, a clear the
# falling one (Liberty User Guide, timing_type), whatever tables stand there.
_KINDS: dict[str, tuple[ArcKind, str]] = {kind.name.lower(): (kind, "") for kind in ArcKind}
_KINDS |= {"preset": (ArcKind.PRESET, "fall"), "clear": (ArcKind.CLEAR, "rise")}
_KINDS |= {
    f"{kind.name.lower()}_{edge}": (kind, other)
    for kind in (ArcKind.COMBINATIONAL, ArcKind.THREE_STATE_ENABLE, ArcKind.THREE_STATE_DISABLE)
    for edge, other in (("rise", "fall"), ("fall", "rise"))
}
# Groups whose limits are numbers: of a high and of a low pulse, or of a period.
_LIMITS = {
    "min_pulse_width": (ArcKind.MIN_PULSE_WIDTH, "constraint_high", "constraint_low"),
    "minimum_period": (ArcKind.MINIMUM_PERIOD, "constraint", "constraint"),
}


@dataclass
class ArcColumns:
    """The arc columns of `TimingLibrary`, as they grow."""

    source: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    sense: list[int] = field(default_factory=list)
    when: list[str | None] = field(default_factory=list)
    sdf_cond: list[str | None] = field(default_factory=list)
    table: list[tuple[int, int, int, int]] = field(default_factory=list)

    def add(
        self, source: int, target: int, kind: ArcKind, sense: int, table: tuple[int, int, int, int], group: Group | None
    ) -> None:
        """Append an arc between two rows of the pin columns."""
        self.source.append(source)
        self.target.append(target)
        self.kind.append(kind)
        self.sense.append(sense)
        self.when.append(group.text("when") if group else None)
        self.sdf_cond.append(group.text("sdf_cond") if group else None)
        self.table.append(table)


class ArcReader:
    """Reads the arcs of one cell after another.

    Attributes:
        columns: the arcs so far.
        tables: their tables.
        skipped: how often an arc from a supply pin was left out.
    """

    def __init__(self, tables: TablePool) -> None:
        self.columns = ArcColumns()
        self.skipped = 0
        self.tables = tables
        self._of_group: dict[int, tuple[int, int, int, int]] = {}

    def read(self, pins: Pins, base: int) -> None:
        """Add the arcs of a cell whose first pin is row `base` of the pin columns.

        Raises:
            FormatError: an unknown timing_type or timing_sense, a related pin that the cell lacks, a faulty table.
            UnsupportedError: buses of different widths, tables that depend on other variables.
        """
        for at, pin in enumerate(pins.pins):
            for group in pin.groups:
                for timing in group.groups:
                    if timing.name == "timing":
                        self._timing(pins, at, pin, timing, base)
                    elif timing.name in _LIMITS:
                        kind, *names = _LIMITS[timing.name]
                        rise, fall = (timing.attributes.get(name) for name in names)
                        self._add_limits(rise, fall, kind, base + at, timing)
            self._limits(pin, base + at)

    def _timing(self, pins: Pins, at: int, pin: Pin, timing: Group, base: int) -> None:
        kind_text = (timing.text("timing_type") or "combinational").strip()
        found = _KINDS.get(kind_text)
        if found is None:
            raise timing.error(f"'{kind_text[:40]}' is no timing_type", "write one of Liberty's")
        kind, absent = found
        related = self._related(pins, at, pin, timing, kind)
        table = self._table(timing, kind >= ArcKind.SETUP_RISING, absent)
        text = timing.text("timing_sense")
        sense = _SENSES.get((text or "non_unate").strip())
        if sense is None:
            raise timing.error(f"'{text}' is no timing_sense", f"write one of {', '.join(_SENSES)}")
        for source in related:
            derived = _unateness(pins, pin, source) if text is None and kind is ArcKind.COMBINATIONAL else sense
            self.columns.add(base + source, base + at, kind, derived, table, timing)

    def _related(self, pins: Pins, at: int, pin: Pin, timing: Group, kind: ArcKind) -> list[int]:
        one, all_bits = timing.text("related_pin"), timing.text("related_bus_pins")
        if one is None and all_bits is None:
            if kind in (ArcKind.MIN_PULSE_WIDTH, ArcKind.MINIMUM_PERIOD):
                return [at]
            raise timing.error(f"a timing group of pin '{pin.name}' has no related_pin", "add it")
        result: list[int] = []
        for name in (one or "").split():
            found = self._pins(pins, name, pin, timing)
            # A bus to a bus of its width is bit to bit; `related_bus_pins` is every bit to every bit.
            if len(found) > 1 and timing in _bus_group(pin):
                width = len(pins.buses[pin.bus])
                if len(found) != width:
                    raise timing.error(
                        f"bus '{name}' has {len(found)} bits and bus '{pin.bus}' {width}: no bit-to-bit arcs",
                        "use related_bus_pins, or a timing group a bit",
                    )
                found = [found[pin.place]]
            result += found
        for name in (all_bits or "").split():
            result += self._pins(pins, name, pin, timing)
        return result

    def _pins(self, pins: Pins, name: str, pin: Pin, timing: Group) -> list[int]:
        found = pins.named(name)
        if not found:
            if name in pins.supplies:
                self.skipped += 1
            else:
                raise timing.error(
                    f"pin '{pin.name}' of cell '{pins.cell.label()}' has an arc from '{name}', which is no pin of it",
                    "mend its related_pin",
                )
        return found

    def _table(self, timing: Group, check: bool, absent: str) -> tuple[int, int, int, int]:
        known = self._of_group.get(id(timing))  # a bus' group, which all its bits share
        if known is not None:
            return known
        names = _CHECKS if check else _DELAYS
        rows = [-1, -1, -1, -1]
        for group in timing.groups:
            if group.name in names and not (absent and absent in group.name):
                rows[names.index(group.name)] = self.tables.add(group)
            elif group.name in ("rise_propagation", "fall_propagation"):
                raise group.error(f"'{group.name}' is not supported", "characterise cell_rise and cell_fall")
        table = (rows[0], rows[1], rows[2], rows[3])
        self._of_group[id(timing)] = table
        return table

    def _limits(self, pin: Pin, row: int) -> None:
        """`min_pulse_width_high`, `min_pulse_width_low` and `minimum_period` of a pin."""
        high, low = pin.attribute("min_pulse_width_high"), pin.attribute("min_pulse_width_low")
        self._add_limits(high, low, ArcKind.MIN_PULSE_WIDTH, row, None)
        period = pin.attribute("min_period") or pin.attribute("minimum_period")
        self._add_limits(period, period, ArcKind.MINIMUM_PERIOD, row, None)

    def _add_limits(
        self, rise: Attribute | None, fall: Attribute | None, kind: ArcKind, row: int, group: Group | None
    ) -> None:
        if rise is None and fall is None:
            return
        tables = [-1 if one is None else self.tables.scalar(one) for one in (rise, fall)]
        self.columns.add(row, row, kind, 0, (tables[0], tables[1], -1, -1), group)


def _bus_group(pin: Pin) -> list[Group]:
    """Timing groups that a pin has from its bus."""
    return pin.groups[-1].groups if pin.bus else []


def _unateness(pins: Pins, pin: Pin, source: int) -> int:
    """Sense of a combinational arc that states none, from the output's function; 0 where it cannot be told."""
    text = pin.text("function")
    name = pins.pins[source].name
    if text is None:
        return 0
    try:
        program = parse_function(text)
        others = [other for other in variables(program) if other != name]
        if len(others) + 1 > MAX_TABLE_INPUTS or len(others) + 1 == len(variables(program)) + 1:
            return 0
        # The source is the last input: it halves the table.
        table = truth_table(program, (*others, name))
    except FormatError:
        return 0
    size = 1 << len(others)
    low, high = table & ((1 << size) - 1), table >> size
    if low == high:
        return 0
    return 1 if low | high == high else -1 if low | high == low else 0
