"""From the text readers' raw columns to the IR: kinds are resolved one by one, columns by vectorised look-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import FormatError
from hwdesign.kernels.readers import RawDesign, RawModule
from hwdesign.netlist.generic import by_name, cover, gate, lut
from hwdesign.netlist.module import INVERTED, Bus, Module, SideTable
from hwdesign.netlist.names import NamePool
from hwdesign.netlist.netlist import Finding, Netlist, module_type
from hwdesign.netlist.types import CellType, Direction, Kind, Library, Role

INSTANCE, GATE, COVER, LUT, LATCH = range(5)

# Output pins of the cells that the field's libraries agree on; used only where no definition is at hand.
_OUTPUT_PINS = frozenset(
    ("Y", "Z", "ZN", "X", "Q", "QN", "Q_N", "QB", "O", "OUT", "CO", "COUT", "SUM", "HI", "LO", "GCLK", "ECK")
)


@dataclass
class _Resolved:
    """Type and pins of one kind."""

    cell_type: CellType
    roles: dict[tuple[str, int, int], int] = field(default_factory=dict)  # (port name, position, bit) → role
    inverted: tuple[int, ...] = ()  # roles that this kind inverts
    init: float | None = None


def guess_direction(pin: str) -> Direction:
    """Direction of a pin of an undefined cell, from the field's usual output names."""
    return Direction.OUT if pin.split("[")[0].upper() in _OUTPUT_PINS else Direction.IN


def assemble(raw: RawDesign, *, file: str, library: Library | None = None, first_is_top: bool = False) -> Netlist:
    """Netlist of a reader's raw columns.

    Args:
        raw: what the kernel returned.
        file: source, for findings.
        library: known cell types (a Liberty file's); looked at before a cell counts as undefined.
        first_is_top: take the first module as the top; otherwise the one that no other instantiates, the largest of
            several.

    Raises:
        FormatError: no module, a cover or look-up table that makes no sense.
    """
    if not raw.modules:
        raise FormatError("the file holds no module", file=file, mend="check that it is the right file")
    names = NamePool(raw.names_data, raw.names_offsets)
    names, ports, findings = _unique_ports(raw, names, file)
    raw = replace(raw, modules=ports)
    module_names = names.decode([m.name for m in raw.modules])
    defined = {name: _type_of_module(name, m, names) for name, m in zip(module_names, raw.modules, strict=True)}
    resolved = _resolve(raw, names, defined, library)
    # Library: used types first in order of use, so that it does not depend on what else was at hand.
    types: dict[str, CellType] = {}
    for kind in resolved:
        types.setdefault(kind.cell_type.name, kind.cell_type)
    built = Library(types.values())
    type_of_kind = np.array([built.index(kind.cell_type.name) for kind in resolved], np.int32)
    init_of_kind = np.array([np.nan if kind.init is None else kind.init for kind in resolved], np.float64)
    role_of, flag_of, bad, supply = _pin_tables(raw, names, resolved)

    modules = {}
    for name, module in zip(module_names, raw.modules, strict=True):
        findings += _mismatches(name, module, raw, names, bad & ~supply, file)
        modules[name] = _module(
            name, module, names, built, type_of_kind, init_of_kind, role_of, flag_of, bad, file
        )  # fmt: skip
    for module_ in modules.values():
        findings += _unknown(module_, {f.names[0] for f in findings if f.rule == "unknown-cell"})
    top, note = (module_names[0], []) if first_is_top else _choose_top(modules, file)
    findings += note
    return Netlist(modules, top, built, names, findings=tuple(findings), file=file)


