// Python face of gates that drive wires.
#include <stdexcept>

#include "arrays.hpp"
#include "nldm.hpp"

namespace hwdesign {
namespace {

template <typename T>
using Grid = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Cube = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

void check(bool right, const char* what) {
  if (!right) throw std::invalid_argument(what);
}

void check_range(const In<int64_t>& values, size_t end, const char* what) {
  for (size_t at = 0; at < values.shape(0); ++at)
    check(values.data()[at] >= 0 && static_cast<size_t>(values.data()[at]) < end, what);
}

}  // namespace

void bind_nldm(nb::module_& m) {
  m.def(
      "nldm_drive",
      [](const Grid<double>& row_axis, const Grid<double>& col_axis, const Cube& values, const In<int64_t>& last_row,
         const In<int64_t>& last_col, const Grid<double>& ramp_values, const Grid<double>& ramp_slopes,
         const In<double>& ramp, double derate, const In<int64_t>& delay_table, const In<int64_t>& slew_table,
         const In<double>& slew, const In<double>& near, const In<double>& resistance, const In<double>& far,
         const In<int64_t>& sink_row, const In<double>& elmore) {
        const size_t count = values.shape(0), rows = values.shape(1), cols = values.shape(2), n = slew.shape(0);
        check(rows > 0 && cols > 0 && row_axis.shape(0) == count && row_axis.shape(1) == rows &&
                  col_axis.shape(0) == count && col_axis.shape(1) == cols && last_row.shape(0) == count &&
                  last_col.shape(0) == count,
              "the tables' arrays differ in size");
        for (size_t at = 0; at < count; ++at)
          check(last_row.data()[at] < static_cast<int64_t>(rows) && last_col.data()[at] < static_cast<int64_t>(cols),
                "a table's last interval lies outside it");
        check(ramp_values.shape(0) == 4 && ramp_slopes.shape(0) == 4 && ramp_values.shape(1) > 2 &&
                  ramp_slopes.shape(1) == ramp_values.shape(1) && ramp.shape(0) == 5,
              "the ramps' arrays differ in size");
        check(delay_table.shape(0) == n && slew_table.shape(0) == n && near.shape(0) == n &&
                  resistance.shape(0) == n && far.shape(0) == n,
              "the rows' arrays differ in length");
        check(sink_row.shape(0) == elmore.shape(0), "the sinks' arrays differ in length");
        check_range(delay_table, count, "a row names no table");
        check_range(slew_table, count, "a row names no table");
        check_range(sink_row, n, "a sink names no row");
        std::vector<double> ceff(n), delay(n), at_driver(n), wire(elmore.shape(0)), ends(elmore.shape(0));
        {
          nb::gil_scoped_release nogil;
          const double* r = ramp.data();
          nldm_drive({static_cast<int64_t>(count), static_cast<int64_t>(rows), static_cast<int64_t>(cols),
                      row_axis.data(), col_axis.data(), values.data(), last_row.data(), last_col.data()},
                     {static_cast<int64_t>(ramp_values.shape(1)), r[0], r[1], r[2], r[3], r[4], ramp_values.data(),
                      ramp_slopes.data()},
                     derate,
                     {static_cast<int64_t>(n), delay_table.data(), slew_table.data(), slew.data(), near.data(),
                      resistance.data(), far.data()},
                     {static_cast<int64_t>(elmore.shape(0)), sink_row.data(), elmore.data()},
                     {ceff.data(), delay.data(), at_driver.data(), wire.data(), ends.data()});
        }
        return nb::make_tuple(to_numpy(std::move(ceff)), to_numpy(std::move(delay)), to_numpy(std::move(at_driver)),
                              to_numpy(std::move(wire)), to_numpy(std::move(ends)));
      },
      nb::arg("row_axis"), nb::arg("col_axis"), nb::arg("values"), nb::arg("last_row"), nb::arg("last_col"),
      nb::arg("ramp_values"), nb::arg("ramp_slopes"), nb::arg("ramp"), nb::arg("derate"), nb::arg("delay_table"),
      nb::arg("slew_table"), nb::arg("slew"), nb::arg("near"), nb::arg("resistance"), nb::arg("far"),
      nb::arg("sink_row"), nb::arg("elmore"));
}

}  // namespace hwdesign
