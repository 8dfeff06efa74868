"""`[expr ...]`: sums, products and parentheses of numbers, as Tcl computes them; nothing else of Tcl's expressions."""

from __future__ import annotations

import math
import re

from hwdesign.errors import UnsupportedError
from hwdesign.formats.sdc.tcl import Command

_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([-+*/()]))")
_MAX_DEPTH = 50
_MAX_INTEGER = 1 << 63
Number = int | float


def evaluate(command: Command) -> str:
    """Value of an `expr` command as text. The quotient of whole numbers is a whole number, as in Tcl: 5/2 is 2.

    Raises:
        UnsupportedError: anything but numbers, `+ - * /` and parentheses.
        FormatError: a division by zero, or a value out of range.
    """
    text = " ".join(word for word in command.words if isinstance(word, str))
    value = _Parser(command, text).run()
    return str(value)


class _Parser:
    def __init__(self, command: Command, text: str) -> None:
        self._command = command
        self._shown = text[:60]
        self._tokens: list[str] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._refusal()
            self._tokens.append(match[1] or match[2])
            at = match.end()
        self._tokens.append("")
        self._at = 0
        self._depth = 0

    def _refusal(self) -> UnsupportedError:
        return UnsupportedError(
            f"the expression '{self._shown}' is not supported; SDC is read, not executed",
            file=self._command.file or None,
            line=self._command.line,
            mend="use numbers, + - * / and parentheses, or write the value",
        )

    def run(self) -> Number:
        value = self._sum()
        if self._tokens[self._at]:
            raise self._refusal()
        return value

    def _next(self, *wanted: str) -> str:
        """The next token, taken where it is one of `wanted`; '' otherwise."""
        token = self._tokens[self._at]
        if token and token in wanted:
            self._at += 1
            return token
        return ""

    def _sum(self) -> Number:
        value = self._product()
        while sign := self._next("+", "-"):
            other = self._product()
            value = self._checked(value + other if sign == "+" else value - other)
        return value

    def _product(self) -> Number:
        value = self._unary()
        while sign := self._next("*", "/"):
            other = self._unary()
            if sign == "*":
                value = self._checked(value * other)
            elif other == 0:
                raise self._command.error(f"the expression '{self._shown}' divides by zero", "mend it")
            elif isinstance(value, int) and isinstance(other, int):
                value //= other
            else:
                value = self._checked(value / other)
        return value

    def _unary(self) -> Number:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._command.error(f"the expression nests more than {_MAX_DEPTH} deep", "write the value")
        if sign := self._next("-", "+"):
            value = self._unary()
            value = -value if sign == "-" else value
        elif self._next("("):
            value = self._sum()
            if not self._next(")"):
                raise self._refusal()
        else:
            token = self._tokens[self._at]
            if not token or token in "-+*/()":
                raise self._refusal()
            self._at += 1
            value = self._checked(int(token) if token.isdecimal() and len(token) < 20 else float(token))
        self._depth -= 1
        return value

    def _checked(self, value: Number) -> Number:
        if not math.isfinite(value) or (isinstance(value, int) and abs(value) >= _MAX_INTEGER):
            raise self._command.error(f"the expression '{self._shown}' is out of range", "mend it")
        return value
