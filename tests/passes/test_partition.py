"""The optimised partition, its halos and frontiers, against plain Python."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.circuits import generate
from hwdesign.errors import LimitError, LoopError, NetlistError
from hwdesign.netlist import Builder, Netlist, gate
from hwdesign.passes import flatten, frontiers, halos, partition
from hwdesign.passes._hilbert import hilbert_keys
from tests.strategies import hierarchical_netlists

_SETTINGS = settings(max_examples=40, deadline=None)


def families(size: int) -> dict[str, tuple[int, np.ndarray]]:
    """Number of nodes and edges, int64[2, E], of graphs of every simple shape, `size` nodes each or nearly so."""
    node = np.arange(size)
    wide = max(1, size // 3)
    layers = [(a, b) for a, b in itertools.product(range(3 * wide), repeat=2) if b // wide == a // wide + 1]
    none = np.zeros((2, 0), np.int64)
    return {
        "empty": (0, none),
        "one node": (1, none),
        "no edge": (size, none),
        "path": (size, np.stack([node[:-1], node[1:]])),
        "star out": (size, np.stack([0 * node[1:], node[1:]])),
        "star in": (size, np.stack([node[:-1], 0 * node[1:] + size - 1])),
        "tree out": (size, np.stack([(node[1:] - 1) // 2, node[1:]])),
        "tree in": (size, np.stack([node[1:], (node[1:] - 1) // 2])),
        "complete bipartite layers": (3 * wide, np.array(layers, np.int64).reshape(-1, 2).T),
    }


@st.composite
def dags(draw: st.DrawFn) -> tuple[int, np.ndarray]:
    """Number of nodes and edges, int64[2, E], of a graph of a simple shape or of none, under shuffled numbers."""
    size = draw(st.integers(1, 40))
    kind = draw(st.sampled_from(["random", "random", *families(1)]))
    if kind == "random":
        pairs = draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=90))
        edges = [(min(p), max(p)) for p in pairs if p[0] != p[1]]
        nodes, found = size, np.array(edges, np.int64).reshape(-1, 2).T
    else:
        nodes, found = families(size)[kind]
    names = np.array(draw(st.permutations(range(nodes))), np.int64)
    return nodes, names[found]


@_SETTINGS
@given(dags(), st.integers(1, 8), st.floats(0, 0.4), st.sampled_from(["fast", "default", "high"]))
def test_bounds_and_figures(dag: tuple[int, np.ndarray], parts: int, imbalance: float, effort: str) -> None:
    nodes, edges = dag
    found = partition(edges, parts=parts, imbalance=imbalance, num_nodes=nodes, effort=effort)  # type: ignore[arg-type]
    assert min(1, nodes) <= found.parts <= min(parts, nodes)
    assert sorted(found.order.tolist()) == list(range(nodes))
    assert (np.diff(found.part[found.order]) >= 0).all() and (np.bincount(found.part) > 0).all()
    place = {node: at for at, node in enumerate(found.order.tolist())}
    left, right = found.part[edges[0]], found.part[edges[1]]
    assert (left <= right).all() and found.order_violations == 0
    assert all(place[a] < place[b] for a, b in edges.T.tolist())
    count = max(1, min(parts, nodes))
    assert found.weights.max(initial=0) <= max(-(-nodes // count), nodes / count * (1 + imbalance) + 1e-6)
    pairs = edges.T.tolist()
    assert (found.edges, found.cut_edges) == (len(pairs), sum(found.part[a] != found.part[b] for a, b in pairs))
    readers = {(a, found.part[b]) for a, b in pairs if found.part[a] != found.part[b]}
    assert (found.volume, found.cut_nets) == (len(readers), len({a for a, _ in readers}))


@_SETTINGS
@given(dags(), st.integers(0, 1000), st.integers(2, 5))
def test_weights_of_any_kind(dag: tuple[int, np.ndarray], seed: int, parts: int) -> None:
    nodes, edges = dag
    weights = np.random.default_rng(seed).random(nodes) / 3
    found = partition(edges, parts=parts, weights=weights, num_nodes=nodes)
    assert found.weights == pytest.approx([weights[found.nodes_of(p)].sum() for p in range(found.parts)])
    again = partition(edges, parts=parts, weights=weights * 64, num_nodes=nodes, threads=2)
    assert (again.part == found.part).all()  # a power of two changes no rounding


@pytest.mark.parametrize("kind", list(families(1)))
def test_more_parts_than_nodes_leave_no_part_empty(kind: str) -> None:
    nodes, edges = families(9)[kind]
    found = partition(edges, parts=100, num_nodes=nodes)
    assert (found.parts, sorted(found.part.tolist())) == (nodes, list(range(nodes)))
    assert (found.cut_edges, found.imbalance) == (edges.shape[1], 0)
    assert len(frontiers(found)) == len(list(halos(found, 2))) == nodes


@_SETTINGS
@given(dags(), st.integers(1, 6), st.integers(0, 100), st.sampled_from([np.int32, np.int64, np.uint32, np.uint64]))
def test_a_seed_tells_all(dag: tuple[int, np.ndarray], parts: int, seed: int, kind: type[np.integer]) -> None:
    nodes, edges = dag
    one = partition(edges, parts=parts, num_nodes=nodes, seed=seed)
    two = partition(edges.astype(kind), parts=parts, num_nodes=nodes, seed=seed, threads=2)
    assert (one.part == two.part).all() and (one.order == two.order).all()


@_SETTINGS
@given(dags(), st.integers(1, 6), st.integers(0, 3))
def test_halos_and_frontiers(dag: tuple[int, np.ndarray], parts: int, levels: int) -> None:
    nodes, edges = dag
    found = partition(edges, parts=parts, num_nodes=nodes)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(edges.T.tolist())
    place = {node: at for at, node in enumerate(found.order.tolist())}
    views = list(halos(found, levels))
    assert [view.part for view in views] == list(range(found.parts))
    for view, frontier in zip(views, frontiers(found), strict=True):
        own = set(np.flatnonzero(found.part == view.part).tolist())
        assert set(view.nodes[view.owned].tolist()) == own
        near = set(own)
        for walk in (graph, graph.reverse()):
            reached = nx.multi_source_dijkstra_path_length(walk, own, cutoff=levels, weight=lambda *_: 1)
            near |= set(reached)
        assert set(view.nodes.tolist()) == near
        assert [place[n] for n in view.nodes.tolist()] == sorted(place[n] for n in near)
        assert (found.src[view.edge] == view.nodes[view.edges[0]]).all()
        assert (found.dst[view.edge] == view.nodes[view.edges[1]]).all()
        assert len(view.edge) == sum(a in near and b in near for a, b in edges.T.tolist())
        read = {a for a, b in edges.T.tolist() if found.part[b] == view.part != found.part[a]}
        assert frontier.tolist() == sorted(read, key=place.__getitem__)


@_SETTINGS
@given(dags(), st.integers(5, 40), st.integers(0, 2), st.sampled_from(["edge", "net", "volume"]))
def test_size_bound_counts_the_halo(dag: tuple[int, np.ndarray], size: int, levels: int, objective: str) -> None:
    nodes, edges = dag
    try:
        found = partition(edges, max_size=size, halo=levels, num_nodes=nodes, objective=objective)  # type: ignore[arg-type]
    except NetlistError:
        # Even single nodes have halos too large: some must then be larger than the bound by itself.
        single = partition(edges, max_size=1, order="dfs", num_nodes=nodes)
        assert max(len(view.nodes) for view in halos(single, levels)) > size
        return
    assert all(len(view.nodes) <= size for view in halos(found, levels))


@_SETTINGS
@given(hierarchical_netlists(), st.integers(1, 5))
def test_netlists(netlist: Netlist, parts: int) -> None:
    found = partition(netlist, parts=parts)
    assert (found.part == partition(netlist.top_module, parts=parts).part).all()
    assert found.order_violations == 0 and len(found.part) == netlist.top_module.num_cells


def test_a_long_path_through_a_shuffled_numbering() -> None:
    name = np.random.default_rng(0).permutation(500)
    found = partition(np.stack([name[:-1], name[1:]]), parts=5)
    assert (found.parts, found.cut_edges, found.weights.max() <= 103) == (5, 4, True)


def layered(levels: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges between neighbouring levels of grids, each to a near place, and where the nodes lie."""
    rng = np.random.default_rng(seed)
    place = np.stack(np.unravel_index(np.tile(np.arange(side * side), levels), (side, side)), axis=1)
    source = rng.integers(0, (levels - 1) * side * side, 4 * levels * side * side)
    near = np.clip(place[source] + rng.integers(-1, 2, (len(source), 2)), 0, side - 1)
    target = (source // (side * side) + 1) * side * side + near[:, 0] * side + near[:, 1]
    name = rng.permutation(levels * side * side)
    positions = np.empty((len(name), 2))
    positions[name] = place
    return name[np.stack([source, target])], positions


def test_positions_show_a_cut_that_edges_hide() -> None:
    edges, positions = layered(4, 30, 0)
    plain, placed = (partition(edges, parts=8, effort="fast", positions=at) for at in (None, positions))
    assert placed.order_violations == 0 and placed.weights.max() <= 463
    assert placed.cut_edges < 0.7 * plain.cut_edges
    same = partition(edges, parts=8, effort="fast", positions=positions * 2.0**1000)
    assert (same.part == placed.part).all()
    nowhere = partition(edges, parts=8, effort="fast", positions=np.zeros_like(positions))
    assert nowhere.cut_edges <= plain.cut_edges


def test_hilbert_neighbours_are_neighbours() -> None:
    side = 16
    places = np.stack(np.unravel_index(np.arange(side * side), (side, side)), axis=1)
    walk = places[np.argsort(hilbert_keys(places.astype(float)))]
    assert (np.abs(np.diff(walk, axis=0)).sum(axis=1) == 1).all()
    assert hilbert_keys(np.zeros((0, 2))).shape == (0,)


def test_objectives_on_a_multiplier() -> None:
    netlist = generate("multiplier-array", width=16)
    found = {objective: partition(netlist, parts=6, objective=objective) for objective in ("edge", "net", "volume")}
    assert all(p.order_violations == 0 for p in found.values())
    assert found["net"].cut_nets < found["edge"].cut_nets
    assert found["volume"].volume < found["edge"].volume


def test_condensed_cycles_with_positions() -> None:
    ring = np.arange(60).reshape(12, 5)
    src = np.concatenate([ring.ravel(), ring[:-1, 0]])
    dst = np.concatenate([np.roll(ring, -1, axis=1).ravel(), ring[1:, 2]])
    at = np.stack([np.arange(60.0), np.zeros(60)], axis=1)
    found = partition(np.stack([src, dst]), parts=3, condense=True, positions=at, objective="net")
    assert (found.part.reshape(12, 5) == found.part.reshape(12, 5)[:, :1]).all() and found.cut_nets == 2


def test_condensed_cycles_stay_whole() -> None:
    # Twenty rings of five nodes in a row.
    rings = np.arange(100).reshape(20, 5)
    src = np.concatenate([rings.ravel(), rings[:-1, 0]])
    dst = np.concatenate([np.roll(rings, -1, axis=1).ravel(), rings[1:, 2]])
    with pytest.raises(LoopError, match="the graph has a cycle of 5 nodes: 0 -> 1 -> 2 -> 3 -> 4 -> 0"):
        partition(np.stack([src, dst]), parts=4)
    found = partition(np.stack([src, dst]), parts=4, condense=True)
    assert (found.part.reshape(20, 5) == found.part.reshape(20, 5)[:, :1]).all()
    assert (found.cut_edges, found.order_violations, found.weights.tolist()) == (3, 0, [25.0] * 4)
    assert (np.diff(found.part[found.order]) >= 0).all()


def test_clocked_netlists() -> None:
    b = Builder("top")
    q = b.top.net("q")
    b.top.cell(gate("DFF"), [b.top.gate("NOT", q, name="inv"), b.top.input("c"), q], name="r")
    module = b.freeze().top_module
    assert partition(module, parts=2).part.tolist() == [1, 0]
    with pytest.raises(LoopError, match="inv -> r -> inv"):
        partition(module, parts=2, cut_registers=False)
    assert partition(module, parts=2, cut_registers=False, condense=True).part.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parts": 2, "imbalance": -0.1}, "imbalance must be a finite number, 0 or more, not -0.1"),
        ({"parts": 2, "imbalance": np.inf}, "imbalance must be a finite number, 0 or more, not inf"),
        ({"parts": 2, "imbalance": np.nan}, "imbalance must be a finite number, 0 or more, not nan"),
        ({"parts": 2, "imbalance": "much"}, "imbalance must be a number, not 'much'"),
        ({"parts": 2, "seed": -1}, "seed must be from 0 to 18446744073709551615, not -1"),
        ({"parts": 2, "seed": 1 << 64}, "seed must be from 0 to 18446744073709551615, not 18446744073709551616"),
        ({"parts": 2, "threads": 0}, "threads must be from 1 to 1024, not 0"),
        ({"parts": 2, "threads": 10**17}, "threads must be from 1 to 1024, not 100000000000000000"),
        ({"parts": 2, "threads": 1.5}, "threads must be an integer, not 1.5"),
        ({"parts": 2.5}, "parts must be an integer, not 2.5"),
        ({"max_size": 0}, "max_size must be greater than 0, not 0"),
        ({"max_size": 2, "halo": -1}, "halo must be 0 or more, not -1"),
        ({"parts": 2, "num_nodes": -1}, "num_nodes must be from 0 to 2147483647, not -1"),
        ({"parts": 2, "num_nodes": 1 << 31}, "num_nodes must be from 0 to 2147483647, not 2147483648"),
        ({"parts": 2, "weights": [1e308] * 3}, "the weights add up to more than a float can hold; scale them down"),
        ({"parts": 2, "weights": ["a"] * 3}, "the weights must be 3 finite numbers, none negative"),
        ({"parts": 2, "effort": "best"}, "the effort is 'fast', 'default' or 'high', not 'best'"),
        ({"parts": 2, "order": "bfs"}, "the order is 'dfs' or 'level', not 'bfs'"),
        ({"parts": 2, "objective": "cut"}, "the objective is 'edge', 'net' or 'volume', not 'cut'"),
        ({"parts": 2, "positions": [[0, 0]]}, r"the positions must be finite numbers of the shape \(3, 2\)"),
        ({"parts": 2, "positions": [[0, np.nan]] * 3}, r"the positions must be finite numbers of the shape \(3, 2\)"),
        ({"parts": 2, "order": "dfs", "objective": "net"}, "slices of an order take neither objective nor positions"),
        ({"parts": 2, "halo": 1}, "a halo counts towards the parts' greatest size; give max_size"),
        ({"max_size": 1, "halo": 1}, "no part size was found for which parts with 1 levels of halo weigh at most 1"),
    ],
)
def test_requests_that_make_no_sense(options: dict[str, object], message: str) -> None:
    with pytest.raises(NetlistError, match=message):
        partition(np.array([[0, 1], [1, 2]]), **options)  # type: ignore[arg-type]


