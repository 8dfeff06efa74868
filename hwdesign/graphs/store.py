"""Prepared graphs on disk: safetensors and JSON, keyed by a digest of what they were made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch_geometric.data import Data

from hwdesign.errors import DataError, FileError
from hwdesign.files import os_reason, write_atomic

VERSION = 1
_KEY = "hwdesign.graphs"
_MAX_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class GraphSet:
    """Graphs made from one circuit, and what is known about it.

    Attributes:
        graphs: `Data` whose attributes are tensors.
        info: JSON values: name, parent, digest ....
    """

    graphs: Sequence[Data]
    info: Mapping[str, Any] = field(default_factory=dict)


def content_key(*parts: object) -> str:
    """Hex digest over JSON values and bytes."""
    hasher = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        hasher.update(len(data).to_bytes(8, "little") + data)
    return hasher.hexdigest()


def save_graphs(path: Path, graphs: GraphSet) -> None:
    """Write graphs; the file appears whole or not at all.

    Raises:
        FileError: the folder cannot be written.
        ValueError: an attribute of a graph is no tensor.
    """
    tensors: dict[str, torch.Tensor] = {}
    sizes = []
    for at, graph in enumerate(graphs.graphs):
        sizes.append(int(graph.num_nodes))
        for key, value in graph.to_dict().items():
            if key == "num_nodes":
                continue
            if not isinstance(value, torch.Tensor):
                raise ValueError(f"the graph's attribute '{key}' is no tensor")
            # A copy: columns may be views of one storage, which safetensors refuses.
            tensors[f"{at}/{key}"] = value.detach().clone(memory_format=torch.contiguous_format)
    head = json.dumps({"version": VERSION, "nodes": sizes, "info": dict(graphs.info)})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the cache's folder: {os_reason(error)}", file=path.parent) from error
    with write_atomic(path) as beside:
        try:
            save_file(tensors, beside, metadata={_KEY: head})
        except SafetensorError as error:
            raise FileError(f"cannot write the graphs: {error}", file=path) from error


def load_graphs(path: Path) -> GraphSet:
    """Read graphs.

    Raises:
        DataError: missing, damaged or of another version.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(f"the graphs take more than {_MAX_BYTES} bytes", file=path)
        with safe_open(path, "pt") as file:
            head = json.loads((file.metadata() or {}).get(_KEY, "{}"))
            if head.get("version") != VERSION:
                raise DataError("the graphs are of another version", file=path, mend="remove the cache")
            graphs = [Data() for _ in head["nodes"]]
            for name in file.keys():  # noqa: SIM118 - a safetensors file is no mapping
                at, _, key = name.partition("/")
                graphs[int(at)][key] = file.get_tensor(name)
            for graph, nodes in zip(graphs, head["nodes"], strict=True):
                graph.num_nodes = int(nodes)
            return GraphSet(graphs, head["info"])
    except OSError as error:
        raise DataError(f"cannot read the graphs: {os_reason(error)}", file=path) from error
    except (SafetensorError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise DataError("the graphs are damaged", file=path, mend="remove the file") from error


def cached(
    folder: Path, key: str, make: Callable[[], GraphSet], usable: Callable[[GraphSet], bool] = lambda _: True
) -> GraphSet:
    """Graphs of `key`, made and stored when they are missing, damaged, or not what `usable` asks for."""
    path = folder / f"{key}.safetensors"
    if path.is_file():
        try:
            found = load_graphs(path)
        except DataError:
            found = None
        if found is not None and usable(found):
            return found
        path.unlink(missing_ok=True)
    graphs = make()
    save_graphs(path, graphs)
    return graphs
