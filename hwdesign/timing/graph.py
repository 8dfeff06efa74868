"""The timing graph: pins and ports as nodes, library arcs and wires between them, in levels of drivers.

Nodes 0..P-1 are the module's pins and P..P+Q-1 its port bits. Edges are numbered 0 (rise) and 1 (fall).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.netlist.module import CONST1, Module
from hwdesign.netlist.parasitics import Parasitics
from hwdesign.netlist.timing_library import ArcKind, PinDirection, TimingLibrary
from hwdesign.netlist.types import Direction, Kind
from hwdesign.timing.constants import constant_nodes, independent_arcs, open_latches
from hwdesign.timing.levels import Levels, levelise

I64 = NDArray[np.int64]
RISE, FALL = 0, 1

_ASYNC = (ArcKind.PRESET, ArcKind.CLEAR)
_LAUNCH = (ArcKind.RISING_EDGE, ArcKind.FALLING_EDGE)
_THREE_STATE = (ArcKind.THREE_STATE_ENABLE, ArcKind.THREE_STATE_DISABLE)
_UNTIMED = (ArcKind.MIN_CLOCK_TREE_PATH, ArcKind.MAX_CLOCK_TREE_PATH)


@dataclass(frozen=True, eq=False)
class CellArcs:
    """Delay arcs, one row for each pair of an input and an output edge that a library arc has.

    Attributes:
        source, target: int64[A], nodes.
        in_edge, out_edge: int64[A].
        arc: int64[A], row of the library's arc.
        delay_table, slew_table: int64[A].
        launches: bool[A], from a register's clock to its output.
        asynchronous: bool[A], preset or clear: counted in slews, left out of paths, as timing tools do by default.
        transparent: bool[A], from a latch's data to its output.
        open_latch: bool[A], such an arc of a latch whose enable is constant and open.
        off: bool[A], constants keep the arc from ever switching.
    """

    source: I64
    target: I64
    in_edge: I64
    out_edge: I64
    arc: I64
    delay_table: I64
    slew_table: I64
    launches: NDArray[np.bool_]
    asynchronous: NDArray[np.bool_]
    transparent: NDArray[np.bool_]
    open_latch: NDArray[np.bool_]
    off: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CheckArcs:
    """Checks: int64[K] nodes `clock` (related pin) and `data` (constrained pin), library arc, kind; bool[K] latch."""

    clock: I64
    data: I64
    arc: I64
    kind: I64
    latch: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TimingGraph:
    """A module with a library and parasitics, ready to be timed.

    Attributes:
        module, library, parasitics: what it was built from.
        pin_row: int64[P + Q], row of the library's pin; -1 for ports and pins the library does not know.
        net: int64[P + Q], net of each node after `assign`s are merged, -1 for open pins.
        drives: bool[P + Q], whether the node drives its net.
        wire_from, wire_to: int64[W], drivers and the nodes they reach.
        arcs, checks: see there.
        constant: int8[P + Q], 0 or 1 where the logic never switches, -1 elsewhere.
        levels: order of calculation.
        findings: what was assumed or left out, in words.
    """

    module: Module
    library: TimingLibrary
    parasitics: Parasitics
    pin_row: I64
    net: I64
    drives: NDArray[np.bool_]
    wire_from: I64
    wire_to: I64
    arcs: CellArcs
    checks: CheckArcs
    constant: NDArray[np.int8]
    levels: Levels
    findings: tuple[str, ...] = field(default=())

    @property
    def num_nodes(self) -> int:
        """Pins and port bits."""
        return len(self.net)

    @cached_property
    def node_names(self) -> list[str]:
        """`INSTANCE/PIN` of each pin, then the ports' names."""
        module = self.module
        cells = module.cell_labels()
        roles = [[role.name for role in kind.roles] for kind in module.library]
        types = module.cell_type[module.pin_cell].tolist()
        pins = [
            f"{cells[cell]}/{roles[kind][role]}"
            for cell, kind, role in zip(module.pin_cell.tolist(), types, module.pin_role.tolist(), strict=True)
        ]
        return pins + module.port_labels()

    @cached_property
    def node_index(self) -> dict[str, int]:
        """Node of each name."""
        return {name: at for at, name in enumerate(self.node_names)}

    @cached_property
    def spef_node(self) -> I64:
        """int64[P + Q], node of the parasitics at each node, -1 where they do not reach it."""
        return np.array([self.parasitics.find_pin(name) for name in self.node_names], np.int64)


