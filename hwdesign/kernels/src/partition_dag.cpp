#include "partition_dag.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "partition_threads.hpp"

namespace hwdesign {

// A range of targets is filled by one thread, which looks at all edges that may run to it: to walk over edges costs
// little beside the writes, and edges run upwards only.
void add_fanins(Dag& dag, const Workers& workers) {
  dag.in_ptr.assign(static_cast<size_t>(dag.nodes) + 1, 0);
  workers.ranges(dag.nodes, [&](int, int64_t begin, int64_t end) {
    for (int64_t e = 0; e < dag.out_ptr[end]; ++e) {
      if (begin <= dag.out[e] && dag.out[e] < end) ++dag.in_ptr[dag.out[e] + 1];
    }
  });
  for (int32_t v = 0; v < dag.nodes; ++v) dag.in_ptr[v + 1] += dag.in_ptr[v];
  workers.check();
  dag.in.resize(dag.out.size());
  dag.in_w.resize(dag.out.size());
  workers.ranges(dag.nodes, [&](int, int64_t begin, int64_t end) {
    std::vector<int64_t> next(dag.in_ptr.begin() + begin, dag.in_ptr.begin() + end);
    for (int32_t u = 0; u < end; ++u) {
      for (int64_t e = dag.out_ptr[u]; e < dag.out_ptr[u + 1]; ++e) {
        if (dag.out[e] < begin || dag.out[e] >= end) continue;
        const int64_t at = next[dag.out[e] - begin]++;
        dag.in[at] = u;
        dag.in_w[at] = dag.out_w[e];
      }
    }
  });
}

namespace {

// The ids of an input are in no order, so that most reads miss the cache: to ask for them some nodes ahead takes two
// thirds off the time of such loops.
constexpr int64_t kAhead = 4;
constexpr size_t kShort = 16;        // edges of a row that is sorted by insertion
constexpr int32_t kPatience = 4096;  // rows made before a thread asks whether they are still wanted

// Rows of a range of nodes, one after the other.
struct Rows {
  std::vector<int32_t> to, weight;
};

// Joins the rows of all ranges of nodes; out_ptr[v + 1] holds the length of v's row at first.
void join_rows(Dag& dag, std::vector<Rows>& rows, const Workers& workers) {
  for (int32_t v = 0; v < dag.nodes; ++v) dag.out_ptr[v + 1] += dag.out_ptr[v];
  if (rows.size() == 1) {
    dag.out = std::move(rows[0].to);
    dag.out_w = std::move(rows[0].weight);
    return;
  }
  dag.out.resize(dag.out_ptr[dag.nodes]);
  dag.out_w.resize(dag.out_ptr[dag.nodes]);
  workers.ranges(dag.nodes, [&](int r, int64_t begin, int64_t) {
    std::copy(rows[r].to.begin(), rows[r].to.end(), dag.out.begin() + dag.out_ptr[begin]);
    std::copy(rows[r].weight.begin(), rows[r].weight.end(), dag.out_w.begin() + dag.out_ptr[begin]);
    rows[r] = Rows();
  });
}

// An edge list sorted by source, and how many edges enter each node.
struct EdgeTable {
  std::vector<int32_t> ptr, to, weight, entering;
};

// A counting sort with counters of its own for each range of edges.
EdgeTable sort_edges(const int32_t* src, const int32_t* dst, const int32_t* edge_weight, int64_t edges, int32_t nodes,
                     const Workers& workers) {
  if (edges > INT32_MAX) throw std::invalid_argument("the graph has more than 2^31 - 1 edges");
  const int ranges = workers.ranges_of(edges);
  std::vector<std::vector<int32_t>> leaving(ranges), entering(ranges);
  std::vector<int64_t> sum(ranges, 0);
  workers.ranges(edges, [&](int r, int64_t begin, int64_t end) {
    leaving[r].assign(nodes, 0);
    entering[r].assign(nodes, 0);
    for (int64_t e = begin; e < end; ++e) {
      if (src[e] < 0 || src[e] >= nodes || dst[e] < 0 || dst[e] >= nodes) {
        throw std::out_of_range("an edge's node id lies outside the graph");
      }
      if (edge_weight && edge_weight[e] < 0) throw std::invalid_argument("an edge's weight is negative");
      ++leaving[r][src[e]];
      ++entering[r][dst[e]];
      sum[r] += edge_weight ? edge_weight[e] : 1;
    }
  });
  workers.check();
  int64_t total = 0;
  for (const int64_t s : sum) total += s;
  if (total > INT32_MAX) throw std::invalid_argument("the edges' weights add up to more than 31 bits hold");
  EdgeTable table;
  table.entering = std::move(entering[0]);
  for (int r = 1; r < ranges; ++r) {
    for (int32_t v = 0; v < nodes; ++v) table.entering[v] += entering[r][v];
  }
  table.ptr.resize(static_cast<size_t>(nodes) + 1);
  int32_t at = 0;
  for (int32_t v = 0; v < nodes; ++v) {
    table.ptr[v] = at;
    for (int r = 0; r < ranges; ++r) at += std::exchange(leaving[r][v], at);
  }
  table.ptr[nodes] = at;
  table.to.resize(edges);
  table.weight.resize(edge_weight ? edges : 0);
  workers.ranges(edges, [&](int r, int64_t begin, int64_t end) {
    for (int64_t e = begin; e < end; ++e) {
      const int32_t place = leaving[r][src[e]]++;
      table.to[place] = dst[e];
      if (edge_weight) table.weight[place] = edge_weight[e];
    }
  });
  workers.check();
  return table;
}

// What `contract` makes of a range of clusters.
struct ClusterRows {
  Rows rows;
  std::vector<int64_t> begin;   // of each cluster's row
  std::vector<int64_t> weight;  // of each cluster
};

// The rows of the clusters `begin` to before `end`, parallel edges joined; counts each target's fan-ins in `fanins`.
ClusterRows cluster_rows(const Dag& fine, const std::vector<int32_t>& cluster, int32_t clusters, int32_t begin,
                         int32_t end, std::vector<int32_t>& fanins, const Workers& workers) {
  std::vector<int32_t> first(static_cast<size_t>(end - begin) + 1, 0);
  for (const int32_t c : cluster) {
    if (begin <= c && c < end) ++first[c - begin + 1];
  }
  for (int32_t i = 0; i < end - begin; ++i) first[i + 1] += first[i];
  std::vector<int32_t> member(first.back()), next(first.begin(), first.end() - 1);
  for (int32_t v = 0; v < fine.nodes; ++v) {
    if (begin <= cluster[v] && cluster[v] < end) member[next[cluster[v] - begin]++] = v;
  }
  ClusterRows made;
  made.begin.reserve(first.size());
  made.begin.push_back(0);
  made.weight.reserve(end - begin);
  fanins.assign(clusters, 0);
  std::vector<int64_t> place(clusters, -1);  // where a target stands in the row being made
  std::vector<int32_t>&to = made.rows.to, &to_w = made.rows.weight;
  for (int32_t c = begin; c < end; ++c) {
    if (c % kPatience == 0) workers.check();
    const int64_t row = static_cast<int64_t>(to.size());
    int64_t weight = 0;
    for (int32_t i = first[c - begin]; i < first[c - begin + 1]; ++i) {
      const int32_t u = member[i];
      weight += fine.weight[u];
      for (int64_t e = fine.out_ptr[u]; e < fine.out_ptr[u + 1]; ++e) {
        const int32_t d = cluster[fine.out[e]];
        if (d == c) continue;
        if (place[d] >= row) {
          to_w[place[d]] += fine.out_w[e];
        } else {
          place[d] = static_cast<int64_t>(to.size());
          to.push_back(d);
          to_w.push_back(fine.out_w[e]);
          ++fanins[d];
        }
      }
    }
    made.weight.push_back(weight);
    made.begin.push_back(static_cast<int64_t>(to.size()));
  }
  return made;
}

// Most rows are short.
void sort_row(std::vector<uint64_t>& row) {
  if (row.size() > kShort) {
    std::sort(row.begin(), row.end());
    return;
  }
  for (size_t i = 1; i < row.size(); ++i) {
    const uint64_t edge = row[i];
    size_t at = i;
    for (; at > 0 && row[at - 1] > edge; --at) row[at] = row[at - 1];
    row[at] = edge;
  }
}

}  // namespace

Dag build_dag(const int32_t* src, const int32_t* dst, const int32_t* edge_weight, int64_t edges, int32_t nodes,
              const int64_t* weight, const Workers& workers, std::vector<int32_t>& name) {
  EdgeTable table = sort_edges(src, dst, edge_weight, edges, nodes, workers);
  // Kahn's algorithm with a stack, so that the numbering follows the graph in depth.
  name.clear();
  name.reserve(nodes);
  std::vector<int32_t>&pending = table.entering, stack;
  for (int32_t v = nodes; v-- > 0;) {
    if (pending[v] == 0) stack.push_back(v);
  }
  while (!stack.empty()) {
    const int32_t u = stack.back();
    stack.pop_back();
    if (!stack.empty()) __builtin_prefetch(table.to.data() + table.ptr[stack.back()]);
    pending[u] = static_cast<int32_t>(name.size());
    name.push_back(u);
    for (int32_t e = table.ptr[u]; e < table.ptr[u + 1]; ++e) {
      if (--pending[table.to[e]] > 0) continue;
      stack.push_back(table.to[e]);
      __builtin_prefetch(&table.ptr[table.to[e]]);
    }
  }
  if (static_cast<int32_t>(name.size()) < nodes) throw std::invalid_argument("the graph has a cycle");
  workers.check();
  const std::vector<int32_t>& rank = pending;  // done with as counters

  Dag dag;
  dag.nodes = nodes;
  dag.weight.resize(nodes);
  dag.out_ptr.assign(static_cast<size_t>(nodes) + 1, 0);
  std::vector<Rows> rows(workers.ranges_of(nodes));
  workers.ranges(nodes, [&](int r, int64_t begin, int64_t end) {
    rows[r].to.reserve(edges / rows.size() + 1);
    rows[r].weight.reserve(edges / rows.size() + 1);
    std::vector<uint64_t> row;  // target, then weight
    for (int64_t i = begin; i < end; ++i) {
      if (i % kPatience == 0) workers.check();
      if (i + 3 * kAhead < end) {
        __builtin_prefetch(&table.ptr[name[i + 3 * kAhead]]);
        __builtin_prefetch(table.to.data() + table.ptr[name[i + 2 * kAhead]]);
        const int32_t ahead = name[i + kAhead];
        for (int32_t e = table.ptr[ahead]; e < table.ptr[ahead + 1]; ++e) __builtin_prefetch(&rank[table.to[e]]);
      }
      const int32_t u = name[i];
      dag.weight[i] = weight ? weight[u] : 1;
      const int32_t row_begin = table.ptr[u], row_end = table.ptr[u + 1];
      row.resize(row_end - row_begin);
      for (int32_t e = row_begin; e < row_end; ++e) {
        row[e - row_begin] = static_cast<uint64_t>(rank[table.to[e]]) << 32 | (edge_weight ? table.weight[e] : 1);
      }
      sort_row(row);
      int32_t before = -1;
      for (const uint64_t edge : row) {
        const int32_t v = static_cast<int32_t>(edge >> 32), w = static_cast<int32_t>(edge & UINT32_MAX);
        if (v == before) {
          rows[r].weight.back() += w;
        } else {
          rows[r].to.push_back(v);
          rows[r].weight.push_back(w);
          ++dag.out_ptr[i + 1];
        }
        before = v;
      }
    }
  });
  for (const int64_t w : dag.weight) dag.total += w;
  table = EdgeTable();
  join_rows(dag, rows, workers);
  add_fanins(dag, workers);
  return dag;
}

Dag contract(const Dag& fine, std::vector<int32_t>& cluster, int32_t clusters, const Workers& workers) {
  const int ranges = workers.ranges_of(clusters);
  const int64_t size = workers.range_size(clusters);
  std::vector<ClusterRows> made(ranges);
  std::vector<std::vector<int32_t>> fanins(ranges);
  workers.ranges(clusters, [&](int r, int64_t begin, int64_t end) {
    made[r] = cluster_rows(fine, cluster, clusters, static_cast<int32_t>(begin), static_cast<int32_t>(end), fanins[r],
                           workers);
  });
  std::vector<int32_t>& pending = fanins[0];
  for (int r = 1; r < ranges; ++r) {
    for (int32_t c = 0; c < clusters; ++c) pending[c] += fanins[r][c];
  }

  // Kahn's algorithm with a stack, so that the numbering follows the graph in depth.
  Dag coarse;
  coarse.nodes = clusters;
  coarse.total = fine.total;
  coarse.weight.resize(clusters);
  coarse.out_ptr.resize(static_cast<size_t>(clusters) + 1, 0);
  std::vector<int32_t> order, stack;
  order.reserve(clusters);
  for (int32_t c = clusters - 1; c >= 0; --c) {
    if (pending[c] == 0) stack.push_back(c);
  }
  while (!stack.empty()) {
    const int32_t c = stack.back();
    stack.pop_back();
    pending[c] = static_cast<int32_t>(order.size());
    order.push_back(c);
    const ClusterRows& part = made[c / size];
    for (int64_t e = part.begin[c % size + 1]; e-- > part.begin[c % size];) {
      if (--pending[part.rows.to[e]] == 0) stack.push_back(part.rows.to[e]);
    }
    coarse.out_ptr[order.size()] = coarse.out_ptr[order.size() - 1] + part.begin[c % size + 1] - part.begin[c % size];
  }
  const std::vector<int32_t>& rank = pending;  // done with as counters
  workers.check();
  workers.ranges(fine.nodes, [&](int, int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v) cluster[v] = rank[cluster[v]];
  });
  coarse.out.resize(coarse.out_ptr[clusters]);
  coarse.out_w.resize(coarse.out_ptr[clusters]);
  workers.ranges(clusters, [&](int, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t c = order[i];
      const ClusterRows& part = made[c / size];
      coarse.weight[i] = part.weight[c % size];
      int64_t at = coarse.out_ptr[i];
      for (int64_t e = part.begin[c % size]; e < part.begin[c % size + 1]; ++e, ++at) {
        coarse.out[at] = rank[part.rows.to[e]];
        coarse.out_w[at] = part.rows.weight[e];
      }
    }
  });
  made.clear();
  add_fanins(coarse, workers);
  return coarse;
}

Dag induced(const Dag& whole, const std::vector<int32_t>& members, std::vector<int32_t>& local,
            const Workers& workers) {
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
  add_fanins(part, workers);
  return part;
}

}  // namespace hwdesign
