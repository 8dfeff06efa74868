"""Inference part by part that equals inference on the whole graph, in memory that follows the part.

A model is a list of sweeps over all nodes. Each sweep runs on one part after the other:

* `local`: a node's state follows from its own columns and its state after the sweep before;
* `round`: also from the states of all its neighbours after the sweep before (synchronous message passing);
* `forward`: also from the new states of what it reads, part after part (levelised message passing);
* `backward`: also from the new states of what reads it, in the reverse order of parts.

What crosses from part to part is carried along, and each row is dropped when the last part that reads it has done so.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch_geometric.data import Data

from hwdesign.errors import FileError
from hwdesign.files import os_reason
from hwdesign.graphs.parts import Direction, Parts, near_slice

States = dict[str, Tensor]

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep over all nodes.

    Attributes:
        direction: see the module's text.
        run: takes a part (see `hwdesign.graphs.parts`), the states of its own nodes after the sweep before, and the
            states that come from other parts: a row of zeros for each own node, for the sweep to fill if it likes, then
            one for each source in a forward sweep, each sink in a backward one, both in a round; {} where there are no
            such nodes. Both are its own to change. Gives the new states of the part's own nodes.
        carried: names of the states that other parts read: in this sweep, or in the round after it.
        kept: names of the states that the sweep after it is given, or that are the result.
    """

    direction: Direction
    run: Callable[[Data, States, States], States]
    carried: Sequence[str]
    kept: Sequence[str]


class PartModel(Protocol):
    """A model that can run part by part."""

    def sweeps(self) -> Sequence[Sweep]:
        """Its sweeps, in order; at least one."""


@dataclass(frozen=True, eq=False, slots=True)
class PartStates:
    """Result of one part.

    Attributes:
        part: its number.
        nodes: int64[o], its nodes in the whole graph.
        states: rows of these nodes by name.
    """

    part: int
    nodes: Tensor
    states: States


class Carried:
    """States that cross between parts; each row lives until as many parts have taken it as read it."""

    def __init__(self) -> None:
        self._blocks: dict[int, _Block] = {}
        self.bytes = 0

    def put(self, part: int, export: Tensor, readers: Tensor, states: Mapping[str, Tensor]) -> None:
        """Keep what other parts read of a part: `export` int64[x] chooses rows, `readers` int64[x] counts parts."""
        alive = readers > 0
        if not bool(alive.any()):
            return
        block = _Block(readers.clone(), alive.cumsum(0) - 1, {})
        block.rows = {name: rows[export[alive]] for name, rows in states.items()}
        self._blocks[part] = block
        self.bytes += block.bytes()

    def take(self, part: Tensor, place: Tensor, own: int) -> States:
        """Rows by owning part and place among its exports, below `own` rows of zeros; {} for none."""
        taken: States = {}
        for owner in torch.unique(part).tolist():
            here = part == owner
            block = self._blocks[owner]
            before = block.bytes()
            wanted = place[here]
            for name, rows in block.rows.items():
                if name not in taken:
                    taken[name] = rows.new_zeros(own + len(place), *rows.shape[1:])
                taken[name][own:][here] = rows[block.row[wanted]]
            block.readers[wanted] -= 1
            if block.drop():
                self.bytes += block.bytes() - before
            else:
                del self._blocks[owner]
                self.bytes -= before
        return taken


@dataclass(slots=True)
class _Block:
    readers: Tensor
    row: Tensor
    rows: States

    def bytes(self) -> int:
        return sum(rows.nbytes for rows in self.rows.values())

    def drop(self) -> bool:
        """Drop the rows that nobody reads any more; False where none is left."""
        alive = self.readers > 0
        kept = torch.unique(self.row[alive])
        if len(kept) and len(kept) < len(next(iter(self.rows.values()), kept)):
            self.rows = {name: rows[kept] for name, rows in self.rows.items()}
            self.row = alive.cumsum(0) - 1
        return len(kept) > 0


