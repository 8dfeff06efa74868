"""Labels of the small placed designs, by the exact engine instead of a timing tool."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from hwdesign.formats.sdc import read_sdc
from hwdesign.timing import EARLY, LATE
from hwdesign.timing.conditions import conditions_of
from hwdesign.timing.dataset import PlacedDesign, Technology
from hwdesign.timing.paths import DATA_RISE
from hwdesign.timing.predict_wires import launched, time_design
from tests.timing.placed import wires_of, write_data


def write_labelled(folder: Path, designs: int = 8) -> None:
    """A data set with labels, of wires of four times the resistance and three times the capacitance."""
    write_data(folder, designs=designs)
    technology = Technology.find(folder / "tech")
    for at in sorted((folder / "one").iterdir()):
        label(at, technology)


def label(folder: Path, technology: Technology) -> None:
    design = PlacedDesign.open(folder, technology)
    graph = design.trees.nets.graph
    conditions = conditions_of(graph, read_sdc(folder / "constraints.sdc"))
    _, timing = time_design(design, wires_of(design, 4.0, 3.0), conditions)
    names, tags = graph.node_names, (DATA_RISE,)
    late, early = (launched(timing.arrival.numpy(), mode, tags) for mode in (LATE, EARLY))
    slew = timing.delays.slew[:, LATE].numpy()
    _write(
        folder / "labels_pins.csv", "pin at_max_r at_max_f at_min_r at_min_f slew_r slew_f",
        [[name, *row] for name, row in zip(names, np.concatenate([late, early, slew], 1), strict=True)],
    )  # fmt: skip
    slack = np.where(np.isnan(timing.endpoint_slack().numpy())[:, None], np.nan, timing.slack().numpy())
    ends = [[name, *row] for name, row in zip(names, slack, strict=True) if not np.isnan(row).all()]
    _write(folder / "labels_endpoints.csv", "pin setup_slack_r setup_slack_f", ends)
    wire = timing.delays.wire[:, LATE].numpy()
    pairs = zip(graph.wire_from.tolist(), graph.wire_to.tolist(), strict=True)
    nets = [[names[a], names[b], *row] for (a, b), row in zip(pairs, wire, strict=True)]
    _write(folder / "labels_netarcs.csv", "from to rise fall", nets)
    cells: dict[tuple[int, int], list[float]] = {}
    for row, delay in enumerate(timing.delays.arc[:, LATE].tolist()):
        pair = int(graph.arcs.source[row]), int(graph.arcs.target[row])
        cells.setdefault(pair, [np.nan, np.nan])[int(graph.arcs.out_edge[row])] = delay
    arcs = [[*names[a].split("/"), names[b].split("/")[1], 0, *values] for (a, b), values in cells.items()]
    _write(folder / "labels_cellarcs.csv", "inst from to k rise fall", arcs)


def _write(path: Path, columns: str, rows: list[list[object]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns.split())
        writer.writerows([["" if isinstance(v, float) and np.isnan(v) else v for v in row] for row in rows])
