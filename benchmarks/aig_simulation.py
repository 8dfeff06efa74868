"""Time random simulation of a large AIG: our kernel beside a vectorised NumPy simulator doing the same job.

The job: EPFL `div` (57,247 ANDs), 15,360 random patterns, one core; count for every variable the patterns in which it
is 1. Times include making the patterns.

The peer makes its patterns with NumPy's PCG64, keeps the whole value matrix (variables × words) in memory, evaluates
one logic level after another with `take`, `^` and `&` over all words of all gates of the level, and counts with
`np.bitwise_count`. A second check feeds our patterns to the peer: both must count the same. aigverse is no peer here:
it simulates complete truth tables, which 128 inputs rule out.

Run: python benchmarks/aig_simulation.py [--patterns N] [--seed S] [--repeat R] [--json] [FILE.aig]
FILE defaults to aig/epfl/div.aig in the folder HWDESIGN_DATA (or ../shared/data beside the project); where that is
missing, a random AIG of the same size takes its place, and the output says so.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwdesign import kernels
from hwdesign.kernels.readers import parse_aiger


class Aig(NamedTuple):
    """Fan-in literals of the ANDs, and the number of inputs (latches are cut)."""

    name: str
    fanin0: NDArray[np.int32]
    fanin1: NDArray[np.int32]
    n_inputs: int


def load(path: Path) -> Aig:
    """An AIGER file's ANDs in topological order, as a binary file keeps them; latches are cut."""
    raw = parse_aiger(path.read_bytes())
    if not raw.binary:
        raise SystemExit(f"{path}: give a binary AIGER file")
    return Aig(path.stem, raw.and_rhs0, raw.and_rhs1, len(raw.inputs) + len(raw.latch_literals))


def random_aig(inputs: int, ands: int, seed: int) -> Aig:
    """An AIG whose gates read among the 4,096 variables before them."""
    rng = np.random.default_rng(seed)
    top = 2 * (1 + inputs + np.arange(ands))
    low = np.maximum(top - 8192, 2)
    fanins = [rng.integers(low, top).astype(np.int32) for _ in range(2)]
    return Aig(f"random-{ands}", fanins[0], fanins[1], inputs)


def numpy_simulator(aig: Aig) -> Callable[[NDArray[np.uint64]], NDArray[np.int64]]:
    """Prepare the peer: levels and index arrays are made once, outside its time."""
    variables = 1 + aig.n_inputs + len(aig.fanin0)
    gate = np.arange(1 + aig.n_inputs, variables, dtype=np.int32)
    src = np.concatenate([aig.fanin0 >> 1, aig.fanin1 >> 1])
    level = kernels.levelize(src, np.concatenate([gate, gate]), variables)[gate]
    order = np.argsort(level, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(level[order])) + 1)
    invert0 = -(aig.fanin0 & 1).astype(np.uint64)[:, None]
    invert1 = -(aig.fanin1 & 1).astype(np.uint64)[:, None]

    def count(words: NDArray[np.uint64]) -> NDArray[np.int64]:
        value = np.zeros((variables, words.shape[1]), np.uint64)
        value[1 : 1 + aig.n_inputs] = words
        for g in groups:
            left = value.take(aig.fanin0[g] >> 1, axis=0) ^ invert0[g]
            right = value.take(aig.fanin1[g] >> 1, axis=0) ^ invert1[g]
            value[gate[g]] = left & right
        return np.bitwise_count(value).sum(axis=1, dtype=np.int64)

    return count


def best_time(job: Callable[[], object], repeat: int) -> float:
    """Least wall time of `repeat` runs, in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times)


def measure(aig: Aig, patterns: int, seed: int, repeat: int) -> dict[str, Any]:
    """Time both simulators and compare what they count under the same patterns."""
    n, words = aig.n_inputs, patterns // 64
    args = (aig.fanin0, aig.fanin1, n)
    peer = numpy_simulator(aig)
    ours_s = best_time(lambda: kernels.count_ones(*args, patterns=patterns, seed=seed), repeat)
    toggles_s = best_time(lambda: kernels.count_activity(*args, patterns=patterns, seed=seed), repeat)
    rng = np.random.default_rng(seed)
    peer_s = best_time(lambda: peer(rng.integers(0, 2**64, (n, words), dtype=np.uint64)), min(repeat, 3))
    ours = kernels.count_ones(*args, patterns=patterns, seed=seed)
    same = peer(kernels.simulate_words([], [], n, patterns=patterns, seed=seed)[1:])
    return {
        "circuit": aig.name,
        "ands": len(aig.fanin0),
        "inputs": n,
        "patterns": patterns,
        "seed": seed,
        "count_ones_s": ours_s,
        "count_ones_and_toggles_s": toggles_s,
        "numpy_s": peer_s,
        "speedup": peer_s / ours_s,
        "same_counts": bool(np.array_equal(ours, same)),
        "counts_sum": int(ours.sum()),
    }


def main() -> int:
    """Print the comparison; exit 1 when the simulators disagree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("file", nargs="?", type=Path, help="binary AIGER file")
    parser.add_argument("--patterns", type=int, default=15_360, help="a multiple of 64 (default 15360)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=7, help="the best of this many runs counts (default 7)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.patterns < 64 or options.patterns % 64 or options.repeat < 1:
        parser.error("--patterns must be a positive multiple of 64, and --repeat positive")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    path = options.file or Path(os.environ.get("HWDESIGN_DATA", beside)) / "aig" / "epfl" / "div.aig"
    known = options.file or path.is_file()
    aig = load(path) if known else random_aig(128, 57_247, options.seed)
    row = measure(aig, options.patterns, options.seed, options.repeat)
    if options.json:
        print(json.dumps(row))
    else:
        print(f"{row['circuit']}: {row['ands']} ANDs, {row['patterns']} random patterns, seed {row['seed']}, one core")
        print(f"  hwdesign.kernels.count_ones        {row['count_ones_s'] * 1e3:9.2f} ms")
        print(f"  the same with toggle counts        {row['count_ones_and_toggles_s'] * 1e3:9.2f} ms")
        print(
            f"  NumPy, level by level, whole matrix {row['numpy_s'] * 1e3:8.2f} ms  ({row['speedup']:.0f} times ours)"
        )
        print(f"  same patterns, same counts: {'yes' if row['same_counts'] else 'NO'}; sum {row['counts_sum']}")
    return 0 if row["same_counts"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
