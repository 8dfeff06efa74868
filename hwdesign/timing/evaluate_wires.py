"""Predicted wires and times against extracted ones, beside the analytic tree and wires of nothing."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from hwdesign.errors import DataError, NetlistError
from hwdesign.files import open_atomic, write_text
from hwdesign.formats.sdc import read_sdc
from hwdesign.formats.spef import read_spef
from hwdesign.netlist.parasitics import NodeKind, Parasitics
from hwdesign.passes.wires import tree_parasitics
from hwdesign.timing.conditions import conditions_of
from hwdesign.timing.dataset import PlacedDesign, Technology, WireTruth, design_file, wire_truth
from hwdesign.timing.engine import Timing, TimingEngine
from hwdesign.timing.fit_wires import load_wire_network
from hwdesign.timing.predict_wires import no_wires, predict_wires, time_design
from hwdesign.timing.report import critical_paths
from hwdesign.timing.time_figures import Times, time_figures
from hwdesign.timing.wire_figures import WireValues, design_figures, overall
from hwdesign.timing.wire_splits import designs

F64 = NDArray[np.float64]
EVALUATION_FILE, SAMPLES_FILE = "evaluation.json", "evaluation.safetensors"


@dataclass(frozen=True, eq=False, slots=True)
class DesignResult:
    """Figures of a design.

    Attributes:
        name: of its folder.
        cells, nets: sizes.
        seen: whether the network was trained on a design of this name.
        seconds: from files to predicted wires.
        timing_seconds: of one method's exact timing; None where the design was not timed.
        truth: where true times come from: `labels`, the folder's; `engine`, exact timing over the extracted wires, for
            a folder without labels; None where the design was not timed.
        methods: by method: R² and mean absolute errors of net delays (ps) and net capacitance (fF); of timed designs
            also what `time_figures` gives.
    """

    name: str
    cells: int
    nets: int
    seen: bool
    seconds: float
    timing_seconds: float | None
    truth: str | None
    methods: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, eq=False, slots=True)
class WireEvaluation:
    """Figures of many designs.

    Attributes:
        designs: one each.
        summary: by method, medians over designs, and `pooled_` figures over all nets together.
        card: of the network.
        samples: for plots, float32[n] by quantity (`net`, `arrival`, `slack`) and method (`true` too): `net_true`,
            `net_model` ... in ps, over all designs together.
        path: the critical path of least slack among all designs; None where none was timed.
    """

    designs: Sequence[DesignResult]
    summary: Mapping[str, Mapping[str, float]]
    card: Mapping[str, Any]
    samples: Mapping[str, NDArray[np.float32]]
    path: DrawnPath | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "designs": [{key: getattr(item, key) for key in DesignResult.__slots__} for item in self.designs],
            "summary": self.summary,
            "seen": sum(item.seen for item in self.designs),
        }


def _technology(folder: Path) -> Path:
    """The nearest folder `tech`; the one beside `folder` where there is none."""
    above = (folder, *folder.resolve().parents[:2])
    return next((place / "tech" for place in above if (place / "tech").is_dir()), folder.parent / "tech")


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
    engine's over each method's wires, against the designs' labels (`labels_pins.csv`, `labels_endpoints.csv`), or
    against its times over the extracted wires where a design has none.

    Args:
        model: folder of a run, or a checkpoint; by default the network that comes with the package.
        folder: of designs with netlist, placement and parasitics.
        technology: folder of the library and the outlines; by default the nearest `tech` in `folder` or above it.
        names: designs to take; by default all.
        times: also time the designs that have constraints.
        report: called as `report(name, done, total)` before each design.

    Raises:
        DataError: no designs, or an unknown name; a design without parasitics.
        FileError, FormatError, NetlistError, LimitError: a file cannot be read, or does not fit the others.
    """
    network, card = load_wire_network(model)
    paths = designs(folder)
    titles = {path: path.name if path.parent == folder else f"{path.parent.name}/{path.name}" for path in paths}
    unknown = sorted(set(names) - {path.name for path in paths} - set(titles.values()))
    if unknown:
        raise DataError(f"the folder has no design '{unknown[0]}'", file=folder, mend="see the folders' names")
    paths = [path for path in paths if not names or {path.name, titles[path]} & set(names)]
    tech = Technology.find(technology or _technology(folder))
    split = card.get("split")
    trained = {str(name).rpartition("/")[2] for name in split.get("train", [])} if isinstance(split, dict) else set()
    results, values, samples = [], [], _Samples()
    worst: DrawnPath | None = None
    for done, path in enumerate(paths):
        if report is not None:
            report(titles[path], done, len(paths))
        start = time.monotonic()
        design = PlacedDesign.open(path, tech)
        wires = {"model": predict_wires(network, design)}
        seconds = time.monotonic() - start
        truth = _truth(design, path)
        wires["baseline"] = analytic_wires(design)
        wires["zero"] = no_wires(design)
        found = _compared(design, truth, wires)
        figures = design_figures(found)
        values.append(found)
        samples.wires(found)
        source, timing_seconds = None, None
        if times and design_file(path, "constraints.sdc"):
            start = time.monotonic()
            timed = _timed(design, path, wires)
            timing_seconds, source = (time.monotonic() - start) / len(wires), timed.source
            for method, estimated in timed.found.items():
                figures[method].update(time_figures(timed.true, estimated))
            samples.times(timed)
            if timed.path is not None and (worst is None or timed.path.slack < worst.slack):
                worst = timed.path
        module = design.trees.nets.graph.module
        results.append(
            DesignResult(
                titles[path],
                module.num_cells,
                len(design.trees.nets.net_names),
                path.name in trained,
                seconds,
                timing_seconds,
                source,
                figures,
            )
        )
    summary = overall(values)
    for method in summary:
        keys = {key: None for item in results for key in item.methods[method] if key not in summary[method]}
        for key in keys:
            numbers = [item.methods[method].get(key, math.nan) for item in results]
            known = [number for number in numbers if not math.isnan(number)]
            summary[method][key] = median(known) if known else math.nan
    return WireEvaluation(results, summary, card, samples.joined(), worst)


