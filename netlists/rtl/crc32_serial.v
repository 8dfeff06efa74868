// SPDX-License-Identifier: Apache-2.0
//
// CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320), one bit a cycle, least significant bit of a byte first.
//
// crc is the finished check value of the bits taken since rst.
module crc32_serial (
    input  wire        clk,
    input  wire        rst,
    input  wire        enable,
    input  wire        data,
    output wire [31:0] crc
);
  reg  [31:0] state;
  wire        feedback = state[0] ^ data;

  assign crc = ~state;

  always @(posedge clk) begin
    if (rst) state <= 32'hffffffff;
    else if (enable) state <= {1'b0, state[31:1]} ^ (feedback ? 32'hedb88320 : 32'd0);
  end
endmodule
