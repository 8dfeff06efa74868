"""What the patterns of timing constraints mean in a module: ports, pins, cells, nets, clocks."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hwdesign.errors import NetlistError
from hwdesign.netlist.constraints import Constraints, ObjectKind, Objects, Query
from hwdesign.netlist.module import Module
from hwdesign.netlist.netlist import Finding
from hwdesign.netlist.types import Direction, Kind

_SHOWN = 5


@dataclass
class Targets:
    """Objects of a module, each once, in the order found.

    Attributes:
        ports: rows of the module's port columns.
        pins: rows of its pin columns.
        cells: cell ids.
        nets: net ids.
        clocks: names.
    """

    ports: list[int] = field(default_factory=list)
    pins: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    nets: list[int] = field(default_factory=list)
    clocks: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.ports or self.pins or self.cells or self.nets or self.clocks)

    def add(self, other: Targets) -> None:
        """Append what is new."""
        for mine, theirs in ((self.ports, other.ports), (self.pins, other.pins), (self.cells, other.cells),
                             (self.nets, other.nets)):  # fmt: skip
            known = set(mine)
            mine += [at for at in theirs if at not in known]
        self.clocks += [name for name in other.clocks if name not in self.clocks]

    def remove(self, other: Targets) -> None:
        """Take out what `other` holds."""
        for mine, theirs in ((self.ports, other.ports), (self.pins, other.pins), (self.cells, other.cells),
                             (self.nets, other.nets)):  # fmt: skip
            gone = set(theirs)
            mine[:] = [at for at in mine if at not in gone]
        self.clocks[:] = [name for name in self.clocks if name not in other.clocks]


class BoundConstraints:
    """Constraints with the objects that their queries mean in one module.

    Attributes:
        constraints: as read.
        module: flat; pins are named `INSTANCE/PIN`.
        findings: rule `not-found` (error) for names that the module lacks, one a query; `no-clock` (warning) where the
            file makes no clock.
    """

    def __init__(self, constraints: Constraints, module: Module) -> None:
        self.constraints = constraints
        self.module = module
        self._names = _Names(module)
        self._known: dict[Query, Targets] = {}
        findings: list[Finding] = []
        for query in constraints.queries():
            self._resolve(query, findings)
        if not constraints.clocks:
            findings.append(
                Finding(
                    "no-clock", "warning", "the constraints make no clock, so no path is timed", file=constraints.file
                )
            )
        self.findings = tuple(findings)

    def __getitem__(self, objects: Objects) -> Targets:
        """What queries of these constraints mean, together."""
        found = Targets()
        for query in objects:
            found.add(self._resolve(query, []))
        return found

    def pin_names(self, pins: Iterable[int]) -> list[str]:
        """`INSTANCE/PIN` of rows of the pin columns."""
        return [self._names.pin_label(pin) for pin in pins]

    def require(self) -> BoundConstraints:
        """These constraints, when every name was found.

        Raises:
            NetlistError: names were not found; says how many, and the first five.
        """
        faults = [finding for finding in self.findings if finding.severity == "error"]
        if faults:
            names = list(dict.fromkeys(name for finding in faults for name in finding.names))
            shown = ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")
            raise NetlistError(
                f"{len(names)} names of the constraints are not in module '{self.module.name}': {shown}",
                file=faults[0].file or None,
                line=faults[0].line,
                mend="check that both files are of one design",
            )
        return self

    def _resolve(self, query: Query, findings: list[Finding]) -> Targets:
        known = self._known.get(query)
        if known is not None:
            return known
        found, missing = Targets(), []
        if not query.patterns:
            found.add(self._all(query, findings))
        for pattern in query.patterns:
            one = next((t for kind in query.kinds if (t := self._find(kind, pattern))), None)
            if one is not None:
                found.add(one)
            else:
                missing.append(pattern)
        for other in query.without:
            found.remove(self._resolve(other, findings))
        if missing and not query.quiet:
            sort = " or ".join(query.kinds)
            shown = ", ".join(missing[:_SHOWN]) + (" ..." if len(missing) > _SHOWN else "")
            text = f"module '{self.module.name}' has no {sort} {shown}"
            if len(missing) > 1:
                text = f"module '{self.module.name}' lacks {len(missing)} names ({sort}): {shown}"
            findings.append(
                Finding("not-found", "error", text, self.module.name, tuple(missing), query.file, query.line)
            )
        self._known[query] = found
        return found

    def _all(self, query: Query, findings: list[Finding]) -> Targets:
        module, found = self.module, Targets()
        for kind in query.kinds:
            if kind is ObjectKind.ALL_INPUTS:
                ports = np.isin(module.port_dir, (Direction.IN, Direction.INOUT)).nonzero()[0].tolist()
                clocked: set[int] = set()
                if not query.clocks:
                    for clock in self.constraints.clocks.values():
                        for source in clock.sources:
                            clocked.update(self._resolve(source, findings).ports)
                found.ports += [port for port in ports if port not in clocked]
            elif kind is ObjectKind.ALL_OUTPUTS:
                found.ports += np.isin(module.port_dir, (Direction.OUT, Direction.INOUT)).nonzero()[0].tolist()
            elif kind is ObjectKind.ALL_CLOCKS:
                found.clocks += list(self.constraints.clocks)
            elif kind is ObjectKind.ALL_REGISTERS and module.num_cells:
                registers = module.library.of_kind(Kind.SEQ)[module.cell_type]
                found.cells += np.flatnonzero(registers).tolist()
        return found

    def _find(self, kind: ObjectKind, pattern: str) -> Targets:
        names = self._names
        if kind is ObjectKind.PORT:
            return Targets(ports=names.ports(pattern))
        if kind is ObjectKind.PIN:
            return Targets(pins=names.pins(pattern))
        if kind is ObjectKind.CELL:
            return Targets(cells=_match(pattern, names.cell_index))
        if kind is ObjectKind.NET:
            return Targets(nets=_match(pattern, names.net_index))
        clocks = {name: at for at, name in enumerate(self.constraints.clocks)}
        order = list(clocks)
        return Targets(clocks=[order[at] for at in _match(pattern, clocks)])


def bind(constraints: Constraints, module: Module) -> BoundConstraints:
    """Find what the constraints' names mean in a flat module; `BoundConstraints.findings` says what was not found."""
    return BoundConstraints(constraints, module)


