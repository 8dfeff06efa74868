"""`hwdesign data`: public circuit collections that hwdesign knows, and the data sets made of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from hwdesign.cli._command import UsageError, command
from hwdesign.cli._options import ConfigOption, RunOption, SetOption, default_run, read_config
from hwdesign.cli._output import Result, count, table
from hwdesign.errors import DataError

FOLDER_VARIABLE = "HWDESIGN_DATA"


@dataclass(frozen=True, slots=True)
class Collection:
    """A public collection of circuits.

    Attributes:
        name: as `hwdesign data info` takes it.
        folder: under the data folder.
        summary: one line.
        licence: of the circuits.
        reference: where it is described.
    """

    name: str
    folder: str
    summary: str
    licence: str
    reference: str


COLLECTIONS = (
    Collection(
        "epfl",
        "aig/epfl",
        "EPFL combinational benchmarks: ten arithmetic, ten control circuits",
        "MIT",
        "L. Amarú et al., The EPFL combinational benchmark suite, IWLS 2015",
    ),
    Collection(
        "iscas",
        "aig/iscas",
        "ISCAS'85 (combinational) and ISCAS'89 (sequential) circuits",
        "Apache-2.0 (as collected)",
        "F. Brglez et al., ISCAS 1985 and ISCAS 1989",
    ),
    Collection(
        "itc99",
        "aig/itc99",
        "ITC'99 sequential circuits and their combinational cores",
        "EUPL-1.2",
        "F. Corno et al., RT-level ITC'99 benchmarks, IEEE Design & Test 17(3), 2000",
    ),
    Collection(
        "openabc",
        "aig/openabc",
        "OpenABC-D: designs of open hardware as AIGs, with synthesis recipes",
        "BSD-3-Clause",
        "A. B. Chowdhury et al., OpenABC-D, arXiv:2110.11292",
    ),
    Collection("rtl", "aig/rtl", "small designs in Verilog and SystemVerilog", "MIT, BSD", ""),
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    command(app, "list")(list_)
    command(app, "info")(info)
    make = typer.Typer(name="make", help="Build a data set's cache.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(make)
    command(make, "aig")(make_aig)


def list_() -> Result:
    """List the known collections of circuits.

    Says which of them lie in the folder that HWDESIGN_DATA names.
    """
    folder = os.environ.get(FOLDER_VARIABLE, "")
    found = [{**_described(item), "files": len(_files(folder, item))} for item in COLLECTIONS]
    lines = table(
        ("collection", "files", "licence", "what"),
        ((item["name"], item["files"] or "none", item["licence"], item["summary"]) for item in found),
    )
    lines.append(
        f"looked in {folder}" if folder else f"set {FOLDER_VARIABLE} to the folder that holds them (aig/epfl, ...)"
    )
    return Result({"folder": folder or None, "collections": found}, lines)


def info(name: Annotated[str, typer.Argument(metavar="NAME", help="Collection; see `hwdesign data list`.")]) -> Result:
    """List a collection's circuits."""
    item = next((item for item in COLLECTIONS if item.name == name), None)
    if item is None:
        known = ", ".join(item.name for item in COLLECTIONS)
        raise UsageError(f"no collection is named '{name}'", mend=f"known: {known}")
    folder = os.environ.get(FOLDER_VARIABLE, "")
    files = _files(folder, item)
    if not files:
        mend = f"set {FOLDER_VARIABLE} to the folder that holds {item.folder}"
        raise DataError(
            f"collection '{name}' is not here", file=Path(folder) / item.folder if folder else None, mend=mend
        )
    sizes = {str(path): path.stat().st_size for path in files}
    data = {**_described(item), "files": [{"path": path, "bytes": size} for path, size in sizes.items()]}
    lines = [f"{item.name}: {item.summary}; {item.licence}" + (f"; {item.reference}" if item.reference else "")]
    return Result(data, [*lines, *table(("file", "bytes"), sizes.items()), count(len(files), "file")])


def _described(item: Collection) -> dict[str, Any]:
    return {
        "name": item.name,
        "folder": item.folder,
        "summary": item.summary,
        "licence": item.licence,
        "reference": item.reference,
    }


def _files(folder: str, item: Collection) -> list[Path]:
    from hwdesign.formats import FORMATS

    suffixes = tuple(
        suffix + packed
        for form in FORMATS.values()
        if form.can_read
        for suffix in form.suffixes
        for packed in ("", ".gz")
    )
    root = Path(folder) / item.folder
    return sorted(path for path in root.rglob("*") if path.name.lower().endswith(suffixes)) if folder else []


def make_aig(config: ConfigOption, run: RunOption = None, set_: SetOption = None) -> Result:
    """Prepare a training's circuits.

    Maps, cuts and simulates the circuits of a configuration, so that training starts at once.
    """
    from hwdesign.aig.data import cache_folder, load_splits

    loaded = read_config(config, set_)
    cache = cache_folder(loaded, run or default_run(config))
    splits = load_splits(loaded, cache)
    rows = list(_rows(splits))
    data = {"config": str(config), "cache": str(cache), "circuits": rows}
    lines = table(tuple(rows[0]), (tuple(row.values()) for row in rows)) if rows else []
    return Result(data, [*lines, f"{count(len(rows), 'circuit')} in {cache}"])


def _rows(splits: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for split, circuits in splits.items():
        for circuit in circuits:
            yield {
                "circuit": circuit.member.name,
                "parent": circuit.member.parent,
                "split": split,
                "ands": circuit.ands,
                "latches": circuit.latches,
                "depth": circuit.depth,
                "graphs": len(circuit.graphs),
            }
