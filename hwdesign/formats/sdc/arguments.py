"""Options, flags and positions of one command's words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from hwdesign.errors import FormatError
from hwdesign.formats.sdc.tcl import Command, Value, split_list
from hwdesign.netlist.constraints import ObjectKind, Objects, Query

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
MAX_NAMES = 1 << 20


@dataclass
class Arguments:
    """A command's words, sorted.

    Attributes:
        command: the command.
        flags: options without a value that were given.
        options: values of the others; an option that may be repeated has all of them.
        order: (option, value) as written.
        positions: what is left.
    """

    command: Command
    flags: set[str] = field(default_factory=set)
    options: dict[str, Value] = field(default_factory=dict)
    order: list[tuple[str, Value]] = field(default_factory=list)
    positions: list[Value] = field(default_factory=list)

    def either(self, first: str, second: str) -> tuple[bool, bool]:
        """Which of two flags holds; both where none is given."""
        given = (first in self.flags, second in self.flags)
        return given if any(given) else (True, True)

    def edges(self) -> tuple[bool, bool]:
        """`-rise`, `-fall`."""
        return self.either("-rise", "-fall")

    def corners(self) -> tuple[bool, bool]:
        """`-min`, `-max`."""
        return self.either("-min", "-max")

    def text(self, option: str) -> str:
        """Value of an option as text, '' where it is absent.

        Raises:
            FormatError: it is a set of design objects.
        """
        value = self.options.get(option, "")
        if not isinstance(value, str):
            raise self.command.error(f"'{option}' of {self.command.name} takes a name, not design objects")
        return value

    def items(self, option: str) -> list[str]:
        """Value of an option as a list of texts."""
        return split_list(self.text(option), self.command)

    def number(self, value: Value, what: str) -> float:
        """A finite number.

        Raises:
            FormatError: it is none.
        """
        try:
            number = float(value) if isinstance(value, str) and "_" not in value else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            shown = f"'{value[:40]}'" if isinstance(value, str) else "a set of design objects"
            raise self.command.error(f"{shown} is no number for {what} of {self.command.name}", "write a finite number")
        return number

    def objects(self, value: Value, *kinds: ObjectKind) -> Objects:
        """Design objects: a query's, or names that may be of any of `kinds`, looked for in that order."""
        return objects(self.command, value, kinds)


def objects(command: Command, value: Value, kinds: tuple[ObjectKind, ...]) -> Objects:
    """Design objects of a word; see `Arguments.objects`."""
    if not isinstance(value, str):
        return value
    return (Query(kinds, patterns(command, value), command.line, command.file),)


def patterns(command: Command, value: Value) -> tuple[str, ...]:
    """Names in a list, without backslashes.

    Raises:
        FormatError: none, or more than a million.
    """
    if not isinstance(value, str):
        raise command.error(f"{command.name} takes names, not design objects", "leave out the inner brackets")
    names = tuple(_ESCAPE.sub(r"\1", name) for name in split_list(value, command))
    if not 0 < len(names) <= MAX_NAMES:
        what = "no name" if not names else f"more than {MAX_NAMES} names"
        raise command.error(f"{command.name} is given {what}", "name what it is for")
    return names


def sort_words(
    command: Command,
    *,
    flags: Iterable[str] = (),
    options: Iterable[str] = (),
    least: int = 0,
    most: int = 0,
) -> Arguments:
    """Sort a command's words; options may be shortened as long as they stay unambiguous.

    Args:
        command: the command.
        flags: options without a value.
        options: options with a value.
        least, most: how many positions it takes.

    Raises:
        FormatError: an unknown or ambiguous option, one without its value, too few or too many words.
    """
    found = Arguments(command)
    known = dict.fromkeys(flags, False) | dict.fromkeys(options, True)
    words = list(command.words)
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if not isinstance(word, str) or len(word) < 2 or word[0] != "-" or word[1] in "0123456789.":
            found.positions.append(word)
            continue
        name = _option(command, word, known)
        if not known[name]:
            found.flags.add(name)
            continue
        if at == len(words):
            raise command.error(f"'{name}' of {command.name} lacks its value", "write one")
        found.options[name] = words[at]
        found.order.append((name, words[at]))
        at += 1
    if not least <= len(found.positions) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise command.error(
            f"{command.name} has {len(found.positions)} arguments, not {wanted}", "put lists into braces or [list ...]"
        )
    return found


def _option(command: Command, word: str, known: dict[str, bool]) -> str:
    if word in known:
        return word
    fits = [name for name in known if name.startswith(word)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise command.error(f"'{word}' of {command.name} may mean {' or '.join(sorted(fits))}", "write it out")
    listed = ", ".join(known) or "none"
    raise FormatError(
        f"option '{word[:40]}' of {command.name} is not supported",
        file=command.file or None,
        line=command.line,
        mend=f"known: {listed}",
    )
