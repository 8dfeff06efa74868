"""Test benches: a cell between pulse sources and loads, and what came out of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.netlist import Builder, Direction, Directive, ModuleBuilder, Netlist
from hwdesign.netlist.devices import CURRENT_SOURCE, RESISTOR
from hwdesign.netlist.waveforms import Waveform
from hwdesign.sfq.cell import Cell, Events, Port, check_ports
from hwdesign.sfq.cells.converters import DCSFQ
from hwdesign.sfq.cells.lines import PTL, PTLDriver, PTLReceiver
from hwdesign.sfq.cells.wires import JTL
from hwdesign.sfq.draft import GROUND
from hwdesign.spice import Circuit, Transient

EDGE_PS = 3.0
"""Rise and fall time of an input's current."""

AMPLITUDE_UA = 700.0
"""Height of an input's current."""

LEAST_SPACING_PS = 2 * EDGE_PS
LEVEL_PERIOD_PS = 12.0
"""A level that is on is a pulse of its junction so often."""

LEVEL_GAP_PS = 30.0
"""A level is off where its junction has no pulse for so long."""

MAX_COMBINED = 3
"""Most data inputs whose combinations `demo_stimuli` goes through."""

LOAD_OHM = 2.0
LEVEL_LOAD_OHM = 50.0
DUT = "XDUT"

Load = Literal["jtl", "resistor"]


def stimulus(times_ps: Sequence[float], amplitude_ua: float = AMPLITUDE_UA) -> Waveform:
    """Current into a DC/SFQ converter that gives a pulse soon after each of `times_ps`.

    Args:
        times_ps: when each triangle of current begins to rise, rising, at least 6 ps apart.
        amplitude_ua: height of a triangle.

    Raises:
        NetlistError: a time is negative or too close to the one before.
    """
    points = [0.0, 0.0]
    last = -np.inf
    for t in times_ps:
        if not 0 < t < math.inf:
            raise NetlistError(f"a pulse at {t:g} ps cannot be made", mend="give positive times")
        if t - last < LEAST_SPACING_PS:
            raise NetlistError(
                f"a pulse at {t:g} ps after one at {last:g} ps cannot be made",
                mend=f"give times that rise by {LEAST_SPACING_PS:g} ps or more",
            )
        for at, value in ((t, 0.0), (t + EDGE_PS, amplitude_ua), (t + 2 * EDGE_PS, 0.0)):
            if at / 1e12 > points[-2]:
                points += [at / 1e12, value / 1e6]
        last = t
    return Waveform("pwl", tuple(points))


def testbench(
    cell: Cell,
    stimuli: Events,
    *,
    load: Load = "jtl",
    stop_ps: float | None = None,
    step_ps: float = 0.1,
) -> Netlist:
    """A netlist that drives a cell and loads it, ready for `hwdesign.spice.compile_deck`.

    Input port p: source `IIN_p`, DC/SFQ converter `XSRC_p`, line `XIN_p` of two junctions, the cell `XDUT`; a port that
    takes a level is driven by `IIN_p` alone. Output port q: line `XOUT_q` of two junctions, resistor `ROUT_q` of 2 ohm
    (50 ohm at a level). Where a port is the end of a transmission line, a driver `XTX_p` or receiver `XRX_q` and a line
    `XLINE_p` of 10 ps stand between.

    Args:
        cell: the cell.
        stimuli: when the current of an input's source begins to rise, picoseconds, by port; the pulse reaches the cell
            about 11 ps later: see `input_pulses`.
        load: `jtl`, or `resistor` for the resistor alone.
        stop_ps: end of the simulation; by default 100 ps after the last stimulus.
        step_ps: of the simulation.

    Raises:
        NetlistError: a port that the cell has not, or times as `stimulus` refuses.
    """
    check_ports(stimuli, [port.name for port in cell.inputs()], cell.kind)
    builder = Builder(f"bench_{cell.kind}")
    builder.global_nets.append(GROUND)
    top = builder.top
    ground = top.net(GROUND)
    pins = {port.name: top.net(f"dut_{port.name}") for port in cell.all_ports()}
    source, line = DCSFQ(process=cell.process), JTL(process=cell.process)
    for port in cell.inputs():
        level = port.role == "level"
        drive = pins[port.name] if level else top.net(f"i_{port.name}")
        text = " ".join(f"{value:.9g}" for value in stimulus(sorted(stimuli.get(port.name, ()))).values)
        top.cell(CURRENT_SOURCE, [ground, drive], name=f"IIN_{port.name}", params={"tran": f"pwl({text})"})
        if not level:
            middle = top.net(f"s_{port.name}")
            source.place(top, {"a": drive, "q": middle}, name=f"XSRC_{port.name}")
            chain = _chain(cell, port, [(line, f"XIN_{port.name}")], [(PTLDriver(process=cell.process), "XTX")])
            _place_chain(top, chain, middle, pins[port.name], port.name)
    cell.place(top, pins, name=DUT)
    shown = [f"p({junction}.{DUT})" for junction in cell.shown_junctions]
    for port in cell.outputs():
        last, level = pins[port.name], port.role == "level"
        receiver: list[tuple[Cell, str]] = [(PTLReceiver(process=cell.process), "XRX")]
        loads: list[tuple[Cell, str]] = []
        if load == "jtl" and not level:
            loads.append((line, f"XOUT_{port.name}"))
            shown.append(f"p(B2.XOUT_{port.name})")
        chain = _chain(cell, port, receiver, loads)
        if chain:
            last = top.net(f"r_{port.name}")
            _place_chain(top, chain, pins[port.name], last, port.name)
        ohm = LEVEL_LOAD_OHM if level else LOAD_OHM
        top.cell(RESISTOR, [last, ground], name=f"ROUT_{port.name}", params={"value": ohm})
        shown.append(f"v(ROUT_{port.name})")
    last_time = max((t for times in stimuli.values() for t in times), default=0.0)
    stop = last_time + 100.0 if stop_ps is None else stop_ps
    builder.directives.append(Directive("title", f"Test bench of the cell {cell.module_name}, made by hwdesign"))
    builder.directives.append(Directive("tran", f"{step_ps:g}p {stop:g}p 0 {step_ps:g}p"))
    builder.directives.append(Directive("print", " ".join(shown)))
    return builder.freeze()


