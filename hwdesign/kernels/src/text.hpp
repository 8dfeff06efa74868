// What the text readers share: words for error messages, a scope of names, and a writer of module tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tables.hpp"

namespace hwdesign {

// `text` between quotes, printable and at most 40 characters long.
std::string quoted(std::string_view text);

// Raises ParseError where `name` is not UTF-8: names become Python strings.
void check_utf8(std::string_view name, int64_t line);

// Raises ParseError where `text` holds a NUL byte.
void refuse_nul(std::string_view text, const char* format);

// Name id -> value, emptied in constant time between modules.
class Scope {
 public:
  static constexpr int32_t kNone = INT32_MIN;
  void clear() {
    if (++epoch_ == 0) {
      slots_.clear();
      epoch_ = 1;
    }
  }
  int32_t get(int32_t name) const {
    const size_t i = static_cast<size_t>(name);
    if (i >= slots_.size() || static_cast<uint32_t>(slots_[i] >> 32) != epoch_) return kNone;
    return static_cast<int32_t>(static_cast<uint32_t>(slots_[i]));
  }
  void set(int32_t name, int32_t value) {
    const size_t i = static_cast<size_t>(name);
    if (i >= slots_.size()) slots_.resize(i + i / 2 + 64, 0);
    slots_[i] = static_cast<uint64_t>(epoch_) << 32 | static_cast<uint32_t>(value);
  }

 private:
  std::vector<uint64_t> slots_;
  uint32_t epoch_ = 1;
};

// One bit of a connection: its net (-1: open, a `z` bit) and its PinFlags.
struct Bit {
  int32_t net;
  uint8_t flags;
};

// Adds kinds, pin kinds, cells and pins to a design; one a file.
class TableWriter {
 public:
  TableWriter(Design& design, size_t text_bytes, const ReadLimits& limits);

  int32_t kind(KindClass klass, int32_t name, int64_t arity, int64_t line);
  int32_t gate(std::string_view name, int64_t arity, int64_t line);   // a kGate kind by its name
  int32_t port(int32_t kind, int32_t name, int32_t position);        // handle for `pin`
  int32_t named_port(int32_t kind, int32_t name) { return port(kind, name, -1); }
  int32_t positional_port(int32_t kind, int32_t position) {
    auto& known = positional_[static_cast<size_t>(kind)];
    if (static_cast<size_t>(position) < known.size() && known[static_cast<size_t>(position)] >= 0)
      return known[static_cast<size_t>(position)];
    return port(kind, -1, position);
  }
  int32_t pin_kind(int32_t port, int32_t bit) {
    const auto& bits = port_bits_[static_cast<size_t>(port)];
    return static_cast<size_t>(bit) < bits.size() ? bits[static_cast<size_t>(bit)] : new_pin_kind(port, bit);
  }

  int32_t add_net(ModuleTables& m, int32_t name, int64_t line) {
    spend(1, line);
    m.net_name.push_back(name);
    return static_cast<int32_t>(m.net_name.size()) - 1;
  }
  void begin_cell(ModuleTables& m, int32_t kind, int32_t name, int32_t line) {
    m.cell_kind.push_back(kind);
    m.cell_name.push_back(name);
    m.cell_line.push_back(line);
  }
  void add_pin(ModuleTables& m, int32_t pin_kind, Bit bit) {
    m.pin_net.push_back(bit.net);
    m.pin_kind.push_back(pin_kind);
    m.pin_flags.push_back(bit.flags);
  }
  void end_cell(ModuleTables& m, int64_t line) {
    spend(static_cast<int64_t>(m.pin_net.size()) - m.pin_ptr.back(), line);
    m.pin_ptr.push_back(static_cast<int64_t>(m.pin_net.size()));
  }
  // A gate with its output first.
  void add_gate(ModuleTables& m, int32_t kind, int32_t name, int32_t line, int32_t out, const Bit* in, size_t count);

  // Counts nets and pins against the bound for this file; raises TooLarge. What is named counts kNamed times.
  static constexpr int64_t kNamed = 8;
  void spend(int64_t amount, int64_t line) {
    if ((budget_ -= amount) < 0) over_budget(line);
  }

 private:
  int32_t new_pin_kind(int32_t port, int32_t bit);
  [[noreturn]] void over_budget(int64_t line) const;
  struct PairHash {
    size_t operator()(const std::pair<uint64_t, uint64_t>& k) const {
      uint64_t h = k.first * 0x9E3779B97F4A7C15ull;
      h = (h ^ (h >> 29) ^ k.second) * 0xBF58476D1CE4E5B9ull;
      return static_cast<size_t>(h ^ (h >> 32));
    }
  };
  Design& design_;
  int64_t budget_;
  std::unordered_map<std::pair<uint64_t, uint64_t>, int32_t, PairHash> kinds_, ports_;
  std::vector<std::vector<int32_t>> positional_;   // kind -> position -> port handle
  std::vector<std::vector<int32_t>> port_bits_;    // port handle -> bit -> pin kind
  struct PortKey {
    int32_t kind, name, position;
  };
  std::vector<PortKey> port_keys_;
};

// Room for the text between `begin` and `end` of one module, so that its columns never move while they grow.
void reserve_module(ModuleTables& m, size_t text_bytes);

}  // namespace hwdesign
