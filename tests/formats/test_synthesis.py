"""RTL in the registry: behavioural Verilog and SystemVerilog become gates, names and lines survive."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.errors import FormatError, NotStructuralError, UnsupportedError
from hwdesign.formats import read
from hwdesign.netlist.evaluate import Evaluator
from hwdesign.passes import to_aig

COUNTER = """module counter #(parameter W = 4) (input clk, input rst_n, input en, output reg [W-1:0] q);
  always @(posedge clk or negedge rst_n)
    if (!rst_n) q <= 0;
    else if (en) q <= q + 1;
endmodule
"""


def test_behavioural_verilog_goes_through_synthesis(tmp_path: Path) -> None:
    path = tmp_path / "counter.v"
    path.write_text(COUNTER)
    module = read(path).top_module
    assert module.port_labels() == ["clk", "rst_n", "en", "q[3]", "q[2]", "q[1]", "q[0]"]
    assert [bus.name for bus in module.buses] == ["q"]
    assert any(name.startswith("$_DFF_PN0_") for name in module.type_counts())
    assert 2 in module.cell_line.tolist()


def test_asynchronous_resets_become_synchronous_for_an_aig(tmp_path: Path) -> None:
    path = tmp_path / "counter.sv"
    path.write_text(COUNTER)
    with pytest.raises(UnsupportedError):
        to_aig(read(path))
    netlist = to_aig(read(path, synchronous=True))
    run = Evaluator(netlist)
    state, seen = run.initial_state(), []
    for reset, enable in [(0, 0), (1, 1), (1, 1), (1, 0), (1, 1), (0, 1), (1, 1)]:
        done = run({"clk": 0, "rst_n": reset, "en": enable}, state)
        seen.append(done["q"])
        state = dict(done.state)
    assert seen[:5] == [0, 0, 1, 2, 2]
    # The output follows the reset at once, as Yosys' async2sync promises, and the register at the next edge.
    assert seen[5:] == [0, 0]


def test_the_structural_reader_can_be_held_to_structure(tmp_path: Path) -> None:
    path = tmp_path / "counter.v"
    path.write_text(COUNTER)
    with pytest.raises(NotStructuralError, match=r"counter\.v:\d+: "):
        read(path, rtl=False)


def test_a_syntax_error_has_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.v"
    path.write_text("module m (input a, output reg y);\n  always @* begin\n    y = a +;\n  end\nendmodule\n")
    with pytest.raises(FormatError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:3: ")


def test_names_tell_nothing_of_where_yosys_is_installed(tmp_path: Path) -> None:
    path = tmp_path / "add.v"
    path.write_text("module add (input [7:0] a, b, output [7:0] y);\n  assign y = a + b;\nendmodule\n")
    labels = read(path).top_module.net_labels()
    automatic = [label for label in labels if label.startswith("$techmap")]
    assert automatic
    assert not [label for label in automatic if "site-packages" in label or "/share/" in label]


@pytest.mark.parametrize("text", ["", "// nothing\n"])
def test_a_file_without_a_module(tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.sv"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"empty\.sv: the file holds no module"):
        read(path)
