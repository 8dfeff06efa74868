"""Self-contained HTML reports: pictures inside, every text escaped."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from safetensors import SafetensorError
from safetensors.numpy import load_file

from hwdesign import __version__
from hwdesign.aig import ESTIMATES, METHODS, PredictionResult, RunSummary
from hwdesign.errors import DataError
from hwdesign.files import os_reason, read_input, write_text
from hwdesign.learn import read_figures
from hwdesign.report.plots import prediction_png, scatter_png, training_png
from hwdesign.report.sfq import is_sfq_run, sfq_page
from hwdesign.report.timing import is_timing_run, timing_page

METHOD_LABELS = {
    "model": "model",
    "mean": "constant mean of the training labels",
    "cop": "COP (fan-ins independent)",
    "untrained": "the model's prior, untrained",
}
_METRIC_LABELS = {"mae": "MAE", "rmse": "RMSE", "r2": "R²", "pearson": "Pearson", "spearman": "Spearman"}
_MAX_ROWS = 500
_MAX_JSON = 64 << 20
_MAX_ESTIMATES = 1 << 30


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("hwdesign.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = _number
    made.filters["png"] = lambda data: "data:image/png;base64," + base64.b64encode(data).decode()
    made.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return made


def html_report(source: Path | RunSummary | PredictionResult, out: Path) -> None:
    """Write a report of a training run or of a prediction; the file appears whole or not at all.

    Args:
        source: a run's folder or summary, or a prediction; the folder of an SFQ network or of a timing run too.
        out: HTML file.

    Raises:
        DataError: the folder holds no finished run.
        FileError: `out` cannot be written.
    """
    if isinstance(source, PredictionResult):
        text = _prediction(source)
    else:
        folder = source.run_dir if isinstance(source, RunSummary) else source
        if is_sfq_run(folder):
            text = sfq_page(folder, _environment())
        elif is_timing_run(folder):
            text = timing_page(folder, _environment())
        else:
            text = _run(folder)
    write_text(out, text)


def _load_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError("the folder holds no finished run", file=path, mend="train first, or resume the run")
    try:
        value = json.loads(read_input(path, limit=_MAX_JSON))
    except ValueError as error:
        raise DataError("the file is no JSON", file=path) from error
    if not isinstance(value, dict):
        raise DataError("the file holds no record", file=path)
    return value


def _run(folder: Path) -> str:
    summary = _load_json(folder / "summary.json")
    card = _load_json(folder / "checkpoints" / "best.json")
    figures = read_figures(folder / "metrics.csv")
    config = card.pop("config", {})
    try:
        groups = [
            (split, [circuit for circuit in summary["circuits"] if circuit["split"] == split])
            for split in ("test", "validation")
        ]
        return _environment().get_template("run.html").render(
            title=f"Training run {summary.get('name', folder.name)}",
            version=__version__,
            summary=summary,
            groups=[(split, circuits, _averages(circuits)) for split, circuits in groups if circuits],
            methods={name: METHOD_LABELS[name] for name in METHODS},
            curve=training_png(figures, best_epoch=int(summary["best_epoch"])),
            scatter=_estimates(folder / ESTIMATES),
            config=config,
            card=card,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise DataError("the run's summary is damaged", file=folder / "summary.json", mend="train again") from error


def _estimates(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_ESTIMATES:
            raise DataError("the estimates are too large to plot", file=path)
        found = load_file(path)
        return scatter_png(found["true"], {"model": found["model"], "COP": found["cop"]})
    except OSError as error:
        raise DataError(f"cannot read the estimates: {os_reason(error)}", file=path, mend="train again") from error
    except (SafetensorError, KeyError, ValueError) as error:
        raise DataError("the estimates are damaged", file=path, mend="train again") from error


def _averages(circuits: list[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    return {
        method: {
            key: sum(float(circuit["methods"][method][key]) for circuit in circuits) / len(circuits)
            for key in ("mae", "r2")
        }
        for method in METHODS
    }


def _prediction(result: PredictionResult) -> str:
    worst = sorted(result.rows, key=lambda row: -abs(row.predicted - row.simulated))
    return _environment().get_template("prediction.html").render(
        title=f"Signal probability of {result.circuit}",
        version=__version__,
        result=result,
        methods=METHOD_LABELS,
        metrics=_METRIC_LABELS,
        values={name: metrics.as_dict() for name, metrics in result.metrics.items()},
        scatter=prediction_png(result),
        rows=worst[:_MAX_ROWS],
        card=result.card,
    )  # fmt: skip
