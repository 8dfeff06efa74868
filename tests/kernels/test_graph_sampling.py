"""Cones, windows, neighbour samples and induced subgraphs against definitions and networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.kernels import graph
from tests.kernels.test_graph import Edges, graphs, to_networkx

FEW = settings(max_examples=80, deadline=None)


def fanin_rows(edges: Edges) -> graph.Csr:
    return graph.build_csr_both(*edges)[1]


def some_nodes(data: st.DataObject, nodes: int, unique: bool = False) -> list[int]:
    if nodes == 0:
        return []
    return data.draw(st.lists(st.integers(0, nodes - 1), max_size=5, unique=unique))


@FEW
@given(graphs(), st.lists(st.integers(-1, 3), max_size=3), st.booleans(), st.booleans(), st.data())
def test_samples_are_subgraphs_of_the_right_size(
    edges: Edges, fanouts: list[int], replace: bool, disjoint: bool, data: st.DataObject
) -> None:
    src, dst, nodes = edges
    seeds = some_nodes(data, nodes)
    options = {"seed": data.draw(st.integers(0, 2**64 - 1)), "replace": replace, "disjoint": disjoint}
    s = graph.neighbour_sample(fanin_rows(edges), seeds, fanouts, **options)  # type: ignore[arg-type]
    assert all(array.dtype == np.int64 for array in s)
    assert s.node[: len(seeds)].tolist() == seeds
    assert s.num_sampled_nodes.sum() == len(s.node)
    assert s.num_sampled_edges.sum() == len(s.edge) == len(s.row) == len(s.col)
    assert [src[e] for e in s.edge] == s.node[s.row].tolist()
    assert [dst[e] for e in s.edge] == s.node[s.col].tolist()
    # Beyond the seeds no node comes twice (in a tree, when disjoint).
    tree = s.batch.tolist() if disjoint else [0] * len(s.node)
    assert len(tree) == len(s.node)
    found = list(zip(tree, s.node.tolist(), strict=True))
    assert len(set(found[len(seeds) :])) == len(found) - len(seeds)
    assert not set(found[len(seeds) :]) & set(found[: len(seeds)])
    if disjoint:
        assert np.array_equal(s.batch[s.row], s.batch[s.col])
    # Every node found in one hop is expanded in the next, and takes what its fanout allows.
    first, at = 0, 0
    for hop, fanout in enumerate(fanouts):
        last, end = int(s.num_sampled_nodes[: hop + 1].sum()), int(s.num_sampled_edges[: hop + 1].sum())
        assert np.all((s.col[at:end] >= first) & (s.col[at:end] < last))
        for i in range(first, last):
            mine = s.edge[at:end][s.col[at:end] == i].tolist()
            degree = dst.count(int(s.node[i]))
            if replace and fanout >= 0:
                assert len(mine) == (fanout if degree else 0)
            else:
                assert len(set(mine)) == len(mine) == (degree if fanout < 0 else min(fanout, degree))
        first, at = last, end
    again = graph.neighbour_sample(fanin_rows(edges), seeds, fanouts, **options)  # type: ignore[arg-type]
    assert all(np.array_equal(a, b) for a, b in zip(s, again, strict=True))


@pytest.mark.parametrize(("degree", "fanout"), [(10, 3), (200, 100)])
@pytest.mark.parametrize("replace", [False, True])
def test_samples_are_uniform(degree: int, fanout: int, replace: bool) -> None:
    csr = graph.build_csr([0] * degree, range(1, degree + 1), degree + 1)
    draws = 4000
    counts = np.zeros(degree)
    for seed in range(draws):
        edge = graph.neighbour_sample(csr, [0], [fanout], seed=seed, replace=replace).edge
        counts += np.bincount(edge, minlength=degree)
    p = fanout / degree
    spread = np.sqrt(draws * p * (1 - (0 if replace else p)))
    assert np.abs(counts - draws * p).max() < 5 * spread


def test_unlimited_samples_reach_the_whole_fan_in() -> None:
    g = nx.gnp_random_graph(60, 0.03, seed=3, directed=True)
    src, dst = np.array(g.edges, np.int32).T
    csr = graph.build_csr_both(src, dst, 60)[1]
    s = graph.neighbour_sample(csr, [5], [-1] * 60)
    assert set(s.node.tolist()) == {5} | nx.ancestors(g, 5)


@FEW
@given(graphs(), st.integers(-1, 4), st.integers(-1, 8), st.data())
def test_cones_are_breadth_first(edges: Edges, max_depth: int, max_nodes: int, data: st.DataObject) -> None:
    seeds = some_nodes(data, edges[2])
    stop = np.array(data.draw(st.lists(st.booleans(), min_size=edges[2], max_size=edges[2])), np.bool_)
    found = graph.cone(fanin_rows(edges), seeds, max_depth=max_depth, max_nodes=max_nodes, stop=stop)
    g = to_networkx(edges).reverse()
    g.remove_edges_from([(u, v) for u, v in list(g.edges()) if stop[u] and u not in seeds])
    distance: dict[int, int] = {}
    for s in seeds:
        for v, d in nx.single_source_shortest_path_length(g, s).items():
            distance[v] = min(d, distance.get(v, d))
    want = sorted(d for d in distance.values() if max_depth < 0 or d <= max_depth)
    assert found.depth.tolist() == (want if max_nodes < 0 else want[:max_nodes])
    assert all(distance[v] == d for v, d in zip(found.nodes.tolist(), found.depth.tolist(), strict=True))
    assert len(set(found.nodes.tolist())) == len(found.nodes)


@FEW
@given(graphs(), st.integers(0, 3), st.data())
def test_windows_join_both_cones(edges: Edges, levels: int, data: st.DataObject) -> None:
    seeds = some_nodes(data, edges[2])
    fanout, fanin = graph.build_csr_both(*edges)
    before = graph.cone(fanin, seeds, max_depth=levels)
    after = graph.cone(fanout, seeds, max_depth=levels)
    both = graph.window(fanin, fanout, seeds, levels)
    assert sorted(both.nodes.tolist()) == sorted({*before.nodes.tolist(), *after.nodes.tolist()})
    back = dict(zip(before.nodes.tolist(), before.depth.tolist(), strict=True))
    ahead = dict(zip(after.nodes.tolist(), after.depth.tolist(), strict=True))
    for v, d in zip(both.nodes.tolist(), both.depth.tolist(), strict=True):
        assert abs(d) == min(back.get(v, 99), ahead.get(v, 99))
        assert (back if d <= 0 else ahead)[v] == abs(d)
    assert np.all(np.diff(np.abs(both.depth)) >= 0)


@FEW
@given(graphs(), st.data())
def test_induced_subgraphs(edges: Edges, data: st.DataObject) -> None:
    src, dst, nodes = edges
    chosen = some_nodes(data, nodes, unique=True)
    s = graph.induced_subgraph(fanin_rows(edges), chosen)
    inside = [e for e in range(len(src)) if src[e] in chosen and dst[e] in chosen]
    assert sorted(s.edge.tolist()) == inside
    assert [chosen[r] for r in s.row] == [src[e] for e in s.edge]
    assert [chosen[c] for c in s.col] == [dst[e] for e in s.edge]


def test_misuse_is_refused_in_words() -> None:
    csr = graph.build_csr([0, 1], [1, 0], 2)
    broken = csr._replace(col=np.array([1, 7], np.int32))
    falling = csr._replace(ptr=np.array([0, 5, 2]))
    for walk in (
        lambda c, s: graph.neighbour_sample(c, s, [-1, -1]),
        lambda c, s: graph.cone(c, s),
        lambda c, s: graph.induced_subgraph(c, s),
    ):
        with pytest.raises(IndexError, match="id lies outside the graph"):
            walk(csr, [2])
        with pytest.raises(IndexError, match="column id lies outside the graph"):
            walk(broken, [0, 1])
        with pytest.raises(ValueError, match="ptr must rise"):
            walk(falling, [0])
        with pytest.raises(ValueError, match="at least one entry"):
            walk(csr._replace(ptr=np.empty(0, np.int64)), [])
    with pytest.raises(ValueError, match="edge and col differ"):
        graph.neighbour_sample(csr._replace(edge=np.array([0])), [0], [1])
    with pytest.raises(ValueError, match="fanout must be"):
        graph.neighbour_sample(csr, [0], [-2])
    with pytest.raises(ValueError, match="seed must lie between"):
        graph.neighbour_sample(csr, [0], [1], seed=2**64)
    with pytest.raises(ValueError, match="listed twice"):
        graph.induced_subgraph(csr, [1, 1])
    with pytest.raises(ValueError, match="levels must be 0 or more"):
        graph.window(csr, csr, [0], -1)
    with pytest.raises(ValueError, match="different numbers of rows"):
        graph.window(csr, graph.build_csr([], [], 3), [0], 1)
