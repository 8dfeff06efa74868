"""A circuit as a flat deck for another simulator, and where its answers hold what was asked.

Elements and nodes get names of their own (`R12`, `n5`), so that nothing of the deck's names can mean something else to
the other simulator; what it says is translated back by `FlatDeck.message`. For ngspice a zero-volt source stands where
a current is asked for, and an integrator where a phase is (see `hwdesign.formats.spice.josephson` for the junctions).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from hwdesign.errors import UnsupportedError
from hwdesign.formats.spice import spice_text
from hwdesign.formats.spice.josephson import PHASE_CAPACITANCE
from hwdesign.netlist import Builder, Directive, Model, Netlist, devices
from hwdesign.netlist.builder import ModuleBuilder
from hwdesign.netlist.expressions import CONSTANTS
from hwdesign.netlist.junctions import JunctionCard
from hwdesign.netlist.quantity import format_number as num
from hwdesign.netlist.waveforms import Waveform
from hwdesign.spice.batch import Batch
from hwdesign.spice.circuit import GROUND, Circuit, Element
from hwdesign.spice.places import Place

Dialect = Literal["ngspice", "josim"]

_RATE = 2 * math.pi / CONSTANTS["phi_zero"] * PHASE_CAPACITANCE
_LEAK = 1e12  # ohm, as at the phase nodes of junctions
_WORD = re.compile(r"[\w#]+")


@dataclass(frozen=True)
class FlatDeck:
    """A deck, and what its names stand for.

    Attributes:
        text: the deck.
        signals: (vector, weight) pairs whose sum is the signal, by label; the vectors are in the simulator's spelling.
        phases: vector of each junction's phase; empty where none were asked for.
        delay: seconds by which the deck's sources are late, for the circuit to settle first.
        circuit: the circuit.
        elements: position of each element by its name in the deck, lower case.
    """

    text: str
    signals: Mapping[str, tuple[tuple[str, float], ...]]
    phases: tuple[str, ...]
    delay: float
    circuit: Circuit
    elements: Mapping[str, int]

    def element(self, text: str) -> Element | None:
        """The first element that a simulator's message names, or the first one at a node that it names."""
        for word in _WORD.findall(text.lower()):
            at = self.elements.get(word)
            if at is not None:
                return self.circuit.elements[at]
            node = self._node(word)
            if node is not None:
                return next((e for e in self.circuit.elements if node in e.nodes), None)
        return None

    def message(self, text: str) -> str:
        """A simulator's message with the circuit's own names."""

        def own(match: re.Match[str]) -> str:
            word = match[0].lower()
            if word in self.elements:
                return self.circuit.elements[self.elements[word]].name
            node = self._node(word)
            return match[0] if node is None else self.circuit.nodes[node]

        return _WORD.sub(own, text)

    def _node(self, word: str) -> int | None:
        digits = word[1:]
        if word[:1] == "n" and digits.isdecimal() and int(digits) < len(self.circuit.nodes):
            return int(digits)
        return None


def flat_deck(
    circuit: Circuit,
    places: Sequence[Place],
    *,
    dialect: Dialect,
    step: float,
    stop: float,
    settle: float = 0.0,
    phases: bool = True,
    batch: Batch | None = None,
    instance: int = 0,
) -> FlatDeck:
    """The deck of one instance of a circuit.

    Args:
        circuit: the circuit.
        places: signals that are asked for.
        dialect: `ngspice` or `josim`.
        step, stop: of the simulation, seconds.
        settle: seconds for which the circuit rests before its sources begin, where one of them is not zero then.
        phases: whether the phases of all junctions are asked for.
        batch: values in place of the deck's.
        instance: which of the batch's instances.

    Raises:
        UnsupportedError: the simulator has no such element or waveform; the element's file and line are named.
    """
    return _Flattener(circuit, dialect, step, stop, batch or Batch(circuit), instance).run(places, settle, phases)


