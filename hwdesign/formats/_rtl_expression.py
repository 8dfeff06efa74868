"""Expressions in pyverilog's syntax tree: their text, their constant value, the names in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_UNARY = {
    "Uplus": "+",
    "Uminus": "-",
    "Ulnot": "!",
    "Unot": "~",
    "Uand": "&",
    "Unand": "~&",
    "Uor": "|",
    "Unor": "~|",
    "Uxor": "^",
    "Uxnor": "~^",
}
_BINARY = {
    "Power": "**",
    "Times": "*",
    "Divide": "/",
    "Mod": "%",
    "Plus": "+",
    "Minus": "-",
    "Sll": "<<",
    "Srl": ">>",
    "Sla": "<<<",
    "Sra": ">>>",
    "LessThan": "<",
    "GreaterThan": ">",
    "LessEq": "<=",
    "GreaterEq": ">=",
    "Eq": "==",
    "NotEq": "!=",
    "Eql": "===",
    "NotEql": "!==",
    "And": "&",
    "Xor": "^",
    "Xnor": "~^",
    "Or": "|",
    "Land": "&&",
    "Lor": "||",
}
_DIGITS = re.compile(r"(?:\d+)?'s?([bodh])([0-9a-f]+)")
_BASES = {"b": 2, "o": 8, "d": 10, "h": 16}
#: Constants larger than this are left unevaluated: a power or a shift can ask for any size.
_MAX_BITS = 4096


def text_of(node: Any) -> str:
    """Verilog text of an expression, with parentheses around every operand that is not simple."""
    if node is None:
        return ""
    kind = type(node).__name__
    if kind in _UNARY:
        return _UNARY[kind] + _operand(node.right)
    if kind in _BINARY:
        return f"{_operand(node.left)} {_BINARY[kind]} {_operand(node.right)}"
    match kind:
        case "Identifier":
            scope = "".join(f"{label.name}." for label in node.scope.labellist) if node.scope else ""
            return scope + str(node.name)
        case "IntConst" | "FloatConst":
            return str(node.value)
        case "StringConst":
            return f'"{node.value}"'
        case "Lvalue" | "Rvalue":
            return text_of(node.var)
        case "Cond":
            parts = (node.cond, node.true_value, node.false_value)
            return "{} ? {} : {}".format(*map(_operand, parts))
        case "Concat" | "LConcat":
            return "{" + ", ".join(map(text_of, node.list)) + "}"
        case "Repeat":
            value = text_of(node.value)
            # pyverilog keeps the inner braces in some places and drops them in others.
            return "{" + text_of(node.times) + (value if value.startswith("{") else "{" + value + "}") + "}"
        case "Partselect":
            # pyverilog writes [a +: b] as [a : a + b], with one and the same node for a.
            shared = getattr(node.lsb, "left", None) is node.msb
            colon = {"Plus": "+:", "Minus": "-:"}.get(type(node.lsb).__name__, ":") if shared else ":"
            low = node.lsb if colon == ":" else node.lsb.right
            return f"{text_of(node.var)}[{text_of(node.msb)}{colon}{text_of(low)}]"
        case "Pointer":
            return f"{text_of(node.var)}[{text_of(node.ptr)}]"
        case "FunctionCall":
            return f"{text_of(node.name)}({', '.join(map(text_of, node.args))})"
        case "SystemCall":
            return f"${node.syscall}({', '.join(map(text_of, node.args))})"
    return str(node)


def _operand(node: Any) -> str:
    text = text_of(node)
    kind = type(node).__name__
    return f"({text})" if kind in _BINARY or kind in _UNARY or kind == "Cond" else text


def value_of(node: Any, known: Mapping[str, int]) -> int | None:
    """Value of a constant integer expression with the parameters `known`; None where that is not plain."""
    kind = type(node).__name__
    match kind:
        case "Rvalue":
            return value_of(node.var, known)
        case "IntConst":
            return _integer(node.value)
        case "Identifier":
            return known.get(node.name) if node.scope is None else None
        case "Cond":
            choice = value_of(node.cond, known)
            if choice is None:
                return None
            return value_of(node.true_value if choice else node.false_value, known)
        case "SystemCall" if node.syscall == "clog2" and len(node.args) == 1:
            size = value_of(node.args[0], known)
            return None if size is None or size < 0 else max(size - 1, 0).bit_length()
    if kind in ("Uminus", "Uplus"):
        right = value_of(node.right, known)
        return None if right is None else -right if kind == "Uminus" else right
    if kind not in _BINARY:
        return None
    left, right = value_of(node.left, known), value_of(node.right, known)
    return None if left is None or right is None else _apply(kind, left, right)


def _apply(kind: str, left: int, right: int) -> int | None:
    match kind:
        case "Plus":
            return left + right
        case "Minus":
            return left - right
        case "Times":
            return left * right if left.bit_length() + right.bit_length() <= _MAX_BITS else None
        case "Divide" | "Mod" if right != 0:
            # Verilog rounds toward 0.
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return quotient if kind == "Divide" else left - quotient * right
        case "Power" if right >= 0 and left.bit_length() * right <= _MAX_BITS:
            return int(left**right)
        case "Sll" | "Sla" if 0 <= right <= _MAX_BITS:
            return left << right
        case "Srl" | "Sra" if right >= 0 and left >= 0:
            return left >> right
        case "LessThan" | "GreaterThan" | "LessEq" | "GreaterEq" | "Eq" | "NotEq":
            order = {
                "LessThan": left < right,
                "GreaterThan": left > right,
                "LessEq": left <= right,
                "GreaterEq": left >= right,
                "Eq": left == right,
                "NotEq": left != right,
            }
            return int(order[kind])
    return None


def _integer(word: str) -> int | None:
    word = word.replace("_", "").lower()
    if len(word) > _MAX_BITS:
        return None
    if word.isdecimal():
        return int(word)
    match = _DIGITS.fullmatch(word)
    if match is None:
        return None  # it has unknown bits
    try:
        return int(match[2], _BASES[match[1]])
    except ValueError:
        return None


def names_in(node: Any) -> list[str]:
    """Identifiers that stand in an expression, each once, in order."""
    found: dict[str, None] = {}
    pending = [node]
    while pending:
        node = pending.pop()
        if type(node).__name__ == "Identifier":
            found[text_of(node)] = None
        elif node is not None:
            pending.extend(reversed(node.children()))
    return list(found)


def targets_of(node: Any) -> list[str]:
    """Signals that an lvalue assigns, whole or in part; indices do not count."""
    found: dict[str, None] = {}
    pending = [node]
    while pending:
        node = pending.pop()
        match type(node).__name__:
            case "Identifier":
                found[text_of(node)] = None
            case "Lvalue" | "Pointer" | "Partselect":
                pending.append(node.var)
            case "Concat" | "LConcat":
                pending.extend(reversed(node.list))
    return list(found)
