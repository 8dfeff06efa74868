// Order-safe local search: nodes move between parts so that part(u) <= part(v) stays true for every edge u -> v.
#pragma once

#include <cstdint>
#include <vector>

#include "partition_dag.hpp"
#include "partition_nets.hpp"

namespace hwdesign {

using Caps = std::vector<int64_t>;  // greatest weight of each part

struct SearchEffort {
  int rounds;           // of local searches from every node that can move
  int patience;         // moves without a gain that a local search makes before it gives up
  double least = 0.002;  // rounds end when one gains less than this fraction of the cut
};

int64_t cut_weight(const Dag& dag, const std::vector<int32_t>& part);
std::vector<int64_t> part_loads(const Dag& dag, const std::vector<int32_t>& part, int32_t parts);
int64_t excess_weight(const Dag& dag, const std::vector<int32_t>& part, const Caps& caps);

// What surrounds a node. All fan-ins lie in parts up to `low`, all fan-outs in parts from `high`, so that the node may
// stand in any part from `low` to `high`, and only these two can hold its neighbours. Without fan-ins `low` is -1,
// without fan-outs `high` is the number of parts.
struct Surroundings {
  int32_t low, high;
  int64_t low_w, high_w;  // weight of the edges to these two parts
};
Surroundings look_around(const Dag& dag, const std::vector<int32_t>& part, int32_t parts, int32_t v);

// What the cut of the edges falls by where such a node moves.
inline int64_t edge_gain(const Surroundings& around, int32_t from, int32_t to) {
  auto joined = [&](int32_t p) {
    return (p == around.low ? around.low_w : 0) + (p == around.high ? around.high_w : 0);
  };
  return joined(to) - joined(from);
}

// Local search with negative steps (Fiduccia and Mattheyses, DAC 1982), started from one node at a time and rolled back
// to its best prefix (Osipov and Sanders, ESA 2010). Never makes the cost worse, nor a part heavier than its cap. The
// result does not depend on the number of workers.
void refine(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const SearchEffort& effort, uint64_t seed,
            const Workers& workers, const Goal& goal = {});

// Rounds of the same search in which weight has a price in each part: a move gains what it takes off the cut, and what
// its weight costs less where it goes. Prices stand in for the caps, which bind loosely here: they rise in a part above
// its cap and fall in others (Lagrangian relaxation, by the subgradient method), so that weight wanders through full
// parts to where it cuts less, which no move between two parts can tell. `unit` is the natural scale of prices, weight
// of edges over weight of nodes; `prices` are carried from level to level. May leave parts above their caps.
struct PriceEffort {
  int rounds;
  int patience;
};
void refine_with_prices(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, const PriceEffort& effort,
                        double unit, std::vector<double>& prices, uint64_t seed, const Workers& workers,
                        const Goal& goal);

// Moves nodes out of parts above their caps at the least cost, in at most so many passes, each of which may bring the
// excess one part nearer to where there is room; false where parts stay too heavy.
bool rebalance(const Dag& dag, std::vector<int32_t>& part, const Caps& caps, int passes, const Workers& workers);

}  // namespace hwdesign
