#include "names.hpp"

#include <cstring>

namespace hwdesign {
namespace {

// FNV-1a over eight bytes at a time with a final mix; names are short and this is not a security boundary
// (the table is bounded by the input's size).
uint32_t hash_bytes(std::string_view s) {
  uint64_t h = 0xcbf29ce484222325ull ^ s.size();
  size_t i = 0;
  for (; i + 8 <= s.size(); i += 8) {
    uint64_t w;
    std::memcpy(&w, s.data() + i, 8);
    h = (h ^ w) * 0x9E3779B97F4A7C15ull;
    h ^= h >> 29;
  }
  uint64_t tail = 0;
  if (i < s.size()) std::memcpy(&tail, s.data() + i, s.size() - i);
  h = (h ^ tail) * 0x9E3779B97F4A7C15ull;
  h ^= h >> 32;
  return static_cast<uint32_t>(h);
}

}  // namespace

NamePool::NamePool() : slots_(64, -1) {}

void NamePool::reserve(size_t names, size_t bytes) {
  offsets_.reserve(names + 1);
  hashes_.reserve(names);
  bytes_.reserve(bytes);
}

int32_t NamePool::find(std::string_view name) const {
  const size_t mask = slots_.size() - 1;
  const uint32_t h = hash_bytes(name);
  for (size_t i = h & mask;; i = (i + 1) & mask) {
    const int32_t id = slots_[i];
    if (id < 0) return -1;
    if (hashes_[id] == h && (*this)[id] == name) return id;
  }
}

int32_t NamePool::intern(std::string_view name) {
  const size_t mask = slots_.size() - 1;
  const uint32_t h = hash_bytes(name);
  size_t i = h & mask;
  for (;; i = (i + 1) & mask) {
    const int32_t id = slots_[i];
    if (id < 0) break;
    if (hashes_[id] == h && (*this)[id] == name) return id;
  }
  const int32_t id = size();
  bytes_.insert(bytes_.end(), name.begin(), name.end());
  offsets_.push_back(static_cast<int64_t>(bytes_.size()));
  hashes_.push_back(h);
  slots_[i] = id;
  if (static_cast<size_t>(id) * 10 > slots_.size() * 6) grow();
  return id;
}

void NamePool::grow() {
  std::vector<int32_t> slots(slots_.size() * 2, -1);
  const size_t mask = slots.size() - 1;
  for (int32_t id = 0; id < size(); ++id) {
    size_t i = hashes_[id] & mask;
    while (slots[i] >= 0) i = (i + 1) & mask;
    slots[i] = id;
  }
  slots_ = std::move(slots);
}

}  // namespace hwdesign
