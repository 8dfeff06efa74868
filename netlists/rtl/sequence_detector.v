// SPDX-License-Identifier: Apache-2.0
//
// Detector of the bit sequence 1 0 1 1 as a Mealy machine; sequences may overlap.
//
// found is 1 in the cycle in which the last bit is on the input. Bits count only while enable is 1.
module sequence_detector (
    input  wire clk,
    input  wire rst,
    input  wire enable,
    input  wire data,
    output wire found
);
  // What of the sequence has been seen.
  localparam NONE = 2'd0, SEEN_1 = 2'd1, SEEN_10 = 2'd2, SEEN_101 = 2'd3;

  reg [1:0] state;
  reg [1:0] following;

  assign found = enable && state == SEEN_101 && data;

  always @(*) begin
    case (state)
      NONE:    following = data ? SEEN_1 : NONE;
      SEEN_1:  following = data ? SEEN_1 : SEEN_10;
      SEEN_10: following = data ? SEEN_101 : NONE;
      default: following = data ? SEEN_1 : SEEN_10;
    endcase
  end

  always @(posedge clk) begin
    if (rst) state <= NONE;
    else if (enable) state <= following;
  end
endmodule
