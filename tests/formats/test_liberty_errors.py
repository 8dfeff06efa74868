"""What the Liberty reader refuses, and in which words."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from hwdesign.errors import FileError, FormatError, HwdesignError, LimitError, UnsupportedError
from hwdesign.formats.liberty import read_liberty, read_liberty_text
from hwdesign.kernels.liberty import parse_liberty
from hwdesign.netlist.timing_library import TimingLibrary
from tests.formats.liberty_text import HEAD, INVERTER, TEMPLATE, cell, library, table

A = "pin (A) { direction : input; }"


def timing(*parts: str) -> str:
    return f"pin (Y) {{ direction : output; timing () {{ {' '.join(parts)} }} }}"


def delay(axes: list[list[float]], values: list[list[float]]) -> str:
    return library(TEMPLATE, cell("C", A, timing("related_pin : A;", table("cell_rise", "delay", axes, values))))


CASES = {
    "": "t.lib: the file holds no library group; check that it is one Liberty library",
    "library (a) { } library (b) { }": "t.lib: the file holds more than one library group; check that it is one "
    "Liberty library",
    HEAD: "t.lib:1: the group 'library' is not closed before the file ends; add its '}'",
    library(cell("C", "pin (A) {")): "t.lib:1: the group 'library' is not closed before the file ends; add its '}'",
    library("}"): "t.lib:5: this '}' closes no group; remove it or add the '{' that belongs to it",
    HEAD + "leakage_power () { value : 1;": "t.lib:5: the group 'leakage_power' is not closed before the file ends; "
    "add its '}'",
    library(
        'leakage_power () { when : "x; }\n'
    ): "t.lib:5: the string is not closed before the file ends; add its '\"'",
    library('comment : "x;\n'): "t.lib:5: the string is not closed before the file ends; add its '\"'",
    library("/* x"): "t.lib:5: the comment is not closed before the file ends; add its '*/'",
    library("values (1, 2;"): "t.lib:5: the parenthesis is not closed; add its ')'",
    library("a = 1;"): "t.lib:5: expected ':' or '(' after 'a', found '= 1;}'; mend the text or write the library anew",
    library("a : ;"): "t.lib:5: expected a value and ';', found ';}'; mend the text or write the library anew",
    library('a : "b" c;'): "t.lib:5: expected ';', found 'c;}'; mend the text or write the library anew",
    library('values ("1, 2,\n 3, x");'): "t.lib:6: 'x' is no number; write finite decimal numbers, apart by commas",
    library("index_1 (nan);"): "t.lib:5: 'nan' is no number; write finite decimal numbers, apart by commas",
    library("index_1 (-inf);"): "t.lib:5: '-inf' is no number; write finite decimal numbers, apart by commas",
    library("index_1 (0x10);"): "t.lib:5: '0x10' is no number; write finite decimal numbers, apart by commas",
    library("index_1 (1e400);"): "t.lib:5: '1e400' is beyond the range of floating-point numbers; scale the units",
    "library (a) { }": "t.lib:1: the library states no capacitive_load_unit; "
    "add the line: capacitive_load_unit (1, pf);",
    'library (a) { capacitive_load_unit (1, pf);\ntime_unit : "1 parsec"; }': "t.lib:2: '1 parsec' is no unit for "
    "'time_unit'; write a unit such as 1ns",
    "library (a) { capacitive_load_unit (0, pf); }": "t.lib:1: '0 pf' is no unit for 'capacitive_load_unit'; "
    "write a unit such as 1pf",
    library("slew_derate_from_library : 0;"): "t.lib:5: slew_derate_from_library is 0; "
    "write a factor above 0, at most 1",
    library("input_threshold_pct_rise : 120;"): "t.lib:5: input_threshold_pct_rise is 120 %; write 0 to 100",
    library("default_max_transition : soon;"): "t.lib:5: 'soon' is no number for 'default_max_transition'; "
    "write a finite decimal number",
    library("cell () { }"): "t.lib:5: 'cell' needs one name in its parentheses; write one",
    library(cell("C"), cell("C")): "t.lib:7: the library has two cells named 'C'; rename one of them",
    library(cell("C", A, A)): "t.lib:7: cell 'C' has two pins named 'A'; rename one of them",
    library(cell("C", "pin (A) { }")): "t.lib:6: pin 'A' of cell 'C' has no direction; "
    "write input, output, inout or internal",
    library(cell("C", "pin (A) { direction : up; }")): "t.lib:6: pin 'A' of cell 'C' has the direction 'up'; "
    "write input, output, inout or internal",
    library(cell("C", "pin (A) { direction : input; capacitance : -1; }")): "t.lib:6: pin 'A' has a negative "
    "capacitance; write zero or more",
    library(cell("C", "bus (D) { bus_type : wide; }")): "t.lib:6: bus 'D' of cell 'C' has the bus_type 'wide', "
    "which is not defined; add its type group",
    library("type (t) { bit_from : 0.5; bit_to : 0; }", cell("C", "bus (D) { bus_type : t; }")): "t.lib:5: bus type "
    "'t' has no whole bit_from and bit_to; add both, or a bit_width",
    library("type (t) { bit_width : 2; }", cell("C", "bus (D) { bus_type : t; pin (D[2]) { } }")): "t.lib:6: pin "
    "'D[2]' is no bit of 'D'; mend its index or the type's range",
    library(cell("C", "bundle (D) { }")): "t.lib:6: bundle 'D' of cell 'C' has no members; add: members (A, B);",
    library(cell("C", A, timing())): "t.lib:7: a timing group of pin 'Y' has no related_pin; add it",
    library(cell("C", A, timing("related_pin : B;"))): "t.lib:7: pin 'Y' of cell 'C' has an arc from 'B', which is no "
    "pin of it; mend its related_pin",
    library(cell("C", A, timing("related_pin : A; timing_type : late;"))): "t.lib:7: 'late' is no timing_type; "
    "write one of Liberty's",
    library(cell("C", A, timing("related_pin : A; timing_sense : up;"))): "t.lib:7: 'up' is no timing_sense; "
    "write one of positive_unate, negative_unate, non_unate",
    library(cell("C", A, timing("related_pin : A; cell_rise (x) { values (1); }"))): "t.lib:7: table 'cell_rise' uses "
    "the template 'x', which the library does not define; add its lu_table_template",
    delay([[1, 1], [1]], [[1], [2]]): "t.lib:13: an index of table 'cell_rise' does not rise; sort it, each value once",
    delay([[1], [3, 2]], [[1, 2]]): "t.lib:13: an index of table 'cell_rise' does not rise; sort it, each value once",
    delay([[1, 2], [1, 2]], [[1, 2], [3]]): "t.lib:13: table 'cell_rise' has 3 values, its axes ask for 2 x 2; "
    "write as many values as that",
    delay([[1, 2], []], [[1], [2]]): "t.lib:13: table 'cell_rise' has no index_2; add it to the table or to its "
    "template",
    library(cell("C", A, timing("related_pin : A; cell_rise (scalar) { values (1, 2); }"))): "t.lib:7: table "
    "'cell_rise' has 2 values, its axes ask for 1; write as many values as that",
    library(
        "lu_table_template (t) { variable_1 : input_net_transition; variable_2 : related_pin_transition; }",
        cell("C", A, timing("related_pin : A;", table("cell_rise", "t", [[1], [1]], [[1]]))),
    ): "t.lib:7: both axes of table 'cell_rise' are of one kind; mend its template's variables",
    library("ff_bank (a, b, x) { }"): "",
    library(cell("C", "ff_bank (a, b, x) { }")): "t.lib:6: 'ff_bank' has no width; "
    "write it as the third name in its parentheses",
    library('include_file ("x.lib");'): "t.lib:5: 'x.lib' cannot be included: the library has no folder; "
    "read it from a file",
    HEAD + "\0": "t.lib:5: the file holds a NUL byte, so it is not Liberty text; check that it is not a binary file",
}


@pytest.mark.parametrize(("text", "words"), CASES.items())
def test_words(text: str, words: str) -> None:
    if not words:
        assert isinstance(read_liberty_text(text, file="t.lib"), TimingLibrary)
        return
    with pytest.raises(FormatError) as caught:
        read_liberty_text(text, file="t.lib")
    assert str(caught.value) == words


def test_what_is_not_supported() -> None:
    with pytest.raises(UnsupportedError) as caught:
        read_liberty_text("library (a) {\n delay_model : polynomial; }", file="t.lib")
    assert str(caught.value) == (
        "t.lib:2: delay model 'polynomial' is not supported; use a library whose delay_model is table_lookup"
    )
    template = "lu_table_template (t) { variable_1 : output_net_length; index_1 (1); }\n"
    with pytest.raises(UnsupportedError) as caught:
        read_liberty_text(
            library(template, cell("C", A, timing("related_pin : A; cell_rise (t) { values (1); }"))), file="t.lib"
        )
    assert str(caught.value) == (
        "t.lib:8: table 'cell_rise' depends on 'output_net_length', which is not supported; use tables over "
        "input_net_transition, input_transition_time, total_output_net_capacitance, related_pin_transition, "
        "constrained_pin_transition"
    )
    pins = (
        "bus (D) { bus_type : two; direction : input; }",
        "bus (Q) { bus_type : one; direction : output; timing () { related_pin : D; } }",
    )
    types = "type (two) { bit_width : 2; } type (one) { bit_width : 1; }\n"
    with pytest.raises(FormatError) as caught:
        read_liberty_text(library(types, cell("C", *pins)), file="t.lib")
    assert str(caught.value) == (
        "t.lib:8: bus 'D' has 2 bits and bus 'Q' 1: no bit-to-bit arcs; use related_bus_pins, or a timing group a bit"
    )


def test_sizes_are_bounded() -> None:
    with pytest.raises(LimitError, match="the groups nest more than 64 deep"):
        read_liberty_text("a () {" * 100)
    with pytest.raises(LimitError, match="the library has more than 10 statements; split it into several libraries"):
        parse_liberty(b"a : 1;" * 11, max_statements=10)
    with pytest.raises(LimitError, match="bus type 't' is wider than 65536 bits"):
        read_liberty_text(library("type (t) { bit_width : 1e9; }", cell("C", "bus (D) { bus_type : t; }")))
    with pytest.raises(LimitError, match="index_1 of table 'cell_rise' has 1025 entries, more than 1024"):
        read_liberty_text(delay([[float(n) for n in range(1025)], [1]], [[1.0]] * 1025))
    wide, tall = ([[1.0], [float(n) for n in range(1000)]], [[1.0] * 1000]), ([[float(n) for n in range(1000)], [1.0]],)
    tables = table("cell_rise", "delay", *wide) + table("cell_fall", "delay", tall[0], [[1.0]] * 1000)
    many = [f"timing () {{ related_pin : A; {tables} }}"] * 40
    text = library(TEMPLATE, cell("C", A, f"pin (Y) {{ direction : output; {' '.join(many)} }}"))
    with pytest.raises(LimitError, match="80 tables of up to 1000 x 1000 entries are more than 67108864 entries"):
        read_liberty_text(text)


def test_included_files_stay_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "libs"
    folder.mkdir()
    (tmp_path / "other.lib").write_text(INVERTER)
    path = folder / "a.lib"
    (folder / "self.inc").write_text('\ninclude_file ("self.inc");')
    cases = {
        "../other.lib": "a.lib:5: '../other.lib' lies outside the library's folder; "
        "copy the file beside the library and name it by a relative path",
        "/etc/passwd": "a.lib:5: '/etc/passwd' lies outside the library's folder; "
        "copy the file beside the library and name it by a relative path",
        "none.lib": "a.lib:5: the included file 'none.lib' does not exist; it is sought beside the library",
        "self.inc": "self.inc:2: 'self.inc' includes itself; break the circle of inclusions",
    }
    for name, words in cases.items():
        path.write_text(library(f'include_file ("{name}");'))
        with pytest.raises(FormatError) as caught:
            read_liberty(path)
        assert str(caught.value) == f"{folder}/{words}"
    with pytest.raises(FileError, match="cannot read the file: no such file or directory"):
        read_liberty(folder / "none.lib")
    path.write_bytes(bytes(range(256)))
    with pytest.raises(FormatError, match="this is a binary file, not Liberty; check what it is"):
        read_liberty(path)


def test_damaged_text_is_refused_or_read() -> None:
    """Any damage gives a library or one of our errors, within a second."""
    good = library(
        TEMPLATE,
        INVERTER,
        cell("D", "ff (Q, QN) { clocked_on : C; }", "bundle (X) { members (U, V); direction : input; }"),
    )
    rng = random.Random(5)
    outcomes = {True: 0, False: 0}
    for _ in range(600):
        text = good
        for _ in range(rng.randint(1, 3)):
            at, size = rng.randrange(len(text)), rng.randint(1, 30)
            piece = rng.choice(["", "{", "}", '"', "(", ")", ";", "\\\n", "/*", "1e9", "\xff", text[at : at + size]])
            text = text[:at] + piece + text[at + rng.choice([0, size]) :]
        begin = time.process_time()
        try:
            read_liberty_text(text, file="t.lib")
            outcomes[True] += 1
        except HwdesignError as error:
            outcomes[False] += 1
            assert str(error).startswith("t.lib:")
            assert "\n" not in str(error)
        assert time.process_time() - begin < 1
    assert min(outcomes.values()) > 20


def test_missing_cells_and_pins() -> None:
    lib = read_liberty_text(library(TEMPLATE, INVERTER), file="t.lib")
    with pytest.raises(HwdesignError) as caught:
        lib.cell("BUF")
    assert str(caught.value) == (
        "t.lib: library 'tiny' has no cell 'BUF'; read the library that the netlist was mapped to"
    )
    with pytest.raises(HwdesignError) as caught:
        lib.pin(0, "B")
    assert str(caught.value) == "t.lib: cell 'INV' of library 'tiny' has no pin 'B'; its pins are A, Y"
