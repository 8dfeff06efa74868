"""What commands print: lines for people, one JSON document for machines."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

# Control characters could drive the terminal, and lone surrogates (bytes that were not UTF-8) cannot be encoded.
_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclasses.dataclass(frozen=True)
class Result:
    """What a command hands back to be printed.

    Attributes:
        data: the document that `--json` prints.
        lines: what is printed otherwise; only then are they made.
        code: exit status.
    """

    data: Mapping[str, Any]
    lines: Iterable[str] = ()
    code: int = 0


def printable(text: str) -> str:
    """One line of `text` that any terminal can take: control characters and broken bytes as `\\xNN`."""
    return _UNPRINTABLE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: the byte as it stood in the file
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str) -> str:
    """`text` with its line breaks made spaces, printable."""
    return printable(" ".join(part.strip() for part in text.splitlines() if part.strip()))


def emit(result: Result, as_json: bool) -> None:
    """Print a result on standard output and flush it, so that a full disk shows here and not at exit."""
    if as_json:
        sys.stdout.write(json.dumps(plain(result.data), indent=2, allow_nan=False) + "\n")
    else:
        for line in result.lines:
            sys.stdout.write(printable(line) + "\n")
    sys.stdout.flush()


def plain(value: Any) -> Any:
    """`value` in JSON's own types; a number that JSON cannot hold becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, str | PurePath):
        return str(value)
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # NumPy arrays and scalars, without importing NumPy
        return plain(value.tolist())
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Rows in aligned columns under a header; numbers to the right, the rest to the left."""
    body = [[_cell(item) for item in row] for row in rows]
    if not body:
        return []
    numeric = [all(isinstance(row[at], str) and _is_number(row[at]) for row in body) for at in range(len(header))]
    widths = [max(len(line[at]) for line in ([*header], *body)) for at in range(len(header))]
    lines = []
    for line in ([*header], *body):
        cells = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _cell(item: object) -> str:
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, float):
        return f"{item:.4f}" if math.isfinite(item) else "-"
    return "-" if item is None else printable(str(item))


def _is_number(text: str) -> bool:
    return text == "-" or text.lstrip("-").replace(".", "", 1).replace("e-", "", 1).isdigit()


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 gate`, `2 gates`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
