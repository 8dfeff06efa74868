"""Speed and truth of the readers of physical data.

    python benchmarks/physical.py          # about 10 s of CPU time
    python benchmarks/physical.py --json

A synthetic design of a million pins goes through spanning trees, SPEF and DEF; with the shared data (HWDESIGN_DATA, or
`shared/data` beside the project), every taped-out design is read, the totals that the extractor wrote are compared with
the sums of what was read, and tree length is fitted to extracted capacitance. Times are CPU time of this process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hwdesign.formats.def_file import read_def, read_def_text
from hwdesign.formats.lef import read_lef
from hwdesign.formats.spef import read_spef, read_spef_text, spef_bytes
from hwdesign.netlist.parasitics import NodeKind
from hwdesign.passes.wires import tree_parasitics

ROOT = Path(__file__).resolve().parent.parent
NETS = 330_000


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What `work` gives, and its CPU seconds."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def synthetic(rows: dict[str, float]) -> None:
    """Nets of two to four pins, 10 µm about their middle."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(2, 5, NETS)
    ptr = np.concatenate([[0], np.cumsum(sizes)])
    count = int(ptr[-1])
    xy = np.repeat(rng.uniform(0, 1000, (NETS, 2)), sizes, axis=0) + rng.normal(0, 10, (count, 2))
    names = [f"_{at // 4}_/P{at % 4}" for at in range(count)]
    nets = [f"n{at}" for at in range(NETS)]
    kind = np.full(count, NodeKind.INSTANCE_PIN, np.int8)
    wires, rows["1M pins: trees and parasitics, s"] = timed(
        lambda: tree_parasitics(nets, ptr, names, kind, xy, resistance=1.5e-3, capacitance=1.635e-4)
    )
    text, rows["1M pins: SPEF written, s"] = timed(lambda: spef_bytes(wires))
    again, rows["1M pins: SPEF read, s"] = timed(lambda: read_spef_text(text))
    assert len(again.node_names) == count
    rows["1M pins: SPEF, MB"] = len(text) / 1e6
    cells = NETS
    lines = [f"- _{at}_ cell + PLACED ( {at} {at + 3} ) FS ;\n" for at in range(cells)]
    wires_text = [f"- n{at} ( _{at}_ Y ) ( _{(at + 1) % cells}_ A ) ;\n" for at in range(cells)]
    data = "".join(
        [f"COMPONENTS {cells} ;\n", *lines, f"END COMPONENTS\nNETS {cells} ;\n", *wires_text, "END NETS\nEND DESIGN\n"]
    ).encode()
    placement, rows["330k cells: DEF read, s"] = timed(lambda: read_def_text(data))
    assert len(placement.instance_names) == cells


def taped_out(rows: dict[str, float], folder: Path) -> None:
    """The designs of the shared data."""
    library, rows["LEF of 437 cells read, s"] = timed(
        lambda: read_lef(folder / "tech" / "sky130_fd_sc_hd_merged.lef.gz")
    )
    worst, seconds = 0.0, 0.0
    lengths, caps = [], []
    designs = sorted([*(folder / "tt04").iterdir(), *(folder / "tt05").iterdir()])
    for design in designs:
        (truth, placement), spent = timed(
            lambda design=design: (read_spef(design / "spef.gz"), read_def(design / "placed.def.gz"))
        )
        seconds += spent
        with gzip.open(design / "spef.gz") as stream:
            totals = np.array([float(total) for total in re.findall(rb"\*D_NET \S+ (\S+)", stream.read())])
        worst = max(worst, float((np.abs(truth.net_cap() - totals) / totals).max()))
        pins = np.flatnonzero(truth.node_kind != NodeKind.INTERNAL)
        ptr = np.searchsorted(truth.node_net[pins], np.arange(len(truth.net_names) + 1))
        names = [truth.node_names[at] for at in pins.tolist()]
        xy = placement.locate(library, names)
        trees = tree_parasitics(truth.net_names, ptr, names, truth.node_kind[pins], xy, resistance=0.0, capacitance=1.0)
        lengths.append(trees.net_cap())
        caps.append(1e3 * truth.net_cap())
    length, cap = np.concatenate(lengths), np.concatenate(caps)
    slope = float((cap @ length) / (length @ length))
    rows["taped-out designs"] = len(designs)
    rows["SPEF and DEF of all of them read, s"] = seconds
    rows["largest relative error of a net's total (files hold 6 digits)"] = worst
    rows["extracted capacitance a µm of tree, fF"] = slope
    rows["R² of that fit"] = float(1 - np.square(cap - slope * length).sum() / np.square(cap - cap.mean()).sum())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows: dict[str, float] = {}
    synthetic(rows)
    named = os.environ.get("HWDESIGN_DATA")
    folder = (Path(named) if named else ROOT.parent / "shared" / "data") / "timing"
    if folder.is_dir():
        taped_out(rows, folder)
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for name, value in rows.items():
        print(f"{name:64} {value:12.6g}")
    if not folder.is_dir():
        print("the shared data are missing: set HWDESIGN_DATA to their folder for the rows of taped-out designs")


if __name__ == "__main__":
    main()
