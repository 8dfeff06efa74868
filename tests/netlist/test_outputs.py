"""Analyses and printed variables as records."""

from __future__ import annotations

import pytest

from hwdesign.errors import FormatError, HwdesignError, NetlistError
from hwdesign.formats.spice import read_spice_text, spice_text
from hwdesign.netlist import Netlist
from hwdesign.netlist.analyses import (
    CurrentVoltageCurve,
    Spread,
    Transient,
    curves,
    noise_bandwidth,
    options,
    spread,
    temperature,
    transient,
)
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.outputs import Output, Probe, Resolver, outputs, parse_output
from hwdesign.passes import flatten

MODEL = ".model j jj(icrit=0.1m)\n"


def deck(body: str) -> Netlist:
    return read_spice_text(f"R1 1 0 1\n{MODEL}{body}\n", file="t.cir")


@pytest.mark.parametrize(
    ("text", "labels", "what"),
    [
        ("phase B1.X1", ["P(B1|X1)"], ["device"]),
        ("PHASE B1|X1", ["P(B1|X1)"], ["device"]),
        ("DEVI L1.X1", ["I(L1|X1)"], ["device"]),
        ("devv R1", ["V(R1)"], ["device"]),
        ("devp R1", ["P(R1)"], ["device"]),
        ("nodev 1", ["V(1)"], ["node"]),
        ("NODEV 1 0", ["V(1,0)"], ["node"]),
        ("nodep 1 2", ["P(1,2)"], ["node"]),
        ("tran v(1) v(1,0) V(r1)", ["V(1)", "V(1,0)", "V(R1)"], ["any"] * 3),
        ("i(L1.XDUT) p(B1.XDUT)", ["I(L1|XDUT)", "P(B1|XDUT)"], ["device", "any"]),
        ("P(B1|XDUT)", ["P(B1|XDUT)"], ["any"]),
        ("c(R1), i( R2 )", ["I(R1)", "I(R2)"], ["device"] * 2),
        ("@R1[v] @R3[c] @R4.X1[p]", ["V(R1)", "I(R3)", "P(R4|X1)"], ["device"] * 3),
        ("L1.X1#branch", ["I(L1|X1)"], ["device"]),
        ("DEVI(B01) DEVV(B01) DEVP(B01)", ["I(B01)", "V(B01)", "P(B01)"], ["device"] * 3),
    ],
)
def test_every_spelling_of_an_output(text: str, labels: list[str], what: list[str]) -> None:
    found = parse_output(text)
    assert [item.label for item in found] == labels
    assert [item.what for item in found] == what


@pytest.mark.parametrize("text", ["", "tran", "phase", "nodev 1 2 3", "db(v(1))", "v(1)+v(2)", "@R1[q]", "v()", "x y"])
def test_what_is_no_output(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_output(text, file="t.cir", line=7)
    assert str(caught.value) == (
        f"t.cir:7: '{text}' names nothing to print; write phase B1.X1, devi L1, nodev 1 0, P(B1.X1), v(1,0) or @R1[c]"
    )


def test_outputs_of_a_deck_know_their_file() -> None:
    netlist = deck(".print v(1)\n.file a.csv\n.plot i(R1) p(R1)\n.file b.csv\n.save @R1[v]")
    assert [(item.label, item.file, item.line) for item in outputs(netlist)] == [
        ("V(1)", "", 3),
        ("I(R1)", "a.csv", 5),
        ("P(R1)", "a.csv", 5),
        ("V(R1)", "b.csv", 7),
    ]


NESTED = (
    "X1 outer a b\n.subckt outer p q\nXin inner p m\nL1 m q 1p\n.ends\n"
    ".subckt inner p q\nB1 p q j\nR1 p n 1\nR2 n q 1\n.ends\n"
    "B_1 a 0 j\nXs_t inner a b\nX0 inner a gnd\n"
)


def test_names_are_found_in_the_hierarchy() -> None:
    netlist = deck(NESTED)
    for source in (netlist, elaborate(netlist)):
        resolver = Resolver(source)

        def probe(text: str, resolver: Resolver = resolver) -> Probe:
            return resolver.probes(parse_output(text)[0])[0]

        cell = source.modules["inner"].cell_labels().index("B1")
        inside = Probe(("X1", "Xin"), "inner", cell=cell)
        for text in ("p(B1.XIN.X1)", "p(b1|xin|x1)", "phase X1.Xin.B1", "p(B1|Xin|X1)"):
            assert probe(text) == inside
        assert probe("phase Xs_t_B1") == Probe(("Xs_t",), "inner", cell=cell)
        assert probe("phase B_1") == Probe((), "t", cell=source.top_module.cell_labels().index("B_1"))
        node = probe("v(n.Xin.X1)")
        assert source.modules["inner"].net_label(node.net) == "n"
        assert node.path == ("X1", "Xin")
        assert probe("v(GND)").ground
        assert len(resolver.probes(parse_output("v(a,0)")[0])) == 2


def test_names_are_found_in_a_flattened_netlist() -> None:
    flat = flatten(deck(NESTED + ".print p(B1.Xin.X1) v(n.Xin.X1)"))
    first, second = (Resolver(flat).probes(item)[0] for item in outputs(flat))
    assert flat.top_module.cell_label(first.cell) == "X1.Xin.B1"
    assert flat.top_module.net_label(second.net) == "X1.Xin.n"
    text = spice_text(flat)
    assert ".print P(BX1_Xin_B1) V(X1_Xin_n)\n" in text
    again = read_spice_text(text)
    assert len([Resolver(again).probes(item) for item in outputs(again)]) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p(B9.X1)", "no device or node is named 'B9|X1'; within an instance X1 write B1.X1, as in P(B1.X1)"),
        ("phase a", "no device is named 'a'; within an instance X1 write B1.X1, as in P(B1.X1)"),
        ("nodev B_1", "no node is named 'B_1'; within an instance X1 write B1.X1, as in P(B1.X1)"),
        ("v(a,B_1)", "V(A,B_1) mixes a device and a node; name two nodes or two devices"),
        ("v(X1)", "no device or node is named 'X1'; within an instance X1 write B1.X1, as in P(B1.X1)"),
    ],
)
def test_names_that_are_not_there(text: str, message: str) -> None:
    netlist = deck(NESTED)
    with pytest.raises(NetlistError) as caught:
        Resolver(netlist).probes(parse_output(text, line=4)[0])
    assert str(caught.value) == f"t.cir:4: {message}"
    with pytest.raises(NetlistError, match="'a' is a node, which has no current"):
        Resolver(netlist).probes(Output("current", ("a",)))


