#include "partition_coarsen.hpp"

#include <algorithm>
#include <limits>

#include "partition_threads.hpp"
#include "rng.hpp"

namespace hwdesign {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kCandidates = 4;          // best-rated neighbours that are checked
constexpr int64_t kFan = 8;             // neighbours through which siblings are sought
constexpr int32_t kBlock = 64;          // nodes visited in a row
constexpr int32_t kSplitNodes = 20000;  // graphs from this size on are matched in two halves

// What both halves share. A half writes the mates of its own nodes only.
struct Matching {
  const Dag& dag;
  const int32_t* part;
  int64_t max_weight;
  uint64_t seed;
  double border;  // potentials of the lower half stay below, those of the upper half above
  std::vector<double> potential;
  std::vector<uint8_t> upper;    // 1 for nodes of the upper half
  std::vector<float> lightness;  // 1 / weight
  std::vector<int32_t> mate;
};

class Matcher {
 public:
  Matcher(Matching& shared, uint8_t half, const Workers& workers)
      : m_(shared), dag_(shared.dag), workers_(workers), floor_(half == 0 ? -kInfinity : shared.border),
        ceiling_(half == 0 ? shared.border : kInfinity), potential_(dag_.nodes), free_(dag_.nodes) {
    for (int32_t v = 0; v < dag_.nodes; ++v) {
      free_[v] = m_.upper[v] == half;
      potential_[v] = free_[v] ? m_.potential[v] : m_.border;
    }
  }

  void run() {
    // Blocks of neighbours in a shuffled order: random enough not to follow the numbering, local enough for the cache.
    const int32_t blocks = (dag_.nodes + kBlock - 1) / kBlock;
    std::vector<int32_t> block(blocks);
    for (int32_t b = 0; b < blocks; ++b) block[b] = b;
    for (int32_t b = blocks - 1; b > 0; --b) std::swap(block[b], block[bounded(random_word(m_.seed, b), b + 1)]);
    for (const bool siblings : {false, true}) {
      for (const int32_t b : block) {
        workers_.check();
        const int32_t end = std::min(dag_.nodes, (b + 1) * kBlock);
        for (int32_t v = b * kBlock; v < end; ++v) {
          if (!free_[v]) continue;
          found_ = 0;
          if (siblings) {
            offer_siblings(v);
          } else {
            offer_neighbours(v);
          }
          if (found_ == 0) continue;
          const Window window = window_of(v);
          for (int i = 0; i < found_; ++i) {
            if (merge(v, window, best_[i].node)) break;
          }
        }
      }
    }
  }

 private:
  // The two highest fan-ins of a node and its two lowest fan-outs: where its own potential may lie, and where it may
  // with one of them aside.
  struct Window {
    double low[2], high[2];
    int32_t lowest, highest;
  };

  Window window_of(int32_t u) const {
    Window w{{floor_, floor_}, {ceiling_, ceiling_}, -1, -1};
    for (int64_t e = dag_.in_ptr[u]; e < dag_.in_ptr[u + 1]; ++e) {
      const double at = potential_[dag_.in[e]];
      w.lowest = at > w.low[0] ? dag_.in[e] : w.lowest;
      w.low[1] = std::max(w.low[1], std::min(w.low[0], at));
      w.low[0] = std::max(w.low[0], at);
    }
    for (int64_t e = dag_.out_ptr[u]; e < dag_.out_ptr[u + 1]; ++e) {
      const double at = potential_[dag_.out[e]];
      w.highest = at < w.high[0] ? dag_.out[e] : w.highest;
      w.high[1] = std::min(w.high[1], std::max(w.high[0], at));
      w.high[0] = std::min(w.high[0], at);
    }
    return w;
  }

  // Merges u, which has this window, with v where one potential fits both.
  bool merge(int32_t u, const Window& window, int32_t v) {
    double low = window.low[v == window.lowest], high = window.high[v == window.highest];
    for (int64_t e = dag_.in_ptr[v]; e < dag_.in_ptr[v + 1]; ++e) {
      low = std::max(low, dag_.in[e] == u ? floor_ : potential_[dag_.in[e]]);
    }
    if (low >= high) return false;
    for (int64_t e = dag_.out_ptr[v]; e < dag_.out_ptr[v + 1]; ++e) {
      high = std::min(high, dag_.out[e] == u ? ceiling_ : potential_[dag_.out[e]]);
    }
    double at = (potential_[u] + potential_[v]) / 2;
    if (!(low < at && at < high)) {
      if (low == -kInfinity) {
        at = high - 1;
      } else {
        at = high == kInfinity ? low + 1 : (low + high) / 2;
      }
    }
    if (!(low < at && at < high)) return false;
    potential_[u] = potential_[v] = at;
    free_[u] = free_[v] = 0;
    m_.mate[u] = v;
    m_.mate[v] = u;
    return true;
  }

  struct Candidate {
    float rating;
    int32_t node;
  };

  // Heavy edges first, and light nodes, so that clusters grow evenly.
  void offer(int32_t u, int32_t v, int32_t weight) {
    if (!free_[v] || v == u) return;
    const float rating = static_cast<float>(weight) * m_.lightness[v];
    if (found_ == kCandidates && rating <= best_[kCandidates - 1].rating) return;
    if ((m_.part && m_.part[v] != m_.part[u]) || dag_.weight[u] + dag_.weight[v] > m_.max_weight) return;
    int i = found_ < kCandidates ? found_++ : kCandidates - 1;
    for (; i > 0 && best_[i - 1].rating < rating; --i) best_[i] = best_[i - 1];
    best_[i] = {rating, v};
  }

