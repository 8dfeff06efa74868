# 909 MHz, a little more than the carry chain can do; inputs come late, outputs are needed early.
create_clock -name clk -period 1.1 [get_ports clk]
set_propagated_clock clk
set_clock_uncertainty 0.05 clk
set_input_delay 0.3 -clock clk [get_ports {rst d[*]}]
set_output_delay 0.25 -clock clk [all_outputs]
set_input_transition 0.05 [all_inputs]
set_load 0.01 [all_outputs]
