"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hwdesign.learn import TrainConfig
    from hwdesign.netlist.timing_library import TimingLibrary

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Netlist; its suffix tells the format.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a training run.")]
TopOption = Annotated[str | None, typer.Option("--top", metavar="NAME", help="Module to take as the top.")]
FromOption = Annotated[str | None, typer.Option("--from", metavar="FORMAT", help="Format, whatever the suffix says.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="FORMAT", help="Format, whatever the suffix says.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="A module that is defined nowhere is an error.")]
LibertyOption = Annotated[
    list[Path] | None,
    typer.Option("--liberty", metavar="LIB", help="Liberty library of the netlist's cells; may come often."),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=(1 << 63) - 1, help="Seed of the random patterns.")]
ConfigOption = Annotated[Path, typer.Option("--config", metavar="YAML", help="Training configuration.")]
RunOption = Annotated[Path | None, typer.Option("--run", metavar="DIR", help="By default runs/ and the YAML's name.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override, as trainer.max_epochs=3; may come often."),
]


def default_run(config: Path) -> Path:
    """Where a configuration's run goes when nothing else is said."""
    return Path("runs") / config.stem


def read_config(path: Path, overrides: list[str] | None) -> TrainConfig:
    """A training configuration with the overrides of `--set`.

    Raises:
        As `hwdesign.learn.load_config`.
    """
    from hwdesign.learn import load_config

    return load_config(path, overrides or [])


def read_liberties(paths: list[Path] | None) -> list[TimingLibrary] | None:
    """The libraries of `--liberty`, None where there are none.

    Raises:
        As `hwdesign.formats.liberty.read_liberty`.
    """
    if not paths:
        return None
    from hwdesign.formats.liberty import read_liberty

    return [read_liberty(path) for path in paths]
