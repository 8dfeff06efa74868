"""Functional comparison by evaluation, for the passes' tests."""

from __future__ import annotations

import random

from hwdesign.netlist import Netlist
from hwdesign.netlist.evaluate import Evaluator

PATTERNS = 64


def behaviour(netlist: Netlist, *, cycles: int = 4, seed: int = 7) -> list[dict[str, int]]:
    """Outputs of `cycles` clock cycles from the initial state, under inputs that depend on their names and `seed`."""
    evaluator = Evaluator(netlist)
    state = None
    shown = []
    for cycle in range(cycles):
        inputs = {
            name: random.Random(f"{seed} {name} {cycle}").getrandbits(PATTERNS) for name in evaluator.program.inputs
        }
        outputs, state = evaluator.run_bits(inputs, PATTERNS, state)
        shown.append(outputs)
    return shown
