// Python face of the partitioner.
#include <nanobind/stl/optional.h>

#include <optional>
#include <stdexcept>

#include "arrays.hpp"
#include "interrupt.hpp"
#include "partition.hpp"
#include "partition_threads.hpp"

namespace hwdesign {

void bind_partition(nb::module_& m) {
  m.def(
      "partition",
      [](In<int32_t> src, In<int32_t> dst, int64_t nodes, std::optional<In<int32_t>> edge_weight,
         std::optional<In<int64_t>> weight, std::optional<In<int64_t>> key, int32_t parts, int64_t cap, int objective,
         int effort, uint64_t seed, int threads) {
        if (src.shape(0) != dst.shape(0)) throw std::invalid_argument("src and dst differ in length");
        if (nodes < 0 || nodes > INT32_MAX) throw std::invalid_argument("the number of nodes must fit 31 bits");
        if (edge_weight && edge_weight->shape(0) != src.shape(0)) {
          throw std::invalid_argument("edge_weight needs one entry an edge");
        }
        if (weight && static_cast<int64_t>(weight->shape(0)) != nodes) {
          throw std::invalid_argument("weight needs one entry a node");
        }
        if (key && static_cast<int64_t>(key->shape(0)) != nodes) {
          throw std::invalid_argument("key needs one entry a node");
        }
        if (parts < 1 || cap < 0 || threads < 1 || objective < 0 || objective > 2 || effort < 0 || effort > 2) {
          throw std::invalid_argument("parts, cap, objective, effort or threads lies outside its range");
        }
        PartitionOptions options;
        options.parts = parts;
        options.cap = cap;
        options.objective = static_cast<Objective>(objective);
        options.effort = static_cast<Effort>(effort);
        options.seed = seed;
        options.threads = threads;
        options.unwanted = &interrupted;
        std::vector<int32_t> part;
        try {
          nb::gil_scoped_release nogil;
          part = partition(src.data(), dst.data(), edge_weight ? edge_weight->data() : nullptr,
                           static_cast<int64_t>(src.shape(0)), static_cast<int32_t>(nodes),
                           weight ? weight->data() : nullptr, key ? key->data() : nullptr, options);
        } catch (const Cancelled&) {
          // The signal's own error says it.
        }
        raise_if_interrupted();
        return to_numpy(std::move(part));
      },
      nb::arg("src"), nb::arg("dst"), nb::arg("nodes"), nb::arg("edge_weight").none(), nb::arg("weight").none(),
      nb::arg("key").none(), nb::arg("parts"), nb::arg("cap"), nb::arg("objective"), nb::arg("effort"),
      nb::arg("seed"), nb::arg("threads"));
  m.def(
      "move_gains",
      [](In<int32_t> src, In<int32_t> dst, In<int32_t> part, int32_t parts, int objective, In<int32_t> node,
         In<int32_t> to) {
        if (src.shape(0) != dst.shape(0)) throw std::invalid_argument("src and dst differ in length");
        if (node.shape(0) != to.shape(0)) throw std::invalid_argument("node and to differ in length");
        if (parts < 1 || objective < 0 || objective > 2) {
          throw std::invalid_argument("parts or objective lies outside its range");
        }
        std::vector<int32_t> moved(part.data(), part.data() + part.shape(0));
        std::vector<int64_t> gains =
            move_gains(src.data(), dst.data(), static_cast<int64_t>(src.shape(0)), moved, parts,
                       static_cast<Objective>(objective), node.data(), to.data(), static_cast<int64_t>(node.shape(0)));
        return nb::make_tuple(to_numpy(std::move(gains)), to_numpy(std::move(moved)));
      },
      nb::arg("src"), nb::arg("dst"), nb::arg("part"), nb::arg("parts"), nb::arg("objective"), nb::arg("node"),
      nb::arg("to"));
}

}  // namespace hwdesign
