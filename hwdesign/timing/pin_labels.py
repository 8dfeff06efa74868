"""Labels of pins and arcs as a timing tool gave them, from a design's `labels_*.csv`."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hwdesign.errors import DataError, FormatError
from hwdesign.files import read_input
from hwdesign.timing.dataset import design_file

Row = tuple[float, ...]


@dataclass(frozen=True, eq=False)
class PinLabels:
    """Labels by name, in ns; NaN where a value is unknown.

    Attributes:
        arrival: by pin, latest rise and fall, earliest rise and fall.
        slew: by pin, rise and fall.
        slack: by endpoint, worst set-up slack of a rising and of a falling edge.
        net: by driver and sink, delay of a rising and of a falling edge.
        cell: by input, output and rank among the arcs between them, delay to a rising and to a falling edge.
    """

    arrival: Mapping[str, Row]
    slew: Mapping[str, Row]
    slack: Mapping[str, Row]
    net: Mapping[tuple[str, str], Row]
    cell: Mapping[tuple[str, str, int], Row]


def read_labels(folder: Path) -> PinLabels:
    """Read a design's four files of labels.

    Raises:
        DataError: a file is missing.
        FormatError: a file lacks a column, or a value is no number.
        FileError, LimitError: a file cannot be read.
    """
    pins = _read(folder, "pins", ("pin",), "at_max_r at_max_f at_min_r at_min_f slew_r slew_f".split())
    ends = _read(folder, "endpoints", ("pin",), ("setup_slack_r", "setup_slack_f"))
    nets = _read(folder, "netarcs", ("from", "to"), ("rise", "fall"))
    cells = _read(folder, "cellarcs", ("inst", "from", "to", "k"), ("rise", "fall"))
    return PinLabels(
        {name: row[:4] for (name,), row in pins.items()},
        {name: row[4:] for (name,), row in pins.items()},
        {name: row for (name,), row in ends.items()},
        {(start, end): row for (start, end), row in nets.items()},
        {(f"{at}/{start}", f"{at}/{end}", _rank(k)): row for (at, start, end, k), row in cells.items()},
    )


def _rank(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _read(
    folder: Path, kind: str, names: tuple[str, ...], columns: tuple[str, ...] | list[str]
) -> dict[tuple[str, ...], Row]:
    path = design_file(folder, f"labels_{kind}.csv")
    if path is None:
        raise DataError(f"the design has no 'labels_{kind}.csv'", file=folder, mend="label it with a timing tool")
    reader = csv.DictReader(io.StringIO(read_input(path).decode("utf-8", "replace")))
    for column in (*names, *columns):
        if column not in (reader.fieldnames or ()):
            raise FormatError(f"the labels have no column '{column}'", file=path, line=1)
    found: dict[tuple[str, ...], Row] = {}
    for row in reader:
        try:
            values = tuple(float(row[column]) if row[column] else math.nan for column in columns)
        except ValueError:
            raise FormatError("a label is no number", file=path, line=reader.line_num) from None
        found[tuple(row[name] or "" for name in names)] = values
    return found
