// SPDX-License-Identifier: Apache-2.0
//
// Galois linear-feedback shift register.
//
// The default taps, of x^16 + x^14 + x^13 + x^11 + 1, give the full period of 65535. load sets the state; 0 is replaced
// by 1, since the register would stay at 0.
module lfsr #(
    parameter WIDTH = 16,
    parameter [WIDTH-1:0] TAPS = 16'hb400
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             load,
    input  wire [WIDTH-1:0] seed,
    input  wire             enable,
    output reg  [WIDTH-1:0] state,
    output wire             bit_out
);
  localparam [WIDTH-1:0] ONE = 1;

  assign bit_out = state[0];

  always @(posedge clk) begin
    if (rst) state <= ONE;
    else if (load) state <= |seed ? seed : ONE;
    else if (enable) state <= {1'b0, state[WIDTH-1:1]} ^ (state[0] ? TAPS : {WIDTH{1'b0}});
  end
endmodule
