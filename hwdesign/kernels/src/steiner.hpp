// Rectilinear Steiner trees of nets: spanning trees with corners shared between neighbouring edges.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

// Nodes of all nets, a net's nodes together, in depth-first order from its first point.
struct SteinerTrees {
  std::vector<int64_t> node_ptr{0};
  std::vector<int32_t> point;        // the point at a node, -1 for a Steiner point
  std::vector<int32_t> parent, end;  // nodes; a root is its own parent; `end` is past the last node of the subtree
  std::vector<double> xy;
};

// Points of net n are ptr[n] to ptr[n + 1]; a point i lies at xy[2 i], xy[2 i + 1], which must be finite.
SteinerTrees steiner_trees(const int64_t* ptr, int64_t nets, const double* xy);

}  // namespace hwdesign
