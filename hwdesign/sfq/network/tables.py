"""What the architecture-level model knows of the cells: tables measured with the batched solver, and their fits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import least_squares

from hwdesign.errors import DataError
from hwdesign.netlist import Netlist
from hwdesign.settings import Section
from hwdesign.sfq.analysis.transfer import fit_probit
from hwdesign.sfq.bench import stimulus, testbench
from hwdesign.sfq.cells import Merger, Neuron, Synapse
from hwdesign.sfq.network.circuit import Spread, spread_batch
from hwdesign.sfq.process import LINEAR_10KA, Process
from hwdesign.spice import Circuit, compile_deck, simulate

Float = NDArray[np.float64]

_GAP_PS = 100.0
_FIRST_PS = 30.0


class SynapseTable(Section):
    """P(pass) = Φ((IX - µ)/σ).

    Attributes:
        mu_ua, sigma_ua: fit at the table's temperature, without spreads.
        chi2: Pearson's statistic per degree of freedom of that fit.
        mu_spread_ua: standard deviation of µ over chips with the table's spreads.
        current_ua, passed, offered: the measured curve.
    """

    mu_ua: float = Field(gt=0)
    sigma_ua: float = Field(gt=0)
    chi2: float
    mu_spread_ua: float = Field(ge=0)
    current_ua: tuple[float, ...]
    passed: tuple[int, ...]
    offered: tuple[int, ...]


class NeuronTable(Section):
    """A neuron's loop holds x quanta, which leak as exp(-t/τ) and fire it where x > `base` - `gain` · IT.

    Attributes:
        l_storage_ph, r_leak_ohm: of the neuron.
        base, gain: threshold in quanta at IT = 0, and its fall a microampere.
        tau_ps: time constant of the leak.
        error: root mean square of the fit, quanta.
        spread: standard deviation of the threshold over chips with the table's spreads, quanta.
        dead_time_ps: two pulses closer than this fire a neuron of threshold one once; 0 below the grid.
        pulses, spacing_ps, it_ua: the measured points: this many pulses so far apart fire it from this current on.
    """

    l_storage_ph: float
    r_leak_ohm: float
    base: float
    gain: float = Field(gt=0)
    tau_ps: float = Field(gt=0)
    error: float = Field(ge=0)
    spread: float = Field(ge=0)
    dead_time_ps: float = Field(ge=0)
    pulses: tuple[int, ...]
    spacing_ps: tuple[float, ...]
    it_ua: tuple[float, ...]

    def threshold(self, it_ua: float) -> float:
        """Quanta that fire the neuron at a bias."""
        return self.base - self.gain * it_ua


class CellTables(Section):
    """Tables of a process at a temperature.

    Attributes:
        temperature_k, spread: what they were measured for; the spread is local, of junctions, inductors, resistors.
        synapse, neuron: see their classes.
        merger_dead_time_ps: two pulses closer than this come out of a merger as one.
    """

    temperature_k: float
    spread: float
    synapse: SynapseTable
    neuron: NeuronTable
    merger_dead_time_ps: float


def measure_tables(
    l_storage_ph: float,
    r_leak_ohm: float,
    *,
    temperature_k: float = 4.2,
    spread: float = 0.05,
    chips: int = 128,
    seed: int = 0,
    process: Process = LINEAR_10KA,
    threads: int = 1,
    report: Callable[[str], None] = lambda what: None,
) -> CellTables:
    """Measure synapse, neuron and merger on the embedded engine; about 10 s of CPU time.

    Args:
        l_storage_ph, r_leak_ohm: of the neuron.
        temperature_k: of the synapse's noise; 0 is taken as 0.05, as a curve of no width cannot be fitted.
        spread: local, relative.
        chips: Monte Carlo instances for the effect of spreads.
        seed: of noise and spreads.
        process: process card.
        threads: of the simulator.
        report: told what is measured next.

    Raises:
        DataError: a cell does not work at these values.
    """
    kelvin = max(temperature_k, 0.05)
    synapse = _synapse(replace(process, temperature_k=kelvin), spread, chips, seed, threads, report)
    neuron = _neuron(l_storage_ph, r_leak_ohm, process, spread, chips, seed, threads, report)
    report("the merger")
    dead = _merger(process, threads)
    return CellTables(temperature_k=kelvin, spread=spread, synapse=synapse, neuron=neuron, merger_dead_time_ps=dead)


def _outputs(
    circuit: Circuit, batch: dict[str, object], size: int, seed: int, threads: int, junction: str = "B1|XOUT_q"
) -> NDArray[np.int64]:
    """int64[size]: net pulses of a junction in each variant."""
    seeds = np.random.default_rng([seed, 0x7AB]).integers(0, 1 << 63, size, np.uint64)
    result = simulate(circuit, batch=batch, seeds=seeds, waves=False, threads=threads)  # type: ignore[arg-type]
    if len(result.failed) > size // 100:
        raise DataError(f"a cell's simulation breaks down: {next(iter(result.failed.values()))}")
    counts: NDArray[np.int64] = result.pulses.counts(size)[:, circuit.junctions.index(junction.upper())]
    return counts


def _synapse(
    process: Process, spread: float, chips: int, seed: int, threads: int, report: Callable[[str], None]
) -> SynapseTable:
    report("the synapse")
    pulses, copies = 50, 16
    times = [_FIRST_PS + _GAP_PS * k for k in range(pulses)]
    bench = testbench(Synapse(process=process), {"a": times})
    circuit = compile_deck(bench)
    width = 4.04 * math.sqrt((process.temperature_k or 0.0) / 4.2)
    current = 84.7 + width * np.linspace(-3, 3, 13)
    batch: dict[str, object] = {"IX|XDUT": np.repeat(current, copies) / 1e6}
    passed = _outputs(circuit, batch, len(current) * copies, seed, threads).reshape(-1, copies).sum(axis=1)
    offered = np.full(len(current), pulses * copies)
    fit = fit_probit(current / 1e6, np.clip(passed, 0, offered), offered)
    spread_ua = 0.0
    if spread:
        report("synapses with spreads")
        few = 4
        bench = testbench(Synapse(process=process), {"a": [_FIRST_PS + _GAP_PS * k for k in range(few)]})
        grid = np.linspace(20.0, 150.0, 40)
        shares = _chip_counts(bench, grid, "IX|XDUT", spread, chips, seed, threads) / few
        # The sum over a rising curve of steps is where it rises, whatever its width.
        own = grid[-1] + np.diff(grid)[0] * (0.5 - shares.sum(axis=1))
        spread_ua = float(own.std())
    return SynapseTable(
        mu_ua=fit.mu * 1e6, sigma_ua=fit.sigma * 1e6, chi2=fit.chi2, mu_spread_ua=spread_ua,
        current_ua=tuple(current.tolist()), passed=tuple(passed.tolist()), offered=tuple(offered.tolist()),
    )  # fmt: skip


def _chip_counts(bench: Netlist, grid: Float, source: str, spread: float, chips: int, seed: int, threads: int) -> Float:
    """float64[chips, grid]: pulses that come out of each chip at each current, microampere."""
    circuit = compile_deck(bench)
    batch: dict[str, object] = {
        name: np.repeat(values, len(grid))
        for name, values in spread_batch(circuit, chips, Spread.local(spread), seed, "XDUT").items()
    }
    batch[source] = np.tile(grid, chips) / 1e6
    counts = _outputs(circuit, batch, chips * len(grid), seed + 1, threads)
    return counts.reshape(chips, len(grid)).astype(np.float64)


_IT_GRID = np.arange(0.0, 181.0, 2.0)
_SPACINGS = (20.0, 30.0, 45.0, 70.0, 110.0)


def _neuron(
    l_storage_ph: float, r_leak_ohm: float, process: Process, spread: float, chips: int, seed: int, threads: int,
    report: Callable[[str], None],
) -> NeuronTable:  # fmt: skip
    report("the neuron")
    cell = Neuron(l_storage_ph=l_storage_ph, r_leak_ohm=r_leak_ohm, process=process)
    trains = [[_FIRST_PS]]
    trains += [[_FIRST_PS + k * gap for k in range(n)] for n in (2, 3) for gap in _SPACINGS]
    circuit = compile_deck(testbench(cell, {"a": [_FIRST_PS]}, stop_ps=_FIRST_PS + 2 * max(_SPACINGS) + 100))
    waves = [stimulus(times) for times in trains for _ in _IT_GRID]
    batch: dict[str, object] = {"IIN_a": waves, "IT|XDUT": np.tile(_IT_GRID, len(trains)) / 1e6}
    counts = _outputs(circuit, batch, len(waves), seed, threads).reshape(len(trains), -1)
    points: list[tuple[int, float, float]] = []
    for times, row in zip(trains, counts, strict=True):
        fires = np.flatnonzero(row > 0)
        # A train that fires at every current, or at none, has its threshold outside of the grid.
        if len(fires) and fires[0] > 0:
            gap = times[1] - times[0] if len(times) > 1 else 0.0
            points.append((len(times), gap, float(_IT_GRID[fires[0]] - 1.0)))
    if len(points) < 4 or points[0][0] != 1:
        raise DataError(
            f"a neuron of {l_storage_ph:g} pH and {r_leak_ohm:g} ohm has no threshold that its bias could set",
            mend="take another storage inductance",
        )
    base, gain, tau, error = _fit(points, cell)
    one = points[0][2]
    close = np.arange(6.0, 31.0, 1.0)
    waves = [stimulus([_FIRST_PS, _FIRST_PS + gap]) for gap in close]
    bias = min(one + 25.0, _IT_GRID[-1]) / 1e6
    both = _outputs(circuit, {"IIN_a": waves, "IT|XDUT": np.full(len(close), bias)}, len(close), seed, threads)
    sigma = 0.0
    if spread:
        report("neurons with spreads")
        at = min((p for p in points if p[0] == 2), key=lambda p: p[1])
        times = [_FIRST_PS, _FIRST_PS + at[1]]
        grid = np.clip(np.arange(at[2] - 60, at[2] + 61, 4.0), 0, None)
        found = _chip_counts(testbench(cell, {"a": times}), grid, "IT|XDUT", spread, chips, seed, threads) > 0
        sigma = float(gain * (4.0 * (~found).sum(axis=1)).std())
    return NeuronTable(
        l_storage_ph=l_storage_ph, r_leak_ohm=r_leak_ohm, base=base, gain=gain, tau_ps=tau, error=error, spread=sigma,
        dead_time_ps=_first_good(close, both >= 2), pulses=tuple(p[0] for p in points),
        spacing_ps=tuple(p[1] for p in points), it_ua=tuple(p[2] for p in points),
    )  # fmt: skip


def _fit(points: Sequence[tuple[int, float, float]], cell: Neuron) -> tuple[float, float, float, float]:
    """Base, gain, time constant and error of a neuron's threshold."""
    pulses, gap, it = (np.array(column, np.float64) for column in zip(*points, strict=True))

    def quanta(tau: float) -> Float:
        decay = np.exp(-gap / tau)
        return np.asarray(1 + np.where(pulses > 1, decay, 0) + np.where(pulses > 2, decay**2, 0))

    if cell.r_leak_ohm:
        start = [3.0, 0.01, (cell.l_storage_ph + cell.l_loop_ph) / cell.r_leak_ohm]
        found = least_squares(lambda v: v[0] - v[1] * it - quanta(v[2]), start, bounds=([0, 1e-6, 1], [99, 1, 1e5]))
        base, gain, tau = (float(v) for v in found.x)
    else:
        tau = 1e6
        slope, base = np.polyfit(it, quanta(tau), 1)
        gain = -float(slope)
    residual = base - gain * it - quanta(tau)
    return float(base), gain, tau, float(np.sqrt(np.mean(residual**2)))


def _first_good(grid: Float, good: NDArray[np.bool_]) -> float:
    """Least grid value from which on all is good; 0 where all is."""
    bad = np.flatnonzero(~good)
    return float(grid[min(bad[-1] + 1, len(grid) - 1)]) if len(bad) else 0.0


def _merger(process: Process, threads: int) -> float:
    circuit = compile_deck(testbench(Merger(process=process), {"a": [60.0], "b": [60.0]}))
    gaps = np.arange(0.0, 25.0, 0.5)
    waves = [stimulus([60.0 + gap]) for gap in gaps]
    return _first_good(gaps, _outputs(circuit, {"IIN_b": waves}, len(gaps), 0, threads) >= 2)
