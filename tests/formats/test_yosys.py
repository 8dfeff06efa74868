"""RTL → gates and AIGs through Yosys: function, names, and every refusal."""

import json
import random
import re
from pathlib import Path

import pytest

from hwdesign.errors import FileError, FormatError, HwdesignError, LimitError, ToolError, UnsupportedError
from hwdesign.formats import _rtl_text
from hwdesign.formats._yosys import synthesise
from tests.formats.aiger_steps import AigerSteps

COUNTER = """\
module counter #(parameter W = 4) (input clk, input rst, input en, output reg [W-1:0] count, output wrap);
  assign wrap = &count;
  always @(posedge clk)
    if (rst) count <= 5;
    else if (en) count <= count + 1;
endmodule
"""


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes, name: str = "design.v") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def cells(data: bytes) -> list[str]:
    return [cell["type"] for module in json.loads(data)["modules"].values() for cell in module["cells"].values()]


def test_aig_counts_as_the_rtl_does(write):
    made = synthesise([write(COUNTER)], target="aig")
    assert (made.top, made.clocks, made.warnings) == ("counter", ("clk",), ())
    aig = AigerSteps(made.data)
    assert (aig.inputs, aig.latches, aig.outputs) == (3, 4, 5)
    count, rng = 0, random.Random(1)
    for _ in range(200):
        rst, en = int(rng.random() < 0.05), rng.getrandbits(1)
        assert aig.step({"rst": rst, "en": en}) == {"count": count, "wrap": int(count == 15)}
        count = 5 if rst else (count + en) % 16
    assert b"latch 3 3 count\n" in made.symbol_map
    assert b"input 0 0 clk\n" in made.symbol_map


def test_gates_keep_names_and_places(write):
    path = write(COUNTER)
    made = synthesise([path], target="gates")
    module = json.loads(made.data)["modules"]["counter"]
    assert module["netnames"]["count"]["hide_name"] == 0
    assert module["netnames"]["count"]["attributes"]["src"].startswith(f"{path}:1.")
    simple = r"\$_(AND|OR|XOR|XNOR|NAND|NOR|NOT|MUX|DFF_P)_"
    assert all(re.fullmatch(simple, kind) for kind in cells(made.data))
    assert cells(made.data).count("$_DFF_P_") == 4
    assert "hwdesign-0" not in made.data.decode()
    assert made.symbol_map == b""


def test_registers_start_where_the_source_says(write):
    text = (
        "module m(input clk, input d, output reg [1:0] q, output reg u);\n"
        "initial q = 2'b01;\nalways @(posedge clk) begin q <= {q[0], d}; u <= d; end\nendmodule\n"
    )
    aig = AigerSteps(synthesise([write(text)], target="aig").data)
    assert aig.inputs == 2  # an unknown start value adds no input
    assert [aig.step({"d": 1}) for _ in range(3)] == [{"q": 1, "u": 0}, {"q": 3, "u": 1}, {"q": 3, "u": 1}]


def test_asynchronous_resets_stay_in_gates_and_become_synchronous_in_aigs(write):
    text = (
        "module m(input clk, input arst_n, input d, output reg q);\n"
        "always @(posedge clk or negedge arst_n) if (!arst_n) q <= 0; else q <= d;\nendmodule\n"
    )
    path = write(text)
    assert cells(synthesise([path], target="gates").data) == ["$_DFF_PN0_"]
    aig = AigerSteps(synthesise([path], target="aig").data)
    assert [aig.step({"d": 1, "arst_n": n})["q"] for n in (1, 1, 0, 1, 1)] == [0, 1, 0, 0, 1]


def test_several_clocks_are_told(write):
    text = (
        "module m(input a, b, d, output reg x, y, z);\n"
        "always @(posedge a) x <= d;\nalways @(negedge a) y <= d;\nalways @(posedge b) z <= d;\nendmodule\n"
    )
    path = write(text)
    assert synthesise([path], target="aig").clocks == ("!a", "a", "b")
    assert synthesise([path], target="gates").clocks == ("!a", "a", "b")


def test_top_hierarchy_and_several_files(write):
    leaf = write("module leaf(input a, output y); assign y = ~a; endmodule\n", "leaf.v")
    tops = write(
        "module one(input a, output y); leaf u(a, y); endmodule\n"
        "module two(input a, output y); wire n; leaf u(a, n); leaf v(n, y); endmodule\n",
        "tops.v",
    )
    made = synthesise([tops, leaf], target="gates", top="two", flatten=False)
    assert made.top == "two"
    modules = json.loads(made.data)["modules"]
    assert set(modules) == {"leaf", "two"}
    assert [cell["type"] for cell in modules["two"]["cells"].values()] == ["leaf", "leaf"]
    assert set(json.loads(synthesise([tops, leaf], target="gates", top="one").data)["modules"]) == {"one"}
    with pytest.raises(FormatError, match=r"Module `three' not found"):
        synthesise([tops, leaf], target="gates", top="three")


