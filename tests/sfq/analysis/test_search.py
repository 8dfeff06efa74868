"""First failures along lines."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.sfq.analysis.search import first_failures


@settings(max_examples=40, deadline=None)
@given(
    edges=st.lists(st.floats(0.001, 1.2), min_size=1, max_size=6),
    scan=st.integers(2, 20),
    tolerance=st.floats(0.001, 0.1),
)
def test_simple_regions_are_found_to_the_tolerance(edges: list[float], scan: int, tolerance: float) -> None:
    limit = np.array(edges)
    found = first_failures(
        lambda line, distance: distance <= limit[line], len(edges), bound=0.8, scan=scan, tolerance=tolerance
    )
    for edge, distance, is_open in zip(edges, found.distance, found.open, strict=True):
        assert is_open == (edge >= 0.8)
        assert distance <= edge
        assert is_open or edge - distance <= tolerance
    assert not found.reentrant.any()


def test_a_second_region_is_told_and_not_entered() -> None:
    def works(line: np.ndarray, distance: np.ndarray) -> np.ndarray:
        return (distance < 0.23) | (distance > 0.45)

    found = first_failures(works, 1, bound=0.6, scan=12, tolerance=0.001)
    assert found.reentrant.tolist() == [True]
    assert abs(found.distance[0] - 0.23) < 0.001


def test_each_round_is_one_batch() -> None:
    sizes: list[int] = []

    def works(line: np.ndarray, distance: np.ndarray) -> np.ndarray:
        sizes.append(len(line))
        return distance < 0.1 * (1 + line)

    first_failures(works, 4, bound=0.6, scan=6, tolerance=0.02)
    assert sizes == [24, 4, 4, 4]
