"""Cones and windows: membership against plain reachability, function, and port names."""

from __future__ import annotations

import random
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import NetlistError
from hwdesign.netlist import Builder, Direction, Kind, NameTable, Netlist, gate
from hwdesign.netlist.check import check
from hwdesign.netlist.evaluate import Evaluator
from hwdesign.netlist.views import cell_graph
from hwdesign.passes import cone, window
from tests.strategies import Shape, netlists, random_netlist

_SETTINGS = settings(max_examples=40, deadline=None)
_PATTERNS = 64


def _named(netlist: Netlist) -> Netlist:
    """The netlist with the cells' made-up names made real, so that an extract can be compared by name."""
    module, table = netlist.top_module, NameTable(netlist.names)
    ids = np.array([table.intern(label) for label in module.cell_labels()], np.int32)
    return netlist.with_module(replace(module, cell_name=ids, names=table.freeze()))


def _graph(netlist: Netlist) -> nx.DiGraph:
    view = cell_graph(netlist.top_module)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(netlist.top_module.num_cells))
    graph.add_edges_from(zip(view.src.tolist(), view.dst.tolist(), strict=True))
    return graph


@_SETTINGS
@given(netlists(), st.booleans(), st.data())
def test_fanin_cone_holds_what_the_root_depends_on(netlist: Netlist, stop: bool, data: st.DataObject) -> None:
    netlist = _named(netlist)
    module = netlist.top_module
    outputs = [int(port) for port in module.ports_of(Direction.OUT)]
    port = data.draw(st.sampled_from(outputs))
    graph = _graph(netlist)
    stops = {c for c in range(module.num_cells) if stop and module.type_of(c).kind is Kind.SEQ}
    graph.remove_nodes_from(stops)
    net = int(module.port_net[port])
    drivers = {
        cell for cell in graph
        for role, at, _ in module.pins_of(cell)
        if at == net and net > 1 and module.type_of(cell).roles[module.type_of(cell).role_index[role]].direction == 1
    }  # fmt: skip
    expected = set().union(drivers, *(nx.ancestors(graph, cell) for cell in drivers))
    found = cone(netlist, module.port_labels()[port], stop_at_registers=stop)
    assert set(found.top_module.cell_labels()) == {module.cell_label(cell) for cell in expected}
    assert [f for f in check(found) if f.severity == "error"] == []
    assert found.top_module.port_labels()[-1].startswith(module.port_labels()[port])


@_SETTINGS
@given(st.integers(0, 2**32 - 1))
def test_a_cone_computes_what_the_netlist_does(seed: int) -> None:
    rng = random.Random(seed)
    netlist = random_netlist(rng, Shape(gates=20))
    module = netlist.top_module
    port = rng.choice(module.ports_of(Direction.OUT).tolist())
    label = module.port_labels()[port]
    whole, part = Evaluator(netlist), Evaluator(cone(netlist, label))
    inputs = {name: rng.getrandbits(_PATTERNS) for name in whole.program.inputs}
    few = {name: inputs[name] for name in part.program.inputs}
    (shown,) = part.run_bits(few, _PATTERNS)[0].values()
    assert shown == whole.run_bits(inputs, _PATTERNS)[0][label]


@_SETTINGS
@given(netlists(max_registers=0), st.data())
def test_fanout_cone_holds_what_depends_on_the_root(netlist: Netlist, data: st.DataObject) -> None:
    netlist = _named(netlist)
    module = netlist.top_module
    port = data.draw(st.sampled_from(module.ports_of(Direction.IN).tolist()))
    net = int(module.port_net[port])
    graph = _graph(netlist)
    readers = {cell for cell in graph for role, at, _ in module.pins_of(cell) if at == net and role != "Y"}
    expected = set().union(readers, *(nx.descendants(graph, cell) for cell in readers))
    found = cone(netlist, module.port_labels()[port], direction="fanout")
    assert set(found.top_module.cell_labels()) == {module.cell_label(cell) for cell in expected}
    assert [f for f in check(found) if f.severity == "error"] == []


@_SETTINGS
@given(netlists(), st.integers(0, 3), st.data())
def test_window_is_a_ball(netlist: Netlist, radius: int, data: st.DataObject) -> None:
    netlist = _named(netlist)
    module = netlist.top_module
    if module.num_cells == 0:
        return
    cell = data.draw(st.integers(0, module.num_cells - 1))
    ball = nx.single_source_shortest_path_length(_graph(netlist).to_undirected(), cell, radius)
    found = window(netlist, module.cell_label(cell), radius)
    assert set(found.top_module.cell_labels()) == {module.cell_label(other) for other in ball}
    assert [f for f in check(found) if f.severity == "error"] == []


