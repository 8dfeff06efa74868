"""What `hwdesign info` says of files of physical design: SPEF, LEF, DEF and SDF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hwdesign.cli._output import Result, count, table


def physical_info(file: Path, suffix: str) -> Result:
    """Say what a file of one of `READERS`' suffixes holds."""
    data: dict[str, Any] = {"file": str(file), **READERS[suffix](file)}
    return Result(data, _lines(data))


def _spef(file: Path) -> dict[str, Any]:
    import numpy as np

    from hwdesign.formats.spef import read_spef
    from hwdesign.netlist.parasitics import NodeKind

    p = read_spef(file)
    kinds = np.bincount(p.node_kind, minlength=len(NodeKind))
    return {
        "format": "spef",
        "design": p.design,
        "nets": len(p.net_names),
        "nodes": len(p.node_names),
        "pins": int(kinds[NodeKind.INSTANCE_PIN]),
        "ports": int(kinds[NodeKind.PORT]),
        "resistors": len(p.resistor),
        "couplings": len(p.coupling),
        "capacitance_pf": float(p.net_cap().sum()),
        "findings": p.findings,
    }


def _lef(file: Path) -> dict[str, Any]:
    from hwdesign.formats.lef import read_lef

    library = read_lef(file)
    return {
        "format": "lef",
        "layers": dict(Counter(layer.kind for layer in library.layers)),
        "macros": len(library.macro_names),
        "classes": dict(Counter(library.macro_class)),
        "pins": len(library.pin_names),
        "shapes": len(library.shape_layer),
        "findings": (),
    }


def _def(file: Path) -> dict[str, Any]:
    from hwdesign.formats.def_file import read_def

    p = read_def(file)
    return {
        "format": "def",
        "design": p.design,
        "die_um": p.die,
        "instances": len(p.instance_names),
        "macros": len(p.macro_names),
        "ports": len(p.port_names),
        "nets": len(p.net_names),
        "unplaced": len(p.unplaced()),
        "findings": p.findings,
    }


def _sdf(file: Path) -> dict[str, Any]:
    from hwdesign.formats.sdf import read_sdf
    from hwdesign.netlist.delays import CheckKind

    d = read_sdf(file)
    checks = Counter(CheckKind(kind).name.lower() for kind in d.check_kind.tolist())
    return {
        "format": "sdf",
        "design": d.design,
        "instances": len(d.instance_names),
        "wires": len(d.wire_from),
        "arcs": len(d.arc_from),
        "checks": dict(checks.most_common()),
        "findings": d.findings,
    }


READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    ".spef": _spef,
    ".lef": _lef,
    ".tlef": _lef,
    ".def": _def,
    ".sdf": _sdf,
}


def _lines(data: dict[str, Any]) -> Iterator[str]:
    of = f", design '{data['design']}'" if data.get("design") else ""
    yield f"{data['file']}: {data['format']}{of}"
    if data.get("die_um"):
        x0, y0, x1, y1 = data["die_um"]
        yield f"die {x1 - x0:g} by {y1 - y0:g} µm"
    rows: list[Sequence[object]] = []
    for key, value in data.items():
        if isinstance(value, dict):
            rows += [(f"{key} ({kind})" if kind else key, number) for kind, number in value.items()]
        elif isinstance(value, int | float):
            rows.append((key.replace("_pf", " (pF)"), value))
    yield from table(("", "number"), rows)
    findings = data["findings"]
    if findings:
        yield f"{count(len(findings), 'finding')}:"
        yield from (f"  {finding}" for finding in findings)
