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

// A borrowed CSR whose rows and columns are the same `nodes` nodes.
struct CsrView {
  const int64_t* ptr;
  const int32_t* col;
  int64_t nodes;
};

// Counting sort of edges by `row`. Throws std::out_of_range when a row id lies outside [0, rows) or a column id
// outside [0, cols); a negative `cols` means that any column id from 0 up will do.
Csr build_csr(const int32_t* row, const int32_t* col, int64_t edges, int64_t rows, int64_t cols);

// Rows become columns. `edge` may be null (positions in `col` are handed on); otherwise its values are handed on.
Csr transpose_csr(const int64_t* ptr, const int32_t* col, const int64_t* edge, int64_t rows, int64_t edges,
                  int64_t cols);

// Throws std::invalid_argument unless `ptr` starts at 0, never falls and ends at `edges`.
void check_ptr(const int64_t* ptr, int64_t rows, int64_t edges);

// Only the neighbours, without edge positions: what traversals need. `cut` may be null; edges into a node whose mask
// is not 0 are left out. With `reverse`, rows are the destinations. Both ids of every edge are checked.
struct Adjacency {
  std::vector<int64_t> ptr;
  std::vector<int32_t> col;
};
Adjacency build_adjacency(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes, const uint8_t* cut,
                          bool reverse);

}  // namespace hwdesign
