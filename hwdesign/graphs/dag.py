"""Netlists, AIGs and bare edges as one kind of PyTorch Geometric `Data`: nodes, edges along the signals, columns."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch_geometric.data import Data

from hwdesign.errors import NetlistError
from hwdesign.graphs.aig import AigArrays, aig_data
from hwdesign.graphs.hetero import hetero_data
from hwdesign.netlist import Kind, Module, Netlist
from hwdesign.netlist.aig import AigView
from hwdesign.netlist.views import cell_graph
from hwdesign.passes import edge_list

Graph: TypeAlias = Data | Netlist | Module | AigView | AigArrays | ArrayLike


def dag_data(graph: Graph, *, x: ArrayLike | Tensor | None = None) -> Data:
    """Graph whose edges run the way the signals run.

    Args:
        graph: one of
            a netlist (its top module) or a module: nodes are its cells, `x` has the columns
            `hwdesign.graphs.CELL_COLUMNS`, `edge_attr` is float32[E, 1], 1 where the reader sees the complement, and
            `registered` is bool[E], edges into registers, which carry nothing within a clock cycle;
            an AIG: nodes are its variables, `x` has `hwdesign.graphs.AIG_COLUMNS`, `edge_attr` is as above;
            edges, integers of the shape (2, E): as many nodes as `x` has rows, or one more than the greatest id;
            `Data` with `edge_index`, which is taken as it is.
        x: float32[nodes, columns], in place of the graph's own.

    Raises:
        NetlistError: edges or columns of another shape.
        LimitError: edges alone whose greatest id stands far above what they can join.
    """
    given = None if x is None else torch.as_tensor(x)
    if isinstance(graph, Data):
        data = graph.clone("x") if given is not None else graph
    elif isinstance(graph, (Netlist, Module)):
        data = _cells(graph.top_module if isinstance(graph, Netlist) else graph)
    elif isinstance(graph, (AigView, AigArrays)):
        whole = aig_data(AigArrays.of(graph) if isinstance(graph, AigView) else graph)
        # The arrays a gate, not a variable, would be cut at the wrong places.
        data = Data(x=whole.x, edge_index=whole.edge_index, edge_attr=whole.edge_attr, level=whole.level)
        data.num_nodes = whole.num_nodes
    else:
        data = _edges(graph, None if given is None else len(given))
    if given is not None:
        if given.ndim != 2 or len(given) != data.num_nodes:
            raise NetlistError(f"the columns have the shape {tuple(given.shape)}, not ({data.num_nodes}, columns)")
        data.x = given
    return data


def signal_edges(data: Data) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """int64[2, B] source and target, and int64[B] place, of the edges that bind the order: not those into registers."""
    edges: NDArray[np.int64] = data.edge_index.numpy()
    if "registered" not in data:
        return edges, np.arange(edges.shape[1])
    place = np.flatnonzero(~data.registered.numpy())
    return edges[:, place], place


def _cells(module: Module) -> Data:
    view = cell_graph(module)
    register = module.library.of_kind(Kind.SEQ)[module.cell_type] if module.num_cells else np.zeros(0, bool)
    data = Data(
        x=hetero_data(module)["cell"].x,
        edge_index=torch.from_numpy(view.edge_index.astype(np.int64)),
        edge_attr=torch.from_numpy(view.inverted.astype(np.float32)[:, None]),
        registered=torch.from_numpy(register[view.dst]),
    )
    data.num_nodes = module.num_cells
    return data


def _edges(edges: ArrayLike, nodes: int | None) -> Data:
    array, nodes = edge_list(edges, nodes)
    data = Data(edge_index=torch.from_numpy(array.astype(np.int64)))
    data.num_nodes = nodes
    return data
