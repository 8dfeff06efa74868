"""The timing engine against OpenSTA 2.0.17 on the shared taped-out designs: same netlist, parasitics and constraints.

Per set: the share of pin edges whose latest and earliest arrivals (of paths that either clock edge launched) lie within
1 ps or 0.1 % of OpenSTA's, whichever is larger, and the worst; the same for slews, required times, and set-up and hold
slacks; pins that only one of both gives an arrival; seconds of processor time a design: `read` (Verilog, SPEF, SDC),
`build` (the graph and the engine's plan) and `time` (delays, arrivals, required times), medians, and the sum for 1,000
cells. Labels come with the data (`labels_*.csv.gz`), so OpenSTA itself is not needed.

Run: python benchmarks/timing_engine.py [--sets tt04 tt05] [--every 1] [--data FOLDER] [--json]
Exit 1 where fewer than 99.9 % of the arrivals of all sets together lie within.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

SHARE = 0.999
QUANTITIES = ("arrival", "slew", "required", "setup slack", "hold slack")


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a gzip'd table."""
    with gzip.open(path, "rt") as text:
        return list(csv.DictReader(text))


def worst(values: np.ndarray, late: bool) -> np.ndarray:
    """Largest or smallest along the tags, NaN where there is none."""
    filled = np.where(np.isnan(values), -np.inf if late else np.inf, values)
    found = filled.max(-2) if late else filled.min(-2)
    return np.where(np.isinf(found), np.nan, found)


def compare(
    pairs: dict[str, list[tuple[float, float]]], only_one: dict[str, int], name: str, ours: float, text: str
) -> None:
    """Note one value of both."""
    if (text != "") != (not np.isnan(ours)):
        only_one[name] = only_one.get(name, 0) + 1
    elif text:
        pairs[name].append((ours, float(text)))


def design(folder: Path, library: Any) -> dict[str, Any]:
    """Times one design and compares it with its labels."""
    import torch

    from hwdesign.formats import read
    from hwdesign.formats.sdc import read_sdc
    from hwdesign.formats.spef import read_spef
    from hwdesign.timing import EARLY, LATE, TimingEngine, build_graph, conditions_of

    clock = [time.process_time()]
    module = read(folder / "netlist.v.gz").top_module
    parasitics = read_spef(folder / "spef.gz")
    constraints = read_sdc(folder / "constraints.sdc")
    clock.append(time.process_time())
    graph = build_graph(module, library, parasitics)
    engine = TimingEngine(graph, conditions_of(graph, constraints))
    clock.append(time.process_time())
    with torch.no_grad():
        timing = engine()
    clock.append(time.process_time())
    arrival, required, ends = (x.numpy() for x in (timing.arrival, timing.required, timing.ends))
    slew = timing.delays.slew.numpy()
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in QUANTITIES}
    alone: dict[str, int] = {}
    for row in rows(folder / "labels_pins.csv.gz"):
        node = graph.node_index[row["pin"]]
        for launch, prefix in enumerate(("at", "atn")):
            for mode, corner in ((LATE, "max"), (EARLY, "min")):
                found = worst(arrival[node, mode][[launch, 2 + launch]], mode == LATE)
                for edge, letter in enumerate("rf"):
                    compare(pairs, alone, "arrival", found[edge], row[f"{prefix}_{corner}_{letter}"])
        due = worst(required[node, LATE][[0, 2]], False)
        for edge, letter in enumerate("rf"):
            compare(pairs, alone, "required", due[edge], row[f"req_{letter}"])
            compare(pairs, alone, "slew", slew[node, LATE, edge], row[f"slew_{letter}"])
    for row in rows(folder / "labels_endpoints.csv.gz"):
        node = graph.node_index[row["pin"]]
        for mode, name in ((LATE, "setup"), (EARLY, "hold")):
            gap = (ends[node, mode] - arrival[node, mode]) * (1 if mode == LATE else -1)
            found = worst(gap, False)
            for edge, letter in enumerate("rf"):
                compare(pairs, alone, f"{name} slack", found[edge], row[f"{name}_slack_{letter}"])
    return {
        "pairs": pairs, "alone": alone, "seconds": np.diff(clock).tolist(), "cells": module.num_cells,
        "name": folder.name, "findings": list(graph.findings),
    }  # fmt: skip


