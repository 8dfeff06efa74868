"""Barrel shifters, multiplexer trees, decoders and priority encoders."""

from __future__ import annotations

from hwdesign.circuits._blocks import mux_word, select_bits, tree
from hwdesign.circuits.registry import Limit, circuit, width
from hwdesign.netlist import CONST0, Builder, ModuleBuilder, Netlist

_MODES = ("left", "right", "arithmetic-right", "rotate-left", "rotate-right")


@circuit(
    "shifter-barrel",
    "logic",
    "logarithmic barrel shifter",
    width=width(1024, "bits of the data"),
    mode=Limit("what it does with the data", choices=_MODES),
)
def barrel_shifter(width: int = 8, mode: str = "left") -> Netlist:
    """Ports data, amount → result, one row of multiplexers a bit of amount.

    Amounts of width and more shift everything out; a rotation takes the amount modulo width.
    """
    b = Builder(f"shifter_{mode.replace('-', '_')}_{width}")
    m = b.top
    word = m.inputs("data", width)
    amount = m.inputs("amount", select_bits(width))
    for stage, select in enumerate(amount):
        word = mux_word(m, select, word, _shifted(word, 1 << stage, mode), f"stage{stage}_mux")
    m.outputs("result", word)
    return b.freeze()


def _shifted(word: list[int], by: int, mode: str) -> list[int]:
    n = len(word)
    if mode.startswith("rotate"):
        turn = by if mode == "rotate-right" else -by
        return [word[(bit + turn) % n] for bit in range(n)]
    fill = word[-1] if mode == "arithmetic-right" else CONST0
    at = -by if mode == "left" else by
    return [word[bit + at] if 0 <= bit + at < n else fill for bit in range(n)]


@circuit("mux-tree", "logic", "multiplexer tree: one of 2^select data bits", select=Limit("select bits", 1, 14))
def mux_tree(select: int = 3) -> Netlist:
    """Ports data[2^select], select → y = data[select]."""
    b = Builder(f"mux_tree_{1 << select}")
    m = b.top
    level = m.inputs("data", 1 << select)
    for depth, net in enumerate(m.inputs("select", select)):
        level = mux_word(m, net, level[0::2], level[1::2], f"level{depth}_mux")
    m.output("y", level[0])
    return b.freeze()


@circuit("decoder", "logic", "binary decoder with enable", width=width(14, "bits of the code"))
def decoder(width: int = 3) -> Netlist:
    """Ports code, enable → y[2^width], one-hot; all 0 without enable. Predecoded by halves."""
    b = Builder(f"decoder_{width}")
    m = b.top
    code = m.inputs("code", width)
    enable = m.input("enable")
    inverse = [m.gate("NOT", net, name=f"code_not{bit}") for bit, net in enumerate(code)]
    lines = _minterms(m, code, inverse, "dec")
    m.outputs("y", [m.gate("AND", line, enable, name=f"y_and{at}") for at, line in enumerate(lines)])
    return b.freeze()


def _minterms(m: ModuleBuilder, true: list[int], inverse: list[int], prefix: str) -> list[int]:
    if len(true) == 1:
        return [inverse[0], true[0]]
    half = len(true) // 2
    low = _minterms(m, true[:half], inverse[:half], f"{prefix}l")
    high = _minterms(m, true[half:], inverse[half:], f"{prefix}h")
    return [
        m.gate("AND", x, y, name=f"{prefix}_and{i + j * len(low)}")
        for j, y in enumerate(high)
        for i, x in enumerate(low)
    ]


@circuit("priority-encoder", "logic", "priority encoder, the highest set bit wins", width=width(1024, "request lines"))
def priority_encoder(width: int = 8) -> Netlist:
    """Ports request → index of the highest set bit, valid (any bit set). The index is 0 where none is."""
    b = Builder(f"priority_encoder_{width}")
    m = b.top
    request = m.inputs("request", width)
    bits = select_bits(width)
    # Halves are encoded apart; the upper half's answer wins where it is valid. Padding lines are constant 0.
    level = [(net, list[int]()) for net in request] + [(CONST0, list[int]())] * ((1 << bits) - width)
    for depth in range(bits):
        merged = []
        for at in range(0, len(level), 2):
            (low_valid, low), (high_valid, high) = level[at], level[at + 1]
            label = f"level{depth}_{at // 2}"
            if high_valid == CONST0:
                merged.append((low_valid, [*low, CONST0]))
                continue
            index = mux_word(m, high_valid, low, high, f"{label}_mux")
            valid = m.gate("OR", low_valid, high_valid, name=f"{label}_or")
            merged.append((valid, [*index, high_valid]))
        level = merged
    valid, index = level[0]
    m.outputs("index", index)
    m.output("valid", valid)
    return b.freeze()


@circuit("parity", "coding", "parity tree", width=width(4096, "bits of the data"))
def parity(width: int = 8) -> Netlist:
    """Ports data → even (XOR of all bits: the bit that makes the total even), odd (its complement)."""
    b = Builder(f"parity_{width}")
    m = b.top
    total = tree(m, "XOR", m.inputs("data", width), "xor")
    m.output("even", m.gate("BUF", total, name="even_buf") if width == 1 else total)
    m.output("odd", m.gate("NOT", total, name="odd_not"))
    return b.freeze()
