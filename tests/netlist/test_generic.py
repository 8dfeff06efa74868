"""Generic gates, look-up tables and covers: their functions by definition."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import NetlistError
from hwdesign.netlist import CellType, Kind, gate
from hwdesign.netlist.boolean import parse_function, truth_table
from hwdesign.netlist.generic import cover, input_names, lut

_MEANING: dict[str, Callable[[tuple[int, ...]], int]] = {
    "AND": lambda bits: int(all(bits)),
    "NAND": lambda bits: int(not all(bits)),
    "OR": lambda bits: int(any(bits)),
    "NOR": lambda bits: int(not any(bits)),
    "XOR": lambda bits: sum(bits) % 2,
    "XNOR": lambda bits: 1 - sum(bits) % 2,
}


def _rows(cell_type: CellType) -> list[int]:
    """Output for each input row; input k carries bit k of the row."""
    names = tuple(role.name for role in cell_type.inputs)
    table = truth_table(parse_function(cell_type.outputs[0].function), names)
    return [table >> row & 1 for row in range(1 << len(names))]


@pytest.mark.parametrize("op", sorted(_MEANING))
@pytest.mark.parametrize("inputs", [0, 1, 2, 3, 5])
def test_variadic_gates(op: str, inputs: int) -> None:
    expected = [_MEANING[op](bits[::-1]) for bits in itertools.product((0, 1), repeat=inputs)]
    assert _rows(gate(op, inputs)) == expected


def test_names_of_gates() -> None:
    assert gate("AND", 3).name == "AND3"
    assert gate("NAND", 1) is gate("NOT")
    assert [role.name for role in gate("OR", 5).roles] == ["A0", "A1", "A2", "A3", "A4", "Y"]


def test_multiplexer_takes_b_where_s_is_1() -> None:
    rows = _rows(gate("MUX"))
    for row in range(8):
        a, b, s = row & 1, row >> 1 & 1, row >> 2 & 1
        assert rows[row] == (b if s else a)


def test_registers() -> None:
    dff, latch = gate("DFF"), gate("DLATCH")
    assert dff.kind is Kind.SEQ and latch.kind is Kind.SEQ
    assert dff.sequential is not None and latch.sequential is not None
    assert (dff.sequential.storage, latch.sequential.storage) == ("dff", "latch")


@pytest.mark.parametrize(("op", "inputs"), [("AND", 40000), ("MAJ", 3)])
def test_no_such_gate(op: str, inputs: int) -> None:
    with pytest.raises(NetlistError):
        gate(op, inputs)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4), st.data())
def test_lut_is_its_table(inputs: int, data: st.DataObject) -> None:
    table = data.draw(st.integers(0, (1 << (1 << inputs)) - 1))
    assert _rows(lut(table, inputs)) == [table >> row & 1 for row in range(1 << inputs)]


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 4), st.data())
def test_cover_matches_its_rows(inputs: int, data: st.DataObject) -> None:
    planes = data.draw(st.lists(st.text("01-", min_size=inputs, max_size=inputs), max_size=4))
    value = data.draw(st.sampled_from("01"))
    cell_type, inverted = cover("\n".join(f"{plane} {value}" for plane in planes), inputs)
    flips = sum(1 << at for at in inverted)
    seen = _rows(cell_type)
    found = [seen[row ^ flips] for row in range(1 << inputs)]
    for row in range(1 << inputs):
        bits = [str(row >> k & 1) for k in range(inputs)]
        hit = any(all(c in ("-", bit) for c, bit in zip(plane, bits, strict=True)) for plane in planes)
        expected = hit if value == "1" or not planes else not hit
        assert found[row] == int(expected), (planes, value, row)


def test_common_covers_are_gates() -> None:
    assert cover("11 1", 2) == (gate("AND", 2), ())
    assert cover("01 1", 2) == (gate("AND", 2), (0,))
    assert cover("1- 1\n-1 1", 2) == (gate("OR", 2), ())
    assert cover("0 1", 1) == (gate("NOT"), ())
    assert cover("10 1\n01 1", 2) == (gate("XOR", 2), ())
    assert cover(" 1", 0) == (gate("ONE"), ())
    assert cover("", 0) == (gate("ZERO"), ())


@pytest.mark.parametrize(
    ("rows", "message"), [("1 1", "does not fit 2 inputs"), ("1x 1", "does not fit"), ("11 1\n00 0", "mixes on-set")]
)
def test_bad_covers(rows: str, message: str) -> None:
    with pytest.raises(NetlistError, match=message):
        cover(rows, 2)


def test_input_names() -> None:
    assert input_names(2) == ("A", "B")
    assert input_names(5)[-1] == "A4"
