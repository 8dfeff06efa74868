"""Parsing of parameter expressions to programs for a stack machine; see `hwdesign.netlist.expressions`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from hwdesign.errors import FormatError
from hwdesign.netlist.quantity import NUMBER, scale

_MAX_LENGTH = 1 << 16
# One level of nesting takes up to eleven frames of the parser; Python's own limit is 1000.
_MAX_DEPTH = 50

_TOKEN = re.compile(
    rf"\s*(?:(?P<number>{NUMBER.pattern})|(?P<name>[A-Za-z_][\w.#$@\[\]]*)"
    r"|(?P<op>\*\*|\|\||&&|[=!<>]=|<>|[-+*/%\\^<>!?:(),]))"
)
_BINARY: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("==", "!=", "<>"),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/", "%", "\\"),
)


_TERNARY = ("if", "ternary_fcn")

# A step is an operation and its operand: a number, a name, an operator, a jump's target, or (function, arguments).
Step = tuple[str, float | int | str | tuple[str, int]]


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes:
        steps: program for a stack machine.
        text: the expression without spaces and braces, chains of powers in brackets.
        names: parameters used, in lower case, in order of first use.
        calls: functions used, in lower case.
    """

    steps: tuple[Step, ...]
    text: str
    names: tuple[str, ...]
    calls: tuple[str, ...]


class _Parser:
    def __init__(self, text: str, right_power: bool = False) -> None:
        if len(text) > _MAX_LENGTH:
            raise FormatError(f"the expression is longer than {_MAX_LENGTH} characters")
        self.text = text
        self.right_power = right_power
        self.brackets: list[tuple[int, str]] = []  # where the text gets one: before this token
        self.at = 0
        self.depth = 0
        self.tokens: list[tuple[str, str]] = []
        self.steps: list[Step] = []
        self.names: dict[str, None] = {}
        self.calls: dict[str, None] = {}
        # Quotes and braces inside an expression only group.
        body = text.translate({ord("{"): "(", ord("}"): ")"}).rstrip()
        at = 0
        while at < len(body):
            match = _TOKEN.match(body, at)
            if match is None:
                raise FormatError(f"unexpected '{body[at:].lstrip()[:1]}' in the expression '{text[:80]}'")
            kind = "number" if match.group("number") else "name" if match.group("name") else "op"
            self.tokens.append((kind, match.group(kind)))
            at = match.end()

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def fail(self) -> FormatError:
        found = f"'{self.peek()}'" if self.peek() else "the end"
        return FormatError(f"unexpected {found} in the expression '{self.text[:80]}'")

    def expect(self, op: str) -> None:
        if self.peek() != op:
            raise self.fail()
        self.at += 1

    def enter(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise FormatError(f"the expression nests more than {_MAX_DEPTH} deep")

    def parse(self) -> Expression:
        self.choice()
        if self.at != len(self.tokens):
            raise self.fail()
        text = "".join(self.texts())
        return Expression(tuple(self.steps), text, tuple(self.names), tuple(self.calls))

    def texts(self) -> list[str]:
        """The tokens, with brackets around what stands first in a chain of powers."""
        if not self.brackets:
            return [token for _, token in self.tokens]
        before: dict[int, str] = {}
        for at, bracket in self.brackets:
            # A closing bracket goes before any that opens at the same place.
            before[at] = bracket + before.get(at, "") if bracket == ")" else before.get(at, "") + bracket
        return [before.get(at, "") + token for at, (_, token) in enumerate([*self.tokens, ("", "")])]

    def choice(self) -> None:
        self.enter()
        self.binary(0)
        if self.peek() == "?":
            self.at += 1
            self.branches(":", None)
        self.depth -= 1

    def branches(self, between: str, after: str | None) -> None:
        """Both arms of a choice whose condition is on the stack; only the one taken is evaluated."""
        test = len(self.steps)
        self.steps.append(("unless", 0))
        self.choice()
        leave = len(self.steps)
        self.steps.append(("jump", 0))
        self.steps[test] = ("unless", len(self.steps))
        self.expect(between)
        self.choice()
        self.steps[leave] = ("jump", len(self.steps))
        if after is not None:
            self.expect(after)

    def binary(self, level: int) -> None:
        if level == len(_BINARY):
            self.unary()
            return
        self.binary(level + 1)
        while self.peek() in _BINARY[level]:
            op = self.peek()
            self.at += 1
            self.binary(level + 1)
            self.steps.append(("op", op))

    def unary(self) -> None:
        signs: list[str] = []
        while self.peek() in ("-", "+", "!"):
            signs.append(self.peek())
            self.at += 1
        self.power()
        self.steps.extend(("sign", sign) for sign in reversed(signs) if sign != "+")

    def power(self) -> bool:
        """Operands of `^`; returns whether there is more than one."""
        begin, count = self.at, 0
        self.primary()
        while self.peek() in ("^", "**"):
            if count:
                self.brackets += [(begin, "("), (self.at, ")")]
            count += 1
            self.at += 1
            signs = 0
            while self.peek() in ("-", "+"):
                signs += self.peek() == "-"
                self.at += 1
            if self.right_power:
                first = self.at
                self.enter()
                if self.power():
                    self.brackets += [(first, "("), (self.at, ")")]
                self.depth -= 1
            else:
                self.primary()
            if signs % 2:
                self.steps.append(("sign", "-"))
            self.steps.append(("op", "^"))
        return count > 0

    def primary(self) -> None:
        if self.at >= len(self.tokens):
            raise self.fail()
        kind, token = self.tokens[self.at]
        if kind == "op" and token != "(":
            raise self.fail()
        self.at += 1
        if token == "(":
            self.choice()
            self.expect(")")
        elif kind == "number":
            match = NUMBER.match(token)
            assert match is not None
            self.steps.append(("push", scale(match.group(1), match.group(2), match.group(3))))
        elif self.peek() == "(":
            self.call(token.lower())
        else:
            self.names.setdefault(token.lower())
            self.steps.append(("load", token.lower()))

    def call(self, name: str) -> None:
        self.calls.setdefault(name)
        self.at += 1
        if name in _TERNARY:
            self.choice()
            self.expect(",")
            self.branches(",", ")")
            return
        count = 0
        while self.peek() != ")" or count:
            self.choice()
            count += 1
            if self.peek() == ")":
                break
            self.expect(",")
        self.at += 1
        self.steps.append(("call", (name, count)))


@lru_cache(maxsize=16384)
def parse_expression(text: str, *, right_power: bool = False) -> Expression:
    """Parse an expression; outer braces or quotes are no part of it.

    Args:
        text: the expression.
        right_power: whether a^b^c means a^(b^c), as in JoSIM, and not (a^b)^c, as in ngspice. The text of the result
            has the brackets, so that it means the same to either.

    Raises:
        FormatError: the text is no expression, or is too long or nests too deep.
    """
    return _Parser(text, right_power).parse()
