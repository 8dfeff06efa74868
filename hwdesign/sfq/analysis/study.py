"""A specification made ready to run: circuit, parameters, nominal pulses, and a batched test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.sfq.analysis.criterion import Expected, Verdict, expected, judge
from hwdesign.sfq.analysis.spec import Spec
from hwdesign.sfq.analysis.vary import Space, build_space, check_named
from hwdesign.spice import Circuit, Transient, simulate

Float = NDArray[np.float64]
Report = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much (0: not known)."""

CHUNK = 1024
"""Instances in one call of the simulator: enough to fill its registers, few enough to interrupt."""


@dataclass
class Study:
    """What every analysis starts from.

    Attributes:
        spec: the specification.
        space: the circuit and its parameters.
        wanted: what the checks want.
        nominal: the deck as it is, without noise.
        threads: of the simulator.
    """

    spec: Spec
    space: Space
    wanted: tuple[Expected, ...]
    nominal: Transient
    threads: int = 1

    @property
    def circuit(self) -> Circuit:
        """The circuit with nominal values."""
        return self.space.circuit

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the simulations: the deck's own notes, and a step that had to be halved."""
        used, asked = float(self.nominal.step[0]), self.spec.step
        if asked is None and self.circuit.analysis is not None:
            asked = self.circuit.analysis.step
        if asked is None or used >= asked:
            return self.circuit.notes
        halved = f"the step was halved to {used * 1e12:g} ps, as a junction turned by more than 0.4π in one"
        return (*self.circuit.notes, halved)

    @property
    def noisy(self) -> bool:
        """Whether runs have thermal noise."""
        if self.spec.temperature is not None:
            return self.spec.temperature > 0
        kinds = "RB" if self.spec.noisy == "all" else "R"
        return any(element.temp for element in self.circuit.elements if element.kind in kinds)

    def run(
        self,
        batch: Mapping[str, ArrayLike] | None,
        size: int,
        *,
        seeds: NDArray[np.uint64] | None = None,
        temperature: ArrayLike | None = None,
        **more: Any,
    ) -> Transient:
        """Simulate `size` variants."""
        if seeds is None:
            seeds = np.arange(size, dtype=np.uint64)
        warm = self.spec.temperature if temperature is None else temperature
        options: dict[str, Any] = {"waves": False, "threads": self.threads, **more}
        return simulate(
            self.circuit, step=self.spec.step, stop=self.spec.stop, batch=dict(batch or {}), seeds=seeds,
            temperature=warm, noisy=self.spec.noisy, **options,
        )  # fmt: skip

    def test(self, batch: Mapping[str, Float], size: int, seeds: NDArray[np.uint64] | None = None) -> Verdict:
        """Simulate and judge `size` variants of at most a chunk."""
        return judge(self.run(batch, size, seeds=seeds), self.wanted, self.spec.after)

    def passes(
        self, factors: Float, seed: int = 0, report: Callable[[int, int], None] | None = None
    ) -> NDArray[np.bool_]:
        """Which variants work.

        Args:
            factors: float64[N, parameters].
            seed: of the noise.
            report: told how many are done, and of how many.

        Returns:
            bool[N].
        """
        out = np.zeros(len(factors), bool)
        for begin in range(0, len(factors), CHUNK):
            part = factors[begin : begin + CHUNK]
            out[begin : begin + len(part)] = self.test(
                self.space.batch(part), len(part), noise_seeds(seed, begin, len(part))
            ).passed
            if report is not None:
                report(begin + len(part), len(factors))
        return out


def noise_seeds(seed: int, begin: int, size: int) -> NDArray[np.uint64]:
    """uint64[size]: seeds of the runs from `begin` on, the same however they are parted into calls."""
    first = (seed * 0x9E3779B97F4A7C15 + begin) % (1 << 64)
    return np.array([(first + k) % (1 << 64) for k in range(size)], np.uint64)


def _check_times(spec: Spec, circuit: Circuit) -> None:
    """Refuse times that leave nothing to look at, where the specification itself sets one of them."""
    analysis = circuit.analysis
    step = spec.step if spec.step is not None or analysis is None else analysis.step
    stop = spec.stop if spec.stop is not None or analysis is None else analysis.stop
    if stop is None:
        return
    key = "stop" if spec.stop is not None else "step"
    if step is not None and step > stop and (spec.step is not None or spec.stop is not None):
        raise spec.fault(f"a step of {step * 1e12:g} ps is longer than the simulation of {stop * 1e12:g} ps", key)
    if spec.after >= stop:
        raise spec.fault(
            f"nothing is left after {spec.after * 1e12:g} ps of a simulation that ends at {stop * 1e12:g} ps", "after",
            mend="make 'after' smaller or 'stop' larger",
        )  # fmt: skip


def prepare(spec: Spec, *, threads: int = 1, checks: bool = True) -> Study:
    """Compile a specification's deck and simulate it once as it is.

    Args:
        spec: the specification.
        threads: of the simulator.
        checks: whether there must be checks, and the deck must hold them.

    Raises:
        ConfigError: no checks, names that the deck lacks, times that leave nothing to look at, or a nominal circuit
            that does not hold the checks.
        As `hwdesign.spice.compile_deck` and `simulate`.
    """
    space = build_space(spec)
    circuit = space.circuit
    if checks and not spec.checks:
        raise spec.fault(
            "the specification has no 'checks', so that nothing says when the deck works",
            mend="write checks: [{junction: B1.XDUT, reference: nominal}]",
        )
    _check_times(spec, circuit)
    names = [check_named(spec, circuit, item.junction, "checks", at, "junction") for at, item in enumerate(spec.checks)]
    nominal = simulate(circuit, step=spec.step, stop=spec.stop, temperature=0.0, waves=False)
    wanted = tuple(expected(item, name, nominal, spec.after) for item, name in zip(spec.checks, names, strict=True))
    if checks:
        verdict = judge(nominal, wanted, spec.after)
        if not verdict.passed[0]:
            at = int(verdict.check[0])
            raise spec.fault(f"the deck as it is does not pass: {verdict.reason(0)}", "checks", at)
        for at, (item, want) in enumerate(zip(spec.checks, wanted, strict=True)):
            if item.reference == "nominal" and want.count == 0:
                raise spec.fault(
                    f"'{item.junction}' has no pulse in the deck as it is, which says nothing", "checks", at,
                    mend="write count: 0 if it must stay still",
                )  # fmt: skip
    return Study(spec, space, wanted, nominal, threads)
