"""A deck's statements sorted into scopes: the top level and each `.subckt`, with their parameters and models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hwdesign.errors import FormatError, UnsupportedError
from hwdesign.formats.spice.lines import Line, pairs, tokens, unquote, without_tail
from hwdesign.netlist.expressions import Function
from hwdesign.netlist.netlist import Directive, Finding
from hwdesign.netlist.outputs import parse_output
from hwdesign.netlist.parameters import parse_function
from hwdesign.netlist.quantity import format_number, parse_number

KEPT = frozenset(
    "title temp options option opt tran ac dc op tf noise sens pz disto sp four fourier print plot probe meas measure "
    "save ic nodeset width csparam step spread neb iv file end*".split()
)
"""Control lines that are kept as directives."""

_PRINTS = ("print", "plot", "save")
_CONTROL = frozenset("tran print plot save temp neb spread file iv param params model".split())
"""Statements that JoSIM reads in a `.control` block, where they need no point."""

_DEEPEST = 50
_EXPRESSION = re.compile(r"\"[^\"]*\"")
_FUNCTION_PARAM = re.compile(r"[A-Za-z_]\w*\s*\([\w\s,]*\)\s*=")


@dataclass
class Card:
    """A `.model` line, its values not read yet."""

    name: str
    kind: str
    params: list[tuple[str, str]]
    line: Line


@dataclass
class Scope:
    """The top level of a deck, or a subcircuit.

    Attributes:
        name: as spelled, '' for the top level.
        line: its `.subckt` line, None for the top level.
        parent: the enclosing scope.
        ports: node names, ground left out.
        grounds: positions among the nodes at which JoSIM's subcircuits name ground.
        formals: parameters with their defaults.
        params: `.param` definitions in order: name, text, line.
        functions: user-defined functions by lower-case name, with their lines' texts.
        cards: model cards by lower-case name.
        elements: element lines with their tokens.
        subckts: subcircuits defined within, by lower-case name.
        directives: control lines that are kept.
        lines: the line of each of `directives`.
        seen: lines that define parameters, by lower-case name.
    """

    name: str = ""
    line: Line | None = None
    parent: Scope | None = None
    ports: list[str] = field(default_factory=list)
    formals: list[tuple[str, str]] = field(default_factory=list)
    params: list[tuple[str, str, Line]] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    elements: list[tuple[Line, list[str]]] = field(default_factory=list)
    subckts: dict[str, Scope] = field(default_factory=dict)
    directives: list[Directive] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    grounds: list[int] = field(default_factory=list)
    seen: dict[str, Line] = field(default_factory=dict)
    module: str = ""

    @property
    def width(self) -> int:
        """Number of nodes that an instance connects."""
        return len(self.ports) + len(self.grounds)

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it, from the inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def subckt(self, name: str) -> Scope | None:
        """The subcircuit that `name` means here, or None."""
        low = name.lower()
        return next((s.subckts[low] for s in self.chain() if low in s.subckts), None)

    def card(self, name: str) -> tuple[Card, Scope] | None:
        """The model card that `name` means here and the scope that defines it, or None."""
        low = name.lower()
        return next(((s.cards[low], s) for s in self.chain() if low in s.cards), None)

    def walk(self) -> Iterator[Scope]:
        """This scope and all within it, in source order."""
        stack = [self]
        while stack:
            scope = stack.pop()
            yield scope
            stack.extend(reversed(scope.subckts.values()))


def _plain(word: str) -> str:
    """A control line's number as every simulator reads it: JoSIM's `2X` and `1A` are others' 2meg and 1."""
    lead, equals, value = word.rpartition("=")
    try:
        own, other = parse_number(value, josim=True), parse_number(value)
    except FormatError:
        return word  # of too large a number its reader says so
    return word if own is None or own == other else f"{lead}{equals}{format_number(own)}"