def test_bounds_beyond_all_weight() -> None:
    chain = np.array([[0, 1], [1, 2]])
    for options in ({"parts": 2, "imbalance": 1e300}, {"max_size": np.inf}, {"max_size": 1e300, "halo": 10**12}):
        assert partition(chain, **options).part.tolist() == [0, 0, 0]  # type: ignore[arg-type]
    assert partition(chain, parts=3, weights=[5e-324] * 3).part.tolist() == [0, 1, 2]


@pytest.mark.parametrize("last", [(1 << 20) + 4, (1 << 31) - 2, 1 << 40, (1 << 64) - 1])
def test_a_stray_node(last: int) -> None:
    edges = np.array([[0], [last]], np.uint64)
    with pytest.raises(LimitError) as error:
        partition(edges, parts=2)
    assert str(error.value) == (
        f"the edges name a node {last}, but one edge joins no more than 2 nodes; "
        "number the nodes from 0 without gaps, or say how many there are"
    )


def test_isolated_nodes_may_be_many() -> None:
    last = (1 << 20) + 4
    assert len(partition(np.array([[0], [last]]), parts=2, num_nodes=last + 1, order="level").part) == last + 1
    assert len(partition(np.array([[0], [last - 1]]), parts=2, order="level").part) == last


def test_edges_that_are_none() -> None:
    for edges in ([[0, 1], [2]], [["a"], ["b"]], None):
        with pytest.raises(NetlistError, match=r"the edges must be an integer array of the shape \(2, E\)"):
            partition(edges, parts=1)  # type: ignore[arg-type]
    with pytest.raises(LoopError, match="the graph has a cycle of 1 node: 3 -> 3; remove one of its edges"):
        partition(np.array([[3], [3]]), parts=1)


