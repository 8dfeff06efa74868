"""Speed and memory of the ground floor, each beside a peer that does the same job in the same call.

    python benchmarks/ground_floor.py                 # all rows, about 4 minutes with peers
    python benchmarks/ground_floor.py --no-peers
    python benchmarks/ground_floor.py --json

Every row runs in a process of its own, `--runs` times; the median is printed with the smallest and the largest. CPU is
user + system time of that process, from its start where the row says "whole process". Inputs are made by
`benchmarks/gen_verilog.py` with a fixed seed.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak_mb() -> float:
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def _read(path: str) -> object:
    from hwdesign.formats import read

    return read(path)


def job_read(path: str) -> dict[str, float]:
    """Our reader: text to IR, the process's whole CPU time and memory."""
    start = time.perf_counter()
    netlist = _read(path)
    return {"wall_s": time.perf_counter() - start, "cells": netlist.top_module.num_cells}


def job_pyslang(path: str) -> dict[str, float]:
    """Peer: pyslang parses and elaborates the same file."""
    import pyslang

    start = time.perf_counter()
    tree_of = getattr(pyslang, "syntax", pyslang).SyntaxTree
    compilation_of = getattr(pyslang, "ast", pyslang).Compilation
    compilation = compilation_of()
    compilation.addSyntaxTree(tree_of.fromFile(path))
    count = 0

    def visit(symbol: object) -> None:
        nonlocal count
        count += 1

    compilation.getRoot().visit(visit)
    return {"wall_s": time.perf_counter() - start, "cells": count}


def job_pyosys(path: str) -> dict[str, float]:
    """Peer: Yosys reads the same file into its RTLIL and resolves the hierarchy."""
    from pyosys import libyosys

    start = time.perf_counter()
    design = libyosys.Design()
    libyosys.run_pass(f"read_verilog {path}", design)
    libyosys.run_pass("hierarchy -auto-top", design)
    return {"wall_s": time.perf_counter() - start, "cells": 0}


def job_edges(path: str) -> dict[str, float]:
    """Netlist (already in memory) to `edge_index`, the columns cold."""
    import numpy as np

    from hwdesign.netlist.views import cell_graph

    netlist = _read(path)
    start, cpu = time.perf_counter(), _cpu()
    edges = cell_graph(netlist.top_module).edge_index
    assert edges.dtype == np.int32
    return {"wall_s": time.perf_counter() - start, "step_cpu_s": _cpu() - cpu, "edges": edges.shape[1]}


def job_networkx(path: str) -> dict[str, float]:
    """Peer: the same edges through a networkx graph of dictionaries."""
    import networkx as nx
    import numpy as np

    from hwdesign.netlist.views import cell_graph

    graph = cell_graph(_read(path).top_module)
    pairs = list(zip(graph.src.tolist(), graph.dst.tolist(), strict=True))
    start = time.perf_counter()
    view = nx.MultiDiGraph(pairs)
    edges = np.array(list(view.edges()), np.int32).T
    return {"wall_s": time.perf_counter() - start, "edges": edges.shape[1]}


def job_store(path: str) -> dict[str, float]:
    """`.hwn`: store and load again, the file in the page cache."""
    from hwdesign.netlist.store import load, store

    netlist = _read(path)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "x.hwn"
        start = time.perf_counter()
        store(netlist, target)
        middle = time.perf_counter()
        load(target)
        end = time.perf_counter()
        size = target.stat().st_size / 2**20
    return {"wall_s": end - start, "store_s": middle - start, "load_s": end - middle, "file_mb": size}


def job_pickle(path: str) -> dict[str, float]:
    """Peer: the same columns through NumPy's `savez` (uncompressed) and back."""
    import numpy as np

    module = _read(path).top_module
    columns = {k: v for k, v in vars(module).items() if isinstance(v, np.ndarray)}
    columns |= {"names": module.names.data, "offsets": module.names.offsets}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "x.npz"
        start = time.perf_counter()
        np.savez(target, **columns)
        with np.load(target) as loaded:
            for key in loaded:
                loaded[key]
        return {"wall_s": time.perf_counter() - start}


