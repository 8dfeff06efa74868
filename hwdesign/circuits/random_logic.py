"""Random and-inverter graphs and random gate-level logic of chosen size, depth and fanout law."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_, xor

import numpy as np

from hwdesign.circuits._blocks import register
from hwdesign.circuits._skeleton import Shape, Skeleton, random_skeleton
from hwdesign.circuits.registry import SEED, Limit, circuit
from hwdesign.errors import NetlistError
from hwdesign.netlist import Builder, Netlist, gate

_LAW = Limit("how fanouts are spread", choices=("geometric", "power"))
_EXPONENT = Limit("exponent of the power law", 1.5, 10.0)
_INPUTS = Limit("primary inputs", 1, 1 << 16)
_OUTPUTS = Limit("primary outputs", 1, 1 << 20)
_DEPTH = Limit("gates on the longest path", 0, 1 << 14)
MAX_DRAWS = 500_000_000
"""Most gates times levels of a random graph, about 5 s of drawing."""
MAX_REDRAWS = 4_000_000
"""Most redraws of fanins that would repeat a function, 10 to 20 s of them."""
_TRIES = 100
_FUNCTION_TRIES = 8

_OPERATORS = ("NAND", "NOR", "AND", "OR", "XOR", "XNOR")
_COMPLEMENT = {"NAND": "AND", "NOR": "OR", "XNOR": "XOR"}
_JOIN = {"AND": and_, "OR": or_, "XOR": xor}
_FREQUENCY = (0.28, 0.22, 0.17, 0.15, 0.12, 0.06)


@circuit(
    "aig-random",
    "random",
    "random and-inverter graph without repeated or dangling nodes",
    inputs=_INPUTS,
    ands=Limit("AND nodes", 0, 1 << 20),
    outputs=_OUTPUTS,
    depth=_DEPTH,
    law=_LAW,
    exponent=_EXPONENT,
    inverted=Limit("probability that a fanin or an output is inverted, before constants are mended", 0.0, 1.0),
    seed=SEED,
)
def random_aig(
    inputs: int = 16,
    ands: int = 100,
    outputs: int = 8,
    depth: int = 10,
    law: str = "geometric",
    exponent: float = 2.5,
    inverted: float = 0.5,
    seed: int = 0,
) -> Netlist:
    """Ports i0 .. → o0 ..; cells are AND2 with inverted pins. All counts and the depth are exact.

    No two nodes have the same pair of fanin literals, so structural hashing keeps every node; nodes that look constant
    or repeat another under random patterns are avoided where a few redraws or other inversions help. An input may be
    unread where there are more inputs than fanins.

    Raises:
        NetlistError: no such graph exists; the message says what to raise.
    """
    _check_draws("aig-random", ands, depth, "ands")
    rng = np.random.default_rng(seed)
    skeleton = random_skeleton(Shape(inputs, ands, outputs, depth, law, exponent), rng)
    literals = _distinct_literals(skeleton, inputs, inverted, rng)
    b = Builder(f"aig_random_{ands}_{seed}")
    m = b.top
    nets = [m.input(f"i{at}") for at in range(inputs)]
    and2 = gate("AND", 2)
    for at, (x, y) in enumerate(literals):
        out = m.net()
        flags = [pin for pin, literal in enumerate((x, y)) if literal & 1]
        m.cell(and2, (nets[x >> 1], nets[y >> 1], out), name=f"and{at}", inverted=flags)
        nets.append(out)
    flips = rng.random(outputs) < inverted
    for at, (vertex, flip) in enumerate(zip(skeleton.outputs.tolist(), flips.tolist(), strict=True)):
        m.output(f"o{at}", nets[vertex], inverted=flip)
    return b.freeze()


def _check_draws(circuit: str, nodes: int, depth: int, parameter: str) -> None:
    """Each level is covered by a random order of the nodes above that still have a free fanin, up to all of them."""
    if nodes * depth > MAX_DRAWS:
        raise NetlistError(
            f"'{circuit}' of {nodes} gates and depth {depth} would take up to {nodes * depth} random draws, "
            f"more than the {MAX_DRAWS} allowed",
            mend=f"lower {parameter} or depth",
        )


class _Signatures:
    """Simulated values of all vertices, to tell functions that repeat another or are constant.

    A signature is the value over `PATTERNS` random input patterns; equal functions have equal signatures, and functions
    of moderate probability hardly ever share one.
    """

    PATTERNS = 1024

    def __init__(self, inputs: int, rng: np.random.Generator) -> None:
        self.ones = (1 << self.PATTERNS) - 1
        size = self.PATTERNS // 8
        block = rng.integers(0, 256, (inputs, size), np.uint8).tobytes()
        self.value = [int.from_bytes(block[at : at + size], "little") for at in range(0, len(block), size)]
        # Of a value and its complement, the one that is 0 under the first pattern stands for both.
        self.seen = {0, *(value ^ self.ones if value & 1 else value for value in self.value)}

    def is_new(self, value: int) -> bool:
        """Whether neither the value nor its complement was there before; 0 always was."""
        return (value ^ self.ones if value & 1 else value) not in self.seen

    def add(self, value: int) -> None:
        """Append the value of the next vertex."""
        self.value.append(value)
        self.seen.add(value ^ self.ones if value & 1 else value)


def _distinct_literals(
    skeleton: Skeleton, inputs: int, inverted: float, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Two literals (2·vertex + inverted) a node; no pair twice, and a new function where one is found."""
    count = len(skeleton.fanin)
    signs = (rng.random((count, 2)) < inverted).astype(np.int64).tolist()
    flips = range(4 if 0.0 < inverted < 1.0 else 1)
    signatures = _Signatures(inputs, rng)
    value, ones = signatures.value, signatures.ones
    seen: set[tuple[int, int]] = set()
    found: list[tuple[int, int]] = []
    movable = skeleton.movable.tolist()
    redrawn = 0
    for at, ((x, y), sign) in enumerate(zip(skeleton.fanin.tolist(), signs, strict=True)):
        spare: tuple[int, int, int] | None = None
        chosen: tuple[int, int, int] | None = None
        for attempt in range(_TRIES):
            if attempt:
                redrawn += 1
                before = x, y
                x, y = _redrawn(skeleton, movable[at], at, x, y, attempt)
                if before == (x, y):  # tried already
                    if attempt >= _FUNCTION_TRIES and spare is not None:
                        chosen = spare
                        break
                    continue
            # The signs as drawn come first, the other three only where those lead nowhere new.
            for flip in flips:
                p, q = 2 * x + (sign[0] ^ flip >> 1), 2 * y + (sign[1] ^ flip & 1)
                if (min(p, q), max(p, q)) in seen:
                    continue
                result = (value[x] ^ ones if p & 1 else value[x]) & (value[y] ^ ones if q & 1 else value[y])
                spare = (p, q, result)
                if signatures.is_new(result):
                    chosen = spare
                    break
            # A distinct pair that repeats a function will do once a few redraws brought nothing better.
            if chosen is None and attempt >= _FUNCTION_TRIES:
                chosen = spare
            if chosen is not None:
                break
        if redrawn > MAX_REDRAWS:
            raise NetlistError(
                f"{count} ANDs over {inputs} inputs repeat each other's functions too often: {MAX_REDRAWS} redraws "
                f"were not enough after {at} of them",
                mend="lower ands, raise inputs, or choose inverted nearer to 0.5",
            )
        if chosen is None:
            raise NetlistError(
                f"{count} distinct ANDs do not fit over {inputs} inputs at this depth", mend="raise inputs or depth"
            )
        p, q, result = chosen
        seen.add((min(p, q), max(p, q)))
        found.append((p, q))
        signatures.add(result)
    return found


