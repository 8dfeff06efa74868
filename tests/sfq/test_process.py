"""Process cards."""

from __future__ import annotations

from dataclasses import replace
from math import pi, sqrt

import pytest

from hwdesign.errors import ConfigError
from hwdesign.netlist.junctions import junction_card
from hwdesign.sfq import LINEAR_10KA, MITLL_SFQ5EE, PROCESSES
from hwdesign.sfq.process import process


def test_the_shunt_follows_from_beta_c() -> None:
    card = replace(MITLL_SFQ5EE, beta_c=2.0)
    # βc = 2π·Ic·Rs²·C/Φ0 of a junction of 0.25 mA, that is 2.5 µm²
    beta_c = 2 * pi * 250e-6 * card.shunt_ohm(250.0) ** 2 * (2.5 * 70e-15) / 2.067833848e-15
    assert beta_c == pytest.approx(2.0, rel=1e-12)
    assert MITLL_SFQ5EE.icrs_v == pytest.approx(sqrt(2.067833848e-15 * 1e8 / (2 * pi * 70e-3)), rel=1e-12)


def test_a_card_may_set_the_product_of_current_and_shunt() -> None:
    assert LINEAR_10KA.shunt_ohm(250.0) == pytest.approx(2.7439617672, rel=1e-12)
    assert replace(LINEAR_10KA, vc_mv=0.5).shunt_ohm(100.0) == pytest.approx(5.0)


@pytest.mark.parametrize("card", PROCESSES.values(), ids=PROCESSES)
def test_model_cards_are_of_one_square_micrometre(card) -> None:  # type: ignore[no-untyped-def]
    found = junction_card(card.model())
    assert found.icrit == pytest.approx(100e-6) and found.cap == pytest.approx(70e-15)
    assert card.area(250.0) == pytest.approx(2.5) and card.source


def test_a_strip_has_the_inductance_of_its_squares() -> None:
    assert MITLL_SFQ5EE.shunt_inductance_ph(4.0) == pytest.approx(2 * 1.13)
    assert LINEAR_10KA.shunt_inductance_ph(4.0) == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"jc_ka_cm2": 0.0}, "process 'linear-10ka': jc_ka_cm2=0 is not positive"),
        ({"cs_ff_um2": -1.0}, "process 'linear-10ka': cs_ff_um2=-1 is not positive"),
        ({"vc_mv": float("nan")}, "process 'linear-10ka': vc_mv=nan is not positive"),
        ({"rtype": 2}, "process 'linear-10ka': rtype=2 is neither 0 nor 1"),
    ],
)
def test_refuses_what_no_process_can_have(change: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        replace(LINEAR_10KA, **change)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_names_the_presets_when_one_is_unknown() -> None:
    with pytest.raises(ConfigError, match=r"no process is named 'aist'; processes: linear-10ka, mitll-sfq5ee"):
        process("aist")
