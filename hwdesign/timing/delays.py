"""Delays and slews of a whole design, level by level: the graph, its wires and its tables in, tensors out.

Late and early values are calculated side by side: late ones from the largest slews, early ones from the smallest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hwdesign.kernels.nldm import NldmRamps, NldmTables, nldm_drive
from hwdesign.netlist.timing_library import TimingLibrary
from hwdesign.timing.conditions import Conditions
from hwdesign.timing.driver import Drive, Pi, Waves, at_sinks, drive
from hwdesign.timing.graph import TimingGraph
from hwdesign.timing.ramp import RampTable, ramp_table
from hwdesign.timing.tables import Tables
from hwdesign.timing.wires import RcForest, reduce_wires

LATE, EARLY = 0, 1
SIGN = (1.0, -1.0)  # late values grow to the worst, early ones shrink


@dataclass(frozen=True, eq=False)
class Delays:
    """Delays and slews in ns; second axis late and early.

    Attributes:
        arc: float[A, 2], of the rows of `CellArcs`.
        wire: float[W, 2, 2], of the graph's wires, last axis rise and fall.
        slew: float[nodes, 2, 2].
        ceff: float[A, 2], pF, effective capacitance each arc drives.
    """

    arc: Tensor
    wire: Tensor
    slew: Tensor
    ceff: Tensor


@dataclass(frozen=True, eq=False)
class _Level:
    arcs: Tensor  # int64[a]
    source: Tensor  # int64[2a], places in the slews: late rows, then early ones
    group: Tensor  # int64[2a], slot of each row's driver, mode and edge among the level's
    slots: Tensor  # int64[g], places in the slews
    sign: Tensor  # float[2a]
    slot_sign: Tensor  # float[g]
    pair_row: Tensor  # int64[p], row that drives each pair of a row and a wire
    pair_wire: Tensor  # int64[p]
    pair_edge: Tensor  # int64[p]
    pair_group: Tensor  # int64[p]
    wire_slots: Tensor  # int64[q], places in the wire delays: wire, mode, edge
    sink_slots: Tensor  # int64[q], places in the slews
    wire_sign: Tensor  # float[q]
    tables: tuple[Tensor, Tensor]  # int64[2a], of delay and of slew
    load: Tensor  # int64[2a], place of each row's node and edge in the loads
    shares: bool  # whether drivers share a net
    merges: bool  # whether a sink has several drivers


def signed_max(values: Tensor, group: Tensor, count: int) -> Tensor:
    """Largest value of each group: float[n], int64[n] to float[count]; -inf for an empty group."""
    empty = values.new_full((count,), -torch.inf)
    return empty.scatter_reduce(0, group, values, "amax", include_self=False)


def by_level(graph: TimingGraph, driver: NDArray[np.int64], used: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Rows of each level, given the driving node of each row and whether the row counts."""
    at = np.flatnonzero(used)
    level = graph.levels.level[driver[at]]
    order = np.argsort(level, kind="stable")
    return np.split(at[order], np.searchsorted(level[order], np.arange(1, graph.levels.count)))


