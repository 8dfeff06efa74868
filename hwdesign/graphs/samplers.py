"""Samplers for `torch_geometric.loader.NodeLoader` that need neither pyg-lib nor torch-sparse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.sampler import BaseSampler, EdgeSamplerInput, NodeSamplerInput, SamplerOutput

from hwdesign.errors import UnsupportedError
from hwdesign.kernels.graph import Csr, build_csr, cone, induced_subgraph, neighbour_sample


def _fanin_rows(data: Data) -> Csr:
    """Rows of fan-ins: messages flow along edges, so a node's neighbours are the sources of its edges."""
    src, dst = data.edge_index.numpy().astype(np.int32)
    return build_csr(dst, src, int(data.num_nodes), cols=int(data.num_nodes))


def _tensor(array: NDArray[np.integer]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.int64))


class _NodeSampler(BaseSampler):  # type: ignore[misc]
    def __init__(self, data: Data) -> None:
        self.rows = _fanin_rows(data)

    def sample_from_edges(self, index: EdgeSamplerInput, neg_sampling: object = None) -> SamplerOutput:
        """Not offered: these samplers start from nodes."""
        raise UnsupportedError("this sampler starts from nodes, not from edges", mend="use NodeLoader")

    @property
    def edge_permutation(self) -> None:
        """None: sampled edges carry their position in `edge_index`."""
        return


class NeighbourSampler(_NodeSampler):
    """Fan-in neighbours hop by hop, as in GraphSAGE (Hamilton, Ying, Leskovec, NeurIPS 2017).

    Use: `NodeLoader(data, node_sampler=NeighbourSampler(data, [10, 5]), input_nodes=..., batch_size=...)`. The same
    seed nodes under the same `seed` give the same sample, whatever the number of loader workers.

    Args:
        data: graph with `edge_index`.
        num_neighbours: fan-ins taken a node in each hop; -1 takes all.
        seed: of the choice.
        replace: choose with replacement.
        disjoint: a tree of its own for each seed node; `batch` then tells which.
    """

    def __init__(
        self,
        data: Data,
        num_neighbours: Sequence[int],
        *,
        seed: int = 0,
        replace: bool = False,
        disjoint: bool = False,
    ) -> None:
        super().__init__(data)
        self.num_neighbours = list(num_neighbours)
        self.seed = seed
        self.replace = replace
        self.disjoint = disjoint

    def sample_from_nodes(self, index: NodeSamplerInput, **_: object) -> SamplerOutput:
        """PyG's hook."""
        found = neighbour_sample(
            self.rows,
            index.node.numpy(),
            self.num_neighbours,
            seed=self.seed,
            replace=self.replace,
            disjoint=self.disjoint,
        )
        return SamplerOutput(
            node=_tensor(found.node),
            row=_tensor(found.row),
            col=_tensor(found.col),
            edge=_tensor(found.edge),
            batch=_tensor(found.batch) if self.disjoint else None,
            num_sampled_nodes=found.num_sampled_nodes.tolist(),
            num_sampled_edges=found.num_sampled_edges.tolist(),
            metadata=(index.input_id, index.time),
        )


class ConeSampler(_NodeSampler):
    """The fan-in cone of the seed nodes, with all edges inside it.

    Args:
        data: graph with `edge_index`.
        depth: edges walked back at most; -1 for the whole cone.
        max_nodes: nodes at most, nearest first; -1 for any number.
    """

    def __init__(self, data: Data, *, depth: int = -1, max_nodes: int = -1) -> None:
        super().__init__(data)
        self.depth = depth
        self.max_nodes = max_nodes

    def sample_from_nodes(self, index: NodeSamplerInput, **_: object) -> SamplerOutput:
        """PyG's hook."""
        seeds = index.node.numpy().astype(np.int32)
        found = cone(self.rows, seeds, max_depth=self.depth, max_nodes=self.max_nodes)
        # A loader expects the seeds first and in its own order.
        rest = found.nodes[~np.isin(found.nodes, seeds)]
        nodes = np.concatenate([seeds[np.sort(np.unique(seeds, return_index=True)[1])], rest]).astype(np.int32)
        inside = induced_subgraph(self.rows, nodes)
        return SamplerOutput(
            node=_tensor(nodes),
            row=_tensor(inside.row),
            col=_tensor(inside.col),
            edge=_tensor(inside.edge),
            metadata=(index.input_id, index.time),
        )
