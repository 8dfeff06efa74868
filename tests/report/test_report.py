"""Reports: complete, self-contained, escaped; plots show what they should."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from safetensors.numpy import save_file

from hwdesign.aig import GateRow, PredictionResult
from hwdesign.errors import DataError
from hwdesign.learn import regression_metrics
from hwdesign.report import html_report, prediction_png, save_prediction_plot, scatter_png, training_png

NASTY = '<script>alert(1)</script>&"'


def prediction(gates: int = 40) -> PredictionResult:
    rng = np.random.default_rng(0)
    true = rng.uniform(size=gates)
    model, cop = np.clip(true + 0.01, 0, 1), np.clip(true + 0.2, 0, 1)
    rows = [
        GateRow(f"g{at}" if at else NASTY, "AND2", *map(float, r))
        for at, r in enumerate(zip(model, true, cop, strict=True))
    ]
    estimates = {"model": model, "mean": np.full(gates, 0.5), "cop": cop, "untrained": cop}
    metrics = {name: regression_metrics(true, values) for name, values in estimates.items()}
    return PredictionResult(
        Path("x.v"), NASTY, rows, metrics, 0.5, 1024, 1, "The model beats COP.", None, {"task": NASTY}
    )


class Checker(HTMLParser):
    VOID = ("meta", "img", "link", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(path: Path) -> Checker:
    checker = Checker()
    checker.feed(path.read_text())
    assert checker.open == []
    return checker


def check_self_contained(checker: Checker) -> list[bytes]:
    pictures = []
    for tag, attributes in checker.tags:
        assert tag not in ("script", "link", "iframe")
        source = attributes.get("src")
        if source:
            assert source.startswith("data:image/png;base64,")
            pictures.append(base64.b64decode(source.split(",", 1)[1]))
    return pictures


def test_a_prediction_report_is_escaped_and_self_contained(tmp_path: Path) -> None:
    result = prediction()
    html_report(result, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    pictures = check_self_contained(parsed(tmp_path / "r.html"))
    assert pictures == [prediction_png(result)]
    assert NASTY not in text
    assert "&lt;script&gt;" in text
    assert "The model beats COP." in text
    for metrics in result.metrics.values():
        assert f"<td>{metrics.mae:.4f}</td>" in text


def test_long_tables_are_cut_and_say_so(tmp_path: Path) -> None:
    html_report(prediction(700), tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert "(500 of 700)" in text
    assert text.count("<td>AND2</td>") == 500


def write_run(folder: Path) -> None:
    methods = {
        name: {"mae": mae, "r2": 0.5}
        for name, mae in (("model", 0.01), ("mean", 0.2), ("cop", 0.0512), ("untrained", 0.02))
    }
    circuits = [
        {"name": NASTY, "split": "test", "ands": 10, "depth": 3, "methods": methods},
        {"name": "v", "split": "validation", "ands": 10, "depth": 3, "methods": methods},
    ]
    summary = {
        "name": "demo",
        "epochs": 2,
        "best_epoch": 1,
        "circuits": circuits,
        "parameters": 5,
        "seconds": 1.5,
        "verdict": "The model does not beat COP.",
        "train": {"circuits": 1, "slices": 2, "ands": 30},
    }
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "checkpoints" / "best.json").write_text(json.dumps({"config": {"seed": 7}, "data": "digest"}))
    true = np.linspace(0, 1, 20, dtype=np.float32)
    save_file({"true": true, "model": true, "cop": true[::-1].copy()}, folder / "estimates.safetensors")
    (folder / "metrics.csv").write_text("epoch,train/loss,val/mae\n1,0.3,0.2\n2,0.2,0.25\n")


def test_a_run_report_shows_the_verdict_every_method_and_the_card(tmp_path: Path) -> None:
    write_run(tmp_path)
    html_report(tmp_path, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert len(check_self_contained(parsed(tmp_path / "r.html"))) == 2
    assert "The model does not beat COP." in text
    assert len(re.findall("<td>0.0512</td>", text)) == 4
    assert text.index("Test circuits") < text.index("Validation circuits")
    assert "&#34;seed&#34;: 7" in text and NASTY not in text


def test_an_unfinished_or_damaged_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no finished run"):
        html_report(tmp_path, tmp_path / "r.html")
    write_run(tmp_path)
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(DataError, match="damaged"):
        html_report(tmp_path, tmp_path / "r.html")
    (tmp_path / "summary.json").write_text("[")
    with pytest.raises(DataError, match="no JSON"):
        html_report(tmp_path, tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_plots_are_pictures_of_the_asked_shape(tmp_path: Path) -> None:
    one = imread(io.BytesIO(scatter_png([0.1, 0.9], {"model": [0.1, 0.8]})))
    two = imread(io.BytesIO(scatter_png([0.1, 0.9], {"model": [0.1, 0.8], "COP": [0.4, 0.4]})))
    assert two.shape[1] > 1.5 * one.shape[1]
    assert one.std() > 0.01
    dense = np.random.default_rng(0).uniform(size=5000)
    assert imread(io.BytesIO(scatter_png(dense, {"model": dense}))).std() > 0.01
    rows = [{"epoch": 1.0, "train/loss": 0.2, "val/mae": 0.1}]
    assert imread(io.BytesIO(training_png(rows, best_epoch=1))).ndim == 3
    save_prediction_plot(prediction(), tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes() == prediction_png(prediction())
