"""Timing library: a cell library's pins, arcs and look-up tables as columns (Liberty's non-linear delay model).

Units: time ns, capacitance pF, resistance kΩ (so that ns = kΩ·pF), voltage V; areas and lengths as the library states
them. Source of the terms: Liberty User Guide, volume 1 (timing) and 2 (delay model), Synopsys, public release 2017.06.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.errors import NetlistError

F64: TypeAlias = NDArray[np.float64]
I64: TypeAlias = NDArray[np.int64]
I32: TypeAlias = NDArray[np.int32]
I8: TypeAlias = NDArray[np.int8]
Bool: TypeAlias = NDArray[np.bool_]


class PinDirection(enum.IntEnum):
    """Direction of a library pin, seen from the cell."""

    INPUT = 0
    OUTPUT = 1
    INOUT = 2
    INTERNAL = 3


class ArcKind(enum.IntEnum):
    """Liberty's `timing_type`; kinds below `SETUP_RISING` have delays, the others are checks.

    `combinational_rise`, `three_state_enable_fall` and the like are the kind without the edge: the tables of the edge
    that they leave out are absent (-1). A PRESET has tables of the rising edge only, a CLEAR of the falling one.
    """

    COMBINATIONAL = 0
    RISING_EDGE = 1
    FALLING_EDGE = 2
    PRESET = 3
    CLEAR = 4
    THREE_STATE_ENABLE = 5
    THREE_STATE_DISABLE = 6
    MIN_CLOCK_TREE_PATH = 7
    MAX_CLOCK_TREE_PATH = 8
    SETUP_RISING = 16
    SETUP_FALLING = 17
    HOLD_RISING = 18
    HOLD_FALLING = 19
    RECOVERY_RISING = 20
    RECOVERY_FALLING = 21
    REMOVAL_RISING = 22
    REMOVAL_FALLING = 23
    SKEW_RISING = 24
    SKEW_FALLING = 25
    NON_SEQ_SETUP_RISING = 26
    NON_SEQ_SETUP_FALLING = 27
    NON_SEQ_HOLD_RISING = 28
    NON_SEQ_HOLD_FALLING = 29
    NOCHANGE_HIGH_HIGH = 30
    NOCHANGE_HIGH_LOW = 31
    NOCHANGE_LOW_HIGH = 32
    NOCHANGE_LOW_LOW = 33
    MIN_PULSE_WIDTH = 34
    MINIMUM_PERIOD = 35


class Axis(enum.IntEnum):
    """What a table's axis stands for."""

    NONE = 0
    INPUT_SLEW = 1
    LOAD = 2
    RELATED_SLEW = 3
    CONSTRAINED_SLEW = 4


@dataclass(frozen=True, slots=True)
class Storage:
    """What a cell stores: Liberty's `ff`, `latch` or `statetable` group. Expressions are Liberty's text, '' for none.

    Attributes:
        kind: `ff`, `latch` or `statetable`.
        state, state_inverted: names of the state and of its complement, as pin functions use them.
        clocked_on: clock of a flip-flop, or enable of a latch.
        next_state: data of a flip-flop, or `data_in` of a latch.
        clear, preset: asynchronous controls.
        width: bits of a `ff_bank` or `latch_bank`; 1 otherwise.
    """

    kind: str
    state: str
    state_inverted: str = ""
    clocked_on: str = ""
    next_state: str = ""
    clear: str = ""
    preset: str = ""
    width: int = 1


@dataclass(frozen=True)
class WireLoad:
    """Wire-load model: a net's length by its fanout.

    Attributes:
        name: of the model.
        resistance: kΩ a unit of length.
        capacitance: pF a unit of length.
        slope: length a pin beyond the last fanout.
        fanout: f64[n], rising.
        length: f64[n], length of a net of that fanout.
    """

    name: str
    resistance: float
    capacitance: float
    slope: float
    fanout: F64
    length: F64

    def net_length(self, fanout: float) -> float:
        """Length of a net with `fanout` load pins: interpolated, and by the slope beyond the last entry."""
        if not len(self.fanout):
            return self.slope * fanout
        last = float(self.fanout[-1])
        beyond = max(0.0, fanout - last) * self.slope
        return float(np.interp(fanout, self.fanout, self.length)) + beyond


