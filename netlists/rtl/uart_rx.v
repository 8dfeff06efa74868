// SPDX-License-Identifier: Apache-2.0
//
// UART receiver: 8 data bits, least significant first, no parity, one stop bit.
//
// The line passes a two-stage synchroniser and is sampled in the middle of each bit of DIVISOR cycles (4 to 65536).
// valid is 1 for one cycle when a byte has arrived; framing_error is 1 for one cycle, instead, when its stop bit was 0.
module uart_rx #(
    parameter DIVISOR = 16
) (
    input  wire       clk,
    input  wire       rst,
    input  wire       rx,
    output reg        valid,
    output reg        framing_error,
    output reg  [7:0] data
);
  localparam IDLE = 2'd0, START = 2'd1, DATA = 2'd2, STOP = 2'd3;

  reg [1:0]  state;
  reg [1:0]  sync;
  reg [15:0] timer;
  reg [2:0]  index;
  wire       line = sync[1];

  always @(posedge clk) begin
    sync <= {sync[0], rx};
    valid <= 1'b0;
    framing_error <= 1'b0;
    if (rst) begin
      state <= IDLE;
      sync <= 2'b11;
      timer <= 16'd0;
      index <= 3'd0;
      data <= 8'd0;
    end else begin
      case (state)
        IDLE:
        if (!line) begin
          state <= START;
          timer <= DIVISOR / 2 - 1;
        end
        START:
        if (timer != 16'd0) timer <= timer - 16'd1;
        else begin
          // A pulse shorter than half a bit is noise.
          state <= line ? IDLE : DATA;
          timer <= DIVISOR - 1;
          index <= 3'd0;
        end
        DATA:
        if (timer != 16'd0) timer <= timer - 16'd1;
        else begin
          data <= {line, data[7:1]};
          timer <= DIVISOR - 1;
          index <= index + 3'd1;
          if (index == 3'd7) state <= STOP;
        end
        default:
        if (timer != 16'd0) timer <= timer - 16'd1;
        else begin
          valid <= line;
          framing_error <= ~line;
          state <= IDLE;
        end
      endcase
    end
  end
endmodule
