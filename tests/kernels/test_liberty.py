"""The Liberty tokenizer: statements, arguments and numbers as columns."""

from __future__ import annotations

import itertools

import pytest

from hwdesign.errors import FormatError
from hwdesign.kernels.liberty import COMPLEX, GROUP, SIMPLE, RawLiberty, parse_liberty


def texts(raw: RawLiberty) -> list[str]:
    data = raw.names_data.tobytes().decode()
    offsets = raw.names_offsets.tolist()
    return [data[b:e] for b, e in itertools.pairwise(offsets)]


def statements(raw: RawLiberty) -> list[tuple[int, str, int, int, list[str], list[float]]]:
    """Kind, name, line, end, arguments and numbers of each statement."""
    names = texts(raw)
    return [
        (
            int(raw.kind[row]),
            names[raw.name[row]],
            int(raw.line[row]),
            int(raw.last[row]),
            [names[at] for at in raw.arg[raw.arg_ptr[row] : raw.arg_ptr[row + 1]]],
            raw.number[raw.number_ptr[row] : raw.number_ptr[row + 1]].tolist(),
        )
        for row in range(len(raw.kind))
    ]


def test_columns() -> None:
    text = b'a (b, "c d") {\n x : "y" ;\n e (1) {\n values ("1 2",\n 3) ; } f (g) }\nz : 1 ;'
    assert statements(parse_liberty(text)) == [
        (GROUP, "a", 1, 5, ["b", "c d"], []),
        (SIMPLE, "x", 2, 2, ["y"], []),
        (GROUP, "e", 3, 4, ["1"], []),
        (COMPLEX, "values", 4, 4, [], [1, 2, 3]),
        (COMPLEX, "f", 5, 5, ["g"], []),
        (SIMPLE, "z", 6, 6, ["1"], []),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_and_byte_order_mark(newline: str) -> None:
    text = '\ufeffa : b\nc (d,\\\n e);\nvalues ("1,\\\n 2");\nf : \'g // h\n'.replace("\n", newline)
    assert [(row[1], row[2], row[4], row[5]) for row in statements(parse_liberty(text.encode()))] == [
        ("a", 1, ["b"], []),
        ("c", 2, ["d", "e"], []),
        ("values", 4, [], [1, 2]),
        ("f", 6, ["'g"], []),
    ]


def test_skipped_groups_leave_no_trace() -> None:
    text = b'a () { power ("x") { y : "}"; /* } */ z () { values (1); } } b : 1; power () { } values (2); }'
    raw = parse_liberty(text, skip=["power", "other"])
    assert [(row[1], row[4], row[5]) for row in statements(raw)] == [
        ("a", [], []),
        ("b", ["1"], []),
        ("values", [], [2]),
    ]
    assert raw.skipped.tolist() == [2, 0]
    # A skipped name is skipped as a group only.
    assert len(statements(parse_liberty(b"power : 1; power (2);", skip=["power"]))) == 2


def test_nothing() -> None:
    assert statements(parse_liberty(b" ; /* */ // x")) == []


def test_texts_must_be_utf8() -> None:
    with pytest.raises(FormatError) as caught:
        parse_liberty(b'\na : "\xff";')
    assert str(caught.value) == "the name '\\xff' is not UTF-8 text; save the file as UTF-8"
    assert caught.value.line == 2
