"""Inference part by part against the whole graph, and against one node after the other in plain Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch_geometric.data import Data

from hwdesign.circuits import generate
from hwdesign.errors import DataError, FileError, LoopError, NetlistError
from hwdesign.graphs import (
    CutParts,
    LevelisedNetwork,
    Sequential,
    States,
    StoredParts,
    Sweep,
    dag_data,
    gather,
    store_parts,
)
from hwdesign.passes import partition
from tests.graphs.dags import COLUMNS, EDGE_COLUMNS, columned, dags, shapes

_SHAPES = shapes()
_TOLERANCE = 1e-5


def network(*directions: str, hidden: int = 12) -> LevelisedNetwork:
    torch.manual_seed(1)
    made = LevelisedNetwork(COLUMNS, hidden, edge_columns=EDGE_COLUMNS, directions=directions or ("forward",))  # type: ignore[arg-type]
    return made.eval()


def plain(made: LevelisedNetwork, data: Data) -> Tensor:
    """One forward sweep by the formula, node by node."""
    layer = made.layers[0]
    order = partition(data.edge_index.numpy(), parts=1, num_nodes=data.num_nodes).order.tolist()
    h = torch.zeros(data.num_nodes, made.hidden)
    for node in order:
        into = torch.nonzero(data.edge_index[1] == node)[:, 0]
        mean = torch.zeros(1, made.hidden)
        for edge in into.tolist():
            heard = layer.message(h[data.edge_index[0, edge]]) + layer.edge(data.edge_attr[edge])
            mean += torch.tanh(heard) / len(into)
        h[node] = layer.update(data.x[node][None], mean)[0]
    return h


@torch.no_grad()
@pytest.mark.parametrize("name", ["one node", "star in", "random"])
def test_the_network_computes_its_formula(name: str) -> None:
    data = columned(*_SHAPES[name])
    torch.testing.assert_close(network()(data), plain(network(), data), rtol=0, atol=_TOLERANCE)


@pytest.mark.parametrize("name", _SHAPES)
@pytest.mark.parametrize("directions", [("forward",), ("backward",), ("forward", "backward", "forward")])
@pytest.mark.parametrize("stored", [False, True])
def test_parts_give_what_the_whole_gives(name: str, directions: tuple[str, ...], stored: bool, tmp_path: Path) -> None:
    nodes, edges = _SHAPES[name]
    data, made = columned(nodes, edges), network(*directions)
    parts = CutParts(data, partition(edges, parts=7, num_nodes=nodes))
    assert len(parts) == min(7, nodes)
    if stored:
        sequence = Sequential(made, store_parts(parts, tmp_path / "parts"), scratch=tmp_path)
        found = gather(sequence, nodes, out=tmp_path / "out")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "parts"]
    else:
        found = gather(Sequential(made, parts), nodes)
    with torch.no_grad():
        expected = made(data).numpy()
    assert found["h"].shape == expected.shape if nodes else found == {}
    assert nodes == 0 or np.abs(found["h"] - expected).max() <= _TOLERANCE
    assert nodes == 0 or isinstance(found["h"], np.memmap) == stored


class _Average:
    """Two synchronous rounds: a node's mean over itself and its neighbours both ways; in float64."""

    def sweeps(self) -> list[Sweep]:
        rounds = [Sweep("round", self.round, ("s",), ("s",))] * 2
        return [Sweep("local", lambda data, own, near: {"s": self.enter(data)}, ("s",), ("s",)), *rounds]

    def enter(self, data: Data) -> Tensor:
        x: Tensor = data.x[: int(data.counts[0])].double()
        return x

    def round(self, data: Data, own: States, near: States) -> States:
        count = int(data.counts[0])
        s = near.get("s", own["s"]).clone()
        s[:count] = own["s"]
        return {"s": self.mean(s, data.edge_index)[:count]}

    def mean(self, s: Tensor, edges: Tensor) -> Tensor:
        ends, others = edges.reshape(-1), edges.flip(0).reshape(-1)
        total = s.index_add(0, ends, s[others])
        return total / (1 + torch.bincount(ends, minlength=len(s)))[:, None]


@settings(max_examples=30, deadline=None)
@given(dags(), st.integers(1, 8))
def test_random_graphs_forward_backward_and_in_rounds(dag: tuple[int, np.ndarray], count: int) -> None:
    nodes, edges = dag
    data = columned(nodes, edges)
    parts = CutParts(data, partition(edges, parts=count, num_nodes=nodes))
    made = network("forward", "backward")
    with torch.no_grad():
        assert np.abs(gather(Sequential(made, parts), nodes)["h"] - made(data).numpy()).max() <= _TOLERANCE
    average = _Average()
    expected = average.mean(average.mean(data.x.double(), data.edge_index), data.edge_index)
    assert np.abs(gather(Sequential(average, parts), nodes)["s"] - expected.numpy()).max() <= 1e-12


