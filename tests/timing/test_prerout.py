"""Pin graphs, their labels, and the network that PreRoutGNN describes, trained on a data set of seconds."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data

from hwdesign.cli import main
from hwdesign.errors import DataError, FormatError
from hwdesign.learn import load_config
from hwdesign.timing.dataset import Technology
from hwdesign.timing.fit_prerout import PreroutTask, load_prerout, pin_figures, predict_times, pretrain
from hwdesign.timing.pin_graph import ArcTables, load_pins
from hwdesign.timing.pin_labels import read_labels
from hwdesign.timing.prerout import COLUMNS, PreroutConfig, PreroutNetwork, level_encoding
from hwdesign.timing.wire_splits import WireRunConfig
from tests.cli.conftest import Cli, cli  # noqa: F401
from tests.timing.labelled import write_labelled

CONFIG = """\
name: tiny
data:
  folder: set
  sets:
    one: {train: 0.6, validation: 0.2, test: 0.2}
  batch_designs: 2
model: {kind: prerout, hidden: 16, pretrain_epochs: 2}
optim: {lr: 0.01}
trainer: {max_epochs: 12, threads: 1}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a labelled data set `set` and `tiny.yaml`."""
    folder = tmp_path_factory.mktemp("prerout")
    write_labelled(folder / "set")
    (folder / "tiny.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def tables(data: Path) -> ArcTables:
    return ArcTables.of(Technology.find(data / "set" / "tech").library)


@pytest.fixture(scope="module")
def graphs(data: Path) -> list[Data]:
    technology = Technology.find(data / "set" / "tech")
    return [load_pins(data / "set" / "one" / f"d{at}", technology, data / "cache").graphs[0] for at in range(4)]


def test_a_pin_graph_holds_arcs_in_the_order_of_levels(graphs: list[Data]) -> None:
    for graph in graphs:
        for index, ends in ((graph.net_index, 1), (graph.cell_index, 0)):
            before, after = graph.level[index]
            assert bool((before < after).all())
            assert bool((after % 2 == ends).all())
        assert graph.cell_index.shape[1] == 40 and graph.x.shape == (85, 10)
        assert bool((graph.period == 5.0).all())


def test_labels_stand_at_their_pins_and_arcs(data: Path, graphs: list[Data]) -> None:
    graph = graphs[0]
    # An arrival is its driver's and the wire's delay later; an inverter's output edge is the input's other one.
    begin, end = graph.net_index
    torch.testing.assert_close(
        graph.y_arrival[end, :2], graph.y_arrival[begin, :2] + 1e-3 * graph.y_net, rtol=0, atol=1e-5
    )
    begin, end = graph.cell_index
    torch.testing.assert_close(
        graph.y_arrival[end, :2], graph.y_arrival[begin, :2].flip(1) + graph.y_cell, rtol=0, atol=1e-5
    )
    known = torch.isfinite(graph.y_slack)
    assert int(known.any(1).sum()) == 1
    torch.testing.assert_close(graph.y_slack[known], 5.0 - graph.y_arrival[:, :2][known], rtol=0, atol=1e-5)


def test_tables_of_another_size_become_seven_by_seven(tables: ArcTables) -> None:
    assert tables.axes.shape == (1, 4, 2, 7) and bool(tables.known.all())
    np.testing.assert_allclose(tables.axes[0, 0, 0], np.linspace(0.01, 1, 7), rtol=1e-6)
    np.testing.assert_allclose(tables.values[0, 0, 0], np.linspace(0.02, 0.3, 7), rtol=1e-5)
    assert tables.kind.tolist() == [[0.0, 1.0, 0.0, 0.0]]


def test_the_features_are_twenty_seven() -> None:
    assert COLUMNS == 27
    encoded = level_encoding(torch.arange(200))
    assert encoded.shape == (200, 9)
    assert len(torch.unique(encoded[:, 1:], dim=0)) == 200


def test_a_batch_is_its_members_side_by_side(graphs: list[Data], tables: ArcTables) -> None:
    torch.manual_seed(0)
    network = PreroutNetwork(PreroutConfig(hidden=8))
    for graph in graphs:
        network.embed(graph)
    together = network(Batch.from_data_list(graphs[:2]), tables)
    apart = [network(graph, tables) for graph in graphs[:2]]
    for at, found in enumerate(together):
        torch.testing.assert_close(found, torch.cat([times[at] for times in apart]), rtol=1e-4, atol=1e-6)


def test_a_loss_reaches_only_what_is_before_it(graphs: list[Data], tables: ArcTables) -> None:
    """The arrival at a pin depends on its fan-in cone, its nets' other pins, and on nothing after them."""
    torch.manual_seed(0)
    network = PreroutNetwork(PreroutConfig(hidden=8))
    graph = graphs[0].clone()
    network.embed(graph)
    graph.x.requires_grad_()
    middle = int(graph.cell_index[1, graph.level[graph.cell_index[1]].argsort()[20]])
    network(graph, tables).arrival[middle].sum().backward()
    touched = graph.x.grad.abs().sum(1) > 0
    assert bool(touched[middle]) and 1 < int(touched.sum()) < len(touched)
    assert not bool(touched[graph.level > graph.level[middle] + 1].any())


def test_states_stay_bounded_along_chains(tables: ArcTables) -> None:
    """A delay line of 800 levels: the state must not grow exponentially."""
    nodes = 801
    torch.manual_seed(0)
    at = torch.arange(nodes)
    step = torch.stack([at[:-1], at[1:]])
    graph = Data(
        x=torch.rand(nodes, 10), level=at, period=torch.full((nodes,), 5.0), net_index=step[:, 0::2],
        net_attr=torch.rand(400, 2), cell_index=step[:, 1::2], cell_arc=torch.zeros(400, dtype=torch.int64),
        check_index=torch.zeros(2, 0, dtype=torch.int64),
    )  # fmt: skip
    network = PreroutNetwork(PreroutConfig(hidden=16))
    times = predict_times(network, graph, tables)
    assert float(times.arrival.abs().max()) < 1e3


