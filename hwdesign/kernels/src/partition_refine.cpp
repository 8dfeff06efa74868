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
constexpr int64_t kPriced = 1024;       // gains count in fractions 1 / kPriced where there are prices
constexpr double kLoose = 0.05;         // by which a part may exceed its cap meanwhile
constexpr double kStep = 1.0;           // by which a price rises, in units, where a part is twice as heavy as its cap

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
  PinCounts pins;  // a search writes the counts of its own parts only
  bool nets;       // their cost is what counts
  std::vector<double> price;  // of weight in each part, in fractions 1 / kPriced of an edge's weight; may be empty
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
      move = {gain_of(a, v, a.low), v, a.low};
      found = true;
    }
    if (p < a.high && a.high < parts_ && open(v, a.high)) {
      const int64_t gain = gain_of(a, v, a.high);
      if (!found || gain > move.gain || (gain == move.gain && load_[a.high] < load_[a.low])) {
        move = {gain, v, a.high};
      }
      found = true;
    }
    return found;
  }

  int64_t gain_of(const Surroundings& around, int32_t v, int32_t to) const {
    const int32_t from = part_[v];
    const int64_t gain = s_.nets ? s_.pins.gain(part_, v, to) : edge_gain(around, from, to);
    if (s_.price.empty()) return gain;
    const double saved = (s_.price[from] - s_.price[to]) * static_cast<double>(dag_.weight[v]);
    return gain * kPriced + static_cast<int64_t>(saved);
  }

  void put(int32_t v, int32_t to) {
    const int32_t from = part_[v];
    load_[from] -= dag_.weight[v];
    load_[to] += dag_.weight[v];
    part_[v] = to;
    s_.pins.move(v, from, to);
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

class Refiner {
 public:
  Refiner(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const Workers& workers, const Goal& goal)
      : part_(part),
        shared_{dag,
                caps,
                workers,
                std::vector<uint8_t>(dag.nodes),
                std::vector<Held>(dag.nodes),
                PinCounts(goal, part, static_cast<int32_t>(caps.size())),
                goal.nets != nullptr,
                {}},
        load_(part_loads(dag, part, static_cast<int32_t>(caps.size()))),
        cost_(count_held(dag, part, workers, shared_.held)), block_((dag.nodes + kBlock - 1) / kBlock) {
    if (goal.nets) cost_ = cost_of(dag, goal, part);
  }

  int64_t cost() const { return cost_; }  // without prices
  const std::vector<int64_t>& load() const { return load_; }
  void set_prices(std::vector<double> price) { shared_.price = std::move(price); }

  // A search from every node that can move, in a shuffled order; returns the gain.
  int64_t round(int number, uint64_t seed, int patience) {
    const int32_t parts = static_cast<int32_t>(load_.size());
    const uint64_t key = stream_key(seed, number);
    for (size_t b = 0; b < block_.size(); ++b) block_[b] = static_cast<int32_t>(b);
    for (size_t b = block_.size(); b-- > 1;) std::swap(block_[b], block_[bounded(random_word(key, b), b + 1)]);
    std::fill(shared_.moved.begin(), shared_.moved.end(), 0);
    int64_t gain = 0;
    if (shared_.dag.nodes < kSplitNodes || parts < kSplitParts) {
      Search search(shared_, part_, load_, {0, parts, false});
      gain = search.round(block_, patience);
      load_ = search.load();
    } else {
      gain = two_searches(half_of_the_work(number), patience);
    }
    cost_ -= gain;
    return gain;
  }

 private:
  // Parts that give a search about half of what there is to look at, from the first part on or, every other round, from
  // the middle of that. The other half is what lies outside.
  Domain half_of_the_work(int number) const {
    const Dag& dag = shared_.dag;
    const int32_t parts = static_cast<int32_t>(load_.size());
    std::vector<std::vector<int64_t>> seen(shared_.workers.ranges_of(dag.nodes), std::vector<int64_t>(parts, 0));
    shared_.workers.ranges(dag.nodes, [&](int r, int64_t begin, int64_t end) {
      for (int64_t v = begin; v < end; ++v) {
        if (shared_.held[v].in > 0 && shared_.held[v].out > 0) continue;
        seen[r][part_[v]] += dag.in_ptr[v + 1] - dag.in_ptr[v] + dag.out_ptr[v + 1] - dag.out_ptr[v];
      }
    });
    std::vector<int64_t> before(parts + size_t{1}, 0);
    for (int32_t p = 0; p < parts; ++p) {
      before[p + 1] = before[p];
      for (const std::vector<int64_t>& range : seen) before[p + 1] += range[p];
    }
    auto border = [&](int quarters) {
      const auto at = std::lower_bound(before.begin(), before.end(), before.back() * quarters / 4);
      return static_cast<int32_t>(at - before.begin());
    };
    if (number % 2 == 0) return {0, std::clamp(border(2), 1, parts - 1), false};
    const int32_t first = std::clamp(border(1), 1, parts - 2);
    return {first, std::clamp(border(3), first + 1, parts - 1), false};
  }

  // In two domains, whose border lies elsewhere in every round.
  int64_t two_searches(const Domain& inside, int patience) {
    const Domain outside{inside.first, inside.last, true};
    std::vector<int32_t> other = part_;
    Search low(shared_, part_, load_, inside), high(shared_, other, load_, outside);
    int64_t gain[2] = {0, 0};
    shared_.workers.each(2, [&](int side) { gain[side] = (side == 0 ? low : high).round(block_, patience); });
    shared_.workers.ranges(shared_.dag.nodes, [&](int, int64_t begin, int64_t end) {
      for (int64_t v = begin; v < end; ++v) part_[v] = outside.holds(other[v]) ? other[v] : part_[v];
    });
    for (size_t p = 0; p < load_.size(); ++p) {
      load_[p] = (outside.holds(static_cast<int32_t>(p)) ? high : low).load()[p];
    }
    return gain[0] + gain[1];
  }

  std::vector<int32_t>& part_;
  Shared shared_;
  std::vector<int64_t> load_;
  int64_t cost_;
  std::vector<int32_t> block_;
};

}  // namespace

void refine(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const SearchEffort& effort, uint64_t seed,
            const Workers& workers, const Goal& goal) {
  Refiner refiner(dag, part, caps, workers, goal);
  for (int round = 0; round < effort.rounds; ++round) {
    const int64_t gain = refiner.round(round, seed, effort.patience);
    if (static_cast<double>(gain) <= effort.least * static_cast<double>(refiner.cost())) break;
  }
}

void refine_with_prices(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const PriceEffort& effort,
                        double unit, std::vector<double>& prices, uint64_t seed, const Workers& workers,
                        const Goal& goal) {
  prices.resize(caps.size(), 0.0);
  Caps loose = caps;
  for (int64_t& cap : loose) cap += static_cast<int64_t>(kLoose * static_cast<double>(cap));
  Refiner refiner(dag, part, loose, workers, goal);
  for (int round = 0; round < effort.rounds; ++round) {
    std::vector<double> scaled = prices;
    for (double& price : scaled) price *= unit * kPriced;
    refiner.set_prices(std::move(scaled));
    refiner.round(round, seed, effort.patience);
    for (size_t p = 0; p < caps.size(); ++p) {
      const double cap = static_cast<double>(std::max<int64_t>(caps[p], 1));
      prices[p] = std::max(0.0, prices[p] + kStep * (static_cast<double>(refiner.load()[p]) - cap) / cap);
    }
  }
}

}  // namespace hwdesign
