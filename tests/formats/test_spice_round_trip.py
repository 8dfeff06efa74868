"""Writing SPICE and reading it again; ngspice agrees with what was written."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import UnsupportedError
from hwdesign.formats.spice import read_spice, read_spice_text, spice_text, write_spice
from hwdesign.netlist import Builder, Direction, Model, Netlist, gate
from hwdesign.netlist.devices import DEVICES, least_pins
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.netlist import Directive
from hwdesign.netlist.parameters import param_directive
from tests.conftest import ROOT, require_tool
from tests.formats.spice_view import view

DECKS = sorted([*ROOT.glob("netlists/*/*.sp"), *ROOT.glob("netlists/*/*.cir")])
NGSPICE = [path for path in DECKS if path.suffix == ".sp"]

NUMBERS = st.floats(-1e30, 1e30, allow_nan=False) | st.integers(-9, 9).map(float)
WORDS = ("gnd", "v", "i", "on", "off", "vol", "cur", "value", "dc", "ac", "poly", "fcheck", "nfree", "lossless")
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_\[\]:<>#]{0,6}", fullmatch=True).filter(lambda n: n.lower() not in WORDS)
DOTTED = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\[\]:<>#]{0,6}", fullmatch=True).filter(lambda n: n.lower() not in WORDS)
FORMALS = ["w", "Len", "k_1"]
EXPRESSIONS = ["w", "2*w", "len^2-k_1", "(w^2)^len", "sqrt(w)*1e-6", "-(w+k_1)/2", "2*sin(w)^3"]
JOSIM_EXPRESSIONS = [*EXPRESSIONS, "phi_zero/(4*w)", "pi*cbrt(len)"]
NGSPICE_EXPRESSIONS = ["max(w,len)", "w>1?k_1:-len", "sqrt(abs(w))*1e-6", "min(w,len,k_1)%2"]
EXTRA = {"M": ["w", "l", "m"], "R": ["tc1", "temp"], "D": ["area", "off"], "C": ["ic"]}
JOSIM_EXTRA = {"R": ["temp", "neb", "spread"], "L": ["spread"], "C": ["spread"], "B": ["area", "temp"]}
WAVES = [
    "pulse(0 1e-05 1e-12)", "pwl(0 0 5e-12 0.001)", "sin(0 0.001 1000000000 1e-12)", "exp(0 1 1e-12 1e-12 5e-12 2e-12)",
]  # fmt: skip
JOSIM_WAVES = ["noise(1e-06 0 1e-12)", "pws(0 0 1e-12 0.001)", "pwl(0 0 5e-12 w)"]


@st.composite
def device_netlists(draw: st.DrawFn, *, josim: bool) -> Netlist:
    """A subcircuit with parameters, local definitions and a model card, instantiated by a flat top."""
    builder = Builder("cell", file="made")
    cell = builder.module("cell", line=0)
    for port in ("A", "y", "n3"):
        cell.port(port, Direction.INOUT)
    if not josim:
        cell.parameters.update({name: draw(NUMBERS) for name in FORMALS})
    top = builder.module("made")
    known = "R C L V I K T E G F H".split() + (["B", "P"] if josim else ["D", "Q", "J", "M", "BSRC", "S", "W"])
    for module in (cell, top):
        inside = module is cell
        nets = draw(st.lists(NAMES if josim else DOTTED, min_size=2, max_size=5, unique_by=str.lower))
        nets = [name for name in nets if name.lower() not in ("a", "y", "n3")] + ["0"]
        ids = [module.net(name) for name in nets] + ([module.net("A"), module.net("y")] if inside else [])
        expressions = st.sampled_from(JOSIM_EXPRESSIONS if josim else EXPRESSIONS + NGSPICE_EXPRESSIONS)
        values = NUMBERS | expressions if inside else NUMBERS  # what stands at the top level is evaluated on reading
        inductors = []
        for at, kind in enumerate(draw(st.lists(st.sampled_from(known), max_size=8))):
            device = DEVICES[kind]
            if kind == "K" and len(inductors) < 2:
                continue
            count = draw(st.integers(least_pins(device), len(device.roles)))
            if kind in ("E", "G", "F", "H"):
                count = 4 if kind in ("E", "G") or josim else 2
            pins = [draw(st.sampled_from(ids)) for _ in range(count)]
            params: dict[str, float | str] = {}
            if kind in ("R", "C", "L", "K", "E", "G", "F", "H"):
                params["value"] = draw(values)
            if kind in ("B", "D", "J", "M", "Q", "S", "W"):
                params["model"] = draw(st.sampled_from(["Card", "other"]))
            if kind in ("V", "I"):
                params |= draw(st.fixed_dictionaries({}, optional={"dc": values, "ac": NUMBERS}))
            if kind == "T":
                params |= {"z0": draw(values), "td": draw(values)}
            if kind in ("I", "P"):
                params["tran"] = draw(st.sampled_from(WAVES + JOSIM_WAVES[: 2 + inside] if josim else WAVES))
            if (kind in ("F", "H") and count == 2) or kind == "W":
                params["control"] = "Vsense"
            if kind == "BSRC":
                params |= {"quantity": draw(st.sampled_from("vi")), "value": "v(A)*2 - i(Vx)"}
            if kind == "K":
                params["inductors"] = " ".join(inductors[:2])
            if kind == "B" and draw(st.booleans()):
                params["ic"] = draw(values)
            for key in JOSIM_EXTRA.get(kind, []) if josim else EXTRA.get(kind, []):
                if key == "area" and "ic" in params:
                    continue
                if draw(st.booleans()):
                    params[key] = "" if key == "off" else draw(values)
            name = f"{'B' if kind == 'BSRC' else kind}{draw(NAMES if josim else DOTTED)}_{at}"
            inductors.extend([name] if kind == "L" else [])
            module.cell(device, pins, name=name, params=params)
        if not inside:
            for at in range(draw(st.integers(1, 3))):
                overrides = {} if josim else draw(st.dictionaries(st.sampled_from(["w", "len", "k_1"]), NUMBERS))
                module.cell(cell.as_type(), [draw(st.sampled_from(ids)) for _ in range(3)], name=f"X{at}",
                            params=overrides)  # fmt: skip
    directives = [Directive("tran", "1p 1n")]
    if josim:
        directives.append(Directive("print", draw(st.sampled_from(["phase B1", "v(a,b)", "i(L1.X1) p(B1|X0)"]))))
    values = NUMBERS | st.sampled_from(EXPRESSIONS)
    card = {"rtype": 1.0, "vg": draw(NUMBERS)} if josim else {"level": 1.0, "vto": draw(NUMBERS)}
    card |= {"kind": "fast"} if not josim and draw(st.booleans()) else {}
    for model in (
        Model("Card", "jj" if josim else "nmos", card),
        Model("card", "jj", {"icrit": draw(values), "cpr": "1,w/2"}, scope="cell")
        if josim
        else Model("card", "d", {"is": draw(values)}, scope="cell"),
        Model("other", "jj" if josim else "pmos", {}),
    ):
        builder.models[model.key] = model
    builder.global_nets = ["0"]
    builder.directives = [Directive("title", "A generated deck"), param_directive("gain", draw(NUMBERS))]
    if josim:
        builder.directives += [param_directive(name, draw(NUMBERS)) for name in FORMALS]
    builder.directives += [*directives, param_directive("local", draw(values), module="cell")]
    return builder.freeze("made")


@pytest.mark.parametrize("josim", [False, True])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_writing_then_reading_is_the_identity(josim: bool, data: st.DataObject) -> None:
    netlist = data.draw(device_netlists(josim=josim))
    text = spice_text(netlist, dialect="josim" if josim else "ngspice")
    again = read_spice_text(text, file="made", dialect="josim" if josim else "ngspice")
    assert view(again) == view(netlist)
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.name)
def test_our_decks_survive_writing_and_reading(path: Path, tmp_path: Path) -> None:
    netlist = read_spice(path, strict=True)
    assert netlist.findings == ()
    for one in (netlist, elaborate(netlist)):
        write_spice(one, tmp_path / path.name)
        assert view(read_spice(tmp_path / path.name, strict=True)) == view(one)


def test_shared_sfq_decks_survive_writing_and_reading(shared_data: Path) -> None:
    decks = sorted((shared_data / "sfq").rglob("*.cir"))
    if not decks:
        pytest.skip("the shared data holds no SFQ decks")
    for path in decks:
        netlist = read_spice(path)
        assert {f.rule for f in netlist.findings} <= {"stray-quote"}
        assert view(read_spice_text(spice_text(netlist), file=str(path))) == view(netlist)
        flat = elaborate(netlist)
        assert all((table.text < 0).all() for m in flat.modules.values() for key, table in m.params.items()
                   if key not in ("model", "tran"))  # fmt: skip
        assert view(read_spice_text(spice_text(flat), file=str(path))) == view(flat)


def test_names_that_spice_cannot_hold_are_changed() -> None:
    builder = Builder("t")
    top = builder.top
    nets = [top.net(name) for name in ("a b", "A_b", "x=(1)", "gnd", "0")]
    top.cell(DEVICES["R"], nets[:2], name="load", params={"value": 1.0})
    top.cell(DEVICES["R"], nets[2:4], name="r load", params={"value": 1.0})
    top.cell(DEVICES["R"], [nets[4], -1], name="Rx", params={"value": 1.0})
    top.gate("AND", nets[0], nets[1], out=nets[2], name="g")
    builder.global_nets = ["0"]
    assert spice_text(builder.freeze()).splitlines()[1:-1] == [
        "Rload a_b A_b_1 1",
        "r_load x__1_ gnd_1 1",
        "Rx 0 nc1 1",
        "Xg a_b A_b_1 x__1_ AND2",
    ]


def test_what_spice_cannot_hold_is_refused() -> None:
    builder = Builder("t")
    builder.top.cell(gate("NOT"), [0, builder.top.net("y")], name="g")
    with pytest.raises(UnsupportedError, match="module 't' ties a pin to the logic constant 0; replace constants"):
        spice_text(builder.freeze())
    builder = Builder("t")
    builder.top.cell(gate("NOT"), [builder.top.net("a"), builder.top.net("y")], name="g", inverted=["A"])
    with pytest.raises(UnsupportedError, match="module 't' has inverted pins; map it to gates first"):
        spice_text(builder.freeze())
    deck = read_spice_text("t\nM1 d g s b n\n.subckt s a w=1\n.ends\n")
    with pytest.raises(UnsupportedError, match="JoSIM has no parameters of subcircuits, but module 's' has some"):
        spice_text(deck, dialect="josim")
    with pytest.raises(UnsupportedError, match="JoSIM has no device like 'M1'; write it in ngspice's dialect"):
        spice_text(deck.with_top("<text>").with_module(deck.top_module), dialect="josim")


def node_voltages(path: Path) -> dict[str, float]:
    """Operating point of a deck, by ngspice."""
    program = require_tool("ngspice")
    done = subprocess.run([program, "-b", path.name], cwd=path.parent, capture_output=True, text=True, timeout=60)
    # The table of node voltages: a name and a number a line.
    head, _, rest = done.stdout.partition("Node                                  Voltage")
    assert rest, head + done.stderr
    found: dict[str, float] = {}
    for line in rest.splitlines()[1:]:
        match = re.fullmatch(r"\s+(\S+)\s+(-?[\d.]+e[+-]\d+)\s*", line)
        if match:
            found[match.group(1)] = float(match.group(2))
        elif "Source" in line:
            break
    return found


def test_ngspice_finds_the_divider_voltage_in_what_we_write(tmp_path: Path) -> None:
    write_spice(read_spice(ROOT / "netlists/analog/rc_filter.sp"), tmp_path / "rc.sp")
    assert node_voltages(tmp_path / "rc.sp")["out"] == pytest.approx(0.75, rel=1e-6)


def test_ngspice_finds_the_crossbar_columns_in_what_we_write(tmp_path: Path) -> None:
    deck = read_spice(ROOT / "netlists/rram/crossbar_4x4.sp")
    state = [[1, 0, 0.5, 0.25], [0, 1, 0.75, 0.5], [0.5, 0.25, 1, 0], [0.25, 0.5, 0, 1]]
    rows = [0.2, 0.0, 0.1, 0.2]
    for one in (deck, elaborate(deck)):
        write_spice(one, tmp_path / "x.sp")
        found = node_voltages(tmp_path / "x.sp")
        for column in range(4):
            g = [1e-5 + state[row][column] * 9e-5 for row in range(4)]
            want = sum(a * b for a, b in zip(g, rows, strict=True)) / (1e-3 + sum(g))
            assert found[f"c{column + 1}"] == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("path", NGSPICE, ids=lambda path: path.name)
def test_ngspice_agrees_on_the_deck_and_on_what_we_write(path: Path, tmp_path: Path) -> None:
    want = node_voltages(path)
    for one in (read_spice(path), elaborate(read_spice(path))):
        write_spice(one, tmp_path / path.name)
        assert node_voltages(tmp_path / path.name) == pytest.approx(want, rel=1e-4, abs=1e-9)


def test_the_amplifier_follows_its_input(tmp_path: Path) -> None:
    deck = read_spice(ROOT / "netlists/analog/two_stage_opamp.sp", params={"vin": 0.8})
    write_spice(deck, tmp_path / "amp.sp")
    assert node_voltages(tmp_path / "amp.sp")["out"] == pytest.approx(0.8, rel=1e-3)


def test_ngspice_takes_behavioral_sources_and_constants_as_we_write_them(tmp_path: Path) -> None:
    deck = read_spice_text(
        "t\n.param k=3\nV1 a 0 2\nB1 b 0 v={v(a)*k + 1}\nE1 c 0 vol='v(a)*v(b)'\nG1 0 d cur='v(a)'\nRd d 0 1k\n"
        "Rb b 0 1k\nRc c 0 1k\n.subckt s p w=2\nR1 p 0 {w*pi}\nI1 0 p dc {w}\n.ends\nX1 e s w={k}\n.op\n"
    )
    write_spice(deck, tmp_path / "b.sp")
    found = node_voltages(tmp_path / "b.sp")
    assert found["b"] == pytest.approx(7.0)
    assert found["c"] == pytest.approx(14.0)
    assert found["d"] == pytest.approx(2000.0)
    assert found["e"] == pytest.approx(9 * 3.14159265, rel=1e-6)
