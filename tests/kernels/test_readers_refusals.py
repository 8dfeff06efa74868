"""The words of the Verilog reader's refusals."""

from __future__ import annotations

import pytest

from hwdesign.errors import FormatError, HwdesignError, LimitError, NotStructuralError, UnsupportedError
from hwdesign.kernels.readers import parse_verilog

RTL = "; read it as RTL, which synthesises it first"


def refusal(text: str | bytes) -> HwdesignError:
    with pytest.raises(HwdesignError) as caught:
        parse_verilog(text.encode() if isinstance(text, str) else text)
    return caught.value


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("\nfoo", 3, "expected an instance name, found the keyword 'endmodule'"),
        ("\n\nwire w\nwire v;", 4, "expected ';' after a net declaration, found the keyword 'wire'"),
        ("X u (.A(a) .B(b));", 1, "expected ')' after the connections, found '.'"),
        ("X u (.A(a), .A(b));", 1, "the port 'A' is connected twice"),
        ("X u (a), u (b);", 1, "the instance name 'u' is used twice in this module; rename one of the two"),
        ("X (a);", 1, "expected an instance name, found '('"),
        ("wire a;", 1, "'a' is declared with two different ranges; give both declarations the same range"),
        ("wire w; wire w;", 1, "'w' is declared twice"),
        ("wire w; parameter w = 1;", 1, "'w' is declared twice"),
        ("assign y = a[4];", 1, "the index 4 of 'a' is outside its range [3:0]"),
        ("assign y = a[-1];", 1, "the index -1 of 'a' is outside its range [3:0]"),
        ("assign y = a[0:1];", 1, "the part select [0:1] of 'a' runs against its range [3:0]"),
        ("assign y = b[0];", 1, "'b' is a scalar and takes no index"),
        ("assign y = w[0];", 1, "'w' is not declared; declare it as a wire"),
        ("assign y = {a, 1};", 1, "a constant without a width stands in a concatenation; give it one, such as 8'd5"),
        ("assign 1'b0 = a;", 1, "expected a net to assign to, found '1'b0'"),
        ("assign {y, 1'b0} = a;", 1, "a constant or an inverted signal stands where a net must be driven"),
        ("assign y = 4'q0;", 1, "the number '4'' has no base; write 'b, 'o, 'd or 'h after the width"),
        ("assign y = 4'b2;", 1, "'4'b2' is not a whole number"),
        ("assign y = 0'b0;", 1, "the constant '0'b0' has no bits"),
        ("localparam N = -1; assign y = {N{a}};", 1, "the replication count -1 is negative"),
        ("and (y[0]);", 1, "a gate has no input; give it an output, then at least one input"),
        ("and g (y, a[0], b);", 1, "terminal 1 of the gate is 4 bits wide, but a gate takes single bits; "
                                   "connect one bit of it"),
        ("X u[1:0] (.A(a[2:0]));", 1, "a connection of 3 bits cannot be shared among 2 instances of 'X'; "
                                      "make its width a multiple of the port's"),
        ("defparam u.W = 1;", 1, "defparam names 'u', which is no instance of this module"),
        ("parameter P = 1 / 0;", 1, "division by zero in a constant expression"),
        ("wire [P:0] w;", 1, "'P' is not a constant; only numbers and parameters may stand here in structural Verilog"),
        ('wire w; "text"', 1, "expected a declaration, an instance or 'endmodule', found '\"text\"'"),
        ("X u (a);\n/* open", 2, "the comment that begins with '/*' has no end; add '*/'"),
        ('(* k = "open\n *) X u (a);', 1, "the string has no closing quote"),
        ("X u (é);", 1, "a character outside ASCII stands in the code: '\\xc3'; "
                        "write such names as escaped identifiers (\\name followed by a space)"),
        ("X u (a)\x07;", 1, "unexpected character '\\x07'"),
        ("X u (a\0);", 1, "the file holds a NUL byte, so it is not Verilog text; check that it is not a binary file"),
    ],
)  # fmt: skip
def test_faults_in_a_body(body: str, line: int, words: str) -> None:
    error = refusal(f"module m (a, b, y); input [3:0] a; input b; output [3:0] y;{body}\nendmodule\n")
    assert (type(error), str(error), error.line) == (FormatError, words, line)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "the file holds no module"),
        ("foo", 1, "expected 'module', found 'foo'"),
        ("module m (a) foo; endmodule", 1, "expected ';' after the port list, found 'foo'"),
        ("module m (a);\nendmodule", 1, "the port 'a' has no direction; declare it as input, output or inout"),
        ("module m (a, a); input a; endmodule", 1, "the port 'a' appears twice in the port list"),
        ("module m (a);\n input a, b;\nendmodule", 2, "'b' has a direction but is not in the port list; add it there"),
        ("module m (input a); input b; endmodule", 1, "a port is declared in the body of a module whose header "
                                                      "declares its ports; remove one of the two"),
        ("module m (input a);\n\n", 3, "the module 'm' has no 'endmodule'; check that the file is complete"),
        ("module m ();\nmodule n ();", 2, "the module 'm' has no 'endmodule'; add it before the next 'module'"),
        ("module m (); endmodule\nmodule m (); endmodule", 2, "the module 'm' is defined twice; remove or rename one"),
        ("module \\ ();", 1, "a backslash stands without a name after it"),
        ("`default_nettype none\nmodule m ();\n X u (w); endmodule", 3, "'w' is not declared; declare it as a wire"),
        ("module m (); n #(.V(1)) u (); endmodule module n #(parameter W = 1) (); endmodule", 1,
         "the module 'n' has no parameter 'V'; remove the override, or declare the parameter there"),
        ("module m (); n #(1, 2) u (); endmodule module n #(parameter W = 1) (); endmodule", 1,
         "the module 'n' has no parameter 2; remove the override, or declare the parameter there"),
    ],
)  # fmt: skip
def test_faults_around_modules(text: str, line: int, words: str) -> None:
    error = refusal(text)
    assert (type(error), str(error), error.line) == (FormatError, words, line)


