// Cycles and strongly connected components.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

// A component number for each node; numbers rise along edges between components (sources first). Iterative.
std::vector<int32_t> strongly_connected(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes,
                                        const uint8_t* cut);

// The shortest cycle through the lowest-numbered node that lies on any cycle, starting at that node and following the
// edges; empty when the graph has no cycle.
std::vector<int32_t> find_cycle(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes,
                                const uint8_t* cut);

}  // namespace hwdesign
