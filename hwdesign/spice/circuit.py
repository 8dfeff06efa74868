"""A flat circuit: the elements of a deck with their hierarchical names, numbers and waveforms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from hwdesign.errors import HwdesignError, NetlistError
from hwdesign.netlist.analyses import Spread
from hwdesign.netlist.analyses import Transient as Analysis
from hwdesign.netlist.junctions import Junction
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.outputs import Output
from hwdesign.netlist.waveforms import Waveform

GROUND = -1

FIELDS: Mapping[str, tuple[str, ...]] = {
    "R": ("value", "temp"),
    "L": ("value",),
    "C": ("value",),
    "K": ("value",),
    "I": ("value",),
    "V": ("value",),
    "P": ("value",),
    "B": ("area", "ic", "icrit", "cap", "rn", "r0", "vg", "temp"),
    "T": ("z0",),
    "E": ("value",),
    "F": ("value",),
    "G": ("value",),
    "H": ("value",),
}
"""What a batch may set of each kind of element; the first is meant where a name says none."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the flat circuit.

    Attributes:
        name: in upper case, `|` before each enclosing instance, inner first (`B1|XDUT`), as JoSIM prints it.
        kind: SPICE's letter.
        nodes: positions in `Circuit.nodes`, -1 for ground.
        value: main value in SI units; of a source its waveform's value of the largest size.
        file, line: where it is defined.
        junction: of `B`.
        waveform: of `I`, `V`, `P`.
        others: positions of the elements that `K` couples, or of the source that controls `F` or `H`.
        delay: of `T`, seconds.
        temp: noise temperature in kelvin, None where it makes no noise.
        neb: noise bandwidth in hertz, None where white.
        spread: relative spread of its own, or None.
    """

    name: str
    kind: str
    nodes: tuple[int, ...]
    value: float
    file: str = ""
    line: int = 0
    junction: Junction | None = None
    waveform: Waveform | None = None
    others: tuple[int, ...] = ()
    delay: float = 0.0
    temp: float | None = None
    neb: float | None = None
    spread: float | None = None

    def error(self, what: str, mend: str = "", kind: type[HwdesignError] = NetlistError) -> HwdesignError:
        """An error that names this element's place."""
        return kind(what, file=self.file or None, line=self.line, mend=mend)


@dataclass(frozen=True)
class Circuit:
    """A flat circuit, ready to be simulated.

    Attributes:
        elements: in the deck's order, instances unfolded where they stand.
        nodes: names of the nodes other than ground.
        outputs: what the deck prints.
        analysis: the deck's `.tran`, or None.
        temperature: the deck's `.temp`, kelvin.
        spread: the deck's `.spread`.
        netlist: the elaborated netlist that it was made of.
        file: of the deck.
        notes: what the deck says that a simulation leaves aside, one sentence each.
    """

    elements: tuple[Element, ...]
    nodes: tuple[str, ...]
    outputs: tuple[Output, ...] = ()
    analysis: Analysis | None = None
    temperature: float | None = None
    spread: Spread | None = None
    netlist: Netlist | None = field(default=None, repr=False, compare=False)
    file: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each element by name."""
        return {element.name: at for at, element in enumerate(self.elements)}

    @cached_property
    def node_index(self) -> dict[str, int]:
        """Position of each node by its name in upper case."""
        return {name.upper(): at for at, name in enumerate(self.nodes)}

    @cached_property
    def junctions(self) -> tuple[str, ...]:
        """Names of the junctions, in order."""
        return tuple(element.name for element in self.elements if element.kind == "B")

    def find(self, name: str) -> tuple[int, str]:
        """Element and field that a name means: `RB1|XDUT`, `B1.XDUT`, `B1|XDUT.icrit`.

        Raises:
            NetlistError: no element has that name, or it has no such field.
        """
        whole = name.upper().replace(".", "|")
        at = self.index.get(whole)
        if at is not None:
            return at, FIELDS[self.elements[at].kind][0]
        stem, _, key = whole.rpartition("|")
        at = self.index.get(stem)
        low = key.lower()
        if at is None:
            near = next((n for n in self.index if n.split("|")[0] == whole.split("|")[0]), "")
            mend = f"did you mean '{near}'" if near else "see Circuit.parameters"
            raise NetlistError(f"no element is named '{name}'", file=self.file or None, mend=mend)
        element = self.elements[at]
        if low not in FIELDS[element.kind]:
            raise element.error(
                f"element '{element.name}' has no parameter '{low}'", f"it has: {' '.join(FIELDS[element.kind])}"
            )
        return at, low

    def nominal(self, name: str) -> float:
        """The deck's value of what `name` means; NaN for a temperature that is not set.

        Raises:
            NetlistError: see `find`.
        """
        at, key = self.find(name)
        return nominal(self.elements[at], key)

    @cached_property
    def parameters(self) -> dict[str, float]:
        """Every value that a batch may set, by name, temperatures left out."""
        found: dict[str, float] = {}
        for element in self.elements:
            keys = FIELDS[element.kind]
            for at, key in enumerate(keys):
                if key != "temp":
                    found[element.name if at == 0 else f"{element.name}.{key}"] = nominal(element, key)
        return found


def nominal(element: Element, key: str) -> float:
    """The deck's value of one field of an element."""
    if key == "temp":
        return float("nan") if element.temp is None else element.temp
    if element.kind != "B":
        return element.value
    junction = element.junction
    assert junction is not None
    return {
        "area": junction.area,
        "ic": junction.icrit,
        "icrit": junction.icrit,
        "cap": junction.cap,
        "rn": junction.rn,
        "r0": junction.r0,
        "vg": junction.card.vg,
    }[key]
