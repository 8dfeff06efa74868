"""Small blocks that the generators share. Words are lists of nets, least significant first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil, log2

from hwdesign.netlist import CONST0, ModuleBuilder

Body = Callable[[ModuleBuilder, Mapping[str, int], str], Mapping[str, int]]


def prefixed(prefix: str, local: str) -> str:
    """Instance name of a gate inside the block `prefix`."""
    return f"{prefix}_{local}" if prefix else local


def place(
    m: ModuleBuilder, module: str, body: Body, inputs: Mapping[str, int], instance: str, hierarchical: bool
) -> Mapping[str, int]:
    """Put one copy of a block into `m`, inline or as an instance of the shared module.

    Args:
        m: module to build in.
        module: name of the block's module.
        body: builds the block from its input nets and a prefix of gate names; returns its output nets.
        inputs: net of each input.
        instance: name of this copy.
        hierarchical: make an instance.

    Returns:
        Net of each output.
    """
    if not hierarchical:
        return body(m, inputs, instance)
    if not m.owner.has_module(module):
        inner = m.owner.module(module)
        found = body(inner, {name: inner.input(name) for name in inputs}, "")
        for name, net in found.items():
            inner.output(name, net)
    roles = m.owner.module(module).as_type().outputs
    outputs = {role.name: m.net(f"{instance}_{role.name}") for role in roles}
    m.instance(module, {**inputs, **outputs}, name=instance)
    return outputs


def half_adder(m: ModuleBuilder, pins: Mapping[str, int], prefix: str) -> Mapping[str, int]:
    """Inputs a, b; outputs sum, carry."""
    a, b = pins["a"], pins["b"]
    return {
        "sum": m.gate("XOR", a, b, name=prefixed(prefix, "sum_xor")),
        "carry": m.gate("AND", a, b, name=prefixed(prefix, "carry_and")),
    }


def full_adder(m: ModuleBuilder, pins: Mapping[str, int], prefix: str) -> Mapping[str, int]:
    """Inputs a, b, cin; outputs sum, carry."""
    a, b, cin = pins["a"], pins["b"], pins["cin"]
    half = m.gate("XOR", a, b, name=prefixed(prefix, "half_xor"))
    both = m.gate("AND", a, b, name=prefixed(prefix, "both_and"))
    passed = m.gate("AND", half, cin, name=prefixed(prefix, "pass_and"))
    return {
        "sum": m.gate("XOR", half, cin, name=prefixed(prefix, "sum_xor")),
        "carry": m.gate("OR", both, passed, name=prefixed(prefix, "carry_or")),
    }


def add_bits(m: ModuleBuilder, bits: Sequence[int], instance: str, hierarchical: bool = False) -> tuple[int, int]:
    """(sum, carry) of up to three nets of one weight; constant-0 nets cost no gate."""
    live = [bit for bit in bits if bit != CONST0]
    if len(live) <= 1:
        return (live[0] if live else CONST0), CONST0
    if len(live) == 2:
        pins = {"a": live[0], "b": live[1]}
        found = place(m, "half_adder", half_adder, pins, instance, hierarchical)
    else:
        pins = {"a": live[0], "b": live[1], "cin": live[2]}
        found = place(m, "full_adder", full_adder, pins, instance, hierarchical)
    return found["sum"], found["carry"]


def ripple_add(
    m: ModuleBuilder, a: Sequence[int], b: Sequence[int], cin: int, prefix: str, hierarchical: bool = False
) -> tuple[list[int], int]:
    """Sum of two words of one width and a carry: (sum, carry out)."""
    total = []
    carry = cin
    for bit, (x, y) in enumerate(zip(a, b, strict=True)):
        s, carry = add_bits(m, (x, y, carry), f"{prefix}{bit}", hierarchical)
        total.append(s)
    return total, carry


def fold(m: ModuleBuilder, op: str, x: int, y: int, name: str) -> int:
    """Two-input AND, OR or XOR; where an operand is constant 0 no gate is made."""
    if CONST0 in (x, y):
        return CONST0 if op == "AND" else x if y == CONST0 else y
    return m.gate(op, x, y, name=name)


def subtract(m: ModuleBuilder, a: Sequence[int], b: Sequence[int], prefix: str) -> tuple[list[int], int]:
    """(a - b, borrow out), modulo 2^width; constant-0 nets cost no gate."""
    difference = []
    borrow = CONST0
    for bit, (x, y) in enumerate(zip(a, b, strict=True)):
        label = f"{prefix}{bit}"
        half = fold(m, "XOR", x, y, f"{label}_half_xor")
        difference.append(fold(m, "XOR", half, borrow, f"{label}_diff_xor"))
        if x == CONST0:
            borrow = fold(m, "OR", y, borrow, f"{label}_borrow_or")
            continue
        inverse = m.gate("NOT", x, name=f"{label}_not")
        generated = fold(m, "AND", inverse, y, f"{label}_gen_and")
        if borrow == CONST0:
            borrow = generated
            continue
        same = m.gate("NOT", half, name=f"{label}_same_not")
        passed = m.gate("AND", same, borrow, name=f"{label}_pass_and")
        borrow = fold(m, "OR", generated, passed, f"{label}_borrow_or")
    return difference, borrow


def mux_word(m: ModuleBuilder, select: int, zero: Sequence[int], one: Sequence[int], prefix: str) -> list[int]:
    """`one` where `select` is 1, otherwise `zero`; equal bits cost no gate."""
    return [
        x if x == y else m.gate("MUX", x, y, select, name=f"{prefix}{bit}")
        for bit, (x, y) in enumerate(zip(zero, one, strict=True))
    ]


def tree(m: ModuleBuilder, op: str, nets: Sequence[int], prefix: str) -> int:
    """Balanced tree of two-input gates of an associative operator (AND, OR, XOR) over one or more nets."""
    level = list(nets)
    depth = 0
    while len(level) > 1:
        paired = [
            m.gate(op, level[at], level[at + 1], name=f"{prefix}_{depth}_{at // 2}")
            for at in range(0, len(level) - 1, 2)
        ]
        level = paired + level[len(paired) * 2 :]
        depth += 1
    return level[0]


def select_bits(choices: int) -> int:
    """Bits that number `choices` things, at least 1."""
    return max(1, ceil(log2(choices))) if choices > 1 else 1


def buffered(m: ModuleBuilder, nets: Sequence[int], prefix: str) -> list[int]:
    """`nets` behind buffers, so that an output port owns its net."""
    return [m.gate("BUF", net, name=f"{prefix}{bit}") for bit, net in enumerate(nets)]


def register(m: ModuleBuilder, clock: int, data: Sequence[int], stored: Sequence[int], name: str) -> None:
    """One D flip-flop a bit, named `name[i]`, from `data` to the nets `stored`."""
    for bit, (d, q) in enumerate(zip(data, stored, strict=True)):
        m.gate("DFF", d, clock, out=q, name=f"{name}[{bit}]")
