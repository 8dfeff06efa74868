"""What passes share: choosing rows of a module's columns, and naming loops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import LoopError
from hwdesign.kernels import find_cycle
from hwdesign.netlist import CONST1, Bus, Kind, Module, SideTable

IntArray = NDArray[np.int32]
_LOOP_NAMES = 12
# What opens a loop that is not all of gates; the first kind that is on it decides.
_WAYS_OUT = (
    (Kind.DEVICE, "leave out devices, which conduct both ways"),
    (Kind.MODULE, "flatten the hierarchy, which may open it"),
    (Kind.SEQ, "let registers open it"),
)


def spans(ptr: NDArray[np.int64], rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions ptr[r]..ptr[r+1] of the rows r, row after row, and how many each row has."""
    count = ptr[rows + 1] - ptr[rows]
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(ptr[rows] - (ends - count), count), count


def select_params(params: Mapping[str, SideTable], cells: NDArray[np.integer], num_cells: int) -> dict[str, SideTable]:
    """Side tables of the cells `cells`, which become cells 0, 1 ... in this order; empty tables are left out."""
    if not params:
        return {}
    rank = np.full(num_cells, -1, np.int32)
    rank[cells] = np.arange(len(cells), dtype=np.int32)
    chosen = {}
    for key, table in params.items():
        new = rank[table.cell]
        rows = np.flatnonzero(new >= 0)
        if len(rows):
            rows = rows[np.argsort(new[rows], kind="stable")]
            chosen[key] = SideTable(new[rows], table.number[rows], table.text[rows])
    return chosen


def select_cells(module: Module, cells: NDArray[np.integer], *, keep_nets: NDArray[np.bool_] | None = None) -> Module:
    """The module with only `cells`, in this order; ports stay, nets without a pin or port go.

    Args:
        module: to choose from.
        cells: cell ids, none twice.
        keep_nets: bool[N], nets that stay although nothing is on them.
    """
    pins, count = spans(module.pin_ptr, cells)
    pin_net = module.pin_net[pins]
    used = np.zeros(module.num_nets, bool) if keep_nets is None else keep_nets.copy()
    used[: CONST1 + 1] = True
    used[pin_net[pin_net >= 0]] = True
    used[module.port_net] = True
    rank = np.cumsum(used, dtype=np.int32) - 1
    return replace(
        module,
        cell_type=module.cell_type[cells],
        cell_name=module.cell_name[cells],
        cell_line=module.cell_line[cells],
        pin_ptr=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        pin_net=np.where(pin_net >= 0, rank[np.maximum(pin_net, 0)], pin_net).astype(np.int32),
        pin_role=module.pin_role[pins],
        pin_flags=module.pin_flags[pins],
        net_name=module.net_name[used],
        port_net=rank[module.port_net],
        params=select_params(module.params, cells, module.num_cells),
    )


def whole_buses(module: Module, ports: NDArray[np.integer]) -> tuple[tuple[Bus, ...], IntArray]:
    """Buses all of whose bits are among `ports`, in order and together; and int32 `port_bus` of `ports`."""
    port_bus = np.full(len(ports), -1, np.int32)
    buses: list[Bus] = []
    of_port = module.port_bus[ports]
    at = 0
    while at < len(ports):
        bus = int(of_port[at])
        if bus >= 0:
            width = module.buses[bus].width
            run = ports[at : at + width]
            if len(run) == width and (of_port[at : at + width] == bus).all() and (np.diff(run) == 1).all():
                port_bus[at : at + width] = len(buses)
                buses.append(module.buses[bus])
                at += width
                continue
        at += 1
    return tuple(buses), port_bus


def loop_error(module: Module, src: IntArray, dst: IntArray, owner: IntArray | None = None) -> LoopError:
    """The error that names one loop among the edges src→dst; how to open it depends on the kinds of its cells.

    Args:
        module: owner of the cells.
        src, dst: a graph with a cycle.
        owner: int32[nodes], the cell of each node; by default nodes are cells.
    """
    nodes = int(max(src.max(), dst.max())) + 1
    cycle = find_cycle(src, dst, nodes)
    cells = cycle if owner is None else owner[cycle]
    # Several nodes of one cell stand one after another.
    distinct = cells[np.concatenate([[True], np.diff(cells) != 0])] if len(cells) else cells
    if len(distinct) > 1 and distinct[0] == distinct[-1]:
        distinct = distinct[:-1]
    shown = [module.cell_label(int(cell)) for cell in distinct[:_LOOP_NAMES]]
    more = f" -> ... {len(distinct) - _LOOP_NAMES} more cells" if len(distinct) > _LOOP_NAMES else ""
    path = " -> ".join(shown) + more + (f" -> {shown[0]}" if shown else "")
    count = "1 cell" if len(distinct) == 1 else f"{len(distinct)} cells"
    loop, mend = "combinational loop", "break it by a register"
    for kind, way_out in _WAYS_OUT:
        if module.library.of_kind(kind)[module.cell_type[distinct]].any():
            loop, mend = "loop", way_out
            break
    return LoopError(
        f"module '{module.name}' has a {loop} of {count}: {path}",
        file=module.file or None,
        line=int(module.cell_line[distinct[0]]) if len(distinct) else 0,
        mend=mend,
    )
