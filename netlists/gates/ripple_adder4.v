// SPDX-License-Identifier: Apache-2.0
// Four-bit ripple-carry adder as a structural netlist: hierarchy, buses, part selects, primitives and attributes.
// Ports: a, b addends; cin carry in; sum; cout carry out.

module half_adder (input a, input b, output s, output c);
  xor x1 (s, a, b);
  and a1 (c, a, b);
endmodule

module full_adder (a, b, cin, s, cout);
  input a, b, cin;
  output s, cout;
  wire partial, c1, c2;
  half_adder first (.a(a), .b(b), .s(partial), .c(c1));
  half_adder second (partial, cin, s, c2);
  (* role = "carry" *)
  or merge (cout, c1, c2);
endmodule

module ripple_adder4 (input [3:0] a, b, input cin, output [3:0] sum, output cout);
  wire [4:0] carry;
  assign carry[0] = cin;
  full_adder stage[3:0] (.a(a), .b(b), .cin(carry[3:0]), .s(sum), .cout(carry[4:1]));
  assign cout = carry[4];
endmodule
