"""What an independent source puts out over time: a kind and its numbers.

Netlists hold a source's transient function as a text (`pulse(0 0.0006 2e-11)`, parameter `tran`) and its constant part
in `dc`; this module makes a record of the two. Equations and defaults are those of JoSIM 2.7: JoSIM syntax guide,
Source Types, and where the guide is silent its behaviour. SPICE's `pulse`, `sin`, `exp` and `pwl` agree with them but
for the defaults, which `Waveform.complete` fills in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import FormatError, HwdesignError, NetlistError
from hwdesign.netlist.module import Module
from hwdesign.netlist.quantity import format_number, parse_number

ARGUMENTS: dict[str, tuple[int, tuple[str, ...]]] = {
    "dc": (1, ("value",)),
    "pulse": (2, ("low", "high", "delay", "rise", "fall", "width", "period")),
    "sin": (2, ("offset", "amplitude", "frequency", "delay", "damping", "phase")),
    "exp": (2, ("low", "high", "delay", "tau", "delay2", "tau2")),
    "noise": (1, ("amplitude", "delay", "step")),
    "cus": (0, ("step", "scale", "interpolation", "delay", "periodic")),
    "sffm": (2, ("offset", "amplitude", "carrier", "index", "signal")),
    "am": (4, ("amplitude", "offset", "modulation", "carrier", "delay")),
    "trnoise": (2, ("amplitude", "step", "exponent", "amplitude2", "rts_amplitude", "rts_capture", "rts_emission")),
    "trrandom": (2, ("kind", "step", "delay", "first", "second")),
}
"""Least number of arguments and their names, by kind; `pwl` and `pws` take pairs of a time and a value."""

PAIRED = ("pwl", "pws")
FILED = ("cus", "ws")
"""Kinds whose first argument is the name of a file with samples."""

KINDS = frozenset([*ARGUMENTS, *PAIRED, "ws"])


@dataclass(frozen=True, slots=True)
class Waveform:
    """A source's value over time, in volts, amperes or (phase sources) radians; times in seconds.

    Attributes:
        kind: `dc`, `pulse`, `sin`, `exp`, `pwl`, `pws`, `noise`, `cus`, or a kind that ngspice alone has.
        values: its arguments in order; for `pwl` and `pws` time, value, time, value ...
        file: of `cus`, the file that holds the samples.
        samples: of `cus`, what the file holds.
    """

    kind: str
    values: tuple[float, ...]
    file: str = ""
    samples: tuple[float, ...] = ()

    def complete(self, step: float, stop: float) -> Waveform:
        """The waveform with JoSIM's defaults for the arguments that are missing.

        Args:
            step: time step of the simulation, in seconds.
            stop: its end.
        """
        defaults = {
            "pulse": (0.0, 0.0, 0.0, step, step, stop, stop),
            "sin": (0.0, 0.0, 1.0 / stop, 0.0, 0.0, 0.0),
            "exp": (0.0, 0.0, 0.0, step, step, step),
            "noise": (0.0, 0.0, step),
            "cus": (step, 1.0, 1.0, 0.0, 0.0),
        }.get(self.kind, ())
        return replace(self, values=self.values + defaults[len(self.values) :])

    def sample(self, times: NDArray[np.float64], step: float, stop: float) -> NDArray[np.float64]:
        """Value at each time.

        Args:
            times: float64[T], seconds.
            step, stop: of the simulation, for the defaults.

        Raises:
            NetlistError: the waveform is random, or of a kind that has no equation here.
        """
        v = self.complete(step, stop).values
        t = np.asarray(times, np.float64)
        match self.kind:
            case "dc":
                return np.full(t.shape, v[0])
            case "pwl" | "pws":
                return _piecewise(np.array(v[::2]), np.array(v[1::2]), t, self.kind == "pws")
            case "pulse":
                return _pulse(v, t)
            case "sin":
                late = np.maximum(t - v[3], 0.0)
                wave = np.sin(2 * math.pi * v[2] * late + math.radians(v[5])) * np.exp(-v[4] * late)
                return np.where(t >= v[3], v[0] + v[1] * wave, v[0] + v[1] * math.sin(math.radians(v[5])))
            case "exp":
                return v[0] + (v[1] - v[0]) * (_saturation(t - v[2], v[3]) - _saturation(t - v[4], v[5]))
            case "cus":
                return _custom(self.samples, v, step, t)
        raise NetlistError(f"a source's '{self.kind}' cannot be sampled", mend="it is random, or ngspice's alone")

    def text(self) -> str:
        """The text that a netlist's `tran` parameter holds."""
        return f"{self.kind}({' '.join([*([self.file] if self.file else []), *map(format_number, self.values)])})"


def check_count(kind: str, count: int) -> None:
    """Check how many arguments (the file's name not counted) stand in a transient function.

    Raises:
        FormatError: too few, too many, or half a pair.
    """
    if kind in PAIRED:
        if count < 2 or count % 2:
            raise FormatError(
                f"{kind} has {count} arguments, not pairs of a time and a value",
                mend=f"write {kind}(0 0 time value ...)",
            )
        return
    if kind not in ARGUMENTS:
        return
    least, names = ARGUMENTS[kind]
    if not least <= count <= len(names):
        span = f"{least}" if least == len(names) else f"{least} to {len(names)}"
        raise FormatError(f"{kind} has {count} arguments, not {span}", mend=f"they are: {' '.join(names)}")


