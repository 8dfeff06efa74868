"""Process cards: what a foundry's junctions, shunts and wires are."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from hwdesign.errors import ConfigError
from hwdesign.netlist import Model

FLUX_QUANTUM = 2.067833848e-15
"""h/2e, weber."""


@dataclass(frozen=True)
class Process:
    """A niobium process: the junctions' model, the rule for their shunts, sheet values of wires and resistors.

    A junction of critical current Ic has the capacitance C = Ic·cs/jc and the shunt Rs = Vc/Ic. Vc is `vc_mv` where the
    card sets it, else it follows from the Stewart-McCumber parameter βc = 2π·Ic·Rs²·C/Φ0:
    Vc = √(βc·Φ0·jc/(2π·cs)). (Likharev and Semenov, IEEE Trans. Appl. Supercond. 1 (1991) 3.)

    Attributes:
        name: short name, as `--param process=NAME` takes it; also names the junctions' model card.
        source: where the numbers come from.
        jc_ka_cm2: critical current density, kA/cm².
        cs_ff_um2: specific capacitance, fF/µm².
        beta_c: Stewart-McCumber parameter of a shunted junction.
        vc_mv: Ic·Rs in millivolt, in place of `beta_c`; None: from `beta_c`.
        rtype: 0 linear, 1 piecewise-linear quasi-particle branch.
        gap_mv: gap voltage, millivolt.
        icrn_mv, icr0_mv: critical current times normal and times subgap resistance, millivolt.
        l_sheet_ph: inductance of a square of resistor or wire, picohenry; the shunts' own inductance follows from it.
            0 leaves it out.
        r_sheet_ohm: resistance of a square of the shunts' layer, ohm.
        l_ground_ph: inductance between a junction and ground, picohenry; 0 leaves it out.
        sigma_ic, sigma_l, sigma_r: relative standard deviations (local) that Monte Carlo analyses start from.
        temperature_k: noise temperature of every resistor that a cell holds; None: no noise.
    """

    name: str
    source: str
    jc_ka_cm2: float = 10.0
    cs_ff_um2: float = 70.0
    beta_c: float = 1.0
    vc_mv: float | None = None
    rtype: int = 1
    gap_mv: float = 2.8
    icrn_mv: float = 1.6
    icr0_mv: float = 16.0
    l_sheet_ph: float = 0.0
    r_sheet_ohm: float = 2.0
    l_ground_ph: float = 0.0
    sigma_ic: float = 0.02
    sigma_l: float = 0.03
    sigma_r: float = 0.03
    temperature_k: float | None = None

    def __post_init__(self) -> None:
        """Refuse a card that no process can have.

        Raises:
            ConfigError: a value is not finite, negative, or zero where it cannot be.
        """
        may_be_zero = ("l_sheet_ph", "l_ground_ph", "sigma_ic", "sigma_l", "sigma_r", "rtype", "temperature_k")
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, str) or value is None:
                continue
            if not math.isfinite(value) or value < 0 or (value == 0 and item.name not in may_be_zero):
                raise ConfigError(f"process '{self.name}': {item.name}={value:g} is not positive")
        if self.rtype not in (0, 1):
            raise ConfigError(f"process '{self.name}': rtype={self.rtype} is neither 0 nor 1")

    @property
    def icrs_v(self) -> float:
        """Critical current times shunt resistance, volts."""
        if self.vc_mv is not None:
            return self.vc_mv / 1e3
        # kA/cm² is 1e7 A/m², fF/µm² is 1e-3 F/m².
        return math.sqrt(self.beta_c * FLUX_QUANTUM * self.jc_ka_cm2 * 1e7 / (2 * math.pi * self.cs_ff_um2 * 1e-3))

    @property
    def unit_ua(self) -> float:
        """Critical current of one unit of area, microampere: a square micrometre."""
        return self.jc_ka_cm2 * 10

    def area(self, ic_ua: float) -> float:
        """Area of a junction of critical current `ic_ua`, in units of the model card (µm²)."""
        return ic_ua / self.unit_ua

    def shunt_ohm(self, ic_ua: float) -> float:
        """Shunt resistance, in ohm, of a junction of critical current `ic_ua`."""
        return self.icrs_v / (ic_ua / 1e6)

    def shunt_inductance_ph(self, resistance_ohm: float) -> float:
        """Inductance of a shunt's strip, picohenry."""
        return resistance_ohm / self.r_sheet_ohm * self.l_sheet_ph

    def model(self) -> Model:
        """The junctions' `.model` card for one unit of area."""
        unit = self.unit_ua / 1e6
        params: dict[str, float | str] = {
            "rtype": float(self.rtype),
            "vg": self.gap_mv / 1e3,
            "cap": self.cs_ff_um2 / 1e15,
            "r0": self.icr0_mv / 1e3 / unit,
            "rn": self.icrn_mv / 1e3 / unit,
            "icrit": unit,
        }
        return Model("jj_" + self.name.replace("-", "_"), "jj", params)


LINEAR_10KA = Process(
    name="linear-10ka",
    source="ours: the card of this project's synapse and neuron, a linear 10 kA/cm² junction without stray inductance",
    vc_mv=0.6859904418,
    rtype=0,
    icr0_mv=1.6,
)
"""Ours: what the synapse's and neuron's transfer curves are stated for."""

MITLL_SFQ5EE = Process(
    name="mitll-sfq5ee",
    source=(
        "S. K. Tolpygo et al., IEEE Trans. Appl. Supercond. 26 (2016) 1100110 (10 kA/cm², 2 ohm a square); "
        "capacitance, quasi-particle branch and sheet inductance as RSFQlib v3.0 models that process"
    ),
    l_sheet_ph=1.13,
    l_ground_ph=0.5,
)
"""MIT Lincoln Laboratory's SFQ5ee."""

PROCESSES = {card.name: card for card in (LINEAR_10KA, MITLL_SFQ5EE)}
"""Presets by name."""


def process(name: str) -> Process:
    """The preset of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in PROCESSES:
        raise ConfigError(f"no process is named '{name[:40]}'", mend=f"processes: {', '.join(PROCESSES)}")
    return PROCESSES[name]
