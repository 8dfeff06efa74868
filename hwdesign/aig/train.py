"""Training the AIG encoder on signal probability."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from safetensors.numpy import save_file
from torch import Tensor
from torch.utils.data import DataLoader
from torch_geometric.data import Batch, Data

from hwdesign.aig.compare import CircuitMetrics, average, compare, verdict
from hwdesign.aig.data import COLUMNS, Circuit, cache_folder, load_splits
from hwdesign.aig.model import AigEncoder, EncoderConfig
from hwdesign.errors import ConfigError, DataError
from hwdesign.files import write_atomic, write_text
from hwdesign.graphs import content_key
from hwdesign.learn import (
    LearnModule,
    TrainConfig,
    check_card,
    check_settings,
    check_trainer,
    fit,
    load_checkpoint,
    load_weights,
    parse_section,
    seed_everything,
)
from hwdesign.learn.fit import EpochSampler, rank

TASK = "aig.signal-probability"
_SAMPLES = ("splits", "cache")  # compared by what they hold
ESTIMATES = "estimates.safetensors"
"""File in a run's folder: float32[gates of the test circuits] `true`, `model` and `cop`."""


class SignalProbability(LearnModule):
    """L1 loss on the AND nodes' probabilities; validation is the mean over circuits of their mean absolute error."""

    def loss(self, batch: Data) -> Tensor:
        """Mean absolute error over the batch's AND nodes."""
        gates = batch.and_index
        loss: Tensor = (self.network(batch)[gates] - batch.y[gates]).abs().mean()
        return loss

    def validation_metrics(self, batch: Data) -> dict[str, Tensor]:
        """`mae` and `rmse` of one circuit."""
        gates = batch.and_index
        error = self.network(batch)[gates] - batch.y[gates]
        return {"mae": error.abs().mean(), "rmse": error.square().mean().sqrt()}


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A finished training run.

    Attributes:
        run_dir: folder with `checkpoints/`, `metrics.csv`, `summary.json`, `estimates.safetensors`.
        epochs: completed epochs.
        best_epoch: epoch that validation chose, from 1; 0 is the untrained network.
        validation: its mean absolute error.
        circuits: metrics of every validation and test circuit under that choice.
        parameters: trained numbers.
        seconds: wall time, data preparation included.
        verdict: whether the model beats COP, in words.
    """

    run_dir: Path
    epochs: int
    best_epoch: int
    validation: float
    circuits: Sequence[CircuitMetrics]
    parameters: int
    seconds: float
    verdict: str
    info: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "run_dir": str(self.run_dir),
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "validation": self.validation,
            "circuits": [circuit.as_dict() for circuit in self.circuits],
            "parameters": self.parameters,
            "seconds": self.seconds,
            "verdict": self.verdict,
            **self.info,
        }


def train(config: TrainConfig, run_dir: Path, *, resume: bool = False, progress: bool = True) -> RunSummary:
    """Prepare the circuits, train, choose by validation, and only then look at the test circuits.

    Args:
        config: from `hwdesign.learn.load_config`; its `model` section is an `EncoderConfig`.
        run_dir: folder of the run, made if missing.
        resume: continue an interrupted run of the same configuration and data.
        progress: draw progress bars on standard error.

    Raises:
        ConfigError: the configuration, its `model` section and its circuits included; a leak between splits.
        DataError: nothing to resume; other data or settings than the checkpoint's; damaged checkpoints.
        KeyboardInterrupt: after Ctrl-C; the run can be resumed.
    """
    start = time.monotonic()
    shape = parse_section(EncoderConfig, config.model, origin=config.origin, prefix=("model",))
    check_trainer(config)
    last = run_dir / "checkpoints" / "last.safetensors"
    if not resume and last.exists() and rank() == 0:
        raise DataError(
            "the folder holds a run already", file=run_dir, mend="resume it, remove it, or choose another folder"
        )
    if resume:
        check_settings(last, config, [key for key in type(config.data).model_fields if key not in _SAMPLES])
    torch.set_num_threads(config.trainer.threads)
    splits = _prepare(config, run_dir, progress)
    train_graphs = [graph for circuit in splits["train"] for graph in circuit.graphs]
    validation_graphs = [circuit.graphs[0] for circuit in splits["validation"]]
    labels = torch.cat([graph.y[graph.and_index] for graph in train_graphs])
    digest = content_key({name: [c.member.digest for c in members] for name, members in splits.items()})
    card: dict[str, Any] = {
        "task": TASK,
        "model": shape.model_dump(),
        "columns": list(COLUMNS),
        "data": digest,
        "split": {name: [[c.member.name, c.member.parent] for c in members] for name, members in splits.items()},
        "digests": {name: [c.member.digest for c in members] for name, members in splits.items()},
        "mean": float(labels.double().mean()),
        "patterns": config.data.patterns,
    }
    if resume:
        check_card(last, card, "other circuits")
    seed_everything(config.seed)
    network = AigEncoder(shape)
    result = fit(
        SignalProbability(network, config.optim),
        DataLoader(
            train_graphs,  # type: ignore[arg-type]
            batch_size=config.data.batch_slices,
            sampler=EpochSampler(len(train_graphs), config.seed),
            collate_fn=Batch.from_data_list,
        ),
        DataLoader(validation_graphs, batch_size=1, collate_fn=Batch.from_data_list),  # type: ignore[arg-type]
        config,
        run_dir,
        card,
        resume=resume,
        progress=progress,
    )
    best, _ = load_network(run_dir)
    circuits = []
    estimates: dict[str, list[NDArray[np.float32]]] = {"true": [], "model": [], "cop": []}
    shown = "test" if splits.get("test") else "validation"
    for split in ("validation", "test"):
        for c in splits.get(split, []):
            graph = c.graphs[0]
            metrics, found = compare(best, graph, card["mean"], file=best_checkpoint(run_dir))
            circuits.append(CircuitMetrics(c.member.name, c.member.parent, split, c.ands, c.depth, metrics))
            if split == shown:
                gates = graph.and_index.numpy()
                for key, kept in estimates.items():
                    kept.append((graph.y.numpy() if key == "true" else found[key])[gates])
    judged = [c for c in circuits if c.split == "test"] or circuits
    kind = "test" if judged[0].split == "test" else "validation"
    summary = RunSummary(
        run_dir,
        result.epochs,
        result.best_epoch,
        result.best,
        circuits,
        sum(parameter.numel() for parameter in network.parameters()),
        time.monotonic() - start,
        verdict(average(judged), f"on {len(judged)} {kind} circuit{'s' if len(judged) != 1 else ''}"),
        {"name": config.name, "train": _describe(splits["train"], len(train_graphs))},
    )
    if rank() == 0:
        with write_atomic(run_dir / ESTIMATES) as beside:
            save_file({key: np.concatenate(kept) for key, kept in estimates.items()}, beside)
        write_text(run_dir / "summary.json", json.dumps(summary.as_dict(), indent=2) + "\n")
    return summary


def best_checkpoint(run_dir: Path) -> Path:
    """File of a run's chosen network."""
    return run_dir / "checkpoints" / "best.safetensors"