def parse_waveform(text: str, samples: str = "") -> Waveform:
    """The record of a transient function whose arguments are numbers.

    Args:
        text: as in a netlist's `tran` parameter, after `elaborate`.
        samples: numbers of a `cus` source's file, apart by spaces.

    Raises:
        FormatError: no such function, a wrong number of arguments, or an argument that is no number.
        NetlistError: times that go back, or values that make no waveform.
    """
    name, bracket, inner = text.partition("(")
    kind = name.strip().lower()
    if not bracket or not inner.rstrip().endswith(")") or kind not in KINDS:
        raise FormatError(f"'{text[:80]}' is no transient function", mend=f"known: {' '.join(sorted(KINDS))}")
    words = inner.rstrip()[:-1].replace(",", " ").split()
    file = words.pop(0) if kind in FILED and words else ""
    check_count(kind, len(words))
    numbers = []
    for word in words:
        number = parse_number(word)
        if number is None:
            raise FormatError(f"'{word[:40]}' in '{text[:80]}' is no number", mend="elaborate the netlist first")
        numbers.append(number)
    wave = Waveform(kind, tuple(numbers), file, tuple(map(float, samples.split())))
    _check(wave)
    return wave


def source_waveform(module: Module, cell: int) -> Waveform:
    """What an independent source (V, I, P) puts out: its transient function, else its constant part.

    Raises:
        HwdesignError: see `parse_waveform`; file, line and element are named.
    """
    tran, dc = module.param(cell, "tran"), module.param(cell, "dc")
    try:
        if isinstance(tran, str):
            samples = module.param(cell, "samples")
            return parse_waveform(tran, samples if isinstance(samples, str) else "")
        if isinstance(dc, str):
            raise NetlistError(f"its value '{dc[:40]}' is no number", mend="elaborate the netlist first")
    except HwdesignError as error:
        raise type(error)(
            f"source '{module.cell_label(cell)}': {error.what}",
            file=module.file or None, line=int(module.cell_line[cell]), mend=error.mend,
        ) from error  # fmt: skip
    return Waveform("dc", (0.0 if dc is None else float(dc),))


def _check(wave: Waveform) -> None:
    if wave.kind in PAIRED:
        times = wave.values[::2]
        back = next((b for a, b in pairwise(times) if b < a), None)
        if back is not None:
            raise NetlistError(
                f"{wave.kind}'s times go back at {format_number(back)} s", mend="sort its points by time"
            )
    positive = {"pulse": (3, 4, 5, 6), "exp": (3, 5), "noise": (2,), "cus": (0,)}.get(wave.kind, ())
    for at in positive:
        if at < len(wave.values) and wave.values[at] < 0:
            raise NetlistError(f"{wave.kind}'s {ARGUMENTS[wave.kind][1][at]} is negative", mend="give a positive time")
    if wave.kind == "pulse" and len(wave.values) > 6 and wave.values[6] == 0:
        raise NetlistError("pulse's period is zero", mend="leave it out for a single pulse")
    if wave.kind == "cus" and len(wave.values) > 2 and wave.values[2] not in (0, 1, 2):
        raise NetlistError("cus's interpolation is none of 0 (none), 1 (linear), 2 (cubic)")


def _piecewise(
    at: NDArray[np.float64], value: NDArray[np.float64], t: NDArray[np.float64], smooth: bool
) -> NDArray[np.float64]:
    row = np.clip(np.searchsorted(at, t, side="right") - 1, 0, max(len(at) - 2, 0))
    following = np.minimum(row + 1, len(at) - 1)
    width = at[following] - at[row]
    part = np.clip((t - at[row]) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    if smooth:  # half a period of a sine between two points
        part = 0.5 - 0.5 * np.cos(np.pi * part)
    inside = value[row] + part * (value[following] - value[row])
    # Before time zero, where JoSIM settles the circuit, nothing is on.
    held = np.where(t >= at[-1], value[-1], np.where(t <= at[0], value[0], inside))
    return np.where(t < 0, 0.0, held)


def _saturation(late: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
    """1 - exp(-late/tau) from time 0 on; a step where tau is zero."""
    if tau == 0:
        return np.where(late >= 0, 1.0, 0.0)
    return 1.0 - np.exp(-np.maximum(late, 0.0) / tau)


def _pulse(v: tuple[float, ...], t: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high, delay, rise, fall, width, period = v
    late = t - delay
    now = late - np.floor(late / period) * period
    up = low + (high - low) * now / (rise or 1.0)
    down = high + (low - high) * (now - rise - width) / (fall or 1.0)
    chosen = np.select(
        [now < rise, now < rise + width, now < rise + width + fall], [up, np.full(t.shape, high), down], low
    )
    return np.where(late < 0, low, chosen)


def _custom(
    samples: tuple[float, ...], v: tuple[float, ...], least: float, t: NDArray[np.float64]
) -> NDArray[np.float64]:
    """JoSIM's `cus`: sample k stands at delay + k·step; zero before the delay and after the last sample's step."""
    if not samples:
        raise NetlistError("the samples of a 'cus' source are not known", mend="read the deck from its folder")
    step, scale, mode, delay, periodic = v
    step = max(step, least)
    amplitude = np.array(samples) * scale
    region = len(samples) * step
    late = t - delay
    now = late - np.floor(t / region) * region if periodic else late
    row = np.clip(np.floor(now / step).astype(np.int64), 0, len(samples) - 1)
    if mode == 0:
        value = amplitude[row]
    elif mode == 1:
        # The line that ends at a sample runs over the step after it: the wave is one step late.
        before = np.where(row > 0, amplitude[np.maximum(row - 1, 0)], 0.0)
        value = before + (amplitude[row] - before) * (now / step - row)
    else:
        from scipy.interpolate import CubicSpline

        spline = CubicSpline(step * np.arange(len(samples)), amplitude, bc_type="natural")
        value = np.asarray(spline(now), np.float64)
    return np.where((late < 0) | (now > region), 0.0, value)
