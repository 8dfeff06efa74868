// AIGER 1.9 (Biere, FMV report 11/2, 2011), ASCII and binary, to arrays of literals.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tables.hpp"

namespace hwdesign {

// A literal is 2 * variable + inverted; 0 is false and 1 true.
struct Aiger {
  bool binary = false;
  int32_t max_variable = 0;
  std::vector<int32_t> inputs;
  std::vector<int32_t> latch_literals, latch_next, latch_reset;  // a reset is 0, 1, or the latch's literal: none
  std::vector<int32_t> outputs, bad, constraints;
  std::vector<int32_t> justice, fairness;
  std::vector<int64_t> justice_ptr{0};                    // property i: justice[justice_ptr[i] : justice_ptr[i + 1]]
  std::vector<int32_t> and_lhs, and_rhs0, and_rhs1;       // in the file's order
  // Symbols in the file's order: kind is one of the characters i l o b c j f.
  std::vector<uint8_t> symbol_kind;
  std::vector<int32_t> symbol_index;
  std::vector<char> symbol_bytes;
  std::vector<int64_t> symbol_offsets{0};
  std::string comment;
};

// Raises ParseError or TooLarge. In the binary part, where there are no lines, a fault's line is that of its beginning.
Aiger parse_aiger(std::string_view data, const ReadLimits& limits = {});

// The binary and-gate section: two differences a gate. Gate i defines the literal first + 2 i, above both its fan-ins,
// which may come in either order. Raises std::invalid_argument otherwise.
std::vector<uint8_t> encode_aiger_ands(int64_t first, const int32_t* fanin0, const int32_t* fanin1, size_t count);

}  // namespace hwdesign
