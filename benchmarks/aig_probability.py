"""Signal probability on public circuits that no training touched: the encoder beside COP and the constant mean.

Trains `sims/aig_demo.yaml` once for each seed (and for each --prior asked for), then prints the mean absolute
error and R² of every circuit, averaged over seeds. Nothing is chosen by these circuits.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from hwdesign.aig import METHODS, evaluate, train
from hwdesign.aig.compare import better
from hwdesign.learn import load_config

ROOT = Path(__file__).resolve().parent.parent
CIRCUITS = (
    *(f"iscas/iscas85/c{name}.bench.gz" for name in (432, 499, 880, 1355, 1908, 2670, 3540, 5315, 6288, 7552)),
    *(f"iscas/iscas89/s{name}.bench.gz" for name in (1196, 1423, 13207, 38417)),
    *(f"itc99/b{name}.bench.gz" for name in ("05", "11", "12", "14", "15")),
    *(f"epfl/{name}.aig" for name in ("adder", "arbiter", "bar", "cavlc", "ctrl", "dec", "i2c", "int2float", "max")),
    *(f"epfl/{name}.aig" for name in ("priority", "router", "sin", "voter", "multiplier", "square")),
)
ABLATIONS = {
    "covariance": [],
    "window": ["model.prior=window"],
    "cop": ["model.prior=cop"],
    "none": ["model.prior=none", "model.recurrent=true", "model.level_feature=true", "model.cop_feature=false"],
    "none+cop": ["model.prior=none", "model.recurrent=true", "model.level_feature=true", "model.cop_feature=true"],
}


def main() -> None:
    """Parse the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--prior", action="append", choices=list(ABLATIONS), help="covariance unless given; repeatable")
    parser.add_argument("--set", action="append", default=[], help="override, key.key=value")
    options = parser.parse_args()
    named = os.environ.get("HWDESIGN_DATA")
    data = (Path(named) if named else ROOT.parent / "shared" / "data") / "aig"
    files = [data / name for name in CIRCUITS if (data / name).is_file()]
    if not files:
        sys.exit("public circuits not found: set HWDESIGN_DATA to their folder")
    with tempfile.TemporaryDirectory(prefix="hwdesign-bench-") as folder:
        for name in options.prior or ["covariance"]:
            run(name, [*ABLATIONS[name], *options.set], options.seeds, files, data, Path(folder))


def run(name: str, overrides: list[str], seeds: int, files: list[Path], data: Path, folder: Path) -> None:
    """Train and evaluate one prior; print its table."""
    found = []
    start = time.monotonic()
    for seed in range(seeds):
        settings = [*overrides, f"seed={seed}", f"data.cache={folder / 'cache'}"]
        config = load_config(ROOT / "sims" / "aig_demo.yaml", settings)
        summary = train(config, folder / f"{name}-{seed}", progress=False)
        print(
            f"# prior {name}, seed {seed}: validation chose epoch {summary.best_epoch} of {summary.epochs}, error "
            f"{summary.validation:.4f}, {summary.seconds:.0f} s. {summary.verdict}",
            flush=True,
        )
        found.append(evaluate(folder / f"{name}-{seed}", files).circuits)
    print(f"# {time.monotonic() - start:.0f} s in all")
    heads = [f"{method} MAE" for method in METHODS]
    print(
        f"{'circuit':<28} {'gates':>7} {'depth':>5} "
        + " ".join(f"{head:>13}" for head in heads)
        + "   model R²   COP R²"
    )
    columns: dict[str, list[float]] = {method: [] for method in METHODS}
    wins = 0
    for at, file in enumerate(files):
        per_seed = [circuits[at] for circuits in found]
        mae = {method: statistics.fmean(c.methods[method].mae for c in per_seed) for method in METHODS}
        spread = statistics.stdev(c.methods["model"].mae for c in per_seed) if seeds > 1 else 0.0
        wins += better(mae["model"], mae["cop"])
        for method, value in mae.items():
            columns[method].append(value)
        r2 = [statistics.fmean(c.methods[method].r2 for c in per_seed) for method in ("model", "cop")]
        label = str(file.relative_to(data).with_suffix("")).removesuffix(".bench")
        values = [f"{mae['model']:.4f}±{spread:.4f}", *(f"{mae[method]:.4f}" for method in METHODS[1:])]
        cells = " ".join(f"{value:>13}" for value in values)
        print(f"{label:<28} {per_seed[0].ands:>7} {per_seed[0].depth:>5} {cells}   {r2[0]:>8.4f} {r2[1]:>8.4f}")
    means = " ".join(f"{statistics.fmean(columns[method]):>13.4f}" for method in METHODS)
    print(f"{'mean over circuits':<28} {'':>7} {'':>5} {means}")
    print(f"# the model's error is below COP's on {wins} of {len(files)} circuits\n", flush=True)


if __name__ == "__main__":
    main()
