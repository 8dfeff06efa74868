"""Netlists as PyTorch Geometric graphs: tensors, samplers, splits, a store."""

from hwdesign.graphs.aig import AIG_COLUMNS, AigArrays, AigSlice, aig_data, slice_aig
from hwdesign.graphs.dag import dag_data
from hwdesign.graphs.executor import run_parts
from hwdesign.graphs.hetero import CELL_COLUMNS, NET_COLUMNS, PORT_COLUMNS, hetero_data
from hwdesign.graphs.levelised import LevelisedNetwork
from hwdesign.graphs.part_store import StoredParts, store_parts
from hwdesign.graphs.partition_loader import PartDataset, PartitionLoader
from hwdesign.graphs.parts import CutParts, Direction, Parts, messages, near_slice
from hwdesign.graphs.samplers import ConeSampler, NeighbourSampler
from hwdesign.graphs.sequential import PartModel, PartStates, Sequential, States, Sweep, gather
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
    "CutParts",
    "Direction",
    "GraphSet",
    "Leak",
    "LevelisedNetwork",
    "Member",
    "NeighbourSampler",
    "PartDataset",
    "PartModel",
    "PartStates",
    "PartitionLoader",
    "Parts",
    "Sequential",
    "States",
    "StoredParts",
    "Sweep",
    "aig_data",
    "cached",
    "check_splits",
    "content_key",
    "dag_data",
    "find_leak",
    "gather",
    "hetero_data",
    "load_graphs",
    "messages",
    "near_slice",
    "run_parts",
    "save_graphs",
    "slice_aig",
    "split_by_parent",
    "store_parts",
]
