"""SPEF (IEEE 1481), the exchange format of wire parasitics: reader and writer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.files import open_atomic, read_source
from hwdesign.formats.registry import located
from hwdesign.kernels import physical as kernels
from hwdesign.netlist.names import NamePool
from hwdesign.netlist.parasitics import NodeKind, Parasitics

Corner = Literal["min", "typ", "max"]
_CORNERS: tuple[Corner, ...] = ("min", "typ", "max")
_NOTES = (
    "{count} reduced nets (*R_NET) are left out",
    "{count} physical nets (*D_PNET, *R_PNET) are left out",
    "the inductors (*INDUC) of {count} nets are left out",
    "{count} nets have a total capacitance and no *CAP: all of it is put at the driver",
    "{count} coupling capacitors are not listed alike on both of their nets: the larger value counts on both",
    "{count} coupling capacitors lead to nets that the file does not hold: they count as capacitance to ground",
    "the file's capacitance holds the pins' own",
)
_UNQUOTABLE = re.compile(r'["\\\x00-\x1f\x7f]')


def read_spef(path: str | Path, *, coupling_factor: float = 1.0, corner: Corner = "typ") -> Parasitics:
    """Read `.spef` or `.spef.gz`.

    Escape characters are taken out of names, the hierarchy's divider becomes `/`, and a bus's index stands in square
    brackets, so that names are those of the netlist. A coupling capacitor is kept once although the file lists it on
    both of its nets. Pins' own capacitance is not added.

    Args:
        path: file.
        coupling_factor: the share of each coupling capacitor that `node_cap` holds at both ends; 1 takes the other
            net as quiet, 0 leaves it out, 2 takes it as switching the other way.
        corner: which of values given as minimum:typical:maximum to take.

    Raises:
        FileError, LimitError: the file cannot be read, or is too large.
        FormatError: the text is no SPEF, or a value is negative or not finite; with the line.
        UnsupportedError: the file refers to another (`*DEFINE`).
    """
    with located(path):
        found = read_spef_text(read_source(path, "SPEF"), coupling_factor=coupling_factor, corner=corner)
        return replace(found, file=str(path))


def read_spef_text(text: bytes | str, *, coupling_factor: float = 1.0, corner: Corner = "typ") -> Parasitics:
    """Parasitics of SPEF text; see `read_spef`."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    raw = kernels.parse_spef(data, corner=_CORNERS.index(corner))
    count = len(raw.node_kind)
    shared = np.bincount(raw.coupling_a, raw.coupling, count) + np.bincount(raw.coupling_b, raw.coupling, count)
    return Parasitics(
        net_names=tuple(NamePool(*raw.nets).decode()),
        node_ptr=raw.node_ptr,
        node_names=tuple(NamePool(*raw.nodes).decode()),
        node_kind=raw.node_kind,
        node_cap=raw.ground + coupling_factor * shared,
        resistor_ptr=raw.resistor_ptr,
        resistor_a=raw.resistor_a,
        resistor_b=raw.resistor_b,
        resistor=raw.resistor,
        coupling_a=raw.coupling_a,
        coupling_b=raw.coupling_b,
        coupling=raw.coupling,
        coupling_factor=coupling_factor,
        design=raw.design,
        net_is_bus_bit=raw.net_is_bus_bit.astype(np.bool_),
        node_direction=raw.node_direction,
        node_position=np.stack([raw.node_x, raw.node_y], axis=1) if len(raw.node_x) else None,
        findings=_findings(raw),
    )


def _findings(raw: kernels.RawSpef) -> tuple[str, ...]:
    found = []
    for words, (count, names) in zip(_NOTES, raw.notes, strict=True):
        if count:
            more = ", ..." if count > len(names) else ""
            found.append(f"{words.format(count=count)} ({', '.join(names)}{more})")
    return tuple(found)


def write_spef(
    parasitics: Parasitics, path: str | Path, *, digits: int = 6, cells: Mapping[str, str] | None = None
) -> None:
    """Write `.spef` or `.spef.gz`, whole or not at all; see `spef_bytes`."""
    data = spef_bytes(parasitics, digits=digits, cells=cells)
    with open_atomic(path) as stream:
        stream.write(data)


