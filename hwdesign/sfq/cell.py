"""What every SFQ cell is: a frozen data class with ports, a subcircuit and a behavioural model."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from hwdesign.circuits.registry import Parameter
from hwdesign.errors import NetlistError
from hwdesign.netlist import Builder, Direction, Directive, ModuleBuilder, Netlist
from hwdesign.sfq.draft import GROUND, Draft
from hwdesign.sfq.process import FLUX_QUANTUM, LINEAR_10KA, PROCESSES, Process

PortRole = Literal["data", "clock", "set", "reset", "level", "line"]


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a cell.

    Attributes:
        name: in the netlist.
        direction: seen from the cell.
        role: `data`, `clock`, `set`, `reset`: single flux quanta; `level`: a current in (DC/SFQ) or a voltage out
            (SFQ/DC); `line`: the end of a passive transmission line.
    """

    name: str
    direction: Direction
    role: PortRole = "data"


def inp(name: str, role: PortRole = "data") -> Port:
    """An input port."""
    return Port(name, Direction.IN, role)


def out(name: str = "q", role: PortRole = "data") -> Port:
    """An output port."""
    return Port(name, Direction.OUT, role)


def parameter(default: Any, help: str, low: float | None = None, high: float | None = None) -> Any:
    """A field of a cell: its default, meaning and bounds."""
    return field(default=default, metadata={"default": default, "help": help, "low": low, "high": high})


def ic_parameter(default: float = 250.0) -> Any:
    """The critical current that a cell's other values scale with."""
    return parameter(default, "critical current of the cell's unit junction, in microampere", 10.0, 2000.0)


def bias_parameter(default: float = 0.7) -> Any:
    """The bias of a cell's plain junctions."""
    return parameter(default, "bias current over critical current of a plain junction", 0.0, 1.0)


