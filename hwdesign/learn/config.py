"""Training configurations: YAML checked by pydantic, unknown keys refused and named."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, overload

from pydantic import (
    BeforeValidator,
    Field,
    InstanceOf,
    field_validator,
    model_validator,
)

from hwdesign.errors import ConfigError
from hwdesign.settings import Origin, Section, parse_section, read_yaml, refuse
from hwdesign.settings.origin import apply_override, override_fault

SPLITS = ("train", "validation", "test")


def _path(value: object) -> object:
    if isinstance(value, str) and (not value or "\0" in value):
        raise refuse("a path is a text that is not empty and holds no NUL")
    return value


def _scalar(value: object) -> object:
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise refuse("a parameter is a finite number, a text, true or false")


class CircuitSource(Section):
    """One circuit: a file, or a generator's name. A bare string in YAML is a file.

    Attributes:
        file: path, relative to the configuration's folder.
        generate: name of a generator of `hwdesign.circuits`.
        params: the generator's parameters.
        top: top module, where the file has several.
        parent: design that this circuit derives from; by default the file's stem or the generator's name. All circuits
            of one parent are in one split.
    """

    file: Annotated[Path | None, BeforeValidator(_path)] = None
    generate: str | None = None
    params: dict[str, Annotated[int | float | str | bool, BeforeValidator(_scalar)]] = Field(default_factory=dict)
    top: str | None = None
    parent: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> CircuitSource:
        if (self.file is None) == (self.generate is None):
            raise refuse("a circuit needs 'file' or 'generate', and not both")
        for key, of in (("params", "generate"), ("top", "file")):
            if getattr(self, key) and getattr(self, of) is None:
                raise refuse(f"it belongs to '{of}'", key, mend="remove it")
        return self

    @property
    def name(self) -> str:
        """Name for tables: the file's stem, or the generator with its parameters."""
        if self.file is not None:
            return self.file.name.removesuffix(".gz").rsplit(".", 1)[0]
        values = ",".join(f"{key}={value}" for key, value in self.params.items())
        return f"{self.generate}({values})" if values else str(self.generate)

    @property
    def family(self) -> str:
        """The parent, spelled out."""
        return self.parent or (self.name if self.file is not None else str(self.generate))


