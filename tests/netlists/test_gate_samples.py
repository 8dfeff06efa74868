"""The gate-level and AIG samples do what their headers say; written Verilog simulates alike in Icarus Verilog."""

from __future__ import annotations

import itertools
import random
import subprocess
from pathlib import Path

import pytest

from hwdesign.circuits import generate
from hwdesign.formats import read, write
from hwdesign.netlist import Netlist
from hwdesign.netlist.check import check
from hwdesign.netlist.evaluate import Evaluator
from tests.conftest import ROOT, require_tool
from tests.strategies import Shape, random_netlist

SAMPLES = ROOT / "netlists"
CELLS = SAMPLES / "gates" / "hwdesign_cells.v"


def test_ripple_adder() -> None:
    netlist = read(SAMPLES / "gates" / "ripple_adder4.v")
    assert netlist.top == "ripple_adder4"
    pairs = list(itertools.product(range(16), range(16), range(2)))
    a, b, cin = ([p[k] for p in pairs] for k in range(3))
    done = Evaluator(netlist)({"a": a, "b": b, "cin": cin})
    total = [s + 16 * c for s, c in zip(done.outputs["sum"], done.outputs["cout"], strict=True)]
    assert total == [sum(p) for p in pairs]


def test_gray_register_counts_in_gray_code() -> None:
    run = Evaluator(read(SAMPLES / "gates" / "gray_register.blif"))
    state, seen = run.initial_state(), []
    for enable in [1] * 9 + [0, 0, 1]:
        done = run({"en": enable}, state)
        seen.append((done["g2"], done["g1"], done["g0"]))
        state = dict(done.state)
    order = [(n ^ n >> 1) for n in [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 1, 1]]
    assert seen == [(g >> 2 & 1, g >> 1 & 1, g & 1) for g in order]


def test_majority_voter() -> None:
    votes = list(itertools.product(range(2), repeat=5))
    run = Evaluator(read(SAMPLES / "gates" / "majority_voter.bench"))
    done = run({f"v{k}": [v[k] for v in votes] for k in range(5)})
    assert done.outputs["majority"] == [int(sum(v) >= 3) for v in votes]
    assert done.outputs["unanimous"] == [int(sum(v) in (0, 5)) for v in votes]


def test_aig_samples() -> None:
    adder = Evaluator(read(SAMPLES / "aig" / "full_adder.aag"))
    for a, b, cin in itertools.product(range(2), repeat=3):
        done = adder({"a": a, "b": b, "cin": cin})
        assert done["sum"] + 2 * done["cout"] == a + b + cin
    toggle = Evaluator(read(SAMPLES / "aig" / "toggle_enable.aag"))
    state, seen = toggle.initial_state(), []
    for enable in (1, 1, 0, 1, 0):
        done = toggle({"enable": enable, "unused": 0}, state)
        seen.append((done["q"], done["q_n"]))
        state = dict(done.state)
    assert [q for q, _ in seen] == [0, 1, 0, 0, 1]
    assert all(q + n == 1 for q, n in seen)


# The simulation models are behavioural.
NETLISTS = sorted(p.name for p in (SAMPLES / "gates").iterdir() if p.suffix != ".md" and p != CELLS)


@pytest.mark.parametrize("path", NETLISTS)
def test_gate_samples_check_clean(path: str) -> None:
    assert [f for f in check(read(SAMPLES / "gates" / path)) if f.severity == "error"] == []


def _icarus(netlist: Netlist, stimuli: list[dict[str, int]], folder: Path) -> list[dict[str, int]]:
    """Output bits in each cycle, by Icarus Verilog on what we write."""
    iverilog, vvp = require_tool("iverilog"), require_tool("vvp")
    write(netlist, folder / "dut.v")
    m = netlist.top_module
    ports = dict(zip(m.port_labels(), m.port_dir.tolist(), strict=True))
    names = {port: f"p{k}" for k, port in enumerate(ports)}
    hooks: dict[str, list[str]] = {}
    for port, bus in zip(m.port_labels(), m.port_bus.tolist(), strict=True):
        hooks.setdefault(port if bus < 0 else m.buses[bus].name, []).append(names[port])
    joined = ", ".join(f".{base}({{{', '.join(bits)}}})" for base, bits in hooks.items())
    lines = [f"  {'reg' if way == 0 else 'wire'} {names[p]};" for p, way in ports.items()]
    lines += [f"  {netlist.top} dut ({joined});", "  initial begin"]
    clocked = "clk" in ports
    for stimulus in stimuli:
        lines += [f"    {names[p]} = {v};" for p, v in stimulus.items()] + (["    p_clk = 0;"] if clocked else [])
        outs = [names[p] for p, way in ports.items() if way == 1]
        lines.append(f'    #1 $display("{"%b" * len(outs)}", {", ".join(outs)});')
        lines += ["    p_clk = 1;", "    #1;"] if clocked else []
    text = "\n".join(["module bench;", *lines, "  end", "endmodule", ""])
    if clocked:
        text = text.replace(f"reg {names['clk']};", f"reg p_clk; wire {names['clk']} = p_clk;")
    (folder / "bench.v").write_text(text)
    command = [str(iverilog), "-g2005", "-o", "sim", "-s", "bench", "bench.v", "dut.v", str(CELLS)]
    subprocess.run(command, cwd=folder, check=True, timeout=60, capture_output=True)
    done = subprocess.run([str(vvp), "sim"], cwd=folder, check=True, timeout=60, capture_output=True, text=True)
    outs = [p for p, way in ports.items() if way == 1]
    return [dict(zip(outs, map(int, line), strict=True)) for line in done.stdout.split()]


@pytest.mark.parametrize("seed", range(6))
def test_written_verilog_simulates_alike_in_icarus(seed: int, tmp_path: Path) -> None:
    registers = 3 if seed % 2 else 0
    netlist = random_netlist(random.Random(seed), Shape(gates=25, registers=registers, levels=seed % 3))
    rng = random.Random(seed)
    m = netlist.top_module
    inputs = [p for p, way in zip(m.port_labels(), m.port_dir.tolist(), strict=True) if way == 0 and p != "clk"]
    stimuli = [{p: rng.getrandbits(1) for p in inputs} for _ in range(8)]
    run = Evaluator(netlist)
    state, expected = run.initial_state(), []
    for stimulus in stimuli:
        given = stimulus | ({"clk": 0} if "clk" in m.port_labels() else {})
        outputs, state = run.run_bits(given, 1, state)
        expected.append(outputs)
    assert _icarus(netlist, stimuli, tmp_path) == expected


def test_a_generated_circuit_simulates_alike_in_icarus(tmp_path: Path) -> None:
    netlist = generate("adder-kogge-stone", width=4)
    rng = random.Random(7)
    inputs = [p for p, w in zip(netlist.top_module.port_labels(), netlist.top_module.port_dir, strict=True) if w == 0]
    stimuli = [{p: rng.getrandbits(1) for p in inputs} for _ in range(10)]
    run = Evaluator(netlist)
    assert _icarus(netlist, stimuli, tmp_path) == [run.run_bits(s, 1)[0] for s in stimuli]
