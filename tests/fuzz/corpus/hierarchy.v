`timescale 1ns/1ps
`default_nettype wire
module sub #(parameter W = 4, parameter [1:0] P = 2) (input [W-1:0] a, output [W-1:0] y);
  wire [W-1:0] t = ~a;
  assign y = t ^ {W{P[0]}};
endmodule
module top(a, b, s, y, z, \q[0] , w);
  input [3:0] a, b; input s; output [3:0] y; output z; output \q[0] ;
  output [0:2] w;
  wire [0:2] w;
  (* src = "x.v:3", keep *)
  sub #(.W(2)) u1 (.a(a[1:0]), .y(y[1:0]));
  sub u2 (a, );
  FOO #(.X("abc"), .Y(4'b1x0z)) u3 (.A({a[0], 1'bx, 1'bz}), .B(~s), .C(), .D(0), .E(a&b));
  BAR ar[1:0] (.A(a[1:0]), .B(s), .C(b));
  sub #(2,1) arr [1:0] (.a(a), .y({impl, impl2, z, z}));
  nand #(1,2) (strong_net, a[0], b[0]), g2(n2, ~a[1], 1'b1);
  buf bb[2:0] (w, a[2:0]);
  defparam u2.W = 8;
  assign z = s ? a[0] : ~b[0], \q[0] = ~(a[0] & b[0] & s);
  assign w = &a || (a == b);
endmodule
