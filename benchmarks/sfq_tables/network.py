"""SFQ networks end to end: training, circuit-level decisions, margin, energy and latency, over training seeds.

Trains each configuration once a seed and simulates its circuit on chips of its own. Nothing is chosen by the circuit.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from hwdesign.sfq.network import TASKS, Spread, load_network_config, simulate_patterns, train_network

SIMS = Path(__file__).resolve().parents[2] / "sims"


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=["xor", "majority"], help="names of YAML files in sims/")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--chips", type=int, default=256)
    args = parser.parse_args()
    print("| network | seed | junctions | spread | right | worst pattern | chips all right | with bias spread "
          "| held out | least margin | energy (aJ) | latency (ps) | CPU (s) |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name in args.networks:
        for seed in range(args.seeds):
            begin = time.process_time()
            config = load_network_config(SIMS / f"{name}.yaml", [f"seed={seed}"])
            task = TASKS[config.task]()
            network = train_network(config).network
            sigma = config.spread
            spreads = (Spread.local(sigma), Spread(sigma, sigma, sigma, sigma))
            run, biased = (
                simulate_patterns(
                    network, task.patterns, task.labels, chips=args.chips, spread=spread, seed=1000 + seed,
                    threads=config.train.threads,
                )
                for spread in spreads
            )  # fmt: skip
            held = "-"
            if task.held_out is not None and task.held_out.weights is not None:
                other, weights = task.held_out, task.held_out.weights
                found = simulate_patterns(
                    network, other.patterns, other.labels, chips=args.chips, spread=spreads[0], seed=1000 + seed,
                    threads=config.train.threads,
                )  # fmt: skip
                held = f"{100 * (found.correct @ weights).mean() / weights.sum():.2f} %"
            print(
                f"| {name} | {seed} | {run.junctions} | {100 * sigma:g} % | {100 * run.correct.mean():.2f} % "
                f"| {100 * run.correct.mean(axis=0).min():.2f} % | {100 * run.all_correct:.2f} % "
                f"| {100 * biased.all_correct:.2f} % | {held} | {run.margins.min():.3f} | {run.energy_aj.mean():.1f} "
                f"| {np.nanmean(run.latency_ps):.0f} | {time.process_time() - begin:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
