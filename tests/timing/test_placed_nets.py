"""Placed nets, their trees, features and labels."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from hwdesign.errors import DataError, NetlistError
from hwdesign.formats.spef import read_spef
from hwdesign.netlist.parasitics import NodeKind
from hwdesign.timing.dataset import PlacedDesign, Technology, load_wires, wire_graph, wire_truth
from hwdesign.timing.features import COLUMNS, edge_features, path_sums
from hwdesign.timing.predict_wires import no_wires
from tests.timing.placed import wires_of, write_data, write_design, write_technology


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("placed")
    write_technology(path / "tech")
    write_design(path / "d", 1)
    return path


@pytest.fixture(scope="module")
def design(folder: Path) -> PlacedDesign:
    return PlacedDesign.open(folder / "d", Technology.find(folder / "tech"))


def test_nets_start_at_their_drivers_and_lie_where_the_files_say(design: PlacedDesign, folder: Path) -> None:
    nets = design.trees.nets
    names = nets.graph.node_names
    placed = (folder / "d" / "placed.def").read_text().splitlines()
    corner = {words[1]: (float(words[6]) / 1e3, float(words[7]) / 1e3, words[9]) for words in
              (line.split() for line in placed if line.startswith("- u"))}  # fmt: skip
    assert len(nets.net_names) > 10
    for net in range(len(nets.net_names)):
        first, last = int(nets.pin_ptr[net]), int(nets.pin_ptr[net + 1])
        driver = names[nets.node[first]]
        assert driver in ("a", "b") or driver == f"u{nets.net_names[net][1:]}/Y"
        assert all(names[at].endswith("/A") or names[at] == "y" for at in nets.node[first + 1 : last])
    for at, node in enumerate(nets.node.tolist()):
        cell, _, pin = names[node].partition("/")
        if pin:
            x, y, orient = corner[cell]
            dx, dy = (0.4, 1.5) if pin == "A" else (1.6, 2.0)
            dx, dy = 2 - dx if orient in ("S", "FN") else dx, 4 - dy if orient in ("S", "FS") else dy
            np.testing.assert_allclose(nets.xy[at], (x + dx, y + dy))
            np.testing.assert_allclose(nets.size[at], (0.4, 1.0 if pin == "A" else 2.0))
        else:
            assert nets.port_layer[at] == 1.0  # met2 is the upper one of two
    # The output's wire is merged through its `assign`, and carries the load of the constraints.
    assert design.pin_cap[[names[n] == "y" for n in nets.node]].tolist() == [[0.01, 0.01]]
    assert (design.pin_cap[nets.pin_ptr[:-1]] == 0).all()


def test_features_agree_with_a_walk_over_each_tree(design: PlacedDesign) -> None:
    trees, t = design.trees, design.trees.trees
    features = edge_features(trees)
    column = {name: features[:, at] for at, name in enumerate(COLUMNS)}
    assert np.isfinite(features).all() and features.shape == (len(t.point), len(COLUMNS))
    lengths = trees.lengths()
    depth, path, below = np.zeros(len(lengths)), np.zeros(len(lengths)), (t.point >= 0).astype(float)
    for node in range(len(lengths)):
        if t.parent[node] != node:
            depth[node], path[node] = depth[t.parent[node]] + 1, path[t.parent[node]] + lengths[node]
    for node in reversed(range(len(lengths))):
        if t.parent[node] != node:
            below[t.parent[node]] += below[node]
    np.testing.assert_allclose(column["depth"], depth)
    np.testing.assert_allclose(column["path"], np.log1p(path), atol=1e-5)
    np.testing.assert_allclose(column["pins_below"], np.log1p(below), atol=1e-5)
    np.testing.assert_array_equal(column["pin_steiner"], t.point < 0)
    # All demand of the trees is on the map: its mean over the die is that of the wires.
    x0, y0, x1, y1 = trees.nets.die
    run = np.abs(t.xy - t.xy[t.parent])[:, 0].sum()
    np.testing.assert_allclose(column["die_horizontal"], 10 * run / ((x1 - x0) * (y1 - y0)), rtol=1e-5)


def test_path_sums_of_two_trees() -> None:
    values = np.array([[1.0], [2.0], [4.0], [8.0], [16.0]])  # 0 - (1 - 2, 3) and 4 alone
    end = np.array([4, 3, 3, 4, 5], np.int32)
    assert path_sums(values, end)[:, 0].tolist() == [1, 3, 7, 9, 16]


def test_truth_of_known_wires_is_their_elmore_delay(design: PlacedDesign) -> None:
    wires = wires_of(design, 4.0, 3.0)
    truth = wire_truth(design, wires)
    t, nets = design.trees.trees, design.trees.nets
    caps = wires.node_cap.copy()
    at = {int(point): node for node, point in enumerate(t.point) if point >= 0}
    for pin, cap in enumerate(design.pin_cap[:, 0]):
        caps[at[pin]] += cap
    resistance = 4.0 * (5e-3 + 1e-3 * design.trees.lengths())
    down, delay = caps.copy(), np.zeros(len(caps))
    for node in reversed(range(len(caps))):
        if t.parent[node] != node:
            down[t.parent[node]] += down[node]
    for node in range(len(caps)):
        if t.parent[node] != node:
            delay[node] = delay[t.parent[node]] + resistance[node] * down[node]
    sinks = np.setdiff1d(np.arange(len(nets.node)), nets.pin_ptr[:-1])
    np.testing.assert_allclose(truth.elmore[sinks, 0], delay[[at[int(pin)] for pin in sinks]], rtol=1e-9)
    assert np.isnan(truth.elmore[nets.pin_ptr[:-1]]).all()
    np.testing.assert_allclose(truth.cap.sum(), wires.node_cap.sum())
    assert truth.missing == ()
    assert (wires.node_kind != NodeKind.INTERNAL).sum() == len(nets.node)
    assert no_wires(design).node_cap.sum() == 0


def test_cached_graphs_are_those_made_anew(tmp_path: Path) -> None:
    write_data(tmp_path, designs=1)
    technology = Technology.find(tmp_path / "tech")
    at = tmp_path / "one" / "d0"
    first = load_wires(at, technology, tmp_path / "cache")
    stored = list((tmp_path / "cache").iterdir())
    again = load_wires(at, technology, tmp_path / "cache")
    assert len(stored) == 1 and again.info == first.info
    for key, value in first.graphs[0].to_dict().items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(again.graphs[0][key], value, rtol=0, atol=0, equal_nan=True)
    stored[0].write_bytes(b"damaged")
    assert torch.equal(load_wires(at, technology, tmp_path / "cache").graphs[0].x, first.graphs[0].x)
    (at / "constraints.sdc").write_text("create_clock -name clk -period 5\n")  # other loads are other truths
    load_wires(at, technology, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2


def _copied(folder: Path, to: Path, name: str, old: str, new: str) -> Path:
    for file in ("netlist.v", "placed.def", "constraints.sdc"):
        text = (folder / "d" / file).read_text()
        to.mkdir(exist_ok=True)
        (to / file).write_text(text.replace(old, new) if file == name else text)
    return to


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("placed.def", "- u7 INV", "- v7 INV",
         "{d}/placed.def: the placement lacks 1 instance (u7) of module 'top1'; give the placement of the same "
         "netlist"),
        ("placed.def", "- y + NET", "- z + NET",
         "{d}/placed.def: the placement lacks 1 port (y); give the placement of the same netlist"),
        ("placed.def", "- u7 INV + PLACED", "- u7 INV + UNPLACED ; #",
         "{d}/placed.def: 1 instance (u7) not placed; place the design first"),
        ("netlist.v", "INV u7", "NAND u7",
         "{d}/netlist.v: 1 cell types of module 'top1' are not in library 'tiny': NAND; read the Liberty library that "
         "the netlist was mapped to"),
    ],
)  # fmt: skip
def test_files_that_do_not_match(folder: Path, tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    at = _copied(folder, tmp_path / "d", file, old, new)
    with pytest.raises(NetlistError) as caught:
        PlacedDesign.open(at, Technology.find(folder / "tech"))
    assert str(caught.value) == message.format(d=at)


def test_other_refusals(folder: Path, tmp_path: Path, design: PlacedDesign) -> None:
    with pytest.raises(DataError, match=r"the folder holds 0 Liberty files and 0 LEF files; give it one \.lib"):
        Technology.find(tmp_path)
    with pytest.raises(DataError, match=r"the design has no 'netlist\.v' and no 'netlist\.v\.gz'"):
        PlacedDesign.open(tmp_path, design.technology)
    write_design(tmp_path / "e", 2, cells=3)
    other = PlacedDesign.open(tmp_path / "e", design.technology)
    with pytest.raises(
        NetlistError, match=r"the parasitics lack \d+ pins \(.*\); give the parasitics of the same netl"
    ):
        wire_truth(design, wires_of(other, 1, 1))


def test_shared_designs(shared_data: Path) -> None:
    """Every pin of a taped-out design is found, the truth is OpenSTA's net delay, and reading keeps its bound."""
    folder = shared_data / "timing"
    if not folder.is_dir():
        pytest.skip("the shared data has no timing set")
    technology = Technology.find(folder / "tech")
    at = folder / "tt05" / "tt_um_rejunity_ay8913"
    PlacedDesign.open(at, technology)
    start = time.process_time()
    design = PlacedDesign.open(at, technology)
    graph = wire_graph(design)
    spent = time.process_time() - start
    cells = design.trees.nets.graph.module.num_cells
    assert spent <= 0.5 * cells / 1000
    parasitics = read_spef(at / "spef.gz")
    truth = wire_truth(design, parasitics)
    assert truth.missing == () and design.trees.nets.undriven == ()
    assert set(design.trees.nets.net_names) == set(parasitics.net_names)
    assert graph.x.shape[1] == len(COLUMNS)
