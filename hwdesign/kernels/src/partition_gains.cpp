#include <stdexcept>

#include "partition.hpp"
#include "partition_dag.hpp"
#include "partition_refine.hpp"
#include "partition_threads.hpp"

namespace hwdesign {

std::vector<int64_t> move_gains(const int32_t* src, const int32_t* dst, int64_t edges, std::vector<int32_t>& part,
                                int32_t parts, Objective objective, const int32_t* node, const int32_t* to,
                                int64_t moves) {
  const int32_t nodes = static_cast<int32_t>(part.size());
  std::vector<int32_t> name, rank(nodes), sorted(nodes);
  const Dag dag = build_dag(src, dst, nullptr, edges, nodes, nullptr, Workers(1, nullptr), name);
  for (int32_t i = 0; i < nodes; ++i) {
    rank[name[i]] = i;
    sorted[i] = part[name[i]];
    if (sorted[i] < 0 || sorted[i] >= parts) throw std::invalid_argument("a node's part lies outside its range");
  }
  for (int64_t e = 0; e < edges; ++e) {
    if (part[src[e]] > part[dst[e]]) throw std::invalid_argument("the partition breaks the order");
  }
  Nets nets;
  Goal goal{objective, nullptr};
  if (objective != Objective::kEdge) {
    nets = nets_of(dag);
    goal.nets = &nets;
  }
  PinCounts pins(goal, sorted, parts);
  std::vector<int64_t> gains;
  gains.reserve(moves);
  for (int64_t i = 0; i < moves; ++i) {
    if (node[i] < 0 || node[i] >= nodes) throw std::out_of_range("a moved node's id lies outside the graph");
    const int32_t v = rank[node[i]], from = sorted[v];
    const Surroundings a = look_around(dag, sorted, parts, v);
    if (to[i] < 0 || to[i] >= parts || to[i] < a.low || to[i] > a.high) {
      throw std::invalid_argument("a move breaks the order");
    }
    if (to[i] == from) {
      gains.push_back(0);
      continue;
    }
    gains.push_back(goal.nets ? pins.gain(sorted, v, to[i]) : edge_gain(a, from, to[i]));
    sorted[v] = to[i];
    pins.move(v, from, to[i]);
    part[node[i]] = to[i];
  }
  return gains;
}

}  // namespace hwdesign
