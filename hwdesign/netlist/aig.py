"""And-inverter graphs: a module of AND2 and DFF cells seen as arrays of literals, and back.

Convention (as in AIGER): variable 0 is constant false, variables 1..I are the inputs (input ports, then latch
outputs), variables I+1..I+A the AND nodes in topological order. A literal is 2·variable + inverted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import LoopError, NetlistError
from hwdesign.kernels import levelize
from hwdesign.netlist.generic import AND2, DFF
from hwdesign.netlist.module import INVERTED, Bus, Module, SideTable
from hwdesign.netlist.names import NamePool, NameTable
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.types import Direction, Library

IntArray = NDArray[np.int32]

RESET_ZERO, RESET_ONE, RESET_NONE = 0, 1, 2


@dataclass(frozen=True, eq=False, slots=True)
class AigView:
    """An AIG as arrays.

    Attributes:
        module: the module seen.
        num_inputs: I, input ports and latches together.
        fanin0, fanin1: int32[A], literals of each AND node.
        outputs: int32[O], literal of each output port.
        latch_next: int32[L], literal of each latch's next state.
        latch_reset: uint8[L], 0, 1, or 2 for none.
        input_port: int32[I-L], port id of each input variable.
        output_port: int32[O], port id of each output.
        latch_cell: int32[L], cell id of each latch.
        and_cell: int32[A], cell id of each AND node.
        net_variable: int32[N], variable that drives each net, -1 where none does.
    """

    module: Module
    num_inputs: int
    fanin0: IntArray
    fanin1: IntArray
    outputs: IntArray
    latch_next: IntArray
    latch_reset: NDArray[np.uint8]
    input_port: IntArray
    output_port: IntArray
    latch_cell: IntArray
    and_cell: IntArray
    net_variable: IntArray

    @property
    def num_ands(self) -> int:
        """Number of AND nodes."""
        return len(self.fanin0)

    @property
    def num_latches(self) -> int:
        """Number of latches."""
        return len(self.latch_next)

    @property
    def num_variables(self) -> int:
        """1 + I + A, constant false included."""
        return 1 + self.num_inputs + self.num_ands

    def levels(self) -> IntArray:
        """int32[variables]: depth in AND nodes; inputs and the constant are at 0."""
        first = 1 + self.num_inputs
        ands = np.arange(first, self.num_variables, dtype=np.int32)
        return levelize(
            np.concatenate([self.fanin0 >> 1, self.fanin1 >> 1]), np.concatenate([ands, ands]), self.num_variables
        )

    def variable_labels(self) -> list[str]:
        """Name of each variable: its port, latch or AND node's net; `1'b0` for the constant."""
        nets = self.module.net_labels()
        labels = ["1'b0"] * self.num_variables
        variables = self.net_variable.tolist()
        for net in range(len(variables) - 1, 1, -1):
            if variables[net] > 0:
                labels[variables[net]] = nets[net]
        ports = self.module.port_labels()
        for at, port in enumerate(self.input_port.tolist()):
            labels[1 + at] = ports[port]
        return labels


def is_aig(module: Module) -> bool:
    """Whether the module holds nothing but AND2 and DFF cells, none of which inverts its output."""
    used = np.unique(module.cell_type)
    return all(module.library[int(at)] in (AND2, DFF) for at in used) and not _inverted_drivers(module).any()


def _inverted_drivers(module: Module) -> NDArray[np.bool_]:
    inverted: NDArray[np.bool_] = ((module.pin_flags & INVERTED) != 0) & (module.pin_dir == Direction.OUT)
    return inverted


def aig_view(module: Module) -> AigView:
    """Arrays of an AIG module.

    Raises:
        NetlistError: another cell than AND2 and DFF, an inout port, a net driven twice, or a floating input.
        LoopError: the AND nodes form a cycle.
    """
    library = module.library
    is_and = np.array([t == AND2 for t in library], bool)
    is_dff = np.array([t == DFF for t in library], bool)
    other = np.flatnonzero(~(is_and | is_dff)[module.cell_type]) if module.num_cells else np.zeros(0, np.int64)
    if len(other):
        cell = int(other[0])
        raise NetlistError(
            f"module '{module.name}' is no AIG: cell '{module.cell_label(cell)}' is of type "
            f"'{module.type_of(cell).name}'",
            file=module.file or None,
            line=int(module.cell_line[cell]),
            mend="map it first (hwdesign convert --aig)",
        )
    drivers_inverted = np.flatnonzero(_inverted_drivers(module))
    if len(drivers_inverted):
        cell = int(module.pin_cell[drivers_inverted[0]])
        raise NetlistError(
            f"module '{module.name}' is no AIG: cell '{module.cell_label(cell)}' inverts its output",
            file=module.file or None,
            line=int(module.cell_line[cell]),
            mend="map it first (hwdesign convert --aig)",
        )
    if (module.port_dir == Direction.INOUT).any():
        port = int(np.flatnonzero(module.port_dir == Direction.INOUT)[0])
        name = module.names[int(module.port_name[port])]
        raise NetlistError(f"module '{module.name}' is no AIG: port '{name}' is inout", file=module.file or None)

    input_port = module.ports_of(Direction.IN).astype(np.int32)
    output_port = module.ports_of(Direction.OUT).astype(np.int32)
    latch_cell = np.flatnonzero(is_dff[module.cell_type]).astype(np.int32)
    and_cell = np.flatnonzero(is_and[module.cell_type]).astype(np.int32)
    num_inputs = len(input_port) + len(latch_cell)

    pins = _pin_matrix(module)
    and_pins, latch_pins = pins[and_cell], pins[latch_cell]

    net_variable = np.full(module.num_nets, -1, np.int32)
    net_variable[0] = 0
    drivers = np.concatenate(
        [module.port_net[input_port], _net_at(module, latch_pins[:, 2]), _net_at(module, and_pins[:, 2])]
    )
    _check_single(module, drivers)
    driven = drivers >= 0
    net_variable[drivers[driven]] = np.flatnonzero(driven).astype(np.int32) + 1

    def literal(pin: IntArray, what: str) -> IntArray:
        nets = _net_at(module, pin)
        flags = np.where(pin >= 0, module.pin_flags[np.maximum(pin, 0)] & INVERTED, 0) if len(module.pin_flags) else 0
        found = _literals(nets, flags, net_variable)
        if (found < 0).any():
            at = int(np.flatnonzero(found < 0)[0])
            raise NetlistError(
                f"module '{module.name}': {what} {at} reads net '{module.net_label(int(nets[at]))}', "
                "which nothing drives",
                file=module.file or None,
                mend="run `hwdesign check` on it",
            )
        return found

    fanin0, fanin1 = literal(and_pins[:, 0], "AND node"), literal(and_pins[:, 1], "AND node")
    latch_next = literal(latch_pins[:, 0], "latch")
    outputs = _literals(module.port_net[output_port], module.port_flags[output_port] & INVERTED, net_variable)
    if (outputs < 0).any():
        port = int(output_port[np.flatnonzero(outputs < 0)[0]])
        name = module.names[int(module.port_name[port])]
        raise NetlistError(
            f"module '{module.name}': nothing drives output '{name}'",
            file=module.file or None,
            mend="run `hwdesign check` on it",
        )

    order = _topological(module, fanin0, fanin1, num_inputs, and_cell)
    if order is not None:
        # Renumber the AND nodes so that every fan-in comes first.
        rank = np.arange(1 + num_inputs + len(order), dtype=np.int32)
        rank[1 + num_inputs + order] = np.arange(1 + num_inputs, len(rank), dtype=np.int32)

        def renumber(literals: IntArray) -> IntArray:
            renumbered: IntArray = 2 * rank[literals >> 1] | (literals & 1)
            return renumbered

        fanin0, fanin1, and_cell = renumber(fanin0[order]), renumber(fanin1[order]), and_cell[order]
        outputs, latch_next = renumber(outputs), renumber(latch_next)
        net_variable = np.where(net_variable >= 0, rank[np.maximum(net_variable, 0)], -1).astype(np.int32)

    reset = np.full(len(latch_cell), RESET_ZERO, np.uint8)
    table = module.params.get("init")
    if table is not None and len(latch_cell):
        at = np.searchsorted(table.cell, latch_cell)
        at_in = np.minimum(at, len(table.cell) - 1)
        hit = table.cell[at_in] == latch_cell
        value = np.nan_to_num(table.number[at_in], nan=RESET_NONE)
        reset[hit] = np.clip(value[hit], 0, 2).astype(np.uint8)
    return AigView(
        module, num_inputs, fanin0, fanin1, outputs, latch_next, reset,
        input_port, output_port, latch_cell, and_cell, net_variable,
    )  # fmt: skip


def _pin_matrix(module: Module) -> IntArray:
    """int32[C, 3]: pin id of each role of a three-role cell, -1 where not connected."""
    matrix = np.full((module.num_cells, 3), -1, np.int32)
    matrix[module.pin_cell, module.pin_role] = np.arange(module.num_pins, dtype=np.int32)
    return matrix


def _net_at(module: Module, pin: IntArray) -> IntArray:
    if module.num_pins == 0:
        return np.full(len(pin), -1, np.int32)
    return np.where(pin >= 0, module.pin_net[np.maximum(pin, 0)], -1).astype(np.int32)


def _literals(nets: IntArray, flags: NDArray[np.integer] | int, net_variable: IntArray) -> IntArray:
    variable = np.where(nets >= 0, net_variable[np.maximum(nets, 0)], -1)
    value = 2 * variable | flags
    value = np.where(nets == 1, 1 ^ np.asarray(flags), value)
    return np.where((variable < 0) & (nets != 1), -1, value).astype(np.int32)


def _check_single(module: Module, drivers: IntArray) -> None:
    counts = np.bincount(drivers[drivers >= 0], minlength=2)
    if counts[:2].any() or (counts > 1).any():
        net = int(np.flatnonzero((counts > 1) | (np.arange(len(counts)) < 2) & (counts > 0))[0])
        raise NetlistError(
            f"module '{module.name}': net '{module.net_label(net)}' has more than one driver",
            file=module.file or None,
            mend="run `hwdesign check` on it",
        )


def _topological(
    module: Module, fanin0: IntArray, fanin1: IntArray, num_inputs: int, and_cell: IntArray
) -> IntArray | None:
    """Order of the AND nodes by (level, id), or None where they are in topological order already."""
    first = 1 + num_inputs
    own = np.arange(first, first + len(fanin0), dtype=np.int32)
    if ((fanin0 >> 1) < own).all() and ((fanin1 >> 1) < own).all():
        return None
    src = np.concatenate([fanin0 >> 1, fanin1 >> 1])
    level = levelize(src, np.concatenate([own, own]), first + len(fanin0))[first:]
    if (level < 0).any():
        cell = int(and_cell[np.flatnonzero(level < 0)[0]])
        raise LoopError(
            f"module '{module.name}' has a combinational loop at or before cell '{module.cell_label(cell)}'",
            file=module.file or None,
            line=int(module.cell_line[cell]),
            mend="`hwdesign check` prints the loop",
        )
    return np.argsort(level, kind="stable").astype(np.int32)


@dataclass(frozen=True, slots=True)
class AigNames:
    """Names for a module made of arrays; '' is no name.

    Attributes:
        inputs, outputs, latches: one a port bit or latch.
        ands: one an AND node, or empty for none; names the node's net and, with it, its cell.
        buses: vector ports, whose bits must be consecutive and named `bus[i]`, left to right.
    """

    inputs: Sequence[str]
    outputs: Sequence[str]
    latches: Sequence[str] = ()
    ands: Sequence[str] = ()
    buses: Sequence[Bus] = ()


def aig_module(
    name: str,
    fanin0: IntArray,
    fanin1: IntArray,
    outputs: IntArray,
    names: AigNames,
    *,
    latch_next: IntArray | None = None,
    latch_reset: NDArray[np.uint8] | None = None,
    file: str = "",
) -> Netlist:
    """Netlist of one AIG module from arrays of literals (the inverse of `aig_view`).

    Nets are numbered like variables plus one: net 1 + v for variable v ≥ 1, since nets 0 and 1 are the constants.

    Args:
        name: module name.
        fanin0, fanin1: int32[A], any order, acyclic.
        outputs: int32[O].
        names: of ports, latches and nodes; unnamed inputs become i0, i1 ..., outputs o0, o1 ....
        latch_next: int32[L].
        latch_reset: uint8[L]; 0 by default.
        file: source.
    """
    num_latches = 0 if latch_next is None else len(latch_next)
    num_ports = len(names.inputs)
    num_inputs = num_ports + num_latches
    num_ands = len(fanin0)
    table = NameTable()
    used = {n for n in (*names.inputs, *names.outputs, *names.latches, *names.ands) if n}
    in_names = [n or _fresh(f"i{k}", used) for k, n in enumerate(names.inputs)]
    out_names = [n or _fresh(f"o{k}", used) for k, n in enumerate(names.outputs)]
    in_ids = [table.intern(n) for n in in_names]
    out_ids = [table.intern(n) for n in out_names]
    latch_ids = [table.intern(n) if n else -1 for n in names.latches] or [-1] * num_latches
    and_ids = [table.intern(n) if n else -1 for n in names.ands] or [-1] * num_ands

    net_name = np.full(2 + num_inputs + num_ands, -1, np.int32)
    net_name[2 : 2 + num_inputs] = [*in_ids, *latch_ids]
    net_name[2 + num_inputs :] = and_ids

    def net_of(literals: IntArray) -> IntArray:
        variable = literals >> 1
        return np.where(variable == 0, literals & 1, variable + 1).astype(np.int32)

    def flag_of(literals: IntArray) -> NDArray[np.uint8]:
        return np.where(literals >> 1 == 0, 0, literals & 1).astype(np.uint8)

    nexts = np.zeros(0, np.int32) if latch_next is None else latch_next
    cells = num_latches + num_ands
    ids = np.arange(num_inputs - num_latches, num_inputs, dtype=np.int32) + 2
    latch_pins = np.stack([net_of(nexts), np.full(num_latches, -1, np.int32), ids], axis=1)
    and_ids_net = np.arange(num_ands, dtype=np.int32) + 2 + num_inputs
    and_pins = np.stack([net_of(fanin0), net_of(fanin1), and_ids_net], axis=1)
    zero = np.zeros(num_latches, np.uint8)
    latch_flags = np.stack([flag_of(nexts), zero, zero], axis=1)
    and_flags = np.stack([flag_of(fanin0), flag_of(fanin1), np.zeros(num_ands, np.uint8)], axis=1)
    bus_at = {bus.name: at for at, bus in enumerate(names.buses)}
    port_names = [*in_names, *out_names]
    params = {}
    if latch_reset is not None and latch_reset.any():
        where = np.flatnonzero(latch_reset).astype(np.int32)
        params["init"] = SideTable(where, latch_reset[where].astype(np.float64), np.full(len(where), -1, np.int32))
    pool: NamePool = table.freeze()
    library = Library([DFF, AND2])
    module = Module(
        name=name,
        names=pool,
        library=library,
        cell_type=np.repeat(np.array([0, 1], np.int32), [num_latches, num_ands]),
        cell_name=np.concatenate([np.array(latch_ids, np.int32), np.array(and_ids, np.int32)]),
        cell_line=np.zeros(cells, np.int32),
        pin_ptr=np.arange(cells + 1, dtype=np.int64) * 3,
        pin_net=np.concatenate([latch_pins.ravel(), and_pins.ravel()]).astype(np.int32),
        pin_role=np.tile(np.array([0, 1, 2], np.int16), cells),
        pin_flags=np.concatenate([latch_flags.ravel(), and_flags.ravel()]),
        net_name=net_name,
        port_name=np.array([*in_ids, *out_ids], np.int32),
        port_net=np.concatenate([np.arange(num_ports, dtype=np.int32) + 2, net_of(outputs)]),
        port_dir=np.repeat(np.array([0, 1], np.uint8), [num_ports, len(outputs)]),
        port_bus=np.array([bus_at.get(n.rsplit("[", 1)[0], -1) if "[" in n else -1 for n in port_names], np.int32),
        port_flags=np.concatenate([np.zeros(num_ports, np.uint8), flag_of(outputs)]),
        buses=tuple(names.buses),
        params=params,
        file=file,
    )
    return Netlist({name: module}, name, library, pool, file=file)


def _fresh(name: str, used: set[str]) -> str:
    while name in used:
        name = "_" + name
    used.add(name)
    return name
