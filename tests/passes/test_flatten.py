"""Flattening: same function, names by path, awkward connections, parameters, and hierarchies built to hurt."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from hwdesign.errors import LimitError, LoopError, NetlistError
from hwdesign.netlist import Builder, Direction, Kind, Model, Module, ModuleBuilder, Netlist, gate
from hwdesign.netlist.check import check
from hwdesign.netlist.devices import device
from hwdesign.passes import aig_equivalent, flatten
from tests.passes.functions import behaviour
from tests.strategies import hierarchical_netlists, netlists

_SETTINGS = settings(max_examples=40, deadline=None)


@_SETTINGS
@given(hierarchical_netlists())
def test_same_behaviour_and_one_module(netlist: Netlist) -> None:
    flat = flatten(netlist)
    assert list(flat.modules) == ["top"]
    assert not flat.library.of_kind(Kind.MODULE)[flat.top_module.cell_type].any()
    assert [f for f in check(flat) if f.severity == "error"] == []
    assert behaviour(flat) == behaviour(netlist)
    before, after = netlist.top_module, flat.top_module
    assert after.port_labels() == before.port_labels()
    assert after.buses == before.buses
    assert after.port_dir.tolist() == before.port_dir.tolist()


def _paths(netlist: Netlist, module: Module, path: str = "") -> dict[str, tuple[str, int]]:
    """Type and line of every leaf cell below a module by its path, by plain recursion."""
    found = {}
    for cell, label in enumerate(module.cell_labels()):
        kind = module.type_of(cell)
        if kind.kind is Kind.MODULE:
            found |= _paths(netlist, netlist.modules[kind.name], f"{path}{label}.")
        elif module.cell_name[cell] >= 0:
            found[path + label] = (kind.name, int(module.cell_line[cell]))
    return found


@_SETTINGS
@given(hierarchical_netlists())
def test_cells_go_by_their_paths(netlist: Netlist) -> None:
    flat = flatten(netlist).top_module
    names = [flat.names[at] for at in flat.cell_name.tolist() if at >= 0]
    assert len(names) == len(set(names))
    seen = {
        flat.cell_label(cell): (flat.type_of(cell).name, int(flat.cell_line[cell]))
        for cell in range(flat.num_cells)
        if flat.cell_name[cell] >= 0
    }
    assert seen == _paths(netlist, netlist.top_module)
    nets = [at for at in flat.net_name.tolist() if at >= 0]
    assert len(nets) == len(set(nets))


@settings(max_examples=10, deadline=None)
@given(netlists())
def test_a_flat_netlist_is_returned_as_it_is(netlist: Netlist) -> None:
    assert flatten(netlist) is netlist


@settings(max_examples=8, deadline=None)
@given(hierarchical_netlists(max_registers=0))
def test_equivalence_is_proven(netlist: Netlist) -> None:
    result = aig_equivalent(netlist, flatten(netlist))
    assert (result.equal, result.matched) == (True, "name")


def _leaf(b: Builder, name: str = "leaf") -> ModuleBuilder:
    m = b.module(name)
    m.output("y", m.gate("NAND", m.input("a"), m.input("b"), out=m.net("y"), name="g"))
    return m


def test_names_of_nets() -> None:
    b = Builder("top")
    mid = b.module("mid")
    _leaf(b)
    inner = mid.net("inner")
    mid.instance("leaf", {"a": mid.input("p"), "b": 1, "y": inner}, name="u2")
    mid.output("q", mid.gate("NOT", inner, name="inv"))
    b.top.instance("mid", {"p": b.top.input("x"), "q": b.top.output("z")}, name="u1")
    module = flatten(b.freeze()).top_module
    assert module.cell_labels() == ["u1.inv", "u1.u2.g"]
    assert module.net_labels()[2:] == ["x", "z", "u1.inner"]
    assert module.pins_of(1) == [("A", 2, False), ("B", 1, False), ("Y", 4, False)]
    assert flatten(b.freeze(), separator="/").top_module.cell_labels() == ["u1/inv", "u1/u2/g"]


def test_a_taken_name_gets_a_suffix() -> None:
    b = Builder("top")
    m = b.module("m")
    m.output("y", m.gate("NOT", m.gate("NOT", m.input("a"), out=m.net("n"), name="g"), name="h"))
    b.top.gate("NOT", b.top.input("x"), out=b.top.net("u.n"), name="u.g")
    b.top.instance("m", {"a": b.top.net("x"), "y": b.top.output("z")}, name="u")
    module = flatten(b.freeze()).top_module
    assert module.cell_labels() == ["u.g", "u.g_1", "u.h"]
    assert "u.n_1" in module.net_labels()


def test_unconnected_ports_stay_inside() -> None:
    b = Builder("top")
    _leaf(b)
    b.top.instance("leaf", {"a": b.top.input("x")}, name="u")
    flat = flatten(b.freeze())
    assert flat.top_module.net_labels()[2:] == ["x", "u.b", "u.y"]
    assert [f.names for f in check(flat) if f.rule == "undriven-net"] == [("u.b",)]


def test_feed_through_joins_the_outer_nets() -> None:
    b = Builder("top")
    m = b.module("wire")
    m.output("y", m.input("a"))
    mid = b.top.net("mid")
    b.top.instance("wire", {"a": b.top.input("x"), "y": mid}, name="u1")
    b.top.instance("wire", {"a": mid, "y": b.top.output("z")}, name="u2")
    module = flatten(b.freeze()).top_module
    assert module.num_cells == 0
    assert module.net_labels()[2:] == ["x"]
    assert module.port_net.tolist() == [2, 2]


def test_inverted_feed_through() -> None:
    b = Builder("top")
    m = b.module("inv")
    m.output("y", m.input("a"), inverted=True)
    b.top.instance("inv", {"a": b.top.input("x"), "y": b.top.output("z")}, name="u")
    netlist = b.freeze()
    module = flatten(netlist).top_module
    assert (module.num_cells, module.port_net.tolist(), module.port_flags.tolist()) == (0, [2, 2], [0, 1])
    assert behaviour(flatten(netlist)) == behaviour(netlist)


def test_a_constant_output_reaches_its_readers() -> None:
    b = Builder("top")
    m = b.module("tie")
    m.output("one", 1)
    m.output("zero", 1, inverted=True)
    one, zero = b.top.net("one"), b.top.net("zero")
    b.top.instance("tie", {"one": one, "zero": zero}, name="u")
    b.top.output("y", b.top.gate("AND", one, zero, name="g"))
    netlist = b.freeze()
    module = flatten(netlist).top_module
    assert module.pins_of(0)[:2] == [("A", 1, False), ("B", 0, False)]
    assert behaviour(flatten(netlist)) == behaviour(netlist)


def test_inverted_pins_fold_into_the_child() -> None:
    b = Builder("top")
    m = _leaf(b)
    b.top.cell(
        m.as_type(), {"a": b.top.input("x"), "b": b.top.input("w"), "y": b.top.output("z")}, name="u",
        inverted=["a", "y"],
    )  # fmt: skip
    netlist = b.freeze()
    flat = flatten(netlist)
    assert flat.top_module.pins_of(0) == [("A", 2, True), ("B", 3, False), ("Y", 4, True)]
    assert behaviour(flat) == behaviour(netlist)


def test_an_input_port_stays_upright() -> None:
    """The output net comes first; the join must not leave the input inverted."""
    b = Builder("top")
    m = b.module("inv")
    m.output("y", m.input("a"), inverted=True)
    z = b.top.output("z")
    b.top.instance("inv", {"a": b.top.input("x"), "y": z}, name="u")
    netlist = b.freeze()
    module = flatten(netlist).top_module
    assert dict(zip(module.port_labels(), module.port_flags.tolist(), strict=True)) == {"z": 1, "x": 0}
    assert behaviour(flatten(netlist)) == behaviour(netlist)


def test_a_net_that_is_its_own_complement() -> None:
    b = Builder("top")
    m = b.module("inv")
    m.output("y", m.input("a"), inverted=True)
    x = b.top.net("x")
    b.top.instance("inv", {"a": x, "y": x}, name="u")
    with pytest.raises(LoopError) as error:
        flatten(b.freeze())
    assert str(error.value) == (
        "the instances' connections make net 'x' its own complement; "
        "look for an output port that shows an input inverted, with both on one net"
    )


def test_global_nets_are_one_net() -> None:
    b = Builder("top")
    for name in ("one", "two"):
        m = b.module(name)
        m.output("y", m.gate("AND", m.input("a"), m.net("vdd"), name="g"))
        b.top.instance(name, {"a": b.top.input(f"x_{name}"), "y": b.top.output(f"y_{name}")}, name=f"u_{name}")
    b.global_nets.append("vdd")
    module = flatten(b.freeze()).top_module
    assert module.net_labels().count("vdd") == 1
    assert not [label for label in module.net_labels() if label.endswith(".vdd")]
    supply = module.net_labels().index("vdd")
    assert [module.pins_of(cell)[1] for cell in range(2)] == [("B", supply, False)] * 2


def _divider() -> Builder:
    """A subcircuit of two resistors, a controlled source and an expression, instantiated twice."""
    b = Builder("top")
    m = b.module("div")
    p, n, mid, zero = m.port("p", Direction.INOUT), m.port("n", Direction.INOUT), m.net("mid"), m.net("0")
    m.parameters.update({"r": 100.0, "k": "r*2"})
    m.cell(device("R"), [p, mid], name="R1", params={"value": "r"})
    m.cell(device("R"), [mid, n], name="R2", params={"value": "k+1", "m": 3})
    m.cell(device("V"), [mid, zero], name="V1", params={"dc": 0.0})
    m.cell(device("F"), {"p": p, "n": zero}, name="F1", params={"value": 2.0, "control": "V1"})
    m.cell(device("BSRC"), [p, zero], name="B1", params={"quantity": "v", "value": "v(mid,n)*r + i(V1)"})
    b.global_nets.append("0")
    pins = {"p": b.top.net("in"), "n": b.top.net("out")}
    b.top.cell(m.as_type(), pins, name="X1", params={"r": 5.0, "m": 2.0})
    b.top.cell(m.as_type(), {"p": pins["n"], "n": b.top.net("0")}, name="X2")
    return b


def test_parameters_of_instances() -> None:
    module = flatten(_divider().freeze()).top_module
    cell = {label: at for at, label in enumerate(module.cell_labels())}
    assert module.param(cell["X1.R1"], "value") == 5.0
    assert module.param(cell["X1.R2"], "value") == 11.0
    assert module.param(cell["X2.R2"], "value") == 201.0
    assert module.param(cell["X1.F1"], "control") == "X1.V1"
    assert [module.param(cell[f"X1.{name}"], "m") for name in ("R1", "R2")] == [2.0, 6.0]
    assert [module.param(cell[f"X2.{name}"], "m") for name in ("R1", "R2")] == [None, 3.0]
    assert module.param(cell["X1.B1"], "value") == "v(X1.mid,out)*5 + i(X1.V1)"
    assert module.param(cell["X2.B1"], "value") == "v(X2.mid,0)*100 + i(X2.V1)"
    assert module.net_labels().count("0") == 1


def test_models_stay() -> None:
    b = _divider()
    b.models["jjx"] = Model("jjx", "jj", {"icrit": 1e-4})
    assert flatten(b.freeze()).models["jjx"].params == {"icrit": 1e-4}


def test_an_inverted_connection_to_a_device_takes_a_not_cell() -> None:
    b = Builder("top")
    m = b.module("load")
    m.cell(device("R"), [m.input("a"), m.net("0")], name="R1")
    b.global_nets.append("0")
    b.top.cell(m.as_type(), {"a": b.top.input("x")}, name="X1", inverted=["a"])
    module = flatten(b.freeze()).top_module
    assert [module.type_of(cell).name for cell in range(2)] == ["R", "NOT"]
    (_, reads, flag), (_, made, _) = module.pins_of(1)
    assert (module.net_label(reads), flag) == ("x", False)
    assert module.pins_of(0)[0] == ("p", made, False)


def test_recursion_names_the_chain() -> None:
    b = Builder("top", file="a.v")
    for name in ("a", "b"):
        b.module(name, line=4).input("x")
    b.module("a").instance("b", {"x": 0}, name="u")
    b.module("b").instance("a", {"x": 0}, name="v")
    b.top.instance("a", {"x": 0}, name="w")
    with pytest.raises(NetlistError) as error:
        flatten(b.freeze())
    assert str(error.value) == "a.v:4: module 'a' contains itself: a -> b -> a; break the recursion"


def test_a_missing_module_is_named() -> None:
    b = Builder("top", file="a.v")
    _leaf(b)
    b.top.cell(b.module("leaf").as_type(), {"a": 0}, name="u", line=3)
    netlist = b.freeze()
    with pytest.raises(NetlistError) as error:
        flatten(netlist.with_module(netlist.top_module))
    assert str(error.value) == (
        "a.v:3: instance 'u' in module 'top' is of module 'leaf', which this netlist does not hold; "
        "read the file that defines it"
    )


def test_another_top() -> None:
    b = Builder("top")
    _leaf(b)
    b.top.instance("leaf", {"a": 0, "b": 1, "y": b.top.output("z")}, name="u")
    netlist = b.freeze()
    assert flatten(netlist, top="leaf").top_module.cell_labels() == ["g"]
    with pytest.raises(NetlistError, match="no module is named 'x'"):
        flatten(netlist, top="x")


def test_ten_thousand_levels() -> None:
    b = Builder("m0")
    below: ModuleBuilder | None = None
    for level in range(9_999, -1, -1):
        m = b.module(f"m{level}")
        net = m.gate("NOT", m.input("a"), name="g")
        if below is not None:
            net_in, net = net, m.net()
            m.cell(below.as_type(), {"a": net_in, "y": net}, name="u")
        m.output("y", net)
        below = m
    module = flatten(b.freeze()).top_module
    assert module.num_cells == 10_000
    assert max(map(len, module.cell_labels())) == 2 * 9_999 + 1


def test_an_explosion_is_refused_at_once() -> None:
    b = Builder("m0")
    below: ModuleBuilder | None = None
    for level in range(60, -1, -1):
        m = b.module(f"m{level}")
        a = m.input("a")
        if below is None:
            m.gate("NOT", a)
        else:
            for k in range(2):
                m.cell(below.as_type(), {"a": a}, name=f"u{k}")
        below = m
    with pytest.raises(LimitError) as error:
        flatten(b.freeze())
    assert str(error.value) == (
        "module 'm0' unfolds to 1152921504606846976 cells, more than the bound of 33554432; "
        "flatten a smaller part of it"
    )


def test_names_are_bounded() -> None:
    b = Builder("top")
    long = "n" * 1_000_000
    m = b.module("m")
    m.gate("NOT", m.input("a"), name=long)
    for k in range(600):
        b.top.cell(m.as_type(), {"a": 0}, name=f"u{k}")
    with pytest.raises(LimitError, match="bytes of names, more than the bound of 536870912"):
        flatten(b.freeze())


def test_a_pin_that_the_module_lacks() -> None:
    b = Builder("top")
    _leaf(b)
    b.top.instance("leaf", {"a": 0}, name="u")
    netlist = b.freeze()
    other = Builder("leaf")
    other.top.input("c")
    wrong = other.freeze()
    modules = {"top": netlist.top_module, "leaf": wrong.top_module}
    with pytest.raises(NetlistError, match="instance 'u' in module 'top' has a pin 'a', which module 'leaf' lacks"):
        flatten(Netlist(modules, "top", netlist.library, netlist.names))


def test_gates_without_names_stay_nameless() -> None:
    b = Builder("top")
    m = b.module("m")
    m.output("y", m.gate("NOT", m.gate("NOT", m.input("a"))))
    b.top.instance("m", {"a": b.top.input("x"), "y": b.top.output("z")}, name="u")
    module = flatten(b.freeze()).top_module
    assert module.cell_name.tolist() == [-1, -1]
    assert module.type_of(0) == gate("NOT")
