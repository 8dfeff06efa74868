"""ngspice as a program and as a library under a watchdog: any deck, raw files, and how failures are told."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import ConfigError, FormatError, HwdesignError, ToolError, UnsupportedError
from hwdesign.spice import run_deck
from hwdesign.spice.engines import NgspiceWorker, read_raw
from hwdesign.spice.engines.ngspice import check_text, not_finite, run_program, trouble
from hwdesign.spice.engines.rawfile import vector_name
from tests.conftest import require_tool
from tests.spice.engine_decks import DIVIDER

SLOW = "* long\nV1 1 0 sin(0 1 1meg)\nR1 1 2 1k\nC1 2 0 1n\n.tran 1p 1\n.save v(2)\n.end\n"


@pytest.fixture(scope="module")
def worker() -> NgspiceWorker:
    require_tool("ngspice")
    return NgspiceWorker()


def deck(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "deck.cir"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("engine", ["ngspice", "ngspice-shared"])
def test_every_analysis_gives_its_plot(tmp_path: Path, engine: str) -> None:
    require_tool("ngspice")
    plots = {plot.kind: plot for plot in run_deck(deck(tmp_path, DIVIDER), engine=engine)}  # type: ignore[arg-type]
    assert set(plots) == {"op", "dc", "ac", "tran"}
    assert plots["op"].vectors["v(out)"] == pytest.approx([1.0])
    assert plots["op"].vectors["i(v1)"] == pytest.approx([-1e-3])
    assert plots["dc"].vectors["v(out)"] == pytest.approx([0.0, 0.5, 1.0])
    frequency = plots["ac"].vectors["frequency"]
    wanted = 0.5 / (1 + 2j * np.pi * frequency.real * 500 * 1e-9)
    assert np.abs(plots["ac"].vectors["v(out)"] - wanted).max() < 1e-9 and len(frequency) == 2
    assert next(iter(plots["tran"].vectors)) == "time" and plots["tran"].vectors["time"][-1] == pytest.approx(1e-5)


def test_transistors_and_diodes(tmp_path: Path) -> None:
    require_tool("ngspice")
    text = """* devices
