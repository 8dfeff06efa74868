"""Cheap, vectorised views of a module: driver→sink edges, bipartite graph, pin graph, CSR, networkx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import Csr, build_csr, net_edges
from hwdesign.netlist.module import CONST1, INVERTED, Module
from hwdesign.netlist.types import Direction, Kind

if TYPE_CHECKING:
    import networkx as nx

IntArray = NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class CellGraph:
    """Directed graph of a module's cells (and ports): one edge for each pair of driver and sink pin on a net.

    Nodes 0..C-1 are the cells. With ports, nodes C..C+Q-1 are the port bits: input ports drive, output ports sink,
    inout ports do both. Constants drive nothing.

    Attributes:
        num_nodes: C, or C + Q with ports.
        src: int32[E], driving node.
        dst: int32[E], sinking node.
        net: int32[E], the net between them.
        sink_pin: int32[E], pin at the sink, or -1 where the sink is a port.
        inverted: bool[E], the sink sees the net's complement.
    """

    num_nodes: int
    src: IntArray
    dst: IntArray
    net: IntArray
    sink_pin: IntArray
    inverted: NDArray[np.bool_]

    @property
    def edge_index(self) -> IntArray:
        """int32[2, E]: `src` over `dst`."""
        return np.stack([self.src, self.dst])


def _net_drivers(module: Module, ports: bool) -> tuple[IntArray, IntArray, IntArray]:
    """(net, node) of each driver, and driver count a net."""
    drives = module.pin_dir != Direction.IN
    pins = np.flatnonzero(drives & (module.pin_net > CONST1))
    nets, nodes = module.pin_net[pins], module.pin_cell[pins]
    if ports:
        at = np.flatnonzero((module.port_dir != Direction.OUT) & (module.port_net > CONST1))
        nets = np.concatenate([nets, module.port_net[at]])
        nodes = np.concatenate([nodes, (module.num_cells + at).astype(np.int32)])
    return nets, nodes, np.bincount(nets, minlength=module.num_nets).astype(np.int32)


def cell_graph(module: Module, *, ports: bool = False) -> CellGraph:
    """Driver→sink edges of a module.

    Args:
        module: any module; inout pins count as drivers and as sinks of one another.
        ports: add a node for each port bit.
    """
    num_nodes = module.num_cells + (module.num_ports if ports else 0)
    # From inside the module an input port drives and an output port reads.
    loose = slice(None) if ports else slice(0)
    seen = np.array([Direction.OUT, Direction.IN, Direction.INOUT], np.uint8)[module.port_dir[loose]]
    found = net_edges(
        *(module.pin_ptr, module.pin_net, module.pin_role, module.pin_flags, module.cell_type),
        *(module.library.role_ptr, module.library.role_direction, module.num_nets),
        first_net=CONST1 + 1,
        loose=(module.port_net[loose], seen, module.port_flags[loose]),
    )
    if found is not None:
        src, dst, net, pin, inverted = found
        return CellGraph(num_nodes, src, dst, net, pin, inverted.view(np.bool_))
    return _paired(module, ports, num_nodes)


def _paired(module: Module, ports: bool, num_nodes: int) -> CellGraph:
    """The cell graph of a module with nets of several drivers: every sink is paired with each of them."""
    nets, nodes, count = _net_drivers(module, ports)
    sink_pin = np.flatnonzero((module.pin_dir != Direction.OUT) & (module.pin_net > CONST1)).astype(np.int32)
    net = module.pin_net[sink_pin]
    dst = module.pin_cell[sink_pin]
    inverted = (module.pin_flags[sink_pin] & INVERTED) != 0
    if ports:
        at = np.flatnonzero((module.port_dir != Direction.IN) & (module.port_net > CONST1))
        net = np.concatenate([net, module.port_net[at]])
        dst = np.concatenate([dst, (module.num_cells + at).astype(np.int32)])
        inverted = np.concatenate([inverted, (module.port_flags[at] & INVERTED) != 0])
        sink_pin = np.concatenate([sink_pin, np.full(len(at), -1, np.int32)])
    order = np.argsort(nets, kind="stable")
    first = np.concatenate([[0], np.cumsum(count)])[:-1]
    fan = count[net]
    rank = np.arange(int(fan.sum())) - np.repeat(np.cumsum(fan) - fan, fan)
    src = nodes[order][np.repeat(first[net], fan) + rank]
    net, dst, sink_pin = np.repeat(net, fan), np.repeat(dst, fan), np.repeat(sink_pin, fan)
    inverted = np.repeat(inverted, fan)
    # The pins of an inout net are drivers and sinks of one another, but no device drives itself.
    keep = src != dst if (module.pin_dir == Direction.INOUT).any() else np.ones(len(src), bool)
    return CellGraph(num_nodes, src[keep], dst[keep], net[keep], sink_pin[keep], inverted[keep])


def bipartite(module: Module) -> tuple[IntArray, IntArray, IntArray]:
    """Cell–net incidence: (cell, net, pin) of every connected pin, constants included; int32 each."""
    pins = np.flatnonzero(module.pin_net >= 0).astype(np.int32)
    return module.pin_cell[pins], module.pin_net[pins], pins


@dataclass(frozen=True, eq=False, slots=True)
class PinGraph:
    """Directed graph of pins: nodes 0..P-1 are cell pins, P..P+Q-1 the port bits.

    Attributes:
        num_nodes: P + Q.
        net_src, net_dst: int32, arcs from a driving pin to each sinking pin of its net.
        cell_src, cell_dst: int32, arcs from each input pin to each output pin of a combinational cell
            (or, with `through_registers`, of any cell).
    """

    num_nodes: int
    net_src: IntArray
    net_dst: IntArray
    cell_src: IntArray
    cell_dst: IntArray


def pin_graph(module: Module, *, through_registers: bool = False) -> PinGraph:
    """Net arcs and cell arcs between pins."""
    pins, ports = module.num_pins, module.num_ports
    node_net = np.concatenate([module.pin_net, module.port_net])
    out_of_cell = module.pin_dir != Direction.IN
    into_cell = module.pin_dir != Direction.OUT
    drives = np.concatenate([out_of_cell, module.port_dir != Direction.OUT]) & (node_net > CONST1)
    sinks = np.concatenate([into_cell, module.port_dir != Direction.IN]) & (node_net > CONST1)
    net_src, net_dst = _pairs(node_net, drives, sinks, module.num_nets)
    through = np.ones(len(module.library), bool) if through_registers else module.library.of_kind(Kind.COMB)
    cell_of = module.pin_cell
    passes = through[module.cell_type][cell_of] if pins else np.zeros(0, bool)
    cell_src, cell_dst = _pairs(cell_of, into_cell & passes, out_of_cell & passes, module.num_cells)
    return PinGraph(pins + ports, net_src, net_dst, cell_src, cell_dst)


def _pairs(
    group: IntArray, left: NDArray[np.bool_], right: NDArray[np.bool_], groups: int
) -> tuple[IntArray, IntArray]:
    """All pairs (l, r), l ≠ r, with l in `left`, r in `right` and both in the same group."""
    lefts, rights = np.flatnonzero(left), np.flatnonzero(right)
    count = np.bincount(group[lefts], minlength=groups)
    order = lefts[np.argsort(group[lefts], kind="stable")]
    first = np.concatenate([[0], np.cumsum(count)])[:-1]
    fan = count[group[rights]]
    rank = np.arange(int(fan.sum())) - np.repeat(np.cumsum(fan) - fan, fan)
    src = order[np.repeat(first[group[rights]], fan) + rank].astype(np.int32)
    dst = np.repeat(rights, fan).astype(np.int32)
    keep = src != dst
    return src[keep], dst[keep]


def csr(graph: CellGraph, direction: Literal["fanout", "fanin"] = "fanout") -> Csr:
    """Adjacency of a cell graph in rows of fan-outs, or of fan-ins."""
    row, col = (graph.src, graph.dst) if direction == "fanout" else (graph.dst, graph.src)
    return build_csr(row, col, graph.num_nodes)


def to_networkx(module: Module) -> nx.MultiDiGraph:
    """networkx view: nodes `cell:<name>` and `port:<name>` with `kind` and `type`, edges keyed by net name."""
    import networkx as nx

    graph = nx.MultiDiGraph(name=module.name)
    labels = [f"cell:{label}" for label in module.cell_labels()] + [f"port:{label}" for label in module.port_labels()]
    for cell, label in enumerate(labels[: module.num_cells]):
        graph.add_node(label, kind="cell", type=module.type_of(cell).name)
    for port, label in enumerate(labels[module.num_cells :]):
        graph.add_node(label, kind="port", type=Direction(int(module.port_dir[port])).name.lower())
    view = cell_graph(module, ports=True)
    nets = module.net_labels()
    for src, dst, net, flag in zip(
        view.src.tolist(), view.dst.tolist(), view.net.tolist(), view.inverted.tolist(), strict=True
    ):
        graph.add_edge(labels[src], labels[dst], net=nets[net], inverted=flag)
    return graph
