"""Values that are one number for all instances of a batch, or one an instance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


@dataclass
class Rows:
    """Values of a table's rows, each either one number or one an instance."""

    values: list[Float | float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.values)

    def table(self, chosen: NDArray[np.int64]) -> Float:
        """float64[rows, instances] for the chosen instances."""
        out = np.empty((len(self.values), len(chosen)))
        for row, value in zip(out, self.values, strict=True):
            row[:] = value if isinstance(value, float) else value[chosen]
        return out


def is_zero(value: Float | float) -> bool:
    """Whether it is 0 in some instance."""
    return value == 0 if isinstance(value, float) else bool(np.any(value == 0))


def positive(value: Float | float) -> bool:
    """Whether it is above 0 in every instance."""
    return value > 0 if isinstance(value, float) else bool(np.all(value > 0))


def plain(value: NDArray[np.floating[Any]] | float) -> Float | float:
    """One number where all instances have the same."""
    if isinstance(value, float):
        return value
    array = np.asarray(value, np.float64)
    if array.ndim == 0 or len(array) == 1:
        return float(array.reshape(-1)[0])
    return array