def load_network(run_dir: Path) -> tuple[AigEncoder, dict[str, Any]]:
    """The chosen network of a run, and its card.

    Raises:
        DataError: no run, a damaged checkpoint, or one of another task.
    """
    path = best_checkpoint(run_dir)
    if not path.is_file():
        raise DataError("the folder holds no trained run", file=run_dir, mend="run `hwdesign train aig` first")
    state, card = load_checkpoint(path)
    if card.get("task") != TASK:
        raise DataError(f"the checkpoint is of the task '{str(card.get('task'))[:40]}', not '{TASK}'", file=path)
    if card.get("columns") != list(COLUMNS):
        raise DataError("the checkpoint was made for other node columns", file=path, mend="train again")
    mean, model, digests = (card.get(key) for key in ("mean", "model", "digests"))
    damaged = "the checkpoint's card is damaged"
    if (
        not isinstance(mean, float)
        or not 0.0 <= mean <= 1.0
        or not isinstance(model, dict)
        or not isinstance(digests, dict)
        or not all(isinstance(members, list) for members in digests.values())
    ):
        raise DataError(damaged, file=path, mend="use another one or train again")
    try:
        network = AigEncoder(parse_section(EncoderConfig, model, prefix=("model",)))
    except ConfigError as error:
        raise DataError(f"{damaged}: {error.what}", file=path, mend="use another one or train again") from error
    load_weights(network, state, file=path)
    return network.eval(), card


def _prepare(config: TrainConfig, run_dir: Path, progress: bool) -> dict[str, list[Circuit]]:
    cache = cache_folder(config, run_dir)
    bar = Progress(
        TextColumn("preparing circuits"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    )
    with bar if progress else nullcontext():
        task = bar.add_task("", total=None)

        def report(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        splits = load_splits(config, cache, report)
        bar.update(task, description="done", completed=sum(len(s) for s in splits.values()))
    return splits


def _describe(circuits: Sequence[Circuit], slices: int) -> dict[str, Any]:
    ands = [circuit.ands for circuit in circuits]
    return {
        "circuits": len(circuits),
        "slices": slices,
        "ands": int(np.sum(ands)),
        "names": [circuit.member.name for circuit in circuits],
    }
