"""Every phase, current and pulse of the eight shared RSFQlib test benches, against JoSIM's own output."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from hwdesign.spice import compile_deck, print_rows, simulate

CELLS = ("JTL", "SPLIT", "MERGE", "DFF", "AND2", "XOR", "NDRO", "DCSFQ")


@pytest.mark.parametrize("step_ps", [0.05, 0.1])
@pytest.mark.parametrize("cell", CELLS)
def test_matches_josim(shared_data: Path, cell: str, step_ps: float) -> None:
    folder = shared_data / "sfq" / "rsfqlib" / cell
    with gzip.open(folder / f"wave_h{step_ps}.csv.gz", "rt", encoding="utf-8") as stream:
        names = [name.split(" ")[0] for name in next(csv.reader([stream.readline().strip()]))][1:]
        reference = np.loadtxt(stream, delimiter=",")
    circuit = compile_deck(folder / f"THmitll_{cell}_v3p0_testbench.cir")
    result = simulate(circuit, step=step_ps * 1e-12, signals=names)
    rows = np.round(reference[:, 0] / step_ps).astype(int)
    for column, name in enumerate(names, 1):
        scale = 1e6 if name.startswith("I") else 1.0
        error = np.abs(result.signals[name][rows] * scale - reference[:, column]).max()
        assert error <= (1e-5 if name.startswith("P") else 1e-4), name  # rad, and uA to the digits that are stored

    wanted, found = defaultdict(list), defaultdict(list)
    with (folder / "pulses.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if float(row["h_ps"]) == step_ps:
                wanted[row["junction"], int(row["k"]), int(row["direction"])].append(float(row["t_ps"]))
    pulses = result.pulses
    for junction, k, direction, t in zip(pulses.junction, pulses.k, pulses.direction, pulses.t, strict=True):
        found[pulses.junctions[junction], int(k), int(direction)].append(t * 1e12)
    assert {key: len(times) for key, times in found.items()} == {key: len(times) for key, times in wanted.items()}
    assert max(abs(a - b) for key in wanted for a, b in zip(wanted[key], found[key], strict=True)) <= 0.001


def test_prints_josims_rows() -> None:
    """JoSIM leaves out the row of step 148 at these steps; see the shared data's README."""
    for step, steps in ((0.05e-12, 4000), (0.1e-12, 2000)):
        rows = print_rows(np.arange(steps) * step, 0.0, step)
        assert len(rows) == steps - 1
        assert set(range(steps)) - set(rows.tolist()) == {148}


def test_batch_and_instruction_sets_agree_with_a_single_run(shared_data: Path) -> None:
    circuit = compile_deck(shared_data / "sfq" / "rsfqlib" / "JTL" / "THmitll_JTL_v3p0_testbench.cir")
    single = simulate(circuit, step=0.1e-12)
    for simd in (1, -1):
        batch = simulate(circuit, step=0.1e-12, batch={"B1|XDUT": np.full(11, 2.5)}, simd=simd)
        for name, values in single.signals.items():
            assert batch.signals[name].shape == (11, len(single.time))
            assert np.abs(batch.signals[name] - values).max() < 1e-8
        assert len(batch.pulses) == 11 * len(single.pulses)
        assert np.abs(batch.pulses.of("B2|XDUT", 10) - single.pulses.of("B2|XDUT")).max() < 1e-18
