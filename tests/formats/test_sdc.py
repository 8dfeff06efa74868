"""The SDC reader: Tcl's words, the commands, what is refused."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FormatError, HwdesignError, LimitError, UnsupportedError
from hwdesign.formats.sdc import read_sdc, read_sdc_text
from hwdesign.netlist.constraints import (
    CaseAnalysis,
    Clock,
    ClockLatency,
    ClockUncertainty,
    DrivingCell,
    ExceptionKind,
    ObjectKind,
    PathException,
    PathPoint,
    PortDelay,
    PortValue,
    Quantity,
    Query,
)

BOTH, FIRST, SECOND = (True, True), (True, False), (False, True)
PORT, PIN, CELL, NET, CLOCK = ObjectKind.PORT, ObjectKind.PIN, ObjectKind.CELL, ObjectKind.NET, ObjectKind.CLOCK


def query(*kinds: ObjectKind, names: str = "", line: int = 1, **more: object) -> tuple[Query, ...]:
    return (Query(kinds, tuple(names.split()), line, **more),)  # type: ignore[arg-type]


def names_of(text: str) -> tuple[str, ...]:
    """Names that a word stands for."""
    return read_sdc_text(f"set_propagated_clock {text}").propagated[0].patterns


def test_a_file() -> None:
    text = """# comment with { and [
set sdc_version 2.0; set period 20
create_clock -name clk -period $period -waveform {2 12} [get_ports {clk}]
set_propagated_clock [all_clocks]
set_input_delay 0.5 -clock clk -max -rise [get_ports {{a} {b[0]}}] ;# trailing
set_output_delay -clock [get_clocks clk] -0.25 -clock_fall -add_delay \\
    [all_outputs]
set_input_transition 0.05 [all_inputs]
set_load -pin_load 0.01 -min [all_outputs]
"""
    found = read_sdc_text(text)
    assert found.clocks == {"clk": Clock("clk", 20.0, (2.0, 12.0), query(PORT, names="clk", line=3), line=3)}
    assert found.propagated == query(ObjectKind.ALL_CLOCKS, line=4)
    assert found.port_delays == (
        PortDelay(False, 0.5, "clk", False, FIRST, SECOND, False, query(PORT, names="a b[0]", line=5), 5),
        PortDelay(True, -0.25, "clk", True, BOTH, BOTH, True, query(ObjectKind.ALL_OUTPUTS, line=7), 6),
    )
    assert found.port_values == (
        PortValue(Quantity.INPUT_TRANSITION, 0.05, BOTH, BOTH, query(ObjectKind.ALL_INPUTS, line=8), 8),
        PortValue(Quantity.LOAD, 0.01, BOTH, FIRST, query(ObjectKind.ALL_OUTPUTS, line=9), 9),
    )
    assert found.ignored == {}


def test_clocks() -> None:
    found = read_sdc_text(
        "create_clock -period 4 {a/Q b}\ncreate_clock -name v -period 1e1\ncreate_clock -per 2 -add c"
    )
    assert found.clocks == {
        "a/Q": Clock("a/Q", 4.0, (0.0, 2.0), query(PORT, PIN, names="a/Q b"), line=1),
        "v": Clock("v", 10.0, (0.0, 5.0), (), line=2),
        "c": Clock("c", 2.0, (0.0, 1.0), query(PORT, PIN, names="c", line=3), added=True, line=3),
    }
    assert len(found.queries()) == 2


def test_exceptions() -> None:
    text = """create_clock -name a -period 1
set_false_path -from [get_clocks a] -through u1/Y -fall_through [get_nets n] -to {p q} -setup
set_multicycle_path 2 -start -rise_from x
set_multicycle_path -hold 1 -end -to [get_cells r*]
set_max_delay 3 -to y -fall
set_min_delay 0.5 -from x -to y"""
    ends = (CLOCK, PORT, PIN, CELL)
    assert read_sdc_text(text).exceptions == (
        PathException(
            ExceptionKind.FALSE_PATH, 0.0,
            PathPoint(query(CLOCK, names="a", line=2)),
            (
                PathPoint(query(PIN, PORT, NET, CELL, names="u1/Y", line=2)),
                PathPoint(query(NET, names="n", line=2), SECOND),
            ),
            PathPoint(query(*ends, names="p q", line=2)), BOTH, SECOND, line=2,
        ),
        PathException(ExceptionKind.MULTICYCLE, 2.0, PathPoint(query(*ends, names="x", line=3), FIRST), (), None, BOTH,
                      SECOND, True, 3),
        PathException(ExceptionKind.MULTICYCLE, 1.0, None, (), PathPoint(query(CELL, names="r*", line=4)), BOTH, FIRST,
                      False, 4),
        PathException(ExceptionKind.MAX_DELAY, 3.0, None, (), PathPoint(query(*ends, names="y", line=5)), SECOND,
                      SECOND, line=5),
        PathException(ExceptionKind.MIN_DELAY, 0.5, PathPoint(query(*ends, names="x", line=6)), (),
                      PathPoint(query(*ends, names="y", line=6)), BOTH, FIRST, line=6),
    )  # fmt: skip


def test_other_commands() -> None:
    text = """create_clock -name c -period 1
