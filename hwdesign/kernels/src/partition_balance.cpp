#include <algorithm>
#include <vector>

#include "partition_refine.hpp"
#include "partition_threads.hpp"

namespace hwdesign {
namespace {

struct Move {
  int64_t gain;
  int32_t node, to;
  bool operator<(const Move& other) const { return gain != other.gain ? gain < other.gain : node > other.node; }
};

class Balancer {
 public:
  Balancer(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const Workers& workers)
      : dag_(dag), part_(part), caps_(caps), workers_(workers), parts_(static_cast<int32_t>(caps.size())),
        load_(part_loads(dag, part, parts_)) {}

  bool heavy() const {
    for (int32_t p = 0; p < parts_; ++p) {
      if (load_[p] > caps_[p]) return true;
    }
    return false;
  }

  // Moves what can move towards the nearest part with room; false where nothing could.
  bool pass() {
    distance_.assign(parts_, parts_ + 1);
    for (int32_t p = 0; p < parts_; ++p) {
      if (load_[p] < caps_[p]) distance_[p] = 0;
    }
    for (int32_t p = 1; p < parts_; ++p) distance_[p] = std::min(distance_[p], distance_[p - 1] + 1);
    for (int32_t p = parts_ - 1; p-- > 0;) distance_[p] = std::min(distance_[p], distance_[p + 1] + 1);
    collect();
    bool any = false;
    while (!queue_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end());
      const Move move = queue_.back();
      queue_.pop_back();
      const int32_t v = move.node, p = part_[v];
      if (load_[p] <= caps_[p] || p == move.to) continue;
      const Surroundings s = look_around(dag_, part_, parts_, v);
      if (move.to < s.low || move.to > s.high || !useful(v, move.to)) continue;
      load_[p] -= dag_.weight[v];
      load_[move.to] += dag_.weight[v];
      part_[v] = move.to;
      any = true;
      for (int64_t e = dag_.in_ptr[v]; e < dag_.in_ptr[v + 1]; ++e) offer(dag_.in[e]);
      for (int64_t e = dag_.out_ptr[v]; e < dag_.out_ptr[v + 1]; ++e) offer(dag_.out[e]);
    }
    return any;
  }

 private:
  // A full part may take more where that brings the excess nearer to a part with room.
  bool useful(int32_t v, int32_t to) const {
    return load_[to] + dag_.weight[v] <= caps_[to] || distance_[to] < distance_[part_[v]];
  }

  // Offers every node.
  void collect() {
    std::vector<std::vector<Move>> found(workers_.ranges_of(dag_.nodes));
    workers_.ranges(dag_.nodes, [&](int r, int64_t begin, int64_t end) {
      for (int64_t v = begin; v < end; ++v) {
        const Move move = best(static_cast<int32_t>(v));
        if (move.to >= 0) found[r].push_back(move);
      }
    });
    for (const std::vector<Move>& moves : found) queue_.insert(queue_.end(), moves.begin(), moves.end());
    std::make_heap(queue_.begin(), queue_.end());
  }

  void offer(int32_t v) {
    const Move move = best(v);
    if (move.to < 0) return;
    queue_.push_back(move);
    std::push_heap(queue_.begin(), queue_.end());
  }

  // The best move out of a part that is too heavy; `to` is -1 where there is none.
  Move best(int32_t v) const {
    const int32_t p = part_[v];
    Move best{INT64_MIN, v, -1};
    if (load_[p] <= caps_[p] || dag_.weight[v] == 0) return best;
    const Surroundings s = look_around(dag_, part_, parts_, v);
    for (const int32_t to : {s.low, s.high, p - 1, p + 1}) {
      if (to < 0 || to >= parts_ || to == p || to < s.low || to > s.high || !useful(v, to)) continue;
      const int64_t gain = edge_gain(s, p, to);
      if (gain > best.gain) best = {gain, v, to};
    }
    return best;
  }

  const Dag& dag_;
  std::vector<int32_t>& part_;
  const Caps& caps_;
  const Workers& workers_;
  int32_t parts_;
  std::vector<int64_t> load_;
  std::vector<int32_t> distance_;
  std::vector<Move> queue_;  // a heap
};

}  // namespace

bool rebalance(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, int passes,
               const Workers& workers) {
  Balancer balancer(dag, part, caps, workers);
  for (int i = 0; i < passes && balancer.heavy(); ++i) {
    if (!balancer.pass()) break;
  }
  return !balancer.heavy();
}

}  // namespace hwdesign
