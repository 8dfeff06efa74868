// What must hold of the columns that the readers of physical data accept.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "gds.hpp"
#include "lefdef.hpp"
#include "sdf.hpp"
#include "spef.hpp"

namespace hwdesign::fuzz {

inline void check(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "inconsistent columns: %s\n", what);
  std::abort();
}

inline void check_ids(const std::vector<int32_t>& ids, int64_t low, int64_t size, const char* what) {
  for (const int32_t id : ids) check(id >= low && id < size, what);
}

inline void check_ptr(const std::vector<int64_t>& ptr, size_t rows, size_t items, const char* what) {
  check(ptr.size() == rows + 1 && ptr.front() == 0 && ptr.back() == static_cast<int64_t>(items), what);
  for (size_t i = 0; i < rows; ++i) check(ptr[i] <= ptr[i + 1], what);
}

inline void check_spef(const Spef& s) {
  const size_t nets = s.nets.offsets.size() - 1, nodes = s.nodes.offsets.size() - 1;
  check(nets > 0 && s.net_is_bus_bit.size() == nets, "nets");
  check_ptr(s.node_ptr, nets, nodes, "node_ptr");
  check_ptr(s.resistor_ptr, nets, s.resistor.size(), "resistor_ptr");
  check(s.node_kind.size() == nodes && s.node_direction.size() == nodes && s.ground.size() == nodes, "nodes");
  check(s.node_x.size() == (s.positions ? nodes : 0) && s.node_y.size() == s.node_x.size(), "positions");
  check(s.resistor_a.size() == s.resistor.size() && s.resistor_b.size() == s.resistor.size(), "resistors");
  check(s.coupling_a.size() == s.coupling.size() && s.coupling_b.size() == s.coupling.size(), "couplings");
  for (size_t net = 0; net < nets; ++net) {
    for (int64_t i = s.resistor_ptr[net]; i < s.resistor_ptr[net + 1]; ++i) {
      for (const int32_t node : {s.resistor_a[static_cast<size_t>(i)], s.resistor_b[static_cast<size_t>(i)]})
        check(node >= s.node_ptr[net] && node < s.node_ptr[net + 1], "a resistor leaves its net");
    }
  }
  check_ids(s.coupling_a, 0, static_cast<int64_t>(nodes), "coupling");
  check_ids(s.coupling_b, 0, static_cast<int64_t>(nodes), "coupling");
  for (const auto* values : {&s.ground, &s.resistor, &s.coupling})
    for (const double value : *values) check(value >= 0, "a negative value");
}

inline void check_lef(const Lef& s) {
  const size_t macros = s.macro_name.size(), pins = s.pin_name.size();
  check_ptr(s.pin_ptr, macros, pins, "pin_ptr");
  check_ptr(s.shape_ptr, pins, s.shape_layer.size(), "shape_ptr");
  check(s.shape_rect.size() == 4 * s.shape_layer.size() && s.macro_width.size() == macros, "shapes");
  for (const auto* ids : {&s.layer_name, &s.macro_name, &s.pin_name, &s.shape_layer})
    check_ids(*ids, 0, s.names.size(), "a name");
  for (size_t i = 0; i < s.shape_layer.size(); ++i)
    check(s.shape_rect[4 * i] <= s.shape_rect[4 * i + 2] && s.shape_rect[4 * i + 1] <= s.shape_rect[4 * i + 3], "a rectangle");
}

inline void check_def(const Def& s) {
  const size_t instances = s.instance_name.size(), ports = s.port_name.size();
  check(s.instance_macro.size() == instances && s.instance_x.size() == instances, "instances");
  check_ptr(s.port_shape_ptr, ports, s.port_shape_layer.size(), "port_shape_ptr");
  check_ptr(s.net_ptr, s.net_name.size(), s.net_pin.size(), "net_ptr");
  check(s.port_shape_rect.size() == 4 * s.port_shape_layer.size() && s.net_instance.size() == s.net_pin.size(), "shapes");
  check_ids(s.net_instance, -1, static_cast<int64_t>(instances), "an instance");
  for (size_t i = 0; i < s.net_pin.size(); ++i) {
    const int64_t bound = s.net_instance[i] < 0 ? static_cast<int64_t>(ports) : s.names.size();
    check(s.net_pin[i] >= 0 && s.net_pin[i] < bound, "a pin");
  }
  for (const auto* ids : {&s.instance_name, &s.instance_macro, &s.port_name, &s.net_name, &s.port_shape_layer})
    check_ids(*ids, 0, s.names.size(), "a name");
}

inline void check_sdf(const Sdf& s) {
  const auto instances = static_cast<int64_t>(s.instance_name.size());
  check(s.wire_delay.size() == 6 * s.wire_from.size() && s.wire_to.size() == s.wire_from.size(), "wires");
  check(s.arc_delay.size() == 18 * s.arc_from.size() && s.arc_condition.size() == s.arc_from.size(), "arcs");
  check(s.check_limit.size() == 3 * s.check_pin.size() && s.check_related.size() == s.check_pin.size(), "checks");
  check_ids(s.arc_instance, 0, instances, "an arc's instance");
  check_ids(s.check_instance, 0, instances, "a check's instance");
  for (const auto* ids : {&s.wire_from, &s.wire_to, &s.instance_name, &s.instance_cell, &s.arc_from, &s.arc_to, &s.check_pin})
    check_ids(*ids, 0, s.names.size(), "a name");
  for (const auto* ids : {&s.arc_condition, &s.check_related, &s.check_condition})
    check_ids(*ids, -1, s.names.size(), "a name");
}

inline void check_gds(const Gds& s) {
  const size_t rows = s.owner.size();
  check(s.cell.size() == rows && s.instance.size() == rows && s.x.size() == rows && s.angle.size() == rows, "references");
  check_ids(s.owner, 0, static_cast<int64_t>(s.structure.size()), "a structure");
  check_ids(s.cell, 0, s.names.size(), "a name");
  check_ids(s.instance, -1, s.names.size(), "a name");
}

}  // namespace hwdesign::fuzz
