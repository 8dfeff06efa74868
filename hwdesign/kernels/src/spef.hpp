// Reader of SPEF (IEEE 1481), the exchange format of wire parasitics.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tables.hpp"

namespace hwdesign {

// Names end to end, not unique: name i is bytes[offsets[i]] to bytes[offsets[i + 1]].
struct NameColumn {
  std::vector<uint8_t> bytes;
  std::vector<int64_t> offsets{0};
  void add(std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    offsets.push_back(static_cast<int64_t>(bytes.size()));
  }
};

// Something left out or assumed: how often, and the first names.
struct SpefNote {
  static constexpr size_t kShown = 5;
  int64_t count = 0;
  std::vector<std::string> names;
  void add(std::string_view name) {
    if (count++ < static_cast<int64_t>(kShown)) names.emplace_back(name);
  }
};

enum SpefNoteKind {
  kReducedNets, kPhysicalNets, kInductors, kLumpedNets, kOneSided, kOutside, kDesignFlow, kSpefNotes
};

// Columns of hwdesign.netlist.parasitics.Parasitics; values in pF and kOhm, positions in um.
struct Spef {
  std::string design;
  NameColumn nets, nodes;
  std::vector<uint8_t> net_is_bus_bit;
  std::vector<int64_t> node_ptr{0}, resistor_ptr{0};
  std::vector<int8_t> node_kind, node_direction;
  std::vector<double> node_x, node_y, ground;
  bool positions = false;
  std::vector<int32_t> resistor_a, resistor_b, coupling_a, coupling_b;
  std::vector<double> resistor, coupling;
  std::array<SpefNote, kSpefNotes> notes;
};

// `corner` 0, 1 or 2 picks from values given as minimum:typical:maximum.
Spef parse_spef(std::string_view text, int corner);

}  // namespace hwdesign
