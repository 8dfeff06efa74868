module e (input [3:0] a, b, input s, output [3:0] y);
  assign y = s ? ~(a & b) : {2{a[1:0]}} ^ ~b;
  wire r = &a | ~|b, t = !(s && a[0] == b[0]);
endmodule
