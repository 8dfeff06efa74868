"""`hwdesign info`, `convert`, `check`, `partition`, `simulate`, `generate`, `data` on files that are in order."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import hwdesign.tools
from hwdesign.circuits import GENERATORS
from hwdesign.formats import read
from hwdesign.tools import ToolStatus
from tests.cli.conftest import LOOP, Cli, spawn


def test_info(cli: Cli, full_adder: Path) -> None:
    code, out, err = cli("info", full_adder)
    assert (code, err) == (0, "")
    assert out == (
        f"{full_adder}: verilog, 2 modules, top 'full'\n"
        "module  cells  nets  pins  inputs  outputs  inouts\n"
        "half        2     4     6       2        2       0\n"
        "full        3     8    11       3        2       0\n"
        "cells of 'full': half 2, OR2 1\n"
    )


def test_info_json(cli: Cli, full_adder: Path) -> None:
    found = cli("info", full_adder, "--json", "--top", "half").json
    assert (found["format"], found["top"]) == ("verilog", "half")
    half = found["modules"][0]
    assert half == {
        "name": "half",
        "cells": 2,
        "nets": 4,
        "pins": 6,
        "ports": {"in": 2, "out": 2, "inout": 0},
        "types": {"XOR2": 1, "AND2": 1},
    }


def test_info_of_an_aig_gives_its_depth(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.aag"
    path.write_text("aag 5 3 0 1 2\n2\n4\n6\n11\n8 4 2\n10 8 7\n")
    assert "AIG: 2 AND nodes, 0 latches, depth 2\n" in cli("info", path).out
    assert cli("info", path, "--json").json["modules"][0]["aig"] == {"ands": 2, "latches": 0, "depth": 2}


def test_info_rtl(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "r.v"
    path.write_text(
        "module r #(parameter W = 4) (input clk, input [W-1:0] d, output reg [W-1:0] q);\n"
        "  wire [W-1:0] e = ~d;\n"
        "  assign e = d;\n"
        "  always @(posedge clk) q <= e;\nendmodule\n"
    )
    code, out, err = cli("info", "--rtl", path)
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == [f"{path}: RTL, 1 module, top 'r'", "module 'r', line 1"]
    assert "  parameters: W = 4\n" in out
    assert "  clocks and resets: posedge clk\n  registers: q\n" in out
    assert cli("info", "--rtl", path, "--json").json["modules"][0]["registers"] == ["q"]
    assert cli("info", "--rtl", path, "--top", "r") == (
        2,
        "",
        "error: --rtl takes no --top, --from or --liberty; leave them out\n",
    )


@pytest.mark.parametrize("suffix", [".v", ".bench", ".blif", ".aag", ".aig", ".json", ".hwn", ".v.gz"])
def test_convert(cli: Cli, full_adder: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    code, out, err = cli("convert", full_adder, target, "--flatten", "--aig")
    assert (code, err) == (0, "")
    assert out.startswith(f"{target}: ")
    again = read(target)
    assert again.top_module.port_labels() == ["a", "b", "ci", "s", "co"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["full.v", target.name])


def test_convert_keeps_the_hierarchy_unless_told(cli: Cli, full_adder: Path, tmp_path: Path) -> None:
    found = cli("convert", full_adder, tmp_path / "o.hwn", "--json").json
    assert (found["modules"], found["cells"], found["format"]) == (2, 5, "hwn")
    found = cli("convert", full_adder, tmp_path / "half.txt", "--json", "--to", "blif", "--top", "half").json
    assert (found["format"], found["top"]) == ("blif", "half")
    assert (tmp_path / "half.txt").read_text().startswith((".model half", "#"))


def test_check_of_a_good_netlist(cli: Cli, full_adder: Path) -> None:
    assert cli("check", full_adder) == (0, f"{full_adder}: nothing found\n", "")


def test_check_prints_a_loop_by_name_and_fails(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "loop.bench"
    path.write_text(LOOP)
    code, out, err = cli("check", path)
    assert (code, err) == (1, "")
    first, last = out.splitlines()
    assert first.startswith(f"{path}:3: error: combinational loop of 3 cells: ")
    for name in ("-(y)->", "-(z)->", "-(w)->"):
        assert name in first
    assert first.endswith("[combinational-loop]")
    assert last == f"{path}: 1 error"
    found = cli("check", path, "--json")
    assert found.code == 1
    assert found.json["errors"] == 1
    assert found.json["findings"][0]["rule"] == "combinational-loop"


def test_check_strict(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "b.v"
    path.write_text("module t(input a, output y);\n  mystery u1 (.A(a), .Y(y));\nendmodule\n")
    code, out, err = cli("check", path)
    assert (code, err) == (0, "")
    assert out.startswith(f"{path}:2: warning: ")
    assert "'mystery'" in out
    assert "[unknown-cell]" in out
    assert cli("check", path, "--strict") == (
        1,
        "",
        f"error: {path}:2: module 'mystery' is defined nowhere; add its definition to the file\n",
    )


def test_partition(cli: Cli, tmp_path: Path) -> None:
    source, target = tmp_path / "m.hwn", tmp_path / "m.npz"
    cli("generate", "circuit", "multiplier-array", "-p", "width=6", "-o", source)
    found = cli("partition", source, "--parts", 4, "-o", target, "--json").json
    module = read(source).top_module
    assert sum(found["cells"]) == module.num_cells
    assert 0 < found["cut_edges"] < found["edges"]
    with np.load(target, allow_pickle=False) as stored:
        assert stored["part"].shape == (module.num_cells,)
        assert np.bincount(stored["part"]).tolist() == found["cells"]
        assert stored["cell"].tolist() == module.cell_labels()
    code, out, _ = cli("partition", source, "--parts", 4)
    assert code == 0
    assert out.startswith(f"{source}: 'multiplier_array_6x6', ")
    few = cli("partition", source, "--parts", 4, "--objective", "net", "--json").json
    assert few["cut_nets"] < found["cut_nets"] and few["cut_edges"] > found["cut_edges"]
    out = cli("partition", source, "--parts", 4, "--objective", "net").out
    assert out.endswith(f"\n{few['cut_nets']} nets cut, communication volume {few['volume']}\n")
    assert cli("partition", source, "--parts", 4, "-o", "m.txt").err == (
        "error: -o takes a name that ends in .npz, not 'm.txt'; write m.npz\n"
    )


def test_partition_of_edges(cli: Cli, tmp_path: Path) -> None:
    source, target = tmp_path / "edges.npy", tmp_path / "parts.npz"
    name = np.random.default_rng(0).permutation(400)
    np.save(source, np.stack([name[:-1], name[1:]], axis=1))
    found = cli("partition", source, "--parts", 4, "--imbalance", 0.05, "--halo", 3, "-o", target, "--json").json
    keys = "nodes edges cut_edges cut_fraction imbalance order_violations".split()
    assert [found[key] for key in keys] == [400, 399, 3, 3 / 399, pytest.approx(found["imbalance"]), 0]
    assert 0 <= found["imbalance"] <= 0.05 and found["seconds"] > 0 and found["peak_rss_mb"] > 10
    with np.load(target, allow_pickle=False) as stored:
        part = stored["part"]
        assert (np.diff(part[name]) >= 0).all() and np.bincount(part).tolist() == found["cells"]
        assert (np.diff(part[stored["order"]]) >= 0).all()
        crossing = name[:-1][part[name[:-1]] != part[name[1:]]]
        assert stored["frontier"].tolist() == crossing.tolist() and stored["frontier_ptr"].tolist() == [0, 0, 1, 2, 3]
        second = slice(*stored["halo_ptr"][1:3])
        assert stored["halo_owned"][second].sum() == found["cells"][1]
        assert len(stored["halo_nodes"][second]) == found["cells"][1] + 6
    ring = tmp_path / "ring.npy"
    np.save(ring, np.stack([np.arange(5), np.roll(np.arange(5), -1)], axis=1))
    assert cli("partition", ring, "--parts", 2).err == (
        f"error: {ring}: the graph has a cycle of 5 nodes: 0 -> 1 -> 2 -> 3 -> 4 -> 0; "
        "remove one of its edges, or condense cycles to keep each whole\n"
    )
    assert cli("partition", ring, "--parts", 2, "--condense", "--json").json["cut_edges"] == 0
    assert cli("partition", source, "--parts", 2, "--halo", 1).err == (
        "error: --halo stores the parts' surroundings; say where with -o OUT.npz\n"
    )


def test_simulate_aig(cli: Cli, full_adder: Path, tmp_path: Path) -> None:
    target = tmp_path / "nodes.csv"
    found = cli("simulate", "aig", full_adder, "--patterns", 1 << 16, "-o", target, "--json").json
    outputs = {item["name"]: item for item in found["outputs"]}
    assert outputs["s"]["probability"] == pytest.approx(0.5, abs=0.01)
    assert outputs["co"]["probability"] == pytest.approx(0.5, abs=0.01)
    assert outputs["co"]["switching"] == pytest.approx(0.5, abs=0.01)
    with target.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 1 + 3 + found["ands"]
    assert [row["kind"] for row in rows[:4]] == ["constant", "input", "input", "input"]
    again = cli("simulate", "aig", full_adder, "--seed", 2, "--json").json
    assert again["mean_switching"] != found["mean_switching"]
    assert cli("simulate", "aig", full_adder, "--patterns", 1 << 16, "--json").json["outputs"] == found["outputs"]


def test_simulate_a_counter(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "c.hwn"
    cli("generate", "circuit", "counter", "-p", "width=20", "-o", source)
    code, out, err = cli("simulate", "aig", source)
    assert (code, err) == (0, "")
    assert "20 latches" in out
    assert "output" in out


def test_generate(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "g.v"
    found = cli("generate", "circuit", "adder-ripple", "-p", "width=3", "-o", target, "--json").json
    assert (found["format"], found["ports"]) == ("verilog", 11)
    assert read(target).top_module.num_cells == found["cells"]


def test_generate_list(cli: Cli) -> None:
    listed = cli("generate", "list", "--json").json["circuits"]
    assert [item["name"] for item in listed] == list(GENERATORS)
    assert len(cli("generate", "list").out.splitlines()) == 1 + len(GENERATORS)
    one = cli("generate", "list", "adder-ripple")
    assert one.out.startswith("adder-ripple: ripple-carry adder (arithmetic)\n")
    assert "width" in one.out
    assert cli("generate", "list", "adder-ripple", "--json").json["parameters"][0]["name"] == "width"


def test_data(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HWDESIGN_DATA", raising=False)
    assert cli("data", "list").out.endswith("set HWDESIGN_DATA to the folder that holds them (aig/epfl, ...)\n")
    assert cli("data", "info", "epfl") == (
        1,
        "",
        "error: collection 'epfl' is not here; set HWDESIGN_DATA to the folder that holds aig/epfl\n",
    )
    folder = tmp_path / "aig" / "epfl"
    folder.mkdir(parents=True)
    (folder / "a.aig").write_bytes(b"aig 0 0 0 0 0\n")
    (folder / "README.md").write_text("no circuit")
    monkeypatch.setenv("HWDESIGN_DATA", str(tmp_path))
    listed = cli("data", "list", "--json").json["collections"]
    assert {item["name"]: item["files"] for item in listed}["epfl"] == 1
    assert cli("data", "info", "epfl", "--json").json["files"] == [{"path": str(folder / "a.aig"), "bytes": 14}]
    assert cli("data", "info", "epfl").out.endswith("1 file\n")


def test_names_beyond_ascii(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "größe.bench"
    path.write_text("INPUT(ä)\nOUTPUT(ü)\nü = NOT(ä)\n")
    assert cli("info", path).code == 0
    done = spawn("simulate", "aig", path, "--json")
    assert done.returncode == 0
    assert b'"name": "\\u00fc"' in done.stdout


def test_doctor(cli: Cli) -> None:
    code, out, err = cli("doctor", "--json")
    assert (code, err) == (0, "")
    engines = json.loads(out)["engines"]
    assert {"ngspice", "iverilog", "pyosys", "torch"} <= {item["name"] for item in engines}
    assert all(item["works"] for item in engines if item["required"])


def test_doctor_names_what_is_broken(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def status(name: str, required: bool, works: bool) -> ToolStatus:
        detail = "" if works else "its trial failed"
        return ToolStatus(name, "program", "testing", required, works, "", "1.2", works, detail, f"apt install {name}")

    good, optional, needed = status("good", True, True), status("extra", False, False), status("core", True, False)
    monkeypatch.setattr(hwdesign.tools, "probe_all", lambda: [good, optional])
    code, out, _ = cli("doctor")
    assert code == 0
    assert out.splitlines()[1:] == [
        "engine  kind     needed    found  version  works  what for",
        "good    program  yes       yes        1.2  yes    testing",
        "extra   program  optional  no         1.2  no     testing",
        "extra: its trial failed; install it with: apt install extra",
        "everything that is needed works",
    ]
    monkeypatch.setattr(hwdesign.tools, "probe_all", lambda: [good, optional, needed])
    code, out, _ = cli("doctor")
    assert code == 1
    assert out.endswith("needed but broken: core\n")


@pytest.mark.parametrize("value", ["{2'd1, 2'd2}", "{4{1'b1}}", "$unsigned(6)"])
def test_rtl_is_told_by_a_parameters_value(cli: Cli, tmp_path: Path, value: str) -> None:
    path = tmp_path / "r.v"
    path.write_text(
        f"module r #(parameter [3:0] P = {value}) (input clk, input [3:0] d, output reg [3:0] q);\n"
        "  always @(posedge clk) q <= d ^ P;\nendmodule\n"
    )
    assert cli("info", path, "--json").json["modules"][0]["types"]["DFF"] == 4