@dataclass(frozen=True, eq=False)
class TimingLibrary:
    """A Liberty library as columns. C cells, P pins, A arcs, T tables.

    Attributes:
        name: of the library.
        cell_names: C names.
        cell_area: f64[C].
        pin_ptr: i64[C + 1], pins of cell c are `pin_ptr[c]` to `pin_ptr[c + 1]`; supply pins are not among them.
        pin_names: P names within their cells; bit 3 of a bus `D` is `D[3]`.
        pin_direction: i8[P], `PinDirection`.
        pin_cap: f64[P, 2], pF for a rising and a falling edge.
        pin_max_cap: f64[P], pF, largest load; nan where the library states none.
        pin_max_slew: f64[P], ns, largest transition; nan where the library states none, not even a default.
        pin_is_clock: bool[P], Liberty's `clock : true`.
        pin_function: Boolean expression of each output in Liberty's syntax, None where there is none.
        pin_three_state: Boolean expression that puts the output into high impedance, None where there is none.
        arc_ptr: i64[C + 1], arcs of cell c; arcs keep the file's order.
        arc_from: i32[A], related pin, as a row of the pin columns.
        arc_to: i32[A], the pin that owns the arc.
        arc_kind: i8[A], `ArcKind`.
        arc_sense: i8[A], 1 positive unate, -1 negative unate, 0 non-unate.
        arc_when: condition of each arc in Liberty's syntax, None where it has none.
        arc_sdf_cond: the same in SDF's syntax.
        arc_table: i32[A, 4], rows of the table columns or -1: cell_rise, cell_fall, rise_transition, fall_transition
            of a delay; rise_constraint, fall_constraint, -1, -1 of a check.
        table_rows: f64[T, R], ns, the input slew (delays) or the related pin's slew (checks); beyond `table_shape` the
            last value is repeated.
        table_cols: f64[T, K], pF of load (delays) or ns of the constrained pin's slew (checks), likewise padded.
        table_values: f64[T, R, K], ns, padded by the last row and the last column.
        table_shape: i32[T, 2], entries along each axis; 1 for an axis that the table lacks (`Axis.NONE`).
        table_axes: i8[T, 2], `Axis` of rows and of columns, whatever order the file had them in.
        input_threshold, output_threshold: fractions of the supply, (rise, fall), where delays are measured.
        slew_lower, slew_upper: fractions of the supply, (rise, fall), between which slews are measured.
        slew_derate: factor from a slew as tabulated to one measured between `slew_lower` and `slew_upper`.
        default_max_slew: ns, nan where the library states none.
        nominal: (process, temperature in °C, voltage in V); nan where not stated.
        wire_loads: wire-load models by name.
        default_wire_load: name of the one to take, '' for none.
        cell_storage: what each cell stores, None for a combinational cell.
        cell_supplies: names of each cell's supply pins (Liberty's `pg_pin`).
        units: ns, pF and kΩ of one unit of the library's own, in which SDC files state their numbers.
        file: where it was read from.
        ignored: names of attributes and groups that bear on timing and were read over, with how often.
    """

    name: str
    cell_names: tuple[str, ...]
    cell_area: F64
    pin_ptr: I64
    pin_names: tuple[str, ...]
    pin_direction: I8
    pin_cap: F64
    pin_max_cap: F64
    pin_max_slew: F64
    pin_is_clock: Bool
    pin_function: tuple[str | None, ...]
    pin_three_state: tuple[str | None, ...]
    arc_ptr: I64
    arc_from: I32
    arc_to: I32
    arc_kind: I8
    arc_sense: I8
    arc_when: tuple[str | None, ...]
    arc_sdf_cond: tuple[str | None, ...]
    arc_table: I32
    table_rows: F64
    table_cols: F64
    table_values: F64
    table_shape: I32
    table_axes: I8
    input_threshold: tuple[float, float] = (0.5, 0.5)
    output_threshold: tuple[float, float] = (0.5, 0.5)
    slew_lower: tuple[float, float] = (0.2, 0.2)
    slew_upper: tuple[float, float] = (0.8, 0.8)
    slew_derate: float = 1.0
    default_max_slew: float = float("nan")
    nominal: tuple[float, float, float] = (float("nan"), float("nan"), float("nan"))
    wire_loads: Mapping[str, WireLoad] = field(default_factory=dict)
    default_wire_load: str = ""
    cell_storage: tuple[Storage | None, ...] = ()
    cell_supplies: tuple[tuple[str, ...], ...] = ()
    units: tuple[float, float, float] = (1.0, 1.0, 1.0)
    file: str = ""
    ignored: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def cell_index(self) -> dict[str, int]:
        """Row of each cell by name."""
        return {name: at for at, name in enumerate(self.cell_names)}

    @cached_property
    def pin_index(self) -> dict[tuple[int, str], int]:
        """Row of each pin by its cell's row and its name."""
        cells = np.repeat(np.arange(len(self.cell_names)), np.diff(self.pin_ptr)).tolist()
        return {(cell, name): at for at, (cell, name) in enumerate(zip(cells, self.pin_names, strict=True))}

    @cached_property
    def arc_is_check(self) -> Bool:
        """bool[A]: whether the arc is a check (setup, hold, pulse width ...) rather than a delay."""
        return self.arc_kind >= ArcKind.SETUP_RISING

    def cell(self, name: str) -> int:
        """Row of the cell `name`.

        Raises:
            NetlistError: the library has no such cell.
        """
        at = self.cell_index.get(name)
        if at is None:
            raise NetlistError(
                f"library '{self.name}' has no cell '{name}'",
                file=self.file or None,
                mend="read the library that the netlist was mapped to",
            )
        return at

    def pin(self, cell: int, name: str) -> int:
        """Row of the pin `name` of the cell in row `cell`.

        Raises:
            NetlistError: the cell has no such pin.
        """
        at = self.pin_index.get((cell, name))
        if at is None:
            known = self.pin_names[int(self.pin_ptr[cell]) : int(self.pin_ptr[cell + 1])]
            raise NetlistError(
                f"cell '{self.cell_names[cell]}' of library '{self.name}' has no pin '{name}'",
                file=self.file or None,
                mend=f"its pins are {', '.join(known) or 'none'}",
            )
        return at

    def look_up(self, table: ArrayLike, row: ArrayLike, col: ArrayLike) -> F64:
        """Values of tables, bilinear between the entries and beyond them.

        Beyond an axis the outermost two entries are continued straight on; an axis of one entry is constant.

        Args:
            table: rows of the table columns, not negative.
            row: slews in ns where the rows are (input or related slew).
            col: pF of load, or ns of the constrained pin's slew.

        Returns:
            f64 of the broadcast shape, ns.
        """
        table, row, col = np.broadcast_arrays(
            np.asarray(table, np.int64), np.asarray(row, float), np.asarray(col, float)
        )
        r, u = _bracket(self.table_rows[table], self.table_shape[table, 0], row)
        c, v = _bracket(self.table_cols[table], self.table_shape[table, 1], col)
        values = self.table_values
        r1 = np.minimum(r + 1, values.shape[1] - 1)
        c1 = np.minimum(c + 1, values.shape[2] - 1)
        low = values[table, r, c] * (1 - v) + values[table, r, c1] * v
        high = values[table, r1, c] * (1 - v) + values[table, r1, c1] * v
        return np.asarray(low * (1 - u) + high * u)


def _bracket(axis: F64, count: I32, at: F64) -> tuple[I64, F64]:
    """The entry below `at` and how far `at` lies towards the next; the outermost pair beyond the axis' ends."""
    below = np.sum(axis[..., 1:] <= at[..., None], axis=-1)
    below = np.clip(below, 0, np.maximum(count - 2, 0))
    first = np.take_along_axis(axis, below[..., None], -1)[..., 0]
    after = np.minimum(below + 1, axis.shape[-1] - 1)
    step = np.take_along_axis(axis, after[..., None], -1)[..., 0] - first
    part = np.divide(at - first, step, out=np.zeros_like(first), where=(count > 1) & (step > 0))
    return below.astype(np.int64), part
