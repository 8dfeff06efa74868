"""Signal probabilities: simulated ones, which are the labels, and COP's estimate.

Latch outputs count as inputs that are 1 with probability one half (the combinational view of a sequential circuit).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwdesign.graphs import AigArrays
from hwdesign.kernels.aigsim import cop_probability, count_ones

FloatArray = NDArray[np.float64]


def uniform_inputs(aig: AigArrays) -> FloatArray:
    """float64[I]: one half for each input and latch."""
    return np.full(aig.num_inputs, 0.5)


def simulated(
    aig: AigArrays, *, patterns: int, seed: int, input_probability: FloatArray | None = None, threads: int = 2
) -> FloatArray:
    """Share of random patterns in which each variable is 1.

    Args:
        aig: structure.
        patterns: the standard error is at most 0.5/√patterns (0.002 for 65,536).
        seed: of the patterns.
        input_probability: float64[I]; None means one half each.
        threads: processor threads.

    Returns:
        float64[variables].
    """
    ones = count_ones(
        aig.fanin0,
        aig.fanin1,
        aig.num_inputs,
        patterns=patterns,
        seed=seed,
        input_probability=input_probability,
        threads=threads,
    )
    return ones / patterns


def cop(aig: AigArrays, input_probability: FloatArray | None = None) -> FloatArray:
    """float64[variables]: P(variable = 1) with the fan-ins of each AND taken as independent."""
    return cop_probability(aig.fanin0, aig.fanin1, aig.num_inputs, input_probability)