class _Flattener:
    def __init__(
        self, circuit: Circuit, dialect: Dialect, step: float, stop: float, batch: Batch, instance: int
    ) -> None:
        self.circuit, self.dialect, self.step, self.stop = circuit, dialect, step, stop
        self.batch, self.instance = batch, instance
        self.builder = Builder("flat", file=circuit.file)
        self.builder.global_nets.append("0")
        self.top: ModuleBuilder = self.builder.top
        self.cards: dict[JunctionCard, str] = {}
        self.names = {at: self._name(at, element) for at, element in enumerate(circuit.elements)}
        self.sensed: dict[int, str] = {}
        self.delay = 0.0
        self.saves: dict[str, None] = {}

    def run(self, places: Sequence[Place], settle: float, phases: bool) -> FlatDeck:
        elements = self.circuit.elements
        waves = {at: self._wave(at, element) for at, element in enumerate(elements) if element.waveform is not None}
        if self.dialect == "ngspice" and any(moves_before(wave) for wave in waves.values()):
            self.delay = settle
            waves = {at: delayed(wave, settle, self.step, self.stop) for at, wave in waves.items()}
        if self.dialect == "ngspice":
            currents = {
                one.device for place in places for one in (place, place.minus) if one and one.quantity == "current"
            }
            self.sensed = {at: f"VS{at}" for at in sorted(at for at in currents if at is not None)}
        for at, element in enumerate(elements):
            self._add(at, element, waves.get(at))
        signals = {place.label: tuple(self._vectors(place)) for place in places}
        found = tuple(self._phase(at) for at, e in enumerate(elements) if e.kind == "B") if phases else ()
        owners = {name.lower(): at for at, name in self.names.items()}
        owners |= {f"xb{at}": at for at, element in enumerate(elements) if element.kind == "B"}
        owners |= {name.lower(): at for at, name in self.sensed.items()}
        return FlatDeck(self._text(), signals, found, self.delay, self.circuit, owners)

    def _text(self) -> str:
        step, stop = num(self.step), num(self.stop + self.delay)
        # What was before the sources begin is not kept, but for a step that the first row may need.
        start = num(max(0.0, self.delay - 2 * self.step))
        self.builder.directives.append(Directive("tran", f"{step} {stop} {start} {step}"))
        if self.dialect == "ngspice":
            # A control line of JoSIM's makes the writer translate, even where there is no junction.
            self.builder.directives.append(Directive("neb", num(1 / self.step)))
        else:
            self.builder.directives.extend(Directive("print", save) for save in self.saves)
        netlist: Netlist = self.builder.freeze()
        text = spice_text(netlist, dialect=self.dialect)
        if self.dialect == "ngspice":
            text = text.removesuffix(".end\n") + "".join(f".save {save}\n" for save in self.saves) + ".end\n"
        return text

    # Values

    def _name(self, at: int, element: Element) -> str:
        # What has no resistance or inductance is a zero-volt source to ngspice.
        short = self.dialect == "ngspice" and element.kind in "RL" and self._value(at, "value") == 0
        return f"V{at}" if short else f"{element.kind}{at}"

    def _value(self, at: int, key: str) -> float:
        value = self.batch.get(at, key)
        return value if isinstance(value, float) else float(value[self.instance])

    def _wave(self, at: int, element: Element) -> Waveform:
        assert element.waveform is not None
        own = self.batch.waves.get(at)
        if own is not None:
            return own[self.instance]
        share = self._value(at, "value") / element.value if element.value else 1.0
        return element.waveform if share == 1 else magnified(element.waveform, share, self.step, self.stop)

    def _net(self, node: int) -> int:
        return self.top.net("0" if node == GROUND else f"n{node}")

    # Elements

    def _add(self, at: int, element: Element, wave: Waveform | None) -> None:
        pins = [self._net(node) for node in element.nodes]
        name = self.names[at]
        if at in self.sensed:
            inner = self.top.net(f"s{at}")
            self.top.cell(devices.VOLTAGE_SOURCE, [pins[0], inner], name=self.sensed[at], params={"dc": 0.0})
            pins[0] = inner
        if element.kind == "B":
            self._junction(at, element, pins)
            return
        if element.kind == "K":
            inductors = [self.names[other] for other in element.others]
            for k, pair in enumerate(combinations(inductors, 2)):
                params: dict[str, float | str] = {"inductors": " ".join(pair), "value": self._value(at, "value")}
                self.top.cell(devices.COUPLING, [], name=name if k == 0 else f"{name}x{k}", params=params)
            return
        if name[0] == "V" and element.kind in "RL":
            self.top.cell(devices.VOLTAGE_SOURCE, pins, name=name, params={"dc": 0.0})
            return
        if wave is not None:
            self._source(element, name, pins, wave)
            return
        params = {}
        if element.kind == "T":
            params = {"z0": self._value(at, "z0"), "td": element.delay}
        else:
            params = {"value": self._value(at, "value")}
        if element.kind == "R":
            params |= self._noise(at, element)
        if element.kind in "FH":
            if element.others:
                params["control"] = self.names[element.others[0]]
                pins = pins[:2]
            elif self.dialect == "ngspice":
                self.top.cell(devices.VOLTAGE_SOURCE, pins[2:], name=f"VC{at}", params={"dc": 0.0})
                params["control"] = f"VC{at}"
                pins = pins[:2]
        self.top.cell(devices.device(element.kind), pins, name=name, params=params)

    def _source(self, element: Element, name: str, pins: list[int], wave: Waveform) -> None:
        if self.dialect == "ngspice" and element.kind == "P":
            raise element.error(
                f"ngspice has no phase source like '{element.name}'", "take the embedded engine", UnsupportedError
            )
        params: dict[str, float | str] = {"dc": wave.values[0]} if wave.kind == "dc" else {"tran": wave.text()}
        if wave.samples:
            params["samples"] = " ".join(map(num, wave.samples))
        self.top.cell(devices.device(element.kind), pins, name=name, params=params)

    def _noise(self, at: int, element: Element) -> dict[str, float]:
        temp = self._value(at, "temp")
        if math.isnan(temp) or temp == 0:
            return {}
        # Without a bandwidth the noise is constant over a step, as in JoSIM.
        return {"temp": temp, "neb": element.neb or 1 / self.step}

    def _junction(self, at: int, element: Element, pins: list[int]) -> None:
        one = element.junction
        assert one is not None
        card, area = one.card, self._value(at, "area")
        if self.batch.has(at, "ic"):
            area = self._value(at, "ic") / card.icrit
        # Values of one junction go into a card of its own, for an area of one.
        for key, factor in (("icrit", 1 / area), ("cap", 1 / area), ("rn", area), ("r0", area), ("vg", 1.0)):
            if self.batch.has(at, key):
                card = replace(card, **{key: self._value(at, key) * factor})  # type: ignore[arg-type]
        if self.dialect == "ngspice":
            pins = [*pins, self.top.net(f"p{at}")]
        params: dict[str, float | str] = {"model": self._card(card), "area": area, **self._noise(at, element)}
        self.top.cell(devices.JUNCTION, pins, name=self.names[at], params=params)

    def _card(self, card: JunctionCard) -> str:
        if card not in self.cards:
            name = self.cards[card] = f"jj{len(self.cards)}"
            keys = ["rtype", "vg", "icrit", "rn", "r0", "cap", "delv", "icfct", "phi"]
            keys += ["t", "tc", "d"] if card.temperature_dependent else []
            params: dict[str, float | str] = {key: float(getattr(card, key)) for key in keys}
            params["cpr"] = card.cpr[0] if len(card.cpr) == 1 else ",".join(map(repr, card.cpr))
            self.builder.models[name] = Model(name, "jj", params)
        return self.cards[card]

    # Signals

    def _vectors(self, place: Place) -> list[tuple[str, float]]:
        if place.minus is not None:
            less = [(name, -weight) for name, weight in self._vectors(place.minus)]
            return [*self._vectors(replace(place, minus=None)), *less]
        a, b = place.nodes
        if self.dialect == "josim":
            if place.quantity == "current":
                assert place.device is not None
                return [self._save(f"I({self.names[place.device]})")]
            return self._between("V" if place.quantity == "voltage" else "P", a, b, place)
        if place.quantity == "current":
            assert place.device is not None
            return [self._save(f"i({self.sensed[place.device].lower()})")]
        if place.quantity == "voltage":
            pairs = [(f"v(n{node})", weight) for node, weight in ((a, 1.0), (b, -1.0)) if node != GROUND]
            return [self._save(*pair) for pair in pairs]
        if place.device is not None and self.circuit.elements[place.device].kind == "B":
            return [(self._phase(place.device), 1.0)]
        return [self._integrator(a, b)] if a != b else []

    def _save(self, vector: str, weight: float = 1.0) -> tuple[str, float]:
        self.saves[vector] = None
        return vector, weight

    def _phase(self, at: int) -> str:
        return self._save(f"P({self.names[at]})" if self.dialect == "josim" else f"v(p{at})")[0]

    def _between(self, letter: str, a: int, b: int, place: Place) -> list[tuple[str, float]]:
        if letter == "P" and place.device is not None and self.circuit.elements[place.device].kind == "B":
            return [(self._phase(place.device), 1.0)]
        pairs = [(f"{letter}(n{node})", weight) for node, weight in ((a, 1.0), (b, -1.0)) if node != GROUND]
        return [self._save(*pair) for pair in pairs]

    def _integrator(self, a: int, b: int) -> tuple[str, float]:
        """A node whose voltage is the phase between two nodes."""
        names = [("g" if node == GROUND else str(node)) for node in (a, b)]
        name = f"q{'_'.join(names)}"
        vector = f"v({name})"
        if vector not in self.saves:
            net, ground = self.top.net(name), self.top.net("0")
            pins = [ground, net, self._net(a), self._net(b)]
            self.top.cell(devices.VCCS, pins, name=f"G{name}", params={"value": _RATE})
            self.top.cell(devices.CAPACITOR, [net, ground], name=f"C{name}", params={"value": PHASE_CAPACITANCE})
            self.top.cell(devices.RESISTOR, [net, ground], name=f"R{name}", params={"value": _LEAK})
        return self._save(vector)


