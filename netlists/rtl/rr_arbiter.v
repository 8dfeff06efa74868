// SPDX-License-Identifier: Apache-2.0
//
// Round-robin arbiter: grants one of WIDTH requests in the same cycle, the one granted last coming last in turn.
//
// grant is one-hot or 0. The turn moves on only in a cycle in which advance is 1 and something is granted.
module rr_arbiter #(
    parameter WIDTH = 8
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] request,
    input  wire             advance,
    output wire [WIDTH-1:0] grant
);
  // Ones from the place after the last grant upward: requests there come first.
  reg  [WIDTH-1:0] mask;
  wire [WIDTH-1:0] upper = request & mask;
  wire [WIDTH-1:0] chosen = |upper ? upper : request;

  assign grant = chosen & (~chosen + 1'b1);  // the lowest 1

  always @(posedge clk) begin
    if (rst) mask <= {WIDTH{1'b1}};
    else if (advance && |grant) mask <= ~(grant | (grant - 1'b1));
  end
endmodule
