"""Print the tables of the SFQ wing, its peers and references beside it.

| table    | what it holds                                                                          |
|----------|----------------------------------------------------------------------------------------|
| accuracy | pulses and phases against JoSIM's stored output on RSFQlib's cells                     |
| physics  | laws: flux quantum, I-V curve, plasma frequency, energy, noise, convergence            |
| engine   | junction-steps a second, a yield run, a long line, the synapse's curve; JoSIM's times  |
| engines  | delays and phases against ngspice, PySpice and JoSIM, where they are installed         |
| analysis | margins, yield, transfer curve and optimiser of the commands                           |
| network  | XOR and majority from training to chips, over seeds                                    |

Each table is a script of its own in benchmarks/sfq_tables/, with its own options, and runs in a process of its own.
Decks and references come from the shared data (HWDESIGN_DATA).

Run: python benchmarks/sfq.py [--only accuracy,engine]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

TABLES = ("accuracy", "physics", "engine", "engines", "analysis", "network")


def main() -> int:
    """Run the tables one after the other; 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(TABLES), help="names of tables, comma between them")
    chosen = parser.parse_args().only.split(",")
    if unknown := [name for name in chosen if name not in TABLES]:
        parser.error(f"there is no table {unknown[0]!r}: choose from {', '.join(TABLES)}")
    failed = 0
    for name in chosen:
        print(f"\n== {name}", flush=True)
        failed |= subprocess.run([sys.executable, Path(__file__).parent / "sfq_tables" / f"{name}.py"]).returncode
    return int(failed != 0)


if __name__ == "__main__":
    raise SystemExit(main())
