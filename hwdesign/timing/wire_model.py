"""Predicted wires: a network that corrects the resistance and capacitance of each edge of a net's Steiner tree.

An edge of length L starts as r₀ + r₁ L and c₀ + c₁ L, half of the capacitance at each end. The network sees all edges
of a net at once and multiplies both numbers; subtree capacitances and Elmore delays follow exactly from the tree, and
gradients of losses on them reach the network.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch_geometric.data import Data

from hwdesign.settings import Section
from hwdesign.timing.features import COLUMNS
from hwdesign.timing.wires import RcForest, Wires, reduce_wires

_FARTHEST = 6.0  # standard deviations beyond which an input is no longer believed


class WireConfig(Section):
    """The network, and the wires that it starts from.

    The starting values are those of the SkyWater 130 nm process, found on the Tiny Tapeout 04 and 05 designs.

    Attributes:
        hidden: width.
        rounds: of messages between an edge, its parent, its children and its net.
        resistance: kΩ/µm.
        edge_resistance: kΩ more for each edge, for the vias at its ends.
        capacitance: fF/µm.
        edge_capacitance: fF more for each edge.
        largest: bound of the natural logarithm of the factors.
    """

    hidden: int = Field(default=64, ge=4, le=1024)
    rounds: int = Field(default=3, ge=0, le=16)
    resistance: float = Field(default=0.8e-3, gt=0)
    edge_resistance: float = Field(default=10e-3, ge=0)
    capacitance: float = Field(default=0.1635, gt=0)
    edge_capacitance: float = Field(default=0.15, ge=0)
    largest: float = Field(default=3.0, gt=0, le=10)


class EdgeValues(NamedTuple):
    """Of the edge from each tree node to its parent: kΩ and fF, float[V]. A root has no edge, but half its capacitance
    counts."""

    resistance: Tensor
    capacitance: Tensor


class WireNetwork(nn.Module):
    """See the module; inputs are graphs of `hwdesign.timing.dataset.wire_graph`, one or a batch of them."""

    mean: Tensor
    scale: Tensor

    def __init__(self, config: WireConfig) -> None:
        super().__init__()
        self.config = config
        width = config.hidden
        self.register_buffer("mean", torch.zeros(len(COLUMNS)))
        self.register_buffer("scale", torch.ones(len(COLUMNS)))
        self.first = nn.Sequential(nn.Linear(len(COLUMNS), width), nn.SiLU(), nn.Linear(width, width))
        self.rounds = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(4 * width), nn.Linear(4 * width, width), nn.SiLU(), nn.Linear(width, width))
            for _ in range(config.rounds)
        )
        last = nn.Linear(width, 2)
        # Training starts near the plain tree.
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)
        self.last = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), last)

    def standardise(self, x: Tensor) -> None:
        """Take mean and deviation of the inputs from training data, float[V, len(COLUMNS)]."""
        self.mean.copy_(x.double().mean(0))
        self.scale.copy_(x.double().std(0, unbiased=False).clamp(min=1e-3))

    def forward(self, graph: Data) -> EdgeValues:
        """Resistance and capacitance of every edge."""
        parent, root = graph.parent_index, graph.root_index
        count = len(parent)
        child = torch.nonzero(parent != torch.arange(count, device=parent.device))[:, 0]
        above = parent[child]
        ones = graph.length.new_ones(count)
        children = torch.zeros_like(ones).index_add(0, above, ones[child]).clamp(min=1)[:, None]
        members = torch.zeros_like(ones).index_add(0, root, ones).clamp(min=1)[:, None]
        inputs = ((graph.x - self.mean) / self.scale).clamp(-_FARTHEST, _FARTHEST)
        state = self.first(inputs)
        for layer in self.rounds:
            below = torch.zeros_like(state).index_add(0, above, state[child]) / children
            upper = torch.zeros_like(state).index_copy(0, child, state[above])
            whole = (torch.zeros_like(state).index_add(0, root, state) / members)[root]
            state = state + layer(torch.cat([state, below, upper, whole], 1))
        factor = self.last(state).clamp(-self.config.largest, self.config.largest).exp()
        base = base_values(graph, self.config)
        return EdgeValues(base.resistance * factor[:, 0], base.capacitance * factor[:, 1])


@torch.no_grad()
def predict_edges(network: WireNetwork, graph: Data, *, most: int = 1 << 15) -> EdgeValues:
    """The network's values in bounded memory: whole nets at a time, of about `most` tree nodes together.

    Nets see one another through the inputs alone, so that the parts give what the whole gives.
    """
    parent, root = graph.parent_index, graph.root_index
    starts = torch.nonzero(root == torch.arange(len(root)))[:, 0]
    if len(root) <= most:
        return EdgeValues(*network(graph))
    # The first net at or after each multiple of `most` begins a part.
    wanted = torch.arange(0, len(root), most)
    at = torch.searchsorted(starts, wanted)
    cuts = torch.unique(torch.cat([starts[at[at < len(starts)]], torch.tensor([len(root)])])).tolist()
    parts = []
    for begin, end in pairwise(cuts):
        rows = slice(begin, end)
        parts.append(
            network(
                Data(
                    x=graph.x[rows], length=graph.length[rows],
                    parent_index=parent[rows] - begin, root_index=root[rows] - begin,
                )
            )
        )  # fmt: skip
    return EdgeValues(torch.cat([part.resistance for part in parts]), torch.cat([part.capacitance for part in parts]))


def base_values(graph: Data, config: WireConfig) -> EdgeValues:
    """The edges that the network starts from."""
    return EdgeValues(
        config.edge_resistance + config.resistance * graph.length,
        config.edge_capacitance + config.capacitance * graph.length,
    )


def node_caps(graph: Data, edges: EdgeValues) -> Tensor:
    """fF of wire at each tree node, float64[V]: half of each edge's at either end, and at a root its own half."""
    half = 0.5 * edges.capacitance.double()
    child = graph.parent_index != torch.arange(len(half), device=half.device)
    return half.index_add(0, graph.parent_index[child], half[child])


def tree_wires(graph: Data, edges: EdgeValues) -> tuple[Wires, Tensor]:
    """Moments of the trees, in ps and fF, with the pins' capacitance; and wire capacitance of each node's net at roots.

    Returns:
        the wires, whose columns are float64[V, 1]; and float64[V], 0 beside roots.
    """
    count = len(graph.parent_index)
    every = torch.arange(count)
    branch = torch.where(graph.parent_index == every, -1, every)
    forest = RcForest(
        every, every.numpy(), graph.end_index, graph.parent_index, branch, graph.root_index, np.zeros(0, np.int64)
    )
    caps = node_caps(graph, edges)
    # kΩ · fF = ps
    wires = reduce_wires(forest, (caps + graph.pin_cap.double())[:, None], edges.resistance)
    return wires, torch.zeros_like(caps).index_add(0, graph.root_index, caps)
