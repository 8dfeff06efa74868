"""Training of PreRoutGNN on timing labels: the auto-encoder first, then the propagation over its frozen latents."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from torch import Tensor
from torch.utils.data import DataLoader
from torch_geometric.data import Batch, Data

from hwdesign.errors import ConfigError, DataError
from hwdesign.files import write_text
from hwdesign.graphs import content_key
from hwdesign.learn import (
    LearnModule,
    check_card,
    check_settings,
    check_trainer,
    fit,
    load_checkpoint,
    load_weights,
    parse_section,
    seed_everything,
)
from hwdesign.learn.config import OptimConfig
from hwdesign.learn.fit import EpochSampler, rank
from hwdesign.learn.metrics import mean_absolute_error, r_squared
from hwdesign.timing.dataset import Technology
from hwdesign.timing.pin_graph import ArcTables, load_pins
from hwdesign.timing.prerout import PinTimes, PreroutConfig, PreroutNetwork
from hwdesign.timing.wire_splits import Split, WireRunConfig, WireSample, assign

TASK = "timing.prerout"

_PRETRAIN_CLIP = 1.0
# Errors from which each loss grows linearly, and what brings the losses to one scale: ns, net delays in ps.
_LINEAR = 0.1
_WORST_NS = 0.5
_SLEW_SCALE, _CELL_SCALE, _NET_SCALE = 5.0, 5.0, 0.5


class PreroutTask(LearnModule):
    """Smooth L1 loss of endpoint slacks and of arrivals; of slews and of arcs' delays as auxiliary tasks."""

    def __init__(self, network: PreroutNetwork, optim: OptimConfig, tables: ArcTables) -> None:
        super().__init__(network, optim)
        self._tables = tables
        self._auxiliary = network.config.auxiliary

    def times(self, batch: Data) -> PinTimes:
        """The network's times of a batch."""
        moved = {field.name: getattr(self._tables, field.name).to(batch.x.device) for field in fields(ArcTables)}
        found: PinTimes = self.network(batch, ArcTables(**moved))
        return found

    def loss(self, batch: Data) -> Tensor:
        """Weighted sum of the losses."""
        found = self.times(batch)
        more = (
            _loss(_SLEW_SCALE * found.slew, _SLEW_SCALE * batch.y_slew)
            + _loss(_CELL_SCALE * found.cell, _CELL_SCALE * batch.y_cell)
            + _loss(_NET_SCALE * found.net, _NET_SCALE * batch.y_net)
        )
        main = _loss(found.slack, batch.y_slack) + _loss(found.arrival, batch.y_arrival)
        return main + self._auxiliary * more

    def validation_metrics(self, batch: Data) -> dict[str, Tensor]:
        """`mae` of endpoint slacks, an error counting 0.5 ns at most, and `arrival_mae` of one design, in ns.

        Without the bound a few designs whose paths take half a period would choose the epoch. `slack_r2` is given where
        the slacks vary.
        """
        found = self.times(batch)
        known = torch.isfinite(batch.y_slack)
        true, slack = batch.y_slack[known], found.slack[known]
        metrics = {
            "mae": _error(found.slack, batch.y_slack, _WORST_NS),
            "arrival_mae": _error(found.arrival, batch.y_arrival),
        }
        if true.numel() > 1 and bool((true != true[0]).any()):
            metrics["slack_r2"] = 1 - (true - slack).square().sum() / (true - true.mean()).square().sum()
        return metrics


def _loss(found: Tensor, true: Tensor) -> Tensor:
    known = torch.isfinite(true)
    total = torch.nn.functional.smooth_l1_loss(found[known], true[known], beta=_LINEAR, reduction="sum")
    return total / known.sum().clamp(min=1)


def _error(found: Tensor, true: Tensor, most: float = math.inf) -> Tensor:
    known = torch.isfinite(true)
    return (found[known] - true[known]).abs().clamp(max=most).sum() / known.sum().clamp(min=1)


@dataclass(frozen=True, slots=True)
class PreroutSummary:
    """A finished training run.

    Attributes:
        run_dir: folder with `checkpoints/`, `metrics.csv`, `summary.json`.
        epochs: completed epochs.
        best_epoch: epoch that validation chose, from 1; 0 is the untrained network.
        validation: its mean absolute error of endpoint slacks, ns, mean over designs; an error counts 0.5 ns at most.
        splits: by split, medians over designs of what `pin_figures` gives.
        designs: by design, its split and figures.
        trained: number of training designs.
        parameters: trained numbers, the auto-encoder's included.
        seconds: wall time, data preparation included.
    """

    run_dir: Path
    epochs: int
    best_epoch: int
    validation: float
    splits: Mapping[str, Mapping[str, float]]
    designs: Sequence[Mapping[str, Any]]
    trained: int
    parameters: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "run_dir": str(self.run_dir), "epochs": self.epochs, "best_epoch": self.best_epoch,
            "validation": self.validation, "splits": self.splits, "designs": self.designs, "trained": self.trained,
            "parameters": self.parameters, "seconds": self.seconds,
        }  # fmt: skip


