"""One circuit on every engine: the same signals, labels, units and pulses."""

from __future__ import annotations

import math
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from hwdesign.errors import ConfigError, ToolError, UnsupportedError
from hwdesign.netlist.waveforms import Waveform
from hwdesign.spice import ENGINES, Circuit, Transient, compare, compile_deck, simulate
from hwdesign.spice.engines import external
from hwdesign.spice.engines.flat import delayed, flat_deck, magnified
from hwdesign.spice.places import Places
from hwdesign.spice.signals import requested
from tests.conftest import require_tool
from tests.spice.engine_decks import MIXED, jtl

SIGNALS = [
    "P(B1.X1)", "P(B1.X2)", "V(a)", "V(a,b)", "V(B1.X2)", "P(a)", "P(LB.X1)", "P(out)", "I(B1.X1)", "I(LB.X2)",
    "I(ROUT)", "I(VS)", "I(IB)", "I(L5)", "I(C1)", "V(e)", "V(g)", "V(h)", "I(RZ)", "V(t)", "I(T1)",
]  # fmt: skip


def circuit(tmp_path: Path, text: str) -> Circuit:
    path = tmp_path / "deck.cir"
    path.write_text(text, encoding="utf-8")
    return compile_deck(path)


@pytest.fixture(params=["ngspice", "ngspice-shared"])
def engine(request: pytest.FixtureRequest) -> str:
    require_tool("ngspice")
    name: str = request.param
    return name


@pytest.mark.parametrize("mode", ["josim", "newton"])
def test_ngspice_agrees_on_a_line_of_ten_junctions(tmp_path: Path, engine: str, mode: str) -> None:
    """The bar: delay within 0.002 ps, phase within 0.005 rad, at a step of 0.05 ps."""
    line = circuit(tmp_path, jtl())
    ours = simulate(line, mode=mode)  # type: ignore[arg-type]
    theirs = simulate(line, engine=engine, mode=mode)  # type: ignore[arg-type]
    assert len(ours.pulses) == len(theirs.pulses) == 10
    assert list(ours.signals) == list(theirs.signals)

    def delay(result: Transient) -> float:
        return float(result.pulses.of("B10")[0] - result.pulses.of("B1")[0])

    assert abs(delay(ours) - delay(theirs)) <= 0.002e-12
    for label, phase in ours.signals.items():
        assert np.abs(phase - theirs.signals[label]).max() <= 0.005, label
    assert compare(ours, theirs).agree


def test_every_kind_of_signal_is_the_same(tmp_path: Path, engine: str) -> None:
    mixed = circuit(tmp_path, MIXED)
    ours = simulate(mixed, mode="newton", step=0.02e-12, signals=SIGNALS)
    theirs = simulate(mixed, engine=engine, mode="newton", step=0.02e-12, signals=SIGNALS)  # type: ignore[arg-type]
    assert list(ours.signals) == list(theirs.signals) and len(ours.signals) == len(SIGNALS)
    for label, values in ours.signals.items():
        size = np.abs(values).max()
        assert size > 0, label
        assert np.abs(values - theirs.signals[label]).max() <= 0.03 * size, label
    assert len(ours.pulses) == len(theirs.pulses) > 0


def test_circuits_settle_before_sources_begin(tmp_path: Path) -> None:
    """A constant bias is on before time zero, as in JoSIM: the phase begins at its rest and not at zero."""
    require_tool("ngspice")
    text = "* rest\nIB 0 1 175u\nB1 1 0 jm area=2.5\nR1 1 0 2.74\n.print p(B1)\n.tran 0.05p 10p 0 0.05p\n"
    rest = circuit(tmp_path, text + ".model jm jj(rtype=1, cap=0.07p, r0=160, rn=16, icrit=0.1m)\n.end\n")
    ours, theirs = simulate(rest), simulate(rest, engine="ngspice")
    assert theirs.signals["P(B1)"][0] == pytest.approx(math.asin(0.7), abs=1e-3)
    apart = np.abs(ours.signals["P(B1)"] - theirs.signals["P(B1)"])
    assert apart.max() < 0.01 and apart[100:].max() < 1e-4  # each settles in its own way
    cold = simulate(rest, engine="ngspice", startup=False)
    assert abs(cold.signals["P(B1)"][0]) < 1e-3


