"""What surrounds a design: clock, arrivals and slews at its inputs, loads and required times at its outputs."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError, UnsupportedError
from hwdesign.netlist.constraint_targets import bind
from hwdesign.netlist.constraints import Constraints, PortDelay, Quantity
from hwdesign.netlist.types import Direction
from hwdesign.timing.graph import TimingGraph

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Conditions:
    """Constraints of the Q port bits, in ns and pF; NaN where there is none.

    Attributes:
        period: of the clock, which rises at 0 and falls at half of it unless `fall_time` says otherwise.
        clock_ports: port bits where the clock enters; empty for a virtual clock.
        input_arrival: float64[Q, 2 (late, early), 2 (rise, fall)], after the clock's rising edge.
        input_slew: float64[Q, 2 (rise, fall)].
        output_load: float64[Q], besides what the wire and the pins have.
        output_delay: float64[Q, 2 (late, early), 2 (rise, fall)], needed outside before (late) or after (early) the
            clock's rising edge.
        uncertainty: (setup, hold), taken from the slack.
        edges: of the clock, rising and falling; NaN for 0 and half a period.
        propagated: the clock's delay is that of its network; otherwise it reaches every register at once.
        findings: constraints that are not taken into account, in words.
    """

    period: float
    clock_ports: tuple[int, ...]
    input_arrival: F64
    input_slew: F64
    output_load: F64
    output_delay: F64
    uncertainty: tuple[float, float] = (0.0, 0.0)
    edges: tuple[float, float] = (float("nan"), float("nan"))
    propagated: bool = True
    findings: tuple[str, ...] = field(default=())

    @property
    def clock_edges(self) -> tuple[float, float]:
        """Times of the clock's rising and falling edge."""
        return (0.0, self.period / 2) if np.isnan(self.edges).any() else self.edges


def simple_conditions(
    graph: TimingGraph, *, clock: str = "", period: float = 20.0, input_slew: float = 0.05, output_load: float = 0.01
) -> Conditions:
    """One clock, no delay outside the design: every input changes at the clock's edge, every output is due at the next.

    Args:
        graph: the design.
        clock: name of the clock's port bit; empty for a clock that enters nowhere.
        period: ns.
        input_slew: ns, of all inputs, the clock's too.
        output_load: pF, at all outputs.

    Raises:
        NetlistError: no input port has that name.
    """
    module = graph.module
    inputs = module.port_dir != Direction.OUT
    outputs = module.port_dir != Direction.IN
    names = module.port_labels()
    at = [place for place, name in enumerate(names) if name == clock and inputs[place]] if clock else []
    if clock and not at:
        known = ", ".join(name for name, is_input in zip(names, inputs, strict=True) if is_input)
        raise NetlistError(f"module '{module.name}' has no input port '{clock}'", mend=f"its inputs are {known[:200]}")
    data = inputs.copy()
    data[at] = False
    return Conditions(
        period, tuple(at),
        np.where(data[:, None, None], np.zeros((1, 2, 2)), np.nan),
        np.where(inputs[:, None], np.full((1, 2), input_slew), np.nan),
        np.where(outputs, output_load, 0.0),
        np.where(outputs[:, None, None], np.zeros((1, 2, 2)), np.nan),
    )  # fmt: skip


def conditions_of(graph: TimingGraph, constraints: Constraints) -> Conditions:
    """Conditions of a design from its constraints file.

    Taken into account: the clock, its waveform, uncertainty and whether it is propagated; input and output delays
    against its rising edge; input transitions; loads of ports. The rest is named in `Conditions.findings`.

    Raises:
        NetlistError: names that the module lacks; no clock.
        UnsupportedError: more than one clock, or a clock that begins at a pin.
    """
    bound = bind(constraints, graph.module).require()
    where = constraints.file or None
    if not constraints.clocks:
        raise NetlistError("the constraints make no clock, so no path is timed", file=where, mend="add a create_clock")
    if len(constraints.clocks) > 1:
        raise UnsupportedError(
            f"the constraints make {len(constraints.clocks)} clocks, and the engine times one", file=where,
            mend="keep the clock to be timed",
        )  # fmt: skip
    clock = next(iter(constraints.clocks.values()))
    sources = bound[clock.sources]
    if sources.pins:
        raise UnsupportedError(
            f"clock '{clock.name}' begins at a pin", file=where, line=clock.line, mend="create it at an input port"
        )
    ports = graph.module.num_ports
    arrival, needed = np.full((ports, 2, 2), np.nan), np.full((ports, 2, 2), np.nan)
    left: list[str] = [f"{kind} is read over" for kind in _unused(constraints)]
    for entry in constraints.port_delays:
        if entry.clock_fall or (entry.clock and entry.clock != clock.name):
            left.append(f"line {entry.line}: a delay against another edge than the rising one of '{clock.name}'")
            continue
        _set_delay(needed if entry.output else arrival, bound[entry.objects].ports, entry)
    slew, load = np.zeros((ports, 2)), np.zeros(ports)
    slew[graph.module.port_dir == Direction.OUT] = np.nan
    for value in constraints.port_values:
        at = bound[value.objects].ports
        if value.quantity is Quantity.INPUT_TRANSITION:
            for edge in (0, 1):
                if value.edges[edge]:
                    slew[at, edge] = value.value
        elif value.quantity is Quantity.LOAD:
            load[at] = value.value
    margin = [0.0, 0.0]
    for uncertainty in constraints.uncertainties:
        for place, check in enumerate(reversed(uncertainty.checks)):
            margin[place] = uncertainty.value if check else margin[place]
    return Conditions(
        clock.period, tuple(sources.ports), arrival, slew, load, needed, (margin[0], margin[1]), clock.waveform,
        bool(constraints.propagated), tuple(left),
    )  # fmt: skip


def _set_delay(table: F64, ports: list[int], entry: PortDelay) -> None:
    for mode, corner in enumerate(reversed(entry.corners)):
        for edge in (0, 1):
            if corner and entry.edges[edge]:
                table[ports, mode, edge] = entry.value


def _unused(constraints: Constraints) -> list[str]:
    named = {
        "set_driving_cell": constraints.driving_cells,
        "set_false_path, set_multicycle_path and the like": constraints.exceptions,
        "set_clock_latency": constraints.latencies,
        "set_case_analysis": constraints.cases,
    }
    return [name for name, entries in named.items() if entries]
