#include "partition.hpp"

#include <algorithm>
#include <utility>

#include "partition_coarsen.hpp"
#include "partition_dag.hpp"
#include "partition_flow.hpp"
#include "partition_initial.hpp"
#include "partition_order.hpp"
#include "partition_refine.hpp"
#include "partition_slice.hpp"
#include "partition_threads.hpp"
#include "rng.hpp"

namespace hwdesign {
namespace {

constexpr int64_t kCoarsest = 200;
constexpr int kPasses = 4;            // of rebalancing, for each part
constexpr int kCoarsePasses = 24;     // of rebalancing a coarse graph: finer ones finish it
constexpr int32_t kSliceParts = 256;  // beyond, slicing would cost more than it gains

// What an effort stands for. The figures were tuned on the benchmark graph of one million nodes (one try there) and on
// the EPFL circuits (several tries).
struct Plan {
  int64_t work;         // nodes and edges that all tries together may take
  int max_tries;
  int whole;            // multilevel bisections a split, where tries bisect the graph itself; 0 for its coarsest image
  int max_levels;       // of coarsening
  double shrink;        // a level that keeps more than this fraction of the nodes ends coarsening
  SearchEffort search;  // on the way down
  PriceEffort prices;   // on the way down
  int64_t final_work;   // nodes and edges that all finalists together may take
  int max_finalists;    // best tries that are worked on, half as many in each pass
  int cycles;           // multilevel passes, with prices and slices
  SearchEffort polish;  // in these passes
  FlowEffort flows;     // in these passes
};

Plan plan_of(Effort effort, int64_t size) {
  if (effort == Effort::kFast) return {0, 1, 0, 2, 0.7, {1, 5}, {0, 0}, 0, 1, 0, {1, 5}, {0, 0}};
  if (effort == Effort::kDefault) {
    const int whole = size <= 1000000 ? static_cast<int>(std::clamp<int64_t>(1500000 / size, 4, 8)) : 0;
    const int cycles = static_cast<int>(std::min<int64_t>(2000000 / size, 4));
    return {1500000, 8, whole, 99, 0.7, {2, 8}, {3, 8}, 1300000, 6, cycles, {1, 15}, {1, 32.0}};
  }
  if (size > 2000000) return {0, 1, 0, 99, 0.8, {3, 30}, {4, 30}, 0, 1, 3, {2, 30}, {0, 0}};
  return {4000000, 24, 8, 99, 0.7, {3, 30}, {4, 30}, 3000000, 12, 6, {2, 30}, {2, 64.0}};
}

struct Result {
  std::vector<int32_t> part;
  int64_t cost = INT64_MAX, excess = INT64_MAX;
  bool better(const Result& other) const { return excess != other.excess ? excess < other.excess : cost < other.cost; }
};

// A coarse graph, its nets where they are the objective, and its node for each node of the next finer graph.
struct Level {
  Dag dag;
  Nets nets;
  std::vector<int32_t> cluster;
};

class Multilevel {
 public:
  Multilevel(const Dag& dag, const Goal& goal, const Caps& caps, const Plan& plan, const Workers& workers)
      : dag_(dag), goal_(goal), caps_(caps), parts_(static_cast<int32_t>(caps.size())), plan_(plan),
        workers_(workers) {
    int64_t weight = goal.nets ? goal.nets->size() : 0;
    if (!goal.nets) {
      for (const int32_t w : dag.out_w) weight += w;
    }
    unit_ = static_cast<double>(weight) / static_cast<double>(std::max<int64_t>(1, dag.total));
  }

  Result attempt(int kind, uint64_t seed) const {
    Result r;
    if (plan_.whole > 0 && kind % 4 < 3) {
      r.part = recursive_bisection(dag_, parts_, caps_[0], {6, 240, plan_.whole, {4, 60}}, stream_key(seed, 1),
                                   workers_);
      rebalance(dag_, r.part, caps_, kPasses * parts_, workers_);
    } else {
      std::vector<Level> levels = coarsen(nullptr, seed);
      const Dag& top = levels.empty() ? dag_ : levels.back().dag;
      r.part = initial(top, plan_.whole > 0 ? kind / 4 * 2 : kind, seed);
      descend(levels, r.part, false, stream_key(seed, 2));
    }
    measure(r);
    return r;
  }

  // The same from slices of an order.
  Result attempt(const std::vector<int32_t>& order, uint64_t seed) const {
    Result r;
    r.part = slice_order(dag_, order, parts_, caps_[0]);
    std::vector<Level> levels = coarsen(&r.part, seed);
    descend(levels, r.part, false, stream_key(seed, 2));
    measure(r);
    return r;
  }

