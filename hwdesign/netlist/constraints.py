"""Timing constraints (SDC) as data: clocks, port delays, loads, exceptions. Names are patterns until they are bound.

Units: ns, pF, kΩ. An `edges` pair is (rise, fall), a `corners` pair (min, max): which of the two an entry holds for.
Later entries overrule earlier ones for the same object, edge and corner, unless they are added. Source of the terms:
Synopsys Design Constraints, application note, version 2.1. `hwdesign.netlist.constraint_targets` finds what the
patterns mean in a module.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

BOTH = (True, True)


class ObjectKind(enum.StrEnum):
    """What a query looks for."""

    PORT = "port"
    PIN = "pin"
    CELL = "cell"
    NET = "net"
    CLOCK = "clock"
    ALL_INPUTS = "all_inputs"
    ALL_OUTPUTS = "all_outputs"
    ALL_CLOCKS = "all_clocks"
    ALL_REGISTERS = "all_registers"


@dataclass(frozen=True, slots=True)
class Query:
    """A set of design objects, as `[get_ports {a b*}]` asks for.

    Attributes:
        kinds: sorts looked through in turn; a pattern takes the first sort that knows it.
        patterns: names, with `*` and `?` as wildcards; empty for the `all_...` queries.
        line: where it stands in the file.
        file: the file.
        clocks: for ALL_INPUTS, whether clock ports are among them (`-no_clocks` says not).
        quiet: a pattern that finds nothing is no fault.
        without: queries whose objects are taken out (`remove_from_collection`).
    """

    kinds: tuple[ObjectKind, ...]
    patterns: tuple[str, ...] = ()
    line: int = 0
    file: str = ""
    clocks: bool = True
    quiet: bool = False
    without: tuple[Query, ...] = ()


Objects = tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """`create_clock`.

    Attributes:
        name: of the clock.
        period: ns.
        waveform: rising and falling edge, ns after time 0.
        sources: ports or pins that carry it; empty for a virtual clock.
        added: another clock of the same sources stays (`-add`).
        line: in the file.
    """

    name: str
    period: float
    waveform: tuple[float, float]
    sources: Objects = ()
    added: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class PortDelay:
    """`set_input_delay`, `set_output_delay`.

    Attributes:
        output: an output delay.
        value: ns, from the clock's edge to the port (input), from the port to the clock's edge (output).
        clock: name; '' for time 0.
        clock_fall: measured from the falling edge.
        edges, corners: edges of the signal and corners that it holds for.
        added: earlier delays of the port stay (`-add_delay`).
        objects: ports or pins.
        line: in the file.
    """

    output: bool
    value: float
    clock: str
    clock_fall: bool
    edges: tuple[bool, bool]
    corners: tuple[bool, bool]
    added: bool
    objects: Objects
    line: int = 0


class Quantity(enum.StrEnum):
    """What a `PortValue` sets."""

    INPUT_TRANSITION = "input_transition"  # ns
    LOAD = "load"  # pF at a port, or wire capacitance of a net
    WIRE_LOAD = "wire_load"  # pF at a port, of the wire outside
    CLOCK_TRANSITION = "clock_transition"  # ns at registers of ideal clocks
    DRIVE = "drive"  # kΩ


@dataclass(frozen=True, slots=True)
class PortValue:
    """A number for ports, nets or clocks: `set_input_transition`, `set_load`, `set_clock_transition`, `set_drive`.

    Attributes:
        quantity: which.
        value: ns, pF or kΩ.
        edges, corners: that it holds for.
        objects: where.
        line: in the file.
    """

    quantity: Quantity
    value: float
    edges: tuple[bool, bool]
    corners: tuple[bool, bool]
    objects: Objects
    line: int = 0


@dataclass(frozen=True, slots=True)
class DrivingCell:
    """`set_driving_cell`: an input port is driven by a library cell.

    Attributes:
        cell: name of the library cell.
        library: name of its library, '' for any.
        pin: its output pin, '' for the only one.
        from_pin: its input pin, '' for any.
        slew: ns, transition at that input (rise, fall).
        edges, corners: that it holds for.
        objects: ports.
        line: in the file.
    """

    cell: str
    library: str
    pin: str
    from_pin: str
    slew: tuple[float, float]
    edges: tuple[bool, bool]
    corners: tuple[bool, bool]
    objects: Objects
    line: int = 0


class ExceptionKind(enum.StrEnum):
    """Sorts of path exceptions."""

    FALSE_PATH = "false_path"
    MULTICYCLE = "multicycle_path"
    MAX_DELAY = "max_delay"
    MIN_DELAY = "min_delay"


@dataclass(frozen=True, slots=True)
class PathPoint:
    """A `-from`, `-through` or `-to` of an exception.

    Attributes:
        objects: what the path begins at, passes or ends at.
        edges: edges at that point (`-rise_from` and the like); of a clock, its edges.
    """

    objects: Objects
    edges: tuple[bool, bool] = BOTH


@dataclass(frozen=True, slots=True)
class PathException:
    """`set_false_path`, `set_multicycle_path`, `set_max_delay`, `set_min_delay`.

    Attributes:
        kind: which.
        value: cycles, or ns; 0 for a false path.
        source: begin, None for any.
        through: points passed in turn.
        target: end, None for any.
        edges: edges at the path's end (`-rise`, `-fall`).
        checks: (hold, setup) that it holds for.
        start: cycles are counted at the launching clock (`-start`), not at the capturing one; None where not said.
        line: in the file.
    """

    kind: ExceptionKind
    value: float
    source: PathPoint | None
    through: tuple[PathPoint, ...]
    target: PathPoint | None
    edges: tuple[bool, bool]
    checks: tuple[bool, bool]
    start: bool | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class ClockUncertainty:
    """`set_clock_uncertainty`.

    Attributes:
        value: ns.
        checks: (hold, setup) that it holds for.
        objects: clocks, ports or pins; empty between two clocks.
        source, target: between clocks, with their edges; None otherwise.
        line: in the file.
    """

    value: float
    checks: tuple[bool, bool]
    objects: Objects = ()
    source: PathPoint | None = None
    target: PathPoint | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class ClockLatency:
    """`set_clock_latency`.

    Attributes:
        value: ns.
        source: latency up to the clock's source (`-source`), else through an ideal clock network.
        edges, corners: of the clock; that it holds for.
        early, late: for source latency.
        objects: clocks, ports or pins.
        line: in the file.
    """

    value: float
    source: bool
    edges: tuple[bool, bool]
    corners: tuple[bool, bool]
    early: bool
    late: bool
    objects: Objects
    line: int = 0


@dataclass(frozen=True, slots=True)
class CaseAnalysis:
    """`set_case_analysis`.

    Attributes:
        value: `0`, `1`, `rising` or `falling`.
        objects: ports or pins.
        line: in the file.
    """

    value: str
    objects: Objects
    line: int = 0


@dataclass(frozen=True)
class Constraints:
    """All constraints of a file, in its order within each sort.

    Attributes:
        clocks: by name.
        port_delays, port_values, driving_cells, exceptions, uncertainties, latencies, cases: see their types.
        propagated: clocks, ports or pins whose latency is computed through the network.
        ignored: commands that set design rules or name the design, and were read over, with how often.
        file: where they were read from.
    """

    clocks: Mapping[str, Clock] = field(default_factory=dict)
    port_delays: tuple[PortDelay, ...] = ()
    port_values: tuple[PortValue, ...] = ()
    driving_cells: tuple[DrivingCell, ...] = ()
    exceptions: tuple[PathException, ...] = ()
    uncertainties: tuple[ClockUncertainty, ...] = ()
    latencies: tuple[ClockLatency, ...] = ()
    cases: tuple[CaseAnalysis, ...] = ()
    propagated: Objects = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    file: str = ""

    def queries(self) -> list[Query]:
        """Every query in the file, once."""
        found: dict[Query, None] = {}
        for clock in self.clocks.values():
            found.update(dict.fromkeys(clock.sources))
        placed = [
            *(entry.objects for entry in self.port_delays),
            *(entry.objects for entry in self.port_values),
            *(entry.objects for entry in self.driving_cells),
            *(entry.objects for entry in self.latencies),
            *(entry.objects for entry in self.cases),
            *(entry.objects for entry in self.uncertainties),
            self.propagated,
        ]
        points = [point for entry in self.uncertainties for point in (entry.source, entry.target)]
        points += [point for entry in self.exceptions for point in (entry.source, *entry.through, entry.target)]
        placed += [point.objects for point in points if point is not None]
        for objects in placed:
            found.update(dict.fromkeys(objects))
        return list(found)
