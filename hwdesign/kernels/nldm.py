"""Gates that drive wires: the non-linear delay model with effective capacitance, without gradients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import _kernels

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class NldmTables(NamedTuple):
    """T look-up tables of R rows and K columns, padded by their last entries.

    Attributes:
        row_axis: f64[T, R], ns.
        col_axis: f64[T, K], pF.
        values: f64[T, R, K], ns.
        last_row, last_col: i64[T], largest interval of each axis, -1 where it has one entry.
    """

    row_axis: F64
    col_axis: F64
    values: F64
    last_row: I64
    last_col: I64


class NldmRamps(NamedTuple):
    """Ramp lengths and crossing times in time constants.

    Attributes:
        values, slopes: f64[4, n], ramp length and crossings of three thresholds, and their derivatives.
        numbers: f64[5], the thresholds, low to high; the gap of a step; the distance of the entries.
    """

    values: F64
    slopes: F64
    numbers: F64


class NldmDrive(NamedTuple):
    """Of n rows `ceff` (f64, pF), `delay` and `slew` (ns) at the driver; of p wires `wire_delay`, `sink_slew` (ns)."""

    ceff: F64
    delay: F64
    slew: F64
    wire_delay: F64
    sink_slew: F64


def nldm_drive(
    tables: NldmTables,
    ramps: NldmRamps,
    derate: float,
    table: tuple[I64, I64],
    slew: F64,
    pi: tuple[F64, F64, F64],
    sinks: tuple[I64, F64],
) -> NldmDrive:
    """Delays and slews of n gates and of the p wires that they drive.

    The model is that of `hwdesign.timing.driver`, which names its source.

    Args:
        tables: the library's.
        ramps: for its thresholds.
        derate: Liberty's `slew_derate_from_library`.
        table: i64[n] each, delay and slew table of each row.
        slew: f64[n], ns, at the inputs, as measured between the thresholds.
        pi: f64[n] each, near capacitor (pF), resistance (kΩ), far capacitor (pF) of the loads.
        sinks: i64[p], the row that drives each wire; f64[p], its Elmore delay in ns.

    Raises:
        ValueError: arrays that differ in length, or indices outside them.
    """
    return NldmDrive(*_kernels.nldm_drive(*tables, *ramps, derate, *table, slew, *pi, *sinks))
