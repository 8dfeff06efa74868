#include "partition_refine.hpp"

#include <algorithm>
#include <utility>

#include "partition_threads.hpp"
#include "rng.hpp"

namespace hwdesign {

int64_t cut_weight(const Dag& dag, const std::vector<int32_t>& part) {
  int64_t cut = 0;
  for (int32_t u = 0; u < dag.nodes; ++u) {
    for (int64_t e = dag.out_ptr[u]; e < dag.out_ptr[u + 1]; ++e) {
      if (part[dag.out[e]] != part[u]) cut += dag.out_w[e];
    }
  }
  return cut;
}

std::vector<int64_t> part_loads(const Dag& dag, const std::vector<int32_t>& part, int32_t parts) {
  std::vector<int64_t> load(parts, 0);
  for (int32_t v = 0; v < dag.nodes; ++v) load[part[v]] += dag.weight[v];
  return load;
}

int64_t excess_weight(const Dag& dag, const std::vector<int32_t>& part, const Caps& caps) {
  const std::vector<int64_t> load = part_loads(dag, part, static_cast<int32_t>(caps.size()));
  int64_t excess = 0;
  for (size_t p = 0; p < caps.size(); ++p) excess += std::max<int64_t>(0, load[p] - caps[p]);
  return excess;
}

namespace {

constexpr int32_t kBlock = 32;          // nodes visited in a row
constexpr int32_t kSplitNodes = 20000;  // graphs from this size on are searched in two domains
constexpr int32_t kSplitParts = 4;

}  // namespace

Surroundings look_around(const Dag& dag, const std::vector<int32_t>& part, int32_t parts, int32_t v) {
  Surroundings s{-1, parts, 0, 0};
  for (int64_t e = dag.in_ptr[v]; e < dag.in_ptr[v + 1]; ++e) {
    const int32_t p = part[dag.in[e]];
    if (p > s.low) s.low = p, s.low_w = 0;
    if (p == s.low) s.low_w += dag.in_w[e];
  }
  for (int64_t e = dag.out_ptr[v]; e < dag.out_ptr[v + 1]; ++e) {
    const int32_t p = part[dag.out[e]];
    if (p < s.high) s.high = p, s.high_w = 0;
    if (p == s.high) s.high_w += dag.out_w[e];
  }
  return s;
}

namespace {

struct Move {
  int64_t gain;
  int32_t node, to;
};

struct Worse {
  bool operator()(const Move& a, const Move& b) const {
    return a.gain != b.gain ? a.gain < b.gain : a.node > b.node;
  }
};

// The parts from `first` to before `last`, or, with `outside`, all others.
struct Domain {
  int32_t first, last;
  bool outside;
  bool holds(int32_t part) const { return (first <= part && part < last) != outside; }
};

// How many fan-ins and fan-outs stand in a node's own part. One of the first keeps it from moving down, one of the
// second from moving up, which tells most nodes from those that can move without a look at their neighbours.
struct Held {
  int32_t in = 0, out = 0;
};

// What both searches share. A search writes the entries of its own domain only.
struct Shared {
  const Dag& dag;
  const Caps& caps;
  const Workers& workers;
  std::vector<uint8_t> moved;
  std::vector<Held> held;
};

// Counts what holds each node; returns the weight of the cut.
int64_t count_held(const Dag& dag, const std::vector<int32_t>& part, const Workers& workers, std::vector<Held>& held) {
  std::vector<int64_t> cut(workers.ranges_of(dag.nodes), 0);
  workers.ranges(dag.nodes, [&](int r, int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v) {
      const int32_t p = part[v];
      Held mine;
      for (int64_t e = dag.in_ptr[v]; e < dag.in_ptr[v + 1]; ++e) mine.in += part[dag.in[e]] == p;
      for (int64_t e = dag.out_ptr[v]; e < dag.out_ptr[v + 1]; ++e) {
        const bool same = part[dag.out[e]] == p;
        mine.out += same;
        cut[r] += same ? 0 : dag.out_w[e];
      }
      held[v] = mine;
    }
  });
  int64_t total = 0;
  for (const int64_t c : cut) total += c;
  return total;
}

// Searches inside one domain, in parts of its own: what stands in the other domain counts as lying below, between or
// above, and no node leaves its domain. So two searches may run at once on copies of the partition.
class Search {
 public:
  Search(Shared& shared, std::vector<int32_t>& part, std::vector<int64_t> load, const Domain& domain)
      : s_(shared), dag_(shared.dag), part_(part), load_(std::move(load)),
        parts_(static_cast<int32_t>(shared.caps.size())), domain_(domain) {}

  const std::vector<int64_t>& load() const { return load_; }

  int64_t round(const std::vector<int32_t>& block, int patience) {
    int64_t gain = 0;
    Move first;
    for (const int32_t b : block) {
      s_.workers.check();
      const int32_t end = std::min(dag_.nodes, (b + 1) * kBlock);
      for (int32_t v = b * kBlock; v < end; ++v) {
        if (domain_.holds(part_[v]) && !s_.moved[v] && best(v, first)) gain += local(first, patience);
      }
    }
    return gain;
  }

 private:
  bool open(int32_t v, int32_t to) const {
    return domain_.holds(to) && load_[to] + dag_.weight[v] <= s_.caps[to];
  }

