// Python face of the pin-table kernels.
#include <nanobind/stl/optional.h>

#include <stdexcept>

#include "arrays.hpp"
#include "pins.hpp"

namespace hwdesign {

void bind_pins(nb::module_& m) {
  m.def(
      "net_edges",
      [](In<int64_t> ptr, In<int32_t> net, In<int16_t> role, In<uint8_t> flags, In<int32_t> type, In<int64_t> first,
         In<uint8_t> direction, int64_t nets, int32_t first_net, In<int32_t> loose_net, In<uint8_t> loose_direction,
         In<uint8_t> loose_flags) -> nb::object {
        const auto size = [](const auto& array) { return static_cast<int64_t>(array.shape(0)); };
        const int64_t nodes = size(type);
        if (size(ptr) != nodes + 1 || ptr.data()[0] != 0 || ptr.data()[nodes] != size(net)) {
          throw std::invalid_argument("ptr does not span the pins");
        }
        for (int64_t n = 0; n < nodes; ++n) {
          if (ptr.data()[n] > ptr.data()[n + 1]) throw std::invalid_argument("ptr falls");
        }
        if (size(role) != size(net) || size(flags) != size(net)) throw std::invalid_argument("pin columns differ");
        if (size(loose_direction) != size(loose_net) || size(loose_flags) != size(loose_net)) {
          throw std::invalid_argument("port columns differ");
        }
        if (size(first) < 1 || first.data()[size(first) - 1] != size(direction)) {
          throw std::invalid_argument("first does not span the roles");
        }
        const PinTable pins{ptr.data(),   net.data(),   role.data(),      flags.data(),    type.data(), nodes,
                            first.data(), direction.data(), size(first) - 1, nets, first_net};
        const LoosePins loose{loose_net.data(), loose_direction.data(), loose_flags.data(), size(loose_net)};
        NetEdges edges;
        {
          nb::gil_scoped_release nogil;
          edges = net_edges(pins, loose);
        }
        if (edges.several_drivers) return nb::none();
        return nb::make_tuple(to_numpy(std::move(edges.src)), to_numpy(std::move(edges.dst)),
                              to_numpy(std::move(edges.net)), to_numpy(std::move(edges.pin)),
                              to_numpy(std::move(edges.inverted)));
      },
      nb::arg("ptr"), nb::arg("net"), nb::arg("role"), nb::arg("flags"), nb::arg("type"), nb::arg("first"),
      nb::arg("direction"), nb::arg("nets"), nb::arg("first_net"), nb::arg("loose_net"), nb::arg("loose_direction"),
      nb::arg("loose_flags"));
}

}  // namespace hwdesign
