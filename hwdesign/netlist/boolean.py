"""Boolean expressions in Liberty's syntax: parse, evaluate over any bit-parallel value, tabulate.

Operators by falling precedence: `!A` or `~A` or `A'` (not); `A^B` (xor); `A&B`, `A*B` or `A B` (and); `A|B` or `A+B`
(or); constants `0` and `1`; parentheses. Source: Liberty reference manual, `function` attribute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol, TypeVar

from hwdesign.errors import FormatError

_TOKEN = re.compile(r"\s*(?:([A-Za-z_][\w\[\].:$]*)|([01])|([!~&*|+^()']))")
_MAX_LENGTH = 1 << 20
_MAX_DEPTH = 200
MAX_TABLE_INPUTS = 16


class Bits(Protocol):
    """Anything with the bitwise operators: int, bool arrays, uint64 arrays."""

    def __and__(self, other: Bits, /) -> Bits: ...
    def __or__(self, other: Bits, /) -> Bits: ...
    def __xor__(self, other: Bits, /) -> Bits: ...


T = TypeVar("T", bound=Bits)

# A program in postfix: a role name pushes its value; '!', '&', '|', '^' pop; '0' and '1' push constants.
Postfix = tuple[str, ...]


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > _MAX_LENGTH:
            raise FormatError(f"the Boolean expression is longer than {_MAX_LENGTH} characters")
        self.text = text
        self.tokens: list[str] = []
        at = 0
        body = text.rstrip()
        while at < len(body):
            match = _TOKEN.match(body, at)
            if match is None:
                raise FormatError(
                    f"unexpected '{body[at]}' in the Boolean expression '{text[:80]}'", mend="use ! & | ^ ( ) and names"
                )
            self.tokens.append(match.group(match.lastindex or 0))
            at = match.end()
        self.at = 0
        self.depth = 0
        self.out: list[str] = []

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def fail(self) -> FormatError:
        found = f"'{self.peek()}'" if self.peek() else "the end"
        return FormatError(f"unexpected {found} in the Boolean expression '{self.text[:80]}'")

    def or_(self) -> None:
        self.and_()
        while self.peek() in ("|", "+"):
            self.at += 1
            self.and_()
            self.out.append("|")

    def and_(self) -> None:
        self.xor()
        while True:
            token = self.peek()
            if token in ("&", "*"):
                self.at += 1
            elif not token or token in "|+^)'":
                return
            self.xor()
            self.out.append("&")

    def xor(self) -> None:
        self.unary()
        while self.peek() == "^":
            self.at += 1
            self.unary()
            self.out.append("^")

    def unary(self) -> None:
        inversions = 0
        while self.peek() in ("!", "~"):
            inversions += 1
            self.at += 1
        token = self.peek()
        if not token or token in "&*|+^)'":
            raise self.fail()
        self.at += 1
        if token == "(":
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                raise FormatError(f"the Boolean expression nests more than {_MAX_DEPTH} deep")
            self.or_()
            if self.peek() != ")":
                raise self.fail()
            self.at += 1
            self.depth -= 1
        else:
            self.out.append(token)
        while self.peek() == "'":
            inversions += 1
            self.at += 1
        if inversions % 2:
            self.out.append("!")


@lru_cache(maxsize=4096)
def parse_function(text: str) -> Postfix:
    """Postfix program of a Boolean expression.

    Raises:
        FormatError: the text is no expression of this syntax, or is too long or too deep.
    """
    parser = _Parser(text)
    parser.or_()
    if parser.at != len(parser.tokens):
        raise parser.fail()
    return tuple(parser.out)


def evaluate(program: Postfix, values: Mapping[str, T], ones: T) -> T:
    """Value of `program`, bit-parallel.

    Args:
        program: from `parse_function`.
        values: one value an input role; all of one shape or width.
        ones: the value whose every used bit is 1.

    Raises:
        KeyError: an input of the program is missing from `values`.
    """
    stack: list[T] = []
    for step in program:
        if step == "!":
            stack[-1] = stack[-1] ^ ones  # type: ignore[assignment]
        elif step in "&|^":
            right = stack.pop()
            left = stack[-1]
            stack[-1] = left & right if step == "&" else left | right if step == "|" else left ^ right  # type: ignore[assignment]
        elif step in "01":
            stack.append(ones if step == "1" else ones ^ ones)  # type: ignore[arg-type]
        else:
            stack.append(values[step])
    return stack[0]


def variables(program: Postfix) -> tuple[str, ...]:
    """Input names of `program` in order of first use."""
    return tuple(dict.fromkeys(step for step in program if step not in ("!", "&", "|", "^", "0", "1")))


def truth_table(program: Postfix, inputs: tuple[str, ...]) -> int:
    """Truth table of `program`: bit i is the value where input k carries bit k of i.

    Raises:
        FormatError: more than 16 inputs, or the program uses a name that is not in `inputs`.
    """
    if len(inputs) > MAX_TABLE_INPUTS:
        raise FormatError(f"a truth table of {len(inputs)} inputs is too large", mend="keep it at 16 or fewer")
    size = 1 << len(inputs)
    ones = (1 << size) - 1
    values: dict[str, int] = {}
    for k, name in enumerate(inputs):
        half = 1 << k
        block = ((1 << half) - 1) << half
        # Repeat the block of `half` zeros and `half` ones over the whole table.
        values[name] = block * (ones // ((1 << (2 * half)) - 1))
    unknown = [name for name in variables(program) if name not in values]
    if unknown:
        raise FormatError(f"the Boolean expression uses '{unknown[0]}', which is no input")
    return evaluate(program, values, ones)  # type: ignore[type-var]


def sum_of_products(table: int, inputs: tuple[str, ...]) -> str:
    """Expression of a truth table as its minterms (or its inverted maxterms, whichever are fewer)."""
    size = 1 << len(inputs)
    ones = [i for i in range(size) if table >> i & 1]
    if not ones:
        return "0"
    if len(ones) == size:
        return "1"
    inverted = len(ones) > size // 2
    rows = [i for i in range(size) if i not in set(ones)] if inverted else ones
    terms = ["&".join(name if row >> k & 1 else f"!{name}" for k, name in enumerate(inputs)) for row in rows]
    body = "|".join(f"({term})" for term in terms)
    return f"!({body})" if inverted else body
