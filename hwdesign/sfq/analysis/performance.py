"""Delay and jitter, energy per pulse, and bit errors against temperature."""

from __future__ import annotations

import fnmatch
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.sfq.analysis.criterion import Expected, judge, train
from hwdesign.sfq.analysis.statistics import wilson
from hwdesign.sfq.analysis.study import CHUNK, Report, Study, noise_seeds
from hwdesign.sfq.analysis.vary import check_named
from hwdesign.spice import Transient

Float = NDArray[np.float64]

ROOM = 300.0
"""Kelvin at which a refrigerator gives its heat away."""


@dataclass(frozen=True)
class Delay:
    """Delay between two junctions.

    Attributes:
        nominal: float64[n], of each output pulse without noise, seconds.
        mean: float64[n], with noise; empty without.
        jitter: float64[n], standard deviations with noise; empty without.
        samples: runs with noise that had as many pulses as the nominal one.
        dropped: runs with noise that had not.
    """

    nominal: Float
    mean: Float
    jitter: Float
    samples: int
    dropped: int

    @property
    def rms_jitter(self) -> float:
        """Root mean square of the pulses' jitter, seconds; NaN without noise."""
        return float(np.sqrt(np.mean(self.jitter**2))) if len(self.jitter) else math.nan


def delay(study: Study, *, report: Report | None = None) -> Delay:
    """Delay of each pulse as the specification's `delay` says: from the last input pulse before it.

    Args:
        study: the specification; it needs no checks.
        report: progress.

    Raises:
        ConfigError: the specification has no `delay`, or names what the deck lacks, or no pulse comes out.
        As `hwdesign.spice.simulate`.
    """
    spec = study.spec
    config = spec.delay
    if config is None:
        raise spec.fault("the specification has no 'delay'", mend="give it input and output, two junctions")
    entry = check_named(spec, study.circuit, config.input, "delay", "input")
    leave = check_named(spec, study.circuit, config.output, "delay", "output")
    nominal = _delays(study.nominal, entry, leave, spec.after, 1)[0]
    if not len(nominal):
        raise spec.fault(f"no pulse goes from '{config.input}' to '{config.output}'", "delay")
    found: list[Float] = []
    if study.noisy:
        for begin in range(0, config.samples, CHUNK):
            size = min(CHUNK, config.samples - begin)
            result = study.run(None, size, seeds=noise_seeds(config.seed, begin, size))
            runs = _delays(result, entry, leave, spec.after, size)
            found += [row for at, row in enumerate(runs) if at not in result.failed and len(row) == len(nominal)]
            if report is not None:
                report("runs", begin + size, config.samples)
    table = np.array(found).reshape(-1, len(nominal))
    enough = len(table) >= 2
    return Delay(
        nominal, table.mean(axis=0) if enough else np.zeros(0), table.std(axis=0, ddof=1) if enough else np.zeros(0),
        len(table), (config.samples if study.noisy else 0) - len(table),
    )  # fmt: skip


def _delays(result: Transient, entry: str, leave: str, after: float, size: int) -> list[Float]:
    """Of each instance, each output pulse's time less that of the last input pulse before it."""
    inputs, outputs = train(result.pulses, entry, after), train(result.pulses, leave, after)
    found: list[Float] = []
    for at in range(size):
        a = inputs.t[slice(*np.searchsorted(inputs.instance, [at, at + 1]))]
        b = outputs.t[slice(*np.searchsorted(outputs.instance, [at, at + 1]))]
        place = np.searchsorted(a, b) - 1
        found.append((b - a[np.maximum(place, 0)])[place >= 0] if len(a) else np.zeros(0))
    return found


@dataclass(frozen=True)
class Energy:
    """Energy that sources gave to a circuit.

    Attributes:
        sources: energy of each, joule: ∫ I·V dt from `after` to the end.
        pulses: of the junction that the energy is divided by.
        cooling: watts at room temperature for a watt removed; None: not stated.
        temperature: kelvin that `carnot` is for; None: not stated.
    """

    sources: dict[str, float]
    pulses: int
    cooling: float | None = None
    temperature: float | None = None

    @property
    def total(self) -> float:
        """Energy of all sources, joule."""
        return sum(self.sources.values())

    @property
    def per_pulse(self) -> float:
        """Energy a pulse, joule; NaN without pulses."""
        return self.total / self.pulses if self.pulses else math.nan

    @property
    def per_pulse_cooled(self) -> float:
        """Energy a pulse at room temperature with the stated cooling factor; NaN where none is stated."""
        return math.nan if self.cooling is None else self.per_pulse * self.cooling

    @property
    def carnot(self) -> float:
        """Least cooling factor that thermodynamics allows from the temperature to 300 K; NaN without one."""
        return math.nan if not self.temperature else max(0.0, (ROOM - self.temperature) / self.temperature)


