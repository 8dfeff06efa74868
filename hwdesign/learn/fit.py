"""Running Lightning: seeds, logs, checkpoints, resuming, interruption."""

from __future__ import annotations

import csv
import json
import logging
import math
import os
import platform
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from torch.utils.data import DataLoader, Sampler

from hwdesign import __version__
from hwdesign.errors import DataError, FileError
from hwdesign.files import os_reason, write_text
from hwdesign.learn.checkpoint import SafetensorsIO, load_checkpoint, load_weights
from hwdesign.learn.config import RunConfig
from hwdesign.learn.module import LearnModule

MONITOR = "val/mae"

_MISFIT = "the state of the optimiser or of the training loop does not fit this run"
_ELSEWHERE = "train in another folder"


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch, before weights are drawn."""
    pl.seed_everything(seed, verbose=False)


def versions() -> dict[str, str]:
    """Versions of what decides a run's numbers."""
    return {
        "hwdesign": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "lightning": pl.__version__,
        "numpy": np.__version__,
    }


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a fit left behind.

    Attributes:
        epochs: completed epochs.
        best_epoch: epoch (from 1) with the best validation metric, 0 where training never bettered the start.
        best: that metric.
    """

    epochs: int
    best_epoch: int
    best: float


class Checkpoints(Callback):  # type: ignore[misc]
    """Keeps `last` (with the optimiser, to resume from) and `best` by validation (weights only).

    Args:
        folder: where both go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.best = math.inf
        self.best_epoch = 0
        self.epoch = 0
        self.metrics: dict[str, float] = {}
        self.started = False

    @property
    def last_path(self) -> Path:
        """The checkpoint to resume from."""
        return self.folder / "last.safetensors"

    @property
    def best_path(self) -> Path:
        """The checkpoint to predict with."""
        return self.folder / "best.safetensors"

    def state_dict(self) -> dict[str, Any]:
        """Kept in `last`."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From `last`; ValueError where it was tampered with."""
        self.best, self.best_epoch = float(state_dict["best"]), int(state_dict["best_epoch"])
        if math.isnan(self.best) or self.best_epoch < 0:
            raise ValueError("the best epoch is none")

    def start(self, value: float) -> None:
        """Count the untrained network, whose validation metric is `value`, as epoch 0."""
        self.best, self.metrics = value, {MONITOR: value}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave a usable checkpoint from the first moment on."""
        self.started = True
        if trainer.current_epoch == 0 and trainer.global_step == 0:
            trainer.save_checkpoint(self.best_path, weights_only=True)
            trainer.save_checkpoint(self.last_path, weights_only=False)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save after each epoch; selection looks at validation only."""
        self.epoch = trainer.current_epoch + 1
        self.metrics = {key: float(value) for key, value in trainer.callback_metrics.items()}
        value = self.metrics.get(MONITOR, math.nan)
        if value < self.best:
            self.best, self.best_epoch = value, self.epoch
            trainer.save_checkpoint(self.best_path, weights_only=True)
        trainer.save_checkpoint(self.last_path, weights_only=False)


class _StepSeed(Callback):  # type: ignore[misc]
    """Seeds torch before each step, so that a resumed run draws the same dropout masks."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        torch.manual_seed((self._seed * 1_000_003 + trainer.global_step) * 1_009 + trainer.global_rank)


class _Figures(Callback):  # type: ignore[misc]
    """One row of figures an epoch in `metrics.csv`, which a resumed run continues (Lightning's CSV starts anew)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        row: dict[str, float] = {key: float(value) for key, value in sorted(trainer.callback_metrics.items())}
        kept = [old for old in read_figures(self._path) if old["epoch"] <= trainer.current_epoch]
        rows = [*kept, {"epoch": trainer.current_epoch + 1, **row}]
        write_figures(self._path, rows)


def read_figures(path: Path) -> list[dict[str, float]]:
    """Rows of a run's `metrics.csv`; none where the file is not there.

    Raises:
        DataError: the file is damaged.
    """
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        try:
            rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)]
        except (TypeError, ValueError, csv.Error) as error:
            raise DataError("the run's figures are damaged", file=path, mend="remove the file") from error
    if not all("epoch" in row for row in rows):
        raise DataError("the run's figures have no column 'epoch'", file=path, mend="remove the file")
    return rows


