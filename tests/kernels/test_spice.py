"""The circuit kernel without netlists: linear networks against a dense solution, orders of elimination, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.kernels.spice import (
    DONE,
    PHASE,
    TABLE,
    PhaseNetwork,
    PhasePlan,
    PhaseValues,
    PhaseWave,
    SingularError,
)

STEP = 0.1


def values(instances: int = 1, **given_: object) -> PhaseValues:
    none = np.zeros((0, instances))
    names = "a0 a1 capacitance ic cap conductance shunt rate_low rate_high transition port injection noise noise_normal"
    tables: dict[str, object] = dict.fromkeys(names.split(), none)
    tables |= {
        "delay": np.zeros(0, np.int64),
        "injection_wave": np.zeros((0, instances), np.int32),
        "noise_junction": np.zeros(0, np.int32),
        "seed": np.arange(instances, dtype=np.uint64),
    }
    return PhaseValues(**(tables | given_))  # type: ignore[arg-type]


def random_network(seed: int, nodes: int, symmetric: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A0 and A1, dense, of a random network whose matrix is far from singular, and what is injected."""
    rng = np.random.default_rng(seed)
    a0, a1 = np.zeros((nodes, nodes)), np.zeros((nodes, nodes))
    for matrix in (a0, a1):
        for _ in range(2 * nodes):
            i, j = rng.integers(0, nodes, 2)
            v = rng.uniform(0.1, 1)
            matrix[i, i] += v
            if i != j:
                matrix[j, j] += v
                matrix[i, j] -= v
                matrix[j, i] -= v * (1.0 if symmetric else rng.uniform(0, 1))
    a0 += np.eye(nodes) * 0.1
    return a0, a1, rng.normal(size=nodes)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 14), st.booleans(), st.sampled_from([1, 3, 9]))
