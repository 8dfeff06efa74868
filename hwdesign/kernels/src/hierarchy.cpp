#include "hierarchy.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "pins.hpp"

namespace hwdesign {
namespace {

[[noreturn]] void bad(const char* what) { throw std::out_of_range(what); }

int32_t root(std::vector<int32_t>& parent, int32_t v) {
  while (parent[v] != v) v = parent[v] = parent[parent[v]];
  return v;
}

}  // namespace

void check_hierarchy(const HierarchyTable& t) {
  for (int64_t k = 0; k < t.types; ++k) {
    if (t.target[k] < kOpaque || t.target[k] >= t.modules) bad("a type's module lies outside the hierarchy");
    if (t.target[k] < 0) continue;
    const int64_t ports = t.port_ptr[t.target[k] + 1] - t.port_ptr[t.target[k]];
    for (int64_t r = t.first[k]; r < t.first[k + 1]; ++r) {
      if (t.port[r] >= ports) bad("a role's port lies outside its module");
    }
  }
  for (int64_t m = 0; m < t.modules; ++m) {
    for (int64_t c = t.cell_ptr[m]; c < t.cell_ptr[m + 1]; ++c) {
      if (t.type[c] < 0 || t.type[c] >= t.types) bad("a cell's type lies outside the library");
      const int64_t roles = t.first[t.type[c] + 1] - t.first[t.type[c]];
      for (int64_t p = t.pin_ptr[c]; p < t.pin_ptr[c + 1]; ++p) {
        if (t.net[p] >= t.nets[m]) bad("a pin's net lies outside the module");
        if (t.role[p] < 0 || t.role[p] >= roles) bad("a pin's role lies outside its type");
      }
    }
    for (int64_t q = t.port_ptr[m]; q < t.port_ptr[m + 1]; ++q) {
      if (t.port_net[q] < 0 || t.port_net[q] >= t.nets[m]) bad("a port's net lies outside the module");
    }
  }
}

ModuleGraph::ModuleGraph(const HierarchyTable& t, int64_t m, const std::vector<PortPaths>& paths)
    : cells_(t.cell_ptr[m + 1] - t.cell_ptr[m]), fixed_(cells_ + t.nets[m]), nodes_(fixed_), net_(t.nets[m]) {
  const int64_t begin = t.cell_ptr[m];
  for (int64_t c = 0; c < cells_; ++c) {
    const int32_t target = t.target[t.type[begin + c]];
    if (target < 0 || target >= m || (paths[target].empty() && !paths[target].joins)) continue;
    held_.push_back(static_cast<int32_t>(c));
  }
  join_nets(t, m, paths);
  std::vector<int32_t> src, dst;
  for (int64_t c = 0; c < cells_; ++c) {
    const int32_t type = t.type[begin + c];
    if (t.target[type] != kGate) continue;
    const uint8_t* direction = t.direction + t.first[type];
    for (int64_t p = t.pin_ptr[begin + c]; p < t.pin_ptr[begin + c + 1]; ++p) {
      if (t.net[p] < 0 || net_[t.net[p]] < t.first_net) continue;
      const uint8_t way = direction[t.role[p]];
      // No gate has a pin both ways; one that had would look like a loop of its own.
      if (way == kPinBoth) continue;
      const int32_t cell = static_cast<int32_t>(c), net = net_node(t.net[p]);
      src.push_back(way == kPinIn ? net : cell);
      dst.push_back(way == kPinIn ? cell : net);
    }
  }
  add_instances(t, m, paths, src, dst);
  if (nodes_ > INT32_MAX) throw std::length_error("a module has more than 2^31 cells, nets and instance pins");
  out_ = build_adjacency(src.data(), dst.data(), static_cast<int64_t>(src.size()), nodes_, nullptr, /*reverse=*/false);
}

void ModuleGraph::join_nets(const HierarchyTable& t, int64_t m, const std::vector<PortPaths>& paths) {
  for (size_t n = 0; n < net_.size(); ++n) net_[n] = static_cast<int32_t>(n);
  std::vector<std::pair<int32_t, int32_t>> on;  // (group, net)
  for (const int32_t cell : held_) {
    const int64_t c = t.cell_ptr[m] + cell;
    const int32_t type = t.type[c];
    const PortPaths& inner = paths[t.target[type]];
    if (!inner.joins) continue;
    on.clear();
    for (int64_t p = t.pin_ptr[c]; p < t.pin_ptr[c + 1]; ++p) {
      const int32_t port = t.port[t.first[type] + t.role[p]];
      if (port >= 0 && t.net[p] >= 0 && inner.group[port] >= 0) on.emplace_back(inner.group[port], t.net[p]);
    }
    std::sort(on.begin(), on.end());
    for (size_t i = 1; i < on.size(); ++i) {
      if (on[i].first != on[i - 1].first) continue;
      const int32_t a = root(net_, on[i - 1].second), b = root(net_, on[i].second);
      net_[std::max(a, b)] = std::min(a, b);
    }
  }
  for (size_t n = 0; n < net_.size(); ++n) net_[n] = net_[net_[n]];  // roots are lower, hence settled
}

void ModuleGraph::add_instances(const HierarchyTable& t, int64_t m, const std::vector<PortPaths>& paths,
                                std::vector<int32_t>& src, std::vector<int32_t>& dst) {
  std::vector<std::pair<int32_t, int32_t>> sources, sinks;  // (terminal, net node)
  for (const int32_t cell : held_) {
    const int64_t c = t.cell_ptr[m] + cell;
    const int32_t type = t.type[c];
    const PortPaths& inner = paths[t.target[type]];
    sources.clear(), sinks.clear();
    for (int64_t p = t.pin_ptr[c]; p < t.pin_ptr[c + 1]; ++p) {
      const int32_t port = t.port[t.first[type] + t.role[p]];
      if (port < 0 || t.net[p] < 0 || net_[t.net[p]] < t.first_net || inner.group[port] < 0) continue;
      const int32_t group = inner.group[port];
      if (inner.source[group] >= 0) sources.emplace_back(inner.source[group], net_node(t.net[p]));
      if (inner.sink[group] >= 0) sinks.emplace_back(inner.sink[group], net_node(t.net[p]));
    }
    // Only connected terminals become nodes, so that memory follows the pins that the source spells out.
    if (sources.empty() || sinks.empty()) continue;
    const auto index = static_cast<int32_t>(instances_.size());
    const auto add = [&](std::vector<std::pair<int32_t, int32_t>>& all, bool into) {
      std::sort(all.begin(), all.end());
      const int64_t first = nodes_;
      for (const auto& [terminal, net] : all) {
        // One node a terminal, even where a broken netlist spells a pin twice.
        if (nodes_ == first || terminal_.back() != terminal) {
          ++nodes_;
          owner_.push_back(index);
          terminal_.push_back(terminal);
        }
        const auto node = static_cast<int32_t>(nodes_ - 1);
        src.push_back(into ? net : node);
        dst.push_back(into ? node : net);
      }
    };
    if (nodes_ + static_cast<int64_t>(sources.size() + sinks.size()) > INT32_MAX) {
      throw std::length_error("a module has more than 2^31 cells, nets and instance pins");
    }
    Instance instance{cell, t.target[type], static_cast<int32_t>(nodes_), 0, 0, marks_, &inner};
    add(sources, true);
    instance.sinks = static_cast<int32_t>(nodes_);
    add(sinks, false);
    instance.end = static_cast<int32_t>(nodes_);
    marks_ += static_cast<size_t>(instance.end - instance.sinks + 31) / 32;
    instances_.push_back(instance);
  }
}

int32_t ModuleGraph::through(int32_t source, int64_t& at, const uint32_t* closed) const {
  const Instance& instance = instances_[owner_[source - fixed_]];
  const PortPaths& paths = *instance.paths;
  const int32_t row = terminal(source);
  const uint32_t* data = paths.data.data() + paths.row[row];
  const int64_t length = paths.row[row + 1] - paths.row[row];
  const int32_t* sinks = terminal_.data() + (instance.sinks - fixed_);
  const int64_t connected = instance.end - instance.sinks;
  const bool all = connected == static_cast<int64_t>(paths.sink_net.size());
  if (!paths.dense[row]) {
    while (at < length) {
      const auto sink = static_cast<int32_t>(data[at++]);
      if (all) return instance.sinks + sink;
      const int32_t* found = std::lower_bound(sinks, sinks + connected, sink);
      if (found != sinks + connected && *found == sink) return instance.sinks + static_cast<int32_t>(found - sinks);
    }
    return -1;
  }
  if (!all) {
    for (; at < connected; ++at) {
      if (data[sinks[at] >> 5] >> (sinks[at] & 31) & 1) return instance.sinks + static_cast<int32_t>(at++);
    }
    return -1;
  }
  for (int64_t word = at >> 5; word < length; at = ++word << 5) {
    const uint32_t rest = (closed == nullptr ? data[word] : data[word] & ~closed[word]) >> (at & 31);
    if (rest == 0) continue;
    at += __builtin_ctz(rest);
    return instance.sinks + static_cast<int32_t>(at++);
  }
  return -1;
}

}  // namespace hwdesign
