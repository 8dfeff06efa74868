"""The registry: every generator builds clean netlists, and refuses in exact words."""

from __future__ import annotations

import inspect

import pytest

from hwdesign.circuits import GENERATORS, generate, ripple_adder
from hwdesign.errors import NetlistError
from hwdesign.netlist import Direction, Kind, Netlist
from hwdesign.netlist.check import check
from hwdesign.netlist.evaluate import Evaluator

DEVICE_DOMAINS = ("analog", "rram")
SMALL = {"width": 1, "keys": 1, "select": 1, "inputs": 2, "states": 1, "rows": 1, "cols": 1, "stages": 1, "outputs": 1}


def variants(name: str) -> list[dict[str, object]]:
    """Defaults, the smallest sizes, and every choice and switch."""
    generator = GENERATORS[name]
    sets: list[dict[str, object]] = [{}]
    small = {p.name: SMALL[p.name] for p in generator.parameters if p.name in SMALL}
    if generator.domain == "random":
        small = {}
    if "polynomial" in {p.name for p in generator.parameters}:
        small["polynomial"] = 1
    sets.append(small)
    for parameter in generator.parameters:
        if parameter.type is bool:
            sets.append({parameter.name: not parameter.default})
        sets += [{parameter.name: choice} for choice in parameter.choices]
    return sets


CASES = [(name, params) for name in GENERATORS for params in variants(name)]


@pytest.mark.parametrize(("name", "params"), CASES, ids=[f"{name}-{params}" for name, params in CASES])
def test_every_generator_makes_a_clean_netlist(name: str, params: dict[str, object]) -> None:
    netlist = generate(name, **params)
    assert netlist.digest() == generate(name, **params).digest()
    findings = [str(f) for f in check(netlist) if f.severity != "note"]
    # An enable that a one-stage form does not need may stay unread; nothing else may be loose.
    assert findings == []
    if GENERATORS[name].domain not in DEVICE_DOMAINS:
        Evaluator(netlist)
        assert not dead_cells(netlist), "cells that reach no output"


def dead_cells(netlist: Netlist) -> list[str]:
    """Cells of the top module from which no output port and no register can be reached."""
    module = netlist.top_module
    live = set(module.port_net[module.ports_of(Direction.OUT)].tolist())
    cells = [(cell, module.pins_of(cell), module.type_of(cell)) for cell in range(module.num_cells)]
    waiting = list(cells)
    while True:
        rest = []
        for cell, pins, kind in waiting:
            outs = {net for role, net, _ in pins if kind.roles[kind.role_index[role]].direction is Direction.OUT}
            if outs & live or kind.kind is Kind.SEQ:
                live |= {net for _, net, _ in pins} - outs
            else:
                rest.append((cell, pins, kind))
        if len(rest) == len(waiting):
            return [module.cell_label(cell) for cell, _, _ in rest]
        waiting = rest


def test_registry_describes_the_functions() -> None:
    for name, generator in GENERATORS.items():
        assert generator.name == name
        assert generator.summary
        signature = inspect.signature(generator.build)
        assert list(signature.parameters) == [p.name for p in generator.parameters]
        for parameter in generator.parameters:
            assert parameter.help
            assert parameter.convert(str(parameter.default), name) == parameter.default


def test_texts_stand_for_values() -> None:
    netlist = generate("crc-parallel", width="8", polynomial="0x1D", data="3")
    assert netlist.digest() == generate("crc-parallel", width=8, polynomial=29, data=3).digest()
    assert len(generate("adder-ripple", width="2", hierarchical="yes").modules) == 2


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("adder-koge-stone", {}, "no circuit generator is named 'adder-koge-stone'; nearest: adder-kogge-stone"),
        ("xyz", {}, "no circuit generator is named 'xyz'; list them by `hwdesign generate list`"),
        ("adder-ripple", {"widht": 3}, "circuit 'adder-ripple' has no parameter 'widht'; did you mean 'width'?"),
        ("parity", {"zz": 3}, "circuit 'parity' has no parameter 'zz'; its parameters: width"),
        ("adder-ripple", {"width": 0}, "parameter 'width' of 'adder-ripple' is 0; keep it between 1 and 4096"),
        ("adder-ripple", {"width": -3}, "parameter 'width' of 'adder-ripple' is -3; keep it between 1 and 4096"),
        ("adder-ripple", {"width": "ten"}, "parameter 'width' of 'adder-ripple' is 'ten'; give an integer"),
        ("adder-ripple", {"width": 2.5}, "parameter 'width' of 'adder-ripple' is '2.5'; give an integer"),
        ("adder-ripple", {"width": True}, "parameter 'width' of 'adder-ripple' is 'True'; give an integer"),
        ("adder-ripple", {"hierarchical": 7}, "parameter 'hierarchical' of 'adder-ripple' is '7'; give true or false"),
        ("sbox-aes", {"method": "bdd"}, "parameter 'method' of 'sbox-aes' is 'bdd'; choose mux or sop"),
        ("crossbar", {"r_on": "nan"}, "parameter 'r_on' of 'crossbar' is nan; keep it between 1 and 1e+09"),
        ("crc-serial", {"width": 4}, None),
        (
            "crc-serial",
            {"width": 4, "polynomial": 16},
            "the polynomial 0x10 does not fit the width 4; leave out the leading term, or widen",
        ),
        (
            "lfsr",
            {"width": 40},
            "no polynomial is given for an LFSR of 40 bits; give one: it is searched up to degree 32",
        ),
    ],
)
def test_refusals(name: str, params: dict[str, object], words: str | None) -> None:
    if words is None:
        assert generate(name, **params).top_module.num_cells
        return
    with pytest.raises(NetlistError) as error:
        generate(name, **params)
    assert str(error.value).startswith(words)


def test_functions_check_their_arguments_too() -> None:
    with pytest.raises(NetlistError, match="keep it between 1 and 4096"):
        ripple_adder(0)
    assert ripple_adder(3).top_module.num_cells == 15


def test_hierarchy_keeps_one_module_a_repeated_cell() -> None:
    netlist = generate("adder-ripple", width=6, hierarchical=True)
    assert sorted(netlist.modules) == ["adder_ripple_6", "full_adder"]
    assert netlist.top_module.type_counts() == {"full_adder": 6}
    assert netlist.top_module.cell_labels() == [f"fa{bit}" for bit in range(6)]
