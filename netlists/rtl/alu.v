// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic and logic unit, combinational.
//
//   op  0 add   1 subtract   2 and   3 or   4 xor   5 nor   6 set if less, signed   7 set if less, unsigned
//       8 shift left   9 shift right   10 shift right, arithmetic   11 pass b   12-15 zero
//
// WIDTH must be a power of two; shifts take the low log2(WIDTH) bits of b. carry is the carry out of an addition and
// "no borrow" of a subtraction; carry and overflow are 0 for every other operation.
module alu #(
    parameter WIDTH = 16
) (
    input  wire [3:0]       op,
    input  wire [WIDTH-1:0] a,
    input  wire [WIDTH-1:0] b,
    output reg  [WIDTH-1:0] result,
    output wire             zero,
    output wire             negative,
    output wire             carry,
    output wire             overflow
);
  localparam SHIFT = $clog2(WIDTH);

  // One adder serves addition, subtraction and both comparisons.
  wire             subtract = op == 4'd1 || op == 4'd6 || op == 4'd7;
  wire [WIDTH-1:0] addend = subtract ? ~b : b;
  wire [WIDTH:0]   sum = {1'b0, a} + {1'b0, addend} + {{WIDTH{1'b0}}, subtract};
  wire             signed_overflow = (a[WIDTH-1] == addend[WIDTH-1]) && (sum[WIDTH-1] != a[WIDTH-1]);
  wire             less_signed = sum[WIDTH-1] ^ signed_overflow;
  wire             less_unsigned = ~sum[WIDTH];
  wire [SHIFT-1:0] amount = b[SHIFT-1:0];
  wire             adding = op == 4'd0 || op == 4'd1;

  always @(*) begin
    case (op)
      4'd0, 4'd1: result = sum[WIDTH-1:0];
      4'd2:       result = a & b;
      4'd3:       result = a | b;
      4'd4:       result = a ^ b;
      4'd5:       result = ~(a | b);
      4'd6:       result = {{WIDTH - 1{1'b0}}, less_signed};
      4'd7:       result = {{WIDTH - 1{1'b0}}, less_unsigned};
      4'd8:       result = a << amount;
      4'd9:       result = a >> amount;
      4'd10:      result = $signed(a) >>> amount;
      4'd11:      result = b;
      default:    result = {WIDTH{1'b0}};
    endcase
  end

  assign zero = result == {WIDTH{1'b0}};
  assign negative = result[WIDTH-1];
  assign carry = adding && sum[WIDTH];
  assign overflow = adding && signed_overflow;
endmodule
