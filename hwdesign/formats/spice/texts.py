"""Values as a deck writes them: numbers, expressions, transient functions, model cards."""

from __future__ import annotations

import re
from collections.abc import Set

from hwdesign.netlist.expressions import CONSTANTS, substitute
from hwdesign.netlist.quantity import format_number, parse_number

_WORD = re.compile(r"[\w.]+\Z")


class Texts:
    """Writes values in one dialect. ngspice wants expressions in braces and knows no constants; JoSIM wants no braces.

    Every method takes the parameters in scope, in lower case: a constant that one of them hides stays a name.
    """

    def __init__(self, josim: bool) -> None:
        self.josim = josim

    def _plain(self, text: str, scope: Set[str]) -> str:
        if self.josim:
            return text
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
        if self.josim or not bracket:
            return text
        arguments = inner.removesuffix(")").split(" ")
        fixed = 1 if name in ("cus", "ws") else 0
        return f"{name}({' '.join([*arguments[:fixed], *(self.value(a, scope) for a in arguments[fixed:])])})"

    def card_value(self, key: str, value: float | str, scope: Set[str]) -> str:
        """`key=value` of a model card; a word that is no parameter stays a word."""
        if isinstance(value, str) and value and _WORD.match(value) and value.lower() not in scope:
            return f"{key}={value}"
        return self.pair(key, value, scope)
