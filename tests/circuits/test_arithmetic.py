"""Arithmetic generators against Python integers: exhaustive where small, random up to 64 bits."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.circuits import generate
from hwdesign.netlist.evaluate import Evaluator

ADDERS = [
    ("adder-ripple", {}),
    ("adder-ripple", {"hierarchical": True}),
    ("adder-carry-lookahead", {}),
    ("adder-carry-lookahead", {"block": 3}),
    ("adder-kogge-stone", {}),
    ("adder-carry-select", {}),
    ("adder-carry-select", {"block": 1}),
]
MULTIPLIERS = [
    (f"multiplier-{kind}", {"hierarchical": deep}) for kind in ("array", "wallace") for deep in (False, True)
]
few = settings(max_examples=4, deadline=None)


def pairs(width_a: int, width_b: int) -> tuple[list[int], list[int]]:
    """All pairs of words."""
    both = list(product(range(1 << width_a), range(1 << width_b)))
    return [a for a, _ in both], [b for _, b in both]


def samples(width: int, seed: int, count: int = 200) -> list[int]:
    """Random words with the corners among them."""
    rng = random.Random(seed)
    top = (1 << width) - 1
    return [0, top, 1, top >> 1, *(rng.getrandbits(width) for _ in range(count))]


def signed(word: int, width: int) -> int:
    return word - (1 << width) if word >> (width - 1) else word


def check_adder(name: str, params: dict[str, object], width: int, a: list[int], b: list[int]) -> None:
    circuit = Evaluator(generate(name, width=width, **params))
    for cin in (0, 1):
        shown = circuit({"a": a, "b": b, "cin": cin}).outputs
        total = [x + y + cin for x, y in zip(a, b, strict=True)]
        assert shown["sum"] == [word % (1 << width) for word in total]
        assert shown["cout"] == [word >> width for word in total]


@pytest.mark.parametrize(("name", "params"), ADDERS)
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_adders_exhaustively(name: str, params: dict[str, object], width: int) -> None:
    check_adder(name, params, width, *pairs(width, width))


@pytest.mark.parametrize(("name", "params"), ADDERS)
@few
@given(width=st.integers(6, 64), seed=st.integers(0, 1 << 32))
def test_adders_at_random(name: str, params: dict[str, object], width: int, seed: int) -> None:
    check_adder(name, params, width, samples(width, seed), samples(width, seed + 1)[::-1])


def test_kogge_stone_is_logarithmic_and_ripple_is_not() -> None:
    def depth(name: str) -> int:
        program = Evaluator(generate(name, width=64)).program
        level: dict[int, int] = {}
        for step in program.steps:
            level[step.out] = 1 + max((level.get(net, 0) for _, net, _ in step.reads), default=0)
        return max(level.values())

    assert depth("adder-kogge-stone") <= 2 + 2 * 7  # two gates a level of the prefix tree over 65 positions
    assert depth("adder-ripple") >= 64


@pytest.mark.parametrize("width", [1, 2, 4])
def test_adder_subtractor(width: int) -> None:
    a, b = pairs(width, width)
    circuit = Evaluator(generate("subtractor", width=width))
    for sub in (0, 1):
        shown = circuit({"a": a, "b": b, "sub": sub}).outputs
        for at, (x, y) in enumerate(zip(a, b, strict=True)):
            exact = x - y if sub else x + y
            wanted = signed(x, width) - signed(y, width) if sub else signed(x, width) + signed(y, width)
            result = exact % (1 << width)
            assert shown["result"][at] == result
            assert shown["carry"][at] == (int(x >= y) if sub else exact >> width)
            assert shown["overflow"][at] == int(signed(result, width) != wanted)
            assert shown["zero"][at] == int(result == 0)


@pytest.mark.parametrize(("name", "params"), MULTIPLIERS)
@pytest.mark.parametrize(("width", "width_b"), [(1, 1), (1, 4), (4, 1), (2, 3), (3, 2), (4, 4), (5, 3)])
def test_multipliers_exhaustively(name: str, params: dict[str, object], width: int, width_b: int) -> None:
    a, b = pairs(width, width_b)
    shown = Evaluator(generate(name, width=width, width_b=width_b, **params))({"a": a, "b": b}).outputs
    assert shown["product"] == [x * y for x, y in zip(a, b, strict=True)]


@pytest.mark.parametrize("name", ["multiplier-array", "multiplier-wallace"])
@pytest.mark.parametrize("width", [13, 32])
def test_wide_multipliers(name: str, width: int) -> None:
    a, b = samples(width, 3), samples(width, 4)[::-1]
    shown = Evaluator(generate(name, width=width))({"a": a, "b": b}).outputs
    assert shown["product"] == [x * y for x, y in zip(a, b, strict=True)]


@pytest.mark.parametrize("width", [1, 2, 3, 5, 24])
def test_divider(width: int) -> None:
    a, b = (
        pairs(width, width)
        if width <= 5
        else (samples(width, 1), [w >> at % width for at, w in enumerate(samples(width, 2))])
    )
    shown = Evaluator(generate("divider-restoring", width=width))({"dividend": a, "divisor": b}).outputs
    top = (1 << width) - 1
    assert shown["quotient"] == [x // y if y else top for x, y in zip(a, b, strict=True)]
    assert shown["remainder"] == [x % y if y else x for x, y in zip(a, b, strict=True)]


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 64])
def test_comparator(width: int, is_signed: bool) -> None:
    a, b = pairs(width, width) if width <= 5 else (samples(width, 1), samples(width, 1)[:2] + samples(width, 2)[2:])
    shown = Evaluator(generate("comparator", width=width, signed=is_signed))({"a": a, "b": b}).outputs
    for at, (x, y) in enumerate(zip(a, b, strict=True)):
        if is_signed:
            x, y = signed(x, width), signed(y, width)
        assert (shown["eq"][at], shown["lt"][at], shown["gt"][at]) == (x == y, x < y, x > y)


@pytest.mark.parametrize("hierarchical", [False, True])
@pytest.mark.parametrize("width", [1, 2, 3, 6, 7, 8, 11])
def test_popcount(width: int, hierarchical: bool) -> None:
    words = list(range(1 << width))
    shown = Evaluator(generate("popcount", width=width, hierarchical=hierarchical))({"data": words}).outputs
    assert shown["count"] == [word.bit_count() for word in words]


@pytest.mark.parametrize("width", [1, 2, 4, 33])
def test_alu(width: int) -> None:
    a, b = pairs(width, width) if width <= 4 else (samples(width, 1), samples(width, 2)[::-1])
    circuit = Evaluator(generate("alu", width=width))
    mask = (1 << width) - 1
    for op in range(8):
        shown = circuit({"a": a, "b": b, "op": op}).outputs
        for at, (x, y) in enumerate(zip(a, b, strict=True)):
            less_signed = int(signed(x, width) < signed(y, width))
            table = [x + y & mask, x - y & mask, x & y, x | y, x ^ y, ~(x | y) & mask, less_signed, int(x < y)]
            assert shown["result"][at] == table[op]
            assert shown["zero"][at] == int(table[op] == 0)
            assert shown["negative"][at] == table[op] >> (width - 1)
            if op in (0, 1, 6, 7):
                subtracts = op != 0
                assert shown["carry"][at] == (int(x >= y) if subtracts else x + y >> width)
                exact = signed(x, width) - signed(y, width) if subtracts else signed(x, width) + signed(y, width)
                assert shown["overflow"][at] == int(not -(1 << width) <= 2 * exact < 1 << width)


@pytest.mark.parametrize("name", ["sorter-bitonic", "sorter-odd-even"])
@pytest.mark.parametrize("keys", [1, 2, 3, 4, 5, 6, 7, 8, 11])
def test_sorting_networks_by_the_zero_one_principle(name: str, keys: int) -> None:
    words = list(range(1 << keys))
    given_bits = {f"in{key}": [word >> key & 1 for word in words] for key in range(keys)}
    shown = Evaluator(generate(name, keys=keys, width=1))(given_bits).outputs
    for at, word in enumerate(words):
        ones = word.bit_count()
        assert [shown[f"out{key}"][at] for key in range(keys)] == [0] * (keys - ones) + [1] * ones


@pytest.mark.parametrize("hierarchical", [False, True])
@pytest.mark.parametrize("name", ["sorter-bitonic", "sorter-odd-even"])
@few
@given(keys=st.integers(1, 8), width=st.integers(1, 16), seed=st.integers(0, 1 << 32))
def test_sorters_on_words(name: str, hierarchical: bool, keys: int, width: int, seed: int) -> None:
    rng = random.Random(seed)
    rows = [[rng.getrandbits(width) for _ in range(keys)] for _ in range(50)]
    circuit = Evaluator(generate(name, keys=keys, width=width, hierarchical=hierarchical))
    shown = circuit({f"in{key}": [row[key] for row in rows] for key in range(keys)}).outputs
    for at, row in enumerate(rows):
        assert [shown[f"out{key}"][at] for key in range(keys)] == sorted(row)
