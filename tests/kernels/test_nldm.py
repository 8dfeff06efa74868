"""The kernel of driving gates against its differentiable form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.kernels.nldm import NldmRamps, NldmTables, nldm_drive
from hwdesign.timing.driver import Pi, at_sinks, drive
from hwdesign.timing.ramp import ramp_table
from hwdesign.timing.tables import Tables

RAMPS = ramp_table(0.2, 0.5, 0.8)
NUMBERS = np.array([RAMPS.low, RAMPS.middle, RAMPS.high, RAMPS.shortest, RAMPS.step])
KERNEL_RAMPS = NldmRamps(RAMPS.values.numpy(), RAMPS.slopes.numpy(), NUMBERS)


def tables(generator: np.random.Generator) -> NldmTables:
    """A delay and a slew table, and a constant; the axes of the second are shorter and padded."""
    rows = np.sort(generator.uniform(0.01, 1.5, (3, 4)), 1)
    cols = np.sort(generator.uniform(0.0005, 0.3, (3, 5)), 1)
    rows[1, 3], cols[1, 4] = rows[1, 2], cols[1, 3]
    # Slews grow faster than the driver's time constant, so that a ramp through a resistor can make them.
    resistance = generator.uniform(0.5, 8.0)
    slope = resistance * generator.uniform(1.2, 2.5)
    delay = 0.03 + 0.2 * rows[0][:, None] + resistance * cols[0]
    values = np.stack([delay, np.tile(0.02 + slope * cols[1], (4, 1)), np.full((4, 5), 0.05)])
    return NldmTables(rows, cols, values, np.array([2, 1, -1]), np.array([3, 2, -1]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_equals_the_differentiable_form(seed: int) -> None:
    generator = np.random.default_rng(seed)
    made, n, p = tables(generator), 40, 60
    which = np.zeros(n, np.int64), generator.choice([1, 1, 1, 2], n)
    slew = generator.uniform(0.0, 2.0, n)
    pi = generator.uniform(0, 0.05, n), generator.choice([0.0, 0.3, 3.0], n), generator.uniform(0, 0.1, n)
    row, elmore = generator.integers(0, n, p), generator.choice([0.0, 0.001, 0.05], p)
    found = nldm_drive(made, KERNEL_RAMPS, 0.9, which, slew, pi, (row, elmore))
    lookup = Tables(*(torch.as_tensor(item) for item in made))
    curves = [lookup.along(torch.as_tensor(item), torch.as_tensor(slew)) for item in which]
    driven = drive(curves[0], curves[1], Pi(*(torch.as_tensor(item) for item in pi)), RAMPS, 0.9)
    assert len(driven.solved) > 3
    wires = at_sinks(driven, torch.as_tensor(row), torch.as_tensor(elmore), RAMPS)
    for ours, theirs in zip(found, (driven.ceff, driven.delay, driven.slew, *wires), strict=True):
        assert ours == pytest.approx(theirs.numpy(), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"table": (np.array([3]), np.array([1]))}, "a row names no table"),
        ({"table": (np.array([0]), np.array([-1]))}, "a row names no table"),
        ({"sinks": (np.array([1]), np.array([0.0]))}, "a sink names no row"),
        ({"sinks": (np.array([0]), np.zeros(2))}, "the sinks' arrays differ in length"),
        ({"slew": np.zeros(2)}, "the rows' arrays differ in length"),
    ],
)
def test_refusals(change: dict[str, Any], text: str) -> None:
    made = tables(np.random.default_rng(0))
    one = np.array([0.01])
    given_: dict[str, Any] = {
        "table": (np.array([0]), np.array([1])), "slew": one, "pi": (one, one, one), "sinks": (np.array([0]), one),
    }  # fmt: skip
    nldm_drive(made, KERNEL_RAMPS, 1.0, **given_)
    with pytest.raises(ValueError) as refused:
        nldm_drive(made, KERNEL_RAMPS, 1.0, **{**given_, **change})
    assert str(refused.value) == text


def test_refuses_intervals_outside_a_table() -> None:
    made = tables(np.random.default_rng(0))._replace(last_row=np.array([4, 1, -1]))
    one = np.array([0.01])
    with pytest.raises(ValueError) as refused:
        nldm_drive(made, KERNEL_RAMPS, 1.0, (np.array([0]), np.array([1])), one, (one, one, one), (np.array([0]), one))
    assert str(refused.value) == "a table's last interval lies outside it"
