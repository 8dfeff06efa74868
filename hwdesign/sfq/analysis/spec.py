"""Specifications of analyses: which deck, what varies in it, and when it works."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, InstanceOf, field_validator, model_validator

from hwdesign.errors import ConfigError, FormatError
from hwdesign.netlist.quantity import parse_number
from hwdesign.settings import Origin, Section, parse_section, read_yaml, refuse
from hwdesign.spice import Noisy

MAX_INSTANCES = 1_000_000


def _quantity(value: object) -> object:
    """`0.1p`, `1e-13` (which YAML takes for a text) or a number."""
    if isinstance(value, str):
        try:
            found = parse_number(value.strip())
        except FormatError:
            found = None
        if found is None:
            raise refuse(f"'{value[:40]}' is no number", mend="write it as 0.1p or 175u")
        return found
    return value


def _share(value: object) -> object:
    """`5%` or 0.05."""
    if isinstance(value, str) and value.strip().endswith("%"):
        inner = _quantity(value.strip()[:-1])
        return inner / 100 if isinstance(inner, float) else inner
    return _quantity(value)


def _texts(value: object) -> object:
    return [value] if isinstance(value, str) else value


Time = Annotated[float, BeforeValidator(_quantity), Field(gt=0)]
Start = Annotated[float, BeforeValidator(_quantity), Field(ge=0)]
Quantity = Annotated[float, BeforeValidator(_quantity)]
Share = Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)]
Reach = Annotated[float, BeforeValidator(_share), Field(gt=0, lt=1)]
Names = Annotated[list[str], BeforeValidator(_texts)]


class Vary(Section):
    """Values that vary. One parameter for each element found, or one for all of them (`together`).

    Attributes:
        name: for tables; by default what is looked for.
        match: globs over elements' names, as `L*|XDUT`; `|` and `.` mean the same.
        param: a `.param` of the deck's top level, in place of `match`.
        together: whether all elements found share one factor.
        shunts: name of the shunt resistor beside a junction, `{}` in it the junction's, as `R{}`. Where margins, shmoo
            or optimiser make the junction's area larger, they make its shunt smaller, so that Ic·R stays. Monte Carlo
            samples leave it alone.
        sigma: relative standard deviation of each element by itself (local spread).
        sigma_global: relative standard deviation of a factor that all elements found share in one sample.
    """

    name: str = ""
    match: Names = Field(default_factory=list)
    param: str = ""
    together: bool = False
    shunts: str = ""
    sigma: Share | None = None
    sigma_global: Share | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Vary:
        if bool(self.match) == bool(self.param):
            raise refuse("an entry needs 'match' or 'param', and not both")
        return self

    @property
    def label(self) -> str:
        """Name for tables."""
        return self.name or self.param or " ".join(self.match)


class Check(Section):
    """What one junction's pulses must be.

    Attributes:
        junction: its name, as `B1.XLOADOUTq`.
        reference: `nominal`: the same pulses as without variation and noise, each within `within`.
        within: largest difference in time, seconds.
        count: net number of pulses after `after`.
        windows: times [from, to] that hold one pulse each; there are no others.
    """

    junction: str
    reference: Literal["nominal"] | None = None
    within: Time = 10e-12
    count: int | None = None
    windows: list[tuple[Start, Time]] | None = None

    @model_validator(mode="after")
    def _one_criterion(self) -> Check:
        given = [key for key in ("reference", "count", "windows") if getattr(self, key) is not None]
        if len(given) != 1:
            raise refuse("a check needs one of 'reference', 'count' and 'windows'")
        for place, (begin, end) in enumerate(self.windows or ()):
            if not begin < end or (place and begin < self.windows[place - 1][1]):  # type: ignore[index]
                raise refuse("windows rise and do not overlap", "windows", place)
        return self


class MarginsConfig(Section):
    """How margins are searched.

    Attributes:
        bound: largest relative change that is tried, either way.
        scan: steps of the first scan up to `bound`; the first that fails is then bisected.
        tolerance: relative change to which a margin is found.
    """

    bound: Reach = 0.6
    scan: int = Field(default=12, ge=2, le=200)
    tolerance: Reach = 0.005

    @model_validator(mode="after")
    def _finer(self) -> MarginsConfig:
        if self.tolerance >= self.bound:
            raise refuse("it is not below 'bound'", "tolerance")
        return self


class YieldConfig(Section):
    """Monte Carlo.

    Attributes:
        samples: most samples.
        width: stop early once half the 95 % confidence interval is at most this; None: never.
        truncate: draws beyond this many standard deviations are drawn again.
        seed: of the samples.
    """

    samples: int = Field(default=1000, ge=1, le=MAX_INSTANCES)
    width: Reach | None = None
    truncate: float = Field(default=4.0, ge=1, le=8)
    seed: int = Field(default=1, ge=0, lt=1 << 63)


class Axis(Section):
    """An axis of a shmoo plot: an entry of `vary`, all of whose elements change together.

    Attributes:
        vary: the entry's name.
        low, high: relative change at the ends.
        points: number of values.
    """

    vary: str
    low: Annotated[float, BeforeValidator(_share), Field(gt=-1, lt=10)] = -0.4
    high: Annotated[float, BeforeValidator(_share), Field(gt=-1, lt=10)] = 0.4
    points: int = Field(default=21, ge=2, le=1000)

    @model_validator(mode="after")
    def _rising(self) -> Axis:
        if not self.low < self.high:
            raise refuse("it is not above 'low'", "high")
        return self


class ShmooConfig(Section):
    """Two axes."""

    x: Axis
    y: Axis

    @model_validator(mode="after")
    def _two(self) -> ShmooConfig:
        if self.x.vary == self.y.vary:
            raise refuse("it is the entry of 'x' too", "y", "vary", mend="name another entry")
        return self


class TransferConfig(Section):
    """Share of pulses that pass against a current.

    Attributes:
        source: the current source that is stepped.
        start, stop, points: its currents, amperes.
        input: junction whose pulses in the deck as it is, without noise, tell how many a run sends.
        output: junction whose pulses have passed.
        pulses: pulses offered at each current, at least.
        temperature: of all resistors and junctions, kelvin; by default the deck's.
        seed: of the noise.
    """

    source: str
    start: Quantity
    stop: Quantity
    points: int = Field(default=20, ge=3, le=10_000)
    input: str
    output: str
    pulses: int = Field(default=10_000, ge=1, le=100_000_000)
    temperature: float | None = Field(default=None, gt=0, le=1000)
    seed: int = Field(default=1, ge=0, lt=1 << 63)

    @model_validator(mode="after")
    def _rising(self) -> TransferConfig:
        if not self.start < self.stop:
            raise refuse("it is not above 'start'", "stop")
        return self


class DelayConfig(Section):
    """Delay from a junction to another, and its jitter.

    Attributes:
        input, output: junctions: from the last pulse of `input` before each pulse of `output`.
        samples: runs with noise; without a temperature there is one run.
        seed: of the noise.
    """

    input: str
    output: str
    samples: int = Field(default=256, ge=2, le=MAX_INSTANCES)
    seed: int = Field(default=1, ge=0, lt=1 << 63)


class EnergyConfig(Section):
    """Energy from sources.

    Attributes:
        sources: globs over sources whose energy is counted.
        junction: whose pulses the energy is divided by.
        cooling: watts at room temperature for a watt removed; None: not stated.
    """

    sources: Names
    junction: str
    cooling: float | None = Field(default=None, ge=1, le=1e9)


class ErrorsConfig(Section):
    """Bit errors against temperature.

    Attributes:
        temperatures: kelvin.
        samples: runs at each.
        seed: of the noise.
    """

    temperatures: list[Annotated[float, Field(gt=0, le=1000)]] = Field(min_length=1, max_length=1000)
    samples: int = Field(default=256, ge=1, le=MAX_INSTANCES)
    seed: int = Field(default=1, ge=0, lt=1 << 63)


class OptimiseConfig(Section):
    """Search for values with a wider critical margin.

    Attributes:
        vary: entries of `vary` whose parameters may change; by default all.
        bound: largest relative change of a parameter.
        population: designs a generation.
        generations: how many.
        seed: of the search; the comparison at the end uses another.
    """

    vary: list[str] = Field(default_factory=list)
    bound: Reach = 0.3
    population: int = Field(default=24, ge=5, le=10_000)
    generations: int = Field(default=20, ge=1, le=100_000)
    seed: int = Field(default=1, ge=0, lt=1 << 31)


class Spec(Section):
    """A whole specification.

    Attributes:
        deck: path, relative to the specification's folder.
        top: module to simulate.
        step, stop: of the simulation, seconds; by default the deck's.
        temperature: noise temperature of all resistors and junctions; by default the deck's, so mostly none.
        noisy: `all` as in JoSIM, or `resistors`: junctions' own resistances are silent.
        after: pulses before this time say nothing.
        vary: what varies.
        checks: when the circuit works: all of them hold.
        margins, yield_, shmoo, transfer, delay, energy, errors, optimise: see their classes. `yield` in YAML.
        folder: against which `deck` is read; set by `load_spec`.
        origin: lines of the file, for messages; set by `load_spec`.
    """

    deck: Path
    top: str | None = None
    step: Time | None = None
    stop: Time | None = None
    temperature: float | None = Field(default=None, ge=0, le=1000)
    noisy: Noisy = "all"
    after: Start = 0.0
    vary: list[Vary] = Field(default_factory=list)
    checks: list[Check] = Field(default_factory=list)
    margins: MarginsConfig = MarginsConfig()
    yield_: YieldConfig = Field(default=YieldConfig(), alias="yield")
    shmoo: ShmooConfig | None = None
    transfer: TransferConfig | None = None
    delay: DelayConfig | None = None
    energy: EnergyConfig | None = None
    errors: ErrorsConfig | None = None
    optimise: OptimiseConfig = OptimiseConfig()
    folder: Path = Field(default=Path(), exclude=True)
    origin: InstanceOf[Origin] = Field(default=Origin(), exclude=True)

    @field_validator("vary")
    @classmethod
    def _distinct(cls, entries: list[Vary]) -> list[Vary]:
        seen: set[str] = set()
        for place, entry in enumerate(entries):
            if entry.label in seen:
                raise refuse(f"two entries are named '{entry.label}'", place, mend="give one of them another name")
            seen.add(entry.label)
        return entries

    @property
    def path(self) -> Path:
        """The deck."""
        return self.folder / self.deck

    def fault(self, what: str, *where: str | int, mend: str = "") -> ConfigError:
        """An error that names the specification's line."""
        return self.origin.fault(what, where, mend)


def load_spec(path: str | Path, deck: str | Path | None = None) -> Spec:
    """Read a specification.

    Args:
        path: YAML file.
        deck: a deck in place of the file's, relative to the working folder.

    Raises:
        ConfigError: not YAML, an unknown key, a value out of range; names the key, the nearest known one and the line.
        FileError: the file cannot be read.
        LimitError: the file is larger than 1 MiB.
    """
    path = Path(path)
    root, content = read_yaml(path)
    origin = Origin(str(path), root)
    for key in ("folder", "origin"):
        if key in content:
            raise origin.fault(f"unknown key '{key}'", (key,))
    whole: dict[str, Any] = {**content, "folder": path.parent, "origin": origin}
    if deck is not None:
        whole |= {"deck": str(Path(deck).absolute())}
    return parse_section(Spec, whole, origin=origin)


def percent(value: float) -> str:
    """`+12.5 %`, or `-` where there is none."""
    return f"{100 * value:.1f} %" if math.isfinite(value) else "-"
