"""Modules of any kind as heterogeneous graphs."""

from __future__ import annotations

import numpy as np
import torch

from hwdesign.graphs import CELL_COLUMNS, NET_COLUMNS, PORT_COLUMNS, hetero_data
from hwdesign.netlist import OPEN, Builder, Module


def small() -> Module:
    builder = Builder("top")
    top = builder.top
    a, b = top.input("a"), top.input("b")
    y = top.gate("AND", a, b, out=top.net("y"), name="g")
    top.gate("DFF", y, OPEN, out=top.net("q"), name="r")
    top.output("y", y)
    return builder.freeze().top_module


def test_nodes_edges_and_columns_follow_the_module() -> None:
    module = small()
    data = hetero_data(module)
    cells = dict(zip(module.cell_labels(), data["cell"].x.tolist(), strict=True))
    kinds = CELL_COLUMNS.index("is_comb"), CELL_COLUMNS.index("is_seq")
    assert [cells["g"][at] for at in kinds] == [1, 0]
    assert [cells["r"][at] for at in kinds] == [0, 1]
    assert np.isclose(cells["g"][CELL_COLUMNS.index("log_inputs")], np.log(3))
    nets = module.net_labels()
    y = nets.index("y")
    assert np.allclose(data["net"].x[y], [0, np.log(2), np.log(3)])
    assert data["net"].x[:2, NET_COLUMNS.index("is_constant")].tolist() == [1, 1]
    assert data["port"].x[:, PORT_COLUMNS.index("is_in")].tolist() == [1, 1, 0]
    drives = data["cell", "drives", "net"].edge_index.t().tolist()
    named = {(module.cell_labels()[cell], nets[net]) for cell, net in drives}
    assert named == {("g", "y"), ("r", "q")}
    feeds = data["net", "feeds", "cell"].edge_index.t().tolist()
    assert {(nets[net], module.cell_labels()[cell]) for net, cell in feeds} == {("a", "g"), ("b", "g"), ("y", "r")}
    assert data["net", "feeds", "port"].edge_index.tolist() == [[y], [2]]
    for kind in data.edge_types:
        assert len(data[kind].edge_attr) == data[kind].edge_index.shape[1]
    assert data["cell"].type.dtype == torch.int64
    data.validate(raise_on_error=True)
