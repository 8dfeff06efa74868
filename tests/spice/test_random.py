"""Random circuits: they simulate or are refused by name, and batch, single run and Newton mode agree."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import HwdesignError
from hwdesign.spice import simulate
from tests.spice.decks import circuit


def deck(seed: int, passive: bool) -> tuple[str, list[str]]:
    """A tree of elements to ground with more elements thrown in, and the signals to look at."""
    rng = random.Random(seed)
    count = rng.randint(1, 6)
    nodes = [str(k) for k in range(count + 1)]
    lines = []
    for k in range(1, count + 1):
        kind = rng.choice("RLBL")
        value = {"R": f"{rng.uniform(0.5, 10):.3f}", "L": f"{rng.uniform(0.5, 20):.3f}p", "B": "m area=1.5"}[kind]
        lines.append(f"{kind}t{k} {k} {rng.choice(nodes[:k])} {value}")
    for k in range(rng.randint(0, 5)):
        a, b, c, d = (rng.choice(nodes) for _ in range(4))
        more = {
            "R": f"{a} {b} {rng.choice(['0', '1e-6', '3.3', '50'])}",
            "L": f"{a} {b} {rng.choice(['0', '3p', '12p'])}",
            "C": f"{a} {b} {rng.choice(['0', '0.05p'])}",
            "B": f"{a} {b} m area=1",
            "I": f"{a} {b} {rng.choice(['pulse(0 80u 5p 1p 1p 5p 20p)', 'sin(0 50u 30g)'])}",
            "V": f"{a} {b} {rng.choice(['pwl(0 0 5p 0.3m)', 'sin(0 0.2m 40g)'])}",
            "P": f"{a} {b} pwl(0 0 40p 4)",
            "T": f"{a} {b} {c} {d} z0=4 td=3p",
            "E": f"{a} {b} {c} {d} 0.5",
            "G": f"{a} {b} {c} {d} 0.05",
            "F": f"{a} {b} {c} {d} 0.5",
            "H": f"{a} {b} {c} {d} 0.5",
        }
        kind = rng.choice("RLCBIVPT" if passive else "RLCBIVPTEFGH")
        lines.append(f"{kind}x{k} {more[kind]}")
    lines.append("I0 0 1 pwl(0 0 3p 60u)")
    lines.append(".model m jj(rtype=0, cap=0.07p, rn=4, icrit=0.1m)")
    return "\n".join(lines), [f"P({k})" for k in range(1, count + 1)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_engines_agree_on_random_circuits(seed: int, passive: bool) -> None:
    text, signals = deck(seed, passive)
    try:
        made = circuit(text, "0.02p 25p")
        single = simulate(made, signals=signals)
    except HwdesignError as error:
        assert error.line > 0 or "take a smaller step" in str(error)
        return
    batch = simulate(made, signals=signals, seeds=[1, 2, 3])
    for name, values in single.signals.items():
        scale = 1 + np.abs(values).max()
        assert np.abs(batch.signals[name] - values).max() < 1e-6 * scale, (name, text)
    if not passive:
        return  # feedback may amplify any difference without bound
    newton = simulate(made, signals=signals, mode="newton", step=0.1e-12)
    for name, values in single.signals.items():
        at_rows = np.interp(newton.time, single.time, values)
        assert np.abs(at_rows - newton.signals[name])[:-1].max() < 0.1 * (1 + np.abs(values).max()), (name, text)
