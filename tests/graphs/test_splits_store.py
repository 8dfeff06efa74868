"""Splits that do not leak, and the store of prepared graphs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data

from hwdesign.errors import DataError
from hwdesign.graphs import (
    GraphSet,
    Member,
    cached,
    check_splits,
    content_key,
    load_graphs,
    save_graphs,
    split_by_parent,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(0, 99))
def test_no_parent_is_ever_in_two_splits(parents: list[int], seed: int) -> None:
    members = [Member(f"c{at}", f"p{parent}") for at, parent in enumerate(parents)]
    if len(set(parents)) < 3:
        with pytest.raises(DataError, match="too few to split"):
            split_by_parent(members, seed=seed)
        return
    splits = split_by_parent(members, seed=seed)
    assert sorted(m.name for split in splits.values() for m in split) == sorted(m.name for m in members)
    owners = [{m.parent for m in split} for split in splits.values()]
    assert all(owners)
    assert not owners[0] & owners[1] and not owners[0] & owners[2] and not owners[1] & owners[2]
    assert splits == split_by_parent(members[::-1], seed=seed) or len(members) > 1


def test_leaks_are_named() -> None:
    with pytest.raises(DataError, match=r"the parent 'p' is in 'train' \(as 'a'\) and in 'test' \(as 'b'\)"):
        check_splits({"train": [Member("a", "p")], "test": [Member("b", "p")]})
    with pytest.raises(DataError, match="'a' in 'train' and 'b' in 'test' are the same circuit"):
        check_splits({"train": [Member("a", "p", "d")], "test": [Member("b", "q", "d")]})


def test_graphs_survive_and_damage_is_mended(tmp_path: Path) -> None:
    graphs = [Data(x=torch.rand(3, 2), level=torch.tensor([0, 1, 1])), Data(x=torch.zeros(0, 2))]
    for graph in graphs:
        graph.num_nodes = len(graph.x)
    path = tmp_path / "cache" / "k.safetensors"
    save_graphs(path, GraphSet(graphs, {"name": "é", "ands": 2}))
    found = load_graphs(path)
    assert found.info == {"name": "é", "ands": 2}
    assert torch.equal(found.graphs[0].x, graphs[0].x)
    assert found.graphs[1].num_nodes == 0
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match="damaged"):
        load_graphs(path)
    made = []

    def make() -> GraphSet:
        made.append(1)
        return GraphSet(graphs, {})

    for _ in range(2):
        assert len(cached(path.parent, "k", make).graphs) == 2
    assert made == [1]
    with pytest.raises(ValueError, match="'note' is no tensor"):
        save_graphs(path, GraphSet([Data(x=torch.zeros(1, 1), note="text")], {}))


def test_keys_depend_on_every_part() -> None:
    keys = {content_key("a", 1), content_key("a", 2), content_key(b"a", 1), content_key("a1"), content_key("a", "1")}
    assert len(keys) == 5
