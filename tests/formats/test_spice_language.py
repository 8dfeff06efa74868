"""What decks that were written for JoSIM, JSIM and WRspice hold beside what JoSIM's guide says."""

from __future__ import annotations

import pytest

from hwdesign.errors import FormatError, HwdesignError, UnsupportedError
from hwdesign.formats.spectre import spectre_text
from hwdesign.formats.spice import read_spice_text, spice_text
from hwdesign.netlist.outputs import Resolver, outputs, parse_output
from hwdesign.passes import flatten
from tests.formats.spice_view import cell, view

MODEL = ".model j jj(rtype=1, vg=2.8mV, cap=0.07pF, r0=160, rN=16, icrit=0.1mA)\n"


def findings(text: str) -> list[str]:
    return [str(finding) for finding in read_spice_text(text, file="t.cir").findings]


@pytest.mark.parametrize("dialect", ["josim", "ngspice", "auto"])
def test_a_hash_begins_a_comment_in_every_deck(dialect: str) -> None:
    netlist = read_spice_text("* t\n# one\nR1 a 0\n   # two # three\n+ 1\n", dialect=dialect)  # type: ignore[arg-type]
    assert netlist.top_module.cell_labels() == ["R1"]


@pytest.mark.parametrize(
    "body",
    [
        "B1 a 0 j area=2",
        "B01RX1 10 32 54 jmitll area=b01rx1\n.param b01rx1=2",
        "\tb1\ta\t0\tj",
        "B1 a 0 j\r",
        "X1 cell a 0 L1=2p\n.subckt cell p gnd\nL1 p gnd 1p\n.ends",
        ".print phase B1",
        ".plot v(a) nodev a 0",
        "T1 a 0 b 0 lossless z0=5 td=1p",
        ".neb 1g",
    ],
)
def test_a_deck_is_known_for_josims(body: str) -> None:
    """An unknown dialect is told by `2X`, which is two million for JoSIM alone."""
    assert cell(read_spice_text(f"* t\n{body}\nR9 a 0 2X\n"), "R9")[2] == {"value": 2e6}


@pytest.mark.parametrize(
    "body",
    [
        "B1 a 0 v=v(a)*2",
        "B1 a 0 i = {v(a)}",
        "B1 a 0 V={1} tc1=2",
        "X1 a 0 cell\n.subckt cell p q\nL1 p q 1p\n.ends",
        "X1 a cell\n.subckt cell p\nL1 p 0 1p\n.ends\n.subckt a p\nL1 p 0 1p\n.ends",
    ],
)
def test_a_deck_is_known_for_ngspices(body: str) -> None:
    for title in ("* t", "bandgap reference circuit simple"):
        assert cell(read_spice_text(f"{title}\n{body}\nR9 b 0 1A\n"), "R9")[2] == {"value": 1e-18}


def test_josims_statements_are_read_in_a_control_block() -> None:
    block = ".control\n# a remark\ntran 0.1p 1p\nparam x=2\nmodel k jj(icrit=x*1m)\n.print phase B1\nsave v(a)\n.endc\n"
    plain = ".tran 0.1p 1p\n.param x=2\n.model k jj(icrit=x*1m)\n.print phase B1\n.save v(a)\n"
    deck = f"* t\n{MODEL}B1 a 0 j\n"
    assert view(read_spice_text(deck + block, file="t")) == view(read_spice_text(deck + plain, file="t"))


@pytest.mark.parametrize("command", ["run", "plot2 v(a)", "let x = 1", "source other.cir", "shell rm x", ".include x"])
def test_commands_of_a_control_block_are_refused_by_name_and_line(command: str) -> None:
    word = command.split()[0].removeprefix(".")
    text = f"* t\n{MODEL}B1 a 0 j\n.control\ntran 0.1p 1p\n{command}\n.endc\n"
    with pytest.raises(HwdesignError) as caught:
        read_spice_text(text, file="t.cir")
    if word == "include":
        assert str(caught.value).startswith("t.cir:6: 'x' cannot be included")
    else:
        assert str(caught.value) == (
            f"t.cir:6: the .control block holds the command '{word}', which hwdesign never runs; remove it; "
            "what is read there: file iv model neb param params plot print save spread temp tran"
        )
    skipped = read_spice_text(text.replace(".include x", "run"), skip_control=True)
    assert [finding.rule for finding in skipped.findings] == ["skipped-control"]
    with pytest.raises(UnsupportedError, match=r"t\.sp:3: a \.control block holds commands, which hwdesign never runs"):
        read_spice_text("* t\nR1 a 0 1\n.control\ntran 1p 1n\n.endc\n", file="t.sp")


