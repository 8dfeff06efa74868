// The extension module: one bind_* function a family of kernels.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace hwdesign {
void bind_aigsim(nb::module_& m);
void bind_graph(nb::module_& m);
void bind_hierarchy(nb::module_& m);
void bind_liberty(nb::module_& m);
void bind_nldm(nb::module_& m);
void bind_partition(nb::module_& m);
void bind_physical(nb::module_& m);
void bind_pins(nb::module_& m);
void bind_readers(nb::module_& m);
void bind_spice(nb::module_& m);
void bind_steiner(nb::module_& m);
}  // namespace hwdesign

NB_MODULE(_kernels, m) {
  m.doc() = "Hot loops of hwdesign: NumPy arrays in, NumPy arrays out.";
  hwdesign::bind_aigsim(m);
  hwdesign::bind_graph(m);
  hwdesign::bind_hierarchy(m);
  hwdesign::bind_liberty(m);
  hwdesign::bind_nldm(m);
  hwdesign::bind_partition(m);
  hwdesign::bind_physical(m);
  hwdesign::bind_pins(m);
  hwdesign::bind_readers(m);
  hwdesign::bind_spice(m);
  hwdesign::bind_steiner(m);
}
