"""What each SDC command adds to the constraints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hwdesign.formats.sdc.arguments import Arguments, sort_words
from hwdesign.formats.sdc.tcl import Command, Value
from hwdesign.formats.sdc.units import Units, set_units
from hwdesign.netlist.constraints import (
    BOTH,
    CaseAnalysis,
    Clock,
    ClockLatency,
    ClockUncertainty,
    Constraints,
    DrivingCell,
    ExceptionKind,
    ObjectKind,
    Objects,
    PathException,
    PathPoint,
    PortDelay,
    PortValue,
    Quantity,
)

_PORT, _PIN, _CELL, _NET, _CLOCK = (
    ObjectKind.PORT, ObjectKind.PIN, ObjectKind.CELL, ObjectKind.NET, ObjectKind.CLOCK,
)  # fmt: skip
_ENDS = ("-from", "-rise_from", "-fall_from", "-to", "-rise_to", "-fall_to")
_THROUGH = ("-through", "-rise_through", "-fall_through")
_EDGES = ("-rise", "-fall")
_CORNERS = ("-min", "-max")
_CHECKS = ("-hold", "-setup")

IGNORED = frozenset(
    """set_max_transition set_max_capacitance set_max_fanout set_min_capacitance set_max_area set_max_dynamic_power
    set_max_leakage_power set_dont_touch set_dont_use set_wire_load_model set_wire_load_mode
    set_wire_load_selection_group set_wire_load_min_block_size current_design group_path set_fanout_load
    set_operating_conditions""".split()
)
"""Commands that set design rules, name the design, or choose what the libraries and parasitics say already."""


@dataclass
class Builder:
    """The constraints as they grow; one method a command.

    Attributes:
        units: factors of the file's numbers.
    """

    units: Units
    clocks: dict[str, Clock] = field(default_factory=dict)
    port_delays: list[PortDelay] = field(default_factory=list)
    port_values: list[PortValue] = field(default_factory=list)
    driving_cells: list[DrivingCell] = field(default_factory=list)
    exceptions: list[PathException] = field(default_factory=list)
    uncertainties: list[ClockUncertainty] = field(default_factory=list)
    latencies: list[ClockLatency] = field(default_factory=list)
    cases: list[CaseAnalysis] = field(default_factory=list)
    propagated: list[Objects] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)

    def finish(self, file: str) -> Constraints:
        """The constraints read so far."""
        return Constraints(
            clocks=self.clocks,
            port_delays=tuple(self.port_delays),
            port_values=tuple(self.port_values),
            driving_cells=tuple(self.driving_cells),
            exceptions=tuple(self.exceptions),
            uncertainties=tuple(self.uncertainties),
            latencies=tuple(self.latencies),
            cases=tuple(self.cases),
            propagated=tuple(query for objects in self.propagated for query in objects),
            ignored=dict(sorted(self.ignored.items())),
            file=file,
        )

    def handler(self, name: str) -> Callable[[Command], None] | None:
        """The method that reads a command, None for a command that is not supported."""
        return {
            "set_units": self._units,
            "create_clock": self._clock,
            "set_input_delay": self._port_delay,
            "set_output_delay": self._port_delay,
            "set_input_transition": self._input_transition,
            "set_clock_transition": self._clock_transition,
            "set_load": self._load,
            "set_drive": self._drive,
            "set_driving_cell": self._driving_cell,
            "set_false_path": self._exception,
            "set_multicycle_path": self._exception,
            "set_max_delay": self._exception,
            "set_min_delay": self._exception,
            "set_clock_uncertainty": self._uncertainty,
            "set_clock_latency": self._latency,
            "set_propagated_clock": self._propagated,
            "set_case_analysis": self._case,
        }.get(name)

    def _units(self, command: Command) -> None:
        self.units = set_units(command, self.units)

    def _time(self, words: Arguments, value: Value, what: str = "the time") -> float:
        return words.number(value, what) * self.units.time

    def _clock(self, command: Command) -> None:
        words = sort_words(command, flags=("-add",), options=("-name", "-period", "-waveform", "-comment"), most=1)
        if "-period" not in words.options:
            raise command.error("create_clock has no -period", "write -period and a time")
        period = self._time(words, words.options["-period"], "-period")
        if period <= 0:
            raise command.error(f"the clock's period is {period:g} ns", "write a period above 0")
        sources = words.objects(words.positions[0], _PORT, _PIN) if words.positions else ()
        name = words.text("-name")
        if not name:
            if not sources or not sources[0].patterns:
                raise command.error("create_clock has neither -name nor a source", "write -name and a name")
            name = sources[0].patterns[0]
        waveform = (0.0, period / 2)
        if "-waveform" in words.options:
            waveform = self._waveform(words, period)
        self.clocks[name] = Clock(name, period, waveform, sources, "-add" in words.flags, command.line)

    def _waveform(self, words: Arguments, period: float) -> tuple[float, float]:
        edges = [self._time(words, edge, "-waveform") for edge in words.items("-waveform")]
        if len(edges) != 2:
            raise words.command.error(
                f"the waveform has {len(edges)} edges, not 2", "write the rising and the falling edge"
            )
        rise, fall = edges
        if not 0 <= rise < fall <= rise + period:
            raise words.command.error(
                f"the waveform {rise:g} {fall:g} ns does not fit the period of {period:g} ns",
                "let the edges rise and lie within one period",
            )
        return rise, fall

    def _known_clock(self, words: Arguments, option: str = "-clock") -> str:
        value = words.options.get(option, "")
        if not isinstance(value, str):
            names = [name for query in value for name in query.patterns]
            if len(names) != 1 or value[0].kinds != (_CLOCK,):
                raise words.command.error(f"'{option}' of {words.command.name} takes one clock", "name it")
            value = names[0]
        if value and value not in self.clocks:
            raise words.command.error(f"no clock is named '{value}' so far", "create it before")
        return value

    def _port_delay(self, command: Command) -> None:
        words = sort_words(
            command,
            flags=(*_EDGES, *_CORNERS, "-clock_fall", "-add_delay"),
            options=("-clock",),
            least=2,
            most=2,
        )
        self.port_delays.append(
            PortDelay(
                output=command.name == "set_output_delay",
                value=self._time(words, words.positions[0], "the delay"),
                clock=self._known_clock(words),
                clock_fall="-clock_fall" in words.flags,
                edges=words.edges(),
                corners=words.corners(),
                added="-add_delay" in words.flags,
                objects=words.objects(words.positions[1], _PORT, _PIN),
                line=command.line,
            )
        )

    def _value(self, words: Arguments, quantity: Quantity, value: float, *kinds: ObjectKind) -> None:
        if value < 0:
            raise words.command.error(f"the value of {words.command.name} is negative", "write zero or more")
        self.port_values.append(
            PortValue(
                quantity,
                value,
                words.edges(),
                words.corners(),
                words.objects(words.positions[1], *kinds),
                words.command.line,
            )
        )

    def _input_transition(self, command: Command) -> None:
        words = sort_words(command, flags=(*_EDGES, *_CORNERS), least=2, most=2)
        self._value(words, Quantity.INPUT_TRANSITION, self._time(words, words.positions[0]), _PORT)

    def _clock_transition(self, command: Command) -> None:
        words = sort_words(command, flags=(*_EDGES, *_CORNERS), least=2, most=2)
        self._value(words, Quantity.CLOCK_TRANSITION, self._time(words, words.positions[0]), _CLOCK)

    def _load(self, command: Command) -> None:
        words = sort_words(command, flags=(*_EDGES, *_CORNERS, "-pin_load", "-wire_load"), least=2, most=2)
        quantity = Quantity.WIRE_LOAD if "-wire_load" in words.flags else Quantity.LOAD
        value = words.number(words.positions[0], "the load") * self.units.capacitance
        self._value(words, quantity, value, _PORT, _NET)

    def _drive(self, command: Command) -> None:
        words = sort_words(command, flags=(*_EDGES, *_CORNERS), least=2, most=2)
        value = words.number(words.positions[0], "the resistance") * self.units.resistance
        self._value(words, Quantity.DRIVE, value, _PORT)

    def _driving_cell(self, command: Command) -> None:
        slews = ("-input_transition_rise", "-input_transition_fall")
        words = sort_words(
            command,
            flags=(*_EDGES, *_CORNERS, "-no_design_rule"),
            options=("-lib_cell", "-library", "-pin", "-from_pin", *slews),
            least=1,
            most=1,
        )
        cell = words.text("-lib_cell")
        if not cell:
            raise command.error("set_driving_cell has no -lib_cell", "name the driving cell")
        library, slash, name = cell.rpartition("/")
        rise, fall = (self._time(words, words.options.get(option, "0"), option) for option in slews)
        self.driving_cells.append(
            DrivingCell(
                cell=name,
                library=library if slash else words.text("-library"),
                pin=words.text("-pin"),
                from_pin=words.text("-from_pin"),
                slew=(rise, fall),
                edges=words.edges(),
                corners=words.corners(),
                objects=words.objects(words.positions[0], _PORT),
                line=command.line,
            )
        )

    def _exception(self, command: Command) -> None:
        kind = ExceptionKind(command.name.removeprefix("set_"))
        flags: tuple[str, ...] = _EDGES
        if kind in (ExceptionKind.FALSE_PATH, ExceptionKind.MULTICYCLE):
            flags += _CHECKS
        if kind is ExceptionKind.MULTICYCLE:
            flags += ("-start", "-end")
        count = int(kind is not ExceptionKind.FALSE_PATH)
        words = sort_words(command, flags=flags, options=(*_ENDS, *_THROUGH, "-comment"), least=count, most=count)
        value = words.number(words.positions[0], "the value") if count else 0.0
        if kind is ExceptionKind.MULTICYCLE:
            if value != int(value):
                raise command.error(f"set_multicycle_path has {value:g} cycles", "write a whole number")
        else:
            value *= self.units.time
        source, through, target = self._points(words)
        if source is None and target is None and not through and kind is not ExceptionKind.MAX_DELAY:
            raise command.error(f"{command.name} names no path", "write -from, -through or -to")
        checks = words.either("-hold", "-setup")
        if kind is ExceptionKind.MAX_DELAY:
            checks = (False, True)
        elif kind is ExceptionKind.MIN_DELAY:
            checks = (True, False)
        elif kind is ExceptionKind.MULTICYCLE and not words.flags & set(_CHECKS):
            # The number of cycles moves the setup check; hold stays where setup puts it, unless it is moved itself.
            checks = (False, True)
        start = True if "-start" in words.flags else False if "-end" in words.flags else None
        self.exceptions.append(
            PathException(kind, value, source, through, target, words.edges(), checks, start, command.line)
        )

    def _points(self, words: Arguments) -> tuple[PathPoint | None, tuple[PathPoint, ...], PathPoint | None]:
        source: PathPoint | None = None
        target: PathPoint | None = None
        through: list[PathPoint] = []
        for option, value in words.order:
            edge, _, place = option.removeprefix("-").rpartition("_")
            edges = {"rise": (True, False), "fall": (False, True)}.get(edge, BOTH)
            if place == "through":
                through.append(PathPoint(words.objects(value, _PIN, _PORT, _NET, _CELL), edges))
            elif place in ("from", "to"):
                point = PathPoint(words.objects(value, _CLOCK, _PORT, _PIN, _CELL), edges)
                if (source if place == "from" else target) is not None:
                    raise words.command.error(f"{words.command.name} has two -{place}", "make a list of them")
                if place == "from":
                    source = point
                else:
                    target = point
        return source, tuple(through), target

    def _uncertainty(self, command: Command) -> None:
        words = sort_words(command, flags=_CHECKS, options=_ENDS, least=1, most=2)
        source, _, target = self._points(words)
        objects = words.objects(words.positions[1], _CLOCK, _PORT, _PIN) if len(words.positions) > 1 else ()
        between = source is not None and target is not None
        if bool(objects) == between or (source is None) != (target is None):
            raise command.error(
                "set_clock_uncertainty takes either objects or both -from and -to", "write one of the two forms"
            )
        value = self._time(words, words.positions[0], "the uncertainty")
        self.uncertainties.append(
            ClockUncertainty(value, words.either("-hold", "-setup"), objects, source, target, command.line)
        )

    def _latency(self, command: Command) -> None:
        words = sort_words(command, flags=(*_EDGES, *_CORNERS, "-source", "-early", "-late"), least=2, most=2)
        early, late = words.either("-early", "-late")
        self.latencies.append(
            ClockLatency(
                value=self._time(words, words.positions[0], "the latency"),
                source="-source" in words.flags,
                edges=words.edges(),
                corners=words.corners(),
                early=early,
                late=late,
                objects=words.objects(words.positions[1], _CLOCK, _PORT, _PIN),
                line=command.line,
            )
        )

    def _propagated(self, command: Command) -> None:
        words = sort_words(command, least=1, most=1)
        self.propagated.append(words.objects(words.positions[0], _CLOCK, _PORT, _PIN))

    def _case(self, command: Command) -> None:
        words = sort_words(command, least=2, most=2)
        names = {"zero": "0", "one": "1", "rise": "rising", "fall": "falling"}
        value = words.positions[0]
        value = names.get(value, value) if isinstance(value, str) else ""
        if value not in ("0", "1", "rising", "falling"):
            raise command.error(f"'{value[:40]}' is no value for set_case_analysis", "write 0, 1, rising or falling")
        self.cases.append(CaseAnalysis(value, words.objects(words.positions[1], _PORT, _PIN), command.line))
