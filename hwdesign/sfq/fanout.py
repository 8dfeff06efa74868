"""The rule of single-flux-quantum logic that an output drives exactly one input: its check, and its repair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.netlist import OPEN, Builder, Direction, Finding, Kind, Module, ModuleBuilder, Netlist
from hwdesign.netlist.module import CONST1, INVERTED
from hwdesign.sfq.cells.wires import Splitter
from hwdesign.sfq.trees import fan_out

RULE = "sfq-fan-out"
MAX_FINDINGS = 100
"""Most findings of one module, then one line that counts the rest."""


def fan_out_check(netlist: Netlist) -> list[Finding]:
    """Every net that an SFQ output drives and that has not exactly one reader.

    A driver is an output pin of a cell or an input port of the module; a reader an input pin, an output port, or the
    devices on the net (one load, however many). Nets without a driver in this sense, such as those between devices,
    are left out: a deck whose subcircuits have no directions has no findings.

    Args:
        netlist: any netlist; modules are looked at one by one.

    Returns:
        Findings of the rule `sfq-fan-out`, severity error, with the net, its driver, its readers and the driver's line.
    """
    found: list[Finding] = []
    for module in netlist.modules.values():
        drivers, readers = _counts(module, frozenset(netlist.global_nets))
        wrong = np.flatnonzero((drivers > 0) & (readers != 1))
        found += [_finding(module, int(net), int(readers[net])) for net in wrong[:MAX_FINDINGS]]
        if len(wrong) > MAX_FINDINGS:
            text = f"{len(wrong) - MAX_FINDINGS} more outputs do not drive exactly one input"
            found.append(Finding(RULE, "error", text, module.name, (), module.file))
    return found


def _counts(module: Module, global_nets: frozenset[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number of drivers and of readers of each net; none of constants and global nets."""
    nets = module.num_nets
    used = module.pin_net >= 0
    device = module.library.of_kind(Kind.DEVICE)[module.cell_type][module.pin_cell]
    into, out = module.pin_dir == Direction.IN, module.pin_dir == Direction.OUT
    drivers = np.bincount(module.pin_net[out & used], minlength=nets)
    drivers += np.bincount(module.port_net[module.port_dir == Direction.IN], minlength=nets)
    readers = np.bincount(module.pin_net[into & used], minlength=nets)
    readers += np.bincount(module.port_net[module.port_dir == Direction.OUT], minlength=nets)
    readers += np.bincount(module.pin_net[device & used], minlength=nets) > 0
    shared = np.zeros(nets, bool)
    shared[: CONST1 + 1] = True
    if global_nets:
        shared |= np.array([label in global_nets for label in module.net_labels()], bool)
    drivers[shared] = 0
    return drivers, readers


def _finding(module: Module, net: int, readers: int) -> Finding:
    label = module.net_label(net)
    names, line = [], module.line
    for port in np.flatnonzero((module.port_net == net) & (module.port_dir == Direction.IN)):
        names.append(module.port_labels()[int(port)])
    for pin in np.flatnonzero((module.pin_net == net) & (module.pin_dir == Direction.OUT)):
        cell = int(module.pin_cell[pin])
        names.append(module.cell_label(cell))
        line = int(module.cell_line[cell])
    sinks = np.flatnonzero((module.pin_net == net) & (module.pin_dir == Direction.IN))
    names += [module.cell_label(int(module.pin_cell[pin])) for pin in sinks[:8]]
    mend = "terminate it" if readers == 0 else "insert splitters"
    text = f"net '{label}' drives {readers} inputs where an SFQ output drives exactly one: {mend}"
    return Finding(RULE, "error", text, module.name, (label, *names), module.file, line)


def insert_splitters(netlist: Netlist, splitter: Splitter | None = None) -> Netlist:
    """The same netlist with a tree of splitters wherever an output drives several inputs.

    Outputs that drive nothing stay as they are.

    Args:
        netlist: a netlist of SFQ cells.
        splitter: the splitters' cell; by default `Splitter()`.

    Raises:
        NetlistError: devices hang on a net that must be split, a pin is inverted, or the netlist has a module or model
            of the splitter's name that is another.
    """
    builder = Builder(netlist.top, file=netlist.file)
    builder.models.update(netlist.models)
    builder.global_nets += netlist.global_nets
    builder.findings += netlist.findings
    builder.directives += netlist.directives
    for module in netlist.modules.values():
        _copy(module, builder.module(module.name, line=module.line), frozenset(netlist.global_nets), splitter)
    return builder.freeze()


def _copy(module: Module, target: ModuleBuilder, global_nets: frozenset[str], splitter: Splitter | None) -> None:
    target.parameters = dict(module.parameters)
    if ((module.pin_flags | 0) & INVERTED).any() or (module.port_flags & INVERTED).any():
        raise NetlistError(
            f"module '{module.name}' has inverted pins, which SFQ cells do not", file=module.file or None
        )
    drivers, readers = _counts(module, global_nets)
    split = np.flatnonzero((drivers > 0) & (readers > 1)).tolist()
    new = _nets(module, target)
    leaves: dict[int, list[int]] = {}
    taken = set(module.cell_labels())
    device = module.library.of_kind(Kind.DEVICE)[module.cell_type][module.pin_cell]
    for net in split:
        if (device & (module.pin_net == net)).any():
            raise NetlistError(
                f"net '{module.net_label(net)}' of module '{module.name}' is split but has devices on it",
                file=module.file or None, line=module.line, mend="put them into a cell of their own",
            )  # fmt: skip
        name = f"XS_{module.net_label(net)}_"
        while any(label.startswith(name) for label in taken):
            name += "_"
        leaves[net] = fan_out(target, new[net], int(readers[net]), name=name, splitter=splitter)

    def leaf(net: int) -> int:
        return leaves[net].pop(0) if net in leaves else new[net]

    for cell in range(module.num_cells):
        kind = module.type_of(cell)
        pins: dict[str, int] = {}
        for role, net, _ in module.pins_of(cell):
            reads = kind.roles[kind.role_index[role]].direction is Direction.IN
            pins[role] = OPEN if net == OPEN else leaf(net) if reads else new[net]
        key = int(module.cell_name[cell])
        label = None if key < 0 else module.cell_label(cell)
        line = int(module.cell_line[cell])
        target.cell(kind, pins, name=label, params=module.params_of(cell), line=line)
    _ports(module, target, {port: leaf(net) for port, net in _output_ports(module)}, new)


def _nets(module: Module, target: ModuleBuilder) -> list[int]:
    """The nets of `module` made in `target`, constants first, under their names where they have one."""
    names = module.names.decode(module.net_name)
    return [
        net if net <= CONST1 else target.net(names[net] if int(module.net_name[net]) >= 0 else None)
        for net in range(module.num_nets)
    ]


def _output_ports(module: Module) -> list[tuple[int, int]]:
    ports = np.flatnonzero(module.port_dir == Direction.OUT).tolist()
    return [(port, int(module.port_net[port])) for port in ports]


def _ports(module: Module, target: ModuleBuilder, moved: Mapping[int, int], new: list[int]) -> None:
    labels = module.port_labels()
    port = 0
    while port < module.num_ports:
        direction = Direction(int(module.port_dir[port]))
        at = int(module.port_bus[port])
        width = module.buses[at].width if at >= 0 else 1
        nets = [moved.get(p, new[int(module.port_net[p])]) for p in range(port, port + width)]
        if at >= 0:
            bus = module.buses[at]
            target.bus(bus.name, direction, bus.left, bus.right, nets[::-1])
        else:
            target.port(labels[port], direction, nets[0])
        port += width