  void offer_neighbours(int32_t u) {
    for (int64_t e = dag_.out_ptr[u]; e < dag_.out_ptr[u + 1]; ++e) offer(u, dag_.out[e], dag_.out_w[e]);
    for (int64_t e = dag_.in_ptr[u]; e < dag_.in_ptr[u + 1]; ++e) offer(u, dag_.in[e], dag_.in_w[e]);
  }

  // For nodes without a free neighbour: nodes that share a fan-in or a fan-out.
  void offer_siblings(int32_t u) {
    const int64_t in_end = std::min(dag_.in_ptr[u + 1], dag_.in_ptr[u] + kFan);
    for (int64_t e = dag_.in_ptr[u]; e < in_end; ++e) {
      const int32_t p = dag_.in[e];
      const int64_t end = std::min(dag_.out_ptr[p + 1], dag_.out_ptr[p] + kFan);
      for (int64_t f = dag_.out_ptr[p]; f < end; ++f) offer(u, dag_.out[f], std::min(dag_.in_w[e], dag_.out_w[f]));
    }
    const int64_t out_end = std::min(dag_.out_ptr[u + 1], dag_.out_ptr[u] + kFan);
    for (int64_t e = dag_.out_ptr[u]; e < out_end; ++e) {
      const int32_t s = dag_.out[e];
      const int64_t end = std::min(dag_.in_ptr[s + 1], dag_.in_ptr[s] + kFan);
      for (int64_t f = dag_.in_ptr[s]; f < end; ++f) offer(u, dag_.in[f], std::min(dag_.out_w[e], dag_.in_w[f]));
    }
  }

  Matching& m_;
  const Dag& dag_;
  const Workers& workers_;
  double floor_, ceiling_;
  std::vector<double> potential_;  // the other half's nodes all stand at the border
  std::vector<uint8_t> free_;      // nodes of this half without a mate
  Candidate best_[kCandidates] = {};
  int found_ = 0;
};

// Longest-path levels as potentials, sources aside, which stand just before their first fan-out; and a border at the
// median.
void set_potentials(Matching& m, const Workers& workers) {
  const Dag& dag = m.dag;
  std::vector<int32_t> count(2, 0);
  for (int32_t v = 0; v < dag.nodes; ++v) {
    double level = 0;
    for (int64_t e = dag.in_ptr[v]; e < dag.in_ptr[v + 1]; ++e) level = std::max(level, m.potential[dag.in[e]] + 1);
    m.potential[v] = level;
    if (static_cast<size_t>(level) >= count.size()) count.push_back(0);
  }
  workers.ranges(dag.nodes, [&](int, int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v) {
      m.lightness[v] = 1.0f / static_cast<float>(std::max<int64_t>(1, dag.weight[v]));
      if (dag.in_ptr[v] == dag.in_ptr[v + 1] && dag.out_ptr[v] < dag.out_ptr[v + 1]) {
        double first = kInfinity;
        for (int64_t e = dag.out_ptr[v]; e < dag.out_ptr[v + 1]; ++e) first = std::min(first, m.potential[dag.out[e]]);
        m.potential[v] = first - 1;
      }
    }
  });
  if (dag.nodes < kSplitNodes) {
    m.border = kInfinity;
    return;
  }
  for (const double level : m.potential) ++count[static_cast<size_t>(level)];
  size_t middle = 0;
  for (int64_t below = 0; middle < count.size() && below < dag.nodes / 2; ++middle) below += count[middle];
  m.border = static_cast<double>(middle) - 0.5;
  for (int32_t v = 0; v < dag.nodes; ++v) m.upper[v] = m.potential[v] > m.border;
}

}  // namespace

std::vector<int32_t> match(const Dag& dag, const int32_t* part, int64_t max_weight, uint64_t seed,
                           const Workers& workers, int32_t& clusters) {
  Matching m{dag, part, max_weight, seed, kInfinity, std::vector<double>(dag.nodes), std::vector<uint8_t>(dag.nodes),
             std::vector<float>(dag.nodes), std::vector<int32_t>(dag.nodes, -1)};
  set_potentials(m, workers);
  workers.each(m.border == kInfinity ? 1 : 2, [&](int half) { Matcher(m, static_cast<uint8_t>(half), workers).run(); });
  // Pairs are numbered by their lower node.
  const std::vector<int32_t>& mate = m.mate;
  auto leads = [&](int64_t v) { return mate[v] < 0 || v < mate[v]; };
  std::vector<int32_t> led(workers.ranges_of(dag.nodes) + 1, 0), cluster(dag.nodes);
  workers.ranges(dag.nodes, [&](int r, int64_t begin, int64_t end) {
    int32_t leaders = 0;
    for (int64_t v = begin; v < end; ++v) leaders += leads(v);
    led[r + 1] = leaders;
  });
  for (size_t r = 1; r < led.size(); ++r) led[r] += led[r - 1];
  workers.ranges(dag.nodes, [&](int r, int64_t begin, int64_t end) {
    int32_t next = led[r];
    for (int64_t v = begin; v < end; ++v) {
      if (!leads(v)) continue;
      cluster[v] = next;
      if (mate[v] >= 0) cluster[mate[v]] = next;
      ++next;
    }
  });
  clusters = led.back();
  return cluster;
}

}  // namespace hwdesign
