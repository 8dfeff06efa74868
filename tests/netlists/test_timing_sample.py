"""The placed sample: its library keeps to its formula, its cells do not overlap, its times are OpenSTA's."""

from __future__ import annotations

import math
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hwdesign.formats.def_file import read_def
from hwdesign.formats.lef import read_lef
from hwdesign.formats.liberty import read_liberty
from hwdesign.timing.predict_wires import predict
from tests.conftest import ROOT, require_tool

SAMPLE = ROOT / "netlists" / "timing"
FILES = SAMPLE / "netlist.v", SAMPLE / "placed.def", SAMPLE / "demo.lib", [SAMPLE / "demo.lef"]


@pytest.mark.parametrize(("cell", "pin", "t0", "resistance"), [("inv_1", "A", 0.012, 3.6), ("dff_1", "CK", 0.24, 3.2)])
def test_the_tables_follow_the_formula(cell: str, pin: str, t0: float, resistance: float) -> None:
    library = read_liberty(SAMPLE / "demo.lib")
    at = library.cell(cell)
    arcs = range(int(library.arc_ptr[at]), int(library.arc_ptr[at + 1]))
    (arc,) = [row for row in arcs if library.arc_from[row] == library.pin(at, pin) and not library.arc_is_check[row]]
    for edge, factor in enumerate((1.1, 0.9)):
        delay, slew = (int(library.arc_table[arc, column]) for column in (edge, 2 + edge))
        s, c = library.table_rows[delay][:, None], library.table_cols[delay][None, :]
        np.testing.assert_allclose(library.table_values[delay], factor * (t0 + resistance * c) + 0.12 * s, atol=6e-5)
        wanted = np.hypot(0.8 * t0 + 1.9 * factor * resistance * c, 0.15 * s)
        np.testing.assert_allclose(library.table_values[slew], wanted, atol=6e-5)


def test_cells_lie_in_the_die_and_do_not_overlap() -> None:
    placed, macros = read_def(SAMPLE / "placed.def"), read_lef(SAMPLE / "demo.lef")
    size = macros.macro_size[[macros.macro(placed.macro_names[at]) for at in placed.instance_macro.tolist()]]
    assert placed.die is not None and len(placed.x) == 62
    x0, y0, x1, y1 = placed.die
    assert (placed.x >= x0).all() and (placed.x + size[:, 0] <= x1).all()
    assert (placed.y >= y0).all() and (placed.y + size[:, 1] <= y1 + 1e-9).all()
    for row in np.unique(placed.y):
        at = np.flatnonzero(placed.y == row)
        at = at[np.argsort(placed.x[at])]
        assert (placed.x[at][1:] >= (placed.x[at] + size[at, 0])[:-1] - 1e-9).all()


def test_opensta_finds_the_same_slack_over_the_predicted_wires(tmp_path: Path) -> None:
    sta = require_tool("sta")
    found = predict(*FILES, constraints=SAMPLE / "constraints.sdc", spef=tmp_path / "wires.spef")
    assert found.findings == () and found.wns_ns is not None and found.tns_ns is not None
    assert -0.1 < found.wns_ns < 0 > found.tns_ns
    script = tmp_path / "check.tcl"
    script.write_text(
        f"read_liberty {SAMPLE / 'demo.lib'}\nread_verilog {SAMPLE / 'netlist.v'}\nlink_design accumulator\n"
        f"read_sdc {SAMPLE / 'constraints.sdc'}\nread_spef {tmp_path / 'wires.spef'}\n"
        "report_wns -digits 6\nreport_tns -digits 6\nexit\n"
    )
    text = subprocess.run([sta, "-exit", script], capture_output=True, text=True, timeout=60, check=True).stdout
    wns, tns = (float(re.search(rf"{name} (-?[\d.]+)", text)[1]) for name in ("wns", "tns"))  # type: ignore[index]
    assert math.isclose(found.wns_ns, wns, abs_tol=1e-3)
    assert math.isclose(found.tns_ns, tns, abs_tol=4e-3)
