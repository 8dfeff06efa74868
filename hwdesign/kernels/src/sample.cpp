#include "sample.hpp"

#include <algorithm>
#include <stdexcept>

#include "rng.hpp"

namespace hwdesign {
namespace {

// Open addressing from 64-bit keys to local ids.
class IdMap {
 public:
  explicit IdMap(int64_t expected) {
    size_t size = 64;
    while (size < static_cast<size_t>(expected) * 2) size *= 2;
    slots_.assign(size, {0, -1});
  }
  // The id under `key`; when there is none, `fresh` is stored and returned.
  int64_t find_or_add(uint64_t key, int64_t fresh) {
    if (used_ * 2 >= slots_.size()) grow();
    Slot& slot = slots_[place(key)];
    if (slot.id < 0) {
      slot = {key, fresh};
      ++used_;
    }
    return slot.id;
  }
  int64_t find(uint64_t key) const { return slots_[place(key)].id; }

 private:
  struct Slot {
    uint64_t key;
    int64_t id;
  };
  size_t place(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    size_t at = mix64(key) & mask;
    while (slots_[at].id >= 0 && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2, Slot{0, -1});
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.id >= 0) slots_[place(slot.key)] = slot;
    }
  }
  std::vector<Slot> slots_;
  size_t used_ = 0;
};

struct Row {
  int64_t begin, degree;
};

Row row_of(const CsrView& csr, int64_t edges, int64_t v) {
  const int64_t begin = csr.ptr[v], end = csr.ptr[v + 1];
  if (begin < 0 || end < begin || end > edges) throw std::invalid_argument("a CSR's ptr must rise from 0 to len(col)");
  return {begin, end - begin};
}

int32_t checked(int32_t v, int64_t nodes, const char* message) {
  if (v < 0 || v >= nodes) throw std::out_of_range(message);
  return v;
}

constexpr const char* kBadColumn = "a CSR's column id lies outside the graph";
constexpr const char* kBadSeed = "a seed's node id lies outside the graph";

// `count` distinct places below `degree` > count, in rising order.
void choose(uint64_t key, int64_t degree, int64_t count, std::vector<int64_t>& places) {
  places.clear();
  if (count <= 64) {
    // Floyd's algorithm (Bentley, Floyd: A sample of brilliance, CACM 30(9), 1987).
    for (int64_t j = degree - count; j < degree; ++j) {
      const auto t = static_cast<int64_t>(bounded(random_word(key, j), static_cast<uint64_t>(j) + 1));
      places.push_back(std::find(places.begin(), places.end(), t) == places.end() ? t : j);
    }
    std::sort(places.begin(), places.end());
    return;
  }
  // Selection sampling: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.
  for (int64_t j = 0; static_cast<int64_t>(places.size()) < count; ++j) {
    const auto left = static_cast<uint64_t>(count - static_cast<int64_t>(places.size()));
    if (bounded(random_word(key, j), static_cast<uint64_t>(degree - j)) < left) places.push_back(j);
  }
}

}  // namespace

