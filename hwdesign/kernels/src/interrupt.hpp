// Lets Ctrl-C, or whatever a signal's handler raises, end work that runs without Python's lock.
#pragma once

#include <nanobind/nanobind.h>

namespace hwdesign {

// Whether a signal's handler, Ctrl-C's above all, raised; Python's error then stands until raise_if_interrupted. Only
// Python's main thread ever sees a signal.
inline bool interrupted() {
  nanobind::gil_scoped_acquire gil;
  return PyErr_CheckSignals() != 0;
}

inline void raise_if_interrupted() {
  if (PyErr_Occurred()) throw nanobind::python_error();
}

}  // namespace hwdesign
