"""What the SPICE reader refuses, in its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.errors import FormatError, HwdesignError, LimitError, UnsupportedError
from hwdesign.formats.spice import include as include_module
from hwdesign.formats.spice import read_spice, read_spice_text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("R1 a b", "t.sp:2: 'R1' has no value; write R1 node node value"),
        ("R1 a", "t.sp:2: 'R1' has 1 nodes and values; write R1 node node value"),
        ("R1 a b 1k\nr1 c d 1k", "t.sp:3: two elements are named 'r1', the first on line 2; rename one of them"),
        ("R1 a b {1+}", "t.sp:2: unexpected the end in the expression '1+'"),
        ("R1 a b {x*2}", "t.sp:2: unknown parameter 'x' in '{x*2}'; define it with .param"),
        ("R1 a b {g(2)}", "t.sp:2: unknown function 'g' in '{g(2)}'; define it with .func"),
        ("R1 a b {1/0}", "t.sp:2: the expression '1/0' has no finite value (float division by zero)"),
        ("R1 a b 2k7", "t.sp:2: unexpected '7' in the expression '2k7'"),
        ("R1 a b 1k w=1 w=2", "t.sp:2: parameter 'w' is given twice; remove one of them"),
        ("R1 a b 1k w=", "t.sp:2: 'w=' has no value"),
        ("M1 d g s nch", "t.sp:2: 'M1' has 4 nodes and values; write M1 d g s b model"),
        ("V1 a 0 frob(1)", "t.sp:2: unknown function 'frob' in 'frob(1)'; define it with .func"),
        ("V1 a 0 frob 1", "t.sp:2: unexpected 'frob' in a source; write dc value, ac value or pulse(...)"),
        ("V1 a 0 1 dc 2", "t.sp:2: the source has two values for 'dc'; remove one of them"),
        ("K1 L1 L2 0.5", "t.sp:2: the coupled inductor 'L1' does not exist; name inductors of the same circuit"),
        ("+ R1", "t.sp:2: a continuation line '+' continues nothing; remove the '+'"),
        ("R1 a b {1", "t.sp:2: '}' is missing; close the bracket"),
        ("R1 a b 1)", "t.sp:2: ')' closes nothing; remove it or open the bracket"),
        ("R1 a b '1", "t.sp:2: the quote ' is not closed; close it on the same line"),
        (".subckt s a b\nR1 a b 1", "t.sp:2: subcircuit 's' has no .ends; end it with .ends"),
        (".ends", "t.sp:2: '.ends' ends nothing; remove it"),
        (".subckt s a\n.ends q", "t.sp:3: '.ends q' does not end subcircuit 's'; write .ends s"),
        (".subckt s a\n.ends\n.subckt S a\n.ends",
         "t.sp:4: subcircuit 'S' is defined twice, first on line 2; rename one of them"),
        (".subckt s a A\n.ends", "t.sp:2: subcircuit 's' has two nodes named 'A'; rename one of them"),
        (".subckt s a gnd\n.ends", "t.sp:2: ground cannot be a node of subcircuit 's'; leave it out: ground is global"),
        (".subckt s a\n.ends\nX1 a b s",
         "t.sp:4: 'X1' connects 2 nodes but subcircuit 's' has 1; it is defined at t.sp:2"),
        (".subckt s a w=1\n.ends\nX1 a s v=2", "t.sp:4: subcircuit 's' has no parameter 'v'; its parameters: w"),
        (".subckt a p\nX1 p b\n.ends\n.subckt b p\nX1 p a\n.ends\nX1 n a",
         "t.sp:2: subcircuit 'a' contains itself: a -> b -> a; break the circle"),
        ("X1 a b q\nX2 a q",
         "t.sp:3: the undefined subcircuit 'q' has 1 nodes here and 2 elsewhere; "
         "define it, or give every instance the same nodes"),
        (".model m d\n.model M d", "t.sp:3: model 'M' is defined twice, first on line 2; rename one of them"),
        (".param a={b} b={a}", "t.sp:2: parameters 'b' and 'a' depend on each other; break the circle"),
        (".param a", "t.sp:2: parameter 'a' has no value; write a=value"),
        (".subckt o a w=1\n.subckt i b\nR1 b 0 {w}\n.ends\nX1 a i\n.ends\nX1 n o",
         "t.sp:4: parameter 'w' belongs to the enclosing subcircuit; pass it to the inner one as a parameter"),
        (".include 'x.inc'", "t.sp:2: 'x.inc' cannot be included: the deck has no folder; read the deck from a file"),
        (".lib tt", "t.sp:2: a library section stands in a deck; "
         "write .lib 'file' section; sections belong into the file that .lib names"),
    ],
)  # fmt: skip
def test_a_wrong_deck(body: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_spice_text("title\n" + body + "\n", file="t.sp")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (".control\nquit\n.endc",
         "t.sp:2: a .control block holds commands, which hwdesign never runs; "
         "remove the block, or read the deck with skip_control"),
        (".frobnicate 1", "t.sp:2: the control line '.frobnicate' is not known; remove it, or make it a comment"),
        (".if (a)", "t.sp:2: the control line '.if' is not known; remove it, or make it a comment"),
        ("A1 a b gain", "t.sp:2: 'A1' is a code model of XSPICE; "
         "known letters: B C D E F G H I J K L M P Q R S T V W X"),
        ("E1 a 0 poly(1) b 0 1 2", "t.sp:2: 'E1' uses POLY; write it as a B source with an expression"),
    ],
)  # fmt: skip
def test_what_is_not_supported(body: str, message: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        read_spice_text("title\n" + body + "\n", file="t.sp")
    assert str(caught.value) == message


def test_strict_refuses_what_is_undefined() -> None:
    for body, what in (("X1 a q", "subcircuit 'q' is not defined"), ("D1 a b q", "'D1' uses model 'q', which is not")):
        with pytest.raises(FormatError, match=what):
            read_spice_text(f"t\n{body}\n", strict=True)


def test_binary_data_is_refused() -> None:
    with pytest.raises(FormatError, match=r"t\.sp:2: the file is binary, not a SPICE deck"):
        read_spice_text(b"abc\n\0\x01", file="t.sp")


@pytest.mark.parametrize("name", ["../secret.inc", "/etc/passwd", "~/x", "sub/../../secret.inc"])
def test_inclusion_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deck"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.inc").write_text("R9 a 0 1\n")
    (folder / "a.sp").write_text(f"t\nR1 a 0 1\n.include '{name}'\n")
    with pytest.raises(FormatError, match=r"a\.sp:3: .*outside the deck's folder; copy the file beside the deck"):
        read_spice(folder / "a.sp")


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "deck"
    folder.mkdir()
    (tmp_path / "secret.inc").write_text("R9 a 0 1\n")
    (folder / "link.inc").symlink_to(tmp_path / "secret.inc")
    (folder / "a.sp").write_text("t\n.include link.inc\n")
    with pytest.raises(FormatError, match=r"'link\.inc' lies outside the deck's folder"):
        read_spice(folder / "a.sp")


def test_inclusion_loops_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a.inc").write_text(".include b.inc\n")
    (tmp_path / "b.inc").write_text(".include a.inc\n")
    (tmp_path / "a.sp").write_text("t\n.include a.inc\n")
    with pytest.raises(FormatError, match=r"b\.inc:1: 'a\.inc' includes itself; break the circle"):
        read_spice(tmp_path / "a.sp")
    (tmp_path / "c.sp").write_text("t\n.include none.inc\n")
    with pytest.raises(FormatError, match=r"c\.sp:2: the included file 'none\.inc' does not exist"):
        read_spice(tmp_path / "c.sp")
    (tmp_path / "l.lib").write_text(".lib tt\nR1 a 0 1\n")
    (tmp_path / "d.sp").write_text("t\n.lib l.lib tt\n")
    with pytest.raises(FormatError, match=r"section 'tt' has no \.endl"):
        read_spice(tmp_path / "d.sp")


def test_inclusions_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(20):
        (tmp_path / f"i{at}.inc").write_text(f".include i{at + 1}.inc\n")
    (tmp_path / "i20.inc").write_text("R1 a 0 1\n")
    (tmp_path / "a.sp").write_text("t\n.include i0.inc\n")
    with pytest.raises(LimitError, match="inclusions go deeper than 16 files"):
        read_spice(tmp_path / "a.sp")
    monkeypatch.setattr(include_module, "MAX_TOTAL_BYTES", 10)
    with pytest.raises(LimitError, match="larger than 10 bytes"):
        read_spice(tmp_path / "a.sp")


@pytest.mark.parametrize(
    "text",
    [
        "t\n" + ".subckt s a\n" * 200,
        "t\nR1 a b " + "(" * 5000 + "1" + ")" * 5000,
        "t\nR1 a b {" + "-" * 70000 + "1}",
        "t\nR1 a b {" + "1+(" * 200 + "1" + ")" * 200 + "}",
        "t\nR1 a b " + "9" * 5000,
        "t\nR1 a b 1e400",
    ],
)
def test_absurd_decks_end_in_an_error(text: str) -> None:
    with pytest.raises(HwdesignError):
        read_spice_text(text)


def test_long_lines_and_deep_hierarchies_are_read() -> None:
    points = " ".join(f"{k}n {k % 2}" for k in range(60_000))
    assert read_spice_text(f"t\nV1 a 0 pwl({points})\n").top_module.num_cells == 1
    chain = "".join(f".subckt s{k} a\nX1 a s{k + 1}\n.ends\n" for k in range(3000))
    netlist = read_spice_text(f"t\n{chain}.subckt s3000 a\nR1 a 0 1\n.ends\nX1 n s0\n")
    assert len(netlist.modules) == 3002
