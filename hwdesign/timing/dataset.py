"""Placed designs from their files, and their wires as labelled graphs.

A design is a folder with `netlist.v`, `placed.def`, `spef` and `constraints.sdc`; a data set is a folder of sets of
such folders beside `tech/`, the library and the cells' outlines. Every file may be gzip'd, `.gz` behind its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from hwdesign.errors import DataError, NetlistError
from hwdesign.files import read_input
from hwdesign.formats import read
from hwdesign.formats.def_file import read_def
from hwdesign.formats.lef import read_lef
from hwdesign.formats.liberty import read_liberty
from hwdesign.formats.sdc import read_sdc
from hwdesign.formats.spef import read_spef
from hwdesign.graphs import GraphSet, cached, content_key
from hwdesign.netlist.constraint_targets import bind
from hwdesign.netlist.constraints import Quantity
from hwdesign.netlist.layout import MacroLibrary, first_five
from hwdesign.netlist.module import Module
from hwdesign.netlist.parasitics import Parasitics
from hwdesign.netlist.timing_library import TimingLibrary
from hwdesign.timing.features import COLUMNS, edge_features
from hwdesign.timing.graph import build_graph
from hwdesign.timing.trees import NetTrees, placed_nets
from hwdesign.timing.wires import RcForest, reduce_wires

# Raise it whenever the same files would give other graphs than before.
DATA_VERSION = 1

F64 = NDArray[np.float64]


def no_parasitics() -> Parasitics:
    """Parasitics of no net, for a graph whose wires are yet to be predicted."""
    none = np.zeros(0, np.int32)
    start, empty = np.zeros(1, np.int64), np.zeros(0)
    return Parasitics((), start, (), np.zeros(0, np.int8), empty, start, none, none, empty, none, none, empty)


@dataclass(frozen=True, eq=False)
class Technology:
    """What all designs of a process share.

    Attributes:
        library: cells' timing.
        macros: cells' outlines and the routing layers.
        digest: of the files.
    """

    library: TimingLibrary
    macros: MacroLibrary
    digest: str

    @classmethod
    def read(cls, liberty: Path, lefs: Sequence[Path]) -> Technology:
        """Read a Liberty file and LEF files.

        Raises:
            As `read_liberty` and `read_lef`.
        """
        digest = content_key(*(hashlib.sha256(read_input(path)).hexdigest() for path in (liberty, *lefs)))
        return cls(read_liberty(liberty), read_lef(*lefs), digest)

    @classmethod
    def find(cls, folder: Path) -> Technology:
        """Read the one `.lib` and all `.tlef` and `.lef` files of a folder.

        Raises:
            DataError: none or several libraries, or no LEF file.
        """
        names = sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []

        def of(*suffixes: str) -> list[Path]:
            return [path for path in names if path.name.removesuffix(".gz").endswith(suffixes)]

        libraries, lefs = of(".lib"), of(".tlef") + of(".lef")
        if len(libraries) != 1 or not lefs:
            raise DataError(
                f"the folder holds {len(libraries)} Liberty files and {len(lefs)} LEF files",
                file=folder,
                mend="give it one .lib and the cells' .lef files",
            )
        return cls.read(libraries[0], lefs)


def design_file(folder: Path, name: str) -> Path | None:
    """A design's file of that name, plain or gzip'd; None where there is none."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _needed(folder: Path, name: str) -> Path:
    found = design_file(folder, name)
    if found is None:
        raise DataError(f"the design has no '{name}' and no '{name}.gz'", file=folder, mend="see the data set's layout")
    return found


