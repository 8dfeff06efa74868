"""Spanning trees of nets against SciPy's, on small and large nets."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from hwdesign.kernels import spanning_trees


def _reference(points: np.ndarray) -> float:
    distance = np.abs(points[:, None] - points[None]).sum(2)
    a, b = np.triu_indices(len(points), 1)
    # SciPy takes a stored zero for no edge.
    tree = minimum_spanning_tree(coo_array((distance[a, b] + 1, (a, b)), shape=distance.shape).tocsr())
    return float(tree.sum() - (len(points) - 1))


def _check(ptr: list[int], points: np.ndarray) -> None:
    trees = spanning_trees(ptr, points)
    for net, (begin, end) in enumerate(pairwise(ptr)):
        edges = slice(trees.edge_ptr[net], trees.edge_ptr[net + 1])
        parents, children = trees.parent[edges].tolist(), trees.child[edges].tolist()
        reached = {begin}
        for parent, child in zip(parents, children, strict=True):
            assert parent in reached and child not in reached
            reached.add(child)
        assert reached == set(range(begin, end)) or begin == end
        ends = np.abs(points[parents] - points[children]).sum(1) if parents else np.zeros(0)
        np.testing.assert_allclose(trees.length[edges], ends)
        if end > begin:
            np.testing.assert_allclose(trees.length[edges].sum(), _reference(points[begin:end]), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 2**32 - 1), st.sampled_from([3, 1000]))
def test_small_nets(sizes: list[int], seed: int, grid: int) -> None:
    ptr = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    points = np.random.default_rng(seed).integers(-grid, grid, (ptr[-1], 2)).astype(float)
    _check(ptr, points)


@pytest.mark.parametrize("grid", [8, 10**6])
@pytest.mark.parametrize("seed", range(4))
def test_large_nets(seed: int, grid: int) -> None:
    """More points than Prim's algorithm is used for; on the coarse grid many of them coincide."""
    sizes = [129, 3, 400]
    ptr = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    _check(ptr, np.random.default_rng(seed).integers(-grid, grid, (ptr[-1], 2)).astype(float))


def test_two_algorithms_agree() -> None:
    points = np.random.default_rng(7).normal(size=(128, 2))
    small = spanning_trees([0, 128], points)
    large = spanning_trees([0, 129], np.concatenate([points, points[-1:]]))
    assert large.length.sum() == pytest.approx(small.length.sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("ptr", "xy", "message"),
    [
        ([0, 1], [[0.0, np.nan]], "xy holds a position that is not finite"),
        ([0, 1], [0.0, 1.0], r"xy must have two columns, not the shape \(2,\)"),
        ([0, 2], [[0.0, 1.0]], "ptr does not span the points"),
        ([0, 3, 1], [[0.0, 1.0]], "ptr falls"),
    ],
)
def test_refusals(ptr: list[int], xy: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spanning_trees(ptr, xy)
