"""Names that SPICE can hold, unique without regard to case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from hwdesign.errors import UnsupportedError
from hwdesign.netlist import devices
from hwdesign.netlist.module import CONST1, OPEN, Module
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.types import Kind

Flavour = Literal["ngspice", "josim", "wrspice"]
SIMULATORS: Mapping[Flavour, str] = {"ngspice": "ngspice", "wrspice": "WRspice", "josim": "JoSIM"}

_ILLEGAL = re.compile(r"[\s,=(){}'\";]|\A//|\A\$\Z")
_PATH = re.compile(r"[.|]")  # JoSIM and WRspice part the names of a path with these
_LETTERS: dict[str, dict[str, str]] = {"josim": {}, "wrspice": {}, "ngspice": {"B": "X"}}


def legal(name: str, flavour: Flavour = "ngspice") -> str:
    """`name` with `_` for what would end a token, begin a comment or, but in ngspice, part a path."""
    found = _ILLEGAL.sub("_", name) or "_"
    return found if flavour == "ngspice" else _PATH.sub("_", found)


def unique(name: str, taken: set[str]) -> str:
    """`name`, or `name_1`, `name_2` ... where one that differs in case at most is taken; it is then taken."""
    chosen, count = name, 0
    while chosen.lower() in taken:
        count += 1
        chosen = f"{name}_{count}"
    taken.add(chosen.lower())
    return chosen


class ModuleNames:
    """Names of one module's nets and cells as a deck can hold them.

    Args:
        module: the module.
        global_nets: global nets by lower-case name.
        flavour: of the deck.
    """

    def __init__(self, module: Module, global_nets: Mapping[str, str], flavour: Flavour = "ngspice") -> None:
        self.module = module
        self.flavour = flavour
        # `gnd` means ground, whatever the netlist means by it.
        self._taken = {"gnd"}
        self._cells_taken: set[str] = set()
        self._open = 0
        labels = module.net_labels()
        ports = set(module.port_net.tolist())
        self._nets: list[str] = []
        self._cells: list[str] | None = None
        # A name that is global keeps itself, before any name that merely resembles it.
        kept = {at: label for at, label in enumerate(labels) if at > CONST1 and _is_global(label, global_nets)}
        self._taken |= {label.lower() for label in kept.values()}
        for at, label in enumerate(labels):
            if at <= CONST1:
                self._nets.append("")
            elif at in kept and not (label == "0" and at in ports):
                self._nets.append(legal(label, flavour))
            else:
                self._nets.append(unique(legal(label, flavour), self._taken))

    def net(self, net: int) -> str:
        """Name of a net; a fresh one for an open pin.

        Raises:
            UnsupportedError: the net is a logic constant.
        """
        if net == OPEN:
            self._open += 1
            return self.fresh(f"nc{self._open}")
        if net <= CONST1:
            raise UnsupportedError(
                f"module '{self.module.name}' ties a pin to the logic constant {net}",
                file=self.module.file or None,
                mend="replace constants by supply nets or tie cells first",
            )
        return self._nets[net]

    def fresh(self, name: str) -> str:
        """A net's name that no other has, made from `name`."""
        return unique(name, self._taken)

    def fresh_cell(self, name: str) -> str:
        """An element's name that no other has, made from `name`."""
        self.cells()
        return unique(name, self._cells_taken)

    def cells(self) -> list[str]:
        """Element names, each beginning with the letter of its kind."""
        if self._cells is None:
            self._cells = self._cell_names()
        return self._cells

    def _cell_names(self) -> list[str]:
        taken = self._cells_taken
        module = self.module
        types = [module.library[at] for at in range(len(module.library))]
        known = {"BSRC": "B", **_LETTERS[self.flavour]}
        letters = [
            known.get(t.name, t.name) if t.kind is Kind.DEVICE and t.name in devices.DEVICES else "X" for t in types
        ]
        out: list[str] = []
        for at, label in zip(module.cell_type.tolist(), module.cell_labels(), strict=True):
            name = legal(label, self.flavour)
            if name[0].upper() != letters[at]:
                name = letters[at] + name
            out.append(unique(name, taken))
        return out


class DeckNames:
    """Names of all modules' nets and cells in one deck.

    Args:
        netlist: the netlist.
        flavour: of the deck.
    """

    def __init__(self, netlist: Netlist, flavour: Flavour) -> None:
        self.flavour = flavour
        self._globals = {name.lower(): name for name in netlist.global_nets}
        self._books: dict[str, ModuleNames] = {}
        self._phases: dict[tuple[str, int], str] = {}

    def book(self, module: Module) -> ModuleNames:
        """The names of one module."""
        found = self._books.get(module.name)
        if found is None:
            found = self._books[module.name] = ModuleNames(module, self._globals, self.flavour)
        return found

    def phase(self, module: Module, cell: int) -> str:
        """The net that carries a junction's phase: its third node, or a fresh one."""
        key = (module.name, cell)
        if key not in self._phases:
            book = self.book(module)
            own = {role: net for role, net, _ in module.pins_of(cell)}.get("phase", OPEN)
            label = legal(module.cell_label(cell), self.flavour)
            self._phases[key] = book.net(own) if own != OPEN else book.fresh(f"phase_{label}")
        return self._phases[key]


def _is_global(label: str, global_nets: Mapping[str, str]) -> bool:
    return global_nets.get(label.lower()) == label
