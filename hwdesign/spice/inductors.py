"""Inductors that couple: which belong together, and their matrix of inductances."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from hwdesign.spice.batch import Batch
from hwdesign.spice.circuit import Circuit

Float = NDArray[np.float64]

LEAST_EIGENVALUE = -1e-9
"""Smallest eigenvalue that couplings may have: zero, but for rounding, where inductors couple fully."""


def coupled_groups(circuit: Circuit, coupled: set[int]) -> list[list[int]]:
    """The inductors of `coupled` in groups that couple with one another, by position, rising."""
    parent = {at: at for at in coupled}

    def find(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for element in circuit.elements:
        if element.kind == "K":
            for other in element.others[1:]:
                parent[find(other)] = find(element.others[0])
    groups: dict[int, list[int]] = {}
    for at in sorted(coupled):
        groups.setdefault(find(at), []).append(at)
    return list(groups.values())


def coupling_factors(circuit: Circuit, group: list[int], batch: Batch | None = None) -> Float:
    """float64[N or 1, m, m]: coupling factors between the inductors of a group, ones on the diagonal."""
    place = {at: row for row, at in enumerate(group)}
    found: dict[tuple[int, int], Float] = {}
    for at, element in enumerate(circuit.elements):
        rows = [place[other] for other in element.others if other in place] if element.kind == "K" else []
        value = element.value if batch is None else batch.get(at, "value")
        found |= {pair: np.atleast_1d(np.asarray(value, np.float64)) for pair in itertools.permutations(rows, 2)}
    matrix = np.tile(np.eye(len(group)), (max(map(len, found.values()), default=1), 1, 1))
    for (row, col), factor in found.items():
        matrix[:, row, col] = factor
    return matrix


def incapable(circuit: Circuit, batch: Batch) -> NDArray[np.bool_]:
    """bool[N]: instances whose coupling factors no inductors can have (see `hwdesign.spice.checks`)."""
    found = np.zeros(batch.size, np.bool_)
    couplings = [at for at, element in enumerate(circuit.elements) if element.kind == "K"]
    if any(at in batch for at in couplings):
        coupled = {other for at in couplings for other in circuit.elements[at].others}
        for group in coupled_groups(circuit, coupled):
            found |= np.linalg.eigvalsh(coupling_factors(circuit, group, batch))[:, 0] < LEAST_EIGENVALUE
    return found


def inductances(circuit: Circuit, batch: Batch, group: list[int]) -> Float:
    """float64[N or 1, m, m]: self-inductances of a group, and mutual ones k·sqrt(L1·L2), in henry."""
    own = [np.atleast_1d(np.asarray(batch.get(at, "value"), np.float64)) for at in group]
    factors: dict[tuple[int, int], Float] = {}
    place = {at: row for row, at in enumerate(group)}
    for at, element in enumerate(circuit.elements):
        if element.kind != "K" or element.others[0] not in place:
            continue
        rows = [place[other] for other in element.others]
        factor = np.atleast_1d(np.asarray(batch.get(at, "value"), np.float64))
        for first in rows:
            for second in rows:
                if first != second:
                    factors[first, second] = factor
    count = max(len(values) for values in (*own, *factors.values()))
    matrix = np.zeros((count, len(group), len(group)))
    for row, values in enumerate(own):
        matrix[:, row, row] = values
    for (row, col), factor in factors.items():
        matrix[:, row, col] = factor * np.sqrt(np.abs(own[row] * own[col]))
    return matrix
