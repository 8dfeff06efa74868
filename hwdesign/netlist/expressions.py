"""Arithmetic expressions of SPICE parameters: parsed by recursive descent, evaluated on a stack, never by `eval`.

Operators by rising precedence: `c ? a : b`; `||`; `&&`; `== != <>`; `< <= > >=`; `+ -`; `* / % \\`; unary `- + !`;
`^` and `**` (from left to right, and above unary minus: -2^2 is -4, as in ngspice; JoSIM goes from right to left, so a
chain is kept with its brackets). Names are case-insensitive.
Numbers may carry engineering suffixes. `log` is the natural logarithm. Sources: ngspice manual, section 2.9.5; the
constants are JoSIM's and are hidden by a parameter of the same name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hwdesign.errors import NetlistError
from hwdesign.netlist._expression_parser import Expression, parse_expression
from hwdesign.netlist.quantity import NUMBER, format_number

CONSTANTS: Mapping[str, float] = {
    "pi": math.pi,
    "phi_zero": 2.067833831170082e-15,
    "boltzmann": 1.38064852e-23,
    "ev": 1.6021766208e-19,
    "hbar": 1.0545718001391127e-34,
    "c": 299792458.0,
    "mu0": 12.566370614e-7,
    "eps0": 8.854187817e-12,
    "sigma": 3.291059757e-16,
    "phi0": 2.067833831170082e-15,
    "kb": 1.38064852e-23,
    "h": 6.62607004e-34,
}
"""SI units: flux quantum in weber, `ev` in coulomb, `c` in metre per second, `sigma` the flux quantum over 2π.

Source: JoSIM syntax guide, Constants; `phi0`, `kb` and `h` (CODATA 2014, as JoSIM's are) are not known to JoSIM.
"""

JOSIM_CONSTANTS = frozenset(CONSTANTS) - {"phi0", "kb", "h"}
JOSIM_FUNCTIONS = frozenset("cos sin tan acos asin atan cosh sinh tanh acosh asinh atanh exp log sqrt cbrt".split())
"""What JoSIM's own expressions know. Its `log10` is listed but gives 0 (version 2.7), so it is left out."""

RUNTIME_NAMES = frozenset({"time", "temper", "temp", "hertz", "freq"})
"""Names that a simulator knows only while it runs; an expression that uses one stays a text."""

_MAX_STEPS = 1_000_000
_MAX_CALLS = 50


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
    "cbrt": (1, math.cbrt), "hypot": (2, math.hypot), "sign": (2, lambda x, y: math.copysign(abs(x), y)),
    "min": (-1, min), "max": (-1, max),
}  # fmt: skip
"""Functions by name: number of arguments (-1: one or more) and what computes them."""

_RANDOM = ("agauss", "gauss", "unif", "aunif", "limit", "random")


@dataclass(frozen=True)
class Function:
    """A user-defined function (`.func name(args) {body}`).

    Attributes:
        arguments: names, in lower case.
        body: the expression.
    """

    arguments: tuple[str, ...]
    body: str


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
        if depth >= _MAX_CALLS:
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


__all__ = [
    "CONSTANTS",
    "FUNCTIONS",
    "RUNTIME_NAMES",
    "Expression",
    "Function",
    "evaluate_expression",
    "names_in",
    "parse_expression",
    "substitute",
]
