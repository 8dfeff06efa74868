"""The text readers in C++: Verilog, BLIF, BENCH and AIGER to bit-level columns, with no knowledge of cell libraries.

The columns mirror `src/tables.hpp`. Types are named, not resolved: a cell points at a *kind* (its type's name, and for
gates its number of inputs), a pin at a *pin kind* (which kind of cell, which port, which bit). Names are ids into one
pool, `names_data` and `names_offsets`; -1 stands for no name. The pool also holds names that nothing points at.

Every function releases the GIL, takes bytes or a uint8 array, and raises

- `hwdesign.errors.FormatError` where the text is not what its format allows,
- `hwdesign.errors.NotStructuralError` for Verilog that is not a netlist (RTL, or text that needs a preprocessor),
- `hwdesign.errors.UnsupportedError` for legal input that is not read (user-defined primitives, transistor switches),
- `hwdesign.errors.LimitError` for input beyond the bounds for untrusted files,

each with the line; the caller knows the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.errors import FormatError, HwdesignError, LimitError, NotStructuralError, UnsupportedError
from hwdesign.kernels import _kernels
from hwdesign.kernels._arrays import ids

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
U8: TypeAlias = NDArray[np.uint8]
Data: TypeAlias = bytes | bytearray | memoryview | NDArray[np.uint8]

MAX_DEPTH = 1000
"""Calls that one nested expression may take; a parenthesis takes two, and one more an operator level."""

MAX_BITS = 1 << 20
"""Bits of one bus or one expression. A file of n bytes may have 32 * MAX_BITS + 64 * n nets and pins in all, where a
bit of a declared bus counts as eight; so that a few bytes cannot ask for gigabytes."""

INSTANCE, GATE, COVER, LUT, LATCH = range(5)
"""Values of `RawKinds.klass`; see there."""

INVERTED, UNKNOWN = 1, 2
"""Bits of `RawModule.pin_flags`: the pin sees its net inverted; an `x` bit, tied to constant 0."""

IN, OUT, INOUT = range(3)
"""Values of `RawModule.port_dir`."""


@dataclass(frozen=True, eq=False)
class RawKinds:
    """Kinds of cells.

    Attributes:
        name: id of the kind's name: a module's or library cell's (INSTANCE); AND OR NAND NOR XOR XNOR NOT BUF MUX DFF
            (GATE); a BLIF cover's rows joined by a line feed (COVER); a table as written, such as 0x8 (LUT); type and
            initial value, such as "re 0" or " 3" (LATCH).
        arity: number of inputs; -1 for INSTANCE.
        klass: INSTANCE, GATE, COVER, LUT or LATCH. All but INSTANCE have positional pins: 0 is the output, the inputs
            follow (MUX: select, when-0, when-1; LATCH: data, then its clock where there is one).
    """

    name: I32
    arity: I32
    klass: U8


@dataclass(frozen=True, eq=False)
class RawPinKinds:
    """Kinds of pins.

    Attributes:
        cell_kind: index into `RawKinds`.
        name: id of the port's name, -1 where connected by position.
        position: 0-based, -1 where connected by name.
        bit: 0 is the connection's least significant bit.
    """

    cell_kind: I32
    name: I32
    position: I32
    bit: I32


@dataclass(frozen=True, eq=False)
class RawModule:
    """One module's columns.

    Attributes:
        name: id of the module's name.
        line: 1-based line of its beginning.
        net_name: a net's name; nets 0 and 1 are the constants and nameless, as are nets inside expressions. Bit i of a
            vector `w` is named `w[i]`.
        cell_kind, cell_name, cell_line: a cell each; the name is -1 where the source gives none.
        pin_ptr: pins of cell c are `pin_ptr[c]` to `pin_ptr[c + 1]`.
        pin_net: -1 is an open pin.
        pin_kind, pin_flags: see `RawPinKinds`, `INVERTED`, `UNKNOWN`.
        port_name, port_net, port_bus, port_dir, port_flags: a row a bit in the header's order, a bus from its left to
            its right index; `port_bus` is an index into the bus columns, -1 for a scalar.
        bus_name, bus_left, bus_right: vector ports.
        param_cell, param_key, param_value: parameters (key as written, `#0` ... by position) and attributes (key begins
            with `@`), rising by cell; values are text as written, strings in quotes. Of equal keys the last counts.
    """

    name: int
    line: int
    net_name: I32
    cell_kind: I32
    cell_name: I32
    cell_line: I32
    pin_ptr: I64
    pin_net: I32
    pin_kind: I32
    pin_flags: U8
    port_name: I32
    port_net: I32
    port_bus: I32
    port_dir: U8
    port_flags: U8
    bus_name: I32
    bus_left: I32
    bus_right: I32
    param_cell: I32
    param_key: I32
    param_value: I32


@dataclass(frozen=True, eq=False)
class RawDesign:
    """What a netlist reader returns.

    Attributes:
        names_data: the names' UTF-8 bytes end to end.
        names_offsets: where each begins; one more than there are names.
        kinds, pin_kinds: shared by all modules.
        modules: in the file's order; versions of a module with other parameters, named `name$W=8`, follow.
    """

    names_data: U8
    names_offsets: I64
    kinds: RawKinds
    pin_kinds: RawPinKinds
    modules: tuple[RawModule, ...]

    def name(self, index: int) -> str:
        """The name with that id, '' for -1. For a few names; decode columns in one sweep."""
        if index < 0:
            return ""
        return self.names_data[self.names_offsets[index] : self.names_offsets[index + 1]].tobytes().decode()


@dataclass(frozen=True, eq=False)
class RawAiger:
    """An AIGER file (Biere, FMV report 11/2, 2011): literals are 2 * variable + inverted; 0 is false, 1 true.

    Attributes:
        binary: the file was in the binary format.
        max_variable: the header's M.
        inputs, outputs: literals.
        latch_literals, latch_next, latch_reset: a latch each; its reset is 0, 1, or its own literal (not initialised).
        bad, constraints, fairness: literals of the header's B, C and F sections.
        justice_ptr, justice: property i has the literals `justice[justice_ptr[i]:justice_ptr[i + 1]]`.
        and_lhs, and_rhs0, and_rhs1: AND gates in the file's order, which only a binary file keeps topological.
        symbols: kind (one of i l o b c j f), index within the kind, name; in the file's order.
        comment: the text after the line `c`.
    """

    binary: bool
    max_variable: int
    inputs: I32
    latch_literals: I32
    latch_next: I32
    latch_reset: I32
    outputs: I32
    bad: I32
    constraints: I32
    justice_ptr: I64
    justice: I32
    fairness: I32
    and_lhs: I32
    and_rhs0: I32
    and_rhs1: I32
    symbols: tuple[tuple[str, int, str], ...]
    comment: bytes


_ERRORS: dict[str, type[HwdesignError]] = {
    "format": FormatError,
    "not_structural": NotStructuralError,
    "not_supported": UnsupportedError,
    "too_large": LimitError,
}


def _error(error: BaseException) -> HwdesignError:
    klass, line, what, mend = cast("tuple[str, int, str, str]", error.args)
    return _ERRORS[klass](what, line=line, mend=mend)


def _bytes(data: Data) -> U8:
    array = data if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    if array.dtype != np.uint8 or array.ndim != 1:
        raise ValueError("data must be bytes or a one-dimensional uint8 array")
    return np.ascontiguousarray(array)


def _design(raw: dict[str, Any]) -> RawDesign:
    return RawDesign(
        raw["names_data"],
        raw["names_offsets"],
        RawKinds(**raw["kinds"]),
        RawPinKinds(**raw["pin_kinds"]),
        tuple(RawModule(**module) for module in raw["modules"]),
    )


def parse_verilog(data: Data, *, max_depth: int = MAX_DEPTH, max_bits: int = MAX_BITS) -> RawDesign:
    """Read structural Verilog, the netlist subset of IEEE 1364-2005.

    `assign` and expressions become gates; anonymous nets stand between them. An instance that changes a known module's
    parameters refers to a version of it, `name$W=8`; a version that nothing uses is left out.

    Args:
        data: the file's bytes.
        max_depth: see `MAX_DEPTH`.
        max_bits: see `MAX_BITS`.
    """
    try:
        return _design(_kernels.parse_verilog(_bytes(data), max_depth, max_bits))
    except _kernels.ReadError as error:
        raise _error(error) from None


def parse_blif(data: Data, *, max_bits: int = MAX_BITS) -> RawDesign:
    """Read BLIF; buses are flat names, so that every port is a scalar. A model without a name is called `top`."""
    try:
        return _design(_kernels.parse_blif(_bytes(data), MAX_DEPTH, max_bits))
    except _kernels.ReadError as error:
        raise _error(error) from None


def parse_bench(data: Data, *, name: str = "top", max_bits: int = MAX_BITS) -> RawDesign:
    """Read BENCH, whose one module is called `name`.

    A signal that is both input and output, or an output twice (both occur in ITC'99), has as many port rows.
    """
    try:
        return _design(
            _kernels.parse_bench(_bytes(data), MAX_DEPTH, max_bits, name.encode("utf-8", "replace").decode())
        )
    except _kernels.ReadError as error:
        raise _error(error) from None


def parse_aiger(data: Data, *, max_bits: int = MAX_BITS) -> RawAiger:
    """Read AIGER 1.9, ASCII or binary; every literal used is defined, and none twice.

    Faults in the binary part are reported at the line where it begins.
    """
    try:
        raw = _kernels.parse_aiger(_bytes(data), MAX_DEPTH, max_bits)
    except _kernels.ReadError as error:
        raise _error(error) from None
    text, offsets = raw.pop("symbol_bytes").tobytes(), raw.pop("symbol_offsets").tolist()
    kinds, indices = raw.pop("symbol_kind").tobytes().decode("ascii"), raw.pop("symbol_index").tolist()
    spans = zip(kinds, indices, offsets[:-1], offsets[1:], strict=True)
    symbols = tuple((kind, index, text[begin:end].decode()) for kind, index, begin, end in spans)
    return RawAiger(symbols=symbols, **raw)


def encode_aiger_binary(first_variable: int, fanin0: ArrayLike, fanin1: ArrayLike) -> bytes:
    """The AND-gate section of a binary AIGER file.

    Args:
        first_variable: variable of the first AND: 1 + inputs + latches.
        fanin0, fanin1: literals, one a gate in the order of their variables; which of the two is larger is free.

    Raises:
        ValueError: a fan-in is negative or not below its gate, or the arrays differ in length.
    """
    return _kernels.encode_aiger_ands(2 * first_variable, ids(fanin0, "fanin0"), ids(fanin1, "fanin1"))
