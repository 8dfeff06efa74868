"""Clocked generators, stepped cycle by cycle."""

from __future__ import annotations

import random

import pytest

from hwdesign.circuits import generate
from hwdesign.circuits.crc import crc_next, primitive_polynomial
from hwdesign.circuits.sequential import random_moore
from hwdesign.netlist.evaluate import Evaluator


@pytest.mark.parametrize("width", [1, 3, 40])
def test_counter(width: int) -> None:
    circuit = Evaluator(generate("counter", width=width))
    rng = random.Random(width)
    state, count = None, 0
    for _ in range(60):
        enable, clear = int(rng.random() < 0.8), int(rng.random() < 0.05)
        result = circuit({"enable": enable, "clear": clear}, state)
        assert result["count"] == count
        assert result["carry"] == int(enable and count == (1 << width) - 1)
        count = 0 if clear else (count + enable) % (1 << width)
        state = result.state


def test_shift_register() -> None:
    circuit = Evaluator(generate("shift-register", width=5))
    rng = random.Random(0)
    state, wanted = None, 0
    for _ in range(30):
        bit = rng.getrandbits(1)
        result = circuit({"data": bit}, state)
        assert result["q"] == wanted
        wanted = (wanted << 1 | bit) & 31
        state = result.state


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 10])
def test_lfsr_has_the_full_period(width: int) -> None:
    circuit = Evaluator(generate("lfsr", width=width))
    state, seen = circuit.initial_state(), []
    for _ in range((1 << width) - 1):
        result = circuit({"enable": 1}, state)
        seen.append(result["q"])
        state = result.state
    assert circuit({"enable": 0}, state)["q"] == seen[0]
    assert sorted(seen) == list(range((1 << width) - 1))  # every state but all ones
    held = circuit({"enable": 0}, state)
    assert held.state == state


def test_primitive_polynomials() -> None:
    # Least primitive trinomials and pentanomials, as in the tables of Peterson and Weldon.
    assert [primitive_polynomial(n) for n in (1, 2, 3, 4, 5, 8)] == [1, 0b11, 0b011, 0b0011, 0b00101, 0x1D]


@pytest.mark.parametrize(("width", "polynomial"), [(1, 1), (8, 0x07), (5, 0x14), (16, 0x1021)])
def test_crc_serial(width: int, polynomial: int) -> None:
    circuit = Evaluator(generate("crc-serial", width=width, polynomial=polynomial))
    rng = random.Random(width)
    state, crc = None, 0
    for _ in range(80):
        bit, enable, clear = rng.getrandbits(1), int(rng.random() < 0.9), int(rng.random() < 0.03)
        result = circuit({"data": bit, "enable": enable, "clear": clear}, state)
        assert result["crc"] == crc
        if enable:
            crc = crc_next(crc, bit, 1, width, polynomial)
        crc = 0 if clear else crc
        state = result.state


@pytest.mark.parametrize("method", ["mux", "sop"])
@pytest.mark.parametrize(("states", "inputs", "outputs"), [(1, 0, 1), (2, 1, 1), (5, 0, 3), (8, 2, 2), (21, 3, 6)])
def test_random_fsm(states: int, inputs: int, outputs: int, method: str) -> None:
    table = random_moore(states, inputs, outputs, seed=states)
    circuit = Evaluator(
        generate("fsm-random", states=states, inputs=inputs, outputs=outputs, method=method, seed=states)
    )
    rng = random.Random(1)
    registers, state = None, 0
    for _ in range(150):
        letter, reset = rng.getrandbits(inputs) if inputs else 0, int(rng.random() < 0.02)
        given = {"reset": reset} | ({"in": letter} if inputs else {})
        result = circuit(given, registers)
        assert (result["state"], result["out"]) == (state, table.output[state])
        state = 0 if reset else table.successor[state][letter]
        registers = result.state


@pytest.mark.parametrize("inputs", [0, 1, 3])
def test_every_state_of_a_random_machine_is_reachable(inputs: int) -> None:
    table = random_moore(40, inputs, 1, seed=5)
    reached, front = {0}, [0]
    while front:
        following = set(table.successor[front.pop()]) - reached
        reached |= following
        front += following
    assert reached == set(range(40))
