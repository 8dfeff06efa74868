"""Measure the embedded Josephson engine: junction-steps a second, a yield run, a long line, a synapse's curve.

A junction-step is one junction of one instance through one time step; settling steps before t = 0 cost time and are
not counted. Times are CPU seconds of this process (user and system) on one thread, the best of `--repeat` runs, and
include all of `simulate` but the reading of the deck. JoSIM 2.7's figures are those of issue 4, on this machine kind.

The decks of RSFQlib and of the synapse come from the shared data (HWDESIGN_DATA); without them those rows are left out.

Run: python benchmarks/sfq_tables/engine.py [--repeat 3] [--json] [--simd 1|2|3]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hwdesign.formats.spice import read_spice_text
from hwdesign.spice import Circuit, Transient, compile_deck, simulate

JOSIM = {"JTL of 50, one": 36.5e-3, "AND2, one": 88.2e-3, "JTL of 2,000, one": 6.0}
"""CPU seconds of JoSIM 2.7 for the same work."""


def jtl(length: int) -> Circuit:
    """A string of shunted junctions of 250 uA at 0.7 Ic, driven by one pulse."""
    lines = ["* jtl", "IIN 0 a pwl(0 0 10p 0 13p 600u 16p 0)", "LIN a 1 2p"]
    for k in range(1, length + 1):
        lines += [f"B{k} {k} 0 m area=2.5", f"R{k} {k} 0 2.744", f"IB{k} 0 {k} pwl(0 0 5p 175u)"]
        if k < length:
            lines.append(f"L{k} {k} {k + 1} 4.136p")
    lines += [f"LO {length} out 2.07p", "RO out 0 2"]
    lines += [".model m jj(rtype=1, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=0.1m)", ".tran 0.05p 200p", ".end"]
    return compile_deck(read_spice_text("\n".join(lines)))


def data_folder() -> Path:
    """The shared SFQ decks, whether or not they are there."""
    root = os.environ.get("HWDESIGN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
    return Path(root) / "sfq"


class Bench:
    """Collects rows."""

    def __init__(self, repeat: int, simd: int) -> None:
        self.repeat, self.simd = repeat, simd
        self.rows: list[dict[str, Any]] = []

    def run(
        self, name: str, circuit: Circuit, step: float, stop: float, instances: int = 1, repeat: int = 0, **options: Any
    ) -> Transient:
        """Time one simulation and keep its row."""
        batch = options.pop("batch", None)
        if batch is None and instances > 1:
            first = circuit.junctions[0]
            batch = {first: np.full(instances, circuit.nominal(first))}
        seconds, result = self._best(
            lambda: simulate(circuit, step=step, stop=stop, batch=batch, waves=False, simd=self.simd, **options), repeat
        )
        work = len(circuit.junctions) * instances * round(stop / step)
        self.rows.append(
            {
                "case": name,
                "junctions": len(circuit.junctions),
                "instances": instances,
                "steps": round(stop / step),
                "cpu_s": seconds,
                "junction_steps_per_s": work / seconds,
                "josim_times": JOSIM[name] / seconds if name in JOSIM else None,
                "failed": len(result.failed),
            }
        )
        return result

    def _best(self, function: Callable[[], Transient], repeat: int) -> tuple[float, Transient]:
        best, result = math.inf, None
        for _ in range(repeat or self.repeat):
            begin = time.process_time()
            result = function()
            best = min(best, time.process_time() - begin)
        assert result is not None
        return best, result


def spread(circuit: Circuit, samples: int, share: float, seed: int) -> dict[str, np.ndarray]:
    """Gaussian values of every junction, inductor, resistor and bias, `share` of the nominal one standard deviation."""
    rng = np.random.default_rng(seed)
    chosen = [e for e in circuit.elements if e.kind in "BLRI" and e.value]
    return {e.name: e.value * (1 + share * rng.standard_normal(samples)) for e in chosen}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--simd", type=int, default=-1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    bench = Bench(options.repeat, options.simd)
    fifty = jtl(50)
    bench.run("JTL of 50, one", fifty, 0.05e-12, 200e-12)
    bench.run("JTL of 50, batch", fifty, 0.05e-12, 200e-12, 64)
    bench.run("JTL of 12, batch", jtl(12), 0.05e-12, 200e-12, 256)
    bench.run("JTL of 2,000, one", jtl(2000), 0.05e-12, 400e-12)
    folder = data_folder()
    extra: dict[str, Any] = {}
    if (folder / "rsfqlib").is_dir():
        and2 = compile_deck(folder / "rsfqlib" / "AND2" / "THmitll_AND2_v3p0_testbench.cir")
        bench.run("AND2, one", and2, 0.1e-12, 1e-9)
        bench.run("AND2, batch", and2, 0.1e-12, 1e-9, 64)
        bench.run("AND2, yield", and2, 0.1e-12, 1e-9, 10_000, 1, batch=spread(and2, 10_000, 0.02, 1))
    if (folder / "synapse_neuron").is_dir():
        extra["synapse"] = synapse(bench, folder / "synapse_neuron")
    if options.json:
        print(json.dumps({"rows": bench.rows, **extra}, indent=2))
        return
    heads = ("case", "junctions", "instances", "steps", "CPU s", "j-steps/s", "JoSIM/us")
    print("{:20s} {:>9s} {:>9s} {:>7s} {:>8s} {:>10s} {:>8s}".format(*heads))
    for row in bench.rows:
        ratio = f"{row['josim_times']:8.1f}" if row["josim_times"] else " " * 8
        print(
            f"{row['case']:20s} {row['junctions']:9d} {row['instances']:9d} {row['steps']:7d} {row['cpu_s']:8.3f} "
            f"{row['junction_steps_per_s']:10.3g} {ratio}" + (f"  {row['failed']} failed" if row["failed"] else "")
        )
    for name, value in extra.items():
        print(f"{name}: {value}")


def synapse(bench: Bench, folder: Path) -> str:
    """The share of 100 pulses x 100 copies that pass, at 20 currents, and the normal curve through it."""
    from scipy.optimize import curve_fit
    from scipy.stats import norm

    circuit = compile_deck(folder / "synapse_noise.cir")
    currents = np.linspace(74, 98, 20)
    batch = {"IX": np.repeat(currents * 1e-6, 100)}
    result = bench.run("synapse, noise", circuit, 0.1e-12, 10.05e-9, 2000, 1, batch=batch, seeds=1)
    passed = result.pulses.counts(2000)[:, result.pulses.junctions.index("B7")].reshape(20, 100).mean(1) / 100

    def curve(x: Any, mean: float, deviation: float) -> Any:
        return norm.cdf((x - mean) / deviation)

    (mean, deviation), _ = curve_fit(curve, currents, passed, p0=(85, 4))
    table = np.loadtxt(folder / "ppass.csv", delimiter=",", skiprows=1)
    (shared_mean, shared_deviation), _ = curve_fit(curve, table[:, 0], table[:, 1], p0=(85, 4))
    return (
        f"mean {mean:.2f} uA, deviation {deviation:.2f} uA; "
        f"the shared table's {shared_mean:.2f} and {shared_deviation:.2f}"
    )


if __name__ == "__main__":
    main()
