#include "partition_flow.hpp"

#include <algorithm>
#include <utility>

#include "partition_maxflow.hpp"
#include "partition_threads.hpp"

namespace hwdesign {
namespace {

constexpr int kShrinks = 6;
constexpr int64_t kSmallest = 8;  // nodes of a side below which shrinking ends

class PairRefiner {
 public:
  PairRefiner(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const Goal& goal)
      : dag_(dag), part_(part), caps_(caps), goal_(goal),
        load_(part_loads(dag, part, static_cast<int32_t>(caps.size()))), members_(caps.size()),
        local_(dag.nodes, kOutside), seen_(goal.nets ? goal.nets->size() : 0, 0) {
    for (int32_t v = 0; v < dag.nodes; ++v) members_[part[v]].push_back(v);
  }

  // True where something was gained.
  bool refine(int32_t low, int32_t high, double reach) {
    low_ = low;
    high_ = high;
    std::vector<int32_t> border = border_nodes();
    if (border.empty()) return false;
    // A side may take what it has room for, and more, as some goes the other way.
    const int64_t slack =
        std::max<int64_t>(caps_[low] - load_[low], 0) + std::max<int64_t>(caps_[high] - load_[high], 0);
    for (int i = 0; i < kShrinks; ++i, reach /= 2) {
      const int64_t limit = std::max<int64_t>(static_cast<int64_t>(reach * static_cast<double>(slack) / 2), kSmallest);
      grow_region(border, limit);
      const Outcome outcome = cut_region();
      for (const int32_t v : region_) local_[v] = kOutside;
      if (outcome == kMoved) return true;
      if (outcome == kNothing || limit == kSmallest) return false;
    }
    return false;
  }

 private:
  enum Outcome { kMoved, kNothing, kTooHeavy };
  static constexpr int32_t kOutside = -1;

  std::vector<int32_t> border_nodes() const {
    std::vector<int32_t> border;
    for (const int32_t u : members_[low_]) {
      for (int64_t e = dag_.out_ptr[u]; e < dag_.out_ptr[u + 1]; ++e) {
        if (part_[dag_.out[e]] == high_) {
          border.push_back(u);
          break;
        }
      }
    }
    for (const int32_t v : members_[high_]) {
      for (int64_t e = dag_.in_ptr[v]; e < dag_.in_ptr[v + 1]; ++e) {
        if (part_[dag_.in[e]] == low_) {
          border.push_back(v);
          break;
        }
      }
    }
    return border;
  }

  // Breadth-first from the border, each side up to `limit`.
  void grow_region(const std::vector<int32_t>& border, int64_t limit) {
    region_.clear();
    int64_t weight[2] = {0, 0};
    auto take = [&](int32_t v) {
      if (local_[v] != kOutside || (part_[v] != low_ && part_[v] != high_)) return;
      int64_t& side = weight[part_[v] == high_];
      if (side + dag_.weight[v] > limit) return;
      side += dag_.weight[v];
      local_[v] = static_cast<int32_t>(region_.size());
      region_.push_back(v);
    };
    for (const int32_t v : border) take(v);
    for (size_t i = 0; i < region_.size(); ++i) {
      const int32_t v = region_[i];
      for (int64_t e = dag_.in_ptr[v]; e < dag_.in_ptr[v + 1]; ++e) take(dag_.in[e]);
      for (int64_t e = dag_.out_ptr[v]; e < dag_.out_ptr[v + 1]; ++e) take(dag_.out[e]);
    }
  }

  // Nodes 0 and 1 of the network are the lower part and the higher part outside the region.
  int32_t place(int32_t v) const {
    if (local_[v] != kOutside) return local_[v] + 2;
    return part_[v] == low_ ? 0 : 1;
  }

  // Arcs along the edges between region and parts, unbounded against the edge; returns what the border cuts now.
  int64_t add_edges() {
    int64_t before = 0;
    auto add = [&](int32_t from, int32_t to, int32_t weight) {
      if (goal_.nets) weight = 0;  // an edge binds the order and costs nothing by itself
      flow_.add(place(from), place(to), weight, MaxFlow::kUnbounded);
      if (part_[from] != part_[to]) before += weight;
    };
    for (const int32_t v : region_) {
      for (int64_t e = dag_.out_ptr[v]; e < dag_.out_ptr[v + 1]; ++e) {
        const int32_t w = dag_.out[e], p = part_[w];
        if (p == low_ || p == high_) {
          add(v, w, dag_.out_w[e]);
        } else if (p < high_) {
          flow_.add(0, place(v), MaxFlow::kUnbounded, 0);  // a fan-out in between holds it back
        }
      }
      for (int64_t e = dag_.in_ptr[v]; e < dag_.in_ptr[v + 1]; ++e) {
        const int32_t u = dag_.in[e], p = part_[u];
        if (p == low_ || p == high_) {
          if (local_[u] == kOutside) add(u, v, dag_.in_w[e]);  // otherwise added from the other end
        } else if (p > low_) {
          flow_.add(place(v), 1, MaxFlow::kUnbounded, 0);
        }
      }
    }
    return before;
  }

