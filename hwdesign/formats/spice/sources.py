"""Independent sources: DC, AC and transient parts, their arguments normalised."""

from __future__ import annotations

from hwdesign.errors import FormatError, HwdesignError, UnsupportedError
from hwdesign.formats.spice.lines import Line, tokens, unquote
from hwdesign.formats.spice.values import Values
from hwdesign.netlist.quantity import format_number
from hwdesign.netlist.waveforms import FILED, KINDS, PAIRED, check_count, parse_waveform

FUNCTIONS = frozenset(KINDS - {"dc"})
"""Transient functions that ngspice and JoSIM know."""

_JOSIM = frozenset({"pulse", "sin", "exp", "pwl", "pws", "noise", "cus"})

Note = tuple[str, str]


def read_source(
    values: Values, line: Line, parts: list[str], into: dict[str, float | str], notes: list[Note]
) -> list[str]:
    """Read what follows a source's nodes: `[dc] value`, `ac [magnitude [phase]]`, `function(arguments)`, in any order.

    Args:
        values: the scope's parameters.
        line: for error messages.
        parts: tokens after the nodes.
        into: receives `dc`, `ac`, `acphase` and `tran`.
        notes: receives remarks, each a rule and a message.

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
            at = _transient(values, line, parts, at, into, notes)
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


def _transient(
    values: Values, line: Line, parts: list[str], at: int, into: dict[str, float | str], notes: list[Note]
) -> int:
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
    kind = name.lower()
    if values.josim and kind not in _JOSIM:
        raise UnsupportedError(
            f"JoSIM has no source '{kind}'", file=line.file, line=line.line, mend=f"it has: {' '.join(sorted(_JOSIM))}"
        )
    # The first argument of a custom waveform is its file.
    fixed = [unquote(argument) for argument in arguments[:1]] if kind in FILED else []
    if any(" " in name for name in fixed):
        raise line.error(f"the file name '{fixed[0][:40]}' has a space", "rename the file")
    read = [values.read(argument, line) for argument in arguments[len(fixed) :]]
    try:
        check_count(kind, len(read))
    except FormatError as error:
        raise line.error(error.what, error.mend) from error
    if values.josim and kind in PAIRED and isinstance(read[0], float) and read[0] > 0:
        notes.append(("pwl-start", f"{kind} does not begin at time 0; as in JoSIM, it rises from 0 there"))
        read = [0.0, 0.0, *read]
    texts = [*fixed, *(value if isinstance(value, str) else format_number(value) for value in read)]
    text = f"{kind}({' '.join(texts)})"
    if all(isinstance(value, float) for value in read):
        try:
            parse_waveform(text)
        except HwdesignError as error:
            raise line.error(error.what, error.mend) from error
    _set(line, into, "tran", text)
    return at
