"""Placement from GDSII: orientations, refusals, and the same placement as a DEF tells."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FormatError, HwdesignError, NetlistError
from hwdesign.formats.def_file import read_def
from hwdesign.formats.gds import read_gds
from hwdesign.formats.lef import read_lef, read_lef_text
from hwdesign.netlist.layout import Orient

LEF = """MACRO c
ORIGIN 1 0.5 ;
SIZE 4 BY 3 ;
PIN A
PORT
LAYER m ;
RECT -0.5 0 0.5 1 ;
END
END A
END c
MACRO top
SIZE 20 BY 10 ;
PIN a
DIRECTION INPUT ;
PORT
LAYER m ;
RECT 0 1 2 2 ;
RECT 5 5 6 6 ;
END
END a
END top
"""


def record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack(">HBB", len(data) + 4, kind, 0) + data


def text(value: str) -> bytes:
    data = value.encode()
    return data + b"\0" * (len(data) % 2)


def real(value: float) -> bytes:
    """Excess-64 real; exact for what these tests use."""
    sign, value, exponent = (0x80, -value, 64) if value < 0 else (0, value, 64)
    while value >= 1:
        value, exponent = value / 16, exponent + 1
    while 0 < value < 1 / 16:
        value, exponent = value * 16, exponent - 1
    return bytes([sign | exponent]) + round(value * 2**56).to_bytes(7, "big")


def reference(
    cell: str, name: str | None, at: tuple[int, int], *, reflect: bool = False, angle: float = 0, mag: float = 1
) -> bytes:
    out = record(0x0A) + record(0x12, text(cell))
    if reflect or angle or mag != 1:
        out += record(0x1A, b"\x80\0" if reflect else b"\0\0") + record(0x1B, real(mag)) + record(0x1C, real(angle))
    out += record(0x10, struct.pack(">ii", *at))
    if name is not None:
        out += record(0x2B, struct.pack(">H", 61)) + record(0x2C, text(name))
    return out + record(0x2B, struct.pack(">H", 1)) + record(0x2C, text("other")) + record(0x11)


def structure(name: str, *elements: bytes) -> bytes:
    return record(0x05, bytes(24)) + record(0x06, text(name)) + b"".join(elements) + record(0x07)


ARRAY = record(0x0B) + record(0x12, text("via")) + record(0x10, bytes(24)) + record(0x11)
SHAPE = record(0x08) + record(0x0D, bytes(2)) + record(0x10, bytes(40)) + record(0x11)


def stream(*structures: bytes) -> bytes:
    begin = record(0x00, b"\2\x58") + record(0x01, bytes(24)) + record(0x02, text("LIB"))
    return begin + record(0x03, real(2**-10) + real(2**-30)) + b"".join(structures) + record(0x04)


MICRON = 1e6 * 2**-30


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "x.gds"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("reflect", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_orientations(tmp_path: Path, reflect: bool, quarters: int) -> None:
    """A pin lands where reflection about the x axis and then turning take it."""
    one = reference("c", "u", (5000, 7000), reflect=reflect, angle=90 * quarters)
    path = write(tmp_path, stream(structure("c", SHAPE), structure("top", SHAPE, one)))
    lib = read_lef_text(LEF)
    p = read_gds(path, lib, block=lib)
    centre = complex(0, 0.5).conjugate() if reflect else complex(0, 0.5)
    centre *= 1j**quarters
    expected = [5000 * MICRON + centre.real, 7000 * MICRON + centre.imag]
    np.testing.assert_allclose(p.locate(lib, ["u/A"]), [expected], atol=1e-9)
    names = ("FS", "FW", "FN", "FE") if reflect else ("N", "W", "S", "E")
    assert Orient(int(p.orient[0])).name == names[quarters]


def test_ports_and_what_is_left_out(tmp_path: Path) -> None:
    elements = [reference("c", "u1", (0, 0)), reference("via", None, (0, 0)), ARRAY, reference("fill", "F", (0, 0))]
    path = write(tmp_path, stream(structure("via"), structure("c"), structure("fill"), structure("top", *elements)))
    lib = read_lef_text(LEF)
    p = read_gds(path, lib, block=lib)
    assert (p.design, p.instance_names, p.macro_names) == ("top", ("u1",), ("c",))
    assert (p.x.tolist(), p.y.tolist()) == ([-1], [-0.5])
    assert (p.die, p.port_names, p.port_xy.tolist(), p.port_shape_layer) == ((0, 0, 20, 10), ("a",), [[1, 1.5]], ("m",))
    assert p.findings == (
        "1 arrays of references are left out",
        "1 instances of 1 cell (fill) that the macro library lacks are left out",
    )
    assert read_gds(path, lib).port_names == ()


ONE = reference("c", "u", (0, 0))
REFUSALS = [
    (b"", "the file does not begin with a HEADER record (at byte 0); check that it is GDSII"),
    (b"\0\2\0\0", "a record's length is wrong (at byte 0); check that the file is whole"),
    (stream(structure("top", ONE))[:-4], "the file has no ENDLIB record (at byte 152); check that it is whole"),
    (stream(structure("top", ONE))[:-14], "a record's length is wrong (at byte 138); check that the file is whole"),
    (stream(structure("top")),
     "no cell reference carries an instance's name; write the stream with instance names in a property"),
    (stream(structure("top", ONE, ONE)), "instance 'u' is placed twice; check how the stream was made"),
    (stream(structure("top", reference("c", "u", (0, 0), angle=45))),
     "instance 'u' is scaled, or turned by other than quarters"),
    (stream(structure("top", reference("c", "u", (0, 0), mag=2))),
     "instance 'u' is scaled, or turned by other than quarters"),
    (stream(structure("a", ONE), structure("b", ONE)),
     "the stream has 2 structures (a, b) at its top with named references; name the one to read"),
    (stream(structure("top", reference("x", "u", (0, 0)))),
     "all instances are of 1 cell (x) that the macro library lacks; give the LEF files of the cells"),
    (stream(ONE), "a reference stands outside of a structure (at byte 62)"),
    (stream(structure("top", record(0x0A) + record(0x11))), "a reference has no cell or no position (at byte 102)"),
    (stream(structure("other", ONE)), "the block's LEF has no macro 'other'; give the LEF of this design"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), REFUSALS)
def test_refusals(tmp_path: Path, data: bytes, message: str) -> None:
    path = write(tmp_path, data)
    lib = read_lef_text(LEF)
    with pytest.raises((FormatError, NetlistError)) as caught:
        read_gds(path, lib, block=lib)
    assert str(caught.value) == f"{path}: {message}"


def test_named_top(tmp_path: Path) -> None:
    path = write(tmp_path, stream(structure("a", ONE), structure("b", reference("c", "v", (0, 0)))))
    lib = read_lef_text(LEF)
    assert read_gds(path, lib, top="b").instance_names == ("v",)
    with pytest.raises(NetlistError) as caught:
        read_gds(path, lib, top="z")
    assert str(caught.value) == f"{path}: no structure is named 'z'; there are 2 structures (a, b)"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.binary(max_size=4), st.integers(0, 30))
def test_damaged_streams_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, at: int, put: bytes, cut: int
) -> None:
    data = stream(structure("c"), structure("top", ONE, ARRAY, SHAPE, reference("c", "v", (1, 2), angle=90)))
    path = write(tmp_path_factory.mktemp("gds"), data[:at] + put + data[at + cut :])
    try:
        read_gds(path, read_lef_text(LEF))
    except HwdesignError as error:
        assert "\n" not in str(error)


def test_same_as_def(shared_data: Path) -> None:
    """Taped-out streams against the DEF of the same designs: every instance at the same place, every port too."""
    folder = shared_data / "timing"
    library = read_lef(folder / "tech" / "sky130_fd_sc_hd_merged.lef.gz")
    examples = sorted((folder / "raw_examples").iterdir())
    assert len(examples) == 3
    for example in examples:
        shuttle, name = example.name.split("_", 1)
        found = read_gds(example / f"{name}.gds.gz", library, block=read_lef(example / f"{name}.lef.gz"))
        wanted = read_def(folder / shuttle / name / "placed.def.gz")
        at = [found.find_instance(instance) for instance in wanted.instance_names]
        assert min(at) >= 0
        np.testing.assert_allclose(found.x[at], wanted.x, atol=1e-9)
        np.testing.assert_allclose(found.y[at], wanted.y, atol=1e-9)
        assert found.orient[at].tolist() == wanted.orient.tolist()
        assert [found.macro_names[macro] for macro in found.instance_macro[at]] == [
            wanted.macro_names[macro] for macro in wanted.instance_macro
        ]
        ports = [found.find_port(port) for port in wanted.port_names]
        np.testing.assert_allclose(found.port_xy[ports], wanted.port_xy, atol=1e-9)
        assert found.die == wanted.die
