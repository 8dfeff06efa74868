"""The builder: what it makes, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from hwdesign.errors import NetlistError
from hwdesign.netlist import CONST1, INVERTED, OPEN, Builder, CellType, Direction, Kind, Role, gate


def test_columns_of_a_small_module() -> None:
    b = Builder("top", file="a.v")
    m = b.top
    a, d = m.input("a"), m.inputs("d", 2)
    x = m.gate("NAND", a, d[1], name="g", line=7)
    m.cell(gate("AND"), {"Y": m.net("y"), "A": x, "B": CONST1}, inverted=["A"], params={"area": 2, "note": "big"})
    m.output("y")
    m.output("z", x, inverted=True)
    module = b.freeze().top_module
    assert [module.num_cells, module.num_pins, module.num_nets, module.num_ports] == [2, 6, 7, 5]
    assert module.port_labels() == ["a", "d[1]", "d[0]", "y", "z"]
    assert [(bus.name, bus.left, bus.right, bus.width) for bus in module.buses] == [("d", 1, 0, 2)]
    np.testing.assert_array_equal(module.port_bus, [-1, 0, 0, -1, -1])
    np.testing.assert_array_equal(module.port_flags, [0, 0, 0, 0, INVERTED])
    assert module.pins_of(0) == [("A", a, False), ("B", d[1], False), ("Y", x, False)]
    assert module.pins_of(1) == [("Y", 6, False), ("A", x, True), ("B", CONST1, False)]
    assert module.cell_labels() == ["g", "_g1"]
    assert module.net_labels() == ["1'b0", "1'b1", "a", "d[1]", "d[0]", "_n5", "y"]
    assert module.params_of(1) == {"area": 2.0, "note": "big"}
    assert module.params_of(0) == {}
    assert [int(line) for line in module.cell_line] == [7, 0]
    assert module.file == "a.v"


def test_made_up_names_clash_with_none() -> None:
    b = Builder("top")
    b.top.net("_n3")
    fresh = b.top.net()
    assert fresh == 3
    assert b.freeze().top_module.net_label(fresh) == "__n3"


def test_columns_are_read_only() -> None:
    b = Builder("top")
    b.top.input("a")
    with pytest.raises(ValueError, match="read-only"):
        b.freeze().top_module.port_net[0] = 1


def test_a_port_names_its_unnamed_net() -> None:
    b = Builder("top")
    net = b.top.gate("NOT", b.top.input("a"))
    b.top.output("y", net)
    assert b.freeze().top_module.net_label(net) == "y"


@pytest.mark.parametrize(("left", "right"), [(3, 0), (0, 3), (5, 2), (1, 1), (-2, 1)])
def test_bus_bits_stand_left_to_right(left: int, right: int) -> None:
    b = Builder("top")
    nets = b.top.bus("d", Direction.IN, left, right)
    module = b.freeze().top_module
    step = 1 if right >= left else -1
    indices = list(range(left, right + step, step))
    assert module.port_labels() == [f"d[{i}]" for i in indices]
    # Nets come back least significant first: the bit at `right`.
    assert [module.net_label(net) for net in nets] == [f"d[{i}]" for i in reversed(indices)]


def test_instance_takes_one_pin_a_bit() -> None:
    b = Builder("top")
    child = b.module("child")
    child.outputs("q", child.inputs("d", 2))
    nets = b.top.inputs("x", 2)
    outs = [b.top.net(), b.top.net()]
    b.top.instance("child", {"d[1]": nets[1], "d[0]": nets[0], "q[1]": outs[1], "q[0]": outs[0]}, name="u")
    module = b.freeze().top_module
    assert module.type_of(0).kind is Kind.MODULE
    assert [role.name for role in module.type_of(0).outputs] == ["q[1]", "q[0]"]


def _cell_with(pins: object) -> None:
    b = Builder("top")
    b.top.cell(gate("NOT"), pins, line=12)  # type: ignore[arg-type]


def test_unknown_pin() -> None:
    with pytest.raises(NetlistError) as error:
        _cell_with({"Q": 0})
    assert str(error.value) == "cell type 'NOT' has no pin 'Q'; its pins: A, Y"
    assert error.value.line == 12


def test_too_many_pins() -> None:
    with pytest.raises(NetlistError, match="cell type 'NOT' has 2 pins but 3 nets were given"):
        _cell_with([0, 1, 0])


def test_no_such_net() -> None:
    with pytest.raises(NetlistError, match="module 'top' has no net 9"):
        _cell_with([9, OPEN])


def test_two_cells_of_one_name() -> None:
    b = Builder("top")
    b.top.gate("ONE", name="g")
    with pytest.raises(NetlistError) as error:
        b.top.gate("ONE", name="g", line=3)
    assert str(error.value) == "module 'top' has two cells named 'g'; rename one of them"


def test_two_ports_of_one_name() -> None:
    b = Builder("top")
    b.top.input("a")
    with pytest.raises(NetlistError) as error:
        b.top.output("a")
    assert str(error.value) == "module 'top' has two ports named 'a'; rename one of them"


def test_bus_with_too_few_nets() -> None:
    with pytest.raises(NetlistError, match="port 'q' has 2 bits but 1 nets were given"):
        Builder("top").top.bus("q", Direction.OUT, 1, 0, [0])


def test_two_types_of_one_name() -> None:
    b = Builder("top")
    b.top.cell(gate("NOT"), [0, OPEN])
    other = CellType("NOT", Kind.COMB, (Role("I", Direction.IN), Role("O", Direction.OUT, "!I")))
    with pytest.raises(NetlistError, match="two different cell types are named 'NOT'"):
        b.top.cell(other, [0, OPEN])


def test_a_type_with_two_pins_of_one_name() -> None:
    with pytest.raises(NetlistError, match="type 'X' has two pins named 'A'"):
        CellType("X", Kind.COMB, (Role("A", Direction.IN), Role("A", Direction.OUT)))


def test_unknown_top() -> None:
    netlist = Builder("top").freeze()
    with pytest.raises(NetlistError) as error:
        netlist.with_top("nothing")
    assert str(error.value) == "no module is named 'nothing'; modules: top"


def test_digest_depends_on_structure_and_names() -> None:
    def build(op: str, name: str) -> str:
        b = Builder("top")
        b.top.output(name, b.top.gate(op, b.top.input("a"), b.top.input("b")))
        return b.freeze().digest()

    assert build("AND", "y") == build("AND", "y")
    assert len({build("AND", "y"), build("OR", "y"), build("AND", "z")}) == 3
