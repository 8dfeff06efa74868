"""Control lines of one simulator in the words of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hwdesign.errors import HwdesignError, UnsupportedError
from hwdesign.formats.spice.names import DeckNames, Flavour
from hwdesign.netlist.analyses import Transient, transient
from hwdesign.netlist.module import Module
from hwdesign.netlist.netlist import Directive, Netlist
from hwdesign.netlist.outputs import Output, Probe, Resolver, parse_output
from hwdesign.netlist.quantity import format_number as num
from hwdesign.netlist.waveforms import Waveform

JOSIM_CONTROLS = frozenset("tran print plot save temp neb spread file iv option options".split())
"""Control lines that JoSIM takes."""

_PRINTS = ("print", "plot", "save")
_ONLY_JOSIM = frozenset({"neb", "spread", "iv", "file"})
_JOSIM_WORDS = ("devv", "devi", "devp", "phase", "nodev", "nodep", "p(", "p (", "@")


def is_josim_netlist(netlist: Netlist) -> bool:
    """Whether a netlist speaks of what JoSIM alone has: junctions, phases, spreads."""
    used = {t.name for m in netlist.modules.values() for t in map(m.library.__getitem__, set(m.cell_type.tolist()))}
    if used & {"B", "P"} or any(model.kind == "jj" for model in netlist.models.values()):
        return True
    if any("samples" in module.params for module in netlist.modules.values()):
        return True
    return any(
        d.name in _ONLY_JOSIM or (d.name in _PRINTS and d.text.lower().lstrip().startswith(_JOSIM_WORDS))
        for d in netlist.directives
    )


class Controls:
    """Writes a netlist's control lines for one simulator.

    Args:
        netlist: the netlist, elaborated unless it is written for JoSIM.
        flavour: the simulator.
        names: as they are written.
    """

    def __init__(self, netlist: Netlist, flavour: Flavour, names: DeckNames) -> None:
        self.netlist = netlist
        self.flavour = flavour
        self.names = names
        self.resolver = Resolver(netlist)
        self.transient: Transient | None = None if flavour == "josim" else transient(netlist)

    def needs_current(self) -> bool:
        """Whether a printed variable is the current of a junction."""
        for directive in self.netlist.directives:
            if directive.name in _PRINTS and not directive.module and directive.text:
                for output in parse_output(directive.text, file=self.netlist.file, line=directive.line):
                    if output.quantity == "current":
                        probe = self.resolver.probes(output)[0]
                        if self.netlist.modules[probe.module].type_of(probe.cell).name == "B":
                            return True
        return False

    def lines(self) -> Iterator[str]:
        """The control lines of the top level.

        Raises:
            UnsupportedError: a line that the simulator does not have.
            HwdesignError: see `hwdesign.netlist.outputs` and `hwdesign.netlist.analyses`.
        """
        for directive in self.netlist.directives:
            if directive.module or directive.name in ("title", "param", "func"):
                continue
            yield from self._josim(directive) if self.flavour == "josim" else self._foreign(directive)

    # JoSIM

    def _josim(self, directive: Directive) -> Iterator[str]:
        if directive.name not in JOSIM_CONTROLS:
            raise self._refuse(directive, "JoSIM has no control line", f"it has: {' '.join(sorted(JOSIM_CONTROLS))}")
        text = directive.text
        if directive.name in _PRINTS and text:
            renamed = [self._renamed(item) for item in parse_output(text, file=self.netlist.file, line=directive.line)]
            if any(new is not None for new in renamed):
                old = parse_output(text)
                text = " ".join(new or item.label for new, item in zip(renamed, old, strict=True))
        yield f".{directive.name} {text}".rstrip()

    def _renamed(self, output: Output) -> str | None:
        """The output with its names as they are written; None where they are unchanged or not known."""
        try:
            probes = self.resolver.probes(output)
        except HwdesignError:
            return None
        names = [self._josim_name(probe) for probe in probes]
        if [name.lower() for name in names] == [name.lower() for name in output.names]:
            return None
        # A name within a subcircuit may be spelled in several ways; only a changed one is to be replaced.
        plain = [self._plain_name(probe) for probe in probes]
        if [name.lower() for name in names] == [name.lower() for name in plain]:
            return None
        return f"{output.label.partition('(')[0]}({','.join(names)})"

    def _josim_name(self, probe: Probe) -> str:
        module = self.netlist.modules[probe.module]
        return "|".join([self._leaf(module, probe), *reversed(self._path(probe))])

    def _plain_name(self, probe: Probe) -> str:
        module = self.netlist.modules[probe.module]
        leaf = (
            module.cell_label(probe.cell) if probe.cell >= 0 else "0" if probe.ground else module.net_label(probe.net)
        )
        return "|".join([leaf, *reversed(probe.path)])

    # Others

    def _foreign(self, directive: Directive) -> Iterator[str]:
        name = directive.name
        if name == "tran":
            if directive.line == (self.transient.line if self.transient else -1):
                yield self._tran()
            return
        if name in ("temp", "neb"):
            return  # taken up by the sources of noise
        if name in _PRINTS:
            if directive.text:
                for output in parse_output(directive.text, file=self.netlist.file, line=directive.line):
                    yield from self._print(output)
            return
        if name in _ONLY_JOSIM:
            yield f"* JoSIM's: .{name} {directive.text}"
            return
        yield f".{name} {directive.text}".rstrip()

    def _tran(self) -> str:
        t = self.transient
        assert t is not None
        return f".tran {num(t.print_step)} {num(t.stop)} {num(t.print_start)} {num(t.step)} uic"

    def _print(self, output: Output) -> Iterator[str]:
        probes = self.resolver.probes(output)
        vectors = self._vectors(output, probes)
        if vectors is None:
            yield f"* JoSIM's: .print {output.label}"
            return
        if self.flavour == "ngspice":
            for vector in vectors:
                yield f".save {vector}"
        yield f".print tran {'-'.join(vectors)}" if len(vectors) < 2 else f".print tran {self._difference(vectors)}"

    def _difference(self, vectors: list[str]) -> str:
        if all(v.startswith("v(") for v in vectors):
            return f"v({','.join(v[2:-1] for v in vectors)})"
        return "-".join(vectors)

    def _vectors(self, output: Output, probes: tuple[Probe, ...]) -> list[str] | None:
        """One vector, or two to be subtracted; None where the simulator has no such variable."""
        if output.quantity == "current":
            found = self._current(probes[0])
            return None if found is None or len(probes) > 1 else [found]
        if output.quantity == "phase":
            if len(probes) > 1 or not self._is_junction(probes[0]):
                return None
            probe = probes[0]
            module = self.netlist.modules[probe.module]
            return [self._node(self.names.phase(module, probe.cell), probe)]
        nodes: list[str] = []
        for probe in probes:
            module = self.netlist.modules[probe.module]
            if probe.cell < 0:
                nodes.append("" if probe.ground else self._node(self._leaf(module, probe), probe, module))
                continue
            pins = {role: net for role, net, _ in module.pins_of(probe.cell)}
            if len(probes) > 1 or "p" not in pins:
                return None
            nodes.extend(self._terminal(module, pins[role], probe) for role in ("p", "n"))
        kept = [node for node in nodes if node]
        if not kept:
            return None
        if not nodes[0]:  # 0 - v(a)
            return [f"0-{kept[0]}"] if self.flavour == "wrspice" else None
        return kept

    def _terminal(self, module: Module, net: int, probe: Probe) -> str:
        name = self.names.book(module).net(net)
        return "" if name.lower() in ("0", "gnd") else self._node(name, probe, module)

    def _is_junction(self, probe: Probe) -> bool:
        return probe.cell >= 0 and self.netlist.modules[probe.module].type_of(probe.cell).name == "B"

    def _leaf(self, module: Module, probe: Probe) -> str:
        if probe.cell >= 0:
            return self.names.book(module).cells()[probe.cell]
        return "0" if probe.ground else self.names.book(module).net(probe.net)

    def _path(self, probe: Probe) -> list[str]:
        """Written names of the enclosing instances, outer first."""
        module, found = self.netlist.top_module, []
        for cell in probe.instances:
            found.append(self.names.book(module).cells()[cell])
            module = self.netlist.modules[module.type_of(cell).name]
        return found

    def _node(self, name: str, probe: Probe, module: Module | None = None) -> str:
        """`v(...)` of a net within its instance; a port is the net that the instance connects."""
        instances = probe.instances
        if module is not None:
            name, instances = self._outward(name, instances, module)
        written = self._path(replace(probe, instances=instances))
        parts = [*written, name] if self.flavour == "ngspice" else [name, *reversed(written)]
        return f"v({'.'.join(parts)})"

    def _outward(self, name: str, instances: tuple[int, ...], module: Module) -> tuple[str, tuple[int, ...]]:
        """A port's net has no name of its own where it is used: follow it to the outermost net."""
        chain = [self.netlist.top_module]
        for cell in instances:
            chain.append(self.netlist.modules[chain[-1].type_of(cell).name])
        while instances:
            book = self.names.book(module)
            ports = [book.net(net) for net in module.port_net.tolist()]
            if name not in ports:
                break
            at, cell, outer = ports.index(name), instances[-1], chain[len(instances) - 1]
            span = range(int(outer.pin_ptr[cell]), int(outer.pin_ptr[cell + 1]))
            net = next(int(outer.pin_net[pin]) for pin in span if int(outer.pin_role[pin]) == at)
            name, instances, module = self.names.book(outer).net(net), instances[:-1], outer
        return name, instances

    def _current(self, probe: Probe) -> str | None:
        module = self.netlist.modules[probe.module]
        kind = module.type_of(probe.cell).name
        leaf, path = self._leaf(module, probe), self._path(probe)
        if self.flavour == "wrspice":
            return f"@{'.'.join([leaf, *reversed(path)])}[c]" if kind != "T" else None
        if kind == "B":
            return f"v.{'.'.join([*path, leaf])}.vi#branch"
        full = f"{leaf[0]}.{'.'.join([*path, leaf])}" if path else leaf
        if kind in ("L", "V", "E", "H"):
            return f"{full}#branch"
        return {"R": f"@{full}[i]", "C": f"@{full}[i]", "I": f"@{full}[current]"}.get(kind)

    def _refuse(self, directive: Directive, what: str, mend: str) -> UnsupportedError:
        return UnsupportedError(
            f"{what} '.{directive.name}'", file=self.netlist.file or None, line=directive.line, mend=mend
        )