def spef_bytes(parasitics: Parasitics, *, digits: int = 6, cells: Mapping[str, str] | None = None) -> bytes:
    """SPEF text in pF, Ω and ns.

    Args:
        parasitics: to write.
        digits: significant digits of values; reading the text again gives the values to these digits.
        cells: each instance's cell, for tools that want it beside a pin.

    Raises:
        NetlistError: the columns do not fit together, a value is negative or not finite, coupling capacitors exceed a
            node's capacitance, a pin has no instance, or a name is empty or holds white space.
    """
    p = parasitics
    p.check()
    ground = p.ground_cap()
    short = np.flatnonzero(ground < 0)
    if len(short):
        raise NetlistError(
            f"node '{p.node_names[int(short[0])]}' has less capacitance than its coupling capacitors",
            mend="give node_cap with them added coupling_factor times",
        )
    nets, nodes = NamePool.of(p.net_names), NamePool.of(p.node_names)
    of_pins = None
    if cells is not None:
        pins = zip(p.node_names, (p.node_kind == NodeKind.INSTANCE_PIN).tolist(), strict=True)
        found = NamePool.of(cells.get(name.rpartition("/")[0], "") if pin else "" for name, pin in pins)
        of_pins = (found.data, found.offsets)
    # A net's total holds each coupling capacitor once, whatever the factor in node_cap.
    count = len(p.net_names)
    shared = [np.bincount(p.node_net[end], p.coupling, count) for end in (p.coupling_a, p.coupling_b)]
    total = p.net_cap() + (1 - p.coupling_factor) * (shared[0] + shared[1])
    unknown = np.full(len(p.node_names), -1, np.int8)
    body = kernels.write_spef(
        nets=(nets.data, nets.offsets),
        nodes=(nodes.data, nodes.offsets),
        cells=of_pins,
        net_is_bus_bit=_bus_bits(p).astype(np.uint8),
        node_ptr=np.ascontiguousarray(p.node_ptr, np.int64),
        node_kind=np.ascontiguousarray(p.node_kind, np.int8),
        node_direction=unknown if p.node_direction is None else np.ascontiguousarray(p.node_direction, np.int8),
        node_xy=None if p.node_position is None else np.ascontiguousarray(p.node_position, np.float64).ravel(),
        ground=ground,
        total=total,
        resistor_ptr=np.ascontiguousarray(p.resistor_ptr, np.int64),
        resistor_a=np.ascontiguousarray(p.resistor_a, np.int32),
        resistor_b=np.ascontiguousarray(p.resistor_b, np.int32),
        resistor=1e3 * np.asarray(p.resistor, np.float64),
        coupling_a=np.ascontiguousarray(p.coupling_a, np.int32),
        coupling_b=np.ascontiguousarray(p.coupling_b, np.int32),
        coupling=np.ascontiguousarray(p.coupling, np.float64),
        digits=digits,
    )
    head = (
        '*SPEF "IEEE 1481-1998"\n'
        f'*DESIGN "{_UNQUOTABLE.sub("", p.design) or "top"}"\n'
        '*DATE ""\n*VENDOR ""\n*PROGRAM "hwdesign"\n*VERSION ""\n'
        '*DESIGN_FLOW "NAME_SCOPE LOCAL" "PIN_CAP NONE"\n'
        "*DIVIDER /\n*DELIMITER :\n*BUS_DELIMITER [ ]\n"
        "*T_UNIT 1 NS\n*C_UNIT 1 PF\n*R_UNIT 1 OHM\n*L_UNIT 1 HENRY\n\n"
    )
    return head.encode("utf-8", "surrogateescape") + body


def _bus_bits(p: Parasitics) -> NDArray[np.bool_]:
    """Which nets' names end in the index of a bus."""
    if p.net_is_bus_bit is not None:
        return p.net_is_bus_bit
    # Without better knowledge, `x[3]` at a port is a bit of a bus, and elsewhere part of an escaped name.
    ports = {p.node_names[at] for at in np.flatnonzero(p.node_kind == NodeKind.PORT).tolist()}
    return np.array([name in ports for name in p.net_names], np.bool_)
