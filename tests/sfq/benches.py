"""How the tests simulate a cell on its test bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hwdesign.sfq import Cell, as_specified, bias_batch, testbench
from hwdesign.spice import Transient, compile_deck, simulate


def run(cell: Cell, stimuli: Mapping[str, Sequence[float]]) -> Transient:
    """One simulation at the default values, no noise."""
    return simulate(compile_deck(testbench(cell, stimuli)), waves=False)


def works(cell: Cell, stimuli: Mapping[str, Sequence[float]], factors: Sequence[float]) -> list[bool]:
    """Whether the cell does what its model says, at each factor of all its bias currents."""
    circuit = compile_deck(testbench(cell, stimuli))
    result = simulate(circuit, batch=bias_batch(circuit, np.array(factors)), waves=False)
    return [as_specified(cell, result, at) for at in range(len(factors))]
