"""EPFL, ISCAS and ITC'99 circuits through the formats; equivalence by simulation, and by ABC's `cec`."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from hwdesign.formats import read, write
from hwdesign.netlist.check import check
from hwdesign.tools import run_tool
from tests.conftest import data_folder, require_tool
from tests.formats.same import assert_same_function

AIG = (data_folder() or Path("no-shared-data")) / "aig"
ISCAS85 = ["c17", "c432", "c499", "c880", "c1355", "c1908", "c2670", "c3540", "c5315", "c7552"]
ISCAS89 = ["s27", "s298", "s344", "s420.1", "s641", "s1196", "s1488", "s5378"]
ITC99 = ["b01", "b02_C", "b03_opt", "b05", "b06_opt_C", "b09", "b11_r", "b13_C", "b04"]
EPFL = ["adder", "bar", "cavlc", "ctrl", "dec", "int2float", "router", "max"]


def _find(folder: Path, name: str) -> Path:
    found = [p for p in folder.rglob(f"{name}.*") if p.name.endswith((".bench.gz", ".aig"))]
    if not found:
        pytest.skip(f"shared data not found: {name} (set HWDESIGN_DATA to its folder)")
    return found[0]


def _cec(left: Path, right: Path) -> str:
    """What ABC says of two combinational circuits, or of two sequential ones with the same registers."""
    abc = require_tool("berkeley-abc", "abc")
    done = run_tool([str(abc), "-c", f"cec {left.name} {right.name}"], cwd=left.parent, timeout_s=60, memory_mb=2048)
    return done.stdout


@pytest.mark.parametrize("name", [*ISCAS85, *ISCAS89, *ITC99])
def test_bench_circuits_through_every_gate_format(name: str, tmp_path: Path) -> None:
    netlist = read(_find(AIG, name))
    for suffix in (".v.gz", ".blif", ".json", ".hwn", ".bench"):
        write(netlist, tmp_path / f"x{suffix}")
        assert_same_function(netlist, read(tmp_path / f"x{suffix}"), patterns=256)
    nets = {n for n in netlist.top_module.names.decode(netlist.top_module.net_name) if n}
    assert nets <= set(read(tmp_path / "x.v.gz").top_module.net_labels())
    assert nets <= set(read(tmp_path / "x.bench").top_module.net_labels())


@pytest.mark.parametrize("name", EPFL)
def test_epfl_circuits_are_proven_equivalent(name: str, tmp_path: Path) -> None:
    source = _find(AIG / "epfl", name)
    netlist = read(source)
    write(netlist, tmp_path / "a.aig")
    assert (tmp_path / "a.aig").read_bytes()[:100] == source.read_bytes()[:100]
    write(netlist, tmp_path / "a.blif")
    write(netlist, tmp_path / "b.v")
    write(read(tmp_path / "b.v"), tmp_path / "b.blif")
    write(read(tmp_path / "b.blif"), tmp_path / "c.bench")
    assert "Networks are equivalent" in _cec(tmp_path / "a.aig", tmp_path / "a.blif")
    assert "Networks are equivalent" in _cec(tmp_path / "a.blif", tmp_path / "b.blif")
    assert "Networks are equivalent" in _cec(tmp_path / "a.blif", tmp_path / "c.bench")


def test_a_changed_circuit_is_not_equivalent(tmp_path: Path) -> None:
    """The proof above can fail: one inverted fan-in is seen."""
    netlist = read(_find(AIG / "epfl", "ctrl"))
    write(netlist, tmp_path / "a.aag")
    lines = (tmp_path / "a.aag").read_text().splitlines()
    gate = next(i for i in range(len(lines) - 1, 0, -1) if len(lines[i].split()) == 3 and lines[i][0].isdigit())
    left, first, second = lines[gate].split()
    lines[gate] = f"{left} {int(first) ^ 1} {second}"
    (tmp_path / "b.aag").write_text("\n".join(lines) + "\n")
    write(read(tmp_path / "a.aag"), tmp_path / "a.aig")
    write(read(tmp_path / "b.aag"), tmp_path / "b.aig")
    assert "NOT EQUIVALENT" in _cec(tmp_path / "a.aig", tmp_path / "b.aig")


def test_counts_agree_with_the_published_ones(shared_data: Path) -> None:
    """Every ISCAS and ITC'99 file reads, and its ports and flip-flops are as many as the data's own table says."""
    seen = 0
    for table, folder in (("iscas", "iscas"), ("itc99", "itc99")):
        with (shared_data / "aig" / table / "files.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        for row in random.Random(0).sample(rows, 25):
            path = next((shared_data / "aig" / folder).rglob(f"{row['name']}.bench.gz"))
            module = read(path).top_module
            assert int((module.port_dir == 0).sum()) == int(row["inputs"]), path
            assert int((module.port_dir == 1).sum()) == int(row["outputs"]), path
            assert module.type_counts().get("DFF", 0) == int(row["dffs"]), path
            seen += 1
    assert seen == 50


def test_known_faults_of_public_files_are_found(shared_data: Path) -> None:
    findings = check(read(shared_data / "aig" / "iscas" / "iscas89" / "s400.bench.gz"))
    assert [f.message for f in findings if f.severity == "error"] == [
        "net 'Phi1H' is read 1 times but nothing drives it"
    ]
