"""Netlists to Spectre's own language (`simulator lang=spectre`). Source: Spectre Circuit Simulator Reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from pathlib import Path

from hwdesign.errors import UnsupportedError
from hwdesign.files import write_text
from hwdesign.formats.spice.names import ModuleNames, legal
from hwdesign.formats.spice.writer import cell_params
from hwdesign.netlist import devices
from hwdesign.netlist.expressions import CONSTANTS, parse_expression, substitute
from hwdesign.netlist.module import INVERTED, Module
from hwdesign.netlist.netlist import Model, Netlist
from hwdesign.netlist.parameters import definitions, functions
from hwdesign.netlist.quantity import format_number, parse_number
from hwdesign.netlist.types import CellType, Kind

_WIDTH = 100
_NOT_WORD = re.compile(r"(\W)")

# SPICE level of a MOSFET card to Spectre's model.
_MOS_LEVELS = {1: "mos1", 2: "mos2", 3: "mos3", 8: "bsim3v3", 49: "bsim3v3", 53: "bsim3v3", 14: "bsim4", 54: "bsim4"}
_KINDS = {
    "d": ("diode", ""), "npn": ("bjt", "npn"), "pnp": ("bjt", "pnp"), "njf": ("jfet", "n"), "pjf": ("jfet", "p"),
    "r": ("resistor", ""), "res": ("resistor", ""), "c": ("capacitor", ""), "l": ("inductor", ""),
}  # fmt: skip
_MAIN = {
    "R": ("resistor", "r"), "C": ("capacitor", "c"), "L": ("inductor", "l"), "E": ("vcvs", "gain"),
    "G": ("vccs", "gm"), "F": ("cccs", "gain"), "H": ("ccvs", "rm"), "T": ("tline", ""), "K": ("mutual_inductor", ""),
}  # fmt: skip
_WAVES = {
    "pulse": ("pulse", "val0 val1 delay rise fall width period"),
    "sin": ("sine", "sinedc ampl freq delay damp sinephase"),
    "exp": ("exp", "val0 val1 td1 tau1 td2 tau2"),
}
_SAME = frozenset(
    "sqrt exp log log10 abs sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh pow min max floor ceil int "
    "atan2 hypot".split()
)
_RENAMED = {"ln": "log", "arctan": "atan"}


def write_spectre(netlist: Netlist, path: str | Path) -> None:
    """Write a netlist in Spectre's language, whole or not at all.

    Raises:
        UnsupportedError: see `spectre_text`.
        FileError: the file cannot be written.
    """
    write_text(path, spectre_text(netlist))


def spectre_text(netlist: Netlist) -> str:
    """A netlist in Spectre's language. A top module without ports becomes the top level, every other a `subckt`.

    Names keep their spelling; what is no letter, digit or underscore is escaped. Analyses and other control lines stand
    as comments, since Spectre's differ.

    Raises:
        UnsupportedError: logic constants, inverted pins, or a device, model or function that Spectre lacks.
    """
    return _Writer(netlist).text()


def _escape(name: str) -> str:
    return _NOT_WORD.sub(r"\\\1", legal(name))


def _fold(items: list[str]) -> str:
    """One statement; a `\\` at the end of a line continues it."""
    words = [word for item in items for word in ([item] if len(item) < _WIDTH else item.split(" "))]
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines[-1] += " \\"
            lines.append("    " + word)
        else:
            lines[-1] += " " + word
    return "\n".join(lines)


class _Writer:
    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.globals = {name.lower(): name for name in netlist.global_nets}
        self.global_names = set(definitions(netlist))

    def text(self) -> str:
        netlist = self.netlist
        if functions(netlist) or any(d.name == "func" for d in netlist.directives):
            raise self._unsupported("user-defined functions are not written", "elaborate the netlist first")
        title = next((d.text for d in netlist.directives if d.name == "title"), netlist.top)
        out = [f"// {' '.join(title.split())}", "simulator lang=spectre"]
        rails = [name for name in netlist.global_nets if name != "0"]
        out.append(_fold(["global", "0", *map(_escape, rails)]))
        out.extend(self._definitions("", self.global_names))
        main = netlist.top_module if netlist.top_module.num_ports == 0 else None
        for module in netlist.modules.values():
            if module is not main:
                out.extend(self._subckt(module))
        if main is not None:
            out.extend(self._cells(main, self.global_names, ModuleNames(main, self.globals)))
        kept = (d for d in netlist.directives if d.name not in ("title", "param", "func"))
        out.extend(f"// .{d.name} {' '.join(d.text.split())}".rstrip() for d in kept)
        return "\n".join(out) + "\n"

    def _unsupported(self, what: str, mend: str) -> UnsupportedError:
        return UnsupportedError(what, file=self.netlist.file or None, mend=mend)

    def _value(self, value: float | str, scope: Set[str]) -> str:
        if not isinstance(value, str):
            return format_number(value)
        number = parse_number(value)
        if number is not None:
            return format_number(number)
        if value[:1] == '"':
            return value
        # Spectre minds case and SPICE does not: parameters are written in lower case.
        value = value.lower()
        for call in parse_expression(value).calls:
            if call not in _SAME and call not in _RENAMED:
                raise self._unsupported(f"Spectre has no function '{call}'", "elaborate the netlist first")
        plain = substitute(value, {name: v for name, v in CONSTANTS.items() if name not in scope})
        for ours, theirs in _RENAMED.items():
            plain = re.sub(rf"\b{ours}\(", f"{theirs}(", plain)
        return plain.replace("^", "**")

    def _definitions(self, module: str, scope: Set[str]) -> Iterator[str]:
        for directive in self.netlist.directives:
            if directive.name == "param" and directive.module == module:
                name, _, text = directive.text.partition("=")
                yield _fold(["parameters", f"{_escape(name.lower())}={self._value(text, scope)}"])
        for model in self.netlist.models.values():
            if model.scope == module:
                yield self._model(model, scope)

    def _model(self, model: Model, scope: Set[str]) -> str:
        params = dict(model.params)
        if model.kind in ("nmos", "pmos"):
            level = params.pop("level", 1.0)
            master = _MOS_LEVELS.get(int(level)) if isinstance(level, float | int) else None
            kind = model.kind[0]
        else:
            master, kind = _KINDS.get(model.kind, (None, ""))
        if master is None:
            raise self._unsupported(f"model '{model.name}' of kind '{model.kind}' has no counterpart in Spectre",
                                    "give it a kind that Spectre has")  # fmt: skip
        items = [f"{key}={self._card(value, scope)}" for key, value in params.items() if value != ""]
        return _fold(["model", _escape(model.name), master, *([f"type={kind}"] if kind else []), *items])

    def _card(self, value: float | str, scope: Set[str]) -> str:
        if isinstance(value, str) and (value.count(".") > 1 or (value.isidentifier() and value.lower() not in scope)):
            return value
        return self._value(value, scope)

    def _subckt(self, module: Module) -> Iterator[str]:
        names = ModuleNames(module, self.globals)
        ports = " ".join(_escape(names.net(int(net))) for net in module.port_net.tolist())
        scope = self.global_names | set(definitions(self.netlist, module.name))
        scope |= {key.lower() for key in module.parameters}
        yield _fold(["subckt", _escape(module.name), f"({ports})"])
        if module.parameters:
            formals = [f"{key.lower()}={self._value(v, self.global_names)}" for key, v in module.parameters.items()]
            yield _fold(["parameters", *formals])
        yield from self._definitions(module.name, scope)
        yield from self._cells(module, scope, names)
        yield f"ends {_escape(module.name)}"

    def _cells(self, module: Module, scope: Set[str], names: ModuleNames) -> Iterator[str]:
        if (module.pin_flags & INVERTED).any():
            raise self._unsupported(f"module '{module.name}' has inverted pins", "map it to gates first")
        params = cell_params(module)
        labels = module.cell_labels()
        spelled = {label.lower(): label for label in labels}
        for cell, label in enumerate(labels):
            cell_type = module.type_of(cell)
            span = range(int(module.pin_ptr[cell]), int(module.pin_ptr[cell + 1]))
            pins = {int(module.pin_role[p]): int(module.pin_net[p]) for p in span}
            least = devices.least_pins(cell_type)
            count = max([least, *(role + 1 for role in pins)])
            nodes = [_escape(names.net(pins.get(role, -1))) for role in range(count)]
            own = {key: value for key, value in params.get(cell, {}).items() if key[0] != "@"}
            if "model" in own:
                card = self.netlist.model(str(own["model"]), module.name)
                own["model"] = str(own["model"]) if card is None else card.name
            for key in ("control", "inductors"):
                if key in own:
                    own[key] = " ".join(spelled.get(word.lower(), word) for word in str(own[key]).split())
            body = self._body(cell_type, label, nodes, own, scope)
            # A mutual inductance has no nodes, and then no parentheses either.
            yield _fold([_escape(label), *([f"({' '.join(nodes)})"] if nodes else []), *body])

    def _body(
        self, cell_type: CellType, label: str, nodes: list[str], params: dict[str, float | str], scope: Set[str]
    ) -> list[str]:
        kind = cell_type.name
        items: list[str]
        if cell_type.kind is not Kind.DEVICE:
            items = [_escape(kind)]
        elif kind in ("V", "I"):
            items = ["vsource" if kind == "V" else "isource", *self._source(label, params, scope)]
        elif kind == "BSRC" or (kind in ("E", "G") and len(nodes) == 2):
            quantity = str(params.pop("quantity", "v" if kind == "E" else "i"))
            items = ["bsource", f"{quantity}={str(params.pop('value', '0')).replace('^', '**').replace(' ', '')}"]
        elif kind == "K":
            coupled = str(params.pop("inductors", "")).split()
            if len(coupled) != 2:
                raise self._unsupported(f"'{label}' couples {len(coupled)} inductors", "couple them two by two")
            if any("|" in name for name in coupled):
                raise self._unsupported(f"'{label}' couples inductors of subcircuits", "flatten the netlist first")
            factor = self._value(params.pop("value", 0.0), scope)
            items = [
                "mutual_inductor",
                f"coupling={factor}",
                *(f"ind{k}={_escape(n)}" for k, n in enumerate(coupled, 1)),
            ]
        elif kind in ("D", "Q", "J", "M"):
            items = [_escape(str(params.pop("model", "")))]
        elif kind in _MAIN:
            master, key = _MAIN[kind]
            items = [_escape(str(params.pop("model"))) if "model" in params else master]
            if "control" in params:
                items.append(f"probe={_escape(str(params.pop('control')))}")
            if "value" in params and key:
                items.append(f"{key}={self._value(params.pop('value'), scope)}")
        else:
            raise self._unsupported(f"Spectre has no device like '{label}'", "write it as SPICE")
        return [*items, *(f"{key}={self._value(v, scope)}" for key, v in params.items() if v != "")]

    def _source(self, label: str, params: dict[str, float | str], scope: Set[str]) -> list[str]:
        items = []
        for ours, theirs in (("dc", "dc"), ("ac", "mag"), ("acphase", "phase")):
            if ours in params:
                items.append(f"{theirs}={self._value(params.pop(ours), scope)}")
        if "tran" in params:
            name, _, inner = str(params.pop("tran")).partition("(")
            values = [self._value(text, scope) for text in inner.removesuffix(")").split(" ")]
            if name == "pwl":
                items.extend(["type=pwl", f"wave=[{' '.join(values)}]"])
            elif name in _WAVES:
                kind, keys = _WAVES[name]
                items.append(f"type={kind}")
                items.extend(f"{key}={value}" for key, value in zip(keys.split(), values, strict=False))
            else:
                raise self._unsupported(f"source '{label}' has the function '{name}'", "use pulse, sin, exp or pwl")
        return items
