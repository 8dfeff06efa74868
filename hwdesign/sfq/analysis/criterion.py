"""When a circuit works: its junctions' pulses against what they must be, for a whole batch at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.sfq.analysis.spec import Check
from hwdesign.spice import Pulses, Transient

Float = NDArray[np.float64]

CHATTER = 1e-12
"""Seconds within which a crossing and the one back are noise on one phase, and no two pulses."""


@dataclass(frozen=True)
class Train:
    """One junction's pulses in every instance, by instance, then time.

    Attributes:
        instance: int64[P].
        t: float64[P], seconds.
        direction: int64[P].
    """

    instance: NDArray[np.int64]
    t: Float
    direction: NDArray[np.int64]

    def counts(self, instances: int) -> NDArray[np.int64]:
        """int64[instances]: number of pulses, either way."""
        return np.bincount(self.instance, minlength=instances).astype(np.int64)

    def net(self, instances: int) -> NDArray[np.int64]:
        """int64[instances]: upward ones less downward ones."""
        return np.bincount(self.instance, weights=self.direction, minlength=instances).astype(np.int64)


def train(pulses: Pulses, junction: str, after: float = 0.0) -> Train:
    """The pulses of a junction from `after` on, without chatter."""
    at = pulses.junctions.index(junction)
    chosen = (pulses.junction == at) & (pulses.t >= after)
    instance, t = pulses.instance[chosen].astype(np.int64), pulses.t[chosen]
    direction, k = pulses.direction[chosen].astype(np.int64), pulses.k[chosen]
    while len(t) > 1:
        back = (instance[1:] == instance[:-1]) & (k[1:] == k[:-1]) & (direction[1:] != direction[:-1])
        first = np.flatnonzero(back & (np.diff(t) < CHATTER))
        if not len(first):
            break
        # Of up, down, up only one pair goes: pairs must not share a crossing.
        first = first[np.concatenate([[True], np.diff(first) > 1])]
        keep = np.ones(len(t), bool)
        keep[first] = keep[first + 1] = False
        instance, t, direction, k = instance[keep], t[keep], direction[keep], k[keep]
    return Train(instance, t, direction)


@dataclass(frozen=True)
class Verdict:
    """What a batch's instances did.

    Attributes:
        passed: bool[N].
        check: int64[N], first check that an instance does not hold, -1 where all hold.
        found, wanted: int64[N], number of pulses at that check.
        off: float64[N], largest difference in time there, seconds; NaN where the number is wrong.
        broken: why simulations did not finish, by instance.
        names: junctions of the checks.
    """

    passed: NDArray[np.bool_]
    check: NDArray[np.int64]
    found: NDArray[np.int64]
    wanted: NDArray[np.int64]
    off: Float
    broken: dict[int, str]
    names: tuple[str, ...]

    def reason(self, instance: int) -> str:
        """Why an instance did not pass; empty where it did."""
        if instance in self.broken:
            return self.broken[instance]
        if self.passed[instance]:
            return ""
        name = self.names[int(self.check[instance])]
        if np.isnan(self.off[instance]):
            return f"{name}: {self.found[instance]} pulses, not {self.wanted[instance]}"
        return f"{name}: a pulse {self.off[instance] * 1e12:.1f} ps from where it should be"


@dataclass(frozen=True)
class Expected:
    """What one check wants, in numbers.

    Attributes:
        junction: name.
        t: float64[n]: middle of the allowed times; None where only the net number counts.
        half: float64[n], half the allowed span.
        direction: int64[n].
        count: number of pulses, or net number.
    """

    junction: str
    t: Float | None
    half: Float
    direction: NDArray[np.int64]
    count: int


def expected(check: Check, junction: str, nominal: Transient, after: float) -> Expected:
    """The numbers of a check, given the nominal simulation."""
    if check.count is not None:
        return Expected(junction, None, np.zeros(0), np.zeros(0, np.int64), check.count)
    if check.windows is not None:
        spans = np.array(check.windows, np.float64).reshape(-1, 2)
        found = train(nominal.pulses, junction, after)
        # A junction may stand the other way round: its pulses then all run downwards.
        sign = -1 if len(found.t) and found.direction.sum() < 0 else 1
        half = (spans[:, 1] - spans[:, 0]) / 2
        return Expected(junction, spans.mean(axis=1), half, np.full(len(spans), sign, np.int64), len(spans))
    found = train(nominal.pulses, junction, after)
    return Expected(junction, found.t, np.full(len(found.t), check.within), found.direction, len(found.t))


def judge(result: Transient, wanted: Sequence[Expected], after: float) -> Verdict:
    """Judge every instance of a simulation."""
    size = result.instances
    check = np.full(size, -1, np.int64)
    found_count, wanted_count = np.zeros(size, np.int64), np.zeros(size, np.int64)
    off = np.full(size, np.nan)
    for at, item in enumerate(wanted):
        pulses = train(result.pulses, item.junction, after)
        number = pulses.net(size) if item.t is None else pulses.counts(size)
        bad = number != item.count
        late = np.full(size, np.nan)
        if item.t is not None and item.count:
            whole = ~bad
            chosen = whole[pulses.instance]
            gap = pulses.t[chosen].reshape(-1, item.count) - item.t
            turned = pulses.direction[chosen].reshape(-1, item.count) != item.direction
            wrong = np.any((np.abs(gap) > item.half) | turned, axis=1)
            rows = np.flatnonzero(whole)[wrong]
            late[rows] = np.max(np.abs(gap[wrong]), axis=1)
            bad[rows] = True
        new = bad & (check < 0)
        check[new], found_count[new], wanted_count[new], off[new] = at, number[new], item.count, late[new]
    passed = check < 0
    broken = {int(i): text for i, text in result.failed.items()}
    passed[list(broken)] = False
    return Verdict(passed, check, found_count, wanted_count, off, broken, tuple(item.junction for item in wanted))
