"""Unsigned multipliers and the restoring array divider.

Sources: Weste and Harris, CMOS VLSI Design, 4th ed., section 11.9; Wallace, IEEE Trans. Electronic Computers EC-13
(1964); Ercegovac and Lang, Digital Arithmetic, chapter 5.
"""

from __future__ import annotations

from hwdesign.circuits._blocks import add_bits, fold, mux_word, ripple_add, subtract
from hwdesign.circuits.registry import HIERARCHICAL, Limit, circuit, width
from hwdesign.netlist import CONST0, Builder, ModuleBuilder, Netlist

_MAX = 256
_SECOND = Limit("bits of the second operand; 0 for the same as width", 0, _MAX)


def _products(m: ModuleBuilder, a: list[int], b: list[int]) -> list[list[int]]:
    """Partial products: row j is a · b[j], of weight 2^j."""
    return [[m.gate("AND", x, y, name=f"pp{j}_and{i}") for i, x in enumerate(a)] for j, y in enumerate(b)]


@circuit(
    "multiplier-array",
    "arithmetic",
    "array multiplier, unsigned",
    width=width(_MAX),
    width_b=_SECOND,
    hierarchical=HIERARCHICAL,
)
def array_multiplier(width: int = 8, width_b: int = 0, hierarchical: bool = False) -> Netlist:
    """Ports a, b → product = a · b of width + width_b bits: one ripple row a bit of b."""
    height = width_b or width
    b = Builder(f"multiplier_array_{width}x{height}")
    m = b.top
    rows = _products(m, m.inputs("a", width), m.inputs("b", height))
    product = [rows[0][0]]
    high = [*rows[0][1:], CONST0]
    for j, row in enumerate(rows[1:], 1):
        total, carry = ripple_add(m, high, row, CONST0, f"row{j}_add", hierarchical)
        product.append(total[0])
        high = [*total[1:], carry]
    m.outputs("product", product + high)
    return b.freeze()


@circuit(
    "multiplier-wallace",
    "arithmetic",
    "Wallace-tree multiplier, unsigned",
    width=width(_MAX),
    width_b=_SECOND,
    hierarchical=HIERARCHICAL,
)
def wallace_multiplier(width: int = 8, width_b: int = 0, hierarchical: bool = False) -> Netlist:
    """Ports a, b → product = a · b: every level turns three bits of a column into two, then one ripple adder."""
    height = width_b or width
    b = Builder(f"multiplier_wallace_{width}x{height}")
    m = b.top
    columns: list[list[int]] = [[] for _ in range(width + height)]
    for j, row in enumerate(_products(m, m.inputs("a", width), m.inputs("b", height))):
        for i, net in enumerate(row):
            columns[i + j].append(net)
    last = len(columns) - 1
    level = 0
    while max(map(len, columns)) > 2:
        reduced: list[list[int]] = [[] for _ in columns]
        for weight, column in enumerate(columns):
            label = f"level{level}_col{weight}"
            full = len(column) // 3 * 3
            groups = [column[at : at + 3] for at in range(0, full, 3)]
            rest = column[full:]
            if len(rest) == 2 and groups:
                groups.append(rest)
                rest = []
            for at, group in enumerate(groups):
                total, carry = _compress(m, group, weight == last, f"{label}_add{at}", hierarchical)
                reduced[weight].append(total)
                if weight < last:
                    reduced[weight + 1].append(carry)
            reduced[weight] += rest
        columns = reduced
        level += 1
    product = []
    carry = CONST0
    for weight, column in enumerate(columns):
        total, carry = _compress(m, [*column, carry], weight == last, f"final_add{weight}", hierarchical)
        product.append(total)
    m.outputs("product", product)
    return b.freeze()


def _compress(m: ModuleBuilder, bits: list[int], last: bool, instance: str, hierarchical: bool) -> tuple[int, int]:
    """(sum, carry) of a column's bits. The product fits its columns, so the last one needs no carry gates."""
    live = [bit for bit in bits if bit != CONST0]
    if last and len(live) > 1:
        return m.gate("XOR", *live, name=f"{instance}_xor"), CONST0
    return add_bits(m, live, instance, hierarchical)


@circuit("divider-restoring", "arithmetic", "restoring array divider, unsigned", width=width(_MAX))
def restoring_divider(width: int = 8) -> Netlist:
    """Ports dividend, divisor → quotient, remainder; a zero divisor gives 2^width - 1 and the dividend."""
    b = Builder(f"divider_restoring_{width}")
    m = b.top
    dividend, divisor = m.inputs("dividend", width), m.inputs("divisor", width)
    remainder = [CONST0] * width
    quotient = [CONST0] * width
    for bit in reversed(range(width)):
        # The partial remainder is below the divisor, so its double plus one bit has one bit more.
        *shifted, top = [dividend[bit], *remainder]
        difference, borrow = subtract(m, shifted, divisor, f"row{bit}_sub")
        fits = m.gate("NOT", borrow, name=f"row{bit}_fits_not")
        quotient[bit] = fold(m, "OR", fits, top, f"row{bit}_q_or")
        remainder = mux_word(m, quotient[bit], shifted, difference, f"row{bit}_restore")
    m.outputs("quotient", quotient)
    m.outputs("remainder", remainder)
    return b.freeze()
