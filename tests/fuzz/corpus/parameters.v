`celldefine
module leaf #(parameter W = 2, parameter D = W * 2) (input [W-1:0] a, output wire [D-1:0] y, inout z);
  genericbuf #(D) b (a, y);
endmodule
`endcelldefine
module top (input [1:0] a, output [3:0] y, output [7:0] yy, inout z);
  leaf l1 (a, y, z);
  leaf #(.W(4)) l2 (.a({a, a}), .y(yy), .z(z));
  leaf #(2, 4) l3 [0:1] (.a(a), .y(), .z());
  rec r (a[0]);
endmodule
module rec #(parameter N = 3) (input a); rec #(.N(N > 0 ? N - 1 : 0)) deeper (a); endmodule
