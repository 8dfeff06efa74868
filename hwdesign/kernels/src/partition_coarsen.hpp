// Cycle-safe coarsening.
#pragma once

#include <cstdint>
#include <vector>

#include "partition_dag.hpp"

namespace hwdesign {

// Matches nodes in pairs. Each node carries a potential that rises along every edge; two nodes may merge where one
// potential fits them both: above all their fan-ins' and below all their fan-outs'. The potentials stay valid after
// each merge, so that any number of merges leaves the graph acyclic.
//
// `part` may be null; otherwise only nodes of one part merge. No cluster grows beyond `max_weight`. Returns the cluster
// of each node and sets `clusters`. The result does not depend on the number of workers.
std::vector<int32_t> match(const Dag& dag, const int32_t* part, int64_t max_weight, uint64_t seed,
                           const Workers& workers, int32_t& clusters);

}  // namespace hwdesign
