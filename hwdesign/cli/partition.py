"""`hwdesign partition`: a netlist or an edge list in ordered parts."""

from __future__ import annotations

import re
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli._command import UsageError
from hwdesign.cli._options import FromOption, TopOption
from hwdesign.cli._output import Result, count
from hwdesign.errors import HwdesignError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hwdesign.netlist import Module, Netlist
    from hwdesign.passes import Partition

_MAX_IMBALANCE = 1_000_000


class EffortName(StrEnum):
    """How much time a partition may take."""

    FAST = "fast"
    DEFAULT = "default"
    HIGH = "high"


class ObjectiveName(StrEnum):
    """What a partition should have little of."""

    EDGE = "edge"
    NET = "net"
    VOLUME = "volume"


def partition(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Netlist, or edges as .npy of shape (E, 2).")],
    parts: Annotated[int, typer.Option("--parts", min=1, help="Number of parts.")],
    imbalance: Annotated[
        float, typer.Option("--imbalance", help="Excess of the largest part over the mean, 0 to 1000000.")
    ] = 0.03,
    halo: Annotated[
        int, typer.Option("--halo", min=0, max=1_000_000_000, help="Levels around each part to store with it.")
    ] = 0,
    objective: Annotated[
        ObjectiveName,
        typer.Option("--objective", help="Few edges or nets between parts, or few parts that nets reach."),
    ] = ObjectiveName.EDGE,
    effort: Annotated[EffortName, typer.Option("--effort", help="Less cut for more time.")] = EffortName.DEFAULT,
    cut_registers: Annotated[
        bool, typer.Option("--cut-registers/--bind-registers", help="Registers open a netlist's loops.")
    ] = True,
    condense: Annotated[bool, typer.Option("--condense", help="Keep cycles whole instead of refusing them.")] = False,
    keep_hierarchy: Annotated[
        bool, typer.Option("--keep-hierarchy", help="Part the top's cells, instances whole, and flatten nothing.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, max=(1 << 63) - 1, help="Seed of the search.")] = 0,
    threads: Annotated[
        int, typer.Option("--threads", min=1, max=1024, help="Threads; they do not change the result.")
    ] = 1,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.npz", help="Where each node's part is written.")
    ] = None,
    top: TopOption = None,
    from_: FromOption = None,
) -> Result:
    """Cut a netlist or a graph into ordered parts.

    An edge never runs to an earlier part, so that the parts can be worked through in order: a cell's part is never
    before its drivers'. Few edges run between parts. A netlist with instances is flattened first.
    """
    from hwdesign.passes import partition as cut

    if output is not None and output.suffix != ".npz":
        raise UsageError(
            f"-o takes a name that ends in .npz, not '{output}'", mend=f"write {output.with_suffix('.npz')}"
        )
    if halo and output is None:
        raise UsageError("--halo stores the parts' surroundings", mend="say where with -o OUT.npz")
    if not 0 <= imbalance <= _MAX_IMBALANCE:
        raise UsageError(
            f"invalid value for '--imbalance': {imbalance:g} is not from 0 to {_MAX_IMBALANCE}",
            mend="give a fraction of the mean, such as 0.03",
        )
    module: Module | None = None
    flattened = False
    if file.suffix == ".npy" and from_ is None:
        if top is not None or keep_hierarchy:
            raise UsageError("edges have no modules", mend="leave out --top and --keep-hierarchy")
        graph: Netlist | NDArray[np.int32]
        graph, nodes = _read_edges(file)
    else:
        graph, flattened = _read_netlist(file, from_, top, keep_hierarchy)
        module, nodes = graph.top_module, graph.top_module.num_cells
    name, what = ("", "node") if module is None else (f"'{module.name}'{' flattened' * flattened}, ", "cell")
    if parts > max(nodes, 1):
        raise UsageError(
            f"--parts is {parts}, but {file} has {count(nodes, what)}",
            mend=f"give {nodes} at most" if nodes > 1 else "give 1",
        )
    begin = time.perf_counter()
    try:
        found = cut(
            graph,
            parts=parts,
            imbalance=imbalance,
            objective=objective.value,
            effort=effort.value,
            cut_registers=cut_registers,
            condense=condense,
            num_nodes=nodes if module is None else None,
            seed=seed,
            threads=threads,
        )
    except HwdesignError as error:
        raise type(error)(error.what, file=error.file or file, line=error.line, mend=error.mend) from None
    seconds = time.perf_counter() - begin
    sizes = [*(int(weight) for weight in found.weights), *(0 for _ in range(parts - found.parts))]
    data: dict[str, Any] = {
        "file": str(file),
        **({} if module is None else {"top": module.name, "flattened": flattened}),
        "parts": parts,
        "nodes": len(found.part),
        "cells": sizes,
        "edges": found.edges,
        "cut_edges": found.cut_edges,
        "cut_fraction": found.cut_fraction,
        "cut_nets": found.cut_nets,
        "volume": found.volume,
        "imbalance": found.imbalance,
        "order_violations": found.order_violations,
        "seconds": seconds,
        "peak_rss_mb": _peak_rss_mb(),
    }
    lines = [
        f"{file}: {name}{count(len(found.part), what)} in {count(parts, 'part')} of {min(sizes)} to {max(sizes)}, "
        f"{found.cut_edges} of {count(found.edges, 'edge')} cut ({100 * found.cut_fraction:.2f} %) in {seconds:.2f} s"
    ]
    if objective is not ObjectiveName.EDGE:
        lines.append(f"{found.cut_nets} nets cut, communication volume {found.volume}")
    if output is not None:
        lines.append(f"{output}: {_store(output, found, module, halo)}")
        data["output"] = str(output)
    return Result(data, lines)


def _read_netlist(file: Path, from_: str | None, top: str | None, keep_hierarchy: bool) -> tuple[Netlist, bool]:
    """A netlist, and whether instances were dissolved in it."""
    from hwdesign.formats import read
    from hwdesign.netlist import Kind
    from hwdesign.passes import flatten

    netlist = read(file, format=from_, top=top)
    module = netlist.top_module
    if keep_hierarchy or not module.library.of_kind(Kind.MODULE)[module.cell_type].any():
        return netlist, False
    return flatten(netlist), True


def _read_edges(file: Path) -> tuple[NDArray[np.int32], int]:
    """Edges of shape (2, E) from a file of shape (E, 2), and the number of nodes."""
    import numpy as np

    from hwdesign.errors import FileError, FormatError
    from hwdesign.files import os_reason
    from hwdesign.passes import edge_list

    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise FileError(f"cannot read the edges: {os_reason(error)}", file=file, mend="check the path") from None
    except (ValueError, EOFError, SyntaxError):
        array = None
    if not isinstance(array, np.ndarray):  # an archive of arrays is something else again
        raise FormatError(
            "this is no whole NumPy array file of numbers", file=file, mend="write integers with numpy.save"
        )
    if array.ndim != 2 or array.shape[1] != 2 or (array.size and array.dtype.kind not in "iu"):
        raise FormatError(
            f"the edges must be integers of shape (E, 2), not {array.dtype} of shape {array.shape}",
            file=file,
            mend="give each edge a row, its source and its target",
        )
    try:
        return edge_list(array.T)
    except HwdesignError as error:
        raise type(error)(error.what, file=file, mend="number the nodes from 0 without gaps") from None


def _store(output: Path, found: Partition, module: Module | None, halo: int) -> str:
    """Write the arrays; returns what they are."""
    import numpy as np

    from hwdesign.files import open_atomic
    from hwdesign.passes import frontiers, halos

    front = frontiers(found)
    arrays = {
        "part": found.part,
        "order": found.order,
        "frontier_ptr": np.cumsum([0, *(len(nodes) for nodes in front)]),
        "frontier": np.concatenate([np.zeros(0, np.int32), *front]),
    }
    said = "int32 'part' of every node, their 'order', and the 'frontier' of every part"
    if module is not None:
        arrays["cell"] = np.array(module.cell_labels(), np.str_)
        said = "int32 'part' and name 'cell' of every cell, their 'order', and the 'frontier' of every part"
    if halo:
        views = list(halos(found, halo))
        arrays["halo_ptr"] = np.cumsum([0, *(len(view.nodes) for view in views)])
        arrays["halo_nodes"] = np.concatenate([np.zeros(0, np.int32), *(view.nodes for view in views)])
        arrays["halo_owned"] = np.concatenate([np.zeros(0, bool), *(view.owned for view in views)])
        said += f", with {count(halo, 'level')} of halo"
    with open_atomic(output) as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    return said


def _peak_rss_mb() -> float:
    """Greatest resident memory of this process so far, in MB of 10^6 bytes."""
    import resource
    import sys

    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    if found:  # getrusage would count what the process was forked from
        return int(found[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6
