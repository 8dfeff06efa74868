"""What each cell type becomes in an AIG: functions of its outputs and of its next state."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hwdesign.errors import NetlistError, UnsupportedError
from hwdesign.netlist import CellType, Kind, Module
from hwdesign.netlist.boolean import Postfix, parse_function, variables
from hwdesign.passes._template import Template, make_template

STATE = "stored value"  # input of a next-state function; no pin can be named so
_FLATTEN = "flatten the netlist first"
_ASYNC = "run Yosys' async2sync and dffunmap before, which leave plain flip-flops"

# Yosys' fine-grained flip-flops (Yosys manual, "Gate-level cells"): clock edge, then the polarities of enable and reset
# and the reset's value.
_PLAIN = re.compile(r"\$_DFF_([NP])_")
_ENABLE = re.compile(r"\$_DFFE_([NP])([NP])_")
_RESET = re.compile(r"\$_SDFF_([NP])([NP])([01])_")
_RESET_ENABLE = re.compile(r"\$_SDFFE_([NP])([NP])([01])([NP])_")
_ENABLE_RESET = re.compile(r"\$_SDFFCE_([NP])([NP])([01])([NP])_")
_OTHER_STORAGE = re.compile(r"\$_(A?L?DFFE?|DFFSRE?|DLATCH|DLATCHSR|SR|ALDFFE?|FF)_([NP01]*_)?")


@dataclass(frozen=True, slots=True)
class Lowering:
    """A cell type in AND nodes.

    Attributes:
        template: the roots are the outputs' functions, in the order of `outputs`; then the next state of a register.
        outputs: role position of each output.
        clock: role position of a register's clock, -1 where it has none.
        falling: the register samples at the falling edge.
        register: the type is a register; `STATE` is then the template's last input.
    """

    template: Template
    outputs: tuple[int, ...]
    clock: int = -1
    falling: bool = False
    register: bool = False


def lower(cell_type: CellType, module: Module, cell: int) -> Lowering:
    """How to map `cell_type`, of which `cell` is the first example.

    Raises:
        NetlistError: the type has no function.
        UnsupportedError: a latch, or a register with an asynchronous input.
    """
    if cell_type.kind is Kind.SEQ:
        return _register(cell_type, module, cell)
    what = f"cell '{module.cell_label(cell)}' of type '{cell_type.name}'"
    where = {"file": module.file or None, "line": int(module.cell_line[cell])}
    if cell_type.kind is not Kind.COMB:
        mend = {
            Kind.MODULE: _FLATTEN,
            Kind.BLACKBOX: "give the library or file that defines it",
            Kind.DEVICE: "only gate-level netlists can become AIGs",
        }[cell_type.kind]
        raise NetlistError(f"{what} is a {cell_type.kind.value} and has no Boolean function", **where, mend=mend)  # type: ignore[arg-type]
    outputs = [at for at, role in enumerate(cell_type.roles) if role in cell_type.outputs]
    for at in outputs:
        if not cell_type.roles[at].function:
            raise NetlistError(
                f"the function of pin '{cell_type.roles[at].name}' of {what} is not known",
                **where,  # type: ignore[arg-type]
                mend="read its Liberty library with it",
            )
    programs = [parse_function(cell_type.roles[at].function) for at in outputs]
    return Lowering(_template(cell_type, programs, what), tuple(outputs))


def _template(cell_type: CellType, programs: list[Postfix], what: str, *, state: bool = False) -> Template:
    used = list(dict.fromkeys(name for program in programs for name in variables(program) if name != STATE))
    known = {role.name for role in cell_type.inputs}
    for name in used:
        if name not in known:
            raise NetlistError(f"the function of {what} uses '{name}', which is no input pin of it")
    return make_template([*used, STATE] if state else used, programs)


def _register(cell_type: CellType, module: Module, cell: int) -> Lowering:
    what = f"cell '{module.cell_label(cell)}' of type '{cell_type.name}'"
    refusal = UnsupportedError(
        f"{what} is a latch, or has an asynchronous input, which an AIG cannot hold",
        file=module.file or None,
        line=int(module.cell_line[cell]),
        mend=_ASYNC,
    )
    yosys = _yosys(cell_type.name)
    index = cell_type.role_index
    if yosys is not None:
        program, falling = yosys
        clock, output = index.get("C", -1), index.get("Q", -1)
        if output < 0 or "D" not in index:
            raise NetlistError(f"{what} has no pins D and Q")
    else:
        how = cell_type.sequential
        if how is None or how.storage != "dff" or _OTHER_STORAGE.fullmatch(cell_type.name):
            raise refusal
        connected = {name for name, net, _ in module.pins_of(cell) if net >= 0}
        extra = [r.name for r in cell_type.inputs if r.name not in (how.data, how.clock) and r.name in connected]
        if extra:
            raise UnsupportedError(
                f"pin '{extra[0]}' of register {what} has no meaning in an AIG",
                file=module.file or None,
                line=int(module.cell_line[cell]),
                mend="map enables and resets to gates before it (Yosys' dffunmap)",
            )
        program, falling = (how.data,), False
        clock, output = index.get(how.clock, -1), index[how.output]
    programs: list[Postfix] = [(STATE,)]
    outputs = [output]
    for at, role in enumerate(cell_type.roles):
        if role in cell_type.outputs and at != output and role.function:
            # A second output shows the complement: its function speaks of the first one's name.
            shown = tuple(
                STATE if s in (cell_type.roles[output].name, "IQ") else s for s in parse_function(role.function)
            )
            programs.append(shown)
            outputs.append(at)
    template = _template(cell_type, [*programs, program], what, state=True)
    return Lowering(template, tuple(outputs), clock, falling, register=True)


def _yosys(name: str) -> tuple[Postfix, bool] | None:
    """Next state over D, E, R and `STATE`, and whether the falling edge counts; None for another cell."""

    def pin(role: str, polarity: str) -> str:
        return role if polarity == "P" else f"!{role}"

    def build(text: str, edge: str) -> tuple[Postfix, bool]:
        return tuple(STATE if step == "Q" else step for step in parse_function(text)), edge == "N"

    if match := _PLAIN.fullmatch(name):
        return build("D", match[1])
    if match := _ENABLE.fullmatch(name):
        return build(_hold(pin("E", match[2]), "D"), match[1])
    if match := _RESET.fullmatch(name):
        return build(_reset(pin("R", match[2]), match[3], "D"), match[1])
    if match := _RESET_ENABLE.fullmatch(name):
        return build(_reset(pin("R", match[2]), match[3], _hold(pin("E", match[4]), "D")), match[1])
    if match := _ENABLE_RESET.fullmatch(name):
        return build(_hold(pin("E", match[4]), _reset(pin("R", match[2]), match[3], "D")), match[1])
    return None


def _hold(enable: str, data: str) -> str:
    return f"(({data})&{enable})|(Q&!({enable}))"


def _reset(reset: str, value: str, data: str) -> str:
    return f"({data})|{reset}" if value == "1" else f"({data})&!({reset})"


def required_inputs(lowering: Lowering, cell_type: CellType) -> tuple[int, ...]:
    """Role position of each template input that is a pin."""
    names = lowering.template.inputs[:-1] if lowering.register else lowering.template.inputs
    return tuple(cell_type.role_index[name] for name in names)
