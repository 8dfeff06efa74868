"""The gate-level evaluator: inverted pins, constants, hierarchy, registers, latches, and its refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import LimitError, LoopError, NetlistError, UnsupportedError
from hwdesign.netlist import CONST1, Builder, CellType, Direction, Kind, Netlist, Role, gate
from hwdesign.netlist import _program as program_module
from hwdesign.netlist.devices import RESISTOR
from hwdesign.netlist.evaluate import Evaluator, evaluate_module, pack_bits, unpack_words


@settings(max_examples=50, deadline=None)
@given(data=st.data(), width=st.integers(1, 130))
def test_pack_and_unpack_are_inverse(data: st.DataObject, width: int) -> None:
    words = data.draw(st.lists(st.integers(0, (1 << width) - 1), min_size=1, max_size=70))
    vectors = pack_bits(words, width)
    assert len(vectors) == width
    assert vectors[0] == sum((word & 1) << at for at, word in enumerate(words))
    assert unpack_words(vectors, len(words)) == words


def inverted_pins() -> Netlist:
    """y = !(!a & b) at an inverted port; z = 1 & !a through a cell whose output pin is inverted."""
    b = Builder("top")
    m = b.top
    a, c = m.input("a"), m.input("b")
    y, z = m.net("y_n"), m.net("z")
    m.cell(gate("AND"), (a, c, y), inverted=["A"])
    m.output("y", y, inverted=True)
    m.cell(gate("AND"), (CONST1, a, z), inverted=["Y"])
    m.output("z", z)
    return b.freeze()


def test_inverted_pins_and_ports() -> None:
    shown = evaluate_module(inverted_pins(), {"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]}).outputs
    assert shown == {"y": [1, 0, 1, 1], "z": [1, 1, 0, 0]}


def test_numpy_words_and_single_words() -> None:
    netlist = inverted_pins()
    words = np.array([0, 1, 1], np.uint64)
    assert evaluate_module(netlist, {"a": words, "b": 1}).outputs["y"] == [0, 1, 1]
    assert evaluate_module(netlist.top_module, {"a": 0, "b": 1})["y"] == 0


def nested(depth: int) -> Netlist:
    """A chain of modules, each inverting its input before the next and its output port after it."""
    b = Builder("level0")
    for level in reversed(range(depth)):
        m = b.module(f"level{level}")
        a = m.input("a")
        if level == depth - 1:
            m.output("y", m.gate("NOT", a))
        else:
            out = m.net("out")
            inner = b.module(f"level{level + 1}")
            m.cell(inner.as_type(), {"a": a, "y": out}, name="u", inverted=["a"])
            m.output("y", out, inverted=True)
    return b.freeze("level0")


@pytest.mark.parametrize("depth", [1, 2, 3, 3000])
def test_hierarchy_of_any_depth(depth: int) -> None:
    # Every level below the first complements twice: at its instance's pin and at its parent's port.
    assert evaluate_module(nested(depth), {"a": [0, 1]}).outputs["y"] == [1, 0]


def test_feedthrough_and_constant_ports() -> None:
    b = Builder("top")
    inner = b.module("inner")
    through = inner.input("a")
    inner.output("same", through)
    inner.output("one", CONST1)
    m = b.top
    x = m.input("x")
    m.instance("inner", {"a": x, "same": m.net("s"), "one": m.net("o")}, name="u")
    m.outputs("y", [m.net("s"), m.net("o")])
    assert evaluate_module(b.freeze(), {"x": [0, 1]}).outputs["y"] == [2, 3]


def test_registers_step_together_and_start_at_init() -> None:
    b = Builder("top")
    m = b.top
    clock = m.input("clk")
    first, second = m.net("first"), m.net("second")
    dff = gate("DFF")
    m.cell(dff, (second, clock, first), name="r1", params={"init": 1})
    m.cell(dff, (first, clock, second), name="r2", inverted=["D"])
    m.outputs("q", [first, second])
    evaluator = Evaluator(b.freeze())
    assert evaluator.registers == ("r1", "r2")
    state, seen = None, []
    for _ in range(5):
        result = evaluator({}, state)
        seen.append(result["q"])
        state = result.state
    # (first, second) -> (second, !first), from (1, 0).
    assert seen == [0b01, 0b00, 0b10, 0b11, 0b01]


def test_registers_inside_instances_are_named_by_path() -> None:
    b = Builder("top")
    inner = b.module("bit")
    d, c = inner.input("d"), inner.input("c")
    inner.output("q", inner.gate("DFF", d, c, name="r"))
    m = b.top
    d, c = m.input("d"), m.input("clk")
    m.instance("bit", {"d": d, "c": c, "q": m.net("q")}, name="u1")
    m.output("q", m.net("q"))
    evaluator = Evaluator(b.freeze())
    assert evaluator.registers == ("u1/r",)
    # Patterns run side by side; the clock needs no value although it crosses a module.
    result = evaluator({"d": [0, 1, 1]})
    assert result.outputs["q"] == [0, 0, 0]
    assert evaluator({"d": [0, 0, 0]}, result.state).outputs["q"] == [0, 1, 1]


def test_latch_is_transparent_while_enabled() -> None:
    b = Builder("top")
    m = b.top
    d, c = m.input("d"), m.input("c")
    m.output("q", m.gate("DLATCH", d, c, name="l"))
    evaluator = Evaluator(b.freeze())
    first = evaluator({"d": 1, "c": 1})
    assert first["q"] == 1
    second = evaluator({"d": 0, "c": 0}, first.state)
    assert second["q"] == 1
    assert evaluator({"d": 0, "c": 1}, second.state)["q"] == 0


def loop() -> Netlist:
    b = Builder("top")
    m = b.top
    a, x = m.input("a"), m.net("x")
    y = m.gate("AND", a, x, name="g1")
    z = m.gate("NOT", y, name="g2")
    m.gate("OR", z, a, out=x, name="g3")
    m.output("y", m.gate("BUF", x, name="after"))
    return b.freeze()


def undriven() -> Netlist:
    b = Builder("top")
    b.top.output("y", b.top.gate("AND", b.top.input("a"), b.top.net("ghost"), name="g"))
    return b.freeze()


def driven_twice() -> Netlist:
    b = Builder("top")
    a = b.top.input("a")
    y = b.top.gate("BUF", a, name="g1")
    b.top.gate("NOT", a, out=y, name="g2")
    b.top.output("y", y)
    return b.freeze()


def driven_input() -> Netlist:
    b = Builder("top")
    a = b.top.input("a")
    b.top.gate("ONE", out=a, name="g1")
    return b.freeze()


def open_pin() -> Netlist:
    b = Builder("top")
    y = b.top.net("y")
    b.top.cell(gate("AND"), (b.top.input("a"), -1, y), name="g")
    b.top.output("y", y)
    return b.freeze()


def silent_output() -> Netlist:
    b = Builder("top")
    b.top.output("y")
    return b.freeze()


def resistor() -> Netlist:
    b = Builder("top")
    b.top.cell(RESISTOR, (b.top.input("a"), b.top.net("y")), name="R1")
    return b.freeze()


def unknown_function() -> Netlist:
    kind = CellType("MYSTERY", Kind.COMB, (Role("A", Direction.IN), Role("Y", Direction.OUT)))
    b = Builder("top")
    y = b.top.net("y")
    b.top.cell(kind, (b.top.input("a"), y), name="u")
    b.top.output("y", y)
    return b.freeze()


def inout_port() -> Netlist:
    b = Builder("top")
    b.top.port("pad", Direction.INOUT)
    return b.freeze()


@pytest.mark.parametrize(
    ("netlist", "kind", "words"),
    [
        (loop(), LoopError, "a combinational loop: g1 -> g2 -> g3 -> g1; break it by a register"),
        (undriven(), NetlistError, "pin 'B' of 'g' reads a net without a driver; run `hwdesign check`"),
        (driven_twice(), NetlistError, "'g2' and 'g1' drive the same net; keep one driver"),
        (driven_input(), NetlistError, "the input port 'a' and 'g1' drive the same net; keep one driver"),
        (open_pin(), NetlistError, "pin 'B' of 'g' is not connected; run `hwdesign check`"),
        (silent_output(), NetlistError, "the net that 'y' shows has no driver; run `hwdesign check`"),
        (
            resistor(),
            UnsupportedError,
            "cell 'R1' of type 'R' (device) has no Boolean function; evaluate gate-level netlists",
        ),
        (
            unknown_function(),
            UnsupportedError,
            "the function of pin 'Y' of cell type 'MYSTERY' is not known; read its Liberty library first",
        ),
        (inout_port(), UnsupportedError, "the inout port 'pad' of 'top' has no Boolean value"),
    ],
)
def test_refused_netlists(netlist: Netlist, kind: type[NetlistError], words: str) -> None:
    with pytest.raises(kind) as error:
        Evaluator(netlist)
    assert str(error.value) == words


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"a": 1}, "no value is given for the input 'b'; inputs: a, b"),
        ({"a": 1, "b": 0, "c": 0}, "the netlist has no input 'c'; inputs: a, b"),
        ({"a": 2, "b": 0}, "the value 2 does not fit 1 unsigned bits"),
        ({"a": -1, "b": 0}, "the value -1 does not fit 1 unsigned bits"),
        ({"a": [0, 1], "b": [0, 1, 1]}, "the inputs hold 2 and 3 patterns; give as many to each"),
        ({"a": [], "b": 0}, "the inputs hold 0 patterns; give as many to each"),
    ],
)
def test_refused_inputs(inputs: dict[str, int], words: str) -> None:
    with pytest.raises(NetlistError) as error:
        evaluate_module(inverted_pins(), inputs)
    assert str(error.value) == words


def test_state_must_fit_the_registers() -> None:
    with pytest.raises(NetlistError, match="the netlist has no register 'r9'; registers: none"):
        evaluate_module(inverted_pins(), {"a": 0, "b": 0}, {"r9": 0})


def test_hierarchy_bombs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    b = Builder("level0")
    for level in reversed(range(30)):
        m = b.module(f"level{level}")
        a = m.input("a")
        if level == 29:
            m.output("y", m.gate("NOT", a))
        else:
            middle = m.net("middle")
            m.instance(f"level{level + 1}", {"a": a, "y": middle}, name="u")
            m.instance(f"level{level + 1}", {"a": middle, "y": m.net("y")}, name="v")
            m.output("y")
    monkeypatch.setattr(program_module, "MAX_CELLS", 5000)
    with pytest.raises(LimitError, match="the hierarchy unfolds to more than 5000 cells"):
        Evaluator(b.freeze("level0"))
