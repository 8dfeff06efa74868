"""LEF 5.8 (library exchange format): cells' outlines, pins' shapes and routing layers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hwdesign.errors import FormatError
from hwdesign.files import read_source
from hwdesign.formats.registry import located
from hwdesign.kernels.physical import parse_lef
from hwdesign.netlist.layout import Layer, MacroLibrary
from hwdesign.netlist.names import NamePool

_KINDS = ("routing", "cut", "other")
_DIRECTIONS = ("horizontal", "vertical", "")


def read_lef(*paths: str | Path) -> MacroLibrary:
    """Read `.lef`, `.tlef` or their `.gz` forms as one library.

    Vias, sites, obstructions and design rules are skipped. Pins' shapes are moved by their macro's ORIGIN, so that its
    lower left corner is at 0, 0. A layer given in several files is taken from the first.

    Raises:
        FileError, LimitError: a file cannot be read, or is too large.
        FormatError: the text is no LEF, with the line; or two files hold a macro of the same name.
    """
    parts = []
    seen: dict[str, str | Path] = {}
    for path in paths:
        with located(path):
            part = read_lef_text(read_source(path, "LEF"))
            for name in part.macro_names:
                if name in seen:
                    raise FormatError(f"macro '{name}' is also in {seen[name]}", mend="leave one of the files out")
                seen[name] = path
        parts.append(part)
    return _joined(parts) if len(parts) != 1 else parts[0]


def read_lef_text(text: bytes | str) -> MacroLibrary:
    """Macro library of LEF text; see `read_lef`."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    raw = parse_lef(data)
    pool = NamePool(*raw.names)
    labels = pool.decode()
    layers = tuple(
        Layer(labels[name], _KINDS[kind], _DIRECTIONS[direction], width, (px, py), 1e-3 * r, c, edge)
        for name, kind, direction, width, px, py, r, c, edge in zip(
            raw.layer_name.tolist(), raw.layer_kind.tolist(), raw.layer_direction.tolist(), raw.layer_width.tolist(),
            raw.layer_pitch_x.tolist(), raw.layer_pitch_y.tolist(), raw.layer_resistance.tolist(),
            raw.layer_capacitance.tolist(), raw.layer_edge.tolist(), strict=True,
        )
    )  # fmt: skip
    origin = np.stack([raw.macro_x, raw.macro_y], axis=1)
    macro_of_pin = np.repeat(np.arange(len(raw.macro_name)), np.diff(raw.pin_ptr))
    macro_of_shape = np.repeat(macro_of_pin, np.diff(raw.shape_ptr))
    return MacroLibrary(
        layers=layers,
        macro_names=tuple(pool.decode(raw.macro_name)),
        macro_class=tuple(pool.decode(raw.macro_class)),
        macro_size=np.stack([raw.macro_width, raw.macro_height], axis=1),
        macro_origin=origin,
        pin_ptr=raw.pin_ptr,
        pin_names=tuple(pool.decode(raw.pin_name)),
        pin_direction=raw.pin_direction,
        pin_use=raw.pin_use,
        shape_ptr=raw.shape_ptr,
        shape_layer=tuple(pool.decode(raw.shape_layer)),
        shape_rect=raw.shape_rect + np.tile(origin, 2)[macro_of_shape],
    )


def _joined(parts: Sequence[MacroLibrary]) -> MacroLibrary:
    if not parts:
        raise ValueError("no LEF file is given")
    layers = {layer.name: layer for part in reversed(parts) for layer in part.layers}
    order = dict.fromkeys(layer.name for part in parts for layer in part.layers)
    pins = np.concatenate([np.diff(part.pin_ptr) for part in parts])
    shapes = np.concatenate([np.diff(part.shape_ptr) for part in parts])
    return MacroLibrary(
        layers=tuple(layers[name] for name in order),
        macro_names=sum((part.macro_names for part in parts), ()),
        macro_class=sum((part.macro_class for part in parts), ()),
        macro_size=np.concatenate([part.macro_size for part in parts]),
        macro_origin=np.concatenate([part.macro_origin for part in parts]),
        pin_ptr=np.concatenate([[0], np.cumsum(pins)]).astype(np.int64),
        pin_names=sum((part.pin_names for part in parts), ()),
        pin_direction=np.concatenate([part.pin_direction for part in parts]),
        pin_use=np.concatenate([part.pin_use for part in parts]),
        shape_ptr=np.concatenate([[0], np.cumsum(shapes)]).astype(np.int64),
        shape_layer=sum((part.shape_layer for part in parts), ()),
        shape_rect=np.concatenate([part.shape_rect for part in parts]),
    )
