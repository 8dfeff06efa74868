"""Windows and probability propagation against exhaustive simulation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.aig import make_graph, propagate, read_aig
from hwdesign.aig.cuts import reconvergent_cuts
from hwdesign.aig.labels import cop, simulated, uniform_inputs
from hwdesign.circuits import generate
from hwdesign.graphs import AigArrays
from hwdesign.kernels.aigsim import simulate_words


def random_aig(seed: int, ands: int = 80, inputs: int = 10) -> AigArrays:
    return AigArrays.of(read_aig(generate("aig-random", inputs=inputs, ands=ands, depth=10, seed=seed)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 6))
def test_a_cut_decides_its_node_in_every_pattern(seed: int, leaves: int) -> None:
    aig = random_aig(seed)
    cuts = reconvergent_cuts(aig.fanin0, aig.fanin1, aig.num_inputs, leaves=leaves)
    words = simulate_words(aig.fanin0, aig.fanin1, aig.num_inputs, patterns=512, seed=seed)
    bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
    for at in range(aig.num_ands):
        size = int(cuts.size[at])
        assert size <= leaves
        own = cuts.leaves[at, :size]
        assert len(set(own.tolist())) == size
        minterm = (bits[own].astype(np.int64) << np.arange(size)[:, None]).sum(0)
        table = np.array([int(cuts.table[at]) >> m & 1 for m in range(64)])
        assert np.array_equal(table[minterm], bits[aig.first_and + at])


def test_cuts_of_nothing_and_of_too_many_leaves() -> None:
    none = np.zeros(0, np.int32)
    assert len(reconvergent_cuts(none, none, 3).table) == 0
    with pytest.raises(ValueError, match="2 to 6 leaves"):
        reconvergent_cuts(none, none, 3, leaves=7)


def test_an_exclusive_or_is_exact_where_cop_is_not() -> None:
    # a ^ b = !( !(a & !b) & !(!a & b) )
    aig = AigArrays(
        np.array([2, 3, 7], np.int32), np.array([5, 4, 9], np.int32), 2, 0, np.array([0, 2, 2, 1, 1, 0], np.int32)
    )
    data = make_graph(aig, uniform_inputs(aig))
    assert cop(aig)[5] == pytest.approx(0.5625)
    assert propagate(data, "cop")[5].item() == pytest.approx(0.5625)
    assert propagate(data, "window")[5].item() == pytest.approx(0.5)


def test_without_reconvergence_all_methods_are_exact() -> None:
    fanin0, fanin1 = np.array([2, 6, 11], np.int32), np.array([5, 8, 13], np.int32)
    aig = AigArrays(fanin0, fanin1, 4, 0, np.ones(8, np.int32))
    probability = np.array([0.1, 0.3, 0.6, 0.9])
    data = make_graph(aig, probability)
    n5, n6 = 0.1 * 0.7, 0.6 * 0.9
    expected = [n5, n6, (1 - n5) * (1 - n6)]
    for prior in ("cop", "window", "covariance"):
        assert propagate(data, prior)[5:].tolist() == pytest.approx(expected, abs=1e-6)


def test_covariances_mend_reconvergence_beyond_the_window() -> None:
    errors = {"cop": [], "window": [], "covariance": []}
    for seed in range(6):
        aig = random_aig(seed, ands=300, inputs=16)
        true = simulated(aig, patterns=1 << 16, seed=1)
        data = make_graph(aig, uniform_inputs(aig), true)
        for prior, kept in errors.items():
            kept.append(np.abs(propagate(data, prior).numpy() - true)[aig.first_and :].mean())
    mean = {prior: float(np.mean(kept)) for prior, kept in errors.items()}
    assert mean["covariance"] < 0.7 * mean["window"] < 0.7 * mean["cop"]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["window", "covariance"]), st.sampled_from([4, 64]))
def test_estimates_are_probabilities_even_with_narrow_sketches(seed: int, prior: str, width: int) -> None:
    aig = random_aig(seed)
    data = make_graph(aig, np.random.default_rng(seed).uniform(0, 1, aig.num_inputs))
    p = propagate(data, prior, width=width)  # type: ignore[arg-type]
    assert bool(((p >= 0) & (p <= 1)).all())
    assert not bool(torch.isnan(p).any())
