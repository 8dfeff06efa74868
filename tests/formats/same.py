"""Comparing netlists by what they compute, cycle by cycle from reset."""

from __future__ import annotations

import random

from hwdesign.netlist import Netlist
from hwdesign.netlist.evaluate import Evaluator


def assert_same_function(left: Netlist, right: Netlist, *, cycles: int = 3, patterns: int = 64, seed: int = 1) -> None:
    """Equal ports, and equal outputs under the same random inputs, over some cycles from reset."""
    one, two = left.top_module, right.top_module
    assert one.port_labels() == two.port_labels()
    assert one.port_dir.tolist() == two.port_dir.tolist()
    a, b = Evaluator(left), Evaluator(right)
    rng = random.Random(seed)
    names = [label for label, way in zip(one.port_labels(), one.port_dir.tolist(), strict=True) if way == 0]
    state_a, state_b = a.initial_state(patterns), b.initial_state(patterns)
    for _ in range(cycles if a.registers or b.registers else 1):
        inputs = {name: rng.getrandbits(patterns) for name in names}
        seen_a, state_a = a.run_bits(inputs, patterns, state_a)
        seen_b, state_b = b.run_bits(inputs, patterns, state_b)
        assert seen_a == seen_b


def port_columns(netlist: Netlist) -> list[tuple[str, int, int]]:
    """(name, direction, bus) of every port bit of the top module."""
    m = netlist.top_module
    return list(zip(m.port_labels(), m.port_dir.tolist(), m.port_bus.tolist(), strict=True))
