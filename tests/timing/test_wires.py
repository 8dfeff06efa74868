"""Moments of RC trees against nodal analysis, step metrics against exact responses."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh

from hwdesign.netlist.parasitics import Parasitics
from hwdesign.timing.wires import RcForest, reduce_wires

_SETTINGS = settings(max_examples=20, deadline=None)


def parasitics(nets: list[tuple[int, list[tuple[int, int, float]]]], caps: list[float]) -> Parasitics:
    """Nets as (nodes, resistors between the net's own nodes)."""
    sizes = [size for size, _ in nets]
    base = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rows = [(base[n] + a, base[n] + b, r) for n, (_, wires) in enumerate(nets) for a, b, r in wires]
    count = np.concatenate([[0], np.cumsum([len(wires) for _, wires in nets])]).astype(np.int64)
    none = np.zeros(0, np.int32)
    return Parasitics(
        tuple(f"n{n}" for n in range(len(nets))), base, tuple(f"n{n}" for n in range(int(base[-1]))),
        np.zeros(int(base[-1]), np.int8), np.array(caps), count,
        np.array([a for a, _, _ in rows], np.int32), np.array([b for _, b, _ in rows], np.int32),
        np.array([r for _, _, r in rows], float), none, none, np.zeros(0),
    )  # fmt: skip


@st.composite
def forests(draw: st.DrawFn) -> tuple[Parasitics, np.ndarray]:
    """Random trees, and a root of each."""
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=5))
    number = st.floats(0.01, 10.0)
    nets = []
    for size in sizes:
        nets.append((size, [(draw(st.integers(0, at - 1)), at, draw(number)) for at in range(1, size)]))
    caps = [draw(number) for _ in range(sum(sizes))]
    starts = np.cumsum([0, *sizes[:-1]])
    roots = np.array([start + draw(st.integers(0, size - 1)) for start, size in zip(starts, sizes, strict=True)])
    return parasitics(nets, caps), roots


@_SETTINGS
@given(forests())
def test_moments_are_those_of_nodal_analysis(case: tuple[Parasitics, np.ndarray]) -> None:
    wires, roots = case
    forest = RcForest.of(wires, roots)
    found = reduce_wires(forest, torch.tensor(wires.node_cap)[:, None], torch.tensor(wires.resistor))
    assert len(forest.broken) == 0 and (forest.position >= 0).all()
    for net, root in enumerate(roots.tolist()):
        nodes = np.arange(wires.node_ptr[net], wires.node_ptr[net + 1])
        rest = nodes[nodes != root]
        conductance = np.zeros((len(nodes), len(nodes)))
        for at in range(int(wires.resistor_ptr[net]), int(wires.resistor_ptr[net + 1])):
            a, b = int(wires.resistor_a[at]) - nodes[0], int(wires.resistor_b[at]) - nodes[0]
            conductance[[a, b], [a, b]] += 1 / wires.resistor[at]
            conductance[[a, b], [b, a]] -= 1 / wires.resistor[at]
        keep = rest - nodes[0]
        cap = wires.node_cap[rest]
        inverse = np.linalg.inv(conductance[np.ix_(keep, keep)]) if len(keep) else np.zeros((0, 0))
        first = inverse @ cap
        second = inverse @ (cap * first)
        place = forest.position[rest]
        # Prefix sums run over all nets, so rounding is that of the largest moment among them.
        largest = float(found.elmore.max()), float(found.second.max())
        np.testing.assert_allclose(found.elmore[place, 0], first, rtol=1e-9, atol=1e-13 * largest[0])
        np.testing.assert_allclose(found.second[place, 0], second, rtol=1e-9, atol=1e-13 * largest[1])
        at = int(forest.position[root])
        near, far, through = (float(x[at, 0]) for x in (found.near, found.far, found.resistance))
        # The π has the net's first three admittance moments.
        assert near + far == pytest.approx(wires.node_cap[nodes].sum(), rel=1e-9)
        if len(rest):
            assert through * far**2 == pytest.approx((cap * first).sum(), rel=1e-6)
            assert through**2 * far**3 == pytest.approx((cap * second).sum(), rel=1e-6)


def test_a_loop_is_broken_at_its_largest_resistor() -> None:
    wires = parasitics([(3, [(0, 1, 1.0), (1, 2, 1.0), (0, 2, 9.0)])], [0.0, 0.0, 1.0])
    forest = RcForest.of(wires, np.array([0]))
    assert forest.broken.tolist() == [2]
    found = reduce_wires(forest, torch.tensor(wires.node_cap)[:, None], torch.tensor(wires.resistor))
    assert found.elmore[forest.position[2], 0] == pytest.approx(2.0)


def test_parallel_resistors_and_no_nets() -> None:
    wires = parasitics([(2, [(0, 1, 3.0), (1, 0, 2.0)])], [0.0, 1.0])
    forest = RcForest.of(wires, np.array([0]))
    assert forest.broken.tolist() == [0]
    assert len(RcForest.of(wires, np.zeros(0, np.int64)).order) == 0


def test_d2m_and_step_slew_of_one_pole_and_of_a_ladder() -> None:
    wires = parasitics([(2, [(0, 1, 2.0)])], [0.0, 3.0])
    found = reduce_wires(RcForest.of(wires, np.array([0])), torch.tensor([[0.0], [3.0]]).double(), torch.tensor([2.0]))
    assert found.d2m()[1, 0] == pytest.approx(6.0 * math.log(2))
    assert found.step_slew()[1, 0] == pytest.approx(6.0 * math.log(4))
    # Far end of a ladder of 12 sections: exact 50 % delay from the eigenvalues.
    count = 12
    ladder = parasitics([(count + 1, [(at, at + 1, 1.0) for at in range(count)])], [0.0] + [1.0] * count)
    forest = RcForest.of(ladder, np.array([0]))
    found = reduce_wires(forest, torch.tensor(ladder.node_cap)[:, None], torch.tensor(ladder.resistor))
    matrix = 2 * np.eye(count) - np.eye(count, k=1) - np.eye(count, k=-1)
    matrix[-1, -1] = 1
    values, vectors = eigh(matrix)
    weight = vectors[-1] * vectors.sum(0)
    time = np.linspace(0, 200, 200001)
    response = 1 - (weight[:, None] * np.exp(-values[:, None] * time)).sum(0)
    exact = time[np.searchsorted(response, 0.5)]
    place = forest.position[count]
    assert found.d2m()[place, 0] == pytest.approx(exact, rel=0.02)
    assert abs(float(found.elmore[place, 0]) / exact - 1) > 0.3


def test_gradients_of_moments() -> None:
    wires = parasitics(
        [(4, [(0, 1, 1.0), (1, 2, 0.5), (1, 3, 2.0)]), (2, [(0, 1, 0.3)])], [0.1, 0.2, 0.3, 0.4, 0.5, 1.0]
    )
    forest = RcForest.of(wires, np.array([0, 5]))
    cap = torch.tensor(wires.node_cap)[:, None].requires_grad_()
    resistor = torch.tensor(wires.resistor, requires_grad=True)

    def moments(cap: torch.Tensor, resistor: torch.Tensor) -> list[torch.Tensor]:
        found = reduce_wires(forest, cap, resistor)
        return [found.elmore, found.second, found.near, found.far, found.resistance]

    assert torch.autograd.gradcheck(moments, (cap, resistor), rtol=1e-5)
