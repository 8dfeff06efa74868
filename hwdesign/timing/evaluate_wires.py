"""Predicted wires and times against extracted ones, beside the analytic tree and wires of nothing."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hwdesign.errors import DataError, FormatError
from hwdesign.files import read_input
from hwdesign.formats.sdc import read_sdc
from hwdesign.formats.spef import read_spef
from hwdesign.learn.metrics import mean_absolute_error, r_squared
from hwdesign.netlist.parasitics import NodeKind, Parasitics
from hwdesign.passes.wires import tree_parasitics
from hwdesign.timing.conditions import conditions_of
from hwdesign.timing.dataset import PlacedDesign, Technology, WireTruth, design_file, wire_truth
from hwdesign.timing.engine import LATE, Timing
from hwdesign.timing.fit_wires import load_wire_network
from hwdesign.timing.graph import TimingGraph
from hwdesign.timing.paths import CLOCK_RISE, DATA_RISE
from hwdesign.timing.predict_wires import launched, no_wires, predict_wires, time_design
from hwdesign.timing.wire_figures import WireValues, design_figures, overall
from hwdesign.timing.wire_splits import designs

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class DesignResult:
    """Figures of a design.

    Attributes:
        name: of its folder.
        cells, nets: sizes.
        seen: whether the network was trained on a design of this name.
        seconds: from files to predicted wires.
        methods: by method: R² and mean absolute errors of net delays (ps) and net capacitance (fF); where labels are
            there also of arrivals, arrivals at endpoints and slews.
    """

    name: str
    cells: int
    nets: int
    seen: bool
    seconds: float
    methods: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, eq=False, slots=True)
class WireEvaluation:
    """Figures of many designs.

    Attributes:
        designs: one each.
        summary: by method, medians over designs, and `pooled_` figures over all nets together.
        card: of the network.
    """

    designs: Sequence[DesignResult]
    summary: Mapping[str, Mapping[str, float]]
    card: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "designs": [{key: getattr(item, key) for key in DesignResult.__slots__} for item in self.designs],
            "summary": self.summary,
            "seen": sum(item.seen for item in self.designs),
        }


def evaluate(
    model: Path | None,
    folder: Path,
    *,
    technology: Path | None = None,
    names: Sequence[str] = (),
    times: bool = True,
    report: Callable[[str, int, int], None] | None = None,
) -> WireEvaluation:
    """Measure a network on the designs of a folder.

    Net delays are Elmore delays with the pins' capacitance, against those of the extracted trees. Times are the exact
    engine's over each method's wires, against the designs' labels (`labels_pins.csv`, `labels_endpoints.csv`).

    Args:
        model: folder of a run, or a checkpoint; by default the network that comes with the package.
        folder: of designs with netlist, placement and parasitics.
        technology: folder of the library and the outlines; by default `tech` beside `folder`.
        names: designs to take; by default all.
        times: also time the designs that have constraints and labels.
        report: called as `report(name, done, total)` before each design.

    Raises:
        DataError: no designs, or an unknown name; a design without parasitics.
        FileError, FormatError, NetlistError, LimitError: a file cannot be read, or does not fit the others.
    """
    network, card = load_wire_network(model)
    paths = designs(folder)
    unknown = sorted(set(names) - {path.name for path in paths})
    if unknown:
        raise DataError(f"the folder has no design '{unknown[0]}'", file=folder, mend="see the folders' names")
    paths = [path for path in paths if not names or path.name in names]
    tech = Technology.find(technology or folder.parent / "tech")
    split = card.get("split")
    trained = {str(name).rpartition("/")[2] for name in split.get("train", [])} if isinstance(split, dict) else set()
    results, values = [], []
    for done, path in enumerate(paths):
        if report is not None:
            report(path.name, done, len(paths))
        start = time.monotonic()
        design = PlacedDesign.open(path, tech)
        wires = {"model": predict_wires(network, design)}
        seconds = time.monotonic() - start
        truth = _truth(design, path)
        wires["baseline"] = analytic_wires(design)
        wires["zero"] = no_wires(design)
        found = _compared(design, truth, wires)
        figures = design_figures(found)
        if times and design_file(path, "constraints.sdc") and design_file(path, "labels_pins.csv"):
            for method, row in _times(design, path, wires).items():
                figures[method].update(row)
        values.append(found)
        module = design.trees.nets.graph.module
        results.append(
            DesignResult(
                path.name, module.num_cells, len(design.trees.nets.net_names), path.name in trained, seconds, figures
            )
        )
    summary = overall(values)
    for method in summary:
        keys = {key: None for item in results for key in item.methods[method] if key not in summary[method]}
        for key in keys:
            numbers = [item.methods[method].get(key, math.nan) for item in results]
            known = [number for number in numbers if not math.isnan(number)]
            summary[method][key] = median(known) if known else math.nan
    return WireEvaluation(results, summary, card)


def _truth(design: PlacedDesign, path: Path) -> WireTruth:
    extracted = design_file(path, "spef")
    if extracted is None:
        raise DataError("the design has no 'spef' and no 'spef.gz'", file=path, mend="evaluate extracted designs")
    return wire_truth(design, read_spef(extracted))


def analytic_wires(design: PlacedDesign) -> Parasitics:
    """The baseline: spanning trees of 0.8 Ω/µm, 10 Ω more an edge, and 0.1635 fF/µm.

    The constants were fitted to the Tiny Tapeout 04 and 05 designs (SkyWater 130 nm).
    """
    nets = design.trees.nets
    graph, node = nets.graph, nets.node
    names = graph.node_names
    kind = np.where(node < graph.module.num_pins, NodeKind.INSTANCE_PIN, NodeKind.PORT).astype(np.int8)
    return tree_parasitics(
        nets.net_names, nets.pin_ptr, [names[at] for at in node.tolist()], kind, nets.xy,
        resistance=0.8e-3, capacitance=0.1635e-3, edge_resistance=10e-3, design=graph.module.name,
    )  # fmt: skip


def _compared(design: PlacedDesign, truth: WireTruth, wires: Mapping[str, Parasitics]) -> WireValues:
    """Each method's wires beside the true ones, in ps and fF, where these are known."""
    sinks, nets = ~np.isnan(truth.elmore[:, 0]), ~np.isnan(truth.cap)

    def values(found: WireTruth) -> tuple[F64, F64]:
        return 1e3 * found.elmore[sinks].mean(1), 1e3 * found.cap[nets]

    return WireValues(
        *values(truth), {method: values(wire_truth(design, parasitics)) for method, parasitics in wires.items()}
    )


