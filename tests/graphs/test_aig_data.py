"""AIGs as tensors, and slices of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.circuits import generate
from hwdesign.graphs import AIG_COLUMNS, AigArrays, aig_data, slice_aig
from hwdesign.kernels.aigsim import simulate_words
from hwdesign.netlist.aig import AigNames, aig_module, aig_view
from hwdesign.passes import partition


def small() -> AigArrays:
    """y = !(a & !b) & q, with one latch q that nothing else reads."""
    netlist = aig_module(
        "top",
        np.array([2, 9], np.int32),
        np.array([5, 6], np.int32),
        np.array([10], np.int32),
        AigNames(["a", "b"], ["y"], ["q"], ["n", "y_net"]),
        latch_next=np.array([10], np.int32),
    )
    view = aig_view(netlist.top_module)
    assert view.variable_labels() == ["1'b0", "a", "b", "q", "n", "y_net"]
    return AigArrays.of(view)


def test_columns_and_edges_of_a_known_circuit() -> None:
    data = aig_data(small())
    columns = dict(zip(AIG_COLUMNS, data.x.t().tolist(), strict=True))
    assert columns["is_constant"] == [1, 0, 0, 0, 0, 0]
    assert columns["is_input"] == [0, 1, 1, 0, 0, 0]
    assert columns["is_latch"] == [0, 0, 0, 1, 0, 0]
    assert columns["is_and"] == [0, 0, 0, 0, 1, 1]
    assert columns["relative_level"] == [0, 0, 0, 0, 0.5, 1]
    assert columns["inverted_fanins"] == [0, 0, 0, 0, 1, 1]
    assert columns["log_fanout"] == pytest.approx([0, np.log(2), np.log(2), np.log(2), np.log(2), 0])
    assert data.edge_index.tolist() == [[1, 4, 2, 3], [4, 5, 4, 5]]
    assert data.edge_attr[:, 0].tolist() == [0, 1, 1, 0]
    assert (data.level.tolist(), data.and_index.tolist()) == ([0, 0, 0, 0, 1, 2], [4, 5])
    data.validate(raise_on_error=True)


def test_reversed_edges_are_marked() -> None:
    data = aig_data(small(), reverse=True)
    assert torch.equal(data.edge_index[:, 4:], data.edge_index[:, :4].flip(0))
    assert data.edge_attr[4:, 0].tolist() == [-1, -2, -2, -1]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 7))
def test_slices_compute_what_the_whole_does(seed: int, parts: int) -> None:
    netlist = generate("aig-random", inputs=8, ands=60, depth=8, seed=seed)
    view = aig_view(netlist.top_module)
    whole = AigArrays.of(view)
    part = partition(view.module, parts=parts).part[view.and_cell]
    slices = slice_aig(whole, part)
    assert sum(piece.aig.num_ands for piece in slices) == whole.num_ands
    words = simulate_words(whole.fanin0, whole.fanin1, whole.num_inputs, patterns=64, seed=seed)
    for piece in slices:
        aig = piece.aig
        own = words[piece.variable]
        again = simulate_words(
            aig.fanin0, aig.fanin1, aig.num_inputs, patterns=64, input_words=own[1 : aig.first_and].copy()
        )
        assert np.array_equal(again, own)
        assert np.array_equal(aig.fanout, whole.fanout[piece.variable])


def test_a_partition_against_the_order_is_refused() -> None:
    with pytest.raises(ValueError, match="does not preserve the order"):
        slice_aig(small(), np.array([1, 0], np.int32))
