// NumPy arrays in and out of the kernels: the only place that knows how memory changes hands.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace hwdesign {

namespace nb = nanobind;

// A read-only, contiguous, one-dimensional input array.
template <typename T>
using In = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <typename T>
using Out = nb::ndarray<nb::numpy, T>;

// Hands a vector's memory to NumPy without a copy.
template <typename T>
Out<T> to_numpy(std::vector<T>&& values) {
  auto* owned = new std::vector<T>(std::move(values));
  nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  const size_t shape[1] = {owned->size()};
  return Out<T>(owned->data(), 1, shape, owner);
}

// The same for a matrix kept row by row.
template <typename T>
Out<T> to_numpy(std::vector<T>&& values, size_t rows, size_t cols) {
  auto* owned = new std::vector<T>(std::move(values));
  nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  const size_t shape[2] = {rows, cols};
  return Out<T>(owned->data(), 2, shape, owner);
}

}  // namespace hwdesign
