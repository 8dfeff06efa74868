"""Random gate-level netlists: a seeded generator, and hypothesis strategies over it.

The generator takes a `random.Random`, so that benchmarks and hand-written tests can use it without hypothesis; the
strategies draw its sizes and its seed, which keeps generation fast and lets the sizes shrink.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from hwdesign.netlist import Builder, Direction, ModuleBuilder, Netlist, gate

_OPS = ("AND", "NAND", "OR", "NOR", "XOR", "XNOR", "AND", "NAND", "BUF", "NOT", "MUX")


@dataclass(frozen=True)
class Shape:
    """What a random netlist may hold.

    Attributes:
        gates: gates in each module.
        inputs: scalar inputs of each module, beside one input bus.
        outputs: scalar outputs of each module, beside one output bus.
        registers: DFFs in each module; they share the input `clk`.
        levels: levels of hierarchy below the top; each has one or two modules, instantiated from the level above.
        inverted: some pins and output ports see the complement of their net.
        constants: some pins and output ports are tied to constants.
    """

    gates: int = 12
    inputs: int = 2
    outputs: int = 2
    registers: int = 0
    levels: int = 0
    inverted: bool = True
    constants: bool = True


def random_netlist(rng: random.Random, shape: Shape) -> Netlist:
    """An acyclic netlist in which every read net is driven; nets, cells and modules partly named.

    Module `top` has scalar inputs `a0 ...`, an input bus `d`, outputs `y0 ...` and an output bus `q`.
    """
    b = Builder("top")
    below: list[ModuleBuilder] = []
    for level in range(shape.levels, 0, -1):
        made = [b.module(f"m{level}_{k}", line=level) for k in range(rng.randint(1, 2))]
        for module in made:
            _fill(module, rng, shape, below)
        below = made
    _fill(b.top, rng, shape, below)
    return b.freeze()


def _fill(m: ModuleBuilder, rng: random.Random, shape: Shape, children: list[ModuleBuilder]) -> None:
    signals = [m.input(f"a{k}") for k in range(max(1, shape.inputs))]
    left, right = rng.choice([(2, 0), (0, 2), (4, 3), (1, 1)])
    signals += m.bus("d", Direction.IN, left, right)
    clock = m.input("clk") if shape.registers or any(c.has_net("clk") for c in children) else -1
    stored = [m.net(f"r{k}" if rng.random() < 0.7 else None) for k in range(shape.registers)]
    signals += stored

    def pick() -> int:
        if shape.constants and rng.random() < 0.06:
            return rng.randint(0, 1)
        # Late signals twice as often, so that depth grows.
        return rng.choice(signals if rng.random() < 0.5 else signals[-8:])

    def flags(roles: list[str]) -> list[str]:
        return [role for role in roles if shape.inverted and rng.random() < 0.2]

    places = set(rng.sample(range(max(1, shape.gates)), min(len(children) * 2, max(1, shape.gates))))
    for k in range(shape.gates):
        if children and k in places:
            child = rng.choice(children)
            kind = child.as_type()
            pins = {role.name: clock if role.name == "clk" else pick() for role in kind.inputs}
            outs = {r.name: m.net(f"x{k}_{r.name}" if rng.random() < 0.5 else None) for r in kind.outputs}
            held = {role: net for role, net in outs.items() if rng.random() < 0.9}
            inverted = flags([role for role in (*pins, *held) if role != "clk"])
            m.cell(kind, {**pins, **held}, name=f"u{k}", inverted=inverted, line=100 + k)
            signals += held.values()
        op = rng.choice(_OPS)
        kind = gate(op, rng.randint(2, 4) if op not in ("BUF", "NOT", "MUX") else 2)
        out = m.net(f"n{k}" if rng.random() < 0.7 else None)
        pins = {role.name: pick() for role in kind.inputs} | {"Y": out}
        m.cell(kind, pins, name=f"g{k}" if rng.random() < 0.7 else None, inverted=flags(list(pins)), line=10 + k)
        signals.append(out)
    for k, net in enumerate(stored):
        pins = {"D": pick(), "C": clock, "Q": net}
        params = {"init": rng.randint(0, 1)} if rng.random() < 0.5 else None
        m.cell(gate("DFF"), pins, name=f"ff{k}", inverted=flags(["D", "Q"]), params=params, line=200 + k)
    for k in range(max(1, shape.outputs)):
        m.output(f"y{k}", pick(), inverted=shape.inverted and rng.random() < 0.2)
    left, right = rng.choice([(1, 0), (0, 1), (7, 5)])
    width = abs(left - right) + 1
    marks = [shape.inverted and rng.random() < 0.2 for _ in range(width)]
    m.bus("q", Direction.OUT, left, right, [pick() for _ in range(width)], inverted=marks)


@st.composite
def netlists(
    draw: st.DrawFn, *, max_gates: int = 24, max_registers: int = 3, max_levels: int = 0, inverted: bool = True
) -> Netlist:
    """Gate-level netlists; see `random_netlist`."""
    shape = Shape(
        gates=draw(st.integers(0, max_gates)),
        inputs=draw(st.integers(1, 4)),
        outputs=draw(st.integers(1, 3)),
        registers=draw(st.integers(0, max_registers)),
        levels=draw(st.integers(0, max_levels)),
        inverted=inverted and draw(st.booleans()),
        constants=draw(st.booleans()),
    )
    return random_netlist(random.Random(draw(st.integers(0, 2**32 - 1))), shape)


def hierarchical_netlists(*, max_gates: int = 10, max_registers: int = 2) -> st.SearchStrategy[Netlist]:
    """Netlists of up to three levels of modules below the top."""
    return netlists(max_gates=max_gates, max_registers=max_registers, max_levels=3)


@dataclass(frozen=True)
class AigArrays:
    """A random AIG as literals; see `hwdesign.netlist.aig`."""

    inputs: int
    fanin0: np.ndarray
    fanin1: np.ndarray
    outputs: np.ndarray


@st.composite
def aig_arrays(draw: st.DrawFn, *, max_inputs: int = 8, max_ands: int = 40) -> AigArrays:
    """Combinational AIGs in topological order, constants among the fan-ins."""
    inputs = draw(st.integers(1, max_inputs))
    ands = draw(st.integers(0, max_ands))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    limit = 2 * (1 + inputs + np.arange(ands))
    f0, f1 = (rng.integers(0, limit).astype(np.int32) if ands else np.zeros(0, np.int32) for _ in range(2))
    count = draw(st.integers(1, 4))
    outputs = rng.integers(0, 2 * (1 + inputs + ands), count).astype(np.int32)
    return AigArrays(inputs, f0, f1, outputs)
