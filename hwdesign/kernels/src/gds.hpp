// Reader of the cell references of a GDSII stream, with the names that tools keep in a property of each.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "names.hpp"
#include "tables.hpp"

namespace hwdesign {

// One row a reference (SREF); names are ids, -1 for none.
struct Gds {
  NamePool names;
  double micron = 1e-3;                       // a database unit in um
  std::vector<int32_t> structure;             // names
  std::vector<int32_t> owner;                 // structure's row
  std::vector<int32_t> cell, instance;        // names
  std::vector<double> x, y;                   // database units
  std::vector<uint8_t> reflected;
  std::vector<double> angle, magnification;   // degrees anticlockwise
  std::vector<int32_t> array_cell;            // cells of arrays of references (AREF), names
};

Gds parse_gds(std::string_view data, int name_property);

}  // namespace hwdesign
