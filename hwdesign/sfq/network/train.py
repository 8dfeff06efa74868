"""Training the currents of a network, on chips that differ and synapses that draw lots."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor

from hwdesign.errors import ConfigError, DataError, NetlistError
from hwdesign.files import read_input, write_text
from hwdesign.settings import Origin, Section, parse_section, read_yaml, refuse
from hwdesign.settings.origin import apply_override
from hwdesign.sfq.network.model import SfqModel, model_of
from hwdesign.sfq.network.network import MAX_JSON, Coding, Network
from hwdesign.sfq.network.tables import CellTables, measure_tables
from hwdesign.sfq.network.tasks import TASKS, Task

Say = Callable[[str], None]

NETWORK_FILE, TABLES_FILE, SETTINGS_FILE = "network.json", "tables.json", "settings.json"


class CodeSection(Section):
    """The code's own numbers; see `Coding`. By default every feature has a slot of its own."""

    pulses: int = Field(default=4, ge=1, le=1024)
    period_ps: float = Field(default=200.0, gt=0)
    slot_ps: float = Field(default=25.0, gt=0)
    slots: tuple[int, ...] | None = None
    dual_rail: bool = True


class NeuronSection(Section):
    """The neurons' loops.

    Attributes:
        l_storage_ph: small, so that a quantum is a large current: larger than what spreads do to the threshold.
        r_leak_ohm: empties the loop between two periods, but not between two slots.
    """

    l_storage_ph: float = Field(default=8.0, gt=0, le=10_000)
    r_leak_ohm: float = Field(default=0.16, ge=0, le=100)


class TrainSection(Section):
    """Training.

    Attributes:
        steps: optimiser steps of one start.
        starts: most random starts; the first one whose network is good enough ends the search.
        chips: chips drawn for a step.
        lr: learning rate, in units of 10 µA.
        spread: of the chips that are trained on, in units of the spread that the network shall stand.
        good: share of right decisions on fresh chips that ends the search.
        prune_below: synapses that pass less than this share are left out of the netlist.
        quanta: threshold that the hidden neurons start from.
        ix_ua, it_ua: range of the currents.
        threads: of torch and the simulator.
    """

    steps: int = Field(default=300, ge=1, le=100_000)
    starts: int = Field(default=8, ge=1, le=1000)
    chips: int = Field(default=32, ge=1, le=65_536)
    lr: float = Field(default=0.2, gt=0, le=10)
    spread: float = Field(default=1.5, ge=0, le=10)
    good: float = Field(default=0.998, gt=0, le=1)
    prune_below: float = Field(default=0.05, ge=0, lt=1)
    quanta: float = Field(default=1.2, gt=0, le=20)
    ix_ua: tuple[float, float] = (30.0, 145.0)
    it_ua: tuple[float, float] = (0.0, 145.0)
    threads: int = Field(default=2, ge=1, le=256)

    @field_validator("ix_ua", "it_ua")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= value[0] < value[1] <= 400:
            raise refuse("a range of currents rises, within 0 and 400 µA")
        return value