class DelayCalculator:
    """Calculates the delays of one graph; build once, call for every set of parasitics.

    Attributes:
        graph: what is timed.
        forest: its wires as trees.
        tables: the library's tables; replace their values to get gradients by them.
    """

    def __init__(self, graph: TimingGraph, conditions: Conditions, dtype: torch.dtype = torch.float64) -> None:
        self.graph = graph
        self.dtype = dtype
        self.tables = Tables.of(graph.library, dtype)
        drivers = np.flatnonzero(graph.drives & (graph.spef_node >= 0) & (graph.net > 1))
        # One root a net of the parasitics: with several drivers the first one is taken.
        _, first = np.unique(graph.parasitics.node_net[graph.spef_node[drivers]], return_index=True)
        self.forest = RcForest.of(graph.parasitics, graph.spef_node[drivers[np.sort(first)]])
        self._place_caps(conditions)
        self._ramps = _thresholds(graph.library)
        self._input_slews(conditions)
        several = np.bincount(graph.wire_to, minlength=graph.num_nodes) > 1
        self._shared = torch.as_tensor(np.repeat(several, 4))
        used = ~(graph.levels.cut | graph.arcs.off | graph.arcs.asynchronous)
        self._share = _shares(graph, used)
        count = len(used)
        self._shares = np.tile(self._share, (2, 2)).reshape(2, 2 * count)  # of delay and of slew; late, then early
        self._alone = np.ones((2, 2 * count))
        order = np.argsort(graph.wire_from, kind="stable")
        order = order[~graph.levels.cut_wires[order]]
        self._levels = [self._plan(at, order) for at in by_level(graph, graph.arcs.target, used)]

    def _place_caps(self, conditions: Conditions) -> None:
        graph = self.graph
        cap = np.zeros((graph.num_nodes, 2))
        known = graph.pin_row >= 0
        cap[known] = graph.library.pin_cap[graph.pin_row[known]]
        cap[graph.module.num_pins :] += np.nan_to_num(conditions.output_load)[:, None]
        cap[graph.net < 0] = 0.0
        wired = graph.spef_node >= 0
        at_node = np.zeros((len(graph.parasitics.node_names), 2))
        np.add.at(at_node, graph.spef_node[wired], cap[wired])
        self.pin_cap = torch.as_tensor(at_node, dtype=self.dtype)
        # Nets without parasitics: their pins alone, all at the driver.
        count = int(graph.net.max(initial=0)) + 1
        bare = np.zeros((count, 2))
        np.add.at(bare, graph.net[graph.net >= 0], cap[graph.net >= 0])
        self._bare = torch.as_tensor(bare[np.maximum(graph.net, 0)], dtype=self.dtype)
        position = np.full(graph.num_nodes, -1, np.int64)
        position[wired] = self.forest.position[graph.spef_node[wired]]
        # The trees have one root a net: what its other drivers see is taken from there.
        root = np.where(position >= 0, self.forest.root.numpy()[position], -1) if len(self.forest.root) else position
        self._root = torch.as_tensor(root)
        self._position = torch.as_tensor(position)

    def _input_slews(self, conditions: Conditions) -> None:
        graph = self.graph
        slew = np.zeros((graph.num_nodes, 2, 2))
        slew[graph.module.num_pins :] = np.nan_to_num(conditions.input_slew)[:, None, :]
        slew[~graph.drives] = 0.0
        self._given = torch.as_tensor(slew, dtype=self.dtype)
        port_wire = graph.wire_from >= graph.module.num_pins
        self._port_wires = torch.as_tensor(np.flatnonzero(port_wire))

    def _plan(self, at: NDArray[np.int64], order: NDArray[np.int64]) -> _Level:
        graph, arcs = self.graph, self.graph.arcs
        mode = np.repeat([LATE, EARLY], len(at))
        both = np.concatenate([at, at])
        slot = arcs.target[both] * 4 + mode * 2 + arcs.out_edge[both]
        slots, group = np.unique(slot, return_inverse=True)
        sorted_from = graph.wire_from[order]
        first = np.searchsorted(sorted_from, arcs.target[both])
        count = np.searchsorted(sorted_from, arcs.target[both], side="right") - first
        rank = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        row = np.repeat(np.arange(len(both)), count)
        wire = order[np.repeat(first, count) + rank]
        edge = arcs.out_edge[both][row]
        wire_slots, pair_group = np.unique(wire * 4 + mode[row] * 2 + edge, return_inverse=True)
        sign = np.array(SIGN)
        return _Level(
            torch.as_tensor(at),
            torch.as_tensor(arcs.source[both] * 4 + mode * 2 + arcs.in_edge[both]),
            torch.as_tensor(group), torch.as_tensor(slots), self._float(sign[mode]), self._float(sign[slots // 2 % 2]),
            torch.as_tensor(row), torch.as_tensor(wire), torch.as_tensor(edge), torch.as_tensor(pair_group),
            torch.as_tensor(wire_slots), torch.as_tensor(graph.wire_to[wire_slots // 4] * 4 + wire_slots % 4),
            self._float(sign[wire_slots // 2 % 2]),
            (torch.as_tensor(arcs.delay_table[both]), torch.as_tensor(arcs.slew_table[both])),
            torch.as_tensor(arcs.target[both] * 2 + arcs.out_edge[both]), bool((self._share[at] < 1).any()),
            bool(self._shared[graph.wire_to[wire_slots // 4] * 4].any()),
        )  # fmt: skip

    def _float(self, values: NDArray[np.float64]) -> Tensor:
        return torch.as_tensor(values, dtype=self.dtype)

    def __call__(
        self, node_cap: Tensor | None = None, resistor: Tensor | None = None, *, _settled: bool = False
    ) -> Delays:
        """Delays for wires of these values; differentiable in them and in the tables' values.

        Args:
            node_cap: float[M], pF to ground at the nodes of the parasitics; the parasitics' own by default.
            resistor: float[R], kΩ; the parasitics' own by default.
        """
        graph, parasitics = self.graph, self.graph.parasitics
        if node_cap is None:
            node_cap = torch.as_tensor(parasitics.node_cap.copy(), dtype=self.dtype)
        if resistor is None:
            resistor = torch.as_tensor(parasitics.resistor.copy(), dtype=self.dtype)
        if (self._share < 1).any() and not _settled:
            # What each driver of a shared net would do alone is known only after a calculation in equal shares.
            self._shares[:] = np.tile(self._share, 2)
            with torch.no_grad():
                self(node_cap, resistor, _settled=True)
            self._settle()
        wires = reduce_wires(self.forest, node_cap[:, None] + self.pin_cap, resistor)
        reached = (self._position >= 0)[:, None]
        at, root, nothing = self._position.clamp(min=0), self._root.clamp(min=0), torch.zeros_like(self._bare)
        elmore, near, far, through = (
            torch.where(reached, values[place] if len(values) else otherwise, otherwise)
            for values, place, otherwise in (
                (wires.elmore, at, nothing), (wires.near, root, self._bare),
                (wires.far, root, nothing), (wires.resistance, root, nothing),
            )
        )  # fmt: skip
        wire_elmore = elmore[torch.as_tensor(graph.wire_to)]
        slew = self._given.clone().view(-1)
        wire_delay = wire_elmore.new_zeros(len(graph.wire_from) * 4)
        self._port_wave(slew, wire_delay, wire_elmore)
        arc_delay = wire_elmore.new_zeros(2 * len(graph.arcs.arc))
        ceff = wire_elmore.new_zeros(2 * len(graph.arcs.arc))
        for level in self._levels:
            if len(level.arcs):
                self._step(level, (near, through, far), wire_elmore, (slew, wire_delay, arc_delay, ceff))
        count = len(graph.arcs.arc)
        return Delays(arc_delay.view(2, count).T, wire_delay.view(-1, 2, 2), slew.view(-1, 2, 2), ceff.view(2, count).T)

    def _port_wave(self, slew: Tensor, wire_delay: Tensor, wire_elmore: Tensor) -> None:
        """Wires from input ports: a ramp of the given slew behind one pole, by the step's delay and slew."""
        graph, wires = self.graph, self._port_wires
        source = torch.as_tensor(graph.wire_from)[wires]
        target = torch.as_tensor(graph.wire_to)[wires]
        for mode in (LATE, EARLY):
            for edge in (0, 1):
                ramp = self._ramps[edge]
                tau = wire_elmore[wires, edge]
                place = mode * 2 + edge
                wire_delay[wires * 4 + place] = -math.log1p(-ramp.middle) * tau
                widened = slew[source * 4 + place] + math.log((1 - ramp.low) / (1 - ramp.high)) * tau
                slew[target * 4 + place] = widened

    def _step(
        self,
        level: _Level,
        pi: tuple[Tensor, Tensor, Tensor],
        wire_elmore: Tensor,
        results: tuple[Tensor, Tensor, Tensor, Tensor],
    ) -> None:
        slew, wire_delay, arc_delay, ceff = results
        count = len(self.graph.arcs.arc)
        incoming = slew[level.source] / self.graph.library.slew_derate
        load = Pi(*(values.reshape(-1)[level.load] for values in pi))
        tau = wire_elmore[level.pair_wire, level.pair_edge]
        places = torch.cat([level.arcs, level.arcs + count])
        asked = (incoming, load.near, tau, self.tables.values)
        graded = torch.is_grad_enabled() and any(value.requires_grad for value in asked)
        if graded or level.shares or self.dtype != torch.float64:
            found = self._drive(level, incoming, load, tau, places)
        else:
            found = self._drive_fast(level, incoming, load, tau)
        ceff[places], arc_delay[places], at_driver, late, ends = found
        worst = signed_max(at_driver * level.sign, level.group, len(level.slots))
        slew[level.slots] = worst * level.slot_sign
        if len(level.pair_row):
            sign = level.sign[level.pair_row]
            groups = len(level.wire_slots)
            wire_delay[level.wire_slots] = signed_max(late * sign, level.pair_group, groups) * level.wire_sign
            worst = signed_max(ends * sign, level.pair_group, groups) * level.wire_sign
            slew[level.sink_slots] = self._merge(slew, level, worst) if level.merges else worst

    def _drive_fast(self, level: _Level, incoming: Tensor, load: Pi, tau: Tensor) -> tuple[Tensor, ...]:
        """What `_drive` gives, by the kernel: without gradients, in double precision."""
        tables, ramps = self.tables, self._ramps[0]
        found = nldm_drive(
            NldmTables(*(getattr(tables, name).detach().numpy()
                         for name in ("rows", "cols", "values", "last_row", "last_col"))),
            NldmRamps(ramps.values.numpy(), ramps.slopes.numpy(),
                      np.array([ramps.low, ramps.middle, ramps.high, ramps.shortest, ramps.step])),
            self.graph.library.slew_derate,
            (level.tables[0].numpy(), level.tables[1].numpy()),
            incoming.detach().numpy(),
            (load.near.detach().numpy(), load.resistance.detach().numpy(), load.far.detach().numpy()),
            (level.pair_row.numpy(), tau.detach().numpy()),
        )  # fmt: skip
        return tuple(torch.from_numpy(item) for item in found)

    def _drive(self, level: _Level, incoming: Tensor, load: Pi, tau: Tensor, places: Tensor) -> tuple[Tensor, ...]:
        """Effective capacitance, delay and slew of each row; delay of each wire and slew at its end."""
        delay = self.tables.along(level.tables[0], incoming)
        transition = self.tables.along(level.tables[1], incoming)
        driven = drive(delay, transition, load, self._ramps[0], self.graph.library.slew_derate)
        if level.shares:
            intrinsic = delay.at(torch.zeros_like(driven.delay))
            self._alone[0, places] = (driven.delay - intrinsic).detach()
            self._alone[1, places] = driven.slew.detach()
            share = torch.as_tensor(self._shares[:, places.numpy()], dtype=self.dtype)
            driven = _in_parallel(driven, intrinsic, share)
        late, ends = at_sinks(driven, level.pair_row, tau, self._ramps[0])
        return driven.ceff, driven.delay, driven.slew, late, ends

    def _settle(self) -> None:
        """Shares of parallel drivers from what each would do alone: its conductance over that of all."""
        graph, count = self.graph, len(self._share)
        at = np.flatnonzero(np.tile(self._share < 1, 2))
        arcs = at % count
        slot = (graph.net[graph.arcs.target[arcs]] * 2 + graph.arcs.out_edge[arcs]) * 2 + at // count
        for which in (0, 1):
            conductance = 1.0 / np.maximum(self._alone[which, at], 1e-9)
            self._shares[which, at] = conductance / np.bincount(slot, conductance)[slot]

    def _merge(self, slew: Tensor, level: _Level, worst: Tensor) -> Tensor:
        """Slews at sinks of several drivers: the worst over all of them, of which some stand there already."""
        places, group = torch.unique(level.sink_slots, return_inverse=True)
        merged = signed_max(worst * level.wire_sign, group, len(places))[group] * level.wire_sign
        there = slew[level.sink_slots]
        worse = torch.maximum(merged * level.wire_sign, there * level.wire_sign) * level.wire_sign
        return torch.where(there > 0, worse, merged)


def _shares(graph: TimingGraph, used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the load's delay that each arc has: 1, but less where several drivers share a net, float64[A].

    OpenSTA 2.0.17 was seen to let all arcs of all drivers of such a net drive in parallel. Where all of them are
    three-state they take turns, and each has the whole load.
    """
    drivers = np.bincount(graph.net[graph.drives], minlength=1)
    floats = np.array([text is not None for text in graph.library.pin_three_state], bool)
    bus = graph.drives & (graph.pin_row >= 0)
    bus[bus] = floats[graph.pin_row[bus]]
    plain = np.bincount(graph.net[graph.drives & ~bus], minlength=len(drivers))
    drivers[plain == 0] = 0
    net = graph.net[graph.arcs.target]
    slot = net * 2 + graph.arcs.out_edge
    together = np.bincount(slot[used], minlength=int(slot.max(initial=0)) + 1)[slot]
    return np.where(used & (drivers[net] > 1), 1.0 / np.maximum(together, 1), 1.0)


def _in_parallel(driven: Drive, intrinsic: Tensor, share: Tensor) -> Drive:
    """Rows that drive a share of their load alone; their wires count as one capacitor."""
    alone = share[0, driven.solved] == 1
    waves = driven.waves
    return Drive(
        driven.ceff, intrinsic + (driven.delay - intrinsic) * share[0], driven.slew * share[1],
        Waves(waves.ramp[alone], waves.offset[alone], waves.gain[alone], waves.pole[alone]),
        driven.times[alone], driven.solved[alone],
    )  # fmt: skip


def _thresholds(library: TimingLibrary) -> tuple[RampTable, RampTable]:
    """Ramp tables of rising and falling outputs; a falling edge is a rising one seen from the supply."""
    rise = ramp_table(library.slew_lower[0], library.output_threshold[0], library.slew_upper[0])
    fall = ramp_table(1 - library.slew_upper[1], 1 - library.output_threshold[1], 1 - library.slew_lower[1])
    return rise, fall
