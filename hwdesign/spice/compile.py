"""Decks and netlists to flat circuits."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import HwdesignError, LimitError, NetlistError, UnsupportedError
from hwdesign.formats import read
from hwdesign.netlist import devices
from hwdesign.netlist.analyses import noise_bandwidth, spread, temperature, transient
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.junctions import junction
from hwdesign.netlist.module import OPEN, Module
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.outputs import outputs
from hwdesign.netlist.types import Kind
from hwdesign.netlist.waveforms import Waveform, source_waveform
from hwdesign.spice.checks import check
from hwdesign.spice.circuit import FIELDS, GROUND, Circuit, Element
from hwdesign.spice.places import Places

MAX_ELEMENTS = 1 << 20

_EXTRAS: Mapping[str, frozenset[str]] = {
    "R": frozenset({"value", "temp", "neb", "spread"}),
    "L": frozenset({"value", "spread"}),
    "C": frozenset({"value", "spread"}),
    "K": frozenset({"value", "inductors"}),
    "B": frozenset({"model", "area", "ic", "temp", "neb", "spread"}),
    "T": frozenset({"z0", "td"}),
    "I": frozenset({"dc", "tran", "samples"}),
    "V": frozenset({"dc", "tran", "samples"}),
    "P": frozenset({"dc", "tran", "samples"}),
    "E": frozenset({"value"}),
    "G": frozenset({"value"}),
    "F": frozenset({"value", "control"}),
    "H": frozenset({"value", "control"}),
}
_VALUED = frozenset("RLCKEGFH")
_PRINTS = frozenset({"print", "plot", "save"})
_READ = frozenset({"title", "tran", "temp", "neb", "param", "func", "end", "endl", "probe", "width"}) | _PRINTS
_TOLD = frozenset(
    "print-expression line-tail defined-twice param-twice title-line skipped-control pwl-start no-samples "
    "ground-name".split()
)
"""Findings of the reader that bear on what is simulated."""
_ASIDE: Mapping[str, str] = {
    "iv": "is not drawn here: `hwdesign simulate iv` does",
    "file": "names a file that is not written: all variables go into one table",
    "spread": "is not drawn from: every element has its nominal value",
    "option": "has no effect here",
    "options": "has no effect here",
    "opt": "has no effect here",
    "csparam": "has no effect here",
}


def compile_deck(
    source: Netlist | str | Path, top: str | None = None, params: Mapping[str, float] | None = None
) -> Circuit:
    """The flat circuit of a deck.

    Args:
        source: a deck's path, or a netlist (elaborated or not).
        top: module to simulate; by default the deck's own top level.
        params: values for parameters of the top module or global ones.

    Raises:
        NetlistError: a floating node, a loop of elements that fix the voltage, a junction of no area, a missing model,
            a value that is no number. File and line of the element are named.
        UnsupportedError: an element that the embedded engine does not simulate.
        As `hwdesign.formats.read`.
    """
    netlist = source if isinstance(source, Netlist) else read(source)
    if top is not None:
        netlist = netlist.with_top(top)
    return _Compiler(elaborate(netlist, params)).run()


class _Compiler:
    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.temp = temperature(netlist)
        self.neb = noise_bandwidth(netlist)
        self.elements: list[Element] = []
        self.nodes: list[str] = []
        self.grounds = {name.lower() for name in netlist.global_nets if name.lower() in ("0", "gnd")} | {"0"}
        self.globals: dict[str, int] = {}
        self.coupled: dict[int, tuple[str, ...]] = {}
        self.positions: dict[str, int] = {}
        self.pins: dict[str, NDArray[np.int64]] = {}

    def run(self) -> Circuit:
        netlist = self.netlist
        self._refuse_large()
        # An explicit stack keeps the deck's order: an instance's elements stand where the instance does.
        work: list[tuple[Module, list[int], str, int]] = [
            (netlist.top_module, self._nets(netlist.top_module, {}, ""), "", 0)
        ]
        while work:
            module, nets, path, cell = work.pop()
            if cell >= module.num_cells:
                continue
            work.append((module, nets, path, cell + 1))
            cell_type = module.type_of(cell)
            pins = {role: net for role, net, _ in module.pins_of(cell)}
            if cell_type.kind is Kind.MODULE and cell_type.name in netlist.modules:
                child = netlist.modules[cell_type.name]
                inner = f"|{module.cell_label(cell).upper()}{path}"
                outer = {
                    port: nets[pins[name]]
                    for port, name in zip(child.port_net.tolist(), child.port_labels(), strict=True)
                    if pins.get(name, OPEN) != OPEN
                }
                work.append((child, self._nets(child, outer, inner), inner, 0))
            else:
                self._element(module, cell, nets, path)
        elements, nodes = _used(self._couple(), self.nodes)
        circuit = Circuit(
            elements, nodes, outputs(netlist), transient(netlist), self.temp, spread(netlist),
            netlist, netlist.file, self._directives(),
        )  # fmt: skip
        check(circuit)
        return _without_unknown(circuit)

    def _refuse_large(self) -> None:
        """Count elements and instances before any is unfolded: ten levels of ten instances each are short to write."""
        modules = self.netlist.modules
        sizes: dict[str, int] = {}
        opened: set[str] = set()
        work = [self.netlist.top]
        while work:
            name = work[-1]
            module = modules[name]
            counts = module.type_counts()
            missing = [child for child in counts if child in modules and child not in sizes]
            if missing and name in opened:
                raise NetlistError(f"module '{name}' contains itself", file=module.file or None)
            if missing:
                opened.add(name)
                work += missing
                continue
            sizes[name] = sum(number * (1 + sizes.get(child, 0)) for child, number in counts.items())
            work.pop()
        if sizes[self.netlist.top] > MAX_ELEMENTS:
            raise LimitError(
                f"the circuit has {sizes[self.netlist.top]:.3g} elements and instances, more than {MAX_ELEMENTS}",
                file=self.netlist.file or None, mend="take a smaller circuit, or simulate a part with --top",
            )  # fmt: skip

    def _directives(self) -> tuple[str, ...]:
        """Refuse control lines that ask for something else; notes on those that ask for nothing here.

        What the deck's reader left out or read in its own way comes first.
        """
        file = self.netlist.file
        found = [finding for finding in self.netlist.findings if finding.rule in _TOLD]
        notes = [f"{f.file}:{f.line}: {f.message}" if f.line else f.message for f in found]
        for directive in self.netlist.directives:
            name = directive.name
            if name in _READ or (directive.module and name in _PRINTS):
                continue
            where = f"{file}:{directive.line}: " if directive.line else ""
            if name in _ASIDE:
                notes.append(f"{where}'.{name} {directive.text}'".rstrip() + f" {_ASIDE[name]}")
                continue
            raise UnsupportedError(
                f"the embedded engine does not do '.{name}'", file=file or None, line=directive.line,
                mend="take the line away, or try another engine",
            )  # fmt: skip
        return tuple(notes)

    def _nets(self, module: Module, outer: Mapping[int, int], path: str) -> list[int]:
        """Circuit node of each net of one copy of a module."""
        labels = module.net_labels()
        shared = {name.lower() for name in self.netlist.global_nets}
        found: list[int] = []
        for net, label in enumerate(labels):
            low = label.lower()
            if net in outer:
                found.append(outer[net])
            elif low in self.grounds or low == "gnd":
                found.append(GROUND)
            elif net <= 1:
                found.append(GROUND)  # no device connects to a logic constant; see _element
            else:
                name = label.upper() + ("" if low in shared else path)
                at = self.globals.get(low) if low in shared else None
                if at is None:
                    at = len(self.nodes)
                    self.nodes.append(name)
                    if low in shared:
                        self.globals[low] = at
                found.append(at)
        return found

    def _element(self, module: Module, cell: int, nets: list[int], path: str) -> None:
        kind = module.type_of(cell).name
        label = module.cell_label(cell)
        file, line = module.file or self.netlist.file, int(module.cell_line[cell])

        def fail(what: str, mend: str = "", error: type[HwdesignError] = NetlistError) -> HwdesignError:
            return error(f"element '{label}': {what}", file=file or None, line=line, mend=mend)

        params = module.params_of(cell)
        pins = module.pins_of(cell)
        if module.type_of(cell).kind is Kind.BLACKBOX:
            raise fail(f"subcircuit '{kind}' is not defined", "add its .subckt, or include its file")
        if kind not in FIELDS or module.type_of(cell).kind is not Kind.DEVICE:
            known = " ".join(sorted(FIELDS))
            raise fail(f"the embedded engine has no '{kind}'", f"it has: {known}; try another engine", UnsupportedError)
        if any(0 <= net <= 1 for _, net, _ in pins):
            raise fail("it is tied to a logic constant", "", UnsupportedError)
        for key in params:
            if key not in _EXTRAS[kind] and not key.startswith("@"):
                raise fail(f"parameter '{key}' has no meaning here", "", UnsupportedError)
        if kind in "EG" and len(pins) != 4:
            raise fail("an expression over node voltages is not simulated", "try another engine", UnsupportedError)
        numbers: dict[str, float] = {}
        for key, value in params.items():
            if key in devices.TEXT_PARAMETERS or key.startswith("@"):
                continue
            if isinstance(value, str):
                raise fail(f"its {key} '{value[:40]}' is no number", "", UnsupportedError)
            numbers[key] = value
        if kind == "B" and len(pins) > 2:
            # WRspice's phase node; JoSIM reads over it, which is right where nothing else connects to it.
            phase = pins.pop()[1]
            if phase != OPEN and nets[phase] != GROUND and not self._alone(module, phase):
                raise fail(
                    "a junction's phase node is not simulated, and something else connects to it",
                    "print its phase instead", UnsupportedError,
                )  # fmt: skip
        for key in ("neb", "spread"):
            if numbers.get(key, 0.0) < 0:
                raise fail(f"its {key} is negative: {numbers[key]:g}", "give zero or more")
        if kind in _VALUED and "value" not in numbers:
            raise fail("it has no value", f"write {label} node node value")
        temp = numbers.get("temp", self.temp) if kind in "RB" else None
        element = Element(
            label.upper() + path, kind, tuple(nets[net] if net != OPEN else GROUND for _, net, _ in pins),
            numbers.get("value", 0.0), file, line, temp=temp,
            neb=numbers.get("neb", self.neb) if kind in "RB" else None, spread=numbers.get("spread"),
        )  # fmt: skip
        if kind in "IVP":
            wave = source_waveform(module, cell)
            if "tran" in params and params.get("dc"):
                raise fail("it has a constant value and a transient function", "keep one of them", UnsupportedError)
            element = replace(element, waveform=wave, value=extreme(wave))
        elif kind == "B":
            found = junction(self.netlist, module, cell, temp=self.temp, neb=self.neb)
            element = replace(element, junction=found, value=found.area)
        elif kind == "T":
            if not numbers.get("z0", 50.0) > 0 or not numbers.get("td", 0.0) > 0:
                raise fail("a transmission line needs a positive z0 and td", "write z0=50 td=1p")
            element = replace(element, value=numbers.get("z0", 50.0), delay=numbers["td"])
        elif kind == "K":
            self.coupled[len(self.elements)] = tuple(f"{n.upper()}{path}" for n in str(params["inductors"]).split())
        elif kind in "FH" and "control" in params:
            self.coupled[len(self.elements)] = (f"{str(params['control']).upper()}{path}",)
        elif kind == "R" and element.value < 0 and temp:
            raise fail("a negative resistance makes no noise", "take its temp away")
        elif kind == "C" and element.value < 0:
            raise fail("its capacitance is negative", "give zero or more")
        self.positions[element.name] = len(self.elements)
        self.elements.append(element)

    def _alone(self, module: Module, net: int) -> bool:
        """Whether a net is neither a port, global, nor on more than one pin."""
        if module.name not in self.pins:
            used = module.pin_net[module.pin_net != OPEN]
            self.pins[module.name] = np.bincount(used, minlength=module.num_nets)
            self.pins[module.name][module.port_net] += 1
        shared = module.net_label(net).lower() in {name.lower() for name in self.netlist.global_nets}
        return int(self.pins[module.name][net]) < 2 and not shared

    def _couple(self) -> list[Element]:
        """The elements, with the positions of those that others name."""
        pairs: dict[frozenset[int], str] = {}
        for at, names in self.coupled.items():
            element = self.elements[at]
            others = tuple(self.positions.get(name, -1) for name in names)
            wanted = "L" if element.kind == "K" else "V"
            for name, other in zip(names, others, strict=True):
                if other < 0 or self.elements[other].kind != wanted:
                    what = "inductor" if wanted == "L" else "voltage source"
                    raise element.error(f"element '{element.name}': no {what} is named '{name}'")
            if element.kind == "K" and not abs(element.value) <= 1:
                raise element.error(
                    f"element '{element.name}': a coupling factor of {element.value:g} is larger than 1",
                    "it lies between -1 and 1",
                )
            for pair in itertools.combinations(others if element.kind == "K" else (), 2):
                first = pairs.setdefault(frozenset(pair), element.name)
                if first != element.name or pair[0] == pair[1]:
                    one, two = (self.elements[other].name for other in pair)
                    what = (
                        f"couples '{one}' to itself" if one == two else f"couples '{one}' and '{two}' after '{first}'"
                    )
                    raise element.error(f"element '{element.name}' {what}", "write one coupling for a pair")
            self.elements[at] = replace(element, others=others)
        return self.elements


def _without_unknown(circuit: Circuit) -> Circuit:
    """The circuit without the outputs that name nothing in it, each with a note, as JoSIM goes on without them.

    Where that would leave none, they stay, to be refused when they are asked for.
    """
    finder = Places(circuit)
    kept, notes = [], []
    for output in circuit.outputs:
        try:
            finder.place(output)
            kept.append(output)
        except NetlistError as error:
            where = f"{error.file}:{error.line}: " if error.line else ""
            notes.append(f"{where}{error.what}; as in JoSIM, it is not printed")
    return replace(circuit, outputs=tuple(kept), notes=(*circuit.notes, *notes)) if kept and notes else circuit


def _used(elements: list[Element], nodes: list[str]) -> tuple[tuple[Element, ...], tuple[str, ...]]:
    """The elements over those nodes alone that one of them connects to."""
    used = sorted({node for element in elements for node in element.nodes} - {GROUND})
    if len(used) == len(nodes):
        return tuple(elements), tuple(nodes)
    new = {node: at for at, node in enumerate(used)} | {GROUND: GROUND}
    renamed = (replace(element, nodes=tuple(new[node] for node in element.nodes)) for element in elements)
    return tuple(renamed), tuple(nodes[node] for node in used)


def extreme(wave: Waveform) -> float:
    """The value of the largest size among those that a waveform's arguments name: what a batch sets of a source."""
    match wave.kind:
        case "pwl" | "pws":
            values: tuple[float, ...] = wave.values[1::2]
        case "sin":
            values = (wave.values[0] or wave.values[1],)
        case "noise":
            values = wave.values[:1]
        case "cus":
            scale = wave.values[1] if len(wave.values) > 1 else 1.0
            values = tuple(scale * sample for sample in wave.samples)
        case _:
            values = wave.values[:2] if wave.kind in ("pulse", "exp") else wave.values[:1]
    return max(values, key=abs, default=0.0)
