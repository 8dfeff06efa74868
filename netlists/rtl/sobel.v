// SPDX-License-Identifier: Apache-2.0
//
// Sobel edge strength of a 3 x 3 window: |gx| + |gy|, cut off at the largest pixel; registered, one cycle late.
//
// window holds the pixels p(2,2) .. p(0,1), p(0,0), row by row from the low end, unsigned.
module sobel #(
    parameter WIDTH = 8
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               valid_in,
    input  wire [9*WIDTH-1:0] window,
    output reg                valid_out,
    output reg  [WIDTH-1:0]   edge_strength
);
  // Sums of four pixels: two bits more.
  wire [WIDTH+1:0] left = window[0*WIDTH+:WIDTH] + 2 * window[3*WIDTH+:WIDTH] + window[6*WIDTH+:WIDTH];
  wire [WIDTH+1:0] right = window[2*WIDTH+:WIDTH] + 2 * window[5*WIDTH+:WIDTH] + window[8*WIDTH+:WIDTH];
  wire [WIDTH+1:0] above = window[0*WIDTH+:WIDTH] + 2 * window[1*WIDTH+:WIDTH] + window[2*WIDTH+:WIDTH];
  wire [WIDTH+1:0] below = window[6*WIDTH+:WIDTH] + 2 * window[7*WIDTH+:WIDTH] + window[8*WIDTH+:WIDTH];
  wire [WIDTH+1:0] gx = left > right ? left - right : right - left;
  wire [WIDTH+1:0] gy = above > below ? above - below : below - above;
  wire [WIDTH+2:0] total = gx + gy;

  always @(posedge clk) begin
    valid_out <= valid_in && !rst;
    if (rst) edge_strength <= {WIDTH{1'b0}};
    else edge_strength <= |total[WIDTH+2:WIDTH] ? {WIDTH{1'b1}} : total[WIDTH-1:0];
  end
endmodule
