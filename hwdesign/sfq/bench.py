"""Test benches: a cell between pulse sources and loads, and what came out of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.netlist import Builder, Directive, Netlist
from hwdesign.netlist.devices import CURRENT_SOURCE, RESISTOR
from hwdesign.netlist.waveforms import Waveform
from hwdesign.sfq.cell import Cell, Events, check_ports
from hwdesign.sfq.cells.converters import DCSFQ
from hwdesign.sfq.cells.wires import JTL
from hwdesign.sfq.draft import GROUND
from hwdesign.spice import Circuit, Transient

EDGE_PS = 3.0
"""Rise and fall time of an input's current."""

AMPLITUDE_UA = 700.0
"""Height of an input's current."""

LEAST_SPACING_PS = 2 * EDGE_PS
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
        if not t > 0 or t - last < LEAST_SPACING_PS:
            raise NetlistError(
                f"a pulse at {t:g} ps after one at {last:g} ps cannot be made",
                mend=f"give positive times, {LEAST_SPACING_PS:g} ps apart or more",
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
    (50 ohm at a level).

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
    pins = {port.name: top.net(f"dut_{port.name}") for port in cell.ports}
    source, line = DCSFQ(process=cell.process), JTL(process=cell.process)
    for port in cell.inputs():
        level = port.role == "level"
        drive = pins[port.name] if level else top.net(f"i_{port.name}")
        text = " ".join(f"{value:.9g}" for value in stimulus(sorted(stimuli.get(port.name, ()))).values)
        top.cell(CURRENT_SOURCE, [ground, drive], name=f"IIN_{port.name}", params={"tran": f"pwl({text})"})
        if not level:
            middle = top.net(f"s_{port.name}")
            source.place(top, {"a": drive, "q": middle}, name=f"XSRC_{port.name}")
            line.place(top, {"a": middle, "q": pins[port.name]}, name=f"XIN_{port.name}")
    cell.place(top, pins, name=DUT)
    shown: list[str] = []
    for port in cell.outputs():
        last, level = pins[port.name], port.role == "level"
        if load == "jtl" and not level:
            last = top.net(f"r_{port.name}")
            line.place(top, {"a": pins[port.name], "q": last}, name=f"XOUT_{port.name}")
            shown.append(f"p(B2.XOUT_{port.name})")
        ohm = LEVEL_LOAD_OHM if level else LOAD_OHM
        top.cell(RESISTOR, [last, ground], name=f"ROUT_{port.name}", params={"value": ohm})
        shown.append(f"v(ROUT_{port.name})")
    last_time = max((t for times in stimuli.values() for t in times), default=0.0)
    stop = last_time + 100.0 if stop_ps is None else stop_ps
    builder.directives.append(Directive("tran", f"{step_ps:g}p {stop:g}p 0 {step_ps:g}p"))
    builder.directives.append(Directive("print", " ".join(shown)))
    return builder.freeze()


def output_pulses(result: Transient, port: str = "q", instance: int = 0) -> tuple[float, ...]:
    """When pulses left an output of a test bench with JTL loads: at the first junction of its load, picoseconds.

    Raises:
        NetlistError: the bench has no such output.
    """
    return _upward(result, f"B1|XOUT_{port}", instance, f"output '{port}'")


def input_pulses(result: Transient, port: str = "a", instance: int = 0) -> tuple[float, ...]:
    """When pulses came to an input of a test bench: at the last junction before the cell, picoseconds.

    Raises:
        NetlistError: the bench has no such input.
    """
    return _upward(result, f"B2|XIN_{port}", instance, f"input '{port}'")


def _upward(result: Transient, junction: str, instance: int, what: str) -> tuple[float, ...]:
    pulses = result.pulses
    name = junction.upper()
    if name not in pulses.junctions:
        raise NetlistError(f"the simulation has no test bench with {what}", mend="simulate what `testbench` makes")
    chosen = (pulses.junction == pulses.junctions.index(name)) & (pulses.instance == instance)
    return tuple((pulses.t[chosen & (pulses.direction > 0)] * 1e12).tolist())


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


def as_specified(cell: Cell, result: Transient, instance: int = 0, tolerance_ps: float = 15.0) -> bool:
    """Whether a test bench's outputs did what the cell's behavioural model makes of the inputs' pulses.

    The oracle of margin and yield analyses: every output port has as many pulses as the model says, each within
    `tolerance_ps` of the model's time.

    Args:
        cell: the cell under test.
        result: simulation of what `testbench` made of it, with JTL loads.
        instance: of a batch.
        tolerance_ps: largest difference in time.
    """
    if instance in result.failed:
        return False
    events = {port.name: input_pulses(result, port.name, instance) for port in cell.inputs() if port.role != "level"}
    for port, expected in cell.behaviour(events).items():
        found = output_pulses(result, port, instance)
        if len(found) != len(expected):
            return False
        if any(abs(a - b) > tolerance_ps for a, b in zip(found, sorted(expected), strict=True)):
            return False
    return True
