"""Training configurations: YAML checked by pydantic, unknown keys refused and named."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hwdesign.errors import ConfigError
from hwdesign.files import read_input

MAX_CONFIG_BYTES = 1 << 20
_MAX_NESTING = 64  # PyYAML's time grows with the square of it
SPLITS = ("train", "validation", "test")

_Model = TypeVar("_Model", bound=BaseModel)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CircuitSource(_Section):
    """One circuit: a file, or a generator's name. A bare string in YAML is a file.

    Attributes:
        file: path, relative to the configuration's folder.
        generate: name of a generator of `hwdesign.circuits`.
        params: the generator's parameters.
        top: top module, where the file has several.
        parent: design that this circuit derives from; by default the file's stem or the generator's name. All circuits
            of one parent are in one split.
    """

    file: Path | None = None
    generate: str | None = None
    params: dict[str, int | float | str | bool] = Field(default_factory=dict)
    top: str | None = None
    parent: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> CircuitSource:
        if (self.file is None) == (self.generate is None):
            raise ValueError("a circuit needs 'file' or 'generate', and not both")
        if self.file is not None and self.params:
            raise ValueError("'params' belongs to 'generate'")
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


class DataConfig(_Section):
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
    cache: Path | None = None

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
                raise ValueError(f"the split '{needed}' has no circuit")
        owner: dict[str, str] = {}
        for split, sources in self.splits.items():
            for source in sources:
                first = owner.setdefault(source.family, split)
                if first != split:
                    raise ValueError(
                        f"the parent '{source.family}' is in the splits '{first}' and '{split}'; "
                        "all circuits of one parent belong to one split"
                    )
        return self


class OptimConfig(_Section):
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


class TrainerConfig(_Section):
    """Flags handed to Lightning's `Trainer`.

    Attributes:
        max_epochs: passes over the training split.
        accelerator, devices, strategy: as Lightning takes them; `strategy: ddp` with `devices: 2` trains in two
            processes.
        threads: processor threads a process.
    """

    max_epochs: int = Field(default=20, ge=1, le=100_000)
    accelerator: Literal["cpu", "gpu", "cuda", "mps", "auto"] = "cpu"
    devices: int = Field(default=1, ge=1, le=1024)
    strategy: str = "auto"
    threads: int = Field(default=2, ge=1, le=256)


class TrainConfig(_Section):
    """A whole training run.

    Attributes:
        name: of the run, for its report.
        seed: of weights, order and dropout.
        data, optim, trainer: see their classes.
        model: the wing's own section, checked by the wing.
        folder: the configuration file's folder, against which its paths are read; set by `load_config`.
        source: the configuration file, for messages; set by `load_config`.
    """

    name: str = "run"
    seed: int = Field(0, ge=0, lt=1 << 32)
    data: DataConfig
    model: dict[str, Any] = Field(default_factory=dict)
    optim: OptimConfig = OptimConfig()
    trainer: TrainerConfig = TrainerConfig()
    folder: Path = Field(default=Path(), exclude=True)
    source: str = Field(default="", exclude=True)


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> TrainConfig:
    """Read a training configuration.

    Args:
        path: YAML file.
        overrides: `a.b=value`, the value in YAML.

    Raises:
        ConfigError: not YAML, an alias, deep nesting, a duplicate or unknown key, or a value out of range; names the
            key and line.
        FileError: the file cannot be read.
        LimitError: the file is larger than 1 MiB.
    """
    path = Path(path)
    try:
        text = read_input(path, limit=MAX_CONFIG_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError("the configuration is not UTF-8 text", file=path) from error
    root = _parse(text, path)
    content = {} if root is None else yaml.safe_load(text)
    if not isinstance(content, dict):
        raise ConfigError("a configuration is a mapping of keys to values", file=path, line=1)
    for override in overrides:
        _apply(content, override)
    for key in ("folder", "source"):
        if key in content:
            raise _fault(f"unknown key '{key}'", (key,), str(path), root, overrides)
    content |= {"folder": path.parent, "source": str(path)}
    return parse_section(TrainConfig, content, file=str(path), root=root, overrides=overrides)


def parse_section(
    model: type[_Model],
    content: Mapping[str, Any],
    *,
    file: str = "",
    prefix: str = "",
    root: yaml.Node | None = None,
    overrides: Sequence[str] = (),
) -> _Model:
    """Check `content` against a pydantic model.

    Raises:
        ConfigError: the first fault, with the nearest known key where a key is unknown; without a file where one of
            `overrides` brought it in.
    """
    try:
        return model.model_validate(dict(content))
    except ValidationError as error:
        fault = error.errors()[0]
        where = tuple(part for part in fault["loc"] if isinstance(part, (str, int)))
        name = ".".join([*([prefix] if prefix else []), *map(str, where)])
        if fault["type"] == "extra_forbidden":
            known = _known_keys(model, where[:-1])
            near = difflib.get_close_matches(str(where[-1]), known, 1)
            mend = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
            raise _fault(f"unknown key '{name}'", where, file, root, overrides, mend) from error
        reason = fault["msg"].removeprefix("Value error, ")
        what = f"'{name}': {reason}" if name else reason
        raise _fault(what, where, file, root, overrides) from error


def _fault(
    what: str,
    where: Sequence[str | int],
    file: str,
    root: yaml.Node | None,
    overrides: Sequence[str],
    mend: str = "",
) -> ConfigError:
    """The error of the key at `where`, blamed on the override that set it or else on the file."""
    path = [str(part) for part in where]
    for override in reversed(overrides):
        keys = override.partition("=")[0].strip().split(".")
        if path[: len(keys)] == keys:
            return ConfigError(f"the override '{override}' is wrong: {what}", mend=mend)
    return ConfigError(what, file=file or None, line=_line(root, where), mend=mend)


def _known_keys(model: type[BaseModel], where: tuple[str | int, ...]) -> list[str]:
    """Keys of the model that `where` leads to, through lists and mappings."""
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            inner = _inner_model(model.model_fields[part].annotation)
            model = inner or model
    return [key for key in model.model_fields if not model.model_fields[key].exclude]


def _inner_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_model(argument)
        if found is not None:
            return found
    return None


def _parse(text: str, path: Path) -> yaml.Node | None:
    """Node tree, after refusing aliases (which can expand without bound) and duplicate keys."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.AliasEvent):
                raise ConfigError("a configuration takes no YAML aliases", file=path, line=line)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_NESTING:
                raise ConfigError(f"the configuration is nested deeper than {_MAX_NESTING}", file=path, line=line)
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "malformed"
        line = mark.line + 1 if mark is not None else 0
        raise ConfigError(f"the configuration is not YAML: {reason}", file=path, line=line) from error
    except (RecursionError, ValueError) as error:
        raise ConfigError("the configuration is not YAML that can be read", file=path) from error
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                if key.value in seen if isinstance(key, yaml.ScalarNode) else False:
                    line = key.start_mark.line + 1
                    raise ConfigError(f"the key '{key.value}' stands twice", file=path, line=line)
                if isinstance(key, yaml.ScalarNode):
                    seen.add(key.value)
                stack.append(value)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
    return root


def _line(root: yaml.Node | None, where: Sequence[str | int]) -> int:
    """1-based line of the deepest part of `where` that the file has; 0 without a file."""
    node, line = root, 0
    for part in where:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if getattr(key, "value", None) == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _apply(content: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    keys = name.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"the override '{override}' is not of the form key.key=value")
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"the value of the override '{override}' is not YAML") from error
    at = content
    for key in keys[:-1]:
        inner = at.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"the override '{override}' does not lead to a key: '{key}' is a value")
        at = inner
    at[keys[-1]] = value
