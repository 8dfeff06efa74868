"""Parts of a large graph in a folder, one safetensors file each, so that inference reads one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from hwdesign.errors import DataError, FileError
from hwdesign.files import os_reason, read_input, write_text
from hwdesign.graphs.parts import Parts
from hwdesign.graphs.store import GraphSet, load_graphs, save_graphs

_VERSION = 1
_INDEX = "parts.json"
_MAX_PARTS = 1 << 20


class StoredParts:
    """Parts in a folder that `store_parts` wrote, one file each; only the part asked for is read.

    Args:
        folder: the folder.

    Raises:
        DataError: the folder is missing, unfinished or damaged.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        index = self.folder / _INDEX
        if not index.is_file():
            raise DataError("the folder holds no stored parts", file=self.folder, mend="write it with store_parts")
        try:
            head: dict[str, Any] = json.loads(read_input(index))
            version, nodes, reads = head["version"], head["nodes"], head["reads"]
            sound = type(nodes) is int and nodes >= 0 and isinstance(reads, list) and len(reads) <= _MAX_PARTS
            sound = sound and all(
                isinstance(row, list) and all(type(at) is int and 0 <= at < part for at in row)
                for part, row in enumerate(reads)
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError("the list of parts is damaged", file=index, mend="store the parts again") from error
        if type(version) is not int or version != _VERSION:
            raise DataError("the parts are of another version", file=index, mend="store the parts again")
        if not sound:
            raise DataError("the list of parts is damaged", file=index, mend="store the parts again")
        self.num_nodes: int = nodes
        self.reads: list[list[int]] = reads

    def __len__(self) -> int:
        """Number of parts."""
        return len(self.reads)

    def __getitem__(self, part: int) -> Data:
        """One part; see the module's text.

        Raises:
            DataError: its file is missing or damaged.
        """
        return load_part(self.folder, range(len(self))[part], len(self), self.num_nodes)

    def ticket(self, part: int) -> Callable[[], Data]:
        """A call that reads the part's file, which the other process must see."""
        return partial(load_part, self.folder.absolute(), range(len(self))[part], len(self), self.num_nodes)


def store_parts(parts: Parts, folder: str | Path) -> StoredParts:
    """Write parts into a folder, one safetensors file each and a list of them, which is written last.

    Raises:
        FileError: the folder cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _INDEX).unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"cannot write the parts: {os_reason(error)}", file=folder) from error
    for part in range(len(parts)):
        save_graphs(_file(folder, part), GraphSet([parts[part]]))
    head = {"version": _VERSION, "nodes": parts.num_nodes, "reads": [list(row) for row in parts.reads]}
    write_text(folder / _INDEX, json.dumps(head) + "\n")
    return StoredParts(folder)


def load_part(folder: Path, part: int, parts: int, num_nodes: int) -> Data:
    """Read one stored part and check that its numbers fit one another.

    Raises:
        DataError: missing or damaged.
    """
    path = _file(folder, part)
    damaged = DataError("the part is damaged", file=path, mend="store the parts again")
    graphs = load_graphs(path).graphs
    if len(graphs) != 1:
        raise damaged
    data = graphs[0]
    try:
        fits = list(_checks(data, part, parts, num_nodes))
    except (KeyError, AttributeError, ValueError, TypeError, RuntimeError) as error:
        raise damaged from error
    if not all(fits):
        raise damaged
    return data


def _checks(data: Data, part: int, parts: int, num_nodes: int) -> Iterator[bool]:
    def within(values: Tensor, end: int, begin: int = 0) -> bool:
        return values.dtype == torch.int64 and bool(((values >= begin) & (values < end)).all())

    nodes = len(data.n_id)
    yield data.counts.shape == (3,) and bool((data.counts >= 0).all()) and int(data.counts.sum()) == nodes
    yield data.num_nodes == nodes and within(data.n_id, num_nodes)
    own, sources, sinks = data.counts.tolist()
    yield data.edge_index.ndim == 2 and len(data.edge_index) == 2 and within(data.edge_index, nodes)
    yield bool((data.edge_index < own).any(0).all()) and data.e_id.shape == (data.edge_index.shape[1],)
    yield data.near_part.shape == data.near_place.shape == (sources + sinks,)
    yield within(data.near_part[:sources], part) and within(data.near_part[sources:], parts, part + 1)
    yield within(data.near_place, num_nodes) and within(data.export, own)
    yield data.readers_after.shape == data.readers_before.shape == data.export.shape
    yield within(data.readers_after, parts) and within(data.readers_before, parts)


def _file(folder: Path, part: int) -> Path:
    return folder / f"part_{part:06d}.safetensors"
