"""`hwdesign info` on files of physical design."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli

SPEF = """*SPEF "IEEE 1481-1998"
*DESIGN "top"
*D_NET a 0.003
*CONN
*P a I
*I u1:A I
*CAP
1 a 0.001
2 u1:A b:1 0.002
*RES
1 a u1:A 10
*END
"""
DEF = """DESIGN top ;
UNITS DISTANCE MICRONS 1000 ;
DIEAREA ( 0 0 ) ( 20000 10500 ) ;
COMPONENTS 2 ;
- u1 inv + PLACED ( 0 0 ) N ;
- u2 inv ;
END COMPONENTS
END DESIGN
"""


def test_spef(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "x.spef"
    path.write_text(SPEF)
    done = cli("info", path)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"{path}: spef, design 'top'\n"
        "                  number\n"
        "nets                   1\n"
        "nodes                  2\n"
        "pins                   1\n"
        "ports                  1\n"
        "resistors              1\n"
        "couplings              0\n"
        "capacitance (pF)  0.0030\n"
        "1 finding:\n"
        "  1 coupling capacitors lead to nets that the file does not hold: they count as capacitance to ground (b/1)\n"
    )
    assert cli("info", path, "--json").json["capacitance_pf"] == 0.003


def test_def(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "x.def"
    path.write_text(DEF)
    found = cli("info", path, "--json").json
    assert found.pop("file") == str(path)
    assert found == {
        "format": "def", "design": "top", "die_um": [0, 0, 20, 10.5], "instances": 2, "macros": 1, "ports": 0,
        "nets": 0, "unplaced": 1, "findings": ["1 components are not placed (u2)"],
    }  # fmt: skip
    assert "die 20 by 10.5 µm\n" in cli("info", path).out


def test_lef_and_sdf(cli: Cli, tmp_path: Path) -> None:
    lef, sdf = tmp_path / "x.lef", tmp_path / "x.sdf"
    lef.write_text("LAYER m\nTYPE ROUTING ;\nEND m\nMACRO a\nCLASS CORE ;\nSIZE 1 BY 2 ;\nEND a\n")
    sdf.write_text(
        '(DELAYFILE (CELL (CELLTYPE "c") (INSTANCE u) (DELAY (ABSOLUTE (IOPATH A Y (1)))) (TIMINGCHECK (WIDTH C (1)))))'
    )
    found = cli("info", lef, "--json").json
    assert (found["layers"], found["macros"], found["classes"]) == ({"routing": 1}, 1, {"CORE": 1})
    found = cli("info", sdf, "--json").json
    assert (found["arcs"], found["wires"], found["checks"]) == (1, 0, {"width": 1})


def test_refusals(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "x.spef"
    path.write_text(SPEF.replace("0.001", "-0.001"))
    done = cli("info", path)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"error: {path}:8: the capacitance '-0.001' of net 'a' is negative; "
        "parasitics are finite and not negative: extract them again\n"
    )
    done = cli("info", path, "--top", "x")
    assert done.code == 2
    assert "files of physical design take neither --top nor --liberty; leave them out" in done.err
    missing = cli("info", tmp_path / "none.def")
    assert missing.err == f"error: {tmp_path}/none.def: cannot read the file: no such file or directory\n"
