"""Compare our order-preserving partition with METIS (pymetis) and Mt-KaHyPar, which know no order.

Graphs: `g2` (made by bench/layered_dag.py beside the shared data: one million nodes), and the DAGs of the EPFL AIGs
above 5,000 nodes (a node an input or AND, an edge a distinct fan-in pair). K = 32 for g2, 16 for EPFL, imbalance 3 %.

Each row is a process of its own: seconds of wall and CPU time are those of the partitioner's call alone (ours
includes the check for cycles; the peers get an undirected graph made outside their time), the peak is the whole
process's resident memory, which for every row includes Python, NumPy and the edges. `backwards` counts the edges that
run to an earlier part under the best topological order of the quotient, or of its strongly connected components
where it has none; `cycle` is the number of parts on cycles of the quotient. With --seeds N our rows show the means
over N seeds, and the least and largest cut; the peers run once. `nets %` (nodes with a reader in another part, over all
nodes) and `volume` (parts that read a node, its own aside, summed) are what --objective net and volume optimise.

With --threads 1,2 the table compares our own runs on so many threads instead: the least wall and CPU time of three runs
each, and whether all of them found the same parts.

Run: python benchmarks/partition.py [--graphs g2,hyp] [--threads N[,M]] [--levels 100] [--seeds N] [--objective net]
    [--json] [--high]
Peers that are not installed (the extra [dev]) are left out, and the output says so.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdesign import kernels
from hwdesign.kernels.readers import parse_aiger

Edges = NDArray[np.int32]
IMBALANCE = 0.03
REPEATS = 3  # of each run in the table of threads
PEERS = {"METIS": "pymetis", "Mt-KaHyPar": "mtkahypar"}


def data_folder() -> Path:
    """The shared data, whether or not it is there."""
    return Path(os.environ.get("HWDESIGN_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def epfl(path: Path) -> Edges:
    """Distinct fan-in pairs of an AIG, constants dropped, nodes numbered from 0: int32[E, 2]."""
    raw = parse_aiger(path.read_bytes())
    inputs = len(raw.inputs) + len(raw.latch_literals)
    gate = np.arange(len(raw.and_rhs0)) + 1 + inputs
    pairs = np.stack([np.concatenate([raw.and_rhs0, raw.and_rhs1]) >> 1, np.concatenate([gate, gate])], axis=1)
    return (np.unique(pairs[pairs[:, 0] > 0], axis=0) - 1).astype(np.int32)


def ours(edges: Edges, nodes: int, options: argparse.Namespace) -> tuple[NDArray[np.int32], float, float]:
    """Part of each node, wall and CPU seconds."""
    from hwdesign.passes import partition

    wall, cpu = time.perf_counter(), time.process_time()
    found = partition(
        edges.T,
        parts=options.parts,
        imbalance=IMBALANCE,
        num_nodes=nodes,
        objective=options.objective,
        effort=options.worker,
        seed=options.seed,
        threads=int(options.threads),
    )
    return found.part, time.perf_counter() - wall, time.process_time() - cpu


def metis(edges: Edges, nodes: int, parts: int) -> tuple[NDArray[np.int32], float, float]:
    """The same by METIS's k-way method, whose bound of 3 % is the default."""
    import pymetis

    both = kernels.build_csr(
        np.concatenate([edges[:, 0], edges[:, 1]]), np.concatenate([edges[:, 1], edges[:, 0]]), nodes
    )
    adjacency = pymetis.CSRAdjacency(both.ptr.astype(np.int32), both.col)
    wall, cpu = time.perf_counter(), time.process_time()
    _, part = pymetis.part_graph(parts, adjacency=adjacency, recursive=False)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    return np.array(part, np.int32), *seconds


def mtkahypar(edges: Edges, nodes: int, parts: int, threads: int) -> tuple[NDArray[np.int32], float, float]:
    """The same by Mt-KaHyPar's default preset."""
    import mtkahypar as library

    tool = library.initialize(threads)
    library.set_seed(1)
    context = tool.context_from_preset(library.PresetType.DEFAULT)
    context.set_partitioning_parameters(parts, IMBALANCE, library.Objective.CUT)
    context.logging = False
    graph = tool.create_graph(context, nodes, len(edges), [tuple(pair) for pair in edges.tolist()])
    wall, cpu = time.perf_counter(), time.process_time()
    found = graph.partition(context)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    return np.array([found.block_id(node) for node in range(nodes)], np.int32), *seconds


def backwards(part: NDArray[np.int32], edges: Edges, parts: int) -> tuple[int, int]:
    """Edges that run back under a topological order of the quotient's components, and parts on a cycle."""
    left, right = part[edges[:, 0]], part[edges[:, 1]]
    component = kernels.strongly_connected(left, right, parts)
    size = np.bincount(component, minlength=parts)
    order = np.lexsort((np.arange(parts), component))
    rank = np.empty(parts, np.int64)
    rank[order] = np.arange(parts)
    return int((rank[left] > rank[right]).sum()), int(size[size > 1].sum())


