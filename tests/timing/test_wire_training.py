"""The wire network, its training on a data set of seconds, and the commands on it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch_geometric.data import Batch

from hwdesign.cli import main
from hwdesign.errors import ConfigError, DataError
from hwdesign.formats.spef import read_spef
from hwdesign.learn import load_config
from hwdesign.timing.dataset import PlacedDesign, Technology, wire_graph, wire_truth
from hwdesign.timing.evaluate_wires import evaluate
from hwdesign.timing.fit_wires import export_network, load_wire_network
from hwdesign.timing.predict_wires import predict_wires
from hwdesign.timing.time_figures import Times, time_figures
from hwdesign.timing.wire_model import WireConfig, WireNetwork, base_values, predict_edges, tree_wires
from hwdesign.timing.wire_splits import WireDataConfig, WireRunConfig, assign
from tests.cli.conftest import Cli, cli  # noqa: F401
from tests.timing.placed import wires_of, write_data

CONFIG = """\
name: tiny
data:
  folder: set
  sets:
    one: {train: 0.6, validation: 0.2, test: 0.2}
  batch_designs: 2
model: {hidden: 16, rounds: 1}
optim: {lr: 0.01}
trainer: {max_epochs: 12, threads: 1}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a data set `set` whose wires have four times the resistance, `tiny.yaml`, and its run `run`."""
    folder = tmp_path_factory.mktemp("wires")
    write_data(folder / "set", designs=8)
    (folder / "tiny.yaml").write_text(CONFIG)
    assert main(["train", "timing", "--config", str(folder / "tiny.yaml"), "--run", str(folder / "run")]) == 0
    return folder


def _files(at: Path, tech: Path) -> list[object]:
    return ["--netlist", at / "netlist.v", "--placement", at / "placed.def", "--liberty", tech / "tiny.lib", "--lef",
            tech / "tiny.lef"]  # fmt: skip


def test_training_learns_what_the_wires_are(trained: Path) -> None:
    found = json.loads((trained / "run" / "summary.json").read_text())
    test = found["splits"]["test"]
    assert found["best_epoch"] > 0
    assert test["model"]["net_mae_ps"] < 0.2 * test["start"]["net_mae_ps"]
    assert test["model"]["net_r2"] > 0.95 > test["start"]["net_r2"]
    assert {item["split"] for item in found["designs"]} == {"validation", "test"}


def test_resuming_goes_on_where_the_run_stopped(trained: Path, tmp_path: Path, cli: Cli) -> None:  # noqa: F811
    cache = f"data.cache={tmp_path / 'cache'}"
    argv = ["train", "timing", "--config", trained / "tiny.yaml", "--set", cache, "--run"]
    assert cli(*argv, tmp_path / "parts", "--set", "trainer.max_epochs=1").code == 0
    on = cli(*argv, tmp_path / "parts", "--resume", "--set", "trainer.max_epochs=2", "--json")
    assert on.code == 0 and on.json["epochs"] == 2
    assert len((tmp_path / "parts" / "metrics.csv").read_text().splitlines()) == 3
    again = cli(*argv, tmp_path / "parts", "--resume", "--set", "seed=5")
    last = tmp_path / "parts" / "checkpoints" / "last.safetensors"
    assert again.err == (
        f"error: {last}: the run to resume was made with seed = 0, not 5; give the same setting, or train in another "
        "folder\n"
    )
    again = cli(*argv, tmp_path / "parts", "--resume", "--set", "model.hidden=8")
    assert again.err == f"error: {last}: the run to resume was made with another model; train in another folder\n"
    again = cli(*argv, tmp_path / "parts")
    assert again.err == (
        f"error: {tmp_path / 'parts'}: the folder holds a run already; resume it, remove it, or choose another folder\n"
    )
    none = cli(*argv, tmp_path / "none", "--resume")
    assert none.err == (
        f"error: {tmp_path / 'none' / 'checkpoints' / 'last.safetensors'}: there is no checkpoint to resume from; "
        "train without resuming\n"
    )


def test_predicted_wires_go_out_as_spef_and_times(trained: Path, tmp_path: Path, cli: Cli) -> None:  # noqa: F811
    at, tech = trained / "set" / "one" / "d0", trained / "set" / "tech"
    spef, out = tmp_path / "d.spef", tmp_path / "d.csv"
    argv = ["predict", "timing", *_files(at, tech), "--model", trained / "run", "--sdc", at / "constraints.sdc"]
    found = cli(*argv, "--spef", spef, "-o", out, "--json")
    assert found.code == 0
    design = PlacedDesign.open(at, Technology.find(tech))
    network, _ = load_wire_network(trained / "run")
    wires, written = predict_wires(network, design), read_spef(spef)
    assert written.net_names == wires.net_names
    np.testing.assert_allclose(written.net_cap(), wires.net_cap(), rtol=1e-4)
    np.testing.assert_allclose(written.net_resistance(), wires.net_resistance(), rtol=1e-4)
    np.testing.assert_allclose(wire_truth(design, written).elmore, wire_truth(design, wires).elmore, rtol=1e-4)
    assert found.json["wire_pf"] == pytest.approx(wires.node_cap.sum())
    for section in spef.read_text().split("*CONN\n")[1:]:  # tools refuse a pin after the place of an internal node
        words = [line[:2] for line in section.partition("*CAP")[0].splitlines()]
        assert words == sorted(words, key="*N".__eq__)
    rows = {row["pin"]: row for row in csv.DictReader(out.read_text().splitlines())}
    last = float(rows["y"]["late_rise"]), float(rows["y"]["late_fall"])
    slacks = float(rows["y"]["slack_rise"]), float(rows["y"]["slack_fall"])
    assert (
        found.json["worst_slack_ns"] == pytest.approx(5 - max(last), abs=1e-5) == pytest.approx(min(slacks), abs=1e-5)
    )
    code, text, err = cli(*argv)
    assert (code, err) == (0, "") and "worst set-up slack: " in text


def test_prediction_without_constraints_and_its_refusals(trained: Path, tmp_path: Path, cli: Cli) -> None:  # noqa: F811
    at, tech = trained / "set" / "one" / "d1", trained / "set" / "tech"
    found = cli("predict", "timing", *_files(at, tech), "--model", trained / "run", "--json")
    assert found.code == 0 and found.json["wns_ns"] is None
    code, _, err = cli("predict", "timing", *_files(at, tech), "-o", tmp_path / "x.csv")
    assert (code, err) == (
        2, "error: --output needs --sdc: without constraints there are no times; give the SDC file\n",
    )  # fmt: skip
    code, _, err = cli("predict", "timing", *_files(at, tech), "--model", tmp_path)
    assert (code, err) == (1, f"error: {tmp_path}: there is no trained run; run `hwdesign train timing` first\n")


def test_evaluation(trained: Path, cli: Cli) -> None:  # noqa: F811
    folder = trained / "set" / "one"
    found = cli("evaluate", "timing", trained / "run", folder, "--json").json
    assert [item["name"] for item in found["designs"]] == [f"d{at}" for at in range(8)]
    assert 0 < found["seen"] < 8
    summary = found["summary"]
    assert list(summary) == ["model", "baseline", "zero"]
    assert summary["model"]["net_mae_ps"] < summary["baseline"]["net_mae_ps"] < summary["zero"]["net_mae_ps"]
    assert summary["zero"]["cap_mae_ff"] > 0
    for key in ("arrival_mae_ps", "endpoint_mae_ps", "slack_mae_ps", "worst_slack_error_ps"):
        assert 0 < summary["model"][key] < summary["zero"][key], key
    # Without labels the truth is exact timing over the extracted wires.
    assert all(item["truth"] == "engine" and item["timing_seconds"] > 0 for item in found["designs"])
    saved = json.loads((trained / "run" / "evaluation.json").read_text())
    assert saved["summary"] == summary and saved["path"]["table"].startswith("Startpoint: ")
    samples = load_file(trained / "run" / "evaluation.safetensors")
    assert len(samples["net_true"]) == len(samples["net_model"]) > 8 * 40 and len(samples["path_stops"]) > 2
    assert len(samples["slack_true"]) == len(samples["slack_model"]) == 8
    bare = cli("evaluate", "timing", trained / "run", folder, "--design", "d0", "--wires-only", "--json").json
    assert bare["designs"][0]["truth"] is None and "arrival_mae_ps" not in bare["summary"]["model"]
    code, out, _ = cli("evaluate", "timing", trained / "run", folder, "--design", "d0")
    assert code == 0 and "trained network" in out and "analytic tree" in out
    code, _, err = cli("evaluate", "timing", trained / "run", folder, "--design", "d99")
    assert (code, err) == (1, f"error: {folder}: the folder has no design 'd99'; see the folders' names\n")


def test_labels_are_compared_with_signed_slacks() -> None:
    nan = np.nan
    arrival = np.array([[1.0, nan], [2.0, 2.5], [nan, nan]])
    true = Times(arrival, np.full((3, 2), nan), np.array([nan, -0.2, 0.3]))
    found = Times(arrival + 0.01, np.full((3, 2), nan), np.array([nan, -0.25, -0.1]))
    figures = time_figures(true, found)
    assert figures["arrival_mae_ps"] == pytest.approx(10)
    assert figures["wns_error_ps"] == pytest.approx(50) == figures["worst_slack_error_ps"]
    assert figures["tns_error_ps"] == pytest.approx(150)
    assert figures["slack_mae_ps"] == pytest.approx(225)
    assert np.isnan(figures["slew_r2"])


def test_gradients_of_delays_reach_the_edges(trained: Path) -> None:
    design = PlacedDesign.open(trained / "set" / "one" / "d0", Technology.find(trained / "set" / "tech"))
    graph = wire_graph(design, wire_truth(design, wires_of(design, 1, 1)))
    edges = base_values(graph, WireConfig())
    pair = [values.double().clone().requires_grad_() for values in edges]

    def total(resistance: torch.Tensor, capacitance: torch.Tensor) -> torch.Tensor:
        wires, cap = tree_wires(graph, type(edges)(resistance, capacitance))
        return wires.elmore[:, 0].square().sum() + cap.square().sum()

    assert torch.autograd.gradcheck(lambda *values: total(*values), pair, eps=1e-5, atol=1e-5, fast_mode=True)


def test_a_batch_is_its_members_side_by_side(trained: Path) -> None:
    torch.manual_seed(0)
    technology = Technology.find(trained / "set" / "tech")
    graphs = [wire_graph(PlacedDesign.open(trained / "set" / "one" / f"d{at}", technology)) for at in (0, 1)]
    network = WireNetwork(WireConfig(hidden=8))
    network.standardise(graphs[0].x)
    together = network(Batch.from_data_list(graphs))
    apart = [network(graph) for graph in graphs]
    for at in (0, 1):
        torch.testing.assert_close(together[at], torch.cat([edges[at] for edges in apart]), rtol=1e-4, atol=1e-7)


def test_parts_of_whole_nets_give_what_the_whole_gives(trained: Path) -> None:
    graph = wire_graph(PlacedDesign.open(trained / "set" / "one" / "d3", Technology.find(trained / "set" / "tech")))
    network, _ = load_wire_network(trained / "run")
    whole = predict_edges(network, graph)
    for most in (1, 7, 50, len(graph.x) - 1):
        for found, wanted in zip(predict_edges(network, graph, most=most), whole, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-8)


def test_authors_are_never_on_both_sides(tmp_path: Path) -> None:
    write_data(tmp_path, designs=6)
    (tmp_path / "one").rename(tmp_path / "two")
    write_data(tmp_path, designs=6)
    rows = [f"{name},d{at},Team{at}/repo" for name in ("one", "two") for at in range(6)]
    (tmp_path / "index.csv").write_text("\n".join(["set,name,author_repo", *rows]) + "\n")
    shares = {"one": {"train": 1.0}, "two": {"train": 0.5, "validation": 0.3, "test": 0.2}}
    config = WireDataConfig.model_validate({"folder": tmp_path, "sets": shares})
    splits = assign(config, tmp_path)
    sides = {split: {path.name for path in paths} for split, paths in splits.items()}
    assert not sides["train"] & (sides["validation"] | sides["test"])
    assert {path.parent.name for path in splits["train"]} == {"one", "two"}
    assert splits == assign(config, tmp_path)
    (tmp_path / "index.csv").write_text("set,name\n")
    with pytest.raises(DataError, match="the index has no column 'author_repo'; add it, or remove the file"):
        assign(config, tmp_path)


def test_configurations_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("data:\n  folder: set\n  sets:\n    one: {train: 0.5}\n")
    with pytest.raises(ConfigError, match=r"c\.yaml:4: .*the shares add up to 0\.5, not to 1"):
        load_config(path, kind=WireRunConfig)
    assert main(["train", "timing", "--config", str(path)]) == 1


def test_exported_networks_predict_alike(trained: Path, tmp_path: Path) -> None:
    export_network(trained / "run", tmp_path / "w.safetensors", {"data": "random"})
    network, card = load_wire_network(tmp_path / "w.safetensors")
    assert card["data"] == "random" and "config" not in card and "command" not in card
    before, _ = load_wire_network(trained / "run")
    assert all(
        torch.equal(a, b) for a, b in zip(before.state_dict().values(), network.state_dict().values(), strict=True)
    )
    card_file = json.loads((tmp_path / "w.json").read_text())
    assert card_file["task"] == "timing.wires"


def test_the_shipped_network_is_whole_and_ahead_of_the_baseline(shared_data: Path) -> None:
    """On a design of an author that trained nothing."""
    folder = shared_data / "timing" / "tt05"
    if not folder.is_dir():
        pytest.skip("the shared data has no timing set")
    network, card = load_wire_network()
    assert card["task"] == "timing.wires" and not network.training
    name = "tt_um_minipit_stevej"
    assert f"tt05/{name}" in card["split"]["test"]
    found = evaluate(None, folder, names=[name])
    model, baseline = found.summary["model"], found.summary["baseline"]
    assert not found.designs[0].seen
    assert model["net_mae_ps"] < 0.7 * baseline["net_mae_ps"]
    assert model["arrival_mae_ps"] < 0.8 * baseline["arrival_mae_ps"]
    assert model["arrival_r2"] > 0.999
