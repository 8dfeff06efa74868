"""Shifters, selection, coding and S-boxes against Python."""

from __future__ import annotations

import random
import zlib

import pytest

from hwdesign.circuits import generate
from hwdesign.circuits.crc import crc_next
from hwdesign.circuits.tables import PRESENT_SBOX, aes_sbox
from hwdesign.netlist.evaluate import Evaluator


def shifted(word: int, by: int, width: int, mode: str) -> int:
    mask = (1 << width) - 1
    if mode == "left":
        return word << by & mask
    if mode == "right":
        return word >> by
    if mode == "arithmetic-right":
        return (word - (word >> (width - 1) << width)) >> by & mask
    by = by % width if mode == "rotate-left" else -by % width
    return (word << by | word >> (width - by)) & mask


@pytest.mark.parametrize("mode", ["left", "right", "arithmetic-right", "rotate-left", "rotate-right"])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 33])
def test_barrel_shifter(mode: str, width: int) -> None:
    rng = random.Random(width)
    words = list(range(1 << width)) if width <= 5 else [rng.getrandbits(width) for _ in range(60)]
    circuit = Evaluator(generate("shifter-barrel", width=width, mode=mode))
    for amount in range(1 << len(circuit.program.input_groups["amount"])):
        shown = circuit({"data": words, "amount": amount}).outputs["result"]
        assert shown == [shifted(word, amount, width, mode) for word in words]


@pytest.mark.parametrize("select", [1, 2, 4])
def test_mux_tree(select: int) -> None:
    rng = random.Random(select)
    words = [rng.getrandbits(1 << select) for _ in range(64)]
    circuit = Evaluator(generate("mux-tree", select=select))
    for at in range(1 << select):
        assert circuit({"data": words, "select": at}).outputs["y"] == [word >> at & 1 for word in words]


@pytest.mark.parametrize("width", [1, 2, 3, 5, 7])
def test_decoder(width: int) -> None:
    circuit = Evaluator(generate("decoder", width=width))
    codes = list(range(1 << width))
    assert circuit({"code": codes, "enable": 1}).outputs["y"] == [1 << code for code in codes]
    assert circuit({"code": codes, "enable": 0}).outputs["y"] == [0] * len(codes)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 11])
def test_priority_encoder(width: int) -> None:
    words = list(range(1 << width))
    shown = Evaluator(generate("priority-encoder", width=width))({"request": words}).outputs
    assert shown["index"] == [max(word.bit_length() - 1, 0) for word in words]
    assert shown["valid"] == [int(word > 0) for word in words]


@pytest.mark.parametrize("width", [1, 2, 3, 9])
def test_parity(width: int) -> None:
    words = list(range(1 << width))
    shown = Evaluator(generate("parity", width=width))({"data": words}).outputs
    assert shown["even"] == [word.bit_count() & 1 for word in words]
    assert shown["odd"] == [1 - (word.bit_count() & 1) for word in words]


def test_crc_reference_matches_the_published_check_values() -> None:
    text = int.from_bytes(b"123456789", "big")
    assert crc_next(0, text, 72, 8, 0x07) == 0xF4  # CRC-8/SMBUS
    assert crc_next(0xFFFF, text, 72, 16, 0x1021) == 0x29B1  # CRC-16/IBM-3740
    data = b"netlist"
    mirrored = int.from_bytes(bytes(int(f"{byte:08b}"[::-1], 2) for byte in data), "big")
    found = crc_next(0xFFFFFFFF, mirrored, 8 * len(data), 32, 0x04C11DB7) ^ 0xFFFFFFFF
    assert int(f"{found:032b}"[::-1], 2) == zlib.crc32(data)


@pytest.mark.parametrize(
    ("width", "polynomial", "data"),
    [(1, 1, 1), (3, 0b011, 5), (8, 0x07, 8), (16, 0x1021, 1), (32, 0x04C11DB7, 64), (4, 0, 2)],
)
def test_crc_parallel(width: int, polynomial: int, data: int) -> None:
    rng = random.Random(width)
    states = [rng.getrandbits(width) for _ in range(40)]
    words = [rng.getrandbits(data) for _ in range(40)]
    circuit = Evaluator(generate("crc-parallel", width=width, polynomial=polynomial, data=data))
    shown = circuit({"state": states, "data": words}).outputs["next"]
    assert shown == [crc_next(s, d, data, width, polynomial) for s, d in zip(states, words, strict=True)]


@pytest.mark.parametrize("method", ["mux", "sop"])
@pytest.mark.parametrize("inverse", [False, True])
def test_sboxes(method: str, inverse: bool) -> None:
    # First row of FIPS 197, figure 7.
    assert bytes(aes_sbox()[:16]).hex() == "637c777bf26b6fc53001672bfed7ab76"
    assert aes_sbox()[0x53] == 0xED
    for name, table in (("sbox-aes", aes_sbox()), ("sbox-present", PRESENT_SBOX)):
        circuit = Evaluator(generate(name, method=method, inverse=inverse))
        rows = list(range(len(table)))
        shown = circuit({"x": list(table) if inverse else rows}).outputs["y"]
        assert shown == (rows if inverse else list(table))


@pytest.mark.parametrize("inputs", [1, 2, 3, 6])
def test_random_function_is_the_same_by_both_methods(inputs: int) -> None:
    rows = list(range(1 << inputs))
    shown = [
        Evaluator(generate("function-random", inputs=inputs, outputs=5, method=method, seed=7))({"x": rows}).outputs[
            "y"
        ]
        for method in ("mux", "sop")
    ]
    assert shown[0] == shown[1]
    assert len(set(shown[0])) > 1
