"""From files to predicted wires, and through the exact engine to predicted times."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hwdesign.files import write_text
from hwdesign.formats.sdc import read_sdc
from hwdesign.formats.spef import write_spef
from hwdesign.netlist.names import first_five
from hwdesign.netlist.parasitics import Parasitics
from hwdesign.timing.conditions import Conditions, conditions_of
from hwdesign.timing.dataset import PlacedDesign, Technology, wire_graph
from hwdesign.timing.engine import EARLY, LATE, Timing, TimingEngine
from hwdesign.timing.fit_wires import load_wire_network
from hwdesign.timing.graph import TimingGraph
from hwdesign.timing.paths import CLOCK_FALL, CLOCK_RISE, DATA_FALL, DATA_RISE
from hwdesign.timing.wire_model import WireNetwork, node_caps, predict_edges

F64 = NDArray[np.float64]


@torch.no_grad()
def predict_wires(network: WireNetwork, design: PlacedDesign) -> Parasitics:
    """The network's wires for a placed design: kΩ and pF on its nets' Steiner trees."""
    graph = wire_graph(design)
    edges = predict_edges(network, graph)
    caps = 1e-3 * node_caps(graph, edges).numpy()
    return design.trees.parasitics(edges.resistance.double().numpy(), caps)


def no_wires(design: PlacedDesign) -> Parasitics:
    """Wires without capacitance and (but for 1 mΩ an edge, which keeps nets connected) without resistance."""
    count = len(design.trees.trees.point)
    return design.trees.parasitics(np.full(count, 1e-6), np.zeros(count))


@torch.no_grad()
def time_design(design: PlacedDesign, parasitics: Parasitics, conditions: Conditions) -> tuple[TimingGraph, Timing]:
    """Exact static timing of a design with these wires."""
    graph = replace(design.trees.nets.graph, parasitics=parasitics)
    return graph, TimingEngine(graph, conditions)()


def launched(times: F64, mode: int, tags: tuple[int, ...]) -> F64:
    """Latest (`LATE`) or earliest of some tags' times, float[N, 2 (rise, fall)] of float[N, 2, 4, 2]; NaN for none."""
    chosen = times[:, mode][:, list(tags)]
    worst, empty = (np.max, -np.inf) if mode == LATE else (np.min, np.inf)
    found: F64 = worst(np.where(np.isnan(chosen), empty, chosen), axis=1)
    return np.where(np.isinf(found), np.nan, found)


def _least_required(times: F64, tags: tuple[int, ...]) -> F64:
    """Earliest required time of late paths."""
    return launched(times[:, [LATE, LATE]], EARLY, tags)


@dataclass(frozen=True, eq=False, slots=True)
class TimingPrediction:
    """Predicted wires and times of a design.

    Attributes:
        design: its name.
        cells, nets, pins: sizes; nets of two or more pins, and theirs.
        wire_pf: capacitance of all wires.
        wns_ns, tns_ns, hold_wns_ns: worst and total negative set-up slack, worst negative hold slack; None without
            constraints.
        worst_slack_ns: least set-up slack, negative or not.
        findings: what was left out or assumed.
        seconds: from files to wires, and for timing.
        spef, out: files written.
        card: of the network.
    """

    design: str
    cells: int
    nets: int
    pins: int
    wire_pf: float
    wns_ns: float | None
    tns_ns: float | None
    hold_wns_ns: float | None
    worst_slack_ns: float | None
    findings: tuple[str, ...]
    seconds: tuple[float, float]
    spef: Path | None
    out: Path | None
    card: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            key: getattr(self, key)
            for key in (
                "design", "cells", "nets", "pins", "wire_pf", "wns_ns", "tns_ns", "hold_wns_ns", "worst_slack_ns",
                "findings", "seconds", "spef", "out",
            )
        }  # fmt: skip


