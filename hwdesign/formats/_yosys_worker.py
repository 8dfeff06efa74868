"""Program that runs Yosys passes in a process of its own; started by `_yosys.py`, never imported.

Yosys ends the process on an error and keeps global state, so no passes run in the caller's process. The job is a JSON
file: `passes`, a list of argument lists (never command strings, so that nothing in a name is read as Yosys script), and
`report`, where the facts that only the elaborated design holds are written.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pyosys import libyosys


def clocks(design: Any) -> list[str]:
    """Names of the nets that clock flip-flops or enable latches, a falling edge marked `!`."""
    found: set[str] = set()
    for module in design.selected_modules():
        for cell in module.selected_cells():
            kind = cell.type.str()
            if kind.startswith("$_") and "DFF" in kind and cell.hasPort(libyosys.IdString("\\C")):
                # $_DFF_N_, $_DFF_NP0_ ...: the first letter after DFF_ (or SDFF_, DFFE_ ...) is the edge.
                edge = kind.rstrip("_").rsplit("_", 1)[1][:1]
                net = libyosys.log_signal(cell.getPort(libyosys.IdString("\\C")))
                found.add(("!" if edge == "N" else "") + str(net).lstrip("\\"))
    return sorted(found)


def main(path: str) -> None:
    """Run the job in the file `path`."""
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    design = libyosys.Design()
    facts: dict[str, Any] = {}
    for words in job["passes"]:
        if words == ["hwdesign-facts"]:
            top = design.top_module()
            facts = {"top": top.name.str().removeprefix("\\") if top else "", "clocks": clocks(design)}
        else:
            libyosys.Pass.call(design, words)
    Path(job["report"]).write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