def summary(name: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures of one set."""
    line: dict[str, Any] = {"set": name, "designs": len(results)}
    for quantity in QUANTITIES:
        pairs = np.array([pair for result in results for pair in result["pairs"][quantity]]).reshape(-1, 2)
        gap = np.abs(pairs[:, 0] - pairs[:, 1])
        within = gap <= np.maximum(1e-3, 1e-3 * np.abs(pairs[:, 1]))
        alone = sum(result["alone"].get(quantity, 0) for result in results)
        line[quantity] = {
            "values": len(pairs), "within": int(within.sum()) / max(len(pairs) + alone, 1), "only one": alone,
            "worst ps": float(gap.max(initial=0)) * 1e3, "mean ps": float(gap.mean()) * 1e3 if len(gap) else 0.0,
        }  # fmt: skip
    seconds = np.array([result["seconds"] for result in results])
    shares = []
    for result in results:
        pairs = np.array(result["pairs"]["arrival"]).reshape(-1, 2)
        within = np.abs(pairs[:, 0] - pairs[:, 1]) <= np.maximum(1e-3, 1e-3 * np.abs(pairs[:, 1]))
        shares.append(int(within.sum()) / max(len(pairs) + result["alone"].get("arrival", 0), 1))
    line["designs within"] = sum(share >= SHARE for share in shares)
    line["worst design"] = results[int(np.argmin(shares))]["name"]
    line["median s"] = dict(zip(("read", "build", "time"), np.median(seconds, 0).round(3).tolist(), strict=True))
    line["s per 1000 cells"] = statistics.median(
        float(sum(result["seconds"])) / result["cells"] * 1e3 for result in results
    )
    return line


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["tt04", "tt05"])
    parser.add_argument("--every", type=int, default=1, help="take every Nth design")
    parser.add_argument("--data", type=Path, help="folder of the designs; by default the shared data")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    named = os.environ.get("HWDESIGN_DATA")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    data = options.data or (Path(named) if named else beside) / "timing"
    if not data.is_dir():
        print(f"no data at {data}: set HWDESIGN_DATA", file=sys.stderr)
        return 0
    import torch

    from hwdesign.formats.liberty import read_liberty

    # Levels are small: a second thread costs more than it brings.
    torch.set_num_threads(1)
    library = read_liberty(data / "tech" / "sky130hd_tt.lib.gz")
    total, right = 0, 0.0
    for name in options.sets:
        folders = [folder for folder in sorted((data / name).iterdir()) if folder.is_dir()][:: options.every]
        results = [design(folder, library) for folder in folders]
        line = summary(name, results)
        values = line["arrival"]["values"] + line["arrival"]["only one"]
        total, right = total + values, right + values * line["arrival"]["within"]
        if options.json:
            print(json.dumps(line))
            continue
        print(
            f"{name}: {line['designs']} designs, of which {line['designs within']} have 99.9 % of their arrivals"
            f" within; the worst is {line['worst design']}"
        )
        for quantity in QUANTITIES:
            item = line[quantity]
            print(
                f"  {quantity:12} {item['values']:8} values  within {item['within']:.5%}"
                f"  worst {item['worst ps']:.3f} ps  mean {item['mean ps']:.3f} ps  only one has it {item['only one']}"
            )
        seconds = line["median s"]
        print(
            f"  processor s a design: read {seconds['read']:.3f}, build {seconds['build']:.3f},"
            f" time {seconds['time']:.3f}; {line['s per 1000 cells']:.2f} in all for 1000 cells",
            flush=True,
        )
    print(
        f"all sets: {right / max(total, 1):.5%} of {total} arrivals within", file=sys.stderr if options.json else None
    )
    return 0 if right >= SHARE * total else 1


if __name__ == "__main__":
    sys.exit(main())
