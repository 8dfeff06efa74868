"""LEF and DEF: reading, positions of pins under every orientation, and refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import FormatError, HwdesignError, NetlistError, UnsupportedError
from hwdesign.formats.def_file import read_def, read_def_text
from hwdesign.formats.lef import read_lef, read_lef_text
from hwdesign.netlist.layout import Orient, PinDirection, PinUse, PlacementStatus

TECH = """VERSION 5.8 ;
BUSBITCHARS "[]" ; DIVIDERCHAR "/" ;
UNITS
  DATABASE MICRONS 1000 ;
END UNITS
PROPERTYDEFINITIONS
  LAYER LEF58_TYPE STRING ;
END PROPERTYDEFINITIONS
SITE core
  SIZE 0.5 BY 3 ;
END core
LAYER poly
  TYPE MASTERSLICE ;
END poly
LAYER m1 # a comment
  TYPE ROUTING ; DIRECTION HORIZONTAL ;
  PITCH 0.4 0.5 ;
  WIDTH 0.2;
  RESISTANCE RPERSQ 0.125 ;
  CAPACITANCE CPERSQDIST 2.5E-5 ;
  EDGECAPACITANCE 4E-5 ;
END m1
LAYER v1
  TYPE CUT ;
  RESISTANCE 9 ;
END v1
VIA v1_a DEFAULT
  LAYER m1 ;
    RECT -1 -1 1 1 ;
END v1_a
NONDEFAULTRULE wide
  LAYER m1
    WIDTH 1 ;
  END m1
END wide
"""
CELLS = """MACRO inv
  CLASS CORE ;
  ORIGIN 1 2 ;
  SIZE 4 BY 3 ;
  SITE core ;
  PIN A
    DIRECTION INPUT ;
    USE SIGNAL ;
    PORT
      LAYER m1 ;
        RECT -1 -2 0 -1 ;
      LAYER v1 ;
        RECT MASK 2 0 0 0.5 0.5 ;
    END
    PORT
      CLASS CORE ;
      LAYER m1 ;
        POLYGON 0 0 1 0 1 1 0 0.5 ;
    END
  END A
  PIN Y
    DIRECTION OUTPUT TRISTATE ;
    PORT
      LAYER m1 ;
        WIDTH 0.2 ;
        PATH 1.5 -1 2.5 -1 ;
        RECT ITERATE 1 -2 1.5 -1 DO 2 BY 1 STEP 1 0 ;
    END
  END Y
  PIN VDD
    DIRECTION INOUT ; USE POWER ;
  END VDD
  OBS
    LAYER m1 ;
      RECT 0 0 9 9 ;
  END
END inv
END LIBRARY
"""


def test_layers_and_macros() -> None:
    lib = read_lef_text(TECH + CELLS)
    assert [layer.name for layer in lib.layers] == ["poly", "m1", "v1"]
    m1 = lib.layer("m1")
    assert (m1.kind, m1.direction, m1.width, m1.pitch) == ("routing", "horizontal", 0.2, (0.4, 0.5))
    assert (m1.resistance, m1.capacitance, m1.edge_capacitance) == (0.000125, 2.5e-5, 4e-5)
    assert (lib.layer("v1").kind, lib.layer("v1").resistance) == ("cut", pytest.approx(0.009))
    assert (lib.macro_names, lib.macro_class, lib.macro_size.tolist()) == (("inv",), ("CORE",), [[4, 3]])
    assert lib.pin_names == ("A", "Y", "VDD")
    assert lib.pin_direction.tolist() == [PinDirection.INPUT, PinDirection.OUTPUT, PinDirection.INOUT]
    assert lib.pin_use.tolist() == [PinUse.SIGNAL, PinUse.SIGNAL, PinUse.POWER]
    assert lib.shape_ptr.tolist() == [0, 3, 5, 5]
    assert lib.shape_layer == ("m1", "v1", "m1", "m1", "m1")
    np.testing.assert_allclose(
        lib.shape_rect, [[0, 0, 1, 1], [1, 2, 1.5, 2.5], [1, 2, 2, 3], [2.4, 0.9, 3.6, 1.1], [2, 0, 3.5, 1]]
    )
    np.testing.assert_allclose(lib.pin_box[:2], [[0, 0, 2, 3], [2, 0, 3.6, 1.1]])
    assert np.isnan(lib.pin_box[2]).all()
    with pytest.raises(NetlistError, match=r"^macro 'inv' has no pin 'B'; check the LEF file$"):
        lib.pin(lib.macro("inv"), "B")
    with pytest.raises(NetlistError, match=r"^no macro is named 'nand'; give the LEF file that holds it$"):
        lib.macro("nand")


def test_several_files(tmp_path: Path) -> None:
    tech, cells, twice = tmp_path / "tech.lef", tmp_path / "cells.lef", tmp_path / "twice.lef"
    tech.write_text(TECH)
    cells.write_text(CELLS)
    twice.write_text(CELLS)
    lib = read_lef(tech, cells)
    whole = read_lef_text(TECH + CELLS)
    assert lib.layers[1] == whole.layers[1]
    np.testing.assert_equal(lib.pin_box, whole.pin_box)
    with pytest.raises(FormatError) as caught:
        read_lef(tech, cells, twice)
    assert str(caught.value) == f"{twice}: macro 'inv' is also in {cells}; leave one of the files out"


DEF = """VERSION 5.8 ;
DIVIDERCHAR "/" ; BUSBITCHARS "[]" ;
DESIGN top ;
UNITS DISTANCE MICRONS 2000 ;
PROPERTYDEFINITIONS
  COMPONENT note STRING ;