@dataclass(frozen=True, eq=False)
class PlacedDesign:
    """A placed design.

    Attributes:
        name: of its folder or module.
        technology: its process.
        trees: its nets as trees over their placed pins.
        load: f64[Q], pF outside at each port bit, from the constraints.
    """

    name: str
    technology: Technology
    trees: NetTrees
    load: F64

    @classmethod
    def read(
        cls, netlist: Path, placement: Path, technology: Technology, *, constraints: Path | None = None, name: str = ""
    ) -> PlacedDesign:
        """Read a design's files.

        Args:
            netlist: structural Verilog or another format that `hwdesign.formats.read` takes.
            placement: DEF.
            technology: its process.
            constraints: SDC, for the loads at outputs; without it there are none.
            name: for tables; by default the module's.

        Raises:
            FileError, FormatError, NetlistError, LimitError: as the readers, `build_graph` and `placed_nets` do.
        """
        module = read(netlist).top_module
        graph = build_graph(module, technology.library, no_parasitics())
        placed = read_def(placement)
        try:
            nets = placed_nets(graph, placed, technology.macros)
        except NetlistError as error:
            raise NetlistError(error.what, file=error.file or placement, mend=error.mend) from error
        load = np.zeros(module.num_ports) if constraints is None else port_loads(constraints, module)
        return cls(name or module.name, technology, NetTrees.of(nets), load)

    @classmethod
    def open(cls, folder: Path, technology: Technology) -> PlacedDesign:
        """Read a design's folder; see `read`.

        Raises:
            DataError: the folder has no netlist or no placement.
        """
        return cls.read(
            _needed(folder, "netlist.v"), _needed(folder, "placed.def"), technology,
            constraints=design_file(folder, "constraints.sdc"), name=folder.name,
        )  # fmt: skip

    @cached_property
    def pin_cap(self) -> F64:
        """pF at each pin of the nets, f64[P, 2] (rise, fall): of the cell's pin, or the load outside a port."""
        nets = self.trees.nets
        pins = nets.graph.module.num_pins
        outside = np.zeros(len(nets.node))
        is_port = nets.node >= pins
        outside[is_port] = self.load[nets.node[is_port] - pins]
        cap: F64 = nets.cap + outside[:, None]
        # A driver's own capacitance is at the root and charges through no wire.
        cap[nets.pin_ptr[:-1]] = 0.0
        return cap


def port_loads(constraints: Path, module: Module) -> F64:
    """pF outside at each port bit, f64[Q], from `set_load` of an SDC file.

    Raises:
        FileError, FormatError, UnsupportedError: the file cannot be read.
        NetlistError: names in it that the module lacks.
    """
    bound = bind(read_sdc(constraints), module).require()
    load = np.zeros(module.num_ports)
    for entry in bound.constraints.port_values:
        if entry.quantity is Quantity.LOAD:
            load[bound[entry.objects].ports] = entry.value
    return load


@dataclass(frozen=True, eq=False)
class WireTruth:
    """Extracted wires of a design's nets.

    Attributes:
        elmore: f64[P, 2], ns from the driver to each pin for rising and falling edges; NaN where unknown, at drivers
            too.
        cap: f64[N], pF of wire of each net; NaN where unknown.
        missing: pins that the parasitics lack.
    """

    elmore: F64
    cap: F64
    missing: tuple[str, ...]


def wire_truth(design: PlacedDesign, parasitics: Parasitics) -> WireTruth:
    """Elmore delays over extracted trees, with the pins' capacitance added, and wire capacitance.

    Raises:
        NetlistError: the parasitics hold less than half of the pins.
    """
    nets = design.trees.nets
    names = nets.graph.node_names
    labels = [names[at] for at in nets.node.tolist()]
    at = np.array([parasitics.find_pin(name) for name in labels], np.int64).reshape(-1)
    missing = tuple(labels[row] for row in np.flatnonzero(at < 0).tolist())
    if 2 * len(missing) > len(at):
        raise NetlistError(
            f"the parasitics lack {first_five(missing, 'pin')}", mend="give the parasitics of the same netlist"
        )
    known = at >= 0
    caps = np.repeat(parasitics.node_cap[:, None], 2, axis=1)
    np.add.at(caps, at[known], design.pin_cap[known])
    drivers = at[nets.pin_ptr[:-1]]
    owner = parasitics.node_net
    forest = RcForest.of(parasitics, drivers[drivers >= 0])
    wires = reduce_wires(forest, torch.as_tensor(caps), torch.as_tensor(parasitics.resistor))
    elmore = np.full((len(at), 2), np.nan)
    position = np.where(known, forest.position[np.maximum(at, 0)], -1)
    reached = position >= 0
    elmore[reached] = wires.elmore.numpy()[position[reached]]
    elmore[nets.pin_ptr[:-1]] = np.nan
    cap = np.full(len(drivers), np.nan)
    cap[drivers >= 0] = parasitics.net_cap()[owner[drivers[drivers >= 0]]]
    return WireTruth(elmore, cap, missing)


