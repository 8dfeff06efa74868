"""Neuromorphic cells: the stochastic synapse and the threshold neuron with leak.

Both after the idea of Krylov, Edwards, J. Friedman and E. Friedman (arXiv 2311.10721): plain SFQ, weights and
thresholds set by bias currents. Topologies and every value here are ours; they belong to no published circuit.
"""

from __future__ import annotations

import math
import random
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from hwdesign.sfq.cell import Cell, Port, bias_parameter, ic_parameter, inp, out, parameter
from hwdesign.sfq.draft import Draft


def _line(d: Draft, cell: _Neural, names: list[str], first: str, first_ph: float) -> str:
    """JTL stages of the unit junction; returns the last node."""
    node, length = first, first_ph
    for name in names:
        d.inductor(f"L{name}", node, f"n{name}", length)
        d.junction(name, f"n{name}", ic_ua=cell.ic_ua)
        d.bias(f"IB{name}", f"n{name}", cell.bias * cell.ic_ua)
        node, length = f"n{name}", cell.phi_ph_ua / (2 * cell.ic_ua)
    return node


@dataclass(frozen=True)
class _Neural(Cell):
    """What the two cells share: a line of `input_stages` and one of `output_stages` unit junctions."""

    ic_ua: float = ic_parameter()
    bias: float = bias_parameter()
    input_stages: int = parameter(2, "junctions before the decision", 1, 64)
    output_stages: int = parameter(2, "junctions after the decision", 1, 64)


@dataclass(frozen=True)
class Synapse(_Neural):
    """Stochastic synapse: passes a pulse with a probability that the bias current `ix_ua` sets.

    A pulse meets the escape junction BE in series and the decision junction BD to ground, which is biased by IX. Either
    BD switches and the pulse goes on, or BE switches and the pulse is gone. Thermal noise of the shunts makes the
    outcome random: P(pass) = Φ((IX - µ)/σ), Φ the normal distribution function. At the default values, 4.2 K and noise
    in the shunts alone, a simulation of JoSIM's kind gives µ = `mu_ua` and σ = `sigma_ua`; σ goes with √T. Without
    noise a pulse passes where IX > µ.

    Near even odds about 4 pulses of 1,000 switch both BE and BD: the pulse passes, and another one runs back to where
    it came from.
    """

    ix_ua: float = parameter(90.0, "bias of the decision junction, in microampere: sets the weight", 0.0, 400.0)
    escape: float = parameter(0.7, "critical current of the escape junction over the unit's", 0.1, 2.0)
    decision: float = parameter(0.8, "critical current of the decision junction over the unit's", 0.1, 2.0)
    mu_ua: float = parameter(84.7, "current of even odds, in microampere (behavioural model)", 0.0, 400.0)
    sigma_ua: float = parameter(4.04, "width of the grey zone at 4.2 K, in microampere (behavioural model)", 0.0, 400.0)
    seed: int = parameter(0, "seed of the behavioural model's decisions", 0, (1 << 63) - 1)
    kind: ClassVar[str] = "synapse"
    ports: ClassVar[tuple[Port, ...]] = (inp("a"), out())
    instance_parameters: ClassVar[Mapping[str, str]] = {"ix": "ix_ua"}
    behavioural_only: ClassVar[frozenset[str]] = frozenset({"mu_ua", "sigma_ua", "seed"})

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 2.65 * (self.input_stages + self.output_stages) + 9.0

    def draw(self, d: Draft) -> None:
        """See the class."""
        unit = self.phi_ph_ua / self.ic_ua
        before = _line(d, self, [str(k + 1) for k in range(self.input_stages)], "a", unit / 4)
        d.inductor("LE", before, "e", 0.2418 * unit)
        d.junction("E", "e", "d", ic_ua=self.escape * self.ic_ua)
        d.junction("D", "d", ic_ua=self.decision * self.ic_ua)
        d.bias("IX", "d", "ix")
        names = [str(self.input_stages + k + 1) for k in range(self.output_stages)]
        d.inductor("LQ", _line(d, self, names, "d", 0.6045 * unit), "q", unit / 4)

    @property
    def pass_probability(self) -> float:
        """Φ((IX - µ)/σ(T)); 0 or 1 without noise."""
        kelvin = self.process.temperature_k
        sigma = self.sigma_ua * math.sqrt((kelvin or 0.0) / 4.2)
        if sigma == 0:
            return float(self.ix_ua > self.mu_ua)
        return 0.5 * math.erfc((self.mu_ua - self.ix_ua) / (sigma * math.sqrt(2)))

    def initial(self) -> Hashable:
        """Number of pulses so far."""
        return 0

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """A pulse passes with the probability `pass_probability`; the n-th decision of a seed is always the same."""
        assert isinstance(state, int)
        draw = random.Random(f"{self.seed}/{state}").random()  # noqa: S311
        return state + 1, ("q",) if draw < self.pass_probability else ()


