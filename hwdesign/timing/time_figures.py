"""How far the times over predicted wires are from the true ones."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import FormatError
from hwdesign.files import read_input
from hwdesign.learn.metrics import mean_absolute_error, r_squared
from hwdesign.timing.dataset import design_file
from hwdesign.timing.engine import LATE, Timing
from hwdesign.timing.graph import TimingGraph
from hwdesign.timing.paths import CLOCK_RISE, DATA_RISE
from hwdesign.timing.predict_wires import launched

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Times:
    """Late times of the N nodes of a timing graph in ns, NaN where there is none.

    Attributes:
        arrival: f64[N, 2 (rise, fall)], of paths that the clock's rising edge launches.
        slew: f64[N, 2].
        slack: f64[N], worst set-up slack of each timed endpoint.
    """

    arrival: F64
    slew: F64
    slack: F64

    @classmethod
    def of(cls, timing: Timing) -> Times:
        """What the engine found."""
        return cls(
            launched(timing.arrival.numpy(), LATE, (CLOCK_RISE, DATA_RISE)),
            timing.delays.slew[:, LATE].numpy(),
            timing.endpoint_slack(LATE).numpy(),
        )

    @classmethod
    def read(cls, folder: Path, graph: TimingGraph) -> Times | None:
        """The labels of a design's folder (`labels_pins.csv`, `labels_endpoints.csv`); None where it has none.

        Raises:
            FormatError: a column is missing.
            FileError, LimitError: a file cannot be read.
        """
        if design_file(folder, "labels_pins.csv") is None:
            return None
        at = graph.node_index
        arrival, slew = (np.full((graph.num_nodes, 2), np.nan) for _ in range(2))
        slack = np.full(graph.num_nodes, np.nan)
        columns = ("at_max_r", "at_max_f", "slew_r", "slew_f")
        for row in _rows(folder, "labels_pins.csv", "pin", *columns):
            node = at.get(row["pin"], -1)
            if node >= 0:
                values = [_number(row[column]) for column in columns]
                arrival[node], slew[node] = values[:2], values[2:]
        for row in _rows(folder, "labels_endpoints.csv", "pin", "setup_slack_r", "setup_slack_f"):
            node = at.get(row["pin"], -1)
            if node >= 0:
                both = _number(row["setup_slack_r"]), _number(row["setup_slack_f"])
                slack[node] = min((value for value in both if not math.isnan(value)), default=math.nan)
        return cls(arrival, slew, slack)


def _rows(folder: Path, name: str, *columns: str) -> list[dict[str, str]]:
    file = design_file(folder, name)
    if file is None:
        return []
    rows = csv.DictReader(io.StringIO(read_input(file).decode("utf-8", "replace")))
    for column in columns:
        if column not in (rows.fieldnames or ()):
            raise FormatError(f"the labels have no column '{column}'", file=file, line=1)
    return list(rows)


def _number(text: str | None) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan


def time_figures(true: Times, found: Times) -> dict[str, float]:
    """Figures of one method on one design.

    Returns:
        `_r2` and `_mae_ps` of arrivals, of arrivals at timed endpoints, of slews and of endpoints' slacks; absolute
        errors, in ps, of WNS, of TNS, and of the worst slack whatever its sign. NaN where nothing can be compared.
    """
    ends = np.where(np.isnan(true.slack)[:, None], np.nan, true.arrival)
    both = ~np.isnan(true.slack) & ~np.isnan(found.slack)
    return {
        **_pair("arrival", true.arrival, found.arrival),
        **_pair("endpoint", ends, found.arrival),
        **_pair("slew", true.slew, found.slew),
        **_pair("slack", true.slack, found.slack),
        **_negative(true.slack[both], found.slack[both]),
    }


def _pair(name: str, true: F64, found: F64) -> dict[str, float]:
    known = ~np.isnan(true) & ~np.isnan(found)
    if not known.any():
        return {f"{name}_r2": math.nan, f"{name}_mae_ps": math.nan}
    return {
        f"{name}_r2": r_squared(true[known], found[known]),
        f"{name}_mae_ps": 1e3 * mean_absolute_error(true[known], found[known]),
    }


def _negative(true: F64, found: F64) -> dict[str, float]:
    if not len(true):
        return dict.fromkeys(("wns_error_ps", "tns_error_ps", "worst_slack_error_ps"), math.nan)
    lack, found_lack = np.minimum(true, 0.0), np.minimum(found, 0.0)
    return {
        "wns_error_ps": 1e3 * abs(float(found_lack.min() - lack.min())),
        "tns_error_ps": 1e3 * abs(float(found_lack.sum() - lack.sum())),
        "worst_slack_error_ps": 1e3 * abs(float(found.min() - true.min())),
    }
