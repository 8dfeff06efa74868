"""The AIG encoder: levelised message passing that corrects probability propagation gate by gate."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch_geometric.data import Data

from hwdesign.aig.data import COLUMNS
from hwdesign.aig.propagate import Prior, Sketch, clamp_joint, leaf_statistics, levels, window_probability
from hwdesign.learn import Section


class EncoderConfig(Section):
    """Shape of the encoder.

    Attributes:
        hidden: width of a node's state.
        rounds: synchronous message-passing rounds, fan-in and fan-out, before the sweep.
        prior: what a gate's learned correction is applied to, see `hwdesign.aig.propagate`: `covariance`, `window`,
            `cop`, or `none` (the network alone).
        sketch: width of the covariance sketches; exact for circuits with no more inputs.
        recurrent: let states, and not only probabilities and sketches, run through the sweep. Without it a gate's
            correction depends on its neighbourhood alone, which carries over better to deeper circuits.
        level_feature: give a node's level as input columns.
        cop_feature: give COP's estimate as an input column.
        dropout: on the context's state, while training.
    """

    hidden: int = Field(default=32, ge=4, le=512)
    rounds: int = Field(default=2, ge=0, le=8)
    prior: Literal["covariance", "window", "cop", "none"] = "covariance"
    sketch: int = Field(default=1024, ge=8, le=4096)
    recurrent: bool = False
    level_feature: bool = False
    cop_feature: bool = False
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)


class Round(nn.Module):
    """One synchronous round: each node hears its fan-ins and its fan-outs, inversion being an edge attribute.

    h' = LayerNorm(ReLU(U [h, Σ_fanin ReLU(A h_u + e_inv), mean_fanout ReLU(B h_w + f_inv)]) + h)
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.from_fanin = nn.Linear(hidden, hidden)
        self.from_fanout = nn.Linear(hidden, hidden)
        self.edge_fanin = nn.Linear(1, hidden, bias=False)
        self.edge_fanout = nn.Linear(1, hidden, bias=False)
        self.update = nn.Linear(3 * hidden, hidden)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, h: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """float32[V, hidden] → float32[V, hidden]; edges int64[2, E], inversion float32[E, 1]."""
        src, dst = edge_index
        down = torch.relu(self.from_fanin(h)[src] + self.edge_fanin(edge_attr))
        up = torch.relu(self.from_fanout(h)[dst] + self.edge_fanout(edge_attr))
        heard = torch.zeros_like(h).index_add(0, dst, down)
        told = torch.zeros_like(h).index_add(0, src, up)
        fanout = torch.zeros(len(h), 1).to(h).index_add(0, src, torch.ones_like(edge_attr))
        out = self.update(torch.cat([h, heard, told / fanout.clamp(min=1.0)], 1))
        result: Tensor = self.norm(torch.relu(out) + h)
        return result


class _Estimate(NamedTuple):
    """What a gate's update starts from; float32[n] each but `literal`, float32[2, n]."""

    literal: Tensor
    spread: Tensor
    plain: Tensor
    shift: Tensor


