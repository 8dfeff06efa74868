#include "verilog_lexer.hpp"

#include <array>
#include <cstring>

namespace hwdesign::verilog {
namespace {

enum Class : uint8_t { kOther, kSpace, kNewline, kIdStart, kDigit };

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> c{};
  c[' '] = c['\t'] = c['\r'] = c['\f'] = c['\v'] = kSpace;
  c['\n'] = kNewline;
  for (int i = 'a'; i <= 'z'; ++i) c[static_cast<size_t>(i)] = kIdStart;
  for (int i = 'A'; i <= 'Z'; ++i) c[static_cast<size_t>(i)] = kIdStart;
  c['_'] = kIdStart;
  for (int i = '0'; i <= '9'; ++i) c[static_cast<size_t>(i)] = kDigit;
  return c;
}
constexpr auto kClasses = make_classes();

uint8_t classify(char c) { return kClasses[static_cast<unsigned char>(c)]; }
bool is_id(char c) { return classify(c) >= kIdStart || c == '$'; }
bool is_space(char c) { return classify(c) == kSpace || c == '\n'; }

}  // namespace

Lexer::Lexer(std::string_view text, NamePool& names)
    : names_(names), at_(text.data()), end_(text.data() + text.size()) {
#define X(name) names_.intern(#name);
  HWDESIGN_VERILOG_KEYWORDS(X) HWDESIGN_SYSTEMVERILOG_WORDS(X)
#undef X
  if (text.size() >= 3 && std::memcmp(text.data(), "\xEF\xBB\xBF", 3) == 0) at_ += 3;
}

void Lexer::seek(const Mark& mark) {
  at_ = mark.at;
  line_ = mark.line;
  implicit_nets_ = mark.implicit_nets;
  next();
}

std::string Lexer::found() const {
  if (tok_.kind == kEnd) return "the end of the file";
  if (tok_.kind == kKeyword) return "the keyword " + quoted(tok_.text);
  return quoted(tok_.text);
}

void Lexer::skip_space() {
  for (; at_ < end_; ++at_) {
    const uint8_t c = classify(*at_);
    if (c == kSpace) continue;
    if (c == kNewline) {
      ++line_;
    } else if (*at_ == '/' && at_ + 1 < end_ && at_[1] == '/') {
      to_line_end();
      --at_;
    } else if (*at_ == '/' && at_ + 1 < end_ && at_[1] == '*') {
      const int32_t opened = line_;
      for (at_ += 2;; ++at_) {
        if (at_ + 1 >= end_) throw ParseError(opened, "the comment that begins with '/*' has no end", "add '*/'");
        if (*at_ == '\n') ++line_;
        if (*at_ == '*' && at_[1] == '/') break;
      }
      ++at_;
    } else if (*at_ == '`') {
      directive();
      --at_;
    } else {
      return;
    }
  }
}

void Lexer::directive() {
  const char* begin = at_++;
  while (at_ < end_ && is_id(*at_)) ++at_;
  const std::string_view name(begin + 1, static_cast<size_t>(at_ - begin - 1));
  if (name == "default_nettype") {
    while (at_ < end_ && classify(*at_) == kSpace) ++at_;
    const char* type = at_;
    while (at_ < end_ && is_id(*at_)) ++at_;
    implicit_nets_ = std::string_view(type, static_cast<size_t>(at_ - type)) != "none";
  } else if (name == "resetall") {
    implicit_nets_ = true;
  } else if (name == "celldefine" || name == "endcelldefine" || name == "nounconnected_drive" ||
             name == "suppress_faults" || name == "nosuppress_faults" || name == "enable_portfaults" ||
             name == "disable_portfaults" || name == "protect" || name == "endprotect") {
    // Nothing that a netlist keeps.
  } else if (name == "timescale" || name == "line" || name == "unconnected_drive" || name == "pragma" ||
             name.substr(0, 11) == "delay_mode_" || name == "begin_keywords" || name == "end_keywords") {
    to_line_end();
  } else {
    throw NotStructural(line_, "the directive or macro " + quoted({begin, static_cast<size_t>(at_ - begin)}) +
                                   " needs a preprocessor",
                        "preprocess the file first, or read it as RTL");
  }
}

