"""What a deck asks of a simulator, as records: the transient analysis, noise, spreads.

Netlists keep control lines as texts (`Netlist.directives`); this module reads them. What a deck prints is in
`hwdesign.netlist.outputs`. Sources: JoSIM syntax guide, Control Commands; ngspice manual, chapter 15, for `.tran`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hwdesign.errors import FormatError
from hwdesign.netlist.netlist import Directive, Netlist
from hwdesign.netlist.quantity import parse_number


@dataclass(frozen=True, slots=True)
class Transient:
    """A `.tran` line, in seconds.

    JoSIM writes step, stop, print start, print step; JSIM, WRspice and ngspice write the print step first and the
    longest step last. As in JoSIM, the smaller of the two is the step and the fourth number the print step, so that
    the two orders mean the same where the fourth is at most the first.

    Attributes:
        step: of the integration.
        stop: end of the simulation.
        print_start: first time that is printed.
        print_step: time between two printed rows.
        startup: whether the circuit settles before time zero (JoSIM's `DST` turns it off).
        uic: whether the line says so.
        line: of the deck.
    """

    step: float
    stop: float
    print_start: float = 0.0
    print_step: float = 0.0
    startup: bool = True
    uic: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """A `.spread` line: relative spreads, None where not given.

    JoSIM draws a value with three standard deviations to the spread, whatever its guide says of a uniform one.

    Attributes:
        everything: of every element.
        inductor, junction, capacitor, resistor: of one kind, before `everything`.
        line: of the deck.
    """

    everything: float | None = None
    inductor: float | None = None
    junction: float | None = None
    capacitor: float | None = None
    resistor: float | None = None
    line: int = 0


def transient(netlist: Netlist) -> Transient | None:
    """The deck's transient analysis: its last `.tran` line, or None.

    Raises:
        FormatError: a time is missing, no number, zero or negative; file and line are named.
    """
    directive = _last(netlist, "tran")
    if directive is None:
        return None
    words = directive.text.replace(",", " ").split()
    flags = [word.lower() for word in words if word.lower() in ("dst", "uic")]
    numbers = [word for word in words if word.lower() not in ("dst", "uic")]
    if not 2 <= len(numbers) <= 4:
        raise _wrong(netlist, directive, f"'.tran' has {len(numbers)} times, not 2 to 4", "write .tran step stop")
    times = [_number(netlist, directive, word) for word in numbers]
    step, stop = times[:2]
    start = times[2] if len(times) > 2 else 0.0
    print_step = times[3] if len(times) > 3 else step
    for value, name in ((step, "step"), (stop, "stop"), (print_step, "print step")):
        if not value > 0:
            raise _wrong(netlist, directive, f"'.tran' has a {name} of {value:g} s", "give a positive time")
    if start < 0 or start >= stop:
        raise _wrong(netlist, directive, f"'.tran' begins to print at {start:g} s, not before its end", "")
    return Transient(min(step, print_step), stop, start, print_step, "dst" not in flags, "uic" in flags, directive.line)


@dataclass(frozen=True, slots=True)
class CurrentVoltageCurve:
    """An `.iv` line: a junction's curve from minus to plus a current.

    Attributes:
        model: name of the card; `|` before the subcircuit that holds it.
        current: largest current, in amperes.
        file: where the curve is to go.
        line: of the deck.
    """

    model: str
    current: float
    file: str
    line: int = 0


def curves(netlist: Netlist) -> tuple[CurrentVoltageCurve, ...]:
    """The deck's `.iv` lines.

    Raises:
        FormatError: a line has not three words, or its current is no positive number.
    """
    found = []
    for directive in netlist.directives:
        if directive.name != "iv" or directive.module:
            continue
        words = directive.text.split()
        if len(words) != 3:
            raise _wrong(netlist, directive, "'.iv' needs a model, a current and a file", "write .iv jj1 300u iv.csv")
        current = _number(netlist, directive, words[1])
        if not current > 0:
            raise _wrong(netlist, directive, f"'.iv' has a current of {current:g} A", "give a positive current")
        found.append(CurrentVoltageCurve(words[0].replace(".", "|"), current, words[2], directive.line))
    return tuple(found)


def options(netlist: Netlist) -> dict[str, str]:
    """What `.option` and `.options` lines set, by lower-case name; a flag has the value ''."""
    found: dict[str, str] = {}
    for directive in netlist.directives:
        if directive.name in ("option", "options", "opt") and not directive.module:
            for word in re.sub(r"\s*=\s*", "=", directive.text).replace(",", " ").split():
                key, _, value = word.partition("=")
                found[key.lower()] = value
    return found


def temperature(netlist: Netlist) -> float | None:
    """The deck's noise temperature in kelvin (`.temp`), or None.

    Raises:
        FormatError: it is no number, or negative.
    """
    return _single(netlist, "temp")


def noise_bandwidth(netlist: Netlist) -> float | None:
    """The deck's noise bandwidth in hertz (`.neb`), or None.

    Raises:
        FormatError: it is no number, or negative.
    """
    return _single(netlist, "neb")


def spread(netlist: Netlist) -> Spread | None:
    """The deck's spreads (`.spread`), or None.

    Raises:
        FormatError: a spread is no number, negative, or of something that has none.
    """
    directive = _last(netlist, "spread")
    if directive is None:
        return None
    names = {"l": "inductor", "b": "junction", "c": "capacitor", "r": "resistor"}
    found: dict[str, float] = {}
    for word in re.sub(r"\s*=\s*", "=", directive.text).replace(",", " ").split():
        key, equals, value = word.rpartition("=")
        name = names.get(key.lower()) if equals else "everything"
        if name is None or name in found:
            raise _wrong(netlist, directive, f"'.spread' does not know '{word[:40]}'", "write .spread 0.1 L=0.2 B=0.1")
        found[name] = _number(netlist, directive, value)
        if found[name] < 0:
            raise _wrong(netlist, directive, f"'.spread' is negative: '{word[:40]}'", "give a share of one")
    if not found:
        raise _wrong(netlist, directive, "'.spread' has no value", "write .spread 0.1")
    return Spread(**found, line=directive.line)


def _last(netlist: Netlist, name: str) -> Directive | None:
    return next((d for d in reversed(netlist.directives) if d.name == name and not d.module), None)


def _single(netlist: Netlist, name: str) -> float | None:
    directive = _last(netlist, name)
    if directive is None:
        return None
    value = _number(netlist, directive, directive.text.strip())
    if value < 0:
        raise _wrong(netlist, directive, f"'.{name}' is negative: {value:g}", "give zero or more")
    return value


def _number(netlist: Netlist, directive: Directive, word: str) -> float:
    number = parse_number(word)
    if number is None:
        mend = "elaborate the netlist first" if word else f"write .{directive.name} and a number"
        raise _wrong(netlist, directive, f"'{word[:40]}' in '.{directive.name}' is no number", mend)
    return number


def _wrong(netlist: Netlist, directive: Directive, what: str, mend: str) -> FormatError:
    return FormatError(what, file=netlist.file or None, line=directive.line, mend=mend)
