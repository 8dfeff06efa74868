"""BLIF (Berkeley logic interchange format), with Yosys' `.cname`, `.param` and `.attr` on reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hwdesign.errors import NetlistError
from hwdesign.files import open_atomic, read_source
from hwdesign.formats._assemble import assemble
from hwdesign.formats._text import Cell, cells, refuse_kinds, shown_names
from hwdesign.kernels.readers import parse_blif
from hwdesign.netlist.boolean import MAX_TABLE_INPUTS, parse_function, truth_table
from hwdesign.netlist.generic import by_name
from hwdesign.netlist.inverters import explicit_drivers
from hwdesign.netlist.module import INVERTED, Module
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.types import CellType, Direction, Kind, Library

_WIDTH = 110


def read_blif(path: Path, *, strict: bool = False, library: Library | None = None) -> Netlist:
    """Read `.blif` or `.blif.gz`; the first model is the top, `library` knows the cells of `.gate` and `.subckt`."""
    return read_blif_text(read_source(path, "BLIF"), file=str(path), library=library)


def read_blif_text(text: bytes | str, *, file: str = "", library: Library | None = None) -> Netlist:
    """Netlist of BLIF text."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    raw = parse_blif(data)
    return assemble(raw, file=file, library=library, first_is_top=True)


def write_blif(netlist: Netlist, path: Path) -> None:
    """Write `.blif` or `.blif.gz`; the top model first."""
    order = [netlist.top_module] + [m for name, m in netlist.modules.items() if name != netlist.top]
    with open_atomic(path) as stream:
        for module in order:
            for line in _model(module):
                stream.write(line.encode("utf-8", "surrogateescape"))


def blif_text(netlist: Netlist) -> str:
    """BLIF text of all modules, the top model first.

    Raises:
        NetlistError: devices, inout ports, or names with white space.
    """
    order = [netlist.top_module] + [m for name, m in netlist.modules.items() if name != netlist.top]
    return "".join(line for module in order for line in _model(module))


def _wrapped(words: Sequence[str]) -> str:
    """Words on lines of bounded length, continued with a backslash."""
    lines, here = [], words[0]
    for word in words[1:]:
        if len(here) + len(word) + 1 > _WIDTH:
            lines.append(here)
            here = " " + word
        else:
            here += " " + word
    return " \\\n".join([*lines, here]) + "\n"


def _model(module: Module) -> Iterator[str]:
    module = explicit_drivers(module)
    refuse_kinds(module, (Kind.DEVICE,), "BLIF", "write SPICE instead")
    labels, assigned = shown_names(module)
    ports = module.port_labels()
    for label in [*labels[2:], *ports, module.name]:
        if not label or any(c.isspace() for c in label) or label.startswith("#") or label.endswith("\\"):
            raise NetlistError(
                f"BLIF cannot hold the name '{label}'", file=module.file or None, mend="rename it, or write Verilog"
            )
    yield f".model {module.name}\n"
    for direction, word in ((Direction.IN, ".inputs"), (Direction.OUT, ".outputs")):
        chosen = [ports[p] for p in module.ports_of(direction).tolist()]
        if chosen:
            yield _wrapped([word, *chosen])
    inout = module.ports_of(Direction.INOUT)
    if len(inout):
        raise NetlistError(f"BLIF cannot hold the inout port '{ports[int(inout[0])]}'", file=module.file or None)
    taken = set(labels) | set(ports)
    for constant, name in ((0, "$false"), (1, "$true")):
        while name in taken:
            name = "$" + name
        labels[constant] = name
    used = set(module.pin_net.tolist()) | {int(module.port_net[p]) for p in assigned}
    if 0 in used:
        yield f".names {labels[0]}\n"
    if 1 in used:
        yield f".names {labels[1]}\n1\n"
    for cell in cells(module):
        yield _cell(cell, module, labels)
    for port in assigned:
        net, name = labels[int(module.port_net[port])], ports[port]
        pair = (name, net) if module.port_dir[port] == Direction.IN else (net, name)
        yield f".names {pair[0]} {pair[1]}\n{0 if module.port_flags[port] & INVERTED else 1} 1\n"
    yield ".end\n"


