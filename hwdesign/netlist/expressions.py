"""Arithmetic expressions of SPICE parameters: parsed by recursive descent, evaluated on a stack, never by `eval`.

Operators by rising precedence: `c ? a : b`; `||`; `&&`; `== != <>`; `< <= > >=`; `+ -`; `* / % \\`; unary `- + !`;
`^` and `**` (from left to right, and above unary minus: -2^2 is -4, as in ngspice). Names are case-insensitive.
Numbers may carry engineering suffixes. `log` is the natural logarithm. Sources: ngspice manual, section 2.9.5; the
constants are JoSIM's and are hidden by a parameter of the same name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from hwdesign.errors import FormatError, NetlistError
from hwdesign.netlist.quantity import NUMBER, format_number, scale

CONSTANTS: Mapping[str, float] = {
    "pi": math.pi,
    "phi_zero": 2.067833831170082e-15,
    "boltzmann": 1.38064852e-23,
    "ev": 1.6021766208e-19,
    "hbar": 1.0545718001391127e-34,
    "c": 299792458.0,
    "mu0": 12.566370614e-7,
    "eps0": 8.854187817e-12,
}
"""SI units: flux quantum in weber, `ev` in coulomb, `c` in metre per second. Source: JoSIM syntax guide, Constants."""

RUNTIME_NAMES = frozenset({"time", "temper", "temp", "hertz", "freq"})
"""Names that a simulator knows only while it runs; an expression that uses one stays a text."""

_MAX_LENGTH = 1 << 16
# One level of nesting takes up to eleven frames of the parser; Python's own limit is 1000.
_MAX_DEPTH = 50
_MAX_STEPS = 1_000_000

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


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0))


FUNCTIONS: Mapping[str, tuple[int, Callable[..., float]]] = {
    "sqrt": (1, math.sqrt), "exp": (1, math.exp), "ln": (1, math.log), "log": (1, math.log), "log10": (1, math.log10),
    "abs": (1, abs), "sqr": (1, lambda x: x * x), "sin": (1, math.sin), "cos": (1, math.cos), "tan": (1, math.tan),
    "asin": (1, math.asin), "acos": (1, math.acos), "atan": (1, math.atan), "arctan": (1, math.atan),
    "sinh": (1, math.sinh), "cosh": (1, math.cosh), "tanh": (1, math.tanh), "asinh": (1, math.asinh),
    "acosh": (1, math.acosh), "atanh": (1, math.atanh), "sgn": (1, _sign), "int": (1, lambda x: float(math.trunc(x))),
    "floor": (1, lambda x: float(math.floor(x))), "ceil": (1, lambda x: float(math.ceil(x))),
    "nint": (1, lambda x: float(round(x))), "round": (1, lambda x: float(round(x))),
    "pow": (2, math.pow), "pwr": (2, lambda x, y: math.pow(abs(x), y)), "atan2": (2, math.atan2),
    "hypot": (2, math.hypot), "sign": (2, lambda x, y: math.copysign(abs(x), y)),
    "min": (-1, min), "max": (-1, max),
}  # fmt: skip
"""Functions by name: number of arguments (-1: one or more) and what computes them."""

_TERNARY = ("if", "ternary_fcn")
_RANDOM = ("agauss", "gauss", "unif", "aunif", "limit", "random")

# A step is an operation and its operand: a number, a name, an operator, a jump's target, or (function, arguments).
Step = tuple[str, float | int | str | tuple[str, int]]


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes:
        steps: program for a stack machine.
        text: the expression without spaces and braces.
        names: parameters used, in lower case, in order of first use.
        calls: functions used, in lower case.
    """

    steps: tuple[Step, ...]
    text: str
    names: tuple[str, ...]
    calls: tuple[str, ...]


@dataclass(frozen=True)
class Function:
    """A user-defined function (`.func name(args) {body}`).

    Attributes:
        arguments: names, in lower case.
        body: the expression.
    """

    arguments: tuple[str, ...]
    body: str


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > _MAX_LENGTH:
            raise FormatError(f"the expression is longer than {_MAX_LENGTH} characters")
        self.text = text
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
        text = "".join(token for _, token in self.tokens)
        return Expression(tuple(self.steps), text, tuple(self.names), tuple(self.calls))

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

    def power(self) -> None:
        self.primary()
        while self.peek() in ("^", "**"):
            self.at += 1
            signs = 0
            while self.peek() in ("-", "+"):
                signs += self.peek() == "-"
                self.at += 1
            self.primary()
            if signs % 2:
                self.steps.append(("sign", "-"))
            self.steps.append(("op", "^"))

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
def parse_expression(text: str) -> Expression:
    """Parse an expression; outer braces or quotes are no part of it.

    Raises:
        FormatError: the text is no expression, or is too long or nests too deep.
    """
    return _Parser(text).parse()


def names_in(text: str) -> tuple[str, ...]:
    """Parameters that an expression uses, in lower case, in order of first use.

    Raises:
        FormatError: see `parse_expression`.
    """
    return parse_expression(text).names


