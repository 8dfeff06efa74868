"""Checkpoint files: round trip, refusals, nothing half-written."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from hwdesign.errors import DataError
from hwdesign.learn import load_checkpoint, load_weights, save_checkpoint

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


def refusal(path: Path, head: object, tensors: dict[str, torch.Tensor] | None = None) -> str:
    """The words with which a checkpoint of that header is refused, without its name."""
    save_file(tensors or {}, path, metadata={"hwdesign.checkpoint": json.dumps(head)})
    with pytest.raises(DataError) as caught:
        load_checkpoint(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("version", [-1, 0, True, False, 1.0, 1.5, "1", None, [1], -(10**4000)])
def test_only_the_known_version_is_read(tmp_path: Path, version: object) -> None:
    head = {"version": version, "tree": {"$": "map", "items": []}, "card": {}}
    assert refusal(tmp_path / "c.safetensors", head) == (
        "the checkpoint's version is none that hwdesign writes; use another one or train again"
    )


@pytest.mark.parametrize(("version", "words"), [(99, "version 99, newer"), (10**4000, "a version newer")])
def test_a_newer_version_asks_for_a_newer_hwdesign(tmp_path: Path, version: int, words: str) -> None:
    head = {"version": version, "tree": {}, "card": {}}
    assert refusal(tmp_path / "c.safetensors", head) == (
        f"the checkpoint is of {words} than 1; install a newer hwdesign"
    )


def entry(key: object, value: object) -> dict[str, object]:
    return {"$": "map", "items": [[key, value]]}


@pytest.mark.parametrize(
    "tree",
    [
        {"$": "tensor"},
        {"$": "other", "items": []},
        {"$": "map", "items": {"a": 1}},
        {"$": "map", "items": [["a", 1, 2]]},
        {"$": "map", "items": [["a", 1], ["a", 2]]},
        entry(None, 1),
        entry(True, 1),
        entry(1.5, 1),
        entry([], 1),
        functools.reduce(lambda inner, _: [inner], range(80), []),
        5,
        [],
    ],
)
def test_a_tree_that_is_none(tmp_path: Path, tree: object) -> None:
    assert "damaged; use another one or train again" in refusal(
        tmp_path / "c.safetensors", {"version": 1, "tree": tree, "card": {}}
    )


@pytest.mark.parametrize(
    ("tensor", "fault"),
    [
        (torch.tensor([1.0, float("nan")]), "holds values that are not finite"),
        (torch.tensor([float("-inf")], dtype=torch.float64), "holds values that are not finite"),
        (torch.tensor([float("nan")], dtype=torch.bfloat16), "holds values that are not finite"),
        (torch.tensor([float("nan")]).to(torch.float8_e5m2), "holds values that are not finite"),
    ],
)
def test_every_number_is_finite(tmp_path: Path, tensor: torch.Tensor, fault: str) -> None:
    tree = entry("state_dict", entry("network.w", {"$": "tensor", "key": "0"}))
    assert refusal(tmp_path / "c.safetensors", {"version": 1, "tree": tree, "card": {}}, {"0": tensor}) == (
        f"the tensor 'state_dict/network.w' {fault}; use another one or train again"
    )


def test_tensors_and_the_tree_belong_together(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    named = {"$": "tensor", "key": "0"}
    ones = torch.ones(2)
    head = {"version": 1, "tree": entry("a", named), "card": {}}
    assert refusal(path, head).startswith("the tensor 'a' is missing;")
    assert refusal(path, head, {"0": ones, "1": ones + 1}).startswith("the tensor '1' belongs to nothing in the ")
    # One tensor under many names could grow without bound.
    head["tree"] = {"$": "map", "items": [["a", named], ["b", named]]}
    assert refusal(path, head, {"0": ones}).startswith("the tensor 'b' is missing;")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network.bias": None}, "the tensor 'state_dict/network.bias' is no tensor"),
        ({"network.bias": torch.ones(3)}, "the tensor 'state_dict/network.bias' has the shape [3], not [2]"),
        (
            {"network.bias": torch.ones(2).double()},
            "the tensor 'state_dict/network.bias' is of type float64, not float",
        ),
        ({"network.bias": torch.ones(2).long()}, "the tensor 'state_dict/network.bias' is of type int64, not float32"),
        ({"network.more": torch.ones(2)}, "the tensor 'state_dict/network.more' belongs to no weight of the network"),
        ({"other": torch.ones(2)}, "the tensor 'state_dict/other' belongs to no weight of the network"),
        ({7: torch.ones(2)}, "the tensor 'state_dict/7' belongs to no weight of the network"),
    ],
)
def test_weights_fit_their_network(tmp_path: Path, change: dict[object, object], message: str) -> None:
    network = torch.nn.Linear(4, 2)
    before = network.weight.clone()
    whole: dict[Any, Any] = {f"network.{key}": value + 1 for key, value in network.state_dict().items()}
    changed = {**whole, **change}
    if changed["network.bias"] is None:
        changed["network.bias"] = 5
    with pytest.raises(DataError) as caught:
        load_weights(network, {"state_dict": changed}, file=tmp_path / "x")
    assert str(caught.value).startswith(f"{tmp_path / 'x'}: {message}")
    del changed["network.bias"]
    with pytest.raises(DataError, match=r"the tensor 'state_dict/network.bias' is missing; use another one or train"):
        load_weights(network, {"state_dict": changed}, file=tmp_path / "x")
    with pytest.raises(DataError, match="the checkpoint holds no weights"):
        load_weights(network, {"state_dict": []}, file=tmp_path / "x")
    assert torch.equal(network.weight, before)
    load_weights(network, {"state_dict": whole}, file=tmp_path / "x")
    assert torch.equal(network.weight, before + 1)
