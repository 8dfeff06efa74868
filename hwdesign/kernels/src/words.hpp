// Words between white space, as SPEF, LEF, DEF and SDF have them, with their lines.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "decimal.hpp"
#include "tables.hpp"
#include "text.hpp"

namespace hwdesign {

enum class Comments { kSlashes, kHash };   // `//` and `/* */`, or `#` to the line's end

template <Comments kComments>
class Words {
 public:
  explicit Words(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // The next word; empty at the end of the text. A quoted string is one word and keeps its quotes.
  std::string_view next() {
    skip();
    const char* begin = at_;
    line_ = here_;
    if (at_ < end_ && *at_ == '"') {
      for (++at_; at_ < end_ && *at_ != '"'; ++at_) {
        if (*at_ == '\\' && at_ + 1 < end_) ++at_;
        if (*at_ == '\n') ++here_;
      }
      if (at_ >= end_) throw ParseError(line_, "a string has no closing quote");
      ++at_;
    } else {
      while (at_ < end_ && static_cast<unsigned char>(*at_) > ' ') ++at_;
    }
    word_ = {begin, static_cast<size_t>(at_ - begin)};
    return word_;
  }

  std::string_view word() const { return word_; }
  bool done() const { return word_.empty(); }
  int64_t line() const { return line_; }

  ParseError expected(const std::string& wanted) const {
    return {line_, "expected " + wanted + ", found " + (word_.empty() ? "the end of the file" : quoted(word_))};
  }

 private:
  void skip() {
    while (at_ < end_) {
      const char c = *at_;
      if (c == '\n') {
        ++here_;
        ++at_;
      } else if (static_cast<unsigned char>(c) <= ' ') {
        ++at_;
      } else if (kComments == Comments::kHash ? c == '#' : c == '/' && at_ + 1 < end_ && at_[1] == '/') {
        while (at_ < end_ && *at_ != '\n') ++at_;
      } else if (kComments == Comments::kSlashes && c == '/' && at_ + 1 < end_ && at_[1] == '*') {
        const int64_t begun = here_;
        for (at_ += 2; !(at_ + 1 < end_ && at_[0] == '*' && at_[1] == '/'); ++at_) {
          if (at_ >= end_) throw ParseError(begun, "a comment has no end");
          if (*at_ == '\n') ++here_;
        }
        at_ += 2;
      } else {
        return;
      }
    }
  }

  const char* at_;
  const char* end_;
  int64_t here_ = 1, line_ = 1;
  std::string_view word_;
};

// Whether the whole of `text` is a number. `nan`, `inf` and what no double holds count as numbers, read as NaN.
inline bool to_number(std::string_view text, double& value) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const DecimalFault fault = read_decimal(at, end, value);
  if (fault == DecimalFault::kNone) return at == end;
  value = std::numeric_limits<double>::quiet_NaN();
  if (fault == DecimalFault::kRange) return true;
  std::string word(text.substr(0, 10));
  for (char& c : word)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  if (!word.empty() && (word[0] == '-' || word[0] == '+')) word.erase(0, 1);
  return word == "nan" || word == "inf" || word == "infinity";
}

inline std::string_view unquoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

}  // namespace hwdesign
