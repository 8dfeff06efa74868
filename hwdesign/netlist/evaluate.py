"""Gate-level evaluation, many patterns at once: a net's value is a Python integer whose bit p belongs to pattern p.

Meant for checking functions and for small jobs on any netlist with hierarchy; the AIG kernel is the fast way for large
AIGs. Zero-delay semantics: one call is one clock cycle, every flip-flop of the netlist samples at its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.netlist._program import Program, compile_program
from hwdesign.netlist.module import Module
from hwdesign.netlist.netlist import Netlist

Words = int | Sequence[int] | NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Result of one cycle.

    Attributes:
        outputs: by output port (a bus under its base name), one unsigned word a pattern.
        state: bit-vector over the patterns of every register, by hierarchical name; feed it to the next call.
    """

    outputs: Mapping[str, list[int]]
    state: Mapping[str, int]

    def __getitem__(self, port: str) -> int:
        """Word at `port` in pattern 0."""
        return self.outputs[port][0]


def pack_bits(words: Sequence[int], width: int) -> list[int]:
    """Transpose words into bit-vectors: bit p of result k is bit k of `words[p]`.

    Raises:
        NetlistError: a word is negative or has more than `width` bits.
    """
    size = (width + 7) // 8
    for word in words:
        if word < 0 or word >> width:
            raise NetlistError(f"the value {word} does not fit {width} unsigned bits")
    data = np.frombuffer(b"".join(word.to_bytes(size, "little") for word in words), np.uint8)
    bits = np.unpackbits(data.reshape(len(words), size), axis=1, count=width, bitorder="little")
    rows = np.packbits(bits.T, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


def unpack_words(vectors: Sequence[int], patterns: int) -> list[int]:
    """Inverse of `pack_bits`: word p collects bit p of every vector, the first vector least significant."""
    size = (patterns + 7) // 8
    data = np.frombuffer(b"".join(vector.to_bytes(size, "little") for vector in vectors), np.uint8)
    bits = np.unpackbits(data.reshape(len(vectors), size), axis=1, count=patterns, bitorder="little")
    rows = np.packbits(bits.T, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


class Evaluator:
    """A netlist made ready to evaluate; immutable, so that state is the caller's.

    >>> from hwdesign.netlist import Builder
    >>> b = Builder("half_adder")
    >>> x, y = b.top.input("x"), b.top.input("y")
    >>> _ = b.top.outputs("sum", [b.top.gate("XOR", x, y), b.top.gate("AND", x, y)])
    >>> Evaluator(b.freeze())({"x": [0, 1, 1], "y": [0, 0, 1]}).outputs
    {'sum': [0, 1, 2]}
    """

    def __init__(self, netlist: Netlist | Module) -> None:
        """Compile the netlist.

        Raises:
            NetlistError: an undriven net is read, or a net has two drivers.
            LoopError: a combinational loop; its cells are named.
            UnsupportedError: a cell without a known function, or an inout port.
            LimitError: the hierarchy unfolds to too many cells.
        """
        module = netlist.top_module if isinstance(netlist, Netlist) else netlist
        modules = netlist.modules if isinstance(netlist, Netlist) else {module.name: module}
        self.program: Program = compile_program(module, modules)

    @property
    def registers(self) -> tuple[str, ...]:
        """Hierarchical names of the storage cells, instance names joined by `/`."""
        return self.program.register_names

    def initial_state(self, patterns: int = 1) -> dict[str, int]:
        """State before the first cycle: each register's `init` parameter, 0 where it has none."""
        ones = (1 << patterns) - 1
        start = zip(self.registers, self.program.register_init, strict=True)
        return {name: ones if bit else 0 for name, bit in start}

    def run_bits(
        self, inputs: Mapping[str, int], patterns: int, state: Mapping[str, int] | None = None
    ) -> tuple[dict[str, int], dict[str, int]]:
        """One cycle on bit-vectors.

        Args:
            inputs: bit-vector of every input port bit (`a[3]`, `cin`); one that feeds nothing but clocks may be absent.
            patterns: number of patterns, the width of every bit-vector.
            state: bit-vector of every register; `initial_state` by default.

        Returns:
            Bit-vectors of the output port bits, and the next state.

        Raises:
            NetlistError: an input is missing or unknown, or the state does not fit the registers.
        """
        program = self.program
        _same_names(set(program.inputs), set(inputs), "input", program.idle_inputs)
        now = self.initial_state(patterns) if state is None else dict(state)
        _same_names(set(program.register_names), set(now), "register")
        return program.run(inputs, [now[name] for name in program.register_names], (1 << patterns) - 1)

    def __call__(self, inputs: Mapping[str, Words], state: Mapping[str, int] | None = None) -> Evaluation:
        """One cycle on words.

        Args:
            inputs: by input port (a bus under its base name): one unsigned word, or one a pattern. A single word
                holds for all patterns. A port that feeds nothing but clocks may be absent.
            state: from the previous cycle; `initial_state` by default.

        Raises:
            NetlistError: inputs of unequal length, a word too wide, or what `run_bits` refuses.
        """
        groups = self.program.input_groups
        idle = frozenset(name for name, bits in groups.items() if self.program.idle_inputs.issuperset(bits))
        _same_names(set(groups), set(inputs), "input", idle)
        listed = {name: _listed(words) for name, words in inputs.items()}
        lengths = {len(words) for words in listed.values()} - {1}
        if len(lengths) > 1 or 0 in lengths:
            counts = " and ".join(map(str, sorted(lengths)))
            raise NetlistError(f"the inputs hold {counts} patterns", mend="give as many to each")
        patterns = max(lengths, default=1)
        ones = (1 << patterns) - 1
        bits: dict[str, int] = {}
        for name, words in listed.items():
            vectors = pack_bits(words, len(groups[name]))
            if len(words) < patterns:
                vectors = [ones * vector for vector in vectors]
            bits.update(zip(groups[name], vectors, strict=True))
        outputs, after = self.run_bits(bits, patterns, state)
        shown = {
            name: unpack_words([outputs[bit] for bit in members], patterns)
            for name, members in self.program.output_groups.items()
        }
        return Evaluation(shown, after)


def evaluate_module(
    netlist: Netlist | Module, inputs: Mapping[str, Words], state: Mapping[str, int] | None = None
) -> Evaluation:
    """One cycle of a netlist, compiled for this call; keep an `Evaluator` for more than a few.

    Args:
        netlist: with or without hierarchy; a Module must have none.
        inputs: see `Evaluator.__call__`.
        state: from the previous cycle.

    Raises:
        HwdesignError: what `Evaluator` and its call refuse.
    """
    return Evaluator(netlist)(inputs, state)


def _listed(words: Words) -> list[int]:
    return [int(words)] if isinstance(words, int | np.integer) else [int(word) for word in words]


def _same_names(wanted: set[str], given: set[str], what: str, optional: frozenset[str] = frozenset()) -> None:
    missing, unknown = sorted(wanted - given - optional), sorted(given - wanted)
    if missing:
        raise NetlistError(f"no value is given for the {what} '{missing[0]}'", mend=f"{what}s: {_some(wanted)}")
    if unknown:
        raise NetlistError(f"the netlist has no {what} '{unknown[0]}'", mend=f"{what}s: {_some(wanted)}")


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names)[:8]) or "none"


__all__ = ["Evaluation", "Evaluator", "Words", "evaluate_module", "pack_bits", "unpack_words"]