class DeckParser:
    """Sorts logical lines into scopes.

    Attributes:
        top: the top level.
        global_nets: names from `.global` lines.
        findings: remarks.
        ended: whether `.end` was met.
    """

    def __init__(self, *, skip_control: bool = False, josim: bool = False) -> None:
        self.top = Scope()
        self.scope = self.top
        self.global_nets: list[str] = []
        self.findings: list[Finding] = []
        self.skip_control = skip_control
        self.josim = josim
        self._depth = 0

    def parse(self, lines: Iterable[Line]) -> None:
        """Take all lines of a deck.

        Raises:
            FormatError: see the module; every error names its line.
            UnsupportedError: a control line that hwdesign does not know.
        """
        stream = iter(lines)
        for line in stream:
            if self.josim:
                line = self._josims(line)
            if line.text[0] != ".":
                parts = tokens(line)
                if not parts:
                    raise line.error("the line holds no element", "remove it")
                if self.josim and len(parts) == 1 and parts[0].lower() == "end":
                    break
                self.scope.elements.append((line, parts))
                continue
            word = line.text[1:].split(None, 1)[0].lower() if line.text[1:].strip() else ""
            rest = line.text[1:].strip()[len(word) :].strip()
            if word == "end":
                break
            if word == "control":
                self._control(line, stream)
            else:
                self._statement(word, rest, line)
        if self.scope is not self.top:
            assert self.scope.line is not None
            raise self.scope.line.error(f"subcircuit '{self.scope.name}' has no .ends", "end it with .ends")

    def _josims(self, line: Line) -> Line:
        """A line as JoSIM has it, which knows no quotes and reads over a stray one, as some published cells have."""
        text = line.text
        if text.count("'") == 1:
            text = self._without(line, text.replace("'", " "), "stray-quote", "a stray quote ' was left out")
        word = text[1:].split(None, 1)[0].lower() if text[1:].strip() else ""
        if text[0] != "." or word in _PRINTS:
            cut = without_tail(text)
            if cut != text and cut:
                text = self._without(
                    line, cut, "line-tail", f"'{text[len(cut) :].strip()[:40]}' was left out as a remark"
                )
        return line if text is line.text else Line(text, line.line, line.file)

    def _without(self, line: Line, text: str, rule: str, message: str) -> str:
        self.findings.append(Finding(rule, "warning", message, file=line.file, line=line.line))
        return text

    def _control(self, line: Line, stream: Iterator[Line]) -> None:
        """A `.control` block: JoSIM's statements are read as they are outside of it; commands are never run."""
        if not self.skip_control and not self.josim:
            raise UnsupportedError(
                "a .control block holds commands, which hwdesign never runs",
                file=line.file,
                line=line.line,
                mend="remove the block, or read the deck with skip_control",
            )
        for inner in stream:
            word = inner.text.split(None, 1)[0].lower().removeprefix(".")
            if word == "endc":
                break
            if self.skip_control:
                continue
            if word not in _CONTROL:
                raise UnsupportedError(
                    f"the .control block holds the command '{word[:40]}', which hwdesign never runs",
                    file=inner.file, line=inner.line,
                    mend=f"remove it; what is read there: {' '.join(sorted(_CONTROL))}",
                )  # fmt: skip
            dotted = self._josims(Line(f".{inner.text.removeprefix('.')}", inner.line, inner.file))
            self._statement(word, dotted.text[1 + len(word) :].strip(), dotted)
        else:
            raise line.error("the .control block has no .endc", "end it with .endc")
        if self.skip_control:
            self.findings.append(
                Finding("skipped-control", "warning", "a .control block was left out", file=line.file, line=line.line)
            )

    def _statement(self, word: str, rest: str, line: Line) -> None:
        if word == "subckt":
            self._subckt(line)
        elif word == "ends":
            self._ends(rest, line)
        elif word == "model":
            self._model(line)
        elif word in ("param", "params"):
            if _FUNCTION_PARAM.match(rest):
                self._func(rest, line)
            else:
                self._params(line)
        elif word == "func":
            self._func(rest, line)
        elif word == "global":
            self.global_nets.extend(tokens(line)[1:])
        elif word in KEPT:
            self._keep(word, rest, line)
        else:
            raise UnsupportedError(
                f"the control line '.{word[:40]}' is not known",
                file=line.file,
                line=line.line,
                mend="remove it, or make it a comment",
            )

    def _keep(self, word: str, rest: str, line: Line) -> None:
        if word == "end*":
            return
        if self.josim:
            if self.scope.parent is not None:
                raise line.error(
                    f"'.{word}' stands in subcircuit '{self.scope.name}'", "move it to the top level, as JoSIM wants it"
                )
            if word in _PRINTS:
                kept = _EXPRESSION.sub(" ", rest)
                if kept != rest:
                    message = f"{_EXPRESSION.findall(rest)[0][:40]} is not printed: JoSIM prints no expressions"
                    rest = self._without(line, " ".join(kept.split()), "print-expression", message)
                    if rest.lower() in ("", "tran"):
                        return
                if rest or word != "save":
                    parse_output(rest, file=line.file, line=line.line)
            if word in ("tran", "temp", "neb", "spread", "iv"):
                rest = " ".join(map(_plain, rest.split()))
            if word == "iv" and len(rest.split()) != 3:
                raise line.error("'.iv' needs a model, a current and a file", "write .iv jj1 300u iv.csv")
            if word == "file" and len(rest.split()) != 1:
                raise line.error("'.file' needs one name without spaces", "write .file out.csv")
        self._directive(Directive(word, rest, line.line), line)

    def _directive(self, directive: Directive, line: Line) -> None:
        self.scope.directives.append(directive)
        self.scope.lines.append(line)

    def _subckt(self, line: Line) -> None:
        parts = tokens(line)[1:]
        if not parts or parts[0] == "=":
            raise line.error("'.subckt' has no name", "write .subckt name node node ...")
        name = parts[0]
        # Nodes run up to `params:` or to the first name=value.
        end = next((at for at, part in enumerate(parts) if part.lower() == "params:"), len(parts))
        first = parts.index("=") - 1 if "=" in parts else len(parts)
        ports = parts[1 : min(end, first)]
        formals = pairs(line, [part for part in parts[min(end, first) :] if part.lower() != "params:"])
        low = line.name(name, "subcircuit").lower()
        earlier = self.scope.subckts.get(low)
        if earlier is not None and earlier.line is not None:
            self._again(f"subcircuit '{name}'", line, earlier.line)
            del self.scope.subckts[low]
        seen: set[str] = set()
        # JoSIM takes ground for a node and connects ground, whatever an instance gives it.
        grounds = [at for at, port in enumerate(ports) if self.josim and port.lower() in ("0", "gnd")]
        ports = [port for at, port in enumerate(ports) if at not in grounds]
        for port in ports:
            line.name(port, "node")
            if port.lower() in ("0", "gnd"):
                raise line.error(f"ground cannot be a node of subcircuit '{name}'", "leave it out: ground is global")
            if port.lower() in seen:
                raise line.error(f"subcircuit '{name}' has two nodes named '{port}'", "rename one of them")
            seen.add(port.lower())
        keys: set[str] = set()
        for key, value in formals:
            if not value:
                raise line.error(f"parameter '{key}' of subcircuit '{name}' has no default", f"write {key}=value")
            if key.lower() in keys:
                raise line.error(f"subcircuit '{name}' has two parameters named '{key}'", "rename one of them")
            keys.add(key.lower())
        self._depth += 1
        if self._depth > _DEEPEST:
            raise line.error(f"subcircuits are defined more than {_DEEPEST} deep in one another", "move them apart")
        child = Scope(name, line, self.scope, ports, formals, grounds=grounds)
        self.scope.subckts[low] = child
        self.scope = child

    def _ends(self, rest: str, line: Line) -> None:
        scope = self.scope
        if scope.parent is None:
            raise line.error("'.ends' ends nothing", "remove it")
        words = rest.split()
        if len(words) > 1 or (words and words[0].lower() != scope.name.lower()):
            raise line.error(f"'.ends {rest[:40]}' does not end subcircuit '{scope.name}'", f"write .ends {scope.name}")
        self._depth -= 1
        self.scope = scope.parent

    def _model(self, line: Line) -> None:
        parts = tokens(line)[1:]
        if len(parts) < 2 or "=" in parts[:2]:
            raise line.error("'.model' needs a name and a kind", "write .model name kind (key=value ...)")
        name = parts[0]
        kind, bracket, inner = parts[1].partition("(")
        body = [bracket + inner] * bool(bracket) + parts[2:]
        if body and body[0].startswith("("):
            if len(body) > 1 or not body[0].endswith(")"):
                raise line.error(f"the model card '{name}' goes on after its ')'", "write all its values within ( )")
            body = tokens(Line(body[0][1:-1], line.line, line.file))
        low = line.name(name, "model").lower()
        card = Card(name, kind.lower(), pairs(line, body), line)
        earlier = self.scope.cards.get(low)
        if earlier is not None and not (self.josim and (earlier.kind, earlier.params) == (card.kind, card.params)):
            self._again(f"model '{name}'", line, earlier.line)
        self.scope.cards[low] = card

    def _again(self, what: str, line: Line, earlier: Line) -> None:
        """Remark on a second definition, which JoSIM puts in the place of the first.

        Raises:
            FormatError: the deck is not JoSIM's.
        """
        if not self.josim:
            raise line.error(f"{what} is defined twice, first on line {earlier.line}", "rename one of them")
        message = f"{what} is defined again; JoSIM takes this definition in place of that of line {earlier.line}"
        self.findings.append(Finding("defined-twice", "warning", message, file=line.file, line=line.line))

    def _params(self, line: Line) -> None:
        parts = tokens(line)[1:]
        found = pairs(line, parts, spaced=True)
        if not found:
            raise line.error("'.param' defines nothing", "write .param name=value")
        for name, value in found:
            if not value:
                raise line.error(f"parameter '{name[:40]}' has no value", f"write {name[:40]}=value")
            earlier = self.scope.seen.setdefault(name.lower(), line)
            if earlier is not line and self.josim:
                # JoSIM says that it replaces the first definition, and keeps it.
                message = f"parameter '{name}' is defined again; JoSIM keeps that of line {earlier.line}"
                self.findings.append(
                    Finding("param-twice", "warning", message, names=(name,), file=line.file, line=line.line)
                )
                continue
            self.scope.params.append((name, unquote(value), line))

    def _func(self, rest: str, line: Line) -> None:
        try:
            name, function = parse_function(rest)
        except FormatError as error:
            raise line.error(error.what, error.mend) from error
        self.scope.functions[name] = function
        text = f"{name}({','.join(function.arguments)})={function.body}"
        self._directive(Directive("func", text, line.line), line)
