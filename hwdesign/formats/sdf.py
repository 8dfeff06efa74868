"""SDF (IEEE 1497), the standard delay format: reader and writer."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.files import open_atomic, read_source
from hwdesign.formats.registry import located
from hwdesign.kernels.physical import parse_sdf
from hwdesign.netlist.delays import CheckKind, Delays, Edge
from hwdesign.netlist.names import NamePool

_SPECIAL = re.compile(r"([^A-Za-z0-9_/])")
_BUS_BIT = re.compile(r"(.*)\[(\d+)\]", re.DOTALL)
_UNQUOTABLE = re.compile(r'["\\\x00-\x1f\x7f]')
_EDGES = {Edge.RISE: "posedge", Edge.FALL: "negedge"}


def read_sdf(path: str | Path) -> Delays:
    """Read `.sdf` or `.sdf.gz`.

    Absolute delays of INTERCONNECT and IOPATH, with COND, and the checks SETUP, HOLD, SETUPHOLD, RECOVERY, REMOVAL,
    RECREM, WIDTH and PERIOD are kept; a SETUPHOLD becomes two rows. What else a file may hold (INCREMENT, PORT, DEVICE,
    NETDELAY, RETAIN, pulse limits, SKEW, NOCHANGE, timing environment) is left out and counted in `findings`.

    Raises:
        FileError, LimitError: the file cannot be read, or is too large.
        FormatError: the text is no SDF, with the line.
    """
    with located(path):
        return read_sdf_text(read_source(path, "SDF"))


def read_sdf_text(text: bytes | str) -> Delays:
    """Delays of SDF text; see `read_sdf`."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    raw = parse_sdf(data)
    names: list[str | None] = [*NamePool(*raw.names).decode(), None]  # -1 is none

    def column(ids: NDArray[np.int32]) -> tuple[str, ...]:
        return tuple([names[at] or "" for at in ids.tolist()])

    def optional(ids: NDArray[np.int32]) -> tuple[str | None, ...]:
        return tuple([names[at] for at in ids.tolist()])

    return Delays(
        design=names[raw.design] or "",
        wire_from=column(raw.wire_from),
        wire_to=column(raw.wire_to),
        wire_delay=raw.wire_delay.reshape(-1, 2, 3),
        instance_names=column(raw.instance_name),
        instance_cell=column(raw.instance_cell),
        arc_instance=raw.arc_instance,
        arc_from=column(raw.arc_from),
        arc_to=column(raw.arc_to),
        arc_edge=raw.arc_edge,
        arc_condition=optional(raw.arc_condition),
        arc_delay=raw.arc_delay.reshape(-1, 6, 3),
        check_instance=raw.check_instance,
        check_kind=raw.check_kind,
        check_pin=column(raw.check_pin),
        check_edge=raw.check_edge,
        check_related=optional(raw.check_related),
        check_related_edge=raw.check_related_edge,
        check_condition=optional(raw.check_condition),
        check_limit=raw.check_limit,
        findings=tuple(f"{count} entries {key.decode('utf-8', 'replace')} are left out" for key, count in raw.skipped),
    )


def write_sdf(delays: Delays, path: str | Path, *, digits: int = 7) -> None:
    """Write `.sdf` or `.sdf.gz`, whole or not at all; see `sdf_lines`."""
    with open_atomic(path) as stream:
        for line in sdf_lines(delays, digits=digits):
            stream.write(line.encode("utf-8", "surrogateescape"))


def sdf_text(delays: Delays, *, digits: int = 7) -> str:
    """SDF text; see `sdf_lines`."""
    return "".join(sdf_lines(delays, digits=digits))


