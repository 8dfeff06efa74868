// SPDX-License-Identifier: Apache-2.0
//
// Synchronous FIFO of 2**ADDR_WIDTH words with its memory; needs fifo_ctrl.v.
//
// read_data shows the oldest word while empty is 0 (first word falls through) and is undefined while empty is 1.
module sync_fifo #(
    parameter WIDTH = 8,
    parameter ADDR_WIDTH = 3
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                push,
    input  wire [WIDTH-1:0]    write_data,
    input  wire                pop,
    output wire [WIDTH-1:0]    read_data,
    output wire [ADDR_WIDTH:0] level,
    output wire                full,
    output wire                empty
);
  reg  [WIDTH-1:0]      memory[0:(1<<ADDR_WIDTH)-1];
  wire                  write_enable;
  wire [ADDR_WIDTH-1:0] write_addr;
  wire [ADDR_WIDTH-1:0] read_addr;

  fifo_ctrl #(
      .ADDR_WIDTH(ADDR_WIDTH)
  ) control (
      .clk(clk),
      .rst(rst),
      .push(push),
      .pop(pop),
      .write_enable(write_enable),
      .write_addr(write_addr),
      .read_addr(read_addr),
      .level(level),
      .full(full),
      .empty(empty)
  );

  assign read_data = memory[read_addr];
  always @(posedge clk) if (write_enable) memory[write_addr] <= write_data;
endmodule