def _redrawn(skeleton: Skeleton, movable: list[bool], node: int, x: int, y: int, attempt: int) -> tuple[int, int]:
    """The fanins with one of them drawn again. Those that keep another node alive stay."""
    which = attempt % 2 if movable[0] and movable[1] else 1 if movable[1] else 0
    if not movable[which]:
        return x, y
    # The law yields to evenness where it finds no room.
    drawn = skeleton.redraw(node, which, uniform=attempt > _TRIES // 4)
    if drawn in (x, y):
        return x, y
    return (drawn, y) if which == 0 else (x, drawn)


@circuit(
    "logic-random",
    "random",
    "random gate-level logic, with registers if asked",
    inputs=_INPUTS,
    gates=Limit("combinational gates", 0, 1 << 20),
    outputs=_OUTPUTS,
    depth=_DEPTH,
    registers=Limit("D flip-flops that feed back", 0, 1 << 16),
    max_fanin=Limit("most inputs of a gate", 2, 8),
    law=_LAW,
    exponent=_EXPONENT,
    seed=SEED,
)
def random_logic(
    inputs: int = 16,
    gates: int = 100,
    outputs: int = 8,
    depth: int = 10,
    registers: int = 0,
    max_fanin: int = 4,
    law: str = "geometric",
    exponent: float = 2.5,
    seed: int = 0,
) -> Netlist:
    """Ports i0 .. (clk with registers) → o0 ..; gates NAND, NOR, AND, OR, XOR, XNOR of 2 to max_fanin inputs.

    Counts and depth are exact; registers stand as further inputs and outputs of the combinational part.

    Raises:
        NetlistError: no such graph exists; the message says what to raise.
    """
    _check_draws("logic-random", gates, depth, "gates")
    rng = np.random.default_rng(seed)
    sources = inputs + registers
    skeleton = random_skeleton(Shape(sources, gates, outputs + registers, depth, law, exponent), rng)
    b = Builder(f"logic_random_{gates}_{seed}")
    m = b.top
    clock = m.input("clk") if registers else -1
    nets = [m.input(f"i{at}") for at in range(inputs)]
    stored = [m.net(f"q{at}") for at in range(registers)]
    nets += stored
    signatures = _Signatures(sources, rng)
    wanted = rng.choice(len(_OPERATORS), gates, p=_FREQUENCY).tolist()
    extras = rng.integers(0, max_fanin - 1, gates)
    spans = (np.repeat(bound[:, 1], extras) for bound in (skeleton.low, skeleton.high))
    more = skeleton.draw(*spans).tolist()
    ends = np.cumsum(extras).tolist()
    for at, (x, y) in enumerate(skeleton.fanin.tolist()):
        fanin = [x, y]
        for drawn in more[ends[at - 1] if at else 0 : ends[at]]:
            if drawn not in fanin:
                fanin.append(drawn)
        first = _OPERATORS[wanted[at]]
        # Wide parity gates are rare in practice and hide every other function.
        if first.startswith("X"):
            fanin = fanin[:2]
        operator, result = _operator(signatures, first, fanin)
        signatures.add(result)
        nets.append(m.gate(operator, *[nets[vertex] for vertex in fanin], name=f"g{at}"))
    shown = [nets[vertex] for vertex in skeleton.outputs.tolist()]
    register(m, clock, shown[outputs:], stored, "q_reg")
    for at, net in enumerate(shown[:outputs]):
        m.output(f"o{at}", net)
    return b.freeze()


def _operator(signatures: _Signatures, first: str, fanin: list[int]) -> tuple[str, int]:
    """The operator that was drawn, or the first other one that gives a new function; with its value."""
    values = [signatures.value[vertex] for vertex in fanin]
    drawn = _value(first, values, signatures.ones)
    if signatures.is_new(drawn):
        return first, drawn
    for operator in _OPERATORS if len(fanin) == 2 else _OPERATORS[:4]:
        result = _value(operator, values, signatures.ones)
        if signatures.is_new(result):
            return operator, result
    return first, drawn


def _value(operator: str, values: list[int], ones: int) -> int:
    """What a gate shows over the patterns of `ones`."""
    base = _COMPLEMENT.get(operator)
    found = reduce(_JOIN[base or operator], values)
    return found ^ ones if base else found
