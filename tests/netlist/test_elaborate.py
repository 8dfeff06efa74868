"""Parameters worked out over a hierarchy."""

from __future__ import annotations

import pytest

from hwdesign.errors import NetlistError
from hwdesign.formats.spice import read_spice_text
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.parameters import global_environment, module_environment
from tests.formats.spice_view import cell, view

DECK = """title
.param w=2u k=3
.func twice(x) {2*x}
.subckt inv in out wn=1u wp={twice(wn)}
.param a={wn*wp}
.model nch nmos(level=1 vto={wn*1e6})
M1 out in 0 0 nch w={wn} l={a*1e6}
B1 out 0 i={v(in)*wn}
V1 b1 0 pulse(0 wn 1n)
.ends
.subckt pair a b wn=4u
X1 a m inv wn={wn}
X2 m b inv wn={wn*k} wp=1u
.ends
X1 p q inv
X2 q r pair
X3 r s pair wn={w}
X4 s t inv wn=1u
.tran 1n {w*1e3}
.ic v(p)={k}
"""


def test_every_set_of_values_has_its_module() -> None:
    flat = elaborate(read_spice_text(DECK))
    assert (
        sorted(flat.modules) == ["<text>", "inv", "inv__1", "inv__2", "inv__3", "inv__4", "pair", "pair__1"]
        or len(flat.modules) == 1 + 2 + 6
    )
    kinds = {name: cell(flat, name)[0] for name in ("X1", "X2", "X3", "X4")}
    # An explicit value that equals the default still is another instance, with the same contents.
    assert cell(flat, "M1", kinds["X1"])[2]["w"] == cell(flat, "M1", kinds["X4"])[2]["w"] == 1e-6
    inner = cell(flat, "X2", kinds["X3"])[0]
    assert cell(flat, "M1", inner)[2] == pytest.approx(
        {"w": 6e-6, "l": 6e-6, "model": cell(flat, "M1", inner)[2]["model"]}
    )
    assert cell(flat, "B1", inner)[2] == {"value": "v(in)*6e-06", "quantity": "i"}
    assert cell(flat, "V1", inner)[2] == {"tran": "pulse(0 6e-06 1e-09)"}
    card = flat.model(str(cell(flat, "M1", inner)[2]["model"]), inner)
    assert card is not None
    assert (card.scope, card.params["vto"]) == ("", pytest.approx(6.0))
    assert view(flat)["directives"] == [("title", "title", ""), ("tran", "1n 0.002", ""), ("ic", "v(p)=3", "")]
    assert all(not module.parameters for module in flat.modules.values())
    assert cell(flat, "X3")[2] == {}


def test_values_can_be_set_from_outside() -> None:
    netlist = read_spice_text(DECK)
    top = elaborate(netlist.with_top("inv"), {"WN": 5e-6, "k": 1.0})
    assert top.top == "inv"
    assert list(top.modules) == ["inv"]
    assert cell(top, "M1")[2]["w"] == 5e-6
    with pytest.raises(NetlistError, match="the netlist has no parameter 'zz'; its parameters: w, k"):
        elaborate(netlist, {"zz": 1.0})


def test_environments() -> None:
    netlist = read_spice_text(DECK)
    assert global_environment(netlist, {"w": 1.0}) == {"w": 1.0, "k": 3.0}
    env = module_environment(netlist, "inv", {"wn": 2.0})
    assert (env["wp"], env["a"], env["k"]) == (4.0, 8.0, 3.0)
    with pytest.raises(NetlistError, match="module 'inv' has no parameter 'q'; its parameters: wn, wp"):
        module_environment(netlist, "inv", {"q": 2.0})


def test_josim_instances_replace_values_by_label() -> None:
    deck = (
        "X1 c a L1=5p b1=2\nX2 c b\n.subckt c x\nL1 x 0 1p\nB1 x 0 j area=1\n.ends\n"
        ".model j jj(icrit=0.1m)\n.tran 1p 1n\n"
    )
    flat = elaborate(read_spice_text(deck))
    one, two = cell(flat, "X1")[0], cell(flat, "X2")[0]
    assert cell(flat, "L1", one)[2] == {"value": 5e-12}
    assert cell(flat, "B1", one)[2] == {"model": "j", "area": 2.0}
    assert cell(flat, "L1", two)[2] == {"value": 1e-12}


def test_equal_cards_are_one_and_different_ones_are_renamed() -> None:
    deck = "t\n" + "".join(
        f".subckt s{k} a\n.model d d(is={value})\nD1 a 0 d\n.ends\nX{k} n s{k}\n"
        for k, value in enumerate(("1f", "1f", "2f"))
    )
    flat = elaborate(read_spice_text(deck))
    assert {key: dict(m.params) for key, m in flat.models.items()} == {"d": {"is": 1e-15}, "d_s2": {"is": 2e-15}} or {
        key: dict(m.params) for key, m in flat.models.items()
    } == {"d": {"is": 2e-15}, "d_s1": {"is": 1e-15}}
    for k, value in enumerate((1e-15, 1e-15, 2e-15)):
        card = flat.model(str(cell(flat, "D1", f"s{k}")[2]["model"]))
        assert card is not None
        assert card.params["is"] == value


def test_an_error_names_the_element() -> None:
    netlist = read_spice_text("t\n.subckt s a w=0\nR1 a 0 {1/w}\n.ends\nX1 n s\n", file="t.sp")
    with pytest.raises(NetlistError) as caught:
        elaborate(netlist)
    assert str(caught.value) == (
        "t.sp:3: 'R1' in module 's': the expression '1/w' has no finite value (float division by zero)"
    )