def save_evaluation(found: WireEvaluation, run: Path) -> None:
    """Leave an evaluation in a run's folder, where `hwdesign.report` finds it.

    Raises:
        FileError: the folder cannot be written.
    """
    path = found.path
    tensors: dict[str, NDArray[Any]] = dict(found.samples)
    record = plain_numbers(found.as_dict())
    if path is not None:
        tensors |= {"path_cells": path.cells, "path_stops": path.stops}
        record["path"] = {"design": path.design, "slack": path.slack, "table": path.table, "die": list(path.die)}
    with open_atomic(run / SAMPLES_FILE) as stream:
        stream.write(save({key: np.ascontiguousarray(value) for key, value in tensors.items()}))
    write_text(run / EVALUATION_FILE, json.dumps(record, indent=2, allow_nan=False) + "\n")


def plain_numbers(value: Any) -> Any:
    """`value` with None for numbers that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {key: plain_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_numbers(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _truth(design: PlacedDesign, path: Path) -> WireTruth:
    extracted = design_file(path, "spef")
    if extracted is None:
        raise DataError("the design has no 'spef' and no 'spef.gz'", file=path, mend="evaluate extracted designs")
    try:
        return wire_truth(design, read_spef(extracted))
    except NetlistError as error:
        raise NetlistError(error.what, file=error.file or extracted, mend=error.mend) from error


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


@dataclass(frozen=True, eq=False, slots=True)
class DrawnPath:
    """A critical path over its placement; positions in µm.

    Attributes:
        design: its name.
        slack: ns.
        table: the path in words.
        die: x0 y0 x1 y1.
        cells: f64[C, 2], lower left corners of all cells.
        stops: f64[K, 2], the path's pins in their order.
    """

    design: str
    slack: float
    table: str
    die: tuple[float, float, float, float]
    cells: F64
    stops: F64


def drawn_path(design: PlacedDesign, engine: TimingEngine, timing: Timing) -> DrawnPath | None:
    """The path of least set-up slack where it lies; None where no path is timed."""
    paths = critical_paths(engine, timing)
    if not paths:
        return None
    nets = design.trees.nets
    xy = np.full((engine.graph.num_nodes, 2), np.nan)
    xy[nets.node] = nets.xy
    stops = xy[[stop.node for stop in paths[0].stops]]
    stops = stops[~np.isnan(stops[:, 0])]
    return DrawnPath(design.name, paths[0].slack, str(paths[0]), nets.die, nets.cell_xy, stops)


@dataclass(frozen=True, eq=False)
class _Timed:
    """Times of one design: the true ones and where they come from, each method's, and the critical path."""

    source: str
    true: Times
    found: Mapping[str, Times]
    path: DrawnPath | None


@torch.no_grad()
def _timed(design: PlacedDesign, path: Path, wires: Mapping[str, Parasitics]) -> _Timed:
    graph = design.trees.nets.graph
    constraints = design_file(path, "constraints.sdc")
    assert constraints is not None
    conditions = conditions_of(graph, read_sdc(constraints))
    true, source = Times.read(path, graph), "labels"
    if true is None:
        extracted = design_file(path, "spef")
        assert extracted is not None
        true, source = Times.of(time_design(design, read_spef(extracted), conditions)[1]), "engine"
    found, drawn = {}, None
    for method, parasitics in wires.items():
        engine = TimingEngine(replace(graph, parasitics=parasitics), conditions)
        timing = engine()
        found[method] = Times.of(timing)
        if method == "model":
            drawn = drawn_path(design, engine, timing)
    return _Timed(source, true, found, drawn)


class _Samples:
    """Gathers true and estimated values of many designs, for plots."""

    def __init__(self) -> None:
        self.parts: dict[str, list[NDArray[np.float32]]] = {}

    def wires(self, values: WireValues) -> None:
        self._add("net_true", values.delay)
        for method, (delay, _) in values.predicted.items():
            self._add(f"net_{method}", delay)

    def times(self, timed: _Timed) -> None:
        for name in ("arrival", "slack"):
            every = {"true": timed.true, **timed.found}
            columns = {method: getattr(times, name).ravel() for method, times in every.items()}
            known = ~np.isnan(np.stack(list(columns.values()))).any(0)
            for method, column in columns.items():
                self._add(f"{name}_{method}", 1e3 * column[known])

    def _add(self, key: str, values: F64) -> None:
        self.parts.setdefault(key, []).append(values.astype(np.float32))

    def joined(self) -> dict[str, NDArray[np.float32]]:
        return {key: np.concatenate(parts) for key, parts in self.parts.items()}


__all__ = ["DesignResult", "DrawnPath", "WireEvaluation", "evaluate", "save_evaluation"]
