"""Training on a large graph part by part: ordered parts with halo as batches of PyTorch Geometric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torch_geometric.data import Data

from hwdesign import kernels
from hwdesign.errors import NetlistError
from hwdesign.graphs.dag import Graph, dag_data, signal_edges
from hwdesign.netlist import Module, Netlist
from hwdesign.passes import Partition, partition


def partition_data(graph: Graph, data: Data, parts: int | Partition, *, seed: int = 0) -> Partition:
    """Partition of a graph and of the `Data` made of it; one that is given is checked for its size.

    Raises:
        NetlistError: the partition belongs to another graph.
        LoopError: the graph has a cycle.
    """
    if isinstance(parts, Partition):
        if len(parts.part) != data.num_nodes:
            raise NetlistError(f"the partition has {len(parts.part)} nodes and the graph {data.num_nodes}")
        return parts
    if isinstance(graph, (Netlist, Module)):
        return partition(graph, parts=parts, seed=seed)
    return partition(signal_edges(data)[0], parts=parts, num_nodes=int(data.num_nodes), seed=seed)


class PartDataset(Dataset[Data]):
    """The parts of a graph with their halos; item p is part p, `parts.__getitems__([p, q])` their union.

    Args:
        graph: see `hwdesign.graphs.dag_data`.
        parts: their number, or a partition of the graph.
        halo: levels of in- and out-cones around each part, as in `hwdesign.passes.halos`.
        x: float32[nodes, columns], node columns in place of the graph's own.
        seed: of the partition.

    Raises:
        NetlistError: shapes that do not fit, a halo below 0.
        LoopError: the graph has a cycle.
    """

    def __init__(
        self,
        graph: Graph,
        parts: int | Partition,
        *,
        halo: int = 1,
        x: ArrayLike | Tensor | None = None,
        seed: int = 0,
    ) -> None:
        if halo < 0:
            raise NetlistError(f"the halo must have 0 levels or more, not {halo}")
        self.data = dag_data(graph, x=x)
        self.partition = partition_data(graph, self.data, parts, seed=seed)
        self.halo = halo
        order, nodes = self.partition.order, int(self.data.num_nodes)
        src, dst = self.data.edge_index.numpy().astype(np.int32)
        self._fanout, self._fanin = kernels.build_csr_both(src, dst, nodes)
        self._rank = np.empty(nodes, np.int32)
        self._rank[order] = np.arange(nodes, dtype=np.int32)
        self._starts = np.searchsorted(self.partition.part[order], np.arange(self.partition.parts + 1))
        keys = [key for key in self.data.keys() if key != "edge_index"]  # noqa: SIM118 - Data is no mapping
        self._node_keys = [key for key in keys if self.data.is_node_attr(key)]
        self._edge_keys = [key for key in keys if self.data.is_edge_attr(key)]

    def __len__(self) -> int:
        """Number of parts."""
        return self.partition.parts

    def __getitem__(self, part: int) -> Data:
        """One part with its halo."""
        return self.__getitems__([part])

    def __getitems__(self, parts: Sequence[int]) -> Data:
        """Several parts as one graph, with the halo of their union."""
        chosen = sorted({range(len(self))[part] for part in parts})
        starts, order = self._starts, self.partition.order
        own = np.concatenate([order[:0], *(order[starts[part] : starts[part + 1]] for part in chosen)])
        reached = kernels.window(self._fanin, self._fanout, own, self.halo).nodes if self.halo else own
        nodes = order[np.sort(self._rank[reached])]
        inner = kernels.induced_subgraph(self._fanin, nodes)
        edges = np.argsort(inner.edge)
        node_id, edge_id = torch.from_numpy(nodes.astype(np.int64)), torch.from_numpy(inner.edge[edges])
        batch = Data(edge_index=torch.from_numpy(np.stack([inner.row[edges], inner.col[edges]])))
        for key in self._node_keys:
            batch[key] = self.data[key][node_id]
        for key in self._edge_keys:
            batch[key] = self.data[key][edge_id]
        batch.n_id, batch.e_id = node_id, edge_id
        batch.owned = torch.from_numpy(np.isin(self.partition.part[nodes], chosen))
        batch.frontier_id = torch.from_numpy(self._frontier(own, chosen))
        batch.part = torch.tensor(chosen)
        batch.num_nodes = len(nodes)
        return batch

    def _frontier(self, own: NDArray[np.int32], chosen: Sequence[int]) -> NDArray[np.int64]:
        begin, count = self._fanin.ptr[own], np.diff(self._fanin.ptr)[own]
        place = np.repeat(begin - np.cumsum(count) + count, count) + np.arange(count.sum())
        read = np.unique(self._rank[self._fanin.col[place]])
        read_nodes = self.partition.order[read]
        outside: NDArray[np.int64] = read_nodes[~np.isin(self.partition.part[read_nodes], chosen)].astype(np.int64)
        return outside


class PartitionLoader(DataLoader[Data]):
    """Batches of ordered parts with halo, for training as in Cluster-GCN (Chiang et al., KDD 2019).

    Each batch is `Data` with the node and edge attributes of the graph (others are left out), for n nodes in the
    partition's order and e edges in the graph's. It also has

    * `edge_index`: int64[2, e], all edges of the graph between these nodes;
    * `n_id`: int64[n], `e_id`: int64[e], nodes and edges of the whole graph;
    * `owned`: bool[n], nodes of the parts themselves, the others being halo: take the loss over these, and in an epoch
      every node counts once;
    * `frontier_id`: int64[f], nodes of the whole graph outside the parts that their nodes read, in the partition's
      order; with a halo of one level or more they are among `n_id`;
    * `part`: int64[batch_size], the parts.

    Args:
        graph: see `hwdesign.graphs.dag_data`.
        parts: their number, or a partition of the graph.
        halo: levels of in- and out-cones around the parts, as in `hwdesign.passes.halos`.
        x: float32[nodes, columns], node columns in place of the graph's own.
        batch_size: parts a batch.
        shuffle: draw the parts in random order, another in each epoch; otherwise they come in order.
        seed: of the order and of the partition.
        options: more options of `torch.utils.data.DataLoader`, as `num_workers`.

    Raises:
        NetlistError: shapes that do not fit, a halo below 0.
        LoopError: the graph has a cycle.
    """

    def __init__(
        self,
        graph: Graph,
        parts: int | Partition,
        *,
        halo: int = 1,
        x: ArrayLike | Tensor | None = None,
        batch_size: int = 1,
        shuffle: bool = False,
        seed: int = 0,
        **options: Any,
    ) -> None:
        dataset = PartDataset(graph, parts, halo=halo, x=x, seed=seed)
        options.setdefault("collate_fn", _as_it_is)
        # A random sampler refuses an empty graph.
        shuffle = shuffle and len(dataset) > 0
        order = torch.Generator().manual_seed(seed)
        super().__init__(dataset, batch_size=batch_size, shuffle=shuffle, generator=order, **options)

    @property
    def partition(self) -> Partition:
        """The partition whose parts are drawn."""
        dataset = self.dataset
        assert isinstance(dataset, PartDataset)
        return dataset.partition


def _as_it_is(batch: Data) -> Data:
    return batch
