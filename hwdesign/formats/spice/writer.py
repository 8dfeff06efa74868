"""Netlists to SPICE decks of ngspice's or JoSIM's flavour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from hwdesign.errors import HwdesignError, UnsupportedError
from hwdesign.files import write_text
from hwdesign.formats.spice.names import ModuleNames, legal, unique
from hwdesign.formats.spice.texts import Texts
from hwdesign.netlist import devices
from hwdesign.netlist.module import INVERTED, Module
from hwdesign.netlist.netlist import Directive, Model, Netlist
from hwdesign.netlist.parameters import definitions
from hwdesign.netlist.types import CellType, Kind

Dialect = Literal["auto", "ngspice", "josim"]

JOSIM_DEVICES = frozenset("R C L B V I P K T E F G H".split())
"""Devices that JoSIM simulates."""

_WIDTH = 100
_LEADING = ("value", "model", "dc", "ac", "acphase", "tran", "control", "inductors", "quantity")


def write_spice(netlist: Netlist, path: str | Path, *, dialect: Dialect = "auto") -> None:
    """Write a netlist as a SPICE deck, whole or not at all.

    Raises:
        UnsupportedError: see `spice_text`.
        FileError: the file cannot be written.
    """
    write_text(path, spice_text(netlist, dialect=dialect))


def spice_text(netlist: Netlist, *, dialect: Dialect = "auto") -> str:
    """A netlist as a SPICE deck.

    A top module without ports becomes the deck's top level; every other module is a `.subckt`. Names that SPICE cannot
    hold (spaces, brackets, `=`, names that differ in case alone) are changed to ones that it can; an element whose name
    does not begin with its letter gets it before its name. Gates and black boxes become instances of their type's name.

    Args:
        netlist: the netlist.
        dialect: `auto` writes JoSIM's where there is a Josephson junction or a phase source, else ngspice's.

    Raises:
        UnsupportedError: logic constants or inverted pins, or something that the dialect cannot hold.
    """
    if dialect == "auto":
        used = {t.name for m in netlist.modules.values() for t in map(m.library.__getitem__, set(m.cell_type.tolist()))}
        dialect = "josim" if used & {"B", "P"} else "ngspice"
    return _Writer(netlist, dialect == "josim").text()


def fold(items: list[str]) -> str:
    """One statement, continued with `+` where it is longer than a line."""
    words: list[str] = []
    for item in items:
        words.extend([item] if '"' in item or len(item) < _WIDTH else item.split(" "))
    lines: list[str] = []
    current = ""
    for word in words:
        if current and len(current) + 1 + len(word) > _WIDTH:
            lines.append(current)
            current = "+ " + word
        else:
            current = f"{current} {word}" if current else word
    lines.append(current)
    return "\n".join(lines)


class _Writer:
    def __init__(self, netlist: Netlist, josim: bool) -> None:
        self.netlist = netlist
        self.josim = josim
        self.texts = Texts(josim)
        taken: set[str] = set()
        self.modules = {name: unique(legal(name), taken) for name in netlist.modules}
        self.globals = {name.lower(): name for name in netlist.global_nets}
        self.global_names = set(definitions(netlist))

    def text(self) -> str:
        netlist = self.netlist
        # ngspice takes the first line for the title whatever it is.
        title = next((d.text for d in netlist.directives if d.name == "title"), "")
        out = [f"* {' '.join(title.splitlines())}".rstrip()]
        rails = [name for name in netlist.global_nets if name != "0"]
        if rails:
            if self.josim:
                raise self._unsupported("JoSIM has no global nets", "connect them through ports")
            out.append(fold([".global", *map(legal, rails)]))
        out.extend(self._definitions("", self.global_names))
        main = netlist.top_module if netlist.top_module.num_ports == 0 else None
        for module in netlist.modules.values():
            if module is not main:
                out.extend(self._subckt(module))
        if main is not None:
            out.extend(self._cells(main, self.global_names))
        out.extend(self._kept(""))
        out.append(".end")
        return "\n".join(out) + "\n"

    def _unsupported(self, what: str, mend: str) -> UnsupportedError:
        return UnsupportedError(what, file=self.netlist.file or None, mend=mend)

    # Definitions

    def _definitions(self, module: str, scope: set[str]) -> Iterator[str]:
        """`.param`, `.func` and `.model` lines of the deck or of one module."""
        for directive in self.netlist.directives:
            if directive.module != module:
                continue
            if directive.name == "param":
                name, _, text = directive.text.partition("=")
                yield f".param {name}={self.texts.definition(text, scope)}"
            elif directive.name == "func":
                if self.josim:
                    raise self._unsupported("JoSIM has no .func", "elaborate the netlist before writing it")
                head, _, body = directive.text.partition("=")
                yield f".func {head} {{{body}}}"
        for model in self.netlist.models.values():
            if model.scope == module:
                yield self._model(model, scope)

    def _model(self, model: Model, scope: set[str]) -> str:
        items = [self.texts.card_value(key, value, scope) for key, value in model.params.items()]
        joined = [item + "," for item in items[:-1]] + items[-1:] if self.josim else items
        if not joined:
            return f".model {model.name} {model.kind}"
        return fold([".model", model.name, f"{model.kind}({joined[0]}", *joined[1:]]) + ")"

    def _kept(self, module: str) -> Iterator[str]:
        for directive in self.netlist.directives:
            if directive.module == module and directive.name not in ("title", "param", "func"):
                yield fold([f".{directive.name}", *_words(directive)])

    def _subckt(self, module: Module) -> Iterator[str]:
        if module.parameters and self.josim:
            raise self._unsupported(
                f"JoSIM has no parameters of subcircuits, but module '{module.name}' has some",
                "elaborate the netlist before writing it",
            )
        names = ModuleNames(module, self.globals)
        formals = [f"{key}={self.texts.value(value, self.global_names)}" for key, value in module.parameters.items()]
        ports = [names.net(int(net)) for net in module.port_net.tolist()]
        twice = next((port for at, port in enumerate(ports) if port in ports[:at]), None)
        if twice is not None:
            raise self._unsupported(
                f"two ports of module '{module.name}' are one net '{twice}'", "put a zero-volt source between them"
            )
        yield fold([".subckt", self.modules[module.name], *ports, *formals])
        scope = self.global_names | set(definitions(self.netlist, module.name))
        scope |= {key.lower() for key in module.parameters}
        yield from self._definitions(module.name, scope)
        yield from self._cells(module, scope, names)
        yield from self._kept(module.name)
        yield f".ends {self.modules[module.name]}"

    # Elements

    def _cells(self, module: Module, scope: set[str], names: ModuleNames | None = None) -> Iterator[str]:
        names = ModuleNames(module, self.globals) if names is None else names
        if (module.pin_flags & INVERTED).any():
            raise self._unsupported(f"module '{module.name}' has inverted pins", "map it to gates first")
        params = cell_params(module)
        ptr, nets, roles = module.pin_ptr.tolist(), module.pin_net.tolist(), module.pin_role.tolist()
        types = module.cell_type.tolist()
        labels = names.cells()
        for cell in range(module.num_cells):
            cell_type = module.library[types[cell]]
            pins = {roles[at]: nets[at] for at in range(ptr[cell], ptr[cell + 1])}
            own = params.get(cell, {})
            least = devices.least_pins(cell_type)
            count = max([least, *(role + 1 for role in pins)]) if pins else least
            nodes = [names.net(pins.get(role, -1)) for role in range(count)]
            if cell_type.kind is Kind.DEVICE and cell_type.name in devices.DEVICES:
                items = self._device(cell_type, labels[cell], nodes, own, scope)
            else:
                items = self._instance(cell_type, labels[cell], nodes, own, scope)
            yield fold(items)

    def _instance(
        self, cell_type: CellType, name: str, nodes: list[str], params: dict[str, float | str], scope: set[str]
    ) -> list[str]:
        known = cell_type.kind is Kind.MODULE and cell_type.name in self.modules
        sub = self.modules[cell_type.name] if known else legal(cell_type.name)
        named = [self.texts.pair(key, value, scope) for key, value in params.items() if key[0] != "@"]
        # JSIM's order, which JoSIM takes by default, has the subcircuit before the nodes.
        return [name, sub, *nodes, *named] if self.josim and known else [name, *nodes, sub, *named]

    def _device(
        self, cell_type: CellType, name: str, nodes: list[str], params: dict[str, float | str], scope: set[str]
    ) -> list[str]:
        kind = cell_type.name
        if self.josim and kind not in JOSIM_DEVICES:
            raise self._unsupported(f"JoSIM has no device like '{name}'", "write it in ngspice's dialect")
        if not self.josim and kind in ("B", "P"):
            raise self._unsupported(f"ngspice has no device like '{name}'", "write it in JoSIM's dialect")
        try:
            middle = self._middle(kind, nodes, params, scope)
        except HwdesignError as error:
            raise self._unsupported(f"element '{name}': {error.what}", error.mend) from error
        rest = [
            self.texts.pair(key, value, scope) for key, value in params.items() if key not in _LEADING and key[0] != "@"
        ]
        return [name, *middle, *rest]

    def _middle(self, kind: str, nodes: list[str], params: dict[str, float | str], scope: set[str]) -> list[str]:
        """Nodes, then the values and names that stand without a key."""
        value = [self.texts.value(params["value"], scope)] if "value" in params else []
        model = [legal(str(params["model"]))] if "model" in params else []
        match kind:
            case "V" | "I" | "P":
                small = [self.texts.value(params[key], scope) for key in ("ac", "acphase") if key in params]
                return [
                    *nodes,
                    *(["dc", self.texts.value(params["dc"], scope)] if "dc" in params else []),
                    *(["ac", *small] if small else []),
                    *([self.texts.transient(str(params["tran"]), scope)] if "tran" in params else []),
                ]
            case "K":
                return [*str(params.get("inductors", "")).split(), *value]
            case "BSRC":
                return [*nodes, f"{params.get('quantity', 'v')}={self.texts.free(params.get('value', 0.0))}"]
            case "E" | "G" if len(nodes) == 2:
                key = "vol" if kind == "E" else "cur"
                return [*nodes, f"{key}='{self.texts.free(params.get('value', 0.0))}'"]
            case "F" | "H":
                return [*nodes, *([str(params["control"])] if "control" in params else []), *value]
            case "W":
                return [*nodes, str(params.get("control", "")), *model]
            case _:
                return [*nodes, *value, *model]


def cell_params(module: Module) -> dict[int, dict[str, float | str]]:
    """Parameters of each cell that has some, in the order of the side tables."""
    found: dict[int, dict[str, float | str]] = {}
    for key, table in module.params.items():
        texts = module.names.decode(table.text)
        rows = zip(table.cell.tolist(), table.number.tolist(), table.text.tolist(), texts, strict=True)
        for cell, number, at, text in rows:
            found.setdefault(cell, {})[key] = number if at < 0 else text
    return found


def _words(directive: Directive) -> list[str]:
    return [directive.text] if directive.text else []
