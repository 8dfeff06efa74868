"""The shared sky130 library against OpenSTA, which reads the same file by itself."""

from __future__ import annotations

import gzip
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from hwdesign.formats.liberty import read_liberty
from hwdesign.netlist.boolean import parse_function, truth_table, variables
from hwdesign.netlist.timing_library import ArcKind, Axis, PinDirection, TimingLibrary
from hwdesign.tools import run_tool
from tests.conftest import require_tool

# Cells of every sort: inverting, non-unate, several arcs between two pins, flip-flops, latches, clock gates, tristate.
CELLS = (
    "inv_1 nand2_1 xor2_1 xnor3_1 mux4_2 fa_1 a2111oi_0 dfxtp_1 dfrtp_1 dfbbn_1 sdfxbp_2 edfxtp_1 dlxtp_1 dlclkp_1 "
    "ebufn_4 einvp_1 clkbuf_16 and4bb_1"
).split()
_PREFIX = "sky130_fd_sc_hd__"


@pytest.fixture(scope="module")
def lib_file(shared_data: Path) -> Path:
    path = shared_data / "timing" / "tech" / "sky130hd_tt.lib.gz"
    if not path.exists():
        pytest.skip("the shared data hold no Liberty library")
    return path


@pytest.fixture(scope="module")
def sky130(lib_file: Path) -> TimingLibrary:
    return read_liberty(lib_file)


def test_sky130(sky130: TimingLibrary) -> None:
    assert (sky130.name, len(sky130.cell_names)) == ("sky130_fd_sc_hd__tt_025C_1v80", 428)
    assert (sky130.slew_lower, sky130.slew_upper, sky130.slew_derate) == ((0.2, 0.2), (0.8, 0.8), 1.0)
    assert sky130.nominal == (1.0, 25.0, 1.8)
    assert sky130.default_max_slew == 1.5
    assert sky130.default_wire_load == "Small"
    assert sky130.ignored == {}
    # Counted in the text: 428 cells, 1,842 timing groups each with one related pin.
    assert sky130.arc_ptr[-1] == 1842
    assert np.isfinite(sky130.table_values).all()
    delays = sky130.arc_kind[~sky130.arc_is_check]
    assert set(delays.tolist()) == {
        ArcKind.COMBINATIONAL, ArcKind.RISING_EDGE, ArcKind.FALLING_EDGE, ArcKind.PRESET, ArcKind.CLEAR,
        ArcKind.THREE_STATE_ENABLE, ArcKind.THREE_STATE_DISABLE,
    }  # fmt: skip
    kinds = [storage.kind for storage in sky130.cell_storage if storage]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "ff": 45,
        "latch": 18,
        "statetable": 6,
    }  # 24 flip-flops more stand in test_cell groups


def test_read_within_a_second(lib_file: Path) -> None:
    begin = time.process_time()
    read_liberty(lib_file)
    assert time.process_time() - begin < 1.5  # 0.3 s on the machine of the README's figures


def test_against_opensta(sky130: TimingLibrary, lib_file: Path, tmp_path: Path) -> None:
    """Every value that OpenSTA reports of arcs through 18 cells comes out of our tables, and no arc is missing."""
    require_tool("sta")
    with gzip.open(lib_file) as packed, (tmp_path / "sky130.lib").open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    names = [_PREFIX + name for name in CELLS]
    (tmp_path / "t.v").write_text(_module(sky130, names))
    queries = []
    for at, name in enumerate(names):
        for source, target, _ in sorted(_arcs(sky130, name)):
            if source != target:
                arc = f"-from u{at}/{source} -to u{at}/{target} -digits 7"
                # Hold and removal checks belong to the earliest corner.
                queries.append(f"puts ==={name}/{source}/{target}; report_dcalc {arc}; report_dcalc -min {arc}")
    cells = "".join(f"puts ==={name}; report_lib_cell {name}\n" for name in names)
    (tmp_path / "t.tcl").write_text(
        "read_liberty sky130.lib\nread_verilog t.v\nlink_design t\ncreate_clock -name c -period 10\n"
        "set_input_transition 0.077 [all_inputs]\nset_load 0.013 [all_outputs]\n"
        + "\n".join(queries)
        + f"\nset_cmd_units -capacitance fF\n{cells}"
    )
    done = run_tool(["sta", "-exit", "t.tcl"], cwd=tmp_path, timeout_s=120, memory_mb=None)
    blocks = done.stdout.split("===")[1:]
    assert len(blocks) == len(queries) + len(names)
    compared = sum(_compare(sky130, *block.split("\n", 1)) for block in blocks[: len(queries)])
    assert compared > 300
    for block in blocks[len(queries) :]:
        _compare_pins(sky130, *block.split("\n", 1))


