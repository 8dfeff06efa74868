// SPDX-License-Identifier: Apache-2.0
//
// UART transmitter: 8 data bits, least significant first, no parity, one stop bit.
//
// A byte is taken in the cycle in which valid and ready are both 1. Each bit lasts DIVISOR cycles (2 to 65536); the line
// rests at 1.
module uart_tx #(
    parameter DIVISOR = 16
) (
    input  wire       clk,
    input  wire       rst,
    input  wire       valid,
    input  wire [7:0] data,
    output wire       ready,
    output wire       tx
);
  reg [15:0] timer;
  reg [3:0]  bits_left;  // start, data and stop bits still to send
  reg [8:0]  shift;      // what follows the bit on the line
  reg        line;

  assign ready = bits_left == 4'd0;
  assign tx = line;

  always @(posedge clk) begin
    if (rst) begin
      timer <= 16'd0;
      bits_left <= 4'd0;
      shift <= 9'h1ff;
      line <= 1'b1;
    end else if (ready) begin
      if (valid) begin
        line <= 1'b0;
        shift <= {1'b1, data};
        bits_left <= 4'd10;
        timer <= DIVISOR - 1;
      end
    end else if (timer != 16'd0) begin
      timer <= timer - 16'd1;
    end else begin
      line <= shift[0];
      shift <= {1'b1, shift[8:1]};
      bits_left <= bits_left - 4'd1;
      timer <= DIVISOR - 1;
    end
  end
endmodule