def peak_rss_mb() -> float:
    """Peak resident memory of this process alone, in MB (getrusage would count what it was forked from); Linux only."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def work(options: argparse.Namespace) -> dict[str, Any]:
    """One row, in this process."""
    edges: Edges = np.load(options.graph)
    nodes = int(edges.max()) + 1
    if options.worker == "METIS":
        part, wall, cpu = metis(edges, nodes, options.parts)
    elif options.worker == "Mt-KaHyPar":
        part, wall, cpu = mtkahypar(edges, nodes, options.parts, int(options.threads))
    else:
        part, wall, cpu = ours(edges, nodes, options)
    crossing = part[edges[:, 0]] != part[edges[:, 1]]
    cut = int(crossing.sum())
    read = edges[crossing, 0].astype(np.int64)
    back, cyclic = backwards(part, edges, options.parts)
    return {
        "cut_fraction": cut / len(edges),
        "cut_edges": cut,
        "cut_nets": len(np.unique(read)),
        "net_fraction": len(np.unique(read)) / nodes,
        "volume": len(np.unique(read * options.parts + part[edges[crossing, 1]])),
        "imbalance": float(np.bincount(part, minlength=options.parts).max() * options.parts / nodes),
        "backward_edges": back,
        "cyclic_parts": cyclic,
        "wall_s": wall,
        "cpu_s": cpu,
        "peak_rss_mb": peak_rss_mb(),
        "digest": zlib.crc32(part),
    }


def graphs(options: argparse.Namespace, folder: Path) -> dict[str, tuple[Path, int]]:
    """File and number of parts of each graph asked for and found."""
    data, found = data_folder(), {}
    wanted = set(options.graphs.split(",")) if options.graphs else None
    generator = data.parent / "bench" / "layered_dag.py"
    if generator.is_file() and (wanted is None or "g2" in wanted):
        made = folder / "g2.npy"
        subprocess.run([sys.executable, generator, made, "--levels", str(options.levels)], check=True)
        np.save(made, np.load(made).astype(np.int32))
        found["g2"] = (made, 32)
    for path in sorted((data / "aig" / "epfl").glob("*.aig")):
        if wanted is None or path.stem in wanted:
            edges = epfl(path)
            if wanted is not None or int(edges.max()) >= 5000:
                np.save(folder / f"{path.stem}.npy", edges)
                found[path.stem] = (folder / f"{path.stem}.npy", 16)
    return found


def main() -> int:
    """Print the table; exit 1 when one of our partitions breaks the order."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--graphs", default="", help="names, comma between them (default: all)")
    parser.add_argument("--threads", default="1", help="of each run; several, comma between them, are compared")
    parser.add_argument("--levels", type=int, default=100, help="of g2: 100 make a million nodes (default 100)")
    parser.add_argument("--seeds", type=int, default=1, help="of ours, over which rows are averaged (default 1)")
    parser.add_argument("--objective", choices=["edge", "net", "volume"], default="edge", help="of ours (default edge)")
    parser.add_argument("--high", action="store_true", help="run effort high as well")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--graph", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--parts", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(work(options)))
        return 0
    peers = [name for name, module in PEERS.items() if importlib.util.find_spec(module)]
    methods = ["fast", "default", *(["high"] if options.high else []), *peers]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        found = graphs(options, Path(folder))
        if not found:
            print("no graph found: set HWDESIGN_DATA to the shared data's folder")
            return 0
        if "," in options.threads:
            return compare_threads(options, found, [name for name in methods if name not in PEERS])
        for name, (path, parts) in found.items():
            for method in methods:
                row = {"graph": name, "parts": parts, "method": method, **measured(options, path, parts, method)}
                rows.append(row)
                if not options.json:
                    show(row, first=len(rows) == 1)
    ratio = metis_ratio(rows)
    if options.json:
        print(json.dumps({"threads": int(options.threads), "rows": rows, "metis_ratio": ratio}))
    else:
        for name in PEERS.keys() - set(peers):
            print(f"{name} is not installed: pip install {PEERS[name]}")
        if ratio is not None:
            print(f"geometric mean of our cut (default) over METIS's, EPFL circuits: {ratio:.2f}")
    return int(any(row["backward_edges"] for row in rows if row["method"] not in PEERS))