def foreign_waveform(wave: Waveform, when: Transient | None, flavour: Flavour) -> str:
    """A transient function as ngspice or WRspice write it, with JoSIM's defaults filled in.

    Raises:
        UnsupportedError: the simulator has no such waveform.
    """
    if when is not None and wave.kind in ("pulse", "sin", "exp", "noise", "cus"):
        wave = wave.complete(when.step, when.stop)
    if wave.kind == "noise" and flavour == "ngspice":
        if len(wave.values) < 3:
            raise UnsupportedError("noise has no time step", mend="write noise(amplitude delay step)")
        if not wave.values[2] > 0:
            raise UnsupportedError("noise has a time step of zero", mend="write noise(amplitude delay step)")
        if wave.values[1]:
            raise UnsupportedError("ngspice's noise begins at time 0", mend="write noise with a delay of 0")
        return trnoise(wave.values[0], wave.values[2])
    if wave.kind == "cus":
        return _points(wave, when)
    if wave.kind in ("noise", "pws"):
        raise UnsupportedError(f"{flavour} has no source like '{wave.kind}'", mend="write the deck for JoSIM")
    return wave.text()


def trnoise(density: float, step: float) -> str:
    """ngspice's noise source like JoSIM's: Gaussian samples of density/√(2·step), a step apart, lines between them."""
    return f"trnoise({num(density / (2 * step) ** 0.5)} {num(step)} 0 0)"


def _points(wave: Waveform, when: Transient | None) -> str:
    step, scale, mode, delay, periodic = wave.values if len(wave.values) == 5 else (0.0,) * 5
    if not wave.samples or when is None:
        raise UnsupportedError(
            "the samples or the step of a 'cus' source are not known", mend="read it from its folder"
        )
    if mode == 2 or periodic:
        raise UnsupportedError("only JoSIM has cubic or periodic 'cus' sources", mend="write pwl")
    step = max(step, when.step)
    values = [scale * sample for sample in wave.samples]
    points: list[tuple[float, float]] = [(0.0, 0.0)]
    sharp = min(when.step, step) * 1e-3
    before = 0.0
    for at, value in enumerate(values):
        begin = delay + at * step
        if mode == 0:
            points += [(begin, before), (begin + sharp, value)]
        else:
            points.append((begin, before))
        before = value
    end = delay + len(values) * step
    points += [(end, before), (end + sharp, 0.0)]
    flat = [num(x) for k, point in enumerate(points) if k == 0 or point[0] > 0 for x in point]
    return f"pwl({' '.join(flat)})"
