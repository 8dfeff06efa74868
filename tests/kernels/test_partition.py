"""The order-preserving partitioner: order, bounds, determinism, quality on graphs whose best cut is known."""

from __future__ import annotations

import signal
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.kernels import partition_order
from hwdesign.kernels.partition import Effort

EFFORTS: tuple[Effort, ...] = ("fast", "default", "high")


def random_dag(nodes: int, edges: int, seed: int, reach: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Random forward edges under a shuffled numbering, none longer than `reach`."""
    rng = np.random.default_rng(seed)
    if nodes < 2:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    left = rng.integers(0, nodes - 1, edges)
    right = np.minimum(left + rng.integers(1, (reach or nodes) + 1, edges), nodes - 1)
    name = rng.permutation(nodes)
    return name[left].astype(np.int32), name[right].astype(np.int32)


def check(part: np.ndarray, src: np.ndarray, dst: np.ndarray, nodes: int, parts: int) -> None:
    assert part.shape == (nodes,) and part.dtype == np.int32
    assert ((part >= 0) & (part < parts)).all()
    assert (part[src] <= part[dst]).all()


@settings(max_examples=60, deadline=None)
@given(
    nodes=st.integers(0, 300),
    density=st.floats(0, 4),
    seed=st.integers(0, 1000),
    parts=st.integers(1, 9),
    slack=st.floats(0, 0.5),
    effort=st.sampled_from(EFFORTS),
)
def test_order_and_bound_hold(nodes: int, density: float, seed: int, parts: int, slack: float, effort: Effort) -> None:
    src, dst = random_dag(nodes, int(density * nodes), seed)
    cap = max(-(-nodes // parts), int(nodes / parts * (1 + slack)))
    part = partition_order(src, dst, nodes, parts, cap, effort=effort, seed=seed)
    check(part, src, dst, nodes, parts)
    assert np.bincount(part, minlength=parts).max() <= cap


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), parts=st.integers(2, 6), heavy=st.integers(1, 1000))
def test_weights_bind_as_far_as_a_slicing_can(seed: int, parts: int, heavy: int) -> None:
    nodes = 120
    src, dst = random_dag(nodes, 250, seed)
    weight = np.random.default_rng(seed).integers(0, 10, nodes)
    weight[seed % nodes] = heavy
    total = int(weight.sum())
    cap = int(1.1 * total / parts) + 1
    part = partition_order(src, dst, nodes, parts, cap, weight=weight, seed=seed)
    check(part, src, dst, nodes, parts)
    load = np.bincount(part, weights=weight, minlength=parts)
    # First-fit on any order needs no more than twice the mean and the heaviest node.
    assert load.max() <= max(cap, 2 * total / parts + weight.max())


def test_seed_and_threads() -> None:
    # Large enough for the parallel halves and domains (20,000 nodes), and for several tries side by side.
    nodes, parts, cap = 21000, 6, 3600
    src, dst = random_dag(nodes, 30000, 5, reach=100)
    one, two = (partition_order(src, dst, nodes, parts, cap, seed=3, threads=threads) for threads in (1, 3))
    assert (one == two).all()
    check(one, src, dst, nodes, parts)
    other = partition_order(src, dst, nodes, parts, cap, seed=4, threads=2)
    check(other, src, dst, nodes, parts)
    assert (other != one).any()


def test_one_try_with_threads() -> None:
    src, dst = random_dag(40000, 90000, 6, reach=400)
    one, two = (partition_order(src, dst, 40000, 8, 5200, effort="fast", threads=t) for t in (1, 2))
    assert (one == two).all()


@pytest.mark.parametrize("effort", EFFORTS)
def test_path_is_cut_once_a_border(effort: Effort) -> None:
    nodes, parts = 1000, 4
    name = np.random.default_rng(1).permutation(nodes).astype(np.int32)
    part = partition_order(name[:-1], name[1:], nodes, parts, 250, effort=effort)
    assert (part[name] == np.arange(nodes) // 250).all()


def test_independent_chains_are_not_cut() -> None:
    chains, length = 8, 50
    node = np.random.default_rng(2).permutation(chains * length).reshape(chains, length)
    src, dst = node[:, :-1].ravel(), node[:, 1:].ravel()
    part = partition_order(src, dst, chains * length, 4, 100, effort="high")
    assert (part[src] == part[dst]).all()


def test_tree_and_star() -> None:
    nodes = 255
    child = np.arange(1, nodes)
    parent = (child - 1) // 2
    part = partition_order(child, parent, nodes, 4, 66)  # towards the root, as logic runs
    check(part, child, parent, nodes, 4)
    assert (part[child] != part[parent]).sum() <= 12
    hub = np.zeros(99, np.int32)
    part = partition_order(hub, np.arange(1, 100), 100, 4, 25)
    assert part[0] == 0 and (part[1:] != 0).sum() == 75


def test_complete_layers() -> None:
    layers, width = 6, 10
    node = np.arange(layers * width).reshape(layers, width)
    src = np.concatenate([np.repeat(node[i], width) for i in range(layers - 1)])
    dst = np.concatenate([np.tile(node[i + 1], width) for i in range(layers - 1)])
    part = partition_order(src, dst, layers * width, 3, 20)
    check(part, src, dst, layers * width, 3)
    assert (part[src] != part[dst]).sum() == 2 * width * width  # between layers 1 and 2, and 3 and 4


def test_edge_weights_steer_the_cut() -> None:
    nodes = 40
    src = np.arange(nodes - 1)
    weight = np.full(nodes - 1, 100)
    weight[17] = 1
    part = partition_order(src, src + 1, nodes, 2, 24, edge_weight=weight)
    assert (part == (np.arange(nodes) > 17)).all()


def test_edges_that_are_listed_twice_weigh_twice() -> None:
    path = np.arange(19)
    src = np.concatenate([path, path[:12], path[13:]])
    part = partition_order(src, src + 1, 20, 2, 14)
    assert (part == (np.arange(20) > 12)).all()


def test_small_and_degenerate() -> None:
    nothing = np.zeros(0, np.int32)
    assert partition_order(nothing, nothing, 0, 3, 1).shape == (0,)
    assert partition_order(nothing, nothing, 1, 3, 1).tolist() in ([0], [1], [2])
    part = partition_order([0, 1], [1, 2], 3, 8, 1)  # more parts than nodes: some are empty
    assert part[0] < part[1] < part[2]
    assert partition_order([0], [1], 2, 1, 2).tolist() == [0, 0]


def test_refusals() -> None:
    with pytest.raises(ValueError, match="the graph has a cycle"):
        partition_order([0, 1, 2], [1, 2, 1], 3, 2, 2)
    with pytest.raises(ValueError, match="the graph has a cycle"):
        partition_order([0], [0], 1, 2, 2)
    with pytest.raises(IndexError, match="an edge's node id lies outside the graph"):
        partition_order([0], [7], 3, 2, 2)
    with pytest.raises(ValueError, match="effort must be 'fast', 'default' or 'high', not 'best'"):
        partition_order([0], [1], 2, 2, 2, effort="best")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="weight holds a negative value"):
        partition_order([0], [1], 2, 2, 2, weight=[1, -1])
    with pytest.raises(ValueError, match="an edge's weight is negative"):
        partition_order([0], [1], 2, 2, 2, edge_weight=[-1])
    with pytest.raises(ValueError, match="lies outside its range"):
        partition_order([0], [1], 2, 0, 2)


class WakeError(Exception):
    """What the signal's handler raises."""


@pytest.mark.parametrize("effort", ["default", "high"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_signal_ends_a_long_run(threads: int, effort: Effort) -> None:
    def wake(number: int, frame: object) -> None:
        raise WakeError

    nodes = 1_000_000 if effort == "default" else 100_000  # either takes more than two seconds of CPU time
    src, dst = random_dag(nodes, 3 * nodes, 7, reach=400)
    old = signal.signal(signal.SIGALRM, wake)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    start = time.process_time()
    try:
        with pytest.raises(WakeError):
            partition_order(src, dst, nodes, 64, nodes // 50, effort=effort, threads=threads)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert time.process_time() - start < 1
