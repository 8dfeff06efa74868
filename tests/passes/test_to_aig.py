"""Mapping to AIGs: function, size of each gate, names, registers, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from hwdesign.errors import LoopError, NetlistError, UnsupportedError
from hwdesign.formats import read
from hwdesign.netlist import (
    OPEN,
    Builder,
    CellType,
    Direction,
    Kind,
    Netlist,
    Role,
    Sequential,
    gate,
)
from hwdesign.netlist.aig import aig_view, is_aig
from hwdesign.netlist.generic import lut
from hwdesign.passes import aig_equivalent, remove_dangling, structural_hash, to_aig
from tests.passes.functions import behaviour
from tests.strategies import hierarchical_netlists, netlists

_SETTINGS = settings(max_examples=40, deadline=None)


@_SETTINGS
@given(netlists(max_levels=2))
def test_same_behaviour(netlist: Netlist) -> None:
    expected = behaviour(netlist)
    for sweep in (True, False):
        aig = to_aig(netlist, sweep=sweep)
        assert is_aig(aig.top_module)
        assert behaviour(aig) == expected
        module = aig.top_module
        assert module.port_labels() == netlist.top_module.port_labels()
        assert module.buses == netlist.top_module.buses
        assert module.port_bus.tolist() == netlist.top_module.port_bus.tolist()


@_SETTINGS
@given(hierarchical_netlists())
def test_hashed_and_in_topological_order(netlist: Netlist) -> None:
    view = aig_view(to_aig(netlist).top_module)
    own = np.arange(1 + view.num_inputs, view.num_variables)
    assert (view.fanin0 >> 1 < own).all() and (view.fanin1 >> 1 < own).all()
    pairs = {frozenset(pair) for pair in zip(view.fanin0.tolist(), view.fanin1.tolist(), strict=True)}
    assert len(pairs) == view.num_ands
    assert all(len({lit >> 1 for lit in pair}) == 2 and min(pair) > 1 for pair in pairs)


@settings(max_examples=8, deadline=None)
@given(netlists())
def test_equivalence_is_proven(netlist: Netlist) -> None:
    assert aig_equivalent(netlist, to_aig(netlist)).equal is True


@_SETTINGS
@given(netlists(max_levels=1))
def test_hashing_twice_changes_nothing(netlist: Netlist) -> None:
    once = structural_hash(to_aig(netlist, sweep=False), sweep=True)
    assert behaviour(once) == behaviour(netlist)
    twice = structural_hash(once, sweep=True)
    assert twice.digest() == once.digest()
    assert twice.top_module.net_labels() == once.top_module.net_labels()
    for key in once.top_module.params:
        ours, theirs = once.top_module.params[key], twice.top_module.params[key]
        assert ours.cell.tolist() == theirs.cell.tolist()
        decode = once.names.decode
        assert sorted(decode(ours.text)) == sorted(twice.names.decode(theirs.text))


@pytest.mark.parametrize(
    ("op", "inputs", "ands"),
    [
        ("AND", 2, 1), ("NOR", 2, 1), ("AND", 8, 7), ("OR", 5, 4), ("XOR", 2, 3), ("XNOR", 2, 3), ("XOR", 4, 9),
        ("MUX", 3, 3), ("BUF", 1, 0), ("NOT", 1, 0), ("ZERO", 0, 0), ("ONE", 0, 0),
    ],
)  # fmt: skip
def test_size_of_each_gate(op: str, inputs: int, ands: int) -> None:
    b = Builder("top")
    b.top.output("y", b.top.gate(op, *(b.top.input(f"a{k}") for k in range(inputs)), out=b.top.net("y")))
    netlist = b.freeze()
    aig = to_aig(netlist)
    assert aig.top_module.num_cells == ands
    assert behaviour(aig) == behaviour(netlist)


@pytest.mark.parametrize("op", ["AND", "NOR", "XOR"])
def test_wide_gates_become_balanced(op: str) -> None:
    b = Builder("top")
    b.top.output("y", b.top.gate(op, *b.top.inputs("a", 1024), out=b.top.net("y")))
    view = aig_view(to_aig(b.freeze()).top_module)
    assert view.num_ands == (3 if op == "XOR" else 1) * 1023
    assert int(view.levels().max()) == (20 if op == "XOR" else 10)


@pytest.mark.parametrize("table", range(0, 256, 7))
def test_look_up_tables(table: int) -> None:
    b = Builder("top")
    out = b.top.net("y")
    b.top.cell(lut(table, 3), [*(b.top.input(f"a{k}") for k in range(3)), out])
    b.top.output("y")
    netlist = b.freeze()
    assert behaviour(to_aig(netlist)) == behaviour(netlist)


def test_constants_fold_away() -> None:
    b = Builder("top")
    m = b.top
    a = m.input("a")
    m.output("y", m.gate("XOR", m.gate("AND", a, 1), m.gate("OR", a, 0)))
    m.output("z", m.gate("NAND", a, m.gate("NOT", a)))
    aig = to_aig(b.freeze()).top_module
    assert aig.num_cells == 0
    assert aig.port_net.tolist() == [2, 0, 1] or (aig.port_net.tolist(), aig.port_flags.tolist()) == (
        [2, 0, 0],
        [0, 0, 1],
    )


def test_names_lines_and_parameters_stay() -> None:
    b = Builder("top")
    m = b.top
    x, y = m.input("x"), m.input("y")
    n1 = m.net("n1")
    m.cell(gate("AND"), [x, y, n1], name="g1", params={"area": 2.5, "@src": "a.v:7"}, line=7)
    n2 = m.gate("NOT", n1, out=m.net("n2"), name="g2", line=8)
    n3 = m.gate("BUF", n1, out=m.net("n3"), name="g3", line=9)
    n4 = m.gate("NOR", n2, m.input("z"), out=m.net("n4"), name="g4", line=10)
    n5 = m.gate("OR", n4, n3, out=m.net("n5"), name="g5", line=11)
    for name, net in (("o1", n2), ("o2", n5)):
        m.output(name, net)
    module = to_aig(b.freeze()).top_module
    assert module.cell_labels() == ["g1", "g4", "g5"]
    assert module.cell_line.tolist() == [7, 10, 11]
    assert module.params_of(0) == {"area": 2.5, "@src": "a.v:7", "@alias": "n3 !n2"}
    assert module.params_of(1) == {}
    # The OR's node is the complement of its net.
    assert module.params_of(2) == {"@alias": "!n5"}
    assert module.net_labels() == ["1'b0", "1'b1", "x", "y", "z", "n1", "n4", "_n7"]


def test_an_xor_gives_its_name_to_its_last_node() -> None:
    b = Builder("top")
    m = b.top
    n = m.gate("XNOR", m.input("x"), m.input("y"), out=m.net("n"), name="g", line=4)
    m.output("o", m.gate("AND", n, m.input("z"), out=m.net("o"), name="h"))
    module = to_aig(b.freeze()).top_module
    assert module.cell_labels() == ["_g0", "_g1", "g", "h"]
    assert module.cell_line.tolist() == [4, 4, 4, 0]


def test_chains_of_buffers_resolve() -> None:
    b = Builder("top")
    m = b.top
    net = m.input("a")
    for k in range(1001):
        net = m.gate("NOT" if k % 2 else "BUF", net)
    m.output("y", net)
    module = to_aig(b.freeze()).top_module
    assert (module.num_cells, module.port_net.tolist(), module.port_flags.tolist()) == (0, [2, 2], [0, 0])


def test_multiple_outputs_share_nodes() -> None:
    roles = (*(Role(pin, Direction.IN) for pin in "ABC"), Role("S", Direction.OUT, "A^B^C"),
             Role("CO", Direction.OUT, "(A&B)|(C&(A^B))"))  # fmt: skip
    full_adder = CellType("FA", Kind.COMB, roles)
    b = Builder("top")
    m = b.top
    m.cell(full_adder, [*(m.input(pin) for pin in "abc"), m.output("s"), m.output("co")], name="fa")
    netlist = b.freeze()
    aig = to_aig(netlist)
    assert behaviour(aig) == behaviour(netlist)
    assert aig.top_module.num_cells == 8  # two XORs, two more ANDs for the carry's terms less one shared, an OR
    assert aig.top_module.cell_labels().count("fa") == 1


def test_registers_keep_clock_name_and_reset() -> None:
    b = Builder("top")
    m = b.top
    q = m.net("q")
    m.cell(gate("DFF"), [m.gate("NOT", q), m.input("clk"), q], name="r", params={"init": 1}, line=3)
    m.output("q")
    aig = to_aig(b.freeze())
    module = aig.top_module
    assert module.cell_labels() == ["r"]
    assert module.param(0, "init") == 1.0
    assert module.pins_of(0) == [("D", 3, True), ("C", 2, False), ("Q", 3, False)]
    assert module.net_labels()[2:] == ["clk", "q"]
    assert aig_view(module).latch_reset.tolist() == [1]


def _yosys(name: str, pins: str) -> CellType:
    roles = (*(Role(pin, Direction.IN) for pin in pins), Role("Q", Direction.OUT))
    return CellType(name, Kind.SEQ, roles, Sequential("dff", "D", "C", "Q"))


def _next(name: str, q: int, d: int, e: int, r: int) -> int:
    """Next state by Yosys' manual: a letter for the clock's edge, then polarities and the reset's value."""
    kind, letters = name[2:-1].rsplit("_", 1)
    if kind == "DFFE":
        return d if e == (letters[1] == "P") else q
    reset = r == (letters[1] == "P") if kind != "DFF" else False
    value = int(letters[2]) if kind != "DFF" else 0
    if kind == "SDFF":
        return value if reset else d
    enable = e == (letters[3] == "P") if kind != "DFF" else True
    if kind == "SDFFE":
        return value if reset else d if enable else q
    if kind == "SDFFCE":
        return (value if reset else d) if enable else q
    return d


