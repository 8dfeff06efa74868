"""The Spectre writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.errors import UnsupportedError
from hwdesign.formats.spectre import spectre_text, write_spectre
from hwdesign.formats.spice import read_spice, read_spice_text
from tests.conftest import ROOT

DECK = """An amplifier
.global VDD
.param W=2u phi={w*pi}
.model Nch nmos level=1 vto=0.5
.model dd d is=1f
.subckt amp in out wn=1u WP={2*wn}
.param area={wn*WP^2}
M1 out in 0 0 nch w={wn} l=0.18u
Rl vdd out {ln(wp)*1k}
.ends
X1 a b amp wn={W}
V1 VDD 0 dc 1.8
V2 a 0 dc 0 ac 1 90 sin(0 1 1k)
I1 a 0 pulse(0 1m 1n 1n 1n 5n 10n)
V3 c 0 pwl(0 0 1n 1)
C1 a b 1p ic=0.5
L1 a b 1n
L2 b c 1n
K1 l1 L2 0.9
E1 e 0 a b 10
F1 f 0 v1 2
D1 a 0 dd
B1 g 0 v=v(a)^2
R2 n[3] 0 1k
.tran 1n 1u
"""


def test_a_deck_in_spectre() -> None:
    assert spectre_text(read_spice_text(DECK)).splitlines() == [
        "// An amplifier",
        "simulator lang=spectre",
        "global 0 VDD",
        "parameters w=2e-06",
        "parameters phi=w*3.141592653589793",
        "model Nch mos1 type=n vto=0.5",
        "model dd diode is=1e-15",
        "subckt amp (in out)",
        "parameters wn=1e-06 wp=2*wn",
        "parameters area=wn*wp**2",
        "M1 (out in 0 0) Nch w=wn l=1.8e-07",
        "Rl (VDD out) resistor r=log(wp)*1k",
        "ends amp",
        "X1 (a b) amp wn=2e-06",
        "V1 (VDD 0) vsource dc=1.8",
        "V2 (a 0) vsource dc=0 mag=1 phase=90 type=sine sinedc=0 ampl=1 freq=1000",
        "I1 (a 0) isource type=pulse val0=0 val1=0.001 delay=1e-09 rise=1e-09 fall=1e-09 width=5e-09 \\",
        "    period=1e-08",
        "V3 (c 0) vsource type=pwl wave=[0 0 1e-09 1]",
        "C1 (a b) capacitor c=1e-12 ic=0.5",
        "L1 (a b) inductor l=1e-09",
        "L2 (b c) inductor l=1e-09",
        "K1 mutual_inductor coupling=0.9 ind1=L1 ind2=L2",
        "E1 (e 0 a b) vcvs gain=10",
        "F1 (f 0) cccs probe=V1 gain=2",
        "D1 (a 0) dd",
        "B1 (g 0) bsource v=v(a)**2",
        "R2 (n\\[3\\] 0) resistor r=1000",
        "// .tran 1n 1u",
    ]


@pytest.mark.parametrize("name", ["rc_filter", "diff_pair", "two_stage_opamp"])
def test_our_analog_decks_are_written(name: str, tmp_path: Path) -> None:
    netlist = read_spice(ROOT / f"netlists/analog/{name}.sp")
    write_spectre(netlist, tmp_path / "x.scs")
    lines = (tmp_path / "x.scs").read_text().splitlines()
    assert lines[1] == "simulator lang=spectre"
    instances = [line for line in lines if line.split(" ")[1:] and line.split(" ")[1].startswith("(")]
    assert len(instances) == sum(m.num_cells for m in netlist.modules.values())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("S1 a b c d m", "Spectre has no device like 'S1'; write it as SPICE"),
        (".model x nmos level=77", "model 'x' of kind 'nmos' has no counterpart in Spectre; "
         "give it a kind that Spectre has"),
        (".func f(x) {x}", "user-defined functions are not written; elaborate the netlist first"),
        (".subckt s a w=1\nR1 a 0 {nint(w)}\n.ends", "Spectre has no function 'nint'; elaborate the netlist first"),
        ("V1 a 0 am(1 2 3 4)", "source 'V1' has the function 'am'; use pulse, sin, exp or pwl"),
    ],
)  # fmt: skip
def test_what_spectre_lacks(body: str, message: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        spectre_text(read_spice_text(f"t\n{body}\n", file="t.sp"))
    assert str(caught.value) == f"t.sp: {message}"
