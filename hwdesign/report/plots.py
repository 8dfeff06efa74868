"""Plots as PNG bytes, drawn without a display."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from hwdesign.aig import PredictionResult
from hwdesign.files import open_atomic

_DENSE = 3000


def figure_png(figure: Figure) -> bytes:
    """A figure as PNG bytes: equal figures give equal bytes."""
    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    # No date and no version in the file: equal data gives equal bytes.
    figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})
    return stream.getvalue()


def scatter_png(
    true: ArrayLike, panels: Mapping[str, ArrayLike], *, title: str = "", quantity: str = "signal probability"
) -> bytes:
    """Predicted against true, one panel a method, all with the same axes and the diagonal; PNG bytes.

    Args:
        true: float[n], the abscissa.
        panels: method → float[n].
        title: above all panels.
        quantity: what the axes show.
    """
    x = np.asarray(true, np.float64)
    figure = Figure(figsize=(4.2 * len(panels) + 0.6, 4.4), layout="constrained")
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axis, (name, values) in zip(axes, panels.items(), strict=True):
        y = np.asarray(values, np.float64)
        axis.plot([0, 1], [0, 1], color="0.6", linewidth=1, zorder=0)
        if len(x) > _DENSE:
            drawn = axis.hexbin(x, y, gridsize=60, extent=(0, 1, 0, 1), norm=LogNorm(), cmap="viridis", mincnt=1)
            figure.colorbar(drawn, ax=axis, label="gates", shrink=0.8)
        else:
            axis.scatter(x, y, s=10, alpha=0.45, linewidths=0, color="tab:blue")
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xlabel=f"simulated {quantity}")
        error = float(np.abs(y - x).mean()) if len(x) else float("nan")
        axis.set_title(f"{name}: mean absolute error {error:.4f}", fontsize=10)
    axes[0].set_ylabel(f"estimated {quantity}")
    if title:
        figure.suptitle(title, fontsize=11)
    return figure_png(figure)


def training_png(rows: Sequence[Mapping[str, float]], *, best_epoch: int = 0) -> bytes:
    """Training loss and validation error by epoch, the chosen epoch marked; PNG bytes.

    Args:
        rows: of a run's `metrics.csv`.
        best_epoch: from 1; 0 for none.
    """
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axis = figure.subplots()
    epochs = [row["epoch"] for row in rows]
    for key, label in (("train/loss", "training loss"), ("val/mae", "validation error")):
        values: NDArray[np.float64] = np.array([row.get(key, np.nan) for row in rows])
        axis.plot(epochs, values, marker="o", markersize=3, label=label)
    if best_epoch:
        axis.axvline(best_epoch, color="0.5", linestyle="--", linewidth=1, label="chosen by validation")
    axis.set(xlabel="epoch", ylabel="mean absolute error")
    axis.set_ylim(bottom=0)
    axis.legend()
    return figure_png(figure)


def prediction_png(result: PredictionResult) -> bytes:
    """Scatter of a prediction: the model beside COP; PNG bytes."""
    columns = result.columns()
    panels = {"model": columns["predicted"], "COP": columns["cop"]}
    return scatter_png(columns["simulated"], panels, title=f"{result.circuit}: {len(result.rows)} gates")


def save_prediction_plot(result: PredictionResult, path: Path) -> None:
    """Write `prediction_png` whole or not at all.

    Raises:
        FileError: the folder cannot be written.
    """
    with open_atomic(path) as stream:
        stream.write(prediction_png(result))
