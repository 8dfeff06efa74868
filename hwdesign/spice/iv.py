"""Current-voltage curves of junction cards, as JoSIM's `.iv` lines ask for them.

Source: JoSIM syntax guide, IV Curve; steps, times and current steps are those of JoSIM 2.7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import LimitError, NetlistError
from hwdesign.formats import read
from hwdesign.netlist.analyses import CurrentVoltageCurve, curves
from hwdesign.netlist.builder import Builder
from hwdesign.netlist.devices import CURRENT_SOURCE, JUNCTION
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.netlist import Model, Netlist
from hwdesign.netlist.waveforms import Waveform
from hwdesign.spice.compile import compile_deck
from hwdesign.spice.embedded import simulate

CURRENT_STEP = 2.5e-6
"""Ampere between two points of a curve."""

_STEP, _STOP = 0.05e-12, 500e-12
_BEGIN, _HELD = 10e-12, 50e-12  # the ramp to a point, from where the branch before it ended
_MAX_POINTS = 100_000
_AT_ONCE = 256


@dataclass(frozen=True)
class CurveTable:
    """A current-voltage curve.

    Attributes:
        curve: the `.iv` line.
        current: float64[N], ampere: from 0 up to the largest, down to minus the largest, and back to 0.
        voltage: float64[N], mean voltage over the second half of each simulation, in volts.
    """

    curve: CurrentVoltageCurve
    current: NDArray[np.float64]
    voltage: NDArray[np.float64]


def iv_curves(source: Netlist | str | Path, *, threads: int = 1) -> tuple[CurveTable, ...]:
    """The curves that a deck's `.iv` lines ask for.

    Each point is a simulation of one junction of area one over 500 ps at a step of 0.05 ps. On the way back a junction
    is taken to the largest current first, so that the curve of an underdamped junction shows its hysteresis.

    Args:
        source: a deck's path, or a netlist.
        threads: number of threads.

    Raises:
        NetlistError: the deck has no `.iv` line, a line names no card, or the card is no junction's.
        LimitError: a curve has more than 100,000 points.
        As `hwdesign.formats.read`.
    """
    netlist = source if isinstance(source, Netlist) else read(source)
    found = curves(elaborate(netlist))
    if not found:
        raise NetlistError(
            "the deck has no .iv line", file=netlist.file or None, mend="write .iv, a model, a current and a file"
        )
    return tuple(CurveTable(curve, *_curve(netlist, curve, threads)) for curve in found)


def _curve(
    netlist: Netlist, curve: CurrentVoltageCurve, threads: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    name, _, scope = curve.model.lower().partition("|")
    cards = netlist.models.values()
    model = next((m for m in cards if (m.name.lower(), m.scope.lower()) == (name, scope)), None)
    if model is None:
        known = ", ".join(m.name + ("|" if m.scope else "") + m.scope for m in list(netlist.models.values())[:8])
        raise NetlistError(
            f"'.iv' names the model '{curve.model}', which is not defined", file=netlist.file or None, line=curve.line,
            mend=f"models: {known or 'none'}",
        )  # fmt: skip
    count = int(curve.current / CURRENT_STEP * (1 + 1e-9))
    if 4 * count > _MAX_POINTS:
        raise LimitError(
            f"'.iv' asks for {4 * count} points", file=netlist.file or None, line=curve.line,
            mend=f"a largest current of {_MAX_POINTS / 4 * CURRENT_STEP:g} A can be had",
        )  # fmt: skip
    quarter = CURRENT_STEP * np.arange(count + 1)
    up, down = quarter, quarter[-2::-1] if count else quarter[:0]
    current = np.concatenate([up, down, -quarter[1:], -down])
    # Where each point comes from: rest, or the end of the branch that goes back.
    largest = float(quarter[-1])
    begin = np.repeat([0.0, largest, 0.0, -largest], [len(up), len(down), count, len(down)])
    waves = [
        Waveform("pwl", (0.0, 0.0, _BEGIN, float(first), _HELD, float(last)))
        for first, last in zip(begin, current, strict=True)
    ]
    return current, _voltages(netlist, model, waves, threads)


def _voltages(netlist: Netlist, model: Model, waves: list[Waveform], threads: int) -> NDArray[np.float64]:
    builder = Builder("iv", file=netlist.file)
    node, ground = builder.top.net("1"), builder.top.net("0")
    builder.top.cell(JUNCTION, [node, ground], name="B01", params={"model": model.name})
    builder.top.cell(CURRENT_SOURCE, [ground, node], name="IB01", params={"dc": 0.0})
    builder.global_nets = ["0"]
    # The card keeps the parameters that it sees, those of its subcircuit at their defaults.
    wanted = [d for d in netlist.directives if d.name in ("param", "func") and d.module in ("", model.scope)]
    builder.directives = [replace(d, module="iv" if d.module else "") for d in wanted]
    if model.scope:
        builder.top.parameters = dict(netlist.modules[model.scope].parameters)
    alone = replace(model, scope="iv")
    builder.models[alone.key] = alone
    circuit = compile_deck(builder.freeze())
    found: list[NDArray[np.float64]] = []
    for first in range(0, len(waves), _AT_ONCE):
        run = simulate(
            circuit, step=_STEP, stop=_STOP, signals=["V(B01)"], batch={"IB01": waves[first : first + _AT_ONCE]},
            pulses=False, threads=threads,
        )  # fmt: skip
        voltage = run.signals["V(B01)"]
        found.append(voltage[:, voltage.shape[1] // 2 :].mean(axis=1))
        failed = next(iter(run.failed.values()), None)
        if failed is not None:
            raise NetlistError(f"model '{model.name}': {failed}", file=netlist.file or None, line=model.line)
    return np.concatenate(found)
