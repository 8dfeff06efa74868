"""The known engines, each with a trial of one line that shows whether it works."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hwdesign.errors import ToolError
from hwdesign.tools._run import find_tool, run_tool

Kind = Literal["program", "library", "package"]

_TIMEOUT_S = 60.0
#: torch alone maps several GiB of address space before it does anything.
_MEMORY_MB = 16384


@dataclass(frozen=True)
class Engine:
    """An engine that hwdesign can use.

    Attributes:
        name: its usual name.
        kind: an external program, a shared library or a Python package.
        purpose: what hwdesign does with it.
        install: the line to type where it is missing.
        required: whether the default install cannot do without it.
        trial: the job that shows it working; it raises ToolError or returns what was printed.
        expect: what the trial must print, as a regular expression.
        programs: every program of it that must be found.
        distribution: the package's name in the registry, for its version.
    """

    name: str
    kind: Kind
    purpose: str
    install: str
    trial: Callable[[Path], str]
    expect: str
    required: bool = False
    programs: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    distribution: str = ""


@dataclass(frozen=True)
class ToolStatus:
    """What `hwdesign doctor` says of one engine.

    Attributes:
        name: the engine's name.
        kind: program, library or package.
        purpose: what hwdesign uses it for.
        required: whether the default install cannot do without it.
        found: whether it is here.
        path: where, or "".
        version: its version, or "".
        works: whether the one-line trial gave the right answer.
        detail: why it does not work, or "".
        install: the line to type to install it.
    """

    name: str
    kind: Kind
    purpose: str
    required: bool
    found: bool
    path: str
    version: str
    works: bool
    detail: str
    install: str


def _command(*argv: str) -> Callable[[Path], str]:
    """A trial that is one command, run in an empty folder."""

    def trial(folder: Path) -> str:
        run = run_tool(argv, cwd=folder, timeout_s=_TIMEOUT_S, memory_mb=_MEMORY_MB)
        return run.stdout + run.stderr

    return trial


def _python(code: str) -> Callable[[Path], str]:
    """A trial in a Python of its own: libraries keep global state, and some end the process when they fail."""
    return _command(sys.executable, "-c", code)


def _with_file(name: str, text: str, *commands: Sequence[str]) -> Callable[[Path], str]:
    """A trial of commands that read one input file."""

    def trial(folder: Path) -> str:
        (folder / name).write_text(text)
        return "".join(_command(*argv)(folder) for argv in commands)

    return trial


_DECK = "trial: a divider\nv1 in 0 2\nr1 in out 1k\nr2 out 0 1k\n.op\n.print op v(out)\n.end\n"
_SPICE_LIBRARY = (
    "import ctypes, ctypes.util, sys\n"
    "usual = 'libngspice.dylib' if sys.platform == 'darwin' else 'libngspice.so.0'\n"
    "library = ctypes.CDLL(ctypes.util.find_library('ngspice') or usual)\n"
    "print('ready', library.ngSpice_Init is not None, library.ngSpice_Command is not None)\n"
)


_JOSIM_DECK = "* trial\nI1 0 1 pwl(0 0 1p 1u)\nR1 1 0 1\n.tran 0.1p 2p 0 0.1p\n.print nodev 1 0\n.end\n"


def _josim_trial(folder: Path) -> str:
    """JoSIM writes its answer to a file."""
    _with_file("trial.cir", _JOSIM_DECK, ("josim-cli", "-o", "out.csv", "trial.cir"))(folder)
    return (folder / "out.csv").read_text(errors="replace")[:1000]


def _package(
    name: str, purpose: str, code: str, expect: str, *, required: bool = False, distribution: str = "", extra: str = ""
) -> Engine:
    distribution = distribution or name
    return Engine(
        name=name,
        kind="package",
        purpose=purpose,
        install=f"pip install {extra or distribution}",
        trial=_python(code),
        expect=expect,
        required=required,
        distribution=distribution,
    )


ENGINES: tuple[Engine, ...] = (
    Engine(
        name="ngspice",
        kind="program",
        purpose="analog circuit simulation in batch mode",
        install="apt install ngspice",
        trial=_with_file("trial.cir", _DECK, ("ngspice", "-b", "trial.cir")),
        expect=r"out\s+1\.0+e\+00",
        programs=("ngspice",),
        version=("ngspice", "--version"),
    ),
    Engine(
        name="libngspice",
        kind="library",
        purpose="analog circuit simulation in the process, and PySpice",
        install="apt install libngspice0",
        trial=_python(_SPICE_LIBRARY),
        expect="ready True True",
    ),
    Engine(
        name="josim-cli",
        kind="program",
        purpose="superconducting circuit simulation by JoSIM, to compare with",
        install="git clone https://github.com/JoeyDelp/JoSIM, a build with CMake, and josim-cli on the PATH",
        trial=_josim_trial,
        expect=r"(?i)time",
        programs=("josim-cli",),
        version=("josim-cli", "--version"),
    ),
    Engine(
        name="iverilog",
        kind="program",
        purpose="Verilog simulation",
        install="apt install iverilog",
        trial=_with_file(
            "trial.v",
            'module trial; initial $display("answer %0d", 6 * 7); endmodule\n',
            ("iverilog", "-o", "trial.vvp", "trial.v"),
            ("vvp", "-n", "trial.vvp"),
        ),
        expect="answer 42",
        programs=("iverilog", "vvp"),
        version=("iverilog", "-V"),
    ),
    Engine(
        name="opensta",
        kind="program",
        purpose="static timing analysis, the labels of the timing wing",
        install="apt install opensta",
        trial=_with_file("trial.tcl", 'puts "answer [expr 6 * 7]"\nexit\n', ("opensta", "-exit", "trial.tcl")),
        expect="answer 42",
        programs=("opensta",),
        version=("opensta", "-version"),
    ),
    Engine(
        name="berkeley-abc",
        kind="program",
        purpose="logic optimisation and equivalence checking",
        install="apt install berkeley-abc",
        trial=_command("berkeley-abc", "-c", "read_truth 80; strash; print_stats"),
        expect=r"i/o =\s+3/\s+1.*and =\s+2",
        programs=("berkeley-abc",),
        version=("berkeley-abc", "-c", "version"),
    ),
    Engine(
        name="yosys",
        kind="program",
        purpose="synthesis outside Python; pyosys does the same inside",
        install="apt install yosys",
        trial=_with_file(
            "trial.v",
            "module trial(input a, b, output y); assign y = a & b; endmodule\n",
            ("yosys", "-p", "read_verilog trial.v; techmap; stat"),
        ),
        expect=r"\$_AND_",
        programs=("yosys",),
        version=("yosys", "-V"),
    ),
    _package(
        "pyosys",
        "synthesis of RTL to gates and AIGs",
        "from pyosys import libyosys as y\nd = y.Design()\ny.run_pass('design -reset', d)\nprint('answer', 42)",
        "answer 42",
        required=True,
    ),
    _package(
        "aigverse",
        "AIG rewriting and equivalence checking",
        "from aigverse.networks import Aig\na = Aig()\nx, y = a.create_pi(), a.create_pi()\n"
        "a.create_po(a.create_and(x, y))\nprint('gates', a.num_gates)",
        "gates 1",
        required=True,
    ),
    _package(
        "pyverilog",
        "syntax trees and data flow of RTL Verilog",
        "import tempfile\nfrom pyverilog.vparser.parser import VerilogParser\n"
        "p = VerilogParser(outputdir=tempfile.mkdtemp(dir='.'), debug=False)\n"
        "print('tree', type(p.parse('module m; endmodule')).__name__)",
        "tree Source",
        required=True,
    ),
    _package(
        "torch", "tensors and training", "import torch\nprint('sum', int(torch.ones(3).sum()))", "sum 3", required=True
    ),
    _package(
        "PySpice",
        "a second face to ngspice (GPL-3, never installed by default)",
        "import PySpice.Spice.Netlist as n\nc = n.Circuit('t')\nc.R(1, 'a', c.gnd, 1000)\nprint(str(c))",
        r"R1 a 0 1000",
        extra="'hwdesign[pyspice]'",
    ),
    _package(
        "pyslang",
        "SystemVerilog syntax trees, and a peer in the benchmarks",
        "import pyslang\nt = getattr(pyslang, 'SyntaxTree', None) or pyslang.syntax.SyntaxTree\n"
        "print('errors', len(list(t.fromText('module m; endmodule').diagnostics)))",
        "errors 0",
    ),
)


def probe_tool(name: str) -> ToolStatus:
    """Try one engine of :data:`ENGINES`; any other name is looked up as a program and not tried.

    Never raises: what goes wrong is told in `detail`.
    """
    for engine in ENGINES:
        if name == engine.name:
            return _probe(engine)
    path = find_tool(name)
    detail = "no trial is known for it" if path else "not found"
    return ToolStatus(name, "program", "", False, path is not None, str(path or ""), "", False, detail, "")


def probe_all(names: Iterable[str] | None = None) -> list[ToolStatus]:
    """Try every known engine, or those named, in the table's order; takes a few seconds, torch's import most of it."""
    chosen = [engine.name for engine in ENGINES] if names is None else list(names)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(probe_tool, chosen))


def _probe(engine: Engine) -> ToolStatus:
    path, missing = "", ""
    if engine.kind == "program":
        paths = {program: find_tool(program) for program in engine.programs}
        missing = ", ".join(program for program, found in paths.items() if found is None)
        path = str(next((found for found in paths.values() if found), "") or "")
    elif engine.kind == "package":
        spec = importlib.util.find_spec(engine.name)
        path = str(spec.origin or "") if spec else ""
        missing = "" if spec else engine.name
    if missing:
        return _status(engine, found=False, path="", version="", detail=f"{missing} not found")
    with tempfile.TemporaryDirectory(prefix="hwdesign-trial-") as folder:
        version = _version(engine, Path(folder))
        try:
            printed = engine.trial(Path(folder))
        except (ToolError, OSError) as error:
            # A library's only sign of life is that it loads.
            return _status(engine, found=engine.kind != "library", path=path, version=version, detail=str(error))
    wrong = "" if re.search(engine.expect, printed) else f"its trial printed {printed.strip()[-200:]!r}"
    return _status(engine, found=True, path=path, version=version, detail=wrong)


def _status(engine: Engine, *, found: bool, path: str, version: str, detail: str) -> ToolStatus:
    return ToolStatus(
        name=engine.name,
        kind=engine.kind,
        purpose=engine.purpose,
        required=engine.required,
        found=found,
        path=path,
        version=version,
        works=found and not detail,
        detail=detail,
        install=engine.install,
    )


def _version(engine: Engine, folder: Path) -> str:
    if engine.distribution:
        try:
            return importlib.metadata.version(engine.distribution)
        except importlib.metadata.PackageNotFoundError:
            return ""
    if not engine.version:
        return ""
    try:
        run = run_tool(engine.version, cwd=folder, timeout_s=_TIMEOUT_S, memory_mb=_MEMORY_MB, check=False)
    except ToolError:
        return ""
    # Each prints its number in a sentence of its own; ngspice glues it to its name.
    match = re.search(r"(?<![\w.:])\d+\.\d+[\w.+-]*|ngspice-\d+[\w.]*", run.stdout + run.stderr)
    return match[0].removeprefix("ngspice-") if match else ""
