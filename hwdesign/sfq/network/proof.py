"""The proof of a network: its circuit decides all patterns on many chips; margins and yield against spread."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.files import make_folder, open_atomic, write_text
from hwdesign.formats import write
from hwdesign.formats.spice.writer import write_spice
from hwdesign.netlist.elaborate import elaborate
from hwdesign.sfq.analysis.statistics import wilson
from hwdesign.sfq.library import structural
from hwdesign.sfq.network.circuit import PatternRun, Report, Spread, simulate_patterns
from hwdesign.sfq.network.kept import Kept
from hwdesign.sfq.network.netlist import network_bench, network_netlist
from hwdesign.sfq.network.network import Network
from hwdesign.sfq.network.tasks import Task
from hwdesign.sfq.process import LINEAR_10KA, Process

PROOF_FILE = "report.json"

COOLING = 400.0
"""Watt at room temperature for a watt at 4.2 K: a usual figure for a large helium plant (D. S. Holmes, A. L. Ripple and
M. A. Manheimer, IEEE Trans. Appl. Supercond. 23 (2013) 1701610)."""


@dataclass(frozen=True)
class SpreadPoint:
    """Yield at one spread.

    Attributes:
        sigma: local spread.
        chips: Monte Carlo instances.
        right: chips that decide every pattern correctly.
        decisions: share of right decisions.
        margin: mean over chips of the least margin over patterns.
    """

    sigma: float
    chips: int
    right: int
    decisions: float
    margin: float

    @property
    def share(self) -> float:
        """Yield."""
        return self.right / self.chips

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the yield, 95 %."""
        return wilson(self.right, self.chips)


@dataclass(frozen=True)
class Proof:
    """A network at circuit level.

    Attributes:
        network: what was simulated.
        task: patterns and classes.
        run: at the spread that the network shall stand.
        spread: that spread.
        sweep: yield at other spreads, rising; the run's own among them.
        silent: counts without noise and spreads, int64[patterns, outputs].
        seconds: wall time.
        held_out: of the task's held-out patterns, at the same spread; None where it has none.
    """

    network: Network
    task: Task
    run: PatternRun
    spread: float
    sweep: Sequence[SpreadPoint]
    silent: NDArray[np.int64]
    seconds: float
    held_out: PatternRun | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        run = self.run
        chips = len(run.counts)
        rates = run.correct.mean(axis=0)
        patterns = []
        for at, pattern in enumerate(self.task.patterns.tolist()):
            latency = run.latency_ps[:, at]
            fired = latency[np.isfinite(latency)]
            patterns.append({
                "pattern": pattern,
                "label": int(run.labels[at]),
                "counts_mean": run.counts[:, at].mean(axis=0).tolist(),
                "counts_silent": self.silent[at].tolist(),
                "correct": float(rates[at]),
                "interval": list(wilson(int(run.correct[:, at].sum()), chips)),
                "margin_mean": float(run.margins[:, at].mean()),
                "margin_least": float(run.margins[:, at].min()),
                "latency_ps": float(fired.mean()) if len(fired) else None,
                "energy_aj": float(run.energy_aj[:, at].mean()),
            })  # fmt: skip
        energy = float(run.energy_aj.mean())
        return {
            "network": self.network.name,
            "digest": self.network.digest(),
            "temperature_k": self.network.temperature_k,
            "spread": self.spread,
            "chips": chips,
            "junctions": run.junctions,
            "bias_ma": run.bias_ma,
            "window_ps": run.window_ps,
            "correct": float(run.correct.mean()),
            "least_correct": float(rates.min()),
            "yield": run.all_correct,
            "yield_interval": list(wilson(int(run.correct.all(axis=1).sum()), chips)),
            "margin_least": float(run.margins.min()),
            "margins": run.margins.min(axis=1).tolist(),
            "pulses": run.pulses,
            "failed": int(run.failed.sum()),
            "energy_aj": energy,
            "energy_cooled_aj": energy * COOLING,
            "cooling_factor": COOLING,
            "patterns": patterns,
            "sweep": [
                {
                    "spread": p.sigma, "chips": p.chips, "yield": p.share, "interval": list(p.interval),
                    "decisions": p.decisions, "margin": p.margin,
                }
                for p in self.sweep
            ],
            "held_out": self._held_out(),
            "seconds": self.seconds,
        }  # fmt: skip

    def _held_out(self) -> dict[str, Any] | None:
        run, task = self.held_out, self.task.held_out
        if run is None or task is None:
            return None
        weights = np.ones(len(task.labels), np.int64) if task.weights is None else task.weights
        chips = run.correct @ weights / weights.sum()
        return {
            "samples": int(weights.sum()), "correct": float(chips.mean()), "worst_chip": float(chips.min()),
            "best_possible": _best_possible(task, weights),
        }  # fmt: skip


