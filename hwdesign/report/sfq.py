"""The page of an SFQ network: how it was trained, what its circuit decides, and what spreads do to it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, UndefinedError
from matplotlib.figure import Figure

from hwdesign import __version__
from hwdesign.errors import ConfigError, DataError
from hwdesign.files import read_input
from hwdesign.learn import read_figures
from hwdesign.report.plots import figure_png
from hwdesign.settings import parse_section
from hwdesign.sfq.network import CellTables, Network, SpreadPoint, load_network
from hwdesign.sfq.network.config import CURVE_FILE, NETWORK_FILE, SETTINGS_FILE, TABLES_FILE
from hwdesign.sfq.network.network import MAX_JSON
from hwdesign.sfq.network.plots import margin_png, yield_png
from hwdesign.sfq.network.proof import PROOF_FILE

_MAX_ROWS = 500
_SIMULATE = "run `hwdesign simulate network` on the folder"


def is_sfq_run(folder: Path) -> bool:
    """Whether the folder holds a trained SFQ network."""
    return (folder / NETWORK_FILE).is_file()


def sfq_page(folder: Path, environment: Environment) -> str:
    """HTML of an SFQ network's run.

    Args:
        folder: as `hwdesign train sfq` and `hwdesign simulate network` leave it; what is not there is left out.
        environment: of the templates.

    Raises:
        ConfigError: the network is damaged.
        DataError: one of the other files is damaged.
    """
    network = load_network(folder / NETWORK_FILE)
    rows = read_figures(folder / CURVE_FILE)
    proof = _record(folder / PROOF_FILE)
    stale = proof is not None and proof.get("digest") != network.digest()
    shown = None if stale else proof
    try:
        pictures = {} if shown is None else _pictures(network, shown)
        return environment.get_template("sfq_run.html").render(
            title=f"SFQ network {network.name}",
            version=__version__,
            verdict=_verdict(network, shown, stale),
            network=network,
            layers=[_layer(network, at) for at in range(len(network.layers))],
            tables=_tables(folder / TABLES_FILE),
            curve=curve_png(rows) if rows else None,
            proof=shown,
            patterns=[] if shown is None else shown["patterns"][:_MAX_ROWS],
            pictures=pictures,
            settings=_record(folder / SETTINGS_FILE),
        )
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, UndefinedError) as error:
        what = "the record of the simulation is damaged"
        raise DataError(what, file=folder / PROOF_FILE, mend=f"remove it, or {_SIMULATE}") from error


def _record(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        value = json.loads(read_input(path, limit=MAX_JSON))
    except (ValueError, RecursionError) as error:
        raise DataError("the file is no JSON", file=path, mend="remove it") from error
    if not isinstance(value, dict):
        raise DataError("the file holds no record", file=path, mend="remove it")
    return value


def _tables(path: Path) -> CellTables | None:
    content = _record(path)
    try:
        return None if content is None else parse_section(CellTables, content)
    except ConfigError as error:
        raise DataError(error.what, file=path, mend="remove it") from error


def _verdict(network: Network, proof: Mapping[str, Any] | None, stale: bool) -> str:
    if stale:
        return f"The simulation in this folder is of another network: {_SIMULATE}."
    if proof is None:
        return f"Trained, but not yet simulated: {_SIMULATE}."
    return (
        f"On {proof['chips']} chips at {network.temperature_k:g} K with {100 * proof['spread']:g} % of local spread, "
        f"{100 * proof['correct']:.2f} % of the circuit's decisions are right ({100 * proof['least_correct']:.2f} % in "
        f"the worst pattern); {100 * proof['yield']:.2f} % of the chips are right in every pattern."
    )


def _layer(network: Network, at: int) -> dict[str, Any]:
    layer = network.layers[at]
    currents = [value for row in layer.ix_ua for value in row if value is not None]
    return {
        "inputs": layer.inputs,
        "neurons": layer.outputs,
        "synapses": len(currents),
        "ix": _range(currents),
        "it": _range(layer.it_ua),
        "l_storage_ph": layer.l_storage_ph,
        "r_leak_ohm": layer.r_leak_ohm,
    }


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.1f} to {max(values):.1f}" if values else "-"


def _pictures(network: Network, proof: Mapping[str, Any]) -> dict[str, bytes]:
    sweep = [
        SpreadPoint(
            _share(point["spread"]), chips := _whole(point["chips"]), round(_share(point["yield"]) * chips),
            _share(point["decisions"]), float(point["margin"]),
        )
        for point in proof["sweep"]
    ]  # fmt: skip
    spread = _share(proof["spread"])
    title = f"{sweep[0].chips} chips a point, {network.temperature_k:g} K"
    margins = np.array([float(value) for value in proof["margins"]])
    if not np.all(np.isfinite(margins)):
        raise ValueError("a margin is not finite")
    return {
        "yield": yield_png(sweep, spread, title),
        "margin": margin_png(sweep, spread, margins, network.coding.pulses),
    }


def _share(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("a share lies between 0 and 1")
    return float(value)


def _whole(value: object) -> int:
    if not isinstance(value, int) or not 1 <= value <= 1 << 31:
        raise ValueError("a number of chips is out of range")
    return value


def curve_png(rows: Sequence[Mapping[str, float]]) -> bytes:
    """Loss of each random start against its steps, and the share of right decisions that it ended with; PNG bytes.

    Args:
        rows: of a training's `metrics.csv`.
    """
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axis = figure.subplots()
    begin = 0.0
    for start in sorted({row["start"] for row in rows}):
        own = [row for row in rows if row["start"] == start]
        found = own[-1]["val/accuracy"]
        label = f"start {start:g}" + ("" if math.isnan(found) else f": {100 * found:.2f} % right")
        axis.plot([row["epoch"] - begin for row in own], [row["train/loss"] for row in own], label=label)
        begin = own[-1]["epoch"]
    axis.set(xlabel="step, each on all patterns and fresh chips", ylabel="cross entropy")
    axis.set_ylim(bottom=0)
    axis.legend(fontsize=8)
    return figure_png(figure)
