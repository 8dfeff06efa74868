"""AIGER 1.9, ASCII and binary, combinational and sequential, with symbol tables (Biere, FMV reports 07/1 and 11/2)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import UnsupportedError
from hwdesign.files import open_atomic, read_input
from hwdesign.kernels.readers import RawAiger, encode_aiger_binary, parse_aiger
from hwdesign.netlist.aig import RESET_NONE, AigNames, AigView, aig_module, aig_view
from hwdesign.netlist.module import Bus
from hwdesign.netlist.netlist import Netlist

_BIT = re.compile(r"(.+)\[(\d+)\]")


def read_aiger(path: Path, *, strict: bool = False) -> Netlist:
    """Read `.aig` or `.aag`, gzipped or not; the header tells which of the two it is."""
    name = re.sub(r"\.(aig|aag)(\.gz)?$", "", path.name, flags=re.IGNORECASE) or "top"
    return read_aiger_text(read_input(path), file=str(path), name=name)


def read_aiger_text(data: bytes | str, *, file: str = "", name: str = "top") -> Netlist:
    """Netlist of AIGER data.

    Raises:
        FormatError: with the line, for damaged data.
        UnsupportedError: bad-state, constraint, justice or fairness properties.
    """
    raw = parse_aiger(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)
    if len(raw.bad) or len(raw.constraints) or len(raw.justice) or len(raw.fairness):
        raise UnsupportedError(
            "the file holds model-checking properties (B, C, J or F), which a netlist has no place for",
            file=file or None,
            mend="strip them, for instance with aigtoaig",
        )
    return _netlist(raw, file, name)


def _netlist(raw: RawAiger, file: str, name: str) -> Netlist:
    inputs, latches, outputs = ([""] * len(group) for group in (raw.inputs, raw.latch_literals, raw.outputs))
    for kind, at, symbol in raw.symbols:
        {"i": inputs, "l": latches, "o": outputs}[kind][at] = symbol
    _make_unique(inputs, outputs)
    # A register may share its name with the output that shows it, and with no other port or register.
    shown = {symbol: int(literal) for symbol, literal in zip(outputs, raw.outputs.tolist(), strict=True) if symbol}
    for at, literal in enumerate(raw.latch_literals.tolist()):
        if latches[at] in inputs or shown.get(latches[at], literal) != literal:
            latches[at] = ""
    _make_unique(latches)
    # Variables as `aig_module` numbers them: inputs, latches, ANDs.
    order = np.concatenate([raw.inputs >> 1, raw.latch_literals >> 1, raw.and_lhs >> 1])
    variable = np.zeros(raw.max_variable + 1, np.int32)
    variable[order] = np.arange(1, len(order) + 1, dtype=np.int32)

    def renumber(literals: NDArray[np.int32]) -> NDArray[np.int32]:
        renumbered: NDArray[np.int32] = 2 * variable[literals >> 1] | (literals & 1)
        return renumbered

    # A reset to the latch's own literal means that it is not initialised.
    reset = np.where(raw.latch_reset > 1, RESET_NONE, raw.latch_reset).astype(np.uint8)
    names = AigNames(inputs, outputs, latches, buses=_buses(inputs) + _buses(outputs))
    return aig_module(
        name, renumber(raw.and_rhs0), renumber(raw.and_rhs1), renumber(raw.outputs), names,
        latch_next=renumber(raw.latch_next), latch_reset=reset, file=file,
    )  # fmt: skip


def _make_unique(*groups: list[str]) -> None:
    """Two symbols of one name would be one port or net: the later one is left nameless, which numbers it."""
    seen: set[str] = set()
    for group in groups:
        for at, symbol in enumerate(group):
            if symbol in seen:
                group[at] = ""
            seen.add(symbol)


def _buses(names: list[str]) -> list[Bus]:
    """Vector ports: at least two consecutive symbols `a[0]`, `a[1]` ..., rising or falling without a gap."""
    buses: list[Bus] = []
    all_names = set(names)
    at = 0
    closed: set[str] = set()
    while at < len(names):
        match = _BIT.fullmatch(names[at])
        if match is None or str(int(match[2])) != match[2]:
            at += 1
            continue
        base, first = match[1], int(match[2])
        last, step, end = first, 0, at + 1
        while end < len(names):
            more = _BIT.fullmatch(names[end])
            if more is None or more[1] != base or str(int(more[2])) != more[2]:
                break
            delta = int(more[2]) - last
            if delta not in (1, -1) or (step and delta != step):
                break
            step, last, end = delta, int(more[2]), end + 1
        # A base whose bits lie scattered is no vector.
        if end - at >= 2 and base not in closed and base not in all_names:
            buses.append(Bus(base, first, last))
        closed.add(base)
        at = end
    split = {b.name for b in buses}
    for base in list(split):
        count = sum(1 for n in names if (m := _BIT.fullmatch(n)) and m[1] == base)
        if count != next(b.width for b in buses if b.name == base):
            buses = [b for b in buses if b.name != base]
    return buses


def _symbols(view: AigView) -> list[str]:
    module = view.module
    ports = module.port_labels()
    lines = [f"i{at} {ports[port]}" for at, port in enumerate(view.input_port.tolist())]
    labels = view.variable_labels()
    first = 1 + len(view.input_port)
    for at in range(view.num_latches):
        net = int(np.flatnonzero(view.net_variable == first + at)[0])
        if module.net_name[net] >= 0:
            lines.append(f"l{at} {labels[first + at]}")
    lines += [f"o{at} {ports[port]}" for at, port in enumerate(view.output_port.tolist())]
    return lines


def _header(view: AigView, magic: str) -> str:
    inputs, latches = len(view.input_port), view.num_latches
    return f"{magic} {view.num_variables - 1} {inputs} {latches} {len(view.outputs)} {view.num_ands}\n"


def _latch_line(view: AigView, at: int, literal: int | None) -> str:
    own = 2 * (1 + len(view.input_port) + at)
    reset = int(view.latch_reset[at])
    text = "" if literal is None else f"{literal} "
    text += str(int(view.latch_next[at]))
    return text + ("" if reset == 0 else " 1" if reset == 1 else f" {own}")


def _tail(view: AigView) -> str:
    return "".join(line + "\n" for line in _symbols(view)) + f"c\n{view.module.name}\n"


def aiger_bytes(netlist: Netlist) -> bytes:
    """Binary AIGER of the top module, which must be an AIG.

    Raises:
        NetlistError: the module holds other cells than AND2 and DFF.
    """
    view = aig_view(netlist.top_module)
    lines = [_latch_line(view, at, None) for at in range(view.num_latches)]
    lines += [str(literal) for literal in view.outputs.tolist()]
    head = _header(view, "aig") + "".join(line + "\n" for line in lines)
    body = encode_aiger_binary(1 + view.num_inputs, view.fanin0, view.fanin1)
    return head.encode() + body + _tail(view).encode("utf-8", "surrogateescape")


def aiger_ascii_text(netlist: Netlist) -> str:
    """ASCII AIGER of the top module, which must be an AIG."""
    view = aig_view(netlist.top_module)
    lines = [str(2 * (at + 1)) for at in range(len(view.input_port))]
    first = 1 + len(view.input_port)
    lines += [_latch_line(view, at, 2 * (first + at)) for at in range(view.num_latches)]
    lines += [str(literal) for literal in view.outputs.tolist()]
    own = 2 * (1 + view.num_inputs)
    high, low = np.maximum(view.fanin0, view.fanin1).tolist(), np.minimum(view.fanin0, view.fanin1).tolist()
    lines += [f"{own + 2 * at} {h} {lo}" for at, (h, lo) in enumerate(zip(high, low, strict=True))]
    return _header(view, "aag") + "".join(line + "\n" for line in lines) + _tail(view)


def write_aiger(netlist: Netlist, path: Path) -> None:
    """Write binary `.aig`."""
    data = aiger_bytes(netlist)
    with open_atomic(path) as stream:
        stream.write(data)


def write_aiger_ascii(netlist: Netlist, path: Path) -> None:
    """Write ASCII `.aag`."""
    data = aiger_ascii_text(netlist).encode("utf-8", "surrogateescape")
    with open_atomic(path) as stream:
        stream.write(data)
