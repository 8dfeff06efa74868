"""The Liberty tokenizer in C++: statements and their numbers as columns, with no knowledge of what the names mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import _kernels
from hwdesign.kernels.readers import Data, _bytes, _error

GROUP, SIMPLE, COMPLEX = range(3)
"""Values of `RawLiberty.kind`: `name (args) { ... }`, `name : value ;` and `name (args) ;`."""

MAX_DEPTH = 64
"""Groups that may nest."""

MAX_STATEMENTS = 8 << 20
"""Statements of one file, those of skipped groups not counted. A library of 1,000 cells has about 100,000."""


@dataclass(frozen=True, eq=False)
class RawLiberty:
    """Statements of a Liberty file, S in the file's order.

    Attributes:
        names_data: the UTF-8 bytes of all texts end to end.
        names_offsets: where each begins; one more than there are texts.
        kind: u8[S], GROUP, SIMPLE or COMPLEX.
        name: i32[S], id of the text before `:` or `(`.
        last: i32[S], one past the last statement within a group; the next statement otherwise.
        line: i32[S], 1-based.
        arg_ptr, arg: arguments of statement s are the texts `arg[arg_ptr[s]:arg_ptr[s + 1]]`, strings without their
            quotes.
        number_ptr, number: f64, numbers of `values` and `index_1` to `index_4`, which have no other arguments.
        skipped: i64, how often each group of `skip` was read over.
    """

    names_data: NDArray[np.uint8]
    names_offsets: NDArray[np.int64]
    kind: NDArray[np.uint8]
    name: NDArray[np.int32]
    last: NDArray[np.int32]
    line: NDArray[np.int32]
    arg_ptr: NDArray[np.int64]
    arg: NDArray[np.int32]
    number_ptr: NDArray[np.int64]
    number: NDArray[np.float64]
    skipped: NDArray[np.int64]


def parse_liberty(
    data: Data, *, skip: Sequence[str] = (), max_depth: int = MAX_DEPTH, max_statements: int = MAX_STATEMENTS
) -> RawLiberty:
    """Read Liberty's syntax.

    Args:
        data: the file's bytes.
        skip: names of groups to leave out, all different; only their braces and strings are checked.
        max_depth: see `MAX_DEPTH`.
        max_statements: see `MAX_STATEMENTS`.

    Raises:
        FormatError: braces, quotes or statements that are not Liberty's, or numbers that are none, with the line.
        LimitError: more statements or deeper groups than the bounds.
    """
    try:
        return RawLiberty(**_kernels.parse_liberty(_bytes(data), list(skip), max_depth, max_statements))
    except _kernels.ReadError as error:
        raise _error(error) from None
