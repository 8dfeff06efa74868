"""Program that runs pyverilog's data flow analysis; started by `rtl.py`, never imported.

Its own process, because the analysis prints, recurses deeply and unrolls loops of any length.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hwdesign.formats._rtl_parser import parse

_RECURSION = 16_000


def plain(name: Any) -> str:
    """`fir.md_generate0.ge_for0[2].tap.sum` → `fir.tap[2].sum`: Verilog's name for a signal in a generate block."""
    short = re.sub(r"\b(?:md|ge)_generate\d+\.", "", str(name))
    return re.sub(r"\b(?:md|ge)_for\d+\[(\d+)\]\.(\w+)(?=\.)", r"\2[\1]", short)


def terminals(tree: Any) -> Iterator[tuple[str, bool]]:
    """Signals in an assignment's tree, each with whether it only chooses among values."""
    pending = [(tree, False)]
    while pending:
        node, control = pending.pop()
        match type(node).__name__:
            case "DFTerminal":
                yield plain(node.name), control
            case "DFBranch":
                pending += [(node.condnode, True), (node.truenode, control), (node.falsenode, control)]
            case "DFPointer":
                pending += [(node.var, control), (node.ptr, True)]
            case "DFPartselect":
                pending += [(node.var, control), (node.msb, True), (node.lsb, True)]
            case "DFOperator" | "DFConcat" | "DFSyscall":
                pending += [(inner, control) for inner in node.nextnodes]
            case "DFDelay":
                pending.append((node.nextnode, control))


def analyse(data: bytes, top: str) -> dict[str, Any]:
    """Nodes and edges of the data flow below `top`."""
    tree = parse(data, "source")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyverilog.dataflow.bindvisitor import BindVisitor
        from pyverilog.dataflow.modulevisitor import ModuleVisitor
        from pyverilog.dataflow.signalvisitor import SignalVisitor
    modules = ModuleVisitor()
    modules.visit(tree)
    table = modules.get_moduleinfotable()
    signals = SignalVisitor(table, top)
    signals.start_visit()
    binder = BindVisitor(table, top, signals.getFrameTable(), noreorder=False)
    binder.start_visit()
    flow = binder.getDataflows()
    kinds = {plain(name): sorted(term.termtype) for name, term in flow.getTerms().items()}
    # [data, control, clock, registered] by (from, to)
    edges: dict[tuple[str, str], list[bool]] = {}
    for name, binds in flow.getBinddict().items():
        target = plain(name)
        for bind in binds:
            registered = bool(bind.isClockEdge())
            found = list(terminals(bind.tree))
            found += [(inner, True) for part in (bind.ptr, bind.msb, bind.lsb) for inner, _ in terminals(part)]
            for source, control in found:
                flags = edges.setdefault((source, target), [False] * 4)
                flags[1 if control else 0] = True
                flags[3] |= registered
            for source in (bind.getClockName(), bind.getResetName()) if registered else ():
                if source:
                    flags = edges.setdefault((plain(source), target), [False] * 4)
                    flags[2] = flags[3] = True
    constant = {name for name, kind in kinds.items() if {"Parameter", "Localparam", "Genvar"} & set(kind)}
    edges = {ends: flags for ends, flags in edges.items() if not constant & set(ends)}
    _dissolve(edges, {name for name, kind in kinds.items() if "Rename" in kind})
    dropped = constant | {name for name, kind in kinds.items() if "Rename" in kind}
    return {
        "nodes": [(name, kind) for name, kind in kinds.items() if name not in dropped],
        "edges": [(*ends, *flags) for ends, flags in edges.items()],
    }


def _dissolve(edges: dict[tuple[str, str], list[bool]], names: set[str]) -> None:
    """Take out the names that pyverilog made up for values in between, joining what stood before and after each."""
    before: dict[str, dict[str, list[bool]]] = {}
    after: dict[str, dict[str, list[bool]]] = {}
    for (source, target), flags in edges.items():
        after.setdefault(source, {})[target] = flags
        before.setdefault(target, {})[source] = flags
    for name in names:
        for source, first in before.pop(name, {}).items():
            after[source].pop(name, None)
            edges.pop((source, name), None)
            for target, second in after.get(name, {}).items():
                if name in (source, target):
                    continue
                flags = edges.setdefault((source, target), [False] * 4)
                flags[0] |= first[0] and second[0]
                flags[1] |= first[1] or second[1]
                flags[2] |= second[2]
                flags[3] |= first[3] or second[3]
                after[source][target] = before[target][source] = flags
        for target in after.pop(name, {}):
            before.get(target, {}).pop(name, None)
            edges.pop((name, target), None)


def main(source: str, top: str, output: str) -> None:
    """Analyse the file `source` and write JSON to `output`."""
    sys.setrecursionlimit(_RECURSION)
    try:
        result = analyse(Path(source).read_bytes(), top)
    except RecursionError:
        result = {"error": "the source is nested too deeply"}
    except Exception as error:
        # pyverilog raises KeyError, AttributeError and its own errors alike for what it does not understand.
        result = {"error": f"{type(error).__name__}: {error}"[:500]}
    Path(output).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
