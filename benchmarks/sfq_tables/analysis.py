"""Measure the analyses of SFQ decks: margins of RSFQlib's cells, a yield run, a synapse's curve, the optimiser.

Each row is one command line as a user would type it: CPU seconds (user and system) of the whole process on one thread,
start and reading included. Margins: every junction (with its shunt), inductor and bias source under test, each by
itself, ±60 % to 0.5 %. Decks come from the shared data (HWDESIGN_DATA); without them there is nothing to measure.

Run: python benchmarks/sfq_tables/analysis.py [--json] [--only margins,yield,transfer,optimise]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

STEP = "0.1p"
VARY = """\
checks: [{checks}]
vary:
  - {{name: bias, match: "IB*|XDUT", together: true}}
  - {{name: biases, match: "IB*|XDUT"}}
  - {{name: junctions, match: "B*|XDUT", shunts: "R{{}}", sigma: 5%}}
  - {{name: inductors, match: "L*|XDUT", sigma: 5%}}
optimise: {{vary: [junctions], population: 12, generations: 6, bound: 30%}}
"""
TRANSFER = (
    "step: 0.1p\ntransfer: {source: IX, start: 74u, stop: 98u, points: 20, input: B3, output: B7, pulses: 10000}\n"
)


def data_folder() -> Path:
    """The shared SFQ decks, whether or not they are there."""
    root = os.environ.get("HWDESIGN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
    return Path(root) / "sfq"


def run(folder: Path, *arguments: object) -> tuple[float, dict[str, Any]]:
    """CPU seconds and JSON document of one `hwdesign simulate` command."""
    out = folder / "out.json"
    argv = [sys.executable, "-m", "hwdesign", "simulate", *map(str, arguments), "--json"]
    with out.open("wb") as stream:
        child = os.posix_spawn(
            sys.executable, argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, stream.fileno(), 1)]
        )
        _, status, usage = os.wait4(child, 0)
    document = json.loads(out.read_text())
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(argv[3:])}: {document}")
    return usage.ru_utime + usage.ru_stime, document


def margins(cell: Path, folder: Path) -> dict[str, Any]:
    """Critical margins of a cell of RSFQlib: all parameters, and the common bias."""
    deck = next(cell.glob("*_testbench.cir"))
    spec = folder / f"{cell.name}.yaml"
    spec.write_text(specification(deck))
    cpu, found = run(folder, "margins", deck, "--spec", spec, "--step", STEP)
    bias = next(row for row in found["margins"] if row["parameter"] == "bias")
    critical = found["critical"]
    return {
        "case": f"margins {cell.name}", "cpu_s": cpu,
        "note": f"{len(found['margins'])} parameters, {found['simulations']} simulations; "
        f"critical {100 * critical['margin']:.1f} % ({critical['parameter']}), "
        f"bias -{100 * bias['low']:.1f} +{100 * bias['high']:.1f} %",
    }  # fmt: skip


def specification(deck: Path) -> str:
    """Checks of every load's first junction; what varies is in the cell under test."""
    text = deck.read_text()
    loads = re.findall(r"(?im)^(XLOADOUT\w*)\s", text) or re.findall(r"(?im)^(XLOAD\w*)\s", text)
    return VARY.format(checks=", ".join(f"{{junction: B1.{load}, reference: nominal}}" for load in loads))


def transfer(folder: Path) -> dict[str, Any]:
    """The curve of the shared synapse, beside a fit of the shared table."""
    from hwdesign.sfq.analysis import fit_probit

    decks = data_folder() / "synapse_neuron"
    spec = folder / "transfer.yaml"
    spec.write_text(TRANSFER)
    cpu, found = run(folder, "transfer", decks / "synapse_noise.cir", "--spec", spec)
    with (decks / "ppass.csv").open() as stream:
        table = np.array([[float(row["ix_uA"]), float(row["p_pass"])] for row in csv.DictReader(stream)])
    trials = np.full(len(table), 6400)
    wanted = fit_probit(table[:, 0], np.rint(6400 * table[:, 1]).astype(np.int64), trials)
    fit = found["fit"]
    return {
        "case": "transfer, 20 currents x 10,000 pulses", "cpu_s": cpu,
        "note": f"mu {fit['mu'] * 1e6:.3f} ± {fit['mu_error'] * 1e6:.3f} uA (table {wanted.mu:.3f}), "
        f"sigma {fit['sigma'] * 1e6:.3f} ± {fit['sigma_error'] * 1e6:.3f} uA (table {wanted.sigma:.3f})",
    }  # fmt: skip


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default="margins,yield,transfer,optimise")
    options = parser.parse_args()
    library = data_folder() / "rsfqlib"
    if not library.is_dir():
        raise SystemExit("the shared data is not there: set HWDESIGN_DATA to its folder")
    only, rows = options.only.split(","), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "margins" in only:
            rows += [margins(cell, folder) for cell in sorted(library.iterdir()) if cell.is_dir()]
        deck = next((library / "AND2").glob("*_testbench.cir"))
        spec = folder / "AND2.yaml"
        spec.write_text(specification(deck))
        if "yield" in only:
            for sigma in ("5%", "15%"):
                arguments = ("--spec", spec, "--samples", 10_000, "--sigma", sigma, "--step", STEP)
                cpu, found = run(folder, "yield", deck, *arguments)
                low, high = found["interval_95"]
                note = f"{100 * found['yield']:.2f} %, 95 % interval {100 * low:.2f} to {100 * high:.2f} %"
                rows.append({"case": f"yield AND2, 10,000 samples, sigma {sigma}", "cpu_s": cpu, "note": note})
        if "transfer" in only:
            rows.append(transfer(folder))
        if "optimise" in only:
            spec.write_text(f"step: {STEP}\n" + specification(deck))
            cpu, found = run(folder, "optimise", deck, "--spec", spec)
            before, after = found["before"], found["after"]
            note = f"critical margin {100 * before['critical']:.1f} % -> {100 * after['critical']:.1f} %"
            rows.append({"case": "optimise AND2, 6 generations of 12", "cpu_s": cpu, "note": note})
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'case':<40}{'CPU s':>7}  result")
    for row in rows:
        print(f"{row['case']:<40}{row['cpu_s']:>7.1f}  {row['note']}")


if __name__ == "__main__":
    main()
