"""The whole job on small circuits: train, resume, predict, evaluate."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import load_file

from hwdesign.aig import ESTIMATES, METHODS, RunSummary, evaluate, load_network, predict, read_aig, train
from hwdesign.circuits import generate
from hwdesign.errors import ConfigError, DataError, FormatError, HwdesignError, OverrideError
from hwdesign.files import write_text
from hwdesign.formats import read, write
from hwdesign.graphs import AigArrays, GraphSet, load_graphs, save_graphs
from hwdesign.learn import TrainConfig, load_checkpoint, load_config, save_checkpoint

SMALL = {
    "name": "small",
    "seed": 1,
    "data": {
        "patterns": 4096,
        "slice_nodes": 64,
        "splits": {
            "train": [
                {"generate": "multiplier-array", "params": {"width": 4}},
                {"generate": "aig-random", "params": {"inputs": 12, "ands": 150, "depth": 9, "seed": 1}},
                "top.v",
            ],
            "validation": [{"generate": "fsm-random", "params": {"states": 6}}],
            "test": [{"generate": "comparator", "params": {"width": 6}}],
        },
    },
    "model": {"hidden": 8, "rounds": 1},
    "trainer": {"max_epochs": 2, "threads": 1},
}
VERILOG = """\
module top(input clk, input [3:0] a, b, output reg [4:0] s, output big);
  always @(posedge clk) s <= a + b;
  assign big = (a > b) & s[4];
