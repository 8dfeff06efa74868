"""Where a netlist's parameters come from, and what they are worth in one module.

Three layers, the inner hiding the outer: global `.param` lines (directives `param` without a module), a module's own
parameters with their defaults (`Module.parameters`, which an instance may override), and `.param` lines within the
module (directives `param` of that module), which may depend on both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hwdesign.errors import FormatError, NetlistError
from hwdesign.netlist.expressions import Function, evaluate_expression, names_in
from hwdesign.netlist.netlist import Directive, Netlist
from hwdesign.netlist.quantity import format_number, parse_number

Value = float | str

_WITH_VALUES = frozenset({"tran", "temp", "neb", "spread", "iv"})
_FLAGS = frozenset({"dst", "uic"})
_FUNCTION = re.compile(r"\s*([A-Za-z_]\w*)\s*\(([\w\s,]*)\)\s*=?\s*(.+)\Z", re.DOTALL)


def param_directive(name: str, value: Value, *, line: int = 0, module: str = "") -> Directive:
    """The directive that defines a parameter, for the whole netlist or within one module."""
    text = value if isinstance(value, str) else format_number(value)
    return Directive("param", f"{name}={text}", line, module)


def definitions(netlist: Netlist, module: str = "") -> dict[str, Value]:
    """Parameters that `.param` lines define in a module, or globally: number or expression by lower-case name."""
    found: dict[str, Value] = {}
    for directive in netlist.directives:
        if directive.name == "param" and directive.module == module:
            name, _, text = directive.text.partition("=")
            number = parse_number(text)
            found[name.strip().lower()] = text if number is None else number
    return found


def parse_function(text: str) -> tuple[str, Function]:
    """Name and definition of a `.func` line: `f(x,y) {body}` or `f(x,y)=body`.

    Raises:
        FormatError: the text defines no function.
    """
    match = _FUNCTION.match(text)
    if match is None:
        raise FormatError(f"'{text[:80]}' defines no function", mend="write .func name(x,y) {expression}")
    arguments = tuple(a.strip().lower() for a in match.group(2).split(",") if a.strip())
    return match.group(1).lower(), Function(arguments, match.group(3).strip().strip("{}'\""))


def functions(netlist: Netlist, module: str = "") -> dict[str, Function]:
    """User-defined functions in scope in a module, or globally, by lower-case name."""
    scopes = ("", module)
    return dict(parse_function(d.text) for d in netlist.directives if d.name == "func" and d.module in scopes)


def resolve(
    local: Mapping[str, Value], outer: Mapping[str, float], own_functions: Mapping[str, Function] | None = None
) -> dict[str, float]:
    """Values of `local` definitions, in whatever order they depend on one another, over those of `outer`.

    A definition that uses its own name means the outer one (`w={w*2}`).

    Args:
        local: number or expression by lower-case name; an empty text has no value and is left out.
        outer: known values by lower-case name.
        own_functions: user-defined functions.

    Returns:
        `outer` with the values of `local` over it.

    Raises:
        NetlistError: an unknown parameter, a circular definition, or a value that is not finite.
        FormatError: a definition is no expression.
    """
    done: dict[str, float] = {}
    begun: dict[str, None] = {}
    for first in local:
        pending = [first]
        while pending:
            name = pending[-1]
            value = local[name]
            if name in done or value == "":
                pending.pop()
                continue
            if not isinstance(value, str):
                done[name] = float(value)
                continue
            begun.setdefault(name)
            needs = [used for used in names_in(value) if used in local and used != name]
            missing = [used for used in needs if used not in done and local[used] != ""]
            if not missing:
                begun.pop(name)
                known = {**outer, **{used: done[used] for used in needs if used in done}}
                try:
                    done[name] = evaluate_expression(value, known, own_functions)
                except NetlistError as error:
                    raise NetlistError(f"parameter '{name}': {error.what}", mend=error.mend) from error
                continue
            if missing[0] in begun:
                raise NetlistError(
                    f"parameters '{name}' and '{missing[0]}' depend on each other", mend="break the circle"
                )
            pending.append(missing[0])
    return {**outer, **done}


def global_environment(netlist: Netlist, overrides: Mapping[str, float] | None = None) -> dict[str, float]:
    """Value of every global parameter, by lower-case name.

    Args:
        netlist: the netlist.
        overrides: values that replace the netlist's own.

    Raises:
        NetlistError: see `resolve`, or an override names no global parameter.
    """
    local = definitions(netlist)
    _override(local, overrides or {}, "the netlist")
    return resolve(local, {}, functions(netlist))


def module_environment(
    netlist: Netlist,
    module: str,
    overrides: Mapping[str, float] | None = None,
    outer: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Value of every parameter that is in scope in one instance of a module, by lower-case name.

    Args:
        netlist: the netlist.
        module: name of the module.
        overrides: what the instance sets, by lower-case name, evaluated where the instance stands.
        outer: values of the global parameters; by default the netlist's own.

    Raises:
        NetlistError: see `resolve`, or an override names no parameter of the module.
    """
    base = global_environment(netlist) if outer is None else outer
    formal: dict[str, Value] = {key.lower(): value for key, value in netlist.modules[module].parameters.items()}
    _override(formal, overrides or {}, f"module '{module}'")
    known = functions(netlist, module)
    return resolve(definitions(netlist, module), resolve(formal, base, known), known)


def split_arguments(text: str) -> list[str]:
    """The parts of `a,f(b,c),d` at its outer commas."""
    parts, depth, begin = [], 0, 0
    for at, sign in enumerate(text):
        depth += (sign in "({") - (sign in ")}")
        if sign == "," and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    return [part.strip() for part in [*parts, text[begin:]]]


def control_words(name: str, text: str) -> Iterator[tuple[str, str, str]]:
    """The words of a control line, and which of them are expressions that wait for their value.

    JoSIM takes parameters in `.tran`, `.temp`, `.neb`, `.spread` and as the current of `.iv`.

    Args:
        name: of the control line, in lower case.
        text: what follows it.

    Yields:
        (`word`, '', text) for what stays, (`expression`, lead, text) for an expression after its lead (`L=`).
    """
    if name not in _WITH_VALUES:
        yield "word", "", text
        return
    for at, word in enumerate(re.sub(r"\s*=\s*", "=", text).split()):
        lead, equals, value = word.rpartition("=")
        if not value or value.lower() in _FLAGS or parse_number(value) is not None or (name == "iv" and at != 1):
            yield "word", "", word
        else:
            yield "expression", lead + equals, value


def _override(own: dict[str, Value], overrides: Mapping[str, float], where: str) -> None:
    for name, value in overrides.items():
        if name.lower() not in own:
            known = ", ".join(list(own)[:8]) or "none"
            raise NetlistError(f"{where} has no parameter '{name}'", mend=f"its parameters: {known}")
        own[name.lower()] = float(value)
