"""A netlist unfolded and ordered for evaluation: what `hwdesign.netlist.evaluate` runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from hwdesign.errors import LimitError, LoopError, NetlistError, UnsupportedError
from hwdesign.netlist.boolean import Postfix, evaluate, parse_function, variables
from hwdesign.netlist.module import CONST1, INVERTED, OPEN, Module
from hwdesign.netlist.types import CellType, Direction, Kind

MAX_CELLS = 1 << 24

_COPY = parse_function("A")
_LATCH = parse_function("(D&C)|(Q&!C)")
_STORED = "stored value"  # role of the register's own value; no pin can be named so


@dataclass(slots=True)
class _Step:
    """One function: `out` (complemented where `out_inverted`) = program over (role, net, inverted)."""

    out: int
    out_inverted: bool
    program: Postfix
    reads: tuple[tuple[str, int, bool], ...]
    label: str
    register: int = -1  # register whose stored value the program may read


@dataclass(slots=True)
class Program:
    """Steps in evaluation order over the unfolded nets; nets 0 and 1 are the constants.

    Attributes:
        inputs: net of each input port bit.
        idle_inputs: input port bits that no output or register samples, clocks above all.
        input_groups: port bits of each input port, least significant first; a bus stands under its base name.
        output_groups: likewise.
        register_names: hierarchical names.
        register_init: value before the first cycle.
    """

    nets: int = 2
    steps: list[_Step] = field(default_factory=list)
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, tuple[int, bool]] = field(default_factory=dict)
    idle_inputs: frozenset[str] = frozenset()
    input_groups: dict[str, list[str]] = field(default_factory=dict)
    output_groups: dict[str, list[str]] = field(default_factory=dict)
    register_names: tuple[str, ...] = ()
    register_init: tuple[int, ...] = ()
    next_state: list[tuple[int, bool]] = field(default_factory=list)  # net sampled by each register, inverted

    def run(self, inputs: Mapping[str, int], state: list[int], ones: int) -> tuple[dict[str, int], dict[str, int]]:
        """Output bit-vectors and next state of one cycle; `ones` has a 1 for every pattern."""
        value = [0] * self.nets
        value[CONST1] = ones
        for name, net in self.inputs.items():
            value[net] = inputs.get(name, 0) & ones
        for step in self.steps:
            values = {role: value[net] ^ ones if inverted else value[net] for role, net, inverted in step.reads}
            if step.register >= 0:
                values[_STORED] = state[step.register]
            found: int = evaluate(step.program, values, ones)  # type: ignore[type-var]
            value[step.out] = found ^ ones if step.out_inverted else found
        shown = {name: value[net] ^ ones if inv else value[net] for name, (net, inv) in self.outputs.items()}
        after = [value[net] ^ ones if inv else value[net] for net, inv in self.next_state]
        return shown, dict(zip(self.register_names, after, strict=True))


def compile_program(top: Module, modules: Mapping[str, Module]) -> Program:
    """Unfold the hierarchy below `top` and order its cells. See `Evaluator` for what it raises."""
    unfolding = _Unfolding(modules)
    unfolding.run(top)
    return unfolding.finish()


class _Unfolding:
    def __init__(self, modules: Mapping[str, Module]) -> None:
        self.modules = modules
        self.program = Program()
        self.labels: dict[int, str] = {}
        self.names: list[str] = []
        self.init: list[int] = []

    def run(self, top: Module) -> None:
        base = self._open(top)
        groups = {Direction.IN: self.program.input_groups, Direction.OUT: self.program.output_groups}
        for port, label in enumerate(top.port_labels()):
            direction = Direction(int(top.port_dir[port]))
            if direction is Direction.INOUT:
                raise UnsupportedError(f"the inout port '{label}' of '{top.name}' has no Boolean value")
            net = base(int(top.port_net[port]))
            if direction is Direction.IN:
                self.program.inputs[label] = net
            else:
                self.program.outputs[label] = (net, bool(top.port_flags[port] & INVERTED))
            bus = int(top.port_bus[port])
            group = groups[direction].setdefault(top.buses[bus].name if bus >= 0 else label, [])
            # A bus's bits stand left to right in the columns, most significant first.
            group.insert(0, label)
        unfolded = 0
        # Explicit stack: hierarchies may be deeper than Python's recursion.
        stack: list[tuple[Module, int, str, int]] = [(top, base.offset, "", 1)]
        while stack:
            module, offset, path, depth = stack.pop()
            if depth > len(self.modules):
                raise NetlistError(f"module '{module.name}' contains itself", mend="break the recursion")
            unfolded += module.num_cells
            if unfolded > MAX_CELLS:
                raise LimitError(f"the hierarchy unfolds to more than {MAX_CELLS} cells")
            labels = module.cell_labels()
            for cell in range(module.num_cells):
                cell_type = module.type_of(cell)
                label = path + labels[cell]
                pins = self._pins(module, cell, offset)
                child = self.modules.get(cell_type.name) if cell_type.kind is Kind.MODULE else None
                if child is not None:
                    inner = self._instance(child, pins, label)
                    stack.append((child, inner, label + "/", depth + 1))
                elif cell_type.kind is Kind.COMB:
                    self._comb(cell_type, pins, label)
                elif cell_type.kind is Kind.SEQ:
                    self._seq(cell_type, pins, label, module.param(cell, "init"))
                else:
                    raise UnsupportedError(
                        f"cell '{label}' of type '{cell_type.name}' ({cell_type.kind.value}) has no Boolean function",
                        file=module.file or None,
                        line=int(module.cell_line[cell]),
                        mend="evaluate gate-level netlists",
                    )

    def _open(self, module: Module) -> _Shift:
        """Reserve nets for one more copy of `module`."""
        shift = _Shift(self.program.nets - 2)
        self.program.nets += module.num_nets - 2
        return shift

    def _pins(self, module: Module, cell: int, offset: int) -> dict[str, tuple[int, bool]]:
        shift = _Shift(offset)
        return {role: (shift(net), inverted) for role, net, inverted in module.pins_of(cell) if net != OPEN}

    def _instance(self, child: Module, pins: dict[str, tuple[int, bool]], label: str) -> int:
        """Tie a copy of `child` to its parent's nets by copies; returns the offset of its nets."""
        shift = self._open(child)
        for port, name in enumerate(child.port_labels()):
            direction = Direction(int(child.port_dir[port]))
            if direction is Direction.INOUT:
                raise UnsupportedError(f"the inout port '{name}' of '{child.name}' has no Boolean value")
            if name not in pins:
                continue
            outer, flipped = pins[name]
            inner = shift(int(child.port_net[port]))
            if child.port_flags[port] & INVERTED:
                flipped = not flipped
            where = f"{label}/{name}"
            if direction is Direction.IN:
                self._add(_Step(inner, False, _COPY, (("A", outer, flipped),), where))
            else:
                self._add(_Step(outer, False, _COPY, (("A", inner, flipped),), where))
        return shift.offset

    def _comb(self, cell_type: CellType, pins: dict[str, tuple[int, bool]], label: str) -> None:
        for role in cell_type.outputs:
            if role.name not in pins:
                continue
            if not role.function:
                raise UnsupportedError(
                    f"the function of pin '{role.name}' of cell type '{cell_type.name}' is not known",
                    mend="read its Liberty library first",
                )
            out, flipped = pins[role.name]
            program = parse_function(role.function)
            self._add(_Step(out, flipped, program, _reads(program, pins, label), label))

    def _seq(
        self, cell_type: CellType, pins: dict[str, tuple[int, bool]], label: str, init: float | str | None
    ) -> None:
        how = cell_type.sequential
        known = set() if how is None else {how.data, how.clock, how.output}
        others = [role.name for role in cell_type.roles if role.name not in known and role.name in pins]
        if how is None or others:
            what = f"its pin '{others[0]}'" if others else "how it stores"
            raise UnsupportedError(
                f"cell '{label}' of type '{cell_type.name}': {what} has no meaning here",
                mend="evaluate takes registers of data, clock and output",
            )
        register = len(self.names)
        self.names.append(label)
        self.init.append(1 if init == 1 else 0)
        data = _reads(("D",), {"D": pins[how.data]} if how.data in pins else {}, label)[0]
        if how.storage == "dff":
            stored = parse_function("Q")
            reads: tuple[tuple[str, int, bool], ...] = ()
            self.program.next_state.append((data[1], data[2]))
        else:
            # A latch shows what it will hold: transparent while its enable is 1.
            stored = _LATCH
            enable = _reads(("C",), {"C": pins[how.clock]} if how.clock in pins else {}, label)[0]
            reads = (data, enable)
        program = tuple(_STORED if step == "Q" else step for step in stored)
        out, flipped = pins.get(how.output, (self.program.nets, False))
        if out == self.program.nets:
            self.program.nets += 1
        self._add(_Step(out, flipped, program, reads, label, register))
        if how.storage != "dff":
            self.program.next_state.append((out, flipped))

    def _add(self, step: _Step) -> None:
        if step.out <= CONST1:
            raise NetlistError(f"'{step.label}' drives a constant")
        if step.out in self.labels:
            raise NetlistError(
                f"'{step.label}' and '{self.labels[step.out]}' drive the same net", mend="keep one driver"
            )
        self.labels[step.out] = step.label
        self.program.steps.append(step)

    def finish(self) -> Program:
        """The program with its steps in topological order."""
        program = self.program
        driver = {step.out: at for at, step in enumerate(program.steps)}
        known = {0, 1, *program.inputs.values()}
        fed: dict[int, str] = {0: "constant 0", 1: "constant 1"}
        for name, net in program.inputs.items():
            other = fed.setdefault(net, name)
            if other != name or net in driver:
                by = f"'{self.labels[net]}'" if net in driver else f"'{other}'"
                raise NetlistError(f"the input port '{name}' and {by} drive the same net", mend="keep one driver")
        for net, _ in (*program.outputs.values(), *program.next_state):
            if net not in known and net not in driver:
                shown = next((name for name, (at, _) in program.outputs.items() if at == net), "a register")
                raise NetlistError(f"the net that '{shown}' shows has no driver", mend="run `hwdesign check`")
        sinks: list[list[int]] = [[] for _ in program.steps]
        waits = [0] * len(program.steps)
        for at, step in enumerate(program.steps):
            for role, net, _ in step.reads:
                if net in driver:
                    sinks[driver[net]].append(at)
                    waits[at] += 1
                elif net not in known:
                    raise NetlistError(
                        f"pin '{role}' of '{step.label}' reads a net without a driver", mend="run `hwdesign check`"
                    )
        ready = deque(at for at, count in enumerate(waits) if count == 0)
        order: list[int] = []
        while ready:
            at = ready.popleft()
            order.append(at)
            for sink in sinks[at]:
                waits[sink] -= 1
                if waits[sink] == 0:
                    ready.append(sink)
        if len(order) < len(program.steps):
            raise LoopError(
                f"a combinational loop: {_loop(program.steps, driver, waits)}", mend="break it by a register"
            )
        program.steps = [program.steps[at] for at in order]
        program.register_names = tuple(self.names)
        program.register_init = tuple(self.init)
        live = {net for net, _ in (*program.outputs.values(), *program.next_state)}
        for step in reversed(program.steps):
            if step.out in live:
                live.update(net for _, net, _ in step.reads)
        program.idle_inputs = frozenset(name for name, net in program.inputs.items() if net not in live)
        return program


