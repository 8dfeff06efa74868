// SPDX-License-Identifier: Apache-2.0
//
// Gray-code counter: one bit of gray changes at each step.
//
// binary is the same count in plain binary.
module gray_counter #(
    parameter WIDTH = 6
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             enable,
    output reg  [WIDTH-1:0] gray,
    output reg  [WIDTH-1:0] binary
);
  wire [WIDTH-1:0] following = binary + 1'b1;

  always @(posedge clk) begin
    if (rst) begin
      binary <= {WIDTH{1'b0}};
      gray <= {WIDTH{1'b0}};
    end else if (enable) begin
      binary <= following;
      gray <= following ^ (following >> 1);
    end
  end
endmodule