END PROPERTYDEFINITIONS
DIEAREA ( 0 0 ) ( 0 40000 ) ( 80000 40000 ) ( 80000 0 ) ;
ROW ROW_0 core 0 0 N DO 10 BY 1 STEP 460 0 ;
TRACKS X 230 DO 100 STEP 460 LAYER m1 ;
VIAS 1 ;
- via1 + RECT m1 ( -1 -1 ) ( 1 1 ) ;
END VIAS
COMPONENTS 4 ;
- u1 inv + SOURCE TIMING + PLACED ( 2000 4000 ) FS ;
- core\\.u2\\[3\\] inv + FIXED ( -2000 0 ) W
  + PROPERTY note "a ; b" ;
- u3 inv + UNPLACED ;
- u4 inv ;
END COMPONENTS
PINS 4 ;
- data[1] + NET data[1] + DIRECTION INPUT + USE SIGNAL
  + LAYER m1 ( -200 0 ) ( 200 1000 ) + PLACED ( 40000 40000 ) S ;
- out + NET n1 + DIRECTION OUTPUT + SPECIAL
  + PORT + LAYER m1 MASK 1 ( 0 0 ) ( 400 400 ) + FIXED ( 0 0 ) N
  + PORT + LAYER m1 ( 0 0 ) ( 200 200 ) + LAYER v1 ( 0 0 ) ( * 300 ) + PLACED ( 2000 2000 ) W ;
- bare + NET n1 + PLACED ( 500 600 ) N ;
- lost + NET n1 + USE CLOCK ;
END PINS
SPECIALNETS 1 ;
- VDD ( * VDD ) + USE POWER + ROUTED m1 400 ( 0 0 ) ( 80000 * ) ;
END SPECIALNETS
NETS 2 ;
- data[1] ( PIN data[1] ) ( u1 A ) + USE SIGNAL + ROUTED m1 ( 0 0 ) ( * 10 ) via1 NEW m1 ( 0 0 ) ( 1 1 ) ;
- n1 ( u1 Y + SYNTHESIZED ) ( core\\.u2\\[3\\] A )
  ( PIN out ) ;
END NETS
BEGINEXT "tool"
  anything ; at all
