"""Steiner trees: shapes by hand, and what holds for every tree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.kernels import SteinerTrees, spanning_trees, steiner_trees


def _lengths(trees: SteinerTrees) -> np.ndarray:
    return np.abs(trees.xy - trees.xy[trees.parent]).sum(1)


def _check(ptr: np.ndarray, points: np.ndarray) -> SteinerTrees:
    trees = steiner_trees(ptr, points)
    lengths, spanning = _lengths(trees), spanning_trees(ptr, points)
    for net in range(len(ptr) - 1):
        first, last = int(trees.node_ptr[net]), int(trees.node_ptr[net + 1])
        held = trees.point[first:last]
        assert sorted(held[held >= 0]) == list(range(ptr[net], ptr[net + 1]))
        assert last - first <= 2 * (ptr[net + 1] - ptr[net])
        if last > first:
            assert held[0] == ptr[net] and trees.parent[first] == first and trees.end[first] == last
        for node in range(first + 1, last):
            assert first <= trees.parent[node] < node < trees.end[node] <= trees.end[trees.parent[node]]
        whole = spanning.length[spanning.edge_ptr[net] : spanning.edge_ptr[net + 1]].sum()
        assert lengths[first:last].sum() <= whole + 1e-9 * (1 + whole)
    pins = trees.point >= 0
    np.testing.assert_array_equal(trees.xy[pins], points[trees.point[pins]])
    return trees


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.integers(0, 2**32 - 1), st.sampled_from([2, 9, 1000]))
def test_trees_span_their_points_and_are_never_longer(sizes: list[int], seed: int, grid: int) -> None:
    ptr = np.concatenate([[0], np.cumsum(sizes)])
    _check(ptr, np.random.default_rng(seed).integers(-grid, grid, (ptr[-1], 2)).astype(float))


def test_three_pins_meet_at_their_median() -> None:
    trees = _check(np.array([0, 3]), np.array([[0.0, 0.0], [10.0, 4.0], [10.0, -4.0]]))
    assert trees.point.tolist().count(-1) == 1
    np.testing.assert_array_equal(trees.xy[trees.point < 0], [[10.0, 0.0]])
    assert _lengths(trees).sum() == 18.0


def test_a_cross_of_four_pins() -> None:
    """The spanning tree of a cross of arms 1 takes 6, the Steiner tree 4."""
    trees = _check(np.array([0, 4]), np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
    assert _lengths(trees).sum() == 4.0


def test_large_nets_are_shortened_as_random_points_are() -> None:
    """Of uniformly random points the spanning tree is about 12 % longer than the shortest Steiner tree."""
    points = np.random.default_rng(3).normal(size=(3000, 2))
    trees = _check(np.array([0, 3000]), points)
    assert 0.88 < _lengths(trees).sum() / spanning_trees([0, 3000], points).length.sum() < 0.94


def test_coinciding_pins_make_no_steiner_points() -> None:
    trees = _check(np.array([0, 200]), np.zeros((200, 2)))
    assert (trees.point >= 0).all()


@pytest.mark.parametrize(
    ("ptr", "xy", "message"),
    [
        ([0, 1], [[0.0, np.inf]], "xy holds a position that is not finite"),
        ([0, 2], [[0.0, 1.0]], "ptr does not span the points"),
        ([0, 3, 1], [[0.0, 1.0]], "ptr falls"),
    ],
)
def test_refusals(ptr: list[int], xy: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        steiner_trees(ptr, xy)
