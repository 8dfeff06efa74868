"""Units as text (`10ps`, `1 pf`, `kohm`) to factors."""

from __future__ import annotations

import re

_PREFIX = {"a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "meg": 6}
_UNIT = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)?\s*(M(?!eg))?([A-Za-z]+)\s*")


def unit_factor(text: str, base: str, exponent: int) -> float | None:
    """Factor from a unit to 10**exponent of its base.

    Args:
        text: a number, 1 where there is none, an SI prefix and the base, in either case but for `M`, which is 1e6.
        base: `s`, `f`, `ohm`, `v` ..., in lower case.
        exponent: of the wanted unit: -9 for ns.

    Returns:
        The factor; None where the text is no such unit.
    """
    match = _UNIT.fullmatch(text)
    word = match[3].lower() if match else ""
    if match is None or not word.endswith(base):
        return None
    power = _PREFIX.get((match[2] or "") + word.removesuffix(base))
    size = float(match[1] or 1)
    if power is None or not 0 < size < 1e30:
        return None
    # A quotient of exact powers is rounded once, where 1e-12 / 1e-9 is not.
    step = power - exponent
    return size * 10.0**step if step >= 0 else size / 10.0**-step
