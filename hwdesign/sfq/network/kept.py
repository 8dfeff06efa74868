"""Circuit-level runs kept in a folder, so that an interrupted proof goes on after the last finished spread."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from hwdesign import __version__
from hwdesign.errors import DataError
from hwdesign.files import make_folder, os_reason, write_atomic
from hwdesign.sfq.network.circuit import PatternRun
from hwdesign.sfq.network.network import Network
from hwdesign.sfq.process import Process

MAX_BYTES = 4 << 30
_KEY = "hwdesign.patterns"
_MEND = "remove it, and it is simulated again"
_COLUMNS = {"counts": np.int64, "failed": np.bool_, "latency_ps": np.float64, "energy_aj": np.float64}


@dataclass(frozen=True)
class Kept:
    """Runs by what they follow from.

    Attributes:
        folder: of the files; None keeps nothing.
        network, process: what is simulated.
        chips, seed: of all runs.
    """

    folder: Path | None
    network: Network
    process: Process
    chips: int
    seed: int

    def _file(self, patterns: NDArray[np.float64], labels: NDArray[np.int64], spread: float) -> tuple[Path, str]:
        assert self.folder is not None
        content: list[Any] = [
            __version__, self.network.digest(), repr(self.process), self.chips, self.seed, spread, patterns.tolist(),
            labels.tolist(),
        ]  # fmt: skip
        key = sha256(json.dumps(content).encode()).hexdigest()
        return self.folder / f"{key[:16]}.safetensors", key

    def load(self, patterns: NDArray[np.float64], labels: NDArray[np.int64], spread: float) -> PatternRun | None:
        """The run on these patterns at this local spread; None where it was not kept.

        Raises:
            DataError: the file is damaged.
        """
        if self.folder is None:
            return None
        path, key = self._file(patterns, labels, spread)
        if not path.is_file():
            return None
        shape = (self.chips, len(labels))
        shapes = {"counts": (*shape, self.network.outputs), "failed": shape, "latency_ps": shape, "energy_aj": shape}
        try:
            if path.stat().st_size > MAX_BYTES:
                raise DataError(f"the file is larger than {MAX_BYTES} bytes", file=path, mend=_MEND)
            with safe_open(path, "np") as file:
                head = json.loads((file.metadata() or {})[_KEY])
                columns = {name: file.get_tensor(name) for name in _COLUMNS}
            if head["key"] != key or any(
                columns[name].shape != shapes[name] or columns[name].dtype != kind for name, kind in _COLUMNS.items()
            ):
                raise ValueError("another run")
            return PatternRun(
                **columns,
                decisions=self.network.decide(columns["counts"]),
                labels=labels,
                junctions=int(head["junctions"]),
                bias_ma=float(head["bias_ma"]),
                window_ps=self.network.coding.window_ps,
                pulses=self.network.coding.pulses,
                decide_at=self.network.decide_at,
            )
        except OSError as error:
            raise DataError(f"cannot read the file: {os_reason(error)}", file=path, mend=_MEND) from error
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise DataError("the kept simulation is damaged", file=path, mend=_MEND) from error

    def save(self, run: PatternRun, patterns: NDArray[np.float64], spread: float) -> None:
        """Keep a run.

        Raises:
            FileError: the folder cannot be written.
        """
        if self.folder is None:
            return
        make_folder(self.folder)
        path, key = self._file(patterns, run.labels, spread)
        head = {"key": key, "junctions": run.junctions, "bias_ma": run.bias_ma}
        columns = {name: np.ascontiguousarray(getattr(run, name)) for name in _COLUMNS}
        with write_atomic(path) as beside:
            save_file(columns, beside, metadata={_KEY: json.dumps(head)})


def forget(folder: Path) -> None:
    """Remove what `Kept` wrote, once it is no longer needed; other files stay."""
    for path in folder.glob("*.safetensors"):
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