def pin_figures(graph: Data, found: PinTimes) -> dict[str, float]:
    """R² and mean absolute errors in ps of a design's times; NaN where there are no labels.

    Slacks are set-up slacks of endpoints, arrivals and `endpoint` arrivals the latest ones; rising and falling edges
    count alike.
    """
    ends = torch.where(torch.isfinite(graph.y_slack), graph.y_arrival[:, :2], torch.nan)
    pairs = {
        "slack": (graph.y_slack, found.slack, 1e3),
        "net": (graph.y_net, found.net, 1.0),
        "cell": (graph.y_cell, found.cell, 1e3),
        "arrival": (graph.y_arrival[:, :2], found.arrival[:, :2], 1e3),
        "endpoint": (ends, found.arrival[:, :2], 1e3),
        "slew": (graph.y_slew, found.slew, 1e3),
    }
    figures: dict[str, float] = {}
    for name, (true, predicted, scale) in pairs.items():
        known = torch.isfinite(true)
        a, b = (scale * values[known].double().numpy() for values in (true, predicted))
        figures[f"{name}_r2"] = r_squared(a, b) if len(a) else math.nan
        figures[f"{name}_mae_ps"] = mean_absolute_error(a, b) if len(a) else math.nan
    return figures


def train_prerout(
    config: WireRunConfig, run_dir: Path, *, resume: bool = False, progress: bool = True
) -> PreroutSummary:
    """Prepare the designs, pre-train, train, choose by validation designs, and only then look at the test designs.

    Args:
        config: from `hwdesign.learn.load_config(path, kind=WireRunConfig)`, with a `PreroutConfig` as its model.
        run_dir: folder of the run, made if missing.
        resume: continue an interrupted run of the same configuration and data.
        progress: draw progress bars on standard error.

    Raises:
        ConfigError: the configuration, its `model` section included.
        DataError: no designs; nothing to resume; other data or settings than the checkpoint's; damaged checkpoints.
        FileError, FormatError, NetlistError, LimitError, UnsupportedError: a design cannot be read.
        KeyboardInterrupt: after Ctrl-C; the run can be resumed.
    """
    start = time.monotonic()
    shape = parse_section(PreroutConfig, config.model, origin=config.origin, prefix=("model",))
    check_trainer(config)
    last = run_dir / "checkpoints" / "last.safetensors"
    if not resume and last.exists() and rank() == 0:
        raise DataError(
            "the folder holds a run already", file=run_dir, mend="resume it, remove it, or choose another folder"
        )
    if resume and not last.is_file():
        raise DataError("there is no checkpoint to resume from", file=last, mend="train without resuming")
    torch.set_num_threads(config.trainer.threads)
    samples, tables = _prepare(config, run_dir, progress)
    card: dict[str, Any] = {
        "task": TASK,
        "model": shape.model_dump(),
        "data": content_key({split: [s.info["digest"] for s in members] for split, members in samples.items()}),
        "split": {split: [sample.name for sample in members] for split, members in samples.items()},
    }
    seed_everything(config.seed)
    network = PreroutNetwork(shape)
    graphs = [sample.graph for sample in samples["train"]]
    if resume:
        check_settings(last, config, ("batch_designs",))
        check_card(last, card, "other designs")
        load_weights(network, load_checkpoint(last)[0], file=last)
    else:
        pretrain(network, graphs, config)
    every = [sample.graph for members in samples.values() for sample in members]
    for graph in every:
        network.embed(graph)
    if not resume:
        network.standardise(torch.cat([graph.latent for graph in graphs]))
    network.coder.requires_grad_(False)
    result = fit(
        PreroutTask(network, config.optim, tables),
        DataLoader(
            graphs,  # type: ignore[arg-type]
            batch_size=config.data.batch_designs,
            sampler=EpochSampler(len(graphs), config.seed),
            collate_fn=Batch.from_data_list,
        ),
        DataLoader(
            [sample.graph for sample in samples["validation"]],  # type: ignore[arg-type]
            batch_size=1,
            collate_fn=Batch.from_data_list,
        ),
        config,
        run_dir,
        card,
        resume=resume,
        progress=progress,
    )
    best, _ = load_prerout(run_dir)
    rows: list[dict[str, Any]] = []
    for split in ("validation", "test"):
        for sample in samples[split]:
            figures = pin_figures(sample.graph, predict_times(best, sample.graph, tables))
            rows.append({"name": sample.name, "split": split, "pins": sample.info["pins"], **figures})
    summary = PreroutSummary(
        run_dir,
        result.epochs,
        result.best_epoch,
        result.best,
        {split: medians([row for row in rows if row["split"] == split]) for split in {row["split"]: 0 for row in rows}},
        rows,
        len(graphs),
        sum(parameter.numel() for parameter in network.parameters()),
        time.monotonic() - start,
    )
    if rank() == 0:
        write_text(run_dir / "summary.json", json.dumps(summary.as_dict(), indent=2) + "\n")
    return summary


