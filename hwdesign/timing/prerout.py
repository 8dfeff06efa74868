"""PreRoutGNN: slacks from a placement by a network alone, with no parasitics and no timing engine.

Reimplemented from the paper: R. Zhong et al., "PreRoutGNN for Timing Prediction with Order Preserving Partition: Global
Circuit Pre-training, Local Delay Learning and Attentional Cell Modeling", AAAI 2024, arXiv 2403.00012. Pins have 27
features: 10 of their own, their level, 8 numbers that encode it, 4 latents of a pre-trained graph auto-encoder and the
mean of these over the graph. States then follow the levels: a net arc adds what its wire changes to its driver's state,
a cell arc looks its 8 tables up by attention over their axes. Loads reach the drivers by one round of messages from
sinks to drivers, as in the network that the paper starts from (Guo et al., DAC 2022).

Choices of ours where the paper leaves them open: widths, the residual at cell arcs, arrivals as a linear function of
the state, all other functions seeing only its hyperbolic tangent (so that it grows at most linearly along delay lines
of a thousand levels), and slacks as period minus arrival minus a learned margin of the endpoint and its clock pin.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch_geometric.data import Data

from hwdesign.settings import Section
from hwdesign.timing.pin_graph import PIN_COLUMNS, POINTS, TABLES, ArcTables

LATENT = 4
_ENCODINGS = 8
COLUMNS = len(PIN_COLUMNS) + 1 + _ENCODINGS + 2 * LATENT
"""Features of a pin."""

_CORNERS = 2
_LAYERS = 4
_LONGEST = 1000.0  # the slowest encoding's wavelength in levels, over 2π
_SLEW_NS, _LOAD_PF = 0.01, 0.005  # what logarithms of the tables' axes start from


class PreroutConfig(Section):
    """The network and its pre-training.

    Attributes:
        kind: tells this model's runs from others.
        hidden: width of a pin's state.
        heads: of the attention over tables.
        key: width of a key.
        pretrain_epochs: of the auto-encoder, over the training designs.
        pretrain_lr: its learning rate.
        divergence: weight of the latents' divergence from a standard normal distribution.
        auxiliary: weight of slews, net delays and cell delays in the loss.
    """

    kind: Literal["prerout"] = "prerout"
    hidden: int = Field(default=64, ge=8, le=512)
    heads: int = Field(default=2, ge=1, le=16)
    key: int = Field(default=8, ge=1, le=64)
    pretrain_epochs: int = Field(default=5, ge=0, le=1000)
    pretrain_lr: float = Field(default=3e-3, gt=0, le=1)
    divergence: float = Field(default=1e-3, ge=0)
    auxiliary: float = Field(default=0.5, ge=0)


class PinTimes(NamedTuple):
    """Predictions, ns but for `net`.

    Attributes:
        arrival: float[N, 4], latest rise and fall, earliest rise and fall.
        slew: float[N, 2], rise and fall.
        slack: float[N, 2], set-up slack of a path that ends there.
        net: float[W, 2], ps, of net arcs.
        cell: float[E, 2], of cell arcs.
    """

    arrival: Tensor
    slew: Tensor
    slack: Tensor
    net: Tensor
    cell: Tensor


def level_encoding(level: Tensor) -> Tensor:
    """The level and its sines and cosines at four wavelengths: int64[N] to float[N, 9]."""
    at = level.float()[:, None]
    pace = torch.exp(-math.log(_LONGEST) * torch.arange(_ENCODINGS // 2, device=level.device) / (_ENCODINGS // 2))
    return torch.cat([at / 20.0, torch.sin(at * pace), torch.cos(at * pace)], 1)


def _mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, outputs))


class _Neighbours(nn.Module):
    """h_v = φ(W h_v + Σ over arc kinds and ways of W_k mean_u h_u)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.own = nn.Linear(inputs, outputs)
        self.near = nn.ModuleList(nn.Linear(inputs, outputs, bias=False) for _ in range(4))

    def forward(self, h: Tensor, data: Data) -> Tensor:
        out: Tensor = self.own(h)
        for layer, (source, target) in zip(self.near, _ways(data), strict=True):
            count = h.new_zeros(len(h)).index_add(0, target, h.new_ones(len(target))).clamp(min=1)
            mean = torch.zeros_like(h).index_add(0, target, h[source]) / count[:, None]
            out = out + layer(mean)
        return out


def _ways(data: Data) -> Iterator[tuple[Tensor, Tensor]]:
    for index in (data.net_index, data.cell_index):
        yield index[0], index[1]
        yield index[1], index[0]


