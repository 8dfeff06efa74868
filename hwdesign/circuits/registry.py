"""The registry of circuit generators: what exists, what each takes, and one way to call them all by name."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ParamSpec

from hwdesign.errors import NetlistError
from hwdesign.netlist import Netlist

P = ParamSpec("P")
Value = int | float | bool | str

MAX_SEED = (1 << 63) - 1

MAX_CELLS = 2_000_000
"""Most cells of a generated netlist, all modules together: what can be built within about 20 s and 2 GiB."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a generator.

    Attributes:
        name: keyword of the generator.
        type: int, float, bool or str.
        default: value where the caller gives none.
        help: one line, with the unit of a physical quantity.
        min, max: bounds of a number, both allowed; None for none.
        choices: the allowed values of a str; empty where it is free.
    """

    name: str
    type: type
    default: Value
    help: str
    min: float | None = None
    max: float | None = None
    choices: tuple[str, ...] = ()

    def convert(self, value: object, circuit: str) -> Value:
        """`value`, or what the text `value` stands for, as this parameter's type and within its bounds.

        Raises:
            NetlistError: wrong type, out of range, or not among the choices.
        """
        found = self._typed(value)
        if found is None:
            wanted = {int: "an integer", float: "a number", bool: "true or false", str: "a text"}[self.type]
            raise NetlistError(f"parameter '{self.name}' of '{circuit}' is '{value}'", mend=f"give {wanted}")
        if isinstance(found, str) and self.choices and found not in self.choices:
            raise NetlistError(
                f"parameter '{self.name}' of '{circuit}' is '{found}'", mend=f"choose {' or '.join(self.choices)}"
            )
        if isinstance(found, int | float) and not self._within(found):
            raise NetlistError(f"parameter '{self.name}' of '{circuit}' is {found}", mend=f"keep it {self.bounds()}")
        return found

    def _typed(self, value: object) -> Value | None:
        if self.type is str:
            return value if isinstance(value, str) else None
        if self.type is bool:
            if isinstance(value, bool):
                return value
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
                str(value).lower()
            )
        if isinstance(value, bool):
            return None
        try:
            if self.type is int:
                if isinstance(value, str):
                    return int(value, 0)
                return int(value) if hasattr(value, "__index__") else None
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None

    def _within(self, value: float) -> bool:
        # A NaN is within no bounds.
        low, high = self.min, self.max
        return value == value and (low is None or value >= low) and (high is None or value <= high)

    def bounds(self) -> str:
        """The bounds in words."""
        low = "" if self.min is None else f"{self.min:g}" if isinstance(self.min, float) else str(self.min)
        high = "" if self.max is None else f"{self.max:g}" if isinstance(self.max, float) else str(self.max)
        if low and high:
            return f"between {low} and {high}"
        return f"at least {low}" if low else f"at most {high}" if high else "a number"


@dataclass(frozen=True, slots=True)
class Generator:
    """A circuit generator.

    Attributes:
        name: as `hwdesign generate circuit NAME` takes it.
        domain: arithmetic, logic, coding, sequential, random, rram or analog.
        summary: one line.
        parameters: in the order of the function's.
        build: makes the netlist; checks its arguments.
    """

    name: str
    domain: str
    summary: str
    parameters: tuple[Parameter, ...]
    build: Callable[..., Netlist]


_REGISTERED: dict[str, Generator] = {}

GENERATORS: Mapping[str, Generator] = MappingProxyType(_REGISTERED)
"""Every generator by name."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Help, bounds and choices of one parameter; name, type and default come from the function's signature."""

    help: str
    min: float | None = None
    max: float | None = None
    choices: tuple[str, ...] = ()


SEED = Limit("seed of the random choices; the same seed gives the same netlist", 0, MAX_SEED)
HIERARCHICAL = Limit("keep the repeated cell as a module with instances")


def width(most: int, what: str = "bits of an operand") -> Limit:
    """Limit of a width parameter: 1 to `most`."""
    return Limit(what, 1, most)


def check_size(circuit: str, cells: int, lower: str) -> None:
    """Refuse a circuit that is too large, before anything is built.

    Args:
        circuit: name of the generator.
        cells: how many cells the netlist will have, all modules together.
        lower: the parameters that set the size, for the error.

    Raises:
        NetlistError: more than `MAX_CELLS`.
    """
    if cells > MAX_CELLS:
        raise NetlistError(
            f"'{circuit}' would have {cells} cells, more than the {MAX_CELLS} allowed", mend=f"lower {lower}"
        )


def circuit(
    name: str, domain: str, summary: str, **limits: Limit
) -> Callable[[Callable[P, Netlist]], Callable[P, Netlist]]:
    """Register the decorated function as generator `name` and make it check its arguments.

    Args:
        name: registry name.
        domain: see `Generator`.
        summary: one line.
        limits: one a parameter of the function, each of which has a default.
    """

    def register(function: Callable[P, Netlist]) -> Callable[P, Netlist]:
        signature = inspect.signature(function)
        parameters = tuple(
            Parameter(
                key, type(p.default), p.default, limits[key].help, limits[key].min, limits[key].max, limits[key].choices
            )
            for key, p in signature.parameters.items()
        )
        if set(limits) != set(signature.parameters) or name in _REGISTERED:
            raise AssertionError(f"generator {name} is declared wrongly or twice")

        @functools.wraps(function)
        def build(*args: P.args, **kwargs: P.kwargs) -> Netlist:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            for parameter in parameters:
                bound.arguments[parameter.name] = parameter.convert(bound.arguments[parameter.name], name)
            return function(*bound.args, **bound.kwargs)

        _REGISTERED[name] = Generator(name, domain, summary, parameters, build)
        return build

    return register


def find_generator(name: str) -> Generator:
    """The generator of that name.

    Raises:
        NetlistError: no such generator; the nearest names are shown.
    """
    found = GENERATORS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, GENERATORS, n=3, cutoff=0.5)
        near += [known for known in sorted(GENERATORS) if name and name in known and known not in near][: 3 - len(near)]
        mend = f"nearest: {', '.join(near)}" if near else "list them by `hwdesign generate list`"
        raise NetlistError(f"no circuit generator is named '{name}'", mend=mend)
    return found


def generate(name: str, /, **params: object) -> Netlist:
    """Netlist of a generator.

    Args:
        name: key of `GENERATORS`.
        params: its parameters; a text stands for the number it spells (`"8"`, `"0x1D"`), as on the command line.

    Raises:
        NetlistError: unknown generator or parameter, or a value out of range.
    """
    generator = find_generator(name)
    known = [parameter.name for parameter in generator.parameters]
    for key in params:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            mend = f"did you mean '{near[0]}'?" if near else f"its parameters: {', '.join(known) or 'none'}"
            raise NetlistError(f"circuit '{name}' has no parameter '{key}'", mend=mend)
    return generator.build(**params)