def test_names_that_are_not_utf8() -> None:
    error = refusal(b"module m (); X \\b\xff (w); endmodule")
    assert str(error) == "the name 'b\\xff' is not UTF-8 text; save the file as UTF-8"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("always @(posedge b) x = 1;", "'always' is not structural Verilog" + RTL),
        ("reg r;", "'reg' is not structural Verilog" + RTL),
        ("function f; endfunction", "'function' is not structural Verilog" + RTL),
        ("generate endgenerate", "'generate' is not structural Verilog" + RTL),
        ("logic l;", "'logic' is not structural Verilog" + RTL),
        ("assign y = a + 1;", "the operator '+' is not structural Verilog" + RTL),
        ("assign y = -a;", "the operator '-' is not structural Verilog" + RTL),
        ("assign y = a << b;", "the operator '<<' is not structural Verilog" + RTL),
        ("assign y = a[b];", "the signal 'b' as an index or constant is not structural Verilog" + RTL),
        ("assign y = f(a);", "the function call 'f' is not structural Verilog" + RTL),
        ("wire [3:0] w [0:1];", "the array 'w' is not structural Verilog" + RTL),
        ("`define X 1", "the directive or macro '`define' needs a preprocessor; "
                        "preprocess the file first, or read it as RTL"),
        ("`ifdef X", "the directive or macro '`ifdef' needs a preprocessor; "
                     "preprocess the file first, or read it as RTL"),
        ("X u (`W);", "the directive or macro '`W' needs a preprocessor; "
                      "preprocess the file first, or read it as RTL"),
    ],
)  # fmt: skip
def test_behavioural_text(body: str, words: str) -> None:
    error = refusal(f"module m (a, b, y); input [3:0] a; input b; output [3:0] y;\n{body}\nendmodule")
    assert (type(error), str(error), error.line) == (NotStructuralError, words, 2)


@pytest.mark.parametrize(
    "header", ["module m (input logic a);", "module m (output reg a);", "module m (a); output reg a;"]
)
def test_behavioural_ports(header: str) -> None:
    assert type(refusal(f"{header} endmodule")) is NotStructuralError


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("bufif1 (y, a, b);", "the primitive 'bufif1' is not supported; "
                              "only and nand or nor xor xnor buf not have a meaning in the netlist"),
        ("nmos (y, a, b);", "the primitive 'nmos' is not supported; "
                            "only and nand or nor xor xnor buf not have a meaning in the netlist"),
        ("X u (v.a);", "the hierarchical name that begins with 'v' is not supported"),
        ("defparam u.v.W = 1;", "defparam through more than one level of hierarchy is not supported; "
                                "override the parameter where its module is instantiated"),
        ("endmodule primitive p (y, a); endprimitive module n ();", "user-defined primitives are not supported"),
    ],
)  # fmt: skip
def test_legal_text_that_is_not_read(body: str, words: str) -> None:
    error = refusal(f"module m (); wire y, a, b; {body} endmodule")
    assert (type(error), str(error)) == (UnsupportedError, words)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("wire [99999999:0] w;", "the range [99999999:0] has 100000000 bits; the limit is 1048576"),
        ("wire [9999999999:0] w;", "the index 9999999999 lies outside -2^30 to 2^30"),
        ("wire [1 << 70:0] w;", "the constant expression is too large at '<<'"),
        ("wire [9223372036854775807 * 2:0] w;", "the constant expression is too large at '*'"),
        ("X u ({99999999{a}});", "a replication has more than 1048576 bits"),
        ("X u (99999999'b0);", "the constant '99999999'b0' has more than 1048576 bits"),
        ("X u (" + "(" * 9999 + "a);", "an expression is nested too deeply; split it with wires"),
        ("X u (" + "{" * 9999 + "a);", "an expression is nested too deeply; split it with wires"),
        ("X u (" + "!" * 9999 + "a);", "an expression is nested too deeply; split it with wires"),
        ("wire [" + "-" * 9999 + "1:0] w;", "an expression is nested too deeply; split it with wires"),
        ("".join(f"X u{i} [1048575:0] ();" for i in range(5)),
         "the file asks for more nets and pins than its size allows; check the widths of its buses"),
        ("localparam P = " + "1" * 2000 + "; X u (" + ",".join(["P"] * 2000) + ");",
         "the file's expressions have more bits than its size allows"),
        ("".join(f"wire [1048575:0] w{i};" for i in range(5)),
         "the file asks for more nets and pins than its size allows; check the widths of its buses"),
    ],
)  # fmt: skip
def test_bounds(body: str, words: str) -> None:
    error = refusal(f"module m (a); input a; {body} endmodule")
    assert (type(error), str(error)) == (LimitError, words)


def test_long_chains_need_no_depth() -> None:
    chain = " & ".join(["a"] * 20_000)
    mux = "".join("a ? b : " for _ in range(5_000)) + "b"
    inverted = "~" * 20_001 + "a"
    text = f"module m (a, b); input a, b; X u ({chain}), v ({mux}), w ({inverted}); endmodule"
    kinds = parse_verilog(text.encode()).kinds
    assert 20_000 in kinds.arity.tolist()