def build_graph(module: Module, library: TimingLibrary, parasitics: Parasitics) -> TimingGraph:
    """Join a flat module, its library and its parasitics.

    Raises:
        NetlistError: cells that the library lacks, with their count and the first five.
    """
    pins, ports = module.num_pins, module.num_ports
    alias, wire_cells = _merged_nets(module, library)
    raw = np.concatenate([module.pin_net, module.port_net]).astype(np.int64)
    net = np.where(raw >= 0, alias[np.maximum(raw, 0)], -1)
    live_cell = ~wire_cells
    net[:pins][wire_cells[module.pin_cell]] = -1
    pin_row = np.concatenate([_pin_rows(module, library, live_cell), np.full(ports, -1)])
    direction = np.where(pin_row >= 0, library.pin_direction[np.maximum(pin_row, 0)], PinDirection.INTERNAL)
    port_drives = module.port_dir != Direction.OUT
    drives = np.concatenate([np.isin(direction[:pins], (PinDirection.OUTPUT, PinDirection.INOUT)), port_drives])
    drives &= net >= 0
    sinks = np.concatenate(
        [np.isin(direction[:pins], (PinDirection.INPUT, PinDirection.INOUT)), module.port_dir != Direction.IN]
    ) & (net >= 0)
    wire_from, wire_to = _pairs(net, drives & (net > CONST1), sinks & (net > CONST1))
    arcs, checks = _library_arcs(module, library, pin_row, net)
    constant = constant_nodes(module, library, pin_row, net, drives, (wire_from, wire_to))
    off = independent_arcs(module, library, pin_row, constant, arcs.source, arcs.target)
    arcs.off[:] = off
    arcs.open_latch[:] = open_latches(module, library, pin_row, constant, arcs.target) & arcs.transparent
    levels = levelise(
        len(net), drives, (wire_from, wire_to), (arcs.source, arcs.target), arcs.transparent | arcs.asynchronous | off
    )
    findings = []
    if levels.cut.any():
        where = int(np.argmax(levels.cut))
        findings.append(
            f"{int(levels.cut.sum())} arc edges close loops and are left out of paths, "
            f"the first at cell '{module.cell_label(int(module.pin_cell[arcs.source[where]]))}'"
        )
    return TimingGraph(
        module, library, parasitics, pin_row, net, drives, wire_from, wire_to, arcs, checks, constant, levels,
        tuple(findings),
    )  # fmt: skip


def _merged_nets(module: Module, library: TimingLibrary) -> tuple[I64, NDArray[np.bool_]]:
    """Net that stands for each net after `assign`s are merged (int64[N]), and which cells are `assign`s (bool[C])."""
    simple = np.array(
        [t.name == "BUF" and t.kind is Kind.COMB and t.name not in library.cell_index for t in module.library], bool
    )
    wire_cells = simple[module.cell_type] if module.num_cells else np.zeros(0, bool)
    alias = np.arange(module.num_nets, dtype=np.int64)
    for cell in np.flatnonzero(wire_cells).tolist():
        nets = module.pin_net[int(module.pin_ptr[cell]) : int(module.pin_ptr[cell + 1])]
        roots = sorted({_root(alias, int(net)) for net in nets if net >= 0})
        for other in roots[1:]:
            alias[other] = roots[0]
    while (alias != alias[alias]).any():
        alias = alias[alias]
    return alias, wire_cells


def _root(alias: I64, net: int) -> int:
    while alias[net] != net:
        net = int(alias[net])
    return net


def _pin_rows(module: Module, library: TimingLibrary, live: NDArray[np.bool_]) -> I64:
    """Row of the library's pin for every pin of the module."""
    used = np.unique(module.cell_type[live])
    missing = [module.library[int(t)].name for t in used if module.library[int(t)].name not in library.cell_index]
    if missing:
        raise NetlistError(
            f"{len(missing)} cell types of module '{module.name}' are not in library '{library.name}': "
            f"{', '.join(missing[:5])}",
            file=module.file or None,
            mend="read the Liberty library that the netlist was mapped to",
        )
    starts = module.library.role_ptr
    rows = np.full(int(starts[-1]), -1, np.int64)
    for at in used.tolist():
        kind = module.library[at]
        cell = library.cell(kind.name)
        supplies = library.cell_supplies[cell] if library.cell_supplies else ()
        for role, item in enumerate(kind.roles):
            if item.name not in supplies:
                rows[int(starts[at]) + role] = library.pin(cell, item.name)
    found = rows[starts[module.cell_type[module.pin_cell]] + module.pin_role]
    return np.where(live[module.pin_cell], found, -1)


