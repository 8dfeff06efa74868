// Python face of the hierarchy kernels.
#include <stdexcept>

#include "arrays.hpp"
#include "hierarchy.hpp"

namespace hwdesign {
namespace {

template <typename T>
int64_t size(const In<T>& array) {
  return static_cast<int64_t>(array.shape(0));
}

void check_rows(const In<int64_t>& ptr, int64_t rows, int64_t entries, const char* what) {
  if (size(ptr) != rows + 1) throw std::invalid_argument(what);
  check_ptr(ptr.data(), rows, entries);
}

}  // namespace

void bind_hierarchy(nb::module_& m) {
  m.def(
      "hierarchy_loops",
      [](In<int64_t> cell_ptr, In<int64_t> port_ptr, In<int32_t> nets, In<int32_t> type, In<int64_t> pin_ptr,
         In<int32_t> net, In<int16_t> role, In<int32_t> port_net, In<int64_t> first, In<uint8_t> direction,
         In<int32_t> port, In<int32_t> target, int32_t first_net, int64_t max_bytes) {
        const int64_t modules = size(nets), cells = size(type), types = size(target);
        check_rows(cell_ptr, modules, cells, "cell_ptr needs one entry a module and one more");
        check_rows(port_ptr, modules, size(port_net), "port_ptr needs one entry a module and one more");
        check_rows(pin_ptr, cells, size(net), "pin_ptr needs one entry a cell and one more");
        check_rows(first, types, size(direction), "first needs one entry a type and one more");
        if (size(role) != size(net)) throw std::invalid_argument("pin columns differ");
        if (size(port) != size(direction)) throw std::invalid_argument("role columns differ");
        const HierarchyTable table{modules,          cells,           types,       cell_ptr.data(), port_ptr.data(),
                                   nets.data(),      type.data(),     pin_ptr.data(), net.data(),   role.data(),
                                   port_net.data(),  first.data(),    direction.data(), port.data(), target.data(),
                                   first_net};
        HierarchyLoops loops;
        {
          nb::gil_scoped_release nogil;
          loops = hierarchy_loops(table, max_bytes);
        }
        return nb::make_tuple(to_numpy(std::move(loops.searched)), to_numpy(std::move(loops.dropped)),
                              to_numpy(std::move(loops.module)), to_numpy(std::move(loops.ptr)),
                              to_numpy(std::move(loops.step)), to_numpy(std::move(loops.id)));
      },
      nb::arg("cell_ptr"), nb::arg("port_ptr"), nb::arg("nets"), nb::arg("type"), nb::arg("pin_ptr"), nb::arg("net"),
      nb::arg("role"), nb::arg("port_net"), nb::arg("first"), nb::arg("direction"), nb::arg("port"),
      nb::arg("target"), nb::arg("first_net"), nb::arg("max_bytes"));
}

}  // namespace hwdesign
