"""Consistency checks: findings with names and source lines, never a silent repair."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import find_cycle
from hwdesign.netlist._comb_paths import LOOP_NAMES, Hierarchy, loop_finding
from hwdesign.netlist.module import CONST1, Module
from hwdesign.netlist.netlist import Finding, Netlist
from hwdesign.netlist.types import Direction, Kind, Library
from hwdesign.netlist.views import cell_graph

# One rule reports at most this many findings a module, then one line that counts the rest.
MAX_PER_RULE = 100


def check(netlist: Netlist) -> list[Finding]:
    """All findings of a netlist: the reader's own, then each module's.

    Rules: `undriven-net` (a net is read but nothing drives it), `multiple-drivers`, `floating-input` (an input pin of a
    cell is open or missing), `combinational-loop` (the loop by name, also where it runs through instances),
    `recursive-instance` (a module holds itself, at once or through others), `unknown-cell` (a type defined nowhere),
    `port-mismatch` (an instance leaves an input port of its module open, or the module changed), `unused-net` (a note:
    driven, but nothing reads it).

    A loop is reported in the module in which it closes, once, whatever the number of that module's instances; cells and
    nets inside instances go by their paths from there (`u1.u2.g5`). Registers, latches, devices and black boxes end a
    combinational path. Inside a module, ports count as nets, whatever their direction.
    """
    found = list(netlist.findings)
    hierarchy = Hierarchy.of(netlist)
    loops, notes = hierarchy.loops()
    found += hierarchy.recursions() + notes
    reported = {finding.names for finding in found if finding.rule == "unknown-cell"}
    for module in netlist.modules.values():
        found += _unknown_cells(module, reported)
        found += _nets(module, frozenset(netlist.global_nets))
        found += _floating_inputs(module)
        found += loops[module.name] if module.name in loops else _loops(module)
    return found


def _capped(findings: list[Finding], total: int) -> list[Finding]:
    if total > len(findings) and findings:
        last = findings[-1]
        findings.append(
            Finding(last.rule, last.severity, f"{total - len(findings)} more of this rule", last.module, (), last.file)
        )
    return findings


def _unknown_cells(module: Module, reported: set[tuple[str, ...]]) -> list[Finding]:
    findings = []
    unknown = module.library.of_kind(Kind.BLACKBOX)
    for at in np.unique(module.cell_type).tolist():
        name = module.library[at].name
        if not unknown[at] or (name,) in reported:
            continue
        reported.add((name,))
        cells = np.flatnonzero(module.cell_type == at)
        line = int(module.cell_line[cells[0]])
        text = f"'{name}' is used {len(cells)} times in module '{module.name}' but defined nowhere"
        if module.library[at].guessed:
            text += "; pin directions are guessed from pin names"
        findings.append(Finding("unknown-cell", "warning", text, module.name, (name,), module.file, line))
    return findings


def _nets(module: Module, global_nets: frozenset[str]) -> list[Finding]:
    nets = module.num_nets
    out, into = module.pin_dir == Direction.OUT, module.pin_dir == Direction.IN
    both = module.pin_dir == Direction.INOUT
    connected = module.pin_net >= 0
    drivers = np.bincount(module.pin_net[out & connected], minlength=nets)
    readers = np.bincount(module.pin_net[into & connected], minlength=nets)
    either = np.bincount(module.pin_net[both & connected], minlength=nets)
    drivers += np.bincount(module.port_net[module.port_dir == Direction.IN], minlength=nets)
    readers += np.bincount(module.port_net[module.port_dir == Direction.OUT], minlength=nets)
    either += np.bincount(module.port_net[module.port_dir == Direction.INOUT], minlength=nets)
    drivers[: CONST1 + 1] += 1

    findings: list[Finding] = []
    undriven = np.flatnonzero((drivers == 0) & (either == 0) & (readers > 0))
    for net in undriven[:MAX_PER_RULE].tolist():
        label = module.net_label(net)
        if label in global_nets:
            continue
        findings.append(
            Finding(
                "undriven-net",
                "error",
                f"net '{label}' is read {int(readers[net])} times but nothing drives it",
                module.name, (label,), module.file, _line_of(module, net, into),
            )
        )  # fmt: skip
    result = _capped(findings, len(undriven))

    several = np.flatnonzero(drivers > 1)
    findings = []
    for net in several[:MAX_PER_RULE].tolist():
        label = module.net_label(net)
        pins = np.flatnonzero(out & (module.pin_net == net))[:8]
        names = [module.cell_label(int(module.pin_cell[pin])) for pin in pins]
        ports = np.flatnonzero((module.port_net == net) & (module.port_dir == Direction.IN))
        names = [module.names[int(module.port_name[port])] for port in ports] + names
        by = "a constant and " if net <= CONST1 else ""
        text = f"net '{label}' has {int(drivers[net])} drivers: {by}{', '.join(names[:8])}"
        line = _line_of(module, net, out)
        findings.append(Finding("multiple-drivers", "error", text, module.name, (label, *names), module.file, line))
    result += _capped(findings, len(several))

    unused = np.flatnonzero((readers == 0) & (either == 0) & (drivers > 0))
    unused = unused[unused > CONST1]
    if len(unused):
        labels = tuple(module.net_label(net) for net in unused[:5].tolist())
        text = f"{len(unused)} nets are driven but nothing reads them: {', '.join(labels)}"
        text += " ..." if len(unused) > 5 else ""
        result.append(Finding("unused-net", "note", text, module.name, labels, module.file))
    return result


def _line_of(module: Module, net: int, pins: NDArray[np.bool_]) -> int:
    """Source line of the first cell with one of `pins` on `net`, else the module's."""
    at = np.flatnonzero(pins & (module.pin_net == net))
    return int(module.cell_line[module.pin_cell[at[0]]]) if len(at) else module.line


