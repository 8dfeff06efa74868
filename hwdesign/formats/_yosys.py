"""RTL Verilog and SystemVerilog → simple gates or an AIG, by Yosys in a worker process."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from hwdesign.errors import FormatError, ToolError, UnsupportedError
from hwdesign.formats._rtl_text import gather, scan
from hwdesign.tools import ToolRun, failure, run_tool

Target = Literal["gates", "aig"]

_WORKER = Path(__file__).with_name("_yosys_worker.py")
_INCLUDE_MEND = "put it beside the source or name its folder"
_NAME = re.compile(r"[A-Za-z_][\w$]*")
_ERROR = re.compile(
    r"^(?:(?P<file>[^\n]*?):(?P<line>\d+)(?:\.\d+-[\d.]+)?: )?ERROR: ?(?P<what>.*)", re.MULTILINE | re.DOTALL
)
# Automatic names also name the place in Yosys' own library of mappings, wherever that is installed.
_LIBRARY = re.compile(rb"""/[^\s"$:|\\]*/share/(?:yosys/)?(?=[\w/]+\.v:)""")
_WARNING = re.compile(r"^((?:[^\n:]*:\d+[\d.-]*: )?Warning: .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Synthesis:
    """What Yosys made of RTL.

    Attributes:
        target: `gates` or `aig`.
        data: Yosys JSON of simple gates, or binary AIGER with a symbol table.
        symbol_map: for `aig`, Yosys' map of AIGER indices to ports and registers; empty for `gates`.
        top: name of the top module.
        clocks: nets that clock flip-flops, `!` before a falling edge. AIGER has one implicit clock: with more than one
            here, the AIG is not equivalent to the RTL.
        warnings: Yosys' warnings, in order, without repeats.
    """

    target: Target
    data: bytes
    symbol_map: bytes
    top: str
    clocks: tuple[str, ...]
    warnings: tuple[str, ...]


def synthesise(
    paths: Sequence[str | Path],
    *,
    target: Target,
    top: str | None = None,
    flatten: bool = True,
    synchronous: bool = False,
    include_dirs: Sequence[str | Path] = (),
    defines: Mapping[str, str] | None = None,
    parameters: Mapping[str, int] | None = None,
    timeout_s: float = 300.0,
    memory_mb: int = 8192,
) -> Synthesis:
    """Synthesise RTL to simple gates (`$_AND_` … `$_DFF_P_`) or to an AIG.

    Yosys sees copies: the sources and what they include from their own folder or from `include_dirs`, nothing else.
    Unknown bits become 0, memories become flip-flops, assertions and `$display` are dropped. For `gates`, clock enables
    and synchronous resets become gates, asynchronous resets and latches stay. For `aig` these two become synchronous
    as well, and registers that start at 1 are stored inverted, since AIGER's start at 0.

    Args:
        paths: `.v` and `.sv` files of one design.
        target: what to make.
        top: the top module; by default the one that no other instantiates.
        flatten: dissolve the hierarchy; an AIG has none.
        synchronous: for `gates` too, make asynchronous resets and latches synchronous, so that DFFs are the only
            registers.
        include_dirs: further folders for `` `include `` and `$readmemh`.
        defines: macros set before the text is read.
        parameters: values for the top module's parameters; `top` must then be given.
        timeout_s: time limit in seconds.
        memory_mb: memory limit in MiB.

    Raises:
        FormatError: the text is not Verilog that Yosys accepts; with the file and line that Yosys names.
        UnsupportedError: foreign functions or computed file names.
        FileError, LimitError: a file is missing, unreadable or too large.
        ToolError: Yosys crashed or ran past its limits.
    """
    if not paths:
        raise ValueError("no source files were given")
    if target == "aig" and not flatten:
        raise ValueError("an AIG has no hierarchy: flatten must be true")
    if parameters and top is None:
        raise ValueError("parameters need the name of the top module that they are for")
    for word in (*(defines or {}), *(parameters or {}), *([top] if top is not None else [])):
        if not _NAME.fullmatch(word):
            raise UnsupportedError(f"{word!r} is not a plain Verilog identifier", mend="use letters, digits, _ and $")
    sources = list(dict.fromkeys(Path(path) for path in paths))
    with tempfile.TemporaryDirectory(prefix="hwdesign-yosys-") as name:
        shown = _lay_out(Path(name), sources, [Path(folder) for folder in include_dirs])
        job = _Job(
            Path(name),
            sources,
            shown,
            target,
            top,
            flatten,
            synchronous or target == "aig",
            dict(defines or {}),
            dict(parameters or {}),
            timeout_s,
            memory_mb,
        )
        try:
            return job.run("-sv")
        except FormatError as error:
            if all(path.suffix.lower() == ".sv" for path in sources):
                raise
            try:
                # A Verilog-2005 file may use SystemVerilog's keywords, `bit` or `do`, as names.
                return job.run()
            except FormatError:
                raise error from None


@dataclass(frozen=True)
class _Job:
    """One design laid out in `work`; `shown` gives the user's name of each copy, the sources' first."""

    work: Path
    sources: Sequence[Path]
    shown: Mapping[str, str]
    target: Target
    top: str | None
    flatten: bool
    synchronous: bool
    defines: Mapping[str, str]
    parameters: Mapping[str, int]
    timeout_s: float
    memory_mb: int

    def run(self, *language: str) -> Synthesis:
        work, shown = self.work, self.shown
        macros = [f"-D{name}={value}" if value else f"-D{name}" for name, value in self.defines.items()]
        reads = [
            ["read_verilog", *language, "-nodpi", *macros, f"-I{Path(copy).parent}", copy]
            for copy in list(shown)[: len(self.sources)]
        ]
        output = "design.json" if self.target == "gates" else "design.aig"
        passes = [*reads, *_recipe(self.target, self._hierarchy(), self.flatten, self.synchronous, output)]
        job = work / "job.json"
        job.write_text(json.dumps({"passes": passes, "report": "report.json"}), encoding="utf-8")
        run = run_tool(
            # -P: this folder's modules must not stand in for the standard library's.
            [sys.executable, "-P", _WORKER, job],
            cwd=work,
            timeout_s=self.timeout_s,
            memory_mb=self.memory_mb,
            check=False,
        )
        if run.returncode != 0:
            raise _explain(run, work, shown, self.sources, self.memory_mb)
        try:
            facts = json.loads((work / "report.json").read_bytes())
            data = (work / output).read_bytes()
            symbol_map = (work / "design.map").read_bytes() if self.target == "aig" else b""
        except OSError as error:
            raise ToolError(f"Yosys left no result: {error}", command=["yosys"], output=run.stdout) from error
        return Synthesis(
            target=self.target,
            data=_restore(data, shown, quoted=self.target == "gates"),
            symbol_map=_restore(symbol_map, shown, quoted=False),
            top=facts["top"],
            clocks=tuple(facts["clocks"]),
            warnings=tuple(dict.fromkeys(_rename(text, shown) for text in _warnings(run.stdout))),
        )

    def _hierarchy(self) -> list[str]:
        words = ["hierarchy", "-check", *(["-top", self.top] if self.top else ["-auto-top"])]
        for name, value in self.parameters.items():
            words += ["-chparam", name, str(int(value))]
        return words


def _lay_out(work: Path, sources: Sequence[Path], include_dirs: Sequence[Path]) -> dict[str, str]:
    """Copy the sources below `work`, each in a folder of its own; returns the user's name of each copy, in order."""
    shown: dict[str, str] = {}
    more: dict[str, str] = {}
    for number, (path, files) in enumerate(gather(sources, include_dirs).items()):
        for place, (origin, data) in files.items():
            # The source's own name may be anything; Yosys expands wildcards in names.
            own = place == PurePosixPath(path.name)
            copy = f"hwdesign-{number}/" + ("hwdesign-source.v" if own else str(place))
            (work / copy).parent.mkdir(parents=True, exist_ok=True)
            (work / copy).write_bytes(data)
            (shown if own else more)[copy] = str(origin)
    return shown | more


def _recipe(target: Target, hierarchy: list[str], flatten: bool, synchronous: bool, output: str) -> list[list[str]]:
    """Yosys passes after reading, each an argument list."""
    steps = [
        hierarchy,
        ["proc"],
        *([["flatten"]] if flatten else []),
        # Assertions and printing are for simulation; no format of ours holds them.
        ["chformal", "-remove"],
        ["delete", "*/t:$print", "*/t:$scopeinfo"],
        ["opt_clean"],
        ["memory_collect"],
        ["memory_map"],
    ]
    if synchronous:
        steps += [["async2sync"]]
    steps += [
        # Enables and synchronous resets become gates, else the AIG and the simple flip-flops cannot hold them; `opt`
        # would put them back, hence -nodffe and -nosdff.
        ["dffunmap"],
        ["opt", "-nodffe", "-nosdff"],
        ["techmap"],
        ["opt", "-nodffe", "-nosdff"],
        ["setundef", "-zero", *(["-undriven"] if target == "aig" else [])],
        ["opt", "-nodffe", "-nosdff"],
        ["dffunmap"],
        ["simplemap"],
        ["opt_clean"],
    ]
    if target == "gates":
        return [*steps, ["hwdesign-facts"], ["check"], ["write_json", output]]
    return [
        *steps,
        # A register without a start value gets 0, else -zinit brings its start value in by an input of its own.
        ["setundef", "-init", "-zero"],
        ["aigmap"],
        ["opt_clean"],
        ["hwdesign-facts"],
        ["write_aiger", "-zinit", "-symbols", "-map", "design.map", output],
    ]


def _explain(run: ToolRun, work: Path, shown: Mapping[str, str], sources: Sequence[Path], memory_mb: int) -> Exception:
    """The error that a failed run means: a fault of the text where Yosys says so, else of the tool."""
    match = _ERROR.search(run.stderr) or _ERROR.search(run.stdout)
    if match is None:
        error = failure(run, memory_mb)
        return ToolError(
            f"Yosys stopped without a message ({error.what})",
            command=["yosys"],
            output=error.output,
            file=sources[0],
            mend=error.mend,
        )
    what = _rename(" ".join(match["what"].split()), shown).rstrip(".")[:500]
    file, line = match["file"], int(match["line"] or 0)
    if file is None:
        # Elaboration errors name the place, if at all, inside an automatic name.
        inner = re.search(r"(hwdesign-\d+/[^\s:$']+):(\d+)", match["what"])
        if inner:
            file, line = inner[1], int(inner[2])
    if missing := re.search(r"open include file `(.*?)'", match["what"]):
        for copy, path in shown.items():
            for at, named in scan((work / copy).read_bytes(), path).includes:
                if named == missing[1]:
                    return FormatError(f"the file {named!r} was not found", file=path, line=at, mend=_INCLUDE_MEND)
    return FormatError(f"Yosys: {what}", file=shown.get(file or "", str(sources[0])), line=line)


def _warnings(log: str) -> list[str]:
    # The AIGER backend says this of ports that have a second name; what is undriven was set to 0 before it.
    return [text for text in _WARNING.findall(log) if "like $anyseq" not in text]


def _rename(text: str, shown: Mapping[str, str]) -> str:
    for copy, path in shown.items():
        text = text.replace(copy, path)
    return text


def _restore(data: bytes, shown: Mapping[str, str], *, quoted: bool) -> bytes:
    """Put the user's file names back, in `src` attributes and in the names that Yosys made of them."""
    for copy, path in shown.items():
        name = json.dumps(path, ensure_ascii=False)[1:-1] if quoted else path
        data = data.replace(copy.encode(), name.encode("utf-8", "surrogateescape"))
    return _LIBRARY.sub(b"", data)
