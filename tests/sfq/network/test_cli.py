"""`hwdesign simulate xor` and its kin, end to end."""

import json

import pytest

from hwdesign.cli import main
from hwdesign.sfq.network import load_network
from tests.sfq.network.nets import xor

_SMALL = ["--set", "sweep=[0.1]", "--set", "train.threads=1", "--chips", "16"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Folder of a run with a network whose currents were set by hand."""
    folder = tmp_path_factory.mktemp("runs")
    xor().save(folder / "network.json")
    return folder


def test_train(tmp_path, capsys):
    small = ["task=and", "hidden=[2]", "train.steps=120", "train.threads=1", "name=both", "train.good=0.99"]
    options = [part for item in small for part in ("--set", item)]
    assert main(["train", "sfq", "--config", "sims/xor.yaml", "--run", str(tmp_path), *options, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["accuracy"] >= 0.99
    assert data["synapse"]["mu_ua"] == pytest.approx(84.7, abs=0.4)
    stored = load_network(tmp_path / "network.json")
    assert stored.name == "both"
    options[options.index("train.steps=120")] = "train.steps=121"
    assert main(["simulate", "network", "--config", "sims/xor.yaml", "--run", str(tmp_path), *options]) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path / 'settings.json'}: the network was trained with another train; add --fresh to train again, "
        "or name another folder by --run\n"
    )
    assert sum(int(layer.present().sum()) for layer in stored.layers) == data["synapses"]


def test_xor_from_training_to_report(run, capsys):
    assert main(["simulate", "xor", "--config", "sims/xor.yaml", "--run", str(run), *_SMALL, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    proof = data["proof"]
    assert "training" not in data  # it was loaded
    assert proof["chips"] == 16
    assert proof["correct"] >= 0.98
    assert [point["spread"] for point in proof["sweep"]] == [0.05, 0.1]
    assert [row["counts_silent"] for row in proof["patterns"]] == [[0], [4], [4], [0]]
    assert proof["energy_aj"] > 10
    assert proof["patterns"][1]["latency_ps"] == pytest.approx(120, abs=30)
    names = {path.name for path in run.iterdir()}
    assert {"network.json", "report.json", "xor.cir", "xor_ngspice.cir", "xor_wrspice.cir"} <= names
    for picture in ("yield.png", "margin.png", "counts.png"):
        assert (run / picture).read_bytes().startswith(b"\x89PNG")
    assert json.loads((run / "report.json").read_text())["yield"] == proof["yield"]


def test_a_stored_network_of_another_task_is_refused(run, capsys):
    code = main(["simulate", "network", "--config", "sims/xor.yaml", "--run", str(run), "--set", "task=majority"])
    assert code == 1
    assert "patterns of shape [8, 3] for a network of 2 features" in capsys.readouterr().err


def test_set_without_config(tmp_path, capsys):
    assert main(["simulate", "xor", "--run", str(tmp_path / "r"), "--set", "seed=1"]) == 2
    assert capsys.readouterr().err == "error: --set goes with --config; add --config sims/xor.yaml\n"
