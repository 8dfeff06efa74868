// Python face of the graph kernels.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>

#include "arrays.hpp"
#include "csr.hpp"
#include "levelize.hpp"
#include "loops.hpp"
#include "sample.hpp"

namespace hwdesign {
namespace {

template <typename T>
int64_t length(const In<T>& array) {
  return static_cast<int64_t>(array.shape(0));
}

struct Edges {
  Edges(const In<int32_t>& src, const In<int32_t>& dst, int64_t nodes, const std::optional<In<uint8_t>>& cut)
      : src(src.data()), dst(dst.data()), count(length(src)), cut(cut ? cut->data() : nullptr) {
    if (length(dst) != count) throw std::invalid_argument("src and dst differ in length");
    if (nodes < 0 || nodes > INT32_MAX) throw std::invalid_argument("the number of nodes must fit 31 bits");
    if (cut && length(*cut) != nodes) throw std::invalid_argument("cut needs one entry a node");
  }
  const int32_t* src;
  const int32_t* dst;
  int64_t count;
  const uint8_t* cut;
};

// A CSR over nodes whose entries are checked as they are visited.
CsrView csr_view(const In<int64_t>& ptr, const In<int32_t>& col, const In<int64_t>& edge) {
  if (length(ptr) < 1) throw std::invalid_argument("a CSR's ptr needs at least one entry");
  if (length(ptr) - 1 > INT32_MAX) throw std::invalid_argument("the number of nodes must fit 31 bits");
  if (length(edge) != length(col)) throw std::invalid_argument("edge and col differ in length");
  return {ptr.data(), col.data(), length(ptr) - 1};
}

nb::tuple csr_tuple(Csr&& csr) {
  return nb::make_tuple(to_numpy(std::move(csr.ptr)), to_numpy(std::move(csr.col)), to_numpy(std::move(csr.edge)));
}

using Traversal = std::vector<int32_t> (*)(const int32_t*, const int32_t*, int64_t, int64_t, const uint8_t*);

// The traversals share one signature; the GIL is free while they run.
template <Traversal kernel>
Out<int32_t> traverse(In<int32_t> src, In<int32_t> dst, int64_t nodes, std::optional<In<uint8_t>> cut) {
  const Edges edges(src, dst, nodes, cut);
  std::vector<int32_t> result;
  {
    nb::gil_scoped_release nogil;
    result = kernel(edges.src, edges.dst, edges.count, nodes, edges.cut);
  }
  return to_numpy(std::move(result));
}

std::vector<int32_t> order_by_level(const int32_t* src, const int32_t* dst, int64_t edges, int64_t nodes,
                                    const uint8_t* cut) {
  return level_order(levelize(src, dst, edges, nodes, cut));
}

}  // namespace

void bind_graph(nb::module_& m) {
  m.def(
      "build_csr",
      [](In<int32_t> row, In<int32_t> col, int64_t rows, int64_t cols) {
        if (length(row) != length(col)) throw std::invalid_argument("row and col differ in length");
        Csr csr;
        {
          nb::gil_scoped_release nogil;
          csr = build_csr(row.data(), col.data(), length(row), rows, cols);
        }
        return csr_tuple(std::move(csr));
      },
      nb::arg("row"), nb::arg("col"), nb::arg("rows"), nb::arg("cols") = -1);
  m.def(
      "transpose",
      [](In<int64_t> ptr, In<int32_t> col, std::optional<In<int64_t>> edge, int64_t cols) {
        if (edge && length(*edge) != length(col)) throw std::invalid_argument("edge and col differ in length");
        Csr csr;
        {
          nb::gil_scoped_release nogil;
          csr = transpose_csr(ptr.data(), col.data(), edge ? edge->data() : nullptr, length(ptr) - 1, length(col),
                              cols);
        }
        return csr_tuple(std::move(csr));
      },
      nb::arg("ptr"), nb::arg("col"), nb::arg("edge").none(), nb::arg("cols"));

  m.def("levelize", &traverse<levelize>, nb::arg("src"), nb::arg("dst"), nb::arg("nodes"), nb::arg("cut").none());
  m.def("level_order", &traverse<order_by_level>, nb::arg("src"), nb::arg("dst"), nb::arg("nodes"),
        nb::arg("cut").none());
  m.def("dfs_order", &traverse<dfs_order>, nb::arg("src"), nb::arg("dst"), nb::arg("nodes"), nb::arg("cut").none());
  m.def("strongly_connected", &traverse<strongly_connected>, nb::arg("src"), nb::arg("dst"), nb::arg("nodes"),
        nb::arg("cut").none());
  m.def("find_cycle", &traverse<find_cycle>, nb::arg("src"), nb::arg("dst"), nb::arg("nodes"), nb::arg("cut").none());

  m.def(
      "neighbour_sample",
      [](In<int64_t> ptr, In<int32_t> col, In<int64_t> edge, In<int32_t> seeds, In<int64_t> fanouts, uint64_t seed,
         bool replace, bool disjoint) {
        const CsrView csr = csr_view(ptr, col, edge);
        const std::vector<int64_t> hops(fanouts.data(), fanouts.data() + fanouts.shape(0));
        for (const int64_t f : hops) {
          if (f < -1) throw std::invalid_argument("a fanout must be -1 (all), 0 or more");
        }
        NeighbourSample s;
        {
          nb::gil_scoped_release nogil;
          s = neighbour_sample(csr, length(col), edge.data(), seeds.data(), length(seeds), hops,
                               {seed, replace, disjoint});
        }
        return nb::make_tuple(to_numpy(std::move(s.nodes)), to_numpy(std::move(s.row)), to_numpy(std::move(s.col)),
                              to_numpy(std::move(s.edge)), to_numpy(std::move(s.batch)),
                              to_numpy(std::move(s.hop_nodes)), to_numpy(std::move(s.hop_edges)));
      },
      nb::arg("ptr"), nb::arg("col"), nb::arg("edge"), nb::arg("seeds"), nb::arg("fanouts"), nb::arg("seed"),
      nb::arg("replace"), nb::arg("disjoint"));
  m.def(
      "cone",
      [](In<int64_t> ptr, In<int32_t> col, In<int32_t> seeds, int64_t max_depth, int64_t max_nodes,
         std::optional<In<uint8_t>> stop) {
        if (length(ptr) < 1) throw std::invalid_argument("a CSR's ptr needs at least one entry");
        if (stop && length(*stop) != length(ptr) - 1) throw std::invalid_argument("stop needs one entry a node");
        const CsrView csr{ptr.data(), col.data(), length(ptr) - 1};
        Cone reached;
        {
          nb::gil_scoped_release nogil;
          reached = cone(csr, length(col), seeds.data(), length(seeds), max_depth, max_nodes,
                         stop ? stop->data() : nullptr);
        }
        return nb::make_tuple(to_numpy(std::move(reached.nodes)), to_numpy(std::move(reached.depth)));
      },
      nb::arg("ptr"), nb::arg("col"), nb::arg("seeds"), nb::arg("max_depth"), nb::arg("max_nodes"),
      nb::arg("stop").none());
  m.def(
      "induced_subgraph",
      [](In<int64_t> ptr, In<int32_t> col, In<int64_t> edge, In<int32_t> nodes) {
        const CsrView csr = csr_view(ptr, col, edge);
        Subgraph s;
        {
          nb::gil_scoped_release nogil;
          s = induced_subgraph(csr, length(col), edge.data(), nodes.data(), length(nodes));
        }
        return nb::make_tuple(to_numpy(std::move(s.row)), to_numpy(std::move(s.col)), to_numpy(std::move(s.edge)));
      },
      nb::arg("ptr"), nb::arg("col"), nb::arg("edge"), nb::arg("nodes"));
}

}  // namespace hwdesign
