"""Checkpoints without pickle: tensors as safetensors, everything else as JSON in the same file's header."""

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
        DataError: missing, damaged, or of a newer version.
    """
    try:
        if path.stat().st_size > MAX_CHECKPOINT_BYTES:
            raise DataError(f"the checkpoint is larger than {MAX_CHECKPOINT_BYTES} bytes", file=path)
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(_KEY)
            if text is None:
                raise DataError("the file is no checkpoint of hwdesign", file=path)
            head = json.loads(text)
            if not isinstance(head, dict) or not isinstance(head.get("version"), int):
                raise DataError("the checkpoint's header is damaged", file=path)
            if head["version"] > VERSION:
                raise DataError(
                    f"the checkpoint is of version {head['version']}, newer than {VERSION}",
                    file=path,
                    mend="install a newer hwdesign",
                )
            state = _unpack(head["tree"], file.get_tensor, 0)
            card = head["card"]
    except OSError as error:
        raise DataError(f"cannot read the checkpoint: {os_reason(error)}", file=path, mend="train first") from error
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError("the checkpoint is damaged", file=path, mend="use another one or train again") from error
    if not isinstance(state, dict) or not isinstance(card, dict):
        raise DataError("the checkpoint's header is damaged", file=path)
    return state, card


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


def _unpack(value: object, tensor: Callable[[str], torch.Tensor], depth: int) -> object:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deep")
    if isinstance(value, list):
        return [_unpack(item, tensor, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value["$"]
    if kind == "tensor":
        return tensor(value["key"])
    items = value["items"]
    if kind == "tuple":
        return tuple(_unpack(item, tensor, depth + 1) for item in items)
    if kind != "map":
        raise ValueError(f"unknown kind {kind}")
    return {key: _unpack(item, tensor, depth + 1) for key, item in items}


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
