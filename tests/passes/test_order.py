"""Levels, topological orders and partitions against plain Python."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import LoopError, NetlistError
from hwdesign.netlist import Builder, Kind, Module, Netlist, gate
from hwdesign.passes import levelize, partition, topological_order
from tests.strategies import hierarchical_netlists, netlists

_SETTINGS = settings(max_examples=40, deadline=None)


def _reads(module: Module) -> list[list[int]]:
    """Driving cells of each cell, straight from the pins."""
    driver = {}
    for cell in range(module.num_cells):
        outputs = {role.name for role in module.type_of(cell).outputs}
        driver |= {net: cell for role, net, _ in module.pins_of(cell) if role in outputs and net > 1}
    found = []
    for cell in range(module.num_cells):
        inputs = {role.name for role in module.type_of(cell).inputs}
        found.append([driver[net] for role, net, _ in module.pins_of(cell) if role in inputs and net in driver])
    return found


@_SETTINGS
@given(hierarchical_netlists())
def test_level_is_the_longest_path(netlist: Netlist) -> None:
    module = netlist.top_module
    reads = _reads(module)
    known: dict[int, int] = {}

    def level(cell: int) -> int:
        if cell not in known:
            comb = module.type_of(cell).kind is Kind.COMB
            known[cell] = 1 + max((level(c) for c in reads[cell]), default=0) if comb else 0
        return known[cell]

    assert levelize(module).tolist() == [level(cell) for cell in range(module.num_cells)]


@pytest.mark.parametrize("kind", ["level", "dfs"])
@_SETTINGS
@given(hierarchical_netlists())
def test_every_gate_follows_what_it_reads(kind: str, netlist: Netlist) -> None:
    module = netlist.top_module
    order = topological_order(module, kind=kind).tolist()  # type: ignore[arg-type]
    assert sorted(order) == list(range(module.num_cells))
    place = {cell: at for at, cell in enumerate(order)}
    for cell, sources in enumerate(_reads(module)):
        if module.type_of(cell).kind is Kind.COMB:
            assert all(place[source] < place[cell] for source in sources)


def _loop() -> Module:
    b = Builder("top", file="a.v")
    m = b.top
    x, y = m.net("x"), m.net("y")
    m.gate("NOT", m.input("a"), name="g0")
    m.gate("AND", m.net("a"), y, out=x, name="g1", line=3)
    m.gate("NOT", x, out=y, name="g2")
    return b.freeze().top_module


@pytest.mark.parametrize("act", [levelize, topological_order])
def test_a_loop_is_named(act) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LoopError) as error:
        act(_loop())
    assert str(error.value) == (
        "a.v:3: module 'top' has a combinational loop of 2 cells: g1 -> g2 -> g1; break it by a register"
    )


def test_a_partition_names_a_loop_and_both_ways_out() -> None:
    with pytest.raises(LoopError) as error:
        partition(_loop(), parts=2)
    assert str(error.value) == (
        "a.v:3: module 'top' has a combinational loop of 2 cells: g1 -> g2 -> g1; "
        "break it by a register, or condense loops to keep each whole"
    )


def test_a_long_loop_is_shortened() -> None:
    b = Builder("top")
    nets = [b.top.net(f"n{k}") for k in range(50)]
    for k in range(50):
        b.top.gate("NOT", nets[k - 1], out=nets[k], name=f"g{k}")
    with pytest.raises(LoopError, match=r"loop of 50 cells: g0 -> .* -> g11 -> ... 38 more cells -> g0"):
        levelize(b.freeze().top_module)


def test_registers_open_loops() -> None:
    b = Builder("top")
    q = b.top.net("q")
    b.top.cell(gate("DFF"), [b.top.gate("NOT", q, name="inv"), b.top.input("c"), q], name="r")
    module = b.freeze().top_module
    assert levelize(module).tolist() == [1, 0]
    assert topological_order(module).tolist() == [1, 0]


# Partitions


@_SETTINGS
@given(netlists(max_gates=40), st.integers(1, 9), st.sampled_from(["dfs", "level"]))
def test_partition_of_a_module(netlist: Netlist, parts: int, order: str) -> None:
    module = netlist.top_module
    found = partition(module, parts=parts, order=order)  # type: ignore[arg-type]
    cells = module.num_cells
    assert found.parts == min(parts, cells)
    sizes = np.bincount(found.part, minlength=found.parts)
    assert cells == 0 or (sizes.max() - sizes.min() <= 1)
    assert found.order_violations == 0
    reads = _reads(module)
    pairs = [(source, cell) for cell, sources in enumerate(reads) for source in sources]
    cut = sum(found.part[a] != found.part[b] for a, b in pairs)
    assert (found.cut_edges, found.edges) == (cut, len(pairs))
    for a, b in pairs:
        if module.type_of(b).kind is Kind.COMB:
            assert found.part[a] <= found.part[b]
    # Parts are contiguous slices of the order.
    assert (np.diff(found.part[found.order]) >= 0).all()


@st.composite
def _dags(draw: st.DrawFn) -> tuple[int, np.ndarray]:
    nodes = draw(st.integers(1, 30))
    pairs = draw(st.lists(st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)), max_size=60))
    names = draw(st.permutations(range(nodes)))
    edges = [(names[min(p)], names[max(p)]) for p in pairs if p[0] != p[1]]
    return nodes, np.array(edges, np.int32).reshape(-1, 2).T


@_SETTINGS
@given(_dags(), st.integers(1, 12), st.data())
def test_partition_of_edges_bounded_in_size(dag: tuple[int, np.ndarray], size: int, data: st.DataObject) -> None:
    nodes, edges = dag
    weights = np.array(data.draw(st.lists(st.integers(0, 6), min_size=nodes, max_size=nodes)), float)
    found = partition(edges, max_size=size, weights=weights, num_nodes=nodes)
    for part in range(found.parts):
        inside = found.nodes_of(part)
        assert len(inside)
        total = weights[inside].sum()
        assert total <= size or (weights[inside] > 0).sum() == 1
        assert found.weights[part] == total
    for a, b in edges.T.tolist():
        assert found.part[a] <= found.part[b]
    assert found.cut_edges == sum(found.part[a] != found.part[b] for a, b in edges.T.tolist())
    assert nx.is_directed_acyclic_graph(nx.DiGraph([(found.part[a], found.part[b]) for a, b in edges.T if
                                                    found.part[a] != found.part[b]]))  # fmt: skip


def test_figures_of_a_chain() -> None:
    edges = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])
    found = partition(edges, parts=2)
    assert found.part.tolist() == [0, 0, 1, 1, 1]
    assert (found.cut_edges, found.cut_fraction) == (1, 0.25)
    assert found.imbalance == pytest.approx(0.2)
    assert found.nodes_of(1).tolist() == [2, 3, 4]


def test_empty_partitions() -> None:
    found = partition(np.zeros((2, 0), np.int32), parts=3)
    assert (found.parts, found.cut_fraction, found.imbalance) == (0, 0.0, 0.0)
    assert sorted(partition(np.zeros((2, 0), np.int32), parts=3, num_nodes=2).part.tolist()) == [0, 1]


def test_a_cycle_of_edges_is_printed() -> None:
    with pytest.raises(LoopError) as error:
        partition(np.array([[0, 1, 2, 3], [1, 2, 1, 0]]), parts=2)
    assert str(error.value) == (
        "the graph has a cycle of 2 nodes: 1 -> 2 -> 1; remove one of its edges, or condense cycles to keep each whole"
    )


def test_registers_can_bind_the_order() -> None:
    b = Builder("top")
    q = b.top.net("q")
    b.top.cell(gate("DFF"), [b.top.gate("NOT", q, name="inv"), b.top.input("c"), q], name="r")
    module = b.freeze().top_module
    assert partition(module, parts=2).part.tolist() == [1, 0]
    with pytest.raises(LoopError, match="has a loop of 2 cells: inv -> r -> inv; let registers open it, or condense"):
        partition(module, parts=2, cut_registers=False)


_CHAIN = np.array([[0], [1]])


@pytest.mark.parametrize(
    ("graph", "options", "message"),
    [
        (_CHAIN, {}, "needs either the number of parts or their greatest size"),
        (_CHAIN, {"parts": 2, "max_size": 2}, "needs either"),
        (_CHAIN, {"parts": 0}, "parts must be 1 or more, not 0"),
        (_CHAIN, {"max_size": float("nan")}, "max_size must be greater than 0, not nan"),
        (_CHAIN, {"parts": 1, "weights": [1.0]}, "the weights must be 2 finite numbers, none negative"),
        (_CHAIN, {"parts": 1, "weights": [1.0, -1.0]}, "the weights must be 2 finite numbers"),
        (_CHAIN, {"parts": 1, "num_nodes": 1}, "the edges name a node 1, which is not below the number of nodes, 1"),
        (np.array([[0], [-1]]), {"parts": 1}, "the edges name a node -1; number the nodes from 0"),
        (np.array([[0.5], [1.0]]), {"parts": 1}, "integer array of the shape"),
        (np.array([0, 1]), {"parts": 1}, "integer array of the shape"),
    ],
)
def test_requests_that_make_no_sense(graph: np.ndarray, options: dict[str, object], message: str) -> None:
    with pytest.raises(NetlistError, match=message):
        partition(graph, **options)  # type: ignore[arg-type]
