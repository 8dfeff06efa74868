"""Values that differ between the instances of a batch, by the names of what they set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.errors import ConfigError, NetlistError
from hwdesign.netlist.waveforms import Waveform
from hwdesign.spice.circuit import Circuit, nominal

MAX_INSTANCES = 10_000_000

Noisy = Literal["all", "resistors"]
"""What makes thermal noise where it has a temperature: every resistor and junction, or resistors alone."""


class Batch:
    """One value an instance, or the deck's, of every field of every element.

    Args:
        circuit: the circuit.
        values: by name (see `Circuit.find`), numbers float64[N], or of a source N waveforms.
        temperature: noise temperature of all resistors and junctions, one or N, in place of the deck's.
        size: number of instances where `values` does not tell; None: a single run.
        noisy: `resistors` keeps junctions silent unless `values` sets their `temp`.

    Raises:
        ConfigError: no such `noisy`.
        NetlistError: an unknown name, arrays of different lengths, or values that are not finite.
    """

    def __init__(
        self,
        circuit: Circuit,
        values: Mapping[str, ArrayLike | Sequence[Waveform]] | None = None,
        temperature: ArrayLike | None = None,
        size: int | None = None,
        noisy: Noisy = "all",
    ) -> None:
        if noisy not in get_args(Noisy):
            raise ConfigError(f"nothing is noisy as '{noisy}' says", mend=f"noisy: {', '.join(get_args(Noisy))}")
        self.circuit = circuit
        self._silent = noisy == "resistors"
        self.single = values is None and size is None and np.ndim(temperature if temperature is not None else 0) == 0
        self.waves: dict[int, list[Waveform]] = {}
        self._given: dict[tuple[int, str], NDArray[np.float64]] = {}
        lengths: dict[str, int] = {} if size is None else {"seeds": size}
        for name, value in (values or {}).items():
            at, key = circuit.find(name)
            if isinstance(value, Sequence) and value and isinstance(value[0], Waveform):
                if circuit.elements[at].kind not in "IVP":
                    raise NetlistError(f"'{name}' is no source, so that it takes no waveforms")
                self.waves[at] = list(value)  # type: ignore[arg-type]
                lengths[name] = len(value)
                continue
            array = np.asarray(value, np.float64)
            if array.ndim > 1:
                raise NetlistError(f"the batch's values of '{name}' have {array.ndim} dimensions, not one")
            if not np.all(np.isfinite(array)):
                raise NetlistError(f"the batch's values of '{name}' are not all finite")
            if array.ndim == 1:
                lengths[name] = len(array)
            self._given[at, key] = array.reshape(-1)
        self._elements = {at for at, _ in self._given}
        self._temperature = None if temperature is None else np.asarray(temperature, np.float64)
        if self._temperature is not None and self._temperature.ndim:
            lengths["temperature"] = len(self._temperature)
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name}: {length}" for name, length in list(lengths.items())[:6])
            raise NetlistError(f"the batch's arrays differ in length ({shown})", mend="give one value an instance")
        self.size = next(iter(lengths.values()), 1)
        if not 1 <= self.size <= MAX_INSTANCES:
            raise NetlistError(f"a batch of {self.size} instances cannot be run", mend=f"1 to {MAX_INSTANCES} can")

    def __contains__(self, at: int) -> bool:
        return at in self._elements

    def has(self, at: int, key: str) -> bool:
        """Whether the batch sets a field."""
        return (at, key) in self._given

    def get(self, at: int, key: str) -> NDArray[np.float64] | float:
        """A field's value: one number, or one an instance."""
        found = self._given.get((at, key)) if at in self._elements else None
        if key == "temp" and found is None:
            if self._silent and self.circuit.elements[at].kind == "B":
                return 0.0
            if self._temperature is not None:
                found = self._temperature.reshape(-1)
        if found is None:
            return nominal(self.circuit.elements[at], key)
        return float(found[0]) if len(found) == 1 else found
