"""Objectives of the partitioner: gains against a recount, and each objective best at its own figure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.kernels import move_gains, partition_order
from hwdesign.kernels.partition import Objective
from tests.kernels.test_partition import check, random_dag

OBJECTIVES: tuple[Objective, ...] = ("edge", "net", "volume")


def cost(part: np.ndarray, src: np.ndarray, dst: np.ndarray, objective: Objective) -> int:
    crossing = part[src] != part[dst]
    if objective == "edge":
        return int(crossing.sum())
    reached = {(int(u), int(p)) for u, p in zip(src[crossing], part[dst[crossing]], strict=True)}
    return len(reached) if objective == "volume" else len({u for u, _ in reached})


@settings(max_examples=60, deadline=None)
@given(
    nodes=st.integers(2, 60),
    density=st.floats(0.5, 3),
    hub=st.booleans(),
    parts=st.integers(2, 6),
    seed=st.integers(0, 10000),
    objective=st.sampled_from(OBJECTIVES),
)
def test_gains_equal_a_recount(
    nodes: int, density: float, hub: bool, parts: int, seed: int, objective: Objective
) -> None:
    src, dst = random_dag(nodes, int(density * nodes), seed)
    if hub:  # a net large enough for a row of counters
        leaves = np.arange(nodes, nodes + 40)
        src, dst = np.concatenate([src, np.full(40, dst[0])]), np.concatenate([dst, leaves])
        nodes += 40
    keep = src != dst
    src, dst = src[keep], dst[keep]
    rng = np.random.default_rng(seed)
    part = partition_order(src, dst, nodes, parts, nodes, effort="fast", seed=seed)
    moved, node, to = part.copy(), [], []
    for v in rng.integers(0, nodes, 30):
        low = max(moved[src[dst == v]], default=0)
        high = min(moved[dst[src == v]], default=parts - 1)
        node.append(v)
        to.append(int(rng.integers(low, high + 1)))
        moved[v] = to[-1]
    gains, after = move_gains(src, dst, part, parts, node, to, objective=objective)
    assert (after == moved).all()
    step = part.copy()
    for v, p, gain in zip(node, to, gains, strict=True):
        before = cost(step, src, dst, objective)
        step[v] = p
        assert gain == before - cost(step, src, dst, objective)


@pytest.mark.parametrize("seed", range(2))
def test_each_objective_is_best_at_its_own_figure(seed: int) -> None:
    # A grid of cells, as an array multiplier has, whose rows and columns are each read from one driver.
    side = 30
    cell = np.arange(side * side).reshape(side, side) + 2 * side
    row, column = np.arange(side), side + np.arange(side)
    src = np.concatenate([np.repeat(row, side), np.tile(column, side), cell[:-1].ravel(), cell[:, :-1].ravel()])
    dst = np.concatenate([cell.ravel(), cell.ravel(), cell[1:].ravel(), cell[:, 1:].ravel()])
    nodes = side * side + 2 * side
    cap = int(1.05 * nodes / 8)
    found = {o: partition_order(src, dst, nodes, 8, cap, objective=o, seed=seed) for o in OBJECTIVES}
    for part in found.values():
        check(part, src, dst, nodes, 8)
        assert np.bincount(part).max() <= cap
    for objective in OBJECTIVES:
        costs = {o: cost(part, src, dst, objective) for o, part in found.items()}
        assert costs[objective] == min(costs.values())
    assert cost(found["net"], src, dst, "net") < cost(found["edge"], src, dst, "net")


@settings(max_examples=25, deadline=None)
@given(
    nodes=st.integers(0, 200),
    seed=st.integers(0, 1000),
    parts=st.integers(1, 9),
    objective=st.sampled_from(OBJECTIVES),
    keyed=st.booleans(),
)
def test_order_and_bound_hold(nodes: int, seed: int, parts: int, objective: Objective, keyed: bool) -> None:
    src, dst = random_dag(nodes, 2 * nodes, seed)
    cap = -(-nodes // parts)
    key = np.random.default_rng(seed).integers(-5, 5, nodes) if keyed else None
    part = partition_order(src, dst, nodes, parts, cap, objective=objective, key=key, seed=seed)
    check(part, src, dst, nodes, parts)
    assert np.bincount(part, minlength=parts).max() <= cap


@pytest.mark.parametrize("objective", ["net", "volume"])
def test_threads_change_nothing(objective: Objective) -> None:
    src, dst = random_dag(25000, 50000, 6, reach=300)
    hub = np.random.default_rng(6).permutation(25000)[:3000]
    src, dst = np.append(src, np.full(3000, 25000)), np.append(dst, hub)
    one, two = (
        partition_order(src, dst, 25001, 6, 4300, objective=objective, effort="fast", threads=threads)
        for threads in (1, 2)
    )
    assert (one == two).all()
    check(one, src, dst, 25001, 6)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="objective must be 'edge', 'net' or 'volume', not 'cut'"):
        partition_order([0], [1], 2, 2, 1, objective="cut")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="objective must be 'edge', 'net' or 'volume', not 'cut'"):
        move_gains([0], [1], [0, 1], 2, [0], [1], objective="cut")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="edge_weight goes with the objective 'edge' only"):
        partition_order([0], [1], 2, 2, 1, objective="net", edge_weight=[1])
    with pytest.raises(ValueError, match="key needs one entry a node"):
        partition_order([0], [1], 2, 2, 1, key=[1])
    with pytest.raises(ValueError, match="a move breaks the order"):
        move_gains([0], [1], [0, 0], 2, [0], [1])
    with pytest.raises(ValueError, match="the partition breaks the order"):
        move_gains([0], [1], [1, 0], 2, [0], [1])
    with pytest.raises(IndexError, match="lies outside the graph"):
        move_gains([0], [1], [0, 1], 2, [2], [1])
    with pytest.raises(ValueError, match="a node's part lies outside its range"):
        move_gains([0], [1], [0, 5], 2, [0], [0])
