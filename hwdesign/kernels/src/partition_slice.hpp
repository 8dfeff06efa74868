// The best slices of an order.
#pragma once

#include <cstdint>
#include <vector>

#include "partition_dag.hpp"
#include "partition_nets.hpp"

namespace hwdesign {

// Cuts a topological order in `parts` slices, none heavier than `cap`, by dynamic programming over the places where the
// cut is least: all borders move at once, which no exchange between two full parts can do. `part` are slices of that
// order, whose borders are among the places tried; it receives the new ones, whose cost is never larger. False, and
// nothing changes, where a slice of `part` is too heavy.
bool best_slices(const Dag& dag, const Goal& goal, const std::vector<int32_t>& order, int32_t parts, int64_t cap,
                 std::vector<int32_t>& part);

}  // namespace hwdesign
