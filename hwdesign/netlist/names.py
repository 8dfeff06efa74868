"""The interned pool of names: bytes end to end, and where each begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

# Names that are not UTF-8 keep their bytes (as lone surrogates) and are written back unchanged.
_CODING = ("utf-8", "surrogateescape")


class NamePool:
    """Immutable pool of unique names, addressed by small integers.

    Attributes:
        data: uint8[total bytes], the names' UTF-8 text end to end.
        offsets: int64[len + 1], where each name begins.
    """

    __slots__ = ("_index", "data", "offsets")

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self.data = data
        self.offsets = offsets
        self._index: dict[str, int] | None = None

    @classmethod
    def of(cls, names: Iterable[str]) -> NamePool:
        """Pool of `names` in their order; they must be unique."""
        parts = [name.encode(*_CODING) for name in names]
        offsets = np.zeros(len(parts) + 1, np.int64)
        if parts:
            np.cumsum([len(part) for part in parts], out=offsets[1:])
        return cls(np.frombuffer(b"".join(parts), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> str:
        return self.data[self.offsets[index] : self.offsets[index + 1]].tobytes().decode(*_CODING)

    def decode(self, ids: Sequence[int] | NDArray[np.integer] | None = None) -> list[str]:
        """The names of `ids` (all names when None), decoded in one sweep. Negative ids give ''."""
        if ids is None:
            data = self.data.tobytes()
            begins, ends = self.offsets[:-1].tolist(), self.offsets[1:].tolist()
            return [data[b:e].decode(*_CODING) for b, e in zip(begins, ends, strict=True)]
        chosen = np.asarray(ids, np.int64)
        if len(self) == 0:
            return [""] * len(chosen)
        at = np.maximum(chosen, 0)
        begins = np.where(chosen < 0, 0, self.offsets[at]).tolist()
        ends = np.where(chosen < 0, 0, self.offsets[at + 1]).tolist()
        # A few names must not cost a copy of the whole pool: passes ask module by module.
        few: bytes | memoryview = self.data.data if 8 * len(chosen) < len(self) else self.data.tobytes()
        return [str(few[b:e], *_CODING) for b, e in zip(begins, ends, strict=True)]

    def extended(self, names: Iterable[str]) -> NamePool:
        """This pool with `names` after it, which must be new to it."""
        more = NamePool.of(names)
        data = np.concatenate([self.data, more.data])
        return NamePool(data, np.concatenate([self.offsets, more.offsets[1:] + len(self.data)]))

    def find(self, name: str) -> int:
        """Id of `name`, or -1. The first call builds a dictionary over the pool."""
        if self._index is None:
            self._index = {known: at for at, known in enumerate(self.decode())}
        return self._index.get(name, -1)


class NameTable:
    """Growing counterpart of `NamePool`, for builders and passes that make names."""

    __slots__ = ("_ids",)

    def __init__(self, pool: NamePool | None = None) -> None:
        self._ids: dict[str, int] = {} if pool is None else {name: at for at, name in enumerate(pool.decode())}

    def __len__(self) -> int:
        return len(self._ids)

    def intern(self, name: str) -> int:
        """Id of `name`, added when new."""
        return self._ids.setdefault(name, len(self._ids))

    def labels(self) -> list[str]:
        """All names so far, by id."""
        return list(self._ids)

    def freeze(self) -> NamePool:
        """The pool of all names so far; ids stay valid."""
        return NamePool.of(self._ids)


def first_five(names: Sequence[str], what: str) -> str:
    """`7 pins (a, b, c, d, e, ...)`, for errors that name what is missing."""
    noun = what if len(names) == 1 else what.replace(" or ", "s or ") + "s"
    return f"{len(names)} {noun} ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})"
