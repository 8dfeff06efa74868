"""Loops through instances, found without unfolding and where the flat netlist has them; recursive modules."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hwdesign.errors import LoopError
from hwdesign.netlist import (
    OPEN,
    Builder,
    CellType,
    Direction,
    Finding,
    Kind,
    ModuleBuilder,
    Netlist,
    Role,
    gate,
)
from hwdesign.netlist.check import check
from hwdesign.passes import flatten

BLACK_BOX = CellType("IP", Kind.BLACKBOX, (Role("i", Direction.IN), Role("o", Direction.OUT)))


def _loops(netlist: Netlist) -> list[Finding]:
    return [f for f in check(netlist) if f.rule == "combinational-loop"]


def _recursions(netlist: Netlist) -> list[str]:
    return [str(f) for f in check(netlist) if f.rule == "recursive-instance"]


def _gate_module(b: Builder, name: str = "s") -> ModuleBuilder:
    """y = a AND b."""
    m = b.module(name)
    y = m.net("y")
    m.gate("AND", m.input("a"), m.input("b"), out=y, name="g")
    m.output("y", y)
    return m


def _pair(b: Builder, module: str) -> None:
    """In the top, two instances, each reading the other's output."""
    m = b.top
    a, y, w = m.input("a"), m.net("y"), m.net("w")
    child = b.module(module).as_type()
    m.cell(child, {"a": a, "b": w, "y": y}, name="u", line=7)
    m.cell(child, {"a": a, "b": y, "y": w}, name="v", line=8)
    m.output("y")


def test_a_loop_through_two_instances() -> None:
    b = Builder("top", file="a.v")
    _gate_module(b)
    _pair(b, "s")
    (finding,) = _loops(b.freeze())
    assert str(finding) == (
        "a.v:7: error: combinational loop of 2 cells: u.g -(y)-> v.g -(w)-> u.g [combinational-loop]"
    )
    assert (finding.module, finding.names) == ("top", ("u.g", "v.g"))


def test_the_loop_is_followed_into_nested_instances() -> None:
    b = Builder("top", file="a.v")
    _gate_module(b)
    outer = b.module("outer")
    n, y = outer.net("n"), outer.net("y")
    outer.gate("NOT", outer.input("b"), out=n, name="inv")
    outer.instance("s", {"a": outer.input("a"), "b": n, "y": y}, name="inner")
    outer.output("y", y)
    _pair(b, "outer")
    (finding,) = _loops(b.freeze())
    assert finding.message == (
        "combinational loop of 4 cells: u.inv -(u.n)-> u.inner.g -(y)-> v.inv -(v.n)-> v.inner.g -(w)-> u.inv"
    )


def test_a_loop_of_one_gate_is_one_cell() -> None:
    b = Builder("top")
    _gate_module(b)
    y = b.top.net("y")
    b.top.instance("s", {"a": b.top.input("a"), "b": y, "y": y}, name="u")
    (finding,) = _loops(b.freeze())
    assert finding.message == "combinational loop of 1 cell: u.g -(y)-> u.g"


def test_outputs_of_other_inputs_make_no_loop() -> None:
    b = Builder("top")
    child = b.module("two")
    child.output("y1", child.gate("NOT", child.input("a")))
    child.output("y2", child.gate("NOT", child.input("b")))
    n = b.top.net("n")
    b.top.instance("two", {"a": b.top.input("a"), "y1": n, "b": n, "y2": b.top.output("y")}, name="u")
    assert _loops(b.freeze()) == []


@pytest.mark.parametrize("kind", ["DFF", "DLATCH"])
def test_registers_and_latches_in_the_child_break_the_loop(kind: str) -> None:
    b = Builder("top")
    child = b.module("s")
    a, d, q = child.input("a"), child.input("b"), child.net("q")
    child.cell(gate(kind), [child.gate("AND", a, d), child.input("clk"), q])
    child.output("y", q)
    _pair(b, "s")
    assert _loops(b.freeze()) == []


