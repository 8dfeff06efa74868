"""Adders: sum = (a + b + cin) mod 2^width, cout = the carry out. All have the ports a, b, cin, sum, cout.

Sources: Weste and Harris, CMOS VLSI Design, 4th ed., section 11.2; Kogge and Stone, IEEE Trans. Computers C-22 (1973).
"""

from __future__ import annotations

from hwdesign.circuits._blocks import full_adder, mux_word, place, ripple_add, tree
from hwdesign.circuits.registry import HIERARCHICAL, Limit, circuit, width
from hwdesign.netlist import CONST0, Builder, ModuleBuilder, Netlist

_MAX = 4096
Operands = tuple[Builder, ModuleBuilder, list[int], list[int], int]


def _operands(name: str, bits: int) -> Operands:
    b = Builder(name)
    m = b.top
    return b, m, m.inputs("a", bits), m.inputs("b", bits), m.input("cin")


def _finish(b: Builder, total: list[int], carry: int) -> Netlist:
    b.top.outputs("sum", total)
    b.top.output("cout", carry)
    return b.freeze()


@circuit("adder-ripple", "arithmetic", "ripple-carry adder", width=width(_MAX), hierarchical=HIERARCHICAL)
def ripple_adder(width: int = 8, hierarchical: bool = False) -> Netlist:
    """Ripple-carry adder, one full adder a bit."""
    b, m, x, y, carry = _operands(f"adder_ripple_{width}", width)
    total = []
    for bit in range(width):
        pins = {"a": x[bit], "b": y[bit], "cin": carry}
        found = place(m, "full_adder", full_adder, pins, f"fa{bit}", hierarchical)
        total.append(found["sum"])
        carry = found["carry"]
    return _finish(b, total, carry)


def _generate_propagate(m: ModuleBuilder, a: list[int], b: list[int]) -> tuple[list[int], list[int]]:
    both = [m.gate("AND", x, y, name=f"g_and{bit}") for bit, (x, y) in enumerate(zip(a, b, strict=True))]
    either = [m.gate("XOR", x, y, name=f"p_xor{bit}") for bit, (x, y) in enumerate(zip(a, b, strict=True))]
    return both, either


@circuit(
    "adder-carry-lookahead",
    "arithmetic",
    "carry-lookahead adder: two-level carries within blocks, ripple between them",
    width=width(_MAX),
    block=Limit("bits of a lookahead block", 1, 16),
)
def carry_lookahead_adder(width: int = 8, block: int = 4) -> Netlist:
    """Carry-lookahead adder: c[i+1] = g[i] | p[i]·g[i-1] | ... | p[i]···p[0]·c[0] inside each block."""
    b, m, x, y, cin = _operands(f"adder_carry_lookahead_{width}", width)
    g, p = _generate_propagate(m, x, y)
    carries = [cin]
    for base in range(0, width, block):
        entering = carries[base]
        for bit in range(base, min(base + block, width)):
            terms = [g[bit]]
            for k in range(bit - 1, base - 1, -1):
                terms.append(m.gate("AND", *p[k + 1 : bit + 1], g[k], name=f"c{bit + 1}_and{k}"))
            terms.append(m.gate("AND", *p[base : bit + 1], entering, name=f"c{bit + 1}_and_in"))
            carries.append(m.gate("OR", *terms, out=m.net(f"c[{bit + 1}]"), name=f"c{bit + 1}_or"))
    total = [m.gate("XOR", p[bit], carries[bit], name=f"sum_xor{bit}") for bit in range(width)]
    return _finish(b, total, carries[width])


@circuit("adder-kogge-stone", "arithmetic", "Kogge-Stone parallel-prefix adder", width=width(_MAX))
def kogge_stone_adder(width: int = 8) -> Netlist:
    """Kogge-Stone adder: prefix spans double each of ceil(log2(width + 1)) levels; the carry in is a prefix bit."""
    b, m, x, y, cin = _operands(f"adder_kogge_stone_{width}", width)
    g, p = _generate_propagate(m, x, y)
    # Position 0 is the carry in; after the last level position i generates the carry into bit i.
    generated = [cin, *g]
    propagated = [CONST0, *p]
    span = 1
    while span <= width:
        next_g, next_p = list(generated), list(propagated)
        for i in range(span, width + 1):
            through = m.gate("AND", propagated[i], generated[i - span], name=f"span{span}_and{i}")
            next_g[i] = m.gate("OR", generated[i], through, name=f"span{span}_or{i}")
            if i >= 2 * span:
                next_p[i] = m.gate("AND", propagated[i], propagated[i - span], name=f"span{span}_pp{i}")
        generated, propagated = next_g, next_p
        span *= 2
    total = [m.gate("XOR", p[bit], generated[bit], name=f"sum_xor{bit}") for bit in range(width)]
    return _finish(b, total, generated[width])


@circuit(
    "adder-carry-select",
    "arithmetic",
    "carry-select adder: each block is added for both carries",
    width=width(_MAX),
    block=Limit("bits of a block", 1, 64),
)
def carry_select_adder(width: int = 8, block: int = 4) -> Netlist:
    """Carry-select adder: the first block ripples, every later one is added twice and chosen by its carry in."""
    b, m, x, y, cin = _operands(f"adder_carry_select_{width}", width)
    total, carry = ripple_add(m, x[:block], y[:block], cin, "blk0_fa")
    for base in range(block, width, block):
        label = f"blk{base // block}"
        part = slice(base, base + block)
        zero, carry_zero = ripple_add(m, x[part], y[part], CONST0, f"{label}_zero")
        one, carry_one = _add_with_one(m, x[part], y[part], f"{label}_one")
        total += mux_word(m, carry, zero, one, f"{label}_mux")
        carry = m.gate("MUX", carry_zero, carry_one, carry, name=f"{label}_carry_mux")
    return _finish(b, total, carry)


def _add_with_one(m: ModuleBuilder, a: list[int], b: list[int], prefix: str) -> tuple[list[int], int]:
    """a + b + 1: the lowest full adder folds to XNOR and OR."""
    lowest = m.gate("XNOR", a[0], b[0], name=f"{prefix}0_xnor")
    carry = m.gate("OR", a[0], b[0], name=f"{prefix}0_or")
    rest, carry = ripple_add(m, a[1:], b[1:], carry, f"{prefix}_fa")
    return [lowest, *rest], carry


@circuit(
    "subtractor",
    "arithmetic",
    "ripple adder-subtractor: a + b or a - b",
    width=width(_MAX),
)
def adder_subtractor(width: int = 8) -> Netlist:
    """Ports a, b, sub → result, carry (no borrow, when sub is 1), overflow (signed), zero."""
    b = Builder(f"subtractor_{width}")
    m = b.top
    x, y, sub = m.inputs("a", width), m.inputs("b", width), m.input("sub")
    flipped = [m.gate("XOR", bit, sub, name=f"sub_xor{at}") for at, bit in enumerate(y)]
    low, carry_in = ripple_add(m, x[:-1], flipped[:-1], sub, "fa")
    high, carry = ripple_add(m, x[-1:], flipped[-1:], carry_in, "fa_msb")
    m.outputs("result", low + high)
    m.output("carry", carry)
    m.output("overflow", m.gate("XOR", carry, carry_in, name="overflow_xor"))
    m.output("zero", m.gate("NOT", tree(m, "OR", low + high, "any_or"), name="zero_not"))
    return b.freeze()
