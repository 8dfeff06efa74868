"""Gates that drive wires: effective capacitance, the driver's waveform, delays and slews at the sinks.

A gate is a saturated ramp behind a resistor, fitted to its look-up tables; a wire is the π at its driver. The effective
capacitance is the one that takes as much charge from that source as the π does. The waveform at the driver is the
source's response into the π; at a sink it is that waveform behind one pole with the sink's Elmore delay.

Source: F. Dartu, N. Menezes and L. T. Pileggi, "Performance computation for precharacterized CMOS gates with RC loads",
IEEE TCAD 15(5), 1996. Where the paper leaves a choice, ours was fitted to what OpenSTA 2.0.17 answers for synthetic
libraries: the resistor is the delay's slope between 75 % and 82.5 % of the whole capacitance, and charge is counted
for the slew's full swing but at most 1.4 ramps.

All functions take n rows (an arc, an input edge, an output edge, early or late) and treat them at once. Gradients of
implicit values come from the implicit function theorem: one Newton step whose slope is held constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hwdesign.timing.ramp import RampTable, ramp_through_rc
from hwdesign.timing.tables import Curves

_CHORD = (0.75, 0.825)  # shares of the whole capacitance between which the driver's resistance is measured
_RAMPS = 1.4
_SMALL = 1e-3  # a π with a smaller share of resistance or far capacitance is one capacitor


@dataclass(frozen=True, eq=False)
class Waves:
    """Waveforms at n drivers: a ramp of length `ramp` through poles, `(t + offset + Σ gain·exp(-pole·t)) / ramp`.

    Attributes:
        ramp: float[n], ns.
        offset: float[n], ns.
        gain: float[n, j], ns.
        pole: float[n, j], 1/ns.
    """

    ramp: Tensor
    offset: Tensor
    gain: Tensor
    pole: Tensor

    def detach(self) -> Waves:
        """The same without gradients."""
        return Waves(self.ramp.detach(), self.offset.detach(), self.gain.detach(), self.pole.detach())

    def at(self, time: Tensor) -> Tensor:
        """Value at float[n, q] times after the ramp's start."""
        return self.with_slope(time)[0]

    def with_slope(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Value and time derivative at float[n, q] times; both need the same exponentials."""
        ramp = self.ramp[:, None]
        here, before = self._unended(time), self._unended(time - ramp)
        return (here[0] - before[0]) / ramp, (here[1] - before[1]) / ramp

    def _unended(self, time: Tensor) -> tuple[Tensor, Tensor]:
        later = time.clamp(min=0)
        value, pace = later + self.offset[:, None], torch.ones_like(later)
        # A sum over an axis of two or three entries costs several times what its terms do.
        for gain, pole in zip(self.gain.unbind(1), self.pole.unbind(1), strict=True):
            tail = gain[:, None] * torch.exp(-pole[:, None] * later)
            value, pace = value + tail, pace - pole[:, None] * tail
        begun = time > 0
        return torch.where(begun, value, 0.0), torch.where(begun, pace, 0.0)


def crossings(waves: Waves, levels: tuple[float, float, float], guess: Tensor) -> Tensor:
    """Times at which rising waves cross three levels, ns after the ramp's start: float[n, 3]; differentiable.

    Args:
        waves: n waves from 0 to 1.
        levels: fractions of the swing.
        guess: float[n, 3], ns, where to begin.
    """
    level = guess.new_tensor(levels)[None, :]
    with torch.no_grad():
        fixed = waves.detach()
        time = guess.detach().clamp(min=1e-9)
        low, high = torch.zeros_like(time), torch.full_like(time, torch.inf)
        # A Newton step leaves about the square of its own length, and the one at the end squares that again.
        tolerance = 1e-4
        for _ in range(60):
            value, slope = fixed.with_slope(time)
            miss = value - level
            low, high = torch.where(miss < 0, time, low), torch.where(miss < 0, high, time)
            step = time - miss / slope.clamp(min=1e-30)
            middle = torch.where(torch.isinf(high), 2.0 * time, 0.5 * (low + high))
            nearer = torch.where((step >= low) & (step <= high), step, middle)
            moved = (nearer - time).abs()
            time = nearer
            if not bool((moved > tolerance * (time + 1e-4)).any()):
                break
        slope = fixed.with_slope(time)[1].clamp(min=1e-30)
    return time - (waves.at(time) - level) / slope


@dataclass(frozen=True, eq=False)
class Pi:
    """The loads of n drivers: capacitors `near` and `far` (pF) with `resistance` (kΩ) between, each float[n]."""

    near: Tensor
    resistance: Tensor
    far: Tensor

    @property
    def total(self) -> Tensor:
        """Whole capacitance."""
        return self.near + self.far

    def take(self, rows: Tensor) -> Pi:
        """Some of the loads."""
        return Pi(self.near[rows], self.resistance[rows], self.far[rows])

    def detach(self) -> Pi:
        """The same without gradients."""
        return Pi(self.near.detach(), self.resistance.detach(), self.far.detach())

    def response(self, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Offset float[n], gains and poles float[n, 2] of a unit ramp's response through the resistance `source`."""
        zero = self.resistance * self.far
        sum_ = zero + source * self.total
        product = (source * zero * self.near).clamp(min=1e-30)
        product = torch.maximum(product, 1e-10 * sum_.square())
        root = sum_ + (sum_.square() - 4.0 * product).clamp(min=1e-30).sqrt()
        slow, fast = 2.0 / root, root / (2.0 * product)
        first = (1.0 - slow * zero) * fast / ((fast - slow) * slow)
        second = -(1.0 - fast * zero) * slow / ((fast - slow) * fast)
        return -(first + second), torch.stack([first, second], 1), torch.stack([slow, fast], 1)


@dataclass(frozen=True, eq=False)
class Drive:
    """What n gates do to their loads.

    Attributes:
        ceff: float[n], pF, effective capacitance.
        delay: float[n], ns, through the gate.
        slew: float[n], ns, at the driver.
        waves: of the rows `solved`, at the driver.
        times: float[m, 3], ns, crossings of `waves`.
        solved: int64[m], rows whose wire counts; the others drive their whole capacitance as one.
    """

    ceff: Tensor
    delay: Tensor
    slew: Tensor
    waves: Waves
    times: Tensor
    solved: Tensor


def drive(delay: Curves, slew: Curves, load: Pi, ramps: RampTable, derate: float = 1.0) -> Drive:
    """Delay, slew and waveform of n gates.

    Args:
        delay, slew: the arcs' tables at their input slews, over load; slews as measured between the thresholds.
        load: what they drive.
        ramps: for the library's thresholds.
        derate: Liberty's `slew_derate_from_library`.
    """
    total = load.total
    chord = tuple(share * total for share in _CHORD)
    resistance = (delay.at(chord[1]) - delay.at(chord[0])) / (chord[1] - chord[0]).clamp(min=1e-30)
    ceff, found = _effective(slew, load, resistance, ramps, derate)
    gate_delay, gate_slew = delay.at(ceff), slew.at(ceff) * derate
    solved = torch.nonzero(found)[:, 0]
    source, pi = resistance[solved], load.take(solved)
    tau = source * ceff[solved]
    gap = gate_slew[solved] * _gap_share(ramps) / tau
    length = ramps.length(gap) * tau
    waves = Waves(length, *pi.response(source))
    with torch.no_grad():
        guess = torch.stack([ramps.crossing(which, gap) * tau for which in range(3)], 1)
    times = crossings(waves, (ramps.low, ramps.middle, ramps.high), guess)
    at_driver = gate_slew.index_put((solved,), (times[:, 2] - times[:, 0]).to(gate_slew.dtype))
    return Drive(ceff, gate_delay, at_driver, waves, times, solved)


def _gap_share(ramps: RampTable) -> float:
    """Share of a slew between its crossings of the lower and the delay threshold, for a straight edge."""
    return (ramps.middle - ramps.low) / (ramps.high - ramps.low)


_Response = tuple[Tensor, Tensor, Tensor]


def _charge_gap(
    ceff: Tensor, slew: Curves, response: _Response, source: Tensor, ramps: RampTable, derate: float
) -> tuple[Tensor, Tensor]:
    """Charge that the π takes less that of the effective capacitance (times ramp length); whether a ramp exists.

    Args:
        ceff: float[n], pF.
        slew: the arcs' tables.
        response: of the π behind the drivers' resistance, see `Pi.response`.
        source: float[n], kΩ, that resistance.
        ramps: for the library's thresholds.
        derate: of slews.
    """
    tau = source * ceff
    measured = slew.at(ceff) * derate
    gap = measured * _gap_share(ramps) / tau
    possible = gap > ramps.shortest * (1 + 1e-9)
    window = torch.minimum(measured / (ramps.high - ramps.low), _RAMPS * ramps.length(gap) * tau)
    offset, gains, poles = response
    taken = offset * window
    for gain, pole in zip(gains.unbind(1), poles.unbind(1), strict=True):
        taken = taken - gain * torch.expm1(-pole * window) / pole
    taken = -taken / source
    return taken - ceff * ramp_through_rc(window, tau), possible


def _effective(slew: Curves, load: Pi, source: Tensor, ramps: RampTable, derate: float) -> tuple[Tensor, Tensor]:
    """Effective capacitance of each row, float[n], and whether one was found; else it is the whole capacitance."""
    total = load.total
    with torch.no_grad():
        wired = (load.resistance > _SMALL * source) & (load.far > _SMALL * load.near) & (source > 0) & (total > 0)
        rows = torch.nonzero(wired)[:, 0]
        begin, behind = load.take(rows).detach(), source.detach()[rows]
        best, sure = _bracketed(begin, (slew.take(rows).detach(), begin.response(behind), behind, ramps, derate))
        rows, best = rows[sure], best[sure]
        found = torch.zeros_like(wired)
        found[rows] = True
    curves, resistor, pi = slew.take(rows), source[rows], load.take(rows)
    response = pi.response(resistor)
    miss = _charge_gap(best, curves, response, resistor, ramps, derate)[0]
    with torch.no_grad():
        still = tuple(value.detach() for value in response)
        nudge = best * (1e-6 if best.dtype == torch.float64 else 1e-3)
        fixed = (curves.detach(), (still[0], still[1], still[2]), resistor.detach(), ramps, derate)
        ahead, back = _charge_gap(best + nudge, *fixed)[0], _charge_gap(best - nudge, *fixed)[0]
        slope = (ahead - back) / (2 * nudge)
    return total.index_put((rows,), best - miss / slope), found


def _bracketed(load: Pi, fixed: tuple[Curves, _Response, Tensor, RampTable, float]) -> tuple[Tensor, Tensor]:
    """Root of the charge's gap between the near and the whole capacitance, by the Illinois method."""
    high = load.total
    low = torch.maximum(load.near, 0.02 * high)
    at_low, _ = _charge_gap(low, *fixed)
    at_high, _ = _charge_gap(high, *fixed)
    sure = (at_low > 0) & (at_high <= 0)
    best = high
    tolerance = 1e-4  # one Newton step follows
    side = torch.zeros_like(high)
    for _ in range(60):
        share = at_high / (at_high - at_low).clamp(max=-1e-300)
        guess = high - (high - low) * share.nan_to_num(0.5).clamp(0.0, 1.0)
        moved = (guess - best).abs()
        best = guess
        value, _ = _charge_gap(best, *fixed)
        above = value > 0
        at_high = torch.where(above & (side > 0), 0.5 * at_high, at_high)
        at_low = torch.where(~above & (side < 0), 0.5 * at_low, at_low)
        low, at_low = torch.where(above, best, low), torch.where(above, value, at_low)
        high, at_high = torch.where(above, high, best), torch.where(above, at_high, value)
        side = torch.where(above, 1.0, -1.0).to(high.dtype)
        if not bool((moved > tolerance * best)[sure].any()):
            break
    return best, sure & _charge_gap(best, *fixed)[1]


def at_sinks(driven: Drive, row: Tensor, elmore: Tensor, ramps: RampTable) -> tuple[Tensor, Tensor]:
    """Delay of wires and slews at their ends, ns: float[p] each.

    Args:
        driven: the n drivers.
        row: int64[p], driver of each wire.
        elmore: float[p], ns, its Elmore delay.
        ramps: for the library's thresholds.
    """
    place = torch.full((len(driven.slew),), -1, dtype=torch.int64).index_put(
        (driven.solved,), torch.arange(len(driven.solved))
    )
    delay, slew = elmore, driven.slew[row]
    bent = torch.nonzero((place[row] >= 0) & (elmore.detach() > 1e-12))[:, 0]
    at = place[row[bent]]
    waves, times = _behind_pole(driven.waves, at, elmore[bent]), driven.times[at]
    ends = crossings(waves, (ramps.low, ramps.middle, ramps.high), times + elmore[bent][:, None])
    delay = delay.index_put((bent,), ends[:, 1] - times[:, 1])
    return delay, slew.index_put((bent,), ends[:, 2] - ends[:, 0])


def _behind_pole(waves: Waves, row: Tensor, tau: Tensor) -> Waves:
    """The waves of some rows behind a pole of time constant `tau` each."""
    gain, pole, offset = waves.gain[row], waves.pole[row], waves.offset[row]
    # A double pole has no partial fractions; moving the new one by a little is not seen in the wave.
    close = ((pole * tau[:, None] - 1.0).abs() < 1e-5).any(1)
    tau = torch.where(close, tau * (1.0 + 3e-5), tau)
    shifted = gain / (1.0 - pole * tau[:, None])
    offset = offset - tau
    last = -(offset + shifted.sum(1))
    return Waves(
        waves.ramp[row], offset, torch.cat([shifted, last[:, None]], 1), torch.cat([pole, 1.0 / tau[:, None]], 1)
    )
