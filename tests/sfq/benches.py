"""How the tests simulate a cell on its test bench."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np

from hwdesign.sfq import Cell, as_specified, bias_batch, stimulus, testbench
from hwdesign.spice import Transient, compile_deck, simulate

Stimuli = Mapping[str, Sequence[float]]


def run(cell: Cell, stimuli: Mapping[str, Sequence[float]]) -> Transient:
    """One simulation at the default values, no noise."""
    return simulate(compile_deck(testbench(cell, stimuli)), waves=False)


def works(cell: Cell, stimuli: Mapping[str, Sequence[float]], factors: Sequence[float]) -> list[bool]:
    """Whether the cell does what its model says, at each factor of all its bias currents."""
    circuit = compile_deck(testbench(cell, stimuli))
    result = simulate(circuit, batch=bias_batch(circuit, np.array(factors)), waves=False)
    return [as_specified(cell, result, at) for at in range(len(factors))]


def stream(cell: Cell, seed: int, *, events: int = 24, gap_ps: float = 12.0, same_ps: float = 25.0) -> Stimuli:
    """Random pulses at random inputs: any two at least `gap_ps` apart, of one input `same_ps`."""
    draw = random.Random(seed)
    found: dict[str, list[float]] = {port.name: [] for port in cell.inputs()}
    weights = [3 if port.role == "clock" else 2 for port in cell.inputs()]
    t = 20.0
    for _ in range(events):
        times = found[draw.choices(list(found), weights)[0]]
        t += gap_ps + draw.choice([0, 0, 1, 2, 5, 10, 20])
        t = max(t, times[-1] + same_ps) if times else t
        times.append(t)
    return found


def run_all(cell: Cell, stimuli: Sequence[Stimuli], step_ps: float = 0.1) -> Transient:
    """One batch: a cell under many stimuli, no noise."""
    last = max(t for one in stimuli for times in one.values() for t in times)
    circuit = compile_deck(testbench(cell, stimuli[0], stop_ps=last + 100, step_ps=step_ps))
    batch = {f"IIN_{port.name}": [stimulus(one[port.name]) for one in stimuli] for port in cell.inputs()}
    return simulate(circuit, batch=batch, waves=False)


def failures_of_changed_elements(
    cell: Cell, stimuli: Stimuli, shares: Sequence[float], step_ps: float = 0.1
) -> list[tuple[str, float]]:
    """Which of the cell's elements, changed by which share, keep it from doing what its model says.

    One element at a time; a junction takes its shunt along, and `biases` are all its bias currents together.
    """
    circuit = compile_deck(testbench(cell, stimuli, step_ps=step_ps))
    inside = [e.name for e in circuit.elements if e.name.endswith("|XDUT") and e.kind in "LBIR"]
    names = [name for name in inside if not name.startswith(("RB", "LRB", "LP"))]
    variants = [(name, share) for name in [*names, "biases"] for share in shares]
    factors = {name: np.ones(len(variants)) for name in inside}
    for at, (name, share) in enumerate(variants):
        for element in [n for n in names if n[0] == "I"] if name == "biases" else [name]:
            factors[element][at] = 1 + share
        if f"R{name}" in factors:
            factors[f"R{name}"][at] = 1 / (1 + share)
    batch = {name: circuit.nominal(name) * factor for name, factor in factors.items()}
    result = simulate(circuit, batch=batch, waves=False)
    return [what for at, what in enumerate(variants) if not as_specified(cell, result, at, stimuli=stimuli)]
