/* flat netlist
   of the usual tools */
module flat (clk, d, q, \esc[1] , .ext(mid[2:1]), .ext2({a0, a1}));
  input clk; input [7:0] d; output [7:0] q; input \esc[1] ;
  inout [3:0] mid; input a0, a1;
  wire signed [3:-4] s, t; tri [1:8] r; supply0 gnd; supply1 vdd;
  wire n1 = d[0] & ~d[1] | (d[2] ^ d[3]), n2;
  localparam N = $clog2(16) + 2 * (3 - 1) % 5, P = 4'b10x1;
  parameter [3:0] Q = 20, R = "text", F = 1.5;
  wire [N-1:0] v;
  assign s = t, {n2, r[1:4]} = {3'b101, 2'd2} , v[0] = ^d, v[1] = !(d && s) || d == 8'hA5, v[2] = d[1:0] != q[1:0];
  assign (strong0, pull1) #1 v[3 +: 2] = d[0] ? {2{n1}} : ~{n1, P[0]};
  (* keep, src = "f.v:1.2-3.4" *) DFFX1 #(.INIT(1'b0), .NAME("x")) \reg[0] (.D(d[0]), .CK(clk), .Q(q[0]), .QN());
  DFFX1 r1 (d[1], clk, q[1], ), r2 (.D(1'b1), .CK(clk), .Q(q[2]));
  NAND2 u[3:0] (.A(d[3:0]), .B(n1), .Y(q[7:4])), k (.A(1), .B(0), .Y(q[3]));
  and #(1, 2) g1 (x1, d[0], d[1], 1'bx); nand (x2, x1, vdd); xnor g2 (x3, x2, gnd), g3[1:0] (r[7:8], d[1:0], 1'b1);
  not (strong1, weak0) n0 (y0, y1, x3);
  defparam r1.INIT = 1'b1;
  specify (D => Q) = 1; endspecify
endmodule
