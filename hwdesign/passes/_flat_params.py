"""Parameters of a flattened module: evaluated in the scope of each instance."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import HwdesignError
from hwdesign.netlist import Kind, Model, Module, NameTable, Netlist, SideTable
from hwdesign.netlist.devices import TEXT_PARAMETERS
from hwdesign.netlist.expressions import RUNTIME_NAMES, evaluate_expression, names_in, substitute
from hwdesign.netlist.parameters import functions, global_environment, module_environment
from hwdesign.passes._hierarchy import Body

Value = float | str
_BEHAVIOURAL = ("BSRC", "E", "G")
_PROBE = re.compile(r"\b([vi])\s*\(([^()]*)\)", re.IGNORECASE)


@dataclass(frozen=True, eq=False, slots=True)
class Scope:
    """Parameters in force in an occurrence: values by lower-case name, and its multiplicity `m`."""

    env: Mapping[str, float]
    times: float


@dataclass(slots=True)
class _Rows:
    """One side table under construction, rows in rising order of cells but for late additions."""

    cell: list[NDArray[np.int64]] = field(default_factory=list)
    number: list[NDArray[np.float64]] = field(default_factory=list)
    text: list[NDArray[np.int64]] = field(default_factory=list)


class FlatParams:
    """Collects side tables and model cards while modules are unfolded."""

    def __init__(self, netlist: Netlist, table: NameTable, separator: str) -> None:
        self.netlist = netlist
        self.table = table
        self.separator = separator
        device = netlist.library.of_kind(Kind.DEVICE)
        # Only devices have expressions: gate-level netlists pay nothing for scopes.
        self.active = any(bool(device[m.cell_type].any()) for m in netlist.modules.values())
        self.device = device
        self.rows: dict[str, _Rows] = {}
        self.models = {key: card for key, card in netlist.models.items() if card.scope in ("", netlist.top)}
        self._scopes: dict[tuple[object, ...], Scope] = {}
        self._cards: dict[tuple[str, str, int], str] = {}
        self._probes: list[tuple[str, int, str, Mapping[str, int]]] = []
        self._global = global_environment(netlist) if self.active else {}

    def top_scope(self) -> list[Scope]:
        """The top's parameters."""
        if not self.active:
            return []
        return [Scope(module_environment(self.netlist, self.netlist.top, outer=self._global), 1.0)]

    def child_scopes(self, body: Body, scopes: list[Scope], cells: NDArray[np.int64], child: str) -> list[Scope]:
        """Scopes of the instances `cells` of module `child`, for each occurrence of their parent in turn."""
        if not self.active:
            return []
        known: dict[int, list[Scope]] = {}
        for scope in scopes:
            if id(scope) not in known:
                known[id(scope)] = [self._child_scope(body.module, scope, int(cell), child) for cell in cells]
        return [inner for scope in scopes for inner in known[id(scope)]]

    def _child_scope(self, module: Module, scope: Scope, cell: int, child: str) -> Scope:
        formal = {key.lower() for key in self.netlist.modules[child].parameters}
        given: dict[str, float] = {}
        times = scope.times
        try:
            for key, value in module.params_of(cell).items():
                if key.startswith("@"):
                    continue
                number = value if not isinstance(value, str) else self._evaluate(value, scope, module.name)
                if key.lower() == "m" and "m" not in formal:
                    times *= number
                else:
                    given[key.lower()] = number
            sign = (child, times, *sorted(given.items()))
            if sign not in self._scopes:
                env = module_environment(self.netlist, child, given, self._global)
                self._scopes[sign] = Scope(env, times)
        except HwdesignError as error:
            raise _located(error, module, cell) from error
        return self._scopes[sign]

    def _evaluate(self, text: str, scope: Scope, module: str) -> float:
        return evaluate_expression(text, scope.env, functions(self.netlist, module))

    def add_leaves(
        self, body: Body, prefix: list[str], scopes: list[Scope], nets: NDArray[np.int64], first: int
    ) -> None:
        """Side tables of a module's cells that are no instances, for each occurrence."""
        module, leaves = body.module, body.leaves
        rank = np.full(module.num_cells, -1, np.int64)
        rank[leaves] = np.arange(len(leaves))
        shift = first + len(leaves) * np.arange(len(prefix))[:, None]
        below_top = self.active and module.name != self.netlist.top
        for key, table in module.params.items():
            rows = np.flatnonzero(rank[table.cell] >= 0)
            if len(rows) == 0:
                continue
            number = np.tile(table.number[rows], (len(prefix), 1))
            text = np.tile(table.text[rows].astype(np.int64), (len(prefix), 1))
            if below_top and not key.startswith("@"):
                for column in np.flatnonzero(
                    (table.text[rows] >= 0) & self.device[module.cell_type[table.cell[rows]]]
                ).tolist():
                    cell = int(table.cell[rows[column]])
                    value = module.names[int(table.text[rows[column]])]
                    cells = shift[:, 0] + rank[cell]
                    self._bind(
                        module, cell, key, value, prefix, scopes, nets, cells, number[:, column], text[:, column]
                    )
            into = self.rows.setdefault(key, _Rows())
            into.cell.append((shift + rank[table.cell[rows]]).ravel())
            into.number.append(number.ravel())
            into.text.append(text.ravel())
        if below_top:
            self._multiply(body, scopes, shift)

    def _bind(
        self, module: Module, cell: int, key: str, value: str, prefix: list[str], scopes: list[Scope],
        nets: NDArray[np.int64], cells: NDArray[np.int64], number: NDArray[np.float64], text: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Replace one text parameter of a device in every occurrence, in place."""
        done: dict[int, Value] = {}
        probes = key == "value" and module.type_of(cell).name in _BEHAVIOURAL and _PROBE.search(value) is not None
        for at, (path, scope) in enumerate(zip(prefix, scopes, strict=True)):
            if key in ("control", "inductors"):
                found: Value = " ".join(path + name for name in value.split())
            else:
                if id(scope) not in done:
                    try:
                        done[id(scope)] = self._in_scope(module, key, value, scope, probes)
                    except HwdesignError as error:
                        raise _located(error, module, cell) from error
                found = done[id(scope)]
            if probes:
                assert isinstance(found, str)
                self._probe(module, key, int(cells[at]), found, path, nets[at])
            if isinstance(found, str):
                text[at] = self.table.intern(found)
            else:
                number[at], text[at] = found, -1

    def _in_scope(self, module: Module, key: str, value: str, scope: Scope, probes: bool) -> Value:
        if key == "model":
            return self._card(module, value, scope)
        if value == "" or key in TEXT_PARAMETERS - {"tran"}:
            return value
        if key == "tran" or probes or RUNTIME_NAMES.intersection(names_in(value)):
            return substitute(value, scope.env)
        return self._evaluate(value, scope, module.name)

    def _probe(self, module: Module, key: str, cell: int, text: str, path: str, nets: NDArray[np.int64]) -> None:
        """Note a behavioural expression: its nodes' names are known when all nets are joined."""
        local = {label.lower(): net for net, label in enumerate(module.net_labels())}
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

    def _card(self, module: Module, name: str, scope: Scope) -> str:
        """Name of the card in the flat netlist; a subcircuit's own card becomes a global one, evaluated."""
        card = self.netlist.model(name, module.name)
        if card is None or not card.scope:
            return name
        bound = any(isinstance(value, str) and value for value in card.params.values())
        sign = (module.name, card.name, id(scope) if bound else 0)
        if sign not in self._cards:
            fresh = base = f"{card.scope}{self.separator}{card.name}"
            suffix = 0
            while fresh.lower() in self.models:
                suffix += 1
                fresh = f"{base}_{suffix}"
            params = {
                key: self._evaluate(value, scope, module.name) if isinstance(value, str) and value else value
                for key, value in card.params.items()
            }
            made: Model = replace(card, name=fresh, params=params, scope="")
            self.models[made.key] = made
            self._cards[sign] = fresh
        return self._cards[sign]

    def _multiply(self, body: Body, scopes: list[Scope], shift: NDArray[np.int64]) -> None:
        """Multiply the devices' `m` by that of the instances around them."""
        times = np.array([scope.times for scope in scopes])
        devices = np.flatnonzero(self.device[body.module.cell_type[body.leaves]])
        rows = np.flatnonzero(times != 1.0)
        if len(rows) == 0 or len(devices) == 0:
            return
        cell = (shift[rows] + devices).ravel()
        factor = np.repeat(times[rows], len(devices))
        into = self.rows.setdefault("m", _Rows())
        own = np.ones(len(cell))
        if into.cell:
            cells, numbers, texts = (np.concatenate(c) for c in (into.cell, into.number, into.text))
            order = np.argsort(cell)
            place = np.searchsorted(cell[order], cells)
            hit = (place < len(cell)) & (cell[order][np.minimum(place, len(cell) - 1)] == cells)
            own[order[place[hit]]] = numbers[hit]
            into.cell, into.number, into.text = [cells[~hit]], [numbers[~hit]], [texts[~hit]]
        into.cell.append(cell)
        into.number.append(own * factor)
        into.text.append(np.full(len(cell), -1))

    def settle(self, label: Callable[[int], str]) -> None:
        """Put the flat names of nodes into behavioural expressions; `label` names a flat net's literal."""
        for key, cell, text, found in self._probes:
            for name, literal in found.items():
                text = text.replace(f"\0{name}\0", label(literal))
            rows = self.rows[key]
            rows.cell.append(np.array([cell]))
            rows.number.append(np.array([math.nan]))
            rows.text.append(np.array([self.table.intern(text)]))

    def tables(self) -> dict[str, SideTable]:
        """The side tables; of two rows for a cell the later one holds."""
        made = {}
        for key, rows in self.rows.items():
            cell, number, text = (np.concatenate(c) for c in (rows.cell, rows.number, rows.text))
            order = np.argsort(cell, kind="stable")
            last = np.concatenate([np.diff(cell[order]) != 0, [True]])
            order = order[last]
            made[key] = SideTable(cell[order].astype(np.int32), number[order], text[order].astype(np.int32))
        return made


def _located(error: HwdesignError, module: Module, cell: int) -> HwdesignError:
    """The same error at the line of a cell."""
    what = f"cell '{module.cell_label(cell)}' in module '{module.name}': {error.what}"
    return type(error)(what, file=module.file or None, line=int(module.cell_line[cell]), mend=error.mend)
