"""Structural Verilog (IEEE 1364-2005): read by the C++ kernel, written gate by gate.

Written: generic gates as primitives (`and g1 (y, ~a, b);`), everything else as instances with named ports. A `.v` file
with behavioural code is handed to Yosys (see `hwdesign.formats.synthesis`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from hwdesign.errors import NotStructuralError
from hwdesign.files import open_atomic, read_source
from hwdesign.formats._assemble import assemble
from hwdesign.formats._text import Cell, cells, shown_names
from hwdesign.kernels.readers import parse_verilog
from hwdesign.netlist.generic import BUF, NOT, VARIADIC, by_name
from hwdesign.netlist.inverters import explicit_drivers
from hwdesign.netlist.module import INVERTED, Module
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.types import CellType, Direction, Kind, Library

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_BIT = re.compile(r"(.+)\[(-?\d+)\]", re.DOTALL)
_DIRECTIONS = {Direction.IN: "input", Direction.OUT: "output", Direction.INOUT: "inout"}
_KEYWORDS = frozenset(
    """always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign default defparam
    design disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive endspecify endtable
    endtask event for force forever fork function generate genvar highz0 highz1 if ifnone incdir include initial inout
    input instance integer join large liblist library localparam macromodule medium module nand negedge nmos nor
    noshowcancelled not notif0 notif1 or output parameter pmos posedge primitive pull0 pull1 pulldown pullup
    pulsestyle_onevent pulsestyle_ondetect rcmos real realtime reg release repeat rnmos rpmos rtran rtranif0 rtranif1
    scalared showcancelled signed small specify specparam strong0 strong1 supply0 supply1 table task time tran tranif0
    tranif1 tri tri0 tri1 triand trior trireg unsigned use uwire vectored wait wand weak0 weak1 while wire wor xnor xor
    """.split()
)


def read_verilog(
    path: Path, *, strict: bool = False, library: Library | None = None, rtl: bool = True, synchronous: bool = False
) -> Netlist:
    """Read structural Verilog; a file with behavioural code goes through Yosys.

    Args:
        path: `.v` or `.v.gz`.
        strict: passed on; see `hwdesign.formats.read`.
        library: known cell types.
        rtl: False refuses behavioural code instead.
        synchronous: passed to the synthesis of behavioural code; see `hwdesign.formats.read`.

    Raises:
        FormatError, NotStructuralError, LimitError: with file and line.
    """
    data = read_source(path, "Verilog")
    try:
        return read_verilog_text(data, file=str(path), library=library)
    except NotStructuralError:
        if not rtl:
            raise
    from hwdesign.formats.synthesis import read_rtl

    return read_rtl(path, strict=strict, synchronous=synchronous)


def read_verilog_text(text: bytes | str, *, file: str = "", library: Library | None = None) -> Netlist:
    """Netlist of structural Verilog text."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return assemble(parse_verilog(data), file=file, library=library)


def identifier(name: str) -> str:
    """`name` as Verilog writes it, escaped where it is no plain identifier."""
    if _PLAIN.fullmatch(name) and name not in _KEYWORDS:
        return name
    return f"\\{name} "


def _unescapable(name: str) -> bool:
    return not name or any(c.isspace() for c in name)


def verilog_text(netlist: Netlist) -> str:
    """Structural Verilog of all modules, the top last."""
    order = [m for name, m in netlist.modules.items() if name != netlist.top] + [netlist.top_module]
    made = _helper_modules(netlist)
    return "\n".join([*("".join(_module_lines(m)) for m in order), *made])


def write_verilog(netlist: Netlist, path: Path) -> None:
    """Write structural Verilog (`.v`, `.v.gz`)."""
    order = [m for name, m in netlist.modules.items() if name != netlist.top] + [netlist.top_module]
    with open_atomic(path) as stream:
        for at, module in enumerate(order):
            if at:
                stream.write(b"\n")
            for line in _module_lines(module):
                stream.write(line.encode("utf-8", "surrogateescape"))
        for text in _helper_modules(netlist):
            stream.write(b"\n" + text.encode("utf-8", "surrogateescape"))


