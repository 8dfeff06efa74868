// SPDX-License-Identifier: Apache-2.0
//
// Control of a synchronous FIFO: pointers, level and flags around a memory that stands outside.
//
// Depth 2**ADDR_WIDTH. A push into a full FIFO and a pop from an empty one are passed over; push and pop may come in the
// same cycle. The memory writes at write_addr when write_enable is 1 and is read at read_addr in the same cycle.
module fifo_ctrl #(
    parameter ADDR_WIDTH = 3
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  push,
    input  wire                  pop,
    output wire                  write_enable,
    output wire [ADDR_WIDTH-1:0] write_addr,
    output wire [ADDR_WIDTH-1:0] read_addr,
    output wire [ADDR_WIDTH:0]   level,
    output wire                  full,
    output wire                  empty
);
  // One bit more than an address tells full from empty.
  reg [ADDR_WIDTH:0] head;
  reg [ADDR_WIDTH:0] tail;

  assign level = head - tail;
  assign empty = head == tail;
  assign full = level[ADDR_WIDTH];
  assign write_enable = push && !full;
  assign write_addr = head[ADDR_WIDTH-1:0];
  assign read_addr = tail[ADDR_WIDTH-1:0];

  always @(posedge clk) begin
    if (rst) begin
      head <= {ADDR_WIDTH + 1{1'b0}};
      tail <= {ADDR_WIDTH + 1{1'b0}};
    end else begin
      if (write_enable) head <= head + 1'b1;
      if (pop && !empty) tail <= tail + 1'b1;
    end
  end
endmodule
