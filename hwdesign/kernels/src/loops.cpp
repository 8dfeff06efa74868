#include "loops.hpp"

#include <algorithm>

#include "csr.hpp"

namespace hwdesign {
namespace {

// Tarjan: Depth-first search and linear graph algorithms, SIAM J. Comput. 1(2), 1972, with an explicit stack.
std::vector<int32_t> components(const Adjacency& out, int64_t nodes) {
  std::vector<int32_t> component(nodes, -1), index(nodes, -1), low(nodes, 0), open, path;
  std::vector<int64_t> next(out.ptr.begin(), out.ptr.end() - 1);
  int32_t visited = 0, found = 0;
  for (int64_t root = 0; root < nodes; ++root) {
    if (index[root] >= 0) continue;
    index[root] = low[root] = visited++;
    path.push_back(static_cast<int32_t>(root));
    open.push_back(static_cast<int32_t>(root));
    while (!path.empty()) {
      const int32_t v = path.back();
      if (next[v] < out.ptr[v + 1]) {
        const int32_t w = out.col[next[v]++];
        if (index[w] < 0) {
          index[w] = low[w] = visited++;
          path.push_back(w);
          open.push_back(w);
        } else if (component[w] < 0) {
          low[v] = std::min(low[v], index[w]);
        }
        continue;
      }
      path.pop_back();
      if (!path.empty()) low[path.back()] = std::min(low[path.back()], low[v]);
      if (low[v] != index[v]) continue;
      for (int32_t w = -1; w != v;) {
        w = open.back();
        open.pop_back();
        component[w] = found;
      }
      ++found;
    }
  }
  // Tarjan closes sinks first; turn the numbers round so that edges rise.
  for (int32_t& c : component) c = found - 1 - c;
  return component;
}

}  // namespace

std::vector<int32_t> strongly_connected(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes,
                                        const uint8_t* cut) {
  return components(build_adjacency(src, dst, edges, nodes, cut, /*reverse=*/false), nodes);
}

std::vector<int32_t> find_cycle(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes,
                                const uint8_t* cut) {
  const Adjacency out = build_adjacency(src, dst, edges, nodes, cut, /*reverse=*/false);
  const std::vector<int32_t> component = components(out, nodes);
  // Any edge inside a component, a self-loop too, lies on a cycle.
  int64_t start = 0;
  for (; start < nodes; ++start) {
    bool inside = false;
    for (int64_t e = out.ptr[start]; e < out.ptr[start + 1]; ++e) inside |= component[out.col[e]] == component[start];
    if (inside) break;
  }
  if (start == nodes) return {};
  std::vector<int32_t> parent(nodes, -1), queue{static_cast<int32_t>(start)};
  for (size_t head = 0; head < queue.size(); ++head) {
    const int32_t v = queue[head];
    for (int64_t e = out.ptr[v]; e < out.ptr[v + 1]; ++e) {
      const int32_t w = out.col[e];
      if (w == start) {
        std::vector<int32_t> cycle;
        for (int32_t u = v; u != start; u = parent[u]) cycle.push_back(u);
        cycle.push_back(static_cast<int32_t>(start));
        std::reverse(cycle.begin(), cycle.end());
        return cycle;
      }
      if (component[w] == component[start] && parent[w] < 0) {
        parent[w] = v;
        queue.push_back(w);
      }
    }
  }
  return {};  // not reached: the start lies on a cycle
}

}  // namespace hwdesign
