"""The generic gates that every format shares: AND2, NOR3, MUX2, DFF ..., sums of products and look-up tables."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from hwdesign.errors import NetlistError
from hwdesign.netlist.boolean import sum_of_products
from hwdesign.netlist.types import CellType, Direction, Kind, Role, Sequential

VARIADIC = ("AND", "NAND", "OR", "NOR", "XOR", "XNOR")
_JOIN = {"AND": "&", "NAND": "&", "OR": "|", "NOR": "|", "XOR": "^", "XNOR": "^"}
_INVERTED = ("NAND", "NOR", "XNOR", "NOT")
MAX_GATE_INPUTS = 32766


def input_names(count: int) -> tuple[str, ...]:
    """Names of a gate's inputs: A, B, C, D for up to four, A0, A1 ... for more."""
    return tuple("ABCD"[:count]) if count <= 4 else tuple(f"A{i}" for i in range(count))


def _comb(name: str, inputs: tuple[str, ...], function: str) -> CellType:
    roles = (*(Role(pin, Direction.IN) for pin in inputs), Role("Y", Direction.OUT, function))
    return CellType(name, Kind.COMB, roles)


@lru_cache(maxsize=1024)
def gate(op: str, inputs: int = 2) -> CellType:
    """Generic gate type.

    Args:
        op: AND, NAND, OR, NOR, XOR, XNOR (any number of inputs), BUF, NOT, MUX, DFF, DLATCH, ZERO or ONE.
        inputs: number of inputs; ignored where the operator fixes it.

    Returns:
        The type; inputs come first, then the output Y (DFF and DLATCH: D, C, Q). MUX2 passes A where S is 0, else B.

    Raises:
        NetlistError: no such gate.
    """
    if op in VARIADIC:
        if inputs == 1:
            return gate("NOT" if op in _INVERTED else "BUF")
        if inputs == 0:
            # The empty product is 1, the empty sum 0.
            return gate("ONE" if op in ("AND", "NOR", "XNOR") else "ZERO")
        if not 2 <= inputs <= MAX_GATE_INPUTS:
            raise NetlistError(f"a gate {op} with {inputs} inputs is out of range", mend="use 2 to 32766 inputs")
        pins = input_names(inputs)
        body = _JOIN[op].join(pins)
        return _comb(f"{op}{inputs}", pins, f"!({body})" if op in _INVERTED else body)
    if op == "BUF":
        return _comb("BUF", ("A",), "A")
    if op == "NOT":
        return _comb("NOT", ("A",), "!A")
    if op == "MUX":
        return _comb("MUX2", ("A", "B", "S"), "(A&!S)|(B&S)")
    if op in ("ZERO", "ONE"):
        return _comb(op, (), "1" if op == "ONE" else "0")
    if op in ("DFF", "DLATCH"):
        roles = (Role("D", Direction.IN), Role("C", Direction.IN), Role("Q", Direction.OUT))
        storage = "dff" if op == "DFF" else "latch"
        return CellType(op, Kind.SEQ, roles, Sequential(storage, "D", "C", "Q"))
    raise NetlistError(f"no generic gate is named '{op}'", mend="use AND NAND OR NOR XOR XNOR BUF NOT MUX DFF DLATCH")


AND2 = gate("AND", 2)
BUF = gate("BUF")
NOT = gate("NOT")
DFF = gate("DFF")


def lut(table: int, inputs: int) -> CellType:
    """Look-up table of up to 16 inputs; bit i of `table` is the output where input k carries bit k of i."""
    pins = input_names(inputs)
    digits = max(1, (1 << inputs) // 4)
    return _comb(f"LUT{inputs}_{table:0{digits}X}", pins, sum_of_products(table, pins))


@lru_cache(maxsize=65536)
def cover(rows: str, inputs: int) -> CellType:
    """Type of a BLIF `.names` cover.

    Args:
        rows: the cover's lines joined by newlines, `01- 1` each (input plane, blank, output).
        inputs: number of inputs.

    Returns:
        The generic gate where the cover is one of the common ones, otherwise a type `SOP<inputs>_<digest>`.

    Raises:
        NetlistError: rows of unequal width, on-set and off-set mixed, or a character other than 0, 1 and -.
    """
    lines = [line for line in rows.split("\n") if line]
    if not lines:
        return gate("ZERO") if inputs == 0 else _comb(f"SOP{inputs}_ZERO", input_names(inputs), "0")
    planes = []
    outputs = set()
    for line in lines:
        plane, _, output = line.rpartition(" ")
        if len(plane) != inputs or set(plane) - set("01-") or output not in ("0", "1"):
            raise NetlistError(f"the cover row '{line[:60]}' does not fit {inputs} inputs", mend="use 0, 1 and -")
        planes.append(plane)
        outputs.add(output)
    if len(outputs) > 1:
        raise NetlistError("the cover mixes on-set and off-set rows", mend="give only rows that end in 1, or in 0")
    onset = outputs == {"1"}
    if inputs == 0:
        return gate("ONE" if onset else "ZERO")
    common = _common_gate(frozenset(planes), inputs, onset)
    if common is not None:
        return common
    pins = input_names(inputs)
    terms = ["&".join(p if c == "1" else f"!{p}" for p, c in zip(pins, row, strict=True) if c != "-") for row in planes]
    body = "|".join(f"({term})" if term else "1" for term in terms)
    digest = hashlib.sha256(f"{inputs}\n{rows}".encode()).hexdigest()[:12]
    return _comb(f"SOP{inputs}_{digest}", pins, body if onset else f"!({body})")


def _common_gate(planes: frozenset[str], inputs: int, onset: bool) -> CellType | None:
    """The generic gate with exactly this cover, or None."""
    one_hot = {value: frozenset("-" * i + value + "-" * (inputs - i - 1) for i in range(inputs)) for value in "01"}
    if inputs == 1 and planes in ({"1"}, {"0"}):
        return BUF if (planes == {"1"}) == onset else NOT
    if planes == {"1" * inputs}:
        return gate("AND" if onset else "NAND", inputs)
    if planes == {"0" * inputs}:
        return gate("NOR" if onset else "OR", inputs)
    if planes == one_hot["1"]:
        return gate("OR" if onset else "NOR", inputs)
    if planes == one_hot["0"]:
        return gate("NAND" if onset else "AND", inputs)
    if planes == {"10", "01"}:
        return gate("XOR" if onset else "XNOR", 2)
    if planes == {"11", "00"}:
        return gate("XNOR" if onset else "XOR", 2)
    return None
