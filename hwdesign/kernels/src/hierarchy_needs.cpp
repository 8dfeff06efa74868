// Which modules' port-to-port paths can matter at all, from the top down.
#include "cycles.hpp"
#include "hierarchy.hpp"
#include "pins.hpp"

namespace hwdesign {
namespace {

// Gates, nets, and instances as if each of their inputs led to each of their outputs.
struct CoarseGraph {
  int64_t cells, nodes;
  Adjacency out;

  CoarseGraph(const HierarchyTable& t, int64_t m) : cells(t.cell_ptr[m + 1] - t.cell_ptr[m]), nodes(cells + t.nets[m]) {
    std::vector<int32_t> src, dst;
    for (int64_t c = 0; c < cells; ++c) {
      const int64_t cell = t.cell_ptr[m] + c;
      const int32_t type = t.type[cell];
      if (t.target[type] == kOpaque || t.target[type] >= m) continue;
      for (int64_t p = t.pin_ptr[cell]; p < t.pin_ptr[cell + 1]; ++p) {
        if (t.net[p] < t.first_net) continue;
        const uint8_t way = t.direction[t.first[type] + t.role[p]];
        const auto net = static_cast<int32_t>(cells + t.net[p]), node = static_cast<int32_t>(c);
        if (way != kPinOut) src.push_back(net), dst.push_back(node);
        if (way != kPinIn) src.push_back(node), dst.push_back(net);
      }
    }
    out = build_adjacency(src.data(), dst.data(), static_cast<int64_t>(src.size()), nodes, nullptr, /*reverse=*/false);
  }
  int32_t operator()(int32_t v, int64_t& at) const {
    const int64_t e = out.ptr[v] + at++;
    return e < out.ptr[v + 1] ? out.col[e] : -1;
  }
};

std::vector<int32_t> instances_of(const HierarchyTable& t, int64_t m) {
  std::vector<int32_t> found;
  for (int64_t c = t.cell_ptr[m]; c < t.cell_ptr[m + 1]; ++c) {
    const int32_t target = t.target[t.type[c]];
    if (target >= 0 && target < m) found.push_back(static_cast<int32_t>(c - t.cell_ptr[m]));
  }
  return found;
}

}  // namespace

HierarchyNeeds hierarchy_needs(const HierarchyTable& t) {
  HierarchyNeeds needs{std::vector<uint8_t>(t.modules, 0), std::vector<uint8_t>(t.modules, 0)};
  for (int64_t m = t.modules - 1; m >= 0; --m) {
    const std::vector<int32_t> instances = instances_of(t, m);
    if (instances.empty()) continue;
    const auto target = [&](int32_t cell) { return t.target[t.type[t.cell_ptr[m] + cell]]; };
    if (needs.paths[m]) {
      needs.search[m] = 1;
      for (const int32_t cell : instances) needs.paths[target(cell)] = 1;
      continue;
    }
    const CoarseGraph graph(t, m);
    const std::vector<int32_t> component = components(graph.nodes, graph, [](int32_t) {});
    std::vector<uint8_t> shared(graph.nodes, 0), seen(graph.nodes, 0);
    for (const int32_t c : component) shared[c] |= seen[c], seen[c] = 1;
    for (const int32_t cell : instances) {
      if (!shared[component[cell]]) continue;
      needs.search[m] = 1;
      needs.paths[target(cell)] = 1;
    }
  }
  return needs;
}

}  // namespace hwdesign
