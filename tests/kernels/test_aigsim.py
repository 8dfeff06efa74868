"""The AIG kernels against a pattern-by-pattern interpreter written in plain Python."""

from __future__ import annotations

import signal
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.kernels import _kernels, aigsim

Aig = tuple[list[int], list[int], int]
FEW = settings(max_examples=60, deadline=None)


@st.composite
def aigs(draw: st.DrawFn, max_inputs: int = 6, max_ands: int = 40) -> Aig:
    inputs = draw(st.integers(0, max_inputs))
    ands = draw(st.integers(0, max_ands))
    fanin0, fanin1 = [], []
    for i in range(ands):
        top = 2 * (1 + inputs + i) - 1
        fanin0.append(draw(st.integers(0, top)))
        fanin1.append(draw(st.integers(0, top)))
    return fanin0, fanin1, inputs


def random_aig(inputs: int, ands: int, seed: int) -> Aig:
    rng = np.random.default_rng(seed)
    top = 2 * (1 + inputs + np.arange(ands))
    return rng.integers(0, top).tolist(), rng.integers(0, top).tolist(), inputs


def evaluate(aig: Aig, inputs: list[int]) -> list[int]:
    """Value of every variable under one pattern."""
    value = [0, *inputs]
    for a, b in zip(aig[0], aig[1], strict=True):
        value.append((value[a >> 1] ^ (a & 1)) & (value[b >> 1] ^ (b & 1)))
    return value


def bits(words: np.ndarray[Any, Any], patterns: int) -> np.ndarray[Any, Any]:
    """Unpack uint64 [rows, words] to uint8 [rows, patterns]."""
    little = np.ascontiguousarray(words).astype("<u8").view(np.uint8)
    return np.unpackbits(little.reshape(len(words), 8 * words.shape[1]), axis=1, bitorder="little")[:, :patterns]


def oracle(aig: Aig, words: np.ndarray[Any, Any], patterns: int) -> np.ndarray[Any, Any]:
    """Value [variables, patterns] of every variable, from given input words."""
    inputs = bits(words, patterns)
    columns = [evaluate(aig, inputs[:, t].tolist()) for t in range(patterns)]
    return np.array(columns).T.reshape(1 + aig[2] + len(aig[0]), patterns)


