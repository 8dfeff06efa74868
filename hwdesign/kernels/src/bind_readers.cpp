// Python face of the text readers: tables as dictionaries of arrays, faults as one exception.
#include <string>

#include <nanobind/stl/string_view.h>

#include "aiger.hpp"
#include "arrays.hpp"
#include "bench.hpp"
#include "blif.hpp"
#include "verilog.hpp"

namespace hwdesign {
namespace {

nb::dict to_dict(ModuleTables&& m) {
  nb::dict d;
  d["name"] = m.name;
  d["line"] = m.line;
#define COLUMN(c) d[#c] = to_numpy(std::move(m.c));
  COLUMN(net_name) COLUMN(cell_kind) COLUMN(cell_name) COLUMN(cell_line) COLUMN(pin_ptr) COLUMN(pin_net)
  COLUMN(pin_kind) COLUMN(pin_flags) COLUMN(port_name) COLUMN(port_net) COLUMN(port_bus) COLUMN(port_dir)
  COLUMN(port_flags) COLUMN(bus_name) COLUMN(bus_left) COLUMN(bus_right) COLUMN(param_cell) COLUMN(param_key)
  COLUMN(param_value)
#undef COLUMN
  return d;
}

nb::dict to_dict(Design&& design) {
  nb::dict d, kinds, pin_kinds;
  kinds["name"] = to_numpy(std::move(design.kinds.name));
  kinds["arity"] = to_numpy(std::move(design.kinds.arity));
  kinds["klass"] = to_numpy(std::move(design.kinds.klass));
  pin_kinds["cell_kind"] = to_numpy(std::move(design.pin_kinds.cell_kind));
  pin_kinds["name"] = to_numpy(std::move(design.pin_kinds.name));
  pin_kinds["position"] = to_numpy(std::move(design.pin_kinds.position));
  pin_kinds["bit"] = to_numpy(std::move(design.pin_kinds.bit));
  nb::list modules;
  for (ModuleTables& m : design.modules) modules.append(to_dict(std::move(m)));
  auto [bytes, offsets] = std::move(design.names).take();
  d["names_data"] = to_numpy(std::move(bytes));
  d["names_offsets"] = to_numpy(std::move(offsets));
  d["kinds"] = kinds;
  d["pin_kinds"] = pin_kinds;
  d["modules"] = modules;
  return d;
}

nb::dict to_dict(Aiger&& a) {
  nb::dict d;
  d["binary"] = a.binary;
  d["max_variable"] = a.max_variable;
  d["comment"] = nb::bytes(a.comment.data(), a.comment.size());
#define COLUMN(c) d[#c] = to_numpy(std::move(a.c));
  COLUMN(inputs) COLUMN(latch_literals) COLUMN(latch_next) COLUMN(latch_reset) COLUMN(outputs) COLUMN(bad)
  COLUMN(constraints) COLUMN(justice_ptr) COLUMN(justice) COLUMN(fairness) COLUMN(and_lhs) COLUMN(and_rhs0)
  COLUMN(and_rhs1) COLUMN(symbol_kind) COLUMN(symbol_index) COLUMN(symbol_offsets)
#undef COLUMN
  d["symbol_bytes"] = to_numpy(std::vector<uint8_t>(a.symbol_bytes.begin(), a.symbol_bytes.end()));
  return d;
}

// Runs a reader without the GIL over the array's bytes.
template <typename Reader>
auto read(Reader reader, const In<uint8_t>& data, int max_depth, int64_t max_bits) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.shape(0));
  decltype(reader(text, ReadLimits{})) result;
  {
    nb::gil_scoped_release nogil;
    ReadLimits limits;
    limits.max_depth = max_depth;
    limits.max_bits = max_bits;
    result = reader(text, limits);
  }
  return to_dict(std::move(result));
}

template <typename Reader>
void def_reader(nb::module_& m, const char* name, Reader reader) {
  m.def(
      name,
      [reader](const In<uint8_t>& data, int max_depth, int64_t max_bits) {
        return read(reader, data, max_depth, max_bits);
      },
      nb::arg("data"), nb::arg("max_depth"), nb::arg("max_bits"));
}

}  // namespace

void bind_readers(nb::module_& m) {
  // Its arguments are (class, line, what, mend); readers.py turns it into hwdesign's errors.
  static PyObject* read_error = PyErr_NewException("hwdesign.kernels._kernels.ReadError", PyExc_ValueError, nullptr);
  m.attr("ReadError") = nb::borrow(read_error);
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    const auto raise = [](const char* klass, const ParseError& e) {
      const nb::tuple args = nb::make_tuple(klass, e.line, e.what(), e.mend.c_str());
      PyErr_SetObject(read_error, args.ptr());
    };
    try {
      std::rethrow_exception(p);
    } catch (const NotStructural& e) {
      raise("not_structural", e);
    } catch (const NotSupported& e) {
      raise("not_supported", e);
    } catch (const TooLarge& e) {
      raise("too_large", e);
    } catch (const ParseError& e) {
      raise("format", e);
    }
  });
  def_reader(m, "parse_verilog", parse_verilog);
  def_reader(m, "parse_blif", parse_blif);
  m.def(
      "parse_bench",
      [](const In<uint8_t>& data, int max_depth, int64_t max_bits, std::string_view name) {
        const auto reader = [name](std::string_view text, const ReadLimits& limits) {
          return parse_bench(text, limits, name);
        };
        return read(reader, data, max_depth, max_bits);
      },
      nb::arg("data"), nb::arg("max_depth"), nb::arg("max_bits"), nb::arg("name"));
  def_reader(m, "parse_aiger", parse_aiger);
  m.def(
      "encode_aiger_ands",
      [](int64_t first, const In<int32_t>& fanin0, const In<int32_t>& fanin1) {
        const size_t count = fanin0.shape(0);
        if (fanin1.shape(0) != count) throw std::invalid_argument("fanin0 and fanin1 differ in length");
        std::vector<uint8_t> out;
        {
          nb::gil_scoped_release nogil;
          out = encode_aiger_ands(first, fanin0.data(), fanin1.data(), count);
        }
        return nb::bytes(reinterpret_cast<const char*>(out.data()), out.size());
      },
      nb::arg("first"), nb::arg("fanin0"), nb::arg("fanin1"));
}

}  // namespace hwdesign
