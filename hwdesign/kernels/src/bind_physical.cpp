// Python face of the readers of physical data (SPEF, LEF, DEF, SDF, GDSII), columns as dictionaries of arrays; of the
// writer of SPEF; and of nets' trees.
#include <optional>
#include <stdexcept>
#include <utility>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include "arrays.hpp"
#include "gds.hpp"
#include "lefdef.hpp"
#include "sdf.hpp"
#include "spef.hpp"
#include "spef_write.hpp"
#include "trees.hpp"

namespace hwdesign {
namespace {

void put(nb::dict& d, const char* name, NameColumn&& column) {
  d[name] = nb::make_tuple(to_numpy(std::move(column.bytes)), to_numpy(std::move(column.offsets)));
}

nb::dict to_dict(Spef&& s) {
  nb::dict d;
  d["design"] = s.design;
  put(d, "nets", std::move(s.nets));
  put(d, "nodes", std::move(s.nodes));
#define COLUMN(c) d[#c] = to_numpy(std::move(s.c));
  COLUMN(net_is_bus_bit) COLUMN(node_ptr) COLUMN(resistor_ptr) COLUMN(node_kind) COLUMN(node_direction)
  COLUMN(node_x) COLUMN(node_y) COLUMN(ground) COLUMN(resistor_a) COLUMN(resistor_b) COLUMN(resistor)
  COLUMN(coupling_a) COLUMN(coupling_b) COLUMN(coupling)
#undef COLUMN
  nb::list notes;
  for (const SpefNote& note : s.notes) {
    nb::list names;
    for (const std::string& name : note.names) names.append(nb::str(name.data(), name.size()));
    notes.append(nb::make_tuple(note.count, names));
  }
  d["notes"] = notes;
  return d;
}

void put(nb::dict& d, NamePool&& names) {
  auto [bytes, offsets] = std::move(names).take();
  d["names"] = nb::make_tuple(to_numpy(std::move(bytes)), to_numpy(std::move(offsets)));
}

nb::dict to_dict(Lef&& s) {
  nb::dict d;
  const size_t shapes = s.shape_layer.size();
  put(d, std::move(s.names));
#define COLUMN(c) d[#c] = to_numpy(std::move(s.c));
  COLUMN(layer_name) COLUMN(layer_kind) COLUMN(layer_direction) COLUMN(layer_width) COLUMN(layer_pitch_x)
  COLUMN(layer_pitch_y) COLUMN(layer_resistance) COLUMN(layer_capacitance) COLUMN(layer_edge) COLUMN(macro_name)
  COLUMN(macro_class) COLUMN(macro_site) COLUMN(macro_width) COLUMN(macro_height) COLUMN(macro_x) COLUMN(macro_y)
  COLUMN(pin_ptr) COLUMN(shape_ptr) COLUMN(pin_name) COLUMN(pin_direction) COLUMN(pin_use) COLUMN(shape_layer)
#undef COLUMN
  d["shape_rect"] = to_numpy(std::move(s.shape_rect), shapes, 4);
  return d;
}

nb::dict to_dict(Def&& s) {
  nb::dict d;
  const size_t shapes = s.port_shape_layer.size();
  put(d, std::move(s.names));
  d["design"] = s.design;
  d["units"] = s.units;
  d["die"] = s.has_die ? nb::object(nb::make_tuple(s.die[0], s.die[1], s.die[2], s.die[3])) : nb::none();
#define COLUMN(c) d[#c] = to_numpy(std::move(s.c));
  COLUMN(instance_name) COLUMN(instance_macro) COLUMN(instance_x) COLUMN(instance_y) COLUMN(instance_orient)
  COLUMN(instance_status) COLUMN(port_name) COLUMN(port_net) COLUMN(port_direction) COLUMN(port_use)
  COLUMN(port_status) COLUMN(port_x) COLUMN(port_y) COLUMN(port_shape_ptr) COLUMN(port_shape_layer) COLUMN(net_name)
  COLUMN(net_ptr) COLUMN(net_instance) COLUMN(net_pin) COLUMN(stated)
#undef COLUMN
  d["port_shape_rect"] = to_numpy(std::move(s.port_shape_rect), shapes, 4);
  return d;
}

nb::dict to_dict(Sdf&& s) {
  nb::dict d;
  const size_t wires = s.wire_from.size(), arcs = s.arc_from.size(), checks = s.check_pin.size();
  put(d, std::move(s.names));
  d["design"] = s.design;
#define COLUMN(c) d[#c] = to_numpy(std::move(s.c));
  COLUMN(wire_from) COLUMN(wire_to) COLUMN(instance_name) COLUMN(instance_cell) COLUMN(arc_instance) COLUMN(arc_from)
  COLUMN(arc_to) COLUMN(arc_condition) COLUMN(arc_edge) COLUMN(check_instance) COLUMN(check_pin) COLUMN(check_related)
  COLUMN(check_condition) COLUMN(check_kind) COLUMN(check_edge) COLUMN(check_related_edge)
#undef COLUMN
  d["wire_delay"] = to_numpy(std::move(s.wire_delay), wires, 6);
  d["arc_delay"] = to_numpy(std::move(s.arc_delay), arcs, 18);
  d["check_limit"] = to_numpy(std::move(s.check_limit), checks, 3);
  nb::list skipped;
  for (const auto& [key, count] : s.skipped) skipped.append(nb::make_tuple(nb::bytes(key.data(), key.size()), count));
  d["skipped"] = skipped;
  return d;
}

nb::dict to_dict(Gds&& s) {
  nb::dict d;
  put(d, std::move(s.names));
  d["micron"] = s.micron;
#define COLUMN(c) d[#c] = to_numpy(std::move(s.c));
  COLUMN(structure) COLUMN(owner) COLUMN(cell) COLUMN(instance) COLUMN(x) COLUMN(y) COLUMN(reflected) COLUMN(angle)
  COLUMN(magnification) COLUMN(array_cell)
#undef COLUMN
  return d;
}

std::string_view text_of(const In<uint8_t>& data) {
  return {reinterpret_cast<const char*>(data.data()), data.shape(0)};
}

template <typename Reader>
void def_reader(nb::module_& m, const char* name, Reader reader) {
  m.def(
      name,
      [reader](const In<uint8_t>& data) {
        decltype(reader(std::string_view())) result;
        {
          nb::gil_scoped_release nogil;
          result = reader(text_of(data));
        }
        return to_dict(std::move(result));
      },
      nb::arg("data"));
}

using Names = std::pair<In<uint8_t>, In<int64_t>>;

int64_t count(const Names& names) { return static_cast<int64_t>(names.second.shape(0)) - 1; }

// Offsets that begin at 0, never fall and end at `end`.
void check_offsets(const In<int64_t>& ptr, size_t end, const char* name) {
  const size_t rows = ptr.shape(0);
  bool good = rows > 0 && ptr.data()[0] == 0 && ptr.data()[rows - 1] == static_cast<int64_t>(end);
  for (size_t i = 1; good && i < rows; ++i) good = ptr.data()[i - 1] <= ptr.data()[i];
  if (!good) throw std::invalid_argument(std::string(name) + " is no row of offsets");
}

void check_ids(const In<int32_t>& ids, size_t rows, int64_t bound) {
  if (ids.shape(0) != rows) throw std::invalid_argument("columns differ in length");
  for (size_t i = 0; i < rows; ++i)
    if (ids.data()[i] < 0 || ids.data()[i] >= bound) throw nb::index_error("a node lies outside the table");
}

nb::bytes spef_text(const Names& nets, const Names& nodes, const std::optional<Names>& cells, In<uint8_t> is_bit,
                    In<int64_t> node_ptr, In<int8_t> kind, In<int8_t> direction, const std::optional<In<double>>& xy,
                    In<double> ground, In<double> total, In<int64_t> resistor_ptr, In<int32_t> resistor_a,
                    In<int32_t> resistor_b, In<double> resistor, In<int32_t> coupling_a, In<int32_t> coupling_b,
                    In<double> coupling, int digits) {
  if (digits < 1 || digits > 17) throw std::invalid_argument("digits must lie between 1 and 17");
  const int64_t n = count(nets), m = count(nodes);
  for (const Names* names : {&nets, &nodes, cells ? &*cells : &nodes})
    check_offsets(names->second, names->first.shape(0), "a column of names");
  check_offsets(node_ptr, static_cast<size_t>(m), "node_ptr");
  check_offsets(resistor_ptr, resistor.shape(0), "resistor_ptr");
  const auto same = [](const auto& column, int64_t rows) { return static_cast<int64_t>(column.shape(0)) == rows; };
  if (!same(is_bit, n) || !same(node_ptr, n + 1) || !same(resistor_ptr, n + 1) || !same(total, n) || !same(kind, m) ||
      !same(direction, m) || !same(ground, m) || (xy && !same(*xy, 2 * m)) || (cells && count(*cells) != m))
    throw std::invalid_argument("columns differ in length");
  for (const auto* ids : {&resistor_a, &resistor_b}) check_ids(*ids, resistor.shape(0), m);
  for (const auto* ids : {&coupling_a, &coupling_b}) check_ids(*ids, coupling.shape(0), m);
  const auto view = [](const Names& names) { return NameView{names.first.data(), names.second.data()}; };
  const SpefColumns columns{view(nets), view(nodes), cells ? view(*cells) : NameView{nullptr, nullptr}, n, m,
                            static_cast<int64_t>(coupling.shape(0)), is_bit.data(), node_ptr.data(),
                            resistor_ptr.data(), kind.data(), direction.data(), xy ? xy->data() : nullptr,
                            ground.data(), total.data(), resistor_a.data(), resistor_b.data(), coupling_a.data(),
                            coupling_b.data(), resistor.data(), coupling.data()};
  std::string text;
  {
    nb::gil_scoped_release nogil;
    text = write_spef(columns, digits);
  }
  return nb::bytes(text.data(), text.size());
}

}  // namespace

void bind_physical(nb::module_& m) {
  m.def(
      "parse_spef",
      [](const In<uint8_t>& data, int corner) {
        if (corner < 0 || corner > 2) throw std::invalid_argument("corner must be 0, 1 or 2");
        Spef result;
        {
          nb::gil_scoped_release nogil;
          result = parse_spef(text_of(data), corner);
        }
        return to_dict(std::move(result));
      },
      nb::arg("data"), nb::arg("corner"));
  m.def("write_spef", &spef_text, nb::arg("nets"), nb::arg("nodes"), nb::arg("cells").none(), nb::arg("is_bit"),
        nb::arg("node_ptr"), nb::arg("kind"), nb::arg("direction"), nb::arg("xy").none(), nb::arg("ground"),
        nb::arg("total"), nb::arg("resistor_ptr"), nb::arg("resistor_a"), nb::arg("resistor_b"), nb::arg("resistor"),
        nb::arg("coupling_a"), nb::arg("coupling_b"), nb::arg("coupling"), nb::arg("digits"));
  m.def(
      "parse_gds",
      [](const In<uint8_t>& data, int name_property) {
        Gds result;
        {
          nb::gil_scoped_release nogil;
          result = parse_gds(text_of(data), name_property);
        }
        return to_dict(std::move(result));
      },
      nb::arg("data"), nb::arg("name_property"));
  def_reader(m, "parse_lef", parse_lef);
  def_reader(m, "parse_def", parse_def);
  def_reader(m, "parse_sdf", parse_sdf);
  m.def(
      "spanning_trees",
      [](const In<int64_t>& ptr, const In<double>& xy) {
        const auto nets = static_cast<int64_t>(ptr.shape(0)) - 1;
        const auto points = static_cast<int64_t>(xy.shape(0) / 2);
        if (nets < 0 || ptr.data()[0] != 0 || ptr.data()[nets] != points)
          throw std::invalid_argument("ptr does not span the points");
        if (points > INT32_MAX) throw std::invalid_argument("the number of points must fit 31 bits");
        for (int64_t net = 0; net < nets; ++net)
          if (ptr.data()[net] > ptr.data()[net + 1]) throw std::invalid_argument("ptr falls");
        SpanningTrees trees;
        {
          nb::gil_scoped_release nogil;
          trees = spanning_trees(ptr.data(), nets, xy.data());
        }
        return nb::make_tuple(to_numpy(std::move(trees.edge_ptr)), to_numpy(std::move(trees.parent)),
                              to_numpy(std::move(trees.child)), to_numpy(std::move(trees.length)));
      },
      nb::arg("ptr"), nb::arg("xy"));
}

}  // namespace hwdesign
