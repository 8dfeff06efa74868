"""Josephson junctions: what a model card and an instance say, and the numbers of one junction.

The model is the resistively and capacitively shunted junction. Parameters, defaults and scaling are JoSIM's: JoSIM
syntax guide, Josephson Junction, and JoSIM 2.7's behaviour where the guide differs from it:

- `cpr` holds the amplitudes of the harmonics: I = Ic·Σ cpr[k]·sin((k+1)(φ - phi)). One number is the first amplitude.
- `rtype=0` has the resistance rn at every voltage; `rtype=1` is piecewise linear: r0 below vg - delv/2, rn (a line
  through the origin) above vg + delv/2, and between the two the conductance Ic/(icfct·delv), from the subgap line on.
- A card with WRspice's `cct` is WRspice's: its `rtype=0` has no resistance. `pijj=1` is a phase offset of pi; `vm` and
  `icrn` stand for r0 and rn times icrit; `icon` says nothing where cct is 1 (WRspice manual, Josephson Junction Model).
- `t`, `tc` or `d` on the card turn on the temperature-dependent form (Haberkorn et al., phys. stat. sol. (a) 47 (1978)
  K161), in which rn follows from the gap Δ(T) and Ic.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, fields

from hwdesign.errors import HwdesignError, NetlistError
from hwdesign.netlist.expressions import CONSTANTS
from hwdesign.netlist.module import Module
from hwdesign.netlist.netlist import Model, Netlist

_ALIASES = {
    "vgap": "vg", "ic": "icrit", "c": "cap", "icfact": "icfct", "deltav": "delv", "rnorm": "rn", "rsub": "r0",
}  # fmt: skip
_MAX_HARMONICS = 1000
# WRspice's, with the values that ask for nothing more than this model; None: any.
_WRSPICE: dict[str, tuple[float, ...] | None] = {
    "level": (1.0,), "cct": (1.0,), "force": (0.0, 1.0), "pijj": (0.0, 1.0), "icon": None, "vm": None, "icrn": None,
}  # fmt: skip
_RTYPES: dict[object, str] = {
    2.0: "exponential quasi-particle branch",
    3.0: "quasi-particle branch by a polynomial of the fifth order",
    4.0: "quasi-particle branch with a gap that is modulated",
}


@dataclass(frozen=True, slots=True)
class JunctionCard:
    """A `.model NAME jj(...)` card with JoSIM's defaults, in SI units, for an area of one.

    Attributes:
        name: of the card.
        rtype: 0 for a linear resistance, 1 for the piecewise-linear quasi-particle branch.
        vg: gap voltage.
        icrit: critical current.
        rn: normal resistance.
        r0: subgap resistance.
        cap: capacitance.
        t: temperature of the electrodes, in kelvin.
        tc: critical temperature of the material.
        delv: width of the step at the gap voltage.
        d: transparency of the contact, 0 to 1.
        icfct: critical current over the height of the quasi-particle step.
        phi: phase offset (π for a π junction), in radians.
        cpr: amplitudes of the harmonics of the current-phase relation, relative to icrit.
        temperature_dependent: whether the card sets t, tc or d.
        line: of the card, 0 where unknown.
    """

    name: str = ""
    rtype: int = 1
    vg: float = 2.8e-3
    icrit: float = 1e-3
    rn: float = 5.0
    r0: float = 30.0
    cap: float = 2.5e-12
    t: float = 4.2
    tc: float = 9.1
    delv: float = 0.1e-3
    d: float = 0.0
    icfct: float = math.pi / 4
    phi: float = 0.0
    cpr: tuple[float, ...] = (1.0,)
    temperature_dependent: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Junction:
    """One junction, its card scaled by its area.

    Attributes:
        card: its card.
        area: multiple of the card's junction; of `ic`, ic over icrit.
        icrit, cap, rn, r0: of this junction. Where `card.rtype` is 0, r0 equals rn.
        v_subgap, v_normal: voltages at which the transition begins and ends (piecewise-linear branch).
        g_transition: conductance between them.
        i_transition: current of the transition's line at zero voltage, for positive voltages.
        gap: Δ(T) in joule; 0 where the card does not depend on temperature.
        temp: noise temperature in kelvin, None where neither the element nor `.temp` sets one.
        neb: noise bandwidth in hertz, None likewise.
        spread: relative spread of the element, None where it has none of its own.
    """

    card: JunctionCard
    area: float
    icrit: float
    cap: float
    rn: float
    r0: float
    v_subgap: float
    v_normal: float
    g_transition: float
    i_transition: float
    gap: float = 0.0
    temp: float | None = None
    neb: float | None = None
    spread: float | None = None


def junction_card(model: Model, *, file: str = "") -> JunctionCard:
    """The junction card that an elaborated model card is.

    Args:
        model: the card.
        file: for error messages.

    Raises:
        NetlistError: it is of another kind, has a parameter that no junction has, a value that is no number, or one
            out of range.
    """

    def fail(what: str, mend: str = "") -> NetlistError:
        return NetlistError(f"model '{model.name}': {what}", file=file or None, line=model.line, mend=mend)

    if model.kind != "jj":
        raise fail(f"it is of kind '{model.kind}', not a Josephson junction", "write .model name jj(...)")
    known = {item.name for item in fields(JunctionCard)} - {"name", "line", "temperature_dependent"}
    found: dict[str, float | tuple[float, ...]] = {}
    foreign: dict[str, float] = {}
    for key, value in model.params.items():
        low = _ALIASES.get(key.lower(), key.lower())
        if low in _WRSPICE:
            allowed = _WRSPICE[low]
            if allowed is not None and value not in allowed:
                raise fail(f"'{key}={value}' asks for another model", f"{low} may be {allowed[-1]:g}")
            if isinstance(value, str) or (low in ("vm", "icrn") and not float(value) > 0):
                raise fail(f"'{key}={value}' is no positive number", "elaborate the netlist first")
            foreign[low] = float(value)
            continue
        if low not in known:
            raise fail(f"a junction has no parameter '{key}'", f"it has: {' '.join(sorted(known))}")
        if low in found:
            raise fail(f"two values for '{low}'", "remove one of them")
        if low == "cpr":
            found[low] = _harmonics(value, fail)
        elif isinstance(value, str):
            raise fail(f"'{key}={value[:40]}' is no number", "elaborate the netlist first")
        else:
            found[low] = float(value)
    rtype = found.pop("rtype", 1.0)
    if rtype not in (0.0, 1.0):
        meant = f"WRspice's {_RTYPES[rtype]}" if rtype in _RTYPES else "neither 0 nor 1"
        what = f"rtype={rtype:g} is {meant}"
        raise fail(what, "0 is linear, 1 is piecewise linear; write one of these")
    _resistances(found, foreign)
    if "cct" in foreign and rtype == 0:
        found |= {"rn": math.inf, "r0": math.inf}
    if foreign.get("pijj"):
        found["phi"] = math.pi
    dependent = any(key in found for key in ("t", "tc", "d"))
    card = JunctionCard(
        name=model.name, rtype=int(rtype), line=model.line, temperature_dependent=dependent, **found,  # type: ignore[arg-type]
    )  # fmt: skip
    for key in ("vg", "icrit", "rn", "r0", "delv", "icfct"):
        if not getattr(card, key) > 0:
            raise fail(f"{key}={getattr(card, key):g} is not positive", "give a positive value")
    if card.cap < 0:
        raise fail(f"cap={card.cap:g} is negative", "give zero or a positive capacitance")
    if not 0 <= card.d <= 1:
        raise fail(f"d={card.d:g} is not between 0 and 1", "d is the contact's transparency")
    if not 0 < card.t < card.tc:
        raise fail(f"t={card.t:g} is not between 0 and tc={card.tc:g}", "a junction works below tc")
    if card.delv >= 2 * card.vg:
        raise fail(f"delv={card.delv:g} is not below twice vg={card.vg:g}", "give a narrower transition")
    return card


def _resistances(found: dict[str, float | tuple[float, ...]], foreign: dict[str, float]) -> None:
    """WRspice's vm = icrit·r0 and icrn = icrit·rn, where a card gives these and not the resistances."""
    icrit = found.get("icrit", JunctionCard().icrit)
    for key, product in (("r0", "vm"), ("rn", "icrn")):
        if product in foreign and key not in found and isinstance(icrit, float) and icrit:
            found[key] = foreign[product] / icrit