def test_the_transient_analysis_is_a_record() -> None:
    assert transient(deck(".tran 0.05p 800p 0 0.1p")) == Transient(5e-14, 8e-10, 0, 1e-13, line=3)
    assert transient(deck(".tran 0.25p 1n DST")) == Transient(2.5e-13, 1e-9, 0, 2.5e-13, startup=False, line=3)
    # JSIM's and WRspice's order: the print step first, the longest step last.
    assert transient(deck(".tran 0.5p 600p 10p 0.25p UIC")) == Transient(
        2.5e-13, 6e-10, 1e-11, 2.5e-13, uic=True, line=3
    )
    assert transient(deck(".tran 1p 1n\n.tran 2p 2n")) == Transient(2e-12, 2e-9, 0, 2e-12, line=4)
    assert transient(deck("")) is None


def test_times_may_be_parameters() -> None:
    netlist = elaborate(
        deck(".param h=0.1p n=100\n.tran h 2*n*h 0 {h*2}\n.temp 2+2.2\n.neb 1/h\n.spread 0.1 L=h/1p B = 0.3")
    )
    assert transient(netlist) == Transient(1e-13, pytest.approx(2e-11), 0, 2e-13, line=4)
    assert (temperature(netlist), noise_bandwidth(netlist)) == (4.2, pytest.approx(1e13))
    assert spread(netlist) == Spread(0.1, inductor=pytest.approx(0.1), junction=0.3, line=7)


def test_curves_and_options() -> None:
    netlist = elaborate(deck(".param imax=0.3m\n.iv j imax iv.csv\n.option seed=1 noacct\n.options Reltol = 1e-4"))
    assert curves(netlist) == (CurrentVoltageCurve("j", 3e-4, "iv.csv", 4),)
    assert options(netlist) == {"seed": "1", "noacct": "", "reltol": "1e-4"}
    with pytest.raises(FormatError, match=r"t\.cir:3: '\.iv' has a current of 0 A; give a positive current"):
        curves(deck(".iv j 0 f"))


def test_noise_and_spreads() -> None:
    netlist = deck(".temp 4.2\n.neb 1e12\n.spread 0.1 l=0.2 R=0.05 C=0 B=0.3")
    assert (temperature(netlist), noise_bandwidth(netlist)) == (4.2, 1e12)
    assert spread(netlist) == Spread(0.1, 0.2, 0.3, 0.0, 0.05, 5)
    none = deck("")
    assert (temperature(none), noise_bandwidth(none), spread(none)) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".tran 1p", "'.tran' has 1 times, not 2 to 4; write .tran step stop"),
        (".tran 0 1n", "'.tran' has a step of 0 s; give a positive time"),
        (".tran 1p 1n 2n", "'.tran' begins to print at 2e-09 s, not before its end"),
        (".temp -4", "'.temp' is negative: -4; give zero or more"),
        (".temp", "'' in '.temp' is no number; write .temp and a number"),
        (".spread", "'.spread' has no value; write .spread 0.1"),
        (".spread Q=0.1", "'.spread' does not know 'Q=0.1'; write .spread 0.1 L=0.2 B=0.1"),
        (".spread L=-1", "'.spread' is negative: 'L=-1'; give a share of one"),
    ],
)
def test_wrong_control_lines(text: str, message: str) -> None:
    with pytest.raises(HwdesignError) as caught:
        netlist = deck(text)
        transient(netlist)
        temperature(netlist)
        spread(netlist)
    assert str(caught.value) == f"t.cir:3: {message}"
