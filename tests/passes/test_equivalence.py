"""Equivalence checking: verdicts, counterexamples that hold, matching, and ABC's part."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import NetlistError, ToolError
from hwdesign.netlist import Builder, Netlist, gate
from hwdesign.netlist.aig import AigNames, aig_module
from hwdesign.netlist.evaluate import Evaluator
from hwdesign.passes import aig_equivalent, equivalence, structural_hash, to_aig
from tests.conftest import require_tool
from tests.strategies import Shape, aig_arrays, random_netlist


def _gate(op: str, *names: str, output: str = "y") -> Netlist:
    b = Builder("top")
    b.top.output(output, b.top.gate(op, *(b.top.input(name) for name in names)))
    return b.freeze()


def test_equal() -> None:
    b = Builder("top")
    m = b.top
    x, y = m.input("x"), m.input("y")
    m.output("y_", m.gate("NOT", m.gate("NAND", x, y)))
    found = aig_equivalent(_gate("AND", "x", "y", output="y_"), b.freeze())
    assert found and (found.equal, found.method, found.matched) == (True, "aigverse", "name")


def test_a_difference_by_simulation() -> None:
    found = aig_equivalent(_gate("AND", "a", "b"), _gate("OR", "a", "b"))
    assert not found
    assert (found.equal, found.method, found.output) == (False, "simulation", "y")
    assert found.counterexample is not None and sum(found.counterexample.values()) == 1


def test_names_outrank_positions() -> None:
    b = Builder("top")
    m = b.top
    y, x = m.input("y"), m.input("x")
    m.output("z", m.gate("AND", x, m.gate("NOT", y)))
    c = Builder("top")
    x, y = c.top.input("x"), c.top.input("y")
    c.top.output("z", c.top.gate("AND", x, c.top.gate("NOT", y)))
    assert aig_equivalent(b.freeze(), c.freeze()).equal is True


def test_positions_stand_in_for_names() -> None:
    found = aig_equivalent(_gate("AND", "a", "b"), _gate("AND", "p", "q", output="r"))
    assert (found.equal, found.matched) == (True, "position")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_a_counterexample_shows_the_difference(seed: int, wide: bool) -> None:
    left = random_netlist(random.Random(seed), Shape(gates=10))
    right = random_netlist(random.Random(seed), Shape(gates=10))
    module = right.top_module
    # One output of the copy is complemented.
    flags = module.port_flags.copy()
    port = int(module.ports_of(1)[-1])  # type: ignore[arg-type]
    flags[port] ^= 1
    right = right.with_module(replace(module, port_flags=flags))
    found = aig_equivalent(left, right, patterns=64 if wide else 1)
    assert found.equal is False and found.counterexample is not None
    first, second = Evaluator(left), Evaluator(right)
    ours = first.run_bits(found.counterexample, 1)[0][found.output]
    assert ours != second.run_bits(found.counterexample, 1)[0][found.output]


@settings(max_examples=25, deadline=None)
@given(aig_arrays())
def test_hashing_is_proven(aig) -> None:  # type: ignore[no-untyped-def]
    names = AigNames([f"i{k}" for k in range(aig.inputs)], [f"o{k}" for k in range(len(aig.outputs))])
    netlist = aig_module("top", aig.fanin0, aig.fanin1, aig.outputs, names)
    assert aig_equivalent(netlist, structural_hash(netlist, sweep=True)).equal is True


def _register(data: str, init: int, *, name: str = "r") -> Netlist:
    b = Builder("top")
    q = b.top.output("q")
    net = b.top.gate(data, q, b.top.input("d")) if data != "NOT" else b.top.gate("NOT", b.top.input("d"))
    b.top.cell(gate("DFF"), [net, b.top.input("clk"), q], name=name, params={"init": init})
    return b.freeze()


def test_registers_are_cut() -> None:
    assert aig_equivalent(_register("XOR", 0), _register("XOR", 0)).equal is True
    found = aig_equivalent(_register("XOR", 0), _register("XNOR", 0))
    assert (found.equal, found.output) == (False, "r")
    assert aig_equivalent(_register("XOR", 0), _register("XOR", 0, name="s")).matched == "position"


def test_reset_values_count() -> None:
    found = aig_equivalent(_register("XOR", 0), _register("XOR", 1))
    assert (found.equal, found.method) == (False, "reset values")


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (_gate("AND", "a", "b"), _gate("AND", "a", "b", "c"), "the netlists have 2 and 3 inputs"),
        (_register("XOR", 0), _gate("AND", "d", "clk", output="q"), "the netlists have 1 and 0 registers"),
    ],
)
def test_unequal_interfaces(left: Netlist, right: Netlist, message: str) -> None:
    with pytest.raises(NetlistError, match=message):
        aig_equivalent(left, right)


def _needle(width: int, *, hidden: bool) -> Netlist:
    """An AND of many inputs, and zero: no random pattern tells them apart."""
    b = Builder("top")
    nets = b.top.inputs("a", width)
    b.top.output("y", b.top.gate("AND", *nets) if hidden else 0)
    return b.freeze()


def test_abc_finds_what_patterns_miss() -> None:
    require_tool("berkeley-abc", "abc")
    found = aig_equivalent(_needle(40, hidden=True), _needle(40, hidden=False))
    assert (found.equal, found.method, found.output) == (False, "abc", "y")
    assert found.counterexample == {f"a[{k}]": 1 for k in range(40)}


def test_without_abc_the_verdict_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equivalence, "find_tool", lambda name: None)
    found = aig_equivalent(_needle(40, hidden=True), _needle(40, hidden=False))
    assert (found.equal, found.method, found.counterexample) == (False, "aigverse", None)


def test_large_netlists_go_to_abc(monkeypatch: pytest.MonkeyPatch) -> None:
    require_tool("berkeley-abc", "abc")
    monkeypatch.setattr(equivalence, "IN_PROCESS_NODES", 0)
    netlist = random_netlist(random.Random(5), Shape(gates=60, registers=3))
    found = aig_equivalent(netlist, to_aig(netlist))
    assert (found.equal, found.method) == (True, "abc")


def test_a_tool_that_runs_too_long_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        raise ToolError("abc ran past its limit of 60 s")

    monkeypatch.setattr(equivalence, "IN_PROCESS_NODES", -1)
    monkeypatch.setattr(equivalence, "find_tool", lambda name: name)
    monkeypatch.setattr(equivalence, "run_tool", late)
    found = aig_equivalent(_gate("AND", "a", "b"), _gate("AND", "a", "b"))
    assert (found.equal, found.method) == (None, "undecided")


def test_no_outputs_at_all() -> None:
    none = np.zeros(0, np.int32)
    empty = aig_module("top", none, none, none, AigNames(["a"], []))
    assert aig_equivalent(empty, empty).equal is True
