"""Josephson junctions for simulators that have none, and for WRspice, which has its own.

ngspice gets one subcircuit a model card. Its phase node carries the phase in radians as a voltage: a current
2π/Φ0·V·C charges a capacitor C, and a source draws Ic·sin(phase) from the terminals. The scale of C keeps the phase
node's currents near those of the junction; the resistor across it only gives the operating point a path, and with its
time constant of 1000 s the phase fades by 1e-9 in a microsecond.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from hwdesign.errors import UnsupportedError
from hwdesign.netlist.expressions import CONSTANTS
from hwdesign.netlist.junctions import Junction, JunctionCard, scaled
from hwdesign.netlist.quantity import format_number as num

PHASE_CAPACITANCE = 1e-9
_PHASE_RESISTANCE = 1e12


def ngspice_subckt(name: str, card: JunctionCard, *, sense: bool) -> Iterator[str]:
    """Lines of the subcircuit that stands for the junctions of a card; nodes p, n, phase; parameter area.

    Args:
        name: of the subcircuit.
        card: the card.
        sense: whether a zero-volt source `Vi` measures the junction's current.
    """
    one = scaled(card, 1.0)
    node = "t" if sense else "p"
    yield f".subckt {name} p n phase area=1"
    if sense:
        yield "Vi p t 0"
    yield f"Bs {node} n i={{area}}*({_supercurrent(one)})"
    if one.cap:
        yield f"C1 {node} n {{area*{num(one.cap)}}}"
    if math.isfinite(one.r0):
        yield f"R1 {node} n {{{num(one.r0)}/area}}"
    if card.rtype == 1:
        v, g = f"v({node},n)", one.g_transition - 1 / one.r0
        step = f"{num(g)}*({v}-sgn({v})*{num(one.v_subgap)})"
        normal = f"{num(1 / one.rn - 1 / one.r0)}*{v}"
        yield f"Bq {node} n i={{area}}*(abs({v})<{num(one.v_subgap)} ? 0 :"
        yield f"+ (abs({v})<{num(one.v_normal)} ? {step} : {normal}))"
    rate = 2 * math.pi / CONSTANTS["phi_zero"] * PHASE_CAPACITANCE
    yield f"G1 0 phase {node} n {num(rate)}"
    yield f"C2 phase 0 {num(PHASE_CAPACITANCE)}"
    yield f"R2 phase 0 {num(_PHASE_RESISTANCE)}"
    yield f".ends {name}"


def _supercurrent(one: Junction) -> str:
    """Current of a junction of area one over its phase."""
    card = one.card
    phase = f"(v(phase)-{num(card.phi)})" if card.phi else "v(phase)"
    harmonics = range(1, len(card.cpr) + 1)
    relation = _weighted(card.cpr, (f"sin({_times(k, phase)})" for k in harmonics))
    if not card.temperature_dependent:
        return f"{num(one.icrit)}*({relation})"
    k, e = CONSTANTS["boltzmann"], CONSTANTS["ev"]
    half = _weighted(card.cpr, (f"sin({num(n / 2)}*{phase})" for n in harmonics))
    root = f"sqrt(1-{num(card.d)}*({half})^2)"
    amplitude = num(math.pi * one.gap / (2 * e * one.rn))
    return f"{amplitude}*({relation})/{root}*tanh({num(one.gap / (2 * k * card.t))}*{root})"


def _weighted(weights: tuple[float, ...], terms: Iterable[str]) -> str:
    parts = [t if w == 1 else f"{num(w)}*{t}" for w, t in zip(weights, terms, strict=True)]
    return "+".join(parts).replace("+-", "-")


def _times(k: int, phase: str) -> str:
    return phase if k == 1 else f"{k}*{phase}"


_WRSPICE = {"vg": (1e-4, 1e-2), "icrit": (1e-9, 0.1), "icfct": (0.5, math.pi / 4), "area": (0.05, 20.0)}


def wrspice_card(card: JunctionCard, *, file: str = "") -> dict[str, float]:
    """Parameters of WRspice's `jj` model that mean what a JoSIM card means, but for the shunt of `rtype=0`.

    WRspice's `rtype=0` has no resistance at all, where JoSIM's has rn: the writer adds a resistor. Above the gap
    WRspice's branch does not pass through the origin. `force=1` keeps its resistances from being limited. Source:
    WRspice manual, Josephson Junction Model.

    Raises:
        UnsupportedError: what has no counterpart there, or a value that WRspice would reset.
    """

    def fail(what: str, mend: str) -> UnsupportedError:
        return UnsupportedError(
            f"model '{card.name}': WRspice has no {what}", file=file or None, line=card.line, mend=mend
        )

    if card.cpr != (1.0,):
        raise fail("harmonics of the current-phase relation (cpr)", "write the deck for JoSIM or ngspice")
    if card.temperature_dependent:
        raise fail("t, tc and d as JoSIM means them", "give rn and icrit at the temperature of interest")
    if card.phi and not math.isclose(card.phi, math.pi, rel_tol=1e-6):
        raise fail(f"phase offset of {num(card.phi)}, only 0 and pi", "write the deck for JoSIM or ngspice")
    for key, (low, high) in _WRSPICE.items():
        value = getattr(card, key, 1.0)
        if not low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
            raise fail(f"{key} of {num(value)}", f"its range is {num(low)} to {num(high)}")
    if not 1e-3 * card.vg <= card.delv <= 0.2 * card.vg:
        raise fail(f"delv of {num(card.delv)}", f"its range is {num(1e-3 * card.vg)} to {num(0.2 * card.vg)}")
    if card.cap > 1e-6 * card.icrit:
        raise fail(f"cap of {num(card.cap)}", f"its range ends at {num(1e-6 * card.icrit)}")
    found = {"rtype": float(card.rtype), "cct": 1.0, "icrit": card.icrit, "cap": card.cap, "vg": card.vg}
    if card.rtype == 1:
        found |= {"delv": card.delv, "rn": card.rn, "r0": card.r0, "icfct": card.icfct, "force": 1.0}
    if card.phi:
        found["pijj"] = 1.0
    return found


def check_wrspice_area(name: str, area: float) -> None:
    """Whether WRspice takes a junction of this multiple of its card.

    Raises:
        UnsupportedError: it would reset the critical current.
    """
    low, high = _WRSPICE["area"]
    if not low <= area <= high:
        raise UnsupportedError(
            f"junction '{name}' has {num(area)} times its card's critical current; "
            f"WRspice takes {num(low)} to {num(high)} times",
            mend="give the card an icrit nearer to the junction's",
        )
