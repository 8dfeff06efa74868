// SPDX-License-Identifier: Apache-2.0
//
// Multiply-accumulate array for matrix products: N x N accumulators, one outer product a cycle.
//
// With column k of A on a and row k of B on b in cycle k, c holds A B after the last one. clear starts a new product with
// this cycle's inputs. Elements are signed; a holds a(N-1) .. a(0), c holds c(N-1,N-1) .. c(0,1), c(0,0).
module mac_array #(
    parameter N = 2,
    parameter WIDTH = 8,
    parameter ACC_WIDTH = 20
) (
    input  wire                     clk,
    input  wire                     rst,
    input  wire                     enable,
    input  wire                     clear,
    input  wire [N*WIDTH-1:0]       a,
    input  wire [N*WIDTH-1:0]       b,
    output wire [N*N*ACC_WIDTH-1:0] c
);
  genvar i, j;
  generate
    for (i = 0; i < N; i = i + 1) begin : row
      for (j = 0; j < N; j = j + 1) begin : column
        wire signed [WIDTH-1:0] ai = a[i*WIDTH+:WIDTH];
        wire signed [WIDTH-1:0] bj = b[j*WIDTH+:WIDTH];
        wire signed [2*WIDTH-1:0] product = ai * bj;
        reg signed [ACC_WIDTH-1:0] acc;
        assign c[(i*N+j)*ACC_WIDTH+:ACC_WIDTH] = acc;
        always @(posedge clk) begin
          if (rst) acc <= {ACC_WIDTH{1'b0}};
          else if (enable) acc <= clear ? product : acc + product;
        end
      end
    end
  endgenerate
endmodule
