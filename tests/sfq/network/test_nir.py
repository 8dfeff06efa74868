"""NIR files: what maps, and what is refused by name."""

import itertools

import numpy as np
import pytest

from hwdesign.errors import DataError, FileError, UnsupportedError
from hwdesign.sfq.network import Coding, simulate_patterns
from hwdesign.sfq.network.nir_reader import read_nir
from tests.sfq.network.nets import PATTERNS, XOR

nir = pytest.importorskip("nir")

TAU = 64e-12
SLOTS = Coding(pulses=4, period_ps=200.0, slots=(0, 1))


def _lif(n, threshold, tau=TAU, **more):
    # r = tau: an impulse of weight w lifts the potential by w.
    one = np.ones(n)
    return nir.LIF(tau=tau * one, r=tau * one, v_leak=0 * one, v_threshold=threshold * one, **more)


def _file(path, *nodes, inputs):
    names = ["input", *(f"n{k}" for k in range(len(nodes))), "output"]
    ends = [nir.Input({"input": np.array([inputs])}), *nodes, nir.Output({"output": np.array([1])})]
    graph = nir.NIRGraph(dict(zip(names, ends, strict=True)), list(itertools.pairwise(names)), type_check=False)
    nir.write(path, graph)
    return path


def test_an_xor_network_from_a_file_decides_at_circuit_level(tmp_path):
    hidden = np.array([[1.0, 0, 0, 1], [0, 1, 1, 0]])
    path = _file(
        tmp_path / "xor.nir",
        nir.Linear(hidden), _lif(2, 1.3),
        nir.Affine(np.ones((1, 2)), np.zeros(1)), _lif(1, 0.7),
        inputs=4,
    )  # fmt: skip
    network = read_nir(path, coding=SLOTS, name="xor")
    assert network.layers[0].present().tolist() == (hidden > 0).tolist()
    assert network.layers[0].r_leak_ohm == pytest.approx(10.33 / 64)
    run = simulate_patterns(network, PATTERNS, XOR, temperature_k=0)
    assert run.counts[0, :, 0].tolist() == [0, 4, 4, 0]


def test_weights_become_probabilities(tmp_path):
    path = _file(tmp_path / "a.nir", nir.Linear(np.array([[2.0, 1.0, 0.0]])), _lif(1, 1.6), inputs=3)
    network = read_nir(path)
    full, half, none = network.layers[0].ix_ua[0]
    assert full == 145.0
    assert half == pytest.approx(84.7, abs=0.4)
    assert none is None
    # A threshold of 1.6 over a lift of 2 is 0.8 quanta: one pulse fires it.
    run = simulate_patterns(network, [[1, 0, 0]], [1], temperature_k=0)
    assert run.counts[0, 0, 0] == 4


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        ([nir.Linear(np.array([[1.0, -1.0]])), _lif(1, 1.3)], "node 'n0': 1 weights are negative"),
        ([nir.Affine(np.ones((1, 2)), np.ones(1)), _lif(1, 1.3)], "node 'n0': a bias maps onto no cell"),
        ([nir.Linear(np.ones((1, 2))), nir.LI(np.ones(1), np.ones(1), np.zeros(1))], "node 'n1' is of the kind LI, "),
        (
            [nir.Linear(np.ones((1, 2))), nir.Linear(np.ones((1, 1)))],
            "node 'n1' is of the kind Linear, which maps onto",
        ),
        ([nir.Linear(np.ones((1, 2))), _lif(1, 1.3, tau=2e-2)], "needs a leak of 5.17e-10 ohm"),
        ([nir.Linear(np.ones((1, 2))), _lif(1, 50.0)], "neuron 0 fires at 50 quanta, which no bias"),
        ([nir.Linear(np.ones((1, 2))), _lif(1, 1.3, v_reset=np.ones(1))], "v_reset other than 0"),
        ([nir.Linear(np.ones((1, 2)))], "does not alternate weights and neurons"),
    ],
)
def test_what_does_not_map_is_refused_by_name(tmp_path, nodes, text):
    path = _file(tmp_path / "a.nir", *nodes, inputs=2)
    with pytest.raises(UnsupportedError) as caught:
        read_nir(path, coding=Coding(slots=(0, 1), dual_rail=False))
    assert text in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_files_that_are_no_graphs(tmp_path):
    path = tmp_path / "a.nir"
    path.write_bytes(b"no HDF5")
    with pytest.raises(DataError, match="the file is no NIR graph"):
        read_nir(path)
    with pytest.raises(FileError, match="cannot read the file"):
        read_nir(tmp_path / "none.nir")
