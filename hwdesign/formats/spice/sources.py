"""Independent sources: DC, AC and transient parts, their arguments normalised."""

from __future__ import annotations

from hwdesign.formats.spice.lines import Line, tokens
from hwdesign.formats.spice.values import Values
from hwdesign.netlist.quantity import format_number

FUNCTIONS = frozenset({"pulse", "sin", "exp", "pwl", "sffm", "am", "noise", "trnoise", "trrandom", "cus", "ws"})
"""Transient functions that ngspice and JoSIM know."""


def read_source(values: Values, line: Line, parts: list[str], into: dict[str, float | str]) -> list[str]:
    """Read what follows a source's nodes: `[dc] value`, `ac [magnitude [phase]]`, `function(arguments)`, in any order.

    Args:
        values: the scope's parameters.
        line: for error messages.
        parts: tokens after the nodes.
        into: receives `dc`, `ac`, `acphase` and `tran`.

    Returns:
        The name=value tokens that are left.

    Raises:
        FormatError: an unexpected token, a part given twice, or a bad value.
    """
    at = 0
    while at < len(parts):
        word = parts[at].lower()
        name, bracket, _ = word.partition("(")
        named = parts[at + 1 : at + 2] == ["="]
        if word == "dc":
            at += 2 if named else 1
            if not _value_at(values, parts, at):
                raise line.error("'dc' has no value", "write dc 1")
            _set(line, into, "dc", values.read(parts[at], line))
            at += 1
        elif word == "ac":
            at += 2 if named else 1
            given = 0
            for key in ("ac", "acphase"):
                if _value_at(values, parts, at):
                    _set(line, into, key, values.read(parts[at], line))
                    at += 1
                    given += 1
            if not given:
                _set(line, into, "ac", 1.0)
        elif named:
            break
        elif name in FUNCTIONS and (bracket or word == name):
            at = _transient(values, line, parts, at, into)
        elif "dc" not in into and _value_at(values, parts, at):
            _set(line, into, "dc", values.read(parts[at], line))
            at += 1
        else:
            raise line.error(f"unexpected '{parts[at][:40]}' in a source", "write dc value, ac value or pulse(...)")
    return parts[at:]


def _value_at(values: Values, parts: list[str], at: int) -> bool:
    """Whether a value stands at `at`, not a keyword, a function or a parameter's name."""
    if at >= len(parts) or parts[at + 1 : at + 2] == ["="]:
        return False
    token = parts[at]
    return token.lower().partition("(")[0] not in FUNCTIONS and values.is_value(token)


def _set(line: Line, into: dict[str, float | str], key: str, value: float | str) -> None:
    if key in into:
        raise line.error(f"the source has two values for '{key}'", "remove one of them")
    into[key] = value


def _transient(values: Values, line: Line, parts: list[str], at: int, into: dict[str, float | str]) -> int:
    """Read `name(arguments)`, `name (arguments)` or `name argument argument ...`; returns the position after it."""
    name, bracket, inner = parts[at].partition("(")
    at += 1
    if bracket:
        arguments = tokens(Line(inner[:-1], line.line, line.file)) if inner.endswith(")") else []
    elif at < len(parts) and parts[at].startswith("("):
        arguments = tokens(Line(parts[at][1:-1], line.line, line.file))
        at += 1
    else:
        end = at
        while _value_at(values, parts, end) and parts[end].lower() != "ac":
            end += 1
        arguments, at = parts[at:end], end
    if not arguments or "=" in arguments:
        raise line.error(f"the source's {name} has no arguments that can be read", f"write {name}(value value ...)")
    # The first argument of a custom waveform is its file.
    fixed = arguments[:1] if name.lower() in ("cus", "ws") else []
    read = (values.read(argument, line) for argument in arguments[len(fixed) :])
    texts = [*fixed, *(value if isinstance(value, str) else format_number(value) for value in read)]
    _set(line, into, "tran", f"{name.lower()}({' '.join(texts)})")
    return at