def test_remarks_at_the_end_of_lines() -> None:
    body = "R1 a 0 4ohm * Shunt=4\nR2 a 0 2 *half\nR3 a 0 {2 *x}\n.param x = 2 *3\n.print DEVV R1 *Voltage\n.end\n"
    text = f"* t\n{MODEL}{body}"
    netlist = read_spice_text(text, file="t.cir")
    assert [cell(netlist, name)[2]["value"] for name in ("R1", "R2", "R3")] == [4.0, 2.0, 12.0]
    assert [output.label for output in outputs(netlist)] == ["V(R1)"]
    assert findings(text) == [
        "t.cir:3: warning: '* Shunt=4' was left out as a remark [line-tail]",
        "t.cir:4: warning: '*half' was left out as a remark [line-tail]",
        "t.cir:7: warning: '*Voltage' was left out as a remark [line-tail]",
    ]


def test_expressions_are_not_printed_and_said_so() -> None:
    text = f'* t\n{MODEL}R1 a 0 1\n.plot tran v(a) R1#branch "v(a)/2O"\n.plot tran "v(a) - v(b)"\n'
    netlist = read_spice_text(text, file="t.cir")
    assert [output.label for output in outputs(netlist)] == ["V(A)", "I(R1)"]
    assert findings(text) == [
        't.cir:4: warning: "v(a)/2O" is not printed: JoSIM prints no expressions [print-expression]',
        't.cir:5: warning: "v(a) - v(b)" is not printed: JoSIM prints no expressions [print-expression]',
    ]


def test_the_last_of_two_definitions_holds() -> None:
    cells = ".subckt s p\nR1 p 0 1\n.ends\n.subckt S q\nR1 q 0 2\n.ends\n"
    text = f"* t\n{MODEL}{MODEL}.model j jj(icrit=3m)\nX1 s a\n{cells}"
    netlist = read_spice_text(text, file="t.cir")
    assert cell(netlist, "R1", "S_")[2] == {"value": 2.0}
    assert netlist.models["j"].params == {"icrit": 0.003}
    assert findings(text) == [
        "t.cir:4: warning: model 'j' is defined again; JoSIM takes this definition in place of that of line 3 "
        "[defined-twice]",
        "t.cir:9: warning: subcircuit 'S' is defined again; JoSIM takes this definition in place of that of line 6 "
        "[defined-twice]",
    ]


@pytest.mark.parametrize("name", ["S", "T", "BSRC", "R"])
def test_a_subcircuit_may_be_named_like_a_device(name: str) -> None:
    netlist = read_spice_text(f"* t\nX1 a {name}\nX2 b {name}_\n.subckt {name} p\nR1 p 0 1\n.ends {name}\n"
                              f".subckt {name}_ p\nR1 p 0 2\n.ends\n", name="top")  # fmt: skip
    assert list(netlist.modules) == [f"{name}__", f"{name}_", "top"]
    assert netlist.top_module.type_counts() == {f"{name}__": 1, f"{name}_": 1}
    assert cell(netlist, "R1", f"{name}_")[2] == {"value": 2.0}
    assert view(read_spice_text(spice_text(netlist), name="top")) == view(netlist)


@pytest.mark.parametrize(
    "title",
    [
        "JTL test bench",
        "Deck",
        "My circuit",
        "$Parameters",
        "Quarter pulse sources",
        "Test bench of a splitter",
        "RSFQ cells with shunted junctions",
        "Generic DSFQ gate",
        "Basic JTL in one long line",
    ],
)
def test_a_first_line_that_is_no_element_is_a_title(title: str) -> None:
    text = f"{title}\nB1 a 0 j\n{MODEL}"
    assert read_spice_text(text).top_module.cell_labels() == ["B1"]
    assert findings(text) == [
        "t.cir:1: warning: the first line is no element and was taken for a title, which JoSIM does not have "
        "[title-line]"
    ]


@pytest.mark.parametrize("first", ["R1 a", "L1", "Rload a 0", "X1", "Bjj a b", "Gm1 a 0 b 0"])
def test_a_broken_element_is_no_title(first: str) -> None:
    with pytest.raises(FormatError, match=rf"t\.cir:1: '{first.split()[0]}'"):
        read_spice_text(f"{first}\nB1 a 0 j\n{MODEL}", file="t.cir")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("i(L1) phase B1", ["I(L1)", "P(B1)"]),
        ("phase B1 phase B2.X1", ["P(B1)", "P(B2|X1)"]),
        ("nodev 1 0 devi R1, v(2)", ["V(1,0)", "I(R1)", "V(2)"]),
        ("tran p(b1) , v(1)", ["P(B1)", "V(1)"]),
        ("devv R1 @R2[c] L1#branch", ["V(R1)", "I(R2)", "I(L1)"]),
    ],
)
def test_a_line_may_mix_its_spellings(text: str, labels: list[str]) -> None:
    assert [item.label for item in parse_output(text)] == labels


