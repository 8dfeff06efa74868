"""Placed designs as heterogeneous pin graphs: net arcs, cell arcs with their look-up tables, levels, labels.

The graph that pre-routing predictors read (Guo et al., "A timing engine inspired graph neural network model for
pre-routing slack prediction", DAC 2022; Zhong et al., PreRoutGNN, AAAI 2024). Nodes are those of the timing graph.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Data

from hwdesign.errors import DataError
from hwdesign.files import read_input
from hwdesign.formats.sdc import read_sdc
from hwdesign.graphs import GraphSet, cached, content_key
from hwdesign.netlist.timing_library import ArcKind, TimingLibrary
from hwdesign.timing.conditions import Conditions, conditions_of
from hwdesign.timing.dataset import PlacedDesign, Technology, design_file
from hwdesign.timing.graph import TimingGraph
from hwdesign.timing.pin_labels import PinLabels, read_labels

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Raise it whenever the same files would give other graphs than before.
DATA_VERSION = 1
PIN_COLUMNS = (
    "is_port", "drives", "edge_left", "edge_right", "edge_bottom", "edge_top",
    "cap_early_rise", "cap_early_fall", "cap_late_rise", "cap_late_fall",
)  # fmt: skip
"""The ten base features of a pin: distances to the die's edges in 100 µm, capacitances in 5 fF."""
TABLES = ("delay_rise", "delay_fall", "slew_rise", "slew_fall")
"""An arc's tables, for the early and for the late corner; the eight of an arc are these twice."""
POINTS = 7

_SETUP = (ArcKind.SETUP_RISING, ArcKind.SETUP_FALLING)
_FEW_UM, _FEW_PF = 100.0, 0.005
_LABELS = ("labels_pins.csv", "labels_endpoints.csv", "labels_netarcs.csv", "labels_cellarcs.csv")


@dataclass(frozen=True, eq=False)
class ArcTables:
    """The look-up tables of a library's A arcs, one grid of 7 by 7 points each.

    Attributes:
        axes: float32[A, 4, 2, 7], of the four `TABLES` the input slew in ns and the load in pF.
        values: float32[A, 4, 7, 7], ns; 0 where an arc lacks the table.
        known: bool[A, 4].
        kind: float32[A, 4], one of positive, negative or non-unate, then whether a register's clock is its input.
    """

    axes: Tensor
    values: Tensor
    known: Tensor
    kind: Tensor

    @classmethod
    def of(cls, library: TimingLibrary) -> ArcTables:
        """Tables of another size are interpolated at 7 points between their ends."""
        table = library.arc_table.astype(np.int64).copy()
        table[library.arc_is_check] = -1
        rows, cols, values = (np.zeros((len(library.table_shape), *size)) for size in ((7,), (7,), (7, 7)))
        for at in np.unique(table[table >= 0]).tolist():
            shape = library.table_shape[at]
            rows[at] = _seven(library.table_rows[at, : shape[0]])
            cols[at] = _seven(library.table_cols[at, : shape[1]])
            row, col = np.meshgrid(rows[at], cols[at], indexing="ij")
            values[at] = library.look_up(np.full(row.shape, at), row, col)
        known = table >= 0
        at = np.maximum(table, 0)
        sense = library.arc_sense
        launch = np.isin(library.arc_kind, (ArcKind.RISING_EDGE, ArcKind.FALLING_EDGE))
        return cls(
            torch.from_numpy(np.stack([rows[at], cols[at]], 2).astype(np.float32)),
            torch.from_numpy(np.where(known[..., None, None], values[at], 0.0).astype(np.float32)),
            torch.from_numpy(known),
            torch.from_numpy(np.stack([sense > 0, sense < 0, sense == 0, launch], 1).astype(np.float32)),
        )


def _seven(axis: F64) -> F64:
    if len(axis) == POINTS:
        return axis
    found: F64 = np.interp(np.linspace(0, len(axis) - 1, POINTS), np.arange(len(axis)), axis)
    return found


def pin_levels(graph: TimingGraph) -> I64:
    """Level of each node, int64[N]: launching pins and inputs at 0, a cell's outputs at even, its inputs at odd ones.

    Sinks follow the last of their drivers; nodes without a driver are at level 0.
    """
    level = np.where(graph.drives, 2 * np.maximum(graph.levels.level, 0), 0).astype(np.int64)
    kept = ~graph.levels.cut_wires
    sinks = np.zeros_like(level)
    np.maximum.at(sinks, graph.wire_to[kept], level[graph.wire_from[kept]] + 1)
    return np.where(graph.drives, level, sinks)