def _rows(path: Path, name: str, *columns: str) -> list[dict[str, str]]:
    file = design_file(path, name)
    if file is None:
        return []
    rows = csv.DictReader(io.StringIO(read_input(file).decode("utf-8", "replace")))
    for column in columns:
        if column not in (rows.fieldnames or ()):
            raise FormatError(f"the labels have no column '{column}'", file=file, line=1)
    return list(rows)


def _number(text: str) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan


@dataclass(frozen=True, eq=False)
class _Labels:
    """Labels by the graph's nodes, NaN where there is none: float64[N, 2] in ns; and which nodes are timed ends."""

    arrival: F64
    slew: F64
    ends: NDArray[np.bool_]

    @classmethod
    def read(cls, path: Path, graph: TimingGraph) -> _Labels:
        at = graph.node_index
        arrival, slew = (np.full((graph.num_nodes, 2), np.nan) for _ in range(2))
        columns = ("at_max_r", "at_max_f", "slew_r", "slew_f")
        for row in _rows(path, "labels_pins.csv", "pin", *columns):
            node = at.get(row["pin"], -1)
            if node >= 0:
                values = [_number(row[column]) for column in columns]
                arrival[node], slew[node] = values[:2], values[2:]
        ends = np.zeros(graph.num_nodes, bool)
        for row in _rows(path, "labels_endpoints.csv", "pin", "setup_slack_r", "setup_slack_f"):
            node = at.get(row["pin"], -1)
            if node >= 0 and (row["setup_slack_r"] or row["setup_slack_f"]):
                ends[node] = True
        return cls(arrival, slew, ends)


@torch.no_grad()
def _times(design: PlacedDesign, path: Path, wires: Mapping[str, Parasitics]) -> dict[str, dict[str, float]]:
    graph = design.trees.nets.graph
    constraints = design_file(path, "constraints.sdc")
    assert constraints is not None
    conditions = conditions_of(graph, read_sdc(constraints))
    labels = _Labels.read(path, graph)
    return {
        method: _time_figures(labels, time_design(design, parasitics, conditions)[1])
        for method, parasitics in wires.items()
    }


def _time_figures(labels: _Labels, timing: Timing) -> dict[str, float]:
    arrival = launched(timing.arrival.numpy(), LATE, (CLOCK_RISE, DATA_RISE))
    slew = timing.delays.slew[:, LATE].numpy()
    ends = np.where(labels.ends[:, None], labels.arrival, np.nan)
    return {
        **_pair("arrival", labels.arrival, arrival),
        **_pair("endpoint", ends, arrival),
        **_pair("slew", labels.slew, slew),
    }


def _pair(name: str, true: F64, found: F64) -> dict[str, float]:
    known = ~np.isnan(true) & ~np.isnan(found)
    if not known.any():
        return {f"{name}_r2": math.nan, f"{name}_mae_ps": math.nan}
    return {
        f"{name}_r2": r_squared(true[known], found[known]),
        f"{name}_mae_ps": 1e3 * mean_absolute_error(true[known], found[known]),
    }


__all__ = ["DesignResult", "WireEvaluation", "evaluate"]
