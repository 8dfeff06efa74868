"""Yosys JSON (`write_json`): what Yosys, nextpnr and netlistsvg exchange. Source: Yosys manual, `write_json`.

Yosys' gates map to the generic types (`$_AND_` ↔ AND2, `$_DFF_P_` ↔ DFF); its other gates (`$_AOI3_`, `$_DFFE_PP_`)
keep their names and have functions here. Two-valued: `x` bits become constant 0 with a mark, `z` an open pin.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from hwdesign.errors import FormatError, NetlistError
from hwdesign.files import read_source, write_text
from hwdesign.formats._assemble import guess_direction, port_groups
from hwdesign.formats._text import cells
from hwdesign.netlist.builder import Builder, ModuleBuilder
from hwdesign.netlist.generic import DFF, by_name, gate
from hwdesign.netlist.inverters import explicit_inverters
from hwdesign.netlist.module import Bus, Module
from hwdesign.netlist.netlist import Finding, Netlist
from hwdesign.netlist.types import CellType, Direction, Kind, Library, Role, Sequential

_DIRECTIONS = {"input": Direction.IN, "output": Direction.OUT, "inout": Direction.INOUT}
_WORDS = {direction: word for word, direction in _DIRECTIONS.items()}
_SAME = {
    "$_BUF_": gate("BUF"), "$_NOT_": gate("NOT"), "$_AND_": gate("AND"), "$_NAND_": gate("NAND"),
    "$_OR_": gate("OR"), "$_NOR_": gate("NOR"), "$_XOR_": gate("XOR"), "$_XNOR_": gate("XNOR"),
    "$_MUX_": gate("MUX"), "$_DFF_P_": DFF, "$_DLATCH_P_": gate("DLATCH"),
    "$_FF_": DFF,  # on the implicit global clock: the clock pin stays open
}  # fmt: skip
_BACK = {cell_type.name: name for name, cell_type in _SAME.items() if name != "$_FF_"}
_FUNCTIONS = {
    "$_ANDNOT_": ("A B", "A&!B"), "$_ORNOT_": ("A B", "A|!B"), "$_NMUX_": ("A B S", "!((A&!S)|(B&S))"),
    "$_AOI3_": ("A B C", "!((A&B)|C)"), "$_OAI3_": ("A B C", "!((A|B)&C)"),
    "$_AOI4_": ("A B C D", "!((A&B)|(C&D))"), "$_OAI4_": ("A B C D", "!((A|B)&(C|D))"),
}  # fmt: skip
_FLOP = re.compile(r"\$_(S?DFF|S?DFFE|S?DFFCE|ALDFF|ALDFFE|DLATCH|DFFSR|DFFSRE|DLATCHSR|SR|FF)_(?:([PN01]+)_)?")
_CLOCK_INVERTED = {"$_DFF_N_": DFF, "$_DLATCH_N_": gate("DLATCH")}
_CONSTANTS = {"0": 0, "1": 1, "x": 0, "X": 0}
_MAX_BITS = 1 << 26
_LINE = re.compile(r":(\d+)")


@lru_cache(maxsize=512)
def yosys_type(name: str) -> CellType | None:
    """Type of one of Yosys' simple gates under its own name, or None."""
    if name in _SAME:
        return _SAME[name]
    if name in _FUNCTIONS:
        inputs, function = _FUNCTIONS[name]
        roles = [Role(pin, Direction.IN) for pin in inputs.split()]
        return CellType(name, Kind.COMB, (*roles, Role("Y", Direction.OUT, function)))
    match = _FLOP.fullmatch(name)
    if match is None:
        return None
    family, senses = match[1], match[2] or ""
    pins = {"SR": ["S", "R"], "FF": ["D"]}.get(family, ["D"])
    clock = "E" if family.startswith("DLATCH") else "C"
    if family not in ("SR", "FF"):
        pins.append(clock)
    if family.startswith("AL"):
        pins += ["L", "AD"]
    elif family in ("DFFSR", "DFFSRE", "DLATCHSR"):
        pins += ["S", "R"]
    elif family in ("SDFF", "SDFFE", "SDFFCE") or len(senses) - family.endswith("E") >= 3:
        pins.append("R")
    if family.endswith("E"):
        pins.append("E")
    storage = "latch" if family.startswith("DLATCH") or family == "SR" else "dff"
    clock_pin = clock if clock in pins else ""
    roles = [Role(pin, Direction.IN) for pin in pins]
    return CellType(name, Kind.SEQ, (*roles, Role("Q", Direction.OUT)), Sequential(storage, pins[0], clock_pin, "Q"))


