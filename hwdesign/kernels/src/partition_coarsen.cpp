#include "partition_coarsen.hpp"

#include <algorithm>
#include <limits>

#include "aigsim_threads.hpp"
#include "rng.hpp"

namespace hwdesign {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kCandidates = 4;          // best-rated neighbours that are checked
constexpr int64_t kFan = 8;             // neighbours through which siblings are sought
constexpr int32_t kBlock = 64;          // nodes visited in a row
constexpr int32_t kSplitNodes = 20000;  // graphs from this size on are matched in two halves

struct Window {
  double low = -kInfinity, high = kInfinity;
};

// What both halves share. A half touches the entries of its own nodes only.
struct Matching {
  const Dag& dag;
  const int32_t* part;
  int64_t max_weight;
  uint64_t seed;
  double border;  // potentials of the lower half stay below, those of the upper half above
  std::vector<int32_t> mate;
  std::vector<double> potential;
  std::vector<uint8_t> upper;  // 1 for nodes of the upper half
};

class Matcher {
 public:
  Matcher(Matching& shared, uint8_t half) : m_(shared), dag_(shared.dag), half_(half) {}

  void run() {
    // Blocks of neighbours in a shuffled order: random enough not to follow the numbering, local enough for the cache.
    const int32_t blocks = (dag_.nodes + kBlock - 1) / kBlock;
    std::vector<int32_t> block(blocks);
    for (int32_t b = 0; b < blocks; ++b) block[b] = b;
    for (int32_t b = blocks - 1; b > 0; --b) std::swap(block[b], block[bounded(random_word(m_.seed, b), b + 1)]);
    for (const bool siblings : {false, true}) {
      for (const int32_t b : block) {
        const int32_t end = std::min(dag_.nodes, (b + 1) * kBlock);
        for (int32_t v = b * kBlock; v < end; ++v) {
          if (m_.upper[v] != half_ || m_.mate[v] >= 0) continue;
          found_ = 0;
          if (siblings) {
            offer_siblings(v);
          } else {
            offer_neighbours(v);
          }
          for (int i = 0; i < found_; ++i) {
            if (merge(v, best_[i].node)) break;
          }
        }
      }
    }
  }

 private:
  bool fits(int32_t u, int32_t v) const {
    return m_.upper[v] == half_ && v != u && m_.mate[v] < 0 && (!m_.part || m_.part[v] == m_.part[u]) &&
           dag_.weight[u] + dag_.weight[v] <= m_.max_weight;
  }

  // Where a potential may lie that is above v's fan-ins and below its fan-outs, `other` aside.
  void narrow(int32_t v, int32_t other, Window& window) const {
    for (int64_t e = dag_.in_ptr[v]; e < dag_.in_ptr[v + 1]; ++e) {
      const int32_t u = dag_.in[e];
      if (u != other) window.low = std::max(window.low, m_.upper[u] == half_ ? m_.potential[u] : m_.border);
    }
    for (int64_t e = dag_.out_ptr[v]; e < dag_.out_ptr[v + 1]; ++e) {
      const int32_t u = dag_.out[e];
      if (u != other) window.high = std::min(window.high, m_.upper[u] == half_ ? m_.potential[u] : m_.border);
    }
  }

  bool merge(int32_t u, int32_t v) {
    Window window;
    narrow(u, v, window);
    narrow(v, u, window);
    double potential = (m_.potential[u] + m_.potential[v]) / 2;
    if (!(window.low < potential && potential < window.high)) {
      if (window.low == -kInfinity) {
        potential = window.high - 1;
      } else {
        potential = window.high == kInfinity ? window.low + 1 : (window.low + window.high) / 2;
      }
    }
    if (!(window.low < potential && potential < window.high)) return false;
    m_.potential[u] = m_.potential[v] = potential;
    m_.mate[u] = v;
    m_.mate[v] = u;
    return true;
  }

  struct Candidate {
    double rating;
    int32_t node;
  };

  // Heavy edges first, and light nodes, so that clusters grow evenly.
  void offer(int32_t u, int32_t v, int32_t weight) {
    if (!fits(u, v)) return;
    const double rating = weight / static_cast<double>(std::max<int64_t>(1, dag_.weight[v]));
    int i = found_;
    if (found_ < kCandidates) {
      ++found_;
    } else {
      i = kCandidates - 1;
      if (rating <= best_[i].rating) return;
    }
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
  uint8_t half_;
  Candidate best_[kCandidates] = {};
  int found_ = 0;
};

// Longest-path levels as potentials, sources aside, which stand just before their first fan-out; and a border at the
// median.
void set_potentials(Matching& m) {
  const Dag& dag = m.dag;
  std::vector<int32_t> count(2, 0);
  for (int32_t v = 0; v < dag.nodes; ++v) {
    double level = 0;
    for (int64_t e = dag.in_ptr[v]; e < dag.in_ptr[v + 1]; ++e) level = std::max(level, m.potential[dag.in[e]] + 1);
    m.potential[v] = level;
    if (static_cast<size_t>(level) >= count.size()) count.push_back(0);
  }
  for (int32_t v = 0; v < dag.nodes; ++v) {
    if (dag.in_ptr[v] == dag.in_ptr[v + 1] && dag.out_ptr[v] < dag.out_ptr[v + 1]) {
      double first = kInfinity;
      for (int64_t e = dag.out_ptr[v]; e < dag.out_ptr[v + 1]; ++e) first = std::min(first, m.potential[dag.out[e]]);
      m.potential[v] = first - 1;
    }
    ++count[static_cast<size_t>(m.potential[v])];
  }
  if (dag.nodes < kSplitNodes) {
    m.border = kInfinity;
    return;
  }
  size_t middle = 0;
  for (int64_t below = 0; middle < count.size() && below < dag.nodes / 2; ++middle) below += count[middle];
  m.border = static_cast<double>(middle) - 0.5;
  for (int32_t v = 0; v < dag.nodes; ++v) m.upper[v] = m.potential[v] > m.border;
}

}  // namespace

std::vector<int32_t> match(const Dag& dag, const int32_t* part, int64_t max_weight, uint64_t seed, int threads,
                           int32_t& clusters) {
  Matching m{dag, part, max_weight, seed, 0, std::vector<int32_t>(dag.nodes, -1), std::vector<double>(dag.nodes),
             std::vector<uint8_t>(dag.nodes, 0)};
  set_potentials(m);
  if (m.border == kInfinity) {
    Matcher(m, 0).run();
  } else if (threads > 1) {
    run_threads(2, [&](int half) { Matcher(m, static_cast<uint8_t>(half)).run(); });
  } else {
    Matcher(m, 0).run();
    Matcher(m, 1).run();
  }
  std::vector<int32_t> cluster(dag.nodes, -1);
  clusters = 0;
  for (int32_t v = 0; v < dag.nodes; ++v) {
    if (cluster[v] >= 0) continue;
    cluster[v] = clusters;
    if (m.mate[v] >= 0) cluster[m.mate[v]] = clusters;
    ++clusters;
  }
  return cluster;
}

}  // namespace hwdesign