def _helper_modules(netlist: Netlist) -> list[str]:
    """Definitions of wide sums of products, whose names alone do not tell what they compute."""
    used = {m.library[int(at)] for m in netlist.modules.values() for at in set(m.cell_type.tolist())}
    texts = []
    for cell_type in sorted(used, key=lambda t: t.name):
        if cell_type.kind is Kind.COMB and by_name(cell_type.name) is None and cell_type.name.startswith("SOP"):
            names = {role.name: identifier(role.name) for role in cell_type.roles}
            ports = ", ".join(f"{_DIRECTIONS[role.direction]} {names[role.name]}" for role in cell_type.roles)
            body = f"  assign Y = {cell_type.outputs[0].function.replace('!', '~')};\n"
            texts.append(f"module {identifier(cell_type.name)} ({ports});\n{body}endmodule\n")
    return texts


class _Names:
    """How each net and port of one module is written."""

    def __init__(self, module: Module) -> None:
        labels, self.assigned = shown_names(module)
        ports = module.port_labels()
        self.ports = [""] * len(ports)
        bus_bits: dict[str, str] = {}
        self.header: list[str] = []
        seen: set[int] = set()
        for at, label in enumerate(ports):
            bus = int(module.port_bus[at])
            direction = _DIRECTIONS[Direction(int(module.port_dir[at]))]
            if bus < 0:
                self.ports[at] = identifier(_safe(label))
                self.header.append(f"{direction} {self.ports[at]}")
                continue
            vector = module.buses[bus]
            base = identifier(_safe(vector.name))
            if bus not in seen:
                seen.add(bus)
                self.header.append(f"{direction} [{vector.left}:{vector.right}] {base}")
            match = _BIT.fullmatch(label)
            self.ports[at] = f"{base}[{match[2] if match else 0}]"
            bus_bits[label] = self.ports[at]
        scalars = {label for label, bus in zip(ports, module.port_bus.tolist(), strict=True) if bus < 0}
        self.wires: list[str] = []
        self.nets = self._declare(labels, bus_bits, scalars, {b.name for b in module.buses})
        self.nets[:2] = ["1'b0", "1'b1"]
        self.taken = {*labels, *ports}
        self.open: dict[tuple[int, int], str] = {}  # wires for open output bits of connected buses

    def open_outputs(self, cell: Cell) -> list[str]:
        """Names of wires that stand for a cell's open output bits where other bits of the same bus are connected."""
        if -1 not in cell.nets:
            return []
        made = []
        for roles in _port_groups(cell.type).values():
            if len(roles) == 1 or all(cell.nets[at] < 0 for at in roles):
                continue
            for at in roles:
                if cell.nets[at] < 0 and cell.type.roles[at].direction is not Direction.IN:
                    name = f"_open{len(self.open)}"
                    while name in self.taken:
                        name = "_" + name
                    self.taken.add(name)
                    self.open[(cell.id, at)] = name
                    made.append(name)
        return made

    def _declare(self, labels: list[str], bus_bits: dict[str, str], scalars: set[str], bases: set[str]) -> list[str]:
        vectors: dict[str, list[int]] = {}
        plain: set[str] = scalars | bases
        split: list[tuple[str, int] | None] = [None] * len(labels)
        for net, label in enumerate(labels):
            match = None if label in bus_bits or label in scalars or label[-1:] != "]" else _BIT.fullmatch(label)
            # Only canonical indices, so that `w[03]` keeps its name.
            if match and str(int(match[2])) == match[2] and not _unescapable(match[1]):
                split[net] = (match[1], int(match[2]))
                vectors.setdefault(match[1], []).append(int(match[2]))
            else:
                plain.add(label)
        full = {
            base
            for base, bits in vectors.items()
            if base not in plain and len(set(bits)) == len(bits) == max(bits) - min(bits) + 1
        }
        for base in sorted(full):
            self.wires.append(f"wire [{max(vectors[base])}:{min(vectors[base])}] {identifier(base)}")
        written = []
        for net, label in enumerate(labels):
            bit = split[net]
            if label in bus_bits:
                written.append(bus_bits[label])
            elif bit is not None and bit[0] in full:
                written.append(f"{identifier(bit[0])}[{bit[1]}]")
            else:
                text = identifier(_safe(label))
                written.append(text)
                if net > 1 and label not in scalars:
                    self.wires.append(f"wire {text}")
        return written


def _safe(name: str) -> str:
    """White space cannot stand in a Verilog name, not even in an escaped one."""
    return re.sub(r"\s", "_", name) if _unescapable(name) else name