def test_batches_run_one_after_the_other(tmp_path: Path) -> None:
    require_tool("ngspice")
    line = circuit(tmp_path, jtl(3, stop="35p"))
    batch = {"B2": np.array([2.5, 3.0]), "IIN": np.array([300e-6, 400e-6]), "B3.icrit": np.array([250e-6, 240e-6])}
    ours = simulate(line, batch=batch)
    theirs = simulate(line, engine="ngspice-shared", batch=batch)
    assert theirs.signals["P(B2)"].shape == ours.signals["P(B2)"].shape == (2, 700)
    for label, values in ours.signals.items():
        assert np.abs(values - theirs.signals[label]).max() < 0.01, label
    for instance in (0, 1):
        assert theirs.pulses.of("B3", instance) == pytest.approx(ours.pulses.of("B3", instance), abs=5e-15)


def test_thermal_noise(tmp_path: Path) -> None:
    require_tool("ngspice")
    text = "* noise\nR1 1 0 10 temp=4.2\nL1 1 0 100p\n.print i(L1)\n.tran 0.1p 100p 0 0.1p\n.end\n"
    loop = circuit(tmp_path, text)
    currents = simulate(loop, engine="ngspice-shared", seeds=[1, 2]).signals["I(L1)"]
    assert not np.array_equal(*currents)
    # The mean square of an RL loop's current is kT/L; ten time constants each hold few independent values.
    for current in currents:
        assert 0.1 < current[200:].std() / math.sqrt(1.380649e-23 * 4.2 / 100e-12) < 3


def test_crossings() -> None:
    time = np.linspace(0, 10, 101) * 1e-12
    phase = 2 * math.pi * time / 2e-12 * np.where(time < 6e-12, 1, 0) + np.where(time >= 6e-12, 6 * math.pi, 0.0)
    rows, times = external.crossings(time, [phase, -phase], 4)
    assert rows.tolist() == [[4, 0, k, 1] for k in range(3)] + [[4, 1, -k - 1, -1] for k in range(3)]
    assert times == pytest.approx([1e-12, 3e-12, 5e-12] * 2)
    rows, times = external.crossings(np.array([0.0, 1.0]), [np.array([0.0, 4 * math.pi])])
    assert rows[:, 2].tolist() == [0, 1] and times == pytest.approx([0.25, 0.75])
    assert external.crossings(time, [np.zeros(101)])[0].shape == (0, 4)


@pytest.mark.parametrize(
    "wave",
    [
        Waveform("pulse", (1.0, 3.0, 1e-12, 1e-12, 1e-12, 2e-12, 9e-12)),
        Waveform("sin", (1.0, 2.0, 1e11, 1e-12, 0.0, 30.0)),
        Waveform("exp", (1.0, 2.0, 1e-12, 1e-12, 4e-12, 1e-12)),
        Waveform("pwl", (0.0, 0.0, 1e-12, 5.0, 2e-12, 1.0)),
        Waveform("pwl", (0.0, 2.0, 1e-12, 5.0)),
        Waveform("dc", (2.0,)),
    ],
)
def test_waveforms_are_delayed_and_magnified(wave: Waveform) -> None:
    step, stop, delay = 1e-13, 1e-11, 2e-11
    t = np.arange(1, 100) * step
    late = delayed(wave, delay, step, stop)
    assert late.sample(t + delay, step, stop) == pytest.approx(wave.sample(t, step, stop), abs=1e-6)
    before = wave.sample(np.array([-1e-13]), step, stop)
    assert late.sample(np.array([0.0, delay / 2]), step, stop) == pytest.approx(np.repeat(before, 2))
    twice = magnified(wave, 2.0, step, stop)
    assert twice.sample(t, step, stop) == pytest.approx(2 * wave.sample(t, step, stop))