ENDEXT
END DESIGN
"""


def test_placement() -> None:
    p = read_def_text(DEF)
    assert (p.design, p.die) == ("top", (0, 0, 40, 20))
    assert p.instance_names == ("u1", "core.u2[3]", "u3", "u4")
    assert [p.macro_names[at] for at in p.instance_macro] == ["inv"] * 4
    np.testing.assert_equal(p.x, [1, -1, np.nan, np.nan])
    np.testing.assert_equal(p.y, [2, 0, np.nan, np.nan])
    assert p.orient[:2].tolist() == [Orient.FS, Orient.W]
    assert p.status.tolist() == [
        PlacementStatus.PLACED, PlacementStatus.FIXED, PlacementStatus.UNPLACED, PlacementStatus.UNPLACED
    ]  # fmt: skip
    assert p.unplaced() == ("u3", "u4", "lost")
    assert p.findings == ("2 components are not placed (u3, u4)", "1 pins are not placed (lost)")
    assert (p.port_names, p.port_net) == (("data[1]", "out", "bare", "lost"), ("data[1]", "n1", "n1", "n1"))
    assert p.port_direction.tolist() == [PinDirection.INPUT, PinDirection.OUTPUT] + 2 * [PinDirection.UNKNOWN]
    assert p.port_use[3] == PinUse.CLOCK
    assert p.port_shape_ptr.tolist() == [0, 1, 4, 4, 4]
    assert p.port_shape_layer == ("m1", "m1", "m1", "v1")
    np.testing.assert_allclose(
        p.port_shape_rect,
        [[19.9, 19.5, 20.1, 20], [0, 0, 0.2, 0.2], [0.9, 1, 1, 1.1], [0.85, 1, 1, 1]],
    )
    np.testing.assert_allclose(p.port_xy[:3], [[20, 19.75], [0.5, 0.55], [0.25, 0.3]])
    assert p.net_names == ("data[1]", "n1")
    assert p.net_ptr.tolist() == [0, 2, 5]
    assert p.net_instance.tolist() == [-1, 0, 0, 1, -1]
    pins = [p.pin_names[at] for at in p.net_pin[p.net_instance >= 0]]
    assert (p.net_pin[[0, 4]].tolist(), pins) == ([0, 1], ["A", "Y", "A"])


def test_positions() -> None:
    lib, p = read_lef_text(CELLS), read_def_text(DEF)
    # Pin A's box is 0..2 by 0..3 in an outline of 4 by 3: flipped about x it stays, turned left it is 0..3 by 0..2.
    np.testing.assert_allclose(
        p.locate(lib, ["u1/A", "core.u2[3]/A", "data[1]"]), [[1 + 1, 2 + 1.5], [-1 + 1.5, 0 + 1], [20, 19.75]]
    )
    for names, message in (
        (["u1/A", "x/A", "y"], "the placement holds no instance or port for 2 pins (x/A, y); "
         "give the placement of the same netlist"),
        (["u1/B"], "the macro library lacks 1 macro pin (inv/B); give the LEF files of all cells"),
        (["u3/A", "u3/Y", "u4/A", "lost"], "3 instances or ports (u3, u4, lost) not placed; place the design first"),
    ):  # fmt: skip
        with pytest.raises(NetlistError) as caught:
            p.locate(lib, names)
        assert str(caught.value) == message
    with pytest.raises(NetlistError, match=r"^x\.def: 1 instance or port \(u4\) not placed"):
        replace(p, file="x.def").locate(lib, ["u4/A"])


@pytest.mark.parametrize(
    ("orient", "centre"),
    [("N", (1, 1)), ("W", (2, 1)), ("S", (3, 2)), ("E", (1, 3)), ("FN", (3, 1)), ("FW", (1, 1)), ("FS", (1, 2)),
     ("FE", (2, 3))],
)  # fmt: skip
def test_every_orientation(orient: str, centre: tuple[float, float]) -> None:
    """A pin centred at 1, 1 in an outline of 4 by 3."""
    lef = "MACRO c\nSIZE 4 BY 3 ;\nPIN A\nPORT\nLAYER m ;\nRECT 0.5 0.5 1.5 1.5 ;\nEND\nEND A\nEND c\n"
    placed = f"UNITS DISTANCE MICRONS 1 ;\nCOMPONENTS 1 ;\n- u c + PLACED ( 10 20 ) {orient} ;\nEND COMPONENTS\n"
    xy = read_def_text(placed + "END DESIGN\n").locate(read_lef_text(lef), ["u/A"])
    assert xy.tolist() == [[10 + centre[0], 20 + centre[1]]]


LEF_REFUSALS = [
    ("", ":1: the file holds no LAYER and no MACRO; check that it is a LEF file"),
    ("MACRO a\nPIN b\n", ":2: 'b' has no END; check that the file is whole"),
    ("MACRO a\nEND b\n", ":2: expected 'END a', found 'b'"),
    ("MACRO a\nEND a\n", ":1: macro 'a' has no SIZE; add 'SIZE w BY h ;'"),
    ("MACRO a\nSIZE 1 BY x ;\n", ":2: expected a number, found 'x'"),
    ("MACRO a\nSIZE 1 BY -2 ;\n", ":2: the value '-2' is negative"),
    ("MACRO a\nSIZE 1 BY 1e308 ;\n", ":2: the value '1e308' is larger than 1e9"),
    ("MACRO a\nPIN b\nPORT\nLAYER m ;\nRECT 0 0 1 -2e9 ;\n", ":5: the value '-2e9' is larger than 1e9"),
    ("MACRO a\nSIZE 1 2 ;\n", ":2: expected BY, found '2'"),
    ("MACRO a\nSIZE 1 BY 2 ;\nEND a\nMACRO a\n", ":4: macro 'a' is defined twice"),
    ("MACRO a\nPIN b\nEND b\nPIN b\n", ":4: macro 'a' has the pin 'b' twice"),
    ("MACRO a\nPIN b\nPORT\nRECT 0 0 1 1 ;\n", ":4: a shape has no LAYER before it"),
    ("MACRO a\nPIN b\nPORT\nLAYER m ;\nRECT 0 0 1 ;\n", ":5: a shape has 3 coordinates"),
    ("MACRO a\nPIN b\nPORT\nLAYER m ;\nRECT 0 0 1 nan ;\n", ":5: expected a number, found 'nan'"),
    ("LAYER m\nRESISTANCE RPERSQ -1 ;\n", ":2: expected a resistance, found '-1'"),
    ("VERSION 5.8\n", ":1: a statement has no ';'; check that the file is whole"),
]
DEF_REFUSALS = [
    ("VERSION 5.8 ;\n", ":2: the file has no END DESIGN; check that it is a whole DEF file"),
    ("COMPONENTS 1 ;\n- a b ;\n- a b ;\n", ":3: component 'a' is given twice"),
    ("COMPONENTS 1 ;\n- a b + PLACED ( 1 x ) N ;\n", ":2: expected a coordinate, found 'x'"),
    ("COMPONENTS 1 ;\n- a b + PLACED ( 1 1e300 ) N ;\n", ":2: expected a coordinate, found '1e300'"),
    ("COMPONENTS 1 ;\n- a b + PLACED ( 1 2 ) R90 ;\n",
     ":2: expected an orientation, one of N W S E FN FW FS FE, found 'R90'"),
    ("COMPONENTS 1 ;\n- a ;\n", ":2: expected the name of a macro, found ';'"),
    ("COMPONENTS 1 ;\n- a b ;\n", ":1: COMPONENTS has no END; check that the file is whole"),
    ("COMPONENTS 1 ;\na b ;\n", ":2: expected '-' or 'END COMPONENTS', found 'a'"),
    ("PINS 2 ;\n- a + NET a ;\n- a + NET a ;\n", ":3: pin 'a' is given twice"),
    ("NETS 1 ;\n- n ( u A ) ;\n",
     ":2: net 'n' connects the component 'u', which the file does not hold; check that the file is whole"),
    ("NETS 1 ;\n- n ( PIN p ) ;\n",
     ":2: net 'n' connects the pin 'p', which the file does not hold; check that the file is whole"),
    ("UNITS DISTANCE MICRONS 0 ;\n", ":1: expected a positive number of units a micron, found '0'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "text", "message"),
    [("lef", *row) for row in LEF_REFUSALS] + [("def", *row) for row in DEF_REFUSALS],
)
def test_refusals(tmp_path: Path, suffix: str, text: str, message: str) -> None:
    path = tmp_path / f"x.{suffix}"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        read_lef(path) if suffix == "lef" else read_def(path)
    assert str(caught.value) == f"{path}{message}"


def test_refuses_pins_of_all_components() -> None:
    with pytest.raises(UnsupportedError) as caught:
        read_def_text("NETS 1 ;\n- n ( * A ) ;\nEND NETS\nEND DESIGN\n")
    assert str(caught.value) == "net 'n' connects a pin of all components; write the connections one by one"


def test_counts_that_differ_are_told() -> None:
    p = read_def_text("COMPONENTS 3 ;\n- a b + PLACED ( 0 0 ) N ;\nEND COMPONENTS\nEND DESIGN\n")
    assert p.findings == ("the file states 3 components and holds 1",)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2400), st.binary(max_size=4), st.integers(0, 60), st.booleans())
def test_damaged_text_is_refused_or_read(at: int, put: bytes, cut: int, lef: bool) -> None:
    data = (TECH + CELLS if lef else DEF).encode()
    damaged = data[:at] + put + data[at + cut :]
    try:
        if lef:
            _ = read_lef_text(damaged).pin_box
        else:
            read_def_text(damaged).unplaced()
    except HwdesignError as error:
        assert "\n" not in str(error)


def test_shared_designs(shared_data: Path) -> None:
    folder = shared_data / "timing"
    lib = read_lef(folder / "tech" / "sky130hd.tlef.gz", folder / "tech" / "sky130_fd_sc_hd_merged.lef.gz")
    assert len(lib.macro_names) == 437
    assert lib.layer("met1").resistance == pytest.approx(0.125e-3)
    p = read_def(folder / "tt05" / "tt_um_rejunity_ay8913" / "placed.def.gz")
    assert (len(p.instance_names), len(p.port_names), p.findings) == (1547, 43, ())
    assert p.die == (0, 0, 168.36, 111.52)
    names = [f"{p.instance_names[at]}/{p.pin_names[pin]}"
             for at, pin in zip(p.net_instance.tolist(), p.net_pin.tolist(), strict=True) if at >= 0]  # fmt: skip
    xy = p.locate(lib, names)
    assert (xy > 0).all() and (xy < [168.36, 111.52]).all()
