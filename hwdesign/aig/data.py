"""Circuits to labelled graphs: read, map to an AIG, slice, simulate, store."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from hwdesign import __version__
from hwdesign.aig.cuts import MAX_LEAVES, reconvergent_cuts
from hwdesign.aig.labels import FloatArray, cop, simulated, uniform_inputs
from hwdesign.circuits import generate
from hwdesign.errors import DataError, FileError, HwdesignError
from hwdesign.files import os_reason, read_input
from hwdesign.formats import read
from hwdesign.graphs import (
    AIG_COLUMNS,
    AigArrays,
    GraphSet,
    Member,
    aig_data,
    cached,
    content_key,
    find_leak,
    slice_aig,
)
from hwdesign.learn import CircuitSource, DataConfig, TrainConfig
from hwdesign.netlist import Netlist
from hwdesign.netlist.aig import AigView, aig_view
from hwdesign.passes import flatten, partition, to_aig

# Raise it whenever the same circuit would give other graphs than before.
DATA_VERSION = 3

COLUMNS = (*AIG_COLUMNS, "cut_leaves", "window_nodes", "cop_logit")
"""Node columns of `make_graph`: `hwdesign.graphs.AIG_COLUMNS`, then leaves of the cut / 6, nodes in its window / 12,
and the logit of COP's estimate / 8."""

WINDOW_NODES = 12


def read_aig(netlist: Netlist) -> AigView:
    """View of a netlist's top module as an AIG, flattened and mapped where it is not one yet.

    Raises:
        NetlistError, UnsupportedError: the netlist cannot be mapped.
        DataError: no AND node is left.
    """
    view = aig_view(to_aig(flatten(netlist)).top_module)
    if view.num_ands == 0:
        raise DataError("the circuit has no AND node to predict", file=netlist.file or None)
    return view


def make_graph(aig: AigArrays, input_probability: FloatArray, true: FloatArray | None = None) -> Data:
    """Graph for the encoder.

    Args:
        aig: structure.
        input_probability: float64[I].
        true: float64[variables], labels.

    Returns:
        `hwdesign.graphs.aig_data` with `COLUMNS`, and for V variables and A AND nodes
            input_probability: float32[V], 0 beside inputs; cop: float32[V]; y: float32[V] where `true` is given;
            input_rank: int64[V], place among the inputs or -1; input_count: int64[V], I everywhere;
            cut_index: int64[6, A], leaves; cut_table: int64[A], truth tables.
    """
    data = aig_data(aig)
    cuts = reconvergent_cuts(aig.fanin0, aig.fanin1, aig.num_inputs, steps=WINDOW_NODES)
    estimate = cop(aig, input_probability)
    more = np.zeros((aig.num_variables, 3), np.float32)
    more[aig.first_and :, 0] = cuts.size / MAX_LEAVES
    more[aig.first_and :, 1] = cuts.steps / WINDOW_NODES
    clipped = np.clip(estimate, 1e-6, 1 - 1e-6)
    more[:, 2] = np.log(clipped / (1 - clipped)) / 8.0
    given = np.zeros(aig.num_variables, np.float32)
    given[1 : aig.first_and] = input_probability
    data.x = torch.cat([data.x, torch.from_numpy(more)], 1)
    data.input_probability = torch.from_numpy(given)
    data.cop = torch.from_numpy(estimate.astype(np.float32))
    rank = np.full(aig.num_variables, -1, np.int64)
    rank[1 : aig.first_and] = np.arange(aig.num_inputs)
    data.input_rank = torch.from_numpy(rank)
    data.input_count = torch.full((aig.num_variables,), aig.num_inputs)
    data.cut_index = torch.from_numpy(np.ascontiguousarray(cuts.leaves.T, np.int64))
    data.cut_table = torch.from_numpy(cuts.table.view(np.int64))
    if true is not None:
        data.y = torch.from_numpy(true.astype(np.float32))
    return data


def _slices(view: AigView, whole: AigArrays, most: int) -> list[tuple[AigArrays, NDArray[np.int32]]]:
    """Order-preserving parts of at most about `most` AND nodes, each with its variables' numbers in the whole."""
    parts = math.ceil(whole.num_ands / most)
    if parts <= 1:
        return [(whole, np.arange(whole.num_variables, dtype=np.int32))]
    part = partition(view.module, parts=parts, order="dfs").part[view.and_cell]
    return [(piece.aig, piece.variable) for piece in slice_aig(whole, part)]


def training_graphs(view: AigView, config: DataConfig) -> list[Data]:
    """Slices of a circuit with labels.

    A slice is an AIG of its own: what it reads from earlier slices becomes an independent input whose probability is
    the simulated one, and its labels come from simulating the slice with these inputs.
    """
    whole = AigArrays.of(view)
    true = simulated(whole, patterns=config.patterns, seed=config.label_seed)
    true[1 : whole.first_and] = 0.5
    rng = np.random.default_rng([config.label_seed, whole.num_ands])
    graphs = []
    for aig, variable in _slices(view, whole, config.slice_nodes):
        given = true[variable[1 : aig.first_and]]
        for copy in range(1 + config.biased_copies):
            probability = given if copy == 0 else rng.uniform(0.1, 0.9, aig.num_inputs)
            seed = config.label_seed + copy
            labels = simulated(aig, patterns=config.patterns, seed=seed, input_probability=probability)
            graphs.append(make_graph(aig, probability, labels))
    return graphs


