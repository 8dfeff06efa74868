"""What surrounds a design: clock, arrivals and slews at its inputs, loads and required times at its outputs."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
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
        fall_time: of the clock's falling edge; NaN for half a period.
    """

    period: float
    clock_ports: tuple[int, ...]
    input_arrival: F64
    input_slew: F64
    output_load: F64
    output_delay: F64
    uncertainty: tuple[float, float] = (0.0, 0.0)
    fall_time: float = field(default=float("nan"))

    @property
    def clock_edges(self) -> tuple[float, float]:
        """Times of the clock's rising and falling edge."""
        return 0.0, self.period / 2 if np.isnan(self.fall_time) else self.fall_time


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
