"""The device cell types that SPICE, Spectre, the circuit generators and the simulators share.

A device is a cell of kind DEVICE whose roles are lower-case and INOUT. Optional roles come last: a cell may have fewer
pins than its type has roles. What a device carries beside its nets:

| parameter | of | meaning |
|---|---|---|
| `value` | R C L E F G H K BSRC | main value in SI units (ohm, farad, henry, gain, coupling factor), or an expression |
| `model` | B D J M Q S W, at will R C L | name of the model card, a text |
| `dc` | V I | value at the operating point, in volts or amperes |
| `ac`, `acphase` | V I | small-signal magnitude and phase in degrees |
| `tran` | V I P | transient function as a text: `pulse(0 1 1e-9 1e-9)`, `pwl(0 0 5e-12 ib1)` |
| `samples` | V I P | numbers of the file that a `cus` function names, a text |
| `control` | F H W | name of the voltage source whose current controls |
| `inductors` | K | names of the coupled inductors, apart by spaces, a text |
| `quantity` | BSRC | `v` or `i`: what `value` sets |
| others | all | by their SPICE names in lower case: `w`, `l`, `m`, `area`, `ic`, `tc1`, `z0`, `td` ... |

Numbers are in SI units. An empty text is a flag (`off`). A text in a numeric parameter is an expression over the
parameters in scope (`hwdesign.netlist.expressions`), except in BSRC and a two-pin E or G, whose `value` also speaks of
node voltages.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hwdesign.errors import NetlistError
from hwdesign.netlist.types import CellType, Direction, Kind, Role


def _device(name: str, roles: str) -> CellType:
    return CellType(name, Kind.DEVICE, tuple(Role(role, Direction.INOUT) for role in roles.split()))


RESISTOR = _device("R", "p n")
CAPACITOR = _device("C", "p n")
INDUCTOR = _device("L", "p n")
VOLTAGE_SOURCE = _device("V", "p n")
CURRENT_SOURCE = _device("I", "p n")  # a positive current flows from p through the source to n
PHASE_SOURCE = _device("P", "p n")  # JoSIM
COUPLING = _device("K", "")  # mutual inductance: no pins, `inductors` names its inductors
JUNCTION = _device("B", "p n phase")  # Josephson junction; the phase node is optional
BEHAVIORAL_SOURCE = _device("BSRC", "p n")  # ngspice's B: `quantity` is v or i, `value` the expression
DIODE = _device("D", "a k")
BJT = _device("Q", "c b e s")  # the substrate is optional
JFET = _device("J", "d g s")
MOSFET = _device("M", "d g s b")
TRANSMISSION_LINE = _device("T", "p1 n1 p2 n2")
VCVS = _device("E", "p n cp cn")  # with p and n alone, `value` is an expression over node voltages
VCCS = _device("G", "p n cp cn")  # likewise
CCCS = _device("F", "p n cp cn")  # SPICE names a source in `control`; JoSIM gives the nodes cp and cn instead
CCVS = _device("H", "p n cp cn")  # likewise
VOLTAGE_SWITCH = _device("S", "p n cp cn")
CURRENT_SWITCH = _device("W", "p n")

DEVICES: Mapping[str, CellType] = MappingProxyType(
    {
        device.name: device
        for device in (
            RESISTOR,
            CAPACITOR,
            INDUCTOR,
            VOLTAGE_SOURCE,
            CURRENT_SOURCE,
            PHASE_SOURCE,
            COUPLING,
            JUNCTION,
            BEHAVIORAL_SOURCE,
            DIODE,
            BJT,
            JFET,
            MOSFET,
            TRANSMISSION_LINE,
            VCVS,
            VCCS,
            CCCS,
            CCVS,
            VOLTAGE_SWITCH,
            CURRENT_SWITCH,
        )
    }
)
"""Device types by name; the name is SPICE's element letter, `BSRC` for the behavioural source."""

_LEAST_PINS = {"B": 2, "Q": 3, "E": 2, "G": 2, "F": 2, "H": 2}


def device(name: str) -> CellType:
    """The device type of that name (`R`, `M`, `BSRC` ...).

    Raises:
        NetlistError: no such device.
    """
    try:
        return DEVICES[name]
    except KeyError:
        raise NetlistError(f"no device type is named '{name}'", mend=f"types: {' '.join(DEVICES)}") from None


def least_pins(cell_type: CellType) -> int:
    """Number of pins that a device of this type must have; the roles after them are optional."""
    return _LEAST_PINS.get(cell_type.name, len(cell_type.roles))


TEXT_PARAMETERS = frozenset({"model", "tran", "samples", "control", "inductors", "quantity"})
"""Parameters whose texts are no expressions."""