endmodule
"""


def write_config(folder: Path, **changes: object) -> TrainConfig:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "top.v").write_text(VERILOG)
    (folder / "c.yaml").write_text(yaml.safe_dump({**SMALL, **changes}))
    return load_config(folder / "c.yaml")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    folder = tmp_path_factory.mktemp("trained")
    return train(write_config(folder), folder / "run", progress=False)


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("unseen") / "sorter.bench"
    write(generate("sorter-odd-even", keys=4, width=2), path)
    return path


def test_a_run_is_recorded(trained: RunSummary) -> None:
    assert trained.epochs == 2
    assert [(c.name, c.split) for c in trained.circuits] == [
        ("fsm-random(states=6)", "validation"),
        ("comparator(width=6)", "test"),
    ]
    stored = json.loads((trained.run_dir / "summary.json").read_text())
    assert stored["validation"] == pytest.approx(trained.validation)
    assert stored["train"]["circuits"] == 3
    estimates = load_file(trained.run_dir / ESTIMATES)
    error = np.abs(estimates["model"] - estimates["true"]).mean()
    assert error == pytest.approx(trained.circuits[1].methods["model"].mae, abs=1e-6)
    chosen = trained.circuits[0].methods["model"].mae
    assert chosen == pytest.approx(trained.validation, abs=1e-5)
    card = json.loads((trained.run_dir / "checkpoints" / "best.json").read_text())
    assert card["task"] == "aig.signal-probability"
    assert card["split"]["train"][2] == ["top", "top"]
    assert 0 < card["mean"] < 1
    assert trained.verdict.startswith(
        ("The model beats COP on 1 test circuit:", "The model does not beat COP on 1 test")
    )


def test_the_constant_baseline_is_the_mean_of_the_training_labels(trained: RunSummary) -> None:
    from hwdesign.graphs import load_graphs

    labels = []
    for path in (trained.run_dir / "cache").glob("*.safetensors"):
        found = load_graphs(path)
        if len(found.graphs) > 1 or found.info["latches"] == 5:
            labels += [graph.y[graph.and_index].numpy() for graph in found.graphs]
    assert load_network(trained.run_dir)[1]["mean"] == pytest.approx(np.concatenate(labels).mean(), abs=1e-6)


def test_predictions_beside_simulation_and_baselines(trained: RunSummary, unseen: Path, tmp_path: Path) -> None:
    result = predict(trained.run_dir, unseen, out=tmp_path / "gates.csv", patterns=8192, seed=5)
    rows = list(csv.DictReader((tmp_path / "gates.csv").read_text().splitlines()))
    assert len(rows) == len(result.rows) == read_aig(read(unseen)).num_ands
    assert list(rows[0]) == ["name", "type", "predicted", "simulated", "cop"]
    assert len({row["name"] for row in rows}) == len(rows)
    columns = {key: np.array([float(row[key]) for row in rows]) for key in ("predicted", "simulated", "cop")}
    assert set(result.metrics) == set(METHODS)
    for method, values in (("model", columns["predicted"]), ("cop", columns["cop"])):
        mae = np.abs(values - columns["simulated"]).mean()
        assert result.metrics[method].mae == pytest.approx(mae, abs=1e-5)
    assert result.metrics["mean"].mae == pytest.approx(np.abs(result.mean - columns["simulated"]).mean(), abs=1e-5)
    assert math.isnan(result.metrics["mean"].pearson)
    beats = round(result.metrics["model"].mae, 4) < round(result.metrics["cop"].mae, 4)
    assert ("The model beats COP" in result.verdict) == beats
    assert "Beware" not in result.verdict


def test_a_circuit_of_the_training_split_is_pointed_out(trained: RunSummary) -> None:
    source = trained.run_dir.parent / "top.v"
    assert "Beware: 'top.v' was in the train split" in predict(trained.run_dir, source, patterns=1024).verdict
    assert "Beware: 'top.v' was in the train split" in evaluate(trained.run_dir, [source], patterns=1024).verdict


def test_names_lead_back_to_the_source(trained: RunSummary, tmp_path: Path) -> None:
    path = tmp_path / "named.bench"
    path.write_text("INPUT(a)\nINPUT(b)\nOUTPUT(y)\nfoo = AND(a, b)\nbar = AND(foo, c)\nINPUT(c)\ny = NOT(bar)\n")
    found = {row.name: row.simulated for row in predict(trained.run_dir, path, patterns=1 << 16).rows}
    assert found == {"foo": pytest.approx(0.25, abs=0.01), "bar": pytest.approx(0.125, abs=0.01)}


def test_evaluation_of_files(trained: RunSummary, unseen: Path) -> None:
    found = evaluate(trained.run_dir, [unseen, unseen], patterns=1024)
    assert found.circuits[0].methods == found.circuits[1].methods
    assert found.averages["model"] == pytest.approx(found.circuits[0].methods["model"].mae)
    with pytest.raises(ValueError, match="no files"):
        evaluate(trained.run_dir, [])


def test_public_circuits_are_closer_than_by_independence(trained: RunSummary, shared_data: Path) -> None:
    names = ("iscas/iscas85/c432", "iscas/iscas85/c1908", "iscas/iscas89/s1196", "itc99/b12")
    found = evaluate(trained.run_dir, [shared_data / "aig" / f"{name}.bench.gz" for name in names])
    for circuit in found.circuits:
        assert circuit.methods["model"].mae < circuit.methods["cop"].mae
        assert circuit.methods["model"].r2 > circuit.methods["cop"].r2


def test_training_again_gives_the_same_numbers(trained: RunSummary, tmp_path: Path) -> None:
    again = train(write_config(tmp_path), tmp_path / "run", progress=False)
    assert again.validation == pytest.approx(trained.validation, abs=1e-7)


def test_a_stopped_run_resumes(trained: RunSummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hwdesign.aig.train import SignalProbability

    config = write_config(tmp_path)
    plain = SignalProbability.loss

    def stop(self: SignalProbability, batch: object) -> object:
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        return plain(self, batch)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(SignalProbability, "loss", stop)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path / "run", progress=False)
    with pytest.raises(DataError, match="holds a run already"):
        train(config, tmp_path / "run", progress=False)
    with pytest.raises(DataError, match="made with another model"):
        train(write_config(tmp_path, model={"hidden": 9}), tmp_path / "run", resume=True, progress=False)
    for change, message in (
        ({"seed": 2}, "made with seed = 1, not 2; give the same setting"),
        ({"optim": {"lr": 0.5}}, r"made with optim.lr = 0.003, not 0.5"),
        ({"data": {**SMALL["data"], "slice_nodes": 32}}, "made with data.slice_nodes = 64, not 32"),  # type: ignore[dict-item]
    ):
        with pytest.raises(DataError, match=message):
            train(write_config(tmp_path, **change), tmp_path / "run", resume=True, progress=False)
    resumed = train(config, tmp_path / "run", resume=True, progress=False)
    assert resumed.epochs == 2
    assert resumed.validation == pytest.approx(trained.validation, abs=1e-6)


def test_a_run_cannot_end_before_it_stands(trained: RunSummary) -> None:
    folder = trained.run_dir.parent
    config = load_config(folder / "c.yaml", ["trainer.max_epochs=1"])
    with pytest.raises(DataError, match=r"has 2 epochs already, more than trainer.max_epochs = 1; raise it"):
        train(config, trained.run_dir, resume=True, progress=False)


def test_nothing_to_resume_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no checkpoint to resume from"):
        train(write_config(tmp_path), tmp_path / "run", resume=True, progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"model": None},
        {"model": [1]},
        {"model": {"hidden": 1 << 40}},
        {"model": {"hidden": True}},
        {"model": {"hiden": 8}},
        {"mean": "0.5"},
        {"mean": math.nan},
        {"mean": -0.1},
        {"mean": 1.1},
        {"digests": {"train": 5}},
        {"digests": []},
    ],
)
def test_a_card_that_was_tampered_with(
    trained: RunSummary, tmp_path: Path, unseen: Path, change: dict[str, object]
) -> None:
    state, card = load_checkpoint(trained.run_dir / "checkpoints" / "best.safetensors")
    path = tmp_path / "checkpoints" / "best.safetensors"
    path.parent.mkdir()
    save_checkpoint(path, state, {**card, **change})
    with pytest.raises(DataError) as caught:
        predict(tmp_path, unseen)
    assert str(caught.value).startswith(f"{path}: the checkpoint's card is damaged")
    assert str(caught.value).endswith("; use another one or train again")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weight: weight.fill_(math.nan), "holds values that are not finite; use another one or train again"),
        (lambda weight: weight[:, :2], "has the shape [8, 2], not [8, 9]; use another one or train again"),
        (lambda weight: weight.double(), "is of type float64, not float32; use another one or train again"),
    ],
)
def test_weights_that_were_tampered_with(
    trained: RunSummary, tmp_path: Path, unseen: Path, change: Callable[[torch.Tensor], torch.Tensor], message: str
) -> None:
    state, card = load_checkpoint(trained.run_dir / "checkpoints" / "best.safetensors")
    state["state_dict"]["network.enter.weight"] = change(state["state_dict"]["network.enter.weight"])
    path = tmp_path / "checkpoints" / "best.safetensors"
    path.parent.mkdir()
    save_checkpoint(path, state, card)
    for use in (lambda: predict(tmp_path, unseen), lambda: evaluate(tmp_path, [unseen])):
        with pytest.raises(DataError) as caught:
            use()
        assert str(caught.value) == f"{path}: the tensor 'state_dict/network.enter.weight' {message}"


def test_finite_weights_whose_estimates_are_not(trained: RunSummary, tmp_path: Path, unseen: Path) -> None:
    state, card = load_checkpoint(trained.run_dir / "checkpoints" / "best.safetensors")
    for weight in state["state_dict"].values():
        weight.fill_(3e38)
    path = tmp_path / "checkpoints" / "best.safetensors"
    path.parent.mkdir()
    save_checkpoint(path, state, card)
    for use in (lambda: predict(tmp_path, unseen), lambda: evaluate(tmp_path, [unseen])):
        with pytest.raises(DataError) as caught:
            use()
        reason = "the network's estimates are not finite; train again, with a lower optim.lr"
        assert str(caught.value) == f"{path}: {reason}"


def test_faults_are_named(trained: RunSummary, tmp_path: Path, unseen: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'model.hiden'; did you mean 'hidden'\?"):
        train(write_config(tmp_path, model={"hiden": 8}), tmp_path / "run", progress=False)
    with pytest.raises(DataError, match="holds no trained run"):
        predict(tmp_path, unseen)
    empty = tmp_path / "wire.bench"
    empty.write_text("INPUT(a)\nOUTPUT(y)\ny = NOT(a)\n")
    with pytest.raises(DataError, match="no AND node to predict"):
        predict(trained.run_dir, empty)
    same = {"train": ["top.v"], "validation": [{"file": "copy.v"}]}
    config = write_config(tmp_path, data={"splits": same, "patterns": 64})
    write_text(tmp_path / "copy.v", VERILOG)
    with pytest.raises(ConfigError) as caught:
        train(config, tmp_path / "run2", progress=False)
    assert str(caught.value) == (
        f"{tmp_path / 'c.yaml'}:7: 'top' in 'train' and 'copy' in 'validation' are the same circuit; remove one of them"
    )
    card = trained.run_dir / "checkpoints" / "best.safetensors"
    broken = tmp_path / "broken" / "checkpoints" / "best.safetensors"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(card.read_bytes()[:-100])
    with pytest.raises(HwdesignError, match="damaged"):
        predict(tmp_path / "broken", unseen)


@pytest.mark.parametrize(
    ("circuit", "message"),
    [
        ("no.v", "no.v: cannot read the file: no such file or directory"),
        ("{file: top.v, top: nope}", "top.v: no module is named 'nope'; modules: top"),
        ("wire.bench", "wire.bench: the circuit has no AND node to predict"),
        ("{generate: party}", "no circuit generator is named 'party'; nearest: parity, comparator"),
        (
            "{generate: parity, params: {widht: 3}}",
            "circuit 'parity' has no parameter 'widht'; did you mean 'width'?",
        ),
        ("{generate: parity, params: {name: 3}}", "circuit 'parity' has no parameter 'name'; its parameters: width"),
        ("{generate: parity, params: {width: wide}}", "parameter 'width' of 'parity' is 'wide'; give an integer"),
    ],
)
def test_a_wrong_circuit_has_its_line_or_its_override(tmp_path: Path, circuit: str, message: str) -> None:
    (tmp_path / "top.v").write_text(VERILOG)
    (tmp_path / "wire.bench").write_text("INPUT(a)\nOUTPUT(y)\ny = NOT(a)\n")
    path = tmp_path / "c.yaml"
    path.write_text(
        f"data:\n  patterns: 64\n  splits:\n    train: [{{generate: comparator}}]\n    validation:\n      - {circuit}\n"
    )
    with pytest.raises(ConfigError) as caught:
        train(load_config(path), tmp_path / "run", progress=False)
    assert str(caught.value) == f"{path}:6: {message}"
    path.write_text("data:\n  patterns: 64\n  splits: {train: [a.v], validation: [b.v]}\n")
    override = f"data.splits.train=[{circuit}]"
    with pytest.raises(OverrideError) as blamed:
        train(load_config(path, [override]), tmp_path / "run", progress=False)
    assert blamed.value.file is None
    assert blamed.value.what.endswith(f" is wrong: {message.partition(';')[0]}")


def test_a_fault_inside_a_circuits_file_keeps_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    (tmp_path / "bad.bench").write_text("INPUT(a)\nOUTPUT(y)\ny = FOO(a\n")
    path.write_text("data:\n  splits: {train: [bad.bench], validation: [b.v]}\n")
    with pytest.raises(FormatError) as caught:
        train(load_config(path), tmp_path / "run", progress=False)
    assert (caught.value.file, caught.value.line > 0) == (str(tmp_path / "bad.bench"), True)


def test_a_cache_that_cannot_be_made(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("data:\n  splits: {train: [a.v], validation: [b.v]}\n  cache: c.yaml\n")
    with pytest.raises(ConfigError) as caught:
        train(load_config(path), tmp_path / "run", progress=False)
    assert str(caught.value) == f"{path}:3: c.yaml: cannot make the folder: file exists; name another folder"


def test_a_cache_of_other_graphs_is_made_anew(tmp_path: Path) -> None:
    from hwdesign.aig.data import load_splits

    path = tmp_path / "c.yaml"
    # One AND: several of its columns are views of one storage.
    (tmp_path / "one.bench").write_text("INPUT(a)\nINPUT(b)\nOUTPUT(y)\ny = AND(a, b)\n")
    path.write_text("data:\n  patterns: 64\n  splits: {train: [{generate: parity}], validation: [one.bench]}\n")
    config = load_config(path)
    first = load_splits(config, tmp_path / "cache")["validation"][0]
    assert first.ands == 1
    for at, stored in enumerate(sorted((tmp_path / "cache").iterdir())):
        found = load_graphs(stored)
        found.graphs[0].y = found.graphs[0].y * math.nan if at else None
        save_graphs(stored, GraphSet(found.graphs, {**found.info, "ands": "one"} if at else found.info))
    again = load_splits(config, tmp_path / "cache")["validation"][0]
    assert torch.equal(again.graphs[0].y, first.graphs[0].y)


def test_biased_inputs_and_slices_stay_within_a_circuit() -> None:
    from hwdesign.aig.data import training_graphs

    view = read_aig(generate("multiplier-array", width=5))
    settings = TrainConfig.model_validate({**SMALL, "data": {**SMALL["data"], "biased_copies": 1}}).data  # type: ignore[dict-item]
    graphs = training_graphs(view, settings)
    assert sum(len(graph.and_index) for graph in graphs) == 2 * AigArrays.of(view).num_ands
    assert all(len(graph.and_index) <= settings.slice_nodes + 2 for graph in graphs)
    first = graphs[0]
    inputs = first.input_rank >= 0
    assert np.allclose(first.y[inputs], first.input_probability[inputs], atol=0.05)
