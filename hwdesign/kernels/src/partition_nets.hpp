// Nets of a DAG, and what a partition of them costs.
#pragma once

#include <cstdint>
#include <vector>

#include "partition_dag.hpp"

namespace hwdesign {

// What a partition should have little of: edges between parts (by weight), nets with pins in several parts, or
// communication volume, which counts for each net the parts it reaches beyond the first.
enum class Objective { kEdge, kNet, kVolume };

// A net is a node and what it drives. Only nets of two pins or more are held.
struct Nets {
  std::vector<int64_t> pin_ptr{0};  // nets + 1
  std::vector<int32_t> pin;         // nodes, each once a net
  std::vector<int64_t> net_ptr;     // nodes + 1
  std::vector<int32_t> net;         // nets of each node

  int32_t size() const { return static_cast<int32_t>(pin_ptr.size()) - 1; }
};

Nets nets_of(const Dag& dag);

// The nets over clusters of nodes; those inside one cluster disappear.
Nets contract(const Nets& fine, const std::vector<int32_t>& cluster, int32_t clusters);

// What is optimised: the cut of the edges where there are no nets.
struct Goal {
  Objective objective = Objective::kEdge;
  const Nets* nets = nullptr;
};

int64_t cost_of(const Dag& dag, const Goal& goal, const std::vector<int32_t>& part);

// Gives each edge a share of its net's weight, by which edges stand in for nets where a graph is coarsened or bisected.
void weigh_by_nets(Dag& dag);

// How many pins of a net stand in a part, counted on the spot for small nets and kept up to date for large ones.
class PinCounts {
 public:
  PinCounts(const Goal& goal, const std::vector<int32_t>& part, int32_t parts);

  // What the cost falls by where a node moves from its part to another one. `part` may hide moves among other parts.
  int64_t gain(const std::vector<int32_t>& part, int32_t node, int32_t to) const;
  void move(int32_t node, int32_t from, int32_t to);

 private:
  Goal goal_;
  int32_t parts_;
  std::vector<int32_t> row_;    // of each net in `count_`, -1 for small nets
  std::vector<int32_t> count_;  // pins by row and part
};

// Edges whose cut, for slices of this order, is the cost: between the ends of each net, or, for the volume, between
// neighbours among its pins. `position` of each node in the order.
struct Span {
  int32_t from, to;  // positions
  int32_t weight;
};
std::vector<Span> spans_of(const Dag& dag, const Goal& goal, const std::vector<int32_t>& position);

}  // namespace hwdesign
