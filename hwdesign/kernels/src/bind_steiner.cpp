// Python face of Steiner trees.
#include <stdexcept>

#include "arrays.hpp"
#include "steiner.hpp"

namespace hwdesign {

void bind_steiner(nb::module_& m) {
  m.def(
      "steiner_trees",
      [](const In<int64_t>& ptr, const In<double>& xy) {
        const auto nets = static_cast<int64_t>(ptr.shape(0)) - 1;
        const auto points = static_cast<int64_t>(xy.shape(0) / 2);
        if (nets < 0 || ptr.data()[0] != 0 || ptr.data()[nets] != points)
          throw std::invalid_argument("ptr does not span the points");
        // A net of p points has at most 2 p nodes.
        if (points > INT32_MAX / 2) throw std::invalid_argument("the number of points must fit 30 bits");
        for (int64_t net = 0; net < nets; ++net)
          if (ptr.data()[net] > ptr.data()[net + 1]) throw std::invalid_argument("ptr falls");
        SteinerTrees trees;
        {
          nb::gil_scoped_release nogil;
          trees = steiner_trees(ptr.data(), nets, xy.data());
        }
        const size_t nodes = trees.point.size();
        return nb::make_tuple(to_numpy(std::move(trees.node_ptr)), to_numpy(std::move(trees.point)),
                              to_numpy(std::move(trees.parent)), to_numpy(std::move(trees.end)),
                              to_numpy(std::move(trees.xy), nodes, 2));
      },
      nb::arg("ptr"), nb::arg("xy"));
}

}  // namespace hwdesign
