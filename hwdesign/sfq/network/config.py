"""Configurations of networks to be trained and proved: YAML, checked by key and line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from hwdesign.errors import ConfigError
from hwdesign.files import read_input
from hwdesign.settings import Origin, Section, parse_section, read_yaml, refuse
from hwdesign.settings.origin import apply_override
from hwdesign.sfq.network.network import MAX_JSON, NAME, Coding

NETWORK_FILE, TABLES_FILE, SETTINGS_FILE = "network.json", "tables.json", "settings.json"
"""What a training leaves in its folder."""
LAST_FILE = Path("checkpoints", "last.safetensors")
CURVE_FILE, LOGS = "metrics.csv", "logs"
"""What it keeps there on the way."""


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
        settle: whether synapses are driven to their ends in the end, where that decides no worse.
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
    settle: bool = False
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

    name: str = Field(default="network", pattern=NAME)
    seed: int = Field(default=0, ge=0, lt=1 << 32)
    task: Literal["xor", "and", "majority", "parity3", "digits4", "moons"] = "xor"
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


def trained_settings(config: NetworkConfig) -> dict[str, Any]:
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
    own = trained_settings(config)
    if not isinstance(stored, dict):
        raise ConfigError("the file holds no settings", file=path, mend=mend)
    changed = sorted(key for key in own.keys() | stored.keys() if own.get(key) != stored.get(key))
    if changed:
        raise ConfigError(f"the network was trained with another {', '.join(changed)}", file=path, mend=mend)


def unfinished(folder: Path) -> bool:
    """Whether the folder holds a training that was interrupted."""
    card = (folder / LAST_FILE).with_suffix(".json")
    try:
        content = json.loads(read_input(card, limit=MAX_JSON)) if card.is_file() else None
    except (ValueError, RecursionError):
        return True  # resuming will say what is wrong with it
    return isinstance(content, dict) and content.get("done") is not True
