"""Parts of a large graph for inference: each with the nodes next to it and with what other parts read of it.

A part is `Data` with o owned nodes, s sources (nodes of earlier parts that it reads) and t sinks (nodes of later parts
that read it), numbered in this order, and x exports (owned nodes that are a source or a sink of some other part):
    n_id: int64[o + s + t], nodes of the whole graph; each of the three groups is in the partition's order;
    counts: int64[3], o, s and t;
    edge_index: int64[2, e], edges with at least one owned end, edges into owned nodes first; e_id: int64[e], their
        places in the whole graph;
    near_part, near_place: int64[s + t], the part that owns each source and sink, and its place among its exports;
    export: int64[x], the exported nodes; readers_after, readers_before: int64[x], how many later and earlier parts have
        each of them as source and sink;
and the node and edge attributes of the graph, others left out. Edges into registers are left out too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Data

from hwdesign.errors import NetlistError
from hwdesign.graphs.dag import signal_edges
from hwdesign.passes import Partition

Ids = NDArray[np.int64]
Direction = Literal["local", "round", "forward", "backward"]


class Parts(Protocol):
    """Parts of one graph, in order.

    Attributes:
        num_nodes: of the whole graph.
        reads: for each part, the parts that it reads; all are earlier ones.
    """

    num_nodes: int
    reads: Sequence[Sequence[int]]

    def __len__(self) -> int:
        """Number of parts."""

    def __getitem__(self, part: int) -> Data:
        """One part."""

    def ticket(self, part: int) -> Callable[[], Data]:
        """A small picklable call that gives the part, for another process."""


class CutParts:
    """Parts cut from a graph in memory.

    Args:
        data: the whole graph; `registered`, where it is there, marks edges into registers (bool[E]).
        found: a partition of it.
        node_ids: node attributes, int64[nodes, k], that name nodes which a node reads beside its edges, -1 for none.
            In a part they hold local numbers, and rows of nodes that it does not own hold -1.

    Raises:
        NetlistError: the partition is another graph's, or something is read from a later part.
    """

    def __init__(self, data: Data, found: Partition, *, node_ids: Sequence[str] = ()) -> None:
        nodes = int(data.num_nodes)
        if len(found.part) != nodes:
            raise NetlistError(f"the partition has {len(found.part)} nodes and the graph {nodes}")
        self.data, self.num_nodes, self.node_ids = data, nodes, tuple(node_ids)
        self._part, self._order, self._parts = found.part, found.order, found.parts
        self._rank = np.empty(nodes, np.int64)
        self._rank[found.order] = np.arange(nodes)
        self._starts = np.searchsorted(found.part[found.order], np.arange(found.parts + 1))
        (self._src, self._dst), self._place = signal_edges(data)
        read, reader = self._extra_reads()
        read, reader = np.concatenate([self._src, read]), np.concatenate([self._dst, reader])
        left, right = found.part[read], found.part[reader]
        if (left > right).any():
            at = int(np.flatnonzero(left > right)[0])
            raise NetlistError(
                f"the partition does not keep the order: node {reader[at]} of part {right[at]} reads node {read[at]} "
                f"of part {left[at]}"
            )
        crossing = left != right
        read, reader, left, right = read[crossing], reader[crossing], left[crossing], right[crossing]
        edge = np.flatnonzero(found.part[self._src] != found.part[self._dst])
        self._into = _Groups(found.part[self._dst], found.parts)
        self._out = _Groups(found.part[self._src[edge]], found.parts, edge)
        self._after = _distinct(read, right, nodes, found.parts)
        self._before = _distinct(self._dst[edge], found.part[self._src[edge]], nodes, found.parts)
        exported = ((self._after > 0) | (self._before > 0))[found.order]
        total = np.cumsum(exported)
        offset = np.concatenate([[0], total])[self._starts[:-1]] if found.parts else total
        self._export_place = np.empty(nodes, np.int64)
        self._export_place[found.order] = total - 1
        self._export_place -= offset[found.part] if nodes else 0
        pairs = np.unique(right.astype(np.int64) * max(found.parts, 1) + left)
        self.reads: list[list[int]] = [[] for _ in range(found.parts)]
        for pair in pairs.tolist():
            self.reads[pair // found.parts].append(pair % found.parts)

    def _extra_reads(self) -> tuple[Ids, Ids]:
        read: list[Ids] = [np.zeros(0, np.int64)]
        reader: list[Ids] = [np.zeros(0, np.int64)]
        for key in self.node_ids:
            values = self.data[key].numpy()
            rows, columns = np.nonzero(values >= 0)
            read.append(values[rows, columns])
            reader.append(rows)
        return np.concatenate(read), np.concatenate(reader)

    def __len__(self) -> int:
        """Number of parts."""
        return self._parts

    def __getitem__(self, part: int) -> Data:
        """One part; see the module's text."""
        part = range(len(self))[part]
        own = self._order[self._starts[part] : self._starts[part + 1]].astype(np.int64)
        into, out = self._into[part], self._out[part]
        extra = [self.data[key].numpy()[own].ravel() for key in self.node_ids]
        read = np.concatenate([self._src[into], *extra])
        sources = self._outside(read[read >= 0], part)
        sinks = self._outside(self._dst[out], part)
        node_id = np.concatenate([own, sources, sinks])
        edges = np.concatenate([into, out])
        near = node_id[len(own) :]
        exported = (self._after[own] > 0) | (self._before[own] > 0)
        local = _Local(node_id)
        made = Data(edge_index=_tensor(np.stack([local(self._src[edges]), local(self._dst[edges])])))
        edge_id = self._place[edges]
        self._copy_attributes(made, node_id, edge_id)
        for key in self.node_ids:
            values = np.full((len(node_id), self.data[key].shape[1]), -1)
            values[: len(own)] = local(self.data[key].numpy()[own])
            made[key] = _tensor(values)
        made.n_id, made.e_id = _tensor(node_id), _tensor(edge_id)
        made.counts = torch.tensor([len(own), len(sources), len(sinks)])
        made.near_part, made.near_place = _tensor(self._part[near]), _tensor(self._export_place[near])
        made.export = _tensor(np.flatnonzero(exported))
        made.readers_after, made.readers_before = (
            _tensor(readers[own[exported]]) for readers in (self._after, self._before)
        )
        made.num_nodes = len(node_id)
        return made

    def _outside(self, nodes: Ids, part: int) -> Ids:
        ranks = np.unique(self._rank[nodes[self._part[nodes] != part]])
        outside: Ids = self._order[ranks].astype(np.int64)
        return outside

    def _copy_attributes(self, made: Data, node_id: Ids, edge_id: Ids) -> None:
        nodes, edges = torch.from_numpy(node_id), torch.from_numpy(edge_id)
        for key in self.data.keys():  # noqa: SIM118 - Data is no mapping
            if key in ("edge_index", "registered", *self.node_ids):
                continue
            if self.data.is_node_attr(key):
                made[key] = self.data[key][nodes]
            elif self.data.is_edge_attr(key):
                made[key] = self.data[key][edges]

    def ticket(self, part: int) -> Callable[[], Data]:
        """The part itself, to be sent."""
        return partial(_given, self[part])