# Waveforms


def moves_before(wave: Waveform) -> bool:
    """Whether a source is on before time zero, while the circuit settles."""
    v = wave.values
    match wave.kind:
        case "dc" | "pulse" | "exp":
            return v[0] != 0
        case "sin":
            return v[0] + v[1] * math.sin(math.radians(v[5] if len(v) > 5 else 0.0)) != 0
    return False


def delayed(wave: Waveform, delay: float, step: float, stop: float) -> Waveform:
    """A waveform that begins `delay` seconds later and holds its first value until then, as while JoSIM settles."""
    wave = wave.complete(step, stop)
    v = list(wave.values)
    match wave.kind:
        case "pwl" | "pws":
            points = [x + delay if at % 2 == 0 else x for at, x in enumerate(v)]
            # Before time zero a table is off.
            rest = [0.0, 0.0] + ([delay * (1 - 1e-6), 0.0] if v[1] else [])
            return replace(wave, values=(*rest, *points))
        case "pulse":
            v[2] += delay
        case "sin" | "cus":
            v[3] += delay
        case "exp":
            v[2], v[4] = v[2] + delay, v[4] + delay
    return replace(wave, values=tuple(v))


def magnified(wave: Waveform, factor: float, step: float, stop: float) -> Waveform:
    """A waveform times a number."""
    wave = wave.complete(step, stop)
    v = np.array(wave.values)
    match wave.kind:
        case "pwl" | "pws":
            v[1::2] *= factor
        case "cus":
            v[1] *= factor
        case "pulse" | "sin" | "exp":
            v[:2] *= factor
        case _:
            v[:1] *= factor
    return replace(wave, values=tuple(v.tolist()))
