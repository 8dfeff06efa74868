"""Inference on workers of several kinds against the whole graph."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from hwdesign.errors import DataError, NetlistError
from hwdesign.graphs import CutParts, LevelisedNetwork, Parts, StoredParts, gather, run_parts, store_parts
from hwdesign.graphs.executor import PackedModel
from hwdesign.passes import partition
from tests.graphs.dags import COLUMNS, EDGE_COLUMNS, columned, shapes


@pytest.fixture(scope="module")
def circuit() -> tuple[LevelisedNetwork, Data, CutParts]:
    nodes, edges = shapes()["random"]
    data = columned(nodes, edges)
    torch.manual_seed(1)
    made = LevelisedNetwork(COLUMNS, 12, edge_columns=EDGE_COLUMNS, directions=("forward", "backward"))
    return made, data, CutParts(data, partition(edges, parts=9, num_nodes=nodes))


def agree(executor: Executor, made: LevelisedNetwork, data: Data, parts: Parts) -> bool:
    found = gather(run_parts(executor, made, parts, in_flight=3), int(data.num_nodes))
    with torch.no_grad():
        return bool(np.abs(found["h"] - made(data).numpy()).max() <= 1e-5)


def test_threads(circuit: tuple[LevelisedNetwork, Data, CutParts], tmp_path: Path) -> None:
    made, data, parts = circuit
    with ThreadPoolExecutor(2) as executor:
        assert agree(executor, made, data, parts)
        assert agree(executor, made, data, store_parts(parts, tmp_path))


def test_parts_wait_only_for_what_they_read() -> None:
    # Two paths side by side: the parts of one need nothing of the other.
    path = np.arange(40)
    edges = np.concatenate([np.stack([path[:-1], path[1:]]), np.stack([path[:-1], path[1:]]) + 40], axis=1)
    data = columned(80, edges)
    parts = CutParts(data, partition(edges, parts=8, num_nodes=80))
    begun: list[int] = []

    class Recorder(ThreadPoolExecutor):
        def submit(self, task, /, *args, **more):  # type: ignore[no-untyped-def]
            begun.append(len(begun))
            return super().submit(task, *args, **more)

    made = LevelisedNetwork(COLUMNS, 4, edge_columns=EDGE_COLUMNS)
    with Recorder(2) as executor:
        results = run_parts(executor, made, parts, in_flight=8)
        next(results)
        free = sum(not read for read in parts.reads)
        assert len(begun) == free >= 2
        assert len(list(results)) == 7 and len(begun) == 8


def test_a_model_travels_as_arrays(circuit: tuple[LevelisedNetwork, Data, CutParts]) -> None:
    made, data, _ = circuit
    sent = pickle.loads(ForkingPickler.dumps(PackedModel(made))).model
    assert isinstance(sent, LevelisedNetwork) and sent is not made and not sent.training
    with torch.no_grad():
        assert torch.equal(sent(data), made(data))
    assert all(weight.is_shared() is False for weight in [*made.parameters(), *sent.parameters()])


@pytest.mark.slow
def test_processes(circuit: tuple[LevelisedNetwork, Data, CutParts], tmp_path: Path) -> None:
    made, data, parts = circuit
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        assert agree(executor, made, data, store_parts(parts, tmp_path))


def _dask() -> ModuleType:
    try:
        import distributed
    except ImportError as error:
        if os.environ.get("HWDESIGN_REQUIRE_TOOLS") == "1":
            raise
        pytest.skip(f"{error}; install hwdesign[distributed]")
    found: ModuleType = distributed
    return found


# Dask and its event loop warn about themselves.
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("processes", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_dask_with_two_workers(
    processes: bool, circuit: tuple[LevelisedNetwork, Data, CutParts], tmp_path: Path
) -> None:
    distributed = _dask()
    made, data, parts = circuit
    with (
        distributed.LocalCluster(
            processes=processes,
            n_workers=2,
            threads_per_worker=1,
            memory_limit="1GiB",
            dashboard_address=None,
            local_directory=str(tmp_path / "dask"),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert agree(client.get_executor(), made, data, store_parts(parts, tmp_path / "parts"))


def test_a_workers_error_comes_back(circuit: tuple[LevelisedNetwork, Data, CutParts], tmp_path: Path) -> None:
    made, _, parts = circuit
    stored = store_parts(parts, tmp_path)
    with ThreadPoolExecutor(2) as executor:
        results = run_parts(executor, made, stored)
        (tmp_path / "part_000005.safetensors").unlink()
        with pytest.raises(DataError, match=r"part_000005\.safetensors"):
            list(results)
        with pytest.raises(NetlistError, match="at least 1 part must be in flight, not 0"):
            next(run_parts(executor, made, StoredParts(tmp_path), in_flight=0))