def _unique_ports(raw: RawDesign, names: NamePool, file: str) -> tuple[NamePool, tuple[RawModule, ...], list[Finding]]:
    """Give every port a name of its own: BENCH and BLIF let a signal be input and output, or an output twice.

    The first keeps the signal's name, the others are called `name$1`, `name$2` ...; the nets are untouched.
    """
    modules = list(raw.modules)
    findings: list[Finding] = []
    for at, module in enumerate(modules):
        ports, first, count = np.unique(module.port_name, return_index=True, return_counts=True)
        if len(ports) == len(module.port_name):
            continue
        port_name = module.port_name.copy()
        repeated = set(ports[count > 1].tolist())
        kept = set(first.tolist())
        made: dict[str, int] = {}
        renamed = [row for row in range(len(port_name)) if row not in kept and int(port_name[row]) in repeated]
        shown = []
        for row in renamed:
            name, k = names[int(port_name[row])], 1
            while f"{name}${k}" in made or names.find(f"{name}${k}") >= 0:
                k += 1
            shown.append(name)
            port_name[row] = made[f"{name}${k}"] = len(names) + len(made)
        names = names.extended(made)
        modules[at] = replace(module, port_name=port_name)
        label = names[module.name]
        text = f"{len(shown)} ports of module '{label}' repeat a port's name and were renamed: {', '.join(shown[:5])}"
        text += " ..." if len(shown) > 5 else ""
        findings.append(Finding("repeated-port", "note", text, label, tuple(shown), file, module.line))
    return names, tuple(modules), findings


def _type_of_module(name: str, module: RawModule, names: NamePool) -> CellType:
    return module_type(name, names.decode(module.port_name), module.port_dir.tolist())


def _resolve(raw: RawDesign, names: NamePool, defined: dict[str, CellType], library: Library | None) -> list[_Resolved]:
    kind_names = names.decode(raw.kinds.name)
    pins = raw.pin_kinds
    pin_names = names.decode(pins.name)
    pins_of: list[list[tuple[str, int, int]]] = [[] for _ in kind_names]
    for kind, name, position, bit in zip(
        pins.cell_kind.tolist(), pin_names, pins.position.tolist(), pins.bit.tolist(), strict=True
    ):
        pins_of[kind].append((name, position, bit))
    buses = {name: port_groups(cell_type) for name, cell_type in defined.items()}
    result: list[_Resolved] = []
    boxes: dict[str, _Resolved] = {}
    for at, name in enumerate(kind_names):
        klass, arity = int(raw.kinds.klass[at]), int(raw.kinds.arity[at])
        if klass == INSTANCE:
            known = defined.get(name) or (library.get(name) if library else None) or by_name(name)
            if known is None:
                box = boxes.get(name)
                if box is None:
                    box = boxes[name] = _black_box(name, pins_of[at])
                result.append(box)
            else:
                result.append(_by_ports(known, buses.get(name) or port_groups(known), pins_of[at]))
        else:
            result.append(_by_position(klass, name, arity))
    return result


def port_groups(cell_type: CellType) -> dict[str, list[int]]:
    """Roles of each port by base name, least significant bit first."""
    groups: dict[str, list[int]] = {}
    for at, role in enumerate(cell_type.roles):
        base, bracket, rest = role.name.rpartition("[")
        name = base if bracket and rest.endswith("]") and rest[:-1].lstrip("-").isdigit() else role.name
        groups.setdefault(name, []).append(at)
    return {name: roles[::-1] for name, roles in groups.items()}


def _by_ports(cell_type: CellType, groups: dict[str, list[int]], pins: Sequence[tuple[str, int, int]]) -> _Resolved:
    found = _Resolved(cell_type)
    in_order = list(groups.values())
    for name, position, bit in pins:
        # A scalar port whose own name ends in brackets (BLIF's `a[3]`) is found by its whole name.
        if position >= 0:
            roles = in_order[position] if position < len(in_order) else []
        elif name in cell_type.role_index:
            roles = [cell_type.role_index[name]]
        else:
            roles = groups.get(name, [])
        if bit < len(roles):
            found.roles[(name, position, bit)] = roles[bit]
    return found


def _black_box(name: str, pins: Sequence[tuple[str, int, int]]) -> _Resolved:
    widths: dict[tuple[str, int], int] = {}
    for pin, position, bit in pins:
        widths[(pin, position)] = max(bit + 1, widths.get((pin, position), 0))
    roles: list[Role] = []
    index: dict[tuple[str, int, int], int] = {}
    for (pin, position), width in widths.items():
        base = pin if position < 0 else f"${position + 1}"
        direction = guess_direction(base) if position < 0 else Direction.INOUT
        for bit in reversed(range(width)):
            index[(pin, position, bit)] = len(roles)
            roles.append(Role(f"{base}[{bit}]" if width > 1 else base, direction))
    return _Resolved(CellType(name, Kind.BLACKBOX, tuple(roles), guessed=True), index)


