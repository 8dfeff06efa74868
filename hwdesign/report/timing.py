"""The page of a timing run: how the wire network was trained, how far its times are off, and the critical path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, UndefinedError
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from hwdesign import __version__
from hwdesign.errors import DataError
from hwdesign.files import os_reason, read_input
from hwdesign.learn import read_figures
from hwdesign.report.plots import figure_png, training_png
from hwdesign.timing.evaluate_wires import EVALUATION_FILE, SAMPLES_FILE
from hwdesign.timing.fit_wires import TASK

METHODS = {
    "model": "trained network",
    "start": "its start, before training",
    "baseline": "analytic tree",
    "zero": "no wires",
}
FIGURES = {
    "net_r2": "net delay R²",
    "net_mae_ps": "net delay MAE (ps)",
    "pooled_net_r2": "net delay R², all nets together",
    "cap_r2": "net capacitance R²",
    "arrival_r2": "arrival R²",
    "arrival_mae_ps": "arrival MAE (ps)",
    "endpoint_r2": "endpoint arrival R²",
    "endpoint_mae_ps": "endpoint arrival MAE (ps)",
    "slew_r2": "slew R²",
    "slack_r2": "slack R²",
    "slack_mae_ps": "slack MAE (ps)",
    "wns_error_ps": "WNS error (ps)",
    "tns_error_ps": "TNS error (ps)",
    "worst_slack_error_ps": "worst slack error (ps)",
}
PER_DESIGN = ("net_r2", "net_mae_ps", "arrival_mae_ps", "endpoint_mae_ps", "slack_mae_ps", "worst_slack_error_ps")
_PLOTS = {"net": "net delay", "arrival": "arrival", "slack": "set-up slack"}
_DENSE = 3000
_MAX_ROWS = 500
_MAX_JSON = 64 << 20
_MAX_SAMPLES = 1 << 30
_EVALUATE = "run `hwdesign evaluate timing` on the run"


def is_timing_run(folder: Path) -> bool:
    """Whether the folder holds a training run of the timing wing's wires."""
    card = folder / "checkpoints" / "best.json"
    return card.is_file() and _record(card).get("task") == TASK


def timing_page(folder: Path, environment: Environment) -> str:
    """HTML of a timing run.

    Args:
        folder: as `hwdesign train timing` and `hwdesign evaluate timing` leave it; without an evaluation there are
            no plots of times.
        environment: of the templates.

    Raises:
        DataError: a file is missing or damaged.
    """
    summary_file = folder / "summary.json"
    if not summary_file.is_file():
        raise DataError("the folder holds no finished run", file=summary_file, mend="train first, or resume the run")
    summary, card = _record(summary_file), _record(folder / "checkpoints" / "best.json")
    curve = read_figures(folder / "metrics.csv")
    evaluation, pictures = None, {}
    if (folder / EVALUATION_FILE).is_file():
        evaluation = _record(folder / EVALUATION_FILE)
        try:
            pictures = _pictures(_samples(folder / SAMPLES_FILE), evaluation)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DataError("the evaluation is damaged", file=folder / EVALUATION_FILE, mend=_EVALUATE) from error
    config = card.pop("config", {})
    try:
        return environment.get_template("timing_run.html").render(
            title=f"Timing run {config.get('name') or folder.name}",
            version=__version__,
            summary=summary,
            evaluation=evaluation,
            rows=[] if evaluation is None else evaluation["designs"][:_MAX_ROWS],
            tables=_tables(summary, evaluation),
            figures=FIGURES,
            per_design=PER_DESIGN,
            curve=training_png(curve, best_epoch=int(summary["best_epoch"])),
            pictures=pictures,
            plots=_PLOTS,
            hint=_EVALUATE,
            config=config,
            card=card,
        )
    except (AttributeError, KeyError, TypeError, ValueError, UndefinedError) as error:
        raise DataError("the run's summary is damaged", file=summary_file, mend="train again") from error