def own_slice(data: Data) -> slice:
    """Local numbers of the part's own nodes."""
    return slice(0, int(data.counts[0]))


def near_slice(data: Data, direction: Direction) -> slice:
    """Local numbers of the nodes that a sweep in this direction reads from other parts."""
    own, sources, sinks = data.counts.tolist()
    begin = own + (sources if direction == "backward" else 0)
    size = {"local": 0, "forward": sources, "backward": sinks, "round": sources + sinks}[direction]
    return slice(begin, begin + size)


def messages(data: Data, direction: Literal["forward", "backward"]) -> tuple[Tensor, Tensor, Tensor]:
    """Edges along which a sweep hears: int64[m] heard node, hearing node, and place in `edge_index`.

    A heard node that another part owns is numbered from the number of own nodes on, as its row among the states that
    the sweep is given.
    """
    own, sources, _ = data.counts.tolist()
    src, dst = data.edge_index
    if direction == "forward":
        place = torch.nonzero(dst < own)[:, 0]
        return src[place], dst[place], place
    place = torch.nonzero(src < own)[:, 0]
    heard = dst[place]
    return torch.where(heard < own, heard, heard - sources), src[place], place


class _Groups:
    """Edges by part, in their own order within each."""

    def __init__(self, part: NDArray[np.integer], parts: int, edges: Ids | None = None) -> None:
        order = np.argsort(part, kind="stable")
        self._starts = np.searchsorted(part[order], np.arange(parts + 1))
        self._edges = order if edges is None else edges[order]

    def __getitem__(self, part: int) -> Ids:
        return self._edges[self._starts[part] : self._starts[part + 1]]


class _Local:
    """Numbers within a part of nodes of the whole graph; -1 stays -1."""

    def __init__(self, node_id: Ids) -> None:
        self._order = np.argsort(node_id)
        self._sorted = node_id[self._order]

    def __call__(self, nodes: Ids) -> Ids:
        if not len(self._order):
            return np.zeros(nodes.shape, np.int64)
        place = self._order[np.minimum(np.searchsorted(self._sorted, nodes), len(self._order) - 1)]
        return np.where(nodes < 0, -1, place)


def _distinct(node: Ids, part: NDArray[np.integer], nodes: int, parts: int) -> Ids:
    """int64[nodes]: how many different parts are paired with each node."""
    keys = np.unique(node.astype(np.int64) * max(parts, 1) + part)
    return np.bincount(keys // max(parts, 1), minlength=nodes)


def _tensor(array: NDArray[np.integer]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.int64))


def _given(data: Data) -> Data:
    return data