def _instances(*pins: tuple[str, str]) -> Netlist:
    """Instances of a module of two gates, the first from one net to another as said, the second reading the latter."""
    b = Builder("t", file="t.v")
    s = b.module("s")
    for k in range(2):
        s.output(f"y{k}", s.gate("NOT", s.input(f"a{k}"), name=f"g{k}"))
    for k, (read, written) in enumerate(pins):
        held = {"a0": b.top.net(read), "y0": b.top.net(written), "a1": b.top.net(written)}
        b.top.cell(s.as_type(), held, name=f"u{k}", line=5 + k)
    return b.freeze()


def test_an_instance_is_one_cell() -> None:
    netlist = _instances(("x", "y"), ("y", "z"))
    assert partition(netlist, parts=2, condense=True).part.tolist() == [0, 1]
    with pytest.raises(LoopError) as error:
        partition(netlist, parts=2)
    assert str(error.value) == (
        "t.v:5: module 't' has a loop of 1 cell: u0 -> u0; "
        "flatten the hierarchy, which may open it, or condense loops to keep each whole"
    )
    found = partition(flatten(netlist), parts=2)
    assert (found.order_violations, len(found.part)) == (0, 4)


def test_a_module_that_contains_itself() -> None:
    b = Builder("t", file="t.v")
    b.top.cell(b.top.as_type(), {}, name="u")
    b.top.gate("NOT", b.top.input("a"))
    with pytest.raises(NetlistError, match=r"t.v: module 't' contains itself: t -> t; break the recursion"):
        partition(b.freeze(), parts=1)


def test_levels_of_a_halo() -> None:
    found = partition(np.array([[0], [1]]), parts=2)
    with pytest.raises(NetlistError, match="levels must be 0 or more, not -1"):
        next(halos(found, -1))
    with pytest.raises(NetlistError, match=r"levels must be an integer, not 0\.5"):
        next(halos(found, 0.5))  # type: ignore[arg-type]
    assert [view.nodes.tolist() for view in halos(found, 10**12)] == [[0, 1], [0, 1]]
