"""What a reader of RTL text finds: modules, their signals, and where each is declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["input", "output", "inout"]


@dataclass(frozen=True)
class RtlParameter:
    """A parameter: its default as text, its value where that is a plain integer constant."""

    name: str
    default: str
    value: int | None
    local: bool
    line: int


@dataclass(frozen=True)
class RtlSignal:
    """A net, variable or port.

    Attributes:
        name: its name.
        kind: `wire`, `reg`, `integer`, `real`, `genvar`, `tri` or `supply`.
        direction: for a port, else None.
        range: `msb:lsb` as text, or "" for a single bit.
        bits: its width with the parameters' defaults; None where it is not a plain constant.
        words: the ranges of a memory or array as text, or "".
        signed: whether it is declared signed.
        line: where it is declared.
    """

    name: str
    kind: str
    direction: Direction | None
    range: str
    bits: int | None
    words: str
    signed: bool
    line: int


@dataclass(frozen=True)
class RtlAssign:
    """A continuous assignment: the signals that it drives, its right side as text, and the signals that this reads."""

    targets: tuple[str, ...]
    expression: str
    sources: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class RtlAlways:
    """An `always` block: what wakes it, whether an edge does, and the signals that it assigns."""

    sensitivity: tuple[str, ...]
    clocked: bool
    targets: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class RtlInstance:
    """An instance: connections and parameters are (name, expression as text); positional names are ""."""

    name: str
    module: str
    parameters: tuple[tuple[str, str], ...]
    connections: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True)
class RtlModule:
    """A module. Instances, assignments and blocks inside `generate` are listed once, as written.

    Attributes:
        name: its name.
        line: where it starts.
        parameters: parameters and local parameters.
        ports: in the order of the port list.
        signals: what is declared inside; ports are not repeated.
        registers: signals that a clocked block assigns; synthesis makes flip-flops of them.
        assigns: continuous assignments.
        always: `always` blocks.
        initial: number of `initial` blocks.
        instances: instances of modules and primitives.
        functions: names of functions and tasks.
    """

    name: str
    line: int
    parameters: tuple[RtlParameter, ...]
    ports: tuple[RtlSignal, ...]
    signals: tuple[RtlSignal, ...]
    registers: tuple[str, ...]
    assigns: tuple[RtlAssign, ...]
    always: tuple[RtlAlways, ...]
    initial: int
    instances: tuple[RtlInstance, ...]
    functions: tuple[str, ...]

    @property
    def clocks(self) -> tuple[str, ...]:
        """Signals whose edges wake blocks (asynchronous resets among them), as `posedge clk`, each once."""
        edges = (word for block in self.always if block.clocked for word in block.sensitivity)
        return tuple(dict.fromkeys(word for word in edges if word.startswith(("posedge ", "negedge "))))


@dataclass(frozen=True)
class RtlDesign:
    """The modules of a file; `file` is "" for a text."""

    file: str
    modules: tuple[RtlModule, ...]

    @property
    def tops(self) -> tuple[str, ...]:
        """Modules that no other module here instantiates."""
        used = {instance.module for module in self.modules for instance in module.instances}
        return tuple(module.name for module in self.modules if module.name not in used)

    def module(self, name: str) -> RtlModule:
        """The module of that name; KeyError where there is none."""
        for module in self.modules:
            if module.name == name:
                return module
        raise KeyError(name)
