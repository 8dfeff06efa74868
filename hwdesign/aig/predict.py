"""Prediction on a circuit that the model has not seen, beside simulation and the baselines."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hwdesign.aig.compare import CircuitMetrics, average, compare, verdict
from hwdesign.aig.data import read_aig, structure_digest, whole_graph
from hwdesign.aig.train import best_checkpoint, load_network
from hwdesign.files import write_text
from hwdesign.formats import read
from hwdesign.learn import Regression

_THREADS = 1  # a level is a small batch: more threads wait for one another


class GateRow(NamedTuple):
    """One gate: its net's name, its type, and P(gate = 1) by each means."""

    name: str
    type: str
    predicted: float
    simulated: float
    cop: float


@dataclass(frozen=True, eq=False, slots=True)
class PredictionResult:
    """Predictions for one circuit.

    Attributes:
        file: the circuit's file.
        circuit: top module.
        rows: a row a gate, in topological order.
        metrics: by method, see `hwdesign.aig.compare.METHODS`.
        mean: the constant baseline's value.
        patterns, seed: of the simulation.
        verdict: whether the model beats COP here, in words.
        out: CSV file written, or None.
        card: of the checkpoint used.
    """

    file: Path
    circuit: str
    rows: Sequence[GateRow]
    metrics: dict[str, Regression]
    mean: float
    patterns: int
    seed: int
    verdict: str
    out: Path | None
    card: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with all rows."""
        return {
            "file": str(self.file),
            "circuit": self.circuit,
            "gates": [row._asdict() for row in self.rows],
            "metrics": {name: metrics.as_dict() for name, metrics in self.metrics.items()},
            "mean": self.mean,
            "patterns": self.patterns,
            "seed": self.seed,
            "verdict": self.verdict,
            "out": None if self.out is None else str(self.out),
        }

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """`predicted`, `simulated` and `cop` as float64[gates]."""
        values = np.array([row[2:] for row in self.rows], np.float64).reshape(-1, 3)
        return {name: values[:, at] for at, name in enumerate(GateRow._fields[2:])}


def predict(
    run_dir: Path, file: Path, *, out: Path | None = None, patterns: int = 65_536, seed: int = 1
) -> PredictionResult:
    """Predict every gate's signal probability and compare with simulation.

    Args:
        run_dir: a trained run.
        file: any circuit that `hwdesign.formats.read` takes; it is mapped to an AIG, and latches count as inputs.
        out: CSV file to write, whole or not at all.
        patterns: random patterns simulated.
        seed: of those.

    Raises:
        DataError: no trained run, a damaged checkpoint, or the circuit has no gate.
        FormatError, NetlistError, UnsupportedError: the circuit.
    """
    torch.set_num_threads(_THREADS)
    network, card = load_network(run_dir)
    view = read_aig(read(file, synchronous=True))
    data = whole_graph(view, patterns=patterns, seed=seed)
    metrics, estimates = compare(network, data, card["mean"], file=best_checkpoint(run_dir))
    labels = view.variable_labels()
    true = data.y.numpy()
    rows = [
        GateRow(labels[v], "AND2", float(estimates["model"][v]), float(true[v]), float(estimates["cop"][v]))
        for v in range(1 + view.num_inputs, view.num_variables)
    ]
    known = _where_seen(card, view_digest=structure_digest(view), name=file.name)
    errors = {name: value.mae for name, value in metrics.items()}
    text = verdict(errors, f"on {view.num_ands} gates of '{view.module.name}'") + known
    result = PredictionResult(file, view.module.name, rows, metrics, card["mean"], patterns, seed, text, out, card)
    if out is not None:
        write_csv(result, out)
    return result


def _where_seen(card: dict[str, Any], *, view_digest: str, name: str) -> str:
    """A warning where the circuit was in a split that shaped the model."""
    for split, digests in card.get("digests", {}).items():
        if split != "test" and view_digest in digests:
            return f" Beware: '{name}' was in the {split} split of this run."
    return ""


def write_csv(result: PredictionResult, path: Path) -> None:
    """Write the gate table: name, type, predicted, simulated, cop."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(GateRow._fields)
    writer.writerows([row.name, row.type, *(f"{value:.6f}" for value in row[2:])] for row in result.rows)
    write_text(path, text.getvalue())


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Metrics of several circuits under one run.

    Attributes:
        circuits: in the order given; `split` is `file`.
        averages: mean absolute error averaged over circuits, by method.
        verdict: in words.
    """

    circuits: Sequence[CircuitMetrics]
    averages: dict[str, float]
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        circuits = [circuit.as_dict() for circuit in self.circuits]
        return {"circuits": circuits, "averages": self.averages, "verdict": self.verdict}


def evaluate(run_dir: Path, files: Sequence[Path], *, patterns: int = 65_536, seed: int = 1) -> Evaluation:
    """Metrics of each file.

    Args:
        run_dir: a trained run.
        files: circuits, at least one.
        patterns, seed: of the simulation.

    Raises:
        As `predict`; ValueError without files.
    """
    if not files:
        raise ValueError("no files to evaluate")
    torch.set_num_threads(_THREADS)
    network, card = load_network(run_dir)
    circuits, known = [], ""
    for file in files:
        view = read_aig(read(file, synchronous=True))
        known += _where_seen(card, view_digest=structure_digest(view), name=file.name)
        data = whole_graph(view, patterns=patterns, seed=seed)
        metrics, _ = compare(network, data, card["mean"], file=best_checkpoint(run_dir))
        depth = int(view.levels().max(initial=0))
        circuits.append(CircuitMetrics(file.name, view.module.name, "file", view.num_ands, depth, metrics))
    averages = average(circuits)
    text = verdict(averages, f"on {len(files)} circuit{'s' if len(files) != 1 else ''}") + known
    return Evaluation(circuits, averages, text)
