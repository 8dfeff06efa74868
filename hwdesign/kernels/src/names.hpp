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
  // Views do not outlive the next call of `intern`.
  std::string_view operator[](int32_t id) const {
    const auto i = static_cast<size_t>(id);
    return {reinterpret_cast<const char*>(bytes_.data()) + offsets_[i],
            static_cast<size_t>(offsets_[i + 1] - offsets_[i])};
  }
  int32_t size() const { return static_cast<int32_t>(offsets_.size()) - 1; }
  void reserve(size_t names, size_t bytes);

  // The bytes of all names and where each begins; the pool is spent.
  std::pair<std::vector<uint8_t>, std::vector<int64_t>> take() && { return {std::move(bytes_), std::move(offsets_)}; }

 private:
  // A name of up to eight bytes is its own key, so that finding it touches one cache line; a longer one has its hash.
  struct Slot {
    uint64_t key;
    int32_t id;     // -1 is free
    uint32_t tag;   // length, or kLong and the low character
  };
  static constexpr uint32_t kLong = 256;
  static Slot key_of(std::string_view name);
  static uint64_t home(const Slot& slot);
  size_t place(const Slot& wanted, std::string_view name) const;  // where it is, or the free slot where it belongs
  void resize(size_t slots);

  std::vector<uint8_t> bytes_;
  std::vector<int64_t> offsets_{0};
  std::vector<Slot> slots_;   // open addressing
};

}  // namespace hwdesign
