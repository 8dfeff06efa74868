// Strongly connected components and cycles of any graph that can list the successors of a node.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace hwdesign {

// A component number for each node, rising along edges between components. `next(v, at)` gives a successor of v and
// moves the position `at`, which starts at 0; -1 when there is none left. The graph may thus be larger than memory.
// `close(v)` is told of each node that has its component: `next` need not name it again.
// Tarjan: Depth-first search and linear graph algorithms, SIAM J. Comput. 1(2), 1972, with an explicit stack.
template <typename Next, typename Close>
std::vector<int32_t> components(int64_t nodes, const Next& next, const Close& close) {
  std::vector<int32_t> component(nodes, -1), index(nodes, -1), low(nodes, 0), open, path;
  std::vector<int64_t> at(nodes, 0);
  int32_t visited = 0, found = 0;
  for (int64_t root = 0; root < nodes; ++root) {
    if (index[root] >= 0) continue;
    index[root] = low[root] = visited++;
    path.push_back(static_cast<int32_t>(root));
    open.push_back(static_cast<int32_t>(root));
    while (!path.empty()) {
      const int32_t v = path.back();
      const int32_t w = next(v, at[v]);
      if (w >= 0) {
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
      for (int32_t u = -1; u != v;) {
        u = open.back();
        open.pop_back();
        component[u] = found;
        close(u);
      }
      ++found;
    }
  }
  // Tarjan closes sinks first; turn the numbers round so that edges rise.
  for (int32_t& c : component) c = found - 1 - c;
  return component;
}

// The shortest path from `from` to `to` over at least one edge, both ends included; empty when there is none.
// `within(w)` says which nodes may lie on it.
template <typename Next, typename Within>
std::vector<int32_t> shortest_path(int64_t nodes, int32_t from, int32_t to, const Next& next, const Within& within) {
  std::vector<int32_t> parent(nodes, -1), queue{from};
  for (size_t head = 0; head < queue.size(); ++head) {
    const int32_t v = queue[head];
    int64_t at = 0;
    for (int32_t w = next(v, at); w >= 0; w = next(v, at)) {
      if (w == to) {
        std::vector<int32_t> path{to};
        for (int32_t u = v; u != from; u = parent[u]) path.push_back(u);
        path.push_back(from);
        std::reverse(path.begin(), path.end());
        return path;
      }
      if (parent[w] < 0 && w != from && within(w)) {
        parent[w] = v;
        queue.push_back(w);
      }
    }
  }
  return {};
}

// The shortest cycle through the lowest-numbered node that lies on any, starting there; empty when there is none.
template <typename Next>
std::vector<int32_t> shortest_cycle(const std::vector<int32_t>& component, const Next& next) {
  const int64_t nodes = static_cast<int64_t>(component.size());
  for (int64_t start = 0; start < nodes; ++start) {
    const auto v = static_cast<int32_t>(start);
    int64_t at = 0;
    // Any edge inside a component, a self-loop too, lies on a cycle.
    for (int32_t w = next(v, at); w >= 0; w = next(v, at)) {
      if (component[w] != component[v]) continue;
      std::vector<int32_t> cycle =
          shortest_path(nodes, v, v, next, [&](int32_t u) { return component[u] == component[v]; });
      cycle.pop_back();
      return cycle;
    }
  }
  return {};
}

}  // namespace hwdesign