class DataConfig(Section):
    """Circuits by split, and how they become training batches.

    Attributes:
        splits: circuits of `train`, `validation` and `test`.
        patterns: random patterns simulated for a label; its standard error is at most 0.5/√patterns.
        label_seed: of those patterns.
        slice_nodes: most AND nodes in a training slice; circuits are cut along a topological order. Validation, test
            and prediction always see whole circuits.
        batch_slices: slices in one batch.
        biased_copies: further copies of each training slice with random input probabilities and labels of their own.
        cache: folder of prepared circuits; by default `cache` in the run's folder.
    """

    splits: dict[Literal["train", "validation", "test"], list[CircuitSource]]
    patterns: int = Field(65_536, ge=64, le=1 << 26)
    label_seed: int = Field(1, ge=0)
    slice_nodes: int = Field(2048, ge=16, le=1 << 20)
    batch_slices: int = Field(4, ge=1, le=1024)
    biased_copies: int = Field(0, ge=0, le=16)
    cache: Annotated[Path | None, BeforeValidator(_path)] = None

    @field_validator("splits", mode="before")
    @classmethod
    def _bare_files(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {
            key: [{"file": item} if isinstance(item, str) else item for item in items]
            if isinstance(items, list)
            else items
            for key, items in value.items()
        }

    @model_validator(mode="after")
    def _disjoint(self) -> DataConfig:
        for needed in ("train", "validation"):
            if not self.splits.get(needed):
                raise refuse(f"the split '{needed}' has no circuit", "splits", needed)
        owner: dict[str, str] = {}
        for split, sources in self.splits.items():
            for place, source in enumerate(sources):
                first = owner.setdefault(source.family, split)
                if first != split:
                    raise refuse(
                        f"the parent '{source.family}' is in the splits '{first}' and '{split}'",
                        *("splits", split, place),
                        mend="keep all circuits of one parent in one split",
                    )
        return self


class OptimConfig(Section):
    """AdamW with a linear warm-up and a cosine decay.

    Attributes:
        lr: peak learning rate.
        weight_decay: decoupled weight decay.
        warmup: share of all steps that the warm-up takes.
        gradient_clip: largest gradient norm.
    """

    lr: float = Field(default=3e-3, gt=0, le=1)
    weight_decay: float = Field(default=1e-4, ge=0, le=1)
    warmup: float = Field(default=0.05, ge=0, lt=1)
    gradient_clip: float = Field(default=1.0, gt=0)


class TrainerConfig(Section):
    """Flags handed to Lightning's `Trainer`.

    Attributes:
        max_epochs: passes over the training split.
        accelerator, devices, strategy: as Lightning takes them; `strategy: ddp` with `devices: 2` trains in two
            processes. Lightning's other strategies fork or spawn processes that a run's record does not come back
            from, or keep weights in pieces that no checkpoint can be written from.
        threads: processor threads a process.
    """

    max_epochs: int = Field(default=20, ge=1, le=100_000)
    accelerator: Literal["cpu", "gpu", "cuda", "mps", "auto"] = "cpu"
    devices: int = Field(default=1, ge=1, le=1024)
    strategy: Literal["auto", "ddp", "ddp_find_unused_parameters_false", "ddp_find_unused_parameters_true"] = "auto"
    threads: int = Field(default=2, ge=1, le=256)


class RunConfig(Section):
    """A training run, but for the data that it is made on.

    Attributes:
        name: of the run, for its report.
        seed: of weights, order and dropout.
        optim, trainer: see their classes.
        model: the wing's own section, checked by the wing.
        folder: the configuration file's folder, against which its paths are read; set by `load_config`.
        origin: lines of that file and overrides, for messages; set by `load_config`.
    """

    name: str = "run"
    seed: int = Field(0, ge=0, lt=1 << 32)
    model: dict[str, Any] = Field(default_factory=dict)
    optim: OptimConfig = OptimConfig()
    trainer: TrainerConfig = TrainerConfig()
    folder: Path = Field(default=Path(), exclude=True)
    origin: InstanceOf[Origin] = Field(default=Origin(), exclude=True)


class TrainConfig(RunConfig):
    """A whole training run on circuits.

    Attributes:
        data: circuits by split.
    """

    data: DataConfig


_Run = TypeVar("_Run", bound=RunConfig)


@overload
def load_config(path: str | Path, overrides: Sequence[str] = ()) -> TrainConfig: ...
@overload
def load_config(path: str | Path, overrides: Sequence[str] = (), *, kind: type[_Run]) -> _Run: ...
def load_config(path: str | Path, overrides: Sequence[str] = (), *, kind: type[Any] = TrainConfig) -> Any:
    """Read a training configuration.

    Args:
        path: YAML file.
        overrides: `a.b=value`, the value in YAML.
        kind: what it holds: the wing's own kind of run.

    Raises:
        OverrideError: an override is wrong, or turns a right configuration into a wrong one.
        ConfigError: not YAML, an alias, deep nesting, a duplicate or unknown key, or a value out of range; names the
            key and line.
        FileError: the file cannot be read.
        LimitError: the file is larger than 1 MiB.
    """
    path = Path(path)
    root, content = read_yaml(path)
    try:
        return _build(kind, content, path, Origin(str(path), root, tuple(overrides)))
    except ConfigError as error:
        # A check over several keys may blame a line of the file that was right before the overrides.
        for last in reversed(range(len(overrides) if error.file is not None else 0)):
            try:
                _build(kind, content, path, Origin(str(path), root, tuple(overrides[:last])))
            except ConfigError:
                continue
            raise override_fault(overrides[last], error.what, error.mend) from error
        raise


def _build(kind: type[_Run], content: Mapping[str, Any], path: Path, origin: Origin) -> _Run:
    whole = copy.deepcopy(dict(content))
    for override in origin.overrides:
        apply_override(whole, override)
    for key in ("folder", "origin"):
        if key in whole:
            raise origin.fault(f"unknown key '{key}'", (key,))
    return parse_section(kind, {**whole, "folder": path.parent, "origin": origin}, origin=origin)
