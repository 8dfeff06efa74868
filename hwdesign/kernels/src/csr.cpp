#include "csr.hpp"

#include <stdexcept>

namespace hwdesign {

Csr build_csr(const int32_t* row, const int32_t* col, int64_t edges, int64_t rows) {
  Csr csr;
  csr.ptr.assign(static_cast<size_t>(rows) + 1, 0);
  for (int64_t e = 0; e < edges; ++e) {
    if (row[e] < 0 || row[e] >= rows) throw std::out_of_range("build_csr: a row id lies outside the graph");
    ++csr.ptr[row[e] + 1];
  }
  for (int64_t r = 0; r < rows; ++r) csr.ptr[r + 1] += csr.ptr[r];
  csr.col.resize(edges);
  csr.edge.resize(edges);
  std::vector<int64_t> next(csr.ptr.begin(), csr.ptr.end() - 1);
  for (int64_t e = 0; e < edges; ++e) {
    const int64_t at = next[row[e]]++;
    csr.col[at] = col[e];
    csr.edge[at] = e;
  }
  return csr;
}

}  // namespace hwdesign
