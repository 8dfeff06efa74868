"""Kernel on positions of pins: each net's rectilinear minimum spanning tree."""

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
    points = np.ascontiguousarray(xy, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"xy must have two columns, not the shape {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("xy holds a position that is not finite")
    return SpanningTrees(*_kernels.spanning_trees(offsets(ptr, "ptr"), points.ravel()))
