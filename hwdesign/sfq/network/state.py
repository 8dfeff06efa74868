"""What an interrupted training goes on from: a checkpoint without pickle, its curve, and a Ctrl-C that waits."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hwdesign.errors import ConfigError, DataError
from hwdesign.files import make_folder
from hwdesign.learn import load_checkpoint, load_weights, read_figures, save_checkpoint, versions
from hwdesign.learn.fit import write_figures
from hwdesign.settings import parse_section
from hwdesign.sfq.network.config import CURVE_FILE, LAST_FILE, LOGS, NetworkConfig, trained_settings
from hwdesign.sfq.network.model import SfqModel
from hwdesign.sfq.network.network import Network
from hwdesign.sfq.network.tables import CellTables

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_DAMAGED = "the state of the training does not fit this run"
_ANOTHER = "train again with --fresh"
_MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass
class State:
    """Where a training stands.

    Attributes:
        tables: of the cells.
        start: random start that comes next or is under way, from 1.
        step: optimiser steps of that start that are done.
        best: share of right decisions and network of the best start so far.
        done: whether the training is over.
        seconds: wall time until then.
        tensors: weights and moments of the start under way, and the state of the random numbers.
        losses: of the steps since the curve's last row.
        rows: of the curve.
    """

    tables: CellTables
    start: int = 1
    step: int = 0
    best: tuple[float, Network] | None = None
    done: bool = False
    seconds: float = 0.0
    tensors: dict[str, Any] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    rows: list[dict[str, float]] = field(default_factory=list)


def pack(model: SfqModel, optimizer: torch.optim.Adam) -> dict[str, Any]:
    """Tensors that a start under way goes on from."""
    moments = {
        key: [optimizer.state[weight][key].clone() for weight in model.parameters()]
        for key in _MOMENTS
        if optimizer.state
    }
    weights = {f"network.{name}": value.clone() for name, value in model.state_dict().items()}
    return {"state_dict": weights, "moments": moments, "random": torch.get_rng_state()}


def unpack(state: State, model: SfqModel, optimizer: torch.optim.Adam, file: Path) -> None:
    """The inverse of `pack`.

    Raises:
        DataError: the tensors are not of this model.
    """
    load_weights(model, state.tensors, file=file)
    moments, random = state.tensors.get("moments"), state.tensors.get("random")
    for key in _MOMENTS:
        values = moments.get(key) if isinstance(moments, dict) else None
        weights = list(model.parameters())
        if not isinstance(values, list) or len(values) != len(weights):
            raise DataError(_DAMAGED, file=file, mend=_ANOTHER)
        for weight, value in zip(weights, values, strict=True):
            if not isinstance(value, Tensor) or value.shape != weight.shape or value.dtype != weight.dtype:
                raise DataError(_DAMAGED, file=file, mend=_ANOTHER)
            optimizer.state[weight]["step"] = torch.tensor(float(state.step))
            optimizer.state[weight][key] = value
    own = torch.get_rng_state()
    if not isinstance(random, Tensor) or random.shape != own.shape or random.dtype != own.dtype:
        raise DataError(_DAMAGED, file=file, mend=_ANOTHER)
    try:
        torch.set_rng_state(random)
    except RuntimeError as error:
        raise DataError(_DAMAGED, file=file, mend=_ANOTHER) from error


class Store:
    """Keeps a training's state in its folder; without a folder, nowhere.

    Args:
        folder: of the run, made if missing.
        config: settings that the state belongs to.
    """

    def __init__(self, folder: Path | None, config: NetworkConfig) -> None:
        self.config = config
        self.folder = folder
        self._logs: SummaryWriter | None = None

    @property
    def path(self) -> Path | None:
        """The checkpoint."""
        return None if self.folder is None else self.folder / LAST_FILE

    def load(self) -> State:
        """Where the training in the folder stands.

        Raises:
            DataError: there is none, or its checkpoint is damaged.
            ConfigError: it was made with other settings, or there is no folder.
        """
        if self.folder is None:
            raise ConfigError("a training is resumed from a folder, and none is given", mend="give its folder")
        path = self.folder / LAST_FILE
        if not path.is_file():
            raise DataError("there is no checkpoint to resume from", file=path, mend="train without resuming")
        content, card = load_checkpoint(path)
        old, own = card.get("config"), trained_settings(self.config)
        changed = sorted(key for key in own if not isinstance(old, dict) or old.get(key) != own[key])
        if changed:
            raise ConfigError(
                f"the training to resume was begun with another {', '.join(changed)}", file=path, mend=_ANOTHER
            )
        try:
            best = content["best"]
            state = State(
                tables=parse_section(CellTables, content["tables"]),
                start=_whole(content["start"], 1, self.config.train.starts),
                step=_whole(content["step"], 0, self.config.train.steps),
                best=None if best is None else (float(best[0]), parse_section(Network, best[1])),
                done=bool(content["done"]),
                seconds=float(content["seconds"]),
                tensors=content["tensors"],
                losses=[float(loss) for loss in content["losses"]],
            )
        except (KeyError, TypeError, ValueError, IndexError, ConfigError) as error:
            raise DataError(_DAMAGED, file=path, mend=_ANOTHER) from error
        epochs = (state.start - 1) * self.config.train.steps + state.step
        state.rows = [row for row in read_figures(self.folder / CURVE_FILE) if row["epoch"] <= epochs]
        return state

    def save(self, state: State) -> None:
        """Write the state and the curve, each whole or not at all.

        Raises:
            FileError: the folder cannot be written.
        """
        if self.folder is None:
            return
        path = self.folder / LAST_FILE
        make_folder(path.parent)
        content = {
            "tables": json.loads(state.tables.model_dump_json()),
            "start": state.start,
            "step": state.step,
            "best": None if state.best is None else [state.best[0], json.loads(state.best[1].model_dump_json())],
            "done": state.done,
            "seconds": state.seconds,
            "tensors": state.tensors,
            "losses": state.losses,
        }
        card = {
            "task": self.config.task,
            "start": state.start,
            "step": state.step,
            "done": state.done,
            "seed": self.config.seed,
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "versions": versions(),
            "config": trained_settings(self.config),
        }
        write_figures(self.folder / CURVE_FILE, state.rows)
        save_checkpoint(path, content, card)

    def log(self, row: dict[str, float]) -> None:
        """Add a row of the curve to TensorBoard's log."""
        if self.folder is None:
            return
        if self._logs is None:
            from torch.utils.tensorboard import SummaryWriter

            # What was logged after the checkpoint that a run goes on from is hidden.
            self._logs = SummaryWriter(str(self.folder / LOGS), purge_step=int(row["epoch"]))
        for key, value in row.items():
            if key != "epoch" and value == value:
                self._logs.add_scalar(key, value, int(row["epoch"]))

    def close(self) -> None:
        """Finish TensorBoard's log."""
        if self._logs is not None:
            self._logs.close()
            self._logs = None


def _whole(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError("a count is out of range")
    return value


@contextmanager
def held_interrupt() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C wait for the end of a step: yields a function that tells whether it came. A second one interrupts."""
    came = False

    def hold(number: int, frame: object) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    old = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, hold)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, old)
