#include "liberty.hpp"

#include <string>

#include "decimal.hpp"
#include "text.hpp"

namespace hwdesign {
namespace {

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

bool ends_word(char c) {
  switch (c) {
    case ':': case '(': case ')': case '{': case '}': case ';': case ',': case '"': case '=': case '\\':
      return true;
    default:
      return is_blank(c);
  }
}

class LibertyReader {
 public:
  LibertyReader(std::string_view text, const std::vector<std::string_view>& skip, const LibertyLimits& limits)
      : at_(text.data()), end_(text.data() + text.size()), limits_(limits) {
    if (text.substr(0, 3) == "\xef\xbb\xbf") at_ += 3;
    out_.skipped.assign(skip.size(), 0);
    for (const std::string_view name : skip) out_.names.intern(name);  // ids 0, 1, ... as long as the names differ
    numeric_begin_ = out_.names.size();
    for (const char* name : {"values", "index_1", "index_2", "index_3", "index_4"}) out_.names.intern(name);
    numeric_end_ = out_.names.size();
  }

  LibertyText run() {
    for (blanks(); at_ < end_; blanks()) {
      if (*at_ == ';') {
        ++at_;
      } else if (*at_ == '}') {
        close();
      } else {
        statement();
      }
    }
    if (!open_.empty()) {
      const auto group = static_cast<size_t>(open_.back());
      throw ParseError(out_.line[group],
                       "the group " + quoted(out_.names[out_.name[group]]) + " is not closed before the file ends",
                       "add its '}'");
    }
    return std::move(out_);
  }

 private:
  // Past white space, comments and the backslashes that continue a line.
  void blanks() {
    while (at_ < end_) {
      if (*at_ == '\n') {
        ++line_;
        ++at_;
      } else if (is_blank(*at_)) {
        ++at_;
      } else if (*at_ == '\\') {
        const char* p = at_ + 1;
        while (p < end_ && *p != '\n' && is_blank(*p)) ++p;
        if (p < end_ && *p != '\n') throw expected("a statement");
        at_ = p;
      } else if (!comment()) {
        return;
      }
    }
  }

  // Past a comment, where one begins here.
  bool comment() {
    if (*at_ != '/' || at_ + 1 == end_) return false;
    if (at_[1] == '/') {
      while (at_ < end_ && *at_ != '\n') ++at_;
      return true;
    }
    if (at_[1] != '*') return false;
    const int64_t begin = line_;
    for (at_ += 2; at_ + 1 < end_; ++at_) {
      if (*at_ == '\n') ++line_;
      if (*at_ == '*' && at_[1] == '/') {
        at_ += 2;
        return true;
      }
    }
    throw ParseError(begin, "the comment is not closed before the file ends", "add its '*/'");
  }

  std::string_view word() {
    const char* const begin = at_;
    while (at_ < end_ && !ends_word(*at_)) ++at_;
    return {begin, static_cast<size_t>(at_ - begin)};
  }

  ParseError expected(const std::string& what) const {
    const char* p = at_;
    while (p < end_ && p < at_ + 40 && *p != '\n') ++p;
    const std::string found = p == at_ ? "the end of the " + std::string(p < end_ ? "line" : "file")
                                       : quoted({at_, static_cast<size_t>(p - at_)});
    return {line_, "expected " + what + ", found " + found, "mend the text or write the library anew"};
  }

  int32_t intern(std::string_view text) {
    const int32_t before = out_.names.size();
    const int32_t id = out_.names.intern(text);
    if (out_.names.size() != before) check_utf8(text, line_);
    return id;
  }

