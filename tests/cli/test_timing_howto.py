"""The commands of docs/how-to/timing.md on the placed sample, as they are printed."""

from __future__ import annotations

import csv
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conftest import ROOT, require_tool

TEXT = (ROOT / "docs" / "how-to" / "timing.md").read_text()


def block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def predicted(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the first command prints, run where the samples are."""
    (tmp_path / "netlists").symlink_to(ROOT / "netlists")
    monkeypatch.chdir(tmp_path)
    program, *argv = shlex.split(block("sh").replace("\\\n", " "))
    assert program == "hwdesign"
    code, out, err = cli(*argv)
    assert (code, err) == (0, "")
    return out


def test_prediction_writes_every_column_that_is_described(predicted: str) -> None:
    with Path("times.csv").open() as stream:
        header = next(csv.reader(stream))
    named = set(re.findall(r"`(\w+_(?:rise|fall))`", TEXT))
    assert len(named) >= 9 and named <= set(header)
    assert "worst set-up slack: -" in predicted


def test_opensta_reads_the_predicted_wires(predicted: str) -> None:
    sta = require_tool("sta")
    Path("run.tcl").write_text(block("tcl") + "report_wns -digits 4\nexit\n")
    text = subprocess.run([sta, "-exit", "run.tcl"], capture_output=True, text=True, timeout=60, check=True).stdout
    wns, own = re.search(r"wns (-[\d.]+)", text), re.search(r"WNS (-[\d.]+) ns", predicted)
    assert wns is not None and own is not None
    assert abs(float(wns[1]) - float(own[1])) < 1.1e-3
