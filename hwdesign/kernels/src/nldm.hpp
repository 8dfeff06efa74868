// Gates that drive wires, one row an arc: delays and slews from look-up tables and effective capacitance.
#pragma once

#include <cstdint>

namespace hwdesign {

// Look-up tables, each padded to rows x cols entries; the largest interval of an axis is -1 where it has one entry.
struct NldmTables {
  int64_t count, rows, cols;
  const double *row_axis, *col_axis, *values;
  const int64_t *last_row, *last_col;
};

// Ramp length and crossing times of three thresholds over sqrt(gap - shortest), in time constants: 4 x size entries.
struct NldmRamps {
  int64_t size;
  double low, middle, high, shortest, step;
  const double *values, *slopes;
};

// Rows of a level: tables, input slews as measured (ns), and the pi each drives (pF, kOhm, pF).
struct NldmRows {
  int64_t count;
  const int64_t *delay_table, *slew_table;
  const double *slew, *near, *resistance, *far;
};

// Wires: the row that drives each, and its Elmore delay (ns).
struct NldmSinks {
  int64_t count;
  const int64_t* row;
  const double* elmore;
};

struct NldmResults {
  double *ceff, *delay, *slew;          // of rows
  double *wire_delay, *sink_slew;       // of wires
};

// Calculates all rows, then the wires they drive. Indices must lie inside their tables.
void nldm_drive(const NldmTables& tables, const NldmRamps& ramps, double derate, const NldmRows& rows,
                const NldmSinks& sinks, const NldmResults& results);

}  // namespace hwdesign