def write_figures(path: Path, rows: list[dict[str, float]]) -> None:
    """Write `metrics.csv` whole or not at all."""
    keys = list(rows[0]) if rows else []
    lines = [",".join(keys), *(",".join(repr(row.get(key, math.nan)) for key in keys) for row in rows)]
    write_text(path, "\n".join(lines) + "\n")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's chatter, and without its advice on loader workers, which does not hold for data in memory."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    log.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for message in (
            ".*does not have many workers.*",
            ".*The number of training batches.*is smaller than the logging interval.*",
            ".*Checkpoint directory.*exists and is not empty.*",
            ".*Experiment logs directory.*exists and is not empty.*",
            ".*available but not used.*",
            ".*does not have a `DistributedSampler`.*",
            ".*GPU available.*",
        ):
            warnings.filterwarnings("ignore", message=message)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=FutureWarning, module=r"lightning.*|torch.*")
        try:
            yield
        finally:
            log.setLevel(level)


def _check_resumable(module: LearnModule, path: Path) -> None:
    state, _ = load_checkpoint(path)
    load_weights(module.network, state, file=path)
    # Where one of these is missing, Lightning starts that part anew without a word.
    for key, kind in (("loops", dict), ("optimizer_states", list), ("lr_schedulers", list), ("callbacks", dict)):
        if not isinstance(state.get(key), kind) or not state[key]:
            raise DataError(_MISFIT, file=path, mend=_ELSEWHERE)
    if Checkpoints.__qualname__ not in state["callbacks"]:
        raise DataError(_MISFIT, file=path, mend=_ELSEWHERE)


