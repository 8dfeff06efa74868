"""Run external programs under limits, and say which optional engines are here and work.

Every program that hwdesign starts goes through :func:`run_tool`: an argument list (never a shell string), a time limit
that ends the whole process group, and bounds on memory and on what may be written.
"""

from hwdesign.tools._probe import ENGINES, Engine, ToolStatus, probe_all, probe_tool
from hwdesign.tools._run import ALIASES, ToolRun, failure, find_tool, run_tool

__all__ = [
    "ALIASES",
    "ENGINES",
    "Engine",
    "ToolRun",
    "ToolStatus",
    "failure",
    "find_tool",
    "probe_all",
    "probe_tool",
    "run_tool",
]
