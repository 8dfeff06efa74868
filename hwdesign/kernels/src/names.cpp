#include "names.hpp"

#include <cstring>
#include <random>

namespace hwdesign {
namespace {

// Drawn anew by each process, so that no file can be made whose names all collide. Ids do not depend on it.
const uint64_t kSeed = std::random_device{}() * 0x9E3779B97F4A7C15ull;

uint64_t mix(uint64_t h) {
  h += kSeed;
  h *= 0x9E3779B97F4A7C15ull;
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93ull;
  return h ^ (h >> 29);
}

uint64_t word_at(const char* p, size_t bytes) {
  uint64_t w = 0;
  std::memcpy(&w, p, bytes);
  return w;
}

// `w[3]` and `_3_` differ from their neighbours in the last character but one.
bool is_closing(char c) { return c == ']' || c == '_'; }

}  // namespace

NamePool::NamePool() { resize(64); }

NamePool::Slot NamePool::key_of(std::string_view name) {
  const size_t n = name.size();
  if (n <= 8) return {word_at(name.data(), n), -1, static_cast<uint32_t>(n)};
  const size_t low = n - 1 - is_closing(name[n - 1]);
  uint64_t h = n;
  size_t i = 0;
  for (; i + 8 <= low; i += 8) h = mix(h ^ word_at(name.data() + i, 8));
  h = mix(h ^ word_at(name.data() + i, low - i)) ^ (low + 1 < n);
  return {h, -1, kLong | static_cast<unsigned char>(name[low])};
}

// Tools number their names, and use neighbours together: names that differ in their last character only stand side by
// side, which saves most of the cache misses of a table far larger than the cache.
uint64_t NamePool::home(const Slot& slot) {
  uint64_t head = slot.key, low = slot.tag;
  if (slot.tag < kLong && slot.tag > 0) {
    uint32_t at = 8 * (slot.tag - 1);
    if (at > 0 && is_closing(static_cast<char>(head >> at))) at -= 8;
    low = head >> at & 0xff;
    head ^= low << at;
  }
  return mix(head) << 4 | (low & 15);
}

size_t NamePool::place(const Slot& wanted, std::string_view name) const {
  const size_t mask = slots_.size() - 1;
  for (size_t i = home(wanted) & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.id < 0) return i;
    if (slot.key == wanted.key && slot.tag == wanted.tag && (slot.tag < kLong || (*this)[slot.id] == name)) return i;
  }
}

int32_t NamePool::find(std::string_view name) const { return slots_[place(key_of(name), name)].id; }

int32_t NamePool::intern(std::string_view name) {
  Slot wanted = key_of(name);
  const size_t at = place(wanted, name);
  if (slots_[at].id >= 0) return slots_[at].id;
  wanted.id = size();
  slots_[at] = wanted;
  bytes_.insert(bytes_.end(), name.begin(), name.end());
  offsets_.push_back(static_cast<int64_t>(bytes_.size()));
  if (static_cast<size_t>(size()) * 5 > slots_.size() * 3) resize(slots_.size() * 2);
  return wanted.id;
}

void NamePool::reserve(size_t names, size_t bytes) {
  offsets_.reserve(names + 1);
  bytes_.reserve(bytes);
  size_t slots = slots_.size();
  while (slots < names) slots *= 2;
  if (slots > slots_.size()) resize(slots);
}

void NamePool::resize(size_t slots) {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(slots, Slot{0, -1, 0});
  const size_t mask = slots - 1;
  for (const Slot& slot : old) {
    if (slot.id < 0) continue;
    size_t i = home(slot) & mask;
    while (slots_[i].id >= 0) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

}  // namespace hwdesign