def sdf_lines(delays: Delays, *, digits: int = 7) -> Iterator[str]:
    """SDF 3.0 text in ns, a piece at a time; wires stand in the design's own cell.

    Args:
        delays: to write.
        digits: significant digits; reading the text again gives the values to these digits.

    Raises:
        NetlistError: a value is infinite, or a name is empty or holds white space.
    """
    d = delays
    for values in (d.wire_delay, d.arc_delay, d.check_limit):
        if np.isinf(values).any():
            raise NetlistError("SDF cannot hold an infinite delay", mend="leave out what has no finite delay")
    top = _UNQUOTABLE.sub("", d.design) or "top"
    yield f'(DELAYFILE\n (SDFVERSION "3.0")\n (DESIGN "{top}")\n (PROGRAM "hwdesign")\n (DIVIDER /)\n (TIMESCALE 1ns)\n'
    if d.wire_from:
        yield f' (CELL\n  (CELLTYPE "{top}")\n  (INSTANCE)\n  (DELAY\n   (ABSOLUTE\n'
        for source, load, delay in zip(d.wire_from, d.wire_to, d.wire_delay.tolist(), strict=True):
            yield f"    (INTERCONNECT {_pin(source)} {_pin(load)} {_values(delay, digits)})\n"
        yield "   )\n  )\n )\n"
    arcs, checks = _rows(d.arc_instance, len(d.instance_names)), _rows(d.check_instance, len(d.instance_names))
    delay, limit = d.arc_delay.tolist(), d.check_limit.tolist()
    for at, (name, cell) in enumerate(zip(d.instance_names, d.instance_cell, strict=True)):
        if not arcs[at] and not checks[at]:
            continue
        path = name if name in ("", "*") else _escaped(name)
        yield f' (CELL\n  (CELLTYPE "{_UNQUOTABLE.sub("", cell)}")\n  (INSTANCE{path and " "}{path})\n'
        if arcs[at]:
            yield "  (DELAY\n   (ABSOLUTE\n"
            for row in arcs[at]:
                text = (
                    f"(IOPATH {_port(d.arc_from[row], int(d.arc_edge[row]))} {_bit(d.arc_to[row])} "
                    f"{_values(delay[row], digits)})"
                )
                when = d.arc_condition[row]
                if when is not None:
                    text = f"(CONDELSE {text})" if when == "else" else f"(COND {when} {text})"
                yield f"    {text}\n"
            yield "   )\n  )\n"
        if checks[at]:
            yield "  (TIMINGCHECK\n"
            for row in checks[at]:
                port = _port(d.check_pin[row], int(d.check_edge[row]))
                if d.check_condition[row] is not None:
                    port = f"(COND {d.check_condition[row]} {port})"
                related = d.check_related[row]
                if related is not None:
                    port += " " + _port(related, int(d.check_related_edge[row]))
                yield f"   ({CheckKind(int(d.check_kind[row])).name} {port} {_triple(limit[row], digits)})\n"
            yield "  )\n"
        yield " )\n"
    yield ")\n"


def _rows(owner: NDArray[np.int32], count: int) -> list[list[int]]:
    rows: list[list[int]] = [[] for _ in range(count)]
    for row, at in enumerate(owner.tolist()):
        rows[at].append(row)
    return rows


def _escaped(name: str) -> str:
    if not name or any(character.isspace() for character in name):
        raise NetlistError(f"SDF cannot hold the name '{name}'", mend="rename it")
    return _SPECIAL.sub(r"\\\1", name)


def _bit(name: str) -> str:
    """A port or a cell's pin, where `[3]` at the end is a bit of a bus."""
    found = _BUS_BIT.fullmatch(name)
    return f"{_escaped(found[1])}[{found[2]}]" if found and found[1] else _escaped(name)


def _pin(name: str) -> str:
    instance, _, pin = name.rpartition("/")
    return f"{_escaped(instance)}/{_bit(pin)}" if instance else _bit(name)


def _port(name: str, edge: int) -> str:
    return _bit(name) if edge == Edge.ANY else f"({_EDGES[Edge(edge)]} {_bit(name)})"


def _triple(value: Sequence[float], digits: int) -> str:
    if value[0] == value[1] == value[2]:
        return f"({value[0]:.{digits}g})"
    texts = ["" if math.isnan(one) else f"{one:.{digits}g}" for one in value]
    return f"({':'.join(texts)})" if any(texts) else "()"


def _values(changes: Sequence[Sequence[float]], digits: int) -> str:
    """Two values where the changes to and from Z follow the rises and falls, otherwise all six."""
    texts = [_triple(change, digits) for change in changes]
    if len(texts) == 6 and [texts[0], texts[0], texts[1], texts[1]] == [texts[2], texts[3], texts[4], texts[5]]:
        texts = texts[:2]
    return " ".join(texts)
