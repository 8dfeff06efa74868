"""Set-up and hold, recovery and removal: required times at registers and ports."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hwdesign.netlist.timing_library import ArcKind
from hwdesign.timing.conditions import Conditions
from hwdesign.timing.delays import EARLY, LATE, signed_max
from hwdesign.timing.graph import FALL, RISE, TimingGraph
from hwdesign.timing.paths import LAUNCH, MODE, PLACES, TAGS, UNCLOCKED
from hwdesign.timing.tables import Tables

I64 = NDArray[np.int64]

# Kind of check: (mode of the data path, edge of the related pin).
_CHECKS = {
    ArcKind.SETUP_RISING: (LATE, RISE), ArcKind.SETUP_FALLING: (LATE, FALL),
    ArcKind.RECOVERY_RISING: (LATE, RISE), ArcKind.RECOVERY_FALLING: (LATE, FALL),
    ArcKind.HOLD_RISING: (EARLY, RISE), ArcKind.HOLD_FALLING: (EARLY, FALL),
    ArcKind.REMOVAL_RISING: (EARLY, RISE), ArcKind.REMOVAL_FALLING: (EARLY, FALL),
}  # fmt: skip


class CheckCalculator:
    """Required times at the ends of all paths.

    A path launched by a clock edge is captured by the first capturing edge after it (set-up) and must not arrive before
    the one before that (hold). The capturing clock is the early one for set-up and the late one for hold. Paths that
    no clock launched are captured at output ports alone, as OpenSTA 2.0.17 was seen to do.
    """

    def __init__(
        self, graph: TimingGraph, conditions: Conditions, reached: NDArray[np.bool_], dtype: torch.dtype
    ) -> None:
        self.graph = graph
        self.dtype = dtype
        edges, period = conditions.clock_edges, conditions.period
        checks, tables = graph.checks, graph.library.arc_table
        rows: list[I64] = []
        shifts: list[NDArray[np.float64]] = []
        for kind, (mode, clock_edge) in _CHECKS.items():
            at = np.flatnonzero(checks.kind == kind)
            for tag in range(UNCLOCKED):
                for capture in (0, 1):
                    for edge in (RISE, FALL):
                        table = tables[checks.arc[at], edge].astype(np.int64)
                        other = EARLY if mode == LATE else LATE
                        data = checks.data[at] * PLACES + mode * MODE + tag * 2 + edge
                        clock = checks.clock[at] * PLACES + other * MODE + capture * 2 + clock_edge
                        use = (table >= 0) & reached[data] & reached[clock]
                        opens = checks.clock[at] * PLACES + other * MODE + (1 - capture) * 2 + (1 - clock_edge)
                        waits = checks.latch[at] & (mode == LATE) & reached[opens]
                        slews = checks.clock[at] * 4 + other * 2 + clock_edge, checks.data[at] * 4 + mode * 2 + edge
                        opens = np.where(waits, opens, -1)
                        rows.append(np.stack([data, clock, table, slews[0], slews[1], opens])[:, use])
                        shift = _shift(edges, period, LAUNCH[tag], capture, mode)
                        # A latch opens at the last opposite edge before the one that closes it.
                        before = np.ceil((edges[capture] + shift - edges[1 - capture]) / period - 1e-9) - 1
                        shifts.append(np.tile([[shift], [before * period]], int(use.sum())))
        data, clock, table, clock_slew, data_slew, opens = np.concatenate(rows, 1)
        shift_columns = np.concatenate(shifts, 1)
        self._data, self._clock, self._table, self._clock_slew, self._data_slew = (
            torch.as_tensor(item) for item in (data, clock, table, clock_slew, data_slew)
        )
        margin = np.where(data // MODE % 2 == LATE, -conditions.uncertainty[0], conditions.uncertainty[1])
        self._shift = torch.as_tensor(shift_columns[0] + margin, dtype=dtype)
        self._borrows = torch.as_tensor(np.flatnonzero(opens >= 0))
        self._opens = torch.as_tensor(opens[opens >= 0])
        self._open_shift = torch.as_tensor((shift_columns[1] + margin)[opens >= 0], dtype=dtype)
        self._sign = torch.as_tensor(np.where(data // MODE % 2 == LATE, -1.0, 1.0), dtype=dtype)
        places, group = np.unique(data, return_inverse=True)
        self._places, self._group = torch.as_tensor(places), torch.as_tensor(group)
        self._ports(conditions, reached)

    def _ports(self, conditions: Conditions, reached: NDArray[np.bool_]) -> None:
        """Outputs are captured outside by an ideal clock's rising edge."""
        first, edges = self.graph.module.num_pins, conditions.clock_edges
        places, values = [], []
        for mode, margin in ((LATE, -conditions.uncertainty[0]), (EARLY, conditions.uncertainty[1])):
            for tag in range(TAGS):
                due = edges[0] + _shift(edges, conditions.period, LAUNCH[tag], 0, mode) + margin
                for edge in (RISE, FALL):
                    needed = conditions.output_delay[:, mode, edge]
                    place = (first + np.arange(len(needed))) * PLACES + mode * MODE + tag * 2 + edge
                    use = ~np.isnan(needed) & reached[place]
                    places.append(place[use])
                    values.append(due - needed[use])
        self._port_places = torch.as_tensor(np.concatenate(places))
        self._port_values = torch.as_tensor(np.concatenate(values), dtype=self.dtype)

    def __call__(self, tables: Tables, slew: Tensor, arrival: Tensor) -> Tensor:
        """Required times at the endpoints in ns: float[nodes, 2, 5, 2], NaN elsewhere.

        Args:
            tables: the library's.
            slew: float[nodes, 2, 2], ns.
            arrival: float[nodes, 2, 5, 2], ns.
        """
        slews = slew.reshape(-1)
        limit = tables.at(self._table, slews[self._clock_slew], slews[self._data_slew])
        due = arrival.reshape(-1)[self._clock] + self._shift + self._sign * limit
        if len(self._borrows):
            # Data before a latch opens waits; later data borrows time until the latch closes.
            given = arrival.reshape(-1)[self._data[self._borrows]]
            opening = arrival.reshape(-1)[self._opens] + self._open_shift
            waiting = torch.maximum(opening, torch.minimum(given, due[self._borrows]))
            due = due.index_put((self._borrows,), waiting)
        worst = signed_max(self._sign * due, self._group, len(self._places)) * self._sign_of_places()
        ends = torch.full((self.graph.num_nodes * PLACES,), torch.nan, dtype=self.dtype)
        ends = ends.index_put((self._places,), worst).index_put((self._port_places,), self._port_values)
        return ends.view(-1, 2, TAGS, 2)

    def _sign_of_places(self) -> Tensor:
        return torch.where(self._places // MODE % 2 == LATE, -1.0, 1.0).to(self.dtype)


def _shift(edges: tuple[float, float], period: float, launch: int, capture: int, mode: int) -> float:
    """What to add to a capturing clock's arrival so that it is the edge that counts for a launching edge."""
    cycles = np.floor((edges[launch] - edges[capture]) / period + 1e-9) + 1
    return float((cycles - (1 if mode == EARLY else 0)) * period)
