"""Waveforms and junction cards as records."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hwdesign.errors import FormatError, HwdesignError, NetlistError
from hwdesign.formats.spice import read_spice_text
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.junctions import JunctionCard, junction, junction_card
from hwdesign.netlist.netlist import Model
from hwdesign.netlist.waveforms import Waveform, parse_waveform, source_waveform

STEP, STOP = 1e-13, 1e-9


def at(text: str, *times_ps: float, samples: str = "") -> list[float]:
    times = np.array(times_ps) * 1e-12
    return parse_waveform(text, samples).sample(times, STEP, STOP).tolist()


def test_waveforms_follow_their_equations() -> None:
    assert at("pwl(0 0 1e-12 2 3e-12 -2)", -1, 0, 0.5, 1, 2, 3, 9) == pytest.approx([0, 0, 1, 2, 0, -2, -2])
    assert at("pulse(1 3 2e-12 1e-12 2e-12 3e-12 10e-12)", 0, 2.5, 4, 5.9, 7, 8.5, 12.5) == pytest.approx(
        [1, 2, 3, 3, 2, 1, 2]
    )
    assert at("sin(1 2 1e11 1e-12)", 0.5, 1, 3.5, 6) == pytest.approx([1, 1, 3, 1])
    decay = 1 - math.exp(-1)
    assert at("exp(0 2 1e-12 1e-12 3e-12 2e-12)", 0, 2, 5) == pytest.approx(
        [0, 2 * decay, 2 * (1 - math.exp(-4)) - 2 * decay]
    )
    assert at("exp(0 2 1e-12 0 3e-12 0)", 0, 1.5, 5) == [0, 2, 0]
    assert at("pulse(0 1 1e-12 0 0 1e-12 5e-12)", 0.5, 1, 1.5, 2.5) == [0, 1, 1, 0]
    assert at("pws(0 0 4e-12 2 8e-12 0)", 0, 1, 2, 4, 6, 9) == pytest.approx([0, 1 - math.sqrt(0.5), 1, 2, 1, 0])
    assert at("cus(f 1e-12 2 0)", 0.5, 1.5, 2.5, 3.5, samples="1 2 3") == pytest.approx([2, 4, 6, 0])
    assert at("cus(f 1e-12 1 1 1e-12)", 0.5, 1.5, 2.5, samples="1 2 3") == pytest.approx([0, 0.5, 1.5])
    assert at("cus(f 1e-12 1 2)", 0, 1, 2, samples="0 1 0") == pytest.approx([0, 1, 0])
    assert at("cus(f 1e-12 1 0 0 1)", 0.5, 3.5, 7.5, samples="1 2 3") == pytest.approx([1, 1, 2])


def test_missing_arguments_are_josims() -> None:
    assert parse_waveform("pulse(0 1)").complete(STEP, STOP).values == (0, 1, 0, STEP, STEP, STOP, STOP)
    assert parse_waveform("sin(0 1)").complete(STEP, STOP).values == (0, 1, 1 / STOP, 0, 0, 0)
    assert parse_waveform("noise(2)").complete(STEP, STOP).values == (2, 0, STEP)
    assert parse_waveform("pwl(0 0)").complete(STEP, STOP).values == (0, 0)
    assert parse_waveform("cus(wave.txt 1e-12)").text() == "cus(wave.txt 1e-12)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pulse(0)", "pulse has 1 arguments, not 2 to 7; they are: low high delay rise fall width period"),
        ("pwl(0 0 1)", "pwl has 3 arguments, not pairs of a time and a value; write pwl(0 0 time value ...)"),
        ("pwl(0 0 2 1 1 0)", "pwl's times go back at 1 s; sort its points by time"),
        ("pulse(0 1 0 -1)", "pulse's rise is negative; give a positive time"),
        ("pulse(0 1 0 1 1 1 0)", "pulse's period is zero; leave it out for a single pulse"),
        ("cus(f 1 1 3)", "cus's interpolation is none of 0 (none), 1 (linear), 2 (cubic)"),
        ("sin(0 a)", "'a' in 'sin(0 a)' is no number; elaborate the netlist first"),
        ("ramp(0 1)", "'ramp(0 1)' is no transient function; known: am cus dc exp noise pulse pwl pws sffm sin trnoise "
                      "trrandom ws"),
    ],
)  # fmt: skip
def test_what_is_no_waveform(text: str, message: str) -> None:
    with pytest.raises(HwdesignError) as caught:
        parse_waveform(text)
    assert str(caught.value) == message


def test_a_random_waveform_cannot_be_sampled() -> None:
    with pytest.raises(NetlistError, match="a source's 'noise' cannot be sampled"):
        at("noise(1)", 0)
    with pytest.raises(NetlistError, match="the samples of a 'cus' source are not known"):
        at("cus(f)", 0)


def test_sources_of_a_deck_are_records() -> None:
    flat = elaborate(
        read_spice_text(
            ".param ib=70u\n.model j jj(icrit=0.1m)\nI1 0 a pwl(0 0 5p ib)\nV1 b 0 dc 1m\nI2 0 a\n"
            "P1 c 0 pwl(0 0 1p 2*pi)\nI3 0 a pulse(0 ib*2 20p)\n.tran 0.1p 1n\n"
        )
    )
    top = flat.top_module
    assert [source_waveform(top, cell) for cell in range(5)] == [
        Waveform("pwl", (0, 0, 5e-12, 70e-6)),
        Waveform("dc", (1e-3,)),
        Waveform("dc", (0.0,)),
        Waveform("pwl", (0, 0, 1e-12, 2 * math.pi)),
        Waveform("pulse", (0, 140e-6, 20e-12)),
    ]
    deck = read_spice_text("t\n.subckt s a w=0\nI1 0 a pwl(0 0 {w} 1)\n.ends\nX1 n s w=-1\n", file="t.sp")
    with pytest.raises(NetlistError) as caught:
        source_waveform(elaborate(deck).modules["s"], 0)
    assert str(caught.value) == "t.sp:3: source 'I1': pwl's times go back at -1 s; sort its points by time"
    with pytest.raises(FormatError, match="source 'I1': 'w' in 'pwl"):
        source_waveform(deck.modules["s"], 0)


def card(**params: float | str) -> JunctionCard:
    return junction_card(Model("m", "jj", params, line=3), file="t.cir")


def test_a_card_has_josims_names_and_defaults() -> None:
    assert card() == JunctionCard("m", line=3)
    assert (card().rtype, card().vg, card().icrit, card().icfct) == (1, 2.8e-3, 1e-3, math.pi / 4)
    one = card(vgap=1e-3, ic=2e-3, c=1e-12, icfact=0.7, phi=math.pi, cpr="1,0.2", rtype=0.0)
    assert (one.vg, one.icrit, one.cap, one.icfct, one.phi, one.cpr) == (1e-3, 2e-3, 1e-12, 0.7, math.pi, (1.0, 0.2))
    assert not one.temperature_dependent
    assert card(t=4.2).temperature_dependent
    wrspice = card(level=1.0, cct=1.0, force=1.0, pijj=1.0, rsub=100.0, rnorm=10.0)
    assert (wrspice.phi, wrspice.r0, wrspice.rn) == (math.pi, 100.0, 10.0)
    assert card(cct=1.0, rtype=0.0).rn == math.inf
    products = card(cct=1.0, icon=0.01, icrit=2e-4, vm=16.5e-3, icrn=1.65e-3)
    assert (products.r0, products.rn) == (pytest.approx(82.5), pytest.approx(8.25))
    assert card(icrit=2e-4, vm=16.5e-3, r0=30.0).r0 == 30.0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"icrit": 0.0}, "icrit=0 is not positive; give a positive value"),
        ({"cap": -1e-15}, "cap=-1e-15 is negative; give zero or a positive capacitance"),
        ({"rtype": 2.0}, "rtype=2 is WRspice's exponential quasi-particle branch; "
         "0 is linear, 1 is piecewise linear; write one of these"),
        ({"rtype": 5.0}, "rtype=5 is neither 0 nor 1; 0 is linear, 1 is piecewise linear; write one of these"),
        ({"vm": -1.0}, "'vm=-1.0' is no positive number; elaborate the netlist first"),
        ({"d": 1.5}, "d=1.5 is not between 0 and 1; d is the contact's transparency"),
        ({"t": 10.0}, "t=10 is not between 0 and tc=9.1; a junction works below tc"),
        ({"vg": 1e-3, "vgap": 1e-3}, "two values for 'vg'; remove one of them"),
        ({"cpr": "a"}, "cpr='a' holds no numbers; write cpr={1,0.2}"),
        ({"icrit": "ic0"}, "'icrit=ic0' is no number; elaborate the netlist first"),
        ({"gwidth": 1.0}, "a junction has no parameter 'gwidth'; "
                          "it has: cap cpr d delv icfct icrit phi r0 rn rtype t tc vg"),
        ({"cct": 2.0}, "'cct=2.0' asks for another model; cct may be 1"),
        ({"level": 3.0}, "'level=3.0' asks for another model; level may be 1"),
    ],
)  # fmt: skip
def test_a_wrong_card(params: dict[str, float | str], message: str) -> None:
    with pytest.raises(NetlistError) as caught:
        card(**params)
    assert str(caught.value) == f"t.cir:3: model 'm': {message}"


def test_a_junction_scales_with_its_area() -> None:
    flat = elaborate(
        read_spice_text(
            "B1 a 0 m area=2\nB2 a 0 ph m ic=50u temp=4.2 neb=1g\nB3 a 0 g\nB4 a 0 m area=0\nB5 a 0 n\nB6 a 0 q\n"
            ".model m jj(rtype=1, vg=2.8m, cap=70f, r0=160, rn=16, icrit=0.1m)\n"
            ".model g jj(rtype=0, icrit=0.1m, rn=16, t=4.2, tc=9.1)\n.model q d()\n",
            file="t.cir",
        )
    )
    one, two, three = (junction(flat, flat.top_module, cell, temp=1.0) for cell in range(3))
    assert (one.area, one.icrit, one.cap, one.rn, one.r0, one.temp) == (2.0, 2e-4, 140e-15, 8.0, 80.0, 1.0)
    assert (one.v_subgap, one.v_normal) == pytest.approx((2.75e-3, 2.85e-3))
    # The transition's line meets the subgap branch where it begins.
    assert one.g_transition * one.v_subgap + one.i_transition == pytest.approx(one.v_subgap / one.r0)
    assert one.g_transition == pytest.approx(2e-4 * 4 / (math.pi * 1e-4))
    assert (two.area, two.icrit, two.temp, two.neb) == (0.5, 5e-5, 4.2, 1e9)
    # Ambegaokar-Baratoff: Ic·Rn = πΔ/2e·tanh(Δ/2kT), with Δ near 1.4 meV for niobium.
    assert three.gap / 1.6021766208e-19 == pytest.approx(1.36e-3, rel=0.02)
    assert three.rn * three.icrit == pytest.approx(math.pi * three.gap / 2 / 1.6021766208e-19 *
                                                   math.tanh(three.gap / (2 * 1.38064852e-23 * 4.2)))  # fmt: skip
    assert three.r0 == three.rn
    for cell, message in (
        (3, "t.cir:4: junction 'B4': area=0 is not positive; give a junction a positive area"),
        (4, "t.cir:5: junction 'B5': model 'n' is not defined; add a line .model n jj(...)"),
        (5, "t.cir:9: model 'q': it is of kind 'd', not a Josephson junction; write .model name jj(...)"),
    ):
        with pytest.raises(NetlistError) as caught:
            junction(flat, flat.top_module, cell)
        assert str(caught.value) == message