testbench.__test__ = False  # type: ignore[attr-defined]  # no test, whatever pytest makes of the name


def _chain(
    cell: Cell, port: Port, before: list[tuple[Cell, str]], after: list[tuple[Cell, str]]
) -> list[tuple[Cell, str]]:
    """The cells of a bench at one port, in the direction of the pulses, with their instances' names.

    At a port that is the end of a line, the line's driver or receiver is among them; and the line, where the cell is no
    line itself.
    """
    inward = port.direction is Direction.IN
    plain, special = (before, after) if inward else (after, before)
    if port.role != "line":
        return plain
    named = [(item, f"{name}_{port.name}") for item, name in special]
    middle: list[tuple[Cell, str]] = []
    if not isinstance(cell, PTL):
        middle = [(PTL(process=cell.process), f"XLINE_{port.name}")]
    return [*plain, *named, *middle] if inward else [*middle, *named, *plain]


def _place_chain(top: ModuleBuilder, chain: list[tuple[Cell, str]], first: int, last: int, port: str) -> None:
    """Cells one after another between two nets."""
    at = first
    for position, (cell, name) in enumerate(chain, 1):
        following = last if position == len(chain) else top.net(f"{name.removeprefix('X').lower()}_end")
        cell.place(top, {"a": at, "q": following}, name=name)
        at = following


def demo_stimuli(cell: Cell, period_ps: float = 100.0) -> dict[str, list[float]]:
    """Stimuli that show what a cell does: in each period another combination of its inputs, then the clock.

    Up to three data inputs go through all their combinations, the empty one first; more come one after the other. A
    cell that has one input alone gets six pulses, half a period apart (a whole one where it makes a level of them).

    Args:
        cell: the cell.
        period_ps: of the clock.
    """
    clocks = [port.name for port in cell.inputs() if port.role == "clock"]
    data = [port.name for port in cell.inputs() if port.role != "clock"]
    if len(data) == 1 and not clocks:
        spacing = period_ps if cell.level_junction else period_ps / 2
        return {data[0]: [0.2 * period_ps + spacing * k for k in range(6)]}
    few = len(data) <= MAX_COMBINED
    found: dict[str, list[float]] = {name: [] for name in (*data, *clocks)}
    for period in range(1 << len(data)) if few else range(len(data)):
        begin = (period + 0.2) * period_ps
        for bit, name in enumerate(data):
            if period >> bit & 1 if few else period == bit:
                found[name].append(begin + bit * 0.2 * period_ps)
        for name in clocks:
            found[name].append(begin + 0.6 * period_ps)
    return found


def output_pulses(result: Transient, port: str = "q", instance: int = 0) -> tuple[float, ...]:
    """When pulses left an output of a test bench with JTL loads: at the first junction of its load, picoseconds.

    Raises:
        NetlistError: the bench has no such output.
    """
    return tuple(_upward(result, f"B1|XOUT_{port}", instance, f"output '{port}'")[1].tolist())


