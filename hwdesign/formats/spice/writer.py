"""Netlists to SPICE decks of ngspice's, JoSIM's or WRspice's flavour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from hwdesign.errors import FileError, HwdesignError, UnsupportedError
from hwdesign.files import read_input, write_text
from hwdesign.formats.spice.controls import Controls, is_josim_netlist
from hwdesign.formats.spice.foreign import Foreign
from hwdesign.formats.spice.names import SIMULATORS, DeckNames, Flavour, legal, unique
from hwdesign.formats.spice.texts import Texts, fold, fold_line
from hwdesign.netlist import devices
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.module import INVERTED, Module
from hwdesign.netlist.netlist import Model, Netlist
from hwdesign.netlist.parameters import definitions
from hwdesign.netlist.types import CellType, Kind

Dialect = Literal["auto", "ngspice", "josim", "wrspice"]

JOSIM_DEVICES = frozenset("R C L B V I P K T E F G H".split())
"""Devices that JoSIM simulates."""

JOSIM_CARD = frozenset("rtype vg vgap ic icrit rn r0 cap c t tc delv d icfct icfact phi cpr".split())
"""Parameters of JoSIM's junction cards."""

WRSPICE_DEVICES = frozenset("R C L B V I K T E F G H D Q J M".split())
"""Devices that are written for WRspice."""

_LEADING = ("value", "model", "dc", "ac", "acphase", "tran", "samples", "control", "inductors", "quantity")


def write_spice(netlist: Netlist, path: str | Path, *, dialect: Dialect = "auto") -> None:
    """Write a netlist as a SPICE deck, whole or not at all.

    The files of custom waveforms (`cus`) are written beside it for JoSIM, where they are not there yet.

    Raises:
        UnsupportedError: see `spice_text`.
        FileError: the file cannot be written, or a waveform's file with other samples is in the way.
    """
    text = spice_text(netlist, dialect=dialect)
    if _flavour(netlist, dialect) == "josim":
        _write_samples(netlist, Path(path).parent)
    write_text(path, text)


def spice_text(netlist: Netlist, *, dialect: Dialect = "auto") -> str:
    """A netlist as a SPICE deck.

    A top module without ports becomes the deck's top level; every other module is a `.subckt`. Names that SPICE cannot
    hold (spaces, brackets, `=`, names that differ in case alone) are changed to ones that it can; an element whose name
    does not begin with its letter gets it before its name. Gates and black boxes become instances of their type's name.

    A netlist with junctions or other things of JoSIM's is elaborated before it is written for ngspice or WRspice, and
    its control lines are translated: `.tran` in their order and from initial conditions, printed variables as their
    vectors, thermal noise as `trnoise` sources (ngspice), what they lack (`.spread`, `.iv`, `.file`, phases of nodes)
    as comments. For ngspice a junction is an instance of a subcircuit with a phase node; see
    `hwdesign.formats.spice.josephson`.

    Args:
        netlist: the netlist.
        dialect: `auto` writes JoSIM's where there is a Josephson junction, a phase or a spread, else ngspice's.

    Raises:
        UnsupportedError: logic constants or inverted pins, or something that the dialect cannot hold.
    """
    flavour = _flavour(netlist, dialect)
    foreign = flavour == "wrspice" or (flavour == "ngspice" and is_josim_netlist(netlist))
    return _Writer(elaborate(netlist) if foreign else netlist, flavour, foreign).text()


def _flavour(netlist: Netlist, dialect: Dialect) -> Flavour:
    if dialect == "auto":
        return "josim" if is_josim_netlist(netlist) else "ngspice"
    return dialect


def _write_samples(netlist: Netlist, folder: Path) -> None:
    for module in netlist.modules.values():
        for params in cell_params(module).values():
            samples, tran = params.get("samples"), params.get("tran")
            if not isinstance(samples, str) or not isinstance(tran, str):
                continue
            name = tran.partition("(")[2].split()[0].rstrip(")")
            path = folder / name
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise UnsupportedError(f"the waveform's file '{name}' lies outside the deck's folder", mend="rename it")
            if path.exists():
                held = read_input(path, limit=1 << 28).decode("utf-8", "replace")
                if held.split() != samples.split():
                    raise FileError("another file stands in the way of a custom waveform", file=path, mend="move it")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_text(path, samples + "\n")


