"""What `hwdesign info` says of Liberty libraries, and of netlists mapped to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwdesign.cli._output import Result, count

if TYPE_CHECKING:
    from hwdesign.netlist import Module
    from hwdesign.netlist.timing_library import TimingLibrary


def module_area(module: Module, libraries: Sequence[TimingLibrary]) -> float:
    """Area of a module's own cells in the libraries' unit; cells that no library knows count nothing."""
    areas: dict[str, float] = {}
    for library in reversed(libraries):
        areas.update(zip(library.cell_names, library.cell_area.tolist(), strict=True))
    of_type = np.array([areas.get(cell_type.name, 0.0) for cell_type in module.library], np.float64)
    return float(of_type[module.cell_type].sum()) if module.num_cells else 0.0


def liberty_info(file: Path) -> Result:
    """Say what a Liberty library holds."""
    from hwdesign.formats.liberty import read_liberty
    from hwdesign.netlist.timing_library import ArcKind

    library = read_liberty(file)
    kinds = Counter(ArcKind(kind).name.lower() for kind in library.arc_kind.tolist())
    process, temperature, voltage = (None if np.isnan(value) else value for value in library.nominal)
    data = {
        "file": str(file),
        "format": "liberty",
        "library": library.name,
        "cells": len(library.cell_names),
        "storage": Counter(storage.kind for storage in library.cell_storage if storage is not None),
        "pins": len(library.pin_names),
        "arcs": dict(kinds.most_common()),
        "tables": len(library.table_shape),
        "process": process,
        "temperature": temperature,
        "voltage": voltage,
        "ignored": dict(library.ignored),
    }
    return Result(data, _lines(data))


def _lines(data: dict[str, Any]) -> Iterator[str]:
    corner = [
        f"{data[key]:g} {unit}".strip()
        for key, unit in (("process", ""), ("temperature", "°C"), ("voltage", "V"))
        if data[key] is not None
    ]
    at = f", process, temperature and voltage {', '.join(corner)}" if len(corner) == 3 else ""
    yield f"{data['file']}: liberty, library '{data['library']}'{at}"
    stored = ", ".join(f"{number} {kind}" for kind, number in data["storage"].items())
    pins, tables = count(data["pins"], "pin"), count(data["tables"], "table")
    yield f"{count(data['cells'], 'cell')}{f' ({stored})' if stored else ''}, {pins}, {tables}"
    yield "arcs: " + (", ".join(f"{kind} {number}" for kind, number in data["arcs"].items()) or "none")
    if data["ignored"]:
        yield "read over: " + ", ".join(f"{name} {number}" for name, number in data["ignored"].items())
