module c (clk, d, q);
  input clk; input [1:0] d; output [1:0] q; wire n;
  DFF \r[0] (.D(d[0]), .CK(clk), .Q(q[0]), .QN());
  (* keep *) DFF #(.INIT(1'b0)) r1 (d[1], clk, q[1]), r2 [1:0] (.D(d), .Q(1'bz), .CK(0));
  nand #1 g (n, d[0], 1'bx);
endmodule
