// Python face of the Liberty reader.
#include <string>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "liberty.hpp"

namespace hwdesign {
namespace {

nb::dict liberty_columns(const In<uint8_t>& data, const std::vector<std::string>& skip, int max_depth,
                         int64_t max_statements) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.shape(0));
  LibertyText parsed;
  {
    nb::gil_scoped_release nogil;
    LibertyLimits limits;
    limits.max_depth = max_depth;
    limits.max_statements = max_statements;
    parsed = parse_liberty(text, std::vector<std::string_view>(skip.begin(), skip.end()), limits);
  }
  nb::dict d;
  auto [bytes, offsets] = std::move(parsed.names).take();
  d["names_data"] = to_numpy(std::move(bytes));
  d["names_offsets"] = to_numpy(std::move(offsets));
#define COLUMN(c) d[#c] = to_numpy(std::move(parsed.c));
  COLUMN(kind) COLUMN(name) COLUMN(last) COLUMN(line) COLUMN(arg_ptr) COLUMN(arg) COLUMN(number_ptr) COLUMN(number)
  COLUMN(skipped)
#undef COLUMN
  return d;
}

}  // namespace

void bind_liberty(nb::module_& m) {
  m.def("parse_liberty", liberty_columns, nb::arg("data"), nb::arg("skip"), nb::arg("max_depth"),
        nb::arg("max_statements"));
}

}  // namespace hwdesign
