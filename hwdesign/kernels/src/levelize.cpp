#include "levelize.hpp"

#include <algorithm>

#include "csr.hpp"

namespace hwdesign {
namespace {

// Where ids are in no order, most reads miss the cache: the queue tells which will come.
constexpr size_t kAhead = 4;

}  // namespace

std::vector<int32_t> levelize(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes,
                              const uint8_t* cut) {
  const Adjacency out = build_adjacency(src, dst, edges, nodes, cut, /*reverse=*/false);
  std::vector<int32_t> pending(nodes, 0), level(nodes, 0), queue;
  for (const int32_t v : out.col) ++pending[v];
  queue.reserve(nodes);
  for (int64_t v = 0; v < nodes; ++v) {
    if (pending[v] == 0) queue.push_back(static_cast<int32_t>(v));
  }
  for (size_t head = 0; head < queue.size(); ++head) {
    const int32_t v = queue[head];
    if (head + 3 * kAhead < queue.size()) {
      __builtin_prefetch(&out.ptr[queue[head + 3 * kAhead]]);
      __builtin_prefetch(out.col.data() + out.ptr[queue[head + 2 * kAhead]]);
      const int32_t ahead = queue[head + kAhead];
      for (int64_t e = out.ptr[ahead]; e < out.ptr[ahead + 1]; ++e) {
        __builtin_prefetch(&pending[out.col[e]]);
        __builtin_prefetch(&level[out.col[e]]);
      }
    }
    for (int64_t e = out.ptr[v]; e < out.ptr[v + 1]; ++e) {
      const int32_t w = out.col[e];
      level[w] = std::max(level[w], level[v] + 1);
      if (--pending[w] == 0) queue.push_back(w);
    }
  }
  if (static_cast<int64_t>(queue.size()) < nodes) {
    for (int64_t v = 0; v < nodes; ++v) {
      if (pending[v] > 0) level[v] = -1;
    }
  }
  return level;
}

std::vector<int32_t> level_order(const std::vector<int32_t>& level) {
  int32_t depth = -1;
  for (const int32_t l : level) depth = std::max(depth, l);
  std::vector<int64_t> next(static_cast<size_t>(depth) + 2, 0);
  int64_t kept = 0;
  for (const int32_t l : level) {
    if (l >= 0) ++next[l + 1], ++kept;
  }
  for (size_t l = 1; l < next.size(); ++l) next[l] += next[l - 1];
  std::vector<int32_t> order(kept);
  for (size_t v = 0; v < level.size(); ++v) {
    if (level[v] >= 0) order[next[level[v]]++] = static_cast<int32_t>(v);
  }
  return order;
}

std::vector<int32_t> dfs_order(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes,
                               const uint8_t* cut) {
  const std::vector<int32_t> level = levelize(src, dst, edges, nodes, cut);
  const Adjacency in = build_adjacency(src, dst, edges, nodes, cut, /*reverse=*/true);
  std::vector<uint8_t> has_fanout(nodes, 0), seen(nodes, 0);
  for (int64_t v = 0; v < nodes; ++v) {
    // A node of level -1 is never placed, so that its fan-ins may be where the order has to start.
    if (level[v] < 0) continue;
    for (int64_t e = in.ptr[v]; e < in.ptr[v + 1]; ++e) has_fanout[in.col[e]] = 1;
  }
  std::vector<int32_t> order, stack;
  std::vector<int64_t> next(in.ptr.begin(), in.ptr.end() - 1);
  order.reserve(nodes);
  for (int64_t root = 0; root < nodes; ++root) {
    if (has_fanout[root] || level[root] < 0) continue;
    stack.push_back(static_cast<int32_t>(root));
    seen[root] = 1;
    while (!stack.empty()) {
      const int32_t v = stack.back();
      if (next[v] == in.ptr[v + 1]) {
        order.push_back(v);
        stack.pop_back();
        continue;
      }
      const int32_t u = in.col[next[v]++];
      if (!seen[u]) {
        seen[u] = 1;
        stack.push_back(u);
      }
    }
  }
  return order;
}

}  // namespace hwdesign
