// Python face of the graph kernels.
#include <nanobind/stl/tuple.h>

#include "arrays.hpp"
#include "csr.hpp"

namespace hwdesign {

void bind_graph(nb::module_& m) {
  m.def(
      "build_csr",
      [](In<int32_t> row, In<int32_t> col, int64_t rows) {
        Csr csr;
        {
          nb::gil_scoped_release nogil;
          csr = build_csr(row.data(), col.data(), static_cast<int64_t>(row.shape(0)), rows);
        }
        return nb::make_tuple(to_numpy(std::move(csr.ptr)), to_numpy(std::move(csr.col)),
                              to_numpy(std::move(csr.edge)));
      },
      nb::arg("row"), nb::arg("col"), nb::arg("rows"));
}

}  // namespace hwdesign
