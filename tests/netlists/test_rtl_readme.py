"""The table of designs says what synthesis measures."""

import re

import pytest

from hwdesign.formats._yosys import synthesise
from tests.netlists.rtl_bench import RTL

ROWS = re.findall(r"^\| `(\w+)\.v` \|.*\| (\d+) \| (\d+) \|$", (RTL / "README.md").read_text(), re.MULTILINE)


def test_every_design_has_a_row():
    assert [name for name, _, _ in ROWS] == sorted(path.stem for path in RTL.glob("*.v"))


def test_every_design_has_its_licence_and_a_comment():
    for path in RTL.glob("*.v"):
        lines = path.read_text().splitlines()
        assert lines[0] == "// SPDX-License-Identifier: Apache-2.0"
        assert lines[2].startswith("// "), path


@pytest.mark.parametrize(("name", "flip_flops", "ands"), ROWS)
def test_counts(name, flip_flops, ands):
    files = [RTL / f"{name}.v"] + ([RTL / "fifo_ctrl.v"] if name == "sync_fifo" else [])
    header = synthesise(files, target="aig").data.split(b"\n")[0].split()
    assert int(header[3]) == int(flip_flops)
    # Yosys' mapping differs a little from version to version.
    assert int(header[5]) == pytest.approx(int(ands), rel=0.1)
