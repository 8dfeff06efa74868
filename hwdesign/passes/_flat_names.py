"""Names of a flattened module: paths, each unique."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwdesign.netlist import Module, NamePool, NameTable


class FlatNames:
    """Collects the names of flat nets and cells in order of their ids."""

    def __init__(self, pool: NamePool) -> None:
        self.table = NameTable(pool)
        self._net: list[int] = [-1, -1]
        self._cell: list[int] = []
        self._nets_taken: set[int] = set()
        self._cells_taken: set[int] = set()
        self._suffix: dict[str, int] = {}  # last one tried for a path

    def add_nets(self, module: Module, prefix: list[str], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        """Nets `columns` of the occurrences `rows` of a module."""
        ids = module.net_name[columns]
        if prefix == [""]:
            self._keep(ids, self._net, self._nets_taken)
            return
        texts = module.names.decode(ids)
        paths = [prefix[row] + text if text else "" for row, text in zip(rows.tolist(), texts, strict=True)]
        self._add(paths, self._net, self._nets_taken)

    def add_plain_nets(self, labels: list[str]) -> None:
        """Nets by their full names."""
        self._add(labels, self._net, self._nets_taken)

    def add_cells(self, module: Module, prefix: list[str], cells: NDArray[np.int64]) -> None:
        """Cells of a module, once for each occurrence."""
        ids = module.cell_name[cells]
        if prefix == [""]:
            self._keep(ids, self._cell, self._cells_taken)
            return
        texts = module.names.decode(ids)
        paths = [path + text if text else "" for path in prefix for text in texts]
        self._add(paths, self._cell, self._cells_taken)

    def net(self, net: int) -> str:
        """Name of a flat net."""
        at = self._net[net]
        return self.table.labels()[at] if at >= 0 else f"_n{net}"

    def freeze(self) -> tuple[NamePool, NDArray[np.int32], NDArray[np.int32]]:
        """The pool, `net_name` and `cell_name`."""
        return self.table.freeze(), np.array(self._net, np.int32), np.array(self._cell, np.int32)

    def _keep(self, ids: NDArray[np.int32], into: list[int], taken: set[int]) -> None:
        """Names of the top, which keep their ids."""
        into += ids.tolist()
        taken.update(into)

    def _add(self, paths: list[str], into: list[int], taken: set[int]) -> None:
        intern = self.table.intern
        for path in paths:
            if not path:
                into.append(-1)
                continue
            at = intern(path)
            if at in taken:
                # Another net or cell is called so already: `u1.n` at the top, say.
                suffix = self._suffix.get(path, 0) + 1
                while (at := intern(f"{path}_{suffix}")) in taken:
                    suffix += 1
                self._suffix[path] = suffix
            taken.add(at)
            into.append(at)
