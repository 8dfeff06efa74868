"""Cell parameters of a flattened module: side tables, multiplicities, and texts that name cells or nodes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwdesign.netlist import Kind, Module, NameTable, Netlist, SideTable
from hwdesign.passes._hierarchy import Body

_SIBLINGS = ("control", "inductors")  # texts that name other cells
_BEHAVIOURAL = ("BSRC", "E", "G")
_PROBE = re.compile(r"\b([vi])\s*\(([^()]*)\)", re.IGNORECASE)


@dataclass(slots=True)
class _Rows:
    """One side table under construction."""

    cell: list[NDArray[np.int64]] = field(default_factory=list)
    number: list[NDArray[np.float64]] = field(default_factory=list)
    text: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, cell: NDArray[np.int64], number: NDArray[np.float64], text: NDArray[np.int64]) -> None:
        self.cell.append(cell.ravel())
        self.number.append(number.ravel())
        self.text.append(text.ravel())

    def joined(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        return np.concatenate(self.cell), np.concatenate(self.number), np.concatenate(self.text)


class FlatParams:
    """Collects side tables while modules are unfolded."""

    def __init__(self, netlist: Netlist, table: NameTable, separator: str = ".") -> None:
        self.table = table
        self.separator = separator
        self.device = netlist.library.of_kind(Kind.DEVICE)
        self.rows: dict[str, _Rows] = {}
        self._probes: list[tuple[str, int, str, Mapping[str, int]]] = []

    def times(self, body: Body, cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Multiplicity `m` of instances, 1 where none is given."""
        found = np.ones(len(cells))
        table = body.module.params.get("m")
        if table is not None:
            at = {int(cell): k for k, cell in enumerate(cells)}
            for cell, number in zip(table.cell.tolist(), table.number.tolist(), strict=True):
                if cell in at and math.isfinite(number):
                    found[at[cell]] = number
        return found

    def add_leaves(
        self, body: Body, prefix: list[str], times: NDArray[np.float64], nets: NDArray[np.int64], first: int
    ) -> None:
        """Side tables of a module's cells that are no instances, for each occurrence.

        Args:
            body: the module.
            prefix: path of each occurrence.
            times: its multiplicity.
            nets: int64[K, N], its flat literals.
            first: flat id of its first cell.
        """
        module, leaves = body.module, body.leaves
        rank = np.full(module.num_cells, -1, np.int64)
        rank[leaves] = np.arange(len(leaves))
        shift = first + len(leaves) * np.arange(len(prefix))[:, None]
        for key, table in module.params.items():
            rows = np.flatnonzero(rank[table.cell] >= 0)
            if len(rows) == 0:
                continue
            cells = shift + rank[table.cell[rows]]
            number = np.tile(table.number[rows], (len(prefix), 1))
            text = np.tile(table.text[rows].astype(np.int64), (len(prefix), 1))
            if key in _SIBLINGS or (prefix != [""] and key == "value"):
                bound = (table.text[rows] >= 0) & self.device[module.cell_type[table.cell[rows]]]
                for at in np.flatnonzero(bound).tolist():
                    self._bind(module, key, int(table.cell[rows[at]]), prefix, nets, cells[:, at], text[:, at])
            self.rows.setdefault(key, _Rows()).add(cells, number, text)
        if (times != 1.0).any():
            self._multiply(body, times, shift)

    def _bind(
        self, module: Module, key: str, cell: int, prefix: list[str], nets: NDArray[np.int64],
        cells: NDArray[np.int64], text: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Put paths into one text of a device, in every occurrence and in place."""
        value = module.names[int(text[0])]
        if key in _SIBLINGS:
            # JoSIM's `L1|X1` stands in an instance, inner first.
            names = [self.separator.join(reversed(name.split("|"))) for name in value.split()]
            text[:] = [self.table.intern(" ".join(path + name for name in names)) for path in prefix]
        elif module.type_of(cell).name in _BEHAVIOURAL and _PROBE.search(value):
            local = {label.lower(): net for net, label in enumerate(module.net_labels())}
            for at, path in enumerate(prefix):
                self._probe(key, int(cells[at]), value, path, local, nets[at])

    def _probe(
        self, key: str, cell: int, text: str, path: str, local: Mapping[str, int], nets: NDArray[np.int64]
    ) -> None:
        """Note a behavioural expression: its nodes' names are known when all nets are joined."""
        found: dict[str, int] = {}

        def rename(match: re.Match[str]) -> str:
            parts = []
            for name in (part.strip() for part in match[2].split(",")):
                if match[1].lower() == "i":
                    parts.append(path + name)
                elif name.lower() in local:
                    found[name.lower()] = int(nets[local[name.lower()]])
                    parts.append(f"\0{name.lower()}\0")
                else:
                    parts.append(name)
            return f"{match[1]}({','.join(parts)})"

        self._probes.append((key, cell, _PROBE.sub(rename, text), found))

    def _multiply(self, body: Body, times: NDArray[np.float64], shift: NDArray[np.int64]) -> None:
        """Multiply the devices' `m` by that of the instances around them."""
        devices = np.flatnonzero(self.device[body.module.cell_type[body.leaves]])
        rows = np.flatnonzero(times != 1.0)
        if len(devices) == 0:
            return
        cell = (shift[rows] + devices).ravel()
        own = np.ones(len(cell))
        table = self.rows.setdefault("m", _Rows())
        if table.cell:
            cells, numbers, _ = table.joined()
            place = np.minimum(np.searchsorted(cell, cells), len(cell) - 1)
            hit = cell[place] == cells
            own[place[hit]] = numbers[hit]
        table.add(cell, own * np.repeat(times[rows], len(devices)), np.full(len(cell), -1, np.int64))

    def settle(self, label: Callable[[int], str]) -> None:
        """Put the flat names of nodes into behavioural expressions; `label` names a flat net's literal."""
        for key, cell, text, found in self._probes:
            for name, literal in found.items():
                text = text.replace(f"\0{name}\0", label(literal))
            self.rows[key].add(np.array([cell]), np.array([math.nan]), np.array([self.table.intern(text)]))

    def tables(self) -> dict[str, SideTable]:
        """The side tables; of two rows for a cell the later one holds."""
        made = {}
        for key, rows in self.rows.items():
            cell, number, text = rows.joined()
            order = np.argsort(cell, kind="stable")
            order = order[np.concatenate([np.diff(cell[order]) != 0, [True]])]
            made[key] = SideTable(cell[order].astype(np.int32), number[order], text[order].astype(np.int32))
        return made