def energy(study: Study) -> Energy:
    """Energy per pulse as the specification's `energy` says, without noise.

    Args:
        study: the specification; it needs no checks.

    Raises:
        ConfigError: the specification has no `energy`, or names what the deck lacks.
        As `hwdesign.spice.simulate`.
    """
    spec = study.spec
    config = spec.energy
    if config is None:
        raise spec.fault("the specification has no 'energy'", mend="give it sources and a junction")
    junction = check_named(spec, study.circuit, config.junction, "energy", "junction")
    names: list[str] = []
    for place, glob in enumerate(config.sources):
        pattern = glob.upper().replace(".", "|")
        hits = [e.name for e in study.circuit.elements if e.kind in "IV" and fnmatch.fnmatchcase(e.name, pattern)]
        if not hits:
            raise spec.fault(f"no current or voltage source of the deck matches '{glob}'", "energy", "sources", place)
        names += [name for name in hits if name not in names]
    signals = [f"{letter}({name})" for name in names for letter in "VI"]
    result = study.run(None, 1, temperature=np.zeros(1), waves=True, signals=signals)
    chosen = result.time >= spec.after
    time = result.time[chosen]
    given: dict[str, float] = {}
    for name in names:
        # A source's current runs through it from its first node to its second, so that it gives -V·I.
        power = -(result.signals[f"V({name})"][0] * result.signals[f"I({name})"][0])[chosen]
        given[name] = float(np.trapezoid(power, time))
    count = abs(int(train(result.pulses, junction, spec.after).net(1)[0]))
    warm = spec.temperature if spec.temperature else study.circuit.temperature
    return Energy(given, count, config.cooling, warm)


@dataclass(frozen=True)
class ErrorRate:
    """Bit errors at one temperature.

    Attributes:
        temperature: kelvin.
        errors: expected pulses that were missing, and pulses that were too many, over all runs and checks.
        bits: expected pulses.
        wrong_runs: runs that do not hold the checks.
        runs: all runs.
    """

    temperature: float
    errors: int
    bits: int
    wrong_runs: int
    runs: int

    @property
    def rate(self) -> float:
        """Errors an expected pulse; NaN without any."""
        return self.errors / self.bits if self.bits else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the rate."""
        return wilson(min(self.errors, self.bits), self.bits)


def error_rates(study: Study, *, report: Report | None = None) -> list[ErrorRate]:
    """Bit errors against temperature as the specification's `errors` says.

    A pulse is right that comes within a check's time; each expected pulse that none is right for is an error, and each
    pulse beyond those is one. Of an interrupted run (Ctrl-C) finished temperatures are kept.

    Args:
        study: the specification; its checks have times (`reference` or `windows`).
        report: progress.

    Raises:
        ConfigError: the specification has no `errors`, or no check with times.
        As `hwdesign.spice.simulate`.
    """
    spec = study.spec
    config = spec.errors
    if config is None:
        raise spec.fault("the specification has no 'errors'", mend="give it a list of temperatures")
    timed = [item for item in study.wanted if item.t is not None]
    if not timed:
        raise spec.fault("bit errors need a check with times", "checks", mend="use reference: nominal, or windows")
    found: list[ErrorRate] = []
    total = len(config.temperatures) * config.samples
    try:
        for place, temperature in enumerate(config.temperatures):
            errors = bits = wrong = 0
            for begin in range(0, config.samples, CHUNK):
                size = min(CHUNK, config.samples - begin)
                seeds = noise_seeds(config.seed, place * config.samples + begin, size)
                result = study.run(None, size, seeds=seeds, temperature=np.full(size, temperature))
                wrong += int(np.sum(~judge(result, study.wanted, spec.after).passed))
                for item in timed:
                    errors += count_errors(result, item, spec.after)
                    bits += item.count * size
                if report is not None:
                    report("runs", place * config.samples + begin + size, total)
            found.append(ErrorRate(temperature, errors, bits, wrong, config.samples))
    except KeyboardInterrupt:
        pass
    return found


def count_errors(result: Transient, item: Expected, after: float) -> int:
    """Missing and superfluous pulses of one check in all instances; a run that broke down misses all."""
    assert item.t is not None
    pulses = train(result.pulses, item.junction, after)
    size = result.instances
    if not item.count:
        return len(pulses.t)
    broken = np.zeros(size, bool)
    broken[list(result.failed)] = True
    # The nearest expected pulse to each pulse.
    edges = (item.t[1:] + item.t[:-1]) / 2
    nearest = np.searchsorted(edges, pulses.t)
    right = np.abs(pulses.t - item.t[nearest]) <= item.half[nearest]
    right &= (pulses.direction == item.direction[nearest]) & ~broken[pulses.instance]
    hit = np.zeros((size, item.count), bool)
    hit[pulses.instance[right], nearest[right]] = True
    surplus = int(np.sum(~broken[pulses.instance])) - int(hit.sum())
    return int((~hit).sum()) + surplus
