"""Static timing analysis of a design, from parasitics to slacks, as one differentiable function."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hwdesign.timing.checks import CheckCalculator
from hwdesign.timing.conditions import Conditions
from hwdesign.timing.delays import EARLY, LATE, DelayCalculator, Delays
from hwdesign.timing.graph import TimingGraph
from hwdesign.timing.paths import PathCalculator


@dataclass(frozen=True, eq=False)
class Timing:
    """Times of all N nodes of a graph in ns, NaN where there is none.

    Attributes:
        delays: of arcs and wires, and the slews.
        arrival, required: float[N, 2 (late, early), 5 tags, 2 (rise, fall)]; for the tags see `hwdesign.timing.paths`.
        ends: required times at the endpoints alone, laid out alike.
    """

    delays: Delays
    arrival: Tensor
    required: Tensor
    ends: Tensor

    def slack(self, mode: int = LATE) -> Tensor:
        """Worst slack of each node over all tags, float[N, 2 (rise, fall)]: set-up (`LATE`) or hold (`EARLY`)."""
        return _least(self._gap(self.required, mode), 1)

    def endpoint_slack(self, mode: int = LATE) -> Tensor:
        """Worst slack of each endpoint over tags and edges, float[N]; NaN at nodes that end no path."""
        return _least(self._gap(self.ends, mode).flatten(1), 1)

    def wns(self, mode: int = LATE) -> Tensor:
        """Worst negative slack: the least slack of all endpoints, 0 where none is negative."""
        slack = self.endpoint_slack(mode)
        return torch.nan_to_num(slack, nan=0.0).clamp(max=0).min() if len(slack) else slack.new_zeros(())

    def tns(self, mode: int = LATE) -> Tensor:
        """Total negative slack: the sum over endpoints of what each lacks."""
        return torch.nan_to_num(self.endpoint_slack(mode), nan=0.0).clamp(max=0).sum()

    def _gap(self, required: Tensor, mode: int) -> Tensor:
        gap = required[:, mode] - self.arrival[:, mode]
        return gap if mode == LATE else -gap


def _least(values: Tensor, axis: int) -> Tensor:
    """Least number along an axis, NaN where there is none."""
    known = ~torch.isnan(values)
    least = torch.where(known, values, torch.inf).amin(axis)
    return torch.where(known.any(axis), least, torch.nan)


class TimingEngine:
    """Times one graph under its conditions, for any parasitics.

    Args:
        graph: see `hwdesign.timing.graph.build_graph`.
        conditions: clock and surroundings.
        dtype: `torch.float64` or `torch.float32`.
    """

    def __init__(self, graph: TimingGraph, conditions: Conditions, dtype: torch.dtype = torch.float64) -> None:
        self.graph = graph
        self.conditions = conditions
        self.delays = DelayCalculator(graph, conditions, dtype)
        self.paths = PathCalculator(graph, conditions, dtype)
        self.checks = CheckCalculator(graph, conditions, self.paths.reached, dtype)

    def __call__(self, node_cap: Tensor | None = None, resistor: Tensor | None = None) -> Timing:
        """Time the design.

        Args:
            node_cap: float[M], pF to ground at each node of the parasitics; their own by default.
            resistor: float[R], kΩ, likewise.

        Returns:
            all times; gradients reach both arguments and `self.delays.tables.values`.
        """
        delays = self.delays(node_cap, resistor)
        arrival = self.paths.arrivals(delays)
        ends = self.checks(self.delays.tables, delays.slew, arrival)
        return Timing(delays, arrival, self.paths.required(delays, ends), ends)


__all__ = ["EARLY", "LATE", "Timing", "TimingEngine"]
