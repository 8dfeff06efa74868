"""The graph kernels against networkx and definitions."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.kernels import graph

Edges = tuple[list[int], list[int], int]
FEW = settings(max_examples=80, deadline=None)


@st.composite
def graphs(draw: st.DrawFn, max_nodes: int = 12, acyclic: bool = False) -> Edges:
    nodes = draw(st.integers(0, max_nodes))
    if nodes == 0:
        return [], [], 0
    pairs = draw(st.lists(st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)), max_size=3 * nodes))
    if acyclic:
        names = draw(st.permutations(range(nodes)))
        pairs = [(names[min(p)], names[max(p)]) for p in pairs if p[0] != p[1]]
    return [a for a, _ in pairs], [b for _, b in pairs], nodes


def to_networkx(edges: Edges) -> nx.MultiDiGraph:
    g = nx.MultiDiGraph()
    g.add_nodes_from(range(edges[2]))
    g.add_edges_from(zip(edges[0], edges[1], strict=True))
    return g


def behind_cycles(g: nx.MultiDiGraph) -> set[int]:
    """Nodes on a cycle or reached from one."""
    bad: set[int] = set()
    for v in g:
        if g.has_edge(v, v) or any(nx.has_path(g, w, v) for w in g.successors(v)):
            bad |= {v} | nx.descendants(g, v)
    return bad


@FEW
@given(graphs())
def test_csr_groups_edges_in_order_and_transposes(edges: Edges) -> None:
    src, dst, nodes = edges
    out, into = graph.build_csr_both(src, dst, nodes)
    for csr, row, col in ((out, src, dst), (into, dst, src)):
        assert (csr.ptr.dtype, csr.col.dtype, csr.edge.dtype) == (np.int64, np.int32, np.int64)
        for v in range(nodes):
            mine = slice(csr.ptr[v], csr.ptr[v + 1])
            assert csr.edge[mine].tolist() == [e for e, r in enumerate(row) if r == v]
            assert csr.col[mine].tolist() == [c for r, c in zip(row, col, strict=True) if r == v]
    turned = graph.transpose(out)
    assert turned.ptr.tolist() == into.ptr.tolist()
    for v in range(nodes):
        mine = slice(into.ptr[v], into.ptr[v + 1])
        assert sorted(turned.edge[mine].tolist()) == into.edge[mine].tolist()
        assert [src[e] for e in turned.edge[mine].tolist()] == turned.col[mine].tolist()


def test_csr_may_be_bipartite() -> None:
    csr = graph.build_csr([1, 0], [7, 3], 2)
    assert csr.col.tolist() == [3, 7]
    turned = graph.transpose(csr, 8)
    assert turned.ptr.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert turned.col.tolist() == [0, 1]
    assert turned.edge.tolist() == [1, 0]


@FEW
@given(graphs())
def test_levels_are_longest_paths_and_minus_one_behind_cycles(edges: Edges) -> None:
    g = to_networkx(edges)
    bad = behind_cycles(g)
    level = graph.levelize(*edges)
    assert level.dtype == np.int32
    assert {v for v in g if level[v] == -1} == bad
    for v in set(g) - bad:
        assert level[v] == max((level[u] + 1 for u in g.predecessors(v)), default=0)


@FEW
@given(graphs(), st.sampled_from(["level", "dfs"]), st.data())
def test_topological_orders(edges: Edges, priority: str, data: st.DataObject) -> None:
    src, dst, nodes = edges
    cut = np.array(data.draw(st.lists(st.booleans(), min_size=nodes, max_size=nodes)), np.bool_)
    kept = [(s, d) for s, d in zip(src, dst, strict=True) if not cut[d]]
    level = graph.levelize(src, dst, nodes, cut=cut)
    assert level.tolist() == graph.levelize([s for s, _ in kept], [d for _, d in kept], nodes).tolist()
    order = graph.topological_order(src, dst, nodes, priority=priority, cut=cut)  # type: ignore[arg-type]
    assert sorted(order.tolist()) == [v for v in range(nodes) if level[v] >= 0]
    place = {v: i for i, v in enumerate(order.tolist())}
    assert all(place[s] < place[d] for s, d in kept if d in place)
    if priority == "level":
        assert order.tolist() == sorted(place, key=lambda v: (level[v], v))


def test_dfs_order_keeps_cones_together() -> None:
    # Two chains 0-2-4 and 1-3-5: by level they interleave, depth first each stays whole.
    src, dst = [0, 2, 1, 3], [2, 4, 3, 5]
    assert graph.topological_order(src, dst, 6).tolist() == [0, 1, 2, 3, 4, 5]
    assert graph.topological_order(src, dst, 6, priority="dfs").tolist() == [0, 2, 4, 1, 3, 5]


@FEW
@given(graphs())
def test_components_and_cycles(edges: Edges) -> None:
    src, dst, _ = edges
    g = to_networkx(edges)
    component = graph.strongly_connected(*edges)
    mine = {frozenset(np.flatnonzero(component == c).tolist()) for c in range(component.max(initial=-1) + 1)}
    assert mine == {frozenset(c) for c in nx.strongly_connected_components(g)}
    assert all(component[s] <= component[d] for s, d in zip(src, dst, strict=True))
    cycle = graph.find_cycle(*edges).tolist()
    assert (cycle == []) == nx.is_directed_acyclic_graph(g)
    if cycle:
        assert len(set(cycle)) == len(cycle)
        assert all(g.has_edge(a, b) for a, b in zip(cycle, cycle[1:] + cycle[:1], strict=True))
        on_cycle = {v for v in g if g.has_edge(v, v) or any(nx.has_path(g, w, v) for w in g.successors(v))}
        assert cycle[0] == min(on_cycle)
        shortest = min(
            nx.shortest_path_length(g, w, cycle[0]) + 1 for w in g.successors(cycle[0]) if nx.has_path(g, w, cycle[0])
        )
        assert len(cycle) == shortest


def test_cut_opens_loops() -> None:
    assert graph.find_cycle([0, 1], [1, 0], 2).tolist() == [0, 1]
    assert graph.find_cycle([0, 1], [1, 0], 2, cut=[True, False]).size == 0
    assert graph.levelize([0, 1], [1, 0], 2, cut=np.array([1, 0], np.uint8)).tolist() == [0, 1]
    assert graph.strongly_connected([0, 1], [1, 0], 2, cut=[True, False]).tolist() == [0, 1]


def test_long_chains_need_no_recursion() -> None:
    n = 300_000
    src, dst = np.arange(n - 1, dtype=np.int32), np.arange(1, n, dtype=np.int32)
    assert graph.levelize(src, dst, n)[-1] == n - 1
    assert np.array_equal(graph.topological_order(src, dst, n, priority="dfs"), np.arange(n))
    assert np.array_equal(graph.strongly_connected(src, dst, n), np.arange(n))
    ring = graph.find_cycle(np.append(src, n - 1), np.append(dst, 0), n)
    assert np.array_equal(ring, np.arange(n))


def test_empty_graphs() -> None:
    assert graph.build_csr([], [], 0).ptr.tolist() == [0]
    assert graph.levelize([], [], 0).size == graph.topological_order([], [], 0, priority="dfs").size == 0
    assert graph.topological_order([], [], 3, priority="dfs").tolist() == [0, 1, 2]
    assert graph.find_cycle([], [], 3).size == 0
    assert graph.transpose(graph.build_csr([], [], 0)).ptr.tolist() == [0]


def test_misuse_is_refused_in_words() -> None:
    with pytest.raises(IndexError, match="row id lies outside"):
        graph.build_csr([2], [0], 2)
    with pytest.raises(IndexError, match="column id lies outside"):
        graph.build_csr([0], [2], 2, cols=2)
    with pytest.raises(IndexError, match="column id lies outside"):
        graph.build_csr([0], [-1], 2)
    with pytest.raises(ValueError, match="row and col differ in length"):
        graph.build_csr([0, 1], [0], 2)
    with pytest.raises(ValueError, match="rows is negative"):
        graph.build_csr([], [], -1)
    with pytest.raises(IndexError, match="outside the graph"):
        graph.levelize([0], [5], 2)
    with pytest.raises(ValueError, match="src and dst differ in length"):
        graph.find_cycle([0], [], 2)
    with pytest.raises(ValueError, match="one entry a node"):
        graph.levelize([0], [1], 2, cut=[True])
    with pytest.raises(ValueError, match="boolean or uint8 mask"):
        graph.levelize([0], [1], 2, cut=np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="priority must be"):
        graph.topological_order([0], [1], 2, priority="bfs")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must not fall"):
        graph.transpose(graph.Csr(np.array([0, 2, 1, 2]), np.zeros(2, np.int32), np.arange(2)))
    with pytest.raises(ValueError, match="must run from 0"):
        graph.transpose(graph.Csr(np.array([0, 1, 1]), np.zeros(2, np.int32), np.arange(2)))