class _Writer:
    def __init__(self, netlist: Netlist, flavour: Flavour, foreign: bool) -> None:
        self.netlist = netlist
        self.flavour = flavour
        self.josim = flavour == "josim"
        self.texts = Texts(self.josim)
        taken: set[str] = set()
        self.modules = {name: unique(legal(name, flavour), taken) for name in netlist.modules}
        self._cells_of: dict[str, dict[str, int]] = {}
        self.global_names = set(definitions(netlist))
        self.names = DeckNames(netlist, flavour)
        self.controls = Controls(netlist, flavour, self.names) if self.josim or foreign else None
        self.foreign = (
            Foreign(netlist, flavour, self.names, self.controls, taken) if foreign and self.controls else None
        )

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
                yield from self._model(model, scope)

    def _model(self, model: Model, scope: set[str]) -> Iterator[str]:
        if model.kind == "jj" and self.foreign is not None:
            yield from self.foreign.card(model)
            return
        if self.josim and model.kind == "jj":
            wrong = next((key for key in model.params if key.lower() not in JOSIM_CARD), None)
            if wrong is not None:
                raise self._unsupported(
                    f"JoSIM's junctions have no parameter '{wrong}', as model '{model.name}' has", "remove it"
                )
        items = [self.texts.card_value(key, value, scope) for key, value in model.params.items()]
        joined = [item + "," for item in items[:-1]] + items[-1:] if self.josim else items
        if not joined:
            yield f".model {model.name} {model.kind}"
            return
        yield fold([".model", model.name, f"{model.kind}({joined[0]}", *joined[1:]]) + ")"

    def _kept(self, module: str) -> Iterator[str]:
        if self.controls is not None and not module:
            yield from map(fold_line, self.controls.lines())
            if self.foreign is not None:
                yield from self.foreign.options()
            return
        for directive in self.netlist.directives:
            if directive.module == module and directive.name not in ("title", "param", "func"):
                if self.controls is not None:
                    raise self._unsupported(f"'.{directive.name}' stands in module '{module}'", "move it to the top")
                yield fold([f".{directive.name}", *([directive.text] if directive.text else [])])

    def _subckt(self, module: Module) -> Iterator[str]:
        if module.parameters and self.josim:
            raise self._unsupported(
                f"JoSIM has no parameters of subcircuits, but module '{module.name}' has some",
                "elaborate the netlist before writing it",
            )
        names = self.names.book(module)
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
        yield from self._cells(module, scope)
        yield from self._kept(module.name)
        yield f".ends {self.modules[module.name]}"

    # Elements

    def _cells(self, module: Module, scope: set[str]) -> Iterator[str]:
        names = self.names.book(module)
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
                if self.foreign is not None:
                    if cell_type.name == "B":
                        yield from self.foreign.junction(module, cell, labels[cell], nodes)
                        continue
                    own, extra = self.foreign.element(module, cell, labels[cell], nodes, own)
                    yield from extra
                for key in ("control", "inductors"):
                    if key in own:
                        written = [self._element_name(module, name, labels) for name in str(own[key]).split()]
                        own = {**own, key: " ".join(written)}
                items = self._device(cell_type, labels[cell], nodes, own, scope)
            else:
                items = self._instance(cell_type, labels[cell], nodes, own, scope)
            yield fold(items)

    def _element_name(self, module: Module, name: str, labels: list[str]) -> str:
        """An element that another one names, as it is written; `L1|X1` stands in an instance."""
        leaf, *path = name.split("|")
        written: list[str] = []
        for step in reversed(path):
            if not self.josim:
                raise self._unsupported(
                    f"'{name}' stands in a subcircuit, which only JoSIM reaches into", "flatten the netlist first"
                )
            cell = self._cell_of(module, step)
            if cell < 0 or module.type_of(cell).name not in self.netlist.modules:
                return name
            written.insert(0, labels[cell])
            module = self.netlist.modules[module.type_of(cell).name]
            labels = self.names.book(module).cells()
        cell = self._cell_of(module, leaf)
        return "|".join([labels[cell] if cell >= 0 else leaf, *written])

    def _cell_of(self, module: Module, name: str) -> int:
        if module.name not in self._cells_of:
            self._cells_of[module.name] = {label.lower(): cell for cell, label in enumerate(module.cell_labels())}
        return self._cells_of[module.name].get(name.lower(), -1)

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
        if self.flavour == "wrspice" and (kind not in WRSPICE_DEVICES or (kind in ("E", "G") and len(nodes) < 4)):
            raise self._unsupported(f"a device like '{name}' is not written for WRspice", "write it in another dialect")
        if not self.josim and kind == "P":
            raise self._unsupported(
                f"{SIMULATORS[self.flavour]} has no phase source like '{name}'", "write it in JoSIM's dialect"
            )
        if not self.josim and kind in ("F", "H") and len(nodes) == 4:
            raise self._unsupported(
                f"{SIMULATORS[self.flavour]} has no source like '{name}', controlled by the current between two nodes",
                "put a zero-volt source there and name it",
            )
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
