"""Look-up tables: templates, axes of either order, and their columns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import LimitError, UnsupportedError
from hwdesign.formats.liberty.tree import Attribute, Group, Tree
from hwdesign.formats.liberty.units import Units
from hwdesign.netlist.timing_library import Axis

MAX_AXIS = 1024
MAX_ENTRIES = 1 << 26
"""Entries of all tables together after padding: 512 MB."""

_VARIABLES = {
    "input_net_transition": Axis.INPUT_SLEW,
    "input_transition_time": Axis.INPUT_SLEW,
    "total_output_net_capacitance": Axis.LOAD,
    "related_pin_transition": Axis.RELATED_SLEW,
    "constrained_pin_transition": Axis.CONSTRAINED_SLEW,
}
_ROWS = (Axis.INPUT_SLEW, Axis.RELATED_SLEW)


@dataclass(frozen=True, slots=True)
class _Span:
    """Place of an axis' numbers."""

    first: int
    count: int


@dataclass(frozen=True, slots=True)
class _Template:
    variables: tuple[Attribute, ...]
    spans: tuple[_Span | None, ...]


@dataclass(frozen=True)
class TableColumns:
    """The table columns of `TimingLibrary`; see there."""

    rows: NDArray[np.float64]
    cols: NDArray[np.float64]
    values: NDArray[np.float64]
    shape: NDArray[np.int32]
    axes: NDArray[np.int8]


class TablePool:
    """Collects tables as places in the tree's numbers; `columns` then fetches all at once."""

    def __init__(self, tree: Tree, library: Group) -> None:
        self._tree = tree
        self._templates = {
            group.label(): _template(group) for group in library.groups if group.name == "lu_table_template"
        }
        self._none = _Span(tree.add_number(0.0), 1)
        # A table a row: place and count of rows and columns, place of the values, their strides.
        self._places: list[tuple[int, int, int, int, int, int, int]] = []
        self._axes: list[tuple[int, int]] = []
        self._groups: list[Group | Attribute] = []

    def add(self, group: Group) -> int:
        """Row of the table that a group holds (`cell_rise (template) { ... }`).

        Raises:
            FormatError: unknown template, missing or surplus numbers.
            UnsupportedError: a variable that timing tables of two dimensions do not have.
        """
        name = group.args[0] if group.args else "scalar"
        template = self._templates.get(name)
        if template is None:
            if name != "scalar":
                raise group.error(
                    f"table '{group.name}' uses the template '{name}', which the library does not define",
                    "add its lu_table_template",
                )
            template = _Template((), ())
        rows, cols = (Axis.NONE, self._none), (Axis.NONE, self._none)
        order: list[_Span] = []
        rows_first = True
        for at, (variable, usual) in enumerate(zip(template.variables, template.spans, strict=True), 1):
            axis = _axis(variable, group)
            own = group.attributes.get(f"index_{at}")
            span = usual if own is None else _Span(own.first, own.count)
            if span is None or span.count == 0:
                raise group.error(f"table '{group.name}' has no index_{at}", "add it to the table or to its template")
            if span.count > MAX_AXIS:
                raise LimitError(
                    f"index_{at} of table '{group.name}' has {span.count} entries, more than {MAX_AXIS}",
                    file=group.file or None,
                    line=group.line,
                )
            order.append(span)
            taken = rows if axis in _ROWS else cols
            if taken[0] is not Axis.NONE:
                raise group.error(f"both axes of table '{group.name}' are of one kind", "mend its template's variables")
            if axis in _ROWS:
                rows = (axis, span)
                rows_first = at == 1
            else:
                cols = (axis, span)
        values = group.attributes.get("values")
        wanted = math.prod(span.count for span in order)
        if values is None or values.count != wanted:
            have = 0 if values is None else values.count
            shape = " x ".join(str(span.count) for span in order) or "1"
            raise (values or group).error(
                f"table '{group.name}' has {have} values, its axes ask for {shape}", "write as many values as that"
            )
        strides = (cols[1].count, 1) if rows_first else (1, rows[1].count)
        return self._append(rows, cols, values.first, strides, group)

    def scalar(self, attribute: Attribute) -> int:
        """Row of a table that holds the one number of a simple attribute."""
        none = (Axis.NONE, self._none)
        return self._append(none, none, self._tree.add_number(attribute.number()), (1, 1), attribute)

    def _append(
        self,
        rows: tuple[Axis, _Span],
        cols: tuple[Axis, _Span],
        values: int,
        strides: tuple[int, int],
        group: Group | Attribute,
    ) -> int:
        self._places.append((rows[1].first, rows[1].count, cols[1].first, cols[1].count, values, *strides))
        self._axes.append((rows[0], cols[0]))
        self._groups.append(group)
        return len(self._places) - 1

    def columns(self, units: Units) -> TableColumns:
        """All tables, in ns and pF.

        Raises:
            FormatError: an axis does not rise.
            LimitError: the padded tables are larger than `MAX_ENTRIES`.
        """
        numbers = self._tree.numbers
        places = np.array(self._places, np.int64).reshape(-1, 7)
        axes = np.array(self._axes, np.int8).reshape(-1, 2)
        shape = places[:, [1, 3]]
        height, width = (int(n) for n in shape.max(axis=0, initial=1))
        if len(places) * height * width > MAX_ENTRIES:
            raise LimitError(
                f"{len(places)} tables of up to {height} x {width} entries are more than {MAX_ENTRIES} entries",
                file=self._groups[0].file or None,
                mend="split the library",
            )
        # Beyond a table's own shape the last row and column are repeated.
        row = np.minimum(np.arange(height), shape[:, :1] - 1)
        col = np.minimum(np.arange(width), shape[:, 1:] - 1)
        row_axis, col_axis = numbers[places[:, :1] + row], numbers[places[:, 2:3] + col]
        self._check_axis(row_axis, shape[:, 0])
        self._check_axis(col_axis, shape[:, 1])
        at = (places[:, 4:5] + row * places[:, 5:6])[:, :, None] + (col * places[:, 6:7])[:, None, :]
        col_unit = np.where(axes[:, 1] == Axis.LOAD, units.capacitance, units.time)
        return TableColumns(
            rows=row_axis * units.time,
            cols=col_axis * col_unit[:, None],
            values=numbers[at] * units.time,
            shape=shape.astype(np.int32),
            axes=axes,
        )

    def _check_axis(self, axis: NDArray[np.float64], count: NDArray[np.int64]) -> None:
        used = np.arange(axis.shape[1] - 1) < count[:, None] - 1
        wrong = np.flatnonzero(((np.diff(axis) <= 0) & used).any(axis=1))
        if len(wrong):
            group = self._groups[int(wrong[0])]
            raise group.error(f"an index of table '{group.name}' does not rise", "sort it, each value once")


def _template(group: Group) -> _Template:
    attributes = group.attributes
    variables: list[Attribute] = []
    while (found := attributes.get(f"variable_{len(variables) + 1}")) is not None:
        variables.append(found)
    spans: list[_Span | None] = []
    for at in range(1, len(variables) + 1):
        index = attributes.get(f"index_{at}")
        spans.append(None if index is None else _Span(index.first, index.count))
    return _Template(tuple(variables), tuple(spans))


def _axis(variable: Attribute, group: Group) -> Axis:
    name = variable.args[0] if variable.args else ""
    axis = _VARIABLES.get(name)
    if axis is None:
        raise UnsupportedError(
            f"table '{group.name}' depends on '{name}', which is not supported",
            file=group.file or None,
            line=group.line,
            mend=f"use tables over {', '.join(_VARIABLES)}",
        )
    return axis
