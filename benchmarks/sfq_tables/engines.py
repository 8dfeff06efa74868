"""Compare the engines on one another: delay and phase of Josephson lines, phases and pulses of RSFQlib's cells.

Each row is one deck in one mode on one external engine against the embedded engine at a step of 0.05 ps: the largest
difference of a matched pulse's time and of a delay along the line (first junction to last), the largest difference of a
phase, and the pulses that only one engine has. Issue 4's bar for the line of ten junctions: 0.002 ps and 0.005 rad.
CPU seconds are user and system time of this process and its children; the library's worker is counted when it ends.

The cells come from the shared data (HWDESIGN_DATA); without them those rows are left out. Engines that are not
installed are left out too.

Run: python benchmarks/sfq_tables/engines.py [--json] [--engines ngspice,ngspice-shared,pyspice,josim]
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from hwdesign.errors import ToolError
from hwdesign.formats.spice import read_spice_text
from hwdesign.spice import Circuit, Transient, compare, compile_deck, simulate

STEP = 0.05e-12
CELLS = ("JTL", "SPLIT", "MERGE", "DFF", "AND2", "XOR", "NDRO", "DCSFQ")


def line(junctions: int, drive: str, inductance: str) -> Circuit:
    """A string of shunted junctions of 250 uA at 0.7 Ic, driven by one pulse of current."""
    lines = ["* jtl", f"IIN 0 n1 pwl(0 0 15p 0 18p {drive} 21p 0)"]
    for k in range(1, junctions + 1):
        lines.append(f"L{k} n{k} n{k + 1} {inductance}" if k < junctions else f"RL n{k} 0 4")
        lines += [f"B{k} n{k} 0 m area=2.5", f"R{k} n{k} 0 2.744", f"IB{k} 0 n{k} pwl(0 0 5p 175u)"]
    lines += [".model m jj(rtype=1, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=0.1m)", ".tran 0.05p 130p", ".end"]
    return compile_deck(read_spice_text("\n".join(lines) + "\n"))


def cells() -> dict[str, Circuit]:
    """The test benches of the shared data, where they are."""
    folder = Path(os.environ.get("HWDESIGN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    found = {}
    for cell in CELLS:
        path = folder / "sfq" / "rsfqlib" / cell / f"THmitll_{cell}_v3p0_testbench.cir"
        if path.exists():
            found[cell] = compile_deck(path)
    return found


def cpu() -> float:
    """CPU seconds of this process and its ended children."""
    return sum(os.times()[:4])


def run(circuit: Circuit, engine: str, mode: str) -> tuple[Transient, float]:
    """A simulation with every junction's phase, and its CPU seconds."""
    begin = cpu()
    signals = [f"P({name})" for name in circuit.junctions]
    result = simulate(circuit, engine=engine, mode=mode, step=STEP, signals=signals)  # type: ignore[arg-type]
    return result, cpu() - begin


def delay(result: Transient) -> float:
    """Seconds between the first pulses of the first and last junctions, NaN where one has none."""
    names = result.pulses.junctions
    first, last = result.pulses.of(names[0]), result.pulses.of(names[-1])
    return float(last[0] - first[0]) if len(first) and len(last) else float("nan")


def row(name: str, circuit: Circuit, engine: str, mode: str) -> dict[str, Any]:
    """One deck on one engine against the embedded one."""
    ours, own = run(circuit, "embedded", mode)
    theirs, other = run(circuit, engine, mode)
    found = compare(ours, theirs)
    return {
        "deck": name,
        "engine": engine,
        "mode": mode,
        "pulses": len(ours.pulses),
        "unmatched": sum(p.only_first + p.only_second for p in found.pulses),
        "pulse_fs": max((p.largest for p in found.pulses), default=0.0) * 1e15,
        "delay_fs": abs(delay(ours) - delay(theirs)) * 1e15 if name.startswith("line") else None,
        "phase_mrad": float(np.max([s.largest for s in found.signals])) * 1e3,
        "cpu_s": round(other, 3),
        "embedded_cpu_s": round(own, 3),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--engines", default="ngspice,ngspice-shared,pyspice,josim")
    options = parser.parse_args()
    decks = {
        "line of 10": line(10, "300u", "4p"),
        "line of 10, stiff": line(10, "600u", "2p"),
        "line of 50": line(50, "300u", "4p"),
        **cells(),
    }
    rows: list[dict[str, Any]] = []
    for engine in options.engines.split(","):
        try:
            rows += [
                row(name, circuit, engine, mode) for mode in ("josim", "newton") for name, circuit in decks.items()
            ]
        except ToolError as error:
            if "is not here" not in error.what:
                raise
            print(f"left out: {error.what}")
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(
        f"{'deck':18} {'engine':15} {'mode':7} pulses unmatched  pulse fs  delay fs  phase mrad  CPU s  embedded CPU s"
    )
    for r in rows:
        along = "-" if r["delay_fs"] is None else f"{r['delay_fs']:.3f}"
        print(
            f"{r['deck']:18} {r['engine']:15} {r['mode']:7} {r['pulses']:6} {r['unmatched']:9} {r['pulse_fs']:9.3f} "
            f"{along:>9} {r['phase_mrad']:11.3f} {r['cpu_s']:6.2f} {r['embedded_cpu_s']:15.3f}"
        )


if __name__ == "__main__":
    main()