def _pairs(net: I64, drives: NDArray[np.bool_], sinks: NDArray[np.bool_]) -> tuple[I64, I64]:
    """Every driver with every other node that reads its net."""
    sources, targets = np.flatnonzero(drives), np.flatnonzero(sinks)
    sources = sources[np.argsort(net[sources], kind="stable")]
    first = np.searchsorted(net[sources], net[targets])
    count = np.searchsorted(net[sources], net[targets], side="right") - first
    rank = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    start, end = sources[np.repeat(first, count) + rank], np.repeat(targets, count)
    keep = start != end
    return start[keep], end[keep]


def _library_arcs(module: Module, library: TimingLibrary, pin_row: I64, net: I64) -> tuple[CellArcs, CheckArcs]:
    """Every library arc at every cell whose two pins are connected."""
    pins = module.num_pins
    # Pin of a cell by its library row: the pins of a cell have rows of one library cell, so (cell, row) is unique.
    key = module.pin_cell.astype(np.int64) * (len(library.pin_names) + 1) + pin_row[:pins]
    order = np.argsort(key, kind="stable")
    type_cell = np.array([library.cell_index.get(t.name, -1) for t in module.library], np.int64)
    cell_row = type_cell[module.cell_type] if module.num_cells else np.zeros(0, np.int64)
    cells = np.flatnonzero(cell_row >= 0)
    first, last = library.arc_ptr[cell_row[cells]], library.arc_ptr[cell_row[cells] + 1]
    count = last - first
    rank = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    arc, owner = np.repeat(first, count) + rank, np.repeat(cells, count)

    def node(rows: NDArray[np.int32]) -> I64:
        wanted = owner * (len(library.pin_names) + 1) + rows[arc]
        at = np.searchsorted(key[order], wanted).clip(max=max(pins - 1, 0))
        found = order[at] if pins else np.zeros(len(wanted), np.int64)
        return np.where(key[found] == wanted, found, -1) if pins else np.full(len(wanted), -1)

    source, target = node(library.arc_from), node(library.arc_to)
    known = (source >= 0) & (target >= 0)
    known[known] = (net[source[known]] >= 0) & (net[target[known]] >= 0)
    source, target, arc = source[known], target[known], arc[known].astype(np.int64)
    kind = library.arc_kind[arc].astype(np.int64)
    check = library.arc_is_check[arc]
    at_latch = _latches(library)[np.searchsorted(library.arc_ptr, arc, side="right") - 1]
    checks = CheckArcs(source[check], target[check], arc[check], kind[check], at_latch[check])
    delay = ~check & ~np.isin(kind, _UNTIMED)
    return _edges(library, source[delay], target[delay], arc[delay], kind[delay]), checks


def _latches(library: TimingLibrary) -> NDArray[np.bool_]:
    """Which cells are latches: bool[C]."""
    storage = library.cell_storage or (None,) * len(library.cell_names)
    return np.array([item is not None and item.kind.startswith("latch") for item in storage], bool)


def _edges(library: TimingLibrary, source: I64, target: I64, arc: I64, kind: I64) -> CellArcs:
    """Split arcs into their pairs of edges."""
    sense = library.arc_sense[arc]
    rows = []
    for in_edge in (RISE, FALL):
        for out_edge in (RISE, FALL):
            possible = (sense == 0) | ((sense > 0) == (in_edge == out_edge))
            possible = np.where(kind == ArcKind.RISING_EDGE, in_edge == RISE, possible)
            possible = np.where(kind == ArcKind.FALLING_EDGE, in_edge == FALL, possible)
            # One edge of the enable begins or ends driving, and the output may then go either way.
            enables = (sense == 0) | ((sense > 0) == (in_edge == RISE))
            possible = np.where(np.isin(kind, _THREE_STATE), enables, possible)
            tables = library.arc_table[arc]
            possible &= (tables[:, out_edge] >= 0) & (tables[:, 2 + out_edge] >= 0)
            at = np.flatnonzero(possible)
            rows.append(np.stack([at, np.full(len(at), in_edge), np.full(len(at), out_edge)]))
    at, in_edges, out_edges = np.concatenate(rows, 1)
    order = np.argsort(at, kind="stable")
    at, in_edges, out_edges = at[order], in_edges[order], out_edges[order]
    tables = library.arc_table[arc[at]].astype(np.int64)
    each = np.arange(len(at))
    latch = _latches(library)
    owner = np.searchsorted(library.arc_ptr, arc[at], side="right") - 1
    return CellArcs(
        source[at], target[at], in_edges, out_edges, arc[at],
        tables[each, out_edges], tables[each, 2 + out_edges],
        np.isin(kind[at], _LAUNCH), np.isin(kind[at], _ASYNC),
        latch[owner] & (kind[at] == ArcKind.COMBINATIONAL), np.zeros(len(at), bool), np.zeros(len(at), bool),
    )  # fmt: skip