  void statement() {
    const std::string_view text = word();
    if (text.empty()) throw expected("the name of an attribute or a group");
    const int64_t line = line_;
    const int32_t name = intern(text);
    const bool numeric = name >= numeric_begin_ && name < numeric_end_;
    blanks();
    StatementKind kind = StatementKind::kSimple;
    if (at_ < end_ && *at_ == ':') {
      ++at_;
      simple(numeric);
    } else if (at_ < end_ && *at_ == '(') {
      ++at_;
      arguments(numeric, line);
      blanks();
      kind = at_ < end_ && *at_ == '{' ? StatementKind::kGroup : StatementKind::kComplex;
    } else {
      throw expected("':' or '(' after " + quoted(text));
    }
    if (kind == StatementKind::kGroup) {
      ++at_;
      if (static_cast<size_t>(name) < out_.skipped.size()) {
        ++out_.skipped[static_cast<size_t>(name)];
        out_.arg.resize(static_cast<size_t>(out_.arg_ptr.back()));
        out_.number.resize(static_cast<size_t>(out_.number_ptr.back()));
        skip_group(name, line);
        return;
      }
      if (static_cast<int>(open_.size()) >= limits_.max_depth)
        throw TooLarge(line, "the groups nest more than " + std::to_string(limits_.max_depth) + " deep");
    }
    const auto row = static_cast<int64_t>(out_.name.size());
    if (row >= limits_.max_statements)
      throw TooLarge(line, "the library has more than " + std::to_string(limits_.max_statements) + " statements",
                     "split it into several libraries");
    out_.kind.push_back(static_cast<uint8_t>(kind));
    out_.name.push_back(name);
    out_.line.push_back(static_cast<int32_t>(line));
    out_.last.push_back(static_cast<int32_t>(row) + 1);
    out_.arg_ptr.push_back(static_cast<int64_t>(out_.arg.size()));
    out_.number_ptr.push_back(static_cast<int64_t>(out_.number.size()));
    if (kind == StatementKind::kGroup) open_.push_back(static_cast<int32_t>(row));
  }

  void close() {
    if (open_.empty())
      throw ParseError(line_, "this '}' closes no group", "remove it or add the '{' that belongs to it");
    ++at_;
    out_.last[static_cast<size_t>(open_.back())] = static_cast<int32_t>(out_.name.size());
    open_.pop_back();
  }

  // The value after a colon: a string, or what stands before the semicolon or the line's end.
  void simple(bool numeric) {
    blanks();
    if (at_ < end_ && *at_ == '"') {
      string(numeric);
      while (at_ < end_ && *at_ != '\n') {
        if (is_blank(*at_)) {
          ++at_;
        } else if (!comment()) {
          break;
        }
      }
      if (at_ < end_ && *at_ != ';' && *at_ != '\n' && *at_ != '}' && *at_ != '\\') throw expected("';'");
      return;
    }
    const char* const begin = at_;
    while (at_ < end_ && *at_ != ';' && *at_ != '\n' && *at_ != '}' && *at_ != '{' && *at_ != '"' &&
           !(*at_ == '/' && at_ + 1 < end_ && (at_[1] == '*' || at_[1] == '/')))
      ++at_;
    const char* last = at_;
    while (last > begin && is_blank(last[-1])) --last;
    if (last == begin || (at_ < end_ && (*at_ == '{' || *at_ == '"'))) throw expected("a value and ';'");
    const std::string_view text(begin, static_cast<size_t>(last - begin));
    numeric ? numbers(text, line_) : out_.arg.push_back(intern(text));
  }

  // What stands between parentheses, apart by commas or blanks.
  void arguments(bool numeric, int64_t line) {
    for (blanks();; blanks()) {
      if (at_ == end_ || *at_ == '{' || *at_ == '}' || *at_ == ';')
        throw ParseError(at_ == end_ ? line : line_, "the parenthesis is not closed", "add its ')'");
      if (*at_ == ')') {
        ++at_;
        return;
      }
      if (*at_ == ',') {
        ++at_;
      } else if (*at_ == '"') {
        string(numeric);
      } else {
        const char* const begin = at_;
        while (at_ < end_ && (!ends_word(*at_) || *at_ == ':' || *at_ == '=')) ++at_;
        if (at_ == begin) throw expected("a value, ',' or ')'");
        const std::string_view text(begin, static_cast<size_t>(at_ - begin));
        numeric ? numbers(text, line_) : out_.arg.push_back(intern(text));
      }
    }
  }

