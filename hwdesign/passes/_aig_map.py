"""The mapping from gates to AND nodes, one cell type at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign import kernels
from hwdesign.errors import NetlistError
from hwdesign.netlist import CONST1, INVERTED, Direction, Kind, Module
from hwdesign.passes._aig_build import Draft, hashed
from hwdesign.passes._columns import IntArray, loop_error, spans
from hwdesign.passes._lowering import Lowering, lower, required_inputs

_CHECK = "run `hwdesign check` on it"


@dataclass(frozen=True, slots=True)
class _Group:
    """All cells of one type: ids, pins, literals that their template inputs read."""

    lowering: Lowering
    cells: NDArray[np.int64]
    pins: NDArray[np.int64]  # [cells, roles], pin of each role, -1 for none
    reads: NDArray[np.int64]  # [cells, inputs]
    base: NDArray[np.int64]  # first AND of each cell


class Mapper:
    """Literals are 2·variable + inverted over provisional variables: nets, then latches, then AND nodes."""

    def __init__(self, module: Module) -> None:
        self.module = module
        if (module.port_dir == Direction.INOUT).any():
            port = int(module.ports_of(Direction.INOUT)[0])
            name = module.names[int(module.port_name[port])]
            raise NetlistError(
                f"module '{module.name}' cannot become an AIG: port '{name}' is inout", file=module.file or None
            )
        self.groups = self._groups()
        self.latch_cell = np.flatnonzero(module.library.of_kind(Kind.SEQ)[module.cell_type]).astype(np.int32)
        self.latch_first = module.num_nets
        self.and_first = module.num_nets + len(self.latch_cell)
        self.latch_of = np.full(module.num_cells, -1, np.int64)
        self.latch_of[self.latch_cell] = np.arange(len(self.latch_cell))

    def run(self) -> tuple[Draft, int]:
        module = self.module
        fanin0, fanin1, self.owner = self._instantiate()
        alias = self._net_aliases()
        resolved = self._resolve(alias)
        fanin0, fanin1 = self._follow(fanin0, resolved), self._follow(fanin1, resolved)

        inputs = module.ports_of(Direction.IN)
        first = 1 + len(inputs) + len(self.latch_cell)
        order = self._order(fanin0, fanin1)
        number = np.full(self.and_first + len(fanin0), -1, np.int32)  # final variable of each provisional one
        number[0] = 0
        number[module.port_net[inputs]] = np.arange(1, 1 + len(inputs))
        number[self.latch_first : self.and_first] = np.arange(1 + len(inputs), first)
        number[self.and_first + order] = np.arange(first, first + len(order))

        def final(literals: NDArray[np.int64]) -> IntArray:
            variable = number[literals >> 1]
            return np.where(variable < 0, -1, 2 * variable | (literals & 1)).astype(np.int32)

        left, right = final(fanin0[order]), final(fanin1[order])
        owner = self.owner[order]
        if (left < 0).any() or (right < 0).any():
            self._undriven(int(owner[np.flatnonzero((left < 0) | (right < 0))[0]]), number, resolved)
        ports = module.ports_of(Direction.OUT)
        outputs = final(self._follow(2 * module.port_net[ports].astype(np.int64), resolved))
        outputs = np.where(outputs < 0, -1, outputs ^ (module.port_flags[ports] & INVERTED)).astype(np.int32)
        if (outputs < 0).any():
            name = module.names[int(module.port_name[ports[np.flatnonzero(outputs < 0)[0]]])]
            raise NetlistError(f"nothing drives output '{name}'", file=module.file or None, mend=_CHECK)
        nexts, clocks = (final(self._follow(found, resolved)) for found in self._latch_inputs())
        missing = (nexts < 0) | (clocks < 0) & self.clocked
        if missing.any():
            self._undriven(int(self.latch_cell[np.flatnonzero(missing)[0]]), number, resolved)
        net_literal = final(resolved[: module.num_nets])
        net_direct = alias[: module.num_nets] == resolved[: module.num_nets]
        net_direct &= (net_literal & 1) == 0
        root_cell = np.full(len(owner), -1, np.int32)
        named = self._root_cells(resolved)[order]
        root_cell[named >= 0] = named[named >= 0]
        draft = hashed(
            left, right, first - 1, outputs, nexts, np.where(self.clocked, clocks, -1).astype(np.int32),
            self.latch_cell, root_cell, module.cell_line[owner], net_literal, net_direct,
        )  # fmt: skip
        return draft, first - 1

    def _groups(self) -> list[_Group]:
        """Cells by type, with the literals that they read and room for their ANDs."""
        module = self.module
        order = np.argsort(module.cell_type, kind="stable")
        kinds, starts = np.unique(module.cell_type[order], return_index=True)
        found = []
        ands = np.zeros(module.num_cells + 1, np.int64)
        for kind, cells in zip(kinds.tolist(), np.split(order, starts[1:]) if len(order) else [], strict=True):
            lowering = lower(module.library[kind], module, int(cells[0]))
            ands[cells + 1] = len(lowering.template.ands)
            found.append((kind, cells, lowering))
        # ANDs stand in the order of their cells.
        first = np.cumsum(ands)
        groups = []
        for kind, cells, lowering in found:
            cell_type = module.library[kind]
            pins, count = spans(module.pin_ptr, cells)
            matrix = np.full((len(cells), max(1, len(cell_type.roles))), -1, np.int64)
            matrix[np.repeat(np.arange(len(cells)), count), module.pin_role[pins]] = pins
            roles = required_inputs(lowering, cell_type)
            reads = self._pin_literals(matrix[:, roles]) if module.num_pins else np.full((len(cells), len(roles)), -1)
            if (reads < 0).any():
                row, column = np.argwhere(reads < 0)[0].tolist()
                raise NetlistError(
                    f"input '{cell_type.roles[roles[column]].name}' of cell '{module.cell_label(int(cells[row]))}' of "
                    f"type '{cell_type.name}' is open",
                    file=module.file or None,
                    line=int(module.cell_line[cells[row]]),
                    mend="connect it, or tie it to a constant",
                )
            groups.append(_Group(lowering, cells, matrix, reads, first[cells]))
        self.num_ands = int(first[-1])
        return groups

    def _pin_literals(self, pins: NDArray[np.int64]) -> NDArray[np.int64]:
        """2·net + inverted of each pin, -1 for none."""
        safe = np.maximum(pins, 0)
        nets = np.where(pins >= 0, self.module.pin_net[safe], -1).astype(np.int64)
        return np.where(nets >= 0, 2 * nets | (self.module.pin_flags[safe] & INVERTED), -1)

    def _place(self, group: _Group, literal: int) -> NDArray[np.int64]:
        """A template literal in every cell of the group."""
        variable, flip = literal >> 1, literal & 1
        inputs = len(group.lowering.template.inputs)
        if variable == 0:
            return np.full(len(group.cells), flip, np.int64)
        if variable > inputs:
            return 2 * (self.and_first + group.base + variable - inputs - 1) | flip
        if group.lowering.register and variable == inputs:
            return 2 * (self.latch_first + self.latch_of[group.cells]) | flip
        return group.reads[:, variable - 1] ^ flip

    def _instantiate(self) -> tuple[NDArray[np.int64], NDArray[np.int64], IntArray]:
        fanin0 = np.zeros(self.num_ands, np.int64)
        fanin1 = np.zeros(self.num_ands, np.int64)
        owner = np.zeros(self.num_ands, np.int32)
        for group in self.groups:
            for at, (left, right) in enumerate(group.lowering.template.ands):
                fanin0[group.base + at] = self._place(group, left)
                fanin1[group.base + at] = self._place(group, right)
                owner[group.base + at] = group.cells
        return fanin0, fanin1, owner

    def _net_aliases(self) -> NDArray[np.int64]:
        """Literal that defines each provisional variable; itself where it is a source or has no driver."""
        module = self.module
        alias = 2 * np.arange(self.and_first + self.num_ands, dtype=np.int64)
        alias[CONST1] = 1
        drivers = np.zeros(module.num_nets, np.int64)
        drivers[: CONST1 + 1] = 1
        drivers += np.bincount(module.port_net[module.port_dir == Direction.IN], minlength=module.num_nets)
        for group in self.groups:
            for root, role in zip(group.lowering.template.roots, group.lowering.outputs, strict=False):
                target = self._pin_literals(group.pins[:, role])
                on = np.flatnonzero(target >= 0)
                nets = target[on] >> 1
                drivers += np.bincount(nets, minlength=module.num_nets)
                alias[nets] = self._place(group, root)[on] ^ (target[on] & 1)
        if (drivers > 1).any():
            net = int(np.flatnonzero(drivers > 1)[0])
            raise NetlistError(
                f"net '{module.net_label(net)}' of module '{module.name}' has more than one driver",
                file=module.file or None,
                mend=_CHECK,
            )
        return alias

    def _resolve(self, alias: NDArray[np.int64]) -> NDArray[np.int64]:
        """Follow chains of buffers and inverters to their ends by pointer jumping."""
        resolved = alias.copy()
        for _ in range(max(1, len(alias).bit_length()) + 1):
            after = resolved[resolved >> 1] ^ (resolved & 1)
            if (after == resolved).all():
                break
            resolved = after
        ends = alias[resolved >> 1]
        stuck = np.flatnonzero((ends >> 1 != resolved >> 1) & (resolved >> 1 > CONST1))
        if len(stuck):
            # A ring of buffers never ends; its nets' drivers name it.
            nets = np.unique(resolved[stuck] >> 1)
            driver = np.full(self.module.num_nets, -1, np.int32)
            out = np.flatnonzero((self.module.pin_dir == Direction.OUT) & (self.module.pin_net >= 0))
            driver[self.module.pin_net[out]] = self.module.pin_cell[out]
            raise loop_error(self.module, driver[alias[nets] >> 1], driver[nets])
        return resolved

    def _follow(self, literals: NDArray[np.int64], resolved: NDArray[np.int64]) -> NDArray[np.int64]:
        safe = np.maximum(literals, 0)
        return np.where(literals < 0, -1, resolved[safe >> 1] ^ (safe & 1))

    def _order(self, fanin0: NDArray[np.int64], fanin1: NDArray[np.int64]) -> IntArray:
        """AND nodes in topological order; the cells' own order where it is one."""
        count = len(fanin0)
        own = np.arange(count)
        left, right = (fanin0 >> 1) - self.and_first, (fanin1 >> 1) - self.and_first
        if (left < own).all() and (right < own).all():
            return own.astype(np.int32)
        src = np.concatenate([left, right])
        dst = np.concatenate([own, own])
        keep = src >= 0
        src, dst = src[keep].astype(np.int32), dst[keep].astype(np.int32)
        order = kernels.topological_order(src, dst, count)
        if len(order) < count:
            raise loop_error(self.module, src, dst, self.owner)
        return order

    def _latch_inputs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Next-state and clock literals of the latches; `self.clocked` tells which have a connected clock."""
        nexts = np.full(len(self.latch_cell), -1, np.int64)
        clocks = np.full(len(self.latch_cell), -1, np.int64)
        self.clocked = np.zeros(len(self.latch_cell), bool)
        for group in self.groups:
            lowering = group.lowering
            if not lowering.register:
                continue
            at = self.latch_of[group.cells]
            nexts[at] = self._place(group, lowering.template.roots[-1])
            if lowering.clock >= 0:
                literal = self._pin_literals(group.pins[:, lowering.clock])
                self.clocked[at] = literal >= 0
                clocks[at] = np.where(literal >= 0, literal ^ lowering.falling, -1)
        return nexts, clocks

    def _root_cells(self, resolved: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each AND node the cell whose output it is, true or complemented; -1 for an inner node."""
        cell = np.full(self.num_ands, -1, np.int64)
        for group in self.groups:
            if group.lowering.register:
                continue
            for root in reversed(group.lowering.template.roots):
                at = (self._place(group, root) >> 1) - self.and_first
                own = at >= 0
                cell[at[own]] = group.cells[own]
        return cell

    def _undriven(self, cell: int, number: IntArray, resolved: NDArray[np.int64]) -> None:
        """Raise the error for a cell that reads a net without a driver."""
        module = self.module
        for role, net, _ in module.pins_of(cell):
            if net >= 0 and number[resolved[net] >> 1] < 0:
                raise NetlistError(
                    f"pin '{role}' of cell '{module.cell_label(cell)}' reads net '{module.net_label(net)}', which "
                    "nothing drives",
                    file=module.file or None,
                    line=int(module.cell_line[cell]),
                    mend=_CHECK,
                )
        raise AssertionError("an undriven literal without an undriven pin")