def _best_possible(task: Task, weights: NDArray[np.int64]) -> float:
    """Share of samples that a decision by pattern can get right at most, where a pattern has several classes."""
    _, inverse = np.unique(task.patterns, axis=0, return_inverse=True)
    table = np.zeros((inverse.max() + 1, task.labels.max() + 1), np.int64)
    np.add.at(table, (inverse.reshape(-1), task.labels), weights)
    return float(table.max(axis=1).sum() / weights.sum())


def prove(
    network: Network,
    task: Task,
    *,
    chips: int = 256,
    spread: float = 0.05,
    sweep: Sequence[float] = (),
    seed: int = 0,
    threads: int = 1,
    process: Process = LINEAR_10KA,
    report: Report = lambda done, total: None,
    keep: Path | None = None,
) -> Proof:
    """Simulate a network's circuit on all patterns.

    Args:
        network: with its currents.
        task: patterns and classes.
        chips: Monte Carlo instances, each with its own spreads; each of their patterns has its own noise.
        spread: local, relative, of junctions, inductors and resistors; the bias currents are what they are set to.
        sweep: further spreads, simulated on as many chips.
        seed: of spreads and noise.
        threads: of the simulator.
        process: process card.
        report: told how many chips are done, over all spreads.
        keep: folder that finished spreads are kept in, and taken from where an interrupted proof left them.

    Raises:
        DataError: what was kept is damaged.
        NetlistError: see `simulate_patterns`.
    """
    begin = time.monotonic()
    spreads = sorted({spread, *sweep})
    total = chips * (len(spreads) + (task.held_out is not None))
    silent = simulate_patterns(network, task.patterns, task.labels, temperature_k=0, process=process)
    kept = Kept(keep, network, process, chips, seed)
    points, main, before = [], None, 0

    def simulated(of: Task, sigma: float) -> PatternRun:
        run = kept.load(of.patterns, of.labels, sigma)
        if run is None:
            run = simulate_patterns(
                network, of.patterns, of.labels, chips=chips, spread=Spread.local(sigma) if sigma else None, seed=seed,
                threads=threads, process=process, report=lambda done, _: report(before + done, total),
            )  # fmt: skip
            kept.save(run, of.patterns, sigma)
        return run

    for sigma in spreads:
        run = simulated(task, sigma)
        right = int(run.correct.all(axis=1).sum())
        margin = float(run.margins.min(axis=1).mean())
        points.append(SpreadPoint(sigma, chips, right, float(run.correct.mean()), margin))
        main = run if sigma == spread else main
        before += chips
    assert main is not None
    other = None if task.held_out is None else simulated(task.held_out, spread)
    return Proof(network, task, main, spread, points, silent.counts[0], time.monotonic() - begin, other)


def export(network: Network, pattern: ArrayLike, folder: Path, process: Process = LINEAR_10KA) -> list[Path]:
    """Write the network's netlist for other tools. Returns the files.

    `NAME.cir`, `NAME_ngspice.cir`, `NAME_wrspice.cir`: test benches for JoSIM, ngspice and WRspice that send one
    pattern; `NAME.v`: structural Verilog of the cells, their currents as parameters.

    Args:
        network: with its currents.
        pattern: float[features] in 0..1.
        folder: made if missing.
        process: process card.

    Raises:
        FileError: the folder cannot be written.
    """
    make_folder(folder)
    files = []
    bench = elaborate(network_bench(network, process, temperature_k=0, pattern=pattern))
    for dialect, name in (("josim", ""), ("ngspice", "_ngspice"), ("wrspice", "_wrspice")):
        files.append(folder / f"{network.name}{name}.cir")
        write_spice(bench, files[-1], dialect=dialect)  # type: ignore[arg-type]
    files.append(folder / f"{network.name}.v")
    write(structural(network_netlist(network, process)), files[-1])
    return files


def write_proof(proof: Proof, folder: Path) -> list[Path]:
    """Write `report.json`, `yield.png`, `margin.png` and `counts.png`. Returns the files.

    Raises:
        FileError: the folder cannot be written.
    """
    from hwdesign.sfq.network import plots

    make_folder(folder)
    files = [folder / PROOF_FILE]
    write_text(files[0], json.dumps(proof.as_dict(), indent=2) + "\n")
    title = f"{proof.network.name}: {proof.sweep[0].chips} chips a point, {proof.network.temperature_k:g} K"
    least = proof.run.margins.min(axis=1)
    pictures = {
        "yield.png": plots.yield_png(proof.sweep, proof.spread, title),
        "margin.png": plots.margin_png(proof.sweep, proof.spread, least, proof.run.pulses),
        "counts.png": plots.counts_png(proof),
    }
    for name, content in pictures.items():
        with open_atomic(folder / name) as stream:
            stream.write(content)
        files.append(folder / name)
    return files
