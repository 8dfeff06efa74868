// SPDX-License-Identifier: Apache-2.0
//
// Barrel rotator, combinational: turns a word by amount places, to the left, or to the right where right is 1.
//
// WIDTH must be a power of two.
module barrel_rotator #(
    parameter WIDTH = 16,
    parameter AMOUNT_WIDTH = $clog2(WIDTH)
) (
    input  wire [WIDTH-1:0]        data,
    input  wire [AMOUNT_WIDTH-1:0] amount,
    input  wire                    right,
    output wire [WIDTH-1:0]        result
);
  // A turn to the right by n is one to the left by -n.
  wire [AMOUNT_WIDTH-1:0] left = right ? -amount : amount;
  wire [WIDTH-1:0] stage[0:AMOUNT_WIDTH];

  assign stage[0] = data;
  assign result = stage[AMOUNT_WIDTH];

  genvar k;
  generate
    for (k = 0; k < AMOUNT_WIDTH; k = k + 1) begin : level
      localparam STEP = 1 << k;
      assign stage[k+1] = left[k] ? {stage[k][WIDTH-STEP-1:0], stage[k][WIDTH-1:WIDTH-STEP]} : stage[k];
    end
  endgenerate
endmodule
