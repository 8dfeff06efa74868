"""What a deck prints: one record a variable, and where in the hierarchy it stands.

Sources: JoSIM syntax guide, Output; the spelling `X1.B1` (outer first) is ngspice's, `X1_B1` JSIM's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from hwdesign.errors import FormatError, NetlistError
from hwdesign.netlist.module import Module
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.types import Kind

Quantity = Literal["voltage", "current", "phase"]

_PRINTS = ("print", "plot", "save")
_WORDS: dict[str, tuple[Quantity, str]] = {
    "devv": ("voltage", "device"),
    "devi": ("current", "device"),
    "devp": ("phase", "device"),
    "phase": ("phase", "device"),
    "nodev": ("voltage", "node"),
    "nodep": ("phase", "node"),
}
_LETTERS: dict[str, Quantity] = {"v": "voltage", "i": "current", "c": "current", "p": "phase"}
_LABELS = {"voltage": "V", "current": "I", "phase": "P"}
_ITEM = re.compile(
    r"\s*(?:,\s*)?(?:(?P<word>devv|devi|devp|phase|nodev|nodep|[vicp])\s*\((?P<inside>[^()]*)\)"
    r"|@(?P<device>[^\[\]\s]+)\[(?P<letter>[a-z])\]"
    r"|(?P<branch>[^\s,()]+)\#branch)(?=[\s,]|\Z)",
    re.IGNORECASE,
)
_WORDED = re.compile(
    r"\s*(?:,\s*)?(?P<word>devv|devi|devp|phase|nodev|nodep)"
    # Names run up to the next variable.
    r"(?P<inside>(?:(?:\s+|\s*,\s*)(?!(?:devv|devi|devp|phase|nodev|nodep)\s)[^\s,()=\"'@#]+(?![^\s,])(?!\s*\())+)",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\s,()=\"']+\Z")


@dataclass(frozen=True, slots=True)
class Output:
    """One variable that a deck prints.

    Attributes:
        quantity: voltage, current or phase.
        names: one name, or two whose difference is meant; `|` before each enclosing instance, inner first (`B1|XDUT`).
        what: `device`, `node`, or `any` where the deck leaves it open (`v(x)`): a device of that name goes first.
        file: what `.file` names for it, '' otherwise.
        line: of the deck.
    """

    quantity: Quantity
    names: tuple[str, ...]
    what: Literal["device", "node", "any"] = "any"
    file: str = ""
    line: int = 0

    @property
    def label(self) -> str:
        """The column's heading as JoSIM writes it, in upper case: `P(B1|XDUT)`, `V(1,0)`."""
        return f"{_LABELS[self.quantity]}({','.join(self.names).upper()})"


def parse_output(text: str, *, file: str = "", line: int = 0) -> tuple[Output, ...]:
    """The variables of one `.print`, `.plot` or `.save` line, or of one `--print` option.

    `phase B1.X1`, `devi L1|X1`, `nodev 1 0`, `P(B1.X1) v(a,b)`, `@R1[c]`, `L1#branch`; a leading `tran` is left out.

    Args:
        text: what follows the command.
        file: of the deck, for error messages.
        line: likewise.

    Raises:
        FormatError: the text asks for something else.
    """
    body = text.strip()
    words = body.split(None, 1)
    if words and words[0].lower() == "tran":
        body = words[1] if len(words) > 1 else ""
    found = tuple(_items(body, line))
    if not found:
        raise FormatError(
            f"'{text.strip()[:80]}' names nothing to print", file=file or None, line=line,
            mend="write phase B1.X1, devi L1, nodev 1 0, P(B1.X1), v(1,0) or @R1[c]",
        )  # fmt: skip
    return found


def _items(body: str, line: int) -> Iterator[Output]:
    """The variables of a line, all or none: `P(B1)` and its like, or words such as `devi L1`, one after another."""
    items: list[Output] = []
    at = 0
    while body[at:].strip(" \t,"):
        match = _ITEM.match(body, at) or _WORDED.match(body, at)
        if match is None:
            return
        at = match.end()
        found = match.groupdict()
        if found.get("branch"):
            items.append(Output("current", (_bar(found["branch"]),), "device", line=line))
            continue
        if found.get("device"):
            letter = _LETTERS.get(found["letter"].lower())
            if letter is None:
                return
            items.append(Output(letter, (_bar(found["device"]),), "device", line=line))
            continue
        word = found["word"].lower()
        quantity, what = _WORDS.get(word) or (_LETTERS[word], "any")
        names = found["inside"].replace(",", " ").split()
        if not 1 <= len(names) <= 2 or not all(map(_NAME.match, names)):
            return
        if quantity == "current":
            what = "device"
        items.append(Output(quantity, tuple(map(_bar, names)), what, line=line))  # type: ignore[arg-type]
    yield from items


def _bar(name: str) -> str:
    return name.replace(".", "|")


