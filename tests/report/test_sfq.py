"""Reports of SFQ networks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hwdesign.cli import main
from hwdesign.errors import DataError
from hwdesign.learn.fit import write_figures
from hwdesign.report import html_report
from hwdesign.sfq.network import prove, write_proof
from hwdesign.sfq.network.tasks import TASKS
from tests.sfq.network.nets import xor

CURVE = [
    {"epoch": 10.0, "start": 1.0, "train/loss": 1.2, "val/accuracy": float("nan")},
    {"epoch": 20.0, "start": 1.0, "train/loss": 0.9, "val/accuracy": 0.75},
    {"epoch": 30.0, "start": 2.0, "train/loss": 1.1, "val/accuracy": float("nan")},
    {"epoch": 40.0, "start": 2.0, "train/loss": 0.1, "val/accuracy": 0.998},
]


@pytest.fixture(scope="module")
def proof():
    return prove(xor(), TASKS["xor"](), chips=4, sweep=(0.3,))


@pytest.fixture
def run(tmp_path, proof):
    xor().save(tmp_path / "network.json")
    write_figures(tmp_path / "metrics.csv", CURVE)
    (tmp_path / "settings.json").write_text('{"task": "<b>xor</b>"}')
    write_proof(proof, tmp_path)
    return tmp_path


def test_a_proved_run(run: Path, proof, capsys):
    assert main(["report", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["report"] == str(run / "report.html")
    text = (run / "report.html").read_text()
    found = proof.as_dict()
    verdict = re.search(r'class="verdict">([^<]*)<', text)
    assert verdict is not None
    assert verdict[1] == (
        f"On 4 chips at 4.2 K with 5 % of local spread, {100 * found['correct']:.2f} % of the circuit&#39;s decisions "
        f"are right ({100 * found['least_correct']:.2f} % in the worst pattern); {100 * found['yield']:.2f} % of the "
        "chips are right in every pattern."
    )
    assert text.count('src="data:image/png;base64,') == 3  # yield, margin, training
    assert "http" not in text
    assert "<b>xor" not in text
    assert f"{found['energy_aj']:.1f} aJ" in text
    assert [row["counts_silent"] for row in found["patterns"]] == [[0], [4], [4], [0]]
    assert len(re.findall(r"<tr><td>[01] [01] </td>", text)) == 4
    html_report(run, run / "again.html")
    assert (run / "again.html").read_text() == text


def test_a_run_that_was_not_simulated_yet(run: Path):
    (run / "report.json").unlink()
    html_report(run, run / "out.html")
    text = (run / "out.html").read_text()
    assert "Trained, but not yet simulated: run `hwdesign simulate network` on the folder." in text
    assert text.count("data:image/png") == 1


def test_a_simulation_of_another_network_is_not_shown(run: Path):
    network = xor()
    network.model_copy(update={"decide_at": 3}).save(run / "network.json")
    html_report(run, run / "out.html")
    text = (run / "out.html").read_text()
    assert "The simulation in this folder is of another network" in text
    assert "Decisions of the circuit" not in text


def test_held_out_samples_are_told_of(run: Path):
    record = json.loads((run / "report.json").read_text())
    record["held_out"] = {"samples": 400, "correct": 0.97, "worst_chip": 0.9, "best_possible": 0.98}
    (run / "report.json").write_text(json.dumps(record))
    html_report(run, run / "out.html")
    assert "Of 400 samples that training has not seen, 97.00 % are" in (run / "out.html").read_text()


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record.pop("margins"),
        lambda record: record.update(margins=[float("nan")]),
        lambda record: record.update(sweep=[]),
        lambda record: record["sweep"][0].update({"yield": 7}),
        lambda record: record["sweep"][0].update(chips=-4),
        lambda record: record["patterns"][0].pop("correct"),
        lambda record: record.update(patterns=3),
    ],
)
def test_damaged_records_are_refused(run: Path, damage):
    path = run / "report.json"
    record = json.loads(path.read_text())
    damage(record)
    path.write_text(json.dumps(record))
    with pytest.raises(DataError) as caught:
        html_report(run, run / "out.html")
    assert str(caught.value) == (
        f"{path}: the record of the simulation is damaged; remove it, or run `hwdesign simulate network` on the folder"
    )
    assert not (run / "out.html").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("report.json", "{", "the file is no JSON; remove it"),
        ("settings.json", "[]", "the file holds no record; remove it"),
        ("tables.json", "{}", "the key 'temperature_k' is missing; remove it"),
    ],
)
def test_damaged_files_are_refused(run: Path, name: str, text: str, message: str):
    (run / name).write_text(text)
    with pytest.raises(DataError) as caught:
        html_report(run, run / "out.html")
    assert str(caught.value) == f"{run / name}: {message}"
