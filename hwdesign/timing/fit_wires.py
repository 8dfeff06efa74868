"""Training of the wire model on extracted parasitics."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    save_checkpoint,
    seed_everything,
)
from hwdesign.learn.fit import EpochSampler, rank
from hwdesign.timing.features import COLUMNS
from hwdesign.timing.wire_figures import WireValues, compare_wires, design_figures, overall
from hwdesign.timing.wire_model import WireConfig, WireNetwork, tree_wires
from hwdesign.timing.wire_splits import Split, WireRunConfig, WireSample, load_samples

TASK = "timing.wires"
SHIPPED = Path(__file__).with_name("weights") / "wires.safetensors"
"""The network that comes with the package; what it was trained on stands in its card beside it."""

_LEAST_PS = 0.02  # what relative errors of tiny delays are measured against
_LINEAR = 0.3  # relative error from which the loss grows linearly


class WireTask(LearnModule):
    """Relative error of Elmore delays and of net capacitance, long wires counting by the root of their value."""

    def loss(self, batch: Data) -> Tensor:
        """Weighted smooth L1 loss of the logarithms."""
        wires, cap = tree_wires(batch, self.network(batch))
        sinks, roots = torch.isfinite(batch.y), torch.isfinite(batch.net_cap) & (batch.net_cap > 0)
        delay = _relative(wires.elmore[sinks, 0], batch.y[sinks].double(), _LEAST_PS)
        return (delay + _relative(cap[roots], batch.net_cap[roots].double(), 0.0)).float()

    def validation_metrics(self, batch: Data) -> dict[str, Tensor]:
        """`mae` of delays in ps and `cap_mae` in fF of one design."""
        wires, cap = tree_wires(batch, self.network(batch))
        sinks, roots = torch.isfinite(batch.y), torch.isfinite(batch.net_cap)
        return {
            "mae": (wires.elmore[sinks, 0] - batch.y[sinks]).abs().mean().float(),
            "cap_mae": (cap[roots] - batch.net_cap[roots]).abs().mean().float(),
        }


def _relative(found: Tensor, true: Tensor, least: float) -> Tensor:
    weight = (true + least).sqrt()
    error = torch.log((found + least) / (true + least))
    loss = torch.nn.functional.smooth_l1_loss(error, torch.zeros_like(error), beta=_LINEAR, reduction="none")
    return (weight * loss).sum() / weight.sum().clamp(min=1e-12)


@dataclass(frozen=True, slots=True)
class WireSummary:
    """A finished training run.

    Attributes:
        run_dir: folder with `checkpoints/`, `metrics.csv`, `summary.json`.
        epochs: completed epochs.
        best_epoch: epoch that validation chose, from 1; 0 is the untrained network.
        validation: its mean absolute error of delays in ps.
        splits: by split and method the figures of `hwdesign.timing.wire_figures.overall`.
        designs: by design, its split and figures by method.
        trained: number of training designs.
        parameters: trained numbers.
        seconds: wall time, data preparation included.
    """

    run_dir: Path
    epochs: int
    best_epoch: int
    validation: float
    splits: Mapping[str, Mapping[str, Mapping[str, float]]]
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


def train(config: WireRunConfig, run_dir: Path, *, resume: bool = False, progress: bool = True) -> WireSummary:
    """Prepare the designs, train, choose by validation designs, and only then look at the test designs.

    Args:
        config: from `hwdesign.learn.load_config(path, kind=WireRunConfig)`.
        run_dir: folder of the run, made if missing.
        resume: continue an interrupted run of the same configuration and data.
        progress: draw progress bars on standard error.

    Raises:
        ConfigError: the configuration, its `model` section included.
        DataError: no designs; nothing to resume; other data or settings than the checkpoint's; damaged checkpoints.
        KeyboardInterrupt: after Ctrl-C; the run can be resumed.
    """
    start = time.monotonic()
    shape = parse_section(WireConfig, config.model, origin=config.origin, prefix=("model",))
    check_trainer(config)
    last = run_dir / "checkpoints" / "last.safetensors"
    if not resume and last.exists() and rank() == 0:
        raise DataError(
            "the folder holds a run already", file=run_dir, mend="resume it, remove it, or choose another folder"
        )
    if resume and not last.is_file():
        raise DataError("there is no checkpoint to resume from", file=last, mend="train without resuming")
    torch.set_num_threads(config.trainer.threads)
    samples = _prepare(config, run_dir, progress)
    card: dict[str, Any] = {
        "task": TASK,
        "model": shape.model_dump(),
        "columns": list(COLUMNS),
        "data": content_key({split: [s.info["digest"] for s in members] for split, members in samples.items()}),
        "split": {split: [sample.name for sample in members] for split, members in samples.items()},
    }
    if resume:
        check_settings(last, config, ("batch_designs",))
        check_card(last, card, "other designs")
    seed_everything(config.seed)
    network = WireNetwork(shape)
    graphs = [sample.graph for sample in samples["train"]]
    network.standardise(torch.cat([graph.x for graph in graphs]))
    result = fit(
        WireTask(network, config.optim),
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
    best, _ = load_wire_network(run_dir)
    compared: dict[Split, list[WireValues]] = {
        split: [compare_wires(best, sample.graph) for sample in samples[split]] for split in ("validation", "test")
    }
    summary = WireSummary(
        run_dir,
        result.epochs,
        result.best_epoch,
        result.best,
        {split: overall(values) for split, values in compared.items() if values},
        [
            {"name": sample.name, "split": split, "nets": sample.info["nets"], **design_figures(values)}
            for split, members in compared.items()
            for sample, values in zip(samples[split], members, strict=True)
        ],
        len(graphs),
        sum(parameter.numel() for parameter in network.parameters()),
        time.monotonic() - start,
    )
    if rank() == 0:
        write_text(run_dir / "summary.json", json.dumps(summary.as_dict(), indent=2) + "\n")
    return summary


def load_wire_network(run: Path | None = None) -> tuple[WireNetwork, dict[str, Any]]:
    """The chosen network of a run's folder, or of a checkpoint file, and its card; by default the shipped one.

    Raises:
        DataError: no run, a damaged checkpoint, or one of another task.
    """
    path = SHIPPED if run is None else run / "checkpoints" / "best.safetensors" if run.is_dir() else run
    if not path.is_file():
        raise DataError("there is no trained run", file=run or path, mend="run `hwdesign train timing` first")
    state, card = load_checkpoint(path)
    if card.get("task") != TASK:
        raise DataError(f"the checkpoint is of the task '{str(card.get('task'))[:40]}', not '{TASK}'", file=path)
    if card.get("columns") != list(COLUMNS):
        raise DataError("the checkpoint was made for other columns", file=path, mend="train again")
    model = card.get("model")
    damaged, mend = "the checkpoint's card is damaged", "use another one or train again"
    if not isinstance(model, dict):
        raise DataError(damaged, file=path, mend=mend)
    try:
        network = WireNetwork(parse_section(WireConfig, model, prefix=("model",)))
    except ConfigError as error:
        raise DataError(f"{damaged}: {error.what}", file=path, mend=mend) from error
    load_weights(network, state, file=path)
    return network.eval(), card


def export_network(run: Path, target: Path, about: Mapping[str, Any]) -> None:
    """Write a run's chosen network alone, without what its card says of the machine that trained it.

    Args:
        run: folder of the run.
        target: `.safetensors` file; its card goes beside it as JSON.
        about: what the card says beside the task, the shape, the split and the figures: data, licence ....

    Raises:
        DataError: no run, or a damaged one.
        FileError: the file cannot be written.
    """
    network, card = load_wire_network(run)
    kept = {key: card[key] for key in ("task", "model", "columns", "split", "epoch", "metrics", "seed", "versions")}
    weights = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    save_checkpoint(target, {"state_dict": weights}, {**kept, **about})


def _prepare(config: WireRunConfig, run_dir: Path, progress: bool) -> dict[Split, list[WireSample]]:
    bar = Progress(
        TextColumn("preparing designs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    )
    with bar if progress else nullcontext():
        task = bar.add_task("", total=None)

        def report(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        return load_samples(config, run_dir, report)