def whole_graph(view: AigView, *, patterns: int, seed: int) -> Data:
    """A whole circuit with labels under uniform random inputs."""
    aig = AigArrays.of(view)
    return make_graph(aig, uniform_inputs(aig), simulated(aig, patterns=patterns, seed=seed))


@dataclass(frozen=True, eq=False, slots=True)
class Circuit:
    """A circuit of a split.

    Attributes:
        member: name, parent, digest.
        graphs: training slices, or the whole circuit alone.
        ands, latches, depth: of the whole circuit.
    """

    member: Member
    graphs: Sequence[Data]
    ands: int
    latches: int
    depth: int


def structure_digest(view: AigView) -> str:
    """Digest of an AIG's structure, names aside."""
    hasher = hashlib.sha256(f"{view.num_inputs},{view.num_latches}".encode())
    for column in (view.fanin0, view.fanin1, view.outputs, view.latch_next):
        hasher.update(np.ascontiguousarray(column).tobytes() + b"|")
    return hasher.hexdigest()


def load_circuit(source: CircuitSource, folder: Path, config: DataConfig, cache: Path, *, training: bool) -> Circuit:
    """Prepare one circuit, or take it from the cache.

    Args:
        source: where it comes from.
        folder: against which a relative path is read.
        config: patterns, slice size, seeds.
        cache: folder of prepared circuits.
        training: cut it into slices; otherwise keep it whole.

    Raises:
        FileError, FormatError, NetlistError, UnsupportedError, LimitError: the circuit cannot be read or mapped.
        DataError: it has no AND node.
    """
    path = None if source.file is None else folder / source.file
    origin: list[object] = [source.generate, dict(source.params), __version__]
    if path is not None:
        origin = [hashlib.sha256(read_input(path)).hexdigest(), "".join(path.suffixes[-2:]), source.top]
    settings = [config.patterns, config.label_seed, config.slice_nodes, config.biased_copies]
    key = content_key(DATA_VERSION, origin, settings if training else settings[:2], training)

    def make() -> GraphSet:
        made = read(path, top=source.top, synchronous=True) if path else generate(str(source.generate), **source.params)
        view = read_aig(made)
        if training:
            graphs = training_graphs(view, config)
        else:
            graphs = [whole_graph(view, patterns=config.patterns, seed=config.label_seed)]
        info = {
            "ands": view.num_ands,
            "latches": view.num_latches,
            "depth": int(view.levels().max(initial=0)),
            "digest": structure_digest(view),
        }
        return GraphSet(graphs, info)

    found = cached(cache, key, make, _usable)
    member = Member(source.name, source.family, str(found.info["digest"]))
    ands, latches, depth = (int(found.info[name]) for name in ("ands", "latches", "depth"))
    return Circuit(member, found.graphs, ands, latches, depth)


_FIELDS = frozenset(
    "x y cop edge_index edge_attr and_index input_probability input_rank input_count cut_index cut_table".split()
)


def _usable(found: GraphSet) -> bool:
    """Whether graphs from a cache are what `load_circuit` stored, as far as training could stumble over them."""
    numbers = [found.info.get(key) for key in ("ands", "latches", "depth")]
    return (
        all(isinstance(number, int) for number in numbers)
        and isinstance(found.info.get("digest"), str)
        and len(found.graphs) > 0
        and all(
            set(graph.keys()) >= _FIELDS
            and graph.x.shape == (graph.num_nodes, len(COLUMNS))
            and graph.y.shape == (graph.num_nodes,)
            and bool(torch.isfinite(graph.y).all())
            for graph in found.graphs
        )
    )


def cache_folder(config: TrainConfig, run_dir: Path) -> Path:
    """Folder of the prepared circuits, made if missing.

    Raises:
        ConfigError: the folder that the configuration names cannot be made.
        FileError: the one in the run's folder cannot.
    """
    named = config.data.cache
    cache = run_dir / "cache" if named is None else config.folder / named
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"cannot make the folder: {os_reason(error)}"
        if named is None:
            raise FileError(what, file=cache) from error
        raise config.origin.fault(f"{named}: {what}", ("data", "cache"), "name another folder") from error
    return cache


def load_splits(
    config: TrainConfig, cache: Path, report: Callable[[str, int, int], None] | None = None
) -> dict[str, list[Circuit]]:
    """Prepare all circuits of a configuration; `report(name, done, total)` is called before each.

    Raises:
        ConfigError: a circuit that the configuration names is not there, cannot be made or has no AND node, or one
            structure is in two splits; names the configuration's file and line.
        As `load_circuit`: a fault that has a line in a circuit's own file.
    """
    total = sum(len(sources) for sources in config.data.splits.values())
    done = 0
    splits: dict[str, list[Circuit]] = {}
    for split, sources in config.data.splits.items():
        splits[split] = []
        for place, source in enumerate(sources):
            if report is not None:
                report(source.name, done, total)
            try:
                circuit = load_circuit(source, config.folder, config.data, cache, training=split == "train")
            except HwdesignError as error:
                path = "" if source.file is None else str(config.folder / source.file)
                if error.line or (error.file or "") != path:  # not the circuit as a whole
                    raise
                what = f"{source.file}: {error.what}" if path else error.what
                raise config.origin.fault(what, ("data", "splits", split, place), error.mend) from error
            splits[split].append(circuit)
            done += 1
    leak = find_leak({split: [circuit.member for circuit in circuits] for split, circuits in splits.items()})
    if leak is not None:
        raise config.origin.fault(leak.what, ("data", "splits", leak.split, leak.place), leak.mend)
    return splits