class Kept:
    """States of all nodes between two sweeps, in memory or, with a folder, in one file a part."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._states: dict[int, States] = {}

    def put(self, part: int, states: States) -> None:
        """Keep a part's states."""
        if self._folder is None:
            self._states[part] = states
            return
        try:
            save_file({name: rows.contiguous() for name, rows in states.items()}, self._file(part))
        except OSError as error:
            raise FileError(f"cannot keep a part's states: {os_reason(error)}", file=self._folder) from error

    def take(self, part: int) -> States:
        """A part's states, which are forgotten; {} where none were put."""
        if self._folder is None:
            return self._states.pop(part, {})
        path = self._file(part)
        if not path.is_file():
            return {}
        states: States = load_file(path)
        path.unlink()
        return states

    def _file(self, part: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{part:06d}.safetensors"


class Between:
    """What passes between parts and between sweeps, in whatever order the parts of a sweep come.

    Args:
        model: the model; modules are put into evaluation mode.
        parts: the parts.
        scratch: folder for the states of all nodes between sweeps; in memory without it.
    """

    def __init__(self, model: PartModel, parts: Parts, scratch: Path | None) -> None:
        if isinstance(model, nn.Module):
            model.eval()
        self.sweeps = list(model.sweeps())
        self.parts = parts
        self._folders = [scratch and scratch / str(at) for at in range(len(self.sweeps))]
        for folder in self._folders:
            if folder is not None:
                folder.mkdir()
        self._kept = [Kept(folder) for folder in self._folders]
        self._within, self._ahead = Carried(), Carried()
        self._heard = Carried()

    def begin(self, at: int) -> None:
        """Call before sweep `at`."""
        self._heard, self._ahead, self._within = self._ahead, Carried(), Carried()

    def order(self, at: int) -> range:
        """Parts of sweep `at`, each after those that it waits for."""
        ascending = range(len(self.parts))
        return ascending[::-1] if self.sweeps[at].direction == "backward" else ascending

    def given(self, at: int, part: int, data: Data) -> tuple[States, States]:
        """What sweep `at` takes for a part: own states and near ones."""
        own = self._kept[at - 1].take(part) if at else {}
        direction = self.sweeps[at].direction
        if direction == "local":
            return own, {}
        near = near_slice(data, direction)
        first = int(data.counts[0])
        places = slice(near.start - first, near.stop - first)
        carried = self._heard if direction == "round" else self._within
        return own, carried.take(data.near_part[places], data.near_place[places], first)

    def done(self, at: int, part: int, data: Data, states: States) -> PartStates | None:
        """Store what sweep `at` made; the result after the last sweep."""
        sweep, last = self.sweeps[at], at + 1 == len(self.sweeps)
        carried = {name: states[name] for name in sweep.carried}
        if sweep.direction == "forward":
            self._within.put(part, data.export, data.readers_after, carried)
        elif sweep.direction == "backward":
            self._within.put(part, data.export, data.readers_before, carried)
        if not last and self.sweeps[at + 1].direction == "round":
            self._ahead.put(part, data.export, data.readers_after + data.readers_before, carried)
        kept = {name: states[name] for name in sweep.kept}
        if last:
            return PartStates(part, data.n_id[: int(data.counts[0])], kept)
        self._kept[at].put(part, kept)
        return None

    @property
    def carried_bytes(self) -> int:
        """Bytes of the states that now wait for other parts."""
        return self._within.bytes + self._ahead.bytes + self._heard.bytes


class Sequential:
    """Inference on one part after the other; iterate to get each part's result.

    With one forward sweep, memory holds one part, the rows that cross into it and the rows that later parts will read.
    Between the sweeps of a model that has several, the states of all nodes are kept: in files of `scratch`, or in
    memory without it; before a round, the rows of all nodes that other parts read are in memory.

    Args:
        model: the model, as `LevelisedNetwork` or `hwdesign.aig.PartEncoder`; modules are put into evaluation mode.
        parts: the parts; `StoredParts` are read one at a time.
        scratch: folder for temporary files, which are removed.

    Attributes:
        carried_bytes: bytes of the states that wait for other parts when a result is given.
        peak_carried_bytes: the most of these so far.
    """

    def __init__(self, model: PartModel, parts: Parts, *, scratch: str | Path | None = None) -> None:
        self.model = model
        self.parts = parts
        self._scratch = scratch
        self.carried_bytes = 0
        self.peak_carried_bytes = 0

    def __iter__(self) -> Iterator[PartStates]:
        """Results in the order in which the last sweep makes them."""
        if self._scratch is None:
            yield from self._run(None)
            return
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            yield from self._run(Path(folder))

    def _run(self, folder: Path | None) -> Iterator[PartStates]:
        between = Between(self.model, self.parts, folder)
        for at, sweep in enumerate(between.sweeps):
            between.begin(at)
            for part in between.order(at):
                result = self._step(between, at, sweep, part)
                _trim()
                if result is not None:
                    yield result
                    del result  # or it would live beside the next part's
                _trim()

    def _step(self, between: Between, at: int, sweep: Sweep, part: int) -> PartStates | None:
        # A function of its own, so that a part's tensors are gone before the next one is read.
        data = self.parts[part]
        own, near = between.given(at, part, data)
        with torch.no_grad():
            states = sweep.run(data, own, near)
        result = between.done(at, part, data, states)
        self.carried_bytes = between.carried_bytes
        self.peak_carried_bytes = max(self.peak_carried_bytes, self.carried_bytes)
        return result


def _trim() -> None:
    """Give freed memory back to the system: rows that wait for other parts lie between what the parts left free."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(ctypes.c_size_t(0))


def gather(
    results: Iterator[PartStates] | Sequential, num_nodes: int, *, out: str | Path | None = None
) -> dict[str, NDArray[np.generic]]:
    """Collect results into arrays with one row a node of the whole graph.

    Args:
        results: of all parts, in any order.
        num_nodes: of the whole graph.
        out: folder; each array is then written to `NAME.npy` there, piece by piece, and comes back memory-mapped.

    Raises:
        FileError: the folder cannot be written.
    """
    if out is None:
        arrays: dict[str, NDArray[np.generic]] = {}
        for result in results:
            for name, rows in result.states.items():
                if name not in arrays:
                    arrays[name] = np.zeros((num_nodes, *rows.shape[1:]), rows.numpy().dtype)
                arrays[name][result.nodes.numpy()] = rows.numpy()
        return arrays
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            files: dict[str, Path] = {}
            for result in results:
                for name, rows in result.states.items():
                    if name not in files:
                        files[name] = Path(beside) / f"{len(files)}.npy"
                        shape = (num_nodes, *rows.shape[1:])
                        np.lib.format.open_memmap(files[name], "w+", rows.numpy().dtype, shape)
                    _scatter(files[name], result.nodes.numpy(), rows.numpy())
                    del rows
                del result
            for name, path in files.items():
                path.replace(folder / f"{name}.npy")
    except OSError as error:
        raise FileError(f"cannot write the results: {os_reason(error)}", file=folder) from error
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in files}


def _scatter(path: Path, nodes: NDArray[np.int64], rows: NDArray[np.generic]) -> None:
    """Write rows of a `.npy` file in pieces, so that few of its pages are in memory at a time."""
    order = np.argsort(nodes)
    height = max(1, _BLOCK_BYTES // max(1, rows[:1].nbytes))
    for piece in np.split(order, np.flatnonzero(np.diff(nodes[order] // height)) + 1):
        if len(piece):
            mapped = np.load(path, mmap_mode="r+")
            mapped[nodes[piece]] = rows[piece]
            del mapped