def test_defines(write):
    path = write("module m(output [7:0] y);\n`ifdef BIG\nassign y = `BIG;\n`else\nassign y = 1;\n`endif\nendmodule\n")
    assert AigerSteps(synthesise([path], target="aig").data).step({}) == {"y": 1}
    assert AigerSteps(synthesise([path], target="aig", defines={"BIG": "200"}).data).step({}) == {"y": 200}


def test_systemverilog_and_keywords_as_names(write):
    sv = write("module m(input logic [1:0] a, output logic y); always_comb y = ^a; endmodule\n", "m.sv")
    assert AigerSteps(synthesise([sv], target="aig").data).step({"a": 2}) == {"y": 1}
    old = write("module m(input bit, output do); assign do = ~bit; endmodule\n")
    assert AigerSteps(synthesise([old], target="aig").data).step({"bit": 1}) == {"do": 0}
    with pytest.raises(FormatError, match="syntax error"):
        synthesise([write(old.read_bytes(), "old.sv")], target="aig")


def test_includes_and_memory_images_from_the_source_folder(write):
    write('`include "deep/width.vh"\n`define MASK 4\'h5\n', "inc/defs.vh")
    write("`define WIDTH 4\n", "inc/deep/width.vh")
    write("1\n2\na\nf\n", "inc/rom.hex")
    path = write(
        '`include "inc/defs.vh"\nmodule m(input [1:0] a, output [`WIDTH-1:0] y);\n'
        'reg [3:0] rom [0:3]; initial $readmemh("inc/rom.hex", rom); assign y = rom[a] ^ `MASK;\nendmodule\n'
    )
    aig = AigerSteps(synthesise([path], target="aig").data)
    assert [aig.step({"a": a})["y"] for a in range(4)] == [1 ^ 5, 2 ^ 5, 10 ^ 5, 15 ^ 5]


def test_include_dirs(write, tmp_path):
    write("`define V 3\n", "elsewhere/v.vh")
    path = write('`include "v.vh"\nmodule m(output [1:0] y); assign y = `V; endmodule\n', "src/m.v")
    with pytest.raises(FormatError, match=r"m\.v:1: the file 'v\.vh' was not found; put it beside"):
        synthesise([path], target="aig")
    made = synthesise([path], target="aig", include_dirs=[tmp_path / "elsewhere"])
    assert AigerSteps(made.data).step({}) == {"y": 3}


@pytest.mark.parametrize("name", ["../secret.vh", "/etc/hostname", "inc/../../secret.vh"])
@pytest.mark.parametrize("line", ['`include "{}"', 'module m; reg r[0:1]; initial $readmemh("{}", r); endmodule'])
def test_files_outside_the_folder_are_refused(write, name, line):
    write("`define SECRET\n", "secret.vh")
    path = write("// first line\n" + line.format(name) + "\n", "src/m.v")
    with pytest.raises(FormatError) as caught:
        synthesise([path], target="aig")
    assert str(caught.value) == (
        f"{path}:2: the file name {name!r} leads outside the source's folder; "
        "name a file inside the folder of the source"
    )


def test_links_and_odd_and_computed_names_are_refused(write, tmp_path):
    write("`define SECRET\n", "secret.vh")
    path = write('`include "link.vh"\nmodule m; endmodule\n', "src/m.v")
    (tmp_path / "src/link.vh").symlink_to(tmp_path / "secret.vh")
    with pytest.raises(FormatError, match=r"m\.v:1: the file 'link\.vh' links outside the source's folder"):
        synthesise([path], target="aig")
    with pytest.raises(FormatError, match="holds odd characters"):
        synthesise([write('`include "a*;b.vh"\nmodule m; endmodule\n')], target="aig")
    with pytest.raises(UnsupportedError, match=r"design\.v:2: `include needs a file name in plain quotes"):
        synthesise([write("\n`include `FILE\nmodule m; endmodule\n")], target="aig")
    with pytest.raises(UnsupportedError, match=r"\$readmemb needs a file name in plain quotes"):
        synthesise([write("module m; reg r[0:1]; initial $readmemb(FILE, r); endmodule\n")], target="aig")


def test_foreign_functions_are_refused(write):
    call = "module m(output [31:0] y); assign y = abs(-3); endmodule\n"
    with pytest.raises(UnsupportedError, match=r"design\.v:1: foreign functions \(DPI\) are not run"):
        synthesise([write('import "DPI-C" function integer abs(integer x);\n' + call)], target="aig")
    # What hides from the first look meets a Yosys that has them switched off.
    with pytest.raises(FormatError, match="syntax error"):
        synthesise([write('import/**/"DPI-C" function integer abs(integer x);\n' + call)], target="aig")


