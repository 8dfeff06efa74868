"""Raw files of SPICE: what an analysis found, as columns. Files are not trusted: every count is checked.

Source: ngspice manual, section "Output of simulation data" (`-r`), and the files that ngspice 39 writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import FormatError, LimitError
from hwdesign.files import read_input

MAX_RAW_BYTES = 4 << 30
MAX_VARIABLES = 1 << 20
_MAX_HEADER = 256 << 20
_MAX_PLOTS = 4096

Values = NDArray[np.float64 | np.complex128]
Number = np.dtype[np.float64] | np.dtype[np.complex128]

_KINDS = (
    ("operating point", "op"),
    ("transient", "tran"),
    ("dc transfer", "dc"),
    ("ac analysis", "ac"),
    ("noise spectral", "noise"),
    ("integrated noise", "noise-total"),
    ("transfer function", "tf"),
    ("pole-zero", "pz"),
    ("sensitivity", "sens"),
    ("distortion", "disto"),
)


@dataclass(frozen=True)
class Plot:
    """What one analysis found.

    Attributes:
        kind: `op`, `dc`, `ac`, `tran`, `noise`, `noise-total`, `tf`, `pz`, `sens`, `disto`, or '' for another.
        title: the deck's first line.
        vectors: float64[T] or complex128[T] by name in lower case: `time`, `frequency`, `v(out)`, `i(v1)`, `@r1[i]`,
            in SI units; the analysis's own variable is first where it has one.
    """

    kind: str
    title: str
    vectors: Mapping[str, Values]

    def __len__(self) -> int:
        return max((len(values) for values in self.vectors.values()), default=0)


def plot_kind(name: str) -> str:
    """Short name of an analysis, of its title in a raw file or of the library's name for its plot (`tran1`)."""
    low = name.strip().lower()
    for words, kind in _KINDS:
        if words in low:
            return kind
    stem = low.rstrip("0123456789")
    return stem if stem in {kind for _, kind in _KINDS} else ""


def vector_name(name: str, kind: str) -> str:
    """One spelling for a vector, whichever way ngspice gives it: `out` and `V(out)` are `v(out)`."""
    low = name.lower()
    if low.startswith(("v(@", "i(@")) and low.endswith(")"):
        return low[2:-1]
    if low.endswith("#branch"):
        return f"i({low.removesuffix('#branch')})"
    if kind == "voltage" and "(" not in low and "-sweep" not in low and not low.startswith("@"):
        return f"v({low})"
    return low


def read_raw(path: str | Path, *, limit: int = MAX_RAW_BYTES) -> tuple[Plot, ...]:
    """The plots of a raw file, binary or ASCII.

    Args:
        path: the file.
        limit: largest number of bytes accepted.

    Raises:
        FileError, LimitError: it cannot be read, or it is too large.
        FormatError: it is no raw file, or it ends early.
    """
    data = read_input(path, limit=limit)
    return tuple(_plots(data, str(path)))


def _plots(data: bytes, file: str) -> Iterator[Plot]:
    at, line, found = 0, 1, 0
    while data[at : at + 64].strip():
        found += 1
        if found > _MAX_PLOTS:
            raise LimitError(f"the file holds more than {_MAX_PLOTS} plots", file=file)
        plot, at, line = _plot(data, at, line, file)
        yield plot


def _plot(data: bytes, begin: int, line: int, file: str) -> tuple[Plot, int, int]:
    """A plot, and where and in which line the next one begins."""
    header: dict[str, str] = {}
    at, first = begin, line

    def fail(what: str) -> FormatError:
        return FormatError(what, file=file, line=max(line - 1, first))

    def text_line() -> str:
        nonlocal at, line
        end = data.find(b"\n", at, begin + _MAX_HEADER)
        if end < 0:
            raise FormatError("this is no raw file, or its header ends early", file=file, line=line)
        text = data[at:end].decode("utf-8", "replace").rstrip("\r")
        at, line = end + 1, line + 1
        return text

    while True:
        key, colon, value = text_line().partition(":")
        if not colon:
            raise fail("this is no raw file: a line of its header has no colon")
        if key.strip().lower() == "variables":
            break
        header[key.strip().lower()] = value.strip()
    count, points = (_number(header, key, fail) for key in ("no. variables", "no. points"))
    if count > MAX_VARIABLES:
        raise LimitError(f"{count} variables are more than {MAX_VARIABLES}", file=file, line=first)
    names: list[str] = []
    for _ in range(count):
        words = text_line().split()
        if len(words) < 3:
            raise fail("a variable has no number, name and kind")
        names.append(vector_name(words[1], words[2].lower()))
    flags = header.get("flags", "real").lower().split()
    dtype: Number = np.dtype(np.complex128) if "complex" in flags else np.dtype(np.float64)
    how = text_line().strip().lower()
    if how == "binary:":
        need = count * points * dtype.itemsize
        if need > len(data) - at:
            raise fail(f"the file ends early: {points} points of {count} variables do not fit")
        table = np.frombuffer(data, dtype, count * points, at).reshape(points, count)
        at += need
    elif how == "values:":
        table, at, lines = _ascii(data, at, count, points, dtype, fail)
        line += lines
    else:
        raise fail("the header is followed by neither 'Binary:' nor 'Values:'")
    vectors: dict[str, Values] = {name: np.ascontiguousarray(table[:, column]) for column, name in enumerate(names)}
    if "frequency" in vectors:
        vectors["frequency"] = np.ascontiguousarray(vectors["frequency"].real)
    return Plot(plot_kind(header.get("plotname", "")), header.get("title", ""), vectors), at, line


def _ascii(
    data: bytes,
    at: int,
    count: int,
    points: int,
    dtype: Number,
    fail: Callable[[str], FormatError],
) -> tuple[Values, int, int]:
    """The table of an ASCII plot: each point's number, then its values, apart by white space."""
    # A plot's values end where the next plot's title begins.
    end = data.find(b"\nTitle:", at)
    end = len(data) if end < 0 else end + 1
    words = data[at:end].split()
    if len(words) != points * (count + 1):
        raise fail(f"{points} points of {count} variables should follow, not {len(words)} words")
    try:
        if dtype.kind == "c":
            parts = [word.split(b",") for k, word in enumerate(words) if k % (count + 1)]
            flat = np.array([complex(float(re), float(im)) for re, im in parts], np.complex128)
        else:
            flat = np.array([float(word) for k, word in enumerate(words) if k % (count + 1)], np.float64)
    except ValueError:
        raise fail("a value is no number") from None
    return flat.reshape(points, count), end, data.count(b"\n", at, end)


def _number(header: Mapping[str, str], key: str, fail: Callable[[str], FormatError]) -> int:
    text = header.get(key, "").split()
    if not text or not text[0].isdecimal() or len(text[0]) > 12:
        raise fail(f"the header's '{key}' is no number")
    return int(text[0])
