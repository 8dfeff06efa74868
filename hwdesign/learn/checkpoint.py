"""Checkpoints without pickle: tensors as safetensors, everything else as JSON in the same file's header.

A checkpoint is untrusted input: what it says of itself is believed only where it is whole, of a known version, and
every number in it is finite.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from hwdesign.errors import DataError, FileError
from hwdesign.files import os_reason, write_atomic, write_text

VERSION = 1
MAX_CHECKPOINT_BYTES = 4 << 30
_KEY = "hwdesign.checkpoint"
_MAX_DEPTH = 64
_ANOTHER = "use another one or train again"

Card = Mapping[str, Any]


def save_checkpoint(path: Path, state: Mapping[str, Any], card: Card) -> None:
    """Write a tree of tensors, numbers, texts, lists and mappings; the file appears whole or not at all.

    The card also goes to a JSON file of the same stem, for people.

    Raises:
        DataError: the tree holds anything else (nothing is ever pickled).
        FileError: the folder cannot be written.
    """
    tensors: dict[str, torch.Tensor] = {}
    head = {"version": VERSION, "card": dict(card), "tree": _pack(state, tensors, "")}
    with write_atomic(path) as beside:
        try:
            save_file(tensors, beside, metadata={_KEY: json.dumps(head)})
        except SafetensorError as error:
            raise FileError(f"cannot write the checkpoint: {error}", file=path) from error
    write_text(path.with_suffix(".json"), json.dumps(dict(card), indent=2) + "\n")


def load_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """State and card of a checkpoint.

    Raises:
        DataError: missing, damaged, of a newer or no known version, or with a tensor that is not finite.
    """
    try:
        if path.stat().st_size > MAX_CHECKPOINT_BYTES:
            raise DataError(f"the checkpoint is larger than {MAX_CHECKPOINT_BYTES} bytes", file=path)
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(_KEY)
            if text is None:
                raise DataError("the file is no checkpoint of hwdesign", file=path)
            head = json.loads(text)
            if not isinstance(head, dict):
                raise DataError("the checkpoint's header is damaged", file=path, mend=_ANOTHER)
            _check_version(head.get("version"), path)
            reader = _Reader(path, file)
            state = reader.unpack(head["tree"])
            reader.finish()
            card = head["card"]
    except OSError as error:
        raise DataError(f"cannot read the checkpoint: {os_reason(error)}", file=path, mend="train first") from error
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError("the checkpoint is damaged", file=path, mend=_ANOTHER) from error
    if not isinstance(state, dict) or not isinstance(card, dict):
        raise DataError("the checkpoint's header is damaged", file=path, mend=_ANOTHER)
    return state, card


def _check_version(version: object, path: Path) -> None:
    # JSON's `true` is an int to Python.
    if isinstance(version, int) and not isinstance(version, bool):
        if version == VERSION:
            return
        if version > VERSION:
            shown = f"version {version}, newer" if version < 10**9 else "a version newer"
            raise DataError(f"the checkpoint is of {shown} than {VERSION}", file=path, mend="install a newer hwdesign")
    raise DataError("the checkpoint's version is none that hwdesign writes", file=path, mend=_ANOTHER)


def load_weights(network: torch.nn.Module, state: Mapping[str, Any], *, file: Path) -> None:
    """Put a checkpoint's weights into the network that they were trained in.

    Args:
        network: of the shape that the checkpoint's card tells.
        state: of `load_checkpoint`, whose `state_dict` names the weights as `network.` and their name in `network`.
        file: the checkpoint, for messages.

    Raises:
        DataError: a tensor is missing, one too many, of another type or shape; names it as the file does.
    """
    found = state.get("state_dict")
    if not isinstance(found, dict):
        raise DataError("the checkpoint holds no weights", file=file, mend=_ANOTHER)
    wanted = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    for name, tensor in wanted.items():
        fault = _misfit(found.get(name), tensor)
        if fault:
            raise DataError(f"the tensor 'state_dict/{name}' {fault}", file=file, mend=_ANOTHER)
    for name in found:
        if name not in wanted:
            what = f"the tensor 'state_dict/{name}' belongs to no weight of the network"
            raise DataError(what, file=file, mend=_ANOTHER)
    network.load_state_dict({name.removeprefix("network."): found[name] for name in wanted})


def _misfit(found: object, wanted: torch.Tensor) -> str:
    """Why `found` cannot take the place of `wanted`; empty where it can."""
    if not isinstance(found, torch.Tensor):
        return "is missing" if found is None else "is no tensor"
    if found.dtype != wanted.dtype:
        return f"is of type {_type(found)}, not {_type(wanted)}"
    if found.shape != wanted.shape:
        return f"has the shape {list(found.shape)}, not {list(wanted.shape)}"
    return ""


def _type(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _pack(value: object, tensors: dict[str, torch.Tensor], at: str) -> object:
    if isinstance(value, torch.Tensor):
        # The count keeps names apart where keys hold slashes.
        key = f"{len(tensors)}{at}"
        tensors[key] = value.detach().cpu().contiguous().clone()
        return {"$": "tensor", "key": key}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, (str, int)) and not isinstance(key, bool) for key in value):
            raise DataError(f"a checkpoint's mapping at '{at}' has a key that is neither text nor integer")
        return {"$": "map", "items": [[key, _pack(item, tensors, f"{at}/{key}")] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        packed = [_pack(item, tensors, f"{at}/{place}") for place, item in enumerate(value)]
        return {"$": "tuple", "items": packed} if isinstance(value, tuple) else packed
    raise DataError(f"a checkpoint cannot hold a {type(value).__name__} (at '{at}')")


class _Reader:
    """Takes the tree out of an open file, each of its tensors once.

    Args:
        path: the file, for messages.
        file: what `safe_open` gives.
    """

    def __init__(self, path: Path, file: Any) -> None:
        self._path = path
        self._file = file
        self._left = set(file.keys())

    def unpack(self, value: object, at: str = "", depth: int = 0) -> Any:
        """The inverse of `_pack`; ValueError, KeyError or TypeError where `_pack` would not have written it."""
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deep")
        if isinstance(value, list):
            return [self.unpack(item, f"{at}/{place}", depth + 1) for place, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        kind = value["$"]
        if kind == "tensor":
            return self._tensor(value["key"], at)
        items = value["items"]
        if not isinstance(items, list) or kind not in ("tuple", "map"):
            raise ValueError(f"unknown kind {kind}")
        if kind == "tuple":
            return tuple(self.unpack(item, f"{at}/{place}", depth + 1) for place, item in enumerate(items))
        found: dict[str | int, Any] = {}
        for key, item in items:
            if not isinstance(key, str | int) or isinstance(key, bool) or key in found:
                raise ValueError(f"the key {key!r} is odd or stands twice")
            found[key] = self.unpack(item, f"{at}/{key}", depth + 1)
        return found

    def _tensor(self, key: object, at: str) -> torch.Tensor:
        if not isinstance(key, str) or key not in self._left:
            raise DataError(f"the tensor '{at.removeprefix('/')}' is missing", file=self._path, mend=_ANOTHER)
        self._left.remove(key)
        tensor: torch.Tensor = self._file.get_tensor(key)
        if not _finite(tensor):
            what = f"the tensor '{at.removeprefix('/')}' holds values that are not finite"
            raise DataError(what, file=self._path, mend=_ANOTHER)
        return tensor

    def finish(self) -> None:
        """Refuse tensors that the tree does not name."""
        if self._left:
            what = f"the tensor '{min(self._left)}' belongs to nothing in the checkpoint"
            raise DataError(what, file=self._path, mend=_ANOTHER)


def _finite(tensor: torch.Tensor) -> bool:
    if not tensor.is_floating_point() and not tensor.is_complex():
        return True
    if tensor.element_size() == 1:  # torch has no isfinite for floats of eight bits
        tensor = tensor.float()
    return bool(torch.isfinite(tensor).all())


class SafetensorsIO(CheckpointIO):  # type: ignore[misc]
    """Lightning's checkpoints through `save_checkpoint` and `load_checkpoint`.

    Args:
        card: gives the card at the moment of saving.
    """

    def __init__(self, card: Callable[[Mapping[str, Any]], Card]) -> None:
        self._card = card

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Write Lightning's state."""
        save_checkpoint(Path(path), checkpoint, self._card(checkpoint))

    def load_checkpoint(
        self, path: str | Path, map_location: object = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read Lightning's state."""
        return load_checkpoint(Path(path))[0]

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove a checkpoint and its card."""
        Path(path).unlink(missing_ok=True)
        Path(path).with_suffix(".json").unlink(missing_ok=True)
