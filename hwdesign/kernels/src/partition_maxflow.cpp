#include "partition_maxflow.hpp"

#include <algorithm>

namespace hwdesign {

void MaxFlow::reset(int32_t nodes) {
  first_.assign(nodes, -1);
  next_.clear();
  to_.clear();
  left_.clear();
}

void MaxFlow::add(int32_t from, int32_t to, int64_t capacity, int64_t back_capacity) {
  to_.push_back(to);
  left_.push_back(capacity);
  next_.push_back(first_[from]);
  first_[from] = static_cast<int32_t>(to_.size()) - 1;
  to_.push_back(from);
  left_.push_back(back_capacity);
  next_.push_back(first_[to]);
  first_[to] = static_cast<int32_t>(to_.size()) - 1;
}

// Distances to the sink, so that the search from the source only walks towards it.
bool MaxFlow::make_levels(int32_t source, int32_t sink) {
  level_.assign(first_.size(), -1);
  level_[sink] = 0;
  queue_.assign(1, sink);
  for (size_t head = 0; head < queue_.size(); ++head) {
    const int32_t v = queue_[head];
    if (v == source) return true;
    for (int32_t a = first_[v]; a >= 0; a = next_[a]) {
      if (left_[a ^ 1] > 0 && level_[to_[a]] < 0) {
        level_[to_[a]] = level_[v] + 1;
        queue_.push_back(to_[a]);
      }
    }
  }
  return level_[source] >= 0;
}

int64_t MaxFlow::augment(int32_t source, int32_t sink) {
  int64_t total = 0;
  path_.clear();
  int32_t v = source;
  while (true) {
    if (v == sink) {
      int64_t most = kUnbounded;
      for (const int32_t a : path_) most = std::min(most, left_[a]);
      size_t keep = path_.size();
      for (size_t i = path_.size(); i-- > 0;) {
        left_[path_[i]] -= most;
        left_[path_[i] ^ 1] += most;
        if (left_[path_[i]] == 0) keep = i;
      }
      total += most;
      // On from the first arc that is full now.
      v = keep < path_.size() ? to_[path_[keep] ^ 1] : source;
      path_.resize(keep < path_.size() ? keep : 0);
      continue;
    }
    int32_t& a = at_[v];
    while (a >= 0 && !(left_[a] > 0 && level_[to_[a]] == level_[v] - 1)) a = next_[a];
    if (a >= 0) {
      path_.push_back(a);
      v = to_[a];
    } else if (path_.empty()) {
      return total;
    } else {
      v = to_[path_.back() ^ 1];
      path_.pop_back();
      at_[v] = next_[at_[v]];
    }
  }
}

int64_t MaxFlow::run(int32_t source, int32_t sink) {
  int64_t flow = 0;
  while (flow < kUnbounded && make_levels(source, sink)) {
    at_ = first_;
    flow += augment(source, sink);
  }
  return flow;
}

std::vector<uint8_t> MaxFlow::reached_from(int32_t source) const {
  std::vector<uint8_t> seen(first_.size(), 0);
  std::vector<int32_t> queue(1, source);
  seen[source] = 1;
  for (size_t head = 0; head < queue.size(); ++head) {
    for (int32_t a = first_[queue[head]]; a >= 0; a = next_[a]) {
      if (left_[a] > 0 && !seen[to_[a]]) {
        seen[to_[a]] = 1;
        queue.push_back(to_[a]);
      }
    }
  }
  return seen;
}

std::vector<uint8_t> MaxFlow::not_reaching(int32_t sink) const {
  std::vector<uint8_t> free(first_.size(), 1);
  std::vector<int32_t> queue(1, sink);
  free[sink] = 0;
  for (size_t head = 0; head < queue.size(); ++head) {
    for (int32_t a = first_[queue[head]]; a >= 0; a = next_[a]) {
      if (left_[a ^ 1] > 0 && free[to_[a]]) {
        free[to_[a]] = 0;
        queue.push_back(to_[a]);
      }
    }
  }
  return free;
}

}  // namespace hwdesign
