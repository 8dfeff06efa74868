"""Batches of parts with halo against the whole graph."""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor
from torch_geometric.data import Data

from hwdesign.circuits import generate
from hwdesign.errors import LoopError, NetlistError
from hwdesign.graphs import AIG_COLUMNS, CELL_COLUMNS, AigArrays, LevelisedNetwork, PartitionLoader, dag_data
from hwdesign.netlist.aig import aig_view
from hwdesign.passes import frontiers, halos, partition, to_aig
from tests.graphs.dags import COLUMNS, EDGE_COLUMNS, columned, dags, shapes

_SETTINGS = settings(max_examples=25, deadline=None)


@_SETTINGS
@given(dags(), st.integers(1, 6), st.integers(0, 3))
def test_batches_are_the_parts_with_their_halos(dag: tuple[int, np.ndarray], parts: int, halo: int) -> None:
    nodes, edges = dag
    data = columned(nodes, edges)
    found = partition(edges, parts=parts, num_nodes=nodes)
    loader = PartitionLoader(data, found, halo=halo)
    assert len(loader) == found.parts
    for batch, view, frontier in zip(loader, halos(found, halo), frontiers(found), strict=True):
        assert batch.part.tolist() == [view.part]
        assert batch.n_id.tolist() == view.nodes.tolist() and batch.num_nodes == len(view.nodes)
        assert batch.owned.tolist() == view.owned.tolist()
        assert batch.frontier_id.tolist() == frontier.tolist()
        assert halo == 0 or set(frontier.tolist()) <= set(view.nodes.tolist())
        assert sorted(batch.e_id.tolist()) == sorted(view.edge.tolist())
        assert torch.equal(batch.n_id[batch.edge_index], data.edge_index[:, batch.e_id])
        assert torch.equal(batch.x, data.x[batch.n_id]) and torch.equal(batch.edge_attr, data.edge_attr[batch.e_id])


def test_several_parts_a_batch_are_their_union() -> None:
    nodes, edges = shapes()["random"]
    loader = PartitionLoader(columned(nodes, edges), 7, halo=0, batch_size=3)
    batches = list(loader)
    assert [batch.part.tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5], [6]]
    part = loader.partition.part
    for batch in batches:
        inside = np.isin(part, batch.part)
        assert batch.n_id.sort().values.tolist() == np.flatnonzero(inside).tolist() and bool(batch.owned.all())
        assert len(batch.e_id) == (inside[edges[0]] & inside[edges[1]]).sum()
        read = edges[0][inside[edges[1]] & ~inside[edges[0]]]
        assert sorted(batch.frontier_id.tolist()) == sorted(set(read.tolist()))


def test_shuffled_epochs_differ_and_repeat_by_seed() -> None:
    nodes, edges = shapes()["random"]
    data = columned(nodes, edges)

    def epochs(seed: int) -> list[list[int]]:
        loader = PartitionLoader(data, 12, shuffle=True, seed=seed)
        return [[int(batch.part) for batch in loader] for _ in range(3)]

    first = epochs(1)
    assert all(sorted(epoch) == list(range(12)) for epoch in first)
    assert all(a != b for a, b in pairwise(first))
    assert first == epochs(1) != epochs(2)
    assert [int(batch.part) for batch in PartitionLoader(data, 12)] == list(range(12))


def test_loader_workers_give_the_same_batches() -> None:
    nodes, edges = shapes()["tree"]
    data = columned(nodes, edges)
    for one, two in zip(PartitionLoader(data, 4), PartitionLoader(data, 4, num_workers=1), strict=True):
        assert one.to_dict().keys() == two.to_dict().keys() and one.num_nodes == two.num_nodes
        assert all(torch.equal(value, two[key]) for key, value in one if key != "num_nodes")


@pytest.mark.parametrize("name", ["empty", "one node", "no edge"])
def test_graphs_without_edges(name: str) -> None:
    nodes, edges = shapes()[name]
    batches = list(PartitionLoader(columned(nodes, edges), 5, shuffle=True))
    assert sorted(torch.cat([torch.zeros(0), *(batch.n_id for batch in batches)]).tolist()) == list(range(nodes))


