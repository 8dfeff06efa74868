"""Mutable builders that freeze into immutable netlists."""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from hwdesign.errors import NetlistError
from hwdesign.netlist.generic import gate
from hwdesign.netlist.module import CONST1, INVERTED, OPEN, Bus, Module, SideTable
from hwdesign.netlist.names import NamePool, NameTable
from hwdesign.netlist.netlist import Directive, Finding, Model, Netlist, module_type
from hwdesign.netlist.types import CellType, Direction, Library

ParamValue = float | int | str


class ModuleBuilder:
    """Builds one module. Nets, cells and ports are returned as their ids. Made by `Builder.module`."""

    def __init__(self, owner: Builder, name: str, *, line: int = 0) -> None:
        self.owner = owner
        self.name = name
        self.line = line
        self.parameters: dict[str, float | str] = {}
        names = owner.names
        # Arrays, not lists: a column of a million cells is then as small as it will be in the module.
        self._net_name = array("i", (-1, -1))
        self._net_by_name: dict[int, int] = {}
        self._cell_type = array("i")
        self._cell_name = array("i")
        self._cell_line = array("i")
        self._cell_ids: set[int] = set()
        self._pin_count = array("i")
        self._pin_net = array("i")
        self._pin_role = array("h")
        self._pin_flags = array("B")
        self._port: list[tuple[int, int, int, int, int]] = []  # name, net, direction, bus, flags
        self._port_ids: set[int] = set()
        self._buses: list[Bus] = []
        self._params: dict[str, dict[int, ParamValue]] = {}
        self._names: NameTable = names
        self._type: CellType | None = None

    # Nets

    def net(self, name: str | None = None) -> int:
        """The net called `name`, made when new; without a name, a fresh unnamed net."""
        if name is None:
            self._net_name.append(-1)
            return len(self._net_name) - 1
        key = self._names.intern(name)
        found = self._net_by_name.get(key)
        if found is None:
            found = len(self._net_name)
            self._net_name.append(key)
            self._net_by_name[key] = found
        return found

    def has_net(self, name: str) -> bool:
        """Whether a net of that name exists."""
        return self._names.intern(name) in self._net_by_name

    def nets(self, name: str, width: int) -> list[int]:
        """Nets `name[0]` .. `name[width-1]`, least significant first."""
        return [self.net(f"{name}[{bit}]") for bit in range(width)]

    # Ports

    def port(self, name: str, direction: Direction, net: int | None = None, *, inverted: bool = False) -> int:
        """Scalar port on `net` (by default the net of the same name). Returns the net.

        Raises:
            NetlistError: a port of that name exists.
        """
        return self._add_port(name, direction, self.net(name) if net is None else net, -1, inverted)

    def input(self, name: str) -> int:
        """Scalar input port on the net of the same name. Returns the net."""
        return self.port(name, Direction.IN)

    def output(self, name: str, net: int | None = None, *, inverted: bool = False) -> int:
        """Scalar output port that shows `net`, or its complement. Returns the net."""
        return self.port(name, Direction.OUT, net, inverted=inverted)

    def bus(
        self,
        name: str,
        direction: Direction,
        left: int,
        right: int,
        nets: Sequence[int] | None = None,
        *,
        inverted: Sequence[bool] | None = None,
    ) -> list[int]:
        """Vector port `name[left:right]`. Returns its nets, least significant first (the bit at `right`).

        Args:
            name: base name.
            direction: of every bit.
            left, right: declared indices.
            nets: one net a bit, least significant first; by default the nets called `name[i]`.
            inverted: one flag a bit, least significant first.

        Raises:
            NetlistError: a port of that name exists, or `nets` has the wrong length.
        """
        bus = Bus(name, left, right)
        if nets is not None and len(nets) != bus.width:
            raise NetlistError(f"port '{name}' has {bus.width} bits but {len(nets)} nets were given")
        at = len(self._buses)
        self._buses.append(bus)
        indices = list(bus.indices())
        chosen = [self.net(f"{name}[{i}]") for i in indices] if nets is None else list(reversed(nets))
        flags = [False] * bus.width if inverted is None else list(reversed(inverted))
        for index, net, flag in zip(indices, chosen, flags, strict=True):
            self._add_port(f"{name}[{index}]", direction, net, at, flag)
        return chosen[::-1]

    def inputs(self, name: str, width: int) -> list[int]:
        """Input bus `name[width-1:0]`. Returns its nets, least significant first."""
        return self.bus(name, Direction.IN, width - 1, 0)

    def outputs(self, name: str, nets: Sequence[int]) -> list[int]:
        """Output bus `name[n-1:0]` that shows `nets` (least significant first)."""
        return self.bus(name, Direction.OUT, len(nets) - 1, 0, nets)

    def _add_port(self, name: str, direction: Direction, net: int, bus: int, inverted: bool) -> int:
        key = self._names.intern(name)
        if key in self._port_ids:
            raise NetlistError(f"module '{self.name}' has two ports named '{name}'", mend="rename one of them")
        self._port_ids.add(key)
        self._port.append((key, self._checked(net), int(direction), bus, INVERTED if inverted else 0))
        # A net that shows up at a port under its own name keeps it; a nameless one takes the port's.
        if net > CONST1 and self._net_name[net] < 0 and not inverted and key not in self._net_by_name:
            self._net_name[net] = key
            self._net_by_name[key] = net
        return net

    def _checked(self, net: int) -> int:
        if not OPEN <= net < len(self._net_name):
            raise NetlistError(f"module '{self.name}' has no net {net}")
        return net

    # Cells

    def cell(
        self,
        cell_type: CellType,
        pins: Mapping[str, int] | Sequence[int],
        *,
        name: str | None = None,
        inverted: Iterable[str | int] = (),
        params: Mapping[str, ParamValue] | None = None,
        line: int = 0,
    ) -> int:
        """Add a cell. Returns its id.

        Args:
            cell_type: its type; added to the netlist's library when new.
            pins: net of each pin, by role name or in the order of the roles; -1 is an open pin.
            name: instance name, unique in the module; None for none.
            inverted: roles (names or positions) that see the complement of their net.
            params: numbers in SI units, or texts.
            line: source line.

        Raises:
            NetlistError: unknown role, too many pins, no such net, or a name already taken.
        """
        if isinstance(pins, Mapping):
            index = cell_type.role_index
            try:
                roles: Iterable[int] = [index[role] for role in pins]
            except KeyError as error:
                known = ", ".join(list(index)[:8])
                raise NetlistError(
                    f"cell type '{cell_type.name}' has no pin '{error.args[0]}'", line=line, mend=f"its pins: {known}"
                ) from None
            nets: Collection[int] = pins.values()
        else:
            if len(pins) > len(cell_type.roles):
                raise NetlistError(
                    f"cell type '{cell_type.name}' has {len(cell_type.roles)} pins but {len(pins)} nets were given",
                    line=line,
                )
            roles, nets = range(len(pins)), pins
        if nets and not (min(nets) >= OPEN and max(nets) < len(self._net_name)):
            for net in nets:
                self._checked(net)
        cell = len(self._cell_type)
        key = -1
        if name is not None:
            key = self._names.intern(name)
            if key in self._cell_ids:
                raise NetlistError(
                    f"module '{self.name}' has two cells named '{name}'", line=line, mend="rename one of them"
                )
            self._cell_ids.add(key)
        self._cell_type.append(self.owner.type_id(cell_type))
        self._cell_name.append(key)
        self._cell_line.append(line)
        self._pin_count.append(len(nets))
        self._pin_net.extend(nets)
        self._pin_role.extend(roles)
        flagged = {role if isinstance(role, int) else cell_type.role_index[role] for role in inverted}
        if flagged:
            self._pin_flags.extend([INVERTED if role in flagged else 0 for role in roles])
        else:
            self._pin_flags.extend(bytes(len(nets)))
        if params:
            for param, value in params.items():
                if param not in self._params:
                    self._params[param] = {}
                self._params[param][cell] = value
        return cell

    def gate(self, op: str, *nets: int, out: int | None = None, name: str | None = None, line: int = 0) -> int:
        """Add a generic gate (see `hwdesign.netlist.generic.gate`) and return its output net.

        Args:
            op: AND, NAND, OR, NOR, XOR, XNOR, BUF, NOT, MUX (A, B, S), DFF (D, C), DLATCH (D, C), ZERO, ONE.
            nets: the inputs.
            out: net to drive; a fresh unnamed one by default.
            name: instance name.
            line: source line.
        """
        driven = self.net() if out is None else out
        # A variadic gate of one input is a buffer or an inverter: the type's own arity decides.
        self.cell(gate(op, len(nets)), (*nets, driven), name=name, line=line)
        return driven

    def instance(
        self, module: str, pins: Mapping[str, int], *, name: str, params: Mapping[str, ParamValue] | None = None
    ) -> int:
        """Instantiate another module of this builder, built before; a bus takes one pin a bit (`a[3]`)."""
        return self.cell(self.owner.module(module).as_type(), pins, name=name, params=params)

    def set_register_init(self, values: Mapping[int, float]) -> None:
        """Give each register that drives one of these nets its start value, as parameter `init`."""
        at = 0
        for cell, count in enumerate(self._pin_count):
            cell_type = self.owner.type_at(self._cell_type[cell])
            if cell_type.sequential is not None:
                output = cell_type.role_index[cell_type.sequential.output]
                for pin in range(at, at + count):
                    if self._pin_role[pin] == output and self._pin_net[pin] in values:
                        self._params.setdefault("init", {})[cell] = values[self._pin_net[pin]]
            at += count

    def as_type(self) -> CellType:
        """The cell type of this module's instances, from its ports so far."""
        if self._type is None or len(self._type.roles) != len(self._port):
            pool = self._names.labels()
            self._type = module_type(self.name, [pool[p[0]] for p in self._port], [p[2] for p in self._port])
        return self._type

    # Freeze

    def freeze(self, names: NamePool, library: Library, file: str) -> Module:
        """Immutable module over a frozen pool and library."""
        port = np.array(self._port, np.int64).reshape(-1, 5)
        pin_ptr = np.zeros(len(self._pin_count) + 1, np.int64)
        np.cumsum(self._pin_count, out=pin_ptr[1:])
        return Module(
            name=self.name,
            names=names,
            library=library,
            cell_type=np.array(self._cell_type, np.int32),
            cell_name=np.array(self._cell_name, np.int32),
            cell_line=np.array(self._cell_line, np.int32),
            pin_ptr=pin_ptr,
            pin_net=np.array(self._pin_net, np.int32),
            pin_role=np.array(self._pin_role, np.int16),
            pin_flags=np.array(self._pin_flags, np.uint8),
            net_name=np.array(self._net_name, np.int32),
            port_name=port[:, 0].astype(np.int32),
            port_net=port[:, 1].astype(np.int32),
            port_dir=port[:, 2].astype(np.uint8),
            port_bus=port[:, 3].astype(np.int32),
            port_flags=port[:, 4].astype(np.uint8),
            buses=tuple(self._buses),
            params={key: side_table(rows, self._names) for key, rows in self._params.items()},
            parameters=self.parameters,
            file=file,
            line=self.line,
        )

    def intern_params(self) -> None:
        """Put the parameters' texts into the pool, before it is frozen."""
        for rows in self._params.values():
            for value in rows.values():
                if isinstance(value, str):
                    self._names.intern(value)


