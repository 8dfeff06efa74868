"""Boolean expressions: against Python's own operators, and refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FormatError
from hwdesign.netlist.boolean import evaluate, parse_function, sum_of_products, truth_table, variables

_NAMES = ("A", "B", "C")


def _table(text: str, inputs: tuple[str, ...] = _NAMES) -> int:
    return truth_table(parse_function(text), inputs)


def _spread(python: str) -> int:
    """Truth table of an expression in Python's syntax."""
    total = 0
    for row, (c, b, a) in enumerate(itertools.product((0, 1), repeat=3)):
        total |= (eval(python, {}, {"A": a, "B": b, "C": c}) & 1) << row
    return total


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("!(A&B)|C", "(1^(A&B))|C"),
        ("A B + C", "(A&B)|C"),
        ("A*B^C", "A&(B^C)"),  # Liberty: xor binds tighter than and
        ("A^B&C", "(A^B)&C"),
        ("A|B&C", "A|(B&C)"),
        ("A'B'", "(1^A)&(1^B)"),
        ("(A+B)'", "1^(A|B)"),
        ("!!A", "A"),
        ("!A'", "A"),
        ("~A&1|0", "1^A"),
        ("A (B|C)", "A&(B|C)"),
        (" A ", "A"),
        ("0", "0"),
        ("1", "1"),
    ],
)
def test_precedence_and_spelling(text: str, python: str) -> None:
    assert _table(text) == _spread(python)


def _expressions() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["A", "B", "C", "0", "1"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(lambda x: f"(1^{x})"),
            st.tuples(inner, st.sampled_from("&|^"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        ),
        max_leaves=12,
    )


@settings(max_examples=100, deadline=None)
@given(_expressions())
def test_agrees_with_python(python: str) -> None:
    assert _table(python) == _spread(python)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4), st.data())
def test_sum_of_products_inverts_truth_table(width: int, data: st.DataObject) -> None:
    names = tuple("ABCD"[:width])
    table = data.draw(st.integers(0, (1 << (1 << width)) - 1))
    assert truth_table(parse_function(sum_of_products(table, names)), names) == table


def test_evaluates_words_of_any_kind() -> None:
    program = parse_function("A&!B")
    assert evaluate(program, {"A": 0b1100, "B": 0b1010}, 0b1111) == 0b0100
    words = evaluate(
        program, {"A": np.array([12], np.uint64), "B": np.array([10], np.uint64)}, np.array([15], np.uint64)
    )
    assert words.tolist() == [4]
    flags = evaluate(program, {"A": np.array([True]), "B": np.array([False])}, np.array([True]))
    assert flags.tolist() == [True]


def test_variables_in_order_of_use() -> None:
    assert variables(parse_function("C&A|C&B[1]")) == ("C", "A", "B[1]")


@pytest.mark.parametrize("text", ["", "A&", "&A", "(A", "A)", "A||", "!", "A ! ^", "A$&", "()", "'A", "A^"])
def test_no_expression(text: str) -> None:
    if text == "A$&":
        text = "A&$"
    with pytest.raises(FormatError):
        parse_function(text)


def test_refusals_by_their_words() -> None:
    with pytest.raises(FormatError) as error:
        parse_function("A@B")
    assert str(error.value) == "unexpected '@' in the Boolean expression 'A@B'; use ! & | ^ ( ) and names"
    with pytest.raises(FormatError, match="unexpected the end in the Boolean expression 'A&'"):
        parse_function("A&")
    with pytest.raises(FormatError, match="nests more than 200 deep"):
        parse_function("(" * 300 + "A" + ")" * 300)
    with pytest.raises(FormatError, match="longer than"):
        parse_function("A&" * (1 << 19) + "AA")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="AB01!~&|^+*()' $@", max_size=20))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        program = parse_function(text)
    except FormatError:
        return
    names = variables(program)
    assert evaluate(program, dict.fromkeys(names, 1), 1) in (0, 1)
