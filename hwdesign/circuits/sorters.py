"""Sorting networks on words. Ports in0 .. in{keys-1} → out0 .. out{keys-1}, in rising unsigned order.

Sources: Batcher, Sorting networks and their applications, AFIPS 1968; Knuth, TAOCP vol. 3, 5.2.2M (odd-even merge for
any number of keys); Lang, bitonic sorter for any number of keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hwdesign.circuits._blocks import mux_word, place, prefixed
from hwdesign.circuits.comparators import less_than
from hwdesign.circuits.registry import HIERARCHICAL, Limit, check_size, circuit, width
from hwdesign.netlist import Builder, ModuleBuilder, Netlist

_KEYS = Limit("number of keys", 1, 128)


def _bitonic(low: int, count: int, rising: bool) -> Iterator[tuple[int, int, bool]]:
    if count > 1:
        half = count // 2
        yield from _bitonic(low, half, not rising)
        yield from _bitonic(low + half, count - half, rising)
        yield from _bitonic_merge(low, count, rising)


def _bitonic_merge(low: int, count: int, rising: bool) -> Iterator[tuple[int, int, bool]]:
    if count > 1:
        half = 1 << (count - 1).bit_length() - 1  # the greatest power of two below count
        for at in range(low, low + count - half):
            yield at, at + half, rising
        yield from _bitonic_merge(low, half, rising)
        yield from _bitonic_merge(low + half, count - half, rising)


def _odd_even(count: int) -> Iterator[tuple[int, int, bool]]:
    """Batcher's merge exchange."""
    top = 1 << max(count - 1, 0).bit_length() >> 1
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while True:
            for i in range(count - d):
                if i & p == r:
                    yield i, i + d, True
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1


def exchange_cells(bits: int) -> int:
    """Gates of one compare-exchange of two words: the comparator's, and a multiplexer for each bit of either output."""
    return 6 * bits - 3 - bits.bit_length() + 2 * bits


def _sort(name: str, keys: int, bits: int, pairs: list[tuple[int, int, bool]], hierarchical: bool) -> Netlist:
    gates = exchange_cells(bits)
    check_size(name, len(pairs) + gates if hierarchical else len(pairs) * gates, "keys or width")
    b = Builder(f"{name.replace('-', '_')}_{keys}x{bits}")
    m = b.top
    words = [m.inputs(f"in{key}", bits) for key in range(keys)]

    def exchange(inner: ModuleBuilder, pins: Mapping[str, int], prefix: str) -> Mapping[str, int]:
        x = [pins[f"x{bit}"] for bit in range(bits)]
        y = [pins[f"y{bit}"] for bit in range(bits)]
        swap = less_than(inner, y, x, prefixed(prefix, "cmp"))
        least = mux_word(inner, swap, x, y, prefixed(prefix, "min"))
        most = mux_word(inner, swap, y, x, prefixed(prefix, "max"))
        return {f"min{bit}": net for bit, net in enumerate(least)} | {f"max{bit}": net for bit, net in enumerate(most)}

    for at, (i, j, rising) in enumerate(pairs):
        pins = {f"x{bit}": net for bit, net in enumerate(words[i])} | {f"y{bit}": n for bit, n in enumerate(words[j])}
        found = place(m, f"compare_exchange_{bits}", exchange, pins, f"cx{at}_{i}_{j}", hierarchical)
        least, most = [[found[f"{side}{bit}"] for bit in range(bits)] for side in ("min", "max")]
        words[i], words[j] = (least, most) if rising else (most, least)
    for key, word in enumerate(words):
        m.outputs(f"out{key}", word)
    return b.freeze()


@circuit(
    "sorter-bitonic",
    "arithmetic",
    "bitonic sorting network",
    keys=_KEYS,
    width=width(256, "bits of a key"),
    hierarchical=HIERARCHICAL,
)
def bitonic_sorter(keys: int = 8, width: int = 4, hierarchical: bool = False) -> Netlist:
    """Bitonic sorter of any number of keys."""
    return _sort("sorter-bitonic", keys, width, list(_bitonic(0, keys, True)), hierarchical)


@circuit(
    "sorter-odd-even",
    "arithmetic",
    "odd-even merge sorting network",
    keys=_KEYS,
    width=width(256, "bits of a key"),
    hierarchical=HIERARCHICAL,
)
def odd_even_sorter(keys: int = 8, width: int = 4, hierarchical: bool = False) -> Netlist:
    """Batcher's odd-even merge sorter of any number of keys."""
    return _sort("sorter-odd-even", keys, width, list(_odd_even(keys)), hierarchical)
