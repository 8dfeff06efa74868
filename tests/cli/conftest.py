"""How the tests of the command line call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hwdesign.cli import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command line in this process."""

    def run(*argv: object) -> Outcome:
        capsys.readouterr()
        code = main([str(item) for item in argv])
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run


def spawn(*argv: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command line in a process of its own."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "hwdesign",
            *(os.fsencode(item) if isinstance(item, Path) else str(item) for item in argv),
        ],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
        **options,
    )


FULL_ADDER = """\
// A full adder of two half adders.
module half (input a, b, output s, c);
  xor x1 (s, a, b);
  and a1 (c, a, b);
endmodule

module full (input a, b, ci, output s, co);
  wire p, g, t;
  half h1 (.a(a), .b(b), .s(p), .c(g));
  half h2 (.a(p), .b(ci), .s(s), .c(t));
  or o1 (co, g, t);
endmodule
"""

LOOP = """\
INPUT(a)
OUTPUT(y)
y = AND(a, z)
z = NOT(w)
w = BUFF(y)
"""


@pytest.fixture
def full_adder(tmp_path: Path) -> Path:
    path = tmp_path / "full.v"
    path.write_text(FULL_ADDER)
    return path
