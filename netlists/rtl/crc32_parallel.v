// SPDX-License-Identifier: Apache-2.0
//
// CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320), WIDTH bits a cycle, least significant bit first.
//
// crc is the finished check value of the words taken since rst.
module crc32_parallel #(
    parameter WIDTH = 8
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             enable,
    input  wire [WIDTH-1:0] data,
    output wire [31:0]      crc
);
  reg [31:0] state;
  reg [31:0] following;
  integer    i;

  assign crc = ~state;

  // The serial step, unrolled.
  always @(*) begin
    following = state;
    for (i = 0; i < WIDTH; i = i + 1)
      following = {1'b0, following[31:1]} ^ ((following[0] ^ data[i]) ? 32'hedb88320 : 32'd0);
  end

  always @(posedge clk) begin
    if (rst) state <= 32'hffffffff;
    else if (enable) state <= following;
  end
endmodule
