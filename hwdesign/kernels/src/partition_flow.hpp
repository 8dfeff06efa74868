// Order-safe refinement of pairs of parts by minimum cuts.
#pragma once

#include <cstdint>
#include <vector>

#include "partition_dag.hpp"
#include "partition_refine.hpp"

namespace hwdesign {

class Workers;

struct FlowEffort {
  int rounds;    // over the pairs of parts; 0 for no flows
  double reach;  // a region's weight at first, over the weight that its two parts have room for
};

// For each pair of parts with edges between them, moves the border to a minimum cut of the region around it (Sanders
// and Schulz, ESA 2011). Arcs against an edge have no bound, so that the minimum cut keeps the order: the lower side is
// closed under fan-ins. Regions shrink until the result respects the caps. Pairs are taken up again while one of their
// parts changed. Nets enter as in Lawler's network (1973). Never makes the cost worse.
void refine_by_flows(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const FlowEffort& effort,
                     const Workers& workers, const Goal& goal);

}  // namespace hwdesign