void Lexer::number() {
  // [size] ' [s] base digits, a plain decimal, or a real (which only delays and parameters may hold).
  const auto digits = [&] {
    while (at_ < end_ && (is_id(*at_) || *at_ == '?') && *at_ != '$') ++at_;
  };
  while (at_ < end_ && (classify(*at_) == kDigit || *at_ == '_')) ++at_;
  if (at_ + 1 < end_ && *at_ == '.' && classify(at_[1]) == kDigit) {
    ++at_;
    while (at_ < end_ && (classify(*at_) == kDigit || *at_ == '_')) ++at_;
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    const char* p = at_ + 1;
    if (p < end_ && (*p == '+' || *p == '-')) ++p;
    if (p < end_ && classify(*p) == kDigit) {
      at_ = p;
      while (at_ < end_ && (classify(*at_) == kDigit || *at_ == '_')) ++at_;
      return;
    }
  }
  const char* p = at_;
  int32_t lines = 0;
  while (p < end_ && is_space(*p)) lines += *p++ == '\n';
  if (p + 1 >= end_ || *p != '\'') return;
  ++p;
  if (*p == 's' || *p == 'S') ++p;
  if (p >= end_ || std::strchr("bBoOdDhH", *p) == nullptr || *p == '\0')
    throw ParseError(line_ + lines,
                     "the number " + quoted({tok_.text.data(), static_cast<size_t>(p - tok_.text.data())}) +
                         " has no base",
                     "write 'b, 'o, 'd or 'h after the width");
  ++p;
  while (p < end_ && is_space(*p)) lines += *p++ == '\n';
  line_ += lines;
  at_ = p;
  digits();
}

void Lexer::punctuation() {
  struct Op {
    char text[4];
    uint8_t kind;
  };
  static constexpr Op kOps[] = {{"===", kCaseEq}, {"!==", kCaseNe}, {"<<<", kShl}, {">>>", kShr}, {"&&", kLogicAnd},
                                {"||", kLogicOr}, {"==", kEq},      {"!=", kNe},   {"~^", kXnor}, {"^~", kXnor},
                                {"~&", kNand},    {"~|", kNor},     {"<<", kShl},  {">>", kShr},  {"<=", kLe},
                                {">=", kGe},      {"**", kPower},   {"+:", kPlusColon}, {"-:", kMinusColon},
                                {"*)", kAttrClose}, {"->", kArrow}};
  const auto left = static_cast<size_t>(end_ - at_);
  const char c = *at_;
  // Separators make most of a netlist, so they skip the table.
  if (c == '(' && left > 1 && at_[1] == '*' && !(left > 2 && at_[2] == ')')) {
    tok_.kind = kAttrOpen;
    at_ += 2;
    return;
  }
  if (c != '(' && c != ')' && c != ',' && c != ';' && c != '.') {
    for (const Op& op : kOps) {
      const size_t n = std::strlen(op.text);
      if (n <= left && std::memcmp(op.text, at_, n) == 0) {
        tok_.kind = op.kind;
        at_ += n;
        return;
      }
    }
    if (c == '\0')
      throw ParseError(line_, "the file holds a NUL byte, so it is not Verilog text",
                       "check that it is not a binary file");
    if (std::strchr("#=[]{}:?~&|^!<>+-*/%@", c) == nullptr) {
      if (static_cast<unsigned char>(c) >= 0x80) {
        throw ParseError(line_, "a character outside ASCII stands in the code: " + quoted({at_, 1}),
                         "write such names as escaped identifiers (\\name followed by a space)");
      }
      throw ParseError(line_, "unexpected character " + quoted({at_, 1}));
    }
  }
  tok_.kind = static_cast<uint8_t>(c);
  ++at_;
}

void Lexer::next() {
  skip_space();
  tok_.line = line_;
  tok_.escaped = false;
  const char* begin = at_;
  tok_.text = {begin, 0};
  if (at_ >= end_) {
    tok_.kind = kEnd;
    return;
  }
  switch (classify(*at_)) {
    case kIdStart:
      do ++at_;
      while (at_ < end_ && is_id(*at_));
      tok_.text = {begin, static_cast<size_t>(at_ - begin)};
      tok_.id = names_.intern(tok_.text);
      tok_.kind = tok_.id < kw_count ? kKeyword : kName;
      return;
    case kDigit:
      number();
      tok_.kind = kNumber;
      break;
    default:
      if (*at_ == '\\') {
        ++begin;
        for (++at_; at_ < end_ && static_cast<unsigned char>(*at_) > ' ' && *at_ != 0x7f; ++at_) {}
        tok_.text = {begin, static_cast<size_t>(at_ - begin)};
        if (tok_.text.empty()) throw ParseError(line_, "a backslash stands without a name after it");
        check_utf8(tok_.text, line_);
        tok_.id = names_.intern(tok_.text);
        tok_.kind = kName;
        tok_.escaped = true;
        return;
      }
      if (*at_ == '"') {
        for (++at_;; ++at_) {
          if (at_ >= end_ || *at_ == '\n') throw ParseError(line_, "the string has no closing quote");
          if (*at_ == '\\' && at_ + 1 < end_ && at_[1] != '\n') {
            ++at_;
          } else if (*at_ == '"') {
            break;
          }
        }
        ++at_;
        tok_.kind = kString;
      } else if (*at_ == '$') {
        do ++at_;
        while (at_ < end_ && is_id(*at_));
        tok_.kind = kSystem;
      } else if (*at_ == '\'') {
        number();
        tok_.kind = kNumber;
      } else {
        punctuation();
      }
  }
  tok_.text = {begin, static_cast<size_t>(at_ - begin)};
}

}  // namespace hwdesign::verilog
