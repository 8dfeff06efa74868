// Topological orders of a DAG and their slices.
#pragma once

#include <cstdint>
#include <vector>

#include "partition_dag.hpp"

namespace hwdesign {

// How the next ready node is chosen when an order grows: the oldest, the youngest, or the one that leaves the fewest
// values alive (the least register pressure).
enum class Growth { kLevel, kDepth, kGain, kCount };

// A topological order grown from the sources, or, with `backward`, the reverse of one grown from the sinks. With `part`
// (of each node, rising along the edges) the order takes part after part.
std::vector<int32_t> grow(const Dag& dag, Growth growth, bool backward, uint64_t seed, const int32_t* part = nullptr);

// The topological order that takes, of the nodes that are ready, the one with the least key.
std::vector<int32_t> order_by_key(const Dag& dag, const std::vector<int64_t>& key);

// Equal slices of an order, none heavier than `cap` where that can be had, otherwise as light as this order allows.
std::vector<int32_t> slice_order(const Dag& dag, const std::vector<int32_t>& order, int32_t parts, int64_t cap);

}  // namespace hwdesign
