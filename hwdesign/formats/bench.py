"""BENCH (ISCAS, ITC, ABC): `y = NAND(a, b)`, `q = DFF(d)`, and ABC's `y = LUT 0x8 (a, b)`."""

from __future__ import annotations

import re
from pathlib import Path

from hwdesign.errors import NetlistError
from hwdesign.files import read_source, write_text
from hwdesign.formats._assemble import assemble
from hwdesign.formats._text import Cell, cells, refuse_kinds, shown_names
from hwdesign.kernels.readers import parse_bench
from hwdesign.netlist.boolean import parse_function, truth_table
from hwdesign.netlist.generic import DFF, VARIADIC, by_name
from hwdesign.netlist.inverters import explicit_inverters
from hwdesign.netlist.module import Module
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.types import Direction, Kind

_NAME = re.compile(r"[^\s(),=#]+")
_SIMPLE = {"BUF": "BUFF", "NOT": "NOT"}


def read_bench(path: Path, *, strict: bool = False) -> Netlist:
    """Read `.bench` or `.bench.gz`; the module is named after the file."""
    name = path.name.removesuffix(".gz").removesuffix(".bench") or "top"
    return read_bench_text(read_source(path, "BENCH"), file=str(path), name=name)


def read_bench_text(text: bytes | str, *, file: str = "", name: str = "top") -> Netlist:
    """Netlist of BENCH text; a flip-flop's clock stays open, since the format has none."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return assemble(parse_bench(data, name=name), file=file)


def bench_text(netlist: Netlist) -> str:
    """BENCH text of the top module.

    Raises:
        NetlistError: hierarchy, black boxes, devices, latches, inout ports, a flip-flop that starts at 1, or a name
            that the format cannot hold.
    """
    module = explicit_inverters(netlist.top_module)
    refuse_kinds(module, (Kind.MODULE,), "BENCH", "flatten it first (hwdesign convert --flatten)")
    refuse_kinds(module, (Kind.BLACKBOX, Kind.DEVICE), "BENCH", "write Verilog or Yosys JSON instead")
    labels, assigned = shown_names(module)
    _check_names(module, labels)
    ports = module.port_labels()
    lines = [f"# {module.name}"]
    for direction, word in ((Direction.IN, "INPUT"), (Direction.OUT, "OUTPUT"), (Direction.INOUT, "")):
        for port in module.ports_of(direction).tolist():
            if not word:
                raise NetlistError(f"BENCH cannot hold the inout port '{ports[port]}'", file=module.file or None)
            lines.append(f"{word}({ports[port]})")
    used = set(module.pin_net.tolist()) | set(module.port_net.tolist())
    labels[0], labels[1] = _fresh("gnd", labels, ports), _fresh("vdd", labels, ports)
    # ABC knows gnd and vdd as gates without inputs.
    lines += [f"{labels[net]} = {word}" for net, word in ((0, "gnd"), (1, "vdd")) if net in used]
    for cell in cells(module):
        lines.append(_gate(cell, module, labels))
    for port in assigned:
        net = labels[int(module.port_net[port])]
        inward = module.port_dir[port] == Direction.IN
        lines.append(f"{net} = BUFF({ports[port]})" if inward else f"{ports[port]} = BUFF({net})")
    return "\n".join(lines) + "\n"


def write_bench(netlist: Netlist, path: Path) -> None:
    """Write `.bench` or `.bench.gz`."""
    write_text(path, bench_text(netlist))


def _fresh(name: str, *taken: list[str]) -> str:
    while any(name in names for names in taken):
        name = "_" + name
    return name


def _check_names(module: Module, labels: list[str]) -> None:
    for label in [*labels[2:], *module.port_labels()]:
        if not _NAME.fullmatch(label):
            raise NetlistError(
                f"BENCH cannot hold the name '{label}'", file=module.file or None, mend="rename it, or write Verilog"
            )


def _gate(cell: Cell, module: Module, labels: list[str]) -> str:
    if -1 in cell.nets and cell.type != DFF:
        raise NetlistError(
            f"cell '{module.cell_label(cell.id)}' has an open pin, which BENCH cannot hold", file=module.file or None
        )
    if cell.type == DFF:
        if module.param(cell.id, "init") == 1.0:
            raise NetlistError(
                f"flip-flop '{module.cell_label(cell.id)}' starts at 1, which BENCH cannot hold",
                file=module.file or None,
                mend="write BLIF or AIGER instead",
            )
        return f"{labels[cell.nets[2]]} = DFF({labels[cell.nets[0]]})"
    if cell.type.kind is not Kind.COMB or len(cell.type.outputs) != 1:
        raise NetlistError(
            f"BENCH cannot hold cell '{module.cell_label(cell.id)}' of type '{cell.type.name}'",
            file=module.file or None,
            mend="map it first (hwdesign convert --aig)",
        )
    at = cell.type.role_index[cell.type.outputs[0].name]
    inputs = [(role.name, labels[cell.nets[k]]) for k, role in enumerate(cell.type.roles) if k != at]
    target = labels[cell.nets[at]]
    arguments = ", ".join(label for _, label in inputs)
    generic = by_name(cell.type.name) == cell.type
    op = cell.type.name.rstrip("0123456789")
    if generic and cell.type.name in _SIMPLE:
        return f"{target} = {_SIMPLE[cell.type.name]}({arguments})"
    if generic and op in VARIADIC:
        return f"{target} = {op}({arguments})"
    if generic and cell.type.name in ("ZERO", "ONE"):
        return f"{target} = {'vdd' if cell.type.name == 'ONE' else 'gnd'}"
    table = truth_table(parse_function(cell.type.outputs[0].function), tuple(name for name, _ in inputs))
    return f"{target} = LUT 0x{table:x} ({arguments})"
