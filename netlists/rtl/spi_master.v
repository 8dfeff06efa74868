// SPDX-License-Identifier: Apache-2.0
//
// SPI master, mode 0 (clock rests at 0, both sides sample at its rising edge), most significant bit first.
//
// A word of WIDTH bits (2 to 256) is taken in the cycle in which valid and ready are both 1. sclk has DIVISOR cycles a
// half period (1 to 256). done is 1 for one cycle when received holds the word that came in meanwhile.
module spi_master #(
    parameter WIDTH = 8,
    parameter DIVISOR = 2
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             valid,
    input  wire [WIDTH-1:0] data,
    output wire             ready,
    output reg  [WIDTH-1:0] received,
    output reg              done,
    output reg              sclk,
    output wire             mosi,
    input  wire             miso,
    output reg              cs_n
);
  reg [7:0]       timer;
  reg [7:0]       bits_left;  // after the present one
  reg [WIDTH-1:0] shift;

  assign ready = cs_n;
  assign mosi = shift[WIDTH-1];

  always @(posedge clk) begin
    done <= 1'b0;
    if (rst) begin
      timer <= 8'd0;
      bits_left <= 8'd0;
      shift <= {WIDTH{1'b0}};
      received <= {WIDTH{1'b0}};
      sclk <= 1'b0;
      cs_n <= 1'b1;
    end else if (cs_n) begin
      if (valid) begin
        cs_n <= 1'b0;
        shift <= data;
        bits_left <= WIDTH - 1;
        timer <= DIVISOR - 1;
      end
    end else if (timer != 8'd0) begin
      timer <= timer - 8'd1;
    end else begin
      timer <= DIVISOR - 1;
      sclk <= ~sclk;
      if (!sclk) received <= {received[WIDTH-2:0], miso};
      else if (bits_left != 8'd0) begin
        shift <= {shift[WIDTH-2:0], 1'b0};
        bits_left <= bits_left - 8'd1;
      end else begin
        cs_n <= 1'b1;
        done <= 1'b1;
      end
    end
  end
endmodule
