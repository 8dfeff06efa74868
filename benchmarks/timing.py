"""Wires predicted before routing, and timing over them, on designs that trained nothing.

Data: a folder with `tech/` and the sets `tt04`, `tt05` of taped-out designs with extracted parasitics and OpenSTA's
labels. Runs: folders that `hwdesign train timing --config sims/timing_wires.yaml` left, one a seed; `shipped` is the
network in the package. Designs are those of the split that the network's card names; their authors trained nothing.
The choice of epoch looked at the validation designs, so that `test` is the figure to quote.

Columns: medians over designs of R² and mean absolute error of net delays (Elmore, pins' capacitance included, against
the extracted trees); `pooled` R² over all nets together; arrivals, arrivals at endpoints and slews of the exact engine
over each method's wires against OpenSTA's on the extracted ones. `analytic tree` is the minimum spanning tree of
0.8 Ω/µm, 10 Ω an edge and 0.1635 fF/µm; `no wires` has neither.

Speed: processor seconds (user and system) of one thread, the libraries' reading and the first call apart.

Run: python benchmarks/timing.py DATA [RUN ...] [--split test] [--json]
Exit 1 where the trained network is not ahead of the analytic tree in every column.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import mean
from typing import Any

import torch

from hwdesign.timing.dataset import PlacedDesign, Technology, wire_graph
from hwdesign.timing.evaluate_wires import evaluate
from hwdesign.timing.fit_wires import load_wire_network
from hwdesign.timing.predict_wires import predict_wires

COLUMNS = (
    ("net R²", "net_r2", 1), ("net MAE ps", "net_mae_ps", -1), ("pooled net R²", "pooled_net_r2", 1),
    ("cap R²", "cap_r2", 1), ("arrival R²", "arrival_r2", 1), ("arrival MAE ps", "arrival_mae_ps", -1),
    ("endpoint MAE ps", "endpoint_mae_ps", -1), ("slew R²", "slew_r2", 1),
)  # fmt: skip
NAMES = {"model": "trained network", "baseline": "analytic tree", "zero": "no wires"}


def held_out(card: dict[str, Any], split: str) -> dict[str, list[str]]:
    """Names of the split's designs by set."""
    found: dict[str, list[str]] = {}
    for name in card["split"][split]:
        group, _, design = name.partition("/")
        found.setdefault(group, []).append(design)
    return found


def speed(folder: Path, names: list[str], run: Path | None) -> dict[str, float]:
    """Processor seconds from files to graph for 1000 cells, and of inference for 10,000 pins."""
    technology = Technology.find(folder.parent / "tech")
    network, _ = load_wire_network(run)
    predict_wires(network, PlacedDesign.open(folder / names[0], technology))
    cells = pins = 0
    spent = [0.0, 0.0]
    for name in names:
        start = time.process_time()
        design = PlacedDesign.open(folder / name, technology)
        wire_graph(design)
        spent[0] += time.process_time() - start
        start = time.process_time()
        predict_wires(network, design)
        spent[1] += time.process_time() - start
        cells += design.trees.nets.graph.module.num_cells
        pins += design.trees.nets.graph.module.num_pins
    return {"graph_s_per_1k_cells": 1e3 * spent[0] / cells, "predict_s_per_10k_pins": 1e4 * spent[1] / pins}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", nargs="*", default=["shipped"])
    parser.add_argument("--split", default="test", choices=("validation", "test"))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for name in args.runs:
        run = None if name == "shipped" else Path(name)
        _, card = load_wire_network(run)
        for group, names in held_out(card, args.split).items():
            found = evaluate(run, args.data / group, names=names)
            worse = sum(
                item.methods["model"]["arrival_r2"] < item.methods["baseline"]["arrival_r2"] for item in found.designs
            )
            rows.append(
                {"run": name, "seed": card["seed"], "set": group, "designs": len(names), "summary": found.summary,
                 "arrival_r2_below_baseline": worse}
            )  # fmt: skip
    first = held_out(load_wire_network(None if args.runs[0] == "shipped" else Path(args.runs[0]))[1], args.split)
    group, names = next(iter(first.items()))
    fast = speed(args.data / group, names, None if args.runs[0] == "shipped" else Path(args.runs[0]))
    ahead = all(
        sign * (row["summary"]["model"][key] - row["summary"]["baseline"][key]) > 0
        for row in rows
        for _, key, sign in COLUMNS
    )
    if args.json:
        print(json.dumps({"rows": rows, "speed": fast, "ahead": ahead}, indent=2))
        return 0 if ahead else 1
    print(f"{args.split} designs; medians over designs")
    print(f"{'wires':32}" + "".join(f"{head:>17}" for head, _, _ in COLUMNS))
    for row in rows:
        for method in NAMES if row is rows[0] else ("model",):
            label = f"{NAMES[method]}, seed {row['seed']}" if method == "model" else NAMES[method]
            print(f"{label:32}" + "".join(f"{row['summary'][method][key]:17.4f}" for _, key, _ in COLUMNS))
    if len(rows) > 1:
        means = [mean(row["summary"]["model"][key] for row in rows) for _, key, _ in COLUMNS]
        print(f"{'mean over seeds':32}" + "".join(f"{value:17.4f}" for value in means))
    for row in rows:
        print(
            f"seed {row['seed']}: {row['designs']} designs of {row['set']}, arrival R² below the analytic tree's on "
            f"{row['arrival_r2_below_baseline']}"
        )
    print(
        f"files to graph {fast['graph_s_per_1k_cells']:.3f} s for 1000 cells, "
        f"inference {fast['predict_s_per_10k_pins']:.3f} s for 10,000 pins"
    )
    return 0 if ahead else 1


if __name__ == "__main__":
    sys.exit(main())
