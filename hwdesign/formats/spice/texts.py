"""Values as a deck writes them: numbers, expressions, transient functions, model cards."""

from __future__ import annotations

import re
from collections.abc import Set

from hwdesign.errors import UnsupportedError
from hwdesign.netlist.expressions import (
    CONSTANTS,
    JOSIM_CONSTANTS,
    JOSIM_FUNCTIONS,
    parse_expression,
    substitute,
)
from hwdesign.netlist.quantity import format_number, parse_number

_NOT_JOSIM = {name: value for name, value in CONSTANTS.items() if name not in JOSIM_CONSTANTS}
_JOSIM_OPERATORS = re.compile(r"[%\\?:<>=!&|]|\*\*")
_WIDTH = 100
_WORD = re.compile(r"[\w.]+\Z")


class Texts:
    """Writes values in one dialect. ngspice wants expressions in braces and knows no constants; JoSIM wants no braces.

    Every method takes the parameters in scope, in lower case: a constant that one of them hides stays a name.
    """

    def __init__(self, josim: bool) -> None:
        self.josim = josim

    def _plain(self, text: str, scope: Set[str]) -> str:
        if self.josim:
            check_josim(text)
            return substitute(text, {name: value for name, value in _NOT_JOSIM.items() if name not in scope})
        return substitute(text, {name: value for name, value in CONSTANTS.items() if name not in scope})

    def value(self, value: float | str, scope: Set[str]) -> str:
        """A number or an expression."""
        if not isinstance(value, str):
            return format_number(value)
        if value[:1] == '"' or parse_number(value) is not None:
            return value
        return self._plain(value, scope) if self.josim else f"{{{self._plain(value, scope)}}}"

    def pair(self, key: str, value: float | str, scope: Set[str]) -> str:
        """`key=value`, or `key` alone for a flag."""
        return key if value == "" else f"{key}={self.value(value, scope)}"

    def definition(self, text: str, scope: Set[str]) -> str:
        """What a `.param` line defines."""
        return self.value(text, scope)

    def free(self, value: float | str) -> str:
        """An expression over node voltages, which no braces surround."""
        return value if isinstance(value, str) else format_number(value)

    def transient(self, text: str, scope: Set[str]) -> str:
        """A transient function; its arguments that are expressions get ngspice's braces."""
        name, bracket, inner = text.partition("(")
        if not bracket:
            return text
        arguments = inner.removesuffix(")").split(" ")
        fixed = 1 if name in ("cus", "ws") else 0
        return f"{name}({' '.join([*arguments[:fixed], *(self.value(a, scope) for a in arguments[fixed:])])})"

    def card_value(self, key: str, value: float | str, scope: Set[str]) -> str:
        """`key=value` of a model card; a word that is no parameter stays a word."""
        if key == "cpr" and isinstance(value, str):
            return f"cpr={{{value}}}"
        if isinstance(value, str) and value and _WORD.match(value) and value.lower() not in scope:
            return f"{key}={value}"
        return self.pair(key, value, scope)


def check_josim(text: str) -> None:
    """Whether JoSIM can read an expression.

    Raises:
        UnsupportedError: a function or an operator that JoSIM does not have.
    """
    mend = "elaborate the netlist before writing it"
    unknown = next((call for call in parse_expression(text).calls if call not in JOSIM_FUNCTIONS), None)
    if unknown is not None:
        raise UnsupportedError(f"JoSIM has no function '{unknown}'", mend=mend)
    operator = _JOSIM_OPERATORS.search(text)
    if operator is not None:
        raise UnsupportedError(f"JoSIM has no operator '{operator.group()}'", mend=mend)


def fold(items: list[str]) -> str:
    """One statement, continued with `+` where it is longer than a line."""
    words: list[str] = []
    for item in items:
        words.extend([item] if '"' in item or len(item) < _WIDTH else item.split(" "))
    lines: list[str] = []
    current = ""
    for word in words:
        if current and len(current) + 1 + len(word) > _WIDTH:
            lines.append(current)
            current = "+ " + word
        else:
            current = f"{current} {word}" if current else word
    lines.append(current)
    return "\n".join(lines)


def fold_line(line: str) -> str:
    """A statement of plain words, folded; a comment as it is."""
    return line if line.startswith("*") else fold(line.split(" "))
