"""Compare the engine's josim mode with JoSIM 2.7's own output on the shared RSFQlib test benches, row by row.

Each row is one cell at one step: crossings of odd multiples of pi by all junctions, how many of them only one side has,
and the largest difference of a crossing's time and of a junction's phase over all rows that are stored. Bar: every
crossing matched, 0.001 ps and 1e-5 rad. The stored phases are rounded to 1e-6 rad.

The decks and waveforms come from the shared data (HWDESIGN_DATA).

Run: python benchmarks/sfq_tables/accuracy.py [--json]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from hwdesign.spice import Transient, compile_deck, simulate

STEPS_PS = (0.05, 0.1)
Crossings = dict[tuple[str, int, int], list[float]]


def stored(folder: Path, step_ps: float) -> tuple[list[str], np.ndarray, Crossings]:
    """Names and rows (ps, then rad or uA) of the reference, and its crossings in ps by junction, k and direction."""
    with gzip.open(folder / f"wave_h{step_ps}.csv.gz", "rt", encoding="utf-8") as stream:
        names = [name.split(" ")[0] for name in next(csv.reader([stream.readline().strip()]))][1:]
        rows = np.loadtxt(stream, delimiter=",")
    crossings: Crossings = defaultdict(list)
    with (folder / "pulses.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if float(row["h_ps"]) == step_ps:
                crossings[row["junction"], int(row["k"]), int(row["direction"])].append(float(row["t_ps"]))
    return names, rows, crossings


def found(result: Transient) -> Crossings:
    """The same of a simulation."""
    crossings: Crossings = defaultdict(list)
    p = result.pulses
    for junction, k, direction, t in zip(p.junction, p.k, p.direction, p.t, strict=True):
        crossings[p.junctions[junction], int(k), int(direction)].append(float(t) * 1e12)
    return crossings


def row(folder: Path, step_ps: float) -> dict[str, Any]:
    """One cell at one step."""
    names, reference, wanted = stored(folder, step_ps)
    circuit = compile_deck(next(folder.glob("*_testbench.cir")))
    result = simulate(circuit, step=step_ps * 1e-12, signals=names)
    at = np.round(reference[:, 0] / step_ps).astype(int)
    phases = [
        np.abs(result.signals[name][at] - reference[:, column]).max()
        for column, name in enumerate(names, 1)
        if name.startswith("P")
    ]
    ours = found(result)
    unmatched = sum(abs(len(wanted[key]) - len(ours[key])) for key in {*wanted, *ours})
    times = [abs(a - b) for key in wanted for a, b in zip(wanted[key], ours[key], strict=False)]
    return {
        "cell": folder.name,
        "step_ps": step_ps,
        "junctions": len(circuit.junctions),
        "crossings": sum(map(len, wanted.values())),
        "unmatched": unmatched,
        "time_fs": max(times) * 1e3,
        "phase_urad": max(phases) * 1e6,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data = Path(os.environ.get("HWDESIGN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    library = data / "sfq" / "rsfqlib"
    if not library.is_dir():
        raise SystemExit("the shared data is not there: set HWDESIGN_DATA to its folder")
    rows = [row(cell, step) for cell in sorted(library.iterdir()) if cell.is_dir() for step in STEPS_PS]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(
        f"{'cell':<7}{'step ps':>8}{'junctions':>10}{'crossings':>10}{'unmatched':>10}{'time fs':>9}{'phase urad':>11}"
    )
    for r in rows:
        print(
            f"{r['cell']:<7}{r['step_ps']:>8}{r['junctions']:>10}{r['crossings']:>10}{r['unmatched']:>10}"
            f"{r['time_fs']:>9.4f}{r['phase_urad']:>11.2f}"
        )


if __name__ == "__main__":
    main()