def check_trainer(config: RunConfig) -> None:
    """Refuse trainer flags early that this machine cannot serve.

    Raises:
        ConfigError: names the key at fault, and its file and line.
    """
    accelerator, devices = config.trainer.accelerator, config.trainer.devices
    here = {"cpu": 0, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    kind = accelerator
    if accelerator in ("gpu", "auto"):
        kind = next((name for name in ("cuda", "mps") if here[name]), "cpu" if accelerator == "auto" else "cuda")
    if kind != "cpu" and not here[kind]:
        what = f"'trainer.accelerator' is '{accelerator}', which this machine does not have"
        raise config.origin.fault(what, ("trainer", "accelerator"), "choose cpu or auto")
    if kind != "cpu" and devices > here[kind]:
        what = f"'trainer.devices' is {devices}, more than the {here[kind]} of this machine"
        raise config.origin.fault(what, ("trainer", "devices"), f"keep it at most {here[kind]}")
    with _quiet():
        _trainer(config, logger=False, enable_progress_bar=False)


def _trainer(config: RunConfig, **more: Any) -> pl.Trainer:
    flags = config.trainer
    try:
        return pl.Trainer(
            accelerator=flags.accelerator,
            devices=flags.devices,
            strategy=flags.strategy,
            max_epochs=flags.max_epochs,
            enable_checkpointing=False,
            enable_model_summary=False,
            **more,
        )
    except (ValueError, RuntimeError, ImportError, MisconfigurationException) as error:
        what = (
            f"Lightning cannot train here with accelerator '{flags.accelerator}', devices {flags.devices} and "
            f"strategy '{flags.strategy}'"
        )
        mend = "leave accelerator and strategy out, or see its reason with --debug"
        raise config.origin.fault(what, ("trainer",), mend) from error


def fit(
    module: LearnModule,
    train: DataLoader[Any],
    validation: DataLoader[Any],
    config: RunConfig,
    run_dir: Path,
    card: Mapping[str, Any],
    *,
    resume: bool = False,
    progress: bool = True,
) -> FitResult:
    """Train, keeping `checkpoints/last` and `checkpoints/best` in `run_dir`.

    Args:
        module: the task.
        train, validation: loaders; data order must depend on the epoch and the seed only.
        config: trainer flags, optimiser, seed.
        run_dir: existing folder.
        card: what every checkpoint's card says beside epoch, metrics, seed, command and versions.
        resume: continue from `last`; the result equals that of an uninterrupted run.
        progress: draw a progress bar on standard error.

    Raises:
        ConfigError: trainer flags that Lightning refuses or this machine cannot serve.
        DataError: nothing to resume from, or a damaged checkpoint.
        KeyboardInterrupt: after Ctrl-C, with both checkpoints in place.
    """
    check_trainer(config)
    torch.set_num_threads(config.trainer.threads)
    checkpoints = Checkpoints(run_dir / "checkpoints")
    try:
        checkpoints.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the run's folder: {os_reason(error)}", file=checkpoints.folder) from error

    def make_card(state: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **card,
            "epoch": checkpoints.epoch,
            "metrics": checkpoints.metrics,
            "seed": config.seed,
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "versions": versions(),
            "config": json.loads(config.model_dump_json()),
        }

    if resume and not checkpoints.last_path.is_file():
        raise DataError(
            "there is no checkpoint to resume from", file=checkpoints.last_path, mend="train without resume"
        )
    if resume:
        _check_resumable(module, checkpoints.last_path)
    bars: list[Callback] = [RichProgressBar(leave=False, console_kwargs={"stderr": True})] if progress else []
    with _quiet(), _main_thread_interrupt():
        trainer = _trainer(
            config,
            gradient_clip_val=config.optim.gradient_clip,
            logger=[CSVLogger(run_dir, "logs", ""), TensorBoardLogger(run_dir, "logs", "")],
            callbacks=[_StepSeed(config.seed), checkpoints, _Figures(run_dir / "metrics.csv"), *bars],
            plugins=[SafetensorsIO(make_card)],
            enable_progress_bar=progress,
            num_sanity_val_steps=0,
            log_every_n_steps=10,
            use_distributed_sampler=True,
            default_root_dir=run_dir,
        )
        if not resume:
            checkpoints.start(_first_validation(module, validation))
        try:
            trainer.fit(
                module,
                train,
                validation,
                ckpt_path=checkpoints.last_path if resume else None,
                weights_only=False if resume else None,
            )
        except SystemExit:
            # Lightning turns Ctrl-C into an exit; the caller decides what an interruption means.
            if trainer.interrupted:
                raise KeyboardInterrupt from None
            raise
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, MisconfigurationException) as error:
            if not resume or checkpoints.started:
                raise
            # Lightning trusts the state that it restores.
            raise DataError(_MISFIT, file=checkpoints.last_path, mend=_ELSEWHERE) from error
    if trainer.interrupted:
        raise KeyboardInterrupt
    return FitResult(trainer.current_epoch, checkpoints.best_epoch, checkpoints.best)


@torch.no_grad()
def _first_validation(module: LearnModule, validation: DataLoader[Any]) -> float:
    """The validation metric before training, so that training can also turn out not to help."""
    module.eval()
    values = [float(module.validation_metrics(batch)[MONITOR.removeprefix("val/")]) for batch in validation]
    module.train()
    return sum(values) / len(values)


@contextmanager
def _main_thread_interrupt() -> Iterator[None]:
    """Give SIGINT its old handler back, which Lightning replaces for good."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


class EpochSampler(Sampler[int]):
    """Shuffles by seed and epoch alone, so that a resumed run sees the same order.

    Args:
        size: number of samples.
        seed: of all epochs' orders.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning's hook before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[int]:
        yield from np.random.default_rng([self._seed, self._epoch]).permutation(self._size).tolist()


def rank() -> int:
    """Rank of this process in a multi-process run, 0 elsewhere."""
    return int(os.environ.get("LOCAL_RANK", "0"))
