"""Resistive crossbars with wire resistance: rows carry voltages in, columns carry currents out.

Row wire i enters at column 0 and has one segment before each crosspoint; column wire j leaves below the last row and
has one segment after each crosspoint. Without resistance of the wires column j collects I_j = sum_i G_ij V_i.
Sources: Hu et al., Dot-product engine, DAC 2016 (wires); Strukov et al., Nature 453 (2008), eq. 5, 6 (memristor);
Joglekar and Wolf, Eur. J. Phys. 30 (2009) (window).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwdesign.circuits.registry import SEED, Limit, check_size, circuit
from hwdesign.errors import NetlistError
from hwdesign.netlist import Builder, Direction, Model, ModuleBuilder, Netlist
from hwdesign.netlist.devices import BEHAVIORAL_SOURCE, CAPACITOR, MOSFET, RESISTOR

GROUND = "0"

# mu_v / D^2 of the memristor's drift, in 1/(V·s), for a mobility of 1e-14 m²/(V·s) and a film of 10 nm.
_DRIFT = 100.0

ACCESS_MODEL = Model("access", "nmos", {"level": 1.0, "vto": 0.45, "kp": 3e-4, "lambda": 0.05})


def crossbar_netlist(
    conductance: NDArray[np.float64],
    *,
    wire_resistance: float = 0.0,
    device: str = "resistor",
    cell: str = "1r",
    r_on: float = 1e4,
    r_off: float = 1e6,
    name: str = "crossbar",
) -> Netlist:
    """Crossbar of given conductances.

    Args:
        conductance: siemens[rows, columns], positive.
        wire_resistance: of one segment of a row or column wire, in ohm; 0 joins the segments to one net.
        device: `resistor`, or `memristor` (instances of a module of that name, each starting at its conductance).
        cell: `1r`, or `1t1r` with an access transistor at each crosspoint and a word line a row.
        r_on, r_off: bounds of a memristor's resistance, in ohm.
        name: module name.

    Returns:
        Netlist with the inout ports row[rows], col[columns], and for 1t1r word[rows].

    Raises:
        NetlistError: no two-dimensional array of positive numbers, or outside what a memristor can show.
    """
    g = np.asarray(conductance, np.float64)
    if g.ndim != 2 or g.size == 0 or not (np.isfinite(g).all() and (g > 0).all()):
        raise NetlistError("the conductances are no matrix of positive numbers", mend="give siemens, rows by columns")
    check_size(
        name,
        crossbar_cells(g.shape[0], g.shape[1], wire_resistance, device, cell),
        "the rows or columns: split it into tiles",
    )
    if device == "memristor" and not 0 < r_on < r_off:
        raise NetlistError(f"r_on {r_on:g} is not below r_off {r_off:g}", mend="exchange them")
    resistance = 1.0 / g
    slack = 1e-9
    if device == "memristor" and (resistance.min() < r_on * (1 - slack) or resistance.max() > r_off * (1 + slack)):
        raise NetlistError(
            f"resistances of {resistance.min():g} to {resistance.max():g} ohm are outside {r_on:g} to {r_off:g}",
            mend="widen r_on and r_off",
        )
    rows, columns = g.shape
    b = Builder(name)
    m = b.top
    row = m.bus("row", Direction.INOUT, rows - 1, 0)
    column = m.bus("col", Direction.INOUT, columns - 1, 0)
    word = m.bus("word", Direction.INOUT, rows - 1, 0) if cell == "1t1r" else []
    ground = m.net(GROUND) if word or device == "memristor" else -1
    if ground >= 0:
        b.global_nets.append(GROUND)
    if word:
        b.models[ACCESS_MODEL.name] = ACCESS_MODEL
    if device == "memristor":
        _memristor(b, r_on, r_off)
    row_node, column_node = _wires(m, row, column, wire_resistance)
    for i in range(rows):
        for j in range(columns):
            upper = row_node[i][j]
            if word:
                upper = m.net(f"mid{i}_{j}")
                pins = {"d": row_node[i][j], "g": word[i], "s": upper, "b": ground}
                sizes: dict[str, float | str] = {"model": ACCESS_MODEL.name, "w": 1e-6, "l": 1e-7}
                m.cell(MOSFET, pins, name=f"Maccess{i}_{j}", params=sizes)
            ends = {"p": upper, "n": column_node[i][j]}
            if device == "memristor":
                state = float((r_off - resistance[i, j]) / (r_off - r_on))
                m.instance("memristor", ends, name=f"Xcell{i}_{j}", params={"x0": min(max(state, 0.0), 1.0)})
            else:
                m.cell(RESISTOR, ends, name=f"Rcell{i}_{j}", params={"value": float(resistance[i, j])})
    return b.freeze()


def crossbar_cells(rows: int, columns: int, wire_resistance: float, device: str, cell: str) -> int:
    """Cells of a crossbar: those at each crosspoint, and of the memristor's module."""
    inside = 3 if device == "memristor" else 0
    return rows * columns * (1 + (cell == "1t1r") + 2 * (wire_resistance != 0.0)) + inside


