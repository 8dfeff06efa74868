"""The scopes of a deck to a netlist: modules, devices, instances, models, parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hwdesign.errors import HwdesignError, NetlistError
from hwdesign.formats.spice.cards import card_values
from hwdesign.formats.spice.deck import DeckParser, Scope
from hwdesign.formats.spice.elements import FLAGS, ElementReader
from hwdesign.formats.spice.lines import Line, pairs
from hwdesign.formats.spice.values import Values
from hwdesign.netlist import devices
from hwdesign.netlist.builder import Builder, ModuleBuilder
from hwdesign.netlist.expressions import Function
from hwdesign.netlist.netlist import Directive, Finding, Model, Netlist
from hwdesign.netlist.parameters import control_words, param_directive, resolve
from hwdesign.netlist.types import CellType, Direction, Kind, Role


@dataclass
class Assembler:
    """Builds the netlist from the scopes.

    Attributes:
        parser: the deck, sorted into scopes.
        file: for error messages.
        stem: name of the top module, where the deck has elements of its own.
        josim: whether the deck is of JoSIM's flavour.
        strict: whether what is undefined is an error.
        params: values that replace those of global `.param` lines.
        samples: reads the file of a custom waveform.
    """

    parser: DeckParser
    file: str
    stem: str
    josim: bool
    strict: bool
    params: dict[str, float]
    blackboxes: dict[str, CellType] = field(default_factory=dict)
    samples: Callable[[Line, str], str | None] | None = None
    told: set[str] = field(default_factory=set)

    def netlist(self) -> Netlist:
        """The netlist.

        Raises:
            FormatError: the deck is wrong; every error names its line.
        """
        top = self.parser.top
        scopes = list(top.walk())[1:]
        self._name_modules(scopes)
        self._check_recursion(scopes)
        self.globals = {"0": "0", "gnd": "0"} | {n.lower(): n for n in reversed(self.parser.global_nets)}
        self.known = self._global_values()
        main = bool(top.elements) or not scopes
        if main:
            taken = {scope.module.lower() for scope in scopes}
            top.module = self.stem
            while top.module.lower() in taken or top.module in devices.DEVICES:
                top.module += "_top"
        name = top.module if main else self._free_subckt(scopes).module
        # The builder begins with its top; modules are to stand in source order, the deck's own last.
        self.builder = Builder((scopes[0] if scopes else top).module, file=self.file)
        self.builder.findings.extend(self.parser.findings)
        self.builder.global_nets = ["0", *dict.fromkeys(n for n in self.globals.values() if n != "0")]
        for scope in scopes:
            self._declare(scope)
        for scope in [top, *scopes]:
            self._models(scope, self._values(scope))
        for scope in [*scopes, *([top] if main else [])]:
            self._fill(scope)
        self._directives(top, scopes)
        built = self.builder.freeze(name)
        files = {scope.module: scope.line.file for scope in scopes if scope.line is not None}
        modules = {key: replace(m, file=files.get(key, self.file)) for key, m in built.modules.items()}
        return replace(built, modules=modules)

    # Names and order

    def _name_modules(self, scopes: list[Scope]) -> None:
        taken: set[str] = set()
        # The deck's own subcircuits keep their names; one within another may have to be told apart.
        for scope in sorted(scopes, key=lambda s: (s.parent is not self.parser.top, s.name in devices.DEVICES)):
            assert scope.line is not None and scope.parent is not None
            scope.module = scope.name
            if scope.module.lower() in taken and scope.parent is not self.parser.top:
                scope.module = f"{scope.parent.module}.{scope.name}"
            # A module must not be taken for a device, whose type has the letter's name.
            while scope.module.lower() in taken or scope.module in devices.DEVICES:
                scope.module += "_"
            taken.add(scope.module.lower())

    def _check_recursion(self, scopes: list[Scope]) -> None:
        state: dict[int, int] = {}
        for root in scopes:
            path: list[tuple[Scope, list[Scope]]] = []
            if id(root) not in state:
                state[id(root)] = 1
                path.append((root, self._uses(root)))
            while path:
                scope, uses = path[-1]
                if not uses:
                    state[id(scope)] = 2
                    path.pop()
                    continue
                used = uses.pop()
                if state.get(id(used)) == 1:
                    names = [entry.name for entry, _ in path]
                    loop = [*names[names.index(used.name) :], used.name]
                    assert used.line is not None
                    shown = " -> ".join(loop if len(loop) < 12 else [*loop[:6], "...", *loop[-4:]])
                    raise used.line.error(f"subcircuit '{used.name}' contains itself: {shown}", "break the circle")
                if id(used) not in state:
                    state[id(used)] = 1
                    path.append((used, self._uses(used)))

    def _uses(self, scope: Scope) -> list[Scope]:
        found: dict[int, Scope] = {}
        for _, parts in scope.elements:
            if parts[0][0] in "xX":
                target = self._target(scope, parts)[0]
                if target is not None:
                    found[id(target)] = target
        return list(found.values())

    def _free_subckt(self, scopes: list[Scope]) -> Scope:
        used = {id(target) for scope in scopes for target in self._uses(scope)}
        outer = [scope for scope in scopes if scope.parent is self.parser.top]
        return next((scope for scope in reversed(outer) if id(scope) not in used), outer[-1])

    # Parameters

    def _global_values(self) -> dict[str, float]:
        scope = self.parser.top
        plain = Values({}, {name.lower() for name, _, _ in scope.params}, scope.functions, self.josim, deferred=True)
        self.global_params = {name.lower(): (name, plain.read(text, line), line) for name, text, line in scope.params}
        local = {low: value for low, (_, value, _) in self.global_params.items()}
        for name, number in self.params.items():
            if name.lower() not in local:
                raise NetlistError(f"the deck has no parameter '{name}'", file=self.file, mend="see its .param lines")
            local[name.lower()] = float(number)
            self.global_params[name.lower()] = (name, float(number), self.global_params[name.lower()][2])
        return self._resolve(local, scope.functions, [line for _, _, line in self.global_params.values()])

    def _resolve(
        self, local: dict[str, float | str], functions: dict[str, Function], lines: list[Line]
    ) -> dict[str, float]:
        try:
            return resolve(local, {}, functions)
        except HwdesignError as error:
            # Whose definition failed is told by resolving each with those before it.
            line = next((at for at, low in zip(lines, local, strict=True) if f"'{low}'" in error.what), lines[0])
            raise line.error(error.what, error.mend) from error

    def _values(self, scope: Scope) -> Values:
        functions = {k: f for outer in reversed(list(scope.chain())) for k, f in outer.functions.items()}
        if scope.parent is None:
            return Values(self.known, frozenset(), functions, self.josim)
        own = {name.lower() for name, _, _ in scope.params} | {name.lower() for name, _ in scope.formals}
        hidden = {
            name.lower()
            for outer in list(scope.chain())[1:-1]
            for name in [*(n for n, _, _ in outer.params), *(n for n, _ in outer.formals)]
        }
        return Values({}, own | set(self.known), functions, self.josim, hidden - own, deferred=True)

    # Modules

    def _declare(self, scope: Scope) -> None:
        assert scope.line is not None
        module = self.builder.module(scope.module, line=scope.line.line)
        module.line = scope.line.line
        for port in scope.ports:
            module.port(port, Direction.INOUT)
        outer = Values({}, set(self.known), self.parser.top.functions, self.josim, deferred=True)
        outer.open_names = set(self.known) | {key.lower() for key, _ in scope.formals}
        for key, value in scope.formals:
            module.parameters[key] = outer.read(value, scope.line)
        for port in scope.ports:
            if port.lower() in self.globals:
                self._finding(
                    "global-port", "warning",
                    f"node '{port}' of subcircuit '{scope.name}' is also a global net; within it is the node",
                    scope, scope.line, port,
                )  # fmt: skip

    def _finding(self, rule: str, severity: str, message: str, scope: Scope, line: Line, name: str) -> None:
        self.builder.findings.append(Finding(rule, severity, message, scope.module, (name,), line.file, line.line))

    def _fill(self, scope: Scope) -> None:
        module = self.builder.module(scope.module)
        values = self._values(scope)
        reader = ElementReader(values, lambda name: scope.card(name) is not None, self.josim, self.samples)
        nets = {port.lower(): module.net(port) for port in scope.ports}
        lines: dict[str, int] = {}
        inductors: list[tuple[Line, str]] = []
        for line, parts in scope.elements:
            low = parts[0].lower()
            if low in lines:
                raise line.error(
                    f"two elements are named '{parts[0]}', the first on line {lines[low]}", "rename one of them"
                )
            lines[low] = line.line
            line.name(parts[0], "element")
            if low[0] == "x":
                self._instance(scope, module, values, nets, line, parts)
                continue
            element = reader.read(line, parts)
            pins = [self._net(module, nets, node, line) for node in element.nodes]
            if self.josim:
                self._grounds(scope, line, element.nodes)
            module.cell(element.type, pins, name=parts[0], params=element.params, line=line.line)
            if "model" in element.params:
                self._check_model(scope, line, parts[0], str(element.params["model"]))
            for rule, message in reader.notes:
                # JSIM's words stand on every line of some decks.
                if rule != "jsim-word" or message not in self.told:
                    self._finding(rule, "warning", message, scope, line, parts[0])
                self.told.add(message)
            reader.notes.clear()
            if element.type is devices.COUPLING:
                inductors.extend((line, name) for name in str(element.params["inductors"]).split())
        for line, name in inductors:
            if name.lower() not in lines and not (self.josim and self._within(scope, name)):
                raise line.error(f"the coupled inductor '{name}' does not exist", "name inductors of the same circuit")

    def _within(self, scope: Scope, name: str) -> bool:
        """Whether an element stands in an instance: `L1|X1`, inner first, as JoSIM names it once all is unfolded."""
        leaf, *path = name.lower().split("|")
        within: Scope | None = scope
        for step in reversed(path):
            parts = next((parts for _, parts in within.elements if parts[0].lower() == step), None) if within else None
            within = self._target(within, parts)[0] if within and parts and step[0] == "x" else None
        return bool(path) and within is not None and any(parts[0].lower() == leaf for _, parts in within.elements)

    def _net(self, module: ModuleBuilder, nets: dict[str, int], node: str, line: Line) -> int:
        low = node.lower()
        found = nets.get(low)
        if found is None:
            line.name(node, "node")
            found = nets[low] = module.net(self.globals.get(low, node))
            if low in ("0", "gnd"):
                nets["0"] = nets["gnd"] = found
        return found

    def _grounds(self, scope: Scope, line: Line, nodes: list[str]) -> None:
        """Remark on nodes that JoSIM takes for ground, as it does wherever a name holds `gnd`."""
        for node in nodes:
            low = node.lower()
            if "gnd" in low and low != "gnd" and low not in {port.lower() for port in scope.ports}:
                message = f"JoSIM takes node '{node}' for ground; here it is a node like others: write 0 for ground"
                if message not in self.told:
                    self._finding("ground-name", "warning", message, scope, line, node)
                self.told.add(message)

    def _check_model(self, scope: Scope, line: Line, element: str, name: str) -> None:
        if scope.card(name) is not None:
            return
        if self.strict:
            raise line.error(f"'{element}' uses model '{name}', which is not defined", "add its .model line")
        self._finding("undefined-model", "warning", f"model '{name}' is not defined", scope, line, element)

    # Instances

    def _target(self, scope: Scope, parts: list[str]) -> tuple[Scope | None, str, list[str], list[str]]:
        """Subcircuit, its name as written, nodes, and name=value tokens of an instance in either order of writing."""
        end = next((at for at, part in enumerate(parts) if part.lower() == "params:"), len(parts))
        first = parts.index("=") - 1 if "=" in parts else len(parts)
        words = parts[1 : min(end, first)]
        while len(words) > 1 and words[-1].lower() in FLAGS and scope.subckt(words[-1]) is None:
            words.pop()
        rest = [part for part in parts[min(end, first) :] if part.lower() != "params:"]
        if not words:
            return None, "", [], rest
        last, front = scope.subckt(words[-1]), scope.subckt(words[0])
        # JSIM writes the subcircuit before the nodes, SPICE after them. Nodes may be named like subcircuits.
        use_front = front is not None and (
            last is None or (last.width != len(words) - 1 and front.width == len(words) - 1)
        )
        # Neither is defined: a number is a node.
        use_front = use_front or (front is last is None and self.josim and words[-1].isdigit())
        if use_front:
            return front, words[0], words[1:], rest
        return last, words[-1], words[:-1], rest

    def _instance(
        self, scope: Scope, module: ModuleBuilder, values: Values, nets: dict[str, int], line: Line, parts: list[str]
    ) -> None:
        target, name, nodes, rest = self._target(scope, parts)
        if not name:
            raise line.error(f"'{parts[0][:40]}' names no subcircuit", f"write {parts[0]} node node name")
        if target is None:
            cell_type = self._blackbox(scope, line, name, len(nodes))
        else:
            cell_type = self.builder.module(target.module).as_type()
            if len(nodes) != target.width:
                assert target.line is not None
                raise line.error(
                    f"'{parts[0]}' connects {len(nodes)} nodes but subcircuit '{target.name}' has {target.width}",
                    f"it is defined at {target.line.file}:{target.line.line}",
                )
            lost = next((nodes[at] for at in target.grounds if nodes[at].lower() not in ("0", "gnd")), None)
            if lost is not None:
                raise line.error(
                    f"'{parts[0]}' connects node '{lost}' where subcircuit '{target.name}' has ground", "write 0 there"
                )
            nodes = [node for at, node in enumerate(nodes) if at not in target.grounds]
        params: dict[str, float | str] = {}
        for key, text in pairs(line, rest):
            low = key.lower()
            if low in params:
                raise line.error(f"parameter '{low}' is given twice", "remove one of them")
            if target is not None:
                self._check_override(target, line, key)
            if not text:
                raise line.error(f"unexpected '{key[:40]}'", "parameters are written name=value")
            params[low] = values.read(text, line)
        pins = [self._net(module, nets, node, line) for node in nodes]
        module.cell(cell_type, pins, name=parts[0], params=params, line=line.line)

    def _check_override(self, target: Scope, line: Line, key: str) -> None:
        low = key.lower()
        if any(low == name.lower() for name, _ in target.formals) or low == "m":
            return
        # JoSIM lets an instance replace the value of an element by its label.
        if self.josim and any(low == parts[0].lower() for _, parts in target.elements):
            return
        known = ", ".join(name for name, _ in target.formals[:8]) or "none"
        raise line.error(f"subcircuit '{target.name}' has no parameter '{key}'", f"its parameters: {known}")

    def _blackbox(self, scope: Scope, line: Line, name: str, nodes: int) -> CellType:
        if self.strict:
            raise line.error(f"subcircuit '{name}' is not defined", "add its .subckt, or include its file")
        low = line.name(name, "subcircuit").lower()
        found = self.blackboxes.get(low)
        if found is None:
            if name in devices.DEVICES:
                raise line.error(f"subcircuit '{name}' is not defined", "add its .subckt, or include its file")
            roles = tuple(Role(f"p{at + 1}", Direction.INOUT) for at in range(nodes))
            found = self.blackboxes[low] = CellType(name, Kind.BLACKBOX, roles, guessed=True)
            message = f"subcircuit '{name}' is not defined; it is a black box"
            self._finding("undefined-subckt", "warning", message, scope, line, name)
        elif len(found.roles) != nodes:
            raise line.error(
                f"the undefined subcircuit '{name}' has {nodes} nodes here and {len(found.roles)} elsewhere",
                "define it, or give every instance the same nodes",
            )
        return found

    # Models, directives

    def _models(self, scope: Scope, values: Values) -> None:
        cards = dict(scope.cards)
        if scope.parent is not None:
            # What an inner subcircuit sees of the enclosing one's cards is written into its own scope.
            for _, parts in scope.elements:
                for part in parts[1:]:
                    found = scope.card(part)
                    if found is not None and found[1].parent is not None:
                        cards.setdefault(part.lower(), found[0])
        for card in cards.values():
            model = Model(card.name, card.kind, card_values(card, values), card.line.line, scope.module)
            if scope.parent is None:
                model = replace(model, scope="")
            self.builder.models[model.key] = model

    def _check_controls(self, top: Scope) -> None:
        """Whether the parameters in `.tran`, `.temp` ... exist; they are worked out by `elaborate`."""
        values = self._values(top)
        for directive, line in zip(top.directives, top.lines, strict=True):
            for kind, _, text in control_words(directive.name, directive.text):
                if kind == "expression":
                    values.read(text, line)

    def _directives(self, top: Scope, scopes: list[Scope]) -> None:
        if self.josim:
            self._check_controls(top)
        out = self.builder.directives
        out.extend(d for d in top.directives if d.name == "title")
        out.extend(param_directive(n, v, line=line.line) for n, v, line in self.global_params.values())
        out.extend(d for d in _functions_first(top.directives) if d.name != "title")
        for scope in scopes:
            values = self._values(scope)
            last = {name.lower(): (name, text, line) for name, text, line in scope.params}
            for name, text, line in last.values():
                value = values.read(text, line)
                out.append(param_directive(name, value, line=line.line, module=scope.module))
            out.extend(replace(d, module=scope.module) for d in _functions_first(scope.directives))


def _functions_first(directives: list[Directive]) -> list[Directive]:
    return sorted(directives, key=lambda d: d.name != "func")