def pretrain(network: PreroutNetwork, graphs: Sequence[Data], config: WireRunConfig) -> list[float]:
    """Train the auto-encoder to reconstruct the pins' features; the mean loss of each epoch."""
    shape, coder = network.config, network.coder
    optimizer = torch.optim.Adam(coder.parameters(), lr=shape.pretrain_lr)
    losses = []
    for epoch in range(shape.pretrain_epochs):
        order = np.random.default_rng([config.seed, epoch]).permutation(len(graphs))
        seen = []
        for begin in range(0, len(order), config.data.batch_designs):
            batch = Batch.from_data_list([graphs[at] for at in order[begin : begin + config.data.batch_designs]])
            loss = coder.loss(batch, shape.divergence)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(coder.parameters(), _PRETRAIN_CLIP)
            optimizer.step()
            seen.append(float(loss.detach()))
        losses.append(sum(seen) / len(seen))
    return losses


@torch.no_grad()
def predict_times(network: PreroutNetwork, graph: Data, tables: ArcTables) -> PinTimes:
    """Times of a design's graph."""
    if "latent" not in graph:
        network.embed(graph)
    found: PinTimes = network(graph, tables)
    return found


def medians(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Median over designs of each figure, of those designs that have it."""
    found: dict[str, float] = {}
    for key in rows[0]:
        if key.endswith(("_r2", "_mae_ps")):
            known = [float(row[key]) for row in rows if not math.isnan(row[key])]
            found[key] = median(known) if known else math.nan
    return found


def load_prerout(run: Path) -> tuple[PreroutNetwork, dict[str, Any]]:
    """The chosen network of a run's folder, or of a checkpoint file, and its card.

    Raises:
        DataError: no run, a damaged checkpoint, or one of another task.
    """
    path = run / "checkpoints" / "best.safetensors" if run.is_dir() else run
    if not path.is_file():
        raise DataError("there is no trained run", file=run, mend="run `hwdesign train timing` first")
    state, card = load_checkpoint(path)
    if card.get("task") != TASK:
        raise DataError(f"the checkpoint is of the task '{str(card.get('task'))[:40]}', not '{TASK}'", file=path)
    model = card.get("model")
    damaged, mend = "the checkpoint's card is damaged", "use another one or train again"
    if not isinstance(model, dict):
        raise DataError(damaged, file=path, mend=mend)
    try:
        network = PreroutNetwork(parse_section(PreroutConfig, model, prefix=("model",)))
    except ConfigError as error:
        raise DataError(f"{damaged}: {error.what}", file=path, mend=mend) from error
    load_weights(network, state, file=path)
    return network.eval(), card


def _prepare(config: WireRunConfig, run_dir: Path, progress: bool) -> tuple[dict[Split, list[WireSample]], ArcTables]:
    """Labelled pin graphs of every split, and the library's tables."""
    folder = config.folder / config.data.folder
    cache = run_dir / "cache" if config.data.cache is None else config.folder / config.data.cache
    if not folder.is_dir():
        raise config.origin.fault(
            f"{config.data.folder}: there is no such folder", ("data", "folder"), "name the data set's folder"
        )
    splits = assign(config.data, folder)
    technology = Technology.find(folder / "tech")
    bar = Progress(
        TextColumn("preparing designs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    )
    samples: dict[Split, list[WireSample]] = {}
    with bar if progress else nullcontext():
        task = bar.add_task("", total=sum(map(len, splits.values())))
        for split, paths in splits.items():
            samples[split] = []
            for path in paths:
                name = f"{path.parent.name}/{path.name}"
                bar.update(task, description=name)
                found = load_pins(path, technology, cache)
                samples[split].append(WireSample(name, found.graphs[0], found.info))
                bar.advance(task)
    return samples, ArcTables.of(technology.library)