def _wires(
    m: ModuleBuilder, row: list[int], column: list[int], segment: float
) -> tuple[list[list[int]], list[list[int]]]:
    """Net of each crosspoint on its row wire and on its column wire."""
    if segment == 0.0:
        return [[net] * len(column) for net in row], [list(column) for _ in row]
    on_row = [[m.net(f"row{i}_{j}") for j in range(len(column))] for i in range(len(row))]
    on_column = [[m.net(f"col{j}_{i}") for j in range(len(column))] for i in range(len(row))]
    for i in range(len(row)):
        for j in range(len(column)):
            before = on_row[i][j - 1] if j else row[i]
            after = on_column[i + 1][j] if i + 1 < len(row) else column[j]
            m.cell(RESISTOR, {"p": before, "n": on_row[i][j]}, name=f"Rrow{i}_{j}", params={"value": segment})
            m.cell(RESISTOR, {"p": on_column[i][j], "n": after}, name=f"Rcol{j}_{i}", params={"value": segment})
    return on_row, on_column


def _memristor(b: Builder, r_on: float, r_off: float) -> None:
    """Module `memristor`: linear ion drift, dx/dt = mu_v/D²·r_on·i·(1 - (2x - 1)²), R = r_on·x + r_off·(1 - x).

    The state x is the voltage of a one-farad capacitor; `x0` is where it starts. The window holds a state of exactly
    0 or 1 for ever, as Joglekar and Wolf remark.
    """
    inner = b.module("memristor")
    inner.parameters["x0"] = 0.5
    p, n = inner.port("p", Direction.INOUT), inner.port("n", Direction.INOUT)
    ground, state = inner.net(GROUND), inner.net("x")
    drift = _DRIFT * r_on
    current = f"v(p,n)/({r_on!r}*v(x)+{r_off!r}*(1-v(x)))"
    pins = {"p": p, "n": n}
    inner.cell(BEHAVIORAL_SOURCE, pins, name="Bmem", params={"quantity": "i", "value": current})
    growth = f"{drift!r}*{current}*(1-(2*v(x)-1)*(2*v(x)-1))"
    pins = {"p": ground, "n": state}
    inner.cell(BEHAVIORAL_SOURCE, pins, name="Bdrift", params={"quantity": "i", "value": growth})
    inner.cell(CAPACITOR, {"p": state, "n": ground}, name="Cstate", params={"value": 1.0, "ic": "x0"})


@circuit(
    "crossbar",
    "rram",
    "resistive crossbar with random conductances and wire resistance",
    rows=Limit("row wires", 1, 1024),
    cols=Limit("column wires", 1, 1024),
    device=Limit("what stands at a crosspoint", choices=("resistor", "memristor")),
    cell=Limit("crosspoint cell", choices=("1r", "1t1r")),
    levels=Limit("conductance levels, evenly spaced; 0 for a continuous range", 0, 1 << 16),
    r_on=Limit("least resistance of a crosspoint, in ohm", 1.0, 1e9),
    r_off=Limit("greatest resistance of a crosspoint, in ohm", 1.0, 1e12),
    wire_resistance=Limit("resistance of one wire segment, in ohm", 0.0, 1e6),
    seed=SEED,
)
def crossbar(
    rows: int = 8,
    cols: int = 8,
    device: str = "resistor",
    cell: str = "1r",
    levels: int = 2,
    r_on: float = 1e4,
    r_off: float = 1e6,
    wire_resistance: float = 1.0,
    seed: int = 0,
) -> Netlist:
    """Ports row, col (and word for 1t1r); conductances drawn evenly between 1/r_off and 1/r_on."""
    if not r_on < r_off:
        raise NetlistError(f"r_on {r_on:g} is not below r_off {r_off:g}", mend="exchange them")
    check_size("crossbar", crossbar_cells(rows, cols, wire_resistance, device, cell), "rows or cols")
    rng = np.random.default_rng(seed)
    if levels == 0:
        fraction = rng.random((rows, cols))
    elif levels == 1:
        fraction = np.ones((rows, cols))
    else:
        fraction = rng.integers(0, levels, (rows, cols)) / (levels - 1)
    conductance = 1.0 / r_off + fraction * (1.0 / r_on - 1.0 / r_off)
    return crossbar_netlist(
        conductance,
        wire_resistance=wire_resistance,
        device=device,
        cell=cell,
        r_on=r_on,
        r_off=r_off,
        name=f"crossbar_{rows}x{cols}",
    )
