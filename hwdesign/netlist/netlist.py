"""A netlist: modules over one library and one pool of names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from hwdesign.errors import NetlistError
from hwdesign.netlist.module import Module
from hwdesign.netlist.names import NamePool
from hwdesign.netlist.types import CellType, Direction, Kind, Library, Role


@dataclass(frozen=True, slots=True)
class Model:
    """A device's model card (SPICE `.model NAME KIND (key=value ...)`).

    Attributes:
        name: as cells name it in their `model` parameter.
        kind: `nmos`, `jj`, `d` ... in lower case.
        params: numbers in SI units, or the text of an expression.
        line: source line, 0 where unknown.
        scope: module within which alone the card holds; '' where it holds everywhere.
    """

    name: str
    kind: str
    params: Mapping[str, float | str] = field(default_factory=dict)
    line: int = 0
    scope: str = ""

    @property
    def key(self) -> str:
        """Key in `Netlist.models`: the name, or `scope/name`, in lower case."""
        return (f"{self.scope}/{self.name}" if self.scope else self.name).lower()


@dataclass(frozen=True, slots=True)
class Directive:
    """A SPICE control line that is kept for the simulator (`.tran 1p 1n`), not interpreted by the IR.

    `param` (`name=value`) and `func` (`f(x)=body`) are read by `hwdesign.netlist.parameters`; `title` is the deck's.

    Attributes:
        name: without the dot, in lower case.
        text: what follows.
        line: source line, 0 where unknown.
        module: module in which the line stands, '' for the deck itself.
    """

    name: str
    text: str = ""
    line: int = 0
    module: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a netlist that its owner should know.

    Attributes:
        rule: short name of the rule (`undriven-net`).
        severity: `error`, `warning` or `note`.
        message: one sentence without a full stop.
        module: module concerned, '' for the netlist.
        names: cells, nets or ports concerned.
        file: source file, '' where unknown.
        line: source line, 0 where unknown.
    """

    rule: str
    severity: str
    message: str
    module: str = ""
    names: tuple[str, ...] = ()
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """`file:line: severity: message [rule]`."""
        where = "" if not self.file else f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        return f"{where}{self.severity}: {self.message} [{self.rule}]"


def module_type(name: str, ports: list[str], directions: list[int]) -> CellType:
    """Cell type under which a module is instantiated: one role a port bit."""
    roles = tuple(Role(port, Direction(d)) for port, d in zip(ports, directions, strict=True))
    return CellType(name, Kind.MODULE, roles)


@dataclass(frozen=True, eq=False, repr=False)
class Netlist:
    """Immutable netlist of one or more modules.

    Attributes:
        modules: by name, in source order.
        top: name of the top module.
        library: cell types of all modules; an instantiated module has a type of its own name.
        names: pool of all names.
        models: device model cards by their `Model.key`.
        global_nets: names of nets that are one net in every module (SPICE ground `0` and `.global`).
        findings: what the reader had to remark.
        file: source file, '' where built in memory.
        directives: SPICE control lines, in order.
    """

    modules: Mapping[str, Module]
    top: str
    library: Library
    names: NamePool
    models: Mapping[str, Model] = field(default_factory=dict)
    global_nets: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    file: str = ""
    directives: tuple[Directive, ...] = ()

    def __post_init__(self) -> None:
        if self.top not in self.modules:
            known = ", ".join(list(self.modules)[:5]) or "none"
            raise NetlistError(f"no module is named '{self.top}'", file=self.file or None, mend=f"modules: {known}")
        object.__setattr__(self, "modules", MappingProxyType(dict(self.modules)))
        object.__setattr__(self, "models", MappingProxyType(dict(self.models)))

    def __repr__(self) -> str:
        cells = sum(module.num_cells for module in self.modules.values())
        return f"<Netlist {self.top!r}: {len(self.modules)} modules, {cells} cells>"

    @property
    def top_module(self) -> Module:
        """The top module."""
        return self.modules[self.top]

    def with_top(self, top: str) -> Netlist:
        """The same netlist seen from another module.

        Raises:
            NetlistError: no module has that name.
        """
        return replace(self, top=top)

    def with_module(self, module: Module) -> Netlist:
        """Netlist of this one module alone, which may use another pool or library than ours."""
        return replace(self, modules={module.name: module}, top=module.name, library=module.library, names=module.names)

    def model(self, name: str, module: str = "") -> Model | None:
        """The model card that `name` means in a module, its own before a global one; None where there is none."""
        low = name.lower()
        return self.models.get(f"{module.lower()}/{low}") or self.models.get(low)

    def digest(self) -> str:
        """SHA-256 over structure and names, for data cards; equal netlists from equal sources agree."""
        hasher = hashlib.sha256()
        for name, module in self.modules.items():
            hasher.update(name.encode("utf-8", "surrogateescape") + b"\0")
            types = [t.name for t in module.library]
            hasher.update("\0".join(types).encode("utf-8", "surrogateescape"))
            for column in (module.cell_type, module.pin_ptr, module.pin_net, module.pin_role, module.pin_flags):
                hasher.update(np.ascontiguousarray(column).tobytes())
            for column in (module.port_net, module.port_dir, module.port_flags):
                hasher.update(np.ascontiguousarray(column).tobytes())
            labels = module.port_labels() + module.names.decode(module.net_name)
            hasher.update("\0".join(labels).encode("utf-8", "surrogateescape"))
        return hasher.hexdigest()
