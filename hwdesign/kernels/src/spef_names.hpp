// Names of a SPEF file: escapes, delimiters and the *NAME_MAP.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "names.hpp"
#include "text.hpp"

namespace hwdesign {

inline constexpr char kWholeSpef[] = "check that the file is whole";

class SpefNames {
 public:
  char divider = '/', bus_open = '[', bus_close = ']';

  explicit SpefNames(size_t text_bytes) : bytes_(text_bytes) { pool_.reserve(text_bytes / 64, text_bytes / 16); }

  std::string_view operator[](int32_t id) const { return pool_[id]; }
  int32_t size() const { return pool_.size(); }

  // The id of a name without its escapes, hierarchy as '/', a bus's index in square brackets; `bus_bit` tells whether
  // it ends in such an index.
  int32_t intern(std::string_view raw, int64_t line, bool* bus_bit = nullptr) {
    plain_.clear();
    bool escaped = false;
    for (size_t i = 0; i < raw.size(); ++i) {
      char c = raw[i];
      escaped = c == '\\' && i + 1 < raw.size();
      if (escaped) {
        c = raw[++i];
      } else if (c == divider) {
        c = '/';
      } else if (c == bus_open) {
        c = '[';
      } else if (c == bus_close) {
        c = ']';
      }
      plain_ += c;
    }
    const bool bit = !escaped && !plain_.empty() && plain_.back() == ']';
    if (bus_bit != nullptr) *bus_bit = bit;
    const int32_t before = pool_.size(), id = pool_.intern(plain_);
    if (id == before) {
      check_utf8(plain_, line);
      is_bit_.push_back(bit);
    }
    return id;
  }

  // The number of `*12`, UINT64_MAX for another word.
  static uint64_t index_of(std::string_view word) {
    if (word.size() < 2 || word[0] != '*') return UINT64_MAX;
    const char* const end = word.data() + word.size();
    uint64_t value = 0;
    const auto [stop, fault] = std::from_chars(word.data() + 1, end, value);
    return fault == std::errc() && stop == end ? value : UINT64_MAX;
  }

  void map(uint64_t index, std::string_view name, int64_t line) {
    const int32_t id = intern(name, line);
    if (index < bytes_) {
      if (index >= near_.size()) near_.resize(static_cast<size_t>(index + index / 2 + 64), -1);
      near_[static_cast<size_t>(index)] = id;
    } else {
      far_[index] = id;
    }
  }

  // The id of a name given in full or as an index.
  int32_t mapped(std::string_view word, int64_t line, bool* bus_bit = nullptr) {
    if (word.size() < 2 || word[0] != '*') return intern(word, line, bus_bit);
    const uint64_t index = index_of(word);
    int32_t id = -1;
    if (index < near_.size()) {
      id = near_[static_cast<size_t>(index)];
    } else if (const auto found = far_.find(index); found != far_.end()) {
      id = found->second;
    }
    if (id < 0) throw ParseError(line, "the index " + quoted(word) + " is not in the *NAME_MAP", kWholeSpef);
    if (bus_bit != nullptr) *bus_bit = is_bit_[static_cast<size_t>(id)];
    return id;
  }

 private:
  NamePool pool_;
  size_t bytes_;
  std::vector<bool> is_bit_;    // name -> whether it ended in a bus's index where first seen
  std::vector<int32_t> near_;   // *NAME_MAP
  std::unordered_map<uint64_t, int32_t> far_;   // indices larger than a whole file would need
  std::string plain_;
};

}  // namespace hwdesign