@lru_cache(maxsize=4)
def _required_inputs(library: Library) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Number of inputs that each type needs tied, and which roles may stay open.

    A register whose clock the source leaves implicit is complete without it; of a black box nothing is known.
    """
    roles = [(t, role) for t in library for role in t.roles]
    optional = np.array(
        [t.sequential is not None and t.name in ("DFF", "DLATCH") and r.name == t.sequential.clock for t, r in roles],
        bool,
    )
    bound = np.array([r.direction is Direction.IN and t.kind is not Kind.BLACKBOX for t, r in roles], bool) & ~optional
    counts = np.concatenate([[0], np.cumsum(bound)])
    return np.diff(counts[library.role_ptr]), optional


def _floating_inputs(module: Module) -> list[Finding]:
    if module.num_cells == 0:
        return []
    library = module.library
    needed, optional = _required_inputs(library)
    own_role = np.repeat(library.role_ptr[module.cell_type], np.diff(module.pin_ptr)) + module.pin_role
    held = (module.pin_dir == Direction.IN) & (module.pin_net >= 0) & ~optional[own_role]
    have = np.bincount(module.pin_cell[held], minlength=module.num_cells)
    short = np.flatnonzero(have < needed[module.cell_type])
    findings = []
    for cell in short[:MAX_PER_RULE].tolist():
        cell_type = module.type_of(cell)
        tied = {role for role, net, _ in module.pins_of(cell) if net >= 0}
        roles = cell_type.roles
        bound = [role for at, role in enumerate(roles) if not optional[library.role_ptr[module.cell_type[cell]] + at]]
        missing = [r.name for r in bound if r.direction is Direction.IN and r.name not in tied]
        is_module = cell_type.kind is Kind.MODULE
        rule = "port-mismatch" if is_module else "floating-input"
        label = module.cell_label(cell)
        text = f"cell '{label}' of type '{cell_type.name}' leaves its input {', '.join(missing[:5])} open"
        text += f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        line = int(module.cell_line[cell])
        findings.append(Finding(rule, "warning", text, module.name, (label, *missing), module.file, line))
    return _capped(findings, len(short))


def _loops(module: Module) -> list[Finding]:
    """One finding for the first combinational loop, with its cells and nets in order."""
    comb = module.library.of_kind(Kind.COMB)
    if module.num_cells == 0 or not comb.any():
        return []
    graph = cell_graph(module)
    through = comb[module.cell_type]
    keep = through[graph.src] & through[graph.dst]
    src, dst, net = graph.src[keep], graph.dst[keep], graph.net[keep]
    cycle = find_cycle(src, dst, module.num_cells)
    if len(cycle) == 0:
        return []
    cells = cycle.tolist()
    nets = []
    for here, after in zip(cells[:LOOP_NAMES], [*cells[1:], cells[0]], strict=False):
        on = net[np.flatnonzero((src == here) & (dst == after))[0]]
        nets.append(module.net_label(int(on)))
    return [loop_finding(module, [module.cell_label(cell) for cell in cells], nets, int(module.cell_line[cells[0]]))]
