"""Yosys JSON: Yosys' gates, vectors, start values, and what is refused."""

from __future__ import annotations

import json

import pytest

from hwdesign.errors import FormatError
from hwdesign.formats.yosys_json import read_yosys_json_text, yosys_json_text, yosys_type
from hwdesign.netlist import Bus, Kind


def _netlist(cells: dict, ports: dict, netnames: dict | None = None) -> str:
    module = {"attributes": {"top": "1"}, "ports": ports, "cells": cells, "netnames": netnames or {}}
    return json.dumps({"modules": {"t": module}})


def test_gates_vectors_and_hidden_names() -> None:
    text = _netlist(
        {
            "$abc$1": {
                "hide_name": 1,
                "type": "$_AND_",
                "attributes": {"src": "f.v:12.3-14.5"},
                "connections": {"A": [2], "B": ["1"], "Y": [5]},
            },
            "ff": {"hide_name": 0, "type": "$_DFF_N_", "connections": {"D": [5], "C": [4], "Q": [6]}},
        },
        {
            "a": {"direction": "input", "bits": [2, 3], "offset": 4, "upto": 1},
            "clk": {"direction": "input", "bits": [4]},
            "q": {"direction": "output", "bits": [6]},
        },
        {"state": {"bits": [6], "attributes": {"init": "1"}}, "n": {"hide_name": 0, "bits": [5]}},
    )
    module = read_yosys_json_text(text, file="f.json").top_module
    assert module.type_counts() == {"AND2": 1, "DFF": 1}
    assert module.buses == (Bus("a", 4, 5),)
    # An `upto` vector lists its bits from the right index: net 2 is a[5], the least significant.
    assert module.port_labels()[:2] == ["a[4]", "a[5]"]
    assert module.pins_of(0)[0] == ("A", int(module.port_net[1]), False)
    assert module.pins_of(0)[1] == ("B", 1, False)
    assert module.cell_line[0] == 12
    assert module.pins_of(1)[1][2], "the falling clock edge is an inverted clock pin"
    assert module.param(1, "init") == 1.0
    assert module.cell_label(1) == "ff"


@pytest.mark.parametrize(
    ("name", "pins"),
    [
        ("$_DFF_PN0_", ["D", "C", "R", "Q"]),
        ("$_DFFE_PP_", ["D", "C", "E", "Q"]),
        ("$_DFFE_PP0P_", ["D", "C", "R", "E", "Q"]),
        ("$_SDFF_PP0_", ["D", "C", "R", "Q"]),
        ("$_SDFFCE_PP0P_", ["D", "C", "R", "E", "Q"]),
        ("$_DFFSR_PPP_", ["D", "C", "S", "R", "Q"]),
        ("$_ALDFF_PP_", ["D", "C", "L", "AD", "Q"]),
        ("$_DLATCH_N_", ["D", "E", "Q"]),
        ("$_SR_PP_", ["S", "R", "Q"]),
    ],
)
def test_pins_of_yosys_registers(name: str, pins: list[str]) -> None:
    cell_type = yosys_type(name)
    assert cell_type is not None
    assert cell_type.kind is Kind.SEQ
    assert [role.name for role in cell_type.roles] == pins


def test_black_boxes_keep_their_given_directions() -> None:
    text = _netlist(
        {
            "u": {
                "type": "ram",
                "port_directions": {"addr": "input", "Q": "input", "data": "output"},
                "connections": {"addr": [2, 3], "Q": [4], "data": [5]},
            }
        },
        {},
    )
    netlist = read_yosys_json_text(text)
    cell_type = netlist.library.get("ram")
    assert cell_type is not None
    assert [(r.name, r.direction.name) for r in cell_type.roles] == [
        ("addr[1]", "IN"), ("addr[0]", "IN"), ("Q", "IN"), ("data", "OUT"),
    ]  # fmt: skip
    again = json.loads(yosys_json_text(netlist))["modules"]["t"]["cells"]["u"]
    assert len(again["connections"]["addr"]) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "x.json:1: this is no JSON"),
        ("[" + "9" * 5000 + "]", "x.json: this is no JSON"),
        ("[]", "x.json: this JSON holds no Yosys netlist: it has no 'modules'; use write_json"),
        ('{"modules": {"m": {"ports": {"a": {"direction": "up", "bits": [2]}}}}}', "x.json: this JSON is no Yosys"),
        ('{"modules": {"m": {"ports": {"a": {"direction": "input", "bits": [1]}}}}}', "x.json: this JSON is no Yosys"),
        ('{"modules": {"m": {"cells": {"c": {}}}}}', "x.json: this JSON is no Yosys netlist (KeyError: 'type')"),
    ],
)
def test_refusals(text: str, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_yosys_json_text(text, file="x.json")
    assert str(caught.value).startswith(words)
