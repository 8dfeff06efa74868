"""GraphML of the top module, through networkx: for Gephi, yEd, igraph."""

from __future__ import annotations

import io
import re
from pathlib import Path

from hwdesign.files import open_atomic
from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.views import to_networkx

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def write_graphml(netlist: Netlist, path: Path) -> None:
    """Write `.graphml`: nodes `cell:<name>` and `port:<name>`, edges with `net` and `inverted`."""
    import networkx as nx

    graph = to_networkx(netlist.top_module)
    clean = nx.MultiDiGraph(name=_xml(netlist.top))
    for node, data in graph.nodes(data=True):
        clean.add_node(_xml(node), kind=data["kind"], type=_xml(data["type"]))
    for src, dst, data in graph.edges(data=True):
        clean.add_edge(_xml(src), _xml(dst), net=_xml(data["net"]), inverted=data["inverted"])
    buffer = io.BytesIO()
    nx.write_graphml(clean, buffer)
    with open_atomic(path) as stream:
        stream.write(buffer.getvalue())


def _xml(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
