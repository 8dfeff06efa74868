"""Probability propagation without parameters: COP, exact windows, and windows with first-order covariances.

Each gate's window (see `hwdesign.aig.cuts`) makes it a Boolean function f of at most six leaves x with probabilities p.

* `window`: E f for independent leaves, the multilinear extension of f at p.
* `covariance`: leaves far apart still share inputs. Each variable v carries s_v[j] = Cov(v, input j)/σ_j to first
  order, passed on by the chain rule s_v = Σ_i (∂f/∂p_i) s_i; then Cov(i, k) ≈ s_i·s_k, and
  E f ≈ f(p) + Σ_{i<k} ∂²f/∂p_i∂p_k Cov(i, k), the Bahadur expansion to second order (R. R. Bahadur, "A representation
  of the joint distribution of responses to n dichotomous items", 1961). For more inputs than the sketch is wide,
  inputs are projected by random signs, which keeps the products unbiased (W. Johnson and J. Lindenstrauss, 1984).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Data

from hwdesign.aig.cuts import MAX_LEAVES

Prior = Literal["covariance", "window", "cop"]

# Rows taken at once: with six leaves a row and sketches 1024 wide, 2048 rows take 50 MB.
_MAX_ROWS = 2048
_SIGN_SEED = 20_240_229


class Level(NamedTuple):
    """AND nodes of one level, n of them.

    Attributes:
        own: int64[n], their nodes.
        fanin: int64[2, n], inverted: float32[2, n].
        leaves: int64[6, n], table: int64[n], their cuts.
    """

    own: Tensor
    fanin: Tensor
    inverted: Tensor
    leaves: Tensor
    table: Tensor


def levels(data: Data) -> Iterator[Level]:
    """AND nodes level by level, large levels in pieces; those of all graphs of a batch together."""
    level = data.level[data.and_index]
    order = torch.argsort(level, stable=True)
    own, fanin, inverted = data.and_index[order], data.fanin_index[:, order], data.fanin_inverted[order].t()
    leaves, table = data.cut_index[:, order], data.cut_table[order]
    at = 0
    for size in torch.bincount(level)[1:].tolist():
        end = at + size
        while at < end:
            rows = slice(at, min(at + _MAX_ROWS, end))
            at = rows.stop
            yield Level(own[rows], fanin[:, rows], inverted[:, rows], leaves[:, rows], table[rows])


def _table_bits(table: Tensor) -> Tensor:
    """float32[n, 64]: the truth table's bits."""
    return ((table[:, None] >> torch.arange(1 << MAX_LEAVES, device=table.device)) & 1).float()


def window_probability(table: Tensor, leaf_probability: Tensor) -> Tensor:
    """Multilinear extension of a truth table: P(node = 1) for independent leaves.

    Args:
        table: int64[n], bit m is the node's value where leaf i is bit i of m.
        leaf_probability: float32[n, 6].
    """
    value = _table_bits(table).to(leaf_probability)
    for leaf in reversed(range(MAX_LEAVES)):
        low, high = value.chunk(2, dim=1)
        value = torch.lerp(low, high, leaf_probability[:, leaf : leaf + 1])
    return value[:, 0]


def clamp_joint(p: Tensor, literal: Tensor) -> Tensor:
    """P(a ∧ b) kept within max(0, P(a) + P(b) - 1) and min(P(a), P(b)); `literal` is float32[2, n]."""
    low = (literal.sum(0) - 1.0).clamp(min=0.0)
    return torch.minimum(torch.maximum(p, low), literal.amin(0))


class Statistics(NamedTuple):
    """Of n windows under independent leaves.

    Attributes:
        deviation: float32[n, 6], σ of each leaf.
        gradient: float32[n, 6], ∂f/∂p_i.
        curvature: float32[n, 6, 6], ∂²f/∂p_i∂p_k, 0 on the diagonal.
    """

    deviation: Tensor
    gradient: Tensor
    curvature: Tensor


