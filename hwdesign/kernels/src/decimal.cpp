#include "decimal.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <locale>
#include <sstream>
#include <string>

namespace hwdesign {
namespace {

constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                              1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

DecimalFault slow_decimal(const char* begin, const char* end, double& value) {
  if (*begin == '+') ++begin;
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
  return std::from_chars(begin, end, value).ec == std::errc{} ? DecimalFault::kNone : DecimalFault::kRange;
#else
  std::istringstream stream(std::string(begin, end));
  stream.imbue(std::locale::classic());
  stream >> value;
  return stream.fail() || !std::isfinite(value) ? DecimalFault::kRange : DecimalFault::kNone;
#endif
}

}  // namespace

DecimalFault read_decimal(const char*& at, const char* end, double& value) {
  const char* const begin = at;
  const char* p = at;
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;
  uint64_t mantissa = 0;
  int digits = 0, scale = 0;  // digits of the mantissa, leading zeros left out
  bool any = false;
  const auto take = [&](int shift) {
    for (; p < end && is_digit(*p); ++p) {
      any = true;
      if (digits < 19) {
        mantissa = mantissa * 10 + static_cast<uint64_t>(*p - '0');
        digits += mantissa != 0;
        scale -= shift;
      } else {
        digits = 20;
      }
    }
  };
  take(0);
  if (p < end && *p == '.') {
    ++p;
    take(1);
  }
  if (!any) return DecimalFault::kMalformed;
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool down = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) ++p;
    if (p == end || !is_digit(*p)) return DecimalFault::kMalformed;
    int exponent = 0;
    for (; p < end && is_digit(*p); ++p)
      if (exponent < 100000) exponent = exponent * 10 + (*p - '0');
    scale += down ? -exponent : exponent;
  }
  at = p;
  // Exact: mantissa and power of ten are doubles, and IEEE rounds their product or quotient once (Clinger 1990).
  if (digits < 19 && mantissa <= uint64_t{1} << 53 && scale >= -22 && scale <= 22) {
    const auto m = static_cast<double>(mantissa);
    value = scale < 0 ? m / kPowers[-scale] : m * kPowers[scale];
    if (negative) value = -value;
    return DecimalFault::kNone;
  }
  if (mantissa == 0) {
    value = negative ? -0.0 : 0.0;
    return DecimalFault::kNone;
  }
  return slow_decimal(begin, p, value);
}

}  // namespace hwdesign