def _arcs(lib: TimingLibrary, name: str) -> set[tuple[str, str, bool]]:
    cell = lib.cell(name)
    rows = range(int(lib.arc_ptr[cell]), int(lib.arc_ptr[cell + 1]))
    return {(lib.pin_names[lib.arc_from[at]], lib.pin_names[lib.arc_to[at]], bool(lib.arc_is_check[at])) for at in rows}


def _module(lib: TimingLibrary, names: list[str]) -> str:
    ports, cells = [], []
    for at, name in enumerate(names):
        cell = lib.cell(name)
        pins = [row for row in range(int(lib.pin_ptr[cell]), int(lib.pin_ptr[cell + 1])) if lib.pin_direction[row] < 2]
        side = ("input", "output")
        ports += [f"{side[lib.pin_direction[row]]} p{at}_{lib.pin_names[row]}" for row in pins]
        joined = ", ".join(f".{lib.pin_names[row]}(p{at}_{lib.pin_names[row]})" for row in pins)
        cells.append(f"  {name} u{at} ({joined});\n")
    return f"module t ({', '.join(port.split()[1] for port in ports)});\n" + "".join(
        [f"  {port};\n" for port in ports] + cells + ["endmodule\n"]
    )


_TABLE = re.compile(r"-+ (\w+) = (\S+)\n(?:\| +(\w+) = (\S+)\n)?.*?Table value = (\S+)\n", re.DOTALL)
_PIN = re.compile(
    r"^ (\w+) (input|output|tristate)(?: (?:enable|function)=\S+)*(?: (?:r )?([\d.]+)(?: f ([\d.]+))?)?", re.MULTILINE
)
_ROWS = ("input_net_transition", "related_pin_transition")


def _compare(lib: TimingLibrary, head: str, text: str) -> int:
    """Number of values compared: each that OpenSTA looked up is among those of our arcs between the two pins."""
    name, source, target = head.strip().split("/")
    cell = lib.cell(name)
    arcs = [
        at
        for at in range(int(lib.arc_ptr[cell]), int(lib.arc_ptr[cell + 1]))
        if (lib.pin_names[lib.arc_from[at]], lib.pin_names[lib.arc_to[at]]) == (source, target)
    ]
    # OpenSTA prints constants (slews of disabled outputs) in other words.
    tables = {int(t) for at in arcs for t in lib.arc_table[at] if t >= 0 and lib.table_shape[t].max() > 1}
    found = _TABLE.findall(text)
    seen = set()
    for first, first_value, second, second_value, value in found:
        axes = {first: float(first_value), second: float(second_value or 0)}
        row = next((axes[axis] for axis in _ROWS if axis in axes), 0.0)
        col = axes.get("total_output_net_capacitance", axes.get("constrained_pin_transition", 0.0))
        ours = {table: float(lib.look_up(table, row, col)) for table in tables}
        near = [table for table, mine in ours.items() if abs(mine - float(value)) < 2e-6 + 1e-6 * abs(mine)]
        assert near, (head, axes, value, ours)
        seen.update(near)
    assert seen == tables, (head, tables - seen)
    return len(found)


def test_axes_are_told_apart(sky130: TimingLibrary) -> None:
    checks = sky130.arc_table[sky130.arc_is_check][:, :2]
    used = np.unique(checks[checks >= 0])
    assert set(sky130.table_axes[used, 0].tolist()) == {Axis.RELATED_SLEW}


def _compare_pins(lib: TimingLibrary, name: str, text: str) -> None:
    """Directions, functions, and capacitances to the digits that OpenSTA prints."""
    cell = lib.cell(name)
    rows = range(int(lib.pin_ptr[cell]), int(lib.pin_ptr[cell + 1]))
    ours = {
        lib.pin_names[at]: ("input" if lib.pin_direction[at] == 0 else "output", *(1000 * lib.pin_cap[at]).tolist())
        for at in rows
        if lib.pin_direction[at] != PinDirection.INTERNAL
    }
    theirs = {
        m[1]: (m[2].replace("tristate", "output"), float(m[3] or 0), float(m[4] or m[3] or 0))
        for m in _PIN.finditer(text)
    }
    assert ours.keys() == theirs.keys(), name
    for pin, (direction, *caps) in theirs.items():
        assert ours[pin][0] == direction, (name, pin)
        assert ours[pin][1:] == pytest.approx(caps, abs=0.00501), (name, pin)
    functions = dict(re.findall(r"^ (\w+) (?:output|tristate) .*function=(\S+)", text, re.MULTILINE))
    assert functions or name.endswith("dlclkp_1")  # a clock gate, whose output has a state table
    for pin, function in functions.items():
        ours_text = lib.pin_function[lib.pin(cell, pin)]
        assert ours_text is not None
        mine, other = parse_function(ours_text), parse_function(function)
        inputs = tuple(sorted(variables(mine)))
        assert truth_table(mine, inputs) == truth_table(other, inputs), (name, pin)
