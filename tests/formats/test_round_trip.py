"""Writing and reading again keeps function, ports and names, for every pair of logic formats."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.circuits import generate
from hwdesign.formats import read, write
from hwdesign.formats.aiger import aiger_ascii_text, aiger_bytes, read_aiger_text
from hwdesign.formats.bench import bench_text, read_bench_text
from hwdesign.formats.blif import blif_text, read_blif_text
from hwdesign.formats.verilog import read_verilog_text, verilog_text
from hwdesign.formats.yosys_json import read_yosys_json_text, yosys_json_text
from hwdesign.netlist import Builder, Netlist
from hwdesign.netlist.aig import AigNames, aig_module
from hwdesign.passes import to_aig
from tests.formats.same import assert_same_function, port_columns
from tests.strategies import AigArrays, Shape, aig_arrays, hierarchical_netlists, netlists, random_netlist

Trip = Callable[[Netlist], Netlist]
LOGIC: dict[str, Trip] = {
    "verilog": lambda n: read_verilog_text(verilog_text(n)),
    "blif": lambda n: read_blif_text(blif_text(n)),
    "yosys-json": lambda n: read_yosys_json_text(yosys_json_text(n)),
}
FLAT: dict[str, Trip] = {**LOGIC, "bench": lambda n: read_bench_text(bench_text(n))}
QUICK = settings(max_examples=25, deadline=None)


@pytest.mark.parametrize("name", LOGIC)
@QUICK
@given(netlist=netlists())
def test_function_survives_a_round_trip(name: str, netlist: Netlist) -> None:
    assert_same_function(netlist, LOGIC[name](netlist))


@QUICK
@given(netlist=netlists(max_registers=0))
def test_function_survives_bench(netlist: Netlist) -> None:
    assert_same_function(netlist, FLAT["bench"](netlist))


@pytest.mark.parametrize("name", ["verilog", "yosys-json"])
@QUICK
@given(netlist=hierarchical_netlists())
def test_hierarchy_survives_a_round_trip(name: str, netlist: Netlist) -> None:
    # A module that nothing instantiates may be larger than the top: the reader then has to be told.
    again = LOGIC[name](netlist).with_top("top")
    assert set(again.modules) == set(netlist.modules)
    assert_same_function(netlist, again)


@pytest.mark.parametrize("name", ["verilog", "yosys-json"])
@QUICK
@given(netlist=netlists(inverted=False))
def test_names_and_buses_survive_a_round_trip(name: str, netlist: Netlist) -> None:
    again = LOGIC[name](netlist)
    assert port_columns(again) == port_columns(netlist)
    assert again.top_module.buses == netlist.top_module.buses
    old = {n for n in netlist.top_module.names.decode(netlist.top_module.net_name) if n}
    assert old <= set(again.top_module.net_labels())
    cells = {n for n in netlist.top_module.names.decode(netlist.top_module.cell_name) if n}
    assert cells <= set(again.top_module.cell_labels())


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(FLAT, 2)))
def test_every_pair_of_formats(first: str, second: str, tmp_path: Path) -> None:
    suffix = {"verilog": ".v", "blif": ".blif", "yosys-json": ".json", "bench": ".bench"}
    for seed in range(3):
        netlist = random_netlist(random.Random(seed), Shape(gates=30, registers=0))
        write(netlist, tmp_path / f"a{suffix[first]}.gz")
        middle = read(tmp_path / f"a{suffix[first]}.gz")
        write(middle, tmp_path / f"b{suffix[second]}")
        assert_same_function(netlist, read(tmp_path / f"b{suffix[second]}"))


def _aig(arrays: AigArrays) -> Netlist:
    names = AigNames([f"x{k}" for k in range(arrays.inputs)], [f"y{k}" for k in range(len(arrays.outputs))])
    return aig_module("aig", arrays.fanin0, arrays.fanin1, arrays.outputs, names)


@pytest.mark.parametrize("binary", [True, False])
@QUICK
@given(arrays=aig_arrays())
def test_aiger_keeps_structure_and_function(binary: bool, arrays: AigArrays) -> None:
    netlist = _aig(arrays)
    again = read_aiger_text(aiger_bytes(netlist) if binary else aiger_ascii_text(netlist), name="aig")
    assert again.top_module.num_cells == netlist.top_module.num_cells
    assert_same_function(netlist, again)
    assert aiger_bytes(again) == aiger_bytes(netlist)


@pytest.mark.parametrize("name", FLAT)
@QUICK
@given(arrays=aig_arrays())
def test_an_aig_passes_through_gate_formats(name: str, arrays: AigArrays) -> None:
    netlist = _aig(arrays)
    assert_same_function(netlist, FLAT[name](netlist))


@pytest.mark.parametrize("name", ["verilog", "blif", "yosys-json"])
@QUICK
@given(seed=st.integers(0, 1000))
def test_registers_keep_their_start_values(name: str, seed: int) -> None:
    netlist = random_netlist(random.Random(seed), Shape(gates=8, registers=4, inverted=False))
    again = LOGIC[name](netlist)
    assert_same_function(netlist, again, cycles=6)


def test_hwn_keeps_every_column(tmp_path: Path) -> None:
    netlist = random_netlist(random.Random(5), Shape(gates=30, registers=3, levels=2))
    write(netlist, tmp_path / "n.hwn")
    again = read(tmp_path / "n.hwn")
    assert again.digest() == netlist.digest()
    assert again.top_module.params_of(0) == netlist.top_module.params_of(0)


@pytest.mark.parametrize("name", FLAT)
def test_a_net_named_like_another_nets_port_stays_apart(name: str) -> None:
    b = Builder("t")
    x, y = b.top.input("x"), b.top.input("y")
    b.top.output("z", b.top.gate("AND", x, y, out=b.top.net("w")))
    b.top.output("v", b.top.gate("OR", x, y, out=b.top.net("z")))
    netlist = b.freeze()
    assert_same_function(netlist, FLAT[name](netlist))


def test_a_register_shown_at_an_output_keeps_its_name_in_aiger() -> None:
    netlist = generate("shift-register", width=3)
    again = read_aiger_text(aiger_bytes(to_aig(netlist)))
    assert again.top_module.port_labels() == to_aig(netlist).top_module.port_labels()
    assert_same_function(to_aig(netlist), again, cycles=5)
