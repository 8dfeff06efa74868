"""Inference part by part on the workers of any `concurrent.futures.Executor`."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric.data import Data

from hwdesign.errors import NetlistError
from hwdesign.graphs.parts import Parts
from hwdesign.graphs.sequential import Between, PartModel, PartStates, States, Sweep

Arrays = dict[str, NDArray[np.generic]]


def run_parts(
    executor: Executor, model: PartModel, parts: Parts, *, in_flight: int = 4, scratch: str | Path | None = None
) -> Iterator[PartStates]:
    """Run a model on parts, each as soon as the parts that it reads are done; results come as they are made.

    Gives what `hwdesign.graphs.Sequential` gives, with the parts in another order. To the worker go the model, where
    its part is (`Parts.ticket`: of stored parts a path that it must see), and the states that the part reads; back
    come the states of its nodes. They travel as NumPy arrays, pickled as the executor does it.

    Args:
        executor: threads, processes (start them with `spawn` where torch is in use), or Dask's `Client.get_executor()`.
        model: the model.
        parts: the parts; `StoredParts` spare the executor their transport.
        in_flight: parts handed out at a time, which bounds what this process holds.
        scratch: folder for the states between sweeps, as in `Sequential`.

    Raises:
        NetlistError: `in_flight` is less than 1.
        What a worker raised; parts that have not begun are then cancelled.
    """
    if in_flight < 1:
        raise NetlistError(f"at least 1 part must be in flight, not {in_flight}")
    if scratch is None:
        yield from _run(executor, model, parts, in_flight, None)
        return
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        yield from _run(executor, model, parts, in_flight, Path(folder))


def _run(
    executor: Executor, model: PartModel, parts: Parts, in_flight: int, folder: Path | None
) -> Iterator[PartStates]:
    between = Between(model, parts, folder)
    packed = PackedModel(model)
    for at, sweep in enumerate(between.sweeps):
        between.begin(at)
        ready = _Ready(parts, sweep)
        running: dict[Future[Arrays], int] = {}
        held: dict[int, Data] = {}
        try:
            while ready.waiting or running:
                while ready.waiting and len(running) < in_flight:
                    part = ready.waiting.pop(0)
                    held[part] = data = parts[part]
                    own, near = between.given(at, part, data)
                    # The rows of zeros for own nodes need not travel.
                    crossing = {name: rows[int(data.counts[0]) :] for name, rows in near.items()}
                    task = (packed, at, parts.ticket(part), _arrays(own), _arrays(crossing))
                    running[executor.submit(_work, *task)] = part
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    part = running.pop(future)
                    result = between.done(at, part, held.pop(part), _tensors(future.result()))
                    ready.done(part)
                    if result is not None:
                        yield result
        finally:
            for future in running:
                future.cancel()


class _Ready:
    """Which parts of a sweep may start."""

    def __init__(self, parts: Parts, sweep: Sweep) -> None:
        self._readers: list[list[int]] = [[] for _ in range(len(parts))]
        self._missing = [0] * len(parts)
        for part, read in enumerate(parts.reads):
            for other in read:
                first, then = (part, other) if sweep.direction == "backward" else (other, part)
                if sweep.direction in ("forward", "backward"):
                    self._readers[first].append(then)
                    self._missing[then] += 1
        self.waiting = [part for part, missing in enumerate(self._missing) if missing == 0]

    def done(self, part: int) -> None:
        for reader in self._readers[part]:
            self._missing[reader] -= 1
            if self._missing[reader] == 0:
                self.waiting.append(reader)


class PackedModel:
    """A model on its way to a worker: its weights are pickled as NumPy arrays.

    torch would put them into shared memory, which a worker elsewhere cannot see.
    """

    def __init__(self, model: PartModel) -> None:
        self.model = model

    def __reduce__(self) -> tuple[Callable[..., PackedModel], tuple[object, ...]]:
        if not isinstance(self.model, nn.Module):
            return PackedModel, (self.model,)
        bare = copy.deepcopy(self.model).to("meta")
        return _unpacked, (bare, _arrays(self.model.state_dict()))


def _unpacked(bare: nn.Module, weights: Arrays) -> PackedModel:
    bare.load_state_dict(_tensors(weights), assign=True)
    return PackedModel(bare)  # type: ignore[arg-type]


def _work(packed: PackedModel, at: int, ticket: Callable[[], Data], own: Arrays, crossing: Arrays) -> Arrays:
    """One part in one sweep; runs in the worker."""
    data = ticket()
    count = int(data.counts[0])
    near = {
        name: torch.cat([rows.new_zeros(count, *rows.shape[1:]), rows]) for name, rows in _tensors(crossing).items()
    }
    with torch.no_grad():
        sweep: Sweep = packed.model.sweeps()[at]
        states = sweep.run(data, _tensors(own), near)
    return _arrays({name: states[name] for name in {*sweep.carried, *sweep.kept}})


def _arrays(states: States | dict[str, Tensor]) -> Arrays:
    return {name: rows.numpy() for name, rows in states.items()}


def _tensors(arrays: Arrays) -> States:
    # What came out of a pickle may be read-only.
    return {name: torch.from_numpy(rows if rows.flags.writeable else rows.copy()) for name, rows in arrays.items()}
