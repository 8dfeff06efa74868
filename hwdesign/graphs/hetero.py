"""Any module as PyTorch Geometric `HeteroData`: cells, nets and ports."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import HeteroData

from hwdesign.netlist.module import INVERTED, Module
from hwdesign.netlist.types import Direction, Kind

CELL_COLUMNS = (*(f"is_{kind.value}" for kind in Kind), "log_inputs", "log_outputs", "log_inouts")
NET_COLUMNS = ("is_constant", "log_drivers", "log_sinks")
PORT_COLUMNS = ("is_in", "is_out", "is_inout")


def _tensor(array: NDArray[np.integer]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.int64))


def _edges(data: HeteroData, kind: tuple[str, str, str], src: NDArray[np.integer], dst: NDArray[np.integer]) -> None:
    data[kind].edge_index = torch.stack([_tensor(src), _tensor(dst)])


def hetero_data(module: Module) -> HeteroData:
    """Bipartite graph of a module.

    Node n of type `cell`, `net` or `port` is cell, net or port bit n of the module, so that `cell_labels()[n]`,
    `net_labels()[n]` and `port_labels()[n]` are their names. Nets 0 and 1 are the constants.

    Returns:
        `HeteroData` with
            cell.x: float32[C, 8], columns `CELL_COLUMNS` (kind one-hot, ln(1 + pins) a direction);
            cell.type: int64[C], position in the library, for an embedding;
            net.x: float32[N, 3], columns `NET_COLUMNS`; an inout pin counts as driver and as sink;
            port.x: float32[Q, 3], columns `PORT_COLUMNS`;
            (cell, drives, net), (net, feeds, cell), (port, drives, net), (net, feeds, port): edge_index int64[2, E];
            those that touch cells have edge_attr float32[E, 2]: role position in the cell's type, inverted; those that
            touch ports float32[E, 1]: inverted.
    """
    data = HeteroData()
    connected = np.flatnonzero(module.pin_net >= 0)
    out = connected[module.pin_dir[connected] != Direction.IN]
    into = connected[module.pin_dir[connected] != Direction.OUT]
    port_drives = np.flatnonzero(module.port_dir != Direction.OUT)
    port_sinks = np.flatnonzero(module.port_dir != Direction.IN)

    kinds = module.library.kinds[module.cell_type]
    cell_x = np.zeros((module.num_cells, len(CELL_COLUMNS)), np.float32)
    for at, kind in enumerate(Kind):
        cell_x[:, at] = kinds == kind.value
    for at, direction in enumerate((Direction.IN, Direction.OUT, Direction.INOUT)):
        pins = module.pin_cell[module.pin_dir == direction]
        cell_x[:, len(Kind) + at] = np.log1p(np.bincount(pins, minlength=module.num_cells))
    drivers = np.concatenate([module.pin_net[out], module.port_net[port_drives]])
    sinks = np.concatenate([module.pin_net[into], module.port_net[port_sinks]])
    net_x = np.zeros((module.num_nets, len(NET_COLUMNS)), np.float32)
    net_x[:2, 0] = 1.0
    net_x[:, 1] = np.log1p(np.bincount(drivers, minlength=module.num_nets))
    net_x[:, 2] = np.log1p(np.bincount(sinks, minlength=module.num_nets))
    port_x = np.zeros((module.num_ports, len(PORT_COLUMNS)), np.float32)
    port_x[np.arange(module.num_ports), module.port_dir] = 1.0

    data["cell"].x = torch.from_numpy(cell_x)
    data["cell"].type = _tensor(module.cell_type)
    data["net"].x = torch.from_numpy(net_x)
    data["port"].x = torch.from_numpy(port_x)
    for name, count in (("cell", module.num_cells), ("net", module.num_nets), ("port", module.num_ports)):
        data[name].num_nodes = count

    def pin_attr(pins: NDArray[np.integer]) -> Tensor:
        inverted = module.pin_flags[pins] & INVERTED
        return torch.from_numpy(np.stack([module.pin_role[pins], inverted], 1).astype(np.float32))

    def port_attr(ports: NDArray[np.integer]) -> Tensor:
        return torch.from_numpy((module.port_flags[ports] & INVERTED).astype(np.float32)[:, None])

    _edges(data, ("cell", "drives", "net"), module.pin_cell[out], module.pin_net[out])
    _edges(data, ("net", "feeds", "cell"), module.pin_net[into], module.pin_cell[into])
    _edges(data, ("port", "drives", "net"), port_drives, module.port_net[port_drives])
    _edges(data, ("net", "feeds", "port"), module.port_net[port_sinks], port_sinks)
    data["cell", "drives", "net"].edge_attr = pin_attr(out)
    data["net", "feeds", "cell"].edge_attr = pin_attr(into)
    data["port", "drives", "net"].edge_attr = port_attr(port_drives)
    data["net", "feeds", "port"].edge_attr = port_attr(port_sinks)
    return data