class AigEncoder(nn.Module):
    """Signal probability of every variable of an AIG.

    Synchronous rounds give each node a context c from its neighbourhood. Then one sweep in topological order, level by
    level, computes from the contexts (with `recurrent`, the states h) and probabilities p of the fan-ins (u with
    inversion s; a, b the two literals)

        m_u = ReLU(W c_u + w s + v P(u))
        h   = LayerNorm(ReLU(U [c, m_a + m_b, m_a ⊙ m_b, ρ_plain, ρ_shift]))
        p   = p_plain + γ Δ + β min(1, |ρ_plain| + |ρ_shift|) tanh(δ) σ_a σ_b,   (γ, δ) from h

    where p_plain is exact for independent leaves of the gate's window, Δ the shift by the leaves' first-order
    covariances, σ² = P(1 - P), and ρ either estimate's correlation of a and b. p is kept within what the two
    literals allow (Fréchet). With γ = 1 and δ = 0, as at the start, this is the prior's own propagation.
    """

    # β, the largest correlation that the network may add to a gate. Corrections without a bound, or at gates that show
    # no correlation at all, add up along deep circuits.
    reach = 0.5

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        hidden = config.hidden
        unused = set() if config.level_feature else {"log_level", "relative_level"}
        unused |= set() if config.cop_feature else {"cop_logit"}
        self.columns = [at for at, name in enumerate(COLUMNS) if name not in unused]
        self.enter = nn.Linear(len(self.columns) + 1, hidden)
        self.rounds = nn.ModuleList(Round(hidden) for _ in range(config.rounds))
        self.dropout = nn.Dropout(config.dropout)
        self.message = nn.Linear(hidden + 2, hidden)
        self.update = nn.Linear(3 * hidden + 2, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.head = nn.Sequential(nn.Linear(hidden + 2, hidden), nn.ReLU(), nn.Linear(hidden, 2))
        # Start as the prior itself.
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, data: Data) -> Tensor:
        """float32[V]: P(variable = 1); `data` is made by `hwdesign.aig.data.make_graph`."""
        c = self.enter_columns(data)
        for layer in self.rounds:
            c = layer(c, data.edge_index, data.edge_attr)
        c = self.dropout(c)
        p: Tensor = data.input_probability.clone()
        sketch = Sketch(data, self.config.sketch) if self.config.prior == "covariance" else None
        self.sweep(data, c, c.clone(), p, sketch)
        return p

    def enter_columns(self, data: Data) -> Tensor:
        """float32[V, hidden]: what the rounds start from."""
        given = torch.cat([data.x[:, self.columns], data.input_probability[:, None]], 1)
        return torch.relu(self.enter(given))

    def sweep(self, data: Data, c: Tensor, h: Tensor, p: Tensor, sketch: Sketch | None) -> None:
        """Set the probabilities (and with `recurrent` the states) of the AND nodes, level by level, in place.

        Args:
            data: `level`, `and_index`, `fanin_index`, `fanin_inverted`, `cut_index` and `cut_table` are used.
            c: float32[V, hidden], contexts.
            h: float32[V, hidden], states, at first the contexts.
            p: float32[V], probabilities, known outside the AND nodes.
            sketch: covariances, for that prior.
        """
        for level in levels(data):
            estimate = self._estimate(p, level.fanin, level.inverted, level.leaves, level.table, sketch)
            new_h, new_p = self._step(h[level.fanin.reshape(-1)], level.inverted, c[level.own], estimate)
            # In place: a gather keeps no values for its backward pass, so earlier gathers stay valid.
            if self.config.recurrent:
                h[level.own] = new_h
            p[level.own] = new_p
            if sketch is not None:
                sketch.settle(level.own, new_p)

    def _estimate(
        self, p: Tensor, fanin: Tensor, inverted: Tensor, leaves: Tensor, table: Tensor, sketch: Sketch | None
    ) -> _Estimate:
        fanin_p = p[fanin]
        literal = torch.lerp(fanin_p, 1.0 - fanin_p, inverted)
        with torch.no_grad():
            spread = (literal * (1.0 - literal)).clamp(min=1e-12).prod(0).sqrt()
        prior = self.config.prior
        plain = literal[0] * literal[1] if prior in ("cop", "none") else window_probability(table, p[leaves].t())
        shift = (
            torch.zeros_like(spread) if sketch is None else sketch.shift(leaf_statistics(table, p[leaves].t()), leaves)
        )
        return _Estimate(literal, spread, plain, shift)

    def _step(self, fanin_h: Tensor, inverted: Tensor, context: Tensor, estimate: _Estimate) -> tuple[Tensor, Tensor]:
        literal, spread = estimate.literal, estimate.spread
        edges = torch.stack([inverted.reshape(-1), literal.reshape(-1)], 1)
        first, second = torch.relu(self.message(torch.cat([fanin_h, edges], 1))).chunk(2)
        with torch.no_grad():
            scale = spread.clamp(min=1e-3)
            plain = (estimate.plain - literal[0] * literal[1]) / scale
            known = torch.stack([plain, estimate.shift / scale], 1).clamp(-2.0, 2.0)
        if self.config.prior == "none":
            known = torch.zeros_like(known)
        h = self.norm(torch.relu(self.update(torch.cat([context, first + second, first * second, known], 1))))
        gain, delta = self.head(torch.cat([h, known], 1)).unbind(1)
        if self.config.prior == "none":
            return h, torch.sigmoid(4.0 * delta)
        # COP alone sees no correlation anywhere, so there the network decides without evidence.
        evidence = known.abs().sum(1).clamp(max=1.0) if self.config.prior != "cop" else torch.ones_like(delta)
        p = estimate.plain + 2.0 * torch.sigmoid(gain) * estimate.shift
        p = p + self.reach * evidence * torch.tanh(delta) * spread
        return h, clamp_joint(p, literal)


__all__ = ["AigEncoder", "EncoderConfig", "Prior", "Round"]
