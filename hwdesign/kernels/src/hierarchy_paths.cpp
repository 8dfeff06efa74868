// From a module's graph to the paths between its ports.
#include <algorithm>
#include <array>

#include "hierarchy.hpp"

namespace hwdesign {
namespace {

constexpr int kWords = 4;  // sources that are followed at once: 64 a word
constexpr int32_t kBlock = 64 * kWords;
using Set = std::array<uint64_t, kWords>;

// Nodes grouped by component; components rise along edges, so this is a topological order.
struct Order {
  std::vector<int64_t> ptr;
  std::vector<int32_t> node;

  explicit Order(const std::vector<int32_t>& component) : node(component.size()) {
    int32_t count = 0;
    for (const int32_t c : component) count = std::max(count, c + 1);
    ptr.assign(static_cast<size_t>(count) + 1, 0);
    for (const int32_t c : component) ++ptr[c + 1];
    for (int32_t c = 0; c < count; ++c) ptr[c + 1] += ptr[c];
    std::vector<int64_t> next(ptr.begin(), ptr.end() - 1);
    for (size_t v = 0; v < component.size(); ++v) node[next[component[v]]++] = static_cast<int32_t>(v);
  }
  int64_t components() const { return static_cast<int64_t>(ptr.size()) - 1; }
};

struct Condenser {
  const ModuleGraph& graph;
  const std::vector<int32_t>& component;
  Order order;
  std::vector<uint8_t> has_port, after_port, before_port;  // of each component

  Condenser(const ModuleGraph& g, const std::vector<int32_t>& c)
      : graph(g), component(c), order(c), has_port(order.components(), 0), after_port(has_port), before_port(has_port) {}

  template <typename Visit>
  void successors(int64_t c, const Visit& visit) const {
    for (int64_t i = order.ptr[c]; i < order.ptr[c + 1]; ++i) {
      const int32_t v = order.node[i];
      int64_t at = 0;
      for (int32_t w = graph(v, at); w >= 0; w = graph(v, at)) {
        if (component[w] != c) visit(component[w]);
      }
    }
  }

  void mark() {
    const int64_t count = order.components();
    for (int64_t c = 0; c < count; ++c) {
      if (has_port[c] || after_port[c]) successors(c, [&](int32_t d) { after_port[d] = 1; });
    }
    for (int64_t c = count - 1; c >= 0; --c) {
      if (!has_port[c] && !after_port[c]) continue;
      successors(c, [&](int32_t d) { before_port[c] |= has_port[d] | before_port[d]; });
    }
  }

  void fill(PortPaths& paths) const;
};

void Condenser::fill(PortPaths& paths) const {
  // Only components on a way from port to port take part.
  std::vector<int32_t> kept(order.components(), -1), whole;
  for (int64_t c = 0; c < order.components(); ++c) {
    if ((!has_port[c] && !after_port[c]) || (!has_port[c] && !before_port[c])) continue;
    kept[c] = static_cast<int32_t>(whole.size());
    whole.push_back(static_cast<int32_t>(c));
  }
  const auto sources = static_cast<int32_t>(paths.source_net.size());
  const auto sinks = static_cast<int32_t>(paths.sink_net.size());
  const int64_t words = (sinks + 31) / 32;
  std::vector<std::pair<int32_t, int32_t>> seeds;  // (kept component, source)
  std::vector<Set> reached(whole.size());
  paths.row.push_back(0);
  for (int32_t first = 0; first < sources; first += kBlock) {
    const int32_t block = std::min(kBlock, sources - first);
    seeds.clear();
    for (int32_t s = 0; s < block; ++s) {
      seeds.emplace_back(kept[component[graph.net_node(paths.source_net[first + s])]], s);
    }
    std::sort(seeds.begin(), seeds.end());
    std::fill(reached.begin(), reached.end(), Set{});
    size_t next = 0;
    for (auto k = static_cast<size_t>(seeds.front().first); k < whole.size(); ++k) {
      Set set = reached[k];
      for (; next < seeds.size() && seeds[next].first == static_cast<int32_t>(k); ++next) {
        set[seeds[next].second >> 6] |= uint64_t{1} << (seeds[next].second & 63);
      }
      if (!(set[0] | set[1] | set[2] | set[3])) continue;
      successors(whole[k], [&](int32_t d) {
        if (kept[d] < 0) return;
        for (int w = 0; w < kWords; ++w) reached[kept[d]][w] |= set[w];
      });
    }
    std::vector<std::vector<uint32_t>> rows(block);
    for (int32_t t = 0; t < sinks; ++t) {
      const Set& set = reached[kept[component[graph.net_node(paths.sink_net[t])]]];
      for (int w = 0; w < kWords; ++w) {
        for (uint64_t rest = set[w]; rest != 0; rest &= rest - 1) rows[64 * w + __builtin_ctzll(rest)].push_back(t);
      }
    }
    for (const std::vector<uint32_t>& row : rows) {
      const bool dense = static_cast<int64_t>(row.size()) > words;
      paths.dense.push_back(dense);
      if (dense) {
        const size_t base = paths.data.size();
        paths.data.resize(base + words, 0);
        for (const uint32_t t : row) paths.data[base + (t >> 5)] |= uint32_t{1} << (t & 31);
      } else {
        paths.data.insert(paths.data.end(), row.begin(), row.end());
      }
      paths.row.push_back(static_cast<int64_t>(paths.data.size()));
    }
  }
}

}  // namespace

PortPaths port_paths(const HierarchyTable& t, int64_t m, const ModuleGraph& graph,
                     const std::vector<int32_t>& component) {
  PortPaths paths;
  Condenser condenser(graph, component);
  std::vector<int32_t> group_of(t.nets[m], -1), group_net;
  for (int64_t q = t.port_ptr[m]; q < t.port_ptr[m + 1]; ++q) {
    const auto net = static_cast<int32_t>(graph.net_node(t.port_net[q]) - graph.cells());
    if (net < t.first_net) {
      paths.group.push_back(-1);
      continue;
    }
    if (group_of[net] >= 0) {
      paths.joins = true;
    } else {
      group_of[net] = static_cast<int32_t>(group_net.size());
      group_net.push_back(net);
      condenser.has_port[component[graph.net_node(net)]] = 1;
    }
    paths.group.push_back(group_of[net]);
  }
  condenser.mark();
  for (const int32_t net : group_net) {
    const int32_t c = component[graph.net_node(net)];
    paths.source.push_back(condenser.before_port[c] ? static_cast<int32_t>(paths.source_net.size()) : -1);
    if (condenser.before_port[c]) paths.source_net.push_back(net);
    paths.sink.push_back(condenser.after_port[c] ? static_cast<int32_t>(paths.sink_net.size()) : -1);
    if (condenser.after_port[c]) paths.sink_net.push_back(net);
  }
  if (!paths.empty()) condenser.fill(paths);
  return paths;
}

}  // namespace hwdesign
