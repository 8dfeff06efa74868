"""Plots of analyses as PNG bytes, drawn without a display."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from hwdesign.sfq.analysis.margins import Margins
from hwdesign.sfq.analysis.performance import ErrorRate
from hwdesign.sfq.analysis.shmoo import Shmoo
from hwdesign.sfq.analysis.transfer import Transfer

_MAX_BARS = 200  # more cannot be told apart


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    # No date and no version in the file: equal data gives equal bytes.
    figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})
    return stream.getvalue()


def margins_png(found: Margins, before: Margins | None = None) -> bytes:
    """Margins as bars, the most critical parameter at the top.

    Args:
        found: the margins.
        before: of the same parameters, drawn as outlines.
    """
    rows = sorted(found.rows, key=lambda row: row.critical)[:_MAX_BARS]
    earlier = {} if before is None else {row.name: row for row in before.rows}
    figure = Figure(figsize=(6.4, 0.22 * len(rows) + 1.4), layout="constrained")
    axis = figure.subplots()
    for place, row in enumerate(rows):
        axis.barh(place, 100 * (row.low + row.high), left=-100 * row.low, height=0.7, color="tab:blue")
        if row.name in earlier:
            old = earlier[row.name]
            axis.barh(place, 100 * (old.low + old.high), left=-100 * old.low, height=0.7, fill=False, edgecolor="0.2")
    axis.axvline(0, color="0.3", linewidth=1)
    if earlier:
        handles = [Patch(color="tab:blue", label="after"), Patch(fill=False, edgecolor="0.2", label="before")]
        axis.legend(handles=handles, fontsize=7, loc="lower right")
    axis.set(xlim=(-105 * found.bound, 105 * found.bound), xlabel="change that works (%)", ylim=(len(rows) - 0.4, -0.6))
    axis.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=7)
    return _png(figure)


def shmoo_png(found: Shmoo) -> bytes:
    """Where the circuit works, in the plane of two parameters."""
    figure = Figure(figsize=(5.4, 4.6), layout="constrained")
    axis = figure.subplots()
    shown = np.where(np.isnan(found.works), 2.0, found.works)
    colours = ["tab:red", "tab:green", "0.85"]
    axis.pcolormesh(
        100 * found.x, 100 * found.y, shown, cmap=ListedColormap(colours), vmin=0, vmax=2, shading="nearest"
    )
    axis.plot([0], [0], marker="+", color="black", markersize=12)
    axis.set(xlabel=f"{found.x_name} (%)", ylabel=f"{found.y_name} (%)")
    labels = ["fails", "works", "not simulated"][: 3 if np.isnan(found.works).any() else 2]
    axis.legend(handles=[Patch(color=c, label=t) for c, t in zip(colours, labels, strict=False)], loc="upper right")
    return _png(figure)


def transfer_png(found: Transfer) -> bytes:
    """Share of pulses that pass against current, with 95 % intervals and the fit."""
    figure = Figure(figsize=(5.6, 4.0), layout="constrained")
    axis = figure.subplots()
    current, share = found.current * 1e6, found.share
    spans = np.array([found.interval(at) for at in range(len(current))])
    errors = np.clip(np.abs(spans.T - share), 0, 1)
    axis.errorbar(current, share, yerr=errors, fmt="o", markersize=4, capsize=2, label="simulated")
    if found.fit is not None:
        fine = np.linspace(found.current[0], found.current[-1], 300)
        fit = found.fit
        label = f"Φ((I − {fit.mu * 1e6:.2f} µA)/{fit.sigma * 1e6:.2f} µA)"
        axis.plot(fine * 1e6, fit.share(fine), color="0.3", linewidth=1, label=label)
    axis.set(xlabel="current (µA)", ylabel="share of pulses that pass", ylim=(-0.02, 1.02))
    axis.legend()
    return _png(figure)


def errors_png(found: list[ErrorRate]) -> bytes:
    """Bit-error rate against temperature, with 95 % intervals; where none was seen, the interval's upper end."""
    figure = Figure(figsize=(5.6, 4.0), layout="constrained")
    axis = figure.subplots()
    for item in found:
        low, high = item.interval
        seen = item.errors > 0
        axis.plot([item.temperature] * 2, [low if seen else high / 2, high], color="tab:blue")
        axis.plot([item.temperature], [item.rate if seen else high], marker="o" if seen else "v", color="tab:blue")
    axis.set(xlabel="temperature (K)", ylabel="errors an expected pulse", yscale="log")
    markers = [("o", "seen, with its 95 % interval"), ("v", "none seen: upper end of the interval")]
    axis.legend(handles=[Line2D([], [], marker=mark, linestyle="", label=text) for mark, text in markers])
    return _png(figure)