def pin_graph(design: PlacedDesign, conditions: Conditions, labels: PinLabels | None = None) -> Data:
    """The pin graph of a design.

    Returns:
        for N nodes, W net arcs, E cell arcs (one a library arc of a cell) and K set-up checks: x float32[N, 10], see
        `PIN_COLUMNS`; level int64[N]; period float32[N], ns; net_index int64[2, W] and net_attr float32[W, 2], the
        signed distances in 100 µm; cell_index int64[2, E] and cell_arc int64[E], the library's arc; check_index
        int64[2, K] of clock and data pins; and with `labels` y_arrival float32[N, 4] (latest rise and fall, earliest
        rise and fall), y_slew and y_slack float32[N, 2] (the latter at endpoints), ns, y_net float32[W, 2], ps, and
        y_cell float32[E, 2], ns; NaN where unknown.
    """
    nets, graph = design.trees.nets, design.trees.nets.graph
    x0, y0, x1, y1 = nets.die
    xy = np.tile([(x0 + x1) / 2, (y0 + y1) / 2], (graph.num_nodes, 1))
    xy[nets.node] = nets.xy
    cap = np.zeros((graph.num_nodes, 2))
    cap[nets.node] = design.pin_cap
    is_port = np.arange(graph.num_nodes) >= graph.module.num_pins
    edges = np.stack([xy[:, 0] - x0, x1 - xy[:, 0], xy[:, 1] - y0, y1 - xy[:, 1]], 1) / _FEW_UM
    x = np.concatenate([np.stack([is_port, graph.drives], 1), edges, cap / _FEW_PF, cap / _FEW_PF], 1)
    level = pin_levels(graph)
    net = np.stack([graph.wire_from, graph.wire_to])
    net = net[:, level[net[0]] < level[net[1]]]
    cell, arc = _cell_arcs(graph, level)
    checks = graph.checks
    setup = np.isin(checks.kind, _SETUP)
    data = Data(
        x=torch.from_numpy(x.astype(np.float32)),
        level=torch.from_numpy(level),
        period=torch.full((graph.num_nodes,), float(conditions.period)),
        net_index=torch.from_numpy(net),
        net_attr=torch.from_numpy(((xy[net[1]] - xy[net[0]]) / _FEW_UM).astype(np.float32)),
        cell_index=torch.from_numpy(cell),
        cell_arc=torch.from_numpy(arc),
        check_index=torch.from_numpy(np.stack([checks.clock[setup], checks.data[setup]])),
    )
    if labels is not None:
        names = graph.node_names
        for key, values in (("y_arrival", labels.arrival), ("y_slew", labels.slew), ("y_slack", labels.slack)):
            data[key] = _rows([values.get(name) for name in names], {"y_arrival": 4}.get(key, 2))
        pairs = zip(*(net.tolist()), strict=True)
        data.y_net = 1e3 * _rows([labels.net.get((names[a], names[b])) for a, b in pairs], 2)
        ranks = _ranks(cell, graph.num_nodes)
        triples = zip(*cell.tolist(), ranks.tolist(), strict=True)
        data.y_cell = _rows([labels.cell.get((names[a], names[b], k)) for a, b, k in triples], 2)
    return data


def _cell_arcs(graph: TimingGraph, level: I64) -> tuple[I64, I64]:
    """Each library arc of each cell once, in the library's order: int64[2, E] and the arc, int64[E]."""
    arcs = graph.arcs
    live = ~arcs.asynchronous & ~arcs.off & ~graph.levels.cut & (level[arcs.source] < level[arcs.target])
    rows = np.unique(np.stack([arcs.source[live], arcs.target[live], arcs.arc[live]], 1), axis=0).reshape(-1, 3)
    return np.ascontiguousarray(rows[:, :2].T), np.ascontiguousarray(rows[:, 2])


def _ranks(pairs: I64, nodes: int) -> I64:
    """Rank of each arc among those of the same two pins, which lie side by side."""
    key = pairs[0] * nodes + pairs[1]
    first = np.searchsorted(key, key)
    rank: I64 = np.arange(len(key)) - first
    return rank


def _rows(found: list[tuple[float, ...] | None], width: int) -> Tensor:
    none = (float("nan"),) * width
    return torch.tensor([none if row is None else row for row in found], dtype=torch.float32).reshape(-1, width)


def load_pins(folder: Path, technology: Technology, cache: Path) -> GraphSet:
    """The labelled pin graph of a design's folder, or take it from the cache; `info` has its name and sizes.

    Raises:
        DataError: a file is missing.
        FileError, FormatError, NetlistError, UnsupportedError, LimitError: a file cannot be read or used, or does not
            fit the others.
    """
    files = {name: design_file(folder, name) for name in ("netlist.v", "placed.def", "constraints.sdc", *_LABELS)}
    for name, path in files.items():
        if path is None:
            raise DataError(f"the design has no '{name}' and no '{name}.gz'", file=folder, mend="see the data set")
    digests = [hashlib.sha256(read_input(path)).hexdigest() for path in files.values() if path is not None]
    key = content_key("pins", DATA_VERSION, list(PIN_COLUMNS), technology.digest, digests)

    def make() -> GraphSet:
        design = PlacedDesign.open(folder, technology)
        constraints = files["constraints.sdc"]
        assert constraints is not None
        graph = design.trees.nets.graph
        data = pin_graph(design, conditions_of(graph, read_sdc(constraints)), read_labels(folder))
        info = {"name": folder.name, "cells": graph.module.num_cells, "pins": graph.num_nodes, "digest": digests[0]}
        return GraphSet([data], info)

    return cached(cache, key, make, _usable)


_FIELDS = frozenset(
    "x level period net_index net_attr cell_index cell_arc check_index y_arrival y_slew y_slack y_net y_cell".split()
)


def _usable(found: GraphSet) -> bool:
    """Whether graphs from a cache are what `load_pins` stored, as far as training could stumble over them."""
    return (
        len(found.graphs) == 1
        and isinstance(found.info.get("digest"), str)
        and set(found.graphs[0].keys()) >= _FIELDS
        and found.graphs[0].x.shape == (found.graphs[0].num_nodes, len(PIN_COLUMNS))
    )
