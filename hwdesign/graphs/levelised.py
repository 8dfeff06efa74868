"""Levelised message passing on any acyclic graph: a node's state follows from the states of what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric.data import Data

from hwdesign import kernels
from hwdesign.errors import LoopError
from hwdesign.graphs.dag import signal_edges
from hwdesign.graphs.parts import messages
from hwdesign.graphs.sequential import States, Sweep

Way = Literal["forward", "backward"]

# Rows taken at once, so that a wide level needs no more memory than a narrow one.
_MAX_ROWS = 2048


class _Piece(NamedTuple):
    """Nodes of one level, and the edges into them: heard node and place among the nodes, place among the edges."""

    nodes: Tensor
    heard: Tensor
    into: Tensor
    edge: Tensor


class _Layer(nn.Module):
    """h_v = GRU([x_v, g_v], mean_{u→v} tanh(W h_u + E e_uv)), g the state after the sweep before."""

    def __init__(self, columns: int, edge_columns: int, hidden: int) -> None:
        super().__init__()
        self.message = nn.Linear(hidden, hidden)
        self.edge = nn.Linear(edge_columns, hidden, bias=False) if edge_columns else None
        self.update = nn.GRUCell(columns, hidden)

    def heard(self, h: Tensor, edge_attr: Tensor | None) -> Tensor:
        message = self.message(h)
        if self.edge is not None:
            message = message + self.edge(edge_attr)
        return torch.tanh(message)


class LevelisedNetwork(nn.Module):
    """States of all nodes by sweeps along and against the edges, level by level.

    In the first sweep h_v = GRU(x_v, m_v), m_v = mean_u tanh(W h_u + E e_uv), where u runs over the nodes that v reads
    (backward: that read v) and m_v takes the place of the GRU's state, as in DAGNN (Thost and Chen, ICLR 2021); every
    later sweep has weights of its own and takes the state before it beside x_v. The mean and the gates keep rounding
    errors from growing along deep graphs.

    Runs on a whole graph (`forward`), on a batch of `PartitionLoader`, or part by part (`hwdesign.graphs.Sequential`).

    Args:
        columns: of `x`.
        hidden: width of a state.
        edge_columns: of `edge_attr`; 0 leaves it aside.
        directions: of the sweeps.
    """

    def __init__(
        self, columns: int, hidden: int, *, edge_columns: int = 0, directions: Sequence[Way] = ("forward",)
    ) -> None:
        super().__init__()
        self.hidden = hidden
        self.directions = tuple(directions)
        self.layers = nn.ModuleList(
            _Layer(columns + (hidden if at else 0), edge_columns, hidden) for at in range(len(self.directions))
        )

    def forward(self, data: Data) -> Tensor:
        """float32[nodes, hidden]; edges into registers (`data.registered`) carry nothing.

        Raises:
            LoopError: the edges form a cycle.
        """
        edges, place = signal_edges(data)
        src, dst, edge = (torch.from_numpy(array) for array in (edges[0], edges[1], place))
        before: Tensor | None = None
        for layer, direction in zip(self.layers, self.directions, strict=True):
            heard, hearing = (src, dst) if direction == "forward" else (dst, src)
            assert isinstance(layer, _Layer)
            before = self._sweep(layer, data, before, int(data.num_nodes), None, (heard, hearing, edge))
        assert before is not None
        return before

    def sweeps(self) -> Sequence[Sweep]:
        """For `hwdesign.graphs.Sequential`; the result is named `h`."""
        return [
            Sweep(direction, partial(self._part, at, direction), ("h",), ("h",))
            for at, direction in enumerate(self.directions)
        ]

    def _part(self, at: int, direction: Way, data: Data, own: States, near: States) -> States:
        layer = self.layers[at]
        assert isinstance(layer, _Layer)
        edges = messages(data, direction)
        return {"h": self._sweep(layer, data, own.get("h"), int(data.counts[0]), near.get("h"), edges)}

    def _sweep(
        self,
        layer: _Layer,
        data: Data,
        before: Tensor | None,
        count: int,
        known: Tensor | None,
        edges: tuple[Tensor, Tensor, Tensor],
    ) -> Tensor:
        h = data.x.new_zeros(count, self.hidden) if known is None else known
        for piece in _pieces(*edges, count):
            heard = h.new_zeros(len(piece.nodes), self.hidden)
            for begin in range(0, len(piece.edge), _MAX_ROWS):
                some = slice(begin, begin + _MAX_ROWS)
                attr = data.edge_attr[piece.edge[some]] if layer.edge is not None else None
                heard = heard.index_add(0, piece.into[some], layer.heard(h[piece.heard[some]], attr))
            fanins = torch.bincount(piece.into, minlength=len(piece.nodes)).clamp(min=1)
            given = data.x[piece.nodes]
            if before is not None:
                given = torch.cat([given, before[piece.nodes]], 1)
            # In place: a gather keeps no values for its backward pass, so earlier gathers stay valid.
            h[piece.nodes] = layer.update(given, heard / fanins[:, None])
        return h[:count]


def _pieces(sent: Tensor, hearing: Tensor, edge: Tensor, count: int) -> Iterator[_Piece]:
    """Nodes 0 .. count - 1 level by level, large levels in pieces; nodes from `count` on are known."""
    src, dst = sent.numpy(), hearing.numpy()
    inner = src < count
    level = kernels.levelize(src[inner].astype(np.int32), dst[inner].astype(np.int32), count)
    if count and int(level.min()) < 0:
        raise LoopError(
            f"{int((level < 0).sum())} nodes lie on cycles or behind them",
            mend="levelised message passing needs an acyclic graph",
        )
    nodes = np.argsort(level, kind="stable")
    place = np.empty(count, np.int64)
    place[nodes] = np.arange(count)
    order = np.argsort(place[dst], kind="stable")
    reader = place[dst[order]]
    for begin, end in _bounds(level):
        first, last = np.searchsorted(reader, [begin, end])
        some = order[first:last]
        arrays = nodes[begin:end], src[some], reader[first:last] - begin, some
        chosen, heard, into, edges = (torch.from_numpy(array) for array in arrays)
        yield _Piece(chosen, heard, into, edge[edges])


def _bounds(level: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    begin = 0
    for size in np.bincount(level).tolist():
        for at in range(begin, begin + size, _MAX_ROWS):
            yield at, min(at + _MAX_ROWS, begin + size)
        begin += size
