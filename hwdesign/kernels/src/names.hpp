// An interned pool of names: bytes end to end, and where each begins.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace hwdesign {

class NamePool {
 public:
  NamePool();
  int32_t intern(std::string_view name);        // the id of `name`, added when new
  int32_t find(std::string_view name) const;    // its id, or -1
  std::string_view operator[](int32_t id) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + offsets_[id], static_cast<size_t>(offsets_[id + 1] - offsets_[id])};
  }
  int32_t size() const { return static_cast<int32_t>(offsets_.size()) - 1; }
  void reserve(size_t names, size_t bytes);

  // The bytes of all names and where each begins; the pool is spent.
  std::pair<std::vector<uint8_t>, std::vector<int64_t>> take() && { return {std::move(bytes_), std::move(offsets_)}; }

 private:
  void grow();
  std::vector<uint8_t> bytes_;
  std::vector<int64_t> offsets_{0};
  std::vector<int32_t> slots_;      // open addressing, -1 is free
  std::vector<uint32_t> hashes_;    // one a name, so that growing never reads the bytes again
};

}  // namespace hwdesign
