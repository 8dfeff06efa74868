"""Training the currents of a network, on chips that differ and synapses that draw lots."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from hwdesign.errors import DataError, NetlistError
from hwdesign.files import make_folder, write_text
from hwdesign.sfq.network.config import NETWORK_FILE, SETTINGS_FILE, TABLES_FILE, NetworkConfig, trained_settings
from hwdesign.sfq.network.model import SfqModel, accuracy
from hwdesign.sfq.network.network import Coding, Network
from hwdesign.sfq.network.settle import settled
from hwdesign.sfq.network.state import State, Store, held_interrupt, pack, unpack
from hwdesign.sfq.network.tables import CellTables, measure_tables
from hwdesign.sfq.network.tasks import TASKS, Task

Say = Callable[[str], None]

_ROW_STEPS = 10
_SAVE_S, _SAY_S = 5.0, 2.0
_LAST_RATE = 1 / 20


@dataclass(frozen=True)
class TrainedNetwork:
    """What training gives.

    Attributes:
        network: with its currents, pruned.
        tables: of the cells.
        accuracy: share of right decisions of the pruned network in the architecture-level model, on fresh chips with
            the spread that it shall stand.
        starts: random starts that were needed.
        steps: optimiser steps in all.
        seconds: wall time, tables included.
        config: the settings.
    """

    network: Network
    tables: CellTables
    accuracy: float
    starts: int
    steps: int
    seconds: float
    config: NetworkConfig

    def save(self, folder: Path) -> None:
        """Write `network.json`, `tables.json` and the settings of the training."""
        make_folder(folder)
        write_text(folder / SETTINGS_FILE, json.dumps(trained_settings(self.config), indent=2) + "\n")
        self.network.save(folder / NETWORK_FILE)
        write_text(folder / TABLES_FILE, json.dumps(json.loads(self.tables.model_dump_json()), indent=2) + "\n")


def train_network(
    config: NetworkConfig, *, say: Say = lambda line: None, folder: Path | None = None, resume: bool = False
) -> TrainedNetwork:
    """Measure the cells, then train.

    Args:
        config: see `NetworkConfig`.
        say: told of each start, and every few seconds of where it is.
        folder: keeps a checkpoint, the curve (`metrics.csv`), TensorBoard's log, and in the end what
            `TrainedNetwork.save` writes; by default nothing is kept.
        resume: go on from the folder's checkpoint; the result equals that of an uninterrupted training.

    Raises:
        DataError: no start gave a network of which every output has a synapse; nothing to resume.
        ConfigError: the code does not fit the task or the cells; other settings than the checkpoint's.
        KeyboardInterrupt: after Ctrl-C, once the step under way is done and the checkpoint written.
    """
    task = TASKS[config.task]()
    coding = config.code(task.patterns.shape[1])
    store = Store(folder, config)
    begin = time.monotonic()
    torch.set_num_threads(config.train.threads)
    if resume:
        state = store.load()
        begin -= state.seconds
        say(f"going on with start {state.start} after step {state.step}")
    else:
        state = State(measure_tables(
            config.neuron.l_storage_ph, config.neuron.r_leak_ohm, temperature_k=config.temperature_k,
            spread=config.spread, seed=config.seed, threads=config.train.threads,
            report=lambda what: say(f"measuring {what}"),
        ))  # fmt: skip
    try:
        stopped = _Training(config, task, coding, store, state, say, begin).run()
    finally:
        store.close()
    if state.best is None:
        raise DataError("no start of the training gave a network", mend="raise train.starts or train.steps")
    found = TrainedNetwork(
        state.best[1], state.tables, state.best[0], state.start, state.start * config.train.steps, state.seconds, config
    )
    if folder is not None:
        found.save(folder)
    if stopped:  # too late to stop the training, but not what the caller does next
        raise KeyboardInterrupt
    return found


class _Training:
    def __init__(
        self, config: NetworkConfig, task: Task, coding: Coding, store: Store, state: State, say: Say, begin: float
    ) -> None:
        self.config, self.task, self.coding = config, task, coding
        self.store, self.state, self.say, self.begin = store, state, say, begin
        self.labels = torch.from_numpy(task.labels)
        self.decide_at = max(1, coding.pulses // 2)
        self.saved = self.said = time.monotonic()

    def run(self) -> bool:
        """All starts that are left; whether Ctrl-C came when there was nothing left to stop."""
        state, own = self.state, self.config.train
        if state.done:
            return False
        if not state.rows:
            self._save()
        with held_interrupt() as interrupted:
            while not state.done:
                if not self._start(interrupted):
                    where = "" if self.store.path is None else f"; --resume goes on from {self.store.path}"
                    self.say(f"stopped in start {state.start} after step {state.step}{where}")
                    raise KeyboardInterrupt
                state.done = state.start == own.starts or (state.best is not None and state.best[0] >= own.good)
                if not state.done:
                    state.start, state.step = state.start + 1, 0
                state.tensors = {}
                self._save()
            return interrupted()

    def _save(self) -> None:
        self.state.seconds = time.monotonic() - self.begin
        self.store.save(self.state)
        self.saved = time.monotonic()

    def _start(self, interrupted: Callable[[], bool]) -> bool:
        """Train one random start to its end and compare it with the best; False where Ctrl-C came."""
        state, own = self.state, self.config.train
        torch.manual_seed(self.config.seed * 1_000_003 + state.start)
        model = SfqModel([*self.config.hidden, self.task.outputs], self.coding, state.tables, own.quanta)
        optimizer = torch.optim.Adam(model.parameters(), lr=own.lr)
        if state.step:
            assert self.store.path is not None
            unpack(state, model, optimizer, self.store.path)
        pulses = model.encode(self.task.patterns)
        while state.step < own.steps:
            # Half a cosine, told by the step alone, so that a resumed training needs no state of it.
            decay = 0.5 * (1 + math.cos(math.pi * state.step / own.steps))
            optimizer.param_groups[0]["lr"] = own.lr * (_LAST_RATE + (1 - _LAST_RATE) * decay)
            optimizer.zero_grad()
            counts = model(pulses, own.chips, own.spread)
            loss = _loss(counts / self.coding.pulses, self.labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            model.clamp(own.ix_ua, own.it_ua)
            state.step += 1
            last = float(loss.detach())
            state.losses.append(last)
            if state.step % _ROW_STEPS == 0 and state.step < own.steps:
                self._row(math.nan)
            stop, now = interrupted(), time.monotonic()
            if stop or now - self.saved > _SAVE_S:
                state.tensors = pack(model, optimizer)
                self._save()
            if stop:
                return False
            if now - self.said > _SAY_S:
                self.said = now
                self.say(f"start {state.start}: step {state.step} of {own.steps}, loss {last:.4f}")
        found = math.nan
        try:
            network = model.network(self.config.name, self.decide_at, prune_below=own.prune_below)
            if own.settle:
                full, spread = own.ix_ua[1], own.spread or 1.0
                network = settled(network, self.task, state.tables, full_ua=full, spread=spread)
            found = accuracy(network, self.task, state.tables)
            self.say(f"start {state.start}: {found:.4f} of the decisions are right")
            if state.best is None or found > state.best[0]:
                state.best = (found, network)
        except NetlistError:
            self.say(f"start {state.start}: an output has no synapse left")
        self._row(found)
        return True

    def _row(self, found: float) -> None:
        """Add a row to the curve."""
        state = self.state
        row: dict[str, float] = {
            # A step sees every pattern: it is an epoch.
            "epoch": float((state.start - 1) * self.config.train.steps + state.step),
            "start": float(state.start),
            "train/loss": sum(state.losses) / len(state.losses) if state.losses else math.nan,
            "val/accuracy": found,
        }
        state.losses = []
        state.rows.append(row)
        self.store.log(row)


_SHARPNESS = 6.0


def _loss(counts: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of the counts as shares of a full window."""
    chips = counts.shape[0]
    if counts.shape[2] == 1:
        logits = _SHARPNESS * (counts[..., 0] - 0.45)
        wanted = labels.to(logits.dtype).expand(chips, -1)
        # Both classes count the same, however many patterns they have.
        share = wanted.mean()
        weight = torch.where(wanted > 0, 0.5 / share.clamp(min=1e-3), 0.5 / (1 - share).clamp(min=1e-3))
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, weight=weight)
    flat = (_SHARPNESS * counts).flatten(0, 1)
    return torch.nn.functional.cross_entropy(flat, labels.repeat(chips))