def test_an_empty_save_asks_for_nothing() -> None:
    netlist = read_spice_text(f"* t\n{MODEL}R1 a 0 1\n.save\n.print v(a)\n")
    assert [output.label for output in outputs(netlist)] == ["V(A)"]
    assert view(read_spice_text(spice_text(netlist))) == view(netlist)


def test_jsims_names_reach_into_nested_instances() -> None:
    netlist = read_spice_text(
        f"* t\n{MODEL}.subckt in_ner a\nB_1 a 0 j\n.ends\n.subckt outer a\nX_2 in_ner a\nX2 in_ner a\n.ends\n"
        "XI_0 outer n\nX1 outer n\n.print phase XI_0_X_2_B_1\n.print phase x1_x2_b_1\n"
    )
    assert [Resolver(netlist).probes(item)[0].path for item in outputs(netlist)] == [("XI_0", "X_2"), ("X1", "X2")]
    with pytest.raises(HwdesignError, match="no device is named 'X1_X3_B_1'"):
        Resolver(netlist).probes(parse_output("phase X1_X3_B_1")[0])


COUPLED = """* t
.subckt cell a
L1 a 0 1p
.ends
.subckt pair a b
X1 cell a
X2 b cell
K1 L1|X1 L1|X2 0.5
.ends
X5 pair n m
L2 k 0 2p
K2 L2 l1|x2|x5 0.25
.neb 1
"""


def test_couplings_reach_into_instances_as_josims_do() -> None:
    netlist = read_spice_text(COUPLED)
    assert cell(netlist, "K2")[2] == {"inductors": "L2 l1|x2|x5", "value": 0.25}
    assert view(read_spice_text(spice_text(netlist))) == view(read_spice_text(COUPLED.replace("l1|x2|x5", "L1|X2|X5")))
    flat = flatten(netlist)
    assert "KX5_K1 LX5_X1_L1 LX5_X2_L1 0.5\n" in spice_text(flat)
    assert "K2 L2 LX5.X2.L1 0.25\n" in spice_text(flat, dialect="ngspice")
    with pytest.raises(
        UnsupportedError, match=r"'L1\|X1' stands in a subcircuit, which only JoSIM reaches into; flatten"
    ):
        spice_text(netlist, dialect="ngspice")
    with pytest.raises(UnsupportedError, match="'K1' couples inductors of subcircuits; flatten the netlist first"):
        spectre_text(netlist)
    for wrong in ("L3|X1|X5", "L1|X1", "L1|L2", "L1|X7|X5"):
        with pytest.raises(FormatError, match=r"the coupled inductor '.*' does not exist"):
            read_spice_text(COUPLED.replace("l1|x2|x5", wrong))


def test_numbers_of_control_lines_have_josims_suffixes() -> None:
    netlist = read_spice_text(f"* t\n{MODEL}R1 a 0 1\n.tran 0.1p 1A\n.neb 2X\n.temp 4.2\n.spread 0.1 L=1A\n")
    kept = {d.name: d.text for d in netlist.directives}
    assert kept["tran"] == "0.1p 1" and kept["neb"] == "2000000" and kept["spread"] == "0.1 L=1"


def test_a_name_that_josim_takes_for_ground_is_told() -> None:
    text = f"* t\n{MODEL}R1 a AGND 1\nR2 agnd b 1\nR3 b gnd 1\nX1 a b s\n.subckt s gnd1 p\nR1 gnd1 p 1\n.ends\n"
    assert findings(text) == [
        "t.cir:3: warning: JoSIM takes node 'AGND' for ground; here it is a node like others: "
        "write 0 for ground [ground-name]",
        "t.cir:4: warning: JoSIM takes node 'agnd' for ground; here it is a node like others: "
        "write 0 for ground [ground-name]",
    ]


def test_an_undefined_subcircuit_is_no_number() -> None:
    netlist = read_spice_text(f"* t\n{MODEL}X1 cell 1 2\nX2 1 2 cell\n")
    assert netlist.top_module.type_counts() == {"cell": 2}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark(end: str) -> None:
    text = "\ufeff* Grüße\n\tR1\ta\tgnd\t1k\n* Ω\n+ temp=4.2\n.neb 1g\n".replace("\n", end)
    netlist = read_spice_text(text.encode(), file="t.cir")
    assert cell(netlist, "R1") == ("R", ["a", "0"], {"value": 1000.0, "temp": 4.2})
    assert netlist.top_module.cell_line.tolist() == [2]
