#include "verilog_literal.hpp"

#include <algorithm>
#include <string>

namespace hwdesign::verilog {
namespace {

constexpr size_t kMaxDecimalDigits = 2000;  // conversion grows with the square

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool is_x(char c) { return c == 'x' || c == 'X'; }
bool is_z(char c) { return c == 'z' || c == 'Z' || c == '?'; }

// Binary digits of a decimal, least significant first, or nothing where a digit is not one.
std::vector<uint32_t> decimal_limbs(std::string_view digits) {
  std::vector<uint32_t> limbs;
  for (const char c : digits) {
    if (c == '_') continue;
    uint64_t carry = static_cast<uint64_t>(c - '0');
    for (uint32_t& limb : limbs) {
      carry += static_cast<uint64_t>(limb) * 10;
      limb = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry) limbs.push_back(static_cast<uint32_t>(carry));
  }
  return limbs;
}

}  // namespace

Literal parse_literal(std::string_view text, int64_t line, int64_t max_bits) {
  Literal lit;
  const auto bad = [&] { return ParseError(line, quoted(text) + " is not a whole number"); };
  const size_t quote = text.find('\'');
  if (quote == std::string_view::npos) {
    lit.digits = text;
    lit.is_signed = true;
  } else {
    std::string_view size = text.substr(0, quote);
    if (!size.empty()) {
      lit.sized = true;
      lit.width = 0;
      for (const char c : size) {
        if (c == '_' || c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v') continue;
        if (c < '0' || c > '9') throw bad();
        lit.width = lit.width * 10 + (c - '0');
        if (lit.width > max_bits)
          throw TooLarge(line, "the constant " + quoted(text) + " has more than " + std::to_string(max_bits) + " bits");
      }
      if (lit.width == 0) throw ParseError(line, "the constant " + quoted(text) + " has no bits");
    }
    size_t at = quote + 1;
    if (at < text.size() && (text[at] == 's' || text[at] == 'S')) {
      lit.is_signed = true;
      ++at;
    }
    const char base = at < text.size() ? static_cast<char>(text[at] | 0x20) : '\0';
    lit.base = base == 'b' ? 2 : base == 'o' ? 8 : base == 'h' ? 16 : 10;
    ++at;
    while (at < text.size() && static_cast<unsigned char>(text[at]) <= ' ') ++at;
    lit.digits = at < text.size() ? text.substr(at) : std::string_view{};
  }
  size_t given = 0;
  bool unknown = false;
  for (const char c : lit.digits) {
    if (c == '_') continue;
    ++given;
    const int v = digit_value(c);
    if (v >= 0 && v < lit.base) continue;
    if (quote == std::string_view::npos || !(is_x(c) || is_z(c))) throw bad();
    unknown = true;
  }
  if (given == 0) throw bad();
  if (lit.base == 10 && unknown && given > 1) throw bad();
  if (lit.base == 10 && given > kMaxDecimalDigits)
    throw TooLarge(line, "a decimal constant has more than " + std::to_string(kMaxDecimalDigits) + " digits",
                   "write it in hexadecimal");
  return lit;
}

std::optional<int64_t> literal_value(const Literal& lit) {
  if (!lit.sized && lit.base == 10) {
    int64_t value = 0;
    for (const char c : lit.digits) {
      if (c == '_') continue;
      if (is_x(c) || is_z(c) || __builtin_mul_overflow(value, int64_t{10}, &value) ||
          __builtin_add_overflow(value, int64_t{c - '0'}, &value))
        return std::nullopt;
    }
    return value;
  }
  // Past the digits given, every bit is the same, so that a very wide literal costs no more than its text.
  Literal narrow = lit;
  narrow.width = std::min(lit.width, static_cast<int64_t>(lit.digits.size()) * 4 + 64);
  std::vector<Bit> bits;
  literal_bits(narrow, bits);
  uint64_t value = 0;
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits[i].net < 0 || bits[i].flags != 0) return std::nullopt;
    if (bits[i].net == 1) {
      if (i >= 63) return std::nullopt;
      value |= uint64_t{1} << i;
    }
  }
  if (lit.is_signed && bits.size() < 64 && bits.back().net == 1) value -= uint64_t{1} << bits.size();
  return static_cast<int64_t>(value);
}

void literal_bits(const Literal& lit, std::vector<Bit>& out) {
  const size_t begin = out.size();
  const auto width = static_cast<size_t>(lit.width);
  const auto push = [&](Bit bit) {
    if (out.size() - begin < width) out.push_back(bit);
  };
  Bit fill{0, 0};
  if (lit.base == 10) {
    char first = '0';
    for (const char c : lit.digits)
      if (c != '_') first = c;
    if (is_x(first)) {
      fill = {0, kUnknown};
    } else if (is_z(first)) {
      fill = {-1, 0};
    } else {
      for (const uint32_t limb : decimal_limbs(lit.digits))
        for (int i = 0; i < 32; ++i) push({static_cast<int32_t>(limb >> i & 1), 0});
    }
  } else {
    const int bits = lit.base == 2 ? 1 : lit.base == 8 ? 3 : 4;
    for (size_t k = lit.digits.size(); k-- > 0;) {
      const char c = lit.digits[k];
      if (c == '_') continue;
      if (out.size() - begin >= width) break;
      // The leftmost digit given says what fills the rest when it is x or z.
      fill = is_x(c) ? Bit{0, kUnknown} : is_z(c) ? Bit{-1, 0} : Bit{0, 0};
      const int v = digit_value(c);
      for (int i = 0; i < bits; ++i) push(v < 0 ? fill : Bit{v >> i & 1, 0});
    }
  }
  out.resize(begin + width, fill);
}

}  // namespace hwdesign::verilog
