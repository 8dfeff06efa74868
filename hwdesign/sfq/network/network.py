"""What a trained network is: layers of currents, and how numbers become pulses. Kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from hwdesign.errors import ConfigError, NetlistError
from hwdesign.files import read_input, write_text
from hwdesign.settings import Section, parse_section, refuse

MAX_JSON = 64 << 20
MAX_WIDTH = 1024
NAME = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
"""What a netlist's top module may be called."""


class Layer(Section):
    """Synapses and neurons of one layer.

    Attributes:
        ix_ua: bias current of each synapse, microampere, by neuron, then input; None where there is no synapse.
        it_ua: bias current of each neuron's threshold junction, microampere.
        l_storage_ph: storage inductance of the neurons.
        r_leak_ohm: leak resistance of the neurons.
    """

    ix_ua: tuple[tuple[float | None, ...], ...]
    it_ua: tuple[float, ...]
    l_storage_ph: float = Field(default=20.0, gt=0, le=10_000)
    r_leak_ohm: float = Field(default=0.4, ge=0, le=100)

    @model_validator(mode="after")
    def _rectangle(self) -> Layer:
        if not self.it_ua or len(self.it_ua) > MAX_WIDTH:
            raise refuse(f"a layer has 1 to {MAX_WIDTH} neurons, not {len(self.it_ua)}", "it_ua")
        if len(self.ix_ua) != len(self.it_ua):
            raise refuse(f"{len(self.ix_ua)} rows of synapses for {len(self.it_ua)} neurons", "ix_ua")
        if len({len(row) for row in self.ix_ua}) != 1:
            raise refuse("the neurons' rows of synapses differ in length", "ix_ua")
        for at, row in enumerate(self.ix_ua):
            if any(value is not None and not 0 <= value <= 400 for value in row):
                raise refuse("a synapse's current lies between 0 and 400 µA", "ix_ua", at)
        if any(not 0 <= value <= 400 for value in self.it_ua):
            raise refuse("a neuron's current lies between 0 and 400 µA", "it_ua")
        return self

    @property
    def inputs(self) -> int:
        """Width of what comes in."""
        return len(self.ix_ua[0])

    @property
    def outputs(self) -> int:
        """Number of neurons."""
        return len(self.it_ua)

    def present(self) -> NDArray[np.bool_]:
        """bool[neurons, inputs]: where there is a synapse."""
        return np.array([[value is not None for value in row] for row in self.ix_ua])


class Coding(Section):
    """Rate code: a feature of value v in 0..1 is `round(v · pulses)` pulses in a window.

    Attributes:
        pulses: most pulses in a window.
        period_ps: time between two of them, picoseconds; the neurons' leak empties their loops in it.
        slots: place of each feature in the period, so that pulses do not meet in the mergers.
        slot_ps: time between two places; larger than the mergers' dead time and their jitter.
        dual_rail: whether each feature has a second rail that carries `pulses` - n pulses.
        start_ps: time of the first pulse.
    """

    pulses: int = Field(default=4, ge=1, le=1024)
    period_ps: float = Field(default=240.0, gt=0, le=1e6)
    slots: tuple[int, ...]
    slot_ps: float = Field(default=25.0, ge=0, le=1e5)
    dual_rail: bool = True
    start_ps: float = Field(default=20.0, gt=0, le=1e5)

    @model_validator(mode="after")
    def _fits(self) -> Coding:
        if not 1 <= len(self.slots) <= MAX_WIDTH:
            raise refuse(f"a network has 1 to {MAX_WIDTH} features", "slots")
        if min(self.slots) < 0 or (max(self.slots) + 1) * self.slot_ps > self.period_ps:
            raise refuse("the slots do not fit into the period", "slots")
        return self

    @property
    def rails(self) -> int:
        """Number of the network's inputs: true rails, then, with `dual_rail`, the complementary ones."""
        return len(self.slots) * (2 if self.dual_rail else 1)

    @property
    def window_ps(self) -> float:
        """Length of the window."""
        return self.pulses * self.period_ps

    def counts(self, patterns: ArrayLike) -> NDArray[np.int64]:
        """int64[P, rails]: pulses on each rail for patterns float[P, features] in 0..1.

        Raises:
            NetlistError: another number of features, or values outside 0..1.
        """
        values = np.asarray(patterns, np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.slots):
            raise NetlistError(f"patterns of shape {list(values.shape)} for a network of {len(self.slots)} features")
        if not np.all((values >= 0) & (values <= 1)):
            raise NetlistError("a pattern's values lie between 0 and 1", mend="scale them")
        true = np.rint(values * self.pulses).astype(np.int64)
        return np.concatenate([true, self.pulses - true], axis=1) if self.dual_rail else true

    def active(self, patterns: ArrayLike) -> NDArray[np.bool_]:
        """bool[P, rails, pulses]: in which periods a rail has a pulse; n pulses are spread evenly over the window."""
        counts = self.counts(patterns)
        k = np.arange(self.pulses)
        # Bresenham's line: the k-th period has a pulse where n·k/N passes a whole number.
        even: NDArray[np.bool_] = ((k + 1) * counts[..., None]) // self.pulses > (k * counts[..., None]) // self.pulses
        return even

    def times_ps(self, patterns: ArrayLike) -> list[list[tuple[float, ...]]]:
        """Times of the pulses by pattern and rail, picoseconds."""
        slots = self.slots * 2 if self.dual_rail else self.slots
        begin = [self.start_ps + slot * self.slot_ps for slot in slots]
        return [
            [
                tuple(begin[rail] + k * self.period_ps for k in np.flatnonzero(row).tolist())
                for rail, row in enumerate(p)
            ]
            for p in self.active(patterns)
        ]


