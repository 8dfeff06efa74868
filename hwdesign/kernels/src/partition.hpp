// Order-preserving partition of a directed acyclic graph: part(u) <= part(v) for every edge u -> v.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

enum class Effort { kFast, kDefault, kHigh };

struct PartitionOptions {
  int32_t parts = 2;
  int64_t cap = 0;  // greatest weight of a part; exceeded only where no slicing of the orders tried respects it
  Effort effort = Effort::kDefault;
  uint64_t seed = 0;
  int threads = 1;
  bool (*unwanted)() = nullptr;  // asked by the calling thread now and then; true ends the work by Cancelled
};

// The part of each node, such that the edges between parts weigh little. `edge_weight` and `weight` (of nodes) may be
// null for 1 each; parallel edges count each. Parts may be empty. The result does not depend on the number of threads.
// Throws as build_dag does.
std::vector<int32_t> partition(const int32_t* src, const int32_t* dst, const int32_t* edge_weight, int64_t edges,
                               int32_t nodes, const int64_t* weight, const PartitionOptions& options);

}  // namespace hwdesign
