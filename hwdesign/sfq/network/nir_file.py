"""Opening NIR files: HDF5 from anywhere, looked over before anything is read into memory."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from hwdesign.errors import DataError, FileError, LimitError, ToolError, UnsupportedError
from hwdesign.files import os_reason

MAX_BYTES = 64 << 20
MAX_OBJECTS = 20_000
MAX_TEXTS = 16_384
MAX_TEXT = 1024
_MAX_DEPTH = 16
_NO_GRAPH = "the file is no NIR graph"

# What h5py and nir raise on a file that is HDF5, but not as they expect.
_MISFITS = (
    ValueError, LookupError, TypeError, AttributeError, AssertionError, RuntimeError, ArithmeticError, OSError,
)  # fmt: skip


def read_graph(path: Path) -> Any:
    """The `nir.NIRGraph` of a file.

    Raises:
        ToolError: the package `nir` is missing.
        FileError: the file cannot be read.
        DataError: it is no NIR graph.
        LimitError: it holds more than a network can have, compressed data counted as what they expand to.
        UnsupportedError: it refers to other files or objects.
    """
    try:
        import nir
    except ImportError as error:
        raise ToolError("the package 'nir' is not installed", mend="pip install 'hwdesign[nir]'") from error
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            size = stream.tell()
    except OSError as error:
        raise FileError(f"cannot read the file: {os_reason(error)}", file=path) from error
    if size > MAX_BYTES:
        raise LimitError(f"the file is larger than {MAX_BYTES} bytes", file=path)
    try:
        _look_over(path)
        graph = nir.read(path)
    except _MISFITS as error:
        raise DataError(_NO_GRAPH, file=path) from error
    if type(graph).__name__ != "NIRGraph":
        raise DataError(_NO_GRAPH, file=path)
    return graph


def _look_over(path: Path) -> None:
    """Refuse what would reach beyond the file, run in circles, or expand without bound."""
    import h5py

    numbers = texts = objects = 0
    with h5py.File(path, "r") as file:
        groups = [(file, 0)]
        while groups:
            group, depth = groups.pop()
            objects += len(group)
            if objects > MAX_OBJECTS or depth > _MAX_DEPTH:
                # A group can hold itself: such a circle ends here too.
                raise LimitError(f"the file has more than {MAX_OBJECTS} objects or {_MAX_DEPTH} levels", file=path)
            for name in group:
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise UnsupportedError(f"the object '{name}' is a link to somewhere else", file=path)
                item = group[name]
                if isinstance(item, h5py.Group):
                    groups.append((item, depth + 1))
                    continue
                if not isinstance(item, h5py.Dataset):
                    raise UnsupportedError(f"the object '{name}' is neither a group nor data", file=path)
                if item.is_virtual or item.external:
                    raise UnsupportedError(f"the data of '{name}' lie in another file", file=path)
                count = math.prod(item.shape or ())
                if item.dtype.kind == "O":
                    texts += count
                    _check_texts(item, name, texts, path)
                else:
                    numbers += count * item.dtype.itemsize
                if numbers > MAX_BYTES:
                    raise LimitError(f"the file's data expand to more than {MAX_BYTES} bytes", file=path)


def _check_texts(item: Any, name: str, texts: int, path: Path) -> None:
    """Texts lie outside of the data, and many can share one: they are read one by one, up to the first long one."""
    import h5py

    if h5py.check_string_dtype(item.dtype) is None:
        raise UnsupportedError(f"the object '{name}' holds neither numbers nor texts", file=path)
    if texts > MAX_TEXTS:
        raise LimitError(f"the file has more than {MAX_TEXTS} texts", file=path)
    for at in np.ndindex(item.shape):
        if len(item[at]) > MAX_TEXT:
            raise LimitError(f"a text of '{name}' is longer than {MAX_TEXT} bytes", file=path)