def test_flat_decks_translate_messages(tmp_path: Path) -> None:
    mixed = circuit(tmp_path, MIXED)
    deck = flat_deck(mixed, [], dialect="ngspice", step=1e-13, stop=1e-11)
    at = mixed.index["R1|X2"]
    assert deck.message(f"trouble with r{at} at n0") == "trouble with R1|X2 at A"
    found = deck.element(f"xb{mixed.index['B1|X1']}")
    assert found is not None and found.name == "B1|X1"
    assert deck.element("nothing here") is None


def test_phase_sources_are_refused(tmp_path: Path) -> None:
    require_tool("ngspice")
    text = "* phase\nP1 1 0 pwl(0 0 5p 3)\nR1 1 0 1\n.print v(1)\n.tran 0.1p 10p 0 0.1p\n.end\n"
    with pytest.raises(UnsupportedError) as error:
        simulate(circuit(tmp_path, text), engine="ngspice")
    where = tmp_path / "deck.cir"
    assert str(error.value) == f"{where}:2: ngspice has no phase source like 'P1'; take the embedded engine"


def test_missing_and_unknown_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = circuit(tmp_path, jtl(1))
    with pytest.raises(ConfigError) as unknown:
        simulate(line, engine="abacus")  # type: ignore[arg-type]
    assert str(unknown.value) == f"no engine is named 'abacus'; engines: {', '.join(ENGINES)}"
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, program, install in (
        ("ngspice", "ngspice", "apt install ngspice"),
        ("josim", "josim-cli", "git clone https://github.com/JoeyDelp/JoSIM, a build with CMake, "
         "and josim-cli on the PATH"),
    ):  # fmt: skip
        with pytest.raises(ToolError) as missing:
            simulate(line, engine=name)  # type: ignore[arg-type]
        assert str(missing.value) == (
            f"engine '{name}' is not here: program '{program}' was not found; install it with: {install}"
        )


# JoSIM itself is in no package registry: a stand-in checks what it is given and how its answer is taken.
_STAND_IN = """#!{python}
import sys
assert sys.argv[1:] == ["-o", "out.csv", "deck.cir"], sys.argv
deck = open("deck.cir").read().splitlines()
if any(line.startswith("R") and line.endswith(" 7") for line in deck):
    print("E: Invalid component definition")
    sys.exit(255)
names = [line.split()[1] for line in deck if line.startswith(".print")]
with open("out.csv", "w") as out:
    print("time," + ",".join('"%s"' % name.upper() for name in names), file=out)
    for k in range(700):
        print(",".join([repr(k * 5e-14)] + [repr(k * 0.01 * (n + 1)) for n in range(len(names))]), file=out)
"""


def test_josim_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = circuit(tmp_path, jtl(2, stop="35p"))
    places = [Places(line).place(o) for o in requested(line, ["P(B1)", "V(n1,n2)", "I(L1)"])]
    text = flat_deck(line, places, dialect="josim", step=5e-14, stop=35e-12).text
    assert "P(B3)" in text or "P(B2)" in text
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "josim-cli"
    program.write_text(_STAND_IN.format(python=sys.executable), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))
    result = simulate(line, engine="josim")
    assert list(result.signals) == ["P(B1)", "P(B2)"] and len(result.time) == 700
    assert result.signals["P(B2)"][100] == pytest.approx(2.0)
    assert result.pulses.of("B2") == pytest.approx([math.pi / 0.02 * 5e-14, 3 * math.pi / 0.02 * 5e-14])
    bad = circuit(tmp_path, jtl(2).replace("RL n2 0 4", "RL n2 0 7"))
    with pytest.raises(ToolError, match="josim failed: Invalid component definition"):
        simulate(bad, engine="josim")
