// Decimal numbers of text files, whatever the locale.
#pragma once

#include <string_view>

namespace hwdesign {

enum class DecimalFault { kNone, kMalformed, kRange };

// Reads a decimal number at `at` and moves past it: [+-] digits [. digits] [e [+-] digits], correctly rounded. Hexadecimal
// numbers, infinities and NaN are malformed; what a double cannot hold is out of range.
DecimalFault read_decimal(const char*& at, const char* end, double& value);

}  // namespace hwdesign
