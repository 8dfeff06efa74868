"""Acyclic graphs of many shapes, with shuffled numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch_geometric.data import Data

from hwdesign.graphs import dag_data

Edges = NDArray[np.int64]

COLUMNS, EDGE_COLUMNS = 5, 2


def shapes() -> dict[str, tuple[int, Edges]]:
    """Number of nodes and edges, int64[2, E], of each graph."""
    rng = np.random.default_rng(0)
    layer = np.arange(240).reshape(12, 20)
    between = [np.stack(np.meshgrid(a, b, indexing="ij")).reshape(2, -1) for a, b in pairwise(layer)]
    drawn = np.sort(rng.integers(0, 600, (2, 1800)), axis=0)
    found = {
        "empty": (0, np.zeros((2, 0), np.int64)),
        "one node": (1, np.zeros((2, 0), np.int64)),
        "no edge": (30, np.zeros((2, 0), np.int64)),
        "path": (400, np.stack([np.arange(399), np.arange(1, 400)])),
        "star out": (500, np.stack([np.zeros(499, np.int64), np.arange(1, 500)])),
        "star in": (500, np.stack([np.arange(499), np.full(499, 499)])),
        "tree": (511, np.stack([(np.arange(1, 511) - 1) // 2, np.arange(1, 511)])),
        "complete bipartite layers": (240, np.concatenate(between, axis=1)),
        "random": (600, drawn[:, drawn[0] != drawn[1]]),
    }
    return {
        name: (nodes, rng.permutation(nodes)[edges] if nodes > 1 else edges) for name, (nodes, edges) in found.items()
    }


def columned(nodes: int, edges: Edges, seed: int = 0) -> Data:
    """The graph with random columns of nodes and edges."""
    torch.manual_seed(seed)
    data = dag_data(edges, x=torch.randn(nodes, COLUMNS))
    data.edge_attr = torch.randn(edges.shape[1], EDGE_COLUMNS)
    return data


@st.composite
def dags(draw: st.DrawFn) -> tuple[int, Edges]:
    """Number of nodes and edges of a small acyclic graph, parallel edges among them."""
    nodes = draw(st.integers(1, 40))
    pairs = draw(st.lists(st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)), max_size=90))
    names = draw(st.permutations(range(nodes)))
    edges = [(names[min(p)], names[max(p)]) for p in pairs if p[0] != p[1]]
    return nodes, np.array(edges, np.int64).reshape(-1, 2).T
