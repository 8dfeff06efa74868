"""A network at circuit level: all patterns on many chips with noise and spreads, on the embedded engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.errors import NetlistError
from hwdesign.sfq.bench import stimulus
from hwdesign.sfq.network.netlist import DUT, network_bench
from hwdesign.sfq.network.network import Network
from hwdesign.sfq.process import FLUX_QUANTUM, LINEAR_10KA, Process
from hwdesign.spice import Circuit, Transient, compile_deck, simulate

Report = Callable[[int, int], None]

_BLOCK = 256
"""Instances simulated at once: enough for the solver's speed, few enough to tell of progress between them."""

LEAST_FACTOR = 0.1
"""Spreads are cut off where a value would fall below this share of itself."""


@dataclass(frozen=True)
class Spread:
    """Local spreads: independent Gaussian factors, one an element.

    Attributes:
        ic: relative standard deviation of each junction's critical current (its area, and so its capacitance).
        l: of each inductor.
        r: of each resistor, the junctions' shunts among them.
        bias: of each bias current source.
    """

    ic: float = 0.05
    l: float = 0.05  # noqa: E741
    r: float = 0.05
    bias: float = 0.0

    @classmethod
    def local(cls, sigma: float) -> Spread:
        """The same spread for junctions, inductors and resistors."""
        return cls(sigma, sigma, sigma)


def spread_batch(
    circuit: Circuit, chips: int, spread: Spread, seed: int, within: str = DUT
) -> dict[str, NDArray[np.float64]]:
    """Values of every element of an instance, float64[chips] each, under local spreads."""
    rng = np.random.default_rng([seed, 0x5F9])
    sigma = {"B": spread.ic, "L": spread.l, "R": spread.r, "I": spread.bias}
    found: dict[str, NDArray[np.float64]] = {}
    for element in circuit.elements:
        if element.kind in sigma and element.name.endswith("|" + within):
            # Drawn for every element, so that each sees the same factor whatever the other sigmas are.
            factor = np.maximum(1 + sigma[element.kind] * rng.standard_normal(chips), LEAST_FACTOR)
            if sigma[element.kind]:
                found[element.name] = circuit.nominal(element.name) * factor
    return found


@dataclass(frozen=True)
class PatternRun:
    """Circuit-level simulation of all patterns on all chips.

    Attributes:
        counts: int64[chips, patterns, outputs], pulses of each output neuron.
        decisions: int64[chips, patterns].
        labels: int64[patterns].
        failed: bool[chips, patterns]: the simulation broke down; counted as decided wrongly.
        latency_ps: float64[chips, patterns], from the first source's edge to the first output pulse; NaN without one.
        energy_aj: float64[chips, patterns], ∫ Ib·V dt over all bias currents of the network, attojoule.
        junctions: number of junctions of the network.
        bias_ma: sum of the network's bias currents.
        window_ps: length of the window.
        pulses: most pulses in a window.
        decide_at: threshold of a single output.
    """

    counts: NDArray[np.int64]
    decisions: NDArray[np.int64]
    labels: NDArray[np.int64]
    failed: NDArray[np.bool_]
    latency_ps: NDArray[np.float64]
    energy_aj: NDArray[np.float64]
    junctions: int
    bias_ma: float
    window_ps: float
    pulses: int
    decide_at: int

    @property
    def correct(self) -> NDArray[np.bool_]:
        """bool[chips, patterns]."""
        right: NDArray[np.bool_] = (self.decisions == self.labels) & ~self.failed
        return right

    @property
    def all_correct(self) -> float:
        """Share of chips that decide every pattern correctly."""
        return float(self.correct.all(axis=1).mean())

    @property
    def margins(self) -> NDArray[np.float64]:
        """float64[chips, patterns]: how far a count is on the right side, in units of a full window.

        One output: distance from the decision threshold, half a pulse below `decide_at`. More outputs: count of the
        right one less the highest of the others. Negative where the decision is wrong.
        """
        if self.counts.shape[2] == 1:
            sign = np.where(self.labels > 0, 1.0, -1.0)
            return np.asarray(sign * (self.counts[..., 0] - (self.decide_at - 0.5)) / self.pulses)
        at = np.broadcast_to(self.labels[None, :, None], (*self.counts.shape[:2], 1))
        right = np.take_along_axis(self.counts, at, axis=2)[..., 0]
        others = self.counts.copy()
        np.put_along_axis(others, at, -1, axis=2)
        return np.asarray((right - others.max(axis=2)) / self.pulses)


