"""One module as NumPy columns: cells, pins (CSR), nets, ports, and sparse side tables of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hwdesign.netlist.names import NamePool
from hwdesign.netlist.types import CellType, Direction, Library

CONST0 = 0
CONST1 = 1
OPEN = -1

INVERTED = 1  # pin or port flag: the value seen is the net's complement
UNKNOWN = 2  # pin flag: the source ties this pin to `x`; the net is constant 0


@dataclass(frozen=True, slots=True)
class Bus:
    """A port that is a vector.

    Attributes:
        name: base name.
        left, right: declared indices, `[left:right]`.
    """

    name: str
    left: int
    right: int

    @property
    def width(self) -> int:
        """Number of bits."""
        return abs(self.left - self.right) + 1

    def indices(self) -> range:
        """Bit indices from left to right, as the port columns hold them."""
        step = 1 if self.right >= self.left else -1
        return range(self.left, self.right + step, step)


@dataclass(frozen=True, eq=False, slots=True)
class SideTable:
    """One parameter over the cells that have it. A value is a number, or a text (then `number` is NaN).

    Attributes:
        cell: int32[n], rising cell ids.
        number: float64[n], SI units.
        text: int32[n], name-pool id of the text, -1 for a number.
    """

    cell: NDArray[np.int32]
    number: NDArray[np.float64]
    text: NDArray[np.int32]

    def find(self, cell: int) -> int:
        """Row of `cell`, or -1."""
        at = int(np.searchsorted(self.cell, cell))
        return at if at < len(self.cell) and self.cell[at] == cell else -1


def _no_int32() -> NDArray[np.int32]:
    return np.zeros(0, np.int32)


def _no_uint8() -> NDArray[np.uint8]:
    return np.zeros(0, np.uint8)


@dataclass(frozen=True, eq=False, repr=False)
class Module:
    """An immutable module. Ids are positions: cells 0..C-1, pins 0..P-1, nets 0..N-1, ports 0..Q-1.

    Nets 0 and 1 are the constants. Names are ids into `names`; -1 is 'no name', for which `net_label` and
    `cell_label` make one up that clashes with none.

    Attributes:
        name: module name.
        names: pool shared by the netlist.
        library: cell types shared by the netlist.
        cell_type: int32[C], position in `library`.
        cell_name: int32[C].
        cell_line: int32[C], source line, 0 where unknown.
        pin_ptr: int64[C+1], the pins of cell c are pin_ptr[c]..pin_ptr[c+1].
        pin_net: int32[P], net, or -1 for an open pin.
        pin_role: int16[P], position in the cell type's roles.
        pin_flags: uint8[P], `INVERTED`, `UNKNOWN`.
        net_name: int32[N].
        port_name: int32[Q], one port a bit; the bits of a bus are consecutive, left to right.
        port_net: int32[Q].
        port_dir: uint8[Q], `Direction`.
        port_bus: int32[Q], position in `buses`, or -1 for a scalar.
        port_flags: uint8[Q], `INVERTED` on outputs.
        buses: vector ports.
        params: cell parameters and attributes (keys with `@`), one sparse table each.
        parameters: the module's own parameters and their defaults (SPICE `.subckt` parameters).
        file: source file, '' where built in memory.
        line: source line of the module's header, 0 where unknown.
    """

    name: str
    names: NamePool
    library: Library
    cell_type: NDArray[np.int32]
    cell_name: NDArray[np.int32]
    cell_line: NDArray[np.int32]
    pin_ptr: NDArray[np.int64]
    pin_net: NDArray[np.int32]
    pin_role: NDArray[np.int16]
    pin_flags: NDArray[np.uint8]
    net_name: NDArray[np.int32]
    port_name: NDArray[np.int32] = field(default_factory=_no_int32)
    port_net: NDArray[np.int32] = field(default_factory=_no_int32)
    port_dir: NDArray[np.uint8] = field(default_factory=_no_uint8)
    port_bus: NDArray[np.int32] = field(default_factory=_no_int32)
    port_flags: NDArray[np.uint8] = field(default_factory=_no_uint8)
    buses: tuple[Bus, ...] = ()
    params: Mapping[str, SideTable] = field(default_factory=dict)
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    file: str = ""
    line: int = 0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    def __repr__(self) -> str:
        return f"<Module {self.name!r}: {self.num_cells} cells, {self.num_nets} nets, {self.num_ports} ports>"

    # Sizes

    @property
    def num_cells(self) -> int:
        """Number of cells."""
        return len(self.cell_type)

    @property
    def num_pins(self) -> int:
        """Number of pins."""
        return len(self.pin_net)

    @property
    def num_nets(self) -> int:
        """Number of nets, the two constants included."""
        return len(self.net_name)

    @property
    def num_ports(self) -> int:
        """Number of port bits."""
        return len(self.port_net)

    # Columns that follow from others

    @cached_property
    def pin_cell(self) -> NDArray[np.int32]:
        """int32[P]: the cell of each pin."""
        return np.repeat(np.arange(self.num_cells, dtype=np.int32), np.diff(self.pin_ptr))

    @cached_property
    def pin_dir(self) -> NDArray[np.uint8]:
        """uint8[P]: `Direction` of each pin, seen from its cell."""
        if self.num_pins == 0:
            return _no_uint8()
        first = np.repeat(self.library.role_ptr[self.cell_type], np.diff(self.pin_ptr))
        first += self.pin_role
        return self.library.role_direction[first]

    def ports_of(self, direction: Direction) -> NDArray[np.int64]:
        """Port ids of one direction, in order."""
        return np.flatnonzero(self.port_dir == direction)

    def type_of(self, cell: int) -> CellType:
        """Type of a cell."""
        return self.library[int(self.cell_type[cell])]

    def type_counts(self) -> dict[str, int]:
        """Number of cells of each type that is used, most used first."""
        counts = np.bincount(self.cell_type, minlength=len(self.library))
        used = np.flatnonzero(counts)
        order = used[np.argsort(-counts[used], kind="stable")]
        return {self.library[int(at)].name: int(counts[at]) for at in order}

    # Names

    @cached_property
    def _taken(self) -> frozenset[str]:
        """Names that a made-up one must not clash with (asked for only when something has no name)."""
        return frozenset(self.names.decode(np.concatenate([self.net_name, self.cell_name, self.port_name])))

    def _made_up(self, prefix: str, at: int) -> str:
        name = f"{prefix}{at}"
        while name in self._taken:
            name = "_" + name
        return name

    def net_label(self, net: int) -> str:
        """Name of a net; `1'b0` and `1'b1` for the constants, `_n<id>` for an unnamed one."""
        if net == OPEN:
            return "(open)"
        if net <= CONST1:
            return f"1'b{net}"
        at = int(self.net_name[net])
        return self.names[at] if at >= 0 else self._made_up("_n", net)

    def cell_label(self, cell: int) -> str:
        """Name of a cell, `_g<id>` for an unnamed one."""
        at = int(self.cell_name[cell])
        return self.names[at] if at >= 0 else self._made_up("_g", cell)

    def net_labels(self) -> list[str]:
        """`net_label` of every net."""
        labels = self.names.decode(self.net_name)
        for net in np.flatnonzero(self.net_name < 0).tolist():
            labels[net] = self.net_label(net)
        labels[:2] = ["1'b0", "1'b1"]
        return labels

    def cell_labels(self) -> list[str]:
        """`cell_label` of every cell."""
        labels = self.names.decode(self.cell_name)
        for cell in np.flatnonzero(self.cell_name < 0).tolist():
            labels[cell] = self.cell_label(cell)
        return labels

    def port_labels(self) -> list[str]:
        """Name of every port bit (`a[3]`)."""
        return self.names.decode(self.port_name)

    # Parameters

    def param(self, cell: int, key: str) -> float | str | None:
        """Parameter `key` of a cell, or None where it has none."""
        table = self.params.get(key)
        row = -1 if table is None else table.find(cell)
        if table is None or row < 0:
            return None
        text = int(table.text[row])
        return self.names[text] if text >= 0 else float(table.number[row])

    def params_of(self, cell: int) -> dict[str, float | str]:
        """All parameters of a cell, in the order of the side tables."""
        found = ((key, self.param(cell, key)) for key in self.params)
        return {key: value for key, value in found if value is not None}

    def pins_of(self, cell: int) -> list[tuple[str, int, bool]]:
        """(role name, net, inverted) of each pin of a cell, in stored order."""
        roles = self.type_of(cell).roles
        span = range(int(self.pin_ptr[cell]), int(self.pin_ptr[cell + 1]))
        return [(roles[self.pin_role[p]].name, int(self.pin_net[p]), bool(self.pin_flags[p] & INVERTED)) for p in span]
