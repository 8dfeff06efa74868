"""The encoder part by part against the encoder on the whole circuit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch_geometric.data import Data

from hwdesign.aig import AigEncoder, EncoderConfig, PartEncoder, encoder_parts, make_graph, read_aig
from hwdesign.aig.labels import uniform_inputs
from hwdesign.circuits import generate
from hwdesign.formats import read
from hwdesign.graphs import AigArrays, Sequential, gather, store_parts
from hwdesign.netlist import Netlist
from tests import strategies

_TOLERANCE = 1e-5


def graph_of(netlist: Netlist) -> Data:
    aig = AigArrays.of(read_aig(netlist))
    return make_graph(aig, uniform_inputs(aig))


@pytest.fixture(scope="module")
def graphs() -> list[Data]:
    made = [
        generate("multiplier-array", width=6),
        generate("fsm-random", states=6, seed=2),
        # More inputs than the sketches are wide.
        generate("aig-random", inputs=40, ands=400, depth=25, seed=1),
    ]
    return [graph_of(netlist) for netlist in made]


def disturbed(prior: str, recurrent: bool, rounds: int = 2) -> AigEncoder:
    torch.manual_seed(3)
    config = EncoderConfig(hidden=8, prior=prior, recurrent=recurrent, rounds=rounds, sketch=16, level_feature=True)  # type: ignore[arg-type]
    network = AigEncoder(config)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network.eval()


def apart(network: AigEncoder, data: Data, parts: int) -> float:
    found = gather(Sequential(PartEncoder(network), encoder_parts(data, parts)), int(data.num_nodes))
    with torch.no_grad():
        return float(np.abs(found["p"] - network(data).numpy()).max())


@pytest.mark.parametrize("prior", ["covariance", "window", "cop", "none"])
@pytest.mark.parametrize("recurrent", [False, True])
def test_parts_give_what_the_whole_gives(graphs: list[Data], prior: str, recurrent: bool) -> None:
    for data in graphs:
        assert apart(disturbed(prior, recurrent), data, 6) <= _TOLERANCE


@pytest.mark.parametrize("rounds", [0, 1, 4])
def test_rounds_see_across_parts(graphs: list[Data], rounds: int) -> None:
    assert apart(disturbed("none", True, rounds), graphs[0], 9) <= _TOLERANCE


def test_stored_parts(graphs: list[Data], tmp_path: Path) -> None:
    network, data = disturbed("covariance", True), graphs[2]
    stored = store_parts(encoder_parts(data, 5), tmp_path / "parts")
    run = Sequential(PartEncoder(network), stored, scratch=tmp_path)
    found = gather(run, int(data.num_nodes), out=tmp_path / "out")
    with torch.no_grad():
        assert np.abs(found["p"] - network(data).numpy()).max() <= _TOLERANCE
    assert run.carried_bytes == 0 < run.peak_carried_bytes


@settings(max_examples=25, deadline=None)
@given(strategies.aig_arrays())
def test_random_aigs_with_constants(drawn: strategies.AigArrays) -> None:
    variables = 1 + drawn.inputs + len(drawn.fanin0)
    fanout = np.bincount(np.concatenate([drawn.fanin0, drawn.fanin1]) >> 1, minlength=variables).astype(np.int32)
    aig = AigArrays(drawn.fanin0, drawn.fanin1, drawn.inputs, 0, fanout)
    assert apart(disturbed("covariance", True), make_graph(aig, uniform_inputs(aig)), 5) <= _TOLERANCE


@pytest.mark.parametrize("name", ["ctrl", "int2float", "cavlc"])
def test_epfl(shared_data: Path, name: str) -> None:
    path = shared_data / "aig" / "epfl" / f"{name}.aig"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in the shared data")
    assert apart(disturbed("covariance", True), graph_of(read(path)), 16) <= _TOLERANCE
