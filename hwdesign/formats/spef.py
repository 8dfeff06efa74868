"""SPEF (IEEE 1481), the exchange format of wire parasitics: reader and writer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from hwdesign.errors import NetlistError
from hwdesign.files import open_atomic, read_source
from hwdesign.formats.registry import located
from hwdesign.kernels.physical import RawSpef, parse_spef
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
_BUS_BIT = re.compile(r"(.*)\[(\d+)\]", re.DOTALL)
_SPECIAL = re.compile(r"([^A-Za-z0-9_/])")


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
        UnsupportedError: the file refers to another (*DEFINE).
    """
    with located(path):
        return read_spef_text(read_source(path, "SPEF"), coupling_factor=coupling_factor, corner=corner)


def read_spef_text(text: bytes | str, *, coupling_factor: float = 1.0, corner: Corner = "typ") -> Parasitics:
    """Parasitics of SPEF text; see `read_spef`."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    raw = parse_spef(data, corner=_CORNERS.index(corner))
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


def _findings(raw: RawSpef) -> tuple[str, ...]:
    found = []
    for words, (count, names) in zip(_NOTES, raw.notes, strict=True):
        if count:
            more = ", ..." if count > len(names) else ""
            found.append(f"{words.format(count=count)} ({', '.join(names)}{more})")
    return tuple(found)


def write_spef(
    parasitics: Parasitics, path: str | Path, *, digits: int = 6, cells: Mapping[str, str] | None = None
) -> None:
    """Write `.spef` or `.spef.gz`, whole or not at all; see `spef_lines`."""
    with open_atomic(path) as stream:
        for line in spef_lines(parasitics, digits=digits, cells=cells):
            stream.write(line.encode("utf-8", "surrogateescape"))


def spef_text(parasitics: Parasitics, *, digits: int = 6, cells: Mapping[str, str] | None = None) -> str:
    """SPEF text; see `spef_lines`."""
    return "".join(spef_lines(parasitics, digits=digits, cells=cells))


def spef_lines(parasitics: Parasitics, *, digits: int = 6, cells: Mapping[str, str] | None = None) -> Iterator[str]:
    """SPEF text in pF, Ω and ns, a piece at a time.

    Args:
        parasitics: to write.
        digits: significant digits of values; reading the text again gives the values to these digits.
        cells: each instance's cell, for tools that want it beside a pin.

    Raises:
        NetlistError: the columns do not fit together, a value is negative or not finite, coupling capacitors exceed a
            node's capacitance, or a name is empty or holds white space.
    """
    parasitics.check()
    yield from _Writer(parasitics, digits, cells or {}).lines()


class _Writer:
    def __init__(self, parasitics: Parasitics, digits: int, cells: Mapping[str, str]) -> None:
        if not 1 <= digits <= 17:
            raise ValueError(f"digits must lie between 1 and 17, not {digits}")
        self.p = parasitics
        self.format = f".{digits}g"
        self.cells = cells
        self.ground = parasitics.ground_cap()
        short = np.flatnonzero(self.ground < 0)
        if len(short):
            raise NetlistError(
                f"node '{parasitics.node_names[int(short[0])]}' has less capacitance than its coupling capacitors",
                mend="give node_cap with them added coupling_factor times",
            )
        self.index: dict[str, int] = {}

    def lines(self) -> Iterator[str]:
        p = self.p
        yield (
            '*SPEF "IEEE 1481-1998"\n'
            f'*DESIGN "{_UNQUOTABLE.sub("", p.design) or "top"}"\n'
            '*DATE ""\n*VENDOR ""\n*PROGRAM "hwdesign"\n*VERSION ""\n'
            '*DESIGN_FLOW "NAME_SCOPE LOCAL" "PIN_CAP NONE"\n'
            "*DIVIDER /\n*DELIMITER :\n*BUS_DELIMITER [ ]\n"
            "*T_UNIT 1 NS\n*C_UNIT 1 PF\n*R_UNIT 1 OHM\n*L_UNIT 1 HENRY\n\n*NAME_MAP\n"
        )
        nets = self._net_texts()
        nodes, pins = self._node_texts(nets)
        for name, at in self.index.items():
            yield f"*{at} {name}\n"
        ports = np.flatnonzero(p.node_kind == NodeKind.PORT).tolist()
        if ports:
            yield "\n*PORTS\n" + "".join(f"{nodes[at]} {self._direction(at)}\n" for at in ports)
        yield from self._nets(nets, nodes, pins)

    def _map(self, text: str) -> str:
        at = self.index.setdefault(text, len(self.index) + 1)
        return f"*{at}"

    def _net_texts(self) -> list[str]:
        """Each net's index in the map, a bus's brackets left unescaped."""
        p = self.p
        ports = {p.node_names[at] for at in np.flatnonzero(p.node_kind == NodeKind.PORT).tolist()}
        # Without better knowledge, `x[3]` at a port is a bit of a bus, and elsewhere part of an escaped name.
        bits = [name in ports for name in p.net_names] if p.net_is_bus_bit is None else p.net_is_bus_bit.tolist()
        self.bit_ports = {name for name, bit in zip(p.net_names, bits, strict=True) if bit} | ports
        return [self._map(_escaped(name, bit)) for name, bit in zip(p.net_names, bits, strict=True)]

    def _node_texts(self, nets: list[str]) -> tuple[list[str], dict[int, str]]:
        """Each node's text, and the instance of each pin."""
        p = self.p
        texts, instances = [], {}
        kinds, owners = p.node_kind.tolist(), p.node_net.tolist()
        for at, name in enumerate(p.node_names):
            if kinds[at] == NodeKind.INSTANCE_PIN:
                instance, _, pin = name.rpartition("/")
                if not instance:
                    raise NetlistError(f"the pin '{name}' has no instance", mend="name it INSTANCE/PIN")
                instances[at] = instance
                texts.append(f"{self._map(_escaped(instance))}:{_escaped(pin, True)}")
            elif kinds[at] == NodeKind.PORT:
                texts.append(self._map(_escaped(name, True)))
            else:
                net = p.net_names[owners[at]]
                suffix = name[len(net) + 1 :] if name.startswith(net + ":") else name
                texts.append(nets[owners[at]] if name == net else f"{nets[owners[at]]}:{_escaped(suffix)}")
        return texts, instances

    def _direction(self, at: int) -> str:
        found = -1 if self.p.node_direction is None else int(self.p.node_direction[at])
        return "IOB"[found] if found >= 0 else "B"

    def _nets(self, nets: list[str], nodes: list[str], pins: dict[int, str]) -> Iterator[str]:
        p, form = self.p, self.format
        pairs: list[list[tuple[int, int]]] = [[] for _ in nets]
        owner = p.node_net.tolist()
        couplings = list(zip(p.coupling_a.tolist(), p.coupling_b.tolist(), p.coupling.tolist(), strict=True))
        for at, (a, b, _) in enumerate(couplings):
            pairs[owner[a]].append((at, 0))
            if owner[b] != owner[a]:
                pairs[owner[b]].append((at, 1))
        ground = self.ground.tolist()
        # The total holds each coupling capacitor once, whatever the factor in node_cap.
        shared = [np.bincount(p.node_net[end], p.coupling, len(nets)) for end in (p.coupling_a, p.coupling_b)]
        total = p.net_cap() + (1 - p.coupling_factor) * (shared[0] + shared[1])
        ohms = (1e3 * p.resistor).tolist()
        ends = list(zip(p.resistor_a.tolist(), p.resistor_b.tolist(), strict=True))
        node_ptr, resistor_ptr, kinds = p.node_ptr.tolist(), p.resistor_ptr.tolist(), p.node_kind.tolist()
        places = None if p.node_position is None else p.node_position.tolist()
        for net, text in enumerate(nets):
            first, last = node_ptr[net], node_ptr[net + 1]
            out = [f"\n*D_NET {text} {total[net]:{form}}\n*CONN\n"]
            for at in range(first, last):
                where = ""
                if places is not None and places[at][0] == places[at][0]:
                    where = f" *C {places[at][0]:.9g} {places[at][1]:.9g}"
                if kinds[at] != NodeKind.INTERNAL:
                    cell = f" *D {self.cells[pins[at]]}" if at in pins and pins[at] in self.cells else ""
                    word = "*P" if kinds[at] == NodeKind.PORT else "*I"
                    out.append(f"{word} {nodes[at]} {self._direction(at)}{where}{cell}\n")
                elif where:
                    out.append(f"*N {nodes[at]}{where}\n")
            out.append("*CAP\n")
            listed = [f"{nodes[at]} {ground[at]:{form}}" for at in range(first, last)]
            for at, side in pairs[net]:
                a, b, value = couplings[at]
                listed.append(f"{nodes[b if side else a]} {nodes[a if side else b]} {value:{form}}")
            out.extend(f"{number} {item}\n" for number, item in enumerate(listed, 1))
            out.append("*RES\n")
            for number, at in enumerate(range(resistor_ptr[net], resistor_ptr[net + 1]), 1):
                a, b = ends[at]
                out.append(f"{number} {nodes[a]} {nodes[b]} {ohms[at]:{form}}\n")
            out.append("*END\n")
            yield "".join(out)


def _escaped(name: str, bus_bit: bool = False) -> str:
    """The name with a backslash before each special character, a trailing bus index left as it is where it is one."""
    if bus_bit:
        found = _BUS_BIT.fullmatch(name)
        if found:
            return f"{_escaped(found[1])}[{found[2]}]"
    if any(character.isspace() for character in name):
        raise NetlistError(f"SPEF cannot hold the name '{name}'", mend="rename it")
    return _SPECIAL.sub(r"\\\1", name)
