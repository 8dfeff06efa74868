#include "text.hpp"

#include <algorithm>
#include <cstdio>

namespace hwdesign {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char ch : text) {
    if (out.size() > 40) return out + "...'";
    const auto c = static_cast<unsigned char>(ch);
    if (c >= 0x20 && c < 0x7f) {
      out += ch;
    } else {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", c);
      out += hex;
    }
  }
  return out + "'";
}

void check_utf8(std::string_view s, int64_t line) {
  size_t i = 0;
  const auto byte = [&](size_t k) { return k < s.size() ? static_cast<unsigned char>(s[k]) : 0u; };
  while (i < s.size()) {
    const unsigned c = byte(i);
    if (c < 0x80) {
      ++i;
      continue;
    }
    const size_t more = c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 0;
    bool good = more > 0;
    for (size_t k = 1; good && k <= more; ++k) good = (byte(i + k) & 0xC0) == 0x80;
    // Overlong forms, surrogates and code points past U+10FFFF.
    const unsigned d = byte(i + 1);
    good = good && !(c == 0xE0 && d < 0xA0) && !(c == 0xED && d > 0x9F) && !(c == 0xF0 && d < 0x90) &&
           !(c == 0xF4 && d > 0x8F);
    if (!good) throw ParseError(line, "the name " + quoted(s) + " is not UTF-8 text", "save the file as UTF-8");
    i += more + 1;
  }
}

void refuse_nul(std::string_view text, const char* format) {
  const size_t at = text.find('\0');
  if (at == std::string_view::npos) return;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  throw ParseError(line, std::string("the file holds a NUL byte, so it is not ") + format + " text",
                   "check that it is not a binary file");
}

TableWriter::TableWriter(Design& design, size_t text_bytes, const ReadLimits& limits) : design_(design) {
  const int64_t wanted = 32 * limits.max_bits + 64 * static_cast<int64_t>(text_bytes);
  budget_ = std::min<int64_t>(wanted, INT32_MAX);
}

void TableWriter::over_budget(int64_t line) const {
  throw TooLarge(line, "the file asks for more nets and pins than its size allows", "check the widths of its buses");
}

int32_t TableWriter::kind(KindClass klass, int32_t name, int64_t arity, int64_t line) {
  if (arity > INT32_MAX) throw TooLarge(line, "a cell has more than 2^31 inputs");
  const std::pair<uint64_t, uint64_t> key{static_cast<uint64_t>(klass) << 32 | static_cast<uint32_t>(name),
                                          static_cast<uint64_t>(arity)};
  auto& kinds = design_.kinds;
  const auto [at, added] = kinds_.try_emplace(key, static_cast<int32_t>(kinds.name.size()));
  if (added) {
    kinds.name.push_back(name);
    kinds.arity.push_back(static_cast<int32_t>(arity));
    kinds.klass.push_back(static_cast<uint8_t>(klass));
    positional_.emplace_back();
  }
  return at->second;
}

int32_t TableWriter::gate(std::string_view name, int64_t arity, int64_t line) {
  return kind(KindClass::kGate, design_.names.intern(name), arity, line);
}

int32_t TableWriter::port(int32_t kind, int32_t name, int32_t position) {
  const std::pair<uint64_t, uint64_t> key{static_cast<uint64_t>(kind),
                                          static_cast<uint64_t>(static_cast<uint32_t>(name)) << 32 |
                                              static_cast<uint32_t>(position)};
  const auto [at, added] = ports_.try_emplace(key, static_cast<int32_t>(port_keys_.size()));
  if (added) {
    port_keys_.push_back({kind, name, position});
    port_bits_.emplace_back();
    if (name < 0) {
      auto& known = positional_[static_cast<size_t>(kind)];
      if (known.size() <= static_cast<size_t>(position)) known.resize(static_cast<size_t>(position) + 1, -1);
      known[static_cast<size_t>(position)] = at->second;
    }
  }
  return at->second;
}

int32_t TableWriter::new_pin_kind(int32_t port, int32_t bit) {
  auto& bits = port_bits_[static_cast<size_t>(port)];
  const PortKey key = port_keys_[static_cast<size_t>(port)];
  auto& pins = design_.pin_kinds;
  while (bits.size() <= static_cast<size_t>(bit)) {
    const auto id = static_cast<int32_t>(pins.cell_kind.size());
    pins.cell_kind.push_back(key.kind);
    pins.name.push_back(key.name);
    pins.position.push_back(key.position);
    pins.bit.push_back(static_cast<int32_t>(bits.size()));
    bits.push_back(id);
  }
  return bits[static_cast<size_t>(bit)];
}

void TableWriter::add_gate(ModuleTables& m, int32_t kind, int32_t name, int32_t line, int32_t out, const Bit* in,
                           size_t count) {
  begin_cell(m, kind, name, line);
  add_pin(m, pin_kind(positional_port(kind, 0), 0), Bit{out, 0});
  for (size_t i = 0; i < count; ++i)
    add_pin(m, pin_kind(positional_port(kind, static_cast<int32_t>(i) + 1), 0), in[i]);
  end_cell(m, line);
}

void reserve_module(ModuleTables& m, size_t text_bytes) {
  m.net_name.reserve(text_bytes / 40 + 2);
  m.cell_kind.reserve(text_bytes / 45);
  m.cell_name.reserve(text_bytes / 45);
  m.cell_line.reserve(text_bytes / 45);
  m.pin_ptr.reserve(text_bytes / 45 + 1);
  m.pin_net.reserve(text_bytes / 14);
  m.pin_kind.reserve(text_bytes / 14);
  m.pin_flags.reserve(text_bytes / 14);
  m.net_name.assign(2, -1);
}

}  // namespace hwdesign
