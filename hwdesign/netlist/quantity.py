"""Numbers with SPICE's engineering suffixes, read to the nearest double and written to read back the same.

Suffixes, in either case: T G MEG K M U N P F A and MIL (25.4e-6). Letters after the suffix are a unit and say nothing
(`0.1mA`, `2.8mV`); so `1F` is a femtofarad. Source: ngspice manual, section 2.1.3. JoSIM has X for 1e6 and
neither A nor MIL: there `1A` is an ampere (JoSIM syntax guide, Basic Syntax).
"""

from __future__ import annotations

import re
from functools import lru_cache

from hwdesign.errors import FormatError

SUFFIXES = {
    "t": 12,
    "g": 9,
    "meg": 6,
    "k": 3,
    "m": -3,
    "u": -6,
    "µ": -6,
    "μ": -6,
    "n": -9,
    "p": -12,
    "f": -15,
    "a": -18,
}
"""Power of ten of each suffix, but for `mil`."""

NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?([A-Za-zµμΩ°]*)")
"""An unsigned number: mantissa, exponent, suffix and unit."""

_SIGNED = re.compile(r"[+-]?" + NUMBER.pattern + r"\Z")
_MAX_DIGITS = 400


def scale(mantissa: str, exponent: str | None, letters: str, *, josim: bool = False) -> float:
    """Value of a number in the parts that `NUMBER` finds.

    Args:
        mantissa: decimal digits and a point.
        exponent: power of ten, or None.
        letters: suffix and unit.
        josim: whether the suffixes are JoSIM's.

    Raises:
        FormatError: the number has more than 400 characters.
    """
    if len(mantissa) > _MAX_DIGITS or len(exponent or "") > 8:
        raise FormatError(f"the number '{mantissa[:20]}...' is too long")
    low = letters.lower()
    if low.startswith("mil") and not josim:
        return float(f"{mantissa}e{exponent or 0}") * 25.4e-6
    power = SUFFIXES.get(low[:3], 0) or SUFFIXES.get(low[:1], 0)
    if josim and low[:1] in ("x", "a"):
        power = 6 if low[0] == "x" else 0
    # Decimal text to the nearest double in one step: 100u is then the same number as 1e-4.
    return float(f"{mantissa}e{int(exponent or 0) + power}")


@lru_cache(maxsize=65536)
def parse_number(text: str, *, josim: bool = False) -> float | None:
    """The number that `text` is, or None where it is none.

    >>> parse_number("2.5MEG"), parse_number("-10uF"), parse_number("vdd")
    (2500000.0, -1e-05, None)

    Raises:
        FormatError: the number is too long or overflows a double.
    """
    match = _SIGNED.match(text)
    if match is None:
        return None
    value = scale(match.group(1), match.group(2), match.group(3), josim=josim)
    if value == float("inf"):
        raise FormatError(f"the number '{text[:40]}' is too large")
    return -value if text[0] == "-" else value


def format_number(value: float) -> str:
    """Shortest text that reads back as the same double, without suffixes.

    >>> format_number(1e-4), format_number(50.0), format_number(2.5e-12)
    ('0.0001', '50', '2.5e-12')
    """
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text