  // A V-cycle: coarsens inside the parts, so that the partition stays, and refines on the way back.
  bool cycle(Result& r, uint64_t seed) const {
    Result next;
    next.part = r.part;
    std::vector<Level> levels = coarsen(&next.part, seed);
    descend(levels, next.part, true, stream_key(seed, 2));
    slice(next.part, stream_key(seed, 3));
    measure(next);
    if (!next.better(r)) return false;
    const bool more = next.excess < r.excess || (r.cost - next.cost) * 1000 > r.cost;
    r = std::move(next);
    return more;
  }

  // Where no order-safe move could balance the parts: slices of the topological order that keeps the parts together.
  void force_balance(Result& r, uint64_t seed) const {
    std::vector<int32_t> order(dag_.nodes);
    for (int32_t v = 0; v < dag_.nodes; ++v) order[v] = v;
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return r.part[a] < r.part[b]; });
    Result sliced;
    sliced.part = slice_order(dag_, order, parts_, caps_[0]);
    refine(dag_, sliced.part, caps_, plan_.search, seed, workers_, goal_);
    measure(sliced);
    if (sliced.better(r)) r = std::move(sliced);
  }

 private:
  void measure(Result& r) const {
    r.cost = cost_of(dag_, goal_, r.part);
    r.excess = excess_weight(dag_, r.part, caps_);
  }

  // Coarsens until about kCoarsest nodes a part are left. With `part`, that becomes the partition of the last graph.
  std::vector<Level> coarsen(std::vector<int32_t>* part, uint64_t seed) const {
    std::vector<Level> levels;
    const int64_t target = std::max<int64_t>(kCoarsest * static_cast<int64_t>(parts_), 2000);
    const int64_t heaviest = std::max<int64_t>(1, 2 * dag_.total / target);
    while (static_cast<int>(levels.size()) < plan_.max_levels) {
      const Dag& fine = levels.empty() ? dag_ : levels.back().dag;
      if (fine.nodes <= target) break;
      int32_t clusters = 0;
      const uint64_t key = stream_key(seed, 100 + levels.size());
      std::vector<int32_t> map = match(fine, part ? part->data() : nullptr, heaviest, key, workers_, clusters);
      if (clusters > plan_.shrink * fine.nodes) break;
      Level next;
      next.dag = contract(fine, map, clusters, workers_);
      if (goal_.nets) next.nets = contract(levels.empty() ? *goal_.nets : levels.back().nets, map, clusters);
      if (part) {
        std::vector<int32_t> up(clusters);
        for (int32_t v = 0; v < fine.nodes; ++v) up[map[v]] = (*part)[v];
        *part = std::move(up);
      }
      next.cluster = std::move(map);
      levels.push_back(std::move(next));
    }
    return levels;
  }

  std::vector<int32_t> initial(const Dag& top, int kind, uint64_t seed) const {
    if (kind % 2 == 1) {
      return recursive_bisection(top, parts_, caps_[0], InitialEffort(), stream_key(seed, 1), workers_);
    }
    std::vector<int32_t> order(top.nodes);
    if (kind % 4 == 0) {
      for (int32_t v = 0; v < top.nodes; ++v) order[v] = v;  // the numbering follows the graph in depth
    } else {
      order = grow(top, kind % 8 == 2 ? Growth::kLevel : Growth::kGain, false, seed);
    }
    return slice_order(top, order, parts_, caps_[0]);
  }

  void descend(std::vector<Level>& levels, std::vector<int32_t>& part, bool polish, uint64_t seed) const {
    std::vector<double> prices;
    while (true) {
      const Dag& at = levels.empty() ? dag_ : levels.back().dag;
      const Goal goal{goal_.objective, goal_.nets && !levels.empty() ? &levels.back().nets : goal_.nets};
      workers_.check();
      const uint64_t key = stream_key(seed, levels.size());
      const PriceEffort effort = polish ? PriceEffort{kPriceRounds, plan_.polish.patience} : plan_.prices;
      if (effort.rounds > 0) {
        refine_with_prices(at, part, caps_, effort, unit_, prices, stream_key(key, 1), workers_, goal);
      }
      rebalance(at, part, caps_, levels.empty() ? kPasses * parts_ : kCoarsePasses, workers_);
      refine(at, part, caps_, polish ? plan_.polish : plan_.search, key, workers_, goal);
      if (polish && plan_.flows.rounds > 0) refine_by_flows(at, part, caps_, plan_.flows, workers_, goal);
      if (levels.empty()) return;
      const std::vector<int32_t>& cluster = levels.back().cluster;
      std::vector<int32_t> down(cluster.size());
      for (size_t v = 0; v < down.size(); ++v) down[v] = part[cluster[v]];
      part = std::move(down);
      levels.pop_back();
    }
  }

