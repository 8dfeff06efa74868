"""Sections of configuration files: YAML checked by pydantic, unknown keys refused and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from hwdesign.errors import ConfigError
from hwdesign.files import read_input
from hwdesign.settings.faults import first_fault
from hwdesign.settings.origin import Origin, parse_yaml

MAX_CONFIG_BYTES = 1 << 20

_Model = TypeVar("_Model", bound=BaseModel)


def refuse(reason: str, *at: str | int, mend: str = "") -> PydanticCustomError:
    """The error, raised in a validator, of a section in which the keys `at` lead to what is wrong."""
    return PydanticCustomError("config", "{reason}", {"reason": reason, "at": at, "mend": mend})


class Section(BaseModel):
    """Base of every section: no unknown keys, no changes, and no boolean where a number stands."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean(cls, value: object, info: ValidationInfo) -> object:
        wanted = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and wanted in (int, float):
            # pydantic would take `true` for 1.
            raise PydanticCustomError("int_type" if wanted is int else "float_type", "a boolean is no number")
        return value


def read_yaml(path: Path) -> tuple[yaml.Node | None, dict[str, Any]]:
    """Nodes and content of a configuration file, which is a mapping or empty.

    Raises:
        ConfigError: no YAML, no UTF-8, no mapping, an alias, deep nesting, or a key that stands twice; names the line.
        FileError: the file cannot be read.
        LimitError: the file is larger than 1 MiB.
    """
    try:
        text = read_input(path, limit=MAX_CONFIG_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError("the configuration is not UTF-8 text", file=path, line=line) from error
    root, content = parse_yaml(text, path)
    content = {} if root is None or content is None else content
    if not isinstance(content, dict):
        raise ConfigError("a configuration is a mapping of keys to values", file=path, line=1)
    return root, content


def parse_section(
    model: type[_Model], content: Mapping[str, Any], *, origin: Origin | None = None, prefix: Sequence[str] = ()
) -> _Model:
    """Check `content` against a pydantic model.

    Args:
        model: what the section holds.
        content: of the section.
        origin: where it was read; `TrainConfig.origin`.
        prefix: keys that lead to the section.

    Raises:
        OverrideError: an override of `origin` brought the first fault in.
        ConfigError: otherwise; names the key, the nearest known one where it is unknown, and the file and line.
    """
    try:
        return model.model_validate(dict(content))
    except ValidationError as error:
        fault = first_fault(model, content, error.errors()[0], prefix)
        raise (origin or Origin()).fault(fault.what, fault.where, fault.mend) from error