JOBS: dict[str, Callable[[str], dict[str, float]]] = {
    name.removeprefix("job_"): job for name, job in list(globals().items()) if name.startswith("job_")
}


def run_job(name: str, path: str) -> dict[str, float]:
    """One job in a fresh process; its CPU time and peak memory are the whole process's."""
    command = [sys.executable, __file__, "--job", name, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def run_command(argv: list[str]) -> dict[str, float]:
    """A whole command: wall and CPU seconds from outside."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return {"wall_s": wall, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def _row(what: str, bar: str, runs: list[dict[str, float]], key: str) -> dict[str, object]:
    values = [run[key] for run in runs]
    row: dict[str, object] = {"what": what, "bar": bar, "key": key, "median": statistics.median(values)}
    row |= {"min": min(values), "max": max(values), "runs": len(values)}
    peaks = [run["peak_mb"] for run in runs if "peak_mb" in run]
    if peaks:
        row["peak_mb"] = max(peaks)
    return row


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--job", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        result = JOBS[args.job[0]](args.job[1])
        print(json.dumps({**result, "cpu_s": _cpu(), "peak_mb": _peak_mb()}))
        return

    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for gates in (1_000, 100_000, 1_000_000):
            files[gates] = str(Path(folder) / f"g{gates}.v")
            maker = [sys.executable, str(ROOT / "benchmarks" / "gen_verilog.py"), str(gates), files[gates]]
            subprocess.run([*maker, "--style", "cells"], check=True, capture_output=True)

        def add(what: str, bar: str, job: str, gates: int, key: str, runs: int = args.runs) -> None:
            rows.append(_row(what, bar, [run_job(job, files[gates]) for _ in range(runs)], key))
            if not args.json:
                _print(rows[-1])

        add("1M gates: Verilog → IR, whole process", "≤ 5 s CPU, ≤ 700 MB", "read", 1_000_000, "cpu_s")
        if not args.no_peers:
            add("  pyslang, parse and elaborate", "", "pyslang", 1_000_000, "cpu_s", 1)
        add("100k gates: Verilog → IR, whole process", "≤ 0.4 s CPU", "read", 100_000, "cpu_s")
        if not args.no_peers:
            add("  pyosys, read_verilog and hierarchy", "", "pyosys", 100_000, "cpu_s", 1)
        add("1M cells / 3M pins → edge_index", "≤ 0.15 s", "edges", 1_000_000, "wall_s")
        if not args.no_peers:
            add("  networkx MultiDiGraph of the same edges", "", "networkx", 1_000_000, "wall_s", 1)
        add("1M cells: .hwn store + load", "≤ 0.3 s", "store", 1_000_000, "wall_s")
        if not args.no_peers:
            add("  numpy savez + load of the same columns", "", "pickle", 1_000_000, "wall_s")
        tool = [sys.executable, "-m", "hwdesign"]
        for what, bar, argv in (
            ("hwdesign --help", "≤ 0.3 s", [*tool, "--help"]),
            ("hwdesign info, 1k gates", "≤ 0.5 s", [*tool, "info", files[1_000]]),
        ):
            rows.append(_row(what, bar, [run_command(argv) for _ in range(max(args.runs, 5))], "wall_s"))
            if not args.json:
                _print(rows[-1])
    if args.json:
        print(json.dumps(rows, indent=1))


def _print(row: dict[str, object]) -> None:
    peak = f"  peak {row['peak_mb']:6.0f} MB" if "peak_mb" in row else ""
    span = f"({row['min']:.3f} to {row['max']:.3f}, {row['runs']} runs)"
    print(f"{row['what']:<44} {row['median']:8.3f} {row['key']:<7} {span:<30}{peak}  {row['bar']}", flush=True)


if __name__ == "__main__":
    main()