@dataclass(frozen=True, slots=True)
class _Shift:
    """Net of the unfolded netlist for a module's own net."""

    offset: int

    def __call__(self, net: int) -> int:
        return net if net <= CONST1 else net + self.offset


def _reads(program: Postfix, pins: Mapping[str, tuple[int, bool]], label: str) -> tuple[tuple[str, int, bool], ...]:
    found = []
    for role in variables(program):
        if role not in pins:
            raise NetlistError(f"pin '{role}' of '{label}' is not connected", mend="run `hwdesign check`")
        found.append((role, *pins[role]))
    return tuple(found)


def _loop(steps: list[_Step], driver: Mapping[int, int], waits: list[int]) -> str:
    """Labels along one loop among the steps that still wait, in signal order."""
    at = next(at for at, count in enumerate(waits) if count)
    seen: dict[int, int] = {}
    path: list[int] = []
    while at not in seen:
        seen[at] = len(path)
        path.append(at)
        # A waiting step always has a waiting driver.
        at = next(driver[net] for _, net, _ in steps[at].reads if net in driver and waits[driver[net]])
    turn = path[seen[at] :][::-1]
    begin = turn.index(min(turn))
    loop = [steps[i].label for i in turn[begin:] + turn[:begin]]
    shown = loop if len(loop) <= 10 else [*loop[:9], "..."]
    return " -> ".join([*shown, loop[0]])
