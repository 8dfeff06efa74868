"""One element line to a device: its type, its nodes, its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from hwdesign.errors import UnsupportedError
from hwdesign.formats.spice.lines import Line, pairs, unquote
from hwdesign.formats.spice.sources import Note, read_source
from hwdesign.formats.spice.values import Values
from hwdesign.netlist import devices
from hwdesign.netlist.types import CellType

Param = float | str

FLAGS = frozenset({"off", "on", "noisy", "noiseless"})
_JSIM_WORDS = frozenset({"fcheck", "nfree", "lossless"})
_JOSIM_PARAMS = {
    "R": {"temp", "neb", "spread"},
    "L": {"spread"},
    "C": {"spread"},
    "B": {"area", "ic", "temp", "neb", "spread"},
    "T": {"td", "z0"},
}
_LEADING = ("value", "model", "dc", "ac", "acphase", "tran", "samples", "control", "inductors", "quantity")
_VECTORS = frozenset({"ic"})
_BEHAVIORAL = {"E": ("vol", "value", "v"), "G": ("cur", "value", "i")}
_NOT_READ = ("poly", "table", "laplace", "freq", "pwl", "nand", "nor", "and", "or")


@dataclass(frozen=True)
class Element:
    """A device as a line gives it.

    Attributes:
        type: its cell type.
        nodes: node names, one a role.
        params: numbers and texts by lower-case name.
    """

    type: CellType
    nodes: list[str]
    params: dict[str, Param]


@dataclass
class ElementReader:
    """Reads the element lines of one scope.

    Attributes:
        values: the scope's parameters.
        has_model: whether a name is a model card here.
        josim: whether the deck is of JoSIM's flavour.
        samples: reads the file of a custom waveform.
        notes: remarks on the elements that were read, each a rule and a message.
    """

    values: Values
    has_model: Callable[[str], bool]
    josim: bool
    samples: Callable[[Line, str], str | None] | None = None
    notes: list[Note] = field(default_factory=list)

    def read(self, line: Line, parts: list[str]) -> Element:
        """The device on a line (anything but `X`).

        Raises:
            FormatError: wrong number of nodes, an unexpected token, or a bad value.
            UnsupportedError: an element that hwdesign does not know.
        """
        letter = parts[0][0].upper()
        reader = self._READERS.get(letter)
        if reader is None:
            what = "a code model of XSPICE" if letter == "A" else f"an element of the unknown kind '{letter}'"
            raise UnsupportedError(
                f"'{parts[0][:40]}' is {what}", file=line.file, line=line.line,
                mend=f"known letters: {' '.join(sorted([*self._READERS, 'X']))}",
            )  # fmt: skip
        if not self.josim:
            return reader(self, line, parts)
        words = {part.lower() for part in parts[3:]} & _JSIM_WORDS
        if words:
            self.notes += [("jsim-word", f"'{word}' is left out: JSIM knows it, JoSIM reads over it") for word in words]
            parts = [*parts[:3], *(part for part in parts[3:] if part.lower() not in words)]
        return self._josim(line, parts[0], reader(self, line, parts))

    def _josim(self, line: Line, name: str, element: Element) -> Element:
        """Check that JoSIM knows what the element says."""
        kind, params = element.type.name, element.params
        known = _JOSIM_PARAMS.get(kind, set()) | set(_LEADING)
        wrong = next((key for key in params if key not in known), None)
        if wrong is not None:
            listed = " ".join(sorted(_JOSIM_PARAMS.get(kind, set()))) or "none"
            raise UnsupportedError(
                f"'{name[:40]}' has no parameter '{wrong[:40]}' in JoSIM", file=line.file, line=line.line,
                mend=f"its parameters: {listed}",
            )  # fmt: skip
        if kind == "T":
            missing = next((key for key in ("td", "z0") if key not in params), None)
            if missing is not None:
                raise line.error(f"the transmission line '{name}' has no {missing}", f"write {name} a 0 b 0 td=1p z0=5")
        if kind == "B" and "area" in params and "ic" in params:
            raise line.error(f"'{name}' has both area and ic", "remove one of them")
        return element

    # Shared

    def _split(self, parts: list[str]) -> tuple[list[str], list[str]]:
        """Positional tokens and the name=value tokens after them."""
        end = parts.index("=") - 1 if "=" in parts else len(parts)
        while end > 1 and parts[end - 1].lower() in FLAGS:
            end -= 1
        return parts[1:end], parts[end:]

    def _params(self, line: Line, parts: list[str], into: dict[str, Param]) -> None:
        for key, value in pairs(line, parts):
            low = key.lower()
            if low in into:
                raise line.error(f"parameter '{low}' is given twice", "remove one of them")
            if value == "":
                if low in _VECTORS or low not in FLAGS:
                    raise line.error(f"unexpected '{key[:40]}'", "parameters are written name=value")
                into[low] = ""
            elif low in devices.TEXT_PARAMETERS:
                into[low] = value
            else:
                into[low] = self.values.read(value, line)

    def _positional(
        self, line: Line, parts: list[str], least: int, most: int, form: str
    ) -> tuple[list[str], list[str]]:
        positional, rest = self._split(parts)
        if not least <= len(positional) <= most:
            raise line.error(f"'{parts[0][:40]}' has {len(positional)} nodes and values", f"write {form}")
        return positional, rest

    def _element(
        self, line: Line, type_: CellType, nodes: list[str], params: dict[str, Param], rest: list[str]
    ) -> Element:
        self._params(line, rest, params)
        return Element(type_, nodes, params)

    def _model(self, line: Line, token: str) -> str:
        return line.name(token, "model")

    # Kinds

    def _passive(self, line: Line, parts: list[str]) -> Element:
        letter = parts[0][0].upper()
        positional, rest = self._positional(line, parts, 2, 4, f"{parts[0]} node node value")
        params: dict[str, Param] = {}
        for token in positional[2:]:
            # A name is a parameter before it is a model; an unknown one is a model, but in JoSIM's flavour.
            model = not self.values.is_value(token) and (self.has_model(token) or not self.josim)
            key = "model" if model else "value"
            if key in params:
                raise line.error(f"unexpected '{token[:40]}'", f"write {parts[0]} node node value")
            params[key] = self._model(line, token) if model else self.values.read(token, line)
        self._params(line, rest, params)
        if letter.lower() in params and "value" not in params:
            params["value"] = params.pop(letter.lower())
        if "value" not in params and "model" not in params:
            raise line.error(f"'{parts[0][:40]}' has no value", f"write {parts[0]} node node value")
        return Element(devices.DEVICES[letter], positional[:2], params)

    def _source(self, line: Line, parts: list[str]) -> Element:
        if len(parts) < 3 or "=" in parts[1:3]:
            raise line.error(f"'{parts[0][:40]}' has fewer than two nodes", f"write {parts[0]} node node value")
        params: dict[str, Param] = {}
        rest = read_source(self.values, line, parts[3:], params, self.notes)
        file = str(params.get("tran", "")).partition("(")[2].partition(" ")[0].rstrip(")")
        if str(params.get("tran", "")).startswith("cus("):
            found = None if self.samples is None else self.samples(line, file)
            if found is None:
                self.notes.append(("no-samples", f"the samples of '{file}' are not known: the deck has no folder"))
            else:
                params["samples"] = found
        return self._element(line, devices.DEVICES[parts[0][0].upper()], parts[1:3], params, rest)

    def _coupling(self, line: Line, parts: list[str]) -> Element:
        positional, rest = self._positional(line, parts, 3, 1000, f"{parts[0]} inductor inductor factor")
        params: dict[str, Param] = {
            "value": self.values.read(positional[-1], line),
            "inductors": " ".join(positional[:-1]),
        }
        return self._element(line, devices.COUPLING, [], params, rest)

    def _junction_or_behavioral(self, line: Line, parts: list[str]) -> Element:
        if len(parts) > 4 and parts[4] == "=" and parts[3].lower() in ("v", "i"):
            return self._behavioral(line, parts[0], devices.BEHAVIORAL_SOURCE, parts[1:3], parts[3:])
        form = f"{parts[0]} node node model area=1, or {parts[0]} node node v=expression"
        positional, rest = self._positional(line, parts, 3, 4, form)
        params: dict[str, Param] = {"model": self._model(line, positional[-1])}
        element = self._element(line, devices.JUNCTION, positional[:-1], params, rest)
        if "ics" in element.params and "ic" not in element.params:  # WRspice's name
            element.params["ic"] = element.params.pop("ics")
        return element

    def _behavioral(self, line: Line, name: str, type_: CellType, nodes: list[str], parts: list[str]) -> Element:
        """A source whose value is an expression over node voltages, kept as it is written."""
        found = pairs(line, parts, spaced=True)
        quantity, text = found[0]
        body = unquote(text.strip())
        if body.startswith("{") and body.endswith("}") and body.count("{") == 1:
            body = body[1:-1].strip()
        params: dict[str, Param] = {"value": " ".join(body.split())}
        if type_ is devices.BEHAVIORAL_SOURCE:
            params["quantity"] = quantity.lower()
        self._params(line, [piece for key, value in found[1:] for piece in (key, "=", value)], params)
        if not body:
            raise line.error(f"'{name}' has no expression", "write v={expression}")
        return Element(type_, nodes, params)

    def _diode(self, line: Line, parts: list[str]) -> Element:
        return self._with_model(line, parts, devices.DIODE, 2, area=True)

    def _jfet(self, line: Line, parts: list[str]) -> Element:
        return self._with_model(line, parts, devices.JFET, 3, area=True)

    def _mosfet(self, line: Line, parts: list[str]) -> Element:
        return self._with_model(line, parts, devices.MOSFET, 4)

    def _switch(self, line: Line, parts: list[str]) -> Element:
        return self._with_model(line, parts, devices.VOLTAGE_SWITCH, 4)

    def _with_model(self, line: Line, parts: list[str], type_: CellType, nodes: int, *, area: bool = False) -> Element:
        form = f"{parts[0]} {' '.join(role.name for role in type_.roles)} model"
        positional, rest = self._positional(line, parts, nodes + 1, nodes + 1 + area, form)
        params: dict[str, Param] = {"model": self._model(line, positional[nodes])}
        if len(positional) > nodes + 1:
            params["area"] = self.values.read(positional[-1], line)
        return self._element(line, type_, positional[:nodes], params, rest)

    def _bjt(self, line: Line, parts: list[str]) -> Element:
        positional, rest = self._positional(line, parts, 4, 6, f"{parts[0]} c b e [s] model [area]")
        # With five, the fourth is the substrate unless it names a model and the fifth does not.
        substrate = len(positional) == 6 or (
            len(positional) == 5 and (self.has_model(positional[4]) or not self.values.is_plain(positional[4]))
        )
        nodes = 4 if substrate else 3
        params: dict[str, Param] = {"model": self._model(line, positional[nodes])}
        if len(positional) > nodes + 1:
            params["area"] = self.values.read(positional[nodes + 1], line)
        return self._element(line, devices.BJT, positional[:nodes], params, rest)

    def _line(self, line: Line, parts: list[str]) -> Element:
        positional, rest = self._positional(line, parts, 4, 4, f"{parts[0]} node node node node z0=50 td=1n")
        return self._element(line, devices.TRANSMISSION_LINE, positional, {}, rest)

    def _voltage_controlled(self, line: Line, parts: list[str]) -> Element:
        letter = parts[0][0].upper()
        type_ = devices.DEVICES[letter]
        if len(parts) > 4 and parts[4] == "=" and parts[3].lower() in _BEHAVIORAL[letter]:
            return self._behavioral(line, parts[0], type_, parts[1:3], parts[3:])
        if len(parts) > 3 and parts[3].split("(")[0].lower() in _NOT_READ and len(parts) != 6:
            raise UnsupportedError(
                f"'{parts[0][:40]}' uses {parts[3].split('(')[0].upper()}",
                file=line.file,
                line=line.line,
                mend="write it as a B source with an expression",
            )
        positional, rest = self._positional(line, parts, 5, 5, f"{parts[0]} p n cp cn gain")
        return self._element(line, type_, positional[:4], {"value": self.values.read(positional[4], line)}, rest)

    def _current_controlled(self, line: Line, parts: list[str]) -> Element:
        type_ = devices.DEVICES[parts[0][0].upper()]
        positional, rest = self._positional(line, parts, 4, 5, f"{parts[0]} p n source gain")
        params: dict[str, Param] = {"value": self.values.read(positional[-1], line)}
        if len(positional) == 5:  # JoSIM: two controlling nodes in place of a source
            return self._element(line, type_, positional[:4], params, rest)
        params["control"] = positional[2]
        return self._element(line, type_, positional[:2], params, rest)

    def _current_switch(self, line: Line, parts: list[str]) -> Element:
        positional, rest = self._positional(line, parts, 4, 4, f"{parts[0]} p n source model")
        params: dict[str, Param] = {"control": positional[2], "model": self._model(line, positional[3])}
        return self._element(line, devices.CURRENT_SWITCH, positional[:2], params, rest)

    _READERS: ClassVar = {
        "R": _passive,
        "C": _passive,
        "L": _passive,
        "V": _source,
        "I": _source,
        "P": _source,
        "K": _coupling,
        "B": _junction_or_behavioral,
        "D": _diode,
        "Q": _bjt,
        "J": _jfet,
        "M": _mosfet,
        "T": _line,
        "E": _voltage_controlled,
        "G": _voltage_controlled,
        "F": _current_controlled,
        "H": _current_controlled,
        "S": _switch,
        "W": _current_switch,
    }