@FEW
@given(aigs(), st.sampled_from([1, 2, 63, 64, 65, 130]), st.integers(0, 2**64 - 1))
def test_simulation_agrees_with_the_interpreter(aig: Aig, patterns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    given_words = rng.integers(0, 2**64, (aig[2], -(-patterns // 64)), dtype=np.uint64)
    want = oracle(aig, given_words, patterns)
    ones = aigsim.count_ones(*aig, patterns=patterns, input_words=given_words)
    activity = aigsim.count_activity(*aig, patterns=patterns, input_words=given_words)
    words = aigsim.simulate_words(*aig, patterns=patterns, input_words=given_words)
    assert ones.dtype == np.int64
    assert ones.tolist() == want.sum(axis=1).tolist() == activity.ones.tolist()
    assert activity.toggles.tolist() == (want[:, 1:] != want[:, :-1]).sum(axis=1).tolist()
    assert (activity.patterns, activity.steps) == (patterns, patterns - 1)
    assert bits(words, patterns).tolist() == want.tolist()
    assert not bits(words, words.shape[1] * 64)[:, patterns:].any()


@FEW
@given(aigs(), st.integers(1, 1500), st.integers(0, 2**64 - 1), st.booleans())
def test_blocks_threads_and_instruction_sets_change_nothing(aig: Aig, patterns: int, seed: int, biased: bool) -> None:
    f0, f1 = (np.array(f, np.int32) for f in aig[:2])
    probability = np.linspace(0, 1, aig[2]) if biased else None
    words = aigsim.simulate_words(*aig, patterns=patterns, seed=seed, input_probability=probability)
    values = bits(words, patterns).astype(np.int64)
    selected = np.arange(len(words), dtype=np.int32)
    for simd in range(1, _kernels.simd_levels() + 1):
        for block, threads in ((8, 1), (8, 3), (24, 2), (64, 4)):
            options = (threads, simd, block)
            ones, toggles = _kernels.count_activity(f0, f1, aig[2], patterns, seed, None, probability, True, *options)
            plain = _kernels.count_activity(f0, f1, aig[2], patterns, seed, None, probability, False, *options)[0]
            same = _kernels.simulate_words(f0, f1, aig[2], selected, patterns, seed, None, probability, *options)
            assert ones.tolist() == plain.tolist() == values.sum(axis=1).tolist()
            assert toggles.tolist() == np.abs(np.diff(values, axis=1)).sum(axis=1).tolist()
            assert np.array_equal(same, words)


def test_random_words_are_fixed_for_all_time() -> None:
    """The generator is part of the format of a labelled data set: its words must never change."""
    words = aigsim.simulate_words([], [], 2, patterns=128, seed=7)
    want = [[splitmix_word(7, stream, word) for word in range(2)] for stream in range(2)]
    assert words[0].tolist() == [0, 0]
    assert words[1:].tolist() == want


def splitmix_word(seed: int, stream: int, word: int) -> int:
    mask, gamma = 2**64 - 1, 0x9E3779B97F4A7C15

    def mix(z: int) -> int:
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    key = mix((mix((seed + gamma) & mask) + (stream * 32 + 1) * 0xD1342543DE82EF95) & mask)
    return mix((key + (word + 1) * gamma) & mask)


def test_input_probability_is_met() -> None:
    patterns = 1 << 18
    wanted = np.array([0.0, 1.0, 0.5, 0.25, 0.1, 0.9, 1 / 3, 2.0**-12, 1 - 2.0**-12])
    activity = aigsim.count_activity([], [], len(wanted), patterns=patterns, seed=3, input_probability=wanted)
    deviation = np.sqrt(wanted * (1 - wanted) / patterns)
    assert activity.ones[1] == 0
    assert activity.ones[2] == patterns
    assert np.all(np.abs(activity.ones[1:] / patterns - wanted) <= 5 * deviation + 2.0**-aigsim.PROBABILITY_BITS)
    switching = 2 * wanted * (1 - wanted)
    assert np.all(np.abs(activity.toggles[1:] / activity.steps - switching) <= 10 * deviation + 1e-9)


def test_one_half_draws_the_same_words_as_no_probability() -> None:
    aig = random_aig(5, 30, 1)
    plain = aigsim.count_ones(*aig, patterns=1000, seed=5)
    assert aigsim.count_ones(*aig, patterns=1000, seed=5, input_probability=[0.5] * 5).tolist() == plain.tolist()
    assert aigsim.count_ones(*aig, patterns=1000, seed=6).tolist() != plain.tolist()


def test_inputs_and_seeds_are_independent() -> None:
    words = np.concatenate([aigsim.simulate_words([], [], 8, patterns=1 << 14, seed=s)[1:] for s in (0, 1, 2**63)])
    values = bits(words, 1 << 14).astype(float)
    correlation = np.corrcoef(values) - np.eye(24)
    assert np.abs(correlation).max() < 5 / np.sqrt(1 << 14)


def test_selected_variables_and_literals() -> None:
    aig = random_aig(4, 20, 2)
    words = aigsim.simulate_words(*aig, patterns=100, seed=1)
    chosen = [24, 0, 3, 24]
    assert np.array_equal(aigsim.simulate_words(*aig, patterns=100, seed=1, variables=chosen), words[chosen])
    literals = aigsim.simulate_literals(*aig, [48, 49, 1], patterns=100, seed=1)
    assert np.array_equal(bits(literals, 100)[1], 1 - bits(words, 100)[24])
    assert literals[2].tolist() == [2**64 - 1, 2**36 - 1]
    assert aigsim.simulate_words(*aig, patterns=100, variables=[]).shape == (0, 2)


@FEW
@given(aigs(max_inputs=5, max_ands=25), st.data())
def test_sequential_simulation_agrees_with_the_interpreter(aig: Aig, data: st.DataObject) -> None:
    variables = 1 + aig[2] + len(aig[0])
    latches = data.draw(st.integers(0, aig[2]))
    nexts = data.draw(st.lists(st.integers(0, 2 * variables - 1), min_size=latches, max_size=latches))
    reset = data.draw(st.lists(st.integers(0, 1), min_size=latches, max_size=latches))
    streams = data.draw(st.sampled_from([1, 63, 64, 65]))
    cycles, warmup, primary = 4, data.draw(st.integers(0, 2)), aig[2] - latches
    # The primary inputs' words are those of a plain simulation of all cycles end to end.
    per_cycle = -(-streams // 64)
    drawn = aigsim.simulate_words([], [], primary, patterns=64 * per_cycle * (cycles + warmup), seed=9)[1:]
    inputs = bits(drawn, 64 * per_cycle * (cycles + warmup)).reshape(primary, cycles + warmup, 64 * per_cycle)[
        :, :, :streams
    ]
    ones, toggles = np.zeros(variables, int), np.zeros(variables, int)
    for stream in range(streams):
        state, trace = list(reset), []
        for cycle in range(cycles + warmup):
            value = evaluate(aig, [*inputs[:, cycle, stream].tolist(), *state])
            state = [value[n >> 1] ^ (n & 1) for n in nexts]
            trace.append(value)
        counted = np.array(trace[warmup:])
        ones += counted.sum(axis=0)
        toggles += (counted[1:] != counted[:-1]).sum(axis=0)
    for threads in (1, 2):
        activity = aigsim.count_ones_sequential(
            *aig, nexts, cycles=cycles, warmup=warmup, streams=streams, latch_reset=reset, seed=9, threads=threads
        )
        assert activity.ones.tolist() == ones.tolist()
        assert activity.toggles.tolist() == toggles.tolist()
        assert (activity.patterns, activity.steps) == (cycles * streams, (cycles - 1) * streams)


def test_sequential_blocks_threads_and_instruction_sets_change_nothing() -> None:
    f0, f1, inputs = random_aig(9, 60, 4)
    args = (np.array(f0, np.int32), np.array(f1, np.int32), inputs, np.array([30, 81, 2, 139], np.int32))
    reset = np.array([0, 1, 2, 2], np.uint8)
    probability = np.array([0.5, 0.1, 0.9, 0.3, 0.7])
    results = [
        [r.tolist() for r in _kernels.count_activity_sequential(*args, reset, 5, 3, 1100, 2, probability, toggles, *o)]
        for toggles in (True, False)
        for o in ((1, 1, 8), (2, 1, 16), (1, _kernels.simd_levels(), 0), (3, _kernels.simd_levels(), 8))
    ]
    assert all(r == results[0] for r in results[:4])
    assert all(r == [results[0][0], []] for r in results[4:])


def test_random_reset_is_fair_and_a_counter_counts() -> None:
    # A toggle flip-flop with random reset, and one that copies it a cycle later.
    activity = aigsim.count_ones_sequential([], [], 2, [3, 2], latch_reset=[2, 0], cycles=100, streams=6400, warmup=1)
    assert activity.ones.tolist() == [0, 320000, 320000]
    assert activity.toggles[1] == activity.steps == 99 * 6400
    first = aigsim.count_ones_sequential([], [], 1, [2], latch_reset=[2], cycles=1, streams=6400)
    assert abs(int(first.ones[1]) - 3200) < 5 * 40
    assert first.steps == 0


def test_edge_cases_without_inputs_or_gates() -> None:
    assert aigsim.count_ones([], [], 0, patterns=1).tolist() == [0]
    assert aigsim.count_ones([1], [1], 0, patterns=65).tolist() == [0, 65]
    assert aigsim.simulate_words([1], [1], 0, patterns=1).tolist() == [[0], [1]]
    assert aigsim.cop_probability([1, 2], [1, 1], 0).tolist() == [0.0, 1.0, 1.0]
    assert aigsim.structural_hash([], [], 3).literal.tolist() == [0, 2, 4, 6]
    assert aigsim.count_ones_sequential([], [], 0, [], cycles=1, streams=1).ones.tolist() == [0]


@FEW
@given(aigs(max_inputs=5), st.integers(0, 2**32))
def test_equal_functions_have_equal_signatures(aig: Aig, seed: int) -> None:
    result = aigsim.signatures(*aig, words=8, seed=seed)
    exhaustive = np.array([[sum((p >> i & 1) << p for p in range(32))] for i in range(aig[2])], np.uint64)
    table = bits(aigsim.simulate_words(*aig, patterns=32, input_words=exhaustive.reshape(aig[2], 1)), 32)
    table ^= table[:, :1]
    for v in range(len(table)):
        for u in range(v):
            if np.array_equal(table[u], table[v]):
                assert np.array_equal(result.words[u], result.words[v])
    assert not (result.words[:, 0] & np.uint64(1)).any()
    plain = aigsim.simulate_words(*aig, patterns=512, seed=seed)
    assert np.array_equal(np.where(result.phase[:, None] == 1, ~plain, plain), result.words)


@FEW
@given(aigs(), st.integers(0, 2**32))
def test_structural_hash_keeps_every_function(aig: Aig, seed: int) -> None:
    result = aigsim.structural_hash(*aig)
    old = aigsim.simulate_words(*aig, patterns=256, seed=seed)
    new = aigsim.simulate_literals(result.fanin0, result.fanin1, aig[2], result.literal, patterns=256, seed=seed)
    assert np.array_equal(old, new)
    pairs = set(zip(result.fanin0.tolist(), result.fanin1.tolist(), strict=True))
    assert len(pairs) == len(result.fanin0)
    assert all(a > b > 1 and a != b ^ 1 for a, b in pairs)
    again = aigsim.structural_hash(result.fanin0, result.fanin1, aig[2])
    assert again.literal.tolist() == [2 * v for v in range(1 + aig[2] + len(pairs))]


def test_structural_hash_folds_and_commutes() -> None:
    # x.y, y.x, x.0, x.1, x.x, x.x', (x.y).(y.x)
    result = aigsim.structural_hash([2, 4, 2, 2, 2, 2, 6], [4, 2, 0, 1, 2, 3, 8], 2)
    assert result.literal.tolist() == [0, 2, 4, 6, 6, 0, 2, 2, 0, 6]
    assert (result.fanin0.tolist(), result.fanin1.tolist()) == ([4], [2])


def test_cop_is_exact_on_trees_and_multiplies_elsewhere() -> None:
    # v4 = a.b', v5 = v4'.c; then v6 = a.a', which COP does not see through.
    p = aigsim.cop_probability([2, 9, 2], [5, 6, 3], 3, [0.5, 0.25, 0.8])
    assert p == pytest.approx([0, 0.5, 0.25, 0.8, 0.375, 0.5, 0.25])


def test_misuse_is_refused_in_words() -> None:
    f0, f1 = [2], [4]
    with pytest.raises(IndexError, match="topological order"):
        aigsim.count_ones([6], [4], 2, patterns=1)
    with pytest.raises(IndexError, match="topological order"):
        aigsim.structural_hash([-1], [4], 2)
    with pytest.raises(ValueError, match="fanin0 and fanin1 differ in length"):
        aigsim.count_ones([2, 2], [4], 2, patterns=1)
    with pytest.raises(ValueError, match="patterns must lie between"):
        aigsim.count_ones(f0, f1, 2, patterns=0)
    with pytest.raises(ValueError, match="threads must lie between"):
        aigsim.count_ones(f0, f1, 2, patterns=1, threads=0)
    with pytest.raises(ValueError, match="seed must lie between"):
        aigsim.count_ones(f0, f1, 2, patterns=1, seed=-1)
    with pytest.raises(ValueError, match="n_inputs is negative"):
        aigsim.count_ones([], [], -1, patterns=1)
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        aigsim.count_ones(f0, f1, 2, patterns=1, input_probability=[0.5, float("nan")])
    with pytest.raises(ValueError, match="one entry an input"):
        aigsim.cop_probability(f0, f1, 2, [0.5])
    with pytest.raises(ValueError, match="shape"):
        aigsim.count_ones(f0, f1, 2, patterns=65, input_words=np.zeros((2, 1), np.uint64))
    with pytest.raises(ValueError, match="uint64 matrix"):
        aigsim.count_ones(f0, f1, 2, patterns=1, input_words=np.zeros((2, 1), np.int64))
    with pytest.raises(ValueError, match="not both"):
        aigsim.count_ones(f0, f1, 2, patterns=1, input_words=np.zeros((2, 1), np.uint64), input_probability=[0.5, 0.5])
    with pytest.raises(ValueError, match="must hold integers"):
        aigsim.count_ones([2.5], [4], 2, patterns=1)
    with pytest.raises(IndexError, match="does not fit 32 bits"):
        aigsim.count_ones([2**40], [4], 2, patterns=1)
    with pytest.raises(IndexError, match="selected variable"):
        aigsim.simulate_words(f0, f1, 2, patterns=1, variables=[9])
    with pytest.raises(ValueError, match="more latches than inputs"):
        aigsim.count_ones_sequential(f0, f1, 2, [0, 0, 0], cycles=1, streams=1)
    with pytest.raises(IndexError, match="next-state literal"):
        aigsim.count_ones_sequential(f0, f1, 2, [8], cycles=1, streams=1)
    with pytest.raises(ValueError, match="reset value"):
        aigsim.count_ones_sequential(f0, f1, 2, [6], latch_reset=[3], cycles=1, streams=1)
    with pytest.raises(ValueError, match="one entry a latch"):
        aigsim.count_ones_sequential(f0, f1, 2, [6], latch_reset=[0, 0], cycles=1, streams=1)


class WakeError(Exception):
    """What the signal's handler raises."""


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("sequential", [False, True])
def test_a_signal_ends_a_long_run(threads: int, sequential: bool) -> None:
    def wake(number: int, frame: object) -> None:
        raise WakeError

    old = signal.signal(signal.SIGALRM, wake)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    start = time.monotonic()
    try:
        with pytest.raises(WakeError):
            if sequential:
                aigsim.count_ones_sequential([2], [4], 2, [6], cycles=1 << 40, streams=8192, threads=threads)
            else:
                aigsim.count_ones([2], [4], 2, patterns=1 << 40, threads=threads)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert time.monotonic() - start < 10
