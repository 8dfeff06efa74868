"""Current-voltage curves against the overdamped junction's formula and an underdamped one's hysteresis."""

from __future__ import annotations

import numpy as np
import pytest

from hwdesign.errors import HwdesignError
from hwdesign.formats.spice import read_spice_text
from hwdesign.spice.iv import iv_curves

DECK = """* curves
I1 0 1 1u
X1 cell 1
.subckt cell a
.model damped jj(rtype=0, icrit=0.1m, rn=2, cap=0.001p)
B1 a 0 damped
.ends
B2 1 0 tunnel
.model tunnel jj(rtype=1, vg=2.7m, cap=0.07p, r0=250, rn=20, icrit=0.075m)
.tran 0.1p 10p
.print phase B2
"""


def test_an_overdamped_junction_has_its_formulas_curve() -> None:
    """⟨V⟩ = R·√(I² - Ic²)."""
    (found,) = iv_curves(read_spice_text(DECK + ".iv damped.cell 200u a.csv\n"))
    assert found.curve.model == "damped|cell" and len(found.current) == 4 * 80 + 1
    steps = np.diff(found.current)
    assert np.allclose(np.abs(steps), 2.5e-6) and found.current[[0, 80, 240, -1]].tolist() == [0, 2e-4, -2e-4, 0]
    size = np.abs(found.current)
    wanted = np.sign(found.current) * 2 * np.sqrt(np.maximum(size**2 - 1e-8, 0))
    # The mean is over 250 ps, which are no whole number of periods.
    assert np.abs(found.voltage - wanted)[size > 1.1e-4].max() < 0.02 * 2 * 2e-4
    assert np.abs(found.voltage[size < 0.99e-4]).max() < 1e-8


def test_an_underdamped_junction_returns_by_another_way() -> None:
    (found,) = iv_curves(read_spice_text(DECK + ".iv tunnel 120u a.csv\n"))
    at = int(found.current.argmax())
    up, down = found.voltage[: at + 1], found.voltage[at : 2 * at + 1][::-1]
    middle = int(50e-6 / 2.5e-6)
    assert abs(up[middle]) < 1e-8 and 2.5e-3 < down[middle] < 2.8e-3
    assert 2.7e-3 < up[-1] < 3e-3
    assert np.allclose(found.voltage[2 * at :], -found.voltage[: 2 * at + 1], atol=1e-7)


def test_a_card_keeps_its_subcircuits_parameters() -> None:
    """Of two cards of one name, each with a resistance from its own scope."""
    cards = ".param r=1\n.model k jj(rtype=0, icrit=1u, rn=r, cap=0)\n.subckt q a w=2\n.param r=w*2\nB1 a 0 k\n"
    text = (
        f"{DECK}{cards}.model k jj(rtype=0, icrit=1u, rn=r, cap=0)\n.ends\n.param big=50u\n.iv k big a\n.iv k|q big a\n"
    )
    outer, inner = iv_curves(read_spice_text(text))
    assert abs(outer.voltage[20] - 50e-6) < 1e-6 and abs(inner.voltage[20] - 200e-6) < 4e-6


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "t.cir: the deck has no .iv line; write .iv, a model, a current and a file"),
        (".iv damped.none 1m a.csv\n.model other d(is=1f)", "t.cir:12: '.iv' names the model 'damped|none', "
         "which is not defined; models: tunnel, other, damped|cell"),
        (".iv other 1m a.csv\n.model other d(is=1f)",
         "t.cir:13: model 'other': it is of kind 'd', not a Josephson junction; write .model name jj(...)"),
        (".iv tunnel 1 a.csv", "t.cir:12: '.iv' asks for 1600000 points; a largest current of 0.0625 A can be had"),
        (".iv tunnel -1u a.csv", "t.cir:12: '.iv' has a current of -1e-06 A; give a positive current"),
    ],
)  # fmt: skip
def test_refuses_wrong_curves(lines: str, message: str) -> None:
    with pytest.raises(HwdesignError) as caught:
        iv_curves(read_spice_text(f"{DECK}{lines}\n", file="t.cir", dialect="josim"))
    assert str(caught.value) == message
