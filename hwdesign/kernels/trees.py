"""Kernels on positions of pins: each net's rectilinear spanning tree and Steiner tree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.kernels import _kernels
from hwdesign.kernels._arrays import offsets


class SpanningTrees(NamedTuple):
    """The trees of N nets; a net of p points has p - 1 edges, one of none or one point has none.

    Attributes:
        edge_ptr: i64[N+1], net n has the edges `edge_ptr[n]` to `edge_ptr[n + 1]`.
        parent, child: i32, the points that an edge joins. A net's first point is its root, and an edge comes after
            the one that leads to its parent, so that a sweep over the edges goes from the root to the leaves and a
            sweep backwards from the leaves to the root.
        length: f64, |dx| + |dy|.
    """

    edge_ptr: NDArray[np.int64]
    parent: NDArray[np.int32]
    child: NDArray[np.int32]
    length: NDArray[np.float64]


class SteinerTrees(NamedTuple):
    """The trees of N nets with V nodes; a net's nodes stand in depth-first order, its first point first.

    Attributes:
        node_ptr: i64[N+1], net n has the nodes `node_ptr[n]` to `node_ptr[n + 1]`.
        point: i32[V], the point at a node, -1 for a Steiner point.
        parent: i32[V], node towards the root; a root is its own.
        end: i32[V], node after the last one of the subtree, so that `node` to `end[node]` are the subtree.
        xy: f64[V, 2].
    """

    node_ptr: NDArray[np.int64]
    point: NDArray[np.int32]
    parent: NDArray[np.int32]
    end: NDArray[np.int32]
    xy: NDArray[np.float64]


def spanning_trees(ptr: ArrayLike, xy: ArrayLike) -> SpanningTrees:
    """Minimum spanning trees with distances |dx| + |dy|.

    Small nets take Prim's algorithm, large ones sort each point's nearest neighbours by octant, O(p log p) (Zhou,
    Shenoy, Nicholls: Efficient minimum spanning tree construction without Delaunay triangulation, ASP-DAC 2001).

    Args:
        ptr: i64[N+1], net n has the points `ptr[n]` to `ptr[n + 1]`; its driver first.
        xy: f64[P, 2], in any unit of length.

    Raises:
        ValueError: positions that are not finite or not pairs, or offsets that do not span them.
    """
    return SpanningTrees(*_kernels.spanning_trees(offsets(ptr, "ptr"), _positions(xy)))


def steiner_trees(ptr: ArrayLike, xy: ArrayLike) -> SteinerTrees:
    """Short trees whose edges may meet in further points, distances |dx| + |dy|.

    The minimum spanning tree; then, the largest saving first, wherever two edges leave a node the same way their first
    stretch becomes one edge up to the median of the three ends (edge substitution as in M. Borah, R. M. Owens and
    M. J. Irwin, IEEE TCAD 13(12), 1994, between neighbouring edges only). Never longer than the spanning tree.

    Args:
        ptr: i64[N+1], net n has the points `ptr[n]` to `ptr[n + 1]`; its driver first.
        xy: f64[P, 2], in any unit of length.

    Raises:
        ValueError: as `spanning_trees`.
    """
    return SteinerTrees(*_kernels.steiner_trees(offsets(ptr, "ptr"), _positions(xy)))


def _positions(xy: ArrayLike) -> NDArray[np.float64]:
    points = np.ascontiguousarray(xy, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"xy must have two columns, not the shape {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("xy holds a position that is not finite")
    return points.ravel()
