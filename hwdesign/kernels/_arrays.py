"""Checked conversion of arguments to the contiguous arrays that the extension takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def _integers(values: ArrayLike, name: str, dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, not {array.ndim}")
    if array.size == 0:
        return np.empty(0, dtype)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold integers, not {array.dtype}")
    if array.dtype != dtype:
        limits = np.iinfo(dtype)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise IndexError(f"{name} holds a value that does not fit {limits.bits} bits")
    return np.ascontiguousarray(array, dtype)


def ids(values: ArrayLike, name: str) -> NDArray[np.int32]:
    """A contiguous int32 vector.

    Raises:
        ValueError: for another number of dimensions, or values that are not integers.
        IndexError: for a value that does not fit.
    """
    return _integers(values, name, np.int32)


def offsets(values: ArrayLike, name: str) -> NDArray[np.int64]:
    """A contiguous int64 vector; raises as `ids` does."""
    return _integers(values, name, np.int64)


def mask(values: ArrayLike | None, name: str, length: int) -> NDArray[np.uint8] | None:
    """A contiguous uint8 vector of `length` zeros and ones, None staying None.

    Raises:
        ValueError: for another shape, or values that are neither booleans nor uint8.
    """
    if values is None:
        return None
    array = np.asarray(values)
    if array.shape != (length,):
        raise ValueError(f"{name} needs one entry a node ({length}), not the shape {array.shape}")
    if array.dtype == np.bool_:
        return np.ascontiguousarray(array).view(np.uint8)
    if array.dtype != np.uint8:
        raise ValueError(f"{name} must be a boolean or uint8 mask, not {array.dtype}")
    return np.ascontiguousarray(array)


def random_seed(seed: int) -> int:
    """The seed itself, once checked.

    Raises:
        ValueError: for a seed that does not fit 64 unsigned bits.
    """
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"seed must lie between 0 and 2^64 - 1, not {seed}")
    return seed
