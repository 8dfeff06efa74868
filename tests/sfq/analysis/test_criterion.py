"""Pulses against what they must be."""

from __future__ import annotations

import numpy as np
import pytest

from hwdesign.sfq.analysis.criterion import expected, judge, train
from hwdesign.sfq.analysis.performance import count_errors
from hwdesign.sfq.analysis.spec import Check
from hwdesign.spice import Pulses, Transient

Row = tuple[int, float, int, int]


def transient(rows: list[Row], instances: int, failed: dict[int, str] | None = None) -> Transient:
    """A simulation of one junction B1: (instance, ps, k, direction)."""
    rows = sorted(rows)
    i, t, k, d = (np.array([row[c] for row in rows]) for c in range(4))
    pulses = Pulses(
        i.astype(np.int32), np.zeros(len(rows), np.int32), k.astype(np.int32), d.astype(np.int32), t * 1e-12, ("B1",)
    )
    return Transient(np.zeros(1), {}, pulses, failed or {}, np.full(instances, 1e-13))


NOMINAL = transient([(0, 20.0, 0, 1), (0, 60.0, 1, 1)], 1)
VARIANTS = transient(
    [
        *((0, 21.0, 0, 1), (0, 59.0, 1, 1)),  # within
        *((1, 20.0, 0, 1), (1, 80.0, 1, 1)),  # late
        (2, 20.0, 0, 1),  # one lost
        *((3, 20.0, 0, 1), (3, 60.0, 0, -1)),  # turned back
        *((4, 20.0, 0, 1), (4, 60.0, 1, 1)),  # broke down
        *((5, 20.0, 0, 1), (5, 20.2, 0, -1), (5, 20.4, 0, 1), (5, 60.0, 1, 1)),  # chatter
    ],
    7,
    {4: "the simulation broke down"},
)


def test_reference_judges_number_time_and_direction() -> None:
    wanted = expected(Check(junction="B1", reference="nominal", within="5p"), "B1", NOMINAL, 0.0)
    verdict = judge(VARIANTS, [wanted], 0.0)
    assert verdict.passed.tolist() == [True, False, False, False, False, True, False]
    assert [verdict.reason(i) for i in range(7)] == [
        "",
        "B1: a pulse 20.0 ps from where it should be",
        "B1: 1 pulses, not 2",
        "B1: a pulse 0.0 ps from where it should be",
        "the simulation broke down",
        "",
        "B1: 0 pulses, not 2",
    ]
    # Late: one missing, one surplus; lost: one; turned: two; broken: two; empty: two.
    assert count_errors(VARIANTS, wanted, 0.0) == 2 + 1 + 2 + 2 + 2


def test_windows_hold_one_pulse_each() -> None:
    check = Check(junction="B1", windows=[("15p", "25p"), ("55p", "65p")])
    verdict = judge(VARIANTS, [expected(check, "B1", NOMINAL, 0.0)], 0.0)
    assert verdict.passed.tolist() == [True, False, False, False, False, True, False]


def test_count_is_net() -> None:
    verdict = judge(VARIANTS, [expected(Check(junction="B1", count=0), "B1", NOMINAL, 0.0)], 0.0)
    assert verdict.passed.tolist() == [False, False, False, True, False, False, True]


@pytest.mark.parametrize("turn", [1, -1])
def test_pulses_before_the_start_say_nothing(turn: int) -> None:
    early = transient([(0, 5.0, 0, turn), (0, 20.0, 1, turn)], 1)
    assert train(early.pulses, "B1", 10e-12).t.tolist() == [20e-12]