def outputs(netlist: Netlist) -> tuple[Output, ...]:
    """What the deck prints, in its order; `.file` lines tell where.

    Raises:
        FormatError: a line asks for something that is no voltage, current or phase; file and line are named.
    """
    found: list[Output] = []
    file = ""
    for directive in netlist.directives:
        if directive.module:
            continue
        if directive.name == "file":
            file = directive.text.strip()
        elif directive.name in _PRINTS and (directive.text or directive.name != "save"):
            items = parse_output(directive.text, file=netlist.file, line=directive.line)
            found.extend(replace(item, file=file) for item in items)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Probe:
    """A name of an output, found in the hierarchy.

    Attributes:
        path: names of the instances that enclose it, outer first.
        module: module in which it stands.
        cell: the device, or -1 for a node.
        net: the node, or -1 for a device; ground is the net named `0`, -1 with `ground` where no such net exists.
        ground: whether the node is ground.
        instances: cell ids of the instances of `path`, each in the module that encloses it.
    """

    path: tuple[str, ...]
    module: str
    cell: int = -1
    net: int = -1
    ground: bool = False
    instances: tuple[int, ...] = field(default=(), compare=False)


class Resolver:
    """Finds the names of outputs in a netlist's hierarchy: `B1|X1` (inner first), `X1|B1` (outer first) or `X1_B1`.

    Args:
        netlist: the netlist, with its hierarchy.
    """

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self._indices: dict[str, tuple[dict[str, int], dict[str, int]]] = {}

    def probes(self, output: Output) -> tuple[Probe, ...]:
        """Where the names of an output stand, one probe a name.

        Raises:
            NetlistError: no device or node has that name, a current of a node, or a device and a node mixed.
        """
        probes = tuple(self._find(name, output) for name in output.names)
        if output.quantity == "current" and probes[0].cell < 0:
            raise self._missing(output, f"'{output.names[0]}' is a node, which has no current", "name a device")
        if len({probe.cell >= 0 for probe in probes}) > 1:
            raise self._missing(output, f"{output.label} mixes a device and a node", "name two nodes or two devices")
        return probes

    def _find(self, name: str, output: Output) -> Probe:
        parts = name.split("|")
        spellings = [(parts[0], parts[:0:-1])]
        if len(parts) > 1:
            # In a flattened netlist the path is the name.
            spellings += [(parts[-1], parts[:-1]), (".".join(reversed(parts)), []), (".".join(parts), [])]
        else:
            spellings.extend(self._underscored(name))
        for leaf, path in spellings:
            found = self._walk(path)
            if found is None:
                continue
            names, instances, module = found
            cells, nets = self._index(module)
            if output.what != "node":
                cell = cells.get(leaf.lower(), -1)
                if cell >= 0 and module.type_of(cell).kind is Kind.DEVICE:
                    return Probe(names, module.name, cell=cell, instances=instances)
            if output.what != "device":
                low = "0" if leaf.lower() == "gnd" else leaf.lower()
                net = nets.get(low, -1)
                if net >= 0 or low == "0":
                    return Probe(names, module.name, net=net, ground=low == "0", instances=instances)
        kind = {"device": "device", "node": "node", "any": "device or node"}[output.what]
        raise self._missing(output, f"no {kind} is named '{name}'", "within an instance X1 write B1.X1, as in P(B1.X1)")

    def _walk(self, path: list[str]) -> tuple[tuple[str, ...], tuple[int, ...], Module] | None:
        module = self.netlist.top_module
        names: list[str] = []
        cells: list[int] = []
        for step in path:
            cell = self._index(module)[0].get(step.lower(), -1)
            if cell < 0 or module.type_of(cell).name not in self.netlist.modules:
                return None
            names.append(module.cell_label(cell))
            cells.append(cell)
            module = self.netlist.modules[module.type_of(cell).name]
        return tuple(names), tuple(cells), module

    def _underscored(self, name: str) -> Iterator[tuple[str, list[str]]]:
        """JSIM's `X1_X2_B1`, outer first: each underscore after an instance's name is tried as a separator."""
        work: list[tuple[Module, int, list[str]]] = [(self.netlist.top_module, 0, [])]
        met: set[tuple[str, int]] = set()
        while work:
            module, begin, path = work.pop()
            if begin:
                yield name[begin:], path
            at = name.find("_", begin + 1)
            while at > 0:
                step = name[begin:at]
                cell = self._index(module)[0].get(step.lower(), -1)
                inner = module.type_of(cell).name if cell >= 0 else ""
                # The longest instance's name is tried first; a way that was gone once leads to nothing new.
                if inner in self.netlist.modules and (inner, at) not in met and at + 1 < len(name):
                    met.add((inner, at))
                    work.append((self.netlist.modules[inner], at + 1, [*path, step]))
                at = name.find("_", at + 1)

    def _index(self, module: Module) -> tuple[dict[str, int], dict[str, int]]:
        """Cells and nets of a module by lower-case name."""
        found = self._indices.get(module.name)
        if found is None:
            nets = module.net_labels()
            named = np.flatnonzero(module.net_name >= 0).tolist()
            found = self._indices[module.name] = (
                {label.lower(): cell for cell, label in enumerate(module.cell_labels())},
                {nets[net].lower(): net for net in named},
            )
        return found

    def _missing(self, output: Output, what: str, mend: str) -> NetlistError:
        return NetlistError(what, file=self.netlist.file or None, line=output.line, mend=mend)
