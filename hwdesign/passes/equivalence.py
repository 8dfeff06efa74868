"""Combinational equivalence of two netlists: random patterns first, then a proof."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError, ToolError
from hwdesign.kernels import simulate_literals, simulate_words
from hwdesign.netlist import Netlist
from hwdesign.netlist.aig import AigView, aig_view, is_aig
from hwdesign.passes._columns import IntArray
from hwdesign.passes.aig import to_aig
from hwdesign.tools import find_tool, run_tool

PATTERNS = 4096
# Above this, ABC goes first: aigverse's checker has no time limit, and its sweep of equal nodes is slow.
IN_PROCESS_NODES = 20_000
# Conflicts of a SAT call: aigverse gives up after seconds, ABC has a time limit beside it.
CONFLICTS = 10_000
ABC_CONFLICTS = 1_000_000
_MEMORY_MB = 4096
_PATTERN = re.compile(r"(?<!\S)(\S+)=([01])(?!\S)")


@dataclass(frozen=True, slots=True)
class Equivalence:
    """What a check found.

    Attributes:
        equal: None where no engine decided within its limits.
        method: `simulation`, `aigverse`, `abc`, `reset values`, or `undecided`.
        matched: whether ports and registers were paired by name, or by position because the names differ.
        counterexample: value of each input, and of each register, under which `output` differs, where one is known.
        output: port, or register whose next state differs.
    """

    equal: bool | None
    method: Literal["simulation", "aigverse", "abc", "reset values", "undecided"]
    matched: Literal["name", "position"]
    counterexample: dict[str, int] | None = None
    output: str = ""

    def __bool__(self) -> bool:
        """Proven equal."""
        return self.equal is True


@dataclass(frozen=True, eq=False, slots=True)
class _Pair:
    """Two AIGs over the same inputs: of `b`, `b_input` gives the variable of each input of `a`."""

    a: AigView
    b: AigView
    b_input: NDArray[np.int64]
    a_roots: IntArray
    b_roots: IntArray
    inputs: list[str]
    outputs: list[str]


def aig_equivalent(
    a: Netlist, b: Netlist, *, timeout_s: float = 60.0, patterns: int = PATTERNS, seed: int = 1
) -> Equivalence:
    """Whether two netlists compute the same outputs and next states.

    Registers are cut: their outputs count as inputs, their next states as outputs. Netlists that are no AIGs are mapped
    first. Random patterns look for a difference; then aigverse proves equality, or Berkeley ABC where it is there and
    the netlists are large or aigverse gave up.

    Args:
        a, b: netlists with as many inputs, outputs and registers.
        timeout_s: for ABC.
        patterns: random patterns to begin with.
        seed: of these.

    Raises:
        NetlistError: the numbers of inputs, outputs or registers differ.
    """
    pair, matched = _pair(_view(a), _view(b))
    if (pair.a.latch_reset != pair.b.latch_reset[_latch_match(pair.a, pair.b)[0]]).any():
        return Equivalence(False, "reset values", matched)
    found = _simulate(pair, patterns, seed)
    if found is not None:
        return Equivalence(False, "simulation", matched, *found)
    nodes = pair.a.num_ands + pair.b.num_ands
    abc = find_tool("abc") is not None
    networks = (
        _network(pair.a, np.arange(1, 1 + pair.a.num_inputs), pair.a_roots),
        _network(pair.b, pair.b_input, pair.b_roots),
    )
    if not (abc and nodes > IN_PROCESS_NODES):
        from aigverse.algorithms import equivalence_checking

        verdict = equivalence_checking(*networks, conflict_limit=CONFLICTS)
        if verdict:
            return Equivalence(True, "aigverse", matched)
        if verdict is False:
            if abc:
                answer = _abc(pair, networks, matched, timeout_s)
                if answer.equal is False:
                    return answer
            return Equivalence(False, "aigverse", matched)
    if abc:
        return _abc(pair, networks, matched, timeout_s)
    return Equivalence(None, "undecided", matched)


def _view(netlist: Netlist) -> AigView:
    mapped = netlist if is_aig(netlist.top_module) else to_aig(netlist)
    return aig_view(mapped.top_module)


def _match(ours: list[str], theirs: list[str], what: str) -> tuple[NDArray[np.int64], bool]:
    """Position in `theirs` of each of `ours`, and whether names decided."""
    if len(ours) != len(theirs):
        raise NetlistError(
            f"the netlists have {len(ours)} and {len(theirs)} {what}", mend="compare netlists of the same interface"
        )
    place = {name: at for at, name in enumerate(theirs)}
    if len(place) == len(theirs) and set(ours) == set(place):
        return np.array([place[name] for name in ours], np.int64), True
    return np.arange(len(ours)), False


def _latch_match(a: AigView, b: AigView) -> tuple[NDArray[np.int64], bool]:
    return _match(_latch_labels(a), _latch_labels(b), "registers")


def _latch_labels(view: AigView) -> list[str]:
    return [view.module.cell_label(cell) for cell in view.latch_cell.tolist()]


def _port_labels(view: AigView, ports: IntArray) -> list[str]:
    return view.module.names.decode(view.module.port_name[ports])


def _pair(a: AigView, b: AigView) -> tuple[_Pair, Literal["name", "position"]]:
    into, named_in = _match(_port_labels(a, a.input_port), _port_labels(b, b.input_port), "inputs")
    out, named_out = _match(_port_labels(a, a.output_port), _port_labels(b, b.output_port), "outputs")
    latch, named_latch = _latch_match(a, b)
    matched: Literal["name", "position"] = "name" if named_in and named_out and named_latch else "position"
    latches = _latch_labels(a)
    pair = _Pair(
        a,
        b,
        1 + np.concatenate([into, len(into) + latch]),
        np.concatenate([a.outputs, a.latch_next]),
        np.concatenate([b.outputs[out], b.latch_next[latch]]),
        _port_labels(a, a.input_port) + latches,
        _port_labels(a, a.output_port) + latches,
    )
    return pair, matched


def _simulate(pair: _Pair, patterns: int, seed: int) -> tuple[dict[str, int], str] | None:
    """A pattern under which the outputs differ, and the first that does."""
    a, b = pair.a, pair.b
    if len(pair.a_roots) == 0:
        return None
    inputs = np.arange(1, 1 + a.num_inputs)
    none = np.zeros(0, np.int32)
    words = simulate_words(none, none, a.num_inputs, patterns=patterns, seed=seed, variables=inputs)
    theirs = np.zeros_like(words)
    theirs[pair.b_input - 1] = words
    left = simulate_literals(a.fanin0, a.fanin1, a.num_inputs, pair.a_roots, patterns=patterns, input_words=words)
    right = simulate_literals(b.fanin0, b.fanin1, b.num_inputs, pair.b_roots, patterns=patterns, input_words=theirs)
    rows, columns = np.nonzero(left != right)
    if len(rows) == 0:
        return None
    row, column = int(rows[0]), int(columns[0])
    bit = (int(left[row, column]) ^ int(right[row, column])).bit_length() - 1
    values = (words[:, column] >> np.uint64(bit)) & np.uint64(1)
    return dict(zip(pair.inputs, values.astype(int).tolist(), strict=True)), pair.outputs[row]


def _network(view: AigView, inputs: NDArray[np.int64], roots: IntArray) -> Any:
    """The AIG as an aigverse network whose inputs are the variables `inputs`, in this order."""
    from aigverse.networks import Aig

    network = Aig()
    signal: list[Any] = [network.get_constant(False)] * view.num_variables
    for variable in inputs.tolist():
        signal[variable] = network.create_pi()

    def literal(at: int) -> Any:
        return ~signal[at >> 1] if at & 1 else signal[at >> 1]

    first = 1 + view.num_inputs
    for at, (left, right) in enumerate(zip(view.fanin0.tolist(), view.fanin1.tolist(), strict=True)):
        signal[first + at] = network.create_and(literal(left), literal(right))
    for root in roots.tolist():
        network.create_po(literal(root))
    return network


def _abc(pair: _Pair, networks: tuple[Any, Any], matched: Literal["name", "position"], timeout_s: float) -> Equivalence:
    """Verdict of ABC's `&cec`; of the slower `cec` only a counterexample, which the former does not print."""
    from aigverse.io import write_aiger

    seconds = max(1, round(timeout_s))
    with tempfile.TemporaryDirectory() as folder:
        for name, network in zip(("a.aig", "b.aig"), networks, strict=True):
            write_aiger(network, str(Path(folder) / name))

        def run(command: str) -> str:
            argv = ["abc", "-q", command]
            try:
                done = run_tool(argv, cwd=folder, timeout_s=timeout_s + 10, memory_mb=_MEMORY_MB, check=False)
            except ToolError:
                return ""
            return done.stdout

        text = run(f"&read a.aig; &cec -C {ABC_CONFLICTS} -T {seconds} b.aig")
        if "Networks are equivalent" in text:
            return Equivalence(True, "abc", matched)
        if "NOT EQUIVALENT" not in text:
            return Equivalence(None, "undecided", matched)
        shown = run(f"cec -n -T {seconds} -C {ABC_CONFLICTS} a.aig b.aig")
    return Equivalence(False, "abc", matched, *_counterexample(pair, shown))


def _counterexample(pair: _Pair, text: str) -> tuple[dict[str, int] | None, str]:
    """ABC's counterexample by our names, where it printed one."""
    line = next((part for part in text.splitlines() if part.startswith("Input pattern:")), "")
    bits = [int(value) for _, value in _PATTERN.findall(line)]
    at = re.search(r"^Output po(\d+):", text, re.MULTILINE)
    output = pair.outputs[int(at[1])] if at and int(at[1]) < len(pair.outputs) else ""
    if len(bits) != len(pair.inputs):
        return None, output
    return dict(zip(pair.inputs, bits, strict=True)), output