  void find_nets() {
    found_.clear();
    if (!goal_.nets) return;
    for (const int32_t v : region_) {
      for (int64_t e = goal_.nets->net_ptr[v]; e < goal_.nets->net_ptr[v + 1]; ++e) {
        const int32_t n = goal_.nets->net[e];
        if (seen_[n]) continue;
        seen_[n] = 1;
        found_.push_back(n);
      }
    }
    for (const int32_t n : found_) seen_[n] = 0;
  }

  // For each net an arc of capacity 1 that every path from pin to pin takes. A net with pins in other parts counts for
  // the volume alone: as a net it is cut anyway.
  int64_t add_nets() {
    int64_t before = 0;
    int32_t entry = static_cast<int32_t>(region_.size()) + 2;
    for (const int32_t n : found_) {
      bool low = false, high = false, other = false;
      for (int64_t i = goal_.nets->pin_ptr[n]; i < goal_.nets->pin_ptr[n + 1]; ++i) {
        const int32_t p = part_[goal_.nets->pin[i]];
        (p == low_ ? low : p == high_ ? high : other) = true;
      }
      if (other && goal_.objective == Objective::kNet) continue;
      before += low && high;
      flow_.add(entry, entry + 1, 1, 0);
      bool outside[2] = {false, false};
      for (int64_t i = goal_.nets->pin_ptr[n]; i < goal_.nets->pin_ptr[n + 1]; ++i) {
        const int32_t v = goal_.nets->pin[i];
        if (part_[v] != low_ && part_[v] != high_) continue;
        const int32_t at = place(v);
        if (at < 2 && std::exchange(outside[at], true)) continue;
        flow_.add(at, entry, MaxFlow::kUnbounded, 0);
        flow_.add(entry + 1, at, MaxFlow::kUnbounded, 0);
      }
      entry += 2;
    }
    return before;
  }

  Outcome cut_region() {
    find_nets();
    flow_.reset(static_cast<int32_t>(region_.size() + 2 * found_.size()) + 2);
    const int64_t before = add_edges() + add_nets();
    if (flow_.run(0, 1) >= before) return kNothing;
    for (const bool smallest_low : {true, false}) {
      const std::vector<uint8_t> lower = smallest_low ? flow_.reached_from(0) : flow_.not_reaching(1);
      int64_t shift = 0;
      for (size_t i = 0; i < region_.size(); ++i) {
        const int32_t v = region_[i];
        if (lower[i + 2] && part_[v] == high_) shift += dag_.weight[v];
        if (!lower[i + 2] && part_[v] == low_) shift -= dag_.weight[v];
      }
      if (load_[low_] + shift > std::max(caps_[low_], load_[low_]) ||
          load_[high_] - shift > std::max(caps_[high_], load_[high_])) {
        continue;
      }
      for (size_t i = 0; i < region_.size(); ++i) part_[region_[i]] = lower[i + 2] ? low_ : high_;
      load_[low_] += shift;
      load_[high_] -= shift;
      std::vector<int32_t> both = std::move(members_[low_]);
      both.insert(both.end(), members_[high_].begin(), members_[high_].end());
      members_[low_].clear();
      members_[high_].clear();
      for (const int32_t v : both) members_[part_[v]].push_back(v);
      return kMoved;
    }
    return kTooHeavy;
  }

  const Dag& dag_;
  std::vector<int32_t>& part_;
  const Caps& caps_;
  Goal goal_;
  std::vector<int64_t> load_;
  std::vector<std::vector<int32_t>> members_;
  std::vector<int32_t> local_, region_;
  std::vector<uint8_t> seen_;   // of each net
  std::vector<int32_t> found_;  // nets with pins in the region
  MaxFlow flow_;
  int32_t low_ = 0, high_ = 0;
};

}  // namespace

void refine_by_flows(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const FlowEffort& effort,
                     const Workers& workers, const Goal& goal) {
  const size_t parts = caps.size();
  PairRefiner refiner(dag, part, caps, goal);
  std::vector<uint8_t> active(parts, 1);
  for (int round = 0; round < effort.rounds; ++round) {
    std::vector<std::pair<int32_t, int32_t>> pairs;
    for (int32_t u = 0; u < dag.nodes; ++u) {
      for (int64_t e = dag.out_ptr[u]; e < dag.out_ptr[u + 1]; ++e) {
        const int32_t a = part[u], b = part[dag.out[e]];
        if (a != b && (active[a] || active[b])) pairs.emplace_back(a, b);
      }
      if (pairs.size() > 64 * parts * parts) {
        std::sort(pairs.begin(), pairs.end());
        pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
      }
    }
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    std::fill(active.begin(), active.end(), 0);
    bool any = false;
    for (const auto& [a, b] : pairs) {
      workers.check();
      if (!refiner.refine(a, b, effort.reach)) continue;
      active[a] = active[b] = 1;
      any = true;
    }
    if (!any) break;
  }
}

}  // namespace hwdesign
