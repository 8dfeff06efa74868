"""Circuits from truth tables: synthesis by Shannon expansion or as a sum of products, and substitution boxes.

A table is an integer: bit i is the output where input k carries bit k of i.
Sources: FIPS 197 (AES S-box, section 5.1.1); Bogdanov et al., PRESENT, CHES 2007, section 3; Shannon, 1949.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwdesign.circuits._blocks import tree
from hwdesign.circuits.registry import SEED, Limit, circuit
from hwdesign.netlist import CONST0, CONST1, Builder, ModuleBuilder, Netlist

_METHOD = Limit("mux: shared Shannon expansion; sop: sums of shared minterms", choices=("mux", "sop"))
PRESENT_SBOX = (0xC, 0x5, 0x6, 0xB, 0x9, 0x0, 0xA, 0xD, 0x3, 0xE, 0xF, 0x8, 0x4, 0x7, 0x1, 0x2)


def tables_of(values: Sequence[int], outputs: int) -> list[int]:
    """Truth table of each output bit of the function i → values[i]."""
    return [sum((value >> bit & 1) << i for i, value in enumerate(values)) for bit in range(outputs)]


class ShannonSynthesis:
    """Multiplexers from truth tables over fixed inputs; equal and complementary cofactors are built once."""

    def __init__(self, m: ModuleBuilder, inputs: Sequence[int], prefix: str) -> None:
        self.m = m
        self.inputs = list(inputs)
        self.prefix = prefix
        self.made: dict[tuple[int, int], int] = {}

    def net(self, table: int, count: int | None = None) -> int:
        """Net of `table` over the first `count` inputs (all by default)."""
        n = len(self.inputs) if count is None else count
        ones = (1 << (1 << n)) - 1
        if table in (0, ones):
            return CONST1 if table else CONST0
        half = 1 << (n - 1)
        low, high = table & ((1 << half) - 1), table >> half
        if low == high:
            return self.net(low, n - 1)
        found = self.made.get((n, table))
        if found is None:
            found = self._make(n, low, high, self.made.get((n, table ^ ones)))
            self.made[n, table] = found
        return found

    def _make(self, n: int, low: int, high: int, complement: int | None) -> int:
        label = f"{self.prefix}_v{n - 1}_{len(self.made)}"
        select = self.inputs[n - 1]
        if complement is not None:
            return self.m.gate("NOT", complement, name=f"{label}_not")
        zero, one = self.net(low, n - 1), self.net(high, n - 1)
        if (zero, one) == (CONST0, CONST1):
            return select
        if (zero, one) == (CONST1, CONST0):
            return self.m.gate("NOT", select, name=f"{label}_not")
        if zero == CONST0:
            return self.m.gate("AND", one, select, name=f"{label}_and")
        if one == CONST1:
            return self.m.gate("OR", zero, select, name=f"{label}_or")
        return self.m.gate("MUX", zero, one, select, name=f"{label}_mux")


def _sums(m: ModuleBuilder, inputs: Sequence[int], tables: Sequence[int], prefix: str) -> list[int]:
    inverse = [m.gate("NOT", net, name=f"{prefix}_not{bit}") for bit, net in enumerate(inputs)]
    used = 0
    for table in tables:
        used |= table
    minterm: dict[int, int] = {}
    for row in range(1 << len(inputs)):
        if used >> row & 1:
            literals = [net if row >> bit & 1 else inverse[bit] for bit, net in enumerate(inputs)]
            minterm[row] = m.gate("AND", *literals, name=f"{prefix}_minterm{row}")
    outputs = []
    for at, table in enumerate(tables):
        terms = [net for row, net in minterm.items() if table >> row & 1]
        outputs.append(tree(m, "OR", terms, f"{prefix}_y{at}_or") if terms else CONST0)
    return outputs


def synthesize(m: ModuleBuilder, inputs: Sequence[int], tables: Sequence[int], method: str, prefix: str) -> list[int]:
    """Nets that compute truth tables over up to 16 inputs, every net its own (ports may show them).

    Args:
        m: module to build in.
        inputs: nets, the least significant index bit first; at least one.
        tables: one truth table an output.
        method: `mux` or `sop`.
        prefix: of the instance names.
    """
    if method == "sop":
        found = _sums(m, inputs, tables, prefix)
    else:
        shannon = ShannonSynthesis(m, inputs, prefix)
        found = [shannon.net(table) for table in tables]
    owned: list[int] = []
    for at, net in enumerate(found):
        if net in (CONST0, CONST1):
            net = m.gate("ONE" if net else "ZERO", name=f"{prefix}_y{at}_const")
        elif net in inputs or net in owned:
            net = m.gate("BUF", net, name=f"{prefix}_y{at}_buf")
        owned.append(net)
    return owned


def _lookup(name: str, values: Sequence[int], inputs: int, outputs: int, method: str) -> Netlist:
    b = Builder(name)
    x = b.top.inputs("x", inputs)
    b.top.outputs("y", synthesize(b.top, x, tables_of(values, outputs), method, "lut"))
    return b.freeze()


def aes_sbox() -> tuple[int, ...]:
    """AES S-box: the inverse in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, then the affine map (FIPS 197, eq. 5.1)."""

    def times(a: int, b: int) -> int:
        product = 0
        while b:
            product ^= a if b & 1 else 0
            a = a << 1 ^ (0x11B if a & 0x80 else 0)
            b >>= 1
        return product

    table = []
    for value in range(256):
        inverse = 1
        for bit in bin(254)[2:]:  # value^254 is its inverse, and 0 for 0
            inverse = times(inverse, inverse)
            inverse = times(inverse, value) if bit == "1" else inverse
        turned = [(inverse << turn | inverse >> (8 - turn)) & 0xFF for turn in range(5)]
        table.append(turned[0] ^ turned[1] ^ turned[2] ^ turned[3] ^ turned[4] ^ 0x63)
    return tuple(table)


def _inverted(table: Sequence[int]) -> list[int]:
    inverse = [0] * len(table)
    for at, value in enumerate(table):
        inverse[value] = at
    return inverse


_INVERSE = Limit("the inverse box, for decryption")


@circuit("sbox-aes", "coding", "AES substitution box, 8 to 8 bits", method=_METHOD, inverse=_INVERSE)
def sbox_aes(method: str = "mux", inverse: bool = False) -> Netlist:
    """Ports x[8] → y[8]."""
    table = aes_sbox()
    return _lookup("sbox_aes_inverse" if inverse else "sbox_aes", _inverted(table) if inverse else table, 8, 8, method)


@circuit("sbox-present", "coding", "PRESENT substitution box, 4 to 4 bits", method=_METHOD, inverse=_INVERSE)
def sbox_present(method: str = "mux", inverse: bool = False) -> Netlist:
    """Ports x[4] → y[4]."""
    table = PRESENT_SBOX
    name = "sbox_present_inverse" if inverse else "sbox_present"
    return _lookup(name, _inverted(table) if inverse else table, 4, 4, method)


@circuit(
    "function-random",
    "random",
    "uniformly random Boolean functions of one set of inputs",
    inputs=Limit("input bits", 1, 14),
    outputs=Limit("output bits", 1, 64),
    method=_METHOD,
    seed=SEED,
)
def random_function(inputs: int = 6, outputs: int = 1, method: str = "mux", seed: int = 0) -> Netlist:
    """Ports x → y; every truth table is equally likely."""
    rng = np.random.default_rng(seed)
    b = Builder(f"function_random_{inputs}_{outputs}_{seed}")
    x = b.top.inputs("x", inputs)
    size = 1 << inputs
    packed = rng.integers(0, 256, (outputs, max(1, size // 8)), np.uint8)
    tables = [int.from_bytes(row.tobytes(), "little") & ((1 << size) - 1) for row in packed]
    b.top.outputs("y", synthesize(b.top, x, tables, method, "lut"))
    return b.freeze()
