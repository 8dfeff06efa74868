// Order-preserving partition of a directed acyclic graph: part(u) <= part(v) for every edge u -> v.
#pragma once

#include <cstdint>
#include <vector>

#include "partition_nets.hpp"

namespace hwdesign {

enum class Effort { kFast, kDefault, kHigh };

struct PartitionOptions {
  int32_t parts = 2;
  int64_t cap = 0;  // greatest weight of a part; exceeded only where no slicing of the orders tried respects it
  Objective objective = Objective::kEdge;
  Effort effort = Effort::kDefault;
  uint64_t seed = 0;
  int threads = 1;
  bool (*unwanted)() = nullptr;  // asked by the calling thread now and then; true ends the work by Cancelled
};

// The part of each node, such that the objective is small. `edge_weight` (which only Objective::kEdge heeds) and
// `weight` (of nodes) may be null for 1 each; parallel edges count each. `key` of each node may be null: nodes of like
// keys, neighbours in a placement, say, are tried in the same part. Parts may be empty. The result does not depend on
// the number of threads. Throws as build_dag does.
std::vector<int32_t> partition(const int32_t* src, const int32_t* dst, const int32_t* edge_weight, int64_t edges,
                               int32_t nodes, const int64_t* weight, const int64_t* key,
                               const PartitionOptions& options);

// What the objective falls by at each of some moves of a node to another part, made one after the other, as local
// search counts it. `part` must keep the order and receives the moves. Throws as build_dag does, and
// std::invalid_argument for a partition or a move that breaks the order.
std::vector<int64_t> move_gains(const int32_t* src, const int32_t* dst, int64_t edges, std::vector<int32_t>& part,
                                int32_t parts, Objective objective, const int32_t* node, const int32_t* to,
                                int64_t moves);

}  // namespace hwdesign
