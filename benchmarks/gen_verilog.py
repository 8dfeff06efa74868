"""Write a random structural Verilog file of a given number of gates: the input of the readers' benchmarks.

    python benchmarks/gen_verilog.py 1000000 big.v --style cells

The gates form a directed acyclic graph: a gate reads nets that stand before it, most of them near. The text is
streamed and depends on the number of gates, the style and the seed only.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

CELLS = {"NAND2": 2, "NOR2": 2, "AND2": 2, "OR2": 2, "XOR2": 2, "INV": 1, "AOI21": 3, "OAI21": 3, "MUX2": 3}
PRIMITIVES = {"nand": 2, "nor": 2, "and": 2, "or": 2, "xor": 2, "xnor": 2, "not": 1}
PINS = "ABC"
CHUNK = 10_000


def gates(count: int, inputs: int, style: str, rng: random.Random) -> Iterator[str]:
    """One instance a line; gate i drives net n{inputs + i}."""
    kinds = CELLS if style == "cells" else PRIMITIVES
    names = list(kinds)
    for i in range(count):
        kind = names[int(rng.random() * len(names))]
        own = inputs + i
        nets = []
        for _ in range(kinds[kind]):
            # One fan-in in ten comes from anywhere before, the others from the last few hundred nets.
            reach = own if rng.random() < 0.1 else min(own, 300)
            nets.append(own - 1 - int(rng.random() * reach))
        if style == "cells":
            pins = "".join(f".{pin}(n{net}), " for pin, net in zip(PINS, nets, strict=False))
            yield f"  {kind} u{i} ({pins}.Y(n{own}));\n"
        else:
            yield f"  {kind} u{i} (n{own}, {', '.join(f'n{net}' for net in nets)});\n"


def write(count: int, out: TextIO, style: str = "cells", seed: int = 1) -> None:
    """Write one module `top` of `count` gates."""
    inputs = max(4, min(1000, count // 10))
    outputs = max(1, min(1000, count // 10))
    rng = random.Random(seed)
    ports = [f"n{i}" for i in range(inputs)] + [f"y{i}" for i in range(outputs)]
    out.write(f"// {count} gates, style {style}, seed {seed}\nmodule top ({', '.join(ports)});\n")
    out.writelines(f"  input n{i};\n" for i in range(inputs))
    out.writelines(f"  output y{i};\n" for i in range(outputs))
    out.writelines(f"  wire n{inputs + i};\n" for i in range(count))
    chunk: list[str] = []
    for line in gates(count, inputs, style, rng):
        chunk.append(line)
        if len(chunk) == CHUNK:
            out.write("".join(chunk))
            chunk.clear()
    out.write("".join(chunk))
    out.writelines(f"  assign y{i} = n{inputs + count - 1 - i};\n" for i in range(outputs))
    out.write("endmodule\n")


def main() -> None:
    """Parse the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gates", type=int, help="number of gates")
    parser.add_argument("out", type=Path, help="file to write")
    parser.add_argument("--style", choices=("cells", "primitives"), default="cells")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.gates < 1:
        parser.error("the number of gates must be at least 1")
    with args.out.open("w", encoding="ascii") as out:
        write(args.gates, out, args.style, args.seed)


if __name__ == "__main__":
    main()
