// SPDX-License-Identifier: Apache-2.0
//
// Leaky integrate-and-fire neuron in fixed point.
//
// Each cycle with enable:  v = v - v / 2**LEAK_SHIFT + current  (signed; the quotient rounds down; v stays within its
// range). Where that reaches THRESHOLD, the neuron spikes, v goes to 0, and it rests for REFRACTORY (0 to 255) steps, in
// which current is passed over. spike is registered; v is the membrane potential.
module lif_neuron #(
    parameter WIDTH = 16,
    parameter CURRENT_WIDTH = 12,
    parameter LEAK_SHIFT = 4,
    parameter THRESHOLD = 4000,
    parameter REFRACTORY = 3
) (
    input  wire                            clk,
    input  wire                            rst,
    input  wire                            enable,
    input  wire signed [CURRENT_WIDTH-1:0] current,
    output reg                             spike,
    output reg signed  [WIDTH-1:0]         v
);
  localparam signed [WIDTH+1:0] MOST = (1 << (WIDTH - 1)) - 1;
  localparam signed [WIDTH+1:0] LEAST = -(1 << (WIDTH - 1));
  localparam signed [WIDTH+1:0] LIMIT = THRESHOLD;

  reg [7:0] resting;
  wire signed [WIDTH+1:0] wide = v;
  wire signed [WIDTH+1:0] potential = wide - (wide >>> LEAK_SHIFT) + current;

  always @(posedge clk) begin
    if (rst) begin
      v <= {WIDTH{1'b0}};
      spike <= 1'b0;
      resting <= 8'd0;
    end else if (enable) begin
      spike <= 1'b0;
      if (resting != 8'd0) resting <= resting - 8'd1;
      else if (potential >= LIMIT) begin
        spike <= 1'b1;
        v <= {WIDTH{1'b0}};
        resting <= REFRACTORY;
      end else if (potential > MOST) v <= MOST[WIDTH-1:0];
      else if (potential < LEAST) v <= LEAST[WIDTH-1:0];
      else v <= potential[WIDTH-1:0];
    end
  end
endmodule
