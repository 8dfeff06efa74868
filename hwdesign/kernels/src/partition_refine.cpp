#include "partition_refine.hpp"

#include <algorithm>

#include "aigsim_threads.hpp"
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

// Two searches may run at once, each in parts of its own; a node never changes sides, but its part may be written while
// the other search reads it, which then learns only on which side it is.
int32_t read_part(const std::vector<int32_t>& part, int32_t v) { return __atomic_load_n(&part[v], __ATOMIC_RELAXED); }

}  // namespace

Surroundings look_around(const Dag& dag, const std::vector<int32_t>& part, int32_t parts, int32_t v) {
  Surroundings s{-1, parts, 0, 0};
  for (int64_t e = dag.in_ptr[v]; e < dag.in_ptr[v + 1]; ++e) {
    const int32_t p = read_part(part, dag.in[e]);
    if (p > s.low) s.low = p, s.low_w = 0;
    if (p == s.low) s.low_w += dag.in_w[e];
  }
  for (int64_t e = dag.out_ptr[v]; e < dag.out_ptr[v + 1]; ++e) {
    const int32_t p = read_part(part, dag.out[e]);
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

struct Shared {
  const Dag& dag;
  std::vector<int32_t>& part;
  const Caps& caps;
  std::vector<int64_t> load;
  std::vector<uint8_t> moved;
  std::vector<Held> held;  // a search touches the entries of its own domain only
};

// Counts what holds each node; returns the weight of the cut.
int64_t count_held(Shared& s, int threads) {
  const Dag& dag = s.dag;
  const int workers = dag.nodes >= kSplitNodes ? std::max(threads, 1) : 1;
  std::vector<int64_t> cut(workers, 0);
  run_threads(workers, [&](int worker) {
    const int32_t end = static_cast<int32_t>(static_cast<int64_t>(dag.nodes) * (worker + 1) / workers);
    int64_t sum = 0;
    for (int32_t v = static_cast<int32_t>(static_cast<int64_t>(dag.nodes) * worker / workers); v < end; ++v) {
      const int32_t p = s.part[v];
      Held held;
      for (int64_t e = dag.in_ptr[v]; e < dag.in_ptr[v + 1]; ++e) held.in += s.part[dag.in[e]] == p;
      for (int64_t e = dag.out_ptr[v]; e < dag.out_ptr[v + 1]; ++e) {
        const bool same = s.part[dag.out[e]] == p;
        held.out += same;
        sum += same ? 0 : dag.out_w[e];
      }
      s.held[v] = held;
    }
    cut[worker] = sum;
  });
  int64_t total = 0;
  for (const int64_t c : cut) total += c;
  return total;
}

// Searches inside one domain. What stands in the other one counts as lying below, between or above, which is the same
// whatever the other search does: so two searches may run at once, and do what they would do one after the other.
class Search {
 public:
  Search(Shared& shared, const Domain& domain)
      : s_(shared), dag_(shared.dag), parts_(static_cast<int32_t>(shared.caps.size())), domain_(domain) {}

  int64_t round(const std::vector<int32_t>& block, int patience) {
    int64_t gain = 0;
    Move first;
    for (const int32_t b : block) {
      const int32_t end = std::min(dag_.nodes, (b + 1) * kBlock);
      for (int32_t v = b * kBlock; v < end; ++v) {
        if (domain_.holds(read_part(s_.part, v)) && !s_.moved[v] && best(v, first)) gain += local(first, patience);
      }
    }
    return gain;
  }

 private:
  bool open(int32_t v, int32_t to) const {
    return domain_.holds(to) && s_.load[to] + dag_.weight[v] <= s_.caps[to];
  }

  // The best move of a node that respects order, caps and domain; false where there is none.
  bool best(int32_t v, Move& move) const {
    if (s_.held[v].in > 0 && s_.held[v].out > 0) return false;
    const Surroundings a = look_around(dag_, s_.part, parts_, v);
    const int32_t p = s_.part[v];
    bool found = false;
    if (0 <= a.low && a.low < p && open(v, a.low)) {
      move = {a.low_w - (a.high == p ? a.high_w : 0), v, a.low};
      found = true;
    }
    if (p < a.high && a.high < parts_ && open(v, a.high)) {
      const int64_t gain = a.high_w - (a.low == p ? a.low_w : 0);
      if (!found || gain > move.gain || (gain == move.gain && s_.load[a.high] < s_.load[a.low])) {
        move = {gain, v, a.high};
      }
      found = true;
    }
    return found;
  }

  void put(int32_t v, int32_t to) {
    const int32_t from = s_.part[v];
    s_.load[from] -= dag_.weight[v];
    s_.load[to] += dag_.weight[v];
    __atomic_store_n(&s_.part[v], to, __ATOMIC_RELAXED);
    Held held;
    for (int64_t e = dag_.in_ptr[v]; e < dag_.in_ptr[v + 1]; ++e) {
      const int32_t u = dag_.in[e], p = read_part(s_.part, u);
      if (p == from) --s_.held[u].out;
      if (p == to) ++s_.held[u].out, ++held.in;
    }
    for (int64_t e = dag_.out_ptr[v]; e < dag_.out_ptr[v + 1]; ++e) {
      const int32_t w = dag_.out[e], p = read_part(s_.part, w);
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
    if (domain_.holds(read_part(s_.part, v)) && !s_.moved[v] && best(v, move)) push(move);
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
      log_.push_back({0, v, s_.part[v]});
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
  int32_t parts_;
  Domain domain_;
  std::vector<Move> heap_, log_;
};

}  // namespace

void refine(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const SearchEffort& effort, uint64_t seed,
            int threads) {
  const int32_t parts = static_cast<int32_t>(caps.size());
  Shared shared{dag, part, caps, part_loads(dag, part, parts), std::vector<uint8_t>(dag.nodes),
                std::vector<Held>(dag.nodes)};
  const bool split = dag.nodes >= kSplitNodes && parts >= kSplitParts;
  int64_t cut = count_held(shared, threads);
  std::vector<int32_t> block((dag.nodes + kBlock - 1) / kBlock);
  for (int round = 0; round < effort.rounds; ++round) {
    const uint64_t key = stream_key(seed, round);
    for (size_t b = 0; b < block.size(); ++b) block[b] = static_cast<int32_t>(b);
    for (size_t b = block.size(); b-- > 1;) std::swap(block[b], block[bounded(random_word(key, b), b + 1)]);
    std::fill(shared.moved.begin(), shared.moved.end(), 0);
    int64_t gain[2] = {0, 0};
    if (!split) {
      gain[0] = Search(shared, {0, parts, false}).round(block, effort.patience);
    } else {
      // The border between the domains lies elsewhere in every round.
      const int32_t first = round % 2 == 0 ? 0 : parts / 4;
      auto body = [&](int side) {
        gain[side] = Search(shared, {first, first + parts / 2, side == 1}).round(block, effort.patience);
      };
      if (threads > 1) {
        run_threads(2, body);
      } else {
        body(0);
        body(1);
      }
    }
    cut -= gain[0] + gain[1];
    if (static_cast<double>(gain[0] + gain[1]) <= effort.least * static_cast<double>(cut)) break;
  }
}

}  // namespace hwdesign
