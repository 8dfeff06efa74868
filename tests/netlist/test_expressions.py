"""Parameter expressions and numbers with suffixes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FormatError, HwdesignError, NetlistError
from hwdesign.netlist.expressions import Function, evaluate_expression, names_in, parse_expression, substitute
from hwdesign.netlist.quantity import format_number, parse_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0), ("-2.5e-3", -2.5e-3), (".5", 0.5), ("3.", 3.0), ("1T", 1e12), ("2G", 2e9), ("2.5meg", 2.5e6),
        ("4K", 4e3), ("100m", 0.1), ("1mil", 25.4e-6), ("100u", 1e-4), ("3µ", 3e-6), ("7n", 7e-9), ("2.07pH", 2.07e-12),
        ("1F", 1e-15), ("1a", 1e-18), ("0.1mA", 1e-4), ("10V", 10.0), ("1e3k", 1e6),
    ],
)  # fmt: skip
def test_a_number(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["", "k", "1k5", "1 k", "--1", "e1", "0x10", "1.2.3", "{1}"])
def test_no_number(text: str) -> None:
    assert parse_number(text) is None


def test_x_is_mega_where_josim_reads_it() -> None:
    assert (parse_number("2X", josim=True), parse_number("2X")) == (2e6, 2.0)
    assert (parse_number("2A", josim=True), parse_number("2A")) == (2.0, 2e-18)
    assert (parse_number("1mil", josim=True), parse_number("1mil")) == (1e-3, 25.4e-6)
    assert (parse_number("3meg", josim=True), parse_number("3megohm")) == (3e6, 3e6)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_reads_back(value: float) -> None:
    assert parse_number(format_number(value)) == value


# ngspice 39 gives these values, but for the constants and atan2, which it lacks.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2^3^2", 64.0), ("-2^2", -4.0), ("2^-1", 0.5), ("-2**2", -4.0), ("5%3", 2.0), ("7\\2", 3.0), ("2*-3", -6.0),
        ("1?2:3", 2.0), ("0?1:0?2:3", 3.0), ("sgn(-3)", -1.0), ("int(-2.5)", -2.0), ("nint(2.5)", 2.0), ("!0", 1.0),
        ("log(10)", math.log(10)), ("ln(10)", math.log(10)), ("log10(100)", 2.0), ("pow(-2,3)", -8.0),
        ("pwr(-2,3)", 8.0), ("1==1", 1.0), ("2>=3", 0.0), ("1<>2", 1.0), ("1&&0||1", 1.0), ("sqr(3)", 9.0),
        ("ceil(1.2)", 2.0), ("floor(-1.5)", -2.0), ("min(3,1,2)", 1.0), ("asinh(1)", math.asinh(1)),
        ("ternary_fcn(1,2,1/0)", 2.0), ("if(0,1/0,3)", 3.0), ("{1+{2}}*3", 9.0), ("100u*2", 2e-4), ("pi", math.pi),
        ("1+2-3*4/5", 0.6), ("a.b + A.B", 8.0), ("W_1/2", 1.5),
    ],
)  # fmt: skip
def test_a_value(text: str, value: float) -> None:
    assert evaluate_expression(text, {"a.b": 4.0, "w_1": 3.0}) == pytest.approx(value, rel=1e-12)


def test_functions_of_the_user_call_each_other_and_see_parameters() -> None:
    known = {"f": Function(("x",), "g(x, k) + 1"), "g": Function(("a", "b"), "a*b")}
    assert evaluate_expression("F(2)", {"k": 5.0}, known) == 11.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x+1", "unknown parameter 'x' in the expression 'x+1'; define it with .param"),
        ("f(1)", "unknown function 'f' in an expression; define it with .func"),
        ("agauss(1,2,3)", "random function 'agauss' in an expression; give a fixed value"),
        ("sqrt(1,2)", "function 'sqrt' takes 1 arguments, not 2"),
        ("r(1)", "function 'r' calls itself without end; break the recursion"),
        ("two(1)", "function 'two' takes 2 arguments, not 1"),
        ("1/0", "the expression '1/0' has no finite value (float division by zero)"),
        ("10^400", "the expression '10^400' has no finite value (math range error)"),
        ("sqrt(-1)", "the expression 'sqrt(-1)' has no finite value (math domain error)"),
    ],
)
def test_no_value(text: str, message: str) -> None:
    known = {
        "r": Function(("x",), "r(x)"),
        "two": Function(("x", "y"), "x"),
    }
    with pytest.raises(NetlistError) as caught:
        evaluate_expression(text, {}, known)
    assert str(caught.value) == message


def test_evaluation_is_bounded() -> None:
    known = {"slow": Function(("n",), "n<=0?1:slow(n-1)+slow(n-1)")}
    assert evaluate_expression("slow(5)", {}, known) == 32.0
    with pytest.raises(NetlistError, match="takes too many steps"):
        evaluate_expression("slow(40)", {}, known)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected the end in the expression ''"),
        ("1+", "unexpected the end in the expression '1+'"),
        ("(1", "unexpected the end in the expression '(1'"),
        ("1 2", "unexpected '2' in the expression '1 2'"),
        ("1;2", "unexpected ';' in the expression '1;2'"),
        ("1?2", "unexpected the end in the expression '1?2'"),
        ("(" * 60 + "1" + ")" * 60, "the expression nests more than 50 deep"),
        ("1+" * 40000 + "1", "the expression is longer than 65536 characters"),
    ],
)
def test_no_expression(text: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_expression(text)
    assert str(caught.value) == message


def test_a_long_sum_needs_no_deep_stack() -> None:
    assert evaluate_expression("+".join(["1"] * 20000), {}) == 20000.0
    # The deepest nesting that is allowed stays within Python's own limit.
    assert evaluate_expression("(1||1&&1==1<1+1*" * 49 + "1" + ")" * 49, {}) == 1.0


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789.eEabk+-*/^%()?:,<>=!&|{}' ", max_size=30))
def test_any_text_has_a_value_or_an_error(text: str) -> None:
    try:
        assert math.isfinite(evaluate_expression(text, {"a": 2.0, "b": -1.0}))
    except HwdesignError as error:
        assert error.what


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.sampled_from(["a", "b", "1.5", "2k"]), lambda inner: st.tuples(
    st.sampled_from("+-*"), inner, inner).map(lambda t: f"({t[1]} {t[0]} {t[2]})"), max_leaves=12))  # fmt: skip
def test_values_are_those_of_python(text: str) -> None:
    want = eval(text.replace("2k", "2000.0"), {"a": 3.0, "b": -0.5})
    assert evaluate_expression(text, {"a": 3.0, "b": -0.5}) == pytest.approx(want)


def test_names_and_normal_text() -> None:
    assert names_in("Wn*2 + max(l, WN) + 10k + pi") == ("wn", "l", "pi")
    assert parse_expression(" a + { b * 2 } ").text == "a+(b*2)"


def test_substitution_leaves_nodes_functions_and_numbers_alone() -> None:
    env = {"ib": -2.0, "v": 9.0, "p": 3.0, "e": 7.0, "out": 1.0}
    assert substitute("v(out)*ib + sin(IB) + i(v) + 5p + 1e-5", env) == "v(out)*(-2) + sin((-2)) + i(v) + 5p + 1e-5"