def evaluate_expression(text: str, env: Mapping[str, float], functions: Mapping[str, Function] | None = None) -> float:
    """Value of an expression.

    >>> evaluate_expression("sqrt(w*2) + 1k", {"w": 8.0})
    1004.0

    Args:
        text: the expression.
        env: value of each parameter, by lower-case name.
        functions: user-defined functions, by lower-case name.

    Raises:
        FormatError: the text is no expression.
        NetlistError: an unknown name or function, a wrong number of arguments, a value outside a function's domain,
            a result that is not finite, or functions that call each other without end.
    """
    budget = [_MAX_STEPS]
    try:
        return _run(parse_expression(text), env, functions or {}, budget, 0)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise NetlistError(f"the expression '{text[:80]}' has no finite value ({error})") from error


def _run(
    expression: Expression, env: Mapping[str, float], functions: Mapping[str, Function], budget: list[int], depth: int
) -> float:
    stack: list[float] = []
    steps = expression.steps
    at = 0
    while at < len(steps):
        budget[0] -= 1
        if budget[0] < 0:
            raise NetlistError(f"evaluating the expression '{expression.text[:80]}' takes too many steps")
        op, operand = steps[at]
        at += 1
        if op == "push":
            stack.append(float(operand))  # type: ignore[arg-type]
        elif op == "load":
            stack.append(_look_up(str(operand), env, expression.text))
        elif op == "op":
            right = stack.pop()
            stack.append(_apply(str(operand), stack.pop(), right))
        elif op == "sign":
            top = stack.pop()
            stack.append(-top if operand == "-" else float(not top))
        elif op == "unless":
            if not stack.pop():
                at = int(operand)  # type: ignore[arg-type]
        elif op == "jump":
            at = int(operand)  # type: ignore[arg-type]
        else:
            assert isinstance(operand, tuple)
            name, count = operand
            arguments = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(_call(name, arguments, env, functions, budget, depth))
    if not math.isfinite(stack[0]):
        raise OverflowError("it overflows")
    return stack[0]


def _look_up(name: str, env: Mapping[str, float], text: str) -> float:
    value = env.get(name, CONSTANTS.get(name))
    if value is None:
        raise NetlistError(f"unknown parameter '{name}' in the expression '{text[:80]}'", mend="define it with .param")
    return value


def _apply(op: str, left: float, right: float) -> float:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case "%":
            return math.fmod(left, right)
        case "\\":
            return float(math.trunc(left / right))
        case "^":
            return math.pow(left, right)
        case "||":
            return float(bool(left) or bool(right))
        case "&&":
            return float(bool(left) and bool(right))
        case "==":
            return float(left == right)
        case "<":
            return float(left < right)
        case "<=":
            return float(left <= right)
        case ">":
            return float(left > right)
        case ">=":
            return float(left >= right)
        case _:  # != and <>
            return float(left != right)


def _call(
    name: str,
    arguments: list[float],
    env: Mapping[str, float],
    functions: Mapping[str, Function],
    budget: list[int],
    depth: int,
) -> float:
    own = functions.get(name)
    if own is not None:
        if len(own.arguments) != len(arguments):
            raise NetlistError(f"function '{name}' takes {len(own.arguments)} arguments, not {len(arguments)}")
        if depth >= _MAX_DEPTH:
            raise NetlistError(f"function '{name}' calls itself without end", mend="break the recursion")
        inner = {**env, **dict(zip(own.arguments, arguments, strict=True))}
        return _run(parse_expression(own.body), inner, functions, budget, depth + 1)
    known = FUNCTIONS.get(name)
    if known is None:
        mend = "give a fixed value" if name in _RANDOM else "define it with .func"
        what = "random function" if name in _RANDOM else "unknown function"
        raise NetlistError(f"{what} '{name}' in an expression", mend=mend)
    count, compute = known
    if len(arguments) != count and not (count < 0 and arguments):
        raise NetlistError(f"function '{name}' takes {abs(count)} arguments, not {len(arguments)}")
    return float(compute(*arguments))


_NAME_OR_OTHER = re.compile(rf"(?<![\w.#$@\]]){NUMBER.pattern}|([A-Za-z_][\w.#$@\[\]]*)(\s*\()?")


def substitute(text: str, env: Mapping[str, float]) -> str:
    """`text` with the parameters of `env` replaced by their values; function calls and other names stay.

    Also for texts that are no plain expressions (`pwl(0 0 5p ib1)`, `v(out)*gain`): what stands in the parentheses of
    `v(...)` or `i(...)` names nodes and devices, and is left alone.
    """
    out: list[str] = []
    at = 0
    for match in _NAME_OR_OTHER.finditer(text):
        if match.start() < at:
            continue  # within v(...) or i(...)
        name = match.group(4)
        out.append(text[at : match.start()])
        at = match.end()
        if name is None:
            out.append(match.group())
        elif match.group(5) is not None:
            out.append(match.group())
            if name.lower() in ("v", "i"):
                close = text.find(")", at)
                close = len(text) if close < 0 else close
                out.append(text[at:close])
                at = close
        elif name.lower() in env:
            value = format_number(env[name.lower()])
            out.append(f"({value})" if value.startswith("-") else value)
        else:
            out.append(name)
    out.append(text[at:])
    return "".join(out)
