// Minimum spanning trees of points in the plane, distances |dx| + |dy|, one tree a net.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

struct SpanningTrees {
  std::vector<int64_t> edge_ptr{0};
  std::vector<int32_t> parent, child;   // points; a net's first point is its root, parents come before their children
  std::vector<double> length;
};

// Points of net n are ptr[n] to ptr[n + 1]; a point i lies at xy[2 i], xy[2 i + 1], which must be finite.
SpanningTrees spanning_trees(const int64_t* ptr, int64_t nets, const double* xy);

}  // namespace hwdesign
