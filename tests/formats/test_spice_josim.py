"""JoSIM's deck language, one feature a deck; JSIM's and WRspice's habits where decks have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FileError, HwdesignError
from hwdesign.formats.spice import read_spice, read_spice_text, spice_text, write_spice
from hwdesign.netlist import Builder, Directive, Netlist
from hwdesign.netlist.devices import DEVICES
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.junctions import junction
from hwdesign.netlist.waveforms import source_waveform
from tests.formats.spice_view import cell, view

MODEL = ".model j jj(rtype=1, vg=2.8mV, cap=0.07pF, r0=160, rN=16, icrit=0.1mA)\n"


def deck(body: str, **options: object) -> Netlist:
    return read_spice_text(MODEL + body + "\n", file="t.cir", **options)  # type: ignore[arg-type]


def survives(netlist: Netlist) -> None:
    """Writing and reading is the identity, before and after elaboration."""
    for one in (netlist, elaborate(netlist)):
        again = read_spice_text(spice_text(one, dialect="josim"), file="t.cir", dialect="josim")
        assert view(again) == view(one)


@pytest.mark.parametrize(
    ("line", "kind", "nets", "params"),
    [
        ("B1 a b j area=2.5", "B", ["a", "b"], {"model": "j", "area": 2.5}),
        ("B1 a b j", "B", ["a", "b"], {"model": "j"}),
        ("B1 a b ph j ic=50u temp=4.2 neb=1G spread=0.1", "B", ["a", "b", "ph"],
         {"model": "j", "ic": 5e-5, "temp": 4.2, "neb": 1e9, "spread": 0.1}),
        ("B1 a b ph j ics=50uA", "B", ["a", "b", "ph"], {"model": "j", "ic": 5e-5}),
        ("R1 a 0 1.000pohm nfree", "R", ["a", "0"], {"value": 1e-12}),
        ("R1 a 0 5 temp=4.2 neb=1e12 spread=0.2", "R", ["a", "0"],
         {"value": 5.0, "temp": 4.2, "neb": 1e12, "spread": 0.2}),
        ("R1 a gnd 1X", "R", ["a", "0"], {"value": 1e6}),
        ("R1 a 0 2*1.5meg", "R", ["a", "0"], {"value": 3e6}),
        ("R1 a 0 {2^3^2}", "R", ["a", "0"], {"value": 512.0}),
        ("L1 a b 0.140pH fcheck", "L", ["a", "b"], {"value": 1.4e-13}),
        ("L1 a b phi_zero/(4*pi)", "L", ["a", "b"], {"value": pytest.approx(1.6455298785e-16)}),
        ("C1 a 0 5F spread=0.1", "C", ["a", "0"], {"value": 5e-15, "spread": 0.1}),
        ("T1 a 0 b 0 lossless TD=100p Z0=100", "T", ["a", "0", "b", "0"], {"td": 1e-10, "z0": 100.0}),
        ("T1 a 0 b 0 Z0=5 Td=10pS", "T", ["a", "0", "b", "0"], {"td": 1e-11, "z0": 5.0}),
        ("G1 a 0 0 b 2", "G", ["a", "0", "0", "b"], {"value": 2.0}),
        ("F1 a 0 0 b 2", "F", ["a", "0", "0", "b"], {"value": 2.0}),
        ("P1 a 0 pwl(0 0 1p 2*pi)", "P", ["a", "0"], {"tran": "pwl(0 0 1e-12 6.283185307179586)"}),
        ("V1 a 0 SIN(0 811mV 5GHz 150ps 0)", "V", ["a", "0"], {"tran": "sin(0 0.811 5000000000 1.5e-10 0)"}),
        ("V1 a 0 PWL(0ps 0mV 20ps -5mV )", "V", ["a", "0"], {"tran": "pwl(0 0 2e-11 -0.005)"}),
        ("V1 a 0 pwl (0 0 5p 2.5mV)", "V", ["a", "0"], {"tran": "pwl(0 0 5e-12 0.0025)"}),
        ("I1 a 0 pulse(0 600u 1p 2p 2p 1p 20p)", "I", ["a", "0"],
         {"tran": "pulse(0 0.0006 1e-12 2e-12 2e-12 1e-12 2e-11)"}),
        ("I1 a 0 exp(0 1m)", "I", ["a", "0"], {"tran": "exp(0 0.001)"}),
        ("I1 a 0 noise(1u 0 1p)", "I", ["a", "0"], {"tran": "noise(1e-06 0 1e-12)"}),
        ("I1 a 0 pws(0 0 1p 1m)", "I", ["a", "0"], {"tran": "pws(0 0 1e-12 0.001)"}),
        ("I1 a 0 DC 2.5u", "I", ["a", "0"], {"dc": 2.5e-6}),
        ("I1 a 0 2.5uA", "I", ["a", "0"], {"dc": 2.5e-6}),
        ("I1 a 0 1A", "I", ["a", "0"], {"dc": 1.0}),
    ],
)  # fmt: skip
def test_an_element(line: str, kind: str, nets: list[str], params: dict[str, float | str]) -> None:
    netlist = deck(line)
    assert cell(netlist, line.split()[0]) == (kind, nets, params)
    survives(netlist)


def test_a_coupling_may_have_the_shortest_name() -> None:
    netlist = deck("L1 a 0 1p\nL2 b 0 2p\nK L1 L2 -0.137")
    assert cell(netlist, "K") == ("K", [], {"inductors": "L1 L2", "value": -0.137})
    survives(netlist)


def test_comments_continuations_line_ends_and_a_missing_end() -> None:
    text = (
        "* a title\r\n# a comment\r\n   * another\r\n   # and another\r\nI1 a 0 pwl(0 0 10p\r\n+ 0 15p\r\n* between\r\n"
        "     +  620u 17p 0)\r\nr1 A gnd 2\r\n" + MODEL
    )
    netlist = read_spice_text(text)
    assert cell(netlist, "I1")[2] == {"tran": "pwl(0 0 1e-11 0 1.5e-11 0.00062 1.7e-11 0)"}
    assert cell(netlist, "r1")[1] == ["a", "0"]
    assert netlist.top_module.cell_line.tolist() == [5, 9]
    assert read_spice_text(text + "end\nrubbish that is not read\n").top_module.num_cells == 2
    assert netlist.findings == ()


def test_parameters_in_any_order_local_before_global() -> None:
    netlist = deck(
        ".param five = four + one\n.param four = 2 * two\n.param two = one+one\n.param one=1\n.param w=3\n"
        "X1 s a b\nX2 a b s\nR3 a b w\n.subckt s p q\n.param w = 5 * five\n.param v=w+sqrt(four)\n"
        "R1 p q w\nR2 p q v\n.ends"
    )
    assert cell(netlist, "R3")[2] == {"value": 3.0}
    flat = elaborate(netlist)
    assert (cell(flat, "R1", "s")[2], cell(flat, "R2", "s")[2]) == ({"value": 25.0}, {"value": 27.0})
    survives(netlist)


def test_a_parameter_that_is_defined_twice_keeps_its_first_value() -> None:
    netlist = deck(".param a=1\n.param A=2\nR1 x 0 a")
    assert cell(netlist, "R1")[2] == {"value": 1.0}
    assert [str(f) for f in netlist.findings] == [
        "t.cir:3: warning: parameter 'A' is defined again; JoSIM keeps that of line 2 [param-twice]"
    ]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sin(pi/6)", 0.5), ("cos(0)", 1.0), ("tan(pi/4)", 1.0), ("asin(1)*2/pi", 1.0), ("acos(0)*2/pi", 1.0),
        ("atan(1)*4/pi", 1.0), ("sinh(0)", 0.0), ("cosh(0)", 1.0), ("tanh(0)", 0.0), ("asinh(0)", 0.0),
        ("acosh(1)", 0.0), ("atanh(0)", 0.0), ("exp(log(2))", 2.0), ("log10(1000)", 3.0), ("ln(exp(1))", 1.0),
        ("sqrt(16)", 4.0), ("cbrt(27)", 3.0), ("abs(-2)", 2.0), ("min(3,1,2)", 1.0), ("max(3,1,2)", 3.0),
        ("int(-2.7)", -2.0), ("floor(-2.5)", -3.0), ("ceil(2.1)", 3.0), ("-2^2", -4.0), ("2^-1", 0.5),
        ("(1+2)*3-4/2", 7.0), ("phi_zero/phi0", 1.0), ("boltzmann/kb", 1.0), ("hbar*2*pi/h", 1.0),
        ("ev*1e19", 1.6021766208), ("c", 299792458.0), ("mu0*eps0*c^2", 1.0), ("sigma*2*pi/phi_zero", 1.0),
        ("2E-3*1E3", 2.0), ("1p*1T", 1.0), ("[1+1]*{2}", 4.0),
    ],
)  # fmt: skip
def test_expressions(expression: str, value: float) -> None:
    assert cell(deck(f".param x={expression}\nR1 a 0 x"), "R1")[2]["value"] == pytest.approx(value, rel=1e-7)


def test_models_are_scoped_and_their_values_are_expressions() -> None:
    netlist = deck(
        ".param ic0=0.2m\n.subckt s a\n.param k=0.5\n"
        ".model j jj(icrit=k*0.1m, Phi=pi, cpr={1, k/2})\nB1 a 0 j\nB2 a 0 g\n"
        ".ends\n.model g JJ( ICRIT= ic0 cap=5p rN=90 rtype=0 )\nX1 s n\nB3 n 0 j\nB4 n 0 g"
    )
    assert netlist.findings == ()
    flat = elaborate(netlist)
    inner, top = flat.modules["s"], flat.top_module
    one, two = junction(flat, inner, 0), junction(flat, inner, 1)
    three, four = junction(flat, top, 1), junction(flat, top, 2)
    assert (one.icrit, one.card.phi, one.card.cpr) == (pytest.approx(5e-5), pytest.approx(3.14159265), (1.0, 0.25))
    assert (two.icrit, two.card.rtype, two.rn, two.r0) == (2e-4, 0, 90.0, 90.0)
    assert (three.icrit, four.icrit) == (1e-4, 2e-4)
    survives(netlist)


def test_instances_in_both_orders_with_parameters_and_nesting() -> None:
    netlist = deck(
        "X1 cell a b r=4 RX=7\nX2 b c cell\n.subckt cell p q r=2\nXin inner p m\nX1 m q inner\nRX p q r\nB1 p 0 j\n"
        ".ends cell\n.subckt inner u v\nL1 u v 1p\nT1 u 0 v 0 td=1p z0=5\nBi u 0 j ic=1m\n.ends\n"
        "X3 inner a b L1=5p T1=9p Bi=2m"
    )
    flat = elaborate(netlist)
    one, two, three = (cell(flat, name)[0] for name in ("X1", "X2", "X3"))
    assert (cell(flat, "RX", one)[2]["value"], cell(flat, "RX", two)[2]["value"]) == (7.0, 2.0)
    assert cell(flat, "L1", three)[2]["value"] == 5e-12
    assert cell(flat, "T1", three)[2]["td"] == 9e-12
    assert cell(flat, "Bi", three)[2] == {"model": "j", "ic": 2e-3}
    assert cell(flat, "L1", cell(flat, "Xin", one)[0])[2]["value"] == 1e-12
    text = spice_text(flat)
    assert view(read_spice_text(text, file="t.cir")) == view(flat)


def test_ground_may_be_a_node_of_a_subcircuit() -> None:
    netlist = deck(".subckt jtl 0 a GND b\nL1 a b 1p\nB1 a 0 j\n.ends\nX1 jtl 0 n 0 m\nX2 gnd m 0 n jtl")
    assert cell(netlist, "X1") == ("jtl", ["n", "m"], {})
    assert cell(netlist, "X2") == ("jtl", ["m", "n"], {})
    survives(netlist)


def test_jsim_words_are_told_once() -> None:
    netlist = deck("L1 a 0 1p fcheck\nL2 a 0 1p FCHECK\nR1 a 0 1 nfree")
    assert [str(f) for f in netlist.findings] == [
        "t.cir:2: warning: 'fcheck' is left out: JSIM knows it, JoSIM reads over it [jsim-word]",
        "t.cir:4: warning: 'nfree' is left out: JSIM knows it, JoSIM reads over it [jsim-word]",
    ]


def test_a_wave_that_begins_late_rises_from_zero() -> None:
    netlist = deck("I1 0 a pwl(5p 1m 10p 2m)")
    assert cell(netlist, "I1")[2] == {"tran": "pwl(0 0 5e-12 0.001 1e-11 0.002)"}
    assert [f.rule for f in netlist.findings] == ["pwl-start"]


def test_a_stray_quote_is_left_out() -> None:
    assert [f.rule for f in deck("R1 a 0 1'").findings] == ["stray-quote"]


@pytest.mark.parametrize(
    "line",
    [".spread 0.1", ".neb 1g", ".iv j 1m f.csv", ".print devi R1", ".print p(R1)", ".plot v(1) p(R1)", ".save @R1[c]"],
)
def test_what_tells_that_a_deck_is_josims(line: str) -> None:
    assert read_spice_text(f"R1 a 0 1X\n{line}\n").top_module.num_cells == 1


def test_control_lines_are_kept() -> None:
    lines = [
        ("tran", "0.05p 1n 0 0.1p DST"), ("temp", "4.2"), ("neb", "1e12"), ("spread", "0.1 L=0.2"),
        ("option", "seed=1"), ("options", "x"),
        ("iv", "j 300u iv.csv"), ("file", "a.csv"), ("print", "phase B1"), ("plot", "v(1) i(R1)"),
        ("save", "@R1[c]"),
    ]  # fmt: skip
    netlist = deck("R1 1 0 1\nB1 1 0 j\n" + "\n".join(f".{name} {text}" for name, text in lines))
    assert [(d.name, d.text) for d in netlist.directives] == lines
    survives(netlist)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("R1 a 0 x", "t.cir:2: unknown parameter 'x' in 'x'; define it with .param"),
        ("R1 a 0 5 tc1=1", "t.cir:2: 'R1' has no parameter 'tc1' in JoSIM; its parameters: neb spread temp"),
        ("C1 a 0 5p ic=1", "t.cir:2: 'C1' has no parameter 'ic' in JoSIM; its parameters: spread"),
        ("V1 a 0 pwl(0 0 1p 1) r=0", "t.cir:2: 'V1' has no parameter 'r' in JoSIM; its parameters: none"),
        ("B1 a 0 j gc=1", "t.cir:2: 'B1' has no parameter 'gc' in JoSIM; its parameters: area ic neb spread temp"),
        ("B1 a 0 j area=1 ic=1m", "t.cir:2: 'B1' has both area and ic; remove one of them"),
        ("B1 a 0 1p j 2", "t.cir:2: 'B1' has 5 nodes and values; "
         "write B1 node node model area=1, or B1 node node v=expression"),
        ("T1 a 0 b 0 z0=5", "t.cir:2: the transmission line 'T1' has no td; write T1 a 0 b 0 td=1p z0=5"),
        ("I1 a 0 pulse(1)",
         "t.cir:2: pulse has 1 arguments, not 2 to 7; they are: low high delay rise fall width period"),
        ("I1 a 0 pwl(0 0 1p)", "t.cir:2: pwl has 3 arguments, not pairs of a time and a value; "
         "write pwl(0 0 time value ...)"),
        ("I1 a 0 pwl(0 0 2p 1 1p 0)", "t.cir:2: pwl's times go back at 1e-12 s; sort its points by time"),
        ("I1 a 0 sffm(0 1)", "t.cir:2: JoSIM has no source 'sffm'; it has: cus exp noise pulse pwl pws sin"),
        (".tran h 1n", "t.cir:2: unknown parameter 'h1' in 'h1'; define it with .param"),
        (".print db(v(1))", "t.cir:2: 'db(v(1))' names nothing to print; "
         "write phase B1.X1, devi L1, nodev 1 0, P(B1.X1), v(1,0) or @R1[c]"),
        (".iv j 1m", "t.cir:2: '.iv' needs a model, a current and a file; write .iv jj1 300u iv.csv"),
        (".file a b", "t.cir:2: '.file' needs one name without spaces; write .file out.csv"),
        (".sweep pwl IS 1 2 3", "t.cir:2: the control line '.sweep' is not known; remove it, or make it a comment"),
        (".subckt s a\n.tran 1p 1n\n.ends", "t.cir:3: '.tran' stands in subcircuit 's'; "
         "move it to the top level, as JoSIM wants it"),
        (".subckt s 0 a\nR1 a 0 1\n.ends\nX1 s b c",
         "t.cir:5: 'X1' connects node 'b' where subcircuit 's' has ground; write 0 there"),
        (".control\ntran 1p 1n\nrun\n.endc",
         "t.cir:4: the .control block holds the command 'run', which hwdesign never runs; remove it; "
         "what is read there: file iv model neb param params plot print save spread temp tran"),
        (".control\ntran 1p 1n", "t.cir:2: the .control block has no .endc; end it with .endc"),
        (".model k jj(icrit=1m cpr={1,,2})", "t.cir:2: model 'k' has an empty value in cpr; write cpr={1,0.2}"),
        (".model k jj(icrit=hot)", "t.cir:2: unknown parameter 'hot' in 'hot'; define it with .param"),
    ],
)  # fmt: skip
def test_a_wrong_deck(body: str, message: str) -> None:
    with pytest.raises(HwdesignError) as caught:
        deck(body.replace(".tran h ", ".tran h1 "))
    assert str(caught.value) == message


def test_control_blocks_are_never_run() -> None:
    netlist = deck(".control\ntran 1p 1n\nshell rm -rf x\n.endc\nR1 a 0 1", skip_control=True)
    assert [f.rule for f in netlist.findings] == ["skipped-control"]
    assert netlist.directives == ()


def test_a_custom_waveform_holds_its_samples(tmp_path: Path) -> None:
    (tmp_path / "wave.dat").write_text("0 2u, 3u;6 1e-3\n9 9 9\n")
    (tmp_path / "a.cir").write_text(MODEL + "I1 0 a cus(wave.dat 1p 2 1 0 1)\n.tran 0.1p 1n\n")
    netlist = read_spice(tmp_path / "a.cir")
    params = cell(netlist, "I1")[2]
    assert params == {"tran": "cus(wave.dat 1e-12 2 1 0 1)", "samples": "0 2e-06 3e-06 6 0.001"}
    wave = source_waveform(elaborate(netlist).top_module, 0)
    assert (wave.kind, wave.file, wave.samples) == ("cus", "wave.dat", (0.0, 2e-6, 3e-6, 6.0, 1e-3))
    # Writing elsewhere takes the samples along, but overwrites no other file.
    other = tmp_path / "other"
    other.mkdir()
    write_spice(netlist, other / "a.cir")
    assert view(read_spice(other / "a.cir")) == view(netlist)
    (other / "wave.dat").write_text("1 2 3\n")
    with pytest.raises(FileError, match=r"wave\.dat: another file stands in the way of a custom waveform; move it"):
        write_spice(netlist, other / "b.cir")
    assert [f.rule for f in read_spice_text((tmp_path / "a.cir").read_text()).findings] == ["no-samples"]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("1 2 x", "w.dat", "a.cir:2: 'x' in 'w.dat' is no number; write numbers, apart by spaces, in one line"),
        (None, "w.dat", "a.cir:2: the included file 'w.dat' does not exist"),
        ("1", "../w.dat", "a.cir:2: '../w.dat' lies outside the deck's folder"),
    ],
)
def test_a_custom_waveform_that_cannot_be_read(tmp_path: Path, content: str | None, name: str, message: str) -> None:
    if content is not None:
        (tmp_path / "w.dat").write_text(content)
    (tmp_path / "a.cir").write_text(f"{MODEL}I1 0 a cus({name} 1p)\n")
    with pytest.raises(HwdesignError, match=r"a\.cir:2") as caught:
        read_spice(tmp_path / "a.cir")
    assert message in str(caught.value)


def test_what_josim_cannot_hold_is_refused() -> None:
    for body, message in (
        (".param a=1 w=max(a,2)\nR1 a 0 w", "JoSIM has no function 'max'"),
        (".subckt s p\n.param a=1 w=a>0\nR1 p 0 w\n.ends\nX1 s n", "JoSIM has no operator '>'"),
        ("V1 a 0 1\nR1 a 0 1\n.ac dec 1 1 10", r"JoSIM has no control line '\.ac'"),
    ):
        netlist = deck(body)
        with pytest.raises(HwdesignError, match=message):
            spice_text(netlist, dialect="josim")
    assert "R1 a 0 2\n" in spice_text(elaborate(deck(".param a=1 w=max(a,2)\nR1 a 0 w")), dialect="josim")


def test_constants_that_josim_does_not_know_are_written_as_numbers() -> None:
    text = spice_text(deck(".param two=2 l=phi0/two+phi_zero\n.param kb=1\n.param m=kb\nL1 a 0 l"), dialect="josim")
    assert ".param l=2.067833831170082e-15/two+phi_zero\n" in text
    assert ".param m=kb\n" in text


def test_printed_names_follow_names_that_had_to_change() -> None:
    builder = Builder("t")
    net = builder.top.net("n")
    builder.top.cell(DEVICES["R"], [net, builder.top.net("0")], name="load", params={"value": 1.0})
    builder.global_nets = ["0"]
    builder.directives = [Directive("print", "devi load"), Directive("print", "v(n) v(load)")]
    assert spice_text(builder.freeze(), dialect="josim") == (
        "*\nRload n 0 1\n.print I(Rload)\n.print V(N) V(Rload)\n.end\n"
    )
    netlist = deck("R.1 a.b 0 1\nX.1 s a.b\n.subckt s p\nL.1 p 0 1p\n.ends\n.print i(L.1)\n")
    text = spice_text(netlist, dialect="josim")
    assert "R_1 a_b 0 1\nX_1 s a_b\n.print i(L.1)\n.end\n" in text
    assert "L_1 p 0 1e-12" in text
    flat = deck("B_x a 0 j\nR1 a 0 1\n.print phase B_x\n.print v(a)")
    assert ".print phase B_x\n.print v(a)\n" in spice_text(flat)


TOKENS = st.sampled_from(
    ["B1", "R1", "L1", "X1", "K1", "T1", "I1", "P1", "a", "0", "gnd", "j", "area=", "1p", "2.5", "=", "(", ")", "{",
     "}", "pwl(0 0 1p 1)", "pulse(", "pwl", ".subckt", "s", ".ends", ".param", "x=1", "x", ".model", "jj(icrit=1m)",
     ".tran", ".print", "p(B1)", "phase", "devi", ".spread", "+", "*", "#", ";", "$", "'", '"', ",", "td=1p", "z0=",
     "cpr={1,2}",
     "cus(f 1p)", ".control", ".endc", ".end", "\n", "\n", "\n", "é", "1e", "^", "2^3^2", "-", "|", ".", "%", "\t"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(TOKENS, max_size=40))
def test_random_tokens_are_read_or_refused(words: list[str]) -> None:
    text = MODEL + " ".join(words)
    try:
        netlist = read_spice_text(text, dialect="josim", file="t.cir")
        flat = elaborate(netlist)
        spice_text(flat, dialect="josim")
        spice_text(netlist, dialect="ngspice")
        spice_text(netlist, dialect="wrspice")
    except HwdesignError as error:
        assert str(error)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["josim", "ngspice", "auto"]))
def test_random_bytes_are_read_or_refused(data: bytes, dialect: str) -> None:
    for body in (data, MODEL.encode() + data):
        try:
            elaborate(read_spice_text(body, dialect=dialect))  # type: ignore[arg-type]
        except HwdesignError as error:
            assert str(error)
