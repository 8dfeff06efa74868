#include "csr.hpp"

#include <stdexcept>

namespace hwdesign {
namespace {

// Offsets from counts held one place to the right.
void accumulate(std::vector<int64_t>& ptr) {
  for (size_t r = 1; r < ptr.size(); ++r) ptr[r] += ptr[r - 1];
}

}  // namespace

Csr build_csr(const int32_t* row, const int32_t* col, int64_t edges, int64_t rows, int64_t cols) {
  if (rows < 0) throw std::invalid_argument("build_csr: the number of rows is negative");
  const int64_t col_end = cols < 0 ? INT64_C(1) << 31 : cols;
  Csr csr;
  csr.ptr.assign(static_cast<size_t>(rows) + 1, 0);
  for (int64_t e = 0; e < edges; ++e) {
    if (row[e] < 0 || row[e] >= rows) throw std::out_of_range("build_csr: a row id lies outside the graph");
    if (col[e] < 0 || col[e] >= col_end) throw std::out_of_range("build_csr: a column id lies outside the graph");
    ++csr.ptr[row[e] + 1];
  }
  accumulate(csr.ptr);
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

void check_ptr(const int64_t* ptr, int64_t rows, int64_t edges) {
  if (rows < 0) throw std::invalid_argument("a CSR's ptr needs at least one entry");
  if (ptr[0] != 0 || ptr[rows] != edges) throw std::invalid_argument("a CSR's ptr must run from 0 to len(col)");
  for (int64_t r = 0; r < rows; ++r) {
    if (ptr[r + 1] < ptr[r]) throw std::invalid_argument("a CSR's ptr must not fall");
  }
}

Csr transpose_csr(const int64_t* ptr, const int32_t* col, const int64_t* edge, int64_t rows, int64_t edges,
                  int64_t cols) {
  check_ptr(ptr, rows, edges);
  if (cols < 0) throw std::invalid_argument("transpose: the number of columns is negative");
  Csr out;
  out.ptr.assign(static_cast<size_t>(cols) + 1, 0);
  for (int64_t e = 0; e < edges; ++e) {
    if (col[e] < 0 || col[e] >= cols) throw std::out_of_range("transpose: a column id lies outside the graph");
    ++out.ptr[col[e] + 1];
  }
  accumulate(out.ptr);
  out.col.resize(edges);
  out.edge.resize(edges);
  std::vector<int64_t> next(out.ptr.begin(), out.ptr.end() - 1);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t e = ptr[r]; e < ptr[r + 1]; ++e) {
      const int64_t at = next[col[e]]++;
      out.col[at] = static_cast<int32_t>(r);
      out.edge[at] = edge ? edge[e] : e;
    }
  }
  return out;
}

Adjacency build_adjacency(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes, const uint8_t* cut,
                          bool reverse) {
  if (nodes < 0) throw std::invalid_argument("the number of nodes is negative");
  const int32_t* row = reverse ? dst : src;
  const int32_t* col = reverse ? src : dst;
  Adjacency adj;
  adj.ptr.assign(static_cast<size_t>(nodes) + 1, 0);
  for (int64_t e = 0; e < edges; ++e) {
    if (src[e] < 0 || src[e] >= nodes || dst[e] < 0 || dst[e] >= nodes) {
      throw std::out_of_range("an edge's node id lies outside the graph");
    }
    if (!cut || !cut[dst[e]]) ++adj.ptr[row[e] + 1];
  }
  accumulate(adj.ptr);
  adj.col.resize(adj.ptr[nodes]);
  std::vector<int64_t> next(adj.ptr.begin(), adj.ptr.end() - 1);
  for (int64_t e = 0; e < edges; ++e) {
    if (!cut || !cut[dst[e]]) adj.col[next[row[e]]++] = col[e];
  }
  return adj;
}

}  // namespace hwdesign
