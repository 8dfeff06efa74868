// Structural Verilog (the netlist subset of IEEE 1364-2005) to module tables.
#pragma once

#include <string_view>

#include "tables.hpp"

namespace hwdesign {

// Raises ParseError, NotStructural, NotSupported or TooLarge. See verilog_parser.hpp for what is read and how.
Design parse_verilog(std::string_view text, const ReadLimits& limits = {});

}  // namespace hwdesign