def read_yosys_json(path: Path, *, strict: bool = False, library: Library | None = None) -> Netlist:
    """Read `.json` or `.json.gz` as Yosys' `write_json` writes it; `library` knows cells that it does not define."""
    return read_yosys_json_text(read_source(path, "JSON"), file=str(path), library=library)


def read_yosys_json_text(
    text: bytes | str, *, file: str = "", top: str | None = None, library: Library | None = None
) -> Netlist:
    """Netlist of Yosys JSON text.

    Args:
        text: JSON.
        file: source, for findings; Yosys' `src` attributes give the lines.
        top: the top module; by default the one with the `top` attribute, else the last.
        library: known cell types.

    Raises:
        FormatError: no JSON, or not Yosys' JSON.
    """
    where = file or None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, a number of thousands of digits
        line = getattr(error, "lineno", 0)
        raise FormatError(f"this is no JSON ({error})", file=where, line=line) from error
    modules = data.get("modules") if isinstance(data, dict) else None
    if not isinstance(modules, dict) or not modules:
        raise FormatError("this JSON holds no Yosys netlist: it has no 'modules'", file=where, mend="use write_json")
    try:
        return _Reader(modules, file, top, library).netlist()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FormatError(
            f"this JSON is no Yosys netlist ({type(error).__name__}: {str(error)[:80]})", file=where
        ) from error
    except NetlistError as error:
        raise FormatError(error.what, file=where, mend=error.mend) from error


def _source_line(attributes: Mapping[str, Any]) -> int:
    """First line of a `src` attribute (`f.v:12.3-14.5|...`)."""
    match = _LINE.search(str(attributes.get("src", "")))
    return int(match[1]) if match else 0


