"""Pages that are made from the code, so that they cannot fall behind it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import typer

from hwdesign.circuits import GENERATORS
from hwdesign.cli._app import app
from hwdesign.formats import FORMATS


def command_reference() -> str:
    """Every command's help, as `hwdesign COMMAND --help` prints it."""
    root = typer.main.get_command(app)
    parts = ["# Every command\n"]
    for path, text in _helps(root, "hwdesign", None):
        parts.append(f"## `{path}`\n\n```text\n{text.rstrip()}\n```\n")
    return "\n".join(parts)


def _helps(node: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    context = node.context_class(node, info_name=name, parent=parent, **node.context_settings)
    yield context.command_path, node.get_help(context)
    for child in getattr(node, "commands", {}).values():
        yield from _helps(child, child.name, context)


def format_table() -> str:
    """The registry of formats."""
    rows = []
    for item in FORMATS.values():
        suffixes = " ".join(f"`{suffix}`" for suffix in item.suffixes)
        rows.append(f"| `{item.name}` | {suffixes} | {_yes(item.can_read)} | {_yes(item.can_write)} | {item.summary} |")
    return "\n".join(["| name | suffixes | read | write | what |", "|---|---|---|---|---|", *rows]) + "\n"


def generator_table() -> str:
    """The registry of circuit generators."""
    rows = [
        f"| `{g.name}` | {g.domain} | {', '.join(f'`{p.name}={p.default}`' for p in g.parameters)} | {g.summary} |"
        for g in GENERATORS.values()
    ]
    head = ["# Every circuit generator\n", "| name | domain | parameters and defaults | what |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def _yes(flag: bool) -> str:
    return "yes" if flag else "–"


# The public modules, from the IR upward.
MODULES = (
    "hwdesign.netlist",
    "hwdesign.netlist.check",
    "hwdesign.netlist.views",
    "hwdesign.netlist.aig",
    "hwdesign.netlist.evaluate",
    "hwdesign.netlist.elaborate",
    "hwdesign.netlist.waveforms",
    "hwdesign.netlist.junctions",
    "hwdesign.netlist.analyses",
    "hwdesign.netlist.outputs",
    "hwdesign.netlist.store",
    "hwdesign.netlist.timing_library",
    "hwdesign.netlist.timing_types",
    "hwdesign.netlist.constraints",
    "hwdesign.netlist.constraint_targets",
    "hwdesign.netlist.parasitics",
    "hwdesign.netlist.layout",
    "hwdesign.netlist.delays",
    "hwdesign.formats",
    "hwdesign.formats.rtl",
    "hwdesign.formats.liberty",
    "hwdesign.formats.sdc",
    "hwdesign.formats.spef",
    "hwdesign.formats.lef",
    "hwdesign.formats.def_file",
    "hwdesign.formats.gds",
    "hwdesign.formats.sdf",
    "hwdesign.passes",
    "hwdesign.passes.wires",
    "hwdesign.circuits",
    "hwdesign.kernels",
    "hwdesign.spice",
    "hwdesign.graphs",
    "hwdesign.learn",
    "hwdesign.aig",
    "hwdesign.report",
    "hwdesign.tools",
    "hwdesign.files",
    "hwdesign.errors",
)


def module_pages() -> dict[str, str]:
    """One reStructuredText page a public module, and their table of contents."""
    pages = {}
    for name in MODULES:
        # A package shows what it re-exports; a module of its own only what it defines.
        imported = "   :imported-members:\n" if hasattr(importlib.import_module(name), "__all__") else ""
        pages[f"api_{name}"] = f"{name}\n{'=' * len(name)}\n\n.. automodule:: {name}\n{imported}"
    listed = "".join(f"   api_{name}\n" for name in MODULES)
    title = "Python reference"
    pages["api"] = f"{title}\n{'=' * len(title)}\n\nMade from the docstrings.\n\n.. toctree::\n\n{listed}"
    return pages
