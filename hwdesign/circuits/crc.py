"""Cyclic redundancy checks and linear feedback shift registers.

A polynomial is an integer: bit i is the coefficient of x^i, the leading x^width is implied (CRC-8: 0x07, CRC-32:
0x04C11DB7). Data enter the CRC most significant bit first, neither reflected nor complemented.
Sources: Peterson and Brown, Proc. IRE 49 (1961); Golomb, Shift Register Sequences.
"""

from __future__ import annotations

from functools import lru_cache

from hwdesign.circuits._blocks import register, tree
from hwdesign.circuits.registry import Limit, circuit, width
from hwdesign.errors import NetlistError
from hwdesign.netlist import Builder, Netlist

_DEGREE = width(64, "degree of the polynomial, bits of the register")
_POLYNOMIAL = Limit("coefficients below the leading one, bit i for x^i", 0, (1 << 64) - 1)
MAX_SEARCHED_DEGREE = 32


def _check_polynomial(polynomial: int, degree: int) -> None:
    if polynomial >> degree:
        raise NetlistError(
            f"the polynomial {polynomial:#x} does not fit the width {degree}",
            mend="leave out the leading term, or widen",
        )


def crc_next(state: int, data: int, data_bits: int, degree: int, polynomial: int) -> int:
    """CRC register after `data_bits` bits of `data`, most significant first."""
    mask = (1 << degree) - 1
    for bit in reversed(range(data_bits)):
        feedback = (state >> (degree - 1) ^ data >> bit) & 1
        state = (state << 1 & mask) ^ (polynomial if feedback else 0)
    return state


@circuit(
    "crc-parallel",
    "coding",
    "next-state logic of a CRC over a whole data word",
    width=_DEGREE,
    polynomial=_POLYNOMIAL,
    data=Limit("data bits taken at once", 1, 1024),
)
def crc_parallel(width: int = 8, polynomial: int = 0x07, data: int = 8) -> Netlist:
    """Ports state, data → next. Every next bit is the XOR of the state and data bits that reach it."""
    _check_polynomial(polynomial, width)
    b = Builder(f"crc_parallel_{width}_{data}")
    m = b.top
    sources = m.inputs("state", width) + m.inputs("data", data)
    # The CRC is linear: the image of each single source bit gives one column of its matrix.
    images = [crc_next(1 << bit, 0, data, width, polynomial) for bit in range(width)]
    images += [crc_next(0, 1 << bit, data, width, polynomial) for bit in range(data)]
    outputs = []
    for bit in range(width):
        taps = [net for net, image in zip(sources, images, strict=True) if image >> bit & 1]
        if not taps:
            outputs.append(m.gate("ZERO", name=f"next{bit}_zero"))
        elif len(taps) == 1:
            outputs.append(m.gate("BUF", taps[0], name=f"next{bit}_buf"))
        else:
            outputs.append(tree(m, "XOR", taps, f"next{bit}_xor"))
    m.outputs("next", outputs)
    return b.freeze()


@circuit(
    "crc-serial",
    "sequential",
    "serial CRC register, one data bit a clock",
    width=_DEGREE,
    polynomial=_POLYNOMIAL,
)
def crc_serial(width: int = 8, polynomial: int = 0x07) -> Netlist:
    """Ports clk, clear, enable, data → crc. clear wins over enable; the register starts at 0."""
    _check_polynomial(polynomial, width)
    b = Builder(f"crc_serial_{width}")
    m = b.top
    clock, clear, enable, data = (m.input(name) for name in ("clk", "clear", "enable", "data"))
    state = m.nets("crc", width)
    keep = m.gate("NOT", clear, name="clear_not")
    feedback = m.gate("XOR", state[-1], data, name="feedback_xor")
    after = []
    for bit in range(width):
        tapped = bool(polynomial >> bit & 1)
        moved = m.gate("ZERO", name="moved0_zero") if bit == 0 and not tapped else feedback
        if bit:
            moved = m.gate("XOR", state[bit - 1], feedback, name=f"moved{bit}_xor") if tapped else state[bit - 1]
        chosen = m.gate("MUX", state[bit], moved, enable, name=f"enable{bit}_mux")
        after.append(m.gate("AND", chosen, keep, name=f"clear{bit}_and"))
    register(m, clock, after, state, "crc_reg")
    m.outputs("crc", state)
    return b.freeze()


@circuit(
    "lfsr",
    "sequential",
    "linear feedback shift register (Fibonacci form, complemented so that it runs from 0)",
    width=_DEGREE,
    polynomial=Limit("as for a CRC; 0 for the least primitive one, up to degree 32", 0, (1 << 64) - 1),
)
def lfsr(width: int = 8, polynomial: int = 0) -> Netlist:
    """Ports clk, enable → q. With a primitive polynomial the period is 2^width - 1; all ones is the locked state."""
    _check_polynomial(polynomial, width)
    if polynomial == 0:
        if width > MAX_SEARCHED_DEGREE:
            raise NetlistError(
                f"no polynomial is given for an LFSR of {width} bits", mend="give one: it is searched up to degree 32"
            )
        polynomial = primitive_polynomial(width)
    b = Builder(f"lfsr_{width}")
    m = b.top
    clock, enable = m.input("clk"), m.input("enable")
    q = m.nets("q", width)
    taps = [q[width - 1 - bit] for bit in range(width) if polynomial >> bit & 1]
    total = tree(m, "XOR", taps, "feedback_xor")
    # The register holds the sequence's complement, whose feedback is complemented once more for each tap.
    feedback = m.gate("NOT", total, name="feedback_not") if len(taps) % 2 == 0 else total
    after = [
        m.gate("MUX", now, then, enable, name=f"enable{bit}_mux")
        for bit, (now, then) in enumerate(zip(q, [feedback, *q[:-1]], strict=True))
    ]
    register(m, clock, after, q, "q_reg")
    m.outputs("q", q)
    return b.freeze()


@lru_cache(maxsize=64)
def primitive_polynomial(degree: int) -> int:
    """Least primitive polynomial over GF(2) of a degree from 1 to 32, without its leading term.

    x generates the field exactly where its order is 2^degree - 1.
    """
    order = (1 << degree) - 1
    factors = _prime_factors(order)
    for low in range(1, 1 << degree, 2):
        modulus = 1 << degree | low
        if _power_of_x(order, modulus) == 1 and all(_power_of_x(order // q, modulus) != 1 for q in factors):
            return low
    raise AssertionError("a primitive polynomial exists for every degree")


def _prime_factors(number: int) -> list[int]:
    factors = []
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            factors.append(divisor)
            while number % divisor == 0:
                number //= divisor
        divisor += 1
    return [*factors, number] if number > 1 else factors


def _power_of_x(exponent: int, modulus: int) -> int:
    """x^exponent modulo a polynomial over GF(2), by squaring."""
    result = 1
    for bit in bin(exponent)[2:]:
        result = _multiply(result, result, modulus)
        if bit == "1":
            result = _multiply(result, 2, modulus)
    return result


def _multiply(a: int, b: int, modulus: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        b >>= 1
        a <<= 1
    degree = modulus.bit_length() - 1
    while product.bit_length() > degree:
        product ^= modulus << product.bit_length() - 1 - degree
    return product