@dataclass(frozen=True)
class Neuron(_Neural):
    """Threshold neuron with leak: each pulse stores a flux quantum in a loop; enough of them fire it.

    The loop is the last input junction, the storage inductor LST, the leak resistor RL and the threshold junction BT,
    which is biased by IT. A pulse adds ΔI = Φ0/(L + `l_loop_ph`) to the loop's current, which decays with τ = L/R.
    When the current passes `i_threshold_ua` - `it_gain`·IT, BT switches: a pulse goes out and
    the loop's current falls by ΔI. Without leak (`r_leak_ohm` = 0) what is left stays, so that after the first output
    every input fires. The behavioural model's three values were fitted to simulations of 168 combinations of inductance
    (20, 40 pH), leak (0 to 1 ohm), bias (0 to 120 µA) and input period (25 to 100 ps): 156 agree in the number of
    outputs to 12 inputs, the others are off by one.
    """

    it_ua: float = parameter(80.0, "bias of the threshold junction, in microampere", 0.0, 400.0)
    l_storage_ph: float = parameter(20.0, "storage inductance, in picohenry", 1.0, 10000.0)
    r_leak_ohm: float = parameter(0.2, "leak resistance in the loop, in ohm; 0 for none", 0.0, 100.0)
    threshold: float = parameter(0.8, "critical current of the threshold junction over the unit's", 0.1, 2.0)
    i_threshold_ua: float = parameter(239.1, "loop current that fires it at IT = 0 (behavioural model)", 0.0, 2000.0)
    it_gain: float = parameter(0.935, "fall of that current with IT (behavioural model)", 0.0, 10.0)
    l_loop_ph: float = parameter(
        2.33, "inductance of the loop's junctions, in picohenry (behavioural model)", 0.0, 100.0
    )
    kind: ClassVar[str] = "neuron"
    ports: ClassVar[tuple[Port, ...]] = (inp("a"), out())
    instance_parameters: ClassVar[Mapping[str, str]] = {"it": "it_ua"}
    behavioural_only: ClassVar[frozenset[str]] = frozenset({"i_threshold_ua", "it_gain", "l_loop_ph"})

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 2.65 * (self.input_stages + self.output_stages) + 12.0

    def draw(self, d: Draft) -> None:
        """See the class."""
        unit = self.phi_ph_ua / self.ic_ua
        before = _line(d, self, [str(k + 1) for k in range(self.input_stages)], "a", unit / 4)
        d.inductor("LST", before, "x" if self.r_leak_ohm else "t", self.l_storage_ph)
        if self.r_leak_ohm:
            d.resistor("RL", "x", "t", self.r_leak_ohm)
        d.junction("T", "t", ic_ua=self.threshold * self.ic_ua)
        d.bias("IT", "t", "it")
        # The junction after BT is a little smaller at the full bias, so that BT's pulse switches it for sure.
        d.inductor("LT", "t", "nO", 0.7254 * unit)
        d.junction("O", "nO", ic_ua=0.88 * self.ic_ua)
        d.bias("IBO", "nO", self.bias * self.ic_ua)
        names = [str(self.input_stages + k + 1) for k in range(self.output_stages - 1)]
        d.inductor("LQ", _line(d, self, names, "nO", unit / 2), "q", unit / 4)

    @property
    def quantum_ua(self) -> float:
        """Current that one input pulse adds to the loop, microampere."""
        return self.phi_ph_ua / (self.l_storage_ph + self.l_loop_ph)

    @property
    def tau_ps(self) -> float:
        """Time constant of the leak, picoseconds; infinite without one."""
        return self.l_storage_ph / self.r_leak_ohm if self.r_leak_ohm else math.inf

    def initial(self) -> Hashable:
        """The loop's current in microampere, and when it was so."""
        return (0.0, 0.0)

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """A pulse charges the loop, which fires where its current passes the threshold."""
        assert isinstance(state, tuple)
        current, since = state
        current = current * math.exp(-(time_ps - since) / self.tau_ps) + self.quantum_ua
        if current > self.i_threshold_ua - self.it_gain * self.it_ua:
            return (current - self.quantum_ua, time_ps), ("q",)
        return (current, time_ps), ()
