// SPDX-License-Identifier: Apache-2.0
//
// Priority encoder, combinational: the place of the highest 1 among the requests.
//
// valid is 0, and index 0, where there is none.
module priority_encoder #(
    parameter WIDTH = 16,
    parameter INDEX_WIDTH = $clog2(WIDTH)
) (
    input  wire [WIDTH-1:0]       request,
    output reg  [INDEX_WIDTH-1:0] index,
    output wire                   valid
);
  integer i;

  assign valid = |request;

  always @(*) begin
    index = {INDEX_WIDTH{1'b0}};
    for (i = 0; i < WIDTH; i = i + 1) if (request[i]) index = i[INDEX_WIDTH-1:0];
  end
endmodule
