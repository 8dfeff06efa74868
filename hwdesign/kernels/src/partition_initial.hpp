// Multilevel recursive bisection, for graphs that are small already.
#pragma once

#include <cstdint>
#include <vector>

#include "partition_dag.hpp"
#include "partition_refine.hpp"

namespace hwdesign {

struct InitialEffort {
  int tries = 6;           // orders tried for each bisection of a coarsest graph
  int32_t coarsest = 120;  // nodes of it
  int cycles = 1;          // multilevel bisections of which the best is kept
  SearchEffort search{4, 60};
};

// Cuts the graph in `parts` ordered parts, none heavier than `cap` where that can be had. The
// result does not depend on the number of workers.
std::vector<int32_t> recursive_bisection(const Dag& dag, int32_t parts, int64_t cap, const InitialEffort& effort,
                                         uint64_t seed, const Workers& workers);

}  // namespace hwdesign
