"""Kernels on And-Inverter Graphs: bit-parallel simulation, COP, structural hashing.

The array convention, used by every function here:

- *Variables* are numbered 0 … I + A: variable 0 is constant false, variables 1 … I are the inputs (primary inputs
  first, then latch outputs), variables I + 1 … I + A are the AND gates in topological order.
- A *literal* is ``2 * variable + inverted``, so that 0 is false and 1 is true.
- ``fanin0`` and ``fanin1`` (int32, one entry an AND) hold the literals of the two fan-ins; AND number i is variable
  I + 1 + i, and its fan-ins must name smaller variables. AIGER files number their variables this way.
- *Patterns* are packed 64 a word: pattern t is bit ``t % 64`` of word ``t // 64``.

Random patterns come from a counter-based generator: each word is a function of (seed, input, word's place), so that
results do not depend on threads, block sizes, instruction set or machine. Every function releases the GIL, and raises
IndexError for a literal that does not name an earlier variable and ValueError for arrays or numbers that do not fit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.kernels import _kernels
from hwdesign.kernels._arrays import ids, random_seed

PROBABILITY_BITS = 24
"""Input probabilities are rounded to multiples of 2 ** -24."""


class Activity(NamedTuple):
    """How often each variable is 1, and how often it changes.

    Attributes:
        ones: int64, one entry a variable: the number of counted patterns in which it is 1.
        toggles: int64, one entry a variable: the number of counted steps in which it changes.
        patterns: how many patterns were counted; ``ones / patterns`` is the signal probability.
        steps: how many steps from one pattern to the next were counted; ``toggles / steps`` is the switching activity.
    """

    ones: NDArray[np.int64]
    toggles: NDArray[np.int64]
    patterns: int
    steps: int


class StructuralHash(NamedTuple):
    """An AIG without duplicate or constant ANDs.

    Attributes:
        literal: int32, one entry an old variable: the new literal that it equals.
        fanin0: int32, the new ANDs' greater fan-in literals.
        fanin1: int32, the new ANDs' smaller fan-in literals.
    """

    literal: NDArray[np.int32]
    fanin0: NDArray[np.int32]
    fanin1: NDArray[np.int32]


class Signatures(NamedTuple):
    """Values under common random patterns, in the phase in which the first pattern gives 0.

    Attributes:
        words: uint64 [variables, words]; equal rows mark variables that may be equal up to inversion.
        phase: uint8, one entry a variable: 1 where its row was inverted.
    """

    words: NDArray[np.uint64]
    phase: NDArray[np.uint8]


def count_ones(
    fanin0: ArrayLike,
    fanin1: ArrayLike,
    n_inputs: int,
    *,
    patterns: int,
    seed: int = 0,
    input_words: NDArray[np.uint64] | None = None,
    input_probability: ArrayLike | None = None,
    threads: int = 1,
) -> NDArray[np.int64]:
    """Count the patterns in which each variable is 1.

    Memory does not grow with the number of patterns: blocks of words pass through the AIG one after another.

    Args:
        fanin0: int32 literals, one an AND.
        fanin1: int32 literals, one an AND.
        n_inputs: I, the number of inputs; latch outputs count as inputs here.
        patterns: how many patterns to simulate, at least 1.
        seed: of the random patterns, 0 … 2^64 - 1.
        input_words: uint64 [n_inputs, ceil(patterns / 64)], patterns to use instead of random ones.
        input_probability: float64 [n_inputs], each input's probability of 1 instead of one half.
        threads: how many threads to use at most.

    Returns:
        int64 [1 + n_inputs + len(fanin0)], indexed by variable.
    """
    words, probability = _stimulus(input_words, input_probability)
    return _kernels.count_activity(
        ids(fanin0, "fanin0"),
        ids(fanin1, "fanin1"),
        n_inputs,
        patterns,
        random_seed(seed),
        words,
        probability,
        False,
        threads,
    )[0]


def count_activity(
    fanin0: ArrayLike,
    fanin1: ArrayLike,
    n_inputs: int,
    *,
    patterns: int,
    seed: int = 0,
    input_words: NDArray[np.uint64] | None = None,
    input_probability: ArrayLike | None = None,
    threads: int = 1,
) -> Activity:
    """Count each variable's ones, and its changes from pattern t to pattern t + 1 (zero-delay switching).

    Takes the arguments of `count_ones`. Random patterns are independent of one another, so that an input of
    probability p switches with probability 2 p (1 - p).
    """
    words, probability = _stimulus(input_words, input_probability)
    ones, toggles = _kernels.count_activity(
        ids(fanin0, "fanin0"),
        ids(fanin1, "fanin1"),
        n_inputs,
        patterns,
        random_seed(seed),
        words,
        probability,
        True,
        threads,
    )
    return Activity(ones, toggles, patterns, patterns - 1)


def simulate_words(
    fanin0: ArrayLike,
    fanin1: ArrayLike,
    n_inputs: int,
    *,
    patterns: int,
    seed: int = 0,
    variables: ArrayLike | None = None,
    input_words: NDArray[np.uint64] | None = None,
    input_probability: ArrayLike | None = None,
    threads: int = 1,
) -> NDArray[np.uint64]:
    """Return the values of chosen variables under every pattern.

    Args:
        fanin0: int32 literals, one an AND.
        fanin1: int32 literals, one an AND.
        n_inputs: I, the number of inputs.
        patterns: how many patterns to simulate, at least 1.
        seed: of the random patterns.
        variables: the variables wanted, in any order and with repeats; None means all of them.
        input_words: as in `count_ones`.
        input_probability: as in `count_ones`.
        threads: how many threads to use at most.

    Returns:
        uint64 [len(variables), ceil(patterns / 64)]; bits past the last pattern are 0.
    """
    f0, f1 = ids(fanin0, "fanin0"), ids(fanin1, "fanin1")
    words, probability = _stimulus(input_words, input_probability)
    if variables is None:
        wanted, back = np.arange(1 + max(n_inputs, 0) + len(f0), dtype=np.int32), None
    else:
        wanted, back = np.unique(ids(variables, "variables"), return_inverse=True)
    values = _kernels.simulate_words(f0, f1, n_inputs, wanted, patterns, random_seed(seed), words, probability, threads)
    return values if back is None else values[back]


def simulate_literals(
    fanin0: ArrayLike,
    fanin1: ArrayLike,
    n_inputs: int,
    literals: ArrayLike,
    *,
    patterns: int,
    seed: int = 0,
    input_words: NDArray[np.uint64] | None = None,
    input_probability: ArrayLike | None = None,
    threads: int = 1,
) -> NDArray[np.uint64]:
    """Return the values of `literals` (an AIG's outputs, say) under every pattern; else as `simulate_words`."""
    lits = ids(literals, "literals")
    values = simulate_words(
        fanin0,
        fanin1,
        n_inputs,
        patterns=patterns,
        seed=seed,
        variables=lits >> 1,
        input_words=input_words,
        input_probability=input_probability,
        threads=threads,
    )
    values ^= -(lits & 1).astype(np.uint64)[:, None]
    if patterns % 64:
        values[:, -1] &= np.uint64((1 << patterns % 64) - 1)
    return values


def signatures(
    fanin0: ArrayLike, fanin1: ArrayLike, n_inputs: int, *, words: int = 4, seed: int = 0, threads: int = 1
) -> Signatures:
    """Random-simulation signatures of all variables, for finding candidates of functional equivalence.

    Two variables that compute the same function, or one function and its complement, always have equal rows; unequal
    functions share a row by chance only. Rows are inverted where needed so that the first pattern gives 0.

    Args:
        fanin0: int32 literals, one an AND.
        fanin1: int32 literals, one an AND.
        n_inputs: I, the number of inputs.
        words: how many words of 64 patterns.
        seed: of the random patterns.
        threads: how many threads to use at most.
    """
    values = simulate_words(fanin0, fanin1, n_inputs, patterns=64 * words, seed=seed, threads=threads)
    phase = values[:, 0] & np.uint64(1)
    values ^= (np.uint64(0) - phase)[:, None]
    return Signatures(values, phase.astype(np.uint8))


def count_ones_sequential(
    fanin0: ArrayLike,
    fanin1: ArrayLike,
    n_inputs: int,
    latch_next: ArrayLike,
    *,
    cycles: int,
    streams: int,
    latch_reset: ArrayLike | None = None,
    warmup: int = 0,
    seed: int = 0,
    input_probability: ArrayLike | None = None,
    toggles: bool = True,
    threads: int = 1,
) -> Activity:
    """Clock a sequential AIG from reset under random inputs and count ones and changes from cycle to cycle.

    Args:
        fanin0: int32 literals, one an AND.
        fanin1: int32 literals, one an AND.
        n_inputs: I, primary inputs and latches together; the latches are the last ``len(latch_next)`` inputs.
        latch_next: int32 literal of each latch's next state.
        cycles: how many clock cycles to count, at least 1.
        streams: how many independent runs from reset; runs share words, so that multiples of 64 cost least.
        latch_reset: 0, 1 or 2 (an independent fair bit in each stream) for each latch; None means all 0.
        warmup: how many cycles to run before counting begins.
        seed: of the random inputs.
        input_probability: float64, one entry a primary input, its probability of 1 in each cycle.
        toggles: False leaves `Activity.toggles` empty, and needs less memory and time.
        threads: how many threads to use at most.

    Returns:
        Counts over ``cycles * streams`` patterns and ``(cycles - 1) * streams`` steps.
    """
    nexts = ids(latch_next, "latch_next")
    resets = np.zeros(len(nexts), np.int32) if latch_reset is None else ids(latch_reset, "latch_reset")
    if resets.size and not (int(resets.min()) >= 0 and int(resets.max()) <= 2):
        raise ValueError("a latch's reset value must be 0, 1 or 2 (random)")
    ones, changes = _kernels.count_activity_sequential(
        ids(fanin0, "fanin0"),
        ids(fanin1, "fanin1"),
        n_inputs,
        nexts,
        resets.astype(np.uint8),
        cycles,
        warmup,
        streams,
        random_seed(seed),
        _stimulus(None, input_probability)[1],
        toggles,
        threads,
    )
    return Activity(ones, changes, cycles * streams, (cycles - 1) * streams)


def cop_probability(
    fanin0: ArrayLike, fanin1: ArrayLike, n_inputs: int, input_probability: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Signal probabilities when the fan-ins of every AND are taken as independent (COP).

    Exact where no two fan-ins share an input, an estimate elsewhere. After F. Brglez, "On testability analysis of
    combinational networks", ISCAS 1984.

    Args:
        fanin0: int32 literals, one an AND.
        fanin1: int32 literals, one an AND.
        n_inputs: I, the number of inputs.
        input_probability: float64 [n_inputs]; None means one half for each.

    Returns:
        float64 [1 + n_inputs + len(fanin0)], P(variable = 1).
    """
    if input_probability is None:
        input_probability = np.full(max(n_inputs, 0), 0.5)
    probability = _stimulus(None, input_probability)[1]
    assert probability is not None
    return _kernels.cop_probability(ids(fanin0, "fanin0"), ids(fanin1, "fanin1"), n_inputs, probability)


def structural_hash(fanin0: ArrayLike, fanin1: ArrayLike, n_inputs: int) -> StructuralHash:
    """Merge ANDs with the same fan-ins and fold constants (x·0, x·1, x·x, x·x̄), in one pass in topological order.

    Inputs keep their numbers; the ANDs that remain keep their order and are numbered anew without gaps. Dangling ANDs
    stay. A second pass changes nothing.

    Args:
        fanin0: int32 literals, one an AND.
        fanin1: int32 literals, one an AND.
        n_inputs: I, the number of inputs.
    """
    return StructuralHash(*_kernels.structural_hash(ids(fanin0, "fanin0"), ids(fanin1, "fanin1"), n_inputs))


def _stimulus(
    input_words: NDArray[np.uint64] | None, input_probability: ArrayLike | None
) -> tuple[NDArray[np.uint64] | None, NDArray[np.float64] | None]:
    words = probability = None
    if input_words is not None:
        words = np.asarray(input_words)
        if words.dtype != np.uint64 or words.ndim != 2:
            raise ValueError("input_words must be a uint64 matrix of the shape (n_inputs, ceil(patterns / 64))")
        words = np.ascontiguousarray(words)
    if input_probability is not None:
        probability = np.ascontiguousarray(input_probability, np.float64)
        if probability.ndim != 1:
            raise ValueError("input_probability needs one entry an input")
    return words, probability
