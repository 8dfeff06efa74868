"""Every parameter to a number: one copy of a module for each set of parameter values with which it is instantiated."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import HwdesignError, LimitError, NetlistError
from hwdesign.netlist.devices import TEXT_PARAMETERS
from hwdesign.netlist.expressions import RUNTIME_NAMES, Function, evaluate_expression, names_in, substitute
from hwdesign.netlist.module import Module, SideTable
from hwdesign.netlist.names import NameTable
from hwdesign.netlist.netlist import Directive, Model, Netlist, module_type
from hwdesign.netlist.parameters import (
    control_words,
    functions,
    global_environment,
    module_environment,
    split_arguments,
)
from hwdesign.netlist.quantity import format_number, parse_number
from hwdesign.netlist.types import CellType, Kind

MAX_MODULES = 100_000

_BRACES = re.compile(r"\{([^{}]*)\}")
_WORD = re.compile(r"[A-Za-z_]\w*\Z")
# (module, what its instance sets, element values that JoSIM's instances replace by label)
_Key = tuple[str, tuple[tuple[str, float], ...]]


def elaborate(netlist: Netlist, top_params: Mapping[str, float] | None = None) -> Netlist:
    """The netlist under its top module with every parameter worked out.

    Expressions become numbers; in texts that also speak of node voltages or of time, parameters become numbers. A
    module whose instances set different values is copied, once for each set of values (`name__1`, `name__2` ...);
    modules that the top does not use are left out. Model cards become global ones: equal cards of several modules are
    one, different ones of one name are renamed after their module. No `.param` or `.func` is left, so that passes need
    know nothing of parameters.

    Args:
        netlist: the netlist.
        top_params: values for parameters of the top module or, where it has none of that name, for global ones.

    Raises:
        NetlistError: an unknown parameter, a circular definition, or a value that is not finite.
        LimitError: more than 100,000 module copies.
    """
    return _Elaborator(netlist).run(dict(top_params or {}))


@dataclass
class _Elaborator:
    netlist: Netlist
    names: NameTable = field(init=False)
    variants: dict[_Key, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    models: dict[str, Model] = field(default_factory=dict)
    card_names: dict[tuple[str, str], str] = field(default_factory=dict)
    hoisted: dict[tuple[str, str, tuple[tuple[str, float | str], ...]], str] = field(default_factory=dict)
    pending: deque[_Key] = field(default_factory=deque)
    copies: dict[str, int] = field(default_factory=dict)
    labels: dict[str, frozenset[str]] = field(default_factory=dict)
    new_types: dict[str, CellType] = field(default_factory=dict)
    type_ids: dict[str, int] = field(default_factory=dict)

    def run(self, top_params: dict[str, float]) -> Netlist:
        netlist = self.netlist
        self.names = NameTable(netlist.names)
        formals = {key.lower() for key in netlist.top_module.parameters}
        own = {key.lower(): value for key, value in top_params.items() if key.lower() in formals}
        rest = {key: value for key, value in top_params.items() if key.lower() not in formals}
        self.outer = global_environment(netlist, rest)
        self.taken = {name.lower() for name in netlist.modules} | {t.name.lower() for t in netlist.library}
        for model in netlist.models.values():
            if not model.scope:
                self.models[model.key] = self._model(model, self.outer, functions(netlist))
        self._variant((netlist.top, tuple(sorted(own.items()))))
        built: dict[str, Module] = {}
        while self.pending:
            key = self.pending.popleft()
            module = self._module(key)
            built[module.name] = module
        # Source order, copies after their original.
        rank = {name: at for at, name in enumerate(netlist.modules)}
        origin = {name: (rank[key[0]], at) for at, (key, name) in enumerate(self.variants.items())}
        ordered = sorted(built, key=origin.__getitem__)
        library = netlist.library.with_types(self.new_types.values())
        pool = self.names.freeze()
        directives = tuple(
            replace(d, text=self._control(d), module="")
            for d in netlist.directives
            if d.name not in ("param", "func") and d.module in ("", netlist.top)
        )
        return replace(
            netlist,
            modules={name: replace(built[name], library=library, names=pool) for name in ordered},
            top=self.variants[(netlist.top, tuple(sorted(own.items())))],
            library=library,
            names=pool,
            models=self.models,
            directives=directives,
        )

    def _variant(self, key: _Key) -> str:
        name = self.variants.get(key)
        if name is None:
            if len(self.variants) >= MAX_MODULES:
                raise LimitError(f"elaboration makes more than {MAX_MODULES} copies of modules")
            # The first copy keeps the name.
            name, count = key[0], self.copies.get(key[0], 0)
            if count:
                while f"{key[0]}__{count}".lower() in self.taken:
                    count += 1
                name = f"{key[0]}__{count}"
                self.taken.add(name.lower())
            self.copies[key[0]] = count + 1
            self.variants[key] = name
            self.pending.append(key)
        return name

    def _control(self, directive: Directive) -> str:
        """A control line with its expressions worked out: those in braces and, where JoSIM has them, bare ones."""

        def number(text: str) -> str:
            try:
                return format_number(evaluate_expression(text, self.outer, functions(self.netlist)))
            except HwdesignError as error:
                what = f"'.{directive.name}': {error.what}"
                raise NetlistError(
                    what, file=self.netlist.file or None, line=directive.line, mend=error.mend
                ) from error

        text = _BRACES.sub(lambda match: number(match.group(1)), directive.text)
        return " ".join(
            word if kind == "word" else lead + number(word) for kind, lead, word in control_words(directive.name, text)
        )  # fmt: skip

    # Modules

    def _module(self, key: _Key) -> Module:
        netlist = self.netlist
        module = netlist.modules[key[0]]
        formals = {name.lower() for name in module.parameters}
        overrides = {name: value for name, value in key[1] if name in formals}
        by_label = {name: value for name, value in key[1] if name not in formals}
        try:
            env = module_environment(netlist, module.name, overrides, self.outer)
        except HwdesignError as error:
            raise NetlistError(
                f"in module '{module.name}': {error.what}", file=module.file or None, line=module.line, mend=error.mend
            ) from error
        known = functions(netlist, module.name)
        self._local_models(module.name, key, env, known)
        params = {name: self._table(module, name, table, env, known) for name, table in module.params.items()}
        self._relabel(module, params, by_label)
        cell_type, params = self._instances(module, params)
        return replace(module, name=self.variants[key], cell_type=cell_type, params=params, parameters={})

    def _table(
        self, module: Module, name: str, table: SideTable, env: dict[str, float], known: dict[str, Function]
    ) -> SideTable:
        rows = np.flatnonzero(table.text >= 0)
        if not len(rows) or name.startswith("@"):
            return table
        number, text = table.number.copy(), table.text.copy()
        for row in rows.tolist():
            body = module.names[int(table.text[row])]
            cell = int(table.cell[row])
            try:
                value = self._value(module, cell, name, body, env, known)
            except HwdesignError as error:
                raise NetlistError(
                    f"'{module.cell_label(cell)}' in module '{module.name}': {error.what}",
                    file=module.file or None,
                    line=int(module.cell_line[cell]),
                    mend=error.mend,
                ) from error
            if isinstance(value, str):
                text[row] = self.names.intern(value)
            else:
                number[row], text[row] = value, -1
        return SideTable(table.cell, number, text)

    def _value(
        self, module: Module, cell: int, name: str, body: str, env: dict[str, float], known: dict[str, Function]
    ) -> float | str:
        if name == "model":
            return self.card_names.get((module.name, body.lower()), body)
        if name == "tran":
            return _transient(body, env, known)
        if name in TEXT_PARAMETERS or body == "" or body[0] == '"':
            return body
        cell_type = module.type_of(cell)
        pins = int(module.pin_ptr[cell + 1] - module.pin_ptr[cell])
        behavioral = cell_type.name == "BSRC" or (cell_type.name in ("E", "G") and pins == 2)
        if name == "value" and behavioral:
            return substitute(body, env)
        if any(used in RUNTIME_NAMES and used not in env for used in names_in(body)):
            return substitute(body, env)
        return evaluate_expression(body, env, known)

    def _relabel(self, module: Module, params: dict[str, SideTable], by_label: dict[str, float]) -> None:
        """JoSIM's instances may replace the value of an element (a junction's area) by its label."""
        for label, value in by_label.items():
            cell = next((c for c, name in enumerate(module.cell_labels()) if name.lower() == label), -1)
            if cell < 0:
                raise NetlistError(f"module '{module.name}' has no parameter '{label}'")
            key = {"T": "td"}.get(module.type_of(cell).name, "value")
            if module.type_of(cell).name == "B":
                key = "area" if module.param(cell, "ic") is None else "ic"
            table = params.get(key, SideTable(np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.int32)))
            rows = {int(c): at for at, c in enumerate(table.cell)}
            cells = np.array(sorted({*rows, cell}), np.int32)
            number = np.array([value if c == cell else table.number[rows[c]] for c in cells.tolist()])
            text = np.array([-1 if c == cell else table.text[rows[c]] for c in cells.tolist()], np.int32)
            params[key] = SideTable(cells, number, text)

    def _instances(
        self, module: Module, params: dict[str, SideTable]
    ) -> tuple[NDArray[np.int32], dict[str, SideTable]]:
        netlist = self.netlist
        chosen = module.cell_type.copy()
        is_module = np.flatnonzero(module.library.of_kind(Kind.MODULE)[module.cell_type])
        gone: dict[str, set[int]] = {}
        for cell in is_module.tolist():
            child = module.library[int(module.cell_type[cell])].name
            if child not in netlist.modules:
                continue
            formals = {name.lower() for name in netlist.modules[child].parameters}
            given: dict[str, float] = {}
            for name, table in params.items():
                row = table.find(cell)
                if row >= 0 and (name in formals or name in self._labels(child)):
                    if table.text[row] >= 0:
                        raise NetlistError(
                            f"'{module.cell_label(cell)}' sets parameter '{name}' to what is no number",
                            file=module.file or None,
                            line=int(module.cell_line[cell]),
                        )
                    given[name] = float(table.number[row])
                    gone.setdefault(name, set()).add(cell)
            name = self._variant((child, tuple(sorted(given.items()))))
            chosen[cell] = self._type_id(child, name)
        kept = {name: _without(table, gone.get(name, set())) for name, table in params.items()}
        return chosen, {name: table for name, table in kept.items() if len(table.cell)}

    def _labels(self, module: str) -> frozenset[str]:
        """Elements of a module whose value an instance can replace; `m` always is the multiplier."""
        if module not in self.labels:
            found = {name.lower() for name in self.netlist.modules[module].cell_labels()}
            self.labels[module] = frozenset(found - {"m"})
        return self.labels[module]

    def _type_id(self, child: str, name: str) -> int:
        """Position of a copy's type in the library to come: ours, then the new types in order."""
        if name == child:
            return self.netlist.library.index(name)
        if name not in self.type_ids:
            module = self.netlist.modules[child]
            self.type_ids[name] = len(self.netlist.library) + len(self.new_types)
            self.new_types[name] = module_type(name, module.port_labels(), module.port_dir.tolist())
        return self.type_ids[name]

    # Models

    def _model(self, model: Model, env: dict[str, float], known: dict[str, Function]) -> Model:
        params: dict[str, float | str] = {}
        for key, value in model.params.items():
            params[key] = value
            if key == "cpr" and isinstance(value, str):
                params[key] = self._harmonics(model, value, env, known)
                continue
            # A word that is no parameter, a version or a flag stays as it is.
            if isinstance(value, str) and value and value[0] != '"':
                word = _WORD.match(value) is not None
                if (word and value.lower() in env) or (not word and value.count(".") < 2):
                    try:
                        params[key] = evaluate_expression(value, env, known)
                    except HwdesignError as error:
                        raise NetlistError(
                            f"model '{model.name}': {error.what}", file=self.netlist.file, line=model.line
                        ) from error
        return replace(model, params=params, scope="")

    def _harmonics(self, model: Model, value: str, env: dict[str, float], known: dict[str, Function]) -> str:
        """A junction's current-phase relation, numbers or expressions apart by commas."""
        try:
            parts = [evaluate_expression(part, env, known) for part in split_arguments(value)]
        except HwdesignError as error:
            raise NetlistError(
                f"model '{model.name}': {error.what}", file=self.netlist.file, line=model.line
            ) from error
        return ",".join(map(format_number, parts))

    def _local_models(self, module: str, key: _Key, env: dict[str, float], known: dict[str, Function]) -> None:
        for model in self.netlist.models.values():
            if model.scope != module:
                continue
            card = self._model(model, env, known)
            content = (model.name.lower(), card.kind, tuple(sorted(card.params.items(), key=lambda item: item[0])))
            name = self.hoisted.get(content, "")
            if not name:
                name, count = model.name, 0
                while name.lower() in self.models:
                    name = f"{model.name}_{self.variants[key]}" + (f"_{count}" if count else "")
                    count += 1
                self.hoisted[content] = name
                self.models[name.lower()] = replace(card, name=name)
            self.card_names[(module, model.name.lower())] = name


def _without(table: SideTable, cells: set[int]) -> SideTable:
    if not cells:
        return table
    keep = ~np.isin(table.cell, list(cells))
    return SideTable(table.cell[keep], table.number[keep], table.text[keep])


def _transient(text: str, env: dict[str, float], known: dict[str, Function]) -> str:
    """A transient function with its arguments worked out."""
    name, bracket, inner = text.partition("(")
    if not bracket:
        return text
    fixed = 1 if name in ("cus", "ws") else 0
    arguments = inner.removesuffix(")").split(" ")
    out = arguments[:fixed]
    for argument in arguments[fixed:]:
        number = parse_number(argument)
        out.append(argument if number is not None else format_number(evaluate_expression(argument, env, known)))
    return f"{name}({' '.join(out)})"
