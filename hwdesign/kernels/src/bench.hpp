// BENCH (the ISCAS'89 format, with ABC's LUT, vdd and gnd) to one module's tables.
#pragma once

#include <string_view>

#include "tables.hpp"

namespace hwdesign {

// The format names no module: it is called `name`. Port rows stand in the file's order; as in the ITC'99 files, a
// signal may be an input and an output, or an output twice, and then has as many rows. Raises ParseError or TooLarge.
Design parse_bench(std::string_view text, const ReadLimits& limits = {}, std::string_view name = "top");

}  // namespace hwdesign
