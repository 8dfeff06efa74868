// Writer of SPEF (IEEE 1481).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hwdesign {

// Names end to end; name i is bytes[offsets[i]] to bytes[offsets[i + 1]].
struct NameView {
  const uint8_t* bytes;
  const int64_t* offsets;
  std::string_view operator[](int64_t i) const {
    return {reinterpret_cast<const char*>(bytes) + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i])};
  }
};

// Columns of hwdesign.netlist.parasitics.Parasitics, checked by the caller; in pF, ohm and um.
struct SpefColumns {
  NameView nets, nodes, cells;             // cells: of each node's instance, '' for none; no bytes where not wanted
  int64_t net_count, node_count, coupling_count;
  const uint8_t* net_is_bus_bit;
  const int64_t *node_ptr, *resistor_ptr;
  const int8_t *node_kind, *node_direction;   // direction -1 where unknown
  const double* node_xy;                      // null where there are none
  const double *ground, *total;
  const int32_t *resistor_a, *resistor_b, *coupling_a, *coupling_b;
  const double *resistor, *coupling;
};

// The text from *NAME_MAP on. Raises ParseError, with no line, for a name that SPEF cannot hold.
std::string write_spef(const SpefColumns& columns, int digits);

}  // namespace hwdesign