@settings(max_examples=30, deadline=None)
@given(dags(), st.integers(1, 8))
def test_a_row_waits_only_while_a_later_part_reads_it(dag: tuple[int, np.ndarray], count: int) -> None:
    nodes, edges = dag
    found = partition(edges, parts=count, num_nodes=nodes)
    last = found.part.copy()
    np.maximum.at(last, edges[0], found.part[edges[1]])
    waiting = [int(((found.part <= part) & (last > part)).sum()) for part in range(found.parts)]
    hidden = 4
    sequence = Sequential(network(hidden=hidden), CutParts(columned(nodes, edges), found))
    for result in sequence:
        # float32: between two parts no other row is held.
        assert sequence.carried_bytes == waiting[result.part] * hidden * 4
    assert sequence.peak_carried_bytes >= max(waiting) * hidden * 4


def test_registers_carry_nothing_within_a_cycle() -> None:
    netlist = generate("fsm-random", states=9, inputs=3, seed=4)
    data = dag_data(netlist)
    torch.manual_seed(0)
    made = LevelisedNetwork(data.x.shape[1], 8, edge_columns=1, directions=("forward", "backward")).eval()
    found = gather(Sequential(made, CutParts(data, partition(netlist, parts=4))), data.num_nodes)
    with torch.no_grad():
        assert np.abs(found["h"] - made(data).numpy()).max() <= _TOLERANCE


def test_parts_of_a_wrong_partition() -> None:
    nodes, edges = _SHAPES["path"]
    data = columned(nodes, edges)
    with pytest.raises(NetlistError, match="the partition has 3 nodes and the graph 400"):
        CutParts(data, partition(np.array([[0, 1], [1, 2]]), parts=2))
    with pytest.raises(
        NetlistError, match=r"does not keep the order: node \d+ of part [0-2] reads node \d+ of part [1-3]$"
    ):
        CutParts(data, partition(edges[::-1], parts=4, num_nodes=nodes))
    ring = np.array([[0, 1, 2], [1, 2, 0]])
    whole = columned(3, ring)
    with pytest.raises(LoopError, match="3 nodes lie on cycles or behind them; levelised message passing needs"):
        list(Sequential(network(), CutParts(whole, partition(ring, parts=1, condense=True))))


def _stored(folder: Path) -> Path:
    nodes, edges = _SHAPES["random"]
    store_parts(CutParts(columned(nodes, edges), partition(edges, parts=3, num_nodes=nodes)), folder)
    return folder


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "parts.json: the list of parts is damaged; store the parts again"),
        ("[1]", "the list of parts is damaged"),
        ('{"version": 2, "nodes": 3, "reads": [[]]}', "the parts are of another version; store the parts again"),
        ('{"version": true, "nodes": 3, "reads": [[]]}', "the parts are of another version"),
        ('{"version": 1, "nodes": -3, "reads": [[]]}', "the list of parts is damaged"),
        ('{"version": 1, "nodes": 3, "reads": [[0]]}', "the list of parts is damaged"),
        ('{"version": 1, "nodes": 3, "reads": ' + "[" * 100_000, "the list of parts is damaged"),
    ],
)
def test_a_damaged_list_of_parts(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "parts.json").write_text(text)
    with pytest.raises(DataError, match=message):
        StoredParts(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_id", 10**6),
        ("edge_index", -1),
        ("counts", -5),
        ("near_part", 2),
        ("near_place", -1),
        ("export", 10**6),
        ("readers_after", -1),
    ],
)
def test_damaged_parts(name: str, value: int, tmp_path: Path) -> None:
    folder = _stored(tmp_path / "parts")
    path = folder / "part_000001.safetensors"
    assert StoredParts(folder)[1].num_nodes > 0
    tensors = load_file(path)
    tensors[f"0/{name}"].reshape(-1)[0] = value
    head = {"hwdesign.graphs": json.dumps({"version": 1, "nodes": [len(tensors["0/n_id"])], "info": {}})}
    save_file(tensors, path, metadata=head)
    with pytest.raises(DataError, match=r"part_000001.safetensors: the part is damaged; store the parts again"):
        StoredParts(folder)[1]
    del tensors[f"0/{name}"]
    save_file(tensors, path, metadata=head)
    with pytest.raises(DataError, match="the part is damaged"):
        StoredParts(folder)[1]


def test_missing_folders_and_parts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: the folder holds no stored parts; write it with store_parts"):
        StoredParts(tmp_path / "none")
    folder = _stored(tmp_path / "parts")
    (folder / "part_000002.safetensors").unlink()
    with pytest.raises(DataError, match=r"part_000002.safetensors: "):
        list(Sequential(network(), StoredParts(folder)))
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="file: cannot write the parts: "):
        _stored(tmp_path / "file")
    with pytest.raises(FileError, match="file: cannot write the results: "):
        gather(iter([]), 3, out=tmp_path / "file")