class _Reader:
    def __init__(self, modules: dict[str, Any], file: str, top: str | None, library: Library | None) -> None:
        self.modules = modules
        self.library = library or Library()
        marked = [n for n, m in modules.items() if _is_set(m.get("attributes", {}).get("top"))]
        self.top = top if top in modules else marked[0] if marked else list(modules)[-1]
        assert self.top is not None
        self.builder = Builder(self.top, file=file)
        self.file = file
        self.bits = 0
        self.net_of: dict[int, int] = {}
        self.name_of: dict[int, str] = {}
        self.state: dict[str, tuple[dict[int, int], dict[int, str]]] = {}
        self.types: dict[str, CellType] = {}

    def netlist(self) -> Netlist:
        for name, module in self.modules.items():
            self.ports(self.builder.module(name, line=_source_line(module.get("attributes", {}))), module)
        for name, module in self.modules.items():
            self.cells(self.builder.module(name), module)
        return self.builder.freeze()

    def net(self, m: ModuleBuilder, bit: Any) -> int:
        if isinstance(bit, int):
            if bit < 2:
                raise ValueError(f"net number {bit}")
            found = self.net_of.get(bit)
            if found is None:
                self.bits += 1
                if self.bits > _MAX_BITS:
                    raise ValueError(f"more than {_MAX_BITS} nets")
                found = self.net_of[bit] = m.net(self.name_of.get(bit))
            return found
        return -1 if bit in ("z", "Z") else _CONSTANTS[bit]

    def ports(self, m: ModuleBuilder, module: dict[str, Any]) -> None:
        self.names(module)
        for name, port in module.get("ports", {}).items():
            direction = _DIRECTIONS[port["direction"]]
            bits = [self.net(m, bit) for bit in port["bits"]]
            # An output tied to z is an output that nothing drives.
            bits = [m.net() if bit < 0 else bit for bit in bits]
            if len(bits) == 1 and "offset" not in port and not port.get("upto"):
                m.port(name, direction, bits[0])
                continue
            low = int(port.get("offset", 0))
            high = low + len(bits) - 1
            if port.get("upto"):
                # The bits are listed from the right index, which is the higher one.
                m.bus(name, direction, low, high, bits)
            else:
                m.bus(name, direction, high, low, bits)
        self.state[m.name] = (self.net_of, self.name_of)

    def names(self, module: dict[str, Any]) -> None:
        """Net names: the one that Yosys does not hide, the shortest of several."""
        self.net_of, self.name_of = {}, {}
        taken: set[str] = set()
        ports = module.get("ports", {})
        nets = module.get("netnames", {}).items()
        order = sorted(nets, key=lambda item: (item[0] not in ports, bool(item[1].get("hide_name")), len(item[0])))
        for name, net in order:
            low, bits = int(net.get("offset", 0)), net["bits"]
            for at, bit in enumerate(bits):
                index = low + len(bits) - 1 - at if net.get("upto") else low + at
                label = name if len(bits) == 1 and "offset" not in net else f"{name}[{index}]"
                if isinstance(bit, int) and bit not in self.name_of and label not in taken:
                    self.name_of[bit] = label
                    taken.add(label)

    def cells(self, m: ModuleBuilder, module: dict[str, Any]) -> None:
        self.net_of, self.name_of = self.state[m.name]
        for name, cell in module.get("cells", {}).items():
            attributes = cell.get("attributes", {})
            line = _source_line(attributes)
            inverted: tuple[str, ...] = ()
            if cell["type"] in _CLOCK_INVERTED:
                cell_type, inverted = _CLOCK_INVERTED[cell["type"]], ("C",)
            else:
                cell_type = self.type_of(cell, line, m.name)
            pins: dict[str, int] = {}
            for port, bits in cell["connections"].items():
                known = port if port in cell_type.role_index and len(bits) == 1 else None
                for at, bit in enumerate(bits):
                    role = known or self.role(cell_type, cell["type"], port, at)
                    # The latch's enable is called E by Yosys and C here.
                    if role not in cell_type.role_index and role == "E" and "C" in cell_type.role_index:
                        role = "C"
                    if role in cell_type.role_index:
                        pins[role] = self.net(m, bit)
            params: dict[str, float | str] = {k: str(v) for k, v in cell.get("parameters", {}).items()}
            params |= {f"@{k}": str(v) for k, v in attributes.items() if k != "src"}
            shown = None if _is_set(cell.get("hide_name")) and name.startswith("$") else name
            init = cell.get("parameters", {}).get("INIT")
            if cell_type.kind is Kind.SEQ and init in ("0", "1"):
                params["init"] = float(params.pop("INIT"))
            m.cell(cell_type, pins, name=shown, inverted=inverted, params=params, line=line)
        self.initial_values(m, module)

    def initial_values(self, m: ModuleBuilder, module: dict[str, Any]) -> None:
        """Yosys keeps a register's start value at its net; here it is a parameter of the cell."""
        values: dict[int, float] = {}
        for net in module.get("netnames", {}).values():
            init = str(net.get("attributes", {}).get("init", ""))
            for bit, value in zip(net["bits"], reversed(init), strict=False):
                if isinstance(bit, int) and value in "01" and bit in self.net_of:
                    values[self.net_of[bit]] = float(value)
        if values:
            m.set_register_init(values)

    def role(self, cell_type: CellType, type_name: str, port: str, at: int) -> str:
        if type_name in self.modules:
            port_data = self.modules[type_name]["ports"].get(port)
            if port_data is None:
                return ""
            width, low = len(port_data["bits"]), int(port_data.get("offset", 0))
            return f"{port}[{low + width - 1 - at if port_data.get('upto') else low + at}]"
        if type_name in self.library:
            roles = port_groups(cell_type).get(port, [])
            return cell_type.roles[roles[at]].name if at < len(roles) else ""
        return f"{port}[{at}]"

    def type_of(self, cell: dict[str, Any], line: int, module: str) -> CellType:
        name = str(cell["type"])
        if name in self.modules:
            return self.builder.module(name).as_type()
        known = self.types.get(name) or self.library.get(name) or yosys_type(name) or by_name(name)
        if known is None:
            known = self.black_box(name, cell)
            text = f"'{name}' is used in module '{module}' but defined nowhere"
            self.builder.findings.append(Finding("unknown-cell", "warning", text, module, (name,), self.file, line))
        self.types[name] = known
        return known

    def black_box(self, name: str, cell: dict[str, Any]) -> CellType:
        given = cell.get("port_directions", {})
        roles = []
        for port, bits in cell["connections"].items():
            direction = _DIRECTIONS.get(given.get(port, ""), guess_direction(port))
            labels = [port] if len(bits) == 1 else [f"{port}[{at}]" for at in reversed(range(len(bits)))]
            roles += [Role(label, direction) for label in labels]
        return CellType(name, Kind.BLACKBOX, tuple(roles), guessed=not given)


