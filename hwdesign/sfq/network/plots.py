"""Plots of a network's proof as PNG bytes, drawn without a display."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hwdesign.sfq.network.proof import Proof, SpreadPoint

_MAX_PATTERNS = 32


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    # No date and no version in the file: equal data gives equal bytes.
    figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})
    return stream.getvalue()


def yield_png(sweep: Sequence[SpreadPoint], spread: float, title: str = "") -> bytes:
    """Share of chips that decide every pattern, and share of right decisions, against the local spread.

    Args:
        sweep: rising spreads.
        spread: the one that is marked.
        title: above.
    """
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    axis = figure.subplots()
    x = [100 * point.sigma for point in sweep]
    share = np.array([point.share for point in sweep])
    low, high = np.array([point.interval for point in sweep]).T
    error = np.maximum([share - low, high - share], 0)
    axis.errorbar(x, share, yerr=error, marker="o", capsize=3, label="chips right in every pattern (95 %)")
    axis.plot(x, [point.decisions for point in sweep], marker="s", linestyle="--", label="right decisions")
    axis.axhline(0.99, color="0.6", linewidth=1)
    axis.axvline(100 * spread, color="0.6", linewidth=1, linestyle=":")
    axis.set(xlabel="local spread σ (%)", ylabel="share", ylim=(-0.02, 1.03))
    axis.set_title(title, fontsize=10)
    axis.legend(loc="lower left", fontsize=8)
    return _png(figure)


def margin_png(sweep: Sequence[SpreadPoint], spread: float, least: ArrayLike, pulses: int) -> bytes:
    """Least classification margin over patterns, mean over chips, against the spread; and its histogram.

    Args:
        sweep: rising spreads.
        spread: the one that the histogram is for.
        least: float[chips], least margin of each chip.
        pulses: most pulses in a window.
    """
    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([100 * p.sigma for p in sweep], [p.margin for p in sweep], marker="o")
    left.axhline(0, color="tab:red", linewidth=1)
    left.set(xlabel="local spread σ (%)", ylabel="least margin of a chip, mean (full windows)")
    edges = (np.arange(-2 * pulses - 1, 2 * pulses + 2) / 2 - 0.25) / pulses
    right.hist(np.asarray(least, np.float64), bins=edges.tolist(), color="tab:blue")
    right.axvline(0, color="tab:red", linewidth=1)
    right.set(xlabel="least margin of a chip (full windows)", ylabel="chips")
    right.set_title(f"local spread {100 * spread:g} %", fontsize=10)
    return _png(figure)


def counts_png(proof: Proof) -> bytes:
    """How many pulses each output gives to each pattern, as shares of the chips."""
    run = proof.run
    shown = min(len(run.labels), _MAX_PATTERNS)
    figure = Figure(figsize=(0.5 * shown + 2.5, 1.8 * run.counts.shape[2] + 1.6), layout="constrained")
    axes = figure.subplots(run.counts.shape[2], 1, sharex=True, squeeze=False)[:, 0]
    top = int(run.counts.max()) + 1
    for out, axis in enumerate(axes):
        share = np.zeros((top, shown))
        for at in range(shown):
            share[:, at] = np.bincount(np.clip(run.counts[:, at, out], 0, None), minlength=top) / len(run.counts)
        axis.imshow(share, origin="lower", aspect="auto", vmin=0, vmax=1, cmap="Blues")
        axis.set(ylabel=f"pulses of output {out}" if len(axes) > 1 else "output pulses", yticks=range(top))
        if len(axes) == 1:
            axis.axhline(run.decide_at - 0.5, color="tab:red", linewidth=1)
    names = [
        f"{''.join(f'{v:g}' for v in row) if len(row) < 5 else at} → {run.labels[at]}"
        for at, row in enumerate(proof.task.patterns[:shown])
    ]
    axes[-1].set_xticks(range(shown), names, rotation=60 if shown > 4 else 0, fontsize=8)
    axes[-1].set_xlabel("pattern → class")
    return _png(figure)