def _cell(cell: Cell, module: Module, labels: list[str]) -> str:
    name = module.cell_label(cell.id)
    if cell.type.kind is Kind.SEQ and cell.type.sequential is not None and cell.type.name in ("DFF", "DLATCH"):
        return _latch(cell, module, labels)
    if cell.type.kind is Kind.COMB and len(cell.type.outputs) == 1 and cell.type.outputs[0].function:
        at = cell.type.role_index[cell.type.outputs[0].name]
        inputs = [k for k in range(len(cell.nets)) if k != at]
        if any(cell.nets[k] < 0 for k in inputs):
            raise NetlistError(f"cell '{name}' has an open input, which BLIF cannot hold", file=module.file or None)
        if cell.nets[at] < 0:
            return ""
        rows = _cover(cell.type, [cell.inverted[k] for k in inputs])
        return _wrapped([".names", *(labels[cell.nets[k]] for k in inputs), labels[cell.nets[at]]]) + rows
    if any(cell.inverted):
        raise NetlistError(
            f"cell '{name}' of type '{cell.type.name}' has an inverted pin, which BLIF cannot hold",
            file=module.file or None,
        )
    pins = [f"{role.name}={labels[net]}" for role, net in zip(cell.type.roles, cell.nets, strict=True) if net >= 0]
    return _wrapped([".subckt", cell.type.name, *pins])


def _latch(cell: Cell, module: Module, labels: list[str]) -> str:
    data, clock, output = cell.nets
    if data < 0 or output < 0:
        raise NetlistError(
            f"register '{module.cell_label(cell.id)}' has an open pin, which BLIF cannot hold", file=module.file or None
        )
    before = ""
    source = labels[data]
    if cell.inverted[0]:
        source = f"{labels[output]}$next"
        before = f".names {labels[data]} {source}\n0 1\n"
    sense = ("fe" if cell.inverted[1] else "re") if cell.type.name == "DFF" else "al" if cell.inverted[1] else "ah"
    init = module.param(cell.id, "init")
    reset = str(int(init)) if isinstance(init, float) and init in (0.0, 1.0, 2.0) else "3"
    timing = f" {sense} {labels[clock]}" if clock >= 0 else ""
    return f"{before}.latch {source} {labels[output]}{timing} {reset}\n"


def _cover(cell_type: CellType, inverted: list[bool]) -> str:
    """Rows of the output's cover; inverted inputs are folded in."""
    width = len(inverted)
    op = cell_type.name.rstrip("0123456789")
    generic = by_name(cell_type.name) == cell_type

    def literal(at: int, value: bool) -> str:
        return "1" if value != inverted[at] else "0"

    def one_hot(value: bool) -> Iterator[str]:
        for at in range(width):
            yield "-" * at + literal(at, value) + "-" * (width - at - 1)

    if generic and op in ("AND", "NAND"):
        return "".join(literal(at, True) for at in range(width)) + (" 1\n" if op == "AND" else " 0\n")
    if generic and op in ("OR", "NOR"):
        return "".join(f"{row} {1 if op == 'OR' else 0}\n" for row in one_hot(True))
    if width == 0:
        return "1\n" if cell_type.outputs[0].function == "1" else ""
    function = cell_type.outputs[0].function
    pins = tuple(role.name for role in cell_type.inputs)
    if width > MAX_TABLE_INPUTS:
        return _sum(function, pins, inverted, cell_type.name)
    table = truth_table(parse_function(function), pins)
    rows = []
    for row in range(1 << width):
        if table >> row & 1:
            rows.append("".join(literal(at, bool(row >> at & 1)) for at in range(width)) + " 1\n")
    return "".join(rows)


def _sum(function: str, pins: tuple[str, ...], inverted: list[bool], name: str) -> str:
    """Rows of a wide sum of products, as `hwdesign.netlist.generic.cover` wrote it."""
    offset = function.startswith("!(")
    body = function[2:-1] if offset else function
    index = {pin: at for at, pin in enumerate(pins)}
    rows = []
    for term in body.split("|"):
        row = ["-"] * len(pins)
        for factor in term.strip("()").split("&"):
            pin = factor.lstrip("!")
            if pin not in index:
                raise NetlistError(
                    f"the function of type '{name}' is too wide for a cover",
                    mend="map it first (hwdesign convert --aig)",
                )
            at = index[pin]
            row[at] = "1" if (not factor.startswith("!")) != inverted[at] else "0"
        rows.append("".join(row) + (" 0\n" if offset else " 1\n"))
    return "".join(rows)