def test_black_boxes_break_the_loop_in_the_child_too() -> None:
    b = Builder("top")
    child = b.module("s")
    y = child.net("y")
    child.input("a")
    child.cell(BLACK_BOX, [child.input("b"), y])
    child.output("y", y)
    _pair(b, "s")
    assert _loops(b.freeze()) == []


def test_a_loop_inside_the_child_is_reported_there_once() -> None:
    b = Builder("top", file="a.v")
    child = b.module("s")
    a, d, x, y = child.input("a"), child.input("b"), child.net("x"), child.net("y")
    child.cell(gate("AND", 3), [a, d, y, x], name="g1", line=2)
    child.gate("NOT", x, out=y, name="g2", line=3)
    child.output("y", y)
    child.output("x", x)
    for k in range(3):
        b.top.instance(
            "s", {"a": b.top.input(f"a{k}"), "b": b.top.input(f"b{k}"), "y": b.top.output(f"y{k}")}, name=f"u{k}"
        )
    assert [str(f) for f in _loops(b.freeze())] == [
        "a.v:2: error: combinational loop of 2 cells: g1 -(x)-> g2 -(y)-> g1 [combinational-loop]"
    ]


def test_a_child_with_a_loop_can_be_on_an_outer_one() -> None:
    b = Builder("top")
    child = b.module("s")
    a, d, y = child.input("a"), child.input("b"), child.net("y")
    child.cell(gate("AND", 3), [a, d, y, y], name="g")
    child.output("y", y)
    _pair(b, "s")
    assert {f.module: f.names for f in _loops(b.freeze())} == {"s": ("g",), "top": ("u.g", "v.g")}


def test_inout_ports_carry_paths_both_ways() -> None:
    b = Builder("top")
    child = b.module("s")
    p, q = child.port("p", Direction.INOUT), child.port("q", Direction.INOUT)
    child.gate("NOT", p, out=q, name="g")
    n, k = b.top.net("n"), b.top.net("k")
    b.top.instance("s", {"p": n, "q": k}, name="u")
    b.top.gate("BUF", k, out=n, name="h")
    (finding,) = _loops(b.freeze())
    assert finding.message == "combinational loop of 2 cells: u.g -(k)-> h -(n)-> u.g"
    b.top.instance("s", {"p": b.top.input("i"), "q": b.top.output("o")}, name="alone")
    assert len(_loops(b.freeze())) == 1


def test_ports_tied_together_inside_join_the_outer_nets() -> None:
    b = Builder("top")
    wire = b.module("wire")
    wire.output("y", wire.input("a"))
    n, k = b.top.net("n"), b.top.net("k")
    b.top.instance("wire", {"a": n, "y": k}, name="w")
    b.top.gate("NOT", k, out=n, name="g")
    (finding,) = _loops(b.freeze())
    assert finding.names == ("g",)


def test_a_long_loop_is_cut_short_and_says_so() -> None:
    """Doubled at each level, the loop unfolds to 2^20 gates; it is neither unfolded nor counted."""
    b = Builder("top")
    _gate_module(b, "m0")
    for level in range(1, 21):
        m = b.module(f"m{level}")
        a, mid, y = m.input("a"), m.net("mid"), m.net("y")
        d = m.input("b")
        m.instance(f"m{level - 1}", {"a": a, "b": d, "y": mid}, name="u")
        m.instance(f"m{level - 1}", {"a": a, "b": mid, "y": y}, name="v")
        m.output("y", y)
    y = b.top.net("y")
    b.top.instance("m20", {"a": b.top.input("a"), "b": y, "y": y}, name="t")
    (finding,) = _loops(b.freeze())
    assert finding.message.startswith("combinational loop of at least ")
    assert finding.names[0] == "t." + "u." * 20 + "g"
    assert len(finding.names) < 500
    assert finding.message.endswith(f"more cells ... {finding.names[0]}")


