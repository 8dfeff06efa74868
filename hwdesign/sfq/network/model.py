"""The architecture-level model: pulses in time slots through random synapses, mergers and leaky threshold neurons.

Time goes from one occupied slot of the code to the next; a neuron fires on arrivals alone, so that nothing happens in
between but the leak. In a slot,

- a synapse passes a pulse with the probability Φ((IX - µ)/σ), drawn anew for each pulse (Bernoulli thinning);
- a fan-in tree gives one pulse where one or more come in: its mergers' dead time is shorter than a slot;
- a neuron's loop, in quanta, has leaked by exp(-t/τ) since the last slot and takes the pulse up; a pulse that lifts it
  beyond the threshold `base` - `gain`·IT fires the neuron and takes a quantum away.

µ and the thresholds differ between chips by the spreads that the tables tell. The currents are what is trained. Draws
pass their gradient on to the probability, firing passes it on through a triangle around the threshold.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hwdesign.errors import ConfigError
from hwdesign.sfq.network.network import Coding, Layer, Network
from hwdesign.sfq.network.tables import CellTables
from hwdesign.sfq.network.tasks import Task

UNIT_UA = 10.0
"""Microampere in a unit of the trained numbers, so that one learning rate suits all."""
SURROGATE_WIDTH = 0.5
"""Half width of the triangle, in quanta."""
_LAST_QUANTA = 0.7
"""Threshold that training starts an output from: one pulse fires it."""


class _Draw(torch.autograd.Function):
    """Bernoulli draws whose gradient is that of their probability."""

    @staticmethod
    def forward(ctx: Any, probability: Tensor) -> Tensor:
        """Zeros and ones."""
        return torch.bernoulli(probability)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """Straight through."""
        return grad


class _Fire(torch.autograd.Function):
    """1 above zero; the gradient is a triangle's."""

    @staticmethod
    def forward(ctx: Any, excess: Tensor) -> Tensor:
        """Zeros and ones."""
        ctx.save_for_backward(excess)
        return (excess > 0).to(excess.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """Triangle of area one."""
        (excess,) = ctx.saved_tensors
        return grad * torch.clamp(1 - excess.abs() / SURROGATE_WIDTH, min=0) / SURROGATE_WIDTH


class SfqLayer(nn.Module):
    """One layer; its parameters are currents in units of 10 µA.

    Args:
        inputs, outputs: widths.
        tables: of the cells.
        decay: float[slots], what is left of a loop's current since the slot before.
        quanta: threshold that the neurons start from.
    """

    def __init__(self, inputs: int, outputs: int, tables: CellTables, decay: Tensor, quanta: float) -> None:
        super().__init__()
        synapse, neuron = tables.synapse, tables.neuron
        width = math.hypot(synapse.sigma_ua, synapse.mu_spread_ua)
        # Half a width above even odds: pulses have to reach the output for a gradient to come back.
        self.ix = nn.Parameter((synapse.mu_ua + width * (0.5 + torch.randn(outputs, inputs))) / UNIT_UA)
        start = torch.full((outputs,), quanta) + 0.1 * torch.randn(outputs)
        self.it = nn.Parameter((neuron.base - start) / neuron.gain / UNIT_UA)
        self.tables, self.decay = tables, decay

    def forward(self, pulses: Tensor, spread: float) -> Tensor:
        """Pulses float[chips, patterns, inputs, slots] to float[chips, patterns, neurons, slots].

        Args:
            pulses: zeros and ones.
            spread: in units of the tables' spreads.
        """
        synapse, neuron = self.tables.synapse, self.tables.neuron
        chips = pulses.shape[0]
        mu = synapse.mu_ua + spread * synapse.mu_spread_ua * torch.randn(chips, *self.ix.shape)
        weight = torch.special.ndtr((self.ix * UNIT_UA - mu) / synapse.sigma_ua)
        theta = neuron.base - neuron.gain * UNIT_UA * self.it
        theta = theta + spread * neuron.spread * torch.randn(chips, *self.it.shape)
        sent = pulses.unsqueeze(2) * weight[:, None, :, :, None]
        passed: Tensor = _Draw.apply(sent)  # type: ignore[no-untyped-call]
        merged = 1 - torch.prod(1 - passed, dim=3)
        loop = torch.zeros(merged.shape[:3])
        fired = []
        for arriving, decay in zip(merged.unbind(-1), self.decay, strict=True):
            loop = loop * decay + arriving
            out = arriving * _Fire.apply(loop - theta[:, None, :])  # type: ignore[no-untyped-call]
            loop = loop - out
            fired.append(out)
        return torch.stack(fired, dim=-1)


class SfqModel(nn.Module):
    """Layers over one code.

    Args:
        widths: neurons of each layer.
        coding: of the inputs.
        tables: of the cells.
        quanta: threshold that the hidden neurons start from; between one and two, they look for coincidences.

    Raises:
        ConfigError: a slot is not longer than the cells' dead time.
    """

    def __init__(self, widths: Sequence[int], coding: Coding, tables: CellTables, quanta: float = 1.2) -> None:
        super().__init__()
        dead = max(tables.merger_dead_time_ps, tables.neuron.dead_time_ps)
        if coding.slot_ps <= dead:
            raise ConfigError(
                f"slots of {coding.slot_ps:g} ps are not longer than the cells' dead time of {dead:g} ps",
                mend="take longer slots",
            )
        self.coding, self.tables = coding, tables
        rails = coding.slots * (2 if coding.dual_rail else 1)
        self.occupied, self.place = np.unique(rails, return_inverse=True)
        begin = np.arange(coding.pulses)[:, None] * coding.period_ps + self.occupied * coding.slot_ps
        gaps = np.diff(begin.reshape(-1), prepend=0.0)
        decay = torch.from_numpy(np.exp(-gaps / tables.neuron.tau_ps).astype(np.float32))
        sizes = [coding.rails, *widths]
        last = len(widths) - 1
        self.stack: list[SfqLayer] = [
            SfqLayer(a, b, tables, decay, quanta if at < last else _LAST_QUANTA)
            for at, (a, b) in enumerate(itertools.pairwise(sizes))
        ]
        self.layers = nn.ModuleList(self.stack)

    def encode(self, patterns: ArrayLike) -> Tensor:
        """float[P, rails, slots]: where the pulses of patterns float[P, features] lie."""
        active = self.coding.active(patterns)
        pulses = np.zeros((*active.shape, len(self.occupied)), np.float32)
        pulses[:, np.arange(len(self.place)), :, self.place] = active.transpose(1, 0, 2)
        return torch.from_numpy(pulses.reshape(*active.shape[:2], -1))

    def forward(self, pulses: Tensor, chips: int, spread: float = 1.0) -> Tensor:
        """Counts of the outputs, float[chips, patterns, outputs], of `encode`d pulses on freshly drawn chips."""
        x = pulses.unsqueeze(0).expand(chips, -1, -1, -1)
        for layer in self.stack:
            x = layer(x, spread)
        return x.sum(dim=-1)

    def clamp(self, ix_ua: tuple[float, float], it_ua: tuple[float, float]) -> None:
        """Keep the currents within what the cells stand."""
        with torch.no_grad():
            for layer in self.stack:
                layer.ix.clamp_(ix_ua[0] / UNIT_UA, ix_ua[1] / UNIT_UA)
                layer.it.clamp_(it_ua[0] / UNIT_UA, it_ua[1] / UNIT_UA)

    def network(self, name: str, decide_at: int, *, prune_below: float = 0.0) -> Network:
        """The trained currents as a network.

        Args:
            name: of the network.
            decide_at: count from which a single output says yes.
            prune_below: synapses that pass fewer pulses than this share, on the mean over chips, are left out.

        Raises:
            NetlistError: nothing is left of an output.
        """
        synapse, neuron = self.tables.synapse, self.tables.neuron
        width = math.hypot(synapse.sigma_ua, synapse.mu_spread_ua)
        layers = []
        for layer in self.stack:
            ix = (layer.ix * UNIT_UA).detach().double()
            share = torch.special.ndtr((ix - synapse.mu_ua) / width)
            rows = tuple(
                tuple(round(i, 3) if s >= prune_below else None for i, s in zip(currents, shares, strict=True))
                for currents, shares in zip(ix.tolist(), share.tolist(), strict=True)
            )
            it = tuple(round(i, 3) for i in (layer.it * UNIT_UA).detach().double().tolist())
            layers.append(Layer(
                ix_ua=rows, it_ua=it, l_storage_ph=neuron.l_storage_ph, r_leak_ohm=neuron.r_leak_ohm,
            ))  # fmt: skip
        return Network(
            name=name, coding=self.coding, layers=tuple(layers), decide_at=decide_at,
            temperature_k=self.tables.temperature_k,
        ).pruned()  # fmt: skip

    def load(self, network: Network) -> None:
        """Take the currents of a network of the same widths; a missing synapse passes nothing."""
        with torch.no_grad():
            for layer, own in zip(self.stack, network.layers, strict=True):
                rows = [[-1e3 if i is None else i / UNIT_UA for i in row] for row in own.ix_ua]
                layer.ix.copy_(torch.tensor(rows))
                layer.it.copy_(torch.tensor(own.it_ua) / UNIT_UA)


def model_of(network: Network, tables: CellTables) -> SfqModel:
    """The architecture-level model of a network that is complete."""
    model = SfqModel([layer.outputs for layer in network.layers], network.coding, tables)
    model.load(network)
    return model


def accuracy(network: Network, task: Task, tables: CellTables, *, chips: int = 512, spread: float = 1.0) -> float:
    """Share of right decisions of the architecture-level model on freshly drawn chips.

    Args:
        network: complete.
        task: patterns and classes.
        tables: of the cells.
        chips: number of chips.
        spread: in units of the tables' spreads.
    """
    model = model_of(network, tables)
    with torch.no_grad():
        counts = model(model.encode(task.patterns), chips, spread)
    decisions = network.decide(counts.round().long().numpy())
    return float((decisions == task.labels).mean())
