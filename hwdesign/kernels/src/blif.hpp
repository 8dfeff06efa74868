// BLIF (Berkeley Logic Interchange Format, 1992) with ABC's and Yosys's extensions, to module tables.
//
// Read: .model .inputs .outputs .clock .names .latch .subckt .gate .mlatch .blackbox .end; Yosys's .cname .attr .param
// .conn; VPR's .barbuf. Buses are flat names, so every port is a scalar. Delay and area remarks (kIgnored in blif.cpp)
// are skipped; .exdc, .search and state tables are refused.
#pragma once

#include <string_view>

#include "tables.hpp"

namespace hwdesign {

// A model without a name is called `top`. Raises ParseError, NotSupported or TooLarge.
Design parse_blif(std::string_view text, const ReadLimits& limits = {});

}  // namespace hwdesign
