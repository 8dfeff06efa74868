// SPDX-License-Identifier: Apache-2.0
//
// Binary to decimal converter, combinational (shift and add 3): one digit of four bits for each decimal place.
//
// DIGITS must hold the largest number of WIDTH bits. bcd holds the units in its low four bits.
module bin2bcd #(
    parameter WIDTH = 10,
    parameter DIGITS = 4
) (
    input  wire [WIDTH-1:0]    binary,
    output reg  [4*DIGITS-1:0] bcd
);
  integer i, d;

  always @(*) begin
    bcd = {4 * DIGITS{1'b0}};
    for (i = WIDTH - 1; i >= 0; i = i - 1) begin
      // A digit of 5 or more would carry into the next one when doubled.
      for (d = 0; d < DIGITS; d = d + 1)
        if (bcd[4*d+:4] >= 4'd5) bcd[4*d+:4] = bcd[4*d+:4] + 4'd3;
      bcd = {bcd[4*DIGITS-2:0], binary[i]};
    end
  end
endmodule