class _Names:
    """Names of a module's objects, made when first asked for."""

    def __init__(self, module: Module) -> None:
        self._module = module

    @cached_property
    def port_index(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self._module.port_labels())}

    @cached_property
    def cell_index(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self._module.cell_labels())}

    @cached_property
    def net_index(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self._module.net_labels()) if at > 1}

    @cached_property
    def _bus_ports(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for port, bus in enumerate(self._module.port_bus.tolist()):
            if bus >= 0:
                found.setdefault(self._module.buses[bus].name, []).append(port)
        return found

    def ports(self, pattern: str) -> list[int]:
        """Ports by name; a bus' name means all its bits."""
        found = _match(pattern, self.port_index)
        if found:
            return found
        return [port for name in _named(pattern, self._bus_ports) for port in self._bus_ports[name]]

    def pins(self, pattern: str) -> list[int]:
        """Pins by `INSTANCE/PIN`; the instance's name may hold slashes itself."""
        instance, slash, pin = pattern.rpartition("/")
        if not slash:
            return []
        module, found = self._module, []
        wanted = _pattern(pin)
        for cell in _match(instance, self.cell_index):
            roles = module.type_of(cell).roles
            for at in range(int(module.pin_ptr[cell]), int(module.pin_ptr[cell + 1])):
                if wanted.fullmatch(roles[int(module.pin_role[at])].name):
                    found.append(at)
        return found

    def pin_label(self, pin: int) -> str:
        """`INSTANCE/PIN` of a pin."""
        module = self._module
        cell = int(np.searchsorted(module.pin_ptr, pin, side="right")) - 1
        return f"{module.cell_label(cell)}/{module.type_of(cell).roles[int(module.pin_role[pin])].name}"


def _pattern(text: str) -> re.Pattern[str]:
    """A glob of `*` and `?`; brackets are part of the names of bus bits."""
    return re.compile(fnmatch.translate(text.replace("[", "[[]")), re.DOTALL)


def _match(pattern: str, index: dict[str, int]) -> list[int]:
    return [index[name] for name in _named(pattern, index)]


def _named(pattern: str, names: Iterable[str]) -> list[str]:
    if "*" not in pattern and "?" not in pattern:
        return [pattern] if pattern in names else []
    found = _pattern(pattern)
    return [name for name in names if found.fullmatch(name)]