  // The best move of a node that respects order, caps and domain; false where there is none.
  bool best(int32_t v, Move& move) const {
    if (s_.held[v].in > 0 && s_.held[v].out > 0) return false;
    const Surroundings a = look_around(dag_, part_, parts_, v);
    const int32_t p = part_[v];
    bool found = false;
    if (0 <= a.low && a.low < p && open(v, a.low)) {
      move = {a.low_w - (a.high == p ? a.high_w : 0), v, a.low};
      found = true;
    }
    if (p < a.high && a.high < parts_ && open(v, a.high)) {
      const int64_t gain = a.high_w - (a.low == p ? a.low_w : 0);
      if (!found || gain > move.gain || (gain == move.gain && load_[a.high] < load_[a.low])) {
        move = {gain, v, a.high};
      }
      found = true;
    }
    return found;
  }

  void put(int32_t v, int32_t to) {
    const int32_t from = part_[v];
    load_[from] -= dag_.weight[v];
    load_[to] += dag_.weight[v];
    part_[v] = to;
    Held held;
    for (int64_t e = dag_.in_ptr[v]; e < dag_.in_ptr[v + 1]; ++e) {
      const int32_t u = dag_.in[e], p = part_[u];
      if (p == from) --s_.held[u].out;
      if (p == to) ++s_.held[u].out, ++held.in;
    }
    for (int64_t e = dag_.out_ptr[v]; e < dag_.out_ptr[v + 1]; ++e) {
      const int32_t w = dag_.out[e], p = part_[w];
      if (p == from) --s_.held[w].in;
      if (p == to) ++s_.held[w].in, ++held.out;
    }
    s_.held[v] = held;
  }

  void push(const Move& move) {
    heap_.push_back(move);
    std::push_heap(heap_.begin(), heap_.end(), Worse());
  }

  void offer(int32_t v) {
    Move move;
    if (domain_.holds(part_[v]) && !s_.moved[v] && best(v, move)) push(move);
  }

  int64_t local(const Move& first, int patience) {
    heap_.assign(1, first);
    log_.clear();
    int64_t total = 0, best_total = 0;
    size_t best_length = 0;
    Move now;
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), Worse());
      const Move top = heap_.back();
      heap_.pop_back();
      const int32_t v = top.node;
      if (s_.moved[v] || !best(v, now)) continue;
      if (now.gain < top.gain) {
        push(now);
        continue;
      }
      log_.push_back({0, v, part_[v]});
      put(v, now.to);
      s_.moved[v] = 1;
      total += now.gain;
      if (total > best_total) {
        best_total = total;
        best_length = log_.size();
      } else if (log_.size() - best_length > static_cast<size_t>(patience)) {
        break;
      }
      for (int64_t e = dag_.in_ptr[v]; e < dag_.in_ptr[v + 1]; ++e) offer(dag_.in[e]);
      for (int64_t e = dag_.out_ptr[v]; e < dag_.out_ptr[v + 1]; ++e) offer(dag_.out[e]);
    }
    for (; log_.size() > best_length; log_.pop_back()) {
      put(log_.back().node, log_.back().to);
      s_.moved[log_.back().node] = 0;
    }
    return best_total;
  }

  Shared& s_;
  const Dag& dag_;
  std::vector<int32_t>& part_;
  std::vector<int64_t> load_;
  int32_t parts_;
  Domain domain_;
  std::vector<Move> heap_, log_;
};

// A round of searches in two domains, whose border lies elsewhere in every round; returns the gain.
int64_t two_searches(Shared& shared, std::vector<int32_t>& part, std::vector<int64_t>& load, int32_t first,
                     const std::vector<int32_t>& block, int patience) {
  const int32_t half = static_cast<int32_t>(load.size()) / 2;
  const Domain inside{first, first + half, false}, outside{first, first + half, true};
  std::vector<int32_t> other = part;
  Search low(shared, part, load, inside), high(shared, other, load, outside);
  int64_t gain[2] = {0, 0};
  shared.workers.each(2, [&](int side) { gain[side] = (side == 0 ? low : high).round(block, patience); });
  shared.workers.ranges(shared.dag.nodes, [&](int, int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v) part[v] = outside.holds(other[v]) ? other[v] : part[v];
  });
  for (size_t p = 0; p < load.size(); ++p) load[p] = (outside.holds(static_cast<int32_t>(p)) ? high : low).load()[p];
  return gain[0] + gain[1];
}

}  // namespace

void refine(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const SearchEffort& effort, uint64_t seed,
            const Workers& workers) {
  const int32_t parts = static_cast<int32_t>(caps.size());
  Shared shared{dag, caps, workers, std::vector<uint8_t>(dag.nodes), std::vector<Held>(dag.nodes)};
  std::vector<int64_t> load = part_loads(dag, part, parts);
  const bool split = dag.nodes >= kSplitNodes && parts >= kSplitParts;
  int64_t cut = count_held(dag, part, workers, shared.held);
  std::vector<int32_t> block((dag.nodes + kBlock - 1) / kBlock);
  for (int round = 0; round < effort.rounds; ++round) {
    const uint64_t key = stream_key(seed, round);
    for (size_t b = 0; b < block.size(); ++b) block[b] = static_cast<int32_t>(b);
    for (size_t b = block.size(); b-- > 1;) std::swap(block[b], block[bounded(random_word(key, b), b + 1)]);
    std::fill(shared.moved.begin(), shared.moved.end(), 0);
    int64_t gain = 0;
    if (!split) {
      Search search(shared, part, load, {0, parts, false});
      gain = search.round(block, effort.patience);
      load = search.load();
    } else {
      gain = two_searches(shared, part, load, round % 2 == 0 ? 0 : parts / 4, block, effort.patience);
    }
    cut -= gain;
    if (static_cast<double>(gain) <= effort.least * static_cast<double>(cut)) break;
  }
}

}  // namespace hwdesign
