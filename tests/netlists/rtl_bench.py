"""Check an RTL design against a Python model, in Icarus Verilog and as the AIG that synthesis makes of it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from hwdesign.formats._yosys import synthesise
from tests.conftest import ROOT, require_tool
from tests.formats.aiger_steps import AigerSteps

RTL = ROOT / "netlists" / "rtl"

Step = Mapping[str, int]


def check(
    folder: Path,
    top: str,
    steps: Sequence[Step],
    expected: Sequence[Step],
    *,
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    parameters: Mapping[str, int] | None = None,
    needs: Sequence[str] = (),
    clocked: bool = True,
    aig_steps: int = 60,
) -> None:
    """Drive `steps` into `top` and compare what comes out, in each cycle before its clock edge, with `expected`.

    `inputs` and `outputs` give the ports' widths. An input that a step leaves out is 0; an output that an expectation
    leaves out is not compared. The AIG is checked over the first `aig_steps`.
    """
    assert len(steps) == len(expected) > 1
    files = [RTL / f"{name}.v" for name in (top, *needs)]
    aig = AigerSteps(synthesise(files, target="aig", top=top, parameters=parameters).data)
    compare("AIG", [aig.step(step) for step in steps[:aig_steps]], expected[:aig_steps], steps)
    require_tool("iverilog")
    require_tool("vvp")
    seen = simulate(folder, files, top, steps, inputs, outputs, parameters or {}, clocked)
    compare("Icarus Verilog", seen, expected, steps)


def compare(
    who: str, seen: Sequence[Mapping[str, int | None]], expected: Sequence[Step], steps: Sequence[Step]
) -> None:
    assert len(seen) == len(expected)
    for cycle, (got, want) in enumerate(zip(seen, expected, strict=True)):
        for name, value in want.items():
            assert got[name] == value, f"{who}, cycle {cycle}, {name}: {got[name]}, not {value}; inputs {steps[cycle]}"


def simulate(
    folder: Path,
    files: Sequence[Path],
    top: str,
    steps: Sequence[Step],
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    parameters: Mapping[str, int],
    clocked: bool,
) -> list[dict[str, int | None]]:
    """What Icarus Verilog sees of the outputs in each cycle; None where a bit is unknown."""
    in_width, out_width = sum(inputs.values()), sum(outputs.values())
    rows = []
    for step in steps:
        assert set(step) <= set(inputs)
        word = 0
        for name, width in inputs.items():
            word = word << width | step.get(name, 0) & ((1 << width) - 1)
        rows.append(f"{word:x}")
    (folder / "steps.hex").write_text("\n".join(rows) + "\n")
    ports = [f".{name}({name})" for name in (*inputs, *outputs)] + ([".clk(clk)"] if clocked else [])
    lines = [
        "`timescale 1ns/1ns",
        "module bench;",
        "  reg clk = 0;",
        *(f"  reg [{width - 1}:0] {name};" for name, width in inputs.items()),
        *(f"  wire [{width - 1}:0] {name};" for name, width in outputs.items()),
        f"  reg [{in_width - 1}:0] steps [0:{len(steps) - 1}];",
        f"  wire [{out_width - 1}:0] seen = {{{', '.join(outputs)}}};",
        "  integer i;",
        f"  {top} #({', '.join(f'.{name}({value})' for name, value in parameters.items())}) dut ({', '.join(ports)});",
        "  initial begin",
        '    $readmemh("steps.hex", steps);',
        f"    for (i = 0; i < {len(steps)}; i = i + 1) begin",
        f"      {{{', '.join(inputs)}}} = steps[i];",
        '      #4 $display("%b", seen);',
        "      #1 clk = 1;",
        "      #5 clk = 0;",
        "    end",
        "  end",
        "endmodule",
    ]
    (folder / "bench.v").write_text("\n".join(lines) + "\n")
    compiler = ["iverilog", "-g2005", "-Wall", "-o", "bench.vvp", "bench.v", *map(str, files)]
    done = subprocess.run(compiler, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "timescale" not in line] == []
    run = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    result: list[dict[str, int | None]] = []
    for row in run.stdout.split():
        at, values = 0, {}
        for name, width in outputs.items():
            bits = row[at : at + width]
            values[name] = int(bits, 2) if set(bits) <= {"0", "1"} else None
            at += width
        result.append(values)
    return result


def signed(value: int, width: int) -> int:
    """Two's complement of `width` bits."""
    value &= (1 << width) - 1
    return value - (1 << width) if value >> (width - 1) else value
