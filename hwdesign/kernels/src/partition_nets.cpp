#include "partition_nets.hpp"

#include <algorithm>

#include "partition_refine.hpp"

namespace hwdesign {
namespace {

constexpr int64_t kSmall = 32;  // pins of a net that are counted on the spot

void add_nets_of_nodes(Nets& nets, int32_t nodes) {
  nets.net_ptr.assign(static_cast<size_t>(nodes) + 1, 0);
  for (const int32_t v : nets.pin) ++nets.net_ptr[v + 1];
  for (int32_t v = 0; v < nodes; ++v) nets.net_ptr[v + 1] += nets.net_ptr[v];
  nets.net.resize(nets.pin.size());
  std::vector<int64_t> next(nets.net_ptr.begin(), nets.net_ptr.end() - 1);
  for (int32_t n = 0; n < nets.size(); ++n) {
    for (int64_t i = nets.pin_ptr[n]; i < nets.pin_ptr[n + 1]; ++i) nets.net[next[nets.pin[i]]++] = n;
  }
}

}  // namespace

Nets nets_of(const Dag& dag) {
  Nets nets;
  nets.pin.reserve(dag.nodes + dag.out.size());
  for (int32_t u = 0; u < dag.nodes; ++u) {
    if (dag.out_ptr[u] == dag.out_ptr[u + 1]) continue;
    nets.pin.push_back(u);
    nets.pin.insert(nets.pin.end(), dag.out.begin() + dag.out_ptr[u], dag.out.begin() + dag.out_ptr[u + 1]);
    nets.pin_ptr.push_back(static_cast<int64_t>(nets.pin.size()));
  }
  add_nets_of_nodes(nets, dag.nodes);
  return nets;
}

Nets contract(const Nets& fine, const std::vector<int32_t>& cluster, int32_t clusters) {
  Nets coarse;
  std::vector<int32_t> last(clusters, -1);  // net that took the cluster up last
  for (int32_t n = 0; n < fine.size(); ++n) {
    const size_t first = coarse.pin.size();
    for (int64_t i = fine.pin_ptr[n]; i < fine.pin_ptr[n + 1]; ++i) {
      const int32_t c = cluster[fine.pin[i]];
      if (last[c] == n) continue;
      last[c] = n;
      coarse.pin.push_back(c);
    }
    if (coarse.pin.size() - first < 2) {
      coarse.pin.resize(first);
    } else {
      coarse.pin_ptr.push_back(static_cast<int64_t>(coarse.pin.size()));
    }
  }
  coarse.pin.shrink_to_fit();
  add_nets_of_nodes(coarse, clusters);
  return coarse;
}

int64_t cost_of(const Dag& dag, const Goal& goal, const std::vector<int32_t>& part) {
  if (!goal.nets) return cut_weight(dag, part);
  const Nets& nets = *goal.nets;
  std::vector<int32_t> last;  // net that reached the part last
  int64_t cost = 0;
  for (int32_t n = 0; n < nets.size(); ++n) {
    int64_t reached = 0;
    for (int64_t i = nets.pin_ptr[n]; i < nets.pin_ptr[n + 1]; ++i) {
      const size_t p = part[nets.pin[i]];
      if (p >= last.size()) last.resize(p + 1, -1);
      reached += last[p] != n;
      last[p] = n;
    }
    cost += goal.objective == Objective::kNet ? std::min<int64_t>(reached - 1, 1) : reached - 1;
  }
  return cost;
}

void weigh_by_nets(Dag& dag) {
  // 60 has many divisors; all weights together must fit 31 bits.
  const int64_t edges = static_cast<int64_t>(dag.out.size());
  const int64_t whole = std::clamp<int64_t>((INT32_MAX - edges) / std::max<int64_t>(1, dag.nodes), 1, 60);
  auto share = [&](int32_t u) {
    const int64_t fanout = dag.out_ptr[u + 1] - dag.out_ptr[u];
    return static_cast<int32_t>(std::max<int64_t>(1, whole / std::max<int64_t>(1, fanout)));
  };
  for (int32_t u = 0; u < dag.nodes; ++u) {
    std::fill(dag.out_w.begin() + dag.out_ptr[u], dag.out_w.begin() + dag.out_ptr[u + 1], share(u));
  }
  for (int64_t e = 0; e < edges; ++e) dag.in_w[e] = share(dag.in[e]);
}

PinCounts::PinCounts(const Goal& goal, const std::vector<int32_t>& part, int32_t parts)
    : goal_(goal), parts_(parts), row_(goal.nets ? goal.nets->size() : 0, -1) {
  if (!goal.nets) return;
  const Nets& nets = *goal.nets;
  int64_t rows = 0;
  for (int32_t n = 0; n < nets.size(); ++n) {
    // A row is no longer than what it counts, so that the table is no larger than the nets.
    const int64_t pins = nets.pin_ptr[n + 1] - nets.pin_ptr[n];
    if (pins > std::max<int64_t>(kSmall, parts)) row_[n] = static_cast<int32_t>(rows++);
  }
  count_.assign(rows * parts, 0);
  for (int32_t n = 0; n < nets.size(); ++n) {
    if (row_[n] < 0) continue;
    int32_t* row = count_.data() + static_cast<int64_t>(row_[n]) * parts;
    for (int64_t i = nets.pin_ptr[n]; i < nets.pin_ptr[n + 1]; ++i) ++row[part[nets.pin[i]]];
  }
}

int64_t PinCounts::gain(const std::vector<int32_t>& part, int32_t node, int32_t to) const {
  const Nets& nets = *goal_.nets;
  const int32_t from = part[node];
  int64_t gain = 0;
  for (int64_t e = nets.net_ptr[node]; e < nets.net_ptr[node + 1]; ++e) {
    const int32_t n = nets.net[e];
    const int64_t pins = nets.pin_ptr[n + 1] - nets.pin_ptr[n];
    int64_t here = 0, there = 0;
    if (row_[n] >= 0) {
      const int32_t* row = count_.data() + static_cast<int64_t>(row_[n]) * parts_;
      here = row[from];
      there = row[to];
    } else {
      for (int64_t i = nets.pin_ptr[n]; i < nets.pin_ptr[n + 1]; ++i) {
        const int32_t p = part[nets.pin[i]];
        here += p == from;
        there += p == to;
      }
    }
    if (goal_.objective == Objective::kNet) {
      gain += (here != pins) - (there + 1 != pins);
    } else {
      gain += (here == 1) - (there == 0);
    }
  }
  return gain;
}

void PinCounts::move(int32_t node, int32_t from, int32_t to) {
  if (!goal_.nets) return;
  const Nets& nets = *goal_.nets;
  for (int64_t e = nets.net_ptr[node]; e < nets.net_ptr[node + 1]; ++e) {
    if (row_[nets.net[e]] < 0) continue;
    int32_t* row = count_.data() + static_cast<int64_t>(row_[nets.net[e]]) * parts_;
    --row[from];
    ++row[to];
  }
}

std::vector<Span> spans_of(const Dag& dag, const Goal& goal, const std::vector<int32_t>& position) {
  std::vector<Span> spans;
  if (!goal.nets) {
    spans.reserve(dag.out.size());
    for (int32_t u = 0; u < dag.nodes; ++u) {
      for (int64_t e = dag.out_ptr[u]; e < dag.out_ptr[u + 1]; ++e) {
        spans.push_back({position[u], position[dag.out[e]], dag.out_w[e]});
      }
    }
    return spans;
  }
  std::vector<int32_t> at;
  for (int32_t n = 0; n < goal.nets->size(); ++n) {
    at.clear();
    for (int64_t i = goal.nets->pin_ptr[n]; i < goal.nets->pin_ptr[n + 1]; ++i) {
      at.push_back(position[goal.nets->pin[i]]);
    }
    std::sort(at.begin(), at.end());
    if (goal.objective == Objective::kNet) {
      spans.push_back({at.front(), at.back(), 1});
    } else {
      for (size_t i = 1; i < at.size(); ++i) spans.push_back({at[i - 1], at[i], 1});
    }
  }
  return spans;
}

}  // namespace hwdesign
