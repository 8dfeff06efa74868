"""Where evaluation looks for designs and their library."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.errors import DataError
from hwdesign.timing.evaluate_wires import evaluate
from hwdesign.timing.wire_splits import designs
from tests.timing.placed import write_data


def test_designs_of_a_design_a_set_and_a_data_set(tmp_path: Path) -> None:
    write_data(tmp_path, designs=2)
    found = designs(tmp_path / "one")
    assert len(found) == 2
    assert designs(tmp_path) == found
    assert designs(found[0]) == found[:1]
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"the folder holds no design \(a folder with netlist.v and placed.def\)"):
        designs(tmp_path / "none")


def test_evaluation_finds_the_library_above(tmp_path: Path) -> None:
    write_data(tmp_path, designs=2)
    name = designs(tmp_path)[0].name
    places = {tmp_path: f"one/{name}", tmp_path / "one": name, tmp_path / "one" / name: f"one/{name}"}
    for place, title in places.items():
        found = evaluate(None, place, names=[name], times=False)
        assert [item.name for item in found.designs] == [title]