@pytest.mark.parametrize(
    ("name", "pins"),
    [
        ("$_DFF_P_", "DC"), ("$_DFF_N_", "DC"), ("$_DFFE_PP_", "DCE"), ("$_DFFE_NN_", "DCE"), ("$_SDFF_PP0_", "DCR"),
        ("$_SDFF_PN1_", "DCR"), ("$_SDFFE_PP0P_", "DCRE"), ("$_SDFFE_PN1N_", "DCRE"), ("$_SDFFCE_PP1P_", "DCRE"),
        ("$_SDFFCE_PN0N_", "DCRE"),
    ],
)  # fmt: skip
def test_yosys_registers(name: str, pins: str) -> None:
    b = Builder("top")
    nets = {pin: b.top.input(pin.lower()) for pin in "DCRE"}
    b.top.cell(_yosys(name, pins), {pin: nets[pin] for pin in pins} | {"Q": b.top.output("q")}, name="r")
    module = to_aig(b.freeze()).top_module
    falling = name.split("_")[2][0] == "N"
    clock = next(pin for pin in module.pins_of(0) if pin[0] == "C")
    assert (module.net_label(clock[1]), clock[2]) == ("c", falling)
    view = aig_view(module)
    for row in range(16):
        d, r, e, q = (row >> k & 1 for k in range(4))
        values = [0, d, 0, r, e, q]
        for left, right in zip(view.fanin0.tolist(), view.fanin1.tolist(), strict=True):
            values.append((values[left >> 1] ^ left & 1) & (values[right >> 1] ^ right & 1))
        literal = int(view.latch_next[0])
        assert values[literal >> 1] ^ literal & 1 == _next(name, q, d, e, r), (d, r, e, q)


