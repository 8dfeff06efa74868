#include "partition_dag.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace hwdesign {

void add_fanins(Dag& dag) {
  dag.in_ptr.assign(static_cast<size_t>(dag.nodes) + 1, 0);
  for (const int32_t v : dag.out) ++dag.in_ptr[v + 1];
  for (int32_t v = 0; v < dag.nodes; ++v) dag.in_ptr[v + 1] += dag.in_ptr[v];
  dag.in.resize(dag.out.size());
  dag.in_w.resize(dag.out.size());
  std::vector<int64_t> next(dag.in_ptr.begin(), dag.in_ptr.end() - 1);
  for (int32_t u = 0; u < dag.nodes; ++u) {
    for (int64_t e = dag.out_ptr[u]; e < dag.out_ptr[u + 1]; ++e) {
      const int64_t at = next[dag.out[e]]++;
      dag.in[at] = u;
      dag.in_w[at] = dag.out_w[e];
    }
  }
}

namespace {

// Members of each cluster, cluster by cluster.
struct Members {
  std::vector<int32_t> ptr, node;
};

Members members_of(const std::vector<int32_t>& cluster, int32_t clusters) {
  Members m;
  m.ptr.assign(static_cast<size_t>(clusters) + 1, 0);
  for (const int32_t c : cluster) ++m.ptr[c + 1];
  for (int32_t c = 0; c < clusters; ++c) m.ptr[c + 1] += m.ptr[c];
  m.node.resize(cluster.size());
  std::vector<int32_t> next(m.ptr.begin(), m.ptr.end() - 1);
  for (size_t v = 0; v < cluster.size(); ++v) m.node[next[cluster[v]]++] = static_cast<int32_t>(v);
  return m;
}

// Topological order of the clusters by Kahn's algorithm with a stack, so that an order follows the graph in depth.
std::vector<int32_t> cluster_order(const Dag& fine, const std::vector<int32_t>& cluster, const Members& members,
                                   int32_t clusters) {
  std::vector<int32_t> pending(clusters, 0), order, stack;
  order.reserve(clusters);
  for (int32_t u = 0; u < fine.nodes; ++u) {
    for (int64_t e = fine.out_ptr[u]; e < fine.out_ptr[u + 1]; ++e) {
      if (cluster[fine.out[e]] != cluster[u]) ++pending[cluster[fine.out[e]]];
    }
  }
  for (int32_t c = clusters - 1; c >= 0; --c) {
    if (pending[c] == 0) stack.push_back(c);
  }
  while (!stack.empty()) {
    const int32_t c = stack.back();
    stack.pop_back();
    order.push_back(c);
    for (int32_t i = members.ptr[c + 1]; i-- > members.ptr[c];) {
      const int32_t u = members.node[i];
      for (int64_t e = fine.out_ptr[u]; e < fine.out_ptr[u + 1]; ++e) {
        const int32_t d = cluster[fine.out[e]];
        if (d != c && --pending[d] == 0) stack.push_back(d);
      }
    }
  }
  return order;
}

}  // namespace

