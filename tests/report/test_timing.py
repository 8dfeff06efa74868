"""The page of a timing run: complete, self-contained, and damaged files are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hwdesign.cli import main
from hwdesign.errors import DataError
from hwdesign.report import html_report
from hwdesign.report.timing import agreement_png, path_png, slack_png
from tests.report.test_report import check_self_contained, parsed
from tests.timing.placed import write_data

CONFIG = """\
name: <tiny>
data: {folder: set, sets: {one: {train: 0.5, validation: 0.5}}}
model: {hidden: 8, rounds: 1}
trainer: {max_epochs: 1, threads: 1}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("timing")
    write_data(folder / "set", designs=4)
    (folder / "tiny.yaml").write_text(CONFIG)
    assert main(["train", "timing", "--config", str(folder / "tiny.yaml"), "--run", str(folder / "run")]) == 0
    shutil.copytree(folder / "run", folder / "bare")
    assert main(["evaluate", "timing", str(folder / "run"), str(folder / "set" / "one")]) == 0
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained / "run", tmp_path / "run"))


def test_a_run_shows_slacks_agreement_and_the_critical_path(run: Path) -> None:
    assert main(["report", str(run)]) == 0
    pictures = check_self_contained(parsed(run / "report.html"))
    assert len(pictures) == len(set(pictures)) == 5
    text = (run / "report.html").read_text()
    assert "Timing run &lt;tiny&gt;" in text
    for words in ("Evaluation: medians over 4 designs", "WNS error (ps)", "analytic tree", "Startpoint: ", "no wires"):
        assert words in text, words
    record = json.loads((run / "evaluation.json").read_text())
    assert f"{record['designs'][0]['methods']['model']['slack_mae_ps']:.4f}" in text
    again = run / "again.html"
    html_report(run, again)
    assert again.read_text() == text


def test_a_run_that_is_not_evaluated_says_so(trained: Path, tmp_path: Path) -> None:
    html_report(trained / "bare", tmp_path / "r.html")
    assert len(check_self_contained(parsed(tmp_path / "r.html"))) == 1
    assert "Not yet evaluated: run `hwdesign evaluate timing` on the run." in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("evaluation.json", "{", "the file is no JSON"),
        ("evaluation.json", "[]", "the file holds no record"),
        ("evaluation.json", '{"path": {"design": "d"}}', "the evaluation is damaged; run `hwdesign evaluate timing` on the run"),  # noqa: E501
        ("evaluation.safetensors", "x", "the samples are damaged; run `hwdesign evaluate timing` on the run"),
        ("evaluation.safetensors", None, "cannot read the samples: no such file or directory; run `hwdesign evaluate timing` on the run"),  # noqa: E501
        ("summary.json", "{}", "the run's summary is damaged; train again"),
        ("summary.json", None, "the folder holds no finished run; train first, or resume the run"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused(run: Path, name: str, content: str | None, message: str) -> None:
    (run / name).unlink() if content is None else (run / name).write_text(content)
    with pytest.raises(DataError) as caught:
        html_report(run, run / "out.html")
    assert str(caught.value) == f"{run / name}: {message}"
    assert not (run / "out.html").exists()


def test_plots_depend_on_what_they_show() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(0, 5, 4000)
    assert agreement_png(true, {"a": true}, "delay") == agreement_png(true, {"a": true}, "delay")
    assert agreement_png(true, {"a": true}, "delay") != agreement_png(true, {"a": true + 1}, "delay")
    assert slack_png(true - 1, true) != slack_png(true, true)
    cells, stops = rng.uniform(0, 9, (20, 2)), rng.uniform(0, 9, (4, 2))
    assert path_png(cells, stops, [0, 0, 9, 9]) != path_png(cells, stops[::-1], [0, 0, 9, 9])
    with pytest.raises(ValueError, match="four sides"):
        path_png(cells, stops, [0, 0, 9])