VDD vdd 0 3
M1 d vdd 0 0 nm w=10u l=1u
RD vdd d 10k
D1 vdd k dm
RK k 0 1k
Q1 c b 0 qm
RC vdd c 1k
RB vdd b 1meg
.model nm nmos(vto=0.7 kp=100u)
.model dm d(is=1e-14)
.model qm npn(bf=100)
.op
.end
"""
    (plot,) = run_deck(deck(tmp_path, text))
    v = {name: float(values[0]) for name, values in plot.vectors.items()}
    # Triode region: 1 mA/V2 * ((3 - 0.7) v - v^2 / 2) = (3 - v) / 10k
    drain = v["v(d)"]
    assert 1e-3 * (2.3 * drain - drain**2 / 2) == pytest.approx((3 - drain) / 1e4, rel=1e-4)
    assert (3 - v["v(c)"]) / 1e3 == pytest.approx(100 * (3 - v["v(b)"]) / 1e6, rel=1e-3)
    current = v["v(k)"] / 1e3
    assert 3 - v["v(k)"] == pytest.approx(0.025852 * np.log(current / 1e-14), rel=1e-3)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (DIVIDER.replace("R2 out 0 1k", "M1 out in 0 0 nomodel"), 4,
         "ngspice failed: no model is named 'nomodel' in 'm1 out in 0 0 nomodel'"),
        (DIVIDER.replace("V1 in 0 dc 2 ac 1", "V2 in 0 1\nV1 in 0 2"), 2,
         "ngspice failed: TRAN: Timestep too small, singular matrix at v2#branch"),
        (DIVIDER.replace("R2 out 0 1k", "R2 out 0 1k foo=3"), 4,
         "ngspice failed: unknown parameter (foo) in 'r2 out 0 1000 foo=3'"),
    ],
)  # fmt: skip
def test_failures_name_the_decks_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    require_tool("ngspice")
    path = deck(tmp_path, text)
    with pytest.raises(ToolError) as error:
        run_deck(path)
    assert str(error.value) == f"{path}:{line}: {what}"


def test_trouble_is_found_in_the_log() -> None:
    log = (
        "Reference value :  5.6e-10doAnalyses: TRAN:  Timestep too small; time = 6e-10, timestep = 1e-25: trouble with"
    )
    found = trouble(log + ' node "n3"\n\nrun simulation(s) aborted\n')
    assert found.node == "n3" and found.message.startswith("TRAN: Timestep too small; time = 6e-10")
    assert trouble("Error: unknown subckt: x1 a b foo\n").element == "x1"
    assert trouble("").message == "it said nothing"


def test_refuses_what_would_be_executed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as none:
        run_deck(deck(tmp_path, "* none\nV1 1 0 1\nR1 1 0 1\n.end\n"))
    assert str(none.value) == f"{tmp_path / 'deck.cir'}: the deck has no analysis; add a line .op, .dc, .ac or .tran"
    with pytest.raises(UnsupportedError) as foreign:
        run_deck(deck(tmp_path, "* measure\nV1 1 0 1\nR1 1 0 1\n.op\n.meas tran x max v(1)\n.end\n"))
    assert f"{tmp_path / 'deck.cir'}:5: '.meas' is not passed on to ngspice" in str(foreign.value)
    for line in (".control", "  .CONTROL", "*# shell touch x", ".include /etc/hostname", ".lib x y", ".exec"):
        with pytest.raises(UnsupportedError, match="is not given to ngspice; take it out"):
            check_text(f"* title\n{line}\n.end\n")


def test_control_blocks_never_run(tmp_path: Path) -> None:
    """A deck with a control block is refused by our reader, or read without the block."""
    require_tool("ngspice")
    touched = tmp_path / "touched"
    text = DIVIDER.replace(".end\n", f".control\nshell touch {touched}\nrun\n.endc\n.end\n")
    try:
        run_deck(deck(tmp_path, text))
    except HwdesignError as error:
        assert "control" in str(error)
    assert not touched.exists()


def test_worker_runs_many_decks_and_survives_bad_ones(worker: NgspiceWorker) -> None:
    with worker:
        for k in range(1, 6):
            run = worker.run(DIVIDER.replace("R2 out 0 1k", f"R2 out 0 {k}k"), timeout_s=60)
            assert run.ok and [plot.kind for plot in run.plots].count("op") == 1
            plot = next(plot for plot in run.plots if plot.kind == "op")
            assert plot.vectors["v(out)"] == pytest.approx([2 * k / (k + 1)])
            bad = worker.run(DIVIDER.replace("R2 out 0 1k", "M1 out in 0 0 nomodel"), timeout_s=60)
            assert not bad.ok and trouble(bad.log).element == "m1"
        assert worker.starts <= 6


def test_watchdog_ends_what_does_not_end(worker: NgspiceWorker) -> None:
    with worker:
        before = worker.starts
        with pytest.raises(ToolError) as error:
            worker.run(SLOW, timeout_s=1.0)
        assert str(error.value) == (
            "ngspice-shared ran past its limit of 1 s; raise the time limit or give it a smaller input"
        )
        assert worker.run(DIVIDER, timeout_s=60).ok and worker.starts in (before + 1, before + 2)
    with pytest.raises(ToolError, match=r"^ngspice ran past its limit of 0.5 s"):
        run_program(SLOW, timeout_s=0.5)


def test_pyspice_is_optional() -> None:
    import importlib.util

    require_tool("ngspice")
    with NgspiceWorker("pyspice") as other:
        if importlib.util.find_spec("PySpice") is None:
            with pytest.raises(ToolError) as error:
                other.run(DIVIDER)
            assert str(error.value) == (
                "engine 'pyspice' is not here: package 'PySpice' was not found; "
                "install it with: pip install 'hwdesign[pyspice]'"
            )
            return
        for _ in range(2):
            run = other.run(DIVIDER, timeout_s=60)
            assert run.ok and {plot.kind for plot in run.plots} == {"op", "dc", "ac", "tran"}


def raw(values: np.ndarray, *, count: int | None = None, points: int | None = None, how: str = "Binary") -> bytes:
    rows, columns = values.shape
    head = f"Title: t\nPlotname: Transient Analysis\nFlags: {'complex' if values.dtype.kind == 'c' else 'real'}\n"
    head += f"No. Variables: {columns if count is None else count}\nNo. Points: {rows if points is None else points}\n"
    head += "Variables:\n" + "".join(f"\t{k}\tn{k}\tvoltage\n" for k in range(columns))
    return (head + f"{how}:\n").encode() + (values.tobytes() if how == "Binary" else b"")


def test_raw_files(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    values = np.arange(6.0).reshape(3, 2)
    path.write_bytes(raw(values) + raw(values * 1j))
    real, other = read_raw(path)
    assert real.kind == "tran" and list(real.vectors) == ["v(n0)", "v(n1)"] and len(real) == 3
    assert np.array_equal(real.vectors["v(n1)"], values[:, 1])
    assert np.array_equal(other.vectors["v(n0)"], values[:, 0] * 1j)
    body = "".join(f" {k}\t{a!r}\n\t{b!r}\n\n" for k, (a, b) in enumerate(values.tolist()))
    path.write_bytes(raw(values, how="Values") + body.encode() + raw(values))
    assert np.array_equal(read_raw(path)[0].vectors["v(n1)"], values[:, 1]) and len(read_raw(path)) == 2
    assert [vector_name(*pair) for pair in (("v1#branch", "current"), ("@r1[i]", ""), ("Out", "voltage"))] == [
        "i(v1)", "@r1[i]", "v(out)",
    ]  # fmt: skip
    assert not_finite((real,)) == ""
    broken = values.copy()
    broken[1, 1] = np.nan
    path.write_bytes(raw(broken))
    assert not_finite(read_raw(path)) == "'v(n1)' is no number at t = 2 s"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"abc\n", "1: this is no raw file: a line of its header has no colon"),
        (b"Title: x\n", "2: this is no raw file, or its header ends early"),
        (raw(np.zeros((2, 2)), points=99), "9: the file ends early: 99 points of 2 variables do not fit"),
        (raw(np.zeros((2, 2)), how="Nonsense"), "9: the header is followed by neither 'Binary:' nor 'Values:'"),
        (raw(np.zeros((2, 2)), how="Values") + b"0 1", "9: 2 points of 2 variables should follow, not 2 words"),
    ],
)
def test_damaged_raw_files(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(data)
    with pytest.raises(FormatError) as error:
        read_raw(path)
    assert str(error.value) == f"{path}:{message}"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("raw") / "a.raw"
    good = bytearray(raw(np.arange(4.0).reshape(2, 2)))
    for at in data.draw(st.lists(st.integers(0, len(good) - 1), max_size=6)):
        good[at] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(good[: data.draw(st.integers(0, len(good)))]) + data.draw(st.binary(max_size=20)))
    try:
        for plot in read_raw(path):
            assert len(plot) <= 4
    except HwdesignError:
        pass


def test_request_length_is_eight_bytes() -> None:
    from hwdesign.spice.engines.worker import LENGTH

    assert LENGTH.size == struct.calcsize("<Q") == 8
