"""Analyses of a Josephson transmission line and of a synapse, against physics and against themselves."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from hwdesign.errors import ConfigError, DataError
from hwdesign.sfq.analysis import (
    Study,
    delay,
    energy,
    error_rates,
    fit_probit,
    margins,
    monte_carlo,
    optimise,
    shmoo,
    transfer,
)
from hwdesign.sfq.analysis.montecarlo import BLOCK, draw, sample_batch, spreads
from tests.sfq.analysis.conftest import SYNAPSE, study

FLUX_QUANTUM = 2.067833848e-15


def test_margins_end_where_the_circuit_stops_working(jtl: Study) -> None:
    found = margins(jtl)
    assert found.critical is not None and found.critical.name == "bias"
    tolerance = jtl.spec.margins.tolerance
    for at, row in enumerate(found.rows):
        for sign, reach, is_open in ((-1, row.low, row.low_open), (1, row.high, row.high_open)):
            factors = np.ones((2, len(found.rows)))
            factors[:, at] = 1 + sign * np.array([reach, reach + tolerance])
            works = jtl.passes(factors).tolist()
            assert works == [True, False] or (is_open and works[0] and reach == 0.6)


def test_param_moves_all_that_is_worked_out_from_it(jtl: Study) -> None:
    at = jtl.space.of("icrs")[0]
    factors = np.ones((3, len(jtl.space.parameters)))
    factors[:, at] = [0.8, 1.0, 1.3]
    batch = jtl.space.batch(factors)
    assert sorted(batch) == [f"RS|X{k}" for k in range(1, 5)]
    assert batch["RS|X2"] == pytest.approx(jtl.circuit.nominal("RS|X2") * np.array([0.8, 1.0, 1.3]))


def test_shunts_keep_the_product_with_the_critical_current(jtl: Study) -> None:
    at = jtl.space.of("junctions")[1]
    factors = np.ones((1, len(jtl.space.parameters)))
    factors[0, at] = 1.25
    batch = jtl.space.batch(factors)
    assert batch["B1|X2"][0] * batch["RS|X2"][0] == pytest.approx(
        jtl.circuit.nominal("B1|X2") * jtl.circuit.nominal("RS|X2")
    )


def test_shmoo_agrees_with_the_margins(jtl: Study) -> None:
    found = shmoo(jtl)
    bias = next(row for row in margins(jtl).rows if row.name == "bias")
    middle = found.works[int(np.argmin(np.abs(found.y)))]
    assert found.y[int(np.argmin(np.abs(found.y)))] == pytest.approx(0)
    inside = (found.x > -bias.low) & (found.x < bias.high)
    assert np.all(middle[inside] == 1)
    assert np.all(middle[(found.x < -bias.low - 0.05) | (found.x > bias.high + 0.05)] == 0)
    assert len(found.rows()) == 27 and set("".join(found.rows())) == {"#", "."}


def test_each_bias_gives_its_current_times_a_flux_quantum_a_pulse(jtl: Study) -> None:
    found = energy(jtl)
    current = jtl.circuit.nominal("IB|X1")
    assert found.pulses == 2
    assert found.sources["IB|X2"] == pytest.approx(2 * current * FLUX_QUANTUM, rel=0.01)
    assert found.per_pulse == pytest.approx(4 * current * FLUX_QUANTUM, rel=0.01)
    assert found.per_pulse_cooled == pytest.approx(400 * found.per_pulse)


def test_delay_grows_with_fewer_bias_and_jitter_with_temperature(tmp_path: Path) -> None:
    text = "checks: []\ndelay: {{input: B1.X1, output: B1.X4, samples: 400}}\nafter: 10p\ntemperature: {}\n"
    jitters = []
    for temperature in (0, 1, 4):
        found = delay(study(tmp_path, text.format(temperature), checks=False))
        assert found.nominal == pytest.approx([5.18e-12, 5.18e-12], rel=0.02)
        jitters.append(found.rms_jitter)
    assert np.isnan(jitters[0])
    assert jitters[2] / jitters[1] == pytest.approx(2, rel=0.12)  # σ goes with √T


def test_errors_come_with_heat(tmp_path: Path) -> None:
    text = (
        "checks: [{junction: B1.X4, reference: nominal, within: 2p}]\nafter: 10p\n"
        "errors: {temperatures: [1, 1000], samples: 64}\n"
    )
    cold, hot = error_rates(study(tmp_path, text))
    assert (cold.errors, cold.bits, cold.runs, cold.wrong_runs) == (0, 128, 64, 0)
    assert hot.errors > 0 and 0 < hot.wrong_runs <= 64
    assert hot.interval[0] < hot.rate < hot.interval[1]


def test_samples_have_the_spreads_asked_for(jtl: Study) -> None:
    local, shared = spreads(jtl)
    blocks = [draw(jtl, block, 7, local, shared) for block in range(8)]
    area = np.concatenate([block["B1|X3"] for block in blocks])
    assert (area.mean(), area.std()) == pytest.approx((1, 0.03), abs=0.002)
    bias = [np.concatenate([block[f"IB|X{k}"] for block in blocks]) for k in (1, 2)]
    assert np.array_equal(*bias)  # a global spread alone is common to all
    length = [np.concatenate([block[f"L{k}|X1"] for block in blocks]) for k in (1, 2)]
    assert np.corrcoef(*length)[0, 1] == pytest.approx(0.5, abs=0.05)  # as much global as local
    batch = sample_batch(jtl, blocks[0])
    assert batch["B1|X3"] == pytest.approx(jtl.circuit.nominal("B1|X3") * blocks[0]["B1|X3"])
    wide = draw(jtl, 0, 7, {"B1|X1": 0.9}, [0.0] * 4)["B1|X1"]
    assert wide.min() > 0


def test_a_run_goes_on_where_it_was(jtl: Study, tmp_path: Path) -> None:
    keep = tmp_path / "progress.json"
    whole = monte_carlo(jtl, samples=2 * BLOCK + 10, sigma=0.25)
    monte_carlo(jtl, samples=BLOCK, sigma=0.25, progress=keep)
    rest = monte_carlo(jtl, samples=2 * BLOCK + 10, sigma=0.25, progress=keep)
    assert 0 < whole.share < 1
    assert np.array_equal(whole.passed, rest.passed) and whole.reasons == rest.reasons
    assert sorted(whole.reasons) == np.flatnonzero(~whole.passed).tolist()
    before = keep.read_bytes()
    few = monte_carlo(jtl, samples=20, sigma=0.25, progress=keep)
    assert np.array_equal(few.passed, whole.passed[:20]) and keep.read_bytes() == before
    with pytest.raises(DataError, match="belongs to a run with other settings"):
        monte_carlo(jtl, samples=10, sigma=0.2, progress=keep)
    keep.write_text('{"run": 1}')
    with pytest.raises(DataError, match="is damaged"):
        monte_carlo(jtl, samples=10, sigma=0.25, progress=keep)


def test_a_run_stops_at_the_width_asked_for(jtl: Study) -> None:
    found = monte_carlo(jtl, samples=10_000, sigma=0.02, width=0.01)
    assert found.samples == BLOCK and found.share == 1
    low, high = found.interval
    assert (high - low) / 2 <= 0.01


def test_interrupted_runs_keep_what_they_have(jtl: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = Study.test, [0]

    def stop(self: Study, *args: object) -> object:
        calls[0] += 1
        if calls[0] > 1:
            raise KeyboardInterrupt
        return real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Study, "test", stop)
    found = monte_carlo(jtl, samples=3 * BLOCK, sigma=0.05)
    assert found.interrupted and found.samples == BLOCK
    assert margins(jtl).interrupted
    assert shmoo(jtl).interrupted


def test_synapse_has_the_curve_of_the_shared_table(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "sfq" / "synapse_neuron"
    text = "transfer: {source: IX, start: 74u, stop: 98u, points: 7, input: B3, output: B7, pulses: 1600}\nstep: 0.1p\n"
    found = transfer(study(tmp_path, text, deck=folder / "synapse_noise.cir", checks=False))
    with (folder / "ppass.csv").open() as stream:
        table = np.array([[float(row["ix_uA"]) * 1e-6, float(row["p_pass"])] for row in csv.DictReader(stream)])
    wanted = fit_probit(table[:, 0], np.rint(6400 * table[:, 1]).astype(np.int64), np.full(len(table), 6400))
    assert found.fit is not None and found.offered.tolist() == [1600] * 7
    assert abs(found.fit.mu - wanted.mu) < 0.3e-6
    assert found.fit.sigma == pytest.approx(wanted.sigma, rel=0.05)


def test_search_widens_the_margin_and_goes_on_where_it_was(tmp_path: Path) -> None:
    # An escape junction 2 % from its threshold: a larger IX gives it room.
    text = (
        "checks: [{{junction: B1.XOUT_q, count: 2}}]\nstop: 250p\n"
        "vary: [{{name: ix, match: IX|XDUT}}, {{name: escape, match: BE|XDUT, shunts: 'R{{}}'}}]\n"
        "optimise: {{bound: 20%, population: 6, generations: {}}}\n"
    )
    keep = tmp_path / "state.json"
    optimise(study(tmp_path, text.format(1), deck=SYNAPSE), state=keep)
    found = optimise(study(tmp_path, text.format(3), deck=SYNAPSE), state=keep)
    assert len(found.history) == 3
    whole = optimise(study(tmp_path, text.format(3), deck=SYNAPSE))
    assert whole.history == found.history and np.array_equal(whole.design, found.design)
    assert found.before is not None and found.after is not None
    assert found.before.critical is not None and found.after.critical is not None
    assert found.after.critical.critical > found.before.critical.critical + 0.02
    assert np.all(np.abs(found.design - 1) <= 0.2)
    keep.write_text("[]")
    with pytest.raises(DataError, match="is damaged"):
        optimise(study(tmp_path, text.format(3), deck=SYNAPSE), state=keep)


def test_nothing_to_vary_is_refused(tmp_path: Path) -> None:
    empty = study(tmp_path, "checks: [{junction: B1.X4, count: 2}]\nafter: 10p\n")
    with pytest.raises(ConfigError, match="varies nothing"):
        margins(empty)
    with pytest.raises(ConfigError, match="nothing has a spread"):
        monte_carlo(empty)


def test_a_deck_that_fails_by_its_noise_alone_has_no_margins(tmp_path: Path) -> None:
    """A synapse near even odds: without noise its margins are narrow, with noise there are none."""
    text = (
        "temperature: {}\nchecks: [{{junction: B1.XOUT_q, reference: nominal, within: 5p}}]\nstop: 250p\n"
        "vary: [{{name: ix, match: IX|XDUT}}]\n"
    )
    quiet = margins(study(tmp_path, text.format(0), deck=SYNAPSE))
    assert quiet.critical is not None and 0.03 < quiet.critical.critical < 0.08
    noisy = study(tmp_path, text.format(4.2), deck=SYNAPSE)
    with pytest.raises(ConfigError) as caught:
        margins(noisy)
    assert re.fullmatch(
        r".*spec\.yaml:1: with noise, \d+ of 64 runs of the unchanged deck do not pass, so that it has no margins; "
        r"write temperature: 0, or measure its yield",
        str(caught.value),
    )