def wire_graph(design: PlacedDesign, truth: WireTruth | None = None) -> Data:
    """The trees of a design for the network; in kΩ, fF and ps.

    Returns:
        for V tree nodes: x float32[V, len(COLUMNS)]; parent_index, root_index, end_index int64[V], the parent (a
        root's own), the root, and the node after the subtree; length float32[V] in µm; pin_cap float32[V], mean of
        rise and fall; and with `truth` y float32[V], Elmore delay, and net_cap float32[V], wire capacitance at
        roots, both NaN elsewhere.
    """
    trees, t = design.trees, design.trees.trees
    is_pin = t.point >= 0
    at = np.maximum(t.point, 0)

    def at_nodes(values: F64, otherwise: float) -> torch.Tensor:
        column = np.where(is_pin, values[at], otherwise) if len(values) else np.zeros(len(at))
        return torch.from_numpy(column.astype(np.float32))

    graph = Data(
        x=torch.from_numpy(edge_features(trees)),
        parent_index=torch.from_numpy(t.parent.astype(np.int64)),
        root_index=torch.from_numpy(trees.root),
        end_index=torch.from_numpy(t.end.astype(np.int64)),
        length=torch.from_numpy(trees.lengths().astype(np.float32)),
        pin_cap=at_nodes(1e3 * design.pin_cap.mean(1), 0.0),
    )
    if truth is not None:
        graph.y = at_nodes(1e3 * truth.elmore.mean(1), np.nan)
        cap = np.full(len(at), np.nan, np.float32)
        cap[t.node_ptr[:-1]] = 1e3 * truth.cap
        graph.net_cap = torch.from_numpy(cap)
    return graph


_FIELDS = frozenset("x parent_index root_index end_index length pin_cap y net_cap".split())


def load_wires(folder: Path, technology: Technology, cache: Path) -> GraphSet:
    """The labelled graph of a design's folder, or take it from the cache; `info` has its name and sizes.

    Raises:
        DataError: a file is missing.
        FileError, FormatError, NetlistError, LimitError: a file cannot be read, or does not fit the others.
    """
    files = [_needed(folder, name) for name in ("netlist.v", "placed.def", "spef")]
    constraints = design_file(folder, "constraints.sdc")
    digests = [hashlib.sha256(read_input(path)).hexdigest() for path in (*files, *filter(None, [constraints]))]
    key = content_key("wires", DATA_VERSION, list(COLUMNS), technology.digest, digests)

    def make() -> GraphSet:
        design = PlacedDesign.open(folder, technology)
        truth = wire_truth(design, read_spef(files[2]))
        module = design.trees.nets.graph.module
        info: dict[str, Any] = {
            "name": folder.name,
            "cells": module.num_cells,
            "nets": len(design.trees.nets.net_names),
            "pins": len(design.trees.nets.node),
            "missing": list(truth.missing[:5]),
            "digest": digests[0],
        }
        return GraphSet([wire_graph(design, truth)], info)

    return cached(cache, key, make, _usable)


def _usable(found: GraphSet) -> bool:
    """Whether graphs from a cache are what `load_wires` stored, as far as training could stumble over them."""
    return (
        len(found.graphs) == 1
        and isinstance(found.info.get("digest"), str)
        and all(isinstance(found.info.get(key), int) for key in ("cells", "nets", "pins"))
        and set(found.graphs[0].keys()) >= _FIELDS
        and found.graphs[0].x.shape == (found.graphs[0].num_nodes, len(COLUMNS))
        and bool(torch.isfinite(found.graphs[0].x).all())
    )