@pytest.mark.parametrize("name", ["$_DFF_PP0_", "$_DFFE_PN1P_", "$_DLATCH_P_", "$_DFFSR_PPP_", "$_ALDFF_PP_"])
def test_asynchronous_registers_are_refused(name: str) -> None:
    b = Builder("top", file="a.v")
    m = b.top
    m.cell(_yosys(name, "DCR"), [m.input("d"), m.input("c"), m.input("r"), m.output("q")], name="ff", line=6)
    with pytest.raises(UnsupportedError) as error:
        to_aig(b.freeze())
    assert str(error.value) == (
        f"a.v:6: cell 'ff' of type '{name}' is a latch, or has an asynchronous input, which an AIG cannot hold; "
        "run Yosys' async2sync and dffunmap before, which leave plain flip-flops"
    )


def test_latches_are_refused() -> None:
    b = Builder("top")
    b.top.cell(gate("DLATCH"), [b.top.input("d"), b.top.input("e"), b.top.output("q")])
    with pytest.raises(UnsupportedError, match="is a latch, or has an asynchronous input"):
        to_aig(b.freeze())


def test_a_library_register_with_a_connected_reset_is_refused() -> None:
    roles = tuple(Role(pin, Direction.IN) for pin in ("D", "CLK", "RN"))
    kind = CellType("DFFR_X1", Kind.SEQ, (*roles, Role("Q", Direction.OUT)), Sequential("dff", "D", "CLK", "Q"))
    b = Builder("top")
    b.top.cell(kind, [b.top.input("d"), b.top.input("c"), b.top.input("r"), b.top.output("q")], name="ff")
    with pytest.raises(UnsupportedError, match="pin 'RN' of register cell 'ff' of type 'DFFR_X1' has no meaning"):
        to_aig(b.freeze())


