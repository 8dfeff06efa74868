"""Comparators, population count and a small arithmetic logic unit."""

from __future__ import annotations

from hwdesign.circuits._blocks import add_bits, mux_word, ripple_add, tree
from hwdesign.circuits.registry import HIERARCHICAL, Limit, circuit, width
from hwdesign.netlist import CONST0, Builder, ModuleBuilder, Netlist


def less_than(m: ModuleBuilder, a: list[int], b: list[int], prefix: str) -> int:
    """a < b of two unsigned words, as a balanced tree over the bits."""
    return _compare(m, a, b, prefix, False)[0]


def _compare(m: ModuleBuilder, a: list[int], b: list[int], prefix: str, equal: bool) -> tuple[int, int]:
    """(a < b, a == b); without `equal` the second net is not made and stands as constant 0."""
    if len(a) == 1:
        inverse = m.gate("NOT", a[0], name=f"{prefix}_not")
        less = m.gate("AND", inverse, b[0], name=f"{prefix}_lt")
        return less, m.gate("XNOR", a[0], b[0], name=f"{prefix}_eq") if equal else CONST0
    half = len(a) // 2
    low_less, low_equal = _compare(m, a[:half], b[:half], f"{prefix}l", equal)
    high_less, high_equal = _compare(m, a[half:], b[half:], f"{prefix}h", True)
    passed = m.gate("AND", high_equal, low_less, name=f"{prefix}_pass")
    less = m.gate("OR", high_less, passed, name=f"{prefix}_lt")
    return less, m.gate("AND", high_equal, low_equal, name=f"{prefix}_eq") if equal else CONST0


@circuit(
    "comparator",
    "arithmetic",
    "magnitude comparator",
    width=width(4096),
    signed=Limit("compare in two's complement"),
)
def comparator(width: int = 8, signed: bool = False) -> Netlist:
    """Ports a, b → eq, lt (a < b), gt (a > b)."""
    b = Builder(f"comparator_{'signed' if signed else 'unsigned'}_{width}")
    m = b.top
    x, y = m.inputs("a", width), m.inputs("b", width)
    if signed:
        # Two's complement compares as unsigned once the sign bits change places.
        x, y = [*x[:-1], y[-1]], [*y[:-1], x[-1]]
    less, equal = _compare(m, x, y, "cmp", True)
    m.output("eq", equal)
    m.output("lt", less)
    m.output("gt", m.gate("NOR", less, equal, name="gt_nor"))
    return b.freeze()


@circuit(
    "popcount",
    "arithmetic",
    "population count: the number of set bits",
    width=width(4096, "bits of the data"),
    hierarchical=HIERARCHICAL,
)
def popcount(width: int = 8, hierarchical: bool = False) -> Netlist:
    """Ports data → count of bit_length(width) bits; columns of adders as in a Wallace tree."""
    b = Builder(f"popcount_{width}")
    m = b.top
    column = m.inputs("data", width)
    count = []
    for weight in range(width.bit_length()):
        carries = []
        made = 0
        while len(column) > 1:
            total, carry = add_bits(m, column[:3], f"w{weight}_add{made}", hierarchical)
            column = [*column[3:], total]
            carries.append(carry)
            made += 1
        count.append(column[0])
        column = carries
    if width == 1:
        count = [m.gate("BUF", count[0], name="count_buf")]
    m.outputs("count", count)
    return b.freeze()


@circuit("alu", "arithmetic", "arithmetic logic unit of eight operations", width=width(1024))
def alu(width: int = 8) -> Netlist:
    """Ports a, b, op[3] → result, carry, overflow, zero, negative.

    op: 0 a + b, 1 a - b, 2 a & b, 3 a | b, 4 a ^ b, 5 ~(a | b), 6 signed a < b, 7 unsigned a < b. carry (no borrow when
    subtracting) and overflow are those of the adder, which subtracts whenever op is 1, 6 or 7.
    """
    b = Builder(f"alu_{width}")
    m = b.top
    x, y, op = m.inputs("a", width), m.inputs("b", width), m.inputs("op", 3)
    compare = m.gate("AND", op[1], op[2], name="op_compare_and")
    sub_only = m.gate("NOR", op[1], op[2], name="op_sum_nor")
    sub_one = m.gate("AND", sub_only, op[0], name="op_sub_and")
    sub = m.gate("OR", compare, sub_one, name="op_sub_or")
    flipped = [m.gate("XOR", bit, sub, name=f"b_xor{at}") for at, bit in enumerate(y)]
    low, into = ripple_add(m, x[:-1], flipped[:-1], sub, "fa")
    high, carry = ripple_add(m, x[-1:], flipped[-1:], into, "fa_msb")
    total = low + high
    overflow = m.gate("XOR", carry, into, name="overflow_xor")
    less_signed = m.gate("XOR", total[-1], overflow, name="lt_signed_xor")
    less_unsigned = m.gate("NOT", carry, name="lt_unsigned_not")
    less = m.gate("MUX", less_signed, less_unsigned, op[0], name="lt_mux")
    ands = [m.gate("AND", p, q, name=f"and{at}") for at, (p, q) in enumerate(zip(x, y, strict=True))]
    ors = [m.gate("OR", p, q, name=f"or{at}") for at, (p, q) in enumerate(zip(x, y, strict=True))]
    xors = [m.gate("XOR", p, q, name=f"xor{at}") for at, (p, q) in enumerate(zip(x, y, strict=True))]
    nors = [m.gate("NOT", net, name=f"nor{at}") for at, net in enumerate(ors)]
    and_or = mux_word(m, op[0], ands, ors, "andor_mux")
    xor_nor = mux_word(m, op[0], xors, nors, "xornor_mux")
    lower = mux_word(m, op[1], total, and_or, "lower_mux")
    upper = mux_word(m, op[1], xor_nor, [less, *[CONST0] * (width - 1)], "upper_mux")
    result = mux_word(m, op[2], lower, upper, "result_mux")
    m.outputs("result", result)
    m.output("carry", carry)
    m.output("overflow", overflow)
    m.output("zero", m.gate("NOT", tree(m, "OR", result, "any_or"), name="zero_not"))
    m.output("negative", m.gate("BUF", result[-1], name="negative_buf"))
    return b.freeze()