Dag build_dag(const int32_t* src, const int32_t* dst, const int32_t* edge_weight, int64_t edges, int32_t nodes,
              const int64_t* weight, std::vector<int32_t>& name) {
  std::vector<int64_t> ptr(static_cast<size_t>(nodes) + 1, 0);
  std::vector<int32_t> pending(nodes, 0);
  int64_t sum = 0;
  for (int64_t e = 0; e < edges; ++e) {
    if (src[e] < 0 || src[e] >= nodes || dst[e] < 0 || dst[e] >= nodes) {
      throw std::out_of_range("an edge's node id lies outside the graph");
    }
    if (edge_weight && edge_weight[e] < 0) throw std::invalid_argument("an edge's weight is negative");
    ++ptr[src[e] + 1];
    ++pending[dst[e]];
    sum += edge_weight ? edge_weight[e] : 1;
  }
  if (sum > INT32_MAX) throw std::invalid_argument("the edges' weights add up to more than 31 bits hold");
  for (int32_t v = 0; v < nodes; ++v) ptr[v + 1] += ptr[v];
  std::vector<int32_t> to(edges), to_w(edge_weight ? edges : 0);
  {
    std::vector<int64_t> next(ptr.begin(), ptr.end() - 1);
    for (int64_t e = 0; e < edges; ++e) {
      const int64_t at = next[src[e]]++;
      to[at] = dst[e];
      if (edge_weight) to_w[at] = edge_weight[e];
    }
  }
  name.clear();
  name.reserve(nodes);
  std::vector<int32_t> stack;
  for (int32_t v = nodes; v-- > 0;) {
    if (pending[v] == 0) stack.push_back(v);
  }
  while (!stack.empty()) {
    const int32_t u = stack.back();
    stack.pop_back();
    name.push_back(u);
    for (int64_t e = ptr[u]; e < ptr[u + 1]; ++e) {
      if (--pending[to[e]] == 0) stack.push_back(to[e]);
    }
  }
  if (static_cast<int32_t>(name.size()) < nodes) throw std::invalid_argument("the graph has a cycle");
  std::vector<int32_t>& rank = pending;
  for (int32_t i = 0; i < nodes; ++i) rank[name[i]] = i;

  Dag dag;
  dag.nodes = nodes;
  dag.weight.resize(nodes);
  dag.out_ptr.resize(static_cast<size_t>(nodes) + 1, 0);
  dag.out.reserve(edges);
  dag.out_w.reserve(edges);
  std::vector<std::pair<int32_t, int32_t>> row;
  for (int32_t i = 0; i < nodes; ++i) {
    const int32_t u = name[i];
    dag.weight[i] = weight ? weight[u] : 1;
    dag.total += dag.weight[i];
    row.clear();
    for (int64_t e = ptr[u]; e < ptr[u + 1]; ++e) row.emplace_back(rank[to[e]], edge_weight ? to_w[e] : 1);
    std::sort(row.begin(), row.end());
    const size_t first = dag.out.size();
    for (const auto& [v, w] : row) {
      if (dag.out.size() > first && dag.out.back() == v) {
        dag.out_w.back() += w;
      } else {
        dag.out.push_back(v);
        dag.out_w.push_back(w);
      }
    }
    dag.out_ptr[i + 1] = static_cast<int64_t>(dag.out.size());
  }
  add_fanins(dag);
  return dag;
}

Dag contract(const Dag& fine, std::vector<int32_t>& cluster, int32_t clusters) {
  const Members members = members_of(cluster, clusters);
  const std::vector<int32_t> order = cluster_order(fine, cluster, members, clusters);
  std::vector<int32_t> rank(clusters);
  for (int32_t i = 0; i < clusters; ++i) rank[order[i]] = i;
  for (int32_t& c : cluster) c = rank[c];

  Dag coarse;
  coarse.nodes = clusters;
  coarse.total = fine.total;
  coarse.weight.resize(clusters);
  coarse.out_ptr.resize(static_cast<size_t>(clusters) + 1, 0);
  coarse.out.reserve(fine.out.size());
  coarse.out_w.reserve(fine.out.size());
  std::vector<int64_t> place(clusters, -1);  // where a target stands in the row being made
  for (int32_t c = 0; c < clusters; ++c) {
    const int64_t first = static_cast<int64_t>(coarse.out.size());
    int64_t weight = 0;
    for (int32_t i = members.ptr[order[c]]; i < members.ptr[order[c] + 1]; ++i) {
      const int32_t u = members.node[i];
      weight += fine.weight[u];
      for (int64_t e = fine.out_ptr[u]; e < fine.out_ptr[u + 1]; ++e) {
        const int32_t d = cluster[fine.out[e]];
        if (d == c) continue;
        if (place[d] >= first) {
          coarse.out_w[place[d]] += fine.out_w[e];
        } else {
          place[d] = static_cast<int64_t>(coarse.out.size());
          coarse.out.push_back(d);
          coarse.out_w.push_back(fine.out_w[e]);
        }
      }
    }
    coarse.weight[c] = weight;
    coarse.out_ptr[c + 1] = static_cast<int64_t>(coarse.out.size());
  }
  coarse.out.shrink_to_fit();
  coarse.out_w.shrink_to_fit();
  add_fanins(coarse);
  return coarse;
}

Dag induced(const Dag& whole, const std::vector<int32_t>& members, std::vector<int32_t>& local) {
  Dag part;
  part.nodes = static_cast<int32_t>(members.size());
  part.weight.resize(members.size());
  part.out_ptr.resize(members.size() + 1, 0);
  std::fill(local.begin(), local.end(), -1);
  for (size_t i = 0; i < members.size(); ++i) local[members[i]] = static_cast<int32_t>(i);
  for (size_t i = 0; i < members.size(); ++i) {
    const int32_t u = members[i];
    part.weight[i] = whole.weight[u];
    part.total += whole.weight[u];
    for (int64_t e = whole.out_ptr[u]; e < whole.out_ptr[u + 1]; ++e) {
      if (local[whole.out[e]] < 0) continue;
      part.out.push_back(local[whole.out[e]]);
      part.out_w.push_back(whole.out_w[e]);
    }
    part.out_ptr[i + 1] = static_cast<int64_t>(part.out.size());
  }
  add_fanins(part);
  return part;
}

}  // namespace hwdesign
