// Compressed sparse rows from edge lists.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

struct Csr {
  std::vector<int64_t> ptr;   // rows + 1
  std::vector<int32_t> col;   // target of each edge, grouped by row, input order kept within a row
  std::vector<int64_t> edge;  // position of each edge in the input
};

// Counting sort of edges by `row`. Throws std::out_of_range when an id lies outside [0, rows).
Csr build_csr(const int32_t* row, const int32_t* col, int64_t edges, int64_t rows);

}  // namespace hwdesign
