"""The `.hwn` file: a netlist's columns as safetensors, its structure as JSON in a versioned header.

Nothing in the file is executed, and everything is checked on loading: shapes, ranges, and that ids point somewhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from hwdesign.errors import DataError, FileError, HwdesignError
from hwdesign.files import os_reason, write_atomic
from hwdesign.netlist.module import Bus, Module, SideTable
from hwdesign.netlist.names import NamePool
from hwdesign.netlist.netlist import Directive, Finding, Model, Netlist
from hwdesign.netlist.types import CellType, Direction, Kind, Library, Role, Sequential

FORMAT = "hwdesign-netlist"
VERSION = 1

_COLUMNS = (
    "cell_type", "cell_name", "cell_line", "pin_ptr", "pin_net", "pin_role", "pin_flags", "net_name",
    "port_name", "port_net", "port_dir", "port_bus", "port_flags",
)  # fmt: skip
_DTYPES: dict[str, type[np.generic]] = {
    "pin_ptr": np.int64, "pin_role": np.int16, "pin_flags": np.uint8, "port_dir": np.uint8, "port_flags": np.uint8,
}  # fmt: skip


def store(netlist: Netlist, path: str | Path) -> None:
    """Write a netlist as `.hwn`, whole or not at all.

    Raises:
        FileError: the target cannot be written.
    """
    tensors: dict[str, NDArray[Any]] = {"names.data": netlist.names.data, "names.offsets": netlist.names.offsets}
    for at, module in enumerate(netlist.modules.values()):
        for column in _COLUMNS:
            tensors[f"m{at}.{column}"] = getattr(module, column)
        for k, table in enumerate(module.params.values()):
            tensors[f"m{at}.p{k}.cell"] = table.cell
            tensors[f"m{at}.p{k}.number"] = table.number
            tensors[f"m{at}.p{k}.text"] = table.text
    meta = {"format": FORMAT, "version": str(VERSION), "netlist": json.dumps(_structure(netlist))}
    with write_atomic(path) as beside:
        try:
            save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, beside, metadata=meta)
        except SafetensorError as error:
            raise FileError(f"cannot write the file: {error}", file=path) from error


def _structure(netlist: Netlist) -> dict[str, Any]:
    return {
        "top": netlist.top,
        "file": netlist.file,
        "global_nets": list(netlist.global_nets),
        "library": [_type_to_json(t) for t in netlist.library],
        "models": [[m.name, m.kind, dict(m.params), m.line, m.scope] for m in netlist.models.values()],
        "directives": [[d.name, d.text, d.line, d.module] for d in netlist.directives],
        "findings": [
            [f.rule, f.severity, f.message, f.module, list(f.names), f.file, f.line] for f in netlist.findings
        ],
        "modules": [
            {
                "name": m.name,
                "file": m.file,
                "line": m.line,
                "buses": [[b.name, b.left, b.right] for b in m.buses],
                "params": list(m.params),
                "parameters": dict(m.parameters),
            }
            for m in netlist.modules.values()
        ],
    }


def _type_to_json(t: CellType) -> list[Any]:
    seq = None if t.sequential is None else [getattr(t.sequential, k) for k in ("storage", "data", "clock", "output")]
    return [t.name, t.kind.value, [[r.name, int(r.direction), r.function] for r in t.roles], seq, t.guessed]


def load(path: str | Path) -> Netlist:
    """Read a `.hwn` file.

    Raises:
        FileError: the file cannot be read.
        DataError: it is no `.hwn` file, is damaged, or was written by a newer version of hwdesign.
    """
    path = Path(path)
    try:
        with path.open("rb"):
            pass
        with safe_open(path, framework="np") as blob:
            return _decode(blob.metadata() or {}, {name: blob.get_tensor(name) for name in blob.keys()})  # noqa: SIM118
    except OSError as error:
        raise FileError(f"cannot read the file: {os_reason(error)}", file=path) from error
    except SafetensorError as error:
        raise DataError(f"this is no .hwn file, or it is cut short ({error})", file=path) from error
    except HwdesignError as error:
        raise DataError(error.what, file=path, mend=error.mend) from error
    except (KeyError, TypeError, ValueError, IndexError, RecursionError, OverflowError, AttributeError) as error:
        raise DataError(
            f"the .hwn file is damaged ({type(error).__name__}: {str(error)[:120]})",
            file=path,
            mend="write it again from its source",
        ) from error


def _decode(meta: dict[str, str], arrays: dict[str, NDArray[Any]]) -> Netlist:
    if meta.get("format") != FORMAT:
        raise DataError("this safetensors file holds no netlist", mend="give a file written by hwdesign convert")
    version = int(meta["version"])
    if version > VERSION:
        raise DataError(
            f"the file has version {version} of the .hwn format, this hwdesign reads up to {VERSION}",
            mend="update hwdesign, or write the file with the older version",
        )
    body = json.loads(meta["netlist"])
    names = NamePool(_typed(arrays, "names.data", np.uint8), _typed(arrays, "names.offsets", np.int64))
    _check_offsets(names.offsets, len(names.data), "names.offsets")
    library = Library(_type_from_json(t) for t in body["library"])
    modules = {}
    for at, item in enumerate(body["modules"]):
        module = _module(at, item, arrays, names, library)
        modules[module.name] = module
    if len(modules) != len(body["modules"]):
        raise ValueError("two modules have the same name")
    return Netlist(
        modules,
        str(body["top"]),
        library,
        names,
        {model.key: model for model in map(_model, body["models"])},
        tuple(str(n) for n in body["global_nets"]),
        tuple(_finding(f) for f in body["findings"]),
        str(body["file"]),
        tuple(Directive(str(d[0]), str(d[1]), int(d[2]), str(d[3])) for d in body["directives"]),
    )


def _model(item: list[Any]) -> Model:
    return Model(str(item[0]), str(item[1]), _values(item[2]), int(item[3]), str(item[4]))


def _finding(f: list[Any]) -> Finding:
    rule, severity, message, module, names, file, line = f
    return Finding(str(rule), str(severity), str(message), str(module), tuple(map(str, names)), str(file), int(line))


def _values(items: dict[str, Any]) -> dict[str, float | str]:
    return {str(k): v if isinstance(v, str) else float(v) for k, v in items.items()}


def _typed(arrays: dict[str, NDArray[Any]], name: str, dtype: type[np.generic]) -> NDArray[Any]:
    array = arrays[name]
    if array.dtype != np.dtype(dtype):
        raise ValueError(f"column {name} is of type {array.dtype}")
    return array


def _type_from_json(item: list[Any]) -> CellType:
    name, kind, roles, seq, guessed = item
    return CellType(
        str(name),
        Kind(kind),
        tuple(Role(str(r[0]), Direction(r[1]), str(r[2])) for r in roles),
        None if seq is None else Sequential(*map(str, seq)),
        bool(guessed),
    )


def _check_offsets(offsets: NDArray[Any], total: int, name: str) -> None:
    if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != total or (np.diff(offsets) < 0).any():
        raise ValueError(f"column {name} does not rise from 0 to {total}")


def _check_range(array: NDArray[Any], low: int, high: int, name: str) -> None:
    if len(array) and (int(array.min()) < low or int(array.max()) >= high):
        raise ValueError(f"column {name} has an id outside {low}..{high - 1}")


def _check_buses(buses: tuple[Bus, ...], port_bus: NDArray[Any]) -> None:
    """Each bus has as many port bits as it is wide, one after another."""
    count = np.bincount(port_bus[port_bus >= 0], minlength=len(buses))
    for at, bus in enumerate(buses):
        if int(count[at]) != bus.width:
            raise ValueError(f"bus '{bus.name}' has {int(count[at])} port bits but is {bus.width} wide")
    runs = port_bus[np.flatnonzero(np.diff(port_bus, prepend=-2) != 0)]
    if len(np.unique(runs[runs >= 0])) != int((runs >= 0).sum()):
        raise ValueError("the port bits of a bus are not together")


def _module(
    at: int, item: dict[str, Any], arrays: dict[str, NDArray[Any]], names: NamePool, library: Library
) -> Module:
    columns = {c: _typed(arrays, f"m{at}.{c}", _DTYPES.get(c, np.int32)) for c in _COLUMNS}
    cells, pins, ports = len(columns["cell_type"]), len(columns["pin_net"]), len(columns["port_net"])
    for group, count in (("cell", cells), ("pin", pins), ("port", ports)):
        for column, array in columns.items():
            if column.startswith(group + "_") and column != "pin_ptr" and len(array) != count:
                raise ValueError(f"column {column} has {len(array)} rows, not {count}")
    if len(columns["pin_ptr"]) != cells + 1 or len(columns["net_name"]) < 2:
        raise ValueError("columns pin_ptr or net_name have the wrong length")
    _check_offsets(columns["pin_ptr"], pins, "pin_ptr")
    buses = tuple(Bus(str(b[0]), int(b[1]), int(b[2])) for b in item["buses"])
    nets = len(columns["net_name"])
    for column, low, high in (
        ("cell_type", 0, len(library)), ("cell_name", -1, len(names)), ("pin_net", -1, nets),
        ("net_name", -1, len(names)), ("port_name", 0, len(names)), ("port_net", 0, nets),
        ("port_dir", 0, 3), ("port_bus", -1, len(buses)),
    ):  # fmt: skip
        _check_range(columns[column], low, high, column)
    _check_buses(buses, columns["port_bus"])
    roles = np.diff(library.role_ptr)
    if pins:
        limit = np.repeat(roles[columns["cell_type"]], np.diff(columns["pin_ptr"]))
        if (columns["pin_role"] < 0).any() or (columns["pin_role"] >= limit).any():
            raise ValueError("column pin_role has a role that its cell type lacks")
    params = {}
    for k, key in enumerate(item["params"]):
        table = SideTable(
            _typed(arrays, f"m{at}.p{k}.cell", np.int32),
            _typed(arrays, f"m{at}.p{k}.number", np.float64),
            _typed(arrays, f"m{at}.p{k}.text", np.int32),
        )
        _check_range(table.cell, 0, cells, f"p{k}.cell")
        _check_range(table.text, -1, len(names), f"p{k}.text")
        if not len(table.cell) == len(table.number) == len(table.text) or (np.diff(table.cell) <= 0).any():
            raise ValueError(f"side table '{key}' is not sorted or has columns of unequal length")
        params[str(key)] = table
    return Module(
        name=str(item["name"]),
        names=names,
        library=library,
        buses=buses,
        params=params,
        parameters=_values(item["parameters"]),
        file=str(item["file"]),
        line=int(item["line"]),
        **columns,
    )
