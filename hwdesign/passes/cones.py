"""Cones and windows of a netlist as netlists of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwdesign import kernels
from hwdesign.errors import NetlistError
from hwdesign.netlist import CONST1, INVERTED, Direction, Kind, Module, NameTable, Netlist
from hwdesign.netlist.views import cell_graph
from hwdesign.passes._columns import IntArray, select_cells

Mask = NDArray[np.bool_]


def cone(
    netlist: Netlist | Module,
    roots: str | Iterable[str],
    *,
    direction: Literal["fanin", "fanout"] = "fanin",
    stop_at_registers: bool = True,
    max_depth: int | None = None,
) -> Netlist:
    """The cells that `roots` depend on (fan-in), or that depend on them (fan-out), as a netlist.

    Nets that were cut become ports under their own names; a port of the module keeps its name. A fan-in cone shows its
    roots as outputs, a fan-out cone every net that something beyond it reads, or nothing at all. A root that no cell of
    the cone drives is an input and, in a fan-in cone, an output `<name>_out` too.

    Args:
        netlist: its top module; instances count as cells.
        roots: names of ports or nets.
        direction: along or against the signals.
        stop_at_registers: registers bound the cone and are no part of it.
        max_depth: cells on a path at most.

    Raises:
        NetlistError: no port or net has such a name, or `max_depth` is less than 1.
    """
    owner = _netlist(netlist)
    module = owner.top_module
    wanted = [_find(module, name) for name in ([roots] if isinstance(roots, str) else roots)]
    if max_depth is not None and max_depth < 1:
        raise NetlistError(f"the depth of a cone must be at least 1, not {max_depth}")
    nets = np.unique(np.array([root.net for root in wanted], np.int32))
    registers = module.library.of_kind(Kind.SEQ)[module.cell_type] if module.num_cells else np.zeros(0, bool)
    stop = registers & stop_at_registers
    graph = cell_graph(module)
    side = Direction.IN if direction == "fanin" else Direction.OUT
    pins = np.flatnonzero((module.pin_dir != side) & np.isin(module.pin_net, nets[nets > CONST1]))
    seeds = np.unique(module.pin_cell[pins])
    seeds = seeds[~stop[seeds]]
    row, col = (graph.dst, graph.src) if direction == "fanin" else (graph.src, graph.dst)
    rows = kernels.build_csr(row, col, graph.num_nodes)
    depth = -1 if max_depth is None else max_depth - 1
    inside = np.zeros(module.num_cells, bool)
    inside[kernels.cone(rows, seeds, max_depth=depth, stop=stop).nodes] = True
    inside &= ~stop
    return _extract(owner, module, inside, wanted, only_roots=direction == "fanin")


def window(netlist: Netlist | Module, cells: str | Iterable[str], radius: int) -> Netlist:
    """The cells within `radius` steps of `cells`, forwards, backwards and round corners, as a netlist.

    Nets that were cut become ports, as in `cone`.

    Args:
        netlist: its top module.
        cells: names of cells.
        radius: steps from cell to cell; 0 takes the cells alone.

    Raises:
        NetlistError: no cell has such a name, or `radius` is negative.
    """
    owner = _netlist(netlist)
    module = owner.top_module
    if radius < 0:
        raise NetlistError(f"the radius of a window must be 0 or more, not {radius}")
    labels = {label: cell for cell, label in enumerate(module.cell_labels())}
    seeds = []
    for name in [cells] if isinstance(cells, str) else cells:
        if name not in labels:
            raise NetlistError(f"module '{module.name}' has no cell named '{name}'", file=module.file or None)
        seeds.append(labels[name])
    graph = cell_graph(module)
    both = kernels.build_csr(
        np.concatenate([graph.src, graph.dst]), np.concatenate([graph.dst, graph.src]), graph.num_nodes
    )
    inside = np.zeros(module.num_cells, bool)
    inside[kernels.cone(both, np.array(seeds, np.int32), max_depth=radius).nodes] = True
    return _extract(owner, module, inside, [], only_roots=False)


@dataclass(frozen=True, slots=True)
class _Port:
    """A port to be: name, net, direction, flags."""

    name: str
    net: int
    direction: Direction
    flags: int = 0


def _netlist(netlist: Netlist | Module) -> Netlist:
    if isinstance(netlist, Netlist):
        return netlist
    return Netlist({netlist.name: netlist}, netlist.name, netlist.library, netlist.names, file=netlist.file)


def _find(module: Module, name: str) -> _Port:
    """The root called `name`: a port, else a net."""
    at = module.names.find(name)
    ports: list[int] = np.flatnonzero(module.port_name == at).tolist() if at >= 0 else []
    if ports:
        port = ports[0]
        return _Port(name, int(module.port_net[port]), Direction.OUT, int(module.port_flags[port]))
    nets: list[int] = np.flatnonzero(module.net_name == at).tolist() if at >= 0 else []
    if not nets:
        # Made-up names of unnamed nets are known by label only.
        nets = [net for net, label in enumerate(module.net_labels()) if label == name]
    if not nets:
        raise NetlistError(
            f"module '{module.name}' has no port or net named '{name}'",
            file=module.file or None,
            mend="`hwdesign info` lists its ports",
        )
    return _Port(name, nets[0], Direction.OUT)


def _touched(module: Module, cells: Mask, *directions: Direction) -> Mask:
    """bool[N]: nets with a pin of such a direction on such a cell."""
    pins = cells[module.pin_cell] & (module.pin_net >= 0) & np.isin(module.pin_dir, directions)
    return np.bincount(module.pin_net[pins], minlength=module.num_nets) > 0


def _extract(owner: Netlist, module: Module, inside: Mask, roots: list[_Port], *, only_roots: bool) -> Netlist:
    ports = _ports(owner, module, inside, roots, only_roots)
    table: NameTable | None = None
    ids = []
    for port in ports:
        at = module.names.find(port.name) if table is None else table.intern(port.name)
        if at < 0:
            table = NameTable(module.names)
            at = table.intern(port.name)
        ids.append(at)
    cut = replace(
        module,
        names=module.names if table is None else table.freeze(),
        port_name=np.array(ids, np.int32),
        port_net=np.array([port.net for port in ports], np.int32),
        port_dir=np.array([port.direction for port in ports], np.uint8),
        port_bus=np.full(len(ports), -1, np.int32),
        port_flags=np.array([port.flags for port in ports], np.uint8),
        buses=(),
    )
    kept = select_cells(cut, np.flatnonzero(inside), keep_nets=_global(owner, module))
    instances = kept.num_cells and module.library.of_kind(Kind.MODULE)[kept.cell_type].any()
    if not instances:
        return owner.with_module(kept)
    others = {name: replace(other, names=kept.names) for name, other in owner.modules.items()}
    return replace(owner, modules={**others, kept.name: kept}, names=kept.names)


def _global(owner: Netlist, module: Module) -> Mask:
    found = np.zeros(module.num_nets, bool)
    for label in owner.global_nets:
        at = module.names.find(label)
        if at >= 0:
            found |= module.net_name == at
    return found


def _ports(owner: Netlist, module: Module, inside: Mask, roots: list[_Port], only_roots: bool) -> list[_Port]:
    """Ports of the extract: inputs, then inouts, then outputs, each in the module's own order."""
    driven = _touched(module, inside, Direction.OUT)
    either = _touched(module, inside, Direction.INOUT)
    read = _touched(module, inside, Direction.IN)
    outside = _touched(module, ~inside, Direction.IN, Direction.INOUT, Direction.OUT)
    outside[module.port_net] = True
    beyond = _touched(module, ~inside, Direction.IN, Direction.INOUT)
    beyond[module.port_net[module.port_dir != Direction.IN]] = True
    local = ~_global(owner, module)
    local[: CONST1 + 1] = False
    through = np.zeros(module.num_nets, bool)
    if only_roots:
        through[[root.net for root in roots]] = True
    into = (read | through) & ~driven & ~either & local
    inout = either & outside & local
    out = driven & ~either & local & (beyond | ~read)
    own_names: dict[int, list[int]] = {}
    for at, net in enumerate(module.port_net.tolist()):
        own_names.setdefault(net, []).append(at)
    labels = module.port_labels()

    def named(nets: IntArray | NDArray[np.int64], direction: Direction) -> list[_Port]:
        found = []
        for net in nets.tolist():
            own = [p for p in own_names.get(net, []) if module.port_dir[p] == direction]
            if own:
                chosen = own if direction is Direction.OUT else own[:1]
                found += [_Port(labels[p], net, direction, int(module.port_flags[p])) for p in chosen]
            else:
                found.append(_Port(module.net_label(net), net, direction))
        return found

    outputs = list(roots) if only_roots else named(np.flatnonzero(out), Direction.OUT)
    ports: list[_Port] = []
    taken: set[str] = set()
    for port in (*named(np.flatnonzero(into), Direction.IN), *named(np.flatnonzero(inout), Direction.INOUT), *outputs):
        name = port.name
        while name in taken:
            name += "_out"
        taken.add(name)
        ports.append(replace(port, name=name, flags=port.flags & INVERTED))
    return ports


__all__ = ["cone", "window"]
