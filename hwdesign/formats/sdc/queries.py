"""Commands in brackets: those that find design objects, and lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hwdesign.errors import UnsupportedError
from hwdesign.formats.sdc.arguments import objects, patterns, sort_words
from hwdesign.formats.sdc.arithmetic import evaluate
from hwdesign.formats.sdc.tcl import Command, Value
from hwdesign.netlist.constraints import ObjectKind, Objects, Query

_MAX_DEPTH = 8
ANY = (ObjectKind.PORT, ObjectKind.PIN, ObjectKind.CELL, ObjectKind.NET, ObjectKind.CLOCK)
_GET = {f"get_{kind.value}s": kind for kind in ANY}
_ALL = {
    "all_inputs": ObjectKind.ALL_INPUTS,
    "all_outputs": ObjectKind.ALL_OUTPUTS,
    "all_clocks": ObjectKind.ALL_CLOCKS,
    "all_registers": ObjectKind.ALL_REGISTERS,
}


def call(command: Command) -> Value:
    """Value of a command in brackets.

    Raises:
        UnsupportedError: another command than those that find objects or make lists.
        FormatError: faulty words.
    """
    if command.name in _GET:
        return _get(command, _GET[command.name])
    if command.name in _ALL:
        return _all(command, _ALL[command.name])
    handler = _OTHERS.get(command.name)
    if handler is None:
        raise UnsupportedError(
            f"the command '{command.name[:40]}' in brackets is not supported; SDC is read, not executed",
            file=command.file or None,
            line=command.line,
            mend=f"use one of {', '.join([*_GET, *_ALL, *_OTHERS])}",
        )
    return handler(command)


def _get(command: Command, kind: ObjectKind) -> Objects:
    words = sort_words(command, flags=("-quiet",), least=0, most=1)
    names = patterns(command, words.positions[0]) if words.positions else ("*",)
    return (Query((kind,), names, command.line, command.file, quiet="-quiet" in words.flags),)


def _all(command: Command, kind: ObjectKind) -> Objects:
    flags = {"all_inputs": ("-no_clocks",), "all_registers": ("-cells",)}.get(command.name, ())
    words = sort_words(command, flags=flags)
    return (Query((kind,), (), command.line, command.file, clocks="-no_clocks" not in words.flags),)


def _list(command: Command) -> Value:
    """`[list a b]`: objects where one word is a set of objects, else a list of texts."""
    if all(isinstance(word, str) for word in command.words):
        return " ".join(f"{{{word}}}" for word in command.words)
    return tuple(dict.fromkeys(query for word in command.words for query in objects(command, word, ANY)))


def _concat(command: Command) -> Value:
    if all(isinstance(word, str) for word in command.words):
        return " ".join(str(word) for word in command.words)
    return _list(command)


def _remove(command: Command) -> Objects:
    words = sort_words(command, least=2, most=2)
    base, gone = (objects(command, word, ANY) for word in words.positions)
    if max((_depth(query) for query in (*base, *gone)), default=0) >= _MAX_DEPTH:
        raise command.error(f"collections are taken out of one another more than {_MAX_DEPTH} deep", "name the objects")
    return tuple(replace(query, without=tuple(dict.fromkeys((*query.without, *gone)))) for query in base)


def _depth(query: Query) -> int:
    return 1 + max((_depth(other) for other in query.without), default=-1)


def _current_design(command: Command) -> str:
    """Stands in design rules only, which are read over."""
    sort_words(command)
    return "current_design"


_OTHERS: dict[str, Callable[[Command], Value]] = {
    "expr": evaluate,
    "list": _list,
    "concat": _concat,
    "add_to_collection": _list,
    "remove_from_collection": _remove,
    "current_design": _current_design,
}
