"""pydantic's complaints in the words of this house."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

_WANTED = {
    "int": "an integer",
    "float": "a number",
    "string": "a text",
    "bool": "true or false",
    "path": "a path",
    "list": "a list",
    "dict": "a mapping of keys to values",
    "model": "a mapping of keys to values",
}
_MISTYPED = re.compile(rf"({'|'.join(_WANTED)})_(attributes_)?(type|parsing|parsing_size|from_float|sub_type)")
_BOUNDS = {
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "finite_number": "finite",
}
_SIZES = {"too_short": "at least {min_length}", "too_long": "at most {max_length}"}
_MAX_SHOWN = 40


class Fault(NamedTuple):
    """One complaint: keys that lead to what is wrong, what it is, and how to mend it."""

    where: tuple[str | int, ...]
    what: str
    mend: str


def first_fault(model: type[BaseModel], content: object, fault: Mapping[str, Any], prefix: Sequence[str]) -> Fault:
    """What a pydantic error says.

    Args:
        model: that refused.
        content: what it refused.
        fault: item of `ValidationError.errors()`; a `ctx` with the key `at` tells more keys towards the fault.
        prefix: keys that lead to `content`.
    """
    kind, context = str(fault["type"]), fault.get("ctx", {})
    loc = tuple(part for part in fault["loc"] if isinstance(part, str | int))
    about_key = loc[-1:] == ("[key]",)
    loc = loc[:-1] if about_key else loc
    where = (*prefix, *_present(content, loc), *context.get("at", ()))
    name = ".".join(map(str, (*prefix, *loc) if about_key or kind == "missing" else where))
    if kind == "missing":
        return Fault(where, f"the key '{name}' is missing", "")
    if kind == "string_type" and about_key:
        return Fault(where, f"the key '{name}' is no text", "")
    if kind in ("extra_forbidden", "invalid_key") or about_key:
        known = _quoted(context.get("expected", "")) or _known_keys(model, loc[:-1])
        near = difflib.get_close_matches(name.rpartition(".")[2], known, 1)
        return Fault(
            where, f"unknown key '{name}'", f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
        )
    if kind in ("value_error", "config"):
        return Fault(where, f"'{name}': {str(fault['msg']).removeprefix('Value error, ')}", context.get("mend", ""))
    what = f"'{name}' is {shown(fault['input'])}"
    if kind == "literal_error":
        known = _quoted(context["expected"])
        near = difflib.get_close_matches(str(fault["input"]), known, 1)
        return Fault(
            where, what, f"did you mean '{near[0]}'?" if near else f"choose {', '.join(known[:-1])} or {known[-1]}"
        )
    if kind in _BOUNDS:
        return Fault(where, what, f"keep it {_BOUNDS[kind].format(**context)}")
    if kind in _SIZES:
        return Fault(where, f"'{name}' has {context['actual_length']} items", f"give {_SIZES[kind].format(**context)}")
    mistyped = _MISTYPED.fullmatch(kind)
    if mistyped:
        return Fault(where, what, f"give {_WANTED[mistyped[1]]}")
    return Fault(where, f"{what}: {fault['msg']}", "")


def shown(value: object) -> str:
    """A value for a message, short."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    text = text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."
    return text if isinstance(value, int | float) else f"'{text}'"


def _present(content: object, loc: Sequence[str | int]) -> tuple[str | int, ...]:
    """The part of `loc` that leads through `content`: pydantic adds steps of its own, as a union's member."""
    found: list[str | int] = []
    for part in loc:
        inside = isinstance(content, Mapping) and part in content
        if not inside and not (isinstance(content, list) and isinstance(part, int) and part < len(content)):
            break
        content = content[part]  # type: ignore[index]
        found.append(part)
    return tuple(found)


def _quoted(text: object) -> list[str]:
    return re.findall(r"'([^']*)'", str(text))


def _known_keys(model: type[BaseModel], where: Sequence[str | int]) -> list[str]:
    """Keys of the model that `where` leads to, through lists and mappings."""
    for part in where:
        inner = {field.alias or key: field for key, field in model.model_fields.items()}.get(str(part))
        if inner is not None:
            model = _inner_model(inner.annotation) or model
    return [field.alias or key for key, field in model.model_fields.items() if not field.exclude]


def _inner_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_model(argument)
        if found is not None:
            return found
    return None