def _module_lines(module: Module) -> Iterator[str]:
    module = explicit_drivers(module)
    names = _Names(module)
    yield f"module {identifier(_safe(module.name))} ("
    yield ", ".join(names.header) + ");\n"
    for wire in names.wires:
        yield f"  {wire};\n"
    cell_names = module.names.decode(module.cell_name)
    params = _param_texts(module)
    for cell in cells(module):
        for wire in names.open_outputs(cell):
            yield f"  wire {wire};\n"
        yield _cell_text(cell, module, names, cell_names, params)
    for port in names.assigned:
        net = names.nets[int(module.port_net[port])]
        tilde = "~" if module.port_flags[port] & INVERTED else ""
        if module.port_dir[port] == Direction.IN:
            yield f"  assign {net} = {names.ports[port]};\n"
        else:
            yield f"  assign {names.ports[port]} = {tilde}{net};\n"
    yield "endmodule\n"


def _param_texts(module: Module) -> dict[int, tuple[list[str], list[str]]]:
    """Parameters and attributes of the cells that have any, as Verilog text."""
    texts: dict[int, tuple[list[str], list[str]]] = {}
    for key, table in module.params.items():
        values = module.names.decode(table.text)
        rows = zip(table.cell.tolist(), table.number.tolist(), table.text.tolist(), values, strict=True)
        for cell, number, text, value in rows:
            shown = value if text >= 0 else str(int(number)) if float(number).is_integer() else repr(number)
            here = texts.setdefault(cell, ([], []))
            if key.startswith("@"):
                here[1].append(f"{key[1:]} = {_attribute(shown)}")
            else:
                here[0].append(f".{identifier(key)}({shown})")
    return texts


def _attribute(value: str) -> str:
    """An attribute's value: text that is not a literal already is quoted."""
    if re.fullmatch(r"-?\d+|\d*'[bodhBODH][0-9a-fA-FxzXZ_?]+|\".*\"", value, re.DOTALL):
        return value
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{quoted}"'


def _primitive(cell_type: CellType) -> str:
    """Name of the gate primitive of a generic type, or ''."""
    if cell_type in (BUF, NOT):
        return cell_type.name.lower()
    op = cell_type.name.rstrip("0123456789")
    return op.lower() if op in VARIADIC and cell_type == by_name(cell_type.name) else ""


def _cell_text(
    cell: Cell,
    module: Module,
    names: _Names,
    cell_names: list[str],
    params: dict[int, tuple[list[str], list[str]]],
) -> str:
    nets = names.nets

    def value(role: int) -> str:
        net = cell.nets[role]
        return names.open.get((cell.id, role), "") if net < 0 else "~" * cell.inverted[role] + nets[net]

    name = cell_names[cell.id]
    settings, attributes = params.get(cell.id, ([], []))
    before = f"  (* {', '.join(attributes)} *) " if attributes else "  "
    primitive = _primitive(cell.type)
    if primitive and not settings and -1 not in cell.nets:
        label = f" {identifier(_safe(name))}" if name else ""
        roles = range(len(cell.nets) - 1)
        return f"{before}{primitive}{label} ({value(len(cell.nets) - 1)}, {', '.join(value(r) for r in roles)});\n"
    if cell.type.name in ("ZERO", "ONE") and not name:
        return f"  assign {nets[cell.nets[0]]} = 1'b{cell.type.name == 'ONE':d};\n"
    label = identifier(_safe(name or module.cell_label(cell.id)))
    setting = f" #({', '.join(settings)})" if settings else ""
    return f"{before}{identifier(cell.type.name)}{setting} {label} ({_connections(cell, value)});\n"


@lru_cache(maxsize=4096)
def _port_groups(cell_type: CellType) -> dict[str, list[int]]:
    """Roles of each port, from left to right, by its base name."""
    groups: dict[str, list[int]] = {}
    for at, role in enumerate(cell_type.roles):
        match = _BIT.fullmatch(role.name) if role.name[-1:] == "]" else None
        groups.setdefault(match[1] if match else role.name, []).append(at)
    return groups


def _connections(cell: Cell, value: Callable[[int], str]) -> str:
    """Named connections, the bits of a port gathered into one concatenation."""
    if any(role.name.startswith("$") for role in cell.type.roles):
        return ", ".join(value(at) for at in range(len(cell.type.roles)))
    parts = []
    for base, roles in _port_groups(cell.type).items():
        bits = [value(at) for at in roles]
        if not any(bits):
            continue
        # An open input bit inside a connected bus is written as a high-impedance constant.
        text = bits[0] if len(bits) == 1 else "{" + ", ".join(bit or "1'bz" for bit in bits) + "}"
        parts.append(f".{identifier(base)}({text})")
    return ", ".join(parts)
