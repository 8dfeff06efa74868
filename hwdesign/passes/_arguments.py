"""Checked arguments of the partitioner: numbers within bounds, vectors of weights, bare edge arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.errors import LimitError, NetlistError

MAX_NODES = int(np.iinfo(np.int32).max)
# Beyond what the edges can join, unless the number of nodes was said: a stray id would ask for gigabytes.
_SPARE_NODES = 1 << 20


def whole_number(name: str, value: object, low: int, high: int | None = None) -> int:
    """`value` as an int from `low` to `high`.

    Raises:
        NetlistError: it is none.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise NetlistError(f"{name} must be an integer, not {value!r}") from None
    if number < low or (high is not None and number > high):
        bound = f"{low} or more" if high is None else f"from {low} to {high}"
        raise NetlistError(f"{name} must be {bound}, not {number}")
    return number


def real_number(name: str, value: object) -> float:
    """`value` as a float, which may be infinite or no number.

    Raises:
        NetlistError: it cannot be one.
    """
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise NetlistError(f"{name} must be a number, not {value!r}") from None


def real_array(values: ArrayLike) -> NDArray[np.float64] | None:
    """`values` as float64, None where they cannot be or hold other than finite numbers."""
    try:
        found = np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if np.isfinite(found).all() else None


def node_weights(values: ArrayLike | None, nodes: int) -> NDArray[np.float64]:
    """float64[nodes], 1 each by default.

    Raises:
        NetlistError: another shape, or values that are negative or not finite, as their sum must be too.
    """
    if values is None:
        return np.ones(nodes)
    weight = real_array(values)
    if weight is None or weight.shape != (nodes,) or (weight < 0).any():
        raise NetlistError(f"the weights must be {nodes} finite numbers, none negative")
    with np.errstate(over="ignore"):
        whole = weight.sum()
    if not np.isfinite(whole):
        raise NetlistError("the weights add up to more than a float can hold", mend="scale them down")
    return weight


def edge_list(edges: ArrayLike, num_nodes: int | None = None) -> tuple[NDArray[np.int32], int]:
    """A bare edge array as int32[2, E], and the number of its nodes.

    Args:
        edges: integers of the shape (2, E).
        num_nodes: by default one more than the greatest id.

    Raises:
        NetlistError: another shape or type, or ids that are no nodes.
        LimitError: `num_nodes` was left out, and the greatest id stands far above what so few edges can join.
    """
    array = _array(edges)
    if array is None or array.ndim != 2 or array.shape[0] != 2 or (array.size and array.dtype.kind not in "iu"):
        raise NetlistError("the edges must be an integer array of the shape (2, E)")
    count = array.shape[1]
    low, high = (int(array.min()), int(array.max())) if count else (0, -1)
    nodes = high + 1 if num_nodes is None else whole_number("num_nodes", num_nodes, 0, MAX_NODES)
    if low < 0:
        raise NetlistError(f"the edges name a node {low}", mend="number the nodes from 0")
    if high >= nodes:
        raise NetlistError(f"the edges name a node {high}, which is not below the number of nodes, {nodes}")
    if num_nodes is None and nodes > min(_SPARE_NODES + 4 * count, MAX_NODES):
        joined = "one edge joins" if count == 1 else f"{count} edges join"
        raise LimitError(
            f"the edges name a node {high}, but {joined} no more than {2 * count} nodes",
            mend="number the nodes from 0 without gaps, or say how many there are",
        )
    return np.ascontiguousarray(array, np.int32), nodes


def _array(edges: ArrayLike) -> NDArray[Any] | None:
    try:
        return np.asarray(edges)
    except (TypeError, ValueError):  # rows of unlike lengths
        return None