NeighbourSample neighbour_sample(const CsrView& csr, int64_t edges, const int64_t* csr_edge, const int32_t* seeds,
                                 int64_t seed_count, const std::vector<int64_t>& fanouts,
                                 const SampleOptions& options) {
  NeighbourSample out;
  IdMap local(seed_count * 4);
  // A tree's nodes are told from another tree's by the upper half of the key.
  auto key_of = [&](int64_t tree, int64_t node) {
    return static_cast<uint64_t>(options.disjoint ? tree : 0) << 32 | static_cast<uint64_t>(node);
  };
  for (int64_t s = 0; s < seed_count; ++s) {
    const int32_t v = checked(seeds[s], csr.nodes, kBadSeed);
    out.nodes.push_back(v);
    if (options.disjoint) out.batch.push_back(s);
    local.find_or_add(key_of(s, v), s);  // a repeated seed is expanded again under its own local id
  }
  out.hop_nodes.push_back(seed_count);

  std::vector<int64_t> places;
  int64_t begin = 0;
  for (const int64_t fanout : fanouts) {
    const auto end = static_cast<int64_t>(out.nodes.size());
    const auto edges_before = static_cast<int64_t>(out.edge.size());
    for (int64_t i = begin; i < end; ++i) {
      const int64_t tree = options.disjoint ? out.batch[i] : 0;
      const Row row = row_of(csr, edges, out.nodes[i]);
      auto take = [&](int64_t place) {
        const int64_t at = row.begin + place;
        const int32_t u = checked(csr.col[at], csr.nodes, kBadColumn);
        const auto fresh = static_cast<int64_t>(out.nodes.size());
        const int64_t id = local.find_or_add(key_of(tree, u), fresh);
        if (id == fresh) {
          out.nodes.push_back(u);
          if (options.disjoint) out.batch.push_back(tree);
        }
        out.row.push_back(id);
        out.col.push_back(i);
        out.edge.push_back(csr_edge ? csr_edge[at] : at);
      };
      if (row.degree == 0 || fanout == 0) continue;
      const uint64_t key = stream_key(options.seed, static_cast<uint64_t>(i));
      if (fanout < 0 || (!options.replace && fanout >= row.degree)) {
        for (int64_t p = 0; p < row.degree; ++p) take(p);
      } else if (options.replace) {
        for (int64_t p = 0; p < fanout; ++p) {
          take(static_cast<int64_t>(bounded(random_word(key, p), static_cast<uint64_t>(row.degree))));
        }
      } else {
        choose(key, row.degree, fanout, places);
        for (const int64_t p : places) take(p);
      }
    }
    out.hop_nodes.push_back(static_cast<int64_t>(out.nodes.size()) - end);
    out.hop_edges.push_back(static_cast<int64_t>(out.edge.size()) - edges_before);
    begin = end;
  }
  return out;
}

Cone cone(const CsrView& csr, int64_t edges, const int32_t* seeds, int64_t seed_count, int64_t max_depth,
          int64_t max_nodes, const uint8_t* stop) {
  Cone out;
  std::vector<bool> seen(csr.nodes, false);
  auto full = [&] { return max_nodes >= 0 && static_cast<int64_t>(out.nodes.size()) >= max_nodes; };
  auto reach = [&](int32_t v, int32_t depth) {
    if (seen[v] || full()) return;
    seen[v] = true;
    out.nodes.push_back(v);
    out.depth.push_back(depth);
  };
  for (int64_t s = 0; s < seed_count; ++s) reach(checked(seeds[s], csr.nodes, kBadSeed), 0);
  for (size_t head = 0; head < out.nodes.size() && !full(); ++head) {
    const int32_t v = out.nodes[head], depth = out.depth[head];
    if (max_depth >= 0 && depth >= max_depth) break;  // breadth-first: nothing shallower follows
    if (stop && stop[v] && depth > 0) continue;
    const Row row = row_of(csr, edges, v);
    for (int64_t p = row.begin; p < row.begin + row.degree; ++p) {
      reach(checked(csr.col[p], csr.nodes, kBadColumn), depth + 1);
    }
  }
  return out;
}

Subgraph induced_subgraph(const CsrView& csr, int64_t edges, const int64_t* csr_edge, const int32_t* nodes,
                          int64_t count) {
  IdMap local(count);
  for (int64_t i = 0; i < count; ++i) {
    const int32_t v = checked(nodes[i], csr.nodes, "a node id lies outside the graph");
    if (local.find_or_add(static_cast<uint64_t>(v), i) != i) throw std::invalid_argument("a node is listed twice");
  }
  Subgraph out;
  for (int64_t i = 0; i < count; ++i) {
    const Row row = row_of(csr, edges, nodes[i]);
    for (int64_t p = row.begin; p < row.begin + row.degree; ++p) {
      const int64_t other = local.find(static_cast<uint64_t>(checked(csr.col[p], csr.nodes, kBadColumn)));
      if (other < 0) continue;
      out.row.push_back(other);
      out.col.push_back(i);
      out.edge.push_back(csr_edge ? csr_edge[p] : p);
    }
  }
  return out;
}

}  // namespace hwdesign