def test_steps_solve_the_backward_differences(seed: int, nodes: int, symmetric: bool, instances: int) -> None:
    a0, a1, drive = random_network(seed, nodes, symmetric)
    network = PhaseNetwork(unknowns=nodes, symmetric=symmetric)
    scale = np.linspace(1, 2, instances)
    rows: dict[str, list[np.ndarray]] = {"a0": [], "a1": []}
    for name, matrix in (("a0", a0), ("a1", a1)):
        for i, j in np.argwhere(matrix).tolist():
            getattr(network, name).append((i, j))
            rows[name].append(matrix[i, j] * scale)
    network.injections = [(node, 0) for node in range(nodes)]
    network.channels = [(PHASE, node, -1) for node in range(nodes)]
    table = values(
        instances,
        a0=np.array(rows["a0"]).reshape(-1, instances),
        a1=np.array(rows["a1"]).reshape(-1, instances),
        injection=np.repeat(drive[:, None], instances, 1),
        injection_wave=np.zeros((nodes, instances), np.int32),
    )
    plan = PhasePlan(network, table, 1.5 / STEP)
    run = plan.steps(table, [PhaseWave(TABLE, (0.0, 1.0), (0.0, 1.0))], step=STEP, steps=20)
    assert np.all(run.status == DONE)
    for instance in (0, instances - 1):
        one = before = np.zeros(nodes)
        matrix = scale[instance] * (a0 + 1.5 / STEP * a1)
        for step in range(20):
            past = scale[instance] * (1.5 / STEP) * a1 @ (4 / 3 * one - 1 / 3 * before)
            new = np.linalg.solve(matrix, past - drive * min(1.0, step * STEP))
            one, before = new, one
            assert np.allclose(run.waves[:, step, instance], new, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_pivots_leave_the_diagonal_where_it_is_zero(order: tuple[int, int]) -> None:
    """Two rows that only fix each other's unknown: no diagonal pivot exists."""
    network = PhaseNetwork(unknowns=2, symmetric=False)
    network.a0 = [(0, 1), (1, 0)]
    network.injections = [(0, 0), (1, 0)]
    network.channels = [(PHASE, order[0], -1), (PHASE, order[1], -1)]
    table = values(
        a0=np.array([[2.0], [4.0]]), injection=np.array([[-6.0], [-8.0]]), injection_wave=np.zeros((2, 1), np.int32)
    )
    run = PhasePlan(network, table, 15.0).steps(table, [PhaseWave(TABLE, (0.0,), (1.0,))], step=STEP, steps=2)
    solution = np.array([2.0, 3.0])
    assert np.allclose(run.waves[:, 1, 0], solution[list(order)])


def test_singular_networks_name_an_unknown() -> None:
    network = PhaseNetwork(unknowns=3)
    network.a0 = [(0, 0), (1, 1), (1, 2), (2, 1), (2, 2)]
    table = values(a0=np.array([[1.0], [1.0], [-1.0], [-1.0], [1.0]]))
    with pytest.raises(SingularError) as caught:
        PhasePlan(network, table, 15.0)
    assert caught.value.unknown in (1, 2)


def test_refuses_tables_that_do_not_fit() -> None:
    network = PhaseNetwork(unknowns=1)
    network.a0 = [(0, 0)]
    good = values(a0=np.array([[1.0]]))
    plan = PhasePlan(network, good, 15.0)
    with pytest.raises(ValueError, match="a0 has another shape"):
        plan.steps(values(a0=np.zeros((2, 1))), [], step=STEP, steps=1)
    with pytest.raises(ValueError, match="step must be positive"):
        plan.steps(good, [], step=0.0, steps=1)
    with pytest.raises(ValueError, match="steps, every and noise_every must be positive"):
        plan.steps(good, [], step=STEP, steps=0)
    with pytest.raises(ValueError, match="simd must be"):
        plan.steps(good, [], step=STEP, steps=1, simd=7)
    with pytest.raises(ValueError, match="times must not fall"):
        plan.steps(good, [PhaseWave(TABLE, (1.0, 0.0), (0.0, 0.0))], step=STEP, steps=1)
    with pytest.raises(IndexError, match="names no unknown"):
        PhasePlan(PhaseNetwork(unknowns=1, a0=[(0, 1)]), good, 15.0)
    with pytest.raises(IndexError, match="names no wave"):
        bad = PhaseNetwork(unknowns=1, a0=[(0, 0)], injections=[(0, 3)])
        table = values(a0=np.ones((1, 1)), injection=np.ones((1, 1)), injection_wave=np.zeros((1, 1), np.int32))
        PhasePlan(bad, table, 15.0).steps(table, [], step=STEP, steps=1)
    with pytest.raises(IndexError, match="names no element"):
        PhasePlan(PhaseNetwork(unknowns=1, a0=[(0, 0)], channels=[(2, 0, 0)]), good, 15.0)


@pytest.mark.parametrize("simd", [1, -1])
def test_noise_is_gaussian_white_and_independent(simd: int) -> None:
    """A conductance alone shows the noise itself: its phase's change is the noise's integral, a random walk."""
    network = PhaseNetwork(unknowns=3)
    network.a1 = [(k, k) for k in range(3)]
    network.noise = [(-1, k) for k in range(3)]
    network.channels = [(PHASE, k, -1) for k in range(3)]
    n = 64
    deviation = 0.7
    table = values(
        n, a1=np.ones((3, n)), noise=np.full((3, n), deviation), noise_normal=np.full((3, n), deviation),
        noise_junction=np.full(3, -1, np.int32),
    )  # fmt: skip
    plan = PhasePlan(network, table, 1.5 / STEP)
    run = plan.steps(table, [], step=STEP, steps=2000, simd=simd)
    steps = np.diff(run.waves, axis=1)[:, 20:] / (STEP * deviation)
    flat = steps.ravel()
    assert abs(flat.mean()) < 5 / np.sqrt(flat.size)
    assert abs(flat.var() - 1) < 5 * np.sqrt(2 / flat.size)
    kurtosis = (flat**4).mean() - 3
    assert abs(kurtosis) < 5 * np.sqrt(24 / flat.size)
    for tail in (1.0, 2.0, 3.0):
        share = (np.abs(flat) > tail).mean()
        wanted = {1.0: 0.317311, 2.0: 0.045500, 3.0: 0.002700}[tail]
        assert abs(share - wanted) < 5 * np.sqrt(wanted / flat.size)
    limit = 5 / np.sqrt(steps[0].size)
    for a, b in (
        (steps[0], steps[1]),
        (steps[1], steps[2]),
        (steps[0][:-1], steps[0][1:]),
        (steps[:, :, 0], steps[:, :, 1]),
    ):
        assert abs((a * b).mean()) < limit * np.sqrt(steps[0].size / a.size) * 1.5
