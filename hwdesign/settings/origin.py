"""Where a configuration's values come from: lines of a YAML file, and overrides beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hwdesign.errors import ConfigError, OverrideError

MAX_NESTING = 64  # PyYAML's time grows with the square of it
_MAX_BITS = 4096  # Python refuses to print longer integers
# What PyYAML lets through where a tag or a number does not fit its text, as `!!timestamp 5` or `!!bool q`.
_MISFITS = (ValueError, LookupError, AttributeError, TypeError)


@dataclass(frozen=True, eq=False, slots=True)
class Origin:
    """A configuration's file and overrides, to name what is at fault.

    Attributes:
        file: as the user named it; empty for a configuration made in Python.
        root: the file's YAML nodes.
        overrides: `a.b=value`, in the order in which they apply.
    """

    file: str = ""
    root: yaml.Node | None = None
    overrides: tuple[str, ...] = ()

    def fault(self, what: str, where: Sequence[str | int] = (), mend: str = "") -> ConfigError:
        """The error of the key at `where`, blamed on the override that set it, or else on the file and its line."""
        path = [str(part) for part in where]
        for override in reversed(self.overrides):
            keys = override_keys(override)
            made = keys[: len(path)] == path and self.root is not None and not self._has(where)
            if path[: len(keys)] == keys or made:
                return override_fault(override, what, mend)
        return ConfigError(what, file=self.file or None, line=self.line(where), mend=mend)

    def line(self, where: Sequence[str | int]) -> int:
        """1-based line of the deepest part of `where` that the file has; 0 without a file."""
        found = self._lines(where)
        if found:
            return found[-1]
        if self.root is None:
            return 1 if self.file else 0
        return self.root.start_mark.line + 1

    def _has(self, where: Sequence[str | int]) -> bool:
        return len(self._lines(where)) == len(where)

    def _lines(self, where: Sequence[str | int]) -> list[int]:
        """1-based lines of the parts of `where`, as far as the file has them."""
        node, lines = self.root, []
        for part in where:
            if isinstance(node, yaml.MappingNode):
                found = [(key, value) for key, value in node.value if getattr(key, "value", None) == str(part)]
                if not found:
                    break
                key, node = found[0]
                lines.append(key.start_mark.line + 1)
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                lines.append(node.start_mark.line + 1)
            else:
                break
        return lines


def override_keys(override: str) -> list[str]:
    """`a.b=value` → `["a", "b"]`."""
    return override.partition("=")[0].strip().split(".")


def override_fault(override: str, what: str, mend: str = "") -> OverrideError:
    """The error of an override."""
    shown = override if len(override) <= 80 else f"{override[:77]}..."
    return OverrideError(f"the override '{shown}' is wrong: {what}", mend=mend)


def apply_override(content: dict[str, Any], override: str) -> None:
    """Set a key of `content`, making the mappings that lead to it.

    Raises:
        OverrideError: not `key.key=value`, a value that is not YAML, or a way through something that is no mapping.
    """
    keys = override_keys(override)
    _, equals, text = override.partition("=")
    if not equals or not all(keys):
        raise override_fault(override, "it is not of the form key.key=value")
    try:
        value = yaml.safe_load(text)
        str(value)  # an integer may be longer than Python prints
    except (yaml.YAMLError, RecursionError, *_MISFITS) as error:
        raise override_fault(override, "its value is not YAML") from error
    at = content
    for depth, key in enumerate(keys[:-1]):
        inner = at.setdefault(key, {})
        if inner is None:  # `section:` with nothing below it
            inner = at[key] = {}
        if not isinstance(inner, dict):
            raise override_fault(override, f"'{'.'.join(keys[: depth + 1])}' is a value and has no keys")
        at = inner
    at[keys[-1]] = value


def parse_yaml(text: str, path: Path) -> tuple[yaml.Node | None, Any]:
    """Nodes and content of a YAML text.

    Raises:
        ConfigError: not YAML, an alias (which can expand without bound), deep nesting, a key that stands twice, or an
            integer of more than 4096 bits; names the line.
    """
    try:
        _check_events(text, path)
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        _check_nodes(root, path)
        return root, yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "malformed"
        line = mark.line + 1 if mark is not None else _line_of(text, getattr(error, "position", None))
        raise ConfigError(f"the configuration is not YAML: {reason}", file=path, line=line) from error
    except (RecursionError, *_MISFITS) as error:
        raise ConfigError("the configuration is not YAML that can be read", file=path, line=1) from error


def _line_of(text: str, position: int | None) -> int:
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1


def _check_events(text: str, path: Path) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError("a configuration takes no YAML aliases", file=path, line=line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_NESTING:
            raise ConfigError(f"the configuration is nested deeper than {MAX_NESTING}", file=path, line=line)


def _check_nodes(root: yaml.Node | None, path: Path) -> None:
    scalars = yaml.constructor.SafeConstructor()
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen:
                        line = key.start_mark.line + 1
                        raise ConfigError(f"the key '{key.value}' stands twice", file=path, line=line)
                    seen.add(key.value)
                stack += (key, value)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
        elif isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:merge":
            line = node.start_mark.line + 1
            try:
                value = scalars.construct_object(node)
            except _MISFITS as error:
                raise ConfigError("the value is none that YAML can hold", file=path, line=line) from error
            if isinstance(value, int) and value.bit_length() > _MAX_BITS:
                raise ConfigError(f"the integer has more than {_MAX_BITS} bits", file=path, line=line)
