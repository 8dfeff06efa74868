"""The modules below a top: which instantiates which, in what order, and how large they unfold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import LimitError, NetlistError
from hwdesign.netlist import CONST1, Kind, Module, Netlist

MAX_CELLS = 1 << 25
MAX_NETS = 1 << 26
MAX_NAME_BYTES = 1 << 29
_CHAIN = 8


@dataclass(frozen=True, eq=False, slots=True)
class Body:
    """A module prepared for unfolding.

    Attributes:
        module: the module.
        leaves: cells that are no instances.
        instances: cells that instantiate each child.
        port_of_role: int64[roles] for each child: port bit of each role of its cell type.
        single_ports: ports that have their net, no constant, to themselves.
        shared_ports: the others.
        global_nets: (net, name) of its global nets.
    """

    module: Module
    leaves: NDArray[np.int64]
    instances: dict[str, NDArray[np.int64]]
    port_of_role: dict[str, NDArray[np.int64]]
    single_ports: NDArray[np.int64]
    shared_ports: list[int]
    global_nets: list[tuple[int, str]]

    def labels(self, cells: NDArray[np.int64]) -> list[str]:
        """Names of cells."""
        module = self.module
        found = module.names.decode(module.cell_name[cells])
        return [text or module.cell_label(int(cell)) for text, cell in zip(found, cells, strict=True)]


def _body(module: Module, netlist: Netlist, is_module: NDArray[np.bool_]) -> Body:
    instance = is_module[module.cell_type] if module.num_cells else np.zeros(0, bool)
    chosen = np.flatnonzero(instance)
    instances: dict[str, NDArray[np.int64]] = {}
    port_of_role: dict[str, NDArray[np.int64]] = {}
    for kind in np.unique(module.cell_type[chosen]).tolist():
        cells = chosen[module.cell_type[chosen] == kind]
        name = module.library[kind].name
        at = f"instance '{module.cell_label(int(cells[0]))}' in module '{module.name}'"
        line = int(module.cell_line[cells[0]])
        child = netlist.modules.get(name)
        if child is None:
            raise NetlistError(
                f"{at} is of module '{name}', which this netlist does not hold",
                file=module.file or None,
                line=line,
                mend="read the file that defines it",
            )
        ports = {label: port for port, label in enumerate(child.port_labels())}
        roles = [role.name for role in module.library[kind].roles]
        wrong = [role for role in roles if role not in ports]
        if wrong:
            raise NetlistError(
                f"{at} has a pin '{wrong[0]}', which module '{name}' lacks", file=module.file or None, line=line
            )
        instances[name] = cells
        port_of_role[name] = np.array([ports[role] for role in roles], np.int64)
    count = np.bincount(module.port_net, minlength=module.num_nets)
    count[: CONST1 + 1] = 2
    alone = count[module.port_net] == 1
    global_nets: list[tuple[int, str]] = []
    for label in netlist.global_nets:
        name_id = netlist.names.find(label)
        global_nets += [(int(net), label) for net in np.flatnonzero(module.net_name == name_id)] if name_id >= 0 else []
    return Body(
        module,
        np.flatnonzero(~instance),
        instances,
        port_of_role,
        np.flatnonzero(alone),
        np.flatnonzero(~alone).tolist(),
        global_nets,
    )


def depth_order(netlist: Netlist) -> dict[str, Body]:
    """The top and all modules below it, each before those that it instantiates.

    Raises:
        NetlistError: a module contains itself; the chain is named.
    """
    bodies: dict[str, Body] = {}
    done: list[str] = []
    state: dict[str, bool] = {}  # False while on the path, True when left
    path: list[str] = []
    todo: list[tuple[str, bool]] = [(netlist.top, False)]
    is_module = netlist.library.of_kind(Kind.MODULE)
    while todo:
        name, leaving = todo.pop()
        if leaving:
            state[name] = True
            path.pop()
            done.append(name)
            continue
        if name in state:
            if not state[name]:
                chain = [*path[path.index(name) :], name]
                shown = chain if len(chain) <= _CHAIN else [*chain[: _CHAIN - 1], "...", name]
                module = netlist.modules[name]
                raise NetlistError(
                    f"module '{name}' contains itself: {' -> '.join(shown)}",
                    file=module.file or None,
                    line=module.line,
                    mend="break the recursion",
                )
            continue
        state[name] = False
        path.append(name)
        body = _body(netlist.modules[name], netlist, is_module)
        bodies[name] = body
        todo.append((name, True))
        todo.extend((child, False) for child in reversed(list(body.instances)))
    return {name: bodies[name] for name in reversed(done)}


def bound_size(netlist: Netlist, bodies: dict[str, Body], separator: str) -> None:
    """Refuse a hierarchy that unfolds to more than the bounds.

    Raises:
        LimitError: names the bound.
    """
    times = dict.fromkeys(bodies, 0)
    prefix_bytes = dict.fromkeys(bodies, 0)  # of all paths to a module together
    times[netlist.top] = 1
    cells = nets = name_bytes = 0
    size = np.diff(netlist.names.offsets)
    for name, body in bodies.items():
        module, here, prefix = body.module, times[name], prefix_bytes[name]
        local_nets = module.net_name[module.net_name >= 0]
        local_cells = module.cell_name[body.leaves]
        local_cells = local_cells[local_cells >= 0]
        cells += here * len(body.leaves)
        nets += here * max(0, module.num_nets - 2 - len(body.single_ports))
        # A net that a port joins to an outer one makes no name.
        named = max(0, len(local_nets) - len(body.single_ports)) + len(local_cells)
        local = int(size[local_nets].sum() + size[local_cells].sum())
        name_bytes += prefix * named + here * local
        for child, at in body.instances.items():
            ids = module.cell_name[at]
            label = int(size[ids[ids >= 0]].sum()) + 8 * int((ids < 0).sum()) + len(separator.encode()) * len(at)
            times[child] += here * len(at)
            prefix_bytes[child] += prefix * len(at) + here * label
    for what, count, bound in (
        ("cells", cells, MAX_CELLS), ("instances", sum(times.values()), MAX_CELLS), ("nets", nets, MAX_NETS),
        ("bytes of names", name_bytes + max(prefix_bytes.values()), MAX_NAME_BYTES),
    ):  # fmt: skip
        if count > bound:
            raise LimitError(
                f"module '{netlist.top}' unfolds to {_shown(count)} {what}, more than the bound of {bound}",
                file=netlist.file or None,
                mend="flatten a smaller part of it",
            )


def _shown(count: int) -> str:
    """A count as digits; huge ones as a power of two, for Python refuses to print them."""
    return str(count) if count < 1 << 80 else f"more than 2^{count.bit_length() - 1}"
