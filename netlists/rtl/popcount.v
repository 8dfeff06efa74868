// SPDX-License-Identifier: Apache-2.0
//
// Population count, combinational: how many bits of a word are 1.
module popcount #(
    parameter WIDTH = 32,
    parameter COUNT_WIDTH = $clog2(WIDTH + 1)
) (
    input  wire [WIDTH-1:0]       data,
    output reg  [COUNT_WIDTH-1:0] count
);
  integer i;

  always @(*) begin
    count = {COUNT_WIDTH{1'b0}};
    for (i = 0; i < WIDTH; i = i + 1) count = count + data[i];
  end
endmodule