def test_a_second_output_shows_the_complement() -> None:
    roles = (Role("D", Direction.IN), Role("CK", Direction.IN), Role("Q", Direction.OUT),
             Role("QN", Direction.OUT, "!Q"))  # fmt: skip
    kind = CellType("DFF_X1", Kind.SEQ, roles, Sequential("dff", "D", "CK", "Q"))
    b = Builder("top")
    b.top.cell(kind, [b.top.input("d"), b.top.input("c"), b.top.net("q"), b.top.output("qn")], name="ff")
    module = to_aig(b.freeze()).top_module
    assert module.num_cells == 1
    assert module.port_flags.tolist() == [0, 0, 1]
    assert module.params_of(0) == {"@alias": "!qn"}


def _refused(cell_type: CellType, what: str) -> None:
    b = Builder("top", file="a.v")
    b.top.cell(cell_type, [b.top.input("a"), b.top.output("y")], name="u", line=2)
    with pytest.raises(NetlistError) as error:
        to_aig(b.freeze())
    assert str(error.value) == f"a.v:2: {what}"


def test_cells_without_function_are_refused() -> None:
    roles = (Role("i", Direction.IN), Role("o", Direction.OUT))
    _refused(
        CellType("IP", Kind.BLACKBOX, roles),
        "cell 'u' of type 'IP' is a blackbox and has no Boolean function; give the library or file that defines it",
    )
    _refused(
        CellType("LIB", Kind.COMB, roles),
        "the function of pin 'o' of cell 'u' of type 'LIB' is not known; read its Liberty library with it",
    )
    _refused(
        CellType("R", Kind.DEVICE, roles),
        "cell 'u' of type 'R' is a device and has no Boolean function; only gate-level netlists can become AIGs",
    )


def test_a_ring_of_buffers_is_named() -> None:
    b = Builder("top")
    m = b.top
    x, y = m.net("x"), m.net("y")
    m.gate("NOT", x, out=y, name="g1")
    m.gate("BUF", y, out=x, name="g2")
    m.output("y")
    with pytest.raises(LoopError) as error:
        to_aig(b.freeze())
    assert str(error.value) == (
        "module 'top' has a combinational loop of 2 cells: g1 -> g2 -> g1; break it by a register"
    )


def test_a_loop_through_gates_is_named() -> None:
    b = Builder("top", file="a.v")
    m = b.top
    x, y = m.net("x"), m.net("y")
    m.gate("XOR", m.input("a"), y, out=x, name="g1", line=2)
    m.gate("NOT", m.gate("BUF", x, name="g2"), out=y, name="g3")
    m.output("y")
    with pytest.raises(LoopError, match=r"a.v:2: module 'top' has a combinational loop of 1 cell: g1 -> g1"):
        to_aig(b.freeze())