def side_table(rows: Mapping[int, ParamValue], names: NameTable) -> SideTable:
    """Side table of {cell: value}; texts are interned."""
    cells = sorted(rows)
    values = [rows[cell] for cell in cells]
    return SideTable(
        np.array(cells, np.int32),
        np.array([math.nan if isinstance(v, str) else float(v) for v in values], np.float64),
        np.array([names.intern(v) if isinstance(v, str) else -1 for v in values], np.int32),
    )


class Builder:
    """Builds a netlist.

    >>> b = Builder("half_adder")
    >>> m = b.top
    >>> x, y = m.input("x"), m.input("y")
    >>> _ = m.output("sum", m.gate("XOR", x, y))
    >>> _ = m.output("carry", m.gate("AND", x, y))
    >>> b.freeze().top_module.type_counts()
    {'XOR2': 1, 'AND2': 1}
    """

    def __init__(self, top: str, *, file: str = "") -> None:
        self.names = NameTable()
        self.file = file
        self.top_name = top
        self.models: dict[str, Model] = {}
        self.global_nets: list[str] = []
        self.findings: list[Finding] = []
        self.directives: list[Directive] = []
        self._types: list[CellType] = []
        self._type_ids: dict[str, int] = {}
        self._modules: dict[str, ModuleBuilder] = {}
        self.module(top)

    @property
    def top(self) -> ModuleBuilder:
        """The top module's builder."""
        return self._modules[self.top_name]

    def module(self, name: str, *, line: int = 0) -> ModuleBuilder:
        """The builder of module `name`, made when new."""
        if name not in self._modules:
            self._modules[name] = ModuleBuilder(self, name, line=line)
        return self._modules[name]

    def has_module(self, name: str) -> bool:
        """Whether a module of that name was begun."""
        return name in self._modules

    def type_id(self, cell_type: CellType) -> int:
        """Position of a type in the library, added when new.

        Raises:
            NetlistError: another type of the same name was used before.
        """
        at = self._type_ids.get(cell_type.name)
        if at is None:
            at = len(self._types)
            self._types.append(cell_type)
            self._type_ids[cell_type.name] = at
        elif self._types[at] is not cell_type and self._types[at] != cell_type:
            raise NetlistError(
                f"two different cell types are named '{cell_type.name}'", mend="build a module before instantiating it"
            )
        return at

    def type_at(self, type_id: int) -> CellType:
        """The cell type of an id that `type_id` gave."""
        return self._types[type_id]

    def freeze(self, top: str | None = None) -> Netlist:
        """Immutable netlist of all modules.

        Args:
            top: top module; by default the one named at construction.
        """
        for module in self._modules.values():
            module.intern_params()
        names = self.names.freeze()
        library = Library(self._types)
        modules = {name: module.freeze(names, library, self.file) for name, module in self._modules.items()}
        return Netlist(
            modules,
            top or self.top_name,
            library,
            names,
            self.models,
            tuple(self.global_nets),
            tuple(self.findings),
            self.file,
            tuple(self.directives),
        )


__all__ = ["Builder", "ModuleBuilder", "side_table"]