set_clock_uncertainty -setup 0.25 c
set_clock_uncertainty 0.1 -rise_from c -to [get_clocks c]
set_clock_latency -source -early -max 0.5 [get_clocks c]
set_clock_transition -rise 0.15 [get_clocks c]
set_case_analysis zero {m n}
set_driving_cell -lib_cell lib/INV -pin Y -from_pin A -input_transition_rise 0.2 -no_design_rule [all_inputs -no_clocks]
set_drive 2 in
set_load 0.3 -wire_load out
set_max_fanout 8 [current_design]
set_max_fanout 9 x"""
    found = read_sdc_text(text)
    point = query(CLOCK, PORT, PIN, CELL, names="c", line=3)
    assert found.uncertainties == (
        ClockUncertainty(0.25, SECOND, query(CLOCK, PORT, PIN, names="c", line=2), line=2),
        ClockUncertainty(0.1, BOTH, (), PathPoint(point, FIRST), PathPoint(query(CLOCK, names="c", line=3)), 3),
    )
    assert found.latencies == (
        ClockLatency(0.5, True, BOTH, SECOND, True, False, query(CLOCK, names="c", line=4), 4),
    )  # fmt: skip
    assert found.cases == (CaseAnalysis("0", query(PORT, PIN, names="m n", line=6), 6),)
    inputs = query(ObjectKind.ALL_INPUTS, line=7, clocks=False)
    assert found.driving_cells == (DrivingCell("INV", "lib", "Y", "A", (0.2, 0.0), BOTH, BOTH, inputs, 7),)
    assert [(v.quantity, v.value, v.edges) for v in found.port_values] == [
        (Quantity.CLOCK_TRANSITION, 0.15, FIRST),
        (Quantity.DRIVE, 2.0, BOTH),
        (Quantity.WIRE_LOAD, 0.3, BOTH),
    ]
    assert found.ignored == {"set_max_fanout": 2}


def test_units() -> None:
    text = "create_clock -name c -period 500\nset_load 20 o\nset_drive 3 i\n"
    plain = read_sdc_text(text, units=(0.001, 0.001, 0.001))
    assert (plain.clocks["c"].period, plain.port_values[0].value, plain.port_values[1].value) == (0.5, 0.02, 0.003)
    said = read_sdc_text("set_units -time 10ps -capacitance 1fF -resistance ohm -voltage V\n" + text)
    assert (said.clocks["c"].period, said.port_values[0].value, said.port_values[1].value) == (5.0, 0.02, 0.003)
    large = read_sdc_text("set_units -time 1us -resistance MOhm -capacitance pf\n" + text)
    assert (large.clocks["c"].period, large.port_values[1].value) == (500000.0, 3000.0)


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("a", ("a",)),
        ("a[3]", ("a[3]",)),
        ("[get_ports a[*]]", ("a[*]",)),
        ("{a b {c d}}", ("a", "b", "c d")),
        ("{a\n  b\\\n c}", ("a", "b", "c")),
        ('"a $v"', ("a", "x", "y")),
        ("${v}", ("x", "y")),
        ("$::v", ("x", "y")),
        ("[list a {b c} $v]", ("a", "b c", "x y")),
        ("[concat a {b c}]", ("a", "b", "c")),
        (r"a\[1\]", ("a[1]",)),
        (r"{a\[1\] {b\[2\]}}", ("a[1]", "b[2]")),
        ("[get_ports -quiet {a}]", ("a",)),
        ("[get_pins]", ("*",)),
        ("[\n get_ports a\n]", ("a",)),
        ('{"a b" c}', ("a b", "c")),
        ("pre$v", ("prex", "y")),
    ],
)
def test_words(word: str, names: tuple[str, ...]) -> None:
    found = read_sdc_text(f"set v {{x y}}\nset_propagated_clock {word}")
    assert found.propagated[0].patterns == names


def test_collections() -> None:
    text = "set a [get_ports x]; set_propagated_clock [list $a [get_pins p/q] y $a]"
    assert [q.patterns for q in read_sdc_text(text).propagated] == [("x",), ("p/q",), ("y",)]
    found = read_sdc_text("set_input_transition 1 [remove_from_collection [all_inputs] [get_ports clk]]")
    (objects,) = found.port_values[0].objects
    assert (objects.kinds, objects.without) == ((ObjectKind.ALL_INPUTS,), query(PORT, names="clk"))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$p * 0.5", 2.5), ("{5 / 2}", 2.0), ("5/2.0", 2.5), ("-(1 + 2)*-3", 9.0), ("1e1-.5-2", 7.5), ("- -4", 4.0),
        ("-7 / 2", -4.0), ("2 * (3 + [expr 1+1])", 10.0),
    ],
)  # fmt: skip
def test_expressions(expression: str, value: float) -> None:
    found = read_sdc_text(f"set p 5\nset_output_delay [expr {expression}] x")
    assert found.port_delays[0].value == value


@pytest.mark.parametrize("expression", ["1 +", "(1", "$p > 1 ? 2 : 3", "sin(1)", "1 2", "2**3", "", "x"])
def test_other_expressions_are_refused(expression: str) -> None:
    with pytest.raises(UnsupportedError, match="is not supported; SDC is read, not executed"):
        read_sdc_text(f"set p 5\nset a [expr {expression}]")


CASES = {
    "set a [expr 1/0]": "t.sdc:1: the expression '1/0' divides by zero; mend it",
    "set a [expr 1e308*10]": "t.sdc:1: the expression '1e308*10' is out of range; mend it",
    "set a [expr 9999999999*9999999999]": "t.sdc:1: the expression '9999999999*9999999999' is out of range; mend it",
    f"set a [expr {'(' * 60}]": "t.sdc:1: the expression nests more than 50 deep; write the value",
    "": "t.sdc: the file holds no constraint; create a clock at least",
    "# only a comment \\\n goes on": "t.sdc: the file holds no constraint; create a clock at least",
    "\nset_load {1 x": "t.sdc:2: the brace is not closed before the file ends; add its '}'",
    '\n\nset_load "1': "t.sdc:3: the quote is not closed before the file ends; add its '\"'",
    "set_load 1 [get_ports x\n": "t.sdc:1: the bracket is not closed before the file ends; add its ']'",
    "set_load {1}2 x": "t.sdc:1: '2' stands right after a closing brace or quote; put a blank between them",
    "set_load $x y": "t.sdc:1: no variable is named 'x'; set it before: set x value",
    "create_clock -period $::env(P)": "t.sdc:1: '$::env' is an environment variable, which is not read; "
    "write its value",
    "set a": "t.sdc:1: set needs a name and a value; put lists into braces or [list ...]",
    "[get_ports x] y": "t.sdc:1: a command's name is not text; write the command's name",
    "set a x[get_ports b]": "t.sdc:1: design objects stand within a text; make a list of them: [list $a $b]",
    "create_clock -name c": "t.sdc:1: create_clock has no -period; write -period and a time",
    "create_clock -period 1": "t.sdc:1: create_clock has neither -name nor a source; write -name and a name",
    "create_clock -period 0 x": "t.sdc:1: the clock's period is 0 ns; write a period above 0",
    "create_clock -period nan x": "t.sdc:1: 'nan' is no number for -period of create_clock; write a finite number",
    "create_clock -period": "t.sdc:1: '-period' of create_clock lacks its value; write one",
    "create_clock -period 2 -waveform {0 1 2} x": "t.sdc:1: the waveform has 3 edges, not 2; "
    "write the rising and the falling edge",
    "create_clock -period 2 -waveform {1 0} x": "t.sdc:1: the waveform 1 0 ns does not fit the period of 2 ns; "
    "let the edges rise and lie within one period",
    "create_clock -periodic 2 x": "t.sdc:1: option '-periodic' of create_clock is not supported; "
    "known: -add, -name, -period, -waveform, -comment",
    "set_input_delay 1 -clock k x": "t.sdc:1: no clock is named 'k' so far; create it before",
    "set_input_delay 1 -clock [all_clocks] x": "t.sdc:1: '-clock' of set_input_delay takes one clock; name it",
    "set_input_delay 1": "t.sdc:1: set_input_delay has 1 arguments, not 2; put lists into braces or [list ...]",
    "set_input_delay 1 a b": "t.sdc:1: set_input_delay has 3 arguments, not 2; put lists into braces or [list ...]",
    "set_input_delay 1 {}": "t.sdc:1: set_input_delay is given no name; name what it is for",
    "set_input_delay 1 -m x": "t.sdc:1: '-m' of set_input_delay may mean -max or -min; write it out",
    "set_load -1 x": "t.sdc:1: the value of set_load is negative; write zero or more",
    "set_case_analysis 2 x": "t.sdc:1: '2' is no value for set_case_analysis; write 0, 1, rising or falling",
    "set_driving_cell x": "t.sdc:1: set_driving_cell has no -lib_cell; name the driving cell",
    "set_false_path": "t.sdc:1: set_false_path names no path; write -from, -through or -to",
    "set_false_path -from a -from b": "t.sdc:1: set_false_path has two -from; make a list of them",
    "set_multicycle_path 1.5 -to x": "t.sdc:1: set_multicycle_path has 1.5 cycles; write a whole number",
    "set_clock_uncertainty 1": "t.sdc:1: set_clock_uncertainty takes either objects or both -from and -to; "
    "write one of the two forms",
    "set_units -time parsec": "t.sdc:1: 'parsec' is no unit for '-time' of set_units; write one such as ns or 10ps",
    "set_load 1 [get_ports {{a}]": "t.sdc:1: the brace is not closed before the file ends; add its '}'",
    'set_load 1 {"a}': "t.sdc:1: a brace or quote within a list is not closed; close it",
}


@pytest.mark.parametrize(("text", "words"), CASES.items())
def test_refusals(text: str, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_sdc_text(text, file="t.sdc")
    assert str(caught.value) == words


@pytest.mark.parametrize(
    "command", ["exec", "foreach", "source", "eval", "create_generated_clock", "if", "proc", "sizeof_collection"]
)
def test_other_tcl_is_refused_by_name(command: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        read_sdc_text(f"\n{command} rm", file="t.sdc")
    assert str(caught.value) == (
        f"t.sdc:2: the command '{command}' is not supported; SDC is read, not executed; "
        "leave it out, or write the constraints that it makes"
    )
    with pytest.raises(UnsupportedError) as caught:
        read_sdc_text(f"\nset a [{command} rm]", file="t.sdc")
    assert str(caught.value).startswith(f"t.sdc:2: the command '{command}' in brackets is not supported")


def test_bounds() -> None:
    with pytest.raises(LimitError, match="commands nest more than 50 deep"):
        read_sdc_text("set a " + "[list " * 60)
    doubled = "set a xxxxxxxxxxxxxxxx\n" + 'set a "$a$a"\n' * 60
    begin = time.process_time()
    with pytest.raises(LimitError, match="the variables stand for more than 67108864 characters"):
        read_sdc_text(doubled)
    objects = "set a [get_ports x]\n" + "set a [list $a $a]\n" * 1000 + "set_load 1 $a"
    assert len(read_sdc_text(objects).port_values[0].objects) == 1
    with pytest.raises(FormatError, match="collections are taken out of one another more than 8 deep"):
        read_sdc_text("set a [all_inputs]\n" + "set a [remove_from_collection [all_inputs] $a]\n" * 1000)
    assert time.process_time() - begin < 5


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.sdc").write_bytes(b"\xef\xbb\xbfcreate_clock -period 1 c\r\nset_load 1 \\\r\n x\r\n")
    found = read_sdc(tmp_path / "a.sdc")
    assert found.file == str(tmp_path / "a.sdc")
    assert found.port_values[0].objects[0].patterns == ("x",)
    (tmp_path / "b.sdc").write_bytes(bytes(range(256)))
    with pytest.raises(FormatError, match="this is a binary file, not SDC; check what it is"):
        read_sdc(tmp_path / "b.sdc")


PLAIN = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"], exclude_characters="\\"), min_size=1, max_size=12
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PLAIN, min_size=1, max_size=5))
def test_any_name_can_be_escaped(names: list[str]) -> None:
    escaped = " ".join("".join(c if c.isalnum() else f"\\{c}" for c in name) for name in names)
    assert names_of(f"{{{escaped}}}") == tuple(names)


def test_damaged_text_is_refused_or_read() -> None:
    good = 'set p 2\ncreate_clock -name c -period $p [get_ports {a b[0]}]\nset_load 1 [list x "y z"] ;# end\n'
    rng = random.Random(7)
    outcomes = {True: 0, False: 0}
    for _ in range(1000):
        text = good
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text))
            piece = rng.choice(["", "{", "}", '"', "[", "]", "$", "\\", "\n", ";", "#", "\xff", "\0"])
            text = text[:at] + piece + text[at + rng.choice([0, 1, 9]) :]
        try:
            read_sdc_text(text, file="t.sdc")
            outcomes[True] += 1
        except HwdesignError as error:
            outcomes[False] += 1
            assert str(error).startswith("t.sdc:")
    assert min(outcomes.values()) > 50
