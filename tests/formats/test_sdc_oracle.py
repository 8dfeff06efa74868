"""SDC against OpenSTA: what it understands of a file and writes anew means the same to us as the file itself."""

from __future__ import annotations

import csv
import gzip
import shutil
from pathlib import Path

import pytest

from hwdesign.formats import read
from hwdesign.formats.liberty import read_liberty
from hwdesign.formats.sdc import read_sdc
from hwdesign.netlist import Module
from hwdesign.netlist.constraint_targets import bind
from hwdesign.netlist.constraints import Constraints, Objects, PathPoint
from hwdesign.netlist.timing_types import cell_library
from hwdesign.tools import run_tool
from tests.conftest import require_tool

SDC = """set p 20
create_clock -name clk -period $p -waveform {1 11} [get_ports {clk}]
create_clock -name virt -period 8
set_propagated_clock [get_clocks clk]
set_clock_uncertainty -setup 0.25 clk
set_clock_uncertainty -hold 0.1 [get_clocks virt]
set_clock_latency -source -early 0.3 [get_clocks virt]
set_clock_transition 0.12 [get_clocks clk]
set_input_delay 0.5 -clock clk -max -rise [get_ports {{ui_in[0]} ui_in[1]}]
set_input_delay 1.5 -clock virt -clock_fall -add_delay [get_ports ui_in[0]]
set_output_delay -clock [get_clocks clk] -0.25 [all_outputs]
set_input_transition 0.05 [all_inputs]
set_input_transition 0.07 [get_ports ui_in]
set_load -pin_load 0.01 [all_outputs]
set_load -wire_load 0.003 [get_ports uo_out[*]]
set_driving_cell -lib_cell sky130_fd_sc_hd__inv_2 -pin Y -input_transition_rise 0.2 [get_ports {ena rst_n}]
set_false_path -from [get_ports rst_n] -to [get_clocks clk]
set_multicycle_path 2 -setup -from [get_clocks clk] -to [get_ports uo_out[0]]
set_multicycle_path 1 -hold -end -to [get_ports {uo_out[0]}]
set_max_delay 3 -from [get_ports ui_in[2]] -to [get_ports {uo_out[1] uo_out[2]}]
set_case_analysis 0 [get_ports ui_in[7]]
"""
DESIGN = "tt04/tt_um_alu"


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    folder = shared_data / "timing"
    if not folder.is_dir():
        pytest.skip("the shared data hold no timing designs")
    return folder


@pytest.fixture(scope="module")
def module(folder: Path) -> Module:
    types = cell_library(read_liberty(folder / "tech" / "sky130hd_tt.lib.gz"))
    return read(folder / DESIGN / "netlist.v.gz", library=types).top_module


def meaning(constraints: Constraints, module: Module) -> dict[str, object]:
    """What constraints set, object by object, edge by edge, corner by corner."""
    bound = bind(constraints, module).require()
    ports = module.port_labels()

    def names(objects: Objects) -> tuple[str, ...]:
        found = bound[objects]
        return (*sorted(ports[at] for at in found.ports), *sorted(found.clocks), *sorted(bound.pin_names(found.pins)))

    def point(one: PathPoint | None) -> object:
        return one and (names(one.objects), one.edges)

    def both(pair: tuple[bool, bool]) -> list[int]:
        return [at for at in (0, 1) if pair[at]]

    return {
        "clocks": {c.name: (c.period, c.waveform, names(c.sources)) for c in constraints.clocks.values()},
        "delays": {
            (d.output, name, d.clock, d.clock_fall, edge, corner): d.value
            for d in constraints.port_delays
            for name in names(d.objects)
            for edge in both(d.edges)
            for corner in both(d.corners)
        },
        "values": {
            (v.quantity, name, edge, corner): v.value
            for v in constraints.port_values
            for name in names(v.objects)
            for edge in both(v.edges)
            for corner in both(v.corners)
        },
        "driving": {
            (name, edge, corner): (d.cell, d.pin, d.slew)
            for d in constraints.driving_cells
            for name in names(d.objects)
            for edge in both(d.edges)
            for corner in both(d.corners)
        },
        "exceptions": {
            (e.kind, e.value, point(e.source), tuple(map(point, e.through)), point(e.target), e.edges, e.checks)
            for e in constraints.exceptions
        },
        "uncertainty": {
            (name, check): u.value
            for u in constraints.uncertainties
            for name in names(u.objects)
            for check in both(u.checks)
        },
        "latency": {
            (name, u.source, u.early, u.late, edge, corner): u.value
            for u in constraints.latencies
            for name in names(u.objects)
            for edge in both(u.edges)
            for corner in both(u.corners)
        },
        "cases": {name: c.value for c in constraints.cases for name in names(c.objects)},
        "propagated": set(names(constraints.propagated)),
    }


def test_written_by_opensta(folder: Path, module: Module, tmp_path: Path) -> None:
    require_tool("sta")
    for name, target in (("tech/sky130hd_tt.lib.gz", "a.lib"), (f"{DESIGN}/netlist.v.gz", "a.v")):
        with gzip.open(folder / name) as packed, (tmp_path / target).open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    (tmp_path / "a.sdc").write_text(SDC)
    script = f"read_liberty a.lib\nread_verilog a.v\nlink_design {module.name}\nread_sdc a.sdc\nwrite_sdc b.sdc\n"
    (tmp_path / "a.tcl").write_text(script)
    done = run_tool(["sta", "-exit", "a.tcl"], cwd=tmp_path, timeout_s=120, memory_mb=None)
    assert "Error" not in done.stdout
    ours, theirs = meaning(read_sdc(tmp_path / "a.sdc"), module), meaning(read_sdc(tmp_path / "b.sdc"), module)
    for key, value in ours.items():
        assert value == theirs[key], key
        assert value, key


def test_all_shared_constraints(folder: Path) -> None:
    """Every design's file has one clock, whose port is there unless the index says that it is virtual."""
    with (folder / "index.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 200
    for row in rows:
        found = read_sdc(folder / row["set"] / row["name"] / "constraints.sdc")
        (clock,) = found.clocks.values()
        assert (clock.name, clock.period) == ("clk", 20.0)
        assert (not clock.sources) == (row["clk_trace"] == "virtual")
