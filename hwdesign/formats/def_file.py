"""DEF 5.8 (design exchange format): placement of cells and ports, and what nets connect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from hwdesign.files import read_source
from hwdesign.formats.registry import located
from hwdesign.kernels.physical import RawDef, parse_def
from hwdesign.netlist.layout import Placement, PlacementStatus, bounding_boxes
from hwdesign.netlist.names import NamePool


def read_def(path: str | Path) -> Placement:
    """Read `.def` or `.def.gz`.

    Escape characters are taken out of names. Components without a place are kept as unplaced, with x and y NaN, and a
    finding names them. Routing, rows, tracks, vias, blockages, fills and special nets are skipped.

    Raises:
        FileError, LimitError: the file cannot be read, or is too large.
        FormatError: the text is no whole DEF, a component or pin is given twice, or a net connects one that the file
            does not hold; with the line.
        UnsupportedError: a net connects a pin of all components at once.
    """
    with located(path):
        return replace(read_def_text(read_source(path, "DEF")), file=str(path))


def read_def_text(text: bytes | str) -> Placement:
    """Placement of DEF text; see `read_def`."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    raw = parse_def(data)
    pool = NamePool(*raw.names)
    scale = 1.0 / raw.units
    macros, instance_macro = np.unique(raw.instance_macro, return_inverse=True)
    pins, net_pin = np.unique(raw.net_pin[raw.net_instance >= 0], return_inverse=True)
    connected = raw.net_pin.copy()
    connected[raw.net_instance >= 0] = net_pin
    unplaced = raw.instance_status == PlacementStatus.UNPLACED
    instance_names = tuple(pool.decode(raw.instance_name))
    port_names = tuple(pool.decode(raw.port_name))
    rects = scale * raw.port_shape_rect
    boxes = bounding_boxes(raw.port_shape_ptr, rects)
    centre = 0.5 * (boxes[:, :2] + boxes[:, 2:])
    location = scale * np.stack([raw.port_x, raw.port_y], axis=1)
    port_xy = np.where(np.isnan(centre), location, centre)
    port_xy[raw.port_status == PlacementStatus.UNPLACED] = np.nan
    return Placement(
        design=pool[raw.design] if raw.design >= 0 else "",
        die=None
        if raw.die is None
        else (scale * raw.die[0], scale * raw.die[1], scale * raw.die[2], scale * raw.die[3]),
        instance_names=instance_names,
        macro_names=tuple(pool.decode(macros)),
        instance_macro=instance_macro.astype(np.int32),
        x=np.where(unplaced, np.nan, scale * raw.instance_x),
        y=np.where(unplaced, np.nan, scale * raw.instance_y),
        orient=raw.instance_orient,
        status=raw.instance_status,
        port_names=port_names,
        port_net=tuple(pool.decode(raw.port_net)),
        port_direction=raw.port_direction,
        port_use=raw.port_use,
        port_xy=port_xy,
        port_shape_ptr=raw.port_shape_ptr,
        port_shape_layer=tuple(pool.decode(raw.port_shape_layer)),
        port_shape_rect=rects,
        net_names=tuple(pool.decode(raw.net_name)),
        net_ptr=raw.net_ptr,
        net_instance=raw.net_instance,
        net_pin=connected,
        pin_names=tuple(pool.decode(pins)),
        findings=_findings(raw, instance_names, port_names, unplaced),
    )


def _findings(
    raw: RawDef,
    instances: tuple[str, ...],
    ports: tuple[str, ...],
    unplaced: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> tuple[str, ...]:
    found = []
    for what, stated, held in zip(
        ("components", "pins", "nets"), raw.stated.tolist(),
        (len(instances), len(ports), len(raw.net_name)), strict=True,
    ):  # fmt: skip
        if stated not in (-1, held):
            found.append(f"the file states {stated} {what} and holds {held}")
    for what, names, missing in (
        ("components", instances, unplaced), ("pins", ports, raw.port_status == PlacementStatus.UNPLACED)
    ):  # fmt: skip
        rows = np.flatnonzero(missing)
        if len(rows):
            shown = ", ".join(names[at] for at in rows[:5].tolist())
            found.append(f"{len(rows)} {what} are not placed ({shown}{', ...' if len(rows) > 5 else ''})")
    return tuple(found)