def test_a_module_that_holds_itself() -> None:
    b = Builder("m", file="a.v")
    a, y = b.top.input("a"), b.top.net("y")
    b.top.output("y", y)
    b.top.cell(b.top.as_type(), [a, y], name="u", line=3)
    assert _recursions(b.freeze()) == ["a.v:3: error: module 'm' instantiates itself: m -> m [recursive-instance]"]


def _ring(count: int) -> Builder:
    b = Builder("m0", file="a.v")
    modules = [b.module(f"m{k}") for k in range(count)]
    for m in modules:
        m.input("a")
        m.output("y")
    for k, m in enumerate(modules):
        m.cell(modules[(k + 1) % count].as_type(), [m.net("a"), m.net("y")], name="u", line=10 + k)
    return b


def test_mutual_recursion_names_the_chain_and_leaves_the_other_rules_running() -> None:
    b = _ring(2)
    extra = b.module("extra")
    x = extra.net("x")
    extra.gate("NOT", x, out=x, name="g")
    found = check(b.freeze())
    assert [f.rule for f in found if f.severity == "error"] == ["recursive-instance", "combinational-loop"]
    assert str(found[0]) == "a.v:10: error: module 'm0' instantiates itself: m0 -> m1 -> m0 [recursive-instance]"
    assert found[0].names == ("m0", "m1")


def test_a_long_chain_is_cut_short() -> None:
    (finding,) = _recursions(_ring(20).freeze())
    assert "m0 -> m1 -> m2 -> m3 -> m4 -> m5 -> m6 -> ... -> m0 [" in finding


def test_many_recursions_are_counted() -> None:
    b = Builder("top")
    for k in range(130):
        m = b.module(f"m{k}")
        m.input("a")
        m.cell(m.as_type(), [m.net("a")], name="u")
    found = _recursions(b.freeze())
    assert len(found) == 101
    assert found[-1] == "error: 30 more of this rule [recursive-instance]"


def test_a_type_whose_module_is_missing_or_changed_is_opaque() -> None:
    gone = CellType("gone", Kind.MODULE, (Role("a", Direction.IN), Role("y", Direction.OUT)))
    b = Builder("top")
    y = b.top.net("y")
    b.top.cell(gone, [y, y], name="u")
    assert _loops(b.freeze()) == []
    changed = b.module("gone")
    changed.output("z", changed.gate("NOT", changed.input("a")))
    assert _loops(b.freeze()) == []


def test_a_deep_hierarchy_needs_no_recursion() -> None:
    b = Builder("top")
    _gate_module(b, "m0")
    depth = 1200
    for level in range(1, depth + 1):
        m = b.module(f"m{level}")
        m.instance(f"m{level - 1}", {"a": m.input("a"), "b": m.input("b"), "y": m.net("y")}, name="u")
        m.output("y")
    _pair(b, f"m{depth}")
    (finding,) = _loops(b.freeze())
    assert finding.names[0].startswith("u.u.u.")


def test_many_ports_do_not_multiply() -> None:
    """A chain through 400 inputs to 400 outputs: 80,000 pairs, in ten instances one after the other."""
    b = Builder("top")
    width = 400
    m = b.module("wide")
    at = 0
    outs = []
    for net in m.inputs("a", width):
        at = m.gate("XOR", at, net)
        outs.append(at)
    m.outputs("y", outs)
    bus = b.top.inputs("a", width)
    for k in range(10):
        following = [b.top.net() for _ in range(width)]
        pins = {f"a[{i}]": net for i, net in enumerate(bus)} | {f"y[{i}]": net for i, net in enumerate(following)}
        b.top.instance("wide", pins, name=f"u{k}")
        bus = following
    b.top.outputs("y", bus)
    assert _loops(b.freeze()) == []
    back = b.top.net("back")
    b.top.instance("wide", {"a[3]": back, "y[2]": back}, name="fine")
    assert _loops(b.freeze()) == []
    b.top.instance("wide", {"a[390]": bus[0], "y[395]": bus[0]}, name="loop")
    (finding,) = _loops(b.freeze())
    assert all(name.startswith("loop.") for name in finding.names)
    assert len(finding.names) == 6