def test_undriven_nets_are_named() -> None:
    b = Builder("top", file="a.v")
    b.top.output("y", b.top.gate("AND", b.top.input("a"), b.top.net("lost"), name="g", line=5))
    with pytest.raises(NetlistError) as error:
        to_aig(b.freeze())
    assert str(error.value) == (
        "a.v:5: pin 'B' of cell 'g' reads net 'lost', which nothing drives; run `hwdesign check` on it"
    )
    b = Builder("top")
    b.top.output("y")
    with pytest.raises(NetlistError, match="nothing drives output 'y'"):
        to_aig(b.freeze())


def test_an_undriven_register_input_is_named() -> None:
    b = Builder("top")
    b.top.cell(gate("DFF"), [b.top.net("lost"), OPEN, b.top.output("q")], name="ff")
    with pytest.raises(NetlistError, match="pin 'D' of cell 'ff' reads net 'lost', which nothing drives"):
        to_aig(b.freeze())


def test_open_inputs_are_named() -> None:
    b = Builder("top")
    b.top.cell(gate("AND"), [b.top.input("a"), OPEN, b.top.output("y")], name="g")
    with pytest.raises(NetlistError) as error:
        to_aig(b.freeze())
    assert str(error.value) == "input 'B' of cell 'g' of type 'AND2' is open; connect it, or tie it to a constant"


def test_two_drivers_and_inout_ports() -> None:
    b = Builder("top")
    y = b.top.output("y")
    b.top.gate("NOT", b.top.input("a"), out=y)
    b.top.gate("BUF", b.top.input("b"), out=y)
    with pytest.raises(NetlistError, match="net 'y' of module 'top' has more than one driver"):
        to_aig(b.freeze())
    b = Builder("top")
    b.top.port("io", Direction.INOUT)
    with pytest.raises(NetlistError, match="cannot become an AIG: port 'io' is inout"):
        to_aig(b.freeze())


def test_an_empty_netlist() -> None:
    assert to_aig(Builder("top").freeze()).top_module.num_cells == 0


@_SETTINGS
@given(netlists(max_levels=1))
def test_remove_dangling(netlist: Netlist) -> None:
    swept = remove_dangling(netlist)
    assert behaviour(swept) == behaviour(netlist)
    module = swept.top_module
    # Whatever is left is read: a second sweep finds nothing.
    again = remove_dangling(swept).top_module
    assert again.cell_labels() == module.cell_labels()
    read = set(module.port_net.tolist()) | {net for c in range(module.num_cells) for _, net, _ in module.pins_of(c)}
    assert set(range(2, module.num_nets)) <= read


def test_remove_dangling_follows_chains() -> None:
    b = Builder("top")
    m = b.top
    a = m.input("a")
    dead = m.gate("NOT", a, name="dead1")
    m.gate("NOT", dead, out=m.net("nobody"), name="dead2")
    m.output("y", m.gate("NOT", a, name="live"))
    m.cell(gate("DFF"), [m.gate("BUF", a, name="feeds"), OPEN, m.net("q")], name="unread")
    module = remove_dangling(b.freeze()).top_module
    assert module.cell_labels() == ["live", "feeds", "unread"]
    assert "nobody" not in module.net_labels()


@pytest.mark.parametrize("name", ["epfl/int2float.aig", "epfl/ctrl.aig", "itc99/b03_opt_C.bench.gz"])
def test_public_circuits(shared_data: Path, name: str) -> None:
    netlist = read(shared_data / "aig" / name)
    aig = to_aig(netlist)
    assert aig_equivalent(netlist, aig).equal is True
    assert aig.top_module.port_labels() == netlist.top_module.port_labels()
    assert aig_view(structural_hash(aig).top_module).num_ands == aig_view(aig.top_module).num_ands
