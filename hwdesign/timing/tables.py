"""Look-up tables of the non-linear delay model: bilinear interpolation, linear extrapolation, gradients.

Outside its axes a table is extended by the line through the last two entries, as timing tools do (Liberty User Guide,
volume 2, chapter on delay models: linear extrapolation of the non-linear model).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hwdesign.netlist.timing_library import TimingLibrary


@dataclass(frozen=True, eq=False)
class Tables:
    """A library's look-up tables as tensors. T tables of at most R rows and K columns.

    Attributes:
        rows: float[T, R], ns, input slew (or slew of a check's related pin).
        cols: float[T, K], pF of load (or ns, slew of a check's constrained pin).
        values: float[T, R, K], ns; may require gradients.
        last_row, last_col: int64[T], largest interval of each axis; -1 for an axis of one entry.
    """

    rows: Tensor
    cols: Tensor
    values: Tensor
    last_row: Tensor
    last_col: Tensor

    @classmethod
    def of(cls, library: TimingLibrary, dtype: torch.dtype = torch.float64) -> Tables:
        """The tables of a library."""
        shape = torch.as_tensor(library.table_shape.astype("int64"))
        return cls(
            torch.as_tensor(library.table_rows.copy(), dtype=dtype),
            torch.as_tensor(library.table_cols.copy(), dtype=dtype),
            torch.as_tensor(library.table_values.copy(), dtype=dtype),
            shape[:, 0] - 2,
            shape[:, 1] - 2,
        )

    def at(self, table: Tensor, row: Tensor, col: Tensor) -> Tensor:
        """Values at (row, col) of one table each: int64[n], float[n], float[n] to float[n]."""
        curve = self.along(table, row)
        return curve.at(col)

    def along(self, table: Tensor, row: Tensor) -> Curves:
        """One curve over the columns for each table, at the given place on its row axis: int64[n], float[n]."""
        axis = self.rows[table]
        at, share = _interval(axis, self.last_row[table], row)
        values = self.values[table, at]
        if axis.shape[1] > 1:
            above = self.values[table, torch.clamp(at + 1, max=axis.shape[1] - 1)]
            values = values + share[:, None] * (above - values)
        return Curves(self.cols[table], values, self.last_col[table])


@dataclass(frozen=True, eq=False)
class Curves:
    """Piecewise linear functions, one a row; extended by their first and last segments.

    Attributes:
        axis: float[n, K], rising, padded by its last value.
        values: float[n, K].
        last: int64[n], largest segment, -1 for a constant.
    """

    axis: Tensor
    values: Tensor
    last: Tensor

    def at(self, place: Tensor) -> Tensor:
        """Value of each function: float[n] to float[n]."""
        at, share = _interval(self.axis, self.last, place)
        low = self.values.gather(1, at[:, None])[:, 0]
        if self.axis.shape[1] == 1:
            return low
        high = self.values.gather(1, torch.clamp(at + 1, max=self.axis.shape[1] - 1)[:, None])[:, 0]
        return low + share * (high - low)

    def take(self, rows: Tensor) -> Curves:
        """Some of the functions."""
        return Curves(self.axis[rows], self.values[rows], self.last[rows])

    def detach(self) -> Curves:
        """The same functions without gradients."""
        return Curves(self.axis.detach(), self.values.detach(), self.last)


def _interval(axis: Tensor, last: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """Interval of each place on its axis, and how far along it lies (below 0 or above 1 where extrapolated)."""
    inner = axis[:, 1:-1]
    # Padding repeats the last entry, so that counting goes beyond the last interval there; hence the clamp.
    at = torch.zeros_like(last)
    if inner.shape[1]:
        at = torch.searchsorted(inner.contiguous(), place.detach()[:, None].contiguous(), right=True)[:, 0]
    at = torch.minimum(at, last.clamp(min=0))
    low = axis.gather(1, at[:, None])[:, 0]
    high = axis.gather(1, torch.clamp(at + 1, max=axis.shape[1] - 1)[:, None])[:, 0]
    flat = (last < 0) | (high <= low)
    width = torch.where(flat, torch.ones_like(low), high - low)
    return at, torch.where(flat, torch.zeros_like(place), (place - low) / width)
