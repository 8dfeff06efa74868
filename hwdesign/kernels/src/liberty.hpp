// Liberty's syntax (groups, attributes, values) to columns, with no knowledge of what the names mean.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tables.hpp"

namespace hwdesign {

enum class StatementKind : uint8_t {
  kGroup = 0,    // name (args) { statements }
  kSimple = 1,   // name : value ;  has one argument
  kComplex = 2,  // name (args) ;
};

// Statements in the file's order. A group's statements follow it, up to `last`, which is one past them.
struct LibertyText {
  NamePool names;
  std::vector<uint8_t> kind;
  std::vector<int32_t> name, last, line;
  std::vector<int64_t> arg_ptr{0};
  std::vector<int32_t> arg;           // ids of texts: strings without their quotes, words as written
  std::vector<int64_t> number_ptr{0};
  std::vector<double> number;         // of `values` and `index_*`, which have no arguments but these
  std::vector<int64_t> skipped;       // how often each group of `skip` was read over
};

struct LibertyLimits {
  int max_depth = 64;
  int64_t max_statements = 8 << 20;
};

// Groups called as one of `skip` are checked for their braces and left out. Raises ParseError or TooLarge.
LibertyText parse_liberty(std::string_view text, const std::vector<std::string_view>& skip,
                          const LibertyLimits& limits = {});

}  // namespace hwdesign