def test_comments_and_strings_hide_directives(write):
    text = '// `include "/x"\n/* `include "/y" */\nmodule m(output y); assign y = 1; // $readmemh(F)\nendmodule\n'
    assert AigerSteps(synthesise([write(text)], target="aig").data).step({}) == {"y": 1}


def test_syntax_error_has_the_users_file_and_line(write):
    path = write("module m(input a, output y);\n  assign y = a b;\nendmodule\n")
    with pytest.raises(FormatError) as caught:
        synthesise([path], target="gates")
    assert (caught.value.file, caught.value.line) == (str(path), 2)
    assert caught.value.what.startswith("Yosys: syntax error, unexpected TOK_ID")


def test_error_in_an_included_file_names_it(write):
    included = write("\n\nwire = 3;\n", "inc.vh")
    path = write('module m;\n`include "inc.vh"\nendmodule\n')
    with pytest.raises(FormatError) as caught:
        synthesise([path], target="gates")
    assert (caught.value.file, caught.value.line) == (str(included), 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("module m(input a, output y); missing u(a, y); endmodule\n", "Module `\\\\missing' referenced"),
        ("module m(input c, d, output reg q); always @(posedge c or posedge d) q <= ~q; endmodule\n", "Multiple edge"),
        ("", "Can't find top module"),
        ("this is no Verilog\n", "syntax error"),
        ("module m(input a, output y); assign y = a;", "syntax error"),
    ],
)
def test_what_yosys_refuses(write, text, words):
    with pytest.raises(FormatError, match=words):
        synthesise([write(text)], target="aig")


def test_binary_missing_and_large_files(write, tmp_path, monkeypatch):
    with pytest.raises(FormatError, match="this is a binary file, not Verilog text"):
        synthesise([write(b"\x7fELF\0\0\0")], target="aig")
    with pytest.raises(FileError, match=r"none\.v: cannot read the file: no such file or directory"):
        synthesise([tmp_path / "none.v"], target="aig")
    monkeypatch.setattr(_rtl_text, "MAX_SOURCE_BYTES", 100)
    with pytest.raises(LimitError, match="larger than 100 bytes"):
        synthesise([write("//" + "x" * 100)], target="aig")


@pytest.mark.parametrize("name", ["a b.v", 'it\'s "q".v', "$(id);`id`.v", "s*[ab]?.v", "-o.v", "mü.v", "<<E.v"])
def test_any_printable_file_name_is_only_a_name(write, name):
    path = write(COUNTER, name)
    module = json.loads(synthesise([path], target="gates").data)["modules"]["counter"]
    assert module["attributes"]["src"].startswith(f"{path}:1.")


def test_names_that_are_no_names(write):
    path = write(COUNTER)
    with pytest.raises(FileError, match="control characters"):
        synthesise([write(COUNTER, "a\nb.v")], target="aig")
    with pytest.raises(UnsupportedError, match="'m; shell' is not a plain Verilog identifier"):
        synthesise([path], target="aig", top="m; shell")
    with pytest.raises(UnsupportedError, match="'-o x' is not a plain Verilog identifier"):
        synthesise([path], target="aig", defines={"-o x": "1"})
    with pytest.raises(ValueError, match="no source files"):
        synthesise([], target="aig")
    with pytest.raises(ValueError, match="flatten must be true"):
        synthesise([path], target="aig", flatten=False)


def test_limits_end_a_runaway(write):
    text = (
        "module m(output y); genvar i; generate for (i = 0; i < 100000000; i = i + 1) wire w; endgenerate endmodule\n"
    )
    with pytest.raises(ToolError, match="ran past its limit of 1 s"):
        synthesise([write(text)], target="aig", timeout_s=1)


def test_assertions_and_printing_are_dropped(write):
    text = (
        "module m(input clk, input d, output reg q);\n"
        'always @(posedge clk) begin q <= d; $display("q %b", q); assert (d); end\nendmodule\n'
    )
    aig = AigerSteps(synthesise([write(text)], target="aig").data)
    assert (aig.outputs, aig.latches) == (1, 1)
    assert cells(synthesise([write(text)], target="gates").data) == ["$_DFF_P_"]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["aig", "gates"])
def test_public_rtl_converts(shared_data, target):
    sources = sorted(path for path in (shared_data / "aig/rtl").rglob("*") if path.suffix in (".v", ".sv"))
    failed = []
    for path in sources:
        try:
            synthesise([path], target=target)
        except HwdesignError as error:
            failed.append(f"{path.name}: {error}")
            assert isinstance(error, FormatError), error
    assert len(sources) == 148
    assert len(failed) <= 5, failed