def predict(
    netlist: Path,
    placement: Path,
    liberty: Path,
    lefs: Sequence[Path],
    *,
    constraints: Path | None = None,
    model: Path | None = None,
    spef: Path | None = None,
    out: Path | None = None,
) -> TimingPrediction:
    """Predict the wires of a placed design; with constraints also time it.

    Args:
        netlist: structural Verilog of library cells.
        placement: DEF.
        liberty: the cells' timing.
        lefs: the cells' outlines and the routing layers.
        constraints: SDC.
        model: folder of a run, or a checkpoint; by default the network that comes with the package.
        spef: file to write the wires to.
        out: CSV file to write every pin's times to; needs `constraints`.

    Raises:
        FileError, FormatError, NetlistError, UnsupportedError, DataError, LimitError: as the readers, `placed_nets`,
            `conditions_of` and `load_wire_network` do.
    """
    network, card = load_wire_network(model)
    start = time.monotonic()
    design = PlacedDesign.read(netlist, placement, Technology.read(liberty, lefs), constraints=constraints)
    graph = design.trees.nets.graph
    wires = predict_wires(network, design)
    after_wires = time.monotonic()
    if spef is not None:
        module = graph.module
        types = [kind.name for kind in module.library]
        cells = dict(zip(module.cell_labels(), (types[at] for at in module.cell_type.tolist()), strict=True))
        write_spef(wires, spef, cells=cells)
    findings = list(graph.findings)
    undriven = design.trees.nets.undriven
    if undriven:
        shown = ", ".join(undriven[:5]) + (", ..." if len(undriven) > 5 else "")
        findings.append(f"{len(undriven)} nets have no driver and get no wires ({shown})")
    slacks: list[float | None] = [None] * 4
    begin = time.monotonic()
    if constraints is not None:
        conditions = conditions_of(graph, read_sdc(constraints))
        findings += conditions.findings
        timed, timing = time_design(design, wires, conditions)
        findings += unclocked(timed, timing)
        ends = timing.endpoint_slack(LATE)
        known = ends[~torch.isnan(ends)]
        slacks = [float(timing.wns(LATE)), float(timing.tns()), float(timing.wns(EARLY)),
                  float(known.min()) if len(known) else None]  # fmt: skip
        if out is not None:
            write_text(out, times_csv(timed, timing))
    return TimingPrediction(
        design.name, graph.module.num_cells, len(wires.net_names), len(design.trees.nets.node),
        float(wires.node_cap.sum()), slacks[0], slacks[1], slacks[2], slacks[3], tuple(findings),
        (after_wires - start, time.monotonic() - begin), spef, out, card,
    )  # fmt: skip


def unclocked(graph: TimingGraph, timing: Timing) -> list[str]:
    """A finding that names the clock pins that no clock reaches; none where all are reached.

    Pins of cells whose clock is left open count too.
    """
    pins = graph.module.num_pins
    rows = graph.pin_row[:pins]
    is_clock = (rows >= 0) & graph.library.pin_is_clock[np.maximum(rows, 0)]
    clock = timing.arrival[:pins, :, [CLOCK_RISE, CLOCK_FALL]].flatten(1)
    silent = np.flatnonzero(is_clock & torch.isnan(clock).all(1).numpy()).tolist()
    if not silent:
        return []
    named = first_five([graph.node_names[at] for at in silent], "clock pin")
    return [f"no clock reaches {named}: paths from and to their registers are not timed"]


_HEADER = (
    "pin", "late_rise", "late_fall", "early_rise", "early_fall", "falling_late_rise", "falling_late_fall",
    "falling_early_rise", "falling_early_fall", "slew_rise", "slew_fall", "required_rise", "required_fall",
    "slack_rise", "slack_fall", "hold_slack_rise", "hold_slack_fall", "net_delay_rise", "net_delay_fall",
)  # fmt: skip


def times_csv(graph: TimingGraph, timing: Timing) -> str:
    """Every connected pin's times in ns, empty where there is none.

    `late_` and `early_` are arrivals of paths launched by the clock's rising edge, `falling_` those by the falling
    one; `required_` is for set-up and the rising edge's paths; `slack_` is the worst over both; `net_delay_` is that of
    the wire to the pin.
    """
    arrival, required = timing.arrival.numpy(), timing.required.numpy()
    rising, falling = (CLOCK_RISE, DATA_RISE), (CLOCK_FALL, DATA_FALL)
    wire = np.full((graph.num_nodes, 2), np.nan)
    wire[graph.wire_to] = timing.delays.wire[:, LATE].numpy()
    columns = np.concatenate(
        [
            launched(arrival, LATE, rising), launched(arrival, EARLY, rising),
            launched(arrival, LATE, falling), launched(arrival, EARLY, falling),
            timing.delays.slew[:, LATE].numpy(), _least_required(required, rising),
            timing.slack(LATE).numpy(), timing.slack(EARLY).numpy(), wire,
        ],
        axis=1,
    )  # fmt: skip
    names = graph.node_names
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for at in np.flatnonzero(graph.net >= 0).tolist():
        writer.writerow([names[at], *("" if np.isnan(value) else f"{value:.6f}" for value in columns[at].tolist())])
    return text.getvalue()