def measured(options: argparse.Namespace, path: Path, parts: int, method: str) -> dict[str, Any]:
    """Means over the seeds, each in a process of its own, the range of the cut, and the worst imbalance and peak."""
    runs = []
    for seed in range(1 if method in PEERS else options.seeds):
        runs.append(run_once(options, path, parts, method, seed, options.threads))
        del runs[-1]["digest"]
    row = {key: sum(run[key] for run in runs) / len(runs) for key in runs[0]}
    row |= {
        key: max(run[key] for run in runs) for key in ("imbalance", "backward_edges", "cyclic_parts", "peak_rss_mb")
    }
    cuts = [run["cut_fraction"] for run in runs]
    return row | {"seeds": len(runs), "least_cut_fraction": min(cuts), "largest_cut_fraction": max(cuts)}


def run_once(
    options: argparse.Namespace, path: Path, parts: int, method: str, seed: int, threads: str
) -> dict[str, Any]:
    """One run in a process of its own."""
    job = [sys.executable, __file__, "--worker", method, "--graph", path, "--parts", str(parts), "--seed", str(seed)]
    done = subprocess.run(
        [*job, "--threads", threads, "--objective", options.objective], capture_output=True, text=True, check=True
    )
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def compare_threads(options: argparse.Namespace, found: dict[str, tuple[Path, int]], methods: list[str]) -> int:
    """Print wall and CPU time by threads; 1 when the parts depend on them."""
    rows: list[dict[str, Any]] = []
    for name, (path, parts) in found.items():
        for method in methods:
            runs: dict[str, list[dict[str, Any]]] = {threads: [] for threads in options.threads.split(",")}
            for _ in range(REPEATS):  # the counts take turns, so that a busy spell of the machine hits all of them
                for threads, done in runs.items():
                    done.append(run_once(options, path, parts, method, 0, threads))
            digests = {run["digest"] for done in runs.values() for run in done}
            first = min(run["wall_s"] for run in next(iter(runs.values())))
            for threads, done in runs.items():
                row = {"graph": name, "parts": parts, "method": method, "threads": int(threads)}
                row |= {key: min(run[key] for run in done) for key in ("wall_s", "cpu_s", "peak_rss_mb")}
                rows.append(row | {"speed_up": first / row["wall_s"], "same_parts": len(digests) == 1})
                if not options.json:
                    show_threads(rows[-1], first=len(rows) == 1)
    if options.json:
        print(json.dumps({"rows": rows}))
    return int(not all(row["same_parts"] for row in rows))


def show_threads(row: dict[str, Any], first: bool) -> None:
    """One line of the table of threads, under its head."""
    if first:
        print(
            f"{'graph':<11}{'K':>3} {'method':<11}{'threads':>8}{'wall s':>8}{'CPU s':>8}{'MB':>7}{'speed-up':>10}",
            end="",
        )
        print("  same parts")
    print(
        f"{row['graph']:<11}{row['parts']:>3} {row['method']:<11}{row['threads']:>8}{row['wall_s']:>8.2f}"
        f"{row['cpu_s']:>8.2f}{row['peak_rss_mb']:>7.0f}{row['speed_up']:>10.2f}"
        f"  {'yes' if row['same_parts'] else 'NO'}",
        flush=True,
    )


def show(row: dict[str, Any], first: bool) -> None:
    """One line of the table, under its head."""
    if first:
        print(f"{'graph':<11}{'K':>3} {'method':<11}{'cut %':>7}{'min':>7}{'max':>7}{'nets %':>8}{'volume':>8}", end="")
        print(f"{'imb':>7}{'backwards':>11}{'cycle':>6}{'wall s':>8}{'CPU s':>8}{'MB':>7}")
    print(
        f"{row['graph']:<11}{row['parts']:>3} {row['method']:<11}{100 * row['cut_fraction']:>7.2f}"
        f"{100 * row['least_cut_fraction']:>7.2f}{100 * row['largest_cut_fraction']:>7.2f}"
        f"{100 * row['net_fraction']:>8.2f}{row['volume']:>8.0f}"
        f"{row['imbalance']:>7.3f}{row['backward_edges']:>11}{row['cyclic_parts']:>6}"
        f"{row['wall_s']:>8.2f}{row['cpu_s']:>8.2f}{row['peak_rss_mb']:>7.0f}",
        flush=True,
    )


def metis_ratio(rows: list[dict[str, Any]]) -> float | None:
    """Geometric mean of our default cut over METIS's on the EPFL circuits."""
    cut = {(row["graph"], row["method"]): row["cut_edges"] for row in rows if row["graph"] != "g2"}
    logs = [
        math.log(cut[graph, "default"] / cut[graph, "METIS"])
        for graph, method in cut
        if method == "METIS" and cut[graph, "METIS"] and cut[graph, "default"]
    ]
    return math.exp(sum(logs) / len(logs)) if logs else None


if __name__ == "__main__":
    raise SystemExit(main())
