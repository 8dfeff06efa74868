// Loops through a hierarchy, and the gates along them.
#include <algorithm>
#include <utility>

#include "cycles.hpp"
#include "hierarchy.hpp"

namespace hwdesign {
namespace {

// Instances along loops are entered until a loop has this many steps, all loops have this many together, or this many
// pins and nets were read again for it.
constexpr size_t kMaxSteps = 400;
constexpr size_t kMaxAllSteps = 200'000;
constexpr int64_t kMaxPins = int64_t{1} << 26;

struct Step {
  LoopStep kind;
  int32_t id;
  int32_t module = -1, source = -1, sink = -1;  // of an instance: from where to where the loop runs through it
};

std::vector<Step> steps_of(const ModuleGraph& graph, const std::vector<int32_t>& nodes) {
  std::vector<Step> steps;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const int32_t v = nodes[i];
    if (graph.is_terminal(v)) {
      // A source is followed by the sink that it reaches; a path that enters an instance leaves it.
      const ModuleGraph::Instance& instance = graph.instance(v);
      steps.push_back({kEnter, instance.cell, instance.module, graph.terminal(v), graph.terminal(nodes[++i])});
    } else if (v < graph.cells()) {
      steps.push_back({kCell, v});
    } else {
      steps.push_back({kNet, static_cast<int32_t>(v - graph.cells())});
    }
  }
  return steps;
}

bool has_loop(const std::vector<int32_t>& component) {
  int32_t count = 0;
  for (const int32_t c : component) count = std::max(count, c + 1);
  return count < static_cast<int64_t>(component.size());
}

class Searcher {
 public:
  Searcher(const HierarchyTable& table, int64_t max_bytes) : table_(table), free_bytes_(max_bytes) {}

  HierarchyLoops run() {
    const HierarchyNeeds needs = hierarchy_needs(table_);
    paths_.resize(table_.modules);
    result_.searched.resize(table_.modules, 0);
    result_.dropped.resize(table_.modules, 0);
    result_.ptr.push_back(0);
    for (int64_t m = 0; m < table_.modules; ++m) {
      if (!needs.search[m] && !needs.paths[m]) continue;
      const ModuleGraph graph(table_, m, paths_);
      const std::vector<int32_t> component = components_of(graph);
      if (needs.search[m]) {
        result_.searched[m] = 1;
        if (has_loop(component)) report(m, graph, shortest_cycle(component, graph));
      }
      if (needs.paths[m]) keep(m, port_paths(table_, m, graph, component));
    }
    return std::move(result_);
  }

 private:
  void keep(int64_t m, PortPaths&& paths) {
    const auto bytes = static_cast<int64_t>(4 * paths.data.size());
    if (bytes > free_bytes_) {
      result_.dropped[m] = 1;
      return;
    }
    free_bytes_ -= bytes;
    paths_[m] = std::move(paths);
  }

  void report(int64_t m, const ModuleGraph& graph, const std::vector<int32_t>& cycle) {
    std::vector<Step> steps = steps_of(graph, cycle);
    // Start at the first cell or instance in the source.
    size_t start = steps.size();
    for (size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].kind != kNet && (start == steps.size() || steps[i].id < steps[start].id)) start = i;
    }
    std::rotate(steps.begin(), steps.begin() + static_cast<int64_t>(start), steps.end());
    write(std::move(steps));
    result_.module.push_back(static_cast<int32_t>(m));
    result_.ptr.push_back(static_cast<int64_t>(result_.step.size()));
  }

  void emit(LoopStep kind, int32_t id) {
    result_.step.push_back(kind);
    result_.id.push_back(id);
  }

  void write(std::vector<Step>&& loop) {
    struct Frame {
      std::vector<Step> steps;
      size_t at = 0;
    };
    std::vector<Frame> frames;
    frames.push_back({std::move(loop)});
    const size_t begin = result_.step.size();
    while (!frames.empty()) {
      Frame& frame = frames.back();
      if (frame.at == frame.steps.size()) {
        frames.pop_back();
        if (!frames.empty()) emit(kLeave, -1);
        continue;
      }
      const Step step = frame.steps[frame.at++];
      if (step.kind != kEnter) {
        emit(step.kind, step.id);
        continue;
      }
      const int64_t m = step.module;
      const int64_t pins = table_.pin_ptr[table_.cell_ptr[m + 1]] - table_.pin_ptr[table_.cell_ptr[m]] + table_.nets[m];
      const size_t written = result_.step.size();
      if (written - begin > kMaxSteps || written > kMaxAllSteps || pins > free_pins_) {
        emit(kClosed, step.id);
        continue;
      }
      free_pins_ -= pins;
      emit(kEnter, step.id);
      frames.push_back({inside(step)});
    }
  }

  // The way through an instance, without the nets at its ports: these are the outer nets.
  std::vector<Step> inside(const Step& step) const {
    const PortPaths& paths = paths_[step.module];
    const ModuleGraph graph(table_, step.module, paths_);
    const int32_t from = graph.net_node(paths.source_net[step.source]);
    const int32_t to = graph.net_node(paths.sink_net[step.sink]);
    std::vector<int32_t> nodes = shortest_path(graph.nodes(), from, to, graph, [](int32_t) { return true; });
    return steps_of(graph, {nodes.begin() + 1, nodes.end() - 1});
  }

  const HierarchyTable& table_;
  int64_t free_bytes_;
  int64_t free_pins_ = kMaxPins;
  std::vector<PortPaths> paths_;
  HierarchyLoops result_;
};

}  // namespace

std::vector<int32_t> components_of(const ModuleGraph& graph) {
  std::vector<uint32_t> closed(graph.mark_words(), 0);
  return components(
      graph.nodes(), [&](int32_t v, int64_t& at) { return graph.next_open(v, at, closed); },
      [&](int32_t v) { graph.close(v, closed); });
}

HierarchyLoops hierarchy_loops(const HierarchyTable& table, int64_t max_bytes) {
  check_hierarchy(table);
  return Searcher(table, max_bytes).run();
}

}  // namespace hwdesign
