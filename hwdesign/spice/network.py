"""A circuit as the kernel's network: which stamps its elements make, and with what values in each instance.

Node phases are the unknowns. Elements that fix a phase whatever their current (sources of voltage and phase, inductors
and resistors of next to nothing) add their current as an unknown, in units of 0.1 mA so that the matrix stays well
scaled.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError, UnsupportedError
from hwdesign.kernels.spice import PhaseNetwork, PhaseWave
from hwdesign.netlist.expressions import CONSTANTS
from hwdesign.netlist.waveforms import Waveform
from hwdesign.spice.batch import Batch
from hwdesign.spice.checks import fixes_phase
from hwdesign.spice.circuit import GROUND, Circuit, Element
from hwdesign.spice.inductors import coupled_groups, inductances
from hwdesign.spice.rows import Float, Rows, is_zero, plain, positive
from hwdesign.spice.waves import phase_wave

SIGMA = CONSTANTS["hbar"] / (2 * CONSTANTS["ev"])
"""Φ0/2π in weber, from the constants that JoSIM has."""

UNIT = 1e-4
"""Ampere that one of a branch unknown stands for."""

Row = Callable[[slice], "Float | float"]


def _tiny(element: Element) -> bool:
    """Whether an element conducts so well that its conductance would drown all others in a sum."""
    return (element.kind == "R" and abs(element.value) < 1e-3) or (element.kind == "L" and abs(element.value) < 1e-17)


class Assembly:
    """The network of a circuit and the rows of its value tables.

    Args:
        circuit: the circuit.
        batch: values that differ between instances.
        step, stop: seconds.
        noise_every: steps between two noise values.
    """

    def __init__(self, circuit: Circuit, batch: Batch, step: float, stop: float, noise_every: int = 1) -> None:
        self.circuit, self.batch = circuit, batch
        self.step, self.stop, self.noise_every = step, stop, noise_every
        self.network = PhaseNetwork(unknowns=len(circuit.nodes))
        self.a0, self.a1, self.capacitance, self.injection = Rows(), Rows(), Rows(), Rows()
        self.ic, self.cap, self.rate_low, self.rate_high = Rows(), Rows(), Rows(), Rows()
        self.conductance = (Rows(), Rows(), Rows())
        self.shunt = Rows()
        self.transition, self.port, self.noise, self.noise_normal = Rows(), Rows(), Rows(), Rows()
        self.offset = Rows()
        self.harmonics: list[tuple[float, ...]] = []
        self.gap = (Rows(), Rows(), Rows())
        self.general = False
        self.noise_junction: list[int] = []
        self.delay: list[float] = []
        self.waves: list[PhaseWave] = []
        self.injection_wave: list[NDArray[np.int32] | None] = []
        self._wave_of: dict[tuple[Waveform, float], int] = {}
        self._shared: dict[PhaseWave, int] = {}
        self.extra: dict[int, int] = {}
        self.control: dict[int, int] = {}
        self.inverse: dict[int, list[tuple[int, Float | float]]] = {}
        self.owner: dict[int, int] = {}
        self.position: dict[int, int] = {}
        coupled = {other for element in circuit.elements if element.kind == "K" for other in element.others}
        groups = coupled_groups(circuit, coupled)
        # A resistor beside a junction is a part of it, which spares the kernel work.
        self._junction_between = {
            frozenset(e.nodes): at for at, e in reversed(list(enumerate(circuit.elements))) if e.kind == "B"
        }
        self._beside: dict[int, Float | float] = {}
        for at, element in enumerate(circuit.elements):
            if (element.kind == "V" or fixes_phase(element) or _tiny(element)) and at not in coupled:
                self._own_current(at)
        for at, element in enumerate(circuit.elements):
            if at not in coupled and element.kind != "K":
                getattr(self, f"_add_{element.kind.lower()}")(at, element)
        for group in groups:
            self._inductors(group)
        for at, element in enumerate(circuit.elements):
            if element.kind == "B":
                self.shunt.values.append(self._beside.get(at, 0.0))

    # Values

    def get(self, at: int, key: str) -> Float | float:
        """Value of one field of an element: a number, or one an instance."""
        return self.batch.get(at, key)

    # Stamps

    def _static(self, row: int, col: int, value: Float | float) -> None:
        if row != GROUND and col != GROUND:
            self.network.a0.append((row, col))
            self.a0.values.append(value)

    def _rate(self, row: int, col: int, value: Float | float) -> None:
        if row != GROUND and col != GROUND:
            self.network.a1.append((row, col))
            self.a1.values.append(value)

    def _both(self, stamp: Callable[[int, int, Float | float], None], a: int, b: int, value: Float | float) -> None:
        stamp(a, a, value)
        stamp(b, b, value)
        stamp(a, b, -value)
        stamp(b, a, -value)

    def _own_current(self, at: int) -> int:
        """The unknown that is an element's current; it leaves the first node and enters the second."""
        if at not in self.extra:
            unknown = self.extra[at] = self.network.unknowns
            self.network.unknowns += 1
            self.owner[unknown] = at
            a, b = self.circuit.elements[at].nodes[:2]
            self._static(a, unknown, UNIT)
            self._static(b, unknown, -UNIT)
        return self.extra[at]

    def _control_current(self, at: int, element: Element) -> int:
        """The unknown that is the current which controls an F or an H."""
        if element.others:
            return self._own_current(element.others[0])
        unknown = self.control[at] = self.network.unknowns
        self.network.unknowns += 1
        self.owner[unknown] = at
        for node, sign in zip(element.nodes[2:], (UNIT, -UNIT), strict=True):
            self._static(node, unknown, sign)
            self._static(unknown, node, sign)
        return unknown

    def _inject(self, row: int, at: int, value: Float | float) -> None:
        """Add a source's waveform, times `value` over its largest value, to a row."""
        if row == GROUND:
            return
        element = self.circuit.elements[at]
        own = self.batch.waves.get(at)
        if own is None:
            assert element.waveform is not None
            self.network.injections.append((row, self._wave(element, element.waveform, element.value)))
            self.injection_wave.append(None)
        else:
            self.network.injections.append((row, -1))
            waves = np.array([self._wave(element, wave, 1.0) for wave in own], np.int32)
            self.injection_wave.append(waves)
        self.injection.values.append(value)

    def _wave(self, element: Element, wave: Waveform, unit: float) -> int:
        key = (wave, unit)
        if key not in self._wave_of:
            try:
                made = phase_wave(wave, unit, self.step, self.stop)
            except (NetlistError, UnsupportedError) as error:
                raise element.error(f"source '{element.name}': {error.what}", error.mend, type(error)) from error
            if made not in self._shared:
                self._shared[made] = len(self.waves)
                self.waves.append(made)
            self._wave_of[key] = self._shared[made]
        return self._wave_of[key]

    def amplitude(self, at: int) -> Float | float:
        """What an element's wave is multiplied by."""
        return 1.0 if at in self.batch.waves else self.get(at, "value")

    # Elements

    def _add_r(self, at: int, element: Element) -> None:
        a, b = element.nodes
        resistance = self.get(at, "value")
        if at in self.extra:
            unknown = self._fix(at, element)
            self._static(unknown, unknown, -(UNIT**2) / SIGMA * resistance)
            if not is_zero(resistance):
                self._noise(a, b, self.get(at, "temp"), resistance, None, -1, element)
            return
        if is_zero(resistance):
            raise element.error(f"resistor '{element.name}' is zero in some instances", "leave it out of the batch")
        junction = self._junction_between.get(frozenset(element.nodes))
        if junction is None:
            self._both(self._rate, a, b, SIGMA / resistance)
        else:
            self._beside[junction] = self._beside.get(junction, 0.0) + SIGMA / resistance
        self._noise(a, b, self.get(at, "temp"), resistance, None, -1, element)

    def _noise(
        self, a: int, b: int, temp: Float | float, below: Float | float, above: Float | float | None, junction: int,
        element: Element,
    ) -> None:  # fmt: skip
        if (isinstance(temp, float) and not temp > 0 and not temp < 0) or a == b:
            return
        if not np.any(temp):
            return
        if np.any(np.nan_to_num(temp) < 0):
            raise element.error(f"element '{element.name}' has a negative temperature")
        # A white current of density 4kT/R, constant over each interval.
        power = 2 * CONSTANTS["boltzmann"] * np.nan_to_num(temp) / (self.step * self.noise_every)
        self.network.noise.append((a, b))
        self.noise.values.append(plain(np.sqrt(power / below)))
        self.noise_normal.values.append(plain(np.sqrt(power / (below if above is None else above))))
        self.noise_junction.append(junction)

    def _add_c(self, at: int, element: Element) -> None:
        self.position[at] = len(self.network.capacitors)
        self.network.capacitors.append((element.nodes[0], element.nodes[1]))
        self.capacitance.values.append(SIGMA * self.get(at, "value"))

    def _add_l(self, at: int, element: Element) -> None:
        self._inductors([at])

    def _add_b(self, at: int, element: Element) -> None:
        found, card = element.junction, element.junction.card if element.junction else None
        assert found is not None and card is not None
        area = self.get(at, "area") if not self.batch.has(at, "ic") else self.get(at, "ic") / card.icrit
        share = area / found.area
        icrit = self.get(at, "icrit") if self.batch.has(at, "icrit") else found.icrit * share
        cap = self.get(at, "cap") if self.batch.has(at, "cap") else found.cap * share
        rn = self.get(at, "rn") if self.batch.has(at, "rn") else found.rn / share
        r0 = self.get(at, "r0") if self.batch.has(at, "r0") else (rn if card.rtype == 0 else found.r0 / share)
        vg = self.get(at, "vg")
        for value, name in ((icrit, "critical current"), (rn, "normal resistance"), (r0, "subgap resistance")):
            if not positive(value):
                raise element.error(f"junction '{element.name}' has no positive {name}", "give it a positive area")
        low, high = vg - card.delv / 2, vg + card.delv / 2
        steep = icrit / (card.icfct * card.delv)
        linear = card.rtype == 0
        self.position[at] = len(self.network.junctions)
        self.network.junctions.append((element.nodes[0], element.nodes[1]))
        self.ic.values.append(plain(icrit))
        self.cap.values.append(plain(SIGMA * cap))
        for rows, conductance in zip(self.conductance, (1 / r0, steep, 1 / rn), strict=True):
            rows.values.append(plain(SIGMA * conductance))
        self.rate_low.values.append(1e300 if linear else plain(low / SIGMA))
        self.rate_high.values.append(1e300 if linear else plain(high / SIGMA))
        self.transition.values.append(0.0 if linear else plain(low * (1 / r0 - steep)))
        self._relation(at, element)
        self._noise(*self.network.junctions[-1], self.get(at, "temp"), r0, rn, self.position[at], element)

    def _relation(self, at: int, element: Element) -> None:
        """The current-phase relation, where it is not a plain sine."""
        assert element.junction is not None
        card, gap = element.junction.card, element.junction.gap
        self.general = self.general or card.phi != 0 or card.cpr != (1.0,) or gap > 0
        self.offset.values.append(card.phi)
        self.harmonics.append(card.cpr)
        thermal = gap / (2 * CONSTANTS["boltzmann"] * card.t)
        for rows, value in zip(self.gap, (card.d, thermal, 1 / math.tanh(thermal) if gap > 0 else 0.0), strict=True):
            rows.values.append(value)

    def _add_i(self, at: int, element: Element) -> None:
        wave = element.waveform
        if wave is not None and wave.kind == "noise" and at not in self.batch.waves:
            self._noise_source(at, element, wave)
            return
        value = self.amplitude(at)
        self._inject(element.nodes[0], at, value)
        self._inject(element.nodes[1], at, -value)

    def _noise_source(self, at: int, element: Element, wave: Waveform) -> None:
        # Its interval is that of all noise (`noise_every`), or a step or less, when each step has a value of its own.
        if len(wave.values) > 1 and wave.values[1]:
            raise element.error(
                f"source '{element.name}': noise with a delay is not simulated", "write noise(amplitude 0 interval)",
                UnsupportedError,
            )  # fmt: skip
        self.network.noise.append((element.nodes[0], element.nodes[1]))
        amplitude = plain(self.amplitude(at) / math.sqrt(2 * self.step * self.noise_every))
        self.noise.values.append(amplitude)
        self.noise_normal.values.append(amplitude)
        self.noise_junction.append(-1)

    def _fix(self, at: int, element: Element) -> int:
        """Begin a row that fixes the phase between an element's nodes by its derivative."""
        unknown = self._own_current(at)
        self.network.rate.add(unknown)
        self._rate(unknown, element.nodes[0], UNIT)
        self._rate(unknown, element.nodes[1], -UNIT)
        return unknown

    def _add_v(self, at: int, element: Element) -> None:
        self._inject(self._fix(at, element), at, -UNIT / SIGMA * self.amplitude(at))

    def _add_p(self, at: int, element: Element) -> None:
        unknown = self._own_current(at)
        self._static(unknown, element.nodes[0], UNIT)
        self._static(unknown, element.nodes[1], -UNIT)
        self._inject(unknown, at, -UNIT * self.amplitude(at))

    def _add_t(self, at: int, element: Element) -> None:
        self.position[at] = len(self.network.ports)
        self.network.ports.extend((element.nodes[:2], element.nodes[2:]))  # type: ignore[arg-type]
        conductance = plain(SIGMA / self.get(at, "z0"))
        self.port.values.extend((conductance, conductance))
        self.delay.append(element.delay)

    def _add_e(self, at: int, element: Element) -> None:
        self.network.symmetric = False
        a, b, c, d = element.nodes
        gain = self.get(at, "value")
        unknown = self._own_current(at)
        for node, value in ((a, UNIT), (b, -UNIT), (c, -UNIT * gain), (d, UNIT * gain)):
            self._static(unknown, node, value)

    def _add_g(self, at: int, element: Element) -> None:
        self.network.symmetric = False
        a, b, c, d = element.nodes
        gain = SIGMA * self.get(at, "value")
        for node, sign in ((a, 1), (b, -1)):
            self._rate(node, c, sign * gain)
            self._rate(node, d, -sign * gain)

    def _add_f(self, at: int, element: Element) -> None:
        self.network.symmetric = False
        control = self._control_current(at, element)
        gain = UNIT * self.get(at, "value")
        self._static(element.nodes[0], control, gain)
        self._static(element.nodes[1], control, -gain)

    def _add_h(self, at: int, element: Element) -> None:
        self.network.symmetric = False
        unknown = self._fix(at, element)
        self._static(unknown, self._control_current(at, element), -(UNIT**2 / SIGMA) * self.get(at, "value"))

    # Inductors

    def _inductors(self, group: list[int]) -> None:
        """Stamps of inductors that couple with one another: the inverse of their inductances, where there is one."""
        elements = self.circuit.elements
        alone = self.get(group[0], "value") if len(group) == 1 else 0.0
        if len(group) == 1 and not is_zero(alone) and group[0] not in self.extra:
            self.inverse[group[0]] = [(group[0], SIGMA / alone)]
            self._both(self._static, elements[group[0]].nodes[0], elements[group[0]].nodes[1], SIGMA / alone)
            return
        matrix = inductances(self.circuit, self.batch, group)
        singular = len(group) == 1  # of next to nothing, or it would not be here
        if not singular:
            scale = np.sqrt(np.abs(np.einsum("nii->ni", matrix)))
            with np.errstate(divide="ignore", invalid="ignore"):
                relative = matrix / (scale[:, :, None] * scale[:, None, :])
            singular = not np.all(np.isfinite(relative)) or bool(np.any(np.linalg.cond(relative) > 1e8))
        if singular:
            for row, at in enumerate(group):
                unknown = self._own_current(at)
                a, b = elements[at].nodes
                self._static(unknown, a, UNIT)
                self._static(unknown, b, -UNIT)
                for col, other in enumerate(group):
                    self._static(unknown, self._own_current(other), plain(-(UNIT**2) / SIGMA * matrix[:, row, col]))
            return
        inverse = np.linalg.inv(matrix)
        for row, at in enumerate(group):
            self.inverse[at] = []
            a, b = elements[at].nodes
            for col, other in enumerate(group):
                value = plain(SIGMA * inverse[:, row, col])
                self.inverse[at].append((other, value))
                c, d = elements[other].nodes
                for node, sign in ((a, 1.0), (b, -1.0)):
                    self._static(node, c, sign * value)
                    self._static(node, d, -sign * value)
