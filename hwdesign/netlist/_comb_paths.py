"""Combinational loops that run through instances, and modules that hold themselves, without unfolding the hierarchy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import HierarchyLoops, HierarchyTable, find_cycle, hierarchy_loops, strongly_connected
from hwdesign.kernels.hierarchy import CLOSED, ENTER, GATE, LEAVE, NET, OPAQUE
from hwdesign.netlist.module import CONST1, Module
from hwdesign.netlist.netlist import Finding, Netlist
from hwdesign.netlist.types import Kind

MAX_RECURSIONS = 100  # findings, then one line that counts the rest
SEPARATOR = "."  # of instance paths, as flattening writes them
LOOP_NAMES = 40  # shown of a loop, at most
_CHAIN = 8


def loop_finding(
    module: Module, cells: Sequence[str], nets: Sequence[str], line: int, *, complete: bool = True
) -> Finding:
    """The finding that prints a loop.

    Args:
        module: where the loop closes.
        cells: names along the loop.
        nets: name of the net after each cell; only those of the first `LOOP_NAMES` are needed.
        line: of the first cell.
        complete: False where a name stands for an instance with more cells of the loop in it.
    """
    parts = [f"{cell} -({net})-> " for cell, net in zip(cells[:LOOP_NAMES], nets, strict=False)]
    more = f"... {len(cells) - LOOP_NAMES} more cells ... " if len(cells) > LOOP_NAMES else ""
    count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    text = f"combinational loop of {'' if complete else 'at least '}{count}: {''.join(parts)}{more}{cells[0]}"
    return Finding("combinational-loop", "error", text, module.name, tuple(cells), module.file, line)


@dataclass(frozen=True)
class Hierarchy:
    """The modules of a netlist that hold instances or are instantiated.

    Registers, devices and black boxes end a combinational path, as they do within a module; so do instances of a module
    that the netlist lacks, and instances that close a recursion. Ports connect nets whatever their direction, so that
    an inout port carries paths both ways and a port that is tied to another inside joins their nets, as flattening has
    it. Only instances that lie on a circle of nets, taken along their ports' directions, are looked into, so that a net
    with several drivers may hide a loop. Nets of the same global name (SPICE) count as different nets.

    Attributes:
        netlist: the netlist.
        modules: those concerned, in source order.
        target: int32[types], position in `modules` of the module that a type instantiates, else `GATE` or `OPAQUE`.
        parent, child: int32, positions of a module and of one that it instantiates, each pair once.
    """

    netlist: Netlist
    modules: list[Module]
    target: NDArray[np.int32]
    parent: NDArray[np.int32]
    child: NDArray[np.int32]

    @classmethod
    def of(cls, netlist: Netlist) -> Hierarchy:
        """The hierarchy of a netlist; without modules where nothing is instantiated."""
        library = netlist.library
        is_module = library.of_kind(Kind.MODULE)
        everything = list(netlist.modules.values())
        target = np.where(library.of_kind(Kind.COMB), GATE, OPAQUE).astype(np.int32)
        known = {module.name: at for at, module in enumerate(everything)}
        for at in np.flatnonzero(is_module).tolist():
            target[at] = known.get(library[at].name, OPAQUE)
        none = np.zeros(0, np.int32)
        keys = [none.astype(np.int64)]
        for at, module in enumerate(everything if (target >= 0).any() else []):
            held = target[module.cell_type]
            keys.append(held[held >= 0] + np.int64(at) * len(everything))
        pairs = np.unique(np.concatenate(keys))
        parent, child = pairs // max(1, len(everything)), pairs % max(1, len(everything))
        used = np.zeros(len(everything), bool)
        used[parent] = used[child] = True
        rank = (np.cumsum(used) - 1).astype(np.int32)
        if len(everything):
            inside = target >= 0
            target[inside] = np.where(used[target[inside]], rank[target[inside]], OPAQUE)
        modules = [module for module, use in zip(everything, used.tolist(), strict=True) if use]
        return cls(netlist, modules, target, rank[parent], rank[child])

    @cached_property
    def _component(self) -> NDArray[np.int32]:
        return strongly_connected(self.parent, self.child, len(self.modules))

    def recursions(self) -> list[Finding]:
        """One `recursive-instance` for each set of modules that hold one another."""
        inside = self._component[self.parent] == self._component[self.child]
        parent, child = self.parent[inside], self.child[inside]
        group = self._component[parent]
        findings = []
        _, first = np.unique(group, return_index=True)
        first.sort()
        for at in first[:MAX_RECURSIONS].tolist():
            mine = group == group[at]
            members, local = np.unique(np.concatenate([parent[mine], child[mine]]), return_inverse=True)
            src, dst = np.split(local.astype(np.int32), 2)
            chain = [self.modules[at] for at in members[find_cycle(src, dst, len(members))].tolist()]
            names = [module.name for module in (*chain, chain[0])]
            shown = names if len(names) <= _CHAIN else [*names[: _CHAIN - 1], "...", names[-1]]
            inner = self.netlist.library.index(names[1])
            line = int(chain[0].cell_line[np.flatnonzero(chain[0].cell_type == inner)[0]])
            text = f"module '{names[0]}' instantiates itself: {' -> '.join(shown)}"
            file = chain[0].file
            findings.append(Finding("recursive-instance", "error", text, names[0], tuple(names[:-1]), file, line))
        if len(first) > MAX_RECURSIONS:
            text = f"{len(first) - MAX_RECURSIONS} more of this rule"
            findings.append(Finding("recursive-instance", "error", text, "", (), self.netlist.file))
        return findings

    def loops(self) -> tuple[dict[str, list[Finding]], list[Finding]]:
        """Loops of the modules in which instances carry combinational paths, at most one each.

        Returns:
            The loops by module; one that is not among the keys has nothing but its own gates to search. And notes on
            modules whose instances had to be left out.
        """
        if not self.modules:
            return {}, []
        # Components are numbered parents first.
        order = np.argsort(-self._component, kind="stable")
        modules = [self.modules[at] for at in order.tolist()]
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        target = np.where(self.target >= 0, rank[np.maximum(self.target, 0)], self.target).astype(np.int32)
        found = hierarchy_loops(self._table(modules, target), first_net=CONST1 + 1)
        result: dict[str, list[Finding]] = {modules[at].name: [] for at in np.flatnonzero(found.searched).tolist()}
        notes = []
        for module in (modules[at] for at in np.flatnonzero(found.dropped).tolist()):
            text = (
                f"module '{module.name}' has too many paths between its ports to look for loops through its instances"
            )
            notes.append(Finding("combinational-loop", "note", text, module.name, (), module.file, module.line))
        for loop, at in enumerate(found.module.tolist()):
            module = modules[at]
            result[module.name].append(_named(self.netlist, module, found, loop))
        return result, notes

    def _table(self, modules: list[Module], target: NDArray[np.int32]) -> HierarchyTable:
        library = self.netlist.library
        port = np.full(len(library.role_direction), -1, np.int32)
        for at in np.flatnonzero(target >= 0).tolist():
            labels = modules[int(target[at])].port_labels()
            roles = [role.name for role in library[at].roles]
            # A type made from its module lists the ports in their order.
            found = range(len(roles)) if roles == labels else _places(labels, roles)
            port[library.role_ptr[at] : library.role_ptr[at + 1]] = found
        none = np.zeros(0, np.int32)
        ends = np.cumsum([0, *(module.num_pins for module in modules)])
        starts = [module.pin_ptr[:-1] + end for module, end in zip(modules, ends.tolist(), strict=False)]
        return HierarchyTable(
            cell_ptr=np.cumsum([0, *(module.num_cells for module in modules)]).astype(np.int64),
            port_ptr=np.cumsum([0, *(module.num_ports for module in modules)]).astype(np.int64),
            nets=np.array([module.num_nets for module in modules], np.int32),
            cell_type=np.concatenate([none, *(module.cell_type for module in modules)]),
            pin_ptr=np.concatenate([*starts, ends[-1:]]).astype(np.int64),
            net=np.concatenate([none, *(module.pin_net for module in modules)]),
            role=np.concatenate([none.astype(np.int16), *(module.pin_role for module in modules)]),
            port_net=np.concatenate([none, *(module.port_net for module in modules)]),
            first=library.role_ptr,
            direction=library.role_direction,
            port=port,
            target=target,
        )


def _places(labels: list[str], roles: list[str]) -> list[int]:
    place = {label: at for at, label in enumerate(labels)}
    return [place.get(role, -1) for role in roles]


def _named(netlist: Netlist, top: Module, found: HierarchyLoops, loop: int) -> Finding:
    """A loop with its cells and nets by their paths."""
    cells: list[str] = []
    nets: list[str] = []
    complete = True
    stack = [(top, "")]
    span = slice(int(found.ptr[loop]), int(found.ptr[loop + 1]))
    steps, ids = found.step[span].tolist(), found.id[span].tolist()
    for step, at in zip(steps, ids, strict=True):
        module, prefix = stack[-1]
        if step == NET:
            nets.append(prefix + module.net_label(at))
        elif step == ENTER:
            child = netlist.modules[module.type_of(at).name]
            stack.append((child, prefix + module.cell_label(at) + SEPARATOR))
        elif step == LEAVE:
            stack.pop()
        else:
            complete &= step != CLOSED
            cells.append(prefix + module.cell_label(at))
    return loop_finding(top, cells, nets, int(top.cell_line[ids[0]]), complete=complete)
