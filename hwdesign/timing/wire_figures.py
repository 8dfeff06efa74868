"""How far predicted wires are from extracted ones: a design's figures, and those of many designs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from hwdesign.learn.metrics import mean_absolute_error, r_squared
from hwdesign.timing.wire_model import EdgeValues, WireNetwork, base_values, tree_wires

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WireValues:
    """True and predicted values of one design.

    Attributes:
        delay: f64[S], ps, Elmore delays from driver to sink.
        cap: f64[N], fF, wire capacitance of nets.
        predicted: by method, delay and cap alike: `model`, the trained network; `start`, the Steiner tree's values by
            length that it starts from; `baseline`, the spanning tree by length; `zero`, wires of nothing.
    """

    delay: F64
    cap: F64
    predicted: Mapping[str, tuple[F64, F64]]


@torch.no_grad()
def compare_wires(network: WireNetwork, graph: Data) -> WireValues:
    """Run the network and what it starts from on a labelled design."""
    sinks, roots = torch.isfinite(graph.y), torch.isfinite(graph.net_cap)

    def values(edges: EdgeValues) -> tuple[F64, F64]:
        wires, cap = tree_wires(graph, edges)
        return wires.elmore[sinks, 0].numpy(), cap[roots].numpy()

    predicted = {"model": values(network(graph)), "start": values(base_values(graph, network.config))}
    true = graph.y[sinks].double().numpy(), graph.net_cap[roots].double().numpy()
    predicted["zero"] = np.zeros_like(true[0]), np.zeros_like(true[1])
    return WireValues(*true, predicted)


def figures(true: F64, predicted: F64, cap: F64, predicted_cap: F64) -> dict[str, float]:
    """R² and mean absolute error (ps) of net delays, and those (fF) of net capacitance; NaN without values."""
    if not len(true):
        return dict.fromkeys(("net_r2", "net_mae_ps", "cap_r2", "cap_mae_ff"), math.nan)
    return {
        "net_r2": r_squared(true, predicted),
        "net_mae_ps": mean_absolute_error(true, predicted),
        "cap_r2": r_squared(cap, predicted_cap),
        "cap_mae_ff": mean_absolute_error(cap, predicted_cap),
    }


def design_figures(values: WireValues) -> dict[str, dict[str, float]]:
    """`figures` by method."""
    return {
        method: figures(values.delay, delay, values.cap, cap) for method, (delay, cap) in values.predicted.items()
    }  # fmt: skip


def overall(designs: Sequence[WireValues]) -> dict[str, dict[str, float]]:
    """By method: medians over designs, and `pooled_` figures over all their nets together."""
    found: dict[str, dict[str, float]] = {}
    each = [design_figures(values) for values in designs]
    for method in designs[0].predicted:
        row = {}
        for key in each[0][method]:
            numbers = [figure[method][key] for figure in each if not math.isnan(figure[method][key])]
            row[key] = median(numbers) if numbers else math.nan
        joined = [
            np.concatenate(parts)
            for parts in zip(
                *((v.delay, v.predicted[method][0], v.cap, v.predicted[method][1]) for v in designs), strict=True
            )
        ]
        row.update({f"pooled_{key}": value for key, value in figures(*joined).items()})
        found[method] = row
    return found