@torch.no_grad()
def leaf_statistics(table: Tensor, leaf_probability: Tensor) -> Statistics:
    """First and second derivatives of the multilinear extension.

    Args:
        table: int64[n].
        leaf_probability: float32[n, 6].
    """
    p = leaf_probability[:, :, None]
    minterm = torch.arange(1 << MAX_LEAVES, device=table.device)
    ones = ((minterm[None, :] >> torch.arange(MAX_LEAVES, device=table.device)[:, None]) & 1).float()
    weight = torch.lerp(1.0 - p, p, ones[None]).prod(1)
    variance = (p * (1.0 - p)).clamp(min=1e-7)
    z = (ones[None] - p) / variance
    hit = (_table_bits(table) * weight)[:, None, :]
    gradient = (z * hit).sum(2)
    curvature = (z * hit) @ z.transpose(1, 2)
    curvature *= 1.0 - torch.eye(MAX_LEAVES, device=table.device)
    return Statistics(variance[:, :, 0].sqrt(), gradient, curvature)


class Sketch:
    """First-order covariances of all variables of a (batched) graph.

    Args:
        data: graph.
        width: most columns; a graph with at most as many inputs has one each and no projection error.
    """

    def __init__(self, data: Data, width: int) -> None:
        width = min(width, int(data.input_count.max()))
        device = data.x.device
        self._value = torch.zeros(int(data.num_nodes), width, device=device)
        inputs = torch.nonzero(data.input_rank >= 0)[:, 0]
        rank, count = data.input_rank[inputs], data.input_count[inputs]
        p = data.input_probability[inputs]
        deviation = (p * (1.0 - p)).sqrt()
        exact = count <= width
        self._value[inputs[exact], rank[exact]] = deviation[exact]
        if not bool(exact.all()):
            generator = torch.Generator().manual_seed(_SIGN_SEED)
            signs = torch.randint(0, 2, (int(rank.max()) + 1, width), generator=generator).to(device) * 2.0 - 1.0
            rest = ~exact
            self._value[inputs[rest]] = signs[rank[rest]] * (deviation[rest] / width**0.5)[:, None]
        self._pending = self._value[:0]

    @property
    def rows(self) -> Tensor:
        """float32[V, width]: s_v of each variable; 0 where it is not known yet."""
        return self._value

    @torch.no_grad()
    def shift(self, leaf: Statistics, leaves: Tensor) -> Tensor:
        """float32[n]: what the leaves' covariances add to the gates' probabilities.

        Args:
            leaf: of the gates' windows.
            leaves: int64[6, n].
        """
        rows = self._value[leaves.t()]
        covariance = rows @ rows.transpose(1, 2)
        limit = leaf.deviation[:, :, None] * leaf.deviation[:, None, :]
        covariance = torch.minimum(torch.maximum(covariance, -limit), limit)
        self._pending = (leaf.gradient[:, None, :] @ rows)[:, 0]
        return 0.5 * (leaf.curvature * covariance).sum((1, 2))

    @torch.no_grad()
    def settle(self, own: Tensor, probability: Tensor) -> None:
        """Store the rows of the gates last asked for, no longer than their deviation σ allows."""
        deviation = (probability * (1.0 - probability)).clamp(min=0.0).sqrt()
        length = self._pending.norm(dim=1).clamp(min=1e-9)
        self._value[own] = self._pending * (deviation / length).clamp(max=1.0)[:, None]


@torch.no_grad()
def propagate(data: Data, prior: Prior, *, width: int = 1024) -> Tensor:
    """float32[V]: probabilities by a prior alone, with no parameter.

    Args:
        data: made by `hwdesign.aig.data.make_graph`.
        prior: see the module's text.
        width: of the covariance sketches.
    """
    if prior == "cop":
        return torch.as_tensor(data.cop)
    p: Tensor = data.input_probability.clone()
    sketch = Sketch(data, width) if prior == "covariance" else None
    for level in levels(data):
        leaf_p = p[level.leaves].t()
        value = window_probability(level.table, leaf_p)
        if sketch is not None:
            value = value + sketch.shift(leaf_statistics(level.table, leaf_p), level.leaves)
        fanin_p = p[level.fanin]
        value = clamp_joint(value, torch.lerp(fanin_p, 1.0 - fanin_p, level.inverted))
        p[level.own] = value
        if sketch is not None:
            sketch.settle(level.own, value)
    return p
