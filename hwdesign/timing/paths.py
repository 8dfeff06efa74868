"""Arrival and required times: the longest and shortest paths from the clock's edges, over fixed delays.

A time belongs to a pin, a mode (late or early), a tag and an edge at the pin. The tag says how the path began: by the
clock's rising (0, 2) or falling edge (1, 3), and whether it still is the clock (0, 1) or data (2, 3). Data with tag 4
began at a register that no clock reaches: it starts at time 0, and output ports capture it like data of the clock's
rising edge, as OpenSTA 2.0.17 was seen to do. Times are absolute: those of the clock's falling edge begin half a
period later.

Which tags reach which pins depends on the netlist alone, so it is worked out once, and only those rows are calculated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hwdesign.timing.conditions import Conditions
from hwdesign.timing.delays import SIGN, Delays, by_level, signed_max
from hwdesign.timing.graph import TimingGraph

I64 = NDArray[np.int64]
TAGS = 5
CLOCK_RISE, CLOCK_FALL, DATA_RISE, DATA_FALL, UNCLOCKED = range(TAGS)
LAUNCH = (0, 1, 0, 1, 0)  # edge of the clock that counts as each tag's launch
MODE = 2 * TAGS  # places of a node in one mode: tag, edge
PLACES = 2 * MODE
NEVER = -1e30


@dataclass(frozen=True, eq=False)
class _Rows:
    """Additions of one step: from places, to places, and which delay lies between."""

    source: Tensor
    delay: Tensor
    sign: Tensor
    forward: tuple[Tensor, Tensor]  # group of each row, place of each group
    backward: tuple[Tensor, Tensor]

    @classmethod
    def of(cls, source: I64, target: I64, delay: I64, dtype: torch.dtype, *, ideal: bool) -> _Rows:
        ends, forward = np.unique(target, return_inverse=True)
        begins, backward = np.unique(source, return_inverse=True)
        sign = np.array(SIGN)[source // MODE % 2]
        if ideal:
            sign = np.where(target // 2 % TAGS < DATA_RISE, 0.0, sign)
        tensors = [torch.as_tensor(item) for item in (forward, ends, backward, begins)]
        return cls(
            torch.as_tensor(source), torch.as_tensor(delay), torch.as_tensor(sign, dtype=dtype),
            (tensors[0], tensors[1]), (tensors[2], tensors[3]),
        )  # fmt: skip


class PathCalculator:
    """Longest and shortest paths of one graph under its conditions."""

    def __init__(self, graph: TimingGraph, conditions: Conditions, dtype: torch.dtype = torch.float64) -> None:
        self.graph = graph
        self.dtype = dtype
        self._propagated = conditions.propagated
        self.begin = _starts(graph, conditions)
        self.reached = self.begin > NEVER
        self.launch_pins = np.zeros(graph.num_nodes, bool)
        self.launch_pins[graph.arcs.source[graph.arcs.launches]] = True
        self._levels: list[tuple[_Rows, _Rows]] = []
        arcs, levels = graph.arcs, graph.levels
        usable = ~(levels.cut | arcs.off | arcs.asynchronous) & (~arcs.transparent | arcs.open_latch)
        usable &= (graph.constant[arcs.source] < 0) & (graph.constant[arcs.target] < 0)
        self.usable = usable
        live_wire = (graph.constant[graph.wire_from] < 0) & (graph.constant[graph.wire_to] < 0) & ~levels.cut_wires
        arc_levels, wire_levels = by_level(graph, arcs.target, usable), by_level(graph, graph.wire_from, live_wire)
        for at, wires in zip(arc_levels, wire_levels, strict=True):
            over = self._arc_rows(at)
            self._levels.append((over, self._wire_rows(wires)))

    def _arc_rows(self, at: I64) -> _Rows:
        arcs = self.graph.arcs
        parts = []
        self._start_unclocked(at[arcs.launches[at]])
        for mode in (0, 1):
            for tag in range(TAGS):
                # Where data arrives at a register's clock it goes no further; tag 4 stands there for a path's start.
                use = at[~arcs.launches[at]] if tag in (DATA_RISE, DATA_FALL) else at
                # An open latch lets the latest data through; that its data comes early is no one's concern.
                use = use[~arcs.transparent[use]] if mode else use
                after = (
                    np.where(arcs.launches[use], tag % 2 + DATA_RISE, tag)
                    if tag < DATA_RISE
                    else np.full(len(use), tag)
                )
                source = arcs.source[use] * PLACES + mode * MODE + tag * 2 + arcs.in_edge[use]
                target = arcs.target[use] * PLACES + mode * MODE + after * 2 + arcs.out_edge[use]
                parts.append(np.stack([source, target, use * 2 + mode]))
        return self._reach(np.concatenate(parts, 1))

    def _start_unclocked(self, launching: I64) -> None:
        """Paths begin at registers' clocks that no clock has reached by the level of their outputs."""
        pins = np.unique(self.graph.arcs.source[launching])
        reached = self.reached.reshape(-1, 2, TAGS, 2)
        pins = pins[~reached[pins][:, :, :DATA_RISE].any((1, 2, 3)) & (self.graph.constant[pins] < 0)]
        self.begin.reshape(-1, 2, TAGS, 2)[pins, :, UNCLOCKED] = 0.0
        reached[pins, :, UNCLOCKED] = True

    def _wire_rows(self, at: I64) -> _Rows:
        graph = self.graph
        place = np.arange(PLACES)
        source = (graph.wire_from[at][:, None] * PLACES + place).ravel()
        target = (graph.wire_to[at][:, None] * PLACES + place).ravel()
        delay = (at[:, None] * 4 + place // MODE * 2 + place % 2).ravel()
        ends = self.launch_pins[target // PLACES] & (target // 2 % TAGS == UNCLOCKED)
        return self._reach(np.stack([source, target, delay])[:, ~ends])

    def _reach(self, rows: I64) -> _Rows:
        kept = rows[:, self.reached[rows[0]]]
        self.reached[kept[1]] = True
        return _Rows.of(kept[0], kept[1], kept[2], self.dtype, ideal=not self._propagated)

    def arrivals(self, delays: Delays) -> Tensor:
        """Arrival times in ns: float[nodes, 2 (late, early), 5 tags, 2 edges]; NaN where no path arrives."""
        state = torch.as_tensor(self.begin, dtype=self.dtype).clone()
        arc, wire = delays.arc.reshape(-1), delays.wire.reshape(-1)
        for over_arcs, over_wires in self._levels:
            for rows, delay in ((over_arcs, arc), (over_wires, wire)):
                if len(rows.source):
                    later = state[rows.source] + rows.sign * delay[rows.delay]
                    group, places = rows.forward
                    state[places] = torch.maximum(state[places], signed_max(later, group, len(places)))
        return self._unsigned(state)

    def required(self, delays: Delays, ends: Tensor) -> Tensor:
        """Required times in ns, laid out as `arrivals`; NaN where no path leads to an endpoint.

        Args:
            delays: between the pins.
            ends: required times at the endpoints, laid out as `arrivals`; NaN elsewhere.
        """
        sign = self._signs()
        known = ~torch.isnan(ends)
        state = torch.where(known, -sign * torch.where(known, ends, 0.0), NEVER).reshape(-1).clone()
        arc, wire = delays.arc.reshape(-1), delays.wire.reshape(-1)
        for over_arcs, over_wires in reversed(self._levels):
            for rows, delay in ((over_wires, wire), (over_arcs, arc)):
                if len(rows.source):
                    group, places = rows.forward
                    before = state[places][group] + rows.sign * delay[rows.delay]
                    group, places = rows.backward
                    state[places] = torch.maximum(state[places], signed_max(before, group, len(places)))
        return -self._unsigned(state)

    def _signs(self) -> Tensor:
        return torch.tensor(SIGN, dtype=self.dtype)[None, :, None, None]

    def _unsigned(self, state: Tensor) -> Tensor:
        shaped = state.view(-1, 2, TAGS, 2)
        return torch.where(shaped > NEVER / 2, shaped * self._signs(), torch.nan)


def _starts(graph: TimingGraph, conditions: Conditions) -> NDArray[np.float64]:
    """Signed times at the ports where paths begin: float64[nodes * PLACES]."""
    state = np.full((graph.num_nodes, 2, TAGS, 2), NEVER)
    first = graph.module.num_pins
    sign = np.array(SIGN)
    for port in conditions.clock_ports:
        for edge, time in enumerate(conditions.clock_edges):
            state[first + port, :, CLOCK_RISE + edge, edge] = sign * time
    given = ~np.isnan(conditions.input_arrival)
    begin = np.where(given, (conditions.input_arrival + conditions.clock_edges[0]) * sign[:, None], NEVER)
    state[first:, :, DATA_RISE, :] = np.where(given, begin, state[first:, :, DATA_RISE, :])
    state[graph.constant >= 0] = NEVER
    return state.reshape(-1)
