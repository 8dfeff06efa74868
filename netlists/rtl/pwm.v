// SPDX-License-Identifier: Apache-2.0
//
// Pulse-width modulator with double-buffered settings.
//
// A period lasts period + 1 cycles, and out is 1 in its first duty cycles (always, where duty exceeds period). period
// and duty are taken over at the end of a period, so that no pulse is cut; period_end is 1 in a period's last cycle.
module pwm #(
    parameter WIDTH = 8
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] period,
    input  wire [WIDTH-1:0] duty,
    output wire             out,
    output wire             period_end
);
  reg [WIDTH-1:0] count;
  reg [WIDTH-1:0] period_now;
  reg [WIDTH-1:0] duty_now;

  assign period_end = count == period_now;
  assign out = count < duty_now;

  always @(posedge clk) begin
    if (rst) begin
      count <= {WIDTH{1'b0}};
      period_now <= {WIDTH{1'b0}};
      duty_now <= {WIDTH{1'b0}};
    end else if (period_end) begin
      count <= {WIDTH{1'b0}};
      period_now <= period;
      duty_now <= duty;
    end else count <= count + 1'b1;
  end
endmodule
