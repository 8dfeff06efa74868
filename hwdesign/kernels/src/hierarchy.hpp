// Paths and loops through a hierarchy of pin tables, without unfolding it.
//
// Modules are numbered so that most come after those that they hold; an instance of a later one (recursion) is opaque.
// Bottom-up, each held module of which it matters is condensed to its `PortPaths`; in the modules above, an instance adds exactly these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "csr.hpp"

namespace hwdesign {

enum : int32_t { kGate = -1, kOpaque = -2 };

// Cells and ports of all modules, module after module. Net ids count within their module; nets below `first_net` are
// constants.
struct HierarchyTable {
  int64_t modules, cells, types;
  const int64_t* cell_ptr;    // modules + 1
  const int64_t* port_ptr;    // modules + 1
  const int32_t* nets;        // how many nets each module has
  const int32_t* type;        // of each cell
  const int64_t* pin_ptr;     // cells + 1
  const int32_t* net;         // of each pin, -1 for an open one
  const int16_t* role;        // of each pin
  const int32_t* port_net;    // of each port bit
  const int64_t* first;       // types + 1: where a type's roles begin
  const uint8_t* direction;   // of each role, as in pins.hpp
  const int32_t* port;        // of each role of an instance: the module's port bit, -1 for none
  const int32_t* target;      // of each type: kGate, kOpaque, or the module that it instantiates
  int32_t first_net;
};

// Throws std::out_of_range where an id lies outside its table.
void check_hierarchy(const HierarchyTable& table);

// A module's paths matter where one of its instances may lie on a loop, as if each of the instance's inputs led to each
// of its outputs, and where a module that holds it matters.
struct HierarchyNeeds {
  std::vector<uint8_t> paths;   // of each module: condense it
  std::vector<uint8_t> search;  // of each module: loops may run through its instances
};
HierarchyNeeds hierarchy_needs(const HierarchyTable& table);

// What a module does between its ports. Ports on one net form a group. A group from which gates lead to another one is
// a source, a group to which they lead is a sink.
struct PortPaths {
  std::vector<int32_t> group;                // of each port bit, -1 on a constant
  std::vector<int32_t> source, sink;         // of each group: its number among the sources (sinks), or -1
  std::vector<int32_t> source_net, sink_net; // of each source (sink)
  bool joins = false;                        // two ports are one net
  // The sinks that each source reaches: rising numbers, or, where that is smaller, one bit a sink.
  std::vector<int64_t> row;
  std::vector<uint8_t> dense;
  std::vector<uint32_t> data;

  bool empty() const { return source_net.empty(); }
};

// Gates, nets and instances of one module: node c is cell c, node cells + n is net n, later nodes are connected sources
// and sinks of instances. Nets that instances join are one node, the lowest. Called as `next(v, at)` by cycles.hpp;
// the paths inside instances are read from their `PortPaths`, never copied.
class ModuleGraph {
 public:
  struct Instance {
    int32_t cell, module;
    int32_t sources, sinks;  // first source node, first sink node; the next instance's sources follow
    int32_t end;
    size_t mark;  // first word of its sinks' marks
    const PortPaths* paths;
  };

  ModuleGraph(const HierarchyTable& table, int64_t module, const std::vector<PortPaths>& paths);

  int32_t operator()(int32_t v, int64_t& at) const {
    if (v >= fixed_ && is_source(v)) return through(v, at, nullptr);
    const int64_t e = out_.ptr[v] + at++;
    return e < out_.ptr[v + 1] ? out_.col[e] : -1;
  }

  // The same, leaving out sinks that `closed` marks (one bit a terminal node, from bit 0 of a word at each instance's
  // first sink on): a dense row then costs a step for 32 sinks and not for each.
  int32_t next_open(int32_t v, int64_t& at, const std::vector<uint32_t>& closed) const {
    return v >= fixed_ && is_source(v) ? through(v, at, closed.data() + instance(v).mark) : (*this)(v, at);
  }
  void close(int32_t v, std::vector<uint32_t>& closed) const {
    if (v < fixed_ || is_source(v)) return;
    const int32_t sink = v - instance(v).sinks;
    closed[instance(v).mark + (sink >> 5)] |= uint32_t{1} << (sink & 31);
  }
  size_t mark_words() const { return marks_; }

  int64_t cells() const { return cells_; }
  int64_t nodes() const { return nodes_; }
  int32_t net_node(int32_t net) const { return static_cast<int32_t>(cells_ + net_[net]); }
  bool is_terminal(int32_t v) const { return v >= fixed_; }
  const Instance& instance(int32_t v) const { return instances_[owner_[v - fixed_]]; }
  int32_t terminal(int32_t v) const { return terminal_[v - fixed_]; }

 private:
  bool is_source(int32_t v) const { return v < instance(v).sinks; }
  int32_t through(int32_t source, int64_t& at, const uint32_t* closed) const;
  void join_nets(const HierarchyTable& table, int64_t module, const std::vector<PortPaths>& paths);
  void add_instances(const HierarchyTable& table, int64_t module, const std::vector<PortPaths>& paths,
                     std::vector<int32_t>& src, std::vector<int32_t>& dst);

  int64_t cells_, fixed_, nodes_;
  size_t marks_ = 0;
  std::vector<int32_t> net_;       // representative of each net
  std::vector<int32_t> held_;      // cells that are instances and add paths or join nets
  std::vector<Instance> instances_;
  std::vector<int32_t> owner_;     // of each terminal node: its instance
  std::vector<int32_t> terminal_;  // of each terminal node: its number among the module's sources or sinks
  Adjacency out_;
};

// The strongly connected components of a module, numbered so that edges rise. No node has an edge to itself, so that
// the module has a loop exactly where there are fewer components than nodes.
std::vector<int32_t> components_of(const ModuleGraph& graph);

// Condenses a module. `component` numbers the strongly connected components of `graph`; paths within one are left out:
// they are loops of this module, to be reported here and not again above.
PortPaths port_paths(const HierarchyTable& table, int64_t module, const ModuleGraph& graph,
                     const std::vector<int32_t>& component);

// A loop as it runs through gates and nets. `kEnter` and `kLeave` go into and out of an instance, whose own nets at its
// ports are left out; a `kClosed` instance was not entered, to bound the output.
enum LoopStep : int32_t { kCell = 0, kNet = 1, kEnter = 2, kLeave = 3, kClosed = 4 };

struct HierarchyLoops {
  std::vector<uint8_t> searched;  // of each module: instances may be on loops, so these were looked for here
  std::vector<uint8_t> dropped;   // of each module: its paths took too much memory and its instances are opaque
  std::vector<int32_t> module;    // of each loop, at most one a module
  std::vector<int64_t> ptr;       // loops + 1
  std::vector<int32_t> step, id;  // `LoopStep`, and the cell or net
};

// `max_bytes` bounds the port paths of all modules together.
HierarchyLoops hierarchy_loops(const HierarchyTable& table, int64_t max_bytes);

}  // namespace hwdesign