def simulate_patterns(
    network: Network,
    patterns: ArrayLike,
    labels: Sequence[int] | NDArray[np.int64],
    *,
    chips: int = 1,
    spread: Spread | None = None,
    temperature_k: float | None = None,
    seed: int = 0,
    process: Process = LINEAR_10KA,
    threads: int = 1,
    step_ps: float = 0.1,
    report: Report = lambda done, total: None,
) -> PatternRun:
    """Simulate every pattern on every chip. A chip's spreads are the same for all patterns, its noise is not.

    Args:
        network: with its currents.
        patterns: float[P, features] in 0..1.
        labels: class of each pattern.
        chips: number of Monte Carlo instances.
        spread: None for none.
        temperature_k: of the network's shunts; 0 for no noise; by default the network's own.
        seed: of spreads and noise.
        process: process card.
        threads: of the simulator.
        step_ps: of the simulation.
        report: told how many of the chips are done.

    Raises:
        NetlistError: labels and patterns differ in number; see `build_network`.
    """
    times = network.coding.times_ps(patterns)
    truth = np.asarray(labels, np.int64)
    if truth.shape != (len(times),):
        raise NetlistError(f"{truth.size} labels for {len(times)} patterns")
    kelvin = network.temperature_k if temperature_k is None else temperature_k
    circuit = compile_deck(network_bench(network, process, step_ps=step_ps, temperature_k=kelvin))
    per = len(times)
    values = {} if spread is None else spread_batch(circuit, chips, spread, seed)
    waves = [[stimulus(pattern[rail]) for pattern in times] for rail in range(network.coding.rails)]
    seeds = _seeds(chips * per, seed)
    found: list[_Block] = []
    size = max(1, _BLOCK // per)
    for first in range(0, chips, size):
        report(first, chips)
        last = min(first + size, chips)
        batch: dict[str, object] = {name: np.repeat(own[first:last], per) for name, own in values.items()}
        batch |= {f"IIN_{rail}": own * (last - first) for rail, own in enumerate(waves)}
        part = seeds[first * per : last * per]
        result = simulate(circuit, batch=batch, seeds=part, waves=False, threads=threads)  # type: ignore[arg-type]
        found.append(_read(network, circuit, result, len(part)))
    report(chips, chips)
    return _run(network, circuit, found, truth, chips)


def _seeds(size: int, seed: int) -> NDArray[np.uint64]:
    return np.random.default_rng([seed, 0xA01]).integers(0, 1 << 63, size, np.uint64)


@dataclass(frozen=True)
class _Block:
    """Some instances: counts int64[n, outputs], bool[n], picoseconds and attojoule float64[n]."""

    counts: NDArray[np.int64]
    failed: NDArray[np.bool_]
    latency_ps: NDArray[np.float64]
    energy_aj: NDArray[np.float64]


def _read(network: Network, circuit: Circuit, result: Transient, size: int) -> _Block:
    net = result.pulses.counts(size)
    places = {name: at for at, name in enumerate(circuit.junctions)}
    pulses = result.pulses
    counts = np.zeros((size, network.outputs), np.int64)
    first = np.full(size, np.inf)
    for out in range(network.outputs):
        at = places[f"B1|XOUT_{out}"]
        counts[:, out] = net[:, at]
        rows = (pulses.junction == at) & (pulses.direction > 0)
        np.minimum.at(first, pulses.instance[rows], pulses.t[rows] * 1e12)
    failed = np.zeros(size, np.bool_)
    failed[list(result.failed)] = True
    energy = np.zeros(size)
    for _, amperes, junction in bias_junctions(circuit):
        energy += amperes * FLUX_QUANTUM * net[:, places[junction]] * 1e18
    return _Block(counts, failed, np.where(np.isfinite(first), first - network.coding.start_ps, np.nan), energy)


def _run(
    network: Network, circuit: Circuit, found: Sequence[_Block], labels: NDArray[np.int64], chips: int
) -> PatternRun:
    counts = np.concatenate([block.counts for block in found]).reshape(chips, len(labels), -1)
    return PatternRun(
        counts=counts,
        decisions=network.decide(counts),
        labels=labels,
        failed=np.concatenate([block.failed for block in found]).reshape(chips, -1),
        latency_ps=np.concatenate([block.latency_ps for block in found]).reshape(chips, -1),
        energy_aj=np.concatenate([block.energy_aj for block in found]).reshape(chips, -1),
        junctions=sum(name.endswith("|" + DUT) for name in circuit.junctions),
        bias_ma=sum(amperes for _, amperes, _ in bias_junctions(circuit)) * 1e3,
        window_ps=network.coding.window_ps,
        pulses=network.coding.pulses,
        decide_at=network.decide_at,
    )


def bias_junctions(circuit: Circuit, within: str = DUT) -> list[tuple[str, float, str]]:
    """Name, amperes and junction of each bias current of an instance.

    A source's energy is I·∫V dt = I·Φ0·n, n the quanta that pass its node. Inductors carry no lasting voltage, so that
    n is the number of pulses of the nearest junction to ground that inductors join to the node.
    """
    at_node: dict[int, list[int]] = {}
    grounded: dict[int, str] = {}
    for element in circuit.elements:
        if element.kind == "L":
            a, b = element.nodes
            at_node.setdefault(a, []).append(b)
            at_node.setdefault(b, []).append(a)
        elif element.kind == "B" and -1 in element.nodes[:2]:
            grounded[max(element.nodes[:2])] = element.name
    found: list[tuple[str, float, str]] = []
    for element in circuit.elements:
        if element.kind != "I" or not element.name.endswith("|" + within):
            continue
        start = max(element.nodes)
        queue, seen = deque([start]), {start, -1}
        while queue:
            node = queue.popleft()
            if node in grounded:
                found.append((element.name, element.value, grounded[node]))
                break
            for other in at_node.get(node, ()):
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
    return found
