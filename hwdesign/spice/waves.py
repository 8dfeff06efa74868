"""Waveforms of sources to the kernel's waves, scaled to a largest value of one so that sources can share them."""

from __future__ import annotations

import numpy as np

from hwdesign.errors import UnsupportedError
from hwdesign.kernels.spice import EXPONENTIAL, SINE, TABLE, PhaseWave
from hwdesign.netlist.waveforms import Waveform

_MAX_POINTS = 20_000_000


def phase_wave(wave: Waveform, unit: float, step: float, stop: float) -> PhaseWave:
    """A waveform divided by `unit`.

    Kinds that are no piecewise-linear table, sine or exponential are sampled at every step.

    Args:
        wave: the waveform.
        unit: what one stands for; 0 where the waveform is zero throughout.
        step, stop: of the simulation, seconds.

    Raises:
        UnsupportedError: the waveform is random, or its table would be too long.
        NetlistError: see `Waveform.sample`.
    """
    scale = 1.0 / unit if unit else 0.0
    full = wave.complete(step, stop)
    v = full.values
    match wave.kind:
        case "dc":
            return PhaseWave(TABLE, (0.0,), (v[0] * scale,), before=v[0] * scale)
        case "pwl":
            return PhaseWave(TABLE, v[::2], tuple(value * scale for value in v[1::2]))
        case "pulse":
            low, high, delay, rise, fall, width, period = v
            times = (0.0, rise, rise + width, rise + width + fall)
            values = (low * scale, high * scale, high * scale, low * scale)
            return PhaseWave(TABLE, times, values, before=low * scale, period=period, delay=delay)
        case "sin" if v[5] == 0:
            return PhaseWave(SINE, parameters=(v[0] * scale, v[1] * scale, *v[2:5]))
        case "exp":
            return PhaseWave(EXPONENTIAL, parameters=(v[0] * scale, v[1] * scale, *v[2:]))
        case "noise":
            raise UnsupportedError("a noise waveform stands for current sources alone")
    count = int(np.ceil(stop / step)) + 2
    if count > _MAX_POINTS:
        raise UnsupportedError(f"a '{wave.kind}' waveform of {count} steps is too long", mend="take a larger step")
    times_of_steps = np.arange(count, dtype=np.float64) * step
    sampled = wave.sample(times_of_steps, step, stop) * scale
    before = float(wave.sample(np.array([-step]), step, stop)[0]) * scale
    return PhaseWave(TABLE, tuple(times_of_steps.tolist()), tuple(sampled.tolist()), before=before)
