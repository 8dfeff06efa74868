"""Which placed designs train the wire model, choose it and judge it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator
from torch_geometric.data import Data

from hwdesign.errors import DataError
from hwdesign.files import read_input
from hwdesign.learn import RunConfig
from hwdesign.settings import Section, refuse
from hwdesign.timing.dataset import Technology, design_file, load_wires

Split = Literal["train", "validation", "test"]


class Shares(Section):
    """How a set's authors are shared out; the shares add up to 1."""

    train: float = Field(default=0.0, ge=0, le=1)
    validation: float = Field(default=0.0, ge=0, le=1)
    test: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _whole(self) -> Shares:
        if abs(self.train + self.validation + self.test - 1.0) > 1e-9:
            raise refuse(f"the shares add up to {self.train + self.validation + self.test:g}, not to 1")
        return self

    def of(self, place: float) -> Split:
        """The split at a place between 0 and 1."""
        if place < self.train:
            return "train"
        return "validation" if place < self.train + self.validation else "test"


class WireDataConfig(Section):
    """Designs by split.

    Attributes:
        folder: the data set: `tech/`, the sets' folders and, where it exists, `index.csv`.
        sets: shares by set. A digest of the author's name decides, so that it is the same in every run; an author of
            whom any design is held out trains nothing.
        most: designs taken of each set, the first by name; 0 for all.
        batch_designs: designs in one step.
        cache: folder of prepared graphs; by default `cache` in the run's folder.
    """

    folder: Path
    sets: dict[str, Shares]
    most: int = Field(default=0, ge=0)
    batch_designs: int = Field(default=6, ge=1, le=1024)
    cache: Path | None = None


class WireRunConfig(RunConfig):
    """Training of the wire model; its `model` section is a `WireConfig`."""

    data: WireDataConfig


@dataclass(frozen=True, eq=False, slots=True)
class WireSample:
    """A design of a split.

    Attributes:
        name: set and folder, `tt04/NAME`.
        graph: its wires with their truth.
        info: sizes and digest.
    """

    name: str
    graph: Data
    info: Mapping[str, Any]


def designs(folder: Path) -> list[Path]:
    """Folders that hold a placed design, by name: this one, or those of a set, or those of a data set's sets.

    Raises:
        DataError: there is none.
    """
    for pattern in ("", "*", "*/*"):
        levels = [folder] if not pattern else folder.glob(pattern)
        found = sorted(
            path for path in levels if path.is_dir() and all(design_file(path, n) for n in ("netlist.v", "placed.def"))
        )
        if found:
            return found
    raise DataError(
        "the folder holds no design (a folder with netlist.v and placed.def)", file=folder,
        mend="name the folder of a set of placed designs",
    )  # fmt: skip


def authors(folder: Path) -> dict[tuple[str, str], str]:
    """Author of each design of a data set by set and name, from its `index.csv`; empty where it has none.

    Raises:
        DataError: the file lacks a column.
    """
    path = folder / "index.csv"
    if not path.is_file():
        return {}
    rows = csv.DictReader(io.StringIO(read_input(path).decode("utf-8", "replace")))
    for column in ("set", "name", "author_repo"):
        if column not in (rows.fieldnames or ()):
            raise DataError(f"the index has no column '{column}'", file=path, mend="add it, or remove the file")
    return {(row["set"], row["name"]): row["author_repo"].partition("/")[0].lower() for row in rows}


def assign(config: WireDataConfig, folder: Path) -> dict[Split, list[Path]]:
    """Design folders of each split.

    Raises:
        DataError: a set has no design, a split of the shares gets none, or the index is damaged.
    """
    author = authors(folder)
    placed: list[tuple[Path, str, Split]] = []
    for name, shares in config.sets.items():
        found = designs(folder / name)
        for path in found[: config.most or len(found)]:
            owner = author.get((name, path.name)) or path.name.lower()
            place = int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], "big") / 2**64
            placed.append((path, owner, shares.of(place)))
    held = {owner for _, owner, split in placed if split != "train"}
    splits: dict[Split, list[Path]] = {"train": [], "validation": [], "test": []}
    for path, owner, split in placed:
        if split != "train" or owner not in held:
            splits[split].append(path)
    for split in ("train", "validation"):
        if not splits[split]:
            raise DataError(f"the split '{split}' has no design", file=folder, mend="change the shares, or add designs")
    return splits


def load_samples(
    config: WireRunConfig, run_dir: Path, report: Callable[[str, int, int], None] | None = None
) -> dict[Split, list[WireSample]]:
    """Labelled designs of every split; `report(name, done, total)` is called before each.

    Raises:
        DataError: as `assign`, and where a design lacks a file.
        FileError, FormatError, NetlistError, LimitError: a design cannot be read.
    """
    folder = config.folder / config.data.folder
    cache = run_dir / "cache" if config.data.cache is None else config.folder / config.data.cache
    if not folder.is_dir():
        raise config.origin.fault(
            f"{config.data.folder}: there is no such folder", ("data", "folder"), "name the data set's folder"
        )
    splits = assign(config.data, folder)
    technology = Technology.find(folder / "tech")
    total, done = sum(map(len, splits.values())), 0
    samples: dict[Split, list[WireSample]] = {}
    for split, paths in splits.items():
        samples[split] = []
        for path in paths:
            name = f"{path.parent.name}/{path.name}"
            if report is not None:
                report(name, done, total)
            found = load_wires(path, technology, cache)
            samples[split].append(WireSample(name, found.graphs[0], found.info))
            done += 1
    return samples