def _harmonics(value: float | str, fail: object) -> tuple[float, ...]:
    if not isinstance(value, str):
        return (float(value),)
    try:
        found = tuple(float(part) for part in value.split(","))
    except ValueError:
        found = ()
    if len(found) > _MAX_HARMONICS:
        raise fail(f"cpr has {len(found)} harmonics, more than {_MAX_HARMONICS}", "leave the small ones out")  # type: ignore[operator]
    if not found:
        raise fail(f"cpr='{value[:40]}' holds no numbers", "write cpr={1,0.2}")  # type: ignore[operator]
    return found


def junction(
    netlist: Netlist, module: Module, cell: int, *, temp: float | None = None, neb: float | None = None
) -> Junction:
    """The numbers of one junction of an elaborated netlist.

    Args:
        netlist: the netlist, for its model cards.
        module: a module of it.
        cell: a cell of type `B`.
        temp, neb: the deck's `.temp` (kelvin) and `.neb` (hertz), for elements that have none of their own.

    Raises:
        NetlistError: the card is missing or wrong, the area or critical current is not positive, or a parameter is no
            number; file, line and element are named.
    """
    label, params = module.cell_label(cell), module.params_of(cell)

    def fail(what: str, mend: str = "") -> NetlistError:
        return NetlistError(
            f"junction '{label}': {what}", file=module.file or None, line=int(module.cell_line[cell]), mend=mend
        )

    name = str(params.get("model", ""))
    model = netlist.model(name, module.name)
    if model is None:
        scopes = ("", module.name)
        near = difflib.get_close_matches(name, [m.name for m in netlist.models.values() if m.scope in scopes], 1)
        hint = f"did you mean '{near[0]}', or " if near else ""
        raise fail(f"model '{name}' is not defined", f"{hint}add a line .model {name or 'name'} jj(...)")
    try:
        card = junction_card(model, file=netlist.file)
    except HwdesignError as error:
        if error.line:
            raise
        raise fail(error.what, error.mend) from error
    own: dict[str, float] = {}
    for key in ("area", "ic", "temp", "neb", "spread"):
        value = params.get(key)
        if isinstance(value, str):
            raise fail(f"{key}={value[:40]} is no number", "elaborate the netlist first")
        if value is not None:
            own[key] = float(value)
    area = own["ic"] / card.icrit if "ic" in own else own.get("area", 1.0)
    if not area > 0:
        which = "ic" if "ic" in own else "area"
        raise fail(f"{which}={own.get(which, area):g} is not positive", "give a junction a positive area")
    return scaled(card, area, temp=own.get("temp", temp), neb=own.get("neb", neb), spread=own.get("spread"))


def scaled(
    card: JunctionCard, area: float, *, temp: float | None = None, neb: float | None = None, spread: float | None = None
) -> Junction:
    """A junction of a card and an area, which must be positive."""
    icrit, rn, gap = card.icrit * area, card.rn / area, 0.0
    if card.temperature_dependent:
        k, e = CONSTANTS["boltzmann"], CONSTANTS["ev"]
        gap = 1.76 * k * card.tc * math.sqrt(math.cos(math.pi / 2 * (card.t / card.tc) ** 2))
        rn = math.pi * gap / (2 * e * icrit) * math.tanh(gap / (2 * k * card.t))
    r0 = card.r0 / area if card.rtype == 1 else rn
    below = card.vg - card.delv / 2
    steep = icrit / (card.icfct * card.delv)
    return Junction(
        card, area, icrit, card.cap * area, rn, r0, below, card.vg + card.delv / 2, steep, below * (1 / r0 - steep),
        gap, temp, neb, spread,
    )  # fmt: skip