def _by_position(klass: int, name: str, arity: int) -> _Resolved:
    inverted: tuple[int, ...] = ()
    init: float | None = None
    if klass == COVER:
        cell_type, inverted = cover(name, arity)
        order = [len(cell_type.roles) - 1, *range(arity)]
    elif klass == LUT:
        cell_type = lut(int(name, 16), arity)
        order = [arity, *range(arity)]
    elif klass == LATCH:
        sense, _, reset = name.partition(" ")
        cell_type = gate("DFF" if sense in ("re", "fe", "") else "DLATCH")
        inverted = (1,) if sense in ("fe", "al") else ()
        init = {"0": 0.0, "1": 1.0, "2": 2.0}.get(reset)
        order = [2, 0, 1]
    elif name in ("DFF", "DLATCH"):
        cell_type, order = gate(name), [2, 0, 1]
    elif name == "MUX":
        cell_type, order = gate("MUX"), [3, 2, 0, 1]
    else:
        cell_type = gate(name, arity)
        order = [len(cell_type.roles) - 1, *range(len(cell_type.roles) - 1)]
    roles = {("", position, 0): role for position, role in enumerate(order)}
    return _Resolved(cell_type, roles, inverted, init)


def _pin_tables(
    raw: RawDesign, names: NamePool, resolved: list[_Resolved]
) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """Role and flags of each pin kind, whether its type lacks such a pin, and whether that is a supply pin."""
    pins = raw.pin_kinds
    count = len(pins.cell_kind)
    role_of = np.zeros(count, np.int16)
    flag_of = np.zeros(count, np.uint8)
    bad, supply = np.zeros(count, bool), np.zeros(count, bool)
    keys = zip(pins.cell_kind.tolist(), names.decode(pins.name), pins.position.tolist(), pins.bit.tolist(), strict=True)
    for at, (kind, name, position, bit) in enumerate(keys):
        role = resolved[kind].roles.get((name, position, bit))
        if role is None:
            bad[at] = True
            supply[at] = name in resolved[kind].cell_type.supplies
        else:
            role_of[at] = role
            flag_of[at] = INVERTED if role in resolved[kind].inverted else 0
    return role_of, flag_of, bad, supply


def _mismatches(
    name: str, module: RawModule, raw: RawDesign, names: NamePool, bad: NDArray[np.bool_], file: str
) -> list[Finding]:
    """Connections to ports that the instantiated module lacks, or to bits beyond a port's width."""
    if not bad.any():
        return []
    pins = np.flatnonzero(bad[module.pin_kind])
    findings = []
    cells = np.searchsorted(module.pin_ptr, pins, side="right") - 1
    seen = set()
    for pin, cell in zip(pins.tolist(), cells.tolist(), strict=True):
        kind = int(module.pin_kind[pin])
        port = int(raw.pin_kinds.name[kind])
        where = f"'{names[port]}'" if port >= 0 else f"number {int(raw.pin_kinds.position[kind]) + 1}"
        if (cell, where) in seen:
            continue
        seen.add((cell, where))
        label = names[int(module.cell_name[cell])] if module.cell_name[cell] >= 0 else f"cell {cell}"
        of = names[int(raw.kinds.name[int(module.cell_kind[cell])])]
        bit = int(raw.pin_kinds.bit[kind])
        what = f"has no port {where}" if bit == 0 else f"has fewer than {bit + 1} bits at port {where}"
        text = f"instance '{label}' connects a port that does not fit: '{of}' {what}"
        findings.append(Finding("port-mismatch", "error", text, name, (label,), file, int(module.cell_line[cell])))
        if len(findings) == 100:
            break
    return findings


