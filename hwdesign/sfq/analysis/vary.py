"""From names in a specification to values of a batch."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import UnsupportedError
from hwdesign.formats import read
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.parameters import module_environment
from hwdesign.sfq.analysis.spec import Spec, Vary
from hwdesign.spice import Circuit, compile_deck

Float = NDArray[np.float64]

UNITS = {"R": "ohm", "L": "H", "C": "F", "I": "A", "V": "V", "P": "rad", "T": "ohm", "B": "area"}
"""Of elements' main values, by SPICE's letter."""

_MAX_NAMED = 20

MAX_COMPILED = 20_000
"""Most distinct values of `.param` names in one batch: each is worked out by itself."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one factor scales.

    Attributes:
        name: for tables.
        entry: position of its entry in `Spec.vary`.
        elements: names of elements, in upper case with `|`.
        inverse: elements that are divided by the factor.
        param: a `.param` name, or empty.
        nominal: value, where it is one; else NaN.
        unit: of `nominal`: SI units, a junction's is its `area` (a multiple of its model); empty where there is none.
    """

    name: str
    entry: int
    elements: tuple[str, ...] = ()
    inverse: tuple[str, ...] = ()
    param: str = ""
    nominal: float = float("nan")
    unit: str = ""


@dataclass
class Space:
    """A circuit and what varies in it.

    Attributes:
        spec: the specification.
        circuit: with nominal values.
        parameters: one a factor.
        netlist: that the circuit was made of.
    """

    spec: Spec
    circuit: Circuit
    parameters: tuple[Parameter, ...]
    netlist: Netlist = field(repr=False)
    _compiled: dict[tuple[tuple[str, float], ...], dict[str, float]] = field(default_factory=dict, repr=False)

    def of(self, entry: str) -> list[int]:
        """Positions of the parameters of an entry, by its name; none where there is no such entry."""
        return [at for at, item in enumerate(self.parameters) if self.spec.vary[item.entry].label == entry]

    def batch(self, factors: Float) -> dict[str, Float]:
        """Values by name.

        Args:
            factors: float64[N, parameters], relative to the deck's values.

        Raises:
            UnsupportedError: a `.param` changes more than numbers of elements.
            NetlistError: a `.param`'s value makes no circuit.
        """
        moved = np.flatnonzero(np.any(factors != 1.0, axis=0))
        params = [int(at) for at in moved if self.parameters[at].param]
        values = self._param_values(factors, params)
        for at in moved:
            item = self.parameters[at]
            for name in item.elements:
                values[name] = values.get(name, self.circuit.nominal(name)) * factors[:, at]
            for name in item.inverse:
                values[name] = values.get(name, self.circuit.nominal(name)) / factors[:, at]
        return values

    def _param_values(self, factors: Float, params: Sequence[int]) -> dict[str, Float]:
        if not params:
            return {}
        rows, which = np.unique(factors[:, params], axis=0, return_inverse=True)
        which = which.reshape(-1)
        if len(rows) > MAX_COMPILED:
            raise UnsupportedError(
                f"{len(rows)} different values of .param names in one batch are more than {MAX_COMPILED}",
                mend="vary the elements themselves",
            )
        found = [self._moved({self.parameters[at].param: row[c] for c, at in enumerate(params)}) for row in rows]
        names = {name for row in found for name in row}
        return {
            name: np.array([row.get(name, self.circuit.nominal(name)) for row in found])[which]
            for name in sorted(names)
        }

    def _moved(self, share: Mapping[str, float]) -> dict[str, float]:
        """Elements' values that differ from the deck's once parameters are scaled."""
        key = tuple(sorted(share.items()))
        if key not in self._compiled:
            nominal = {item.param: item.nominal for item in self.parameters if item.param}
            if len(self._compiled) >= MAX_COMPILED:
                self._compiled.clear()
            other = compile_deck(self.netlist, self.spec.top, {name: nominal[name] * by for name, by in share.items()})
            self._compiled[key] = _difference(self.circuit, other)
        return self._compiled[key]


def _difference(nominal: Circuit, other: Circuit) -> dict[str, float]:
    found: dict[str, float] = {}
    for a, b in zip(nominal.elements, other.elements, strict=True):
        same_card = a.junction is None or (b.junction is not None and a.junction.card == b.junction.card)
        scale = b.value / a.value if a.value else 1.0
        shape_a = None if a.waveform is None else replace(a.waveform, values=())
        shape_b = None if b.waveform is None else replace(b.waveform, values=())
        if a.name != b.name or a.delay != b.delay or a.temp != b.temp or not same_card or shape_a != shape_b:
            raise a.error(
                f"a .param changes more of '{a.name}' than its value", "vary the element itself", UnsupportedError
            )
        if (
            a.waveform is not None
            and b.waveform is not None
            and not _scaled(a.waveform.values, b.waveform.values, scale)
        ):
            raise a.error(
                f"a .param changes the shape of source '{a.name}'", "vary the source itself", UnsupportedError
            )
        if a.value != b.value:
            found[a.name] = b.value
    return found


def _scaled(a: Sequence[float], b: Sequence[float], scale: float) -> bool:
    """Whether each number is as before or `scale` times as large: times stay, amplitudes grow."""
    return len(a) == len(b) and all(
        abs(y - x) <= 1e-9 * abs(x) or abs(y - scale * x) <= 1e-9 * abs(y) for x, y in zip(a, b, strict=True)
    )


def build_space(spec: Spec) -> Space:
    """The circuit of a specification and its parameters.

    Raises:
        ConfigError: an entry finds nothing, or something that cannot vary; names the specification's line.
        As `hwdesign.spice.compile_deck`.
    """
    netlist = read(spec.path)
    circuit = compile_deck(netlist, spec.top)
    environment: dict[str, float] = {}
    if any(entry.param for entry in spec.vary):
        top = netlist if spec.top is None else netlist.with_top(spec.top)
        elaborate(top)
        environment = module_environment(top, top.top_module.name)
    parameters: list[Parameter] = []
    for at, entry in enumerate(spec.vary):
        if entry.param:
            value = environment.get(entry.param.lower())
            if value is None:
                known = ", ".join(sorted(environment)[:_MAX_NAMED]) or "none"
                raise spec.fault(
                    f"the deck's top level has no .param named '{entry.param}'", "vary", at, "param",
                    mend=f"there are: {known}",
                )  # fmt: skip
            if value == 0:
                raise spec.fault(
                    f".param '{entry.param}' is zero, so that no share of it can vary", "vary", at, "param"
                )
            parameters.append(Parameter(entry.label, at, param=entry.param.lower(), nominal=value))
            continue
        names = _found(spec, circuit, at, entry)
        if entry.together:
            inverse = tuple(_shunt(spec, circuit, at, entry, name) for name in names) if entry.shunts else ()
            parameters.append(Parameter(entry.label, at, tuple(names), inverse))
        else:
            for name in names:
                inverse = (_shunt(spec, circuit, at, entry, name),) if entry.shunts else ()
                unit = UNITS.get(circuit.elements[circuit.index[name]].kind, "")
                parameters.append(Parameter(name, at, (name,), inverse, nominal=circuit.nominal(name), unit=unit))
    return Space(spec, circuit, tuple(parameters), netlist)


def _found(spec: Spec, circuit: Circuit, at: int, entry: Vary) -> list[str]:
    names: dict[str, None] = {}
    for place, glob in enumerate(entry.match):
        pattern = glob.upper().replace(".", "|")
        hits = [name for name in circuit.index if fnmatch.fnmatchcase(name, pattern)]
        if not hits:
            mend = "names are as in B1|XDUT; `hwdesign simulate pulses DECK` lists junctions"
            where = ("vary", at, "match", place)
            raise spec.fault(f"no element of the deck matches '{glob}'", *where, mend=mend)
        names |= dict.fromkeys(hits)
    usable = [
        name for name in names if circuit.elements[circuit.index[name]].kind != "K" and circuit.nominal(name) != 0
    ]
    if not usable:
        raise spec.fault(
            f"all that '{entry.label}' matches is zero or a coupling, of which no share can vary", "vary", at
        )
    return usable


def _shunt(spec: Spec, circuit: Circuit, at: int, entry: Vary, name: str) -> str:
    if circuit.elements[circuit.index[name]].kind != "B":
        raise spec.fault(f"'shunts' goes with junctions, which '{name}' is not", "vary", at, "shunts")
    local, bar, path = name.partition("|")
    shunt = entry.shunts.replace("{}", local).upper() + bar + path
    element = circuit.elements[circuit.index[shunt]] if shunt in circuit.index else None
    if element is None or element.kind != "R":
        raise spec.fault(f"the deck has no resistor '{shunt}' beside '{name}'", "vary", at, "shunts")
    return shunt


def check_named(spec: Spec, circuit: Circuit, junction: str, *where: str | int) -> str:
    """A junction's full name.

    Raises:
        ConfigError: there is none of that name; names the specification's line.
    """
    name = junction.upper().replace(".", "|")
    if name in circuit.junctions:
        return name
    near = [n for n in circuit.junctions if n.split("|")[0] == name.split("|")[0]]
    mend = f"did you mean '{near[0]}'?" if near else "`hwdesign simulate pulses DECK` lists them"
    raise spec.fault(f"the deck has no junction '{junction}'", *where, mend=mend)