def _is_set(value: Any) -> bool:
    """Whether a Yosys attribute is a number other than zero."""
    return str(value or "").strip("0") not in ("", "None", "False")


def yosys_json_text(netlist: Netlist) -> str:
    """Yosys JSON of all modules; inverted pins become `$_NOT_` cells."""
    modules = {m.name: _module(explicit_inverters(m), m.name == netlist.top, netlist) for m in netlist.modules.values()}
    return json.dumps({"creator": "hwdesign", "modules": modules}, indent=1) + "\n"


def write_yosys_json(netlist: Netlist, path: Path) -> None:
    """Write `.json` or `.json.gz`."""
    write_text(path, yosys_json_text(netlist))


def _bit(net: int) -> int | str:
    return "z" if net < 0 else str(net) if net < 2 else net


def _module(module: Module, top: bool, netlist: Netlist) -> dict[str, Any]:
    ports: dict[str, Any] = {}
    labels = module.port_labels()
    for port in range(module.num_ports):
        bus_at = int(module.port_bus[port])
        direction = _WORDS[Direction(int(module.port_dir[port]))]
        bit = _bit(int(module.port_net[port]))
        if bus_at < 0:
            ports[labels[port]] = {"direction": direction, "bits": [bit]}
            continue
        bus: Bus = module.buses[bus_at]
        entry = ports.setdefault(bus.name, {"direction": direction, "bits": []})
        entry["bits"].insert(0, bit)
        if min(bus.left, bus.right) != 0 or bus.width == 1:
            entry["offset"] = min(bus.left, bus.right)
        if bus.left < bus.right:
            entry["upto"] = 1
    return {
        "attributes": {"top": "1"} if top else {},
        "ports": ports,
        "cells": _cells(module, netlist),
        "netnames": {
            label: {"hide_name": int(module.net_name[net] < 0), "bits": [net], "attributes": {}}
            for net, label in enumerate(module.net_labels())
            if net > 1
        },
    }


def _cells(module: Module, netlist: Netlist) -> dict[str, Any]:
    result: dict[str, Any] = {}
    names = module.cell_labels()
    for cell in cells(module):
        cell_type = cell.type
        connections: dict[str, list[int | str]] = {}
        directions: dict[str, str] = {}
        for role, net in zip(cell_type.roles, cell.nets, strict=True):
            match = re.fullmatch(r"(.+)\[(-?\d+)\]", role.name)
            vector = match is not None and _is_vector(cell_type, netlist, match[1])
            base = match[1] if match and vector else role.name
            connections.setdefault(base, []).insert(0, _bit(net))
            directions[base] = _WORDS[role.direction]
        params = module.params_of(cell.id)
        init = params.pop("init", None)
        parameters = {k: _json_value(v) for k, v in params.items() if not k.startswith("@")}
        if isinstance(init, float) and init in (0.0, 1.0):
            parameters["INIT"] = str(int(init))
        result[names[cell.id]] = {
            "hide_name": int(module.cell_name[cell.id] < 0),
            "type": _BACK.get(cell_type.name, cell_type.name),
            "parameters": parameters,
            "attributes": {k[1:]: _json_value(v) for k, v in params.items() if k.startswith("@")},
            "port_directions": directions,
            "connections": connections,
        }
    return result


def _is_vector(cell_type: CellType, netlist: Netlist, base: str) -> bool:
    module = netlist.modules.get(cell_type.name)
    if module is not None:
        return any(bus.name == base for bus in module.buses)
    return base not in cell_type.role_index


def _json_value(value: float | str) -> str:
    return value if isinstance(value, str) else str(int(value)) if value.is_integer() else repr(value)
