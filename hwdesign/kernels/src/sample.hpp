// Neighbourhoods in a CSR: sampled subgraphs for mini-batches, cones, induced subgraphs.
//
// Rows of the CSR are its nodes. Work and memory follow what is visited, not the graph's size, and so do the checks:
// a broken `ptr` or a column id outside the graph throws when it is met.
#pragma once

#include <cstdint>
#include <vector>

#include "csr.hpp"

namespace hwdesign {

struct NeighbourSample {
  std::vector<int64_t> nodes;      // global ids: the seeds, then each hop's new nodes
  std::vector<int64_t> row, col;   // local ids: `col` is the expanded node, `row` its sampled neighbour
  std::vector<int64_t> edge;       // the CSR's edge value
  std::vector<int64_t> batch;      // with disjoint: the seed that each node belongs to; otherwise empty
  std::vector<int64_t> hop_nodes;  // 1 + hops: seeds, then new nodes a hop
  std::vector<int64_t> hop_edges;  // hops
};

struct SampleOptions {
  uint64_t seed = 0;
  bool replace = false;
  bool disjoint = false;  // one tree a seed, never sharing a node
};

// `csr_edge` may be null (positions in `col` are handed on). A fanout of -1 takes all neighbours.
NeighbourSample neighbour_sample(const CsrView& csr, int64_t edges, const int64_t* csr_edge, const int32_t* seeds,
                                 int64_t seed_count, const std::vector<int64_t>& fanouts,
                                 const SampleOptions& options);

struct Cone {
  std::vector<int32_t> nodes, depth;
};

// Breadth-first from the seeds along rows. Negative limits mean none. Nodes masked by `stop` (may be null) are reached
// but not expanded, seeds aside.
Cone cone(const CsrView& csr, int64_t edges, const int32_t* seeds, int64_t seed_count, int64_t max_depth,
          int64_t max_nodes, const uint8_t* stop);

struct Subgraph {
  std::vector<int64_t> row, col, edge;  // local ids and orientation as in NeighbourSample
};

// All edges between `nodes`, which must not repeat (std::invalid_argument).
Subgraph induced_subgraph(const CsrView& csr, int64_t edges, const int64_t* csr_edge, const int32_t* nodes,
                          int64_t count);

}  // namespace hwdesign
