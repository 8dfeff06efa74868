"""Josephson junctions written for ngspice, which runs them, and for WRspice."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hwdesign.errors import HwdesignError, UnsupportedError
from hwdesign.formats.spice import read_spice, read_spice_text, spice_text, write_spice
from hwdesign.netlist import Netlist
from tests.conftest import ROOT, require_tool

QUANTUM = 2.067833831170082e-15
MODEL = ".model j jj(rtype=0, cap=70f, rn=16, icrit=0.1m)\n"


def deck(body: str, model: str = MODEL) -> Netlist:
    return read_spice_text(model + body + "\n", file="t.cir")


def run(netlist: Netlist, folder: Path) -> dict[str, NDArray[np.float64]]:
    """Vectors of a transient analysis by ngspice, by name."""
    program = require_tool("ngspice")
    write_spice(netlist, folder / "d.sp", dialect="ngspice")
    done = subprocess.run(
        [program, "-b", "-r", "d.raw", "d.sp"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    head, _, body = (folder / "d.raw").read_bytes().partition(b"Binary:\n")
    assert body, done.stdout + done.stderr
    lines = head.decode().splitlines()
    count = int(next(line for line in lines if line.startswith("No. Variables")).split(":")[1])
    names = [line.split()[1] for line in lines[lines.index("Variables:") + 1 :][:count]]
    return dict(zip(names, np.frombuffer(body, np.float64).reshape(-1, count).T, strict=True))


JTL = (
    ".param lhalf=2.067p ib=175u\n.subckt stage a q\nL1 a n lhalf\nL2 n q lhalf\nB1 n 0 j area=2.5\nR1 n 0 2.744\n"
    "IB 0 n pwl(0 0 5p ib)\n.ends\n"
    "IIN 0 n0 pwl(0 0 60p 0 62p 0.5m 64p 0 140p 0 142p 0.5m 144p 0)\n"
    + "".join(f"X{k} stage n{k} n{k + 1}\n" for k in range(10))
    + "ROUT n10 0 2\n.tran 0.1p 220p 0 0.1p\n.print p(B1.X0) p(B1|X9)\n.print devi L1.X5\n.print v(n.X9) v(n10)\n"
    ".print devv B1.X9\n"
)


def test_pulses_travel_a_line_of_ten_junctions_in_ngspice(tmp_path: Path) -> None:
    found = run(deck(JTL), tmp_path)
    time = found["time"]
    for name in ("v(x0.phase_b1)", "v(x9.phase_b1)"):
        phase = found[name]
        before, between, after = (float(np.interp(t, time, phase)) for t in (58e-12, 138e-12, 219e-12))
        assert before == pytest.approx(math.asin(0.7), abs=0.02)
        assert between - before == pytest.approx(2 * math.pi, abs=0.01)
        assert after - between == pytest.approx(2 * math.pi, abs=0.01)
    first = time < 130e-12
    begin, end = (float(np.interp(math.pi, found[f"v(x{k}.phase_b1)"][first], time[first])) for k in (0, 9))
    assert 10e-12 < end - begin < 40e-12
    # Each pulse is a flux quantum.
    volts = found["v(x9.n)"]
    assert np.trapezoid(volts, time) == pytest.approx(2 * QUANTUM + math.asin(0.7) / 2 / math.pi * QUANTUM, rel=2e-3)
    assert "i(l.x5.l1)" in found
    assert float(np.abs(found["i(l.x5.l1)"]).max()) > 1e-5


def test_a_junction_between_two_nodes_in_the_voltage_state(tmp_path: Path) -> None:
    # Overdamped: <V> = R·sqrt(I² - Ic²), with a π junction, which starts at the other branch.
    for phi in ("0", "pi"):
        model = f".model j jj(rtype=0, cap=1f, rn=2, icrit=0.1m, phi={phi})\n"
        body = "I1 0 a pwl(0 0 5p 0.2m)\nB1 a b j\nR1 b 0 1u\n.tran 0.02p 300p\n.print p(B1) i(B1)"
        found = run(deck(body, model), tmp_path)
        time, phase = found["time"], found["v(phase_b1)"]
        late = time > 50e-12
        begin, end = np.flatnonzero(late)[[0, -1]]
        rate = (phase[end] - phase[begin]) / (time[end] - time[begin])
        # Over a whole number of periods to within one.
        assert rate * QUANTUM / (2 * math.pi) == pytest.approx(2 * 1e-4 * math.sqrt(3), rel=0.01)
        assert float(np.interp(200e-12, time, found["i(v.xb1.vi)"])) == pytest.approx(2e-4, rel=1e-3)


def test_the_quasi_particle_branch_is_piecewise_linear(tmp_path: Path) -> None:
    # A slow ramp of the voltage: the supercurrent averages out, the branch's line remains.
    model = ".model j jj(rtype=1, vg=2.8m, delv=0.1m, cap=0, r0=160, rn=16, icrit=1n)\n"
    found = run(deck("V1 a 0 pwl(0 0 100p 4m)\nB1 a 0 j\n.tran 0.05p 100p\n.print i(V1) v(a)", model), tmp_path)
    volts, current = found["v(a)"], -found["i(v1)"]
    for v, want in ((1e-3, 1e-3 / 160), (2.7e-3, 2.7e-3 / 160), (3e-3, 3e-3 / 16), (3.9e-3, 3.9e-3 / 16)):
        assert float(np.interp(v, volts, current)) == pytest.approx(want, abs=5e-9)
    middle = 2.75e-3 / 160 + 0.05e-3 * 1e-9 / (math.pi / 4 * 0.1e-3)
    assert float(np.interp(2.8e-3, volts, current)) == pytest.approx(middle, abs=5e-9)


def test_thermal_noise_has_its_variance_in_ngspice(tmp_path: Path) -> None:
    # <V²> of a resistor with a capacitor is kT/C.
    found = run(deck("R1 a 0 100 temp=4.2 neb=1e12\nC1 a 0 100f\n.tran 1p 12n\n.option seed=1\n.print v(a)"), tmp_path)
    grid = np.arange(1e-10, 12e-9, 5e-12)
    volts = np.interp(grid, found["time"], found["v(a)"])
    assert float(np.mean(volts**2)) == pytest.approx(1.38064852e-23 * 4.2 / 100e-15, rel=0.2)


def test_the_sample_line_runs_in_ngspice(tmp_path: Path) -> None:
    found = run(read_spice(ROOT / "netlists/sfq/jtl.cir"), tmp_path)
    assert round(float(found["v(x4.phase_b1)"][-1]) / (2 * math.pi), 1) == 2.1


def test_a_card_becomes_one_subcircuit() -> None:
    text = spice_text(
        deck("B1 a 0 j area=2\nB2 a b k ic=50u\nR1 b 0 1\n.tran 0.1p 1n 0 0.2p\n.spread 0.1\n.iv j 1m f\n.file x\n"
             ".print p(B2) p(R1) v(B2) p(a,b) v(0,a)",
             MODEL + ".model k jj(rtype=1, phi=pi, cpr={1,-0.2})\n"),
        dialect="ngspice",
    )  # fmt: skip
    assert text == (
        "*\n"
        ".subckt j p n phase area=1\n"
        "Bs p n i={area}*(0.0001*(sin(v(phase))))\n"
        "C1 p n {area*7e-14}\n"
        "R1 p n {16/area}\n"
        "G1 0 phase p n 3038534.921166394\nC2 phase 0 1e-09\nR2 phase 0 1000000000000\n"
        ".ends j\n"
        ".subckt k p n phase area=1\n"
        "Bs p n i={area}*(0.001*(sin((v(phase)-3.141592653589793))-0.2*sin(2*(v(phase)-3.141592653589793))))\n"
        "C1 p n {area*2.5e-12}\n"
        "R1 p n {30/area}\n"
        "Bq p n i={area}*(abs(v(p,n))<0.00275 ? 0 :\n"
        "+ (abs(v(p,n))<0.00285 ? 12.699062114018295*(v(p,n)-sgn(v(p,n))*0.00275) : 0.16666666666666669*v(p,n)))\n"
        "G1 0 phase p n 3038534.921166394\nC2 phase 0 1e-09\nR2 phase 0 1000000000000\n"
        ".ends k\n"
        "XB1 a 0 phase_B1 j area=2\n"
        "XB2 a b phase_B2 k area=0.05\n"
        "R1 b 0 1\n"
        ".tran 2e-13 1e-09 0 1e-13 uic\n"
        "* JoSIM's: .spread 0.1\n* JoSIM's: .iv j 1m f\n* JoSIM's: .file x\n"
        ".save v(phase_B2)\n.print tran v(phase_B2)\n"
        "* JoSIM's: .print P(R1)\n"
        ".save v(a)\n.save v(b)\n.print tran v(a,b)\n"
        "* JoSIM's: .print P(A,B)\n"
        "* JoSIM's: .print V(0,A)\n"
        ".options method=gear reltol=1e-5 abstol=1e-12 vntol=1e-9 chgtol=1e-20 numdgt=9\n"
        ".end\n"
    )


def test_sources_are_translated() -> None:
    text = spice_text(
        deck("I1 0 a pulse(0 1m)\nI2 0 a sin(0 1m)\nI3 0 a exp(0 1m)\nI4 0 a noise(1u 0 2p)\nB1 a 0 j\n.tran 0.1p 1n"),
        dialect="ngspice",
    )
    assert [line for line in text.splitlines() if line.startswith("I")] == [
        "I1 0 a pulse(0 0.001 0 1e-13 1e-13 1e-09 1e-09)",
        "I2 0 a sin(0 0.001 999999999.9999999 0 0 0)",
        "I3 0 a exp(0 0.001 0 1e-13 1e-13 1e-13)",
        "I4 0 a trnoise(0.5 2e-12 0 0)",
    ]


def test_a_custom_waveform_becomes_points(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("1 3\n")
    (tmp_path / "a.cir").write_text(f"{MODEL}I1 0 a cus(w 1p 1m 0 2p)\nI2 0 a cus(w 1p 1m)\nB1 a 0 j\n.tran 0.1p 1n\n")
    text = spice_text(read_spice(tmp_path / "a.cir"), dialect="ngspice")
    lines = text.replace("\n+", "").splitlines()
    assert "I1 0 a pwl(0 0 2e-12 0 2.0001e-12 0.001 3e-12 0.001 3.0001e-12 0.003 4e-12 0.003 4.0001e-12 0)" in lines
    assert "I2 0 a pwl(0 0 1e-12 0.001 2e-12 0.003 2.0001e-12 0)" in lines


@pytest.mark.parametrize(
    ("body", "dialect", "message"),
    [
        ("P1 a 0 pwl(0 0 1p 1)\nB1 a 0 j", "ngspice",
         "t.cir: ngspice has no phase source like 'P1'; write it in JoSIM's dialect"),
        ("F1 a 0 0 b 2\nB1 a b j", "ngspice",
         "t.cir: ngspice has no source like 'F1', controlled by the current between two nodes; "
         "put a zero-volt source there and name it"),
        ("I1 0 a pws(0 0 1p 1)\nB1 a 0 j", "ngspice",
         "t.cir:2: element 'I1': ngspice has no source like 'pws'; write the deck for JoSIM"),
        ("I1 0 a noise(1 1p 1p)\nB1 a 0 j", "ngspice",
         "t.cir:2: element 'I1': ngspice's noise begins at time 0; write noise with a delay of 0"),
        ("R1 a 0 1 temp=4.2\nB1 a 0 j", "ngspice",
         "t.cir: the noise of 'R1' has no bandwidth; add a line .neb with a frequency"),
        ("R1 a 0 -1 temp=4.2 neb=1g\nB1 a 0 j", "ngspice",
         "t.cir: the noise of 'R1' has no positive resistance, temperature and bandwidth"),
        ("I1 0 a noise(1 0 0)\nB1 a 0 j", "ngspice",
         "t.cir:2: element 'I1': noise has a time step of zero; write noise(amplitude delay step)"),
        ("R1 a 0 1 spread=0.1\nB1 a 0 j", "ngspice",
         "t.cir: 'R1' has a spread, which ngspice does not know; take it away for the nominal circuit"),
        ("B1 a 0 j spread=0.1", "wrspice",
         "t.cir: 'B1' has a spread, which WRspice does not know; take it away for the nominal circuit"),
        ("B1 a 0 j area=0", "ngspice",
         "t.cir:2: junction 'B1': area=0 is not positive; give a junction a positive area"),
        ("B1 a 0 q", "ngspice", "t.cir:2: junction 'B1': model 'q' is not defined; add a line .model q jj(...)"),
        ("B1 a 0 j area=30", "wrspice",
         "junction 'B1' has 30 times its card's critical current; WRspice takes 0.05 to 20 times; "
         "give the card an icrit nearer to the junction's"),
        ("R1 a 0 1\nB1 a 0 j\n.temp 4.2\n.neb 1g", "wrspice",
         "t.cir: 'R1' has thermal noise, which WRspice's decks do not hold; take temp= away"),
        ("B1 a 0 k\n.model k jj(cpr={1,0.5})", "wrspice",
         "t.cir:3: model 'k': WRspice has no harmonics of the current-phase relation (cpr); "
         "write the deck for JoSIM or ngspice"),
        ("B1 a 0 k\n.model k jj(phi=1)", "wrspice",
         "t.cir:3: model 'k': WRspice has no phase offset of 1, only 0 and pi; write the deck for JoSIM or ngspice"),
        ("B1 a 0 k\n.model k jj(t=4.2)", "wrspice",
         "t.cir:3: model 'k': WRspice has no t, tc and d as JoSIM means them; "
         "give rn and icrit at the temperature of interest"),
        ("B1 a 0 k\n.model k jj(icfct=0.3)", "wrspice",
         "t.cir:3: model 'k': WRspice has no icfct of 0.3; its range is 0.5 to 0.7853981633974483"),
        ("B1 a 0 k\n.model k jj(delv=1m)", "wrspice",
         "t.cir:3: model 'k': WRspice has no delv of 0.001; its range is 2.8e-06 to 0.0005600000000000001"),
        ("B1 a 0 k\n.model k jj(cap=2n)", "wrspice",
         "t.cir:3: model 'k': WRspice has no cap of 2e-09; its range ends at 1e-09"),
        ("S1 a 0 b 0 sw\nB1 a 0 j", "wrspice",
         "t.cir: a device like 'S1' is not written for WRspice; write it in another dialect"),
    ],
)  # fmt: skip
def test_what_a_simulator_lacks(body: str, dialect: str, message: str) -> None:
    with pytest.raises(HwdesignError) as caught:
        spice_text(deck(body), dialect=dialect)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_wrspice_has_junctions_of_its_own() -> None:
    text = spice_text(
        deck(
            ".param w=2\nX1 s a\n.subckt s p\nB1 p 0 j area=w\nB2 p 0 ph k\nL1 p 0 1p\n.ends\nV1 a 0 pwl(0 0 1p 1m)\n"
            "T1 a 0 b 0 td=1p z0=5\nR1 b 0 5\nL2 a 0 1p\nL3 b 0 1p\nK1 L2 L3 0.5\n.tran 0.05p 1n 10p 0.1p\n"
            ".print p(B1.X1) v(b) i(L1.X1) v(T1)\n.save phase B2.X1",
            MODEL + ".model k jj(rtype=1, vg=2.8m, r0=160, rn=16, icrit=0.1m, cap=70f, phi=pi)\n",
        ),
        dialect="wrspice",
    )
    assert text == (
        "*\n"
        ".model j jj(rtype=0 cct=1 icrit=0.0001 cap=7e-14 vg=0.0028)\n"
        ".model k jj(rtype=1 cct=1 icrit=0.0001 cap=7e-14 vg=0.0028 delv=0.0001 rn=16 r0=160\n"
        "+ icfct=0.7853981633974483 force=1 pijj=1)\n"
        ".subckt s p\n"
        "B1 p 0 phase_B1 j area=2\n"
        "RB1_shunt p 0 8\n"
        "B2 p 0 ph k area=1\n"
        "L1 p 0 1e-12\n"
        ".ends s\n"
        "X1 a s\n"
        "V1 a 0 pwl(0 0 1e-12 0.001)\n"
        "T1 a 0 b 0 td=1e-12 z0=5\n"
        "R1 b 0 5\nL2 a 0 1e-12\nL3 b 0 1e-12\nK1 L2 L3 0.5\n"
        ".tran 1e-13 1e-09 1e-11 5e-14 uic\n"
        ".print tran v(phase_B1.X1)\n"
        ".print tran v(b)\n"
        ".print tran @L1.X1[c]\n"
        "* JoSIM's: .print V(T1)\n"
        ".print tran v(ph.X1)\n"
        ".end\n"
    )


def test_shared_cells_are_written_for_every_simulator(shared_data: Path) -> None:
    decks = sorted((shared_data / "sfq").rglob("*testbench.cir"))
    if not decks:
        pytest.skip("the shared data holds no SFQ decks")
    for path in decks:
        netlist = read_spice(path)
        assert ".subckt jjmit p n phase area=1" in spice_text(netlist, dialect="ngspice")
        assert ".model jjmit jj(rtype=1 cct=1 icrit=0.0001" in spice_text(netlist, dialect="wrspice")
    noisy = read_spice(shared_data / "sfq/synapse_neuron/synapse_noise.cir")
    assert "IRSd_noise nb 0 dc 0 trnoise(" in spice_text(noisy, dialect="ngspice")
    with pytest.raises(UnsupportedError, match="has thermal noise"):
        spice_text(noisy, dialect="wrspice")
