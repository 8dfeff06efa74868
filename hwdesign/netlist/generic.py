"""The generic gates that every format shares: AND2, NOR3, MUX2, DFF ..., sums of products and look-up tables."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from hwdesign.errors import NetlistError
from hwdesign.netlist.boolean import parse_function, sum_of_products, truth_table
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
def cover(rows: str, inputs: int) -> tuple[CellType, tuple[int, ...]]:
    """Type of a BLIF `.names` cover.

    Args:
        rows: the cover's lines joined by newlines, `01- 1` each (input plane, blank, output).
        inputs: number of inputs.

    Returns:
        The type, and the inputs that see their net inverted. A single cube or clause becomes AND, NAND, OR or NOR with
        inverted pins, parity of two XOR or XNOR, anything else of up to six inputs a look-up table, and what is left a
        type `SOP<inputs>_<digest>`.

    Raises:
        NetlistError: rows of unequal width, on-set and off-set mixed, or a character other than 0, 1 and -.
    """
    lines = [line for line in rows.split("\n") if line]
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
    onset = outputs == {"1"} or not lines
    if inputs == 0:
        return gate("ONE" if (outputs == {"1"}) else "ZERO"), ()
    common = _common_gate(planes, inputs, onset)
    if common is not None:
        return common
    pins = input_names(inputs)
    terms = ["&".join(p if c == "1" else f"!{p}" for p, c in zip(pins, row, strict=True) if c != "-") for row in planes]
    body = "|".join(f"({term})" if term else "1" for term in terms) or "0"
    function = body if onset else f"!({body})"
    if inputs <= 6:
        return lut(truth_table(parse_function(function), pins), inputs), ()
    digest = hashlib.sha256(f"{inputs}\n{rows}".encode()).hexdigest()[:12]
    return _comb(f"SOP{inputs}_{digest}", pins, function), ()


def _common_gate(planes: list[str], inputs: int, onset: bool) -> tuple[CellType, tuple[int, ...]] | None:
    """The generic gate with exactly this cover and the inputs that it inverts, or None."""
    if len(planes) == 1 and "-" not in planes[0]:
        if inputs == 1:
            return (BUF if (planes[0] == "1") == onset else NOT), ()
        zeros = tuple(at for at, value in enumerate(planes[0]) if value == "0")
        ones = tuple(at for at, value in enumerate(planes[0]) if value == "1")
        # An off-set cube is a NAND; a row of zeros reads better as NOR and OR.
        if not ones:
            return gate("NOR" if onset else "OR", inputs), ()
        return gate("AND" if onset else "NAND", inputs), zeros
    if len(planes) == inputs and all(row.count("-") == inputs - 1 for row in planes):
        value = {next(at for at, c in enumerate(row) if c != "-"): row.strip("-") for row in planes}
        if len(value) == inputs:
            zeros = tuple(at for at in sorted(value) if value[at] == "0")
            if len(zeros) == inputs:
                return gate("NAND" if onset else "AND", inputs), ()
            return gate("OR" if onset else "NOR", inputs), zeros
    if set(planes) == {"10", "01"}:
        return gate("XOR" if onset else "XNOR", 2), ()
    if set(planes) == {"11", "00"}:
        return gate("XNOR" if onset else "XOR", 2), ()
    return None


_FIXED = ("BUF", "NOT", "ZERO", "ONE", "DFF", "DLATCH")
_NAMED = re.compile(r"(AND|NAND|OR|NOR|XOR|XNOR)([1-9]\d{0,4})|LUT(\d{1,2})_([0-9A-F]+)")


def by_name(name: str) -> CellType | None:
    """The generic type called `name` (`NAND3`, `MUX2`, `LUT3_E8`), or None."""
    if name in _FIXED:
        return gate(name)
    if name == "MUX2":
        return gate("MUX")
    match = _NAMED.fullmatch(name)
    if match is None:
        return None
    if match[1]:
        inputs = int(match[2])
        return gate(match[1], inputs) if 2 <= inputs <= MAX_GATE_INPUTS else None
    inputs = int(match[3])
    if inputs > 6 or len(match[4]) != max(1, (1 << inputs) // 4) or int(match[4], 16) >> (1 << inputs):
        return None
    return lut(int(match[4], 16), inputs)