def test_pre_training_learns_to_reconstruct(data: Path, graphs: list[Data]) -> None:
    torch.manual_seed(0)
    config = load_config(data / "tiny.yaml", kind=WireRunConfig)
    network = PreroutNetwork(PreroutConfig(hidden=8, pretrain_epochs=30))
    losses = pretrain(network, graphs, config)
    assert losses[-1] < 0.5 * losses[0]


def test_training_learns_arrivals_and_goes_on_where_it_stopped(data: Path, tmp_path: Path, cli: Cli) -> None:  # noqa: F811
    argv = ["train", "timing", "--config", data / "tiny.yaml", "--set", f"data.cache={tmp_path / 'cache'}", "--run"]
    run = tmp_path / "run"
    assert cli(*argv, run, "--set", "trainer.max_epochs=1").code == 0
    on = cli(*argv, run, "--resume")
    assert on.code == 0 and "12 epochs on" in on.out and "slack R²" in on.out
    rows = list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))
    assert len(rows) == 12
    assert float(rows[-1]["train/loss"]) < 0.5 * float(rows[0]["train/loss"])
    summary = json.loads((run / "summary.json").read_text())
    assert summary["best_epoch"] > 0 and {item["split"] for item in summary["designs"]} == {"validation", "test"}
    network, card = load_prerout(run)
    technology = Technology.find(data / "set" / "tech")
    row = summary["designs"][0]
    graph = load_pins(data / "set" / row["name"], technology, tmp_path / "cache").graphs[0]
    assert row["name"] in card["split"][row["split"]]
    found = pin_figures(graph, predict_times(network, graph, ArcTables.of(technology.library)))
    assert found["arrival_mae_ps"] == pytest.approx(row["arrival_mae_ps"], rel=1e-4)
    again = cli(*argv, run, "--resume", "--set", "model.hidden=8")
    last = run / "checkpoints" / "last.safetensors"
    assert again.err == f"error: {last}: the run to resume was made with another model; train in another folder\n"


def test_what_is_refused(data: Path, tmp_path: Path, graphs: list[Data], tables: ArcTables) -> None:
    with pytest.raises(DataError, match="there is no trained run; run `hwdesign train timing` first"):
        load_prerout(tmp_path)
    with pytest.raises(DataError, match=r"the design has no 'labels_pins\.csv'; label it with a timing tool"):
        read_labels(tmp_path)
    (tmp_path / "labels_pins.csv").write_text("pin,at_max_r\n")
    with pytest.raises(FormatError, match=r"labels_pins\.csv:1: the labels have no column 'at_max_f'"):
        read_labels(tmp_path)
    (tmp_path / "labels_pins.csv").write_text("pin,at_max_r,at_max_f,at_min_r,at_min_f,slew_r,slew_f\na,1,2,3,4,5,x\n")
    with pytest.raises(FormatError, match=r"labels_pins\.csv:2: a label is no number"):
        read_labels(tmp_path)
    config = CONFIG.replace("hidden: 16", "hidden: 4")
    (data / "bad.yaml").write_text(config)
    assert main(["train", "timing", "--config", str(data / "bad.yaml"), "--run", str(tmp_path / "run")]) == 1
    settings = load_config(data / "tiny.yaml", kind=WireRunConfig)
    unlabelled = graphs[0].clone()
    for key in ("y_arrival", "y_slew", "y_slack", "y_net", "y_cell"):
        unlabelled[key] = torch.full_like(unlabelled[key], torch.nan)
    network = PreroutNetwork(PreroutConfig(hidden=8))
    network.embed(unlabelled)
    assert float(PreroutTask(network, settings.optim, tables).loss(unlabelled).detach()) == 0.0


def test_designs_of_wires_or_of_nothing(tables: ArcTables) -> None:
    none = torch.zeros(2, 0, dtype=torch.int64)
    for net in (none, torch.tensor([[0], [1]])):
        graph = Data(
            x=torch.rand(2, 10), level=torch.tensor([0, 1]), period=torch.ones(2), net_index=net,
            net_attr=torch.rand(net.shape[1], 2), cell_index=none, cell_arc=none[0], check_index=none,
        )  # fmt: skip
        times = predict_times(PreroutNetwork(PreroutConfig(hidden=8)), graph, tables)
        assert times.net.shape == (net.shape[1], 2) and times.cell.shape == (0, 2)
        assert bool(torch.isfinite(times.slack).all())


def test_every_arc_of_a_real_design_finds_its_label(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "timing"
    if not folder.is_dir():
        pytest.skip("the shared data has no timing set")
    technology = Technology.find(folder / "tech")
    graph = load_pins(folder / "tt05" / "tt_um_minipit_stevej", technology, tmp_path).graphs[0]
    assert bool(torch.isfinite(graph.y_net).all()) and bool(torch.isfinite(graph.y_cell).all())
    ends = torch.isfinite(graph.y_slack).any(1)
    assert set(graph.check_index[1].tolist()) >= set(torch.nonzero(ends & (graph.x[:, 0] == 0))[:, 0].tolist())
    tables = ArcTables.of(technology.library)
    lowest, highest = (
        tables.values[graph.cell_arc, :2].flatten(2).amin(2),
        tables.values[graph.cell_arc, :2].amax((2, 3)),
    )
    inside = (graph.y_cell >= lowest) & (graph.y_cell <= highest)
    assert float(inside.float().mean()) > 0.99
