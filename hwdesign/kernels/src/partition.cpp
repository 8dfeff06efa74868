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
  int64_t cut = INT64_MAX, excess = INT64_MAX;
  bool better(const Result& other) const { return excess != other.excess ? excess < other.excess : cut < other.cut; }
};

class Multilevel {
 public:
  Multilevel(const Dag& dag, const Caps& caps, const Plan& plan, const Workers& workers)
      : dag_(dag), caps_(caps), parts_(static_cast<int32_t>(caps.size())), plan_(plan), workers_(workers) {
    int64_t weight = 0;
    for (const int32_t w : dag.out_w) weight += w;
    unit_ = static_cast<double>(weight) / static_cast<double>(std::max<int64_t>(1, dag.total));
  }

  Result attempt(int kind, uint64_t seed) const {
    Result r;
    if (plan_.whole > 0 && kind % 4 < 3) {
      r.part = recursive_bisection(dag_, parts_, caps_[0], {6, 240, plan_.whole, {4, 60}}, stream_key(seed, 1),
                                   workers_);
      rebalance(dag_, r.part, caps_, kPasses * parts_);
    } else {
      std::vector<Dag> coarse;
      std::vector<std::vector<int32_t>> cluster;
      coarsen(nullptr, seed, coarse, cluster);
      r.part = initial(coarse.empty() ? dag_ : coarse.back(), plan_.whole > 0 ? kind / 4 * 2 : kind, seed);
      descend(coarse, cluster, r.part, false, stream_key(seed, 2));
    }
    measure(r);
    return r;
  }

  // A V-cycle: coarsens inside the parts, so that the partition stays, and refines on the way back.
  bool cycle(Result& r, uint64_t seed) const {
    std::vector<Dag> coarse;
    std::vector<std::vector<int32_t>> cluster;
    Result next;
    next.part = r.part;
    coarsen(&next.part, seed, coarse, cluster);
    descend(coarse, cluster, next.part, true, stream_key(seed, 2));
    slice(next.part, stream_key(seed, 3));
    measure(next);
    if (!next.better(r)) return false;
    const bool more = next.excess < r.excess || (r.cut - next.cut) * 1000 > r.cut;
    r = std::move(next);
    return more;
  }

  void measure(Result& r) const {
    r.cut = cut_weight(dag_, r.part);
    r.excess = excess_weight(dag_, r.part, caps_);
  }