class NetworkConfig(Section):
    """A network to train, and how its circuit is proved.

    Attributes:
        name: of the network.
        seed: of weights, chips and noise.
        task: what it learns.
        hidden: neurons of the hidden layers.
        temperature_k, spread: what it shall stand: noise temperature and local spread.
        chips: Monte Carlo instances of the proof at circuit level.
        sweep: spreads at which the yield is simulated too.
        coding, neuron, train: see their classes.
    """

    name: str = Field(default="network", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")
    seed: int = Field(default=0, ge=0, lt=1 << 32)
    task: Literal["xor", "and", "majority", "parity3", "digits4"] = "xor"
    hidden: tuple[int, ...] = (4,)
    temperature_k: float = Field(default=4.2, ge=0, le=1000)
    spread: float = Field(default=0.05, ge=0, le=0.5)
    chips: int = Field(default=256, ge=1, le=100_000)
    sweep: tuple[float, ...] = (0.0, 0.025, 0.05, 0.075, 0.1, 0.15)
    coding: CodeSection = CodeSection()
    neuron: NeuronSection = NeuronSection()
    train: TrainSection = TrainSection()

    @field_validator("hidden")
    @classmethod
    def _widths(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(value) > 8 or any(not 1 <= width <= 1024 for width in value):
            raise refuse("at most 8 hidden layers of 1 to 1024 neurons")
        return value

    @field_validator("sweep")
    @classmethod
    def _spreads(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) > 64 or any(not 0 <= sigma <= 0.5 for sigma in value):
            raise refuse("at most 64 spreads between 0 and 0.5")
        return value

    def code(self, features: int) -> Coding:
        """The code for a number of features."""
        own = self.coding
        slots = tuple(range(features)) if own.slots is None else own.slots
        if len(slots) != features:
            raise ConfigError(f"'coding.slots' names {len(slots)} slots for the {features} features of '{self.task}'")
        content = {**own.model_dump(), "slots": slots}
        return parse_section(Coding, content, prefix=("coding",))


def load_network_config(path: Path, overrides: Sequence[str] = ()) -> NetworkConfig:
    """Read a network's configuration.

    Args:
        path: YAML file.
        overrides: `a.b=value`, the value in YAML.

    Raises:
        OverrideError, ConfigError, FileError, LimitError: as `hwdesign.learn.load_config`.
    """
    root, content = read_yaml(path)
    origin = Origin(str(path), root, tuple(overrides))
    for override in overrides:
        apply_override(content, override)
    return parse_section(NetworkConfig, content, origin=origin)


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
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / SETTINGS_FILE, json.dumps(_settings(self.config), indent=2) + "\n")
        self.network.save(folder / NETWORK_FILE)
        write_text(folder / TABLES_FILE, json.dumps(json.loads(self.tables.model_dump_json()), indent=2) + "\n")


def _settings(config: NetworkConfig) -> dict[str, Any]:
    """What the trained currents follow from, in JSON's types; how many chips prove them later is no part of it."""
    text = config.model_dump_json(exclude={"chips": True, "sweep": True, "train": {"threads"}})
    settings: dict[str, Any] = json.loads(text)
    return settings


def check_trained_as(config: NetworkConfig, folder: Path) -> None:
    """Refuse to take a stored network for one that other settings would give.

    Raises:
        ConfigError: the network in the folder was trained with other settings.
        FileError: the settings' file cannot be read.
    """
    path = folder / SETTINGS_FILE
    mend = "add --fresh to train again, or name another folder by --run"
    if not path.exists():
        return  # a network that was put there, not trained there
    try:
        stored = json.loads(read_input(path, limit=MAX_JSON))
    except (ValueError, RecursionError) as error:
        raise ConfigError("the file is no JSON", file=path, mend=mend) from error
    own = _settings(config)
    if not isinstance(stored, dict):
        raise ConfigError("the file holds no settings", file=path, mend=mend)
    changed = sorted(key for key in own.keys() | stored.keys() if own.get(key) != stored.get(key))
    if changed:
        raise ConfigError(f"the network was trained with another {', '.join(changed)}", file=path, mend=mend)


def train_network(config: NetworkConfig, *, say: Say = lambda line: None) -> TrainedNetwork:
    """Measure the cells, then train.

    Args:
        config: see `NetworkConfig`.
        say: told of each start.

    Raises:
        DataError: no start gave a network of which every output has a synapse.
        ConfigError: the code does not fit the task or the cells.
    """
    begin = time.monotonic()
    task = TASKS[config.task]()
    coding = config.code(task.patterns.shape[1])
    own = config.train
    tables = measure_tables(
        config.neuron.l_storage_ph, config.neuron.r_leak_ohm, temperature_k=config.temperature_k,
        spread=config.spread, seed=config.seed, threads=own.threads,
    )  # fmt: skip
    torch.set_num_threads(own.threads)
    best: tuple[float, Network] | None = None
    start = 0
    for start in range(1, own.starts + 1):
        torch.manual_seed(config.seed * 1_000_003 + start)
        model = SfqModel([*config.hidden, task.outputs], coding, tables, own.quanta)
        _descend(model, task, config)
        try:
            network = model.network(config.name, max(1, coding.pulses // 2), prune_below=own.prune_below)
        except NetlistError:
            say(f"start {start}: an output has no synapse left")
            continue
        found = accuracy(network, task, tables)
        say(f"start {start}: {found:.4f} of the decisions are right")
        if best is None or found > best[0]:
            best = (found, network)
        if found >= own.good:
            break
    if best is None:
        raise DataError("no start of the training gave a network", mend="raise train.starts or train.steps")
    return TrainedNetwork(best[1], tables, best[0], start, start * own.steps, time.monotonic() - begin, config)


def accuracy(network: Network, task: Task, tables: CellTables, *, chips: int = 512, spread: float = 1.0) -> float:
    """Share of right decisions of the architecture-level model on freshly drawn chips.

    Args:
        network: complete.
        task: patterns and classes.
        tables: of the cells.
        chips: number of chips.
        spread: in units of the tables' spreads.
    """
    model = model_of(network, tables)
    with torch.no_grad():
        counts = model(model.encode(task.patterns), chips, spread)
    decisions = network.decide(counts.round().long().numpy())
    return float((decisions == task.labels).mean())


def _descend(model: SfqModel, task: Task, config: NetworkConfig) -> None:
    own = config.train
    pulses = model.encode(task.patterns)
    labels = torch.from_numpy(task.labels)
    optimizer = torch.optim.Adam(model.parameters(), lr=own.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, own.steps, own.lr / 20)
    for _ in range(own.steps):
        optimizer.zero_grad()
        counts = model(pulses, own.chips, own.spread) / config.coding.pulses
        loss = _loss(counts, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        model.clamp(own.ix_ua, own.it_ua)


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