def test_netlists_and_aigs() -> None:
    netlist = generate("fsm-random", states=6, seed=2)
    module = netlist.top_module
    data = dag_data(netlist)
    assert data.x.shape == (module.num_cells, len(CELL_COLUMNS)) and int(data.registered.sum()) > 0
    loader = PartitionLoader(netlist, 3, halo=2)
    assert sum(int(batch.owned.sum()) for batch in loader) == module.num_cells
    assert {"registered", "edge_attr"} <= set(next(iter(loader)).keys())
    view = aig_view(to_aig(netlist).top_module)
    for graph in (view, AigArrays.of(view)):
        batches = list(PartitionLoader(graph, 3))
        assert sum(int(batch.owned.sum()) for batch in batches) == view.num_variables
        assert {batch.x.shape[1] for batch in batches} == {len(AIG_COLUMNS)}
    columns = torch.ones(module.num_cells, 2)
    assert all(torch.equal(batch.x, columns[: len(batch.x)]) for batch in PartitionLoader(netlist, 3, x=columns))


class _Fit(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.network = LevelisedNetwork(COLUMNS, 8, edge_columns=EDGE_COLUMNS)
        self.head = torch.nn.Linear(8, 1)
        self.losses: list[float] = []

    def training_step(self, batch: Data) -> Tensor:
        found = self.head(self.network(batch))[:, 0]
        loss = (found - batch.y)[batch.owned].square().mean()
        self.losses.append(loss.item())
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.02)


# A loop of a few batches logs nothing and needs no workers.
@pytest.mark.filterwarnings("ignore:The .* does not have many workers", "ignore:.*LeafSpec.* is deprecated")
def test_training_on_parts_with_lightning(tmp_path: object) -> None:
    nodes, edges = shapes()["random"]
    data = columned(nodes, edges)
    data.y = torch.tanh(data.x[:, 0]) - data.x[:, 1]
    torch.manual_seed(0)
    fit = _Fit()
    loader = PartitionLoader(data, 6, halo=3, shuffle=True, seed=1)
    trainer = Trainer(
        max_epochs=12,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(tmp_path),
    )
    trainer.fit(fit, loader)
    assert len(fit.losses) == 72
    assert np.mean(fit.losses[-6:]) < 0.3 * np.mean(fit.losses[:6])


def test_a_halo_of_full_depth_gives_the_whole_graphs_gradient() -> None:
    nodes, edges = shapes()["random"]
    data = columned(nodes, edges)
    data.y = data.x[:, 0]
    torch.manual_seed(0)
    whole = LevelisedNetwork(COLUMNS, 8, edge_columns=EDGE_COLUMNS).double()
    parts = copy.deepcopy(whole)
    data = data.apply(lambda value: value.double() if value.is_floating_point() else value)
    (whole(data)[:, 0] - data.y).square().sum().backward()
    for batch in PartitionLoader(data, 4, halo=600):
        (parts(batch)[:, 0] - batch.y)[batch.owned].square().sum().backward()
    for expected, found in zip(whole.parameters(), parts.parameters(), strict=True):
        assert expected.grad is not None and found.grad is not None
        torch.testing.assert_close(found.grad, expected.grad, rtol=1e-9, atol=1e-9)


def test_requests_that_make_no_sense() -> None:
    edges = np.array([[0, 1], [1, 2]])
    with pytest.raises(NetlistError, match="the halo must have 0 levels or more, not -1"):
        PartitionLoader(edges, 2, halo=-1)
    with pytest.raises(NetlistError, match=r"the columns have the shape \(3,\), not \(3, columns\)"):
        PartitionLoader(edges, 2, x=np.zeros(3))
    with pytest.raises(NetlistError, match="the edges name a node 2, which is not below the number of nodes, 2"):
        PartitionLoader(edges, 2, x=np.zeros((2, 1)))
    with pytest.raises(NetlistError, match=r"the edges must be an integer array of the shape \(2, E\)"):
        PartitionLoader(edges[:1], 2)
    with pytest.raises(NetlistError, match="the partition has 3 nodes and the graph 4"):
        PartitionLoader(edges, partition(edges, parts=2), x=np.zeros((4, 1)))
    with pytest.raises(LoopError, match="the graph has a cycle of 2 nodes: 0 -> 1 -> 0"):
        PartitionLoader(np.array([[0, 1], [1, 0]]), 2)
