"""Drawing a cell: junctions with their shunts, inductors and bias currents, in the units of the trade."""

from __future__ import annotations

from dataclasses import dataclass

from hwdesign.netlist import ModuleBuilder
from hwdesign.netlist.devices import CURRENT_SOURCE, INDUCTOR, JUNCTION, RESISTOR, TRANSMISSION_LINE
from hwdesign.sfq.process import Process

GROUND = "0"
RAMP_PS = 5.0
"""Rise time of the bias currents, so that junctions settle instead of switching at time 0."""


def short(value: float) -> float:
    """A value of six digits, as a deck is to show it."""
    return float(f"{value:.6g}")


@dataclass(frozen=True)
class Draft:
    """A module under construction and the process that its elements follow.

    Nodes go by name; `0` is ground, a port's node has the port's name.
    """

    module: ModuleBuilder
    process: Process

    def junction(self, name: str, a: str, b: str = GROUND, *, ic_ua: float, shunt: float = 1.0) -> None:
        """Shunted junction `B<name>` with shunt `RB<name>`, and their stray inductances where the process has any.

        Args:
            name: what follows the letters.
            a, b: nodes.
            ic_ua: critical current, microampere.
            shunt: factor of the shunt resistance that the process's rule gives.
        """
        process, m = self.process, self.module
        end = b
        if b == GROUND and process.l_ground_ph:
            end = f"g{name}"
            self.inductor(f"LP{name}", end, GROUND, process.l_ground_ph)
        params: dict[str, float | str] = {"model": process.model().name, "area": short(process.area(ic_ua))}
        m.cell(JUNCTION, [m.net(a), m.net(end)], name=f"B{name}", params=params)
        resistance = process.shunt_ohm(ic_ua) * shunt
        # The shunt has a ground contact of its own.
        stray = process.shunt_inductance_ph(resistance) + (process.l_ground_ph if b == GROUND else 0.0)
        middle = b
        if stray:
            middle = f"r{name}"
            self.inductor(f"LRB{name}", middle, b, stray)
        self.resistor(f"RB{name}", a, middle, resistance)

    def inductor(self, name: str, a: str, b: str, value_ph: float) -> None:
        """Inductor, picohenry."""
        m = self.module
        m.cell(INDUCTOR, [m.net(a), m.net(b)], name=name, params={"value": short(value_ph / 1e12)})

    def resistor(self, name: str, a: str, b: str, value_ohm: float) -> None:
        """Resistor, ohm; noisy at the process's temperature."""
        m = self.module
        params: dict[str, float | str] = {"value": short(value_ohm)}
        if self.process.temperature_k is not None:
            params["temp"] = self.process.temperature_k
        m.cell(RESISTOR, [m.net(a), m.net(b)], name=name, params=params)

    def bias(self, name: str, node: str, value_ua: float | str) -> None:
        """Current source into `node`, microampere; or the name of the module's parameter that holds its amperes."""
        m = self.module
        amperes = value_ua if isinstance(value_ua, str) else f"{short(value_ua / 1e6)!r}"
        tran = f"pwl(0 0 {RAMP_PS / 1e12!r} {amperes})"
        m.cell(CURRENT_SOURCE, [m.net(GROUND), m.net(node)], name=name, params={"tran": tran})

    def line(self, name: str, a: str, b: str, *, z0_ohm: float, delay_ps: float) -> None:
        """Lossless transmission line over ground."""
        m = self.module
        ground = m.net(GROUND)
        params: dict[str, float | str] = {"z0": z0_ohm, "td": short(delay_ps / 1e12)}
        m.cell(TRANSMISSION_LINE, [m.net(a), ground, m.net(b), ground], name=name, params=params)
