"""AIG modules as arrays and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from hwdesign.errors import LoopError, NetlistError
from hwdesign.netlist import CONST1, Builder, Bus, Direction, Netlist, gate
from hwdesign.netlist.aig import AigNames, aig_module, aig_view, is_aig
from tests.strategies import AigArrays, aig_arrays

_AND = gate("AND")


def _module(aig: AigArrays) -> Netlist:
    names = AigNames([f"i{k}" for k in range(aig.inputs)], [f"o{k}" for k in range(len(aig.outputs))])
    return aig_module("top", aig.fanin0, aig.fanin1, aig.outputs, names)


@settings(max_examples=50, deadline=None)
@given(aig_arrays())
def test_arrays_survive(aig: AigArrays) -> None:
    netlist = _module(aig)
    view = aig_view(netlist.top_module)
    assert view.num_inputs == aig.inputs
    np.testing.assert_array_equal(view.fanin0, aig.fanin0)
    np.testing.assert_array_equal(view.fanin1, aig.fanin1)
    np.testing.assert_array_equal(view.outputs, aig.outputs)
    depth = [0] * (1 + aig.inputs)
    for left, right in zip(aig.fanin0.tolist(), aig.fanin1.tolist(), strict=True):
        depth.append(1 + max(depth[left >> 1], depth[right >> 1]))
    # A node over constants alone still is one node deep.
    np.testing.assert_array_equal(view.levels(), depth)


def test_latches_names_and_resets() -> None:
    names = AigNames(["d[1]", "d[0]"], ["y"], latches=["r0", "", "r2"], ands=["n"], buses=[Bus("d", 1, 0)])
    literals = np.array([12], np.int32)
    netlist = aig_module(
        "top", np.array([2], np.int32), np.array([7], np.int32), literals, names,
        latch_next=np.array([12, 3, 1], np.int32), latch_reset=np.array([0, 1, 2], np.uint8),
    )  # fmt: skip
    module = netlist.top_module
    view = aig_view(module)
    np.testing.assert_array_equal(view.latch_next, [12, 3, 1])
    np.testing.assert_array_equal(view.latch_reset, [0, 1, 2])
    assert module.port_labels() == ["d[1]", "d[0]", "y"]
    assert module.port_bus.tolist() == [0, 0, -1]
    assert [module.cell_label(cell) for cell in view.latch_cell] == ["r0", "_g1", "r2"]
    assert view.variable_labels() == ["1'b0", "d[1]", "d[0]", "r0", "_n5", "r2", "n"]


def test_nodes_out_of_order_are_sorted() -> None:
    b = Builder("top")
    m = b.top
    x, y, z = m.input("x"), m.input("y"), m.input("z")
    inner = m.net("inner")
    m.cell(_AND, [inner, z, m.net("out")], name="late", inverted=["A"])
    m.cell(_AND, [x, y, inner], name="early", inverted=["B"])
    m.output("out", inverted=True)
    view = aig_view(b.freeze().top_module)
    assert view.fanin0.tolist() == [2, 9]
    assert view.fanin1.tolist() == [5, 6]
    assert view.outputs.tolist() == [11]
    assert view.and_cell.tolist() == [1, 0]
    assert view.variable_labels()[4:] == ["inner", "out"]


def test_constants_and_feed_through() -> None:
    b = Builder("top")
    m = b.top
    x = m.input("x")
    m.output("y", m.gate("AND", x, CONST1))
    m.output("zero", 0)
    m.output("one", 1)
    m.output("not_one", 1, inverted=True)
    m.output("same", x, inverted=True)
    view = aig_view(b.freeze().top_module)
    assert (view.fanin0.tolist(), view.fanin1.tolist()) == ([2], [1])
    assert view.outputs.tolist() == [4, 0, 1, 0, 3]


def test_is_aig() -> None:
    b = Builder("top")
    b.top.output("y", b.top.gate("AND", b.top.input("a"), b.top.input("b")))
    assert is_aig(b.freeze().top_module)
    b.top.output("z", b.top.gate("OR", 0, 1))
    assert not is_aig(b.freeze().top_module)


def test_an_inverted_output_pin_makes_no_aig() -> None:
    b = Builder("top", file="a.v")
    m = b.top
    m.cell(_AND, [m.input("a"), m.input("b"), m.net("y")], inverted=["Y"], name="g", line=4)
    m.output("y")
    module = b.freeze().top_module
    assert not is_aig(module)
    with pytest.raises(NetlistError) as error:
        aig_view(module)
    assert str(error.value) == (
        "a.v:4: module 'top' is no AIG: cell 'g' inverts its output; map it first (hwdesign convert --aig)"
    )


def test_another_cell_is_named() -> None:
    b = Builder("top", file="a.v")
    b.top.output("z", b.top.gate("OR", 0, 1, name="g", line=3))
    with pytest.raises(NetlistError) as error:
        aig_view(b.freeze().top_module)
    assert str(error.value) == (
        "a.v:3: module 'top' is no AIG: cell 'g' is of type 'OR2'; map it first (hwdesign convert --aig)"
    )


def test_inout_port() -> None:
    b = Builder("top")
    b.top.port("io", Direction.INOUT)
    with pytest.raises(NetlistError, match="module 'top' is no AIG: port 'io' is inout"):
        aig_view(b.freeze().top_module)


def test_two_drivers() -> None:
    b = Builder("top")
    y = b.top.net("y")
    b.top.gate("AND", 0, 1, out=y)
    b.top.gate("AND", 0, 1, out=y)
    with pytest.raises(NetlistError, match="net 'y' has more than one driver"):
        aig_view(b.freeze().top_module)


def test_floating_input() -> None:
    b = Builder("top")
    b.top.output("y", b.top.gate("AND", b.top.net("lost"), 1))
    with pytest.raises(NetlistError, match="AND node 0 reads net 'lost', which nothing drives"):
        aig_view(b.freeze().top_module)


def test_undriven_output() -> None:
    b = Builder("top")
    b.top.output("y")
    with pytest.raises(NetlistError, match="nothing drives output 'y'"):
        aig_view(b.freeze().top_module)


def test_loop() -> None:
    b = Builder("top")
    m = b.top
    x, y = m.net("x"), m.net("y")
    m.cell(_AND, [m.input("a"), y, x], name="g1")
    m.cell(_AND, [x, 1, y], name="g2")
    m.output("y")
    with pytest.raises(LoopError, match="module 'top' has a combinational loop at or before cell 'g1'"):
        aig_view(b.freeze().top_module)


def test_register_without_data() -> None:
    b = Builder("top")
    b.top.cell(gate("DFF"), {"Q": b.top.output("q")})
    with pytest.raises(NetlistError, match="latch 0 reads net '\\(open\\)', which nothing drives"):
        aig_view(b.freeze().top_module)