  // A string from its opening quote; `\"` is a quote, a backslash before a line's end continues it.
  void string(bool numeric) {
    const int64_t begin_line = line_;
    const char* const begin = ++at_;
    bool plain = true;
    for (; at_ < end_ && *at_ != '"'; ++at_) {
      if (*at_ == '\n') {
        ++line_;
        plain = false;
      } else if (*at_ == '\\') {
        plain = false;
        if (at_ + 1 < end_ && at_[1] == '"') ++at_;
      }
    }
    if (at_ == end_) throw ParseError(begin_line, "the string is not closed before the file ends", "add its '\"'");
    const std::string_view text(begin, static_cast<size_t>(at_ - begin));
    ++at_;
    if (numeric) {
      numbers(text, begin_line);
    } else if (plain) {
      out_.arg.push_back(intern(text));
    } else {
      scratch_.clear();
      for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\n' || text[i + 1] == '\r'))
          continue;
        scratch_ += text[i] == '\n' || text[i] == '\r' ? ' ' : text[i];
      }
      out_.arg.push_back(intern(scratch_));
    }
  }

  void numbers(std::string_view text, int64_t line) {
    const char* p = text.data();
    const char* const end = p + text.size();
    while (true) {
      for (; p < end && (is_blank(*p) || *p == ',' || *p == '\\'); ++p) line += *p == '\n';
      if (p == end) return;
      const char* const begin = p;
      double value = 0;
      const DecimalFault fault = read_decimal(p, end, value);
      if (fault != DecimalFault::kNone || (p < end && !is_blank(*p) && *p != ',' && *p != '\\')) {
        p = begin;
        while (p < end && !is_blank(*p) && *p != ',' && *p != '\\') ++p;
        const std::string found = quoted({begin, static_cast<size_t>(p - begin)});
        if (fault == DecimalFault::kRange)
          throw ParseError(line, found + " is beyond the range of floating-point numbers", "scale the units");
        throw ParseError(line, found + " is no number", "write finite decimal numbers, apart by commas");
      }
      out_.number.push_back(value);
    }
  }

  void skip_group(int32_t name, int64_t line) {
    for (int64_t depth = 1; at_ < end_;) {
      const char c = *at_;
      if (c == '\n') {
        ++line_;
      } else if (c == '{') {
        ++depth;
      } else if (c == '}') {
        if (--depth == 0) {
          ++at_;
          return;
        }
      } else if (c == '"') {
        const int64_t begin = line_;
        for (++at_; at_ < end_ && *at_ != '"'; ++at_) {
          line_ += *at_ == '\n';
          if (*at_ == '\\' && at_ + 1 < end_ && at_[1] == '"') ++at_;
        }
        if (at_ >= end_) throw ParseError(begin, "the string is not closed before the file ends", "add its '\"'");
      } else if (c == '/' && comment()) {
        continue;
      }
      ++at_;
    }
    throw ParseError(line, "the group " + quoted(out_.names[name]) + " is not closed before the file ends",
                     "add its '}'");
  }

  LibertyText out_;
  const char* at_;
  const char* end_;
  const LibertyLimits limits_;
  int64_t line_ = 1;
  int32_t numeric_begin_ = 0, numeric_end_ = 0;
  std::vector<int32_t> open_;
  std::string scratch_;
};

}  // namespace

LibertyText parse_liberty(std::string_view text, const std::vector<std::string_view>& skip,
                          const LibertyLimits& limits) {
  refuse_nul(text, "Liberty");
  return LibertyReader(text, skip, limits).run();
}

}  // namespace hwdesign
