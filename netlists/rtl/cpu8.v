// SPDX-License-Identifier: Apache-2.0
//
// Accumulator machine: 8-bit data, 256 instructions of 12 bits, 16 bytes of memory, one instruction a cycle.
//
// The program stands outside: instruction must follow pc in the same cycle. An instruction is {opcode[3:0], x[7:0]}; m
// below is memory[x[3:0]].
//
//    0 NOP            1 LDI  acc = x         2 LD   acc = m          3 ST   m = acc
//    4 ADD  acc += m  5 ADC  acc += m + C    6 SUB  acc -= m         7 AND  acc &= m
//    8 OR   acc |= m  9 XOR  acc ^= m       10 SHR  acc >>= 1       11 JMP  pc = x
//   12 JZ   if Z     13 JC   if C           14 IO   x[0]: out_data = acc, else acc = in_data    15 HALT
//
// Z says that acc is 0. C is the carry of ADD and ADC, the borrow of SUB, the bit that SHR drops; others leave it.
// out_valid is 1 for one cycle, with out_data, after an output. A halted machine waits for rst.
module cpu8 (
    input  wire        clk,
    input  wire        rst,
    input  wire [11:0] instruction,
    input  wire [7:0]  in_data,
    output reg  [7:0]  pc,
    output reg  [7:0]  out_data,
    output reg         out_valid,
    output reg         halted
);
  localparam NOP = 4'd0, LDI = 4'd1, LD = 4'd2, ST = 4'd3, ADD = 4'd4, ADC = 4'd5, SUB = 4'd6, AND = 4'd7;
  localparam OR = 4'd8, XOR = 4'd9, SHR = 4'd10, JMP = 4'd11, JZ = 4'd12, JC = 4'd13, IO = 4'd14, HALT = 4'd15;

  reg  [7:0] memory[0:15];
  reg  [7:0] acc;
  reg        carry;

  wire [3:0] opcode = instruction[11:8];
  wire [7:0] x = instruction[7:0];
  wire [7:0] m = memory[x[3:0]];
  wire       zero = acc == 8'd0;
  wire       jump = opcode == JMP || (opcode == JZ && zero) || (opcode == JC && carry);
  wire       output_now = opcode == IO && x[0];

  // The ninth bit of each result is the new carry.
  reg [8:0] result;
  always @(*) begin
    case (opcode)
      LDI:     result = {carry, x};
      LD:      result = {carry, m};
      ADD:     result = {1'b0, acc} + {1'b0, m};
      ADC:     result = {1'b0, acc} + {1'b0, m} + {8'd0, carry};
      SUB:     result = {1'b0, acc} - {1'b0, m};
      AND:     result = {carry, acc & m};
      OR:      result = {carry, acc | m};
      XOR:     result = {carry, acc ^ m};
      SHR:     result = {acc[0], 1'b0, acc[7:1]};
      IO:      result = {carry, x[0] ? acc : in_data};
      default: result = {carry, acc};
    endcase
  end

  always @(posedge clk) begin
    if (rst) begin
      pc <= 8'd0;
      acc <= 8'd0;
      carry <= 1'b0;
      out_data <= 8'd0;
      out_valid <= 1'b0;
      halted <= 1'b0;
    end else begin
      out_valid <= output_now && !halted;
      if (!halted) begin
        {carry, acc} <= result;
        if (opcode == ST) memory[x[3:0]] <= acc;
        if (output_now) out_data <= acc;
        if (opcode == HALT) halted <= 1'b1;
        else pc <= jump ? x : pc + 8'd1;
      end
    end
  end
endmodule
