"""Nets of a placed design as Steiner trees over their pins: what wires look like before they are routed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.kernels import SteinerTrees, steiner_trees
from hwdesign.netlist.layout import MacroLibrary, Placement, first_five
from hwdesign.netlist.module import CONST1
from hwdesign.netlist.parasitics import NodeKind, Parasitics
from hwdesign.netlist.timing_library import PinDirection
from hwdesign.netlist.types import Direction
from hwdesign.timing.graph import TimingGraph

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_ODD_TURNS = (1, 3, 5, 7)  # orientations of `Orient` that swap width and height


@dataclass(frozen=True, eq=False)
class PlacedNets:
    """The N driven nets of two or more pins, with their P pins where they lie; positions in µm.

    Attributes:
        graph: the design.
        net_names: tuple[N], the driver's.
        pin_ptr: i64[N+1], net n has the pins `pin_ptr[n]` to `pin_ptr[n + 1]`, its driver first.
        node: i64[P], node of the graph.
        xy: f64[P, 2], centres of the pins' bounding boxes.
        size: f64[P, 2], width and height of these boxes; 0 for ports.
        port_layer: f64[P], rank of a port's layer among the routing layers, above 0 up to 1; 0 for cells' pins.
        cap: f64[P, 2], pF for a rising and a falling edge; 0 for ports.
        is_clock: bool[P], pins that the library says are clocks.
        clock_driver: bool[N], nets driven by a cell that is named as one of clock trees (`clk` in its name).
        cell_xy: f64[C, 2], lower left corners of all placed cells.
        die: x0 y0 x1 y1.
        undriven: names of nets that were left out for want of a driver.
    """

    graph: TimingGraph
    net_names: tuple[str, ...]
    pin_ptr: I64
    node: I64
    xy: F64
    size: F64
    port_layer: F64
    cap: F64
    is_clock: Bool
    clock_driver: Bool
    cell_xy: F64
    die: tuple[float, float, float, float]
    undriven: tuple[str, ...] = ()


def placed_nets(graph: TimingGraph, placement: Placement, macros: MacroLibrary) -> PlacedNets:
    """Join a timing graph with a placement.

    Args:
        graph: of the same netlist; its parasitics are not looked at.
        placement: of the netlist's instances and ports.
        macros: outlines and pins of all cells.

    Raises:
        NetlistError: instances, ports, macros or pins that one file has and another lacks, or that have no place: how
            many, and the first five.
    """
    module, pins = graph.module, graph.module.num_pins
    reads = np.zeros(graph.num_nodes, bool)
    rows = graph.pin_row[:pins]
    direction = np.where(rows >= 0, graph.library.pin_direction[np.maximum(rows, 0)], PinDirection.INTERNAL)
    reads[:pins] = np.isin(direction, (PinDirection.INPUT, PinDirection.INOUT))
    reads[pins:] = module.port_dir != Direction.IN
    connected = np.flatnonzero((graph.net > CONST1) & (reads | graph.drives))
    # Of several drivers an output goes before a pin of both directions.
    rank = np.where(graph.drives[connected], 1 + reads[connected].astype(np.int64), 3)
    order = connected[np.lexsort((connected, rank, graph.net[connected]))]
    first = np.flatnonzero(np.diff(graph.net[order], prepend=-1) != 0)
    count = np.diff(first, append=len(order))
    driven = graph.drives[order[first]]
    kept = (count > 1) & driven
    node = order[np.repeat(kept, count)]
    raw = np.concatenate([module.pin_net, module.port_net])
    labels = module.net_labels()
    names = tuple(labels[at] for at in raw[order[first[kept]]].tolist())
    undriven = tuple(labels[at] for at in raw[order[first[(count > 1) & ~driven]]].tolist())
    ptr = np.concatenate([[0], np.cumsum(count[kept])]).astype(np.int64)
    instance, cell_xy = _instances(graph, placement)
    geometry = _Geometry(graph, placement, macros, instance)
    xy, size, layer = geometry.of(node)
    cap = np.zeros((len(node), 2))
    is_pin = graph.pin_row[node] >= 0
    cap[is_pin] = graph.library.pin_cap[graph.pin_row[node[is_pin]]]
    is_clock = np.zeros(len(node), bool)
    is_clock[is_pin] = graph.library.pin_is_clock[graph.pin_row[node[is_pin]]]
    clock_type = np.array(["clk" in kind.name.lower() for kind in module.library], bool)
    roots = node[ptr[:-1]]
    clock_driver = np.zeros(len(roots), bool)
    from_cell = roots < pins
    clock_driver[from_cell] = clock_type[module.cell_type[module.pin_cell[roots[from_cell]]]]
    die = placement.die or _around(xy, cell_xy)
    return PlacedNets(
        graph, names, ptr, node, xy, size, layer, cap, is_clock, clock_driver, cell_xy, die, undriven
    )  # fmt: skip


def _around(*points: F64) -> tuple[float, float, float, float]:
    every = np.concatenate([*points, np.zeros((1, 2))]) if not sum(map(len, points)) else np.concatenate(points)
    low, high = every.min(0), every.max(0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _instances(graph: TimingGraph, placement: Placement) -> tuple[I64, F64]:
    """Place of each cell in the placement (-1 for an `assign`), and the corners of those that have one."""
    module = graph.module
    timed = np.array([kind.name in graph.library.cell_index for kind in module.library], bool)[module.cell_type]
    labels = module.cell_labels()
    instance = np.array([placement.find_instance(name) for name in labels], np.int64).reshape(-1)
    missing = np.flatnonzero((instance < 0) & timed).tolist()
    if missing:
        lacking = first_five([labels[at] for at in missing], "instance")
        raise NetlistError(
            f"the placement lacks {lacking} of module '{module.name}'",
            file=placement.file or None,
            mend="give the placement of the same netlist",
        )
    instance[~timed] = -1
    used = instance[instance >= 0]
    unplaced = used[np.isnan(placement.x[used])].tolist()
    if unplaced:
        nowhere = first_five([placement.instance_names[at] for at in unplaced], "instance")
        raise NetlistError(f"{nowhere} not placed", mend="place the design first")
    return instance, np.stack([placement.x[used], placement.y[used]], axis=1)


class _Geometry:
    """Positions, sizes and layers of the nodes of a graph."""

    def __init__(self, graph: TimingGraph, placement: Placement, macros: MacroLibrary, instance: I64) -> None:
        self.graph, self.placement, self.macros, self.instance = graph, placement, macros, instance

    def of(self, node: I64) -> tuple[F64, F64, F64]:
        pins = self.graph.module.num_pins
        xy, size, layer = np.zeros((len(node), 2)), np.zeros((len(node), 2)), np.zeros(len(node))
        at_cell = node < pins
        xy[at_cell], size[at_cell] = self._cells(node[at_cell])
        xy[~at_cell], layer[~at_cell] = self._ports(node[~at_cell] - pins)
        return xy, size, layer

    def _cells(self, pin: I64) -> tuple[F64, F64]:
        module, placement, macros = self.graph.module, self.placement, self.macros
        cell = module.pin_cell[pin]
        instance = self.instance[cell]
        found = self._macro_pins()[module.library.role_ptr[module.cell_type[cell]] + module.pin_role[pin]]
        shape = macros.pin_box[found]
        bare = np.flatnonzero(np.isnan(shape[:, 0]))
        if len(bare):
            lacking = sorted({macros.pin_names[at] for at in found[bare].tolist()})
            raise NetlistError(f"the macro library has no shape for {first_five(lacking, 'pin')}")
        xy = placement.pin_xy(macros, instance, found)
        orient = placement.orient[instance]
        size = shape[:, 2:] - shape[:, :2]
        size = np.where(np.isin(orient, _ODD_TURNS)[:, None], size[:, ::-1], size)
        return xy, size

    def _macro_pins(self) -> I64:
        """Pin of the macro library for every role of every cell type that is placed."""
        module, macros = self.graph.module, self.macros
        starts = module.library.role_ptr
        found = np.full(int(starts[-1]), -1, np.int64)
        lacking = []
        for at in np.unique(module.cell_type[self.instance >= 0]).tolist():
            kind = module.library[at]
            macro = macros.find_macro(kind.name)
            if macro < 0:
                lacking.append(kind.name)
                continue
            for role, item in enumerate(kind.roles):
                pin = macros.find_pin(macro, item.name)
                if pin < 0:
                    lacking.append(f"{kind.name}/{item.name}")
                found[int(starts[at]) + role] = pin
        if lacking:
            raise NetlistError(
                f"the macro library lacks {first_five(lacking, 'macro')}", mend="give the LEF files of all cells"
            )
        return found

    def _ports(self, port: I64) -> tuple[F64, F64]:
        placement = self.placement
        labels = self.graph.module.port_labels()
        names = [labels[at] for at in port.tolist()]
        rows = np.array([placement.find_port(name) for name in names], np.int64).reshape(-1)
        missing = [name for name, row in zip(names, rows.tolist(), strict=True) if row < 0]
        if missing:
            raise NetlistError(
                f"the placement lacks {first_five(missing, 'port')}", mend="give the placement of the same netlist"
            )
        xy = placement.port_xy[rows]
        nowhere = [names[at] for at in np.flatnonzero(np.isnan(xy[:, 0])).tolist()]
        if nowhere:
            raise NetlistError(f"{first_five(nowhere, 'port')} not placed", mend="place the design first")
        ranks = {layer.name: 0.0 for layer in self.macros.layers}
        routing = [layer.name for layer in self.macros.layers if layer.kind == "routing"]
        ranks.update({name: (at + 1) / len(routing) for at, name in enumerate(routing)})
        first = placement.port_shape_ptr[:-1]
        has = np.diff(placement.port_shape_ptr) > 0
        layers = [
            ranks.get(placement.port_shape_layer[int(first[row])], 0.0) if has[row] else 0.0 for row in rows.tolist()
        ]
        return xy, np.array(layers, np.float64).reshape(-1)


@dataclass(frozen=True, eq=False)
class NetTrees:
    """Steiner trees of placed nets, V nodes in depth-first order.

    Attributes:
        nets: the nets.
        trees: their trees; `point` is a pin of `nets`.
        root: i64[V], first node of each node's tree.
    """

    nets: PlacedNets
    trees: SteinerTrees
    root: I64

    @classmethod
    def of(cls, nets: PlacedNets) -> NetTrees:
        """Trees over the pins' centres, from each net's driver."""
        trees = steiner_trees(nets.pin_ptr, nets.xy)
        return cls(nets, trees, np.repeat(trees.node_ptr[:-1], np.diff(trees.node_ptr)))

    @property
    def net(self) -> I64:
        """Net of each node, i64[V]."""
        return np.repeat(np.arange(len(self.nets.net_names)), np.diff(self.trees.node_ptr))

    def lengths(self) -> F64:
        """|dx| + |dy| of the edge from each node to its parent, f64[V] in µm; 0 at roots."""
        xy = self.trees.xy
        length: F64 = np.abs(xy - xy[self.trees.parent]).sum(1)
        return length

    def parasitics(self, resistance: F64, node_cap: F64) -> Parasitics:
        """The trees as parasitics.

        Args:
            resistance: f64[V], kΩ, from each node to its parent; what stands at roots is not looked at.
            node_cap: f64[V], pF of wire at each node.
        """
        nets, trees, graph = self.nets, self.trees, self.nets.graph
        names = graph.node_names
        pins, is_pin = graph.module.num_pins, trees.point >= 0
        node = np.where(is_pin, nets.node[np.maximum(trees.point, 0)], -1)
        kind = np.where(
            node < 0, NodeKind.INTERNAL, np.where(node < pins, NodeKind.INSTANCE_PIN, NodeKind.PORT)
        ).astype(np.int8)
        owner = self.net
        local = (np.arange(len(node)) - trees.node_ptr[owner]).tolist()
        labels = [
            names[at] if at >= 0 else f"{nets.net_names[net]}:{number}"
            for at, net, number in zip(node.tolist(), owner.tolist(), local, strict=True)
        ]
        child = np.flatnonzero(trees.parent != np.arange(len(node)))
        # SPEF's directions are seen from outside a cell, and from inside at ports: a driving port is an input.
        drives = np.where(node >= 0, graph.drives[np.maximum(node, 0)], False)
        direction = np.where((kind == NodeKind.PORT) == drives, PinDirection.INPUT, PinDirection.OUTPUT)
        none = np.zeros(0, np.int32)
        return Parasitics(
            net_names=nets.net_names,
            node_ptr=trees.node_ptr,
            node_names=tuple(labels),
            node_kind=kind,
            node_cap=np.asarray(node_cap, np.float64),
            resistor_ptr=trees.node_ptr - np.arange(len(trees.node_ptr)),
            resistor_a=trees.parent[child],
            resistor_b=child.astype(np.int32),
            resistor=np.asarray(resistance, np.float64)[child],
            coupling_a=none,
            coupling_b=none,
            coupling=np.zeros(0),
            design=graph.module.name,
            node_direction=np.where(kind == NodeKind.INTERNAL, -1, direction).astype(np.int8),
            node_position=trees.xy,
        )
