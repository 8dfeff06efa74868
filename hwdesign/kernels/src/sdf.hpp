// Reader of SDF (IEEE 1497), the standard delay format.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "names.hpp"
#include "tables.hpp"

namespace hwdesign {

// Columns of hwdesign.netlist.delays.Delays; names are ids, -1 for none; times in ns, NaN for none.
struct Sdf {
  NamePool names;
  int32_t design = -1;
  std::vector<int32_t> wire_from, wire_to;
  std::vector<double> wire_delay;                                  // six a wire
  std::vector<int32_t> instance_name, instance_cell;
  std::vector<int32_t> arc_instance, arc_from, arc_to, arc_condition;
  std::vector<int8_t> arc_edge;
  std::vector<double> arc_delay;                                   // eighteen an arc
  std::vector<int32_t> check_instance, check_pin, check_related, check_condition;
  std::vector<int8_t> check_kind, check_edge, check_related_edge;
  std::vector<double> check_limit;                                 // three a check
  std::vector<std::pair<std::string, int64_t>> skipped;            // keyword, how often
};

Sdf parse_sdf(std::string_view text);

}  // namespace hwdesign
