"""Netlists as PyTorch Geometric graphs: tensors, samplers, splits, a store."""

from hwdesign.graphs.aig import AIG_COLUMNS, AigArrays, AigSlice, aig_data, slice_aig
from hwdesign.graphs.hetero import CELL_COLUMNS, NET_COLUMNS, PORT_COLUMNS, hetero_data
from hwdesign.graphs.samplers import ConeSampler, NeighbourSampler
from hwdesign.graphs.splits import SPLITS, Leak, Member, check_splits, find_leak, split_by_parent
from hwdesign.graphs.store import GraphSet, cached, content_key, load_graphs, save_graphs

__all__ = [
    "AIG_COLUMNS",
    "CELL_COLUMNS",
    "NET_COLUMNS",
    "PORT_COLUMNS",
    "SPLITS",
    "AigArrays",
    "AigSlice",
    "ConeSampler",
    "GraphSet",
    "Leak",
    "Member",
    "NeighbourSampler",
    "aig_data",
    "cached",
    "check_splits",
    "content_key",
    "find_leak",
    "hetero_data",
    "load_graphs",
    "save_graphs",
    "slice_aig",
    "split_by_parent",
]