def input_pulses(result: Transient, port: str = "a", instance: int = 0) -> tuple[float, ...]:
    """When pulses came to an input of a test bench: at the last junction before the cell, picoseconds.

    A pulse that runs back out of the cell, as a noisy synapse sends some, is none: it passes the last junction before
    the one further away.

    Raises:
        NetlistError: the bench has no such input.
    """
    what = f"input '{port}'"
    far, near = (_upward(result, f"B{at}|XIN_{port}", instance, what) for at in (1, 2))
    # Each pulse, whichever way it runs, turns both phases by 2π, so that the k-th crossings belong together.
    entered: dict[int, float] = {}
    for k, t in zip(*far, strict=True):
        entered.setdefault(int(k), float(t))
    return tuple(float(t) for k, t in zip(*near, strict=True) if entered.get(int(k), math.inf) < t)


def level_changes(result: Transient, cell: Cell, instance: int = 0) -> tuple[float, ...]:
    """When the level at a cell's output went on, off, on ...: picoseconds.

    A level that is on is a train of pulses. It goes on with the first one, and off where one more would have come:
    the last one's time says little about the input's, as it may be any share of the train's period before that.

    Raises:
        NetlistError: the simulation is not of that cell's test bench.
    """
    _, pulses = _upward(result, f"{cell.level_junction}|{DUT}", instance, f"a level of cell '{cell.kind}'")
    if not len(pulses):
        return ()
    starts = np.flatnonzero(np.diff(pulses, prepend=-math.inf) > LEVEL_GAP_PS)
    changes: list[float] = []
    for begin, end in zip(starts, [*starts[1:], len(pulses)], strict=True):
        last = float(pulses[end - 1])
        changes.append(float(pulses[begin]))
        if end < len(pulses) or result.time[-1] * 1e12 - last > LEVEL_GAP_PS:
            changes.append(
                last + (float(np.median(np.diff(pulses[begin:end]))) if end - begin > 1 else LEVEL_PERIOD_PS)
            )
    return tuple(changes)


def _upward(
    result: Transient, junction: str, instance: int, what: str
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Numbers k and times, picoseconds, of a junction's upward pulses."""
    pulses = result.pulses
    name = junction.upper()
    if name not in pulses.junctions:
        raise NetlistError(f"the simulation has no test bench with {what}", mend="simulate what `testbench` makes")
    # Rows are sorted by instance: no search through those of a whole batch.
    begin, end = np.searchsorted(pulses.instance, [instance, instance + 1])
    rows = slice(int(begin), int(end))
    chosen = (pulses.junction[rows] == pulses.junctions.index(name)) & (pulses.direction[rows] > 0)
    return pulses.k[rows][chosen], pulses.t[rows][chosen] * 1e12


def bias_sources(circuit: Circuit, within: str = DUT) -> tuple[str, ...]:
    """Names of the current sources inside an instance, `XDUT` by default; '' for all but the stimuli."""
    tail = f"|{within.upper()}" if within else "|"
    return tuple(
        element.name
        for element in circuit.elements
        if element.kind == "I" and (element.name.endswith(tail) or (not within and tail in element.name))
    )


def bias_batch(circuit: Circuit, factors: NDArray[np.float64], within: str = DUT) -> dict[str, NDArray[np.float64]]:
    """A batch that scales every bias current inside an instance by the same factor: one variant a factor.

    Args:
        circuit: of a test bench.
        factors: float64[N].
        within: instance, '' for the whole bench.
    """
    names = bias_sources(circuit, within)
    return {name: circuit.nominal(name) * np.asarray(factors, np.float64) for name in names}


def as_specified(
    cell: Cell,
    result: Transient,
    instance: int = 0,
    tolerance_ps: float = 15.0,
    stimuli: Events | None = None,
) -> bool:
    """Whether a test bench's outputs did what the cell's behavioural model makes of the inputs' pulses.

    The oracle of margin and yield analyses: every output port has as many pulses as the model says (an output that is a
    level, as many changes), each within `tolerance_ps` of the model's time.

    Args:
        cell: the cell under test.
        result: simulation of what `testbench` made of it, with JTL loads.
        instance: of a batch.
        tolerance_ps: largest difference in time.
        stimuli: what the bench was made with: the events of a cell that takes a level (DC/SFQ).

    Raises:
        NetlistError: the cell takes a level and `stimuli` says nothing of it, or the simulation is no such bench's.
    """
    events: dict[str, Sequence[float]] = {}
    for port in cell.inputs():
        if port.role != "level":
            events[port.name] = input_pulses(result, port.name, instance)
        elif stimuli is None or port.name not in stimuli:
            raise NetlistError(
                f"input '{port.name}' of '{cell.kind}' takes a level, which a simulation's pulses do not show",
                mend="give the stimuli of the test bench",
            )
        else:
            events[port.name] = stimuli[port.name]
    if instance in result.failed:
        return False
    for name, expected in cell.behaviour(events).items():
        level = cell.level_junction
        found = level_changes(result, cell, instance) if level else output_pulses(result, name, instance)
        if len(found) != len(expected):
            return False
        if any(abs(a - b) > tolerance_ps for a, b in zip(found, sorted(expected), strict=True)):
            return False
    return True
