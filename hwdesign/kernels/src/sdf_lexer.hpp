// Parentheses, strings and words of SDF, with their lines.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "tables.hpp"
#include "text.hpp"

namespace hwdesign {

// A word may hold escaped characters.
class SdfLexer {
 public:
  explicit SdfLexer(std::string_view text) : at_(text.data()), end_(at_ + text.size()) { next(); }

  std::string_view word() const { return word_; }
  bool is(char c) const { return word_.size() == 1 && word_[0] == c; }
  bool done() const { return word_.empty(); }
  int64_t line() const { return line_; }
  std::string_view slice(const char* from) const { return {from, static_cast<size_t>(word_.data() - from)}; }

  void next() {
    skip();
    line_ = here_;
    const char* const from = at_;
    if (at_ < end_ && (*at_ == '(' || *at_ == ')')) {
      ++at_;
    } else if (at_ < end_ && *at_ == '"') {
      for (++at_; at_ < end_ && *at_ != '"'; ++at_) {
        if (*at_ == '\\' && at_ + 1 < end_) ++at_;
        here_ += *at_ == '\n';
      }
      if (at_ >= end_) throw ParseError(line_, "a string has no closing quote");
      ++at_;
    } else {
      while (at_ < end_ && static_cast<unsigned char>(*at_) > ' ' && *at_ != '(' && *at_ != ')' && *at_ != '"') {
        if (*at_ == '\\' && at_ + 1 < end_ && static_cast<unsigned char>(at_[1]) > ' ') ++at_;
        ++at_;
      }
    }
    word_ = {from, static_cast<size_t>(at_ - from)};
  }

  ParseError expected(const std::string& wanted) const {
    return {line_, "expected " + wanted + ", found " + (done() ? "the end of the file" : quoted(word_))};
  }

  void open() { take('('); }
  void close() { take(')'); }

  // To the end of a parenthesis whose opening has been read.
  void skip_rest() {
    const int64_t begun = line_;
    for (int64_t depth = 1; depth > 0; next()) {
      if (done()) throw ParseError(begun, "a parenthesis has no end", "check that the file is whole");
      depth += is('(') - is(')');
    }
  }

 private:
  void take(char c) {
    if (!is(c)) throw expected(std::string("'") + c + "'");
    next();
  }

  void skip() {
    while (at_ < end_) {
      if (static_cast<unsigned char>(*at_) <= ' ') {
        here_ += *at_ == '\n';
        ++at_;
      } else if (*at_ == '/' && at_ + 1 < end_ && at_[1] == '/') {
        while (at_ < end_ && *at_ != '\n') ++at_;
      } else if (*at_ == '/' && at_ + 1 < end_ && at_[1] == '*') {
        const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
        const size_t stop = rest.find("*/", 2);
        if (stop == std::string_view::npos) throw ParseError(here_, "a comment has no end");
        here_ += std::count(at_, at_ + stop, '\n');
        at_ += stop + 2;
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

}  // namespace hwdesign
