"""Clocked circuits: counters, shift registers and random finite state machines. Every register starts at 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwdesign.circuits._blocks import register, select_bits
from hwdesign.circuits.registry import SEED, Limit, circuit, width
from hwdesign.circuits.tables import synthesize, tables_of
from hwdesign.netlist import Builder, Netlist


@circuit("counter", "sequential", "binary up-counter with enable and synchronous clear", width=width(1024, "bits"))
def counter(width: int = 8) -> Netlist:
    """Ports clk, clear, enable → count, carry (all ones and enabled). clear wins over enable."""
    b = Builder(f"counter_{width}")
    m = b.top
    clock, clear, enable = (m.input(name) for name in ("clk", "clear", "enable"))
    count = m.nets("count", width)
    keep = m.gate("NOT", clear, name="clear_not")
    carry = enable
    after = []
    for bit, net in enumerate(count):
        toggled = m.gate("XOR", net, carry, name=f"toggle{bit}_xor")
        after.append(m.gate("AND", toggled, keep, name=f"clear{bit}_and"))
        carry = m.gate("AND", net, carry, name=f"carry{bit}_and")
    register(m, clock, after, count, "count_reg")
    m.outputs("count", count)
    m.output("carry", carry)
    return b.freeze()


@circuit("shift-register", "sequential", "serial-in parallel-out shift register", width=width(4096, "stages"))
def shift_register(width: int = 8) -> Netlist:
    """Ports clk, data → q; q[0] holds the newest bit."""
    b = Builder(f"shift_register_{width}")
    m = b.top
    clock, data = m.input("clk"), m.input("data")
    q = m.nets("q", width)
    register(m, clock, [data, *q[:-1]], q, "q_reg")
    m.outputs("q", q)
    return b.freeze()


@dataclass(frozen=True, slots=True)
class MooreTable:
    """A Moore machine that starts in state 0.

    Attributes:
        successor: successor[state][input word] is the next state.
        output: output[state] is the output word.
    """

    successor: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]


def random_moore(states: int, inputs: int, outputs: int, seed: int) -> MooreTable:
    """Random machine in which every state can be reached from state 0.

    Args:
        states, inputs, outputs: number of states, input bits, output bits.
        seed: of `numpy.random.default_rng`.
    """
    rng = np.random.default_rng(seed)
    letters = 1 << inputs
    successor = rng.integers(0, states, (states, letters))
    # A random spanning tree: each state in turn hangs on a free edge of an earlier one.
    free = list(range(letters))
    for state in range(1, states):
        edge = free.pop(int(rng.integers(len(free))))
        successor[edge // letters, edge % letters] = state
        free += [state * letters + letter for letter in range(letters)]
    words = rng.integers(0, 1 << outputs, states)
    return MooreTable(tuple(tuple(map(int, row)) for row in successor), tuple(map(int, words)))


@circuit(
    "fsm-random",
    "sequential",
    "random Moore machine, binary state code, every state reachable",
    states=Limit("number of states", 1, 256),
    inputs=Limit("input bits", 0, 6),
    outputs=Limit("output bits", 1, 32),
    method=Limit("mux: shared Shannon expansion; sop: sums of shared minterms", choices=("mux", "sop")),
    seed=SEED,
)
def random_fsm(states: int = 8, inputs: int = 2, outputs: int = 2, method: str = "mux", seed: int = 0) -> Netlist:
    """Ports clk, reset, in → out, state. reset leads to state 0 at the next clock; see `random_moore`."""
    table = random_moore(states, inputs, outputs, seed)
    b = Builder(f"fsm_random_{states}_{seed}")
    m = b.top
    clock, reset = m.input("clk"), m.input("reset")
    letter = m.inputs("in", inputs) if inputs else []
    bits = select_bits(states)
    state = m.nets("state", bits)
    # Index: state code above, input word below. Codes beyond the last state never occur and lead to state 0.
    following = [word for row in table.successor for word in row]
    following += [0] * ((1 << (bits + inputs)) - len(following))
    shown = [*table.output, *[0] * ((1 << bits) - states)]
    after = synthesize(m, [*letter, *state], tables_of(following, bits), method, "next")
    keep = m.gate("NOT", reset, name="reset_not")
    kept = [m.gate("AND", net, keep, name=f"reset{bit}_and") for bit, net in enumerate(after)]
    register(m, clock, kept, state, "state_reg")
    m.outputs("out", synthesize(m, state, tables_of(shown, outputs), method, "out"))
    m.outputs("state", state)
    return b.freeze()