Events = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Cell:
    """An SFQ cell: parameters, ports, subcircuit, behaviour.

    Subclasses set the class attributes, draw their circuit in `draw` and react to one pulse in `react`.

    Attributes:
        process: the process card.
        kind: name of the cell, as `hwdesign generate sfq` takes it; its module is `sfq_KIND`.
        ports: in the module's order, where they do not depend on the parameters; see `all_ports`.
        instance_parameters: fields that are parameters of the subcircuit, by the subcircuit's name for them: instances
            that differ in these alone share one module.
        level_junction: where an output is a level, the junction that pulses as long as it is on.
        shown_junctions: junctions whose phases a test bench prints besides its loads'.
        behavioural_only: fields that the subcircuit does not depend on.
    """

    process: Process = field(default=LINEAR_10KA, kw_only=True)
    kind: ClassVar[str]
    ports: ClassVar[tuple[Port, ...]] = ()
    instance_parameters: ClassVar[Mapping[str, str]] = {}
    behavioural_only: ClassVar[frozenset[str]] = frozenset()
    level_junction: ClassVar[str] = ""
    shown_junctions: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        """Check every parameter against its bounds.

        Raises:
            NetlistError: a value is out of range or of another type.
        """
        for item in self.parameters():
            object.__setattr__(self, item.name, item.convert(getattr(self, item.name), self.kind))

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """The cell's own parameters, without the process."""
        found = ((f.name, f.metadata) for f in fields(cls) if f.name != "process")
        return tuple(
            Parameter(name, type(own["default"]), own["default"], own["help"], own["low"], own["high"])
            for name, own in found
        )

    # Ports

    def all_ports(self) -> tuple[Port, ...]:
        """The ports, in the module's order."""
        return self.ports

    def inputs(self) -> tuple[Port, ...]:
        """Input ports, in order."""
        return tuple(port for port in self.all_ports() if port.direction is Direction.IN)

    def outputs(self) -> tuple[Port, ...]:
        """Output ports, in order."""
        return tuple(port for port in self.all_ports() if port.direction is Direction.OUT)

    # Netlists

    def draw(self, d: Draft) -> None:
        """Add the cell's elements to an empty module."""
        raise NotImplementedError

    @property
    def module_name(self) -> str:
        """Name of the cell's module: its kind, and what differs from the defaults."""
        name = "sfq_" + self.kind
        left_out = {*self.instance_parameters.values(), *self.behavioural_only}
        for item in self.parameters():
            value = getattr(self, item.name)
            if value != item.default and item.name not in left_out:
                text = f"{value:.9g}" if isinstance(value, float) else str(value)
                name += f"_{item.name}_" + text.replace(".", "p").replace("-", "m").replace("+", "")
        if self.process != LINEAR_10KA:
            name += "_" + self.process.name.replace("-", "_")
            if self.process != PROCESSES.get(self.process.name):
                kelvin = self.process.temperature_k
                name += "_own" if kelvin is None else f"_{kelvin:g}k".replace(".", "p")
        return name

    def module(self, builder: Builder) -> ModuleBuilder:
        """The cell's module in `builder`, made when new.

        Raises:
            NetlistError: the builder has a module or model card of that name which is another.
        """
        model = self.process.model()
        if builder.models.setdefault(model.key, model) != model:
            raise NetlistError(f"two process cards are named '{self.process.name}'", mend="rename one of them")
        if GROUND not in builder.global_nets:
            builder.global_nets.append(GROUND)
        module = builder.module(self.module_name)
        if not module.as_type().roles:  # just made, or the top of `netlist`
            for port in self.all_ports():
                module.port(port.name, port.direction)
            module.parameters = {key: self._instance_value(key) for key in self.instance_parameters}
            self.draw(Draft(module, self.process))
        return module

    def _instance_value(self, key: str) -> float:
        value = float(getattr(self, self.instance_parameters[key]))
        return value / 1e6 if self.instance_parameters[key].endswith("_ua") else value

    def place(self, module: ModuleBuilder, pins: Mapping[str, int], *, name: str) -> int:
        """Add an instance of the cell to a module. Returns the instance's id.

        Args:
            module: where it goes.
            pins: net of each port, by the port's name.
            name: of the instance.

        Raises:
            NetlistError: see `module`.
        """
        own = self.module(module.owner)
        params = {key: self._instance_value(key) for key in self.instance_parameters}
        return module.instance(own.name, pins, name=name, params=params)

    def netlist(self) -> Netlist:
        """Netlist whose top is the cell's module."""
        builder = Builder(self.module_name)
        builder.directives.append(Directive("title", f"SFQ cell {self.module_name}, made by hwdesign"))
        self.module(builder)
        return builder.freeze()

    # Behaviour

    @property
    def delay_ps(self) -> float:
        """Time from an input's pulse to the output's, picoseconds, for the behavioural model.

        Measured at the default values, from the last junction before the cell to the first one after it.
        """
        return 0.0

    def delay_to(self, output: str) -> float:
        """`delay_ps` to one output, where they differ."""
        return self.delay_ps

    def initial(self) -> Hashable:
        """State before the first pulse."""
        return None

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """State after a pulse at an input, and the outputs that give a pulse."""
        raise NotImplementedError

    def behaviour(self, events: Events) -> dict[str, tuple[float, ...]]:
        """What the outputs do: the cell as an event-driven state machine.

        Args:
            events: times of the pulses at the inputs, in picoseconds, by port; a missing port has none.

        Returns:
            Times of the pulses at the outputs, in picoseconds, by port: `delay_to` after the pulse that caused them.

        Raises:
            NetlistError: a port that the cell has not, or a time that is not finite.
        """
        known = {port.name for port in self.inputs()}
        check_ports(events, known, self.kind)
        rank = {port.name: at for at, port in enumerate(self.inputs())}
        queue = sorted((t, rank[port], port) for port, times in events.items() for t in times)
        found: dict[str, list[float]] = {port.name: [] for port in self.outputs()}
        state = self.initial()
        for t, _, port in queue:
            state, fired = self.react(state, port, t)
            for output in fired:
                found[output].append(t + self.delay_to(output))
        return {port: tuple(times) for port, times in found.items()}

    # Rules

    @property
    def phi_ph_ua(self) -> float:
        """The flux quantum in picohenry · microampere, from which inductances follow: 2067.8."""
        return FLUX_QUANTUM * 1e18


def check_ports(events: Events, known: Iterable[str], kind: str) -> None:
    """Refuse events at unknown ports or at times that are no numbers.

    Raises:
        NetlistError: a port is not among `known`, or a time is not finite.
    """
    names = list(known)
    for port, times in events.items():
        if port not in names:
            raise NetlistError(f"cell '{kind}' has no input '{port}'", mend=f"its inputs: {', '.join(names)}")
        for t in times:
            if not math.isfinite(t):
                raise NetlistError(f"a pulse at input '{port}' of '{kind}' has the time {t}")
