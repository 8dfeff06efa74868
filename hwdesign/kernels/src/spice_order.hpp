// The order in which a circuit's unknowns are eliminated, and where fill-in appears.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace hwdesign::spice {

struct Order {
  std::vector<int32_t> column;  // unknown of each pivot, in order
  std::vector<int32_t> row;     // equation of each pivot
  bool symmetric = true;        // every pivot is on the diagonal
  // Per pivot: positions (in order) of the later columns of its row, which are also the rows of its column, rising.
  std::vector<std::vector<int32_t>> later;
};

struct Coefficient {
  int32_t row, col;
  double value;
};

// Minimum degree with numerical pivots taken on the diagonal where they are sound, else off it. `keep` marks unknowns
// whose elimination should come late among equals. Throws std::domain_error("singular N").
Order eliminate(int32_t unknowns, const std::vector<Coefficient>& matrix, const std::vector<uint8_t>& keep,
                bool symmetric);

}  // namespace hwdesign::spice
