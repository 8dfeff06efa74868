"""Checkpoint files: round trip, refusals, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from hwdesign.errors import DataError
from hwdesign.learn import load_checkpoint, save_checkpoint

SCALAR = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5)
TREE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(max_size=4), TREE, max_size=4))
def test_any_tree_of_plain_values_survives(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("tree") / "c.safetensors"
    save_checkpoint(path, tree, {"epoch": 1})
    assert load_checkpoint(path) == (tree, {"epoch": 1})


def test_tensors_keep_type_shape_and_sharing_of_names(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    shared = torch.arange(6.0)
    state = {"a": shared, "b": {0: {"step": torch.tensor(3), "view": shared[::2]}}, "/b/0": torch.zeros(0, 2)}
    save_checkpoint(path, state, {"metrics": {"mae": 0.5}})
    found, card = load_checkpoint(path)
    assert torch.equal(found["a"], shared)
    assert torch.equal(found["b"][0]["view"], shared[::2])
    assert found["b"][0]["step"].dtype == torch.int64
    assert found["/b/0"].shape == (0, 2)
    assert card == json.loads((tmp_path / "c.json").read_text())


def test_objects_are_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, {"a": 1}, {})
    with pytest.raises(DataError, match="cannot hold a set"):
        save_checkpoint(path, {"a": {1}}, {})
    assert load_checkpoint(path)[0] == {"a": 1}
    assert sorted(item.name for item in tmp_path.iterdir()) == ["c.json", "c.safetensors"]


def test_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    with pytest.raises(DataError, match="cannot read the checkpoint"):
        load_checkpoint(path)
    save_checkpoint(path, {"a": torch.ones(100)}, {})
    whole = path.read_bytes()
    for cut in (0, 7, 50, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="damaged"):
            load_checkpoint(path)
    save_file({}, path)
    with pytest.raises(DataError, match="no checkpoint of hwdesign"):
        load_checkpoint(path)
    save_file({}, path, metadata={"hwdesign.checkpoint": json.dumps({"version": 99})})
    with pytest.raises(DataError, match="version 99, newer than 1"):
        load_checkpoint(path)
    save_file({}, path, metadata={"hwdesign.checkpoint": json.dumps({"version": 1, "tree": {"$": "tensor"}})})
    with pytest.raises(DataError, match="damaged"):
        load_checkpoint(path)