 private:
  // Coarsens until about kCoarsest nodes a part are left. With `part`, that becomes the partition of the last graph.
  void coarsen(std::vector<int32_t>* part, uint64_t seed, std::vector<Dag>& coarse,
               std::vector<std::vector<int32_t>>& cluster) const {
    const int64_t target = std::max<int64_t>(kCoarsest * static_cast<int64_t>(parts_), 2000);
    const int64_t heaviest = std::max<int64_t>(1, 2 * dag_.total / target);
    while (static_cast<int>(coarse.size()) < plan_.max_levels) {
      const Dag& fine = coarse.empty() ? dag_ : coarse.back();
      if (fine.nodes <= target) return;
      int32_t clusters = 0;
      const uint64_t key = stream_key(seed, 100 + coarse.size());
      std::vector<int32_t> map = match(fine, part ? part->data() : nullptr, heaviest, key, workers_, clusters);
      if (clusters > plan_.shrink * fine.nodes) return;
      Dag next = contract(fine, map, clusters, workers_);
      if (part) {
        std::vector<int32_t> up(clusters);
        for (int32_t v = 0; v < fine.nodes; ++v) up[map[v]] = (*part)[v];
        *part = std::move(up);
      }
      coarse.push_back(std::move(next));
      cluster.push_back(std::move(map));
    }
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

  void descend(std::vector<Dag>& coarse, std::vector<std::vector<int32_t>>& cluster, std::vector<int32_t>& part,
               bool polish, uint64_t seed) const {
    std::vector<double> prices;
    while (true) {
      const Dag& at = coarse.empty() ? dag_ : coarse.back();
      workers_.check();
      const uint64_t key = stream_key(seed, coarse.size());
      const PriceEffort effort = polish ? PriceEffort{kPriceRounds, plan_.polish.patience} : plan_.prices;
      if (effort.rounds > 0) refine_with_prices(at, part, caps_, effort, unit_, prices, stream_key(key, 1), workers_);
      rebalance(at, part, caps_, coarse.empty() ? kPasses * parts_ : kCoarsePasses);
      refine(at, part, caps_, polish ? plan_.polish : plan_.search, key, workers_);
      if (polish && plan_.flows.rounds > 0) refine_by_flows(at, part, caps_, plan_.flows, workers_);
      if (coarse.empty()) return;
      coarse.pop_back();
      std::vector<int32_t> down(cluster.back().size());
      for (size_t v = 0; v < down.size(); ++v) down[v] = part[cluster.back()[v]];
      part = std::move(down);
      cluster.pop_back();
    }
  }

  // Takes the best slices of orders that keep the parts together.
  void slice(std::vector<int32_t>& part, uint64_t seed) const {
    if (parts_ > kSliceParts) return;
    for (const Growth growth : {Growth::kLevel, Growth::kGain, Growth::kDepth}) {
      for (const bool backward : {false, true}) {
        const uint64_t key = stream_key(seed, 2 * static_cast<int>(growth) + backward);
        best_slices(dag_, grow(dag_, growth, backward, key, part.data()), parts_, caps_[0], part);
      }
    }
  }

  static constexpr int kPriceRounds = 8;
  const Dag& dag_;
  const Caps& caps_;
  int32_t parts_;
  const Plan& plan_;
  Workers workers_;
  double unit_;  // of prices: weight of the edges over weight of the nodes
};

// Where no order-safe move could balance the parts: slices of the topological order that keeps the parts together.
void force_balance(const Dag& dag, const Caps& caps, const Plan& plan, uint64_t seed, const Workers& workers,
                   Result& r) {
  std::vector<int32_t> order(dag.nodes);
  for (int32_t v = 0; v < dag.nodes; ++v) order[v] = v;
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return r.part[a] < r.part[b]; });
  Result sliced;
  sliced.part = slice_order(dag, order, static_cast<int32_t>(caps.size()), caps[0]);
  refine(dag, sliced.part, caps, plan.search, seed, workers);
  sliced.cut = cut_weight(dag, sliced.part);
  sliced.excess = excess_weight(dag, sliced.part, caps);
  if (sliced.better(r)) r = std::move(sliced);
}

}  // namespace

std::vector<int32_t> partition(const int32_t* src, const int32_t* dst, const int32_t* edge_weight, int64_t edges,
                               int32_t nodes, const int64_t* weight, const PartitionOptions& options) {
  std::vector<int32_t> name;
  Stop stop(options.unwanted);
  const Workers workers(options.threads, &stop);
  const Dag dag = build_dag(src, dst, edge_weight, edges, nodes, weight, workers, name);
  std::vector<int32_t> part(nodes, 0);
  if (options.parts <= 1 || nodes == 0) return part;
  const Caps caps(options.parts, options.cap);
  const int64_t size = nodes + static_cast<int64_t>(dag.out.size());
  const Plan plan = plan_of(options.effort, size);
  const int tries = static_cast<int>(std::clamp<int64_t>(plan.work / size, 1, plan.max_tries));
  const int most = std::min(plan.max_finalists, tries);
  const int finalists = static_cast<int>(std::clamp<int64_t>(plan.final_work / size, 1, most));
  // One try uses the threads inside; several run beside one another.
  std::vector<Result> results(tries);
  const Multilevel solver(dag, caps, plan, workers.share(tries));
  workers.each(tries, [&](int t) { results[t] = solver.attempt(t, stream_key(options.seed, t)); });
  const auto by_cut = [](const Result& a, const Result& b) { return a.better(b); };
  std::stable_sort(results.begin(), results.end(), by_cut);
  results.resize(finalists);
  for (int c = 0; c < plan.cycles; ++c) {
    // What a try is worth shows after a pass, so that the better half is worked on further.
    const int count = std::max(1, finalists >> c);
    results.resize(count);
    const Multilevel finisher(dag, caps, plan, workers.share(count));
    std::vector<uint8_t> more(count);
    workers.each(count, [&](int t) {
      more[t] = finisher.cycle(results[t], stream_key(stream_key(options.seed, 1000 + t), c));
    });
    std::stable_sort(results.begin(), results.end(), by_cut);
    if (std::find(more.begin(), more.end(), 1) == more.end()) break;
  }
  Result& best = results[0];
  if (best.excess > 0) force_balance(dag, caps, plan, stream_key(options.seed, 1), workers, best);
  for (int32_t v = 0; v < nodes; ++v) part[name[v]] = best.part[v];
  return part;
}

}  // namespace hwdesign
