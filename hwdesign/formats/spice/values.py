"""What a value means in one scope of a deck: a number now, or an expression for later."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from hwdesign.errors import FormatError, HwdesignError
from hwdesign.formats.spice.lines import Line, unquote
from hwdesign.netlist.expressions import (
    CONSTANTS,
    FUNCTIONS,
    RUNTIME_NAMES,
    Function,
    evaluate_expression,
    parse_expression,
)
from hwdesign.netlist.quantity import NUMBER, format_number, parse_number, scale

_NAME = re.compile(r"\w+\Z")
_BEGINS_VALUE = re.compile(r"[{'(+\-\d]|\.\d")
# Numbers whose suffix means another thing in JoSIM than elsewhere, such as 2X or 1A.
_OWN_SUFFIX = re.compile(rf"(?<![\w.#$@\]]){NUMBER.pattern.replace('([A-Za-z', '((?:[xXaA]|[mM][iI][lL])[A-Za-z')}")
_BRACKETS = str.maketrans("[]{}", "()()")  # JoSIM has three kinds, which mean the same
_TERNARY = frozenset({"if", "ternary_fcn"})


@dataclass
class Values:
    """Reads values in one scope.

    Attributes:
        known: values that are fixed there (the deck's own `.param` lines, for its top level).
        open_names: names that get a value only in an instance: a subcircuit's parameters and what depends on them.
        functions: user-defined functions.
        josim: whether suffixes and powers are JoSIM's.
        hidden: names of an enclosing subcircuit that cannot be used here.
        deferred: whether this is a subcircuit's scope, where functions may use what an instance sets.
    """

    known: Mapping[str, float]
    open_names: Set[str] = frozenset()
    functions: Mapping[str, Function] = field(default_factory=dict)
    josim: bool = False
    hidden: Set[str] = frozenset()
    deferred: bool = False

    def has(self, name: str) -> bool:
        """Whether `name` is a parameter here."""
        low = name.lower()
        return low in self.known or low in self.open_names

    def is_value(self, token: str) -> bool:
        """Whether a token is a number, a parameter or an expression, and not merely some other name."""
        if _BEGINS_VALUE.match(token):
            return True
        return self.has(token) if _NAME.match(token) else any(sign in token for sign in "+-*/(^?<>!&|%{'")

    def is_plain(self, token: str) -> bool:
        """Whether a token is a number, a parameter or in brackets, so that it cannot be a model's name."""
        return token[0] in "{'(" or parse_number(token, josim=self.josim) is not None or self.has(token)

    def read(self, token: str, line: Line) -> float | str:
        """The number that a token stands for, or its expression where that waits for an instance or the simulator.

        Raises:
            FormatError: no number and no expression, an unknown parameter or function, or no finite value.
        """
        try:
            number = parse_number(token, josim=self.josim)
            if number is not None:
                return number
            if token[0] == '"':
                return token
            return self._expression(token, line)
        except HwdesignError as error:
            if error.file is not None:
                raise
            raise line.error(error.what, error.mend) from error

    def _expression(self, token: str, line: Line) -> float | str:
        body = unquote(token.strip())
        if body.startswith("{") and body.endswith("}") and body.count("{") == 1:
            body = body[1:-1]
        body = body.replace("'", " ")
        if self.josim:
            body = body.translate(_BRACKETS)
            body = _OWN_SUFFIX.sub(_plain, body)
        expression = parse_expression(body, right_power=self.josim)
        for call in expression.calls:
            if call not in FUNCTIONS and call not in self.functions and call not in _TERNARY:
                raise FormatError(f"unknown function '{call}' in '{token[:80]}'", mend="define it with .func")
        later = self.deferred and any(call in self.functions for call in expression.calls)
        for name in expression.names:
            if name in self.open_names:
                later = True
            elif name in self.known or name in CONSTANTS:
                continue
            elif name in RUNTIME_NAMES:
                later = True
            elif name in self.hidden:
                raise line.error(
                    f"parameter '{name}' belongs to the enclosing subcircuit", "pass it to the inner one as a parameter"
                )
            else:
                raise line.error(f"unknown parameter '{name}' in '{token[:80]}'", "define it with .param")
        return expression.text if later else evaluate_expression(expression.text, self.known, self.functions)


def _plain(match: re.Match[str]) -> str:
    return format_number(scale(match.group(1), match.group(2), match.group(3), josim=True))
