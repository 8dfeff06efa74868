// A weighted directed acyclic graph whose node ids are a topological order: every edge u -> v has u < v.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

class Workers;

struct Dag {
  int32_t nodes = 0;
  std::vector<int64_t> out_ptr, in_ptr;  // nodes + 1
  std::vector<int32_t> out, in;          // neighbours, none twice in a row
  std::vector<int32_t> out_w, in_w;      // weight of each edge
  std::vector<int64_t> weight;           // weight of each node
  int64_t total = 0;                     // of the nodes' weights
};

// Contracts `fine` along `cluster` (ids 0 .. clusters - 1, every id used). The coarse graph must be acyclic. On return
// `cluster` holds the coarse graph's node ids, renumbered so that they are a topological order in which neighbours in
// the graph lie close to one another. Like all that follows, it does not depend on the number of workers.
Dag contract(const Dag& fine, std::vector<int32_t>& cluster, int32_t clusters, const Workers& workers);

// The subgraph of the nodes of one part. `local` has one entry a node of `whole` and receives ids; `members` lists the
// part's nodes in increasing order.
Dag induced(const Dag& whole, const std::vector<int32_t>& members, std::vector<int32_t>& local,
            const Workers& workers);

// The graph of an edge list over nodes 0 .. nodes - 1 in any numbering. Parallel edges become one whose weight is their
// number, or the sum of `edge_weight` (may be null); `weight` may be null for 1 each. `name` receives the input's id of
// each node. Throws std::out_of_range for an id outside the graph and std::invalid_argument for a cycle or a total of
// edge weights beyond 31 bits.
Dag build_dag(const int32_t* src, const int32_t* dst, const int32_t* edge_weight, int64_t edges, int32_t nodes,
              const int64_t* weight, const Workers& workers, std::vector<int32_t>& name);

// Fills `in` from `out`.
void add_fanins(Dag& dag, const Workers& workers);

}  // namespace hwdesign
