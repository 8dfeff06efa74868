"""Removal of cells that nothing can observe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwdesign.kernels import build_csr, cone
from hwdesign.netlist import Direction, Kind, Module, Netlist
from hwdesign.netlist.views import cell_graph
from hwdesign.passes._columns import select_cells


def remove_dangling(netlist: Netlist) -> Netlist:
    """Drop the combinational cells that reach no output port, register, device or instance, and nets without a pin.

    Every module is treated on its own; registers and instances stay even where nothing reads them.
    """
    keep = set(netlist.global_nets)
    return replace(netlist, modules={name: _sweep(module, keep) for name, module in netlist.modules.items()})


def _sweep(module: Module, global_nets: set[str]) -> Module:
    if module.num_cells == 0:
        return module
    graph = cell_graph(module, ports=True)
    ends = np.concatenate([~module.library.of_kind(Kind.COMB)[module.cell_type], module.port_dir != Direction.IN])
    fanin = build_csr(graph.dst, graph.src, graph.num_nodes)
    reached = cone(fanin, np.flatnonzero(ends)).nodes
    seen = np.zeros(graph.num_nodes, bool)
    seen[reached] = True
    cells = np.flatnonzero(seen[: module.num_cells])
    bare = np.zeros(module.num_nets, bool)
    if global_nets:
        bare[:] = [label in global_nets for label in module.net_labels()]
    return select_cells(module, cells, keep_nets=bare)
