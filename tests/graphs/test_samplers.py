"""Samplers in PyG's own loader, without pyg-lib."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.loader import NodeLoader
from torch_geometric.sampler import EdgeSamplerInput

from hwdesign.circuits import generate
from hwdesign.errors import UnsupportedError
from hwdesign.graphs import AigArrays, ConeSampler, NeighbourSampler, aig_data
from hwdesign.netlist.aig import aig_view


@pytest.fixture(scope="module")
def graph() -> Data:
    view = aig_view(generate("aig-random", inputs=12, ands=200, depth=10, seed=5).top_module)
    full = aig_data(AigArrays.of(view))
    return Data(x=full.x, edge_index=full.edge_index, edge_attr=full.edge_attr)


def check_edges(graph: Data, batch: Data) -> None:
    assert torch.equal(batch.n_id[batch.edge_index], graph.edge_index[:, batch.e_id])
    assert torch.equal(batch.edge_attr, graph.edge_attr[batch.e_id])
    assert torch.equal(batch.x, graph.x[batch.n_id])


def test_neighbours_in_a_node_loader(graph: Data) -> None:
    seeds = torch.arange(100, 160)
    sampler = NeighbourSampler(graph, [2, 2], seed=1)
    loader = NodeLoader(graph, node_sampler=sampler, input_nodes=seeds, batch_size=20)
    seen = []
    for batch in loader:
        check_edges(graph, batch)
        seen.append(batch.n_id[: batch.batch_size])
        # An AND has two fan-ins, so two hops of two keep all of them.
        inner = batch.n_id[: batch.num_sampled_nodes[0] + batch.num_sampled_nodes[1]]
        fanins = torch.isin(graph.edge_index[1], inner)
        assert int(fanins.sum()) == batch.edge_index.shape[1]
    assert torch.equal(torch.cat(seen), seeds)


def test_a_sample_is_reproducible_and_bounded(graph: Data) -> None:
    def edges(seed: int) -> list[int]:
        sampler = NeighbourSampler(graph, [1], seed=seed)
        batch = next(iter(NodeLoader(graph, node_sampler=sampler, input_nodes=torch.arange(50, 150), batch_size=100)))
        assert np.bincount(batch.edge_index[1].numpy()).max() == 1
        return list(batch.e_id.tolist())

    assert edges(3) == edges(3)
    assert edges(3) != edges(4)


def test_disjoint_trees_share_no_node(graph: Data) -> None:
    sampler = NeighbourSampler(graph, [2, 2], disjoint=True)
    batch = next(iter(NodeLoader(graph, node_sampler=sampler, input_nodes=torch.tensor([150, 151]), batch_size=2)))
    src, dst = batch.edge_index
    assert torch.equal(batch.batch[src], batch.batch[dst])


def test_a_cone_holds_all_that_a_node_depends_on(graph: Data) -> None:
    root = 211
    batch = next(
        iter(NodeLoader(graph, node_sampler=ConeSampler(graph), input_nodes=torch.tensor([root]), batch_size=1))
    )
    check_edges(graph, batch)
    reached, todo = {root}, [root]
    while todo:
        node = todo.pop()
        for fanin in graph.edge_index[0][graph.edge_index[1] == node].tolist():
            if fanin not in reached:
                reached.add(fanin)
                todo.append(fanin)
    assert set(batch.n_id.tolist()) == reached
    assert batch.n_id[0] == root
    near = next(
        iter(
            NodeLoader(graph, node_sampler=ConeSampler(graph, depth=1), input_nodes=torch.tensor([root]), batch_size=1)
        )
    )
    assert near.num_nodes <= 3


def test_edges_are_no_starting_point(graph: Data) -> None:
    with pytest.raises(UnsupportedError, match="starts from nodes"):
        NeighbourSampler(graph, [1]).sample_from_edges(
            EdgeSamplerInput(None, torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long))
        )
