"""The readers on public circuits: everything is read, and as many gates as a plain count of the text finds."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from hwdesign.errors import NotStructuralError
from hwdesign.kernels.readers import parse_aiger, parse_bench, parse_verilog


def some(paths: list[Path], limit: int = 2_000_000) -> list[Path]:
    """Those that are small enough for a quick test."""
    assert paths
    return [path for path in paths if path.stat().st_size < limit]


@pytest.mark.parametrize("folder", ["iscas", "itc99", "openabc/bench"])
def test_bench_files(shared_data: Path, folder: str) -> None:
    for path in some(sorted((shared_data / "aig" / folder).rglob("*.bench.gz")), 60_000):
        data = gzip.decompress(path.read_bytes())
        (module,) = parse_bench(data).modules
        text = re.sub(rb"#.*", b"", data)
        assert len(module.cell_kind) == text.count(b"="), path.name
        assert len(module.port_name) == len(re.findall(rb"^\s*(?:IN|OUT)PUT", text, re.MULTILINE)), path.name


def test_epfl_aiger(shared_data: Path) -> None:
    for path in sorted((shared_data / "aig" / "epfl").glob("*.aig")):
        data = path.read_bytes()
        counts = [int(word) for word in data.split(b"\n", 1)[0].split()[1:6]]
        a = parse_aiger(data)
        found = [a.max_variable, len(a.inputs), len(a.latch_literals), len(a.outputs), len(a.and_lhs)]
        assert found == counts, path.name
        assert (a.and_rhs0 < a.and_lhs).all()
        assert (np.diff(a.and_lhs) == 2).all()


def test_placed_and_routed_netlists(shared_data: Path) -> None:
    paths = sorted((shared_data / "timing" / "tt04").glob("*/netlist.v.gz"))[:25]
    assert paths
    for path in paths:
        data = gzip.decompress(path.read_bytes())
        (module,) = parse_verilog(data).modules
        assert len(module.cell_kind) == len(re.findall(rb"^ (?:sky130\w+|assign) ", data, re.MULTILINE)), path.name


def test_rtl_is_sent_elsewhere(shared_data: Path) -> None:
    paths = sorted((shared_data / "aig" / "rtl").rglob("*.v"))
    assert paths
    refused = 0
    for path in paths:
        try:
            parse_verilog(path.read_bytes())
        except NotStructuralError:
            refused += 1
    assert refused > len(paths) // 2
