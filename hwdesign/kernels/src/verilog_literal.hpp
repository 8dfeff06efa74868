// Verilog numbers: `8'hFF`, `4'bx01z`, `'sd3`, `42`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text.hpp"

namespace hwdesign::verilog {

struct Literal {
  int64_t width = 32;  // of an unsized literal: 32
  bool sized = false;
  bool is_signed = false;
  int base = 10;
  std::string_view digits;
};

// `text` is a number token or the decimal text of an evaluated constant; raises ParseError on a real or bad digits.
Literal parse_literal(std::string_view text, int64_t line, int64_t max_bits);

// Its value, or nothing where it has x or z digits or needs more than 63 bits.
std::optional<int64_t> literal_value(const Literal& literal);

// Appends `width` bits, least significant first: nets 0 and 1, 0 with kUnknown for x, -1 for z.
void literal_bits(const Literal& literal, std::vector<Bit>& out);

}  // namespace hwdesign::verilog
