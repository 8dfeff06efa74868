// Integer constant expressions: 64-bit, every overflow refused.
#include <algorithm>
#include <string>

#include "verilog_parser.hpp"

namespace hwdesign::verilog {
namespace {

// Verilog's binary precedence (IEEE 1364-2005, table 5-4); -1 is no binary operator.
int level_of(uint8_t op) {
  switch (op) {
    case kLogicOr: return 1;
    case kLogicAnd: return 2;
    case '|': return 3;
    case '^':
    case kXnor: return 4;
    case '&': return 5;
    case kEq:
    case kNe: return 6;
    case '<':
    case '>':
    case kLe:
    case kGe: return 7;
    case kShl:
    case kShr: return 8;
    case '+':
    case '-': return 9;
    case '*':
    case '/':
    case '%': return 10;
    case kPower: return 11;
    default: return -1;
  }
}

}  // namespace

const Symbol* Parser::find_param(int32_t name) const {
  const int32_t value = scope_.get(name);
  if (value == Scope::kNone || value >= 0) return nullptr;
  const Symbol& symbol = symbols_[static_cast<size_t>(-1 - value)];
  return symbol.is_param ? &symbol : nullptr;
}

std::optional<int64_t> Parser::text_value(int32_t text) const {
  std::string_view s = name_of(text);
  const bool negative = !s.empty() && s[0] == '-';
  if (negative) s.remove_prefix(1);
  if (s.empty() || !((s[0] >= '0' && s[0] <= '9') || s[0] == '\'')) return std::nullopt;
  if (s.find('\'') == std::string_view::npos && s.find_first_not_of("0123456789_") != std::string_view::npos)
    return std::nullopt;  // a real number
  const auto value = literal_value(parse_literal(s, 0, INT64_MAX / 16));
  return negative && value ? std::optional<int64_t>(-*value) : value;
}

int32_t Parser::intern_text(std::string_view text, int64_t line) {
  check_utf8(text, line);
  return design_.names.intern(text);
}

int32_t Parser::value_text() {
  const Token t = lex_.tok();
  if (t.kind == kString) {
    lex_.next();
    return intern_text(t.text, t.line);
  }
  // A lone literal or parameter keeps its text, and with it its width, x digits or fraction.
  if (t.kind == kNumber || (t.kind == kName && find_param(t.id)) || t.kind == '-') {
    const Lexer::Mark here = lex_.mark();
    std::string text;
    if (t.kind == '-') {
      text = "-";
      lex_.next();
    }
    if (lex_.is(kNumber) || (lex_.is(kName) && t.kind == kName)) {
      text += lex_.tok().text;
      lex_.next();
      if (lex_.is(',') || lex_.is(')') || lex_.is(';')) {
        if (t.kind == kName) return find_param(t.id)->text;
        if (t.kind == kNumber || text.find_first_not_of("0123456789_eE.+-") == std::string::npos) {
          const bool real = text.find('\'') == std::string::npos && text.find_first_of(".eE") != std::string::npos;
          if (!real) parse_literal(std::string_view(text).substr(t.kind == '-'), t.line, limits_.max_bits);
          return design_.names.intern(text);
        }
      }
    }
    lex_.seek(here);
  }
  return design_.names.intern(std::to_string(constant()));
}

int32_t Parser::attribute_text() {
  const Token first = lex_.tok();
  const char* end = first.text.data();
  for (int64_t depth = 0; depth > 0 || (!lex_.is(',') && !lex_.is(kAttrClose)); lex_.next()) {
    if (lex_.is(kEnd)) unexpected("'*)' after the attributes");
    depth += (lex_.is('(') || lex_.is('{')) - (lex_.is(')') || lex_.is('}'));
    end = lex_.tok().text.data() + lex_.tok().text.size();
  }
  if (end == first.text.data()) unexpected("a value after '='");
  return intern_text({first.text.data(), static_cast<size_t>(end - first.text.data())}, first.line);
}

int32_t Parser::index_constant() {
  const int32_t line = lex_.tok().line;
  const int64_t value = constant();
  if (value < -(int64_t{1} << 30) || value > (int64_t{1} << 30))
    throw TooLarge(line, "the index " + std::to_string(value) + " lies outside -2^30 to 2^30");
  return static_cast<int32_t>(value);
}

int64_t Parser::constant(int min_level) {
  const Deeper deeper(*this);
  int64_t a = constant_operand();
  for (;;) {
    const Token op = lex_.tok();
    const auto overflow = [&] {
      return TooLarge(op.line, "the constant expression is too large at " + quoted(op.text));
    };
    if (op.kind == '?' && min_level == 0) {
      lex_.next();
      const int64_t yes = constant();
      expect(':', "':' after '?'");
      const int64_t no = constant();
      return a ? yes : no;
    }
    const int level = level_of(op.kind);
    if (level < 0 || level < min_level) return a;
    lex_.next();
    const int64_t b = constant(level + 1);
    const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
    bool bad = false;
    switch (op.kind) {
      case kLogicOr: a = a || b; break;
      case kLogicAnd: a = a && b; break;
      case '|': a = static_cast<int64_t>(ua | ub); break;
      case '^': a = static_cast<int64_t>(ua ^ ub); break;
      case kXnor: a = static_cast<int64_t>(~(ua ^ ub)); break;
      case '&': a = static_cast<int64_t>(ua & ub); break;
      case kEq: a = a == b; break;
      case kNe: a = a != b; break;
      case '<': a = a < b; break;
      case '>': a = a > b; break;
      case kLe: a = a <= b; break;
      case kGe: a = a >= b; break;
      case kShl:
        bad = b < 0 || b > 62 || a < 0 || (b > 0 && a >> (63 - b) != 0);
        if (!bad) a <<= b;
        break;
      case kShr: a = b < 0 || b > 63 ? 0 : static_cast<int64_t>(ua >> b); break;
      case '+': bad = __builtin_add_overflow(a, b, &a); break;
      case '-': bad = __builtin_sub_overflow(a, b, &a); break;
      case '*': bad = __builtin_mul_overflow(a, b, &a); break;
      case '/':
      case '%':
        if (b == 0) throw ParseError(op.line, "division by zero in a constant expression");
        bad = b == -1 && a == INT64_MIN;
        if (!bad) a = op.kind == '/' ? a / b : a % b;
        break;
      default: {  // kPower
        if (b < 0) throw ParseError(op.line, "a negative exponent in a constant expression");
        int64_t power = 1;
        if (a == 0 || a == 1 || a == -1) {
          power = b == 0 ? 1 : a == -1 && b % 2 == 0 ? 1 : a;
        } else {
          for (int64_t i = 0; i < b && !bad; ++i) bad = __builtin_mul_overflow(power, a, &power);
        }
        a = power;
      }
    }
    if (bad) throw overflow();
  }
}

int64_t Parser::constant_operand() {
  const Deeper deeper(*this);
  const Token t = lex_.tok();
  const auto need_value = [&](std::optional<int64_t> value) {
    if (!value) throw ParseError(t.line, quoted(t.text) + " is not a 64-bit integer constant");
    return *value;
  };
  lex_.next();
  switch (t.kind) {
    case kNumber: return need_value(literal_value(parse_literal(t.text, t.line, limits_.max_bits)));
    case kName: {
      const Symbol* param = find_param(t.id);
      if (!param && scope_.get(t.id) != Scope::kNone)
        throw NotStructural(t.line,
                            "the signal " + quoted(t.text) + " as an index or constant is not structural Verilog",
                            kReadAsRtl);
      if (!param)
        throw ParseError(t.line, quoted(t.text) + " is not a constant",
                         "only numbers and parameters may stand here in structural Verilog");
      const auto size = static_cast<int64_t>(name_of(param->text).size());
      spend_work(size + size * std::min<int64_t>(size, 2000) / 32);
      return need_value(text_value(param->text));
    }
    case '(': {
      const int64_t value = constant();
      expect(')', "')' in a constant expression");
      return value;
    }
    case '+': return constant_operand();
    case '-': {
      const int64_t value = constant_operand();
      if (value == INT64_MIN) throw TooLarge(t.line, "the constant expression is too large at '-'");
      return -value;
    }
    case '~': return ~constant_operand();
    case '!': return !constant_operand();
    case kSystem:
      if (t.text == "$clog2") {
        expect('(', "'(' after '$clog2'");
        const int64_t value = constant();
        expect(')', "')' after the argument of '$clog2'");
        if (value < 0) throw ParseError(t.line, "$clog2 of a negative number");
        int64_t bits = 0;
        while (bits < 63 && (int64_t{1} << bits) < value) ++bits;
        return bits;
      }
      throw NotStructural(t.line, "the system function " + quoted(t.text) + " in a constant is not structural Verilog",
                          kReadAsRtl);
    case '{':
      throw NotStructural(t.line, "a concatenation in a constant is not structural Verilog", kReadAsRtl);
    default:
      throw ParseError(t.line,
                       "expected a constant, found " + (t.kind == kEnd ? "the end of the file" : quoted(t.text)));
  }
}

}  // namespace hwdesign::verilog