class AutoEncoder(nn.Module):
    """A variational graph auto-encoder of pins' own features and levels; 4 layers each way, 4 latents a pin."""

    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        columns = len(PIN_COLUMNS) + 1 + _ENCODINGS
        sizes = [columns, *[hidden] * (_LAYERS - 1), 2 * LATENT]
        self.encoder = nn.ModuleList(_Neighbours(a, b) for a, b in pairwise(sizes))
        sizes = [LATENT, *[hidden] * (_LAYERS - 1), columns]
        self.decoder = nn.ModuleList(_Neighbours(a, b) for a, b in pairwise(sizes))

    def encode(self, data: Data) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latents, float[N, 4] each."""
        found = _through(self.encoder, torch.cat([data.x, level_encoding(data.level)], 1), data)
        return found[:, :LATENT], found[:, LATENT:].clamp(-10, 10)

    def loss(self, data: Data, divergence: float) -> Tensor:
        """Mean square error of the features from drawn latents, and `divergence` times that of the latents."""
        mean, spread = self.encode(data)
        drawn = mean + torch.randn_like(mean) * (0.5 * spread).exp()
        given = torch.cat([data.x, level_encoding(data.level)], 1)
        error = (_through(self.decoder, drawn, data) - given).square().mean()
        excess = 0.5 * (mean.square() + spread.exp() - 1 - spread).mean()
        return error + divergence * excess


def _through(layers: nn.ModuleList, h: Tensor, data: Data) -> Tensor:
    for at, layer in enumerate(layers):
        h = layer(h, data)
        if at + 1 < len(layers):
            h = torch.tanh(h)
    return h


class _TableAttention(nn.Module):
    """Looks up the 8 tables of cell arcs: two attentions over a table's axes weigh its 49 values, one pair a head."""

    def __init__(self, inputs: int, heads: int, key: int) -> None:
        super().__init__()
        self.heads, self.key = heads, key
        tables = _CORNERS * len(TABLES)
        self.query = nn.Linear(inputs, tables * heads * 2 * key)
        self.row_key, self.col_key = _mlp(1, 16, heads * key), _mlp(1, 16, heads * key)
        self.columns = tables * heads

    def keys(self, tables: ArcTables) -> Tensor:
        """Keys of the axes of all arcs: float[A, 4, 2, 7, heads, key]."""
        rows = torch.log(tables.axes[:, :, 0, :, None].clamp(min=0) + _SLEW_NS)
        cols = torch.log(tables.axes[:, :, 1, :, None].clamp(min=0) + _LOAD_PF)
        found = torch.stack([self.row_key(rows), self.col_key(cols)], 2)
        return found.view(*found.shape[:-1], self.heads, self.key)

    def forward(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Values of n arcs: float[n, inputs], float[n, 4, 2, 7, heads, key], float[n, 4, 7, 7] to float[n, columns]."""
        shape = (_CORNERS, len(TABLES), self.heads, 2, self.key)
        asked = self.query(query).view(-1, *shape) / math.sqrt(self.key)
        weights = torch.einsum("ncthak,ntaphk->ncthap", asked, keys).softmax(-1)
        rows, cols = weights[..., 0, :], weights[..., 1, :]
        at_row = torch.einsum("ncthp,ntpq->ncthq", rows, values)
        return (at_row * cols).sum(-1).flatten(1)


class PreroutNetwork(nn.Module):
    """See the module; inputs are graphs of `pin_graph` with `latent`, and the tables of their library."""

    mean: Tensor
    scale: Tensor

    def __init__(self, config: PreroutConfig) -> None:
        super().__init__()
        self.config = config
        d = config.hidden
        self.register_buffer("mean", torch.zeros(2 * LATENT))
        self.register_buffer("scale", torch.ones(2 * LATENT))
        self.coder = AutoEncoder()
        self.sink = _mlp(COLUMNS + 2, d, d)
        self.pin = _mlp(COLUMNS + 2 * d, d, d)
        self.start = _mlp(d, d, d)
        self.wire = _mlp(3 * d + 2, d, d)
        self.sense = nn.Linear(4, d)
        self.attention = _TableAttention(3 * d, config.heads, config.key)
        self.arc = _mlp(3 * d + self.attention.columns, d, d)
        self.merge = _mlp(3 * d, d, d)
        self.net_delay, self.cell_delay = _mlp(3 * d + 2, d, 2), _mlp(d + self.attention.columns, d, 2)
        self.arrival, self.slew, self.margin = nn.Linear(d, 4), _mlp(2 * d, d, 2), _mlp(3 * d, d, 2)

    @torch.no_grad()
    def embed(self, graph: Data) -> None:
        """Give a single graph its `latent`, float[N, 8]: the pins' latents and their mean over the graph."""
        latent, _ = self.coder.encode(graph)
        graph.latent = torch.cat([latent, latent.mean(0).expand_as(latent)], 1)

    def standardise(self, latent: Tensor) -> None:
        """Take mean and deviation of the latents from training data, float[N, 8]."""
        self.mean.copy_(latent.mean(0))
        self.scale.copy_(latent.std(0, unbiased=False).clamp(min=1e-3))

    def forward(self, data: Data, tables: ArcTables) -> PinTimes:
        """Times of all pins and arcs of a graph or a batch."""
        x = torch.cat([data.x, level_encoding(data.level), (data.latent - self.mean) / self.scale], 1)
        pins = self._loads(x, data)
        source, target = data.cell_index
        used, place = torch.unique(data.cell_arc, return_inverse=True)
        some = ArcTables(tables.axes[used], tables.values[used], tables.known[used], tables.kind[used])
        keys, kinds = self.attention.keys(some), self.sense(some.kind)
        h = self.start(pins)
        changes: list[tuple[Tensor, Tensor]] = []
        for arcs, is_net in _levels(data):
            if is_net:
                begin, end = data.net_index[:, arcs]
                before = h[begin]
                told = torch.cat([torch.tanh(before), pins[begin], pins[end], data.net_attr[arcs]], 1)
                # In place: a gather keeps no values for its backward pass, so earlier gathers stay valid.
                h[end] = before + self.wire(told)
                continue
            begin, end, which = source[arcs], target[arcs], place[arcs]
            before = h[begin]
            told = torch.cat([torch.tanh(before), pins[end], kinds[which]], 1)
            looked = self.attention(told, keys[which], some.values[which])
            changes.append((arcs, torch.cat([kinds[which], looked], 1)))
            message = before + self.arc(torch.cat([told, looked], 1))
            nodes, group = torch.unique(end, return_inverse=True)
            spread = group[:, None].expand_as(message)
            most = message.new_zeros(len(nodes), message.shape[1]).scatter_reduce(
                0, spread, message, "amax", include_self=False
            )
            total = torch.zeros_like(most).index_add(0, group, torch.tanh(message))
            h[nodes] = most + self.merge(torch.cat([torch.tanh(most), total, pins[nodes]], 1))
        return self._read(h, pins, data, changes)

    def _loads(self, x: Tensor, data: Data) -> Tensor:
        """States of pins alone, float[N, hidden]: of drivers with their sinks', and of sinks with their driver's."""
        begin, end = data.net_index
        sinks = self.sink(torch.cat([x[end], data.net_attr], 1))
        total = sinks.new_zeros(len(x), sinks.shape[1]).index_add(0, begin, sinks)
        far = begin[:, None].expand_as(sinks)
        most = torch.zeros_like(total).scatter_reduce(0, far, sinks, "amax", include_self=False)
        total, most = (v.index_copy(0, end, v[begin]) for v in (total, most))
        pins: Tensor = self.pin(torch.cat([x, total, most], 1))
        return pins

    def _read(self, h: Tensor, pins: Tensor, data: Data, changes: list[tuple[Tensor, Tensor]]) -> PinTimes:
        begin, end = data.net_index
        seen = torch.tanh(h)
        wires = self.net_delay(torch.cat([seen[begin], pins[begin], pins[end], data.net_attr], 1))
        cells = h.new_zeros(data.cell_index.shape[1], 2)
        if changes:
            order = torch.cat([arcs for arcs, _ in changes])
            cells = cells.index_copy(0, order, self.cell_delay(torch.cat([told for _, told in changes])))
        clock = torch.zeros_like(h).index_copy(0, data.check_index[1], seen[data.check_index[0]])
        arrival = self.arrival(h)
        margin = self.margin(torch.cat([seen, pins, clock], 1))
        slack = data.period[:, None] - arrival[:, :2] - margin
        return PinTimes(arrival, self.slew(torch.cat([seen, pins], 1)), slack, wires, cells)


def _levels(data: Data) -> Iterator[tuple[Tensor, bool]]:
    """Arcs in the order of their targets' levels, and whether they are net arcs."""
    found = []
    for index, is_net in ((data.cell_index, False), (data.net_index, True)):
        level = data.level[index[1]]
        order = torch.argsort(level, stable=True)
        counts = torch.bincount(level).tolist()
        found += [(at, is_net, arcs) for at, arcs in enumerate(torch.split(order, counts)) if len(arcs)]
    for _, is_net, arcs in sorted(found, key=lambda item: item[:2]):
        yield arcs, is_net


__all__ = ["COLUMNS", "LATENT", "POINTS", "AutoEncoder", "PinTimes", "PreroutConfig", "PreroutNetwork",
           "level_encoding"]  # fmt: skip
