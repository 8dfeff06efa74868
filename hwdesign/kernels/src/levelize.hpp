// Longest-path levels and topological orders of a directed graph given as edge lists.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

// The level of each node: 0 without fan-in, otherwise one more than the greatest level among its fan-ins; -1 for nodes
// on a cycle or behind one. `cut` (may be null) masks nodes that start a new path: edges into them do not count.
std::vector<int32_t> levelize(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes,
                              const uint8_t* cut);

// Nodes by (level, id); nodes of level -1 are left out.
std::vector<int32_t> level_order(const std::vector<int32_t>& level);

// Fan-ins before fan-outs, each sink's cone in one piece (depth-first post-order over fan-ins, sinks by id, fan-ins in
// edge order); nodes on a cycle or behind one are left out.
std::vector<int32_t> dfs_order(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes,
                               const uint8_t* cut);

}  // namespace hwdesign