  // Takes the best slices of orders that keep the parts together.
  void slice(std::vector<int32_t>& part, uint64_t seed) const {
    if (parts_ > kSliceParts) return;
    for (const Growth growth : {Growth::kLevel, Growth::kGain, Growth::kDepth}) {
      // An order from the sources and one from the sinks beside one another; the better one is kept.
      std::vector<int32_t> tried[2] = {part, part};
      int64_t cost[2];
      workers_.each(2, [&](int backward) {
        const uint64_t key = stream_key(seed, 2 * static_cast<int>(growth) + backward);
        const std::vector<int32_t> order = grow(dag_, growth, backward == 1, key, part.data());
        best_slices(dag_, goal_, order, parts_, caps_[0], tried[backward]);
        cost[backward] = cost_of(dag_, goal_, tried[backward]);
      });
      part = std::move(tried[cost[1] < cost[0]]);
    }
  }

  static constexpr int kPriceRounds = 8;
  const Dag& dag_;
  Goal goal_;
  const Caps& caps_;
  int32_t parts_;
  const Plan& plan_;
  Workers workers_;
  double unit_;  // of prices: weight of all edges or nets over weight of all nodes
};

}  // namespace

std::vector<int32_t> partition(const int32_t* src, const int32_t* dst, const int32_t* edge_weight, int64_t edges,
                               int32_t nodes, const int64_t* weight, const int64_t* key,
                               const PartitionOptions& options) {
  std::vector<int32_t> name;
  Stop stop(options.unwanted);
  const Workers workers(options.threads, &stop);
  Dag dag = build_dag(src, dst, edge_weight, edges, nodes, weight, workers, name);
  std::vector<int32_t> part(nodes, 0);
  if (options.parts <= 1 || nodes == 0) return part;
  Nets nets;
  Goal goal;
  if (options.objective != Objective::kEdge) {
    nets = nets_of(dag);
    weigh_by_nets(dag);
    goal = {options.objective, &nets};
  }
  const Caps caps(options.parts, options.cap);
  const int64_t size = nodes + static_cast<int64_t>(dag.out.size());
  const Plan plan = plan_of(options.effort, size);
  const int tries = static_cast<int>(std::clamp<int64_t>(plan.work / size, 1, plan.max_tries));
  const int most = std::min(plan.max_finalists, tries);
  const int finalists = static_cast<int>(std::clamp<int64_t>(plan.final_work / size, 1, most));
  // One try uses the threads inside; several run beside one another.
  std::vector<Result> results(tries);
  const Multilevel solver(dag, goal, caps, plan, workers.share(tries));
  workers.each(tries, [&](int t) { results[t] = solver.attempt(t, stream_key(options.seed, t)); });
  if (key) {
    std::vector<int64_t> sorted(nodes);
    for (int32_t v = 0; v < nodes; ++v) sorted[v] = key[name[v]];
    const Multilevel alone(dag, goal, caps, plan, workers);
    results.push_back(alone.attempt(order_by_key(dag, sorted), stream_key(options.seed, tries)));
  }
  const auto by_cost = [](const Result& a, const Result& b) { return a.better(b); };
  std::stable_sort(results.begin(), results.end(), by_cost);
  results.resize(finalists);
  for (int c = 0; c < plan.cycles; ++c) {
    // What a try is worth shows after a pass, so that the better half is worked on further.
    const int count = std::max(1, finalists >> c);
    results.resize(count);
    const Multilevel finisher(dag, goal, caps, plan, workers.share(count));
    std::vector<uint8_t> more(count);
    workers.each(count, [&](int t) {
      more[t] = finisher.cycle(results[t], stream_key(stream_key(options.seed, 1000 + t), c));
    });
    std::stable_sort(results.begin(), results.end(), by_cost);
    if (std::find(more.begin(), more.end(), 1) == more.end()) break;
  }
  Result& best = results[0];
  if (best.excess > 0) Multilevel(dag, goal, caps, plan, workers).force_balance(best, stream_key(options.seed, 1));
  for (int32_t v = 0; v < nodes; ++v) part[name[v]] = best.part[v];
  return part;
}

}  // namespace hwdesign
