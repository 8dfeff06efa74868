// SPDX-License-Identifier: Apache-2.0
//
// Finite impulse response filter in transposed form: TAPS multipliers, one addition between registers.
//
// y(n) = sum over k of c(k) x(n - k), signed, for the samples taken with enable since rst; y is registered, one sample
// late. COEFFICIENTS holds c(TAPS-1) .. c(0), each COEFF_WIDTH bits of two's complement. The default (-1 9 9 -1) / 16
// interpolates half-way between samples.
module fir #(
    parameter WIDTH = 8,
    parameter TAPS = 4,
    parameter COEFF_WIDTH = 6,
    parameter [TAPS*COEFF_WIDTH-1:0] COEFFICIENTS = {6'h3f, 6'h09, 6'h09, 6'h3f},
    parameter OUT_WIDTH = WIDTH + COEFF_WIDTH + $clog2(TAPS)
) (
    input  wire                        clk,
    input  wire                        rst,
    input  wire                        enable,
    input  wire signed [WIDTH-1:0]     x,
    output wire signed [OUT_WIDTH-1:0] y
);
  // Chain of partial sums: link k holds c(k) x + link k+1 of the sample before.
  wire signed [OUT_WIDTH-1:0] link[0:TAPS];

  assign link[TAPS] = {OUT_WIDTH{1'b0}};
  assign y = link[0];

  genvar k;
  generate
    for (k = 0; k < TAPS; k = k + 1) begin : tap
      wire signed [COEFF_WIDTH-1:0] coefficient = COEFFICIENTS[k*COEFF_WIDTH+:COEFF_WIDTH];
      reg signed [OUT_WIDTH-1:0] sum;
      assign link[k] = sum;
      always @(posedge clk) begin
        if (rst) sum <= {OUT_WIDTH{1'b0}};
        else if (enable) sum <= coefficient * x + link[k+1];
      end
    end
  endgenerate
endmodule