# Against flattening


_OPS = ("AND", "AND", "AND", "AND", "XOR", "XOR", "XOR", "NOT", "NOT", "DFF", "DLATCH")


def _random_module(m: ModuleBuilder, rng: random.Random, children: list[ModuleBuilder], back: float) -> None:
    """Each net has one driver; a pin reads any net, not only an earlier one, with probability `back`."""
    inputs = [m.input(f"a{k}") for k in range(rng.randint(1, 2))] + m.inputs("d", 2)
    driven = [m.net(f"n{k}") for k in range(rng.randint(3, 14))]
    ready = list(inputs)

    def pick() -> int:
        if rng.random() < 0.06:
            return rng.choice([0, 1, OPEN])
        return rng.choice(driven if rng.random() < back else ready if rng.random() < 0.3 else ready[-3:])

    waiting = list(driven)
    while waiting:
        choice = rng.random()
        if children and choice < 0.4:
            kind = rng.choice(children).as_type()
            pins = {role.name: pick() for role in kind.inputs if rng.random() < 0.95}
            outs = [waiting.pop() for _ in range(min(len(waiting), len(kind.outputs), rng.randint(1, 3)))]
            pins |= dict(zip(rng.sample([role.name for role in kind.outputs], len(outs)), outs, strict=True))
        else:
            out = waiting.pop()
            kind = BLACK_BOX if choice < 0.42 else gate(rng.choice(_OPS))
            pins = {role.name: pick() for role in kind.inputs} | {kind.outputs[0].name: out}
            outs = [out]
        inverted = [role for role in pins if rng.random() < 0.15]
        m.cell(kind, pins, inverted=inverted, name=f"c{len(waiting)}")
        ready += outs
    shown = [rng.choice([*ready[-6:], *ready[-6:], *inputs, rng.randint(0, 1)]) for _ in range(4)]
    m.output("y0", shown[0], inverted=rng.random() < 0.2)
    m.output("y1", shown[1])
    m.outputs("q", shown[2:])


def _random_hierarchy(rng: random.Random) -> Netlist:
    b = Builder("top")
    below: list[ModuleBuilder] = []
    for level in range(rng.randint(1, 3), 0, -1):
        made = [b.module(f"m{level}_{k}") for k in range(rng.randint(1, 2))]
        for module in made:
            _random_module(module, rng, below, rng.choice([0.0, 0.0, 0.0, 0.1]))
        below = [*made, *below[:1]]
    _random_module(b.top, rng, below, rng.choice([0.0, 0.1, 0.3, 0.5]))
    return b.freeze()


def _used(netlist: Netlist) -> set[str]:
    todo, seen = [netlist.top], {netlist.top}
    while todo:
        module = netlist.modules[todo.pop()]
        for name in module.type_counts():
            if name in netlist.modules and name not in seen:
                seen.add(name)
                todo.append(name)
    return seen


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_loop_is_found_where_the_flat_netlist_has_one(seed: int) -> None:
    netlist = _random_hierarchy(random.Random(seed))
    try:
        flat = flatten(netlist)
    except LoopError:  # a net joined to its own complement, which no gate takes part in
        assume(False)
    used = _used(netlist)
    found = [finding for finding in _loops(netlist) if finding.module in used]
    assert bool(found) == bool(_loops(flat))
    cells = set(flat.top_module.cell_labels())
    for finding in found:
        if finding.module == netlist.top:
            assert set(finding.names) <= cells


def test_the_random_hierarchies_are_of_both_kinds() -> None:
    """So that the property above says something."""
    found = [_loops(_random_hierarchy(random.Random(seed))) for seed in range(100)]
    assert 20 < sum(bool(loops) for loops in found) < 80
    assert sum(any("." in name for loop in loops for name in loop.names) for loops in found) > 5
