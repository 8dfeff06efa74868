// SPDX-License-Identifier: Apache-2.0
// Simulation models of the generic cells that Verilog has no primitive for. Compile them beside what
// `hwdesign convert` writes. Primitives (and, nand, or ...) need no model.

module MUX2 (input A, input B, input S, output Y);
  assign Y = S ? B : A;
endmodule

module DFF (input D, input C, output reg Q);
  parameter init = 0;
  initial Q = init;
  always @(posedge C) Q <= D;
endmodule

module DLATCH (input D, input C, output reg Q);
  parameter init = 0;
  initial Q = init;
  always @* if (C) Q = D;
endmodule

module ZERO (output Y);
  assign Y = 1'b0;
endmodule

module ONE (output Y);
  assign Y = 1'b1;
endmodule
