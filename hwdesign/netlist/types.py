"""Cell types: their pins' roles, what they compute, and the library that numbers them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError


class Direction(enum.IntEnum):
    """Signal direction of a pin role or a port, seen from the cell or module that owns it."""

    IN = 0
    OUT = 1
    INOUT = 2


class Kind(enum.StrEnum):
    """What a cell type stands for."""

    COMB = "comb"  # combinational gate: every output is a function of the inputs
    SEQ = "seq"  # flip-flop or latch
    DEVICE = "device"  # transistor, resistor, Josephson junction, memristor ...: inout roles and a model card
    MODULE = "module"  # a module of the same netlist
    BLACKBOX = "blackbox"  # used, but defined nowhere


@dataclass(frozen=True, slots=True)
class Role:
    """One pin of a cell type.

    Attributes:
        name: pin name, one a bit (`A`, `d[3]`).
        direction: seen from the cell.
        function: for an output of a COMB cell, the Boolean expression over the input roles in Liberty's syntax
            (`!(A&B)`); '' where unknown. See `hwdesign.netlist.boolean`.
    """

    name: str
    direction: Direction
    function: str = ""


@dataclass(frozen=True, slots=True)
class Sequential:
    """How a SEQ cell stores: role names, and whether it is edge- or level-sensitive.

    Attributes:
        storage: `dff` (edge) or `latch` (level).
        data: role sampled.
        clock: clock or enable role; '' where the source leaves the clock implicit.
        output: role that shows the stored value.
    """

    storage: str
    data: str
    clock: str
    output: str


@dataclass(frozen=True)
class CellType:
    """A kind of cell: name, pins, function.

    Attributes:
        name: unique in its library.
        kind: see `Kind`.
        roles: the pins, in order; a pin's `pin_role` is a position in this tuple.
        sequential: for SEQ cells.
        guessed: directions were guessed from pin names, because no definition was at hand.
        supplies: supply pins, which are no roles: readers leave connections to them out. Not compared, not stored.
    """

    name: str
    kind: Kind
    roles: tuple[Role, ...]
    sequential: Sequential | None = None
    guessed: bool = False
    supplies: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if len(self.roles) > np.iinfo(np.int16).max:
            raise NetlistError(
                f"type '{self.name}' has {len(self.roles)} pins, more than 32767",
                mend="split its ports over several modules",
            )
        if len(self.role_index) != len(self.roles):
            names = [role.name for role in self.roles]
            twice = next(name for name in names if names.count(name) > 1)
            raise NetlistError(f"type '{self.name}' has two pins named '{twice}'", mend="rename one of them")

    @cached_property
    def role_index(self) -> dict[str, int]:
        """Position of each role by name."""
        return {role.name: at for at, role in enumerate(self.roles)}

    @property
    def inputs(self) -> tuple[Role, ...]:
        """Roles of direction IN, in order."""
        return tuple(role for role in self.roles if role.direction is Direction.IN)

    @property
    def outputs(self) -> tuple[Role, ...]:
        """Roles of direction OUT, in order."""
        return tuple(role for role in self.roles if role.direction is Direction.OUT)


class Library:
    """Numbered cell types. Immutable; `with_types` makes a larger one whose first types are the same.

    Attributes:
        types: the cell types; a cell's `cell_type` is a position in this tuple.
    """

    def __init__(self, types: Iterable[CellType] = ()) -> None:
        self.types = tuple(types)
        self._of_kind: dict[tuple[Kind, ...], NDArray[np.bool_]] = {}
        self._index = {cell_type.name: at for at, cell_type in enumerate(self.types)}
        if len(self._index) != len(self.types):
            names = [cell_type.name for cell_type in self.types]
            twice = next(name for name in names if names.count(name) > 1)
            raise NetlistError(f"the library has two types named '{twice}'", mend="rename one of them")

    def __len__(self) -> int:
        return len(self.types)

    def __iter__(self) -> Iterator[CellType]:
        return iter(self.types)

    def __getitem__(self, index: int) -> CellType:
        return self.types[index]

    def __contains__(self, name: str) -> bool:
        return name in self._index

    def index(self, name: str) -> int:
        """Position of the type `name`, or -1."""
        return self._index.get(name, -1)

    def get(self, name: str) -> CellType | None:
        """The type `name`, or None."""
        at = self.index(name)
        return None if at < 0 else self.types[at]

    def with_types(self, types: Iterable[CellType]) -> Library:
        """This library followed by those of `types` that it lacks (same name: the old one stays)."""
        fresh = {cell_type.name: cell_type for cell_type in types if cell_type.name not in self._index}
        return Library((*self.types, *fresh.values())) if fresh else self

    @cached_property
    def role_ptr(self) -> NDArray[np.int64]:
        """int64[types + 1]: where each type's roles begin in `role_direction`."""
        return np.concatenate([[0], np.cumsum([len(t.roles) for t in self.types])]).astype(np.int64)

    @cached_property
    def role_direction(self) -> NDArray[np.uint8]:
        """uint8[all roles]: `Direction` of each role, type after type."""
        return np.array([role.direction for t in self.types for role in t.roles], np.uint8)

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """str[types]: `Kind` of each type."""
        return np.array([t.kind.value for t in self.types], dtype="U8")

    def of_kind(self, *kinds: Kind) -> NDArray[np.bool_]:
        """bool[types], not to be written to: whether each type is of one of `kinds`."""
        # Asked for once a module: a netlist of many modules has as many types.
        known = self._of_kind.get(kinds)
        if known is None:
            known = self._of_kind[kinds] = np.isin(self.kinds, [kind.value for kind in kinds])
            known.flags.writeable = False
        return known
