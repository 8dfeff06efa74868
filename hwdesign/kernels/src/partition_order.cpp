#include "partition_order.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "rng.hpp"

namespace hwdesign {
namespace {

struct Ready {
  int32_t part;  // lower first
  int64_t score;
  uint64_t tie;
  int32_t node;
  bool operator<(const Ready& other) const {
    if (part != other.part) return part > other.part;
    if (score != other.score) return score < other.score;
    return tie != other.tie ? tie < other.tie : node > other.node;
  }
};

}  // namespace

std::vector<int32_t> grow(const Dag& dag, Growth growth, bool backward, uint64_t seed, const int32_t* part) {
  const auto& ptr = backward ? dag.in_ptr : dag.out_ptr;
  const auto& to = backward ? dag.in : dag.out;
  const auto& back_ptr = backward ? dag.out_ptr : dag.in_ptr;
  const auto& w = backward ? dag.in_w : dag.out_w;
  const auto& back_w = backward ? dag.out_w : dag.in_w;
  std::vector<int32_t> pending(dag.nodes), order;
  order.reserve(dag.nodes);
  std::priority_queue<Ready> queue;
  int64_t clock = 0;
  auto ready = [&](int32_t v) {
    const uint64_t random = random_word(seed, v);
    Ready r{part ? (backward ? -part[v] : part[v]) : 0, 0, random, v};
    if (growth == Growth::kLevel) r.score = -clock;
    if (growth == Growth::kDepth) r.score = clock;
    if (growth == Growth::kGain) {
      for (int64_t e = back_ptr[v]; e < back_ptr[v + 1]; ++e) r.score += back_w[e];
      for (int64_t e = ptr[v]; e < ptr[v + 1]; ++e) r.score -= w[e];
      r.tie = (static_cast<uint64_t>(clock) << 20) | (random >> 44);
    }
    queue.push(r);
  };
  for (int32_t v = 0; v < dag.nodes; ++v) {
    pending[v] = static_cast<int32_t>(back_ptr[v + 1] - back_ptr[v]);
    if (pending[v] == 0) ready(v);
  }
  while (!queue.empty()) {
    const int32_t v = queue.top().node;
    queue.pop();
    order.push_back(v);
    ++clock;
    for (int64_t e = ptr[v]; e < ptr[v + 1]; ++e) {
      if (--pending[to[e]] == 0) ready(to[e]);
    }
  }
  if (backward) std::reverse(order.begin(), order.end());
  return order;
}

std::vector<int32_t> order_by_key(const Dag& dag, const std::vector<int64_t>& key) {
  using Entry = std::pair<int64_t, int32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> queue;
  std::vector<int64_t> pending(dag.nodes);
  for (int32_t v = 0; v < dag.nodes; ++v) {
    pending[v] = dag.in_ptr[v + 1] - dag.in_ptr[v];
    if (pending[v] == 0) queue.emplace(key[v], v);
  }
  std::vector<int32_t> order;
  order.reserve(dag.nodes);
  while (!queue.empty()) {
    const int32_t v = queue.top().second;
    queue.pop();
    order.push_back(v);
    for (int64_t e = dag.out_ptr[v]; e < dag.out_ptr[v + 1]; ++e) {
      if (--pending[dag.out[e]] == 0) queue.emplace(key[dag.out[e]], dag.out[e]);
    }
  }
  return order;
}

std::vector<int32_t> slice_order(const Dag& dag, const std::vector<int32_t>& order, int32_t parts, int64_t cap) {
  int64_t low = cap, high = std::max(cap, dag.total);
  std::vector<int32_t> part(dag.nodes, 0);
  // Node by node; a part ends where its share is reached, or where the next node would break `most`.
  auto fits = [&](int64_t most) {
    int64_t load = 0, before = 0;
    int32_t p = 0;
    for (const int32_t v : order) {
      const int64_t w = dag.weight[v];
      const double middle = static_cast<double>(before) + 0.5 * static_cast<double>(w);
      const int32_t share = dag.total > 0 ? static_cast<int32_t>(middle * parts / static_cast<double>(dag.total)) : 0;
      const int32_t at = std::min(share, parts - 1);
      if (at > p || (load > 0 && load + w > most)) {
        if (p + 1 >= parts) return false;
        p = std::max(p + 1, at);
        load = 0;
      }
      part[v] = p;
      load += w;
      before += w;
    }
    return true;
  };
  if (fits(cap)) return part;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (fits(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  fits(high);
  return part;
}

}  // namespace hwdesign