def _record(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(read_input(path, limit=_MAX_JSON))
    except (ValueError, RecursionError) as error:
        raise DataError("the file is no JSON", file=path) from error
    if not isinstance(value, dict):
        raise DataError("the file holds no record", file=path)
    return value


def _samples(path: Path) -> dict[str, NDArray[Any]]:
    try:
        if path.stat().st_size > _MAX_SAMPLES:
            raise DataError("the samples are too large to plot", file=path)
        return dict(load_file(path))
    except OSError as error:
        raise DataError(f"cannot read the samples: {os_reason(error)}", file=path, mend=_EVALUATE) from error
    except (SafetensorError, ValueError) as error:
        raise DataError("the samples are damaged", file=path, mend=_EVALUATE) from error


def _tables(summary: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Tables of medians: title, figures shown, and by method's label the numbers."""
    found = []
    if evaluation is not None:
        count = len(evaluation["designs"])
        found.append((f"Evaluation: medians over {count} design{'s' * (count != 1)}", evaluation["summary"]))
    for split, methods in sorted(summary["splits"].items()):
        found.append((f"Training run, {split} designs: medians", methods))
    return [
        {
            "title": title,
            "keys": [key for key in FIGURES if all(key in row for row in methods.values())],
            "rows": {METHODS[name]: row for name, row in methods.items()},
        }
        for title, methods in found
    ]


def _pictures(samples: Mapping[str, NDArray[Any]], evaluation: Mapping[str, Any]) -> dict[str, bytes]:
    pictures = {}
    for quantity in ("net", "arrival"):
        if len(samples.get(f"{quantity}_true", ())):
            panels = {METHODS[name]: samples[f"{quantity}_{name}"] for name in ("model", "baseline", "zero")}
            pictures[quantity] = agreement_png(samples[f"{quantity}_true"], panels, _PLOTS[quantity])
    if len(samples.get("slack_true", ())):
        pictures["slack"] = slack_png(samples["slack_true"], samples["slack_model"])
    path = evaluation.get("path")
    if path is not None:
        cells, stops = samples["path_cells"], samples["path_stops"]
        title = f"{path['design']}: slack {float(path['slack']):.4f} ns"
        pictures["path"] = path_png(cells, stops, [float(side) for side in path["die"]], title)
    return pictures


def agreement_png(true: ArrayLike, panels: Mapping[str, ArrayLike], quantity: str) -> bytes:
    """Estimated against true times in ps, one panel a method on the same axes, with the diagonal; PNG bytes.

    Args:
        true: float[n], the abscissa, n > 0.
        panels: method → float[n].
        quantity: what the axes show.
    """
    x = np.asarray(true, np.float64)
    values = {name: np.asarray(column, np.float64) for name, column in panels.items()}
    low = min(float(x.min()), 0.0)
    high = max(float(x.max()), max((float(y.max()) for y in values.values()), default=0.0), low + 1e-6)
    figure = Figure(figsize=(4.0 * len(panels) + 0.6, 4.2), layout="constrained")
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axis, (name, y) in zip(axes, values.items(), strict=True):
        axis.plot([low, high], [low, high], color="0.6", linewidth=1, zorder=0)
        if len(x) > _DENSE:
            axis.hexbin(x, y, gridsize=60, extent=(low, high, low, high), norm=LogNorm(), cmap="viridis", mincnt=1)
        else:
            axis.scatter(x, y, s=9, alpha=0.45, linewidths=0, color="tab:blue")
        axis.set(aspect="equal", xlabel=f"true {quantity} (ps)")
        axis.set_title(f"{name}: mean absolute error {float(np.abs(y - x).mean()):.3f} ps", fontsize=9)
    axes[0].set_ylabel(f"estimated {quantity} (ps)")
    return figure_png(figure)


def slack_png(true: ArrayLike, predicted: ArrayLike) -> bytes:
    """Histograms of endpoints' set-up slacks, true and predicted, in ps; PNG bytes."""
    columns = [np.asarray(values, np.float64) for values in (true, predicted)]
    edges = np.histogram_bin_edges(np.concatenate(columns), bins=40)
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axis = figure.subplots()
    axis.hist(columns[0], edges, label="true", color="0.75")
    axis.hist(columns[1], edges, label="predicted", histtype="step", color="tab:blue", linewidth=1.5)
    if edges[0] < 0 < edges[-1]:
        axis.axvline(0, color="tab:red", linewidth=1)
    axis.set(xlabel="set-up slack (ps)", ylabel="endpoints")
    axis.legend()
    return figure_png(figure)


def path_png(cells: NDArray[Any], stops: NDArray[Any], die: list[float], title: str = "") -> bytes:
    """A path over a placement; PNG bytes.

    Args:
        cells: float[C, 2], lower left corners in µm.
        stops: float[K, 2], the path's pins in their order.
        die: x0 y0 x1 y1.
        title: above the picture.
    """
    if cells.ndim != 2 or stops.ndim != 2 or cells.shape[1] != 2 or stops.shape[1] != 2 or len(die) != 4:
        raise ValueError("positions come in pairs, and a die has four sides")
    x0, y0, x1, y1 = die
    figure = Figure(figsize=(6.2, 6.2), layout="constrained")
    axis = figure.subplots()
    axis.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="0.4"))
    axis.plot(cells[:, 0], cells[:, 1], "s", markersize=2.5, color="0.8", label="cells")
    axis.plot(stops[:, 0], stops[:, 1], "-", color="tab:red", linewidth=1.2, label="critical path")
    axis.plot(stops[:, 0], stops[:, 1], "o", color="tab:red", markersize=3)
    axis.plot(stops[:1, 0], stops[:1, 1], "^", color="tab:green", markersize=8, label="begin")
    axis.plot(stops[-1:, 0], stops[-1:, 1], "v", color="tab:blue", markersize=8, label="end")
    axis.set(aspect="equal", xlabel="x (µm)", ylabel="y (µm)", title=title)
    axis.legend(loc="upper right", fontsize=8)
    return figure_png(figure)