class Network(Section):
    """A network of stochastic synapses and threshold neurons, complete with its currents and its code.

    The pulses that leave an output neuron in a window are its count. With one output the decision is whether the count
    reaches `decide_at`; with more, the output with the highest count (the first of equals).

    Attributes:
        name: of the netlist's top module: letters, digits and `_`.
        coding: of the inputs.
        layers: from the inputs on.
        decide_at: count from which a single output says yes.
        temperature_k: what it was trained for.
    """

    name: str = Field(default="network", pattern=NAME)
    coding: Coding
    layers: tuple[Layer, ...] = Field(min_length=1, max_length=32)
    decide_at: int = Field(default=2, ge=1)
    temperature_k: float = Field(default=4.2, ge=0, le=1000)

    @model_validator(mode="after")
    def _chain(self) -> Network:
        width = self.coding.rails
        for at, layer in enumerate(self.layers):
            if layer.inputs != width:
                raise refuse(f"the layer has {layer.inputs} inputs, but {width} come in", "layers", at)
            width = layer.outputs
        return self

    @property
    def outputs(self) -> int:
        """Number of output neurons."""
        return self.layers[-1].outputs

    def decide(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[...]: class that counts int64[..., outputs] mean."""
        if self.outputs == 1:
            return (counts[..., 0] >= self.decide_at).astype(np.int64)
        return np.asarray(np.argmax(counts, axis=-1), np.int64)

    def pruned(self) -> Network:
        """Without the neurons that nothing comes into or that nothing leaves, and without their synapses.

        Raises:
            NetlistError: an output is left without a synapse.
        """
        alive: list[NDArray[np.bool_]] = [np.ones(self.coding.rails, np.bool_)]
        for layer in self.layers:
            alive.append(np.asarray((layer.present() & alive[-1]).any(axis=1)))
        if not alive[-1].all():
            dead = int(np.flatnonzero(~alive[-1])[0])
            raise NetlistError(f"no path of synapses leads to output {dead} of '{self.name}'", mend="train it again")
        for at in range(len(self.layers) - 1, 0, -1):
            used = (self.layers[at].present() & alive[at + 1][:, None]).any(axis=0)
            alive[at] &= used
        layers = []
        for layer, into, out in zip(self.layers, alive[:-1], alive[1:], strict=True):
            rows = tuple(_row(layer.ix_ua[n], into, layer is self.layers[0]) for n in np.flatnonzero(out))
            it = tuple(layer.it_ua[n] for n in np.flatnonzero(out))
            layers.append(layer.model_copy(update={"ix_ua": rows, "it_ua": it}))
        return self.model_copy(update={"layers": tuple(layers)})

    def digest(self) -> str:
        """SHA-256 of all that it says, so that results can be told to be its own."""
        return sha256(self.model_dump_json().encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write JSON, whole or not at all."""
        write_text(path, json.dumps(json.loads(self.model_dump_json()), indent=2) + "\n")


def _row(row: Sequence[float | None], into: NDArray[np.bool_], first: bool) -> tuple[float | None, ...]:
    """One neuron's synapses; the network's inputs all stay."""
    return tuple(value if alive else None for value, alive in zip(row, into, strict=True) if alive or first)


def load_network(path: Path) -> Network:
    """Read what `Network.save` wrote.

    Raises:
        ConfigError: no JSON, or no network; names the key.
        FileError: the file cannot be read.
    """
    try:
        content = json.loads(read_input(path, limit=MAX_JSON))
    except (ValueError, RecursionError) as error:
        raise ConfigError("the file is no JSON", file=path) from error
    if not isinstance(content, dict):
        raise ConfigError("the file holds no network", file=path)
    try:
        return parse_section(Network, content)
    except ConfigError as error:
        raise ConfigError(error.what, file=path, mend=error.mend) from error
