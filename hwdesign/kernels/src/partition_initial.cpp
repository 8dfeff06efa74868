#include "partition_initial.hpp"

#include <algorithm>
#include <cmath>

#include "partition_coarsen.hpp"
#include "partition_order.hpp"
#include "partition_threads.hpp"
#include "rng.hpp"

namespace hwdesign {
namespace {

constexpr int32_t kWorthAThread = 1000;  // nodes
constexpr int kPasses = 8;               // of rebalancing

// The prefix of an order with the least cut whose two sides respect the caps; where none does, the one that comes
// nearest. Returns the cut.
int64_t best_prefix(const Dag& dag, const std::vector<int32_t>& order, const Caps& caps, std::vector<int32_t>& side) {
  int64_t weight = 0, cut = 0, best_cut = INT64_MAX, best_excess = INT64_MAX;
  size_t best = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const int64_t excess = std::max<int64_t>({0, weight - caps[0], dag.total - weight - caps[1]});
    if (excess < best_excess || (excess == best_excess && cut < best_cut)) {
      best_excess = excess;
      best_cut = cut;
      best = i;
    }
    const int32_t v = order[i];
    weight += dag.weight[v];
    for (int64_t e = dag.out_ptr[v]; e < dag.out_ptr[v + 1]; ++e) cut += dag.out_w[e];
    for (int64_t e = dag.in_ptr[v]; e < dag.in_ptr[v + 1]; ++e) cut -= dag.in_w[e];
  }
  side.assign(dag.nodes, 1);
  for (size_t i = 0; i < best; ++i) side[order[i]] = 0;
  return best_cut;
}

struct Bisection {
  std::vector<int32_t> side;
  int64_t cut = INT64_MAX, excess = INT64_MAX;

  void measure(const Dag& dag, const Caps& caps) {
    cut = cut_weight(dag, side);
    excess = excess_weight(dag, side, caps);
  }
  bool better(const Bisection& other) const {
    return excess != other.excess ? excess < other.excess : cut < other.cut;
  }
};

std::vector<int32_t> best_of(std::vector<Bisection>& tried) {
  size_t best = 0;
  for (size_t t = 1; t < tried.size(); ++t) {
    if (tried[t].better(tried[best])) best = t;
  }
  return std::move(tried[best].side);
}

// Tries run beside one another where the graph is large enough for that.
template <typename Body>
void for_each_try(const Dag& dag, int tries, const Workers& workers, Body body) {
  if (dag.nodes < kWorthAThread) {
    for (int t = 0; t < tries; ++t) body(t);
  } else {
    workers.each(tries, body);
  }
}

// The best of several grown orders, each refined.
std::vector<int32_t> bisect_small(const Dag& dag, const Caps& caps, const InitialEffort& effort, uint64_t seed,
                                  const Workers& workers) {
  std::vector<Bisection> tried(effort.tries);
  const int kinds = 2 * static_cast<int>(Growth::kCount);
  const Workers each = workers.share(effort.tries);
  for_each_try(dag, effort.tries, workers, [&](int t) {
    const uint64_t key = stream_key(seed, t);
    std::vector<int32_t>& side = tried[t].side;
    best_prefix(dag, grow(dag, static_cast<Growth>(t % kinds / 2), t % 2 == 1, key), caps, side);
    rebalance(dag, side, caps, kPasses, each);
    refine(dag, side, caps, effort.search, key, each);
    tried[t].measure(dag, caps);
  });
  return best_of(tried);
}

std::vector<int32_t> bisect(const Dag& dag, const Caps& caps, const InitialEffort& effort, uint64_t seed,
                            const Workers& workers) {
  if (dag.nodes > effort.coarsest) {
    const int64_t heaviest = std::max<int64_t>(1, 3 * dag.total / effort.coarsest);
    int32_t clusters = 0;
    std::vector<int32_t> cluster = match(dag, nullptr, heaviest, seed, workers, clusters);
    if (clusters < 0.8 * dag.nodes) {
      const Dag coarse = contract(dag, cluster, clusters, workers);
      const std::vector<int32_t> coarse_side = bisect(coarse, caps, effort, stream_key(seed, 1), workers);
      std::vector<int32_t> side(dag.nodes);
      for (int32_t v = 0; v < dag.nodes; ++v) side[v] = coarse_side[cluster[v]];
      rebalance(dag, side, caps, kPasses, workers);
      refine(dag, side, caps, effort.search, stream_key(seed, 2), workers);
      return side;
    }
  }
  return bisect_small(dag, caps, effort, seed, workers);
}

void split(const Dag& dag, const std::vector<int32_t>& name, int32_t first, int32_t parts, int64_t cap,
           const InitialEffort& effort, uint64_t seed, const Workers& workers, std::vector<int32_t>& part) {
  workers.check();
  if (parts == 1) {
    for (const int32_t v : name) part[v] = first;
    return;
  }
  const int32_t left = parts / 2, right = parts - left;
  int depth = 0;
  while ((1 << depth) < parts) ++depth;
  // Slack is shared out evenly among the levels of the recursion.
  const double slack = std::max(1.0, static_cast<double>(cap) * parts / std::max<int64_t>(1, dag.total));
  const double share = std::pow(slack, 1.0 / depth) * static_cast<double>(dag.total) / parts;
  Caps caps{std::max<int64_t>(1, static_cast<int64_t>(share * left)),
             std::max<int64_t>(1, static_cast<int64_t>(share * right))};
  caps[0] = std::min(caps[0], cap * left);
  caps[1] = std::min(caps[1], cap * right);
  std::vector<Bisection> tried(effort.cycles);
  for_each_try(dag, effort.cycles, workers, [&](int t) {
    tried[t].side = bisect(dag, caps, effort, stream_key(seed, 10 + t), workers.share(effort.cycles));
    tried[t].measure(dag, caps);
  });
  const std::vector<int32_t> side = best_of(tried);
  for_each_try(dag, 2, workers, [&](int s) {
    std::vector<int32_t> members, names, local(dag.nodes);
    for (int32_t v = 0; v < dag.nodes; ++v) {
      if (side[v] != s) continue;
      members.push_back(v);
      names.push_back(name[v]);
    }
    const Workers half = workers.share(2);
    split(induced(dag, members, local, half), names, s ? first + left : first, s ? right : left, cap, effort,
          stream_key(seed, 4 + s), half, part);
  });
}

}  // namespace

std::vector<int32_t> recursive_bisection(const Dag& dag, int32_t parts, int64_t cap, const InitialEffort& effort,
                                         uint64_t seed, const Workers& workers) {
  std::vector<int32_t> part(dag.nodes, 0), name(dag.nodes);
  for (int32_t v = 0; v < dag.nodes; ++v) name[v] = v;
  split(dag, name, 0, parts, cap, effort, seed, workers, part);
  return part;
}

}  // namespace hwdesign
