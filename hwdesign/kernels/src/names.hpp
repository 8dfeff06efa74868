// An interned pool of names: bytes end to end, and where each begins.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace hwdesign {

class NamePool {
 public:
  NamePool();
  int32_t intern(std::string_view name);        // the id of `name`, added when new
  int32_t find(std::string_view name) const;    // its id, or -1
  std::string_view operator[](int32_t id) const {
    return {bytes_.data() + offsets_[id], static_cast<size_t>(offsets_[id + 1] - offsets_[id])};
  }
  int32_t size() const { return static_cast<int32_t>(offsets_.size()) - 1; }
  void reserve(size_t names, size_t bytes);

  const std::vector<char>& bytes() const { return bytes_; }
  const std::vector<int64_t>& offsets() const { return offsets_; }

 private:
  void grow();
  std::vector<char> bytes_;
  std::vector<int64_t> offsets_{0};
  std::vector<int32_t> slots_;      // open addressing, -1 is free
  std::vector<uint32_t> hashes_;    // one a name, so that growing never reads the bytes again
};

}  // namespace hwdesign