def _module(
    name: str,
    m: RawModule,
    names: NamePool,
    library: Library,
    type_of_kind: NDArray[np.int32],
    init_of_kind: NDArray[np.float64],
    role_of: NDArray[np.int16],
    flag_of: NDArray[np.uint8],
    bad: NDArray[np.bool_],
    file: str,
) -> Module:
    pin_ptr, pin_net, pin_kind, pin_flags = m.pin_ptr, m.pin_net, m.pin_kind, m.pin_flags
    if bad.any() and (wrong := bad[pin_kind]).any():
        kept = np.concatenate([[0], np.cumsum(~wrong)])
        pin_ptr = kept[pin_ptr].astype(np.int64)
        pin_net, pin_kind, pin_flags = pin_net[~wrong], pin_kind[~wrong], pin_flags[~wrong]
    if flag_of.any():
        pin_flags = pin_flags ^ flag_of[pin_kind]
    return Module(
        name=name,
        names=names,
        library=library,
        cell_type=type_of_kind[m.cell_kind] if len(m.cell_kind) else np.zeros(0, np.int32),
        cell_name=m.cell_name,
        cell_line=m.cell_line,
        pin_ptr=pin_ptr,
        pin_net=pin_net,
        pin_role=role_of[pin_kind] if len(pin_kind) else np.zeros(0, np.int16),
        pin_flags=pin_flags,
        net_name=m.net_name,
        port_name=m.port_name,
        port_net=m.port_net,
        port_dir=m.port_dir,
        port_bus=m.port_bus,
        port_flags=m.port_flags,
        buses=tuple(
            Bus(label, left, right)
            for label, left, right in zip(
                names.decode(m.bus_name), m.bus_left.tolist(), m.bus_right.tolist(), strict=True
            )
        ),
        params=_params(m, names, init_of_kind),
        file=file,
        line=m.line,
    )


def _number(text: str) -> float | None:
    """A plain decimal number, or None. Sized Verilog constants stay text."""
    try:
        return float(text) if text and text[0] in "0123456789.-+" and "_" not in text else None
    except ValueError:
        return None


def _params(m: RawModule, names: NamePool, init_of_kind: NDArray[np.float64]) -> dict[str, SideTable]:
    tables: dict[str, SideTable] = {}
    values, inverse = np.unique(m.param_value, return_inverse=True)
    numbers = [_number(text) for text in names.decode(values)]
    number = np.array([np.nan if n is None else n for n in numbers], np.float64)[inverse]
    text = np.where(np.isnan(number), m.param_value, -1).astype(np.int32)
    for key in np.unique(m.param_key).tolist():
        rows = np.flatnonzero(m.param_key == key)
        # The last value of a repeated key wins, as in the languages read here.
        cells, first = np.unique(m.param_cell[rows][::-1], return_index=True)
        rows = rows[::-1][first]
        tables[names[key]] = SideTable(cells.astype(np.int32), number[rows], text[rows])
    if len(m.cell_kind) and not np.isnan(init_of_kind).all():
        init = init_of_kind[m.cell_kind]
        cells = np.flatnonzero(~np.isnan(init)).astype(np.int32)
        if len(cells):
            tables["init"] = SideTable(cells, init[cells], np.full(len(cells), -1, np.int32))
    return tables


def _unknown(module: Module, known: set[str]) -> list[Finding]:
    findings = []
    boxes = module.library.of_kind(Kind.BLACKBOX)
    for at in np.unique(module.cell_type).tolist():
        name = module.library[at].name
        if not boxes[at] or name in known:
            continue
        cells = np.flatnonzero(module.cell_type == at)
        text = f"'{name}' is used {len(cells)} times in module '{module.name}' but defined nowhere"
        text += "; pin directions are guessed from pin names"
        line = int(module.cell_line[cells[0]])
        findings.append(Finding("unknown-cell", "warning", text, module.name, (name,), module.file, line))
    return findings


def _choose_top(modules: dict[str, Module], file: str) -> tuple[str, list[Finding]]:
    used: set[str] = set()
    for module in modules.values():
        kinds = np.unique(module.cell_type).tolist()
        used |= {module.library[at].name for at in kinds} - {module.name}
    roots = [name for name in modules if name not in used] or list(modules)[:1]
    # Of equals the last, since files list a module's parts before it.
    top = max(reversed(roots), key=lambda name: modules[name].num_cells)
    if len(roots) == 1:
        return top, []
    others = ", ".join(f"'{name}'" for name in roots if name != top)
    text = f"several modules are instantiated by none: took '{top}' as the top, not {others[:200]}"
    return top, [Finding("several-tops", "note", text, top, (top,), file, modules[top].line)]