def _chain() -> Netlist:
    """a -> g1 -> g2 -> r -> g3 -> y, with b into g2 and g1 to w."""
    b = Builder("top", file="a.v")
    m = b.top
    a, side = m.input("a"), m.input("b")
    n1 = m.gate("NOT", a, out=m.net("n1"), name="g1", line=1)
    n2 = m.gate("AND", n1, side, out=m.net("n2"), name="g2", line=2)
    q = m.net("q")
    m.cell(gate("DFF"), [n2, m.input("clk"), q], name="r", params={"init": 1}, line=3)
    m.output("y", m.gate("BUF", q, out=m.net("n3"), name="g3", line=4), inverted=True)
    m.output("w", n1)
    return b.freeze()


def _ports(netlist: Netlist) -> list[tuple[str, str, str, int]]:
    module = netlist.top_module
    return [
        (name, Direction(int(way)).name.lower(), module.net_label(int(net)), int(flag))
        for name, way, net, flag in zip(
            module.port_labels(), module.port_dir, module.port_net, module.port_flags, strict=True
        )
    ]


def test_ports_of_a_cone() -> None:
    found = cone(_chain(), "y")
    assert found.top_module.cell_labels() == ["g3"]
    assert _ports(found) == [("q", "in", "q", 0), ("y", "out", "n3", 1)]
    assert found.top_module.cell_line.tolist() == [4]


def test_through_registers() -> None:
    found = cone(_chain(), "y", stop_at_registers=False)
    assert found.top_module.cell_labels() == ["g1", "g2", "r", "g3"]
    assert _ports(found) == [
        ("a", "in", "a", 0), ("b", "in", "b", 0), ("clk", "in", "clk", 0), ("y", "out", "n3", 1),
    ]  # fmt: skip
    assert found.top_module.param(2, "init") == 1.0


def test_depth() -> None:
    found = cone(_chain(), "n2", max_depth=1)
    assert found.top_module.cell_labels() == ["g2"]
    assert _ports(found) == [("b", "in", "b", 0), ("n1", "in", "n1", 0), ("n2", "out", "n2", 0)]


def test_a_root_that_nothing_inside_drives() -> None:
    found = cone(_chain(), ["q", "a"])
    assert found.top_module.num_cells == 0
    assert _ports(found) == [
        ("a", "in", "a", 0), ("q", "in", "q", 0), ("q_out", "out", "q", 0), ("a_out", "out", "a", 0),
    ]  # fmt: skip


def test_ports_of_a_fanout_cone() -> None:
    found = cone(_chain(), "a", direction="fanout")
    assert found.top_module.cell_labels() == ["g1", "g2"]
    assert _ports(found) == [
        ("a", "in", "a", 0), ("b", "in", "b", 0), ("w", "out", "n1", 0), ("n2", "out", "n2", 0),
    ]  # fmt: skip


def test_ports_of_a_window() -> None:
    assert _ports(window(_chain(), "g2", 0)) == [
        ("b", "in", "b", 0), ("n1", "in", "n1", 0), ("n2", "out", "n2", 0),
    ]  # fmt: skip


def test_a_module_will_do() -> None:
    assert cone(_chain().top_module, "y").top_module.cell_labels() == ["g3"]


def test_instances_keep_their_modules() -> None:
    b = Builder("top")
    m = b.module("inv")
    m.output("y", m.gate("NOT", m.input("a")))
    b.top.instance("inv", {"a": b.top.input("x"), "y": b.top.output("z")}, name="u")
    found = cone(b.freeze(), "z")
    assert set(found.modules) == {"top", "inv"}
    assert Evaluator(found)({"x": [0, 1]}).outputs == {"z": [1, 0]}


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda n: cone(n, "nothing"), "a.v: module 'top' has no port or net named 'nothing'; `hwdesign info` lists"),
        (lambda n: cone(n, "y", max_depth=0), "the depth of a cone must be at least 1, not 0"),
        (lambda n: window(n, "nothing", 1), "a.v: module 'top' has no cell named 'nothing'"),
        (lambda n: window(n, "g1", -1), "the radius of a window must be 0 or more, not -1"),
    ],
)
def test_refusals(act, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NetlistError) as error:
        act(_chain())
    assert str(error.value).startswith(message)
