// Declarations of nets, ports and parameters.
#include <algorithm>

#include "verilog_parser.hpp"

namespace hwdesign::verilog {

void Parser::skip_balanced() {
  // The current token opens a parenthesis.
  int64_t depth = 0;
  do {
    if (lex_.is(kEnd)) unexpected("')'");
    depth += lex_.is('(') - lex_.is(')');
    lex_.next();
  } while (depth > 0);
}

void Parser::skip_strength_and_delay() {
  if (lex_.is('(')) {
    const Lexer::Mark here = lex_.mark();
    lex_.next();
    const Token& t = lex_.tok();
    const bool strength = t.kind == kKeyword && ((t.id >= kw_strong0 && t.id <= kw_large) || t.id == kw_supply0 ||
                                                 t.id == kw_supply1);
    lex_.seek(here);
    if (strength) skip_balanced();
  }
  if (lex_.is('#')) {
    lex_.next();
    if (lex_.is('(')) {
      skip_balanced();
    } else if (lex_.is(kNumber) || lex_.is(kName)) {
      lex_.next();
    } else {
      unexpected("a delay after '#'");
    }
  }
}

bool Parser::range(Range& out) {
  if (!lex_.is('[')) return false;
  const int32_t line = lex_.tok().line;
  lex_.next();
  out.left = index_constant();
  expect(':', "':' in a range");
  out.right = index_constant();
  expect(']', "']' after a range");
  if (out.width() > limits_.max_bits) {
    throw TooLarge(line, "the range [" + std::to_string(out.left) + ":" + std::to_string(out.right) + "] has " +
                             std::to_string(out.width()) + " bits; the limit is " + std::to_string(limits_.max_bits));
  }
  return true;
}

int32_t Parser::new_scalar(const Token& name, uint8_t flags) {
  int32_t id = name.id;
  // `\w[3] ` beside a vector `w` is another net; only the backslash tells them apart.
  if (name.escaped && bit_names_.get(id) != Scope::kNone) id = design_.names.intern("\\" + std::string(name_of(id)));
  const int32_t net = out_.add_net(m_, id, name.line);
  net_flags_.push_back(flags);
  scope_.set(name.id, net);
  return net;
}

int32_t Parser::declare(const Token& name, const Range* range, uint8_t flags, bool is_signed) {
  if (is_signed) flags |= kSignedNet;
  const int32_t seen = scope_.get(name.id);
  if (seen != Scope::kNone) {
    Symbol* symbol = seen < 0 ? &symbols_[static_cast<size_t>(-1 - seen)] : nullptr;
    uint8_t& old = symbol ? symbol->flags : net_flags_[static_cast<size_t>(seen)];
    const bool completes = (old & kImplicit) || ((flags & kDirMask) && !(old & kDirMask)) ||
                           ((flags & kNetDeclared) && !(old & kNetDeclared) && !(flags & kDirMask));
    if ((symbol && symbol->is_param) || !completes)
      throw ParseError(name.line, quoted(name.text) + " is declared twice");
    if ((symbol != nullptr) != (range != nullptr) || (symbol && !(symbol->range == *range)))
      throw ParseError(name.line, quoted(name.text) + " is declared with two different ranges",
                       old & kImplicit ? "declare it before its first use" : "give both declarations the same range");
    old = static_cast<uint8_t>((old & ~kImplicit) | flags);
    if (symbol) {
      symbol->is_signed |= is_signed;
      for (int64_t i = 0; i < symbol->range.width(); ++i) net_flags_[static_cast<size_t>(symbol->base + i)] |= flags;
    }
    return seen;
  }
  if (!range) return new_scalar(name, flags);
  Symbol symbol;
  symbol.is_signed = is_signed;
  symbol.range = *range;
  symbol.flags = flags;
  symbol.base = static_cast<int32_t>(m_.net_name.size());
  const int64_t width = range->width(), step = range->left > range->right ? -1 : 1;
  out_.spend(TableWriter::kNamed * width, name.line);
  for (int64_t i = 0; i < width; ++i) {
    const int32_t id = bit_name(name.id, range->left + step * i);
    const int32_t scalar = scope_.get(id);
    if (scalar >= 0) m_.net_name[static_cast<size_t>(scalar)] = design_.names.intern("\\" + std::string(name_of(id)));
    bit_names_.set(id, 1);
    m_.net_name.push_back(id);
    net_flags_.push_back(flags);
  }
  const int32_t value = -1 - static_cast<int32_t>(symbols_.size());
  symbols_.push_back(symbol);
  scope_.set(name.id, value);
  return value;
}

void Parser::port_declaration(uint8_t dir) {
  if (ansi_)
    throw ParseError(lex_.tok().line, "a port is declared in the body of a module whose header declares its ports",
                     "remove one of the two");
  lex_.next();
  auto flags = static_cast<uint8_t>(1 + dir);
  if (is_net_type(lex_.tok())) {
    flags |= kNetDeclared;
    lex_.next();
  }
  const bool is_signed = lex_.is_word(kw_signed);
  if (is_signed) lex_.next();
  if (lex_.is(kKeyword)) not_structural(quoted(lex_.tok().text));
  Range bounds;
  const bool vector = range(bounds);
  for (;;) {
    const Token name = name_token("a port name");
    if (is_systemverilog(name) && lex_.is(kName)) {
      throw NotStructural(name.line, quoted(name.text) + " is not structural Verilog", kReadAsRtl);
    }
    declare(name, vector ? &bounds : nullptr, flags, is_signed);
    declared_ports_.emplace_back(name.id, name.line);
    if (lex_.is('=')) not_structural("the initial value of the port " + quoted(name.text));
    if (!lex_.is(',')) break;
    lex_.next();
  }
  expect(';', "';' after a port declaration");
}

void Parser::net_declaration() {
  const int32_t word = lex_.tok().id;
  lex_.next();
  skip_strength_and_delay();
  bool is_signed = false;
  while (lex_.is_word(kw_signed) || lex_.is_word(kw_vectored) || lex_.is_word(kw_scalared)) {
    is_signed |= lex_.is_word(kw_signed);
    lex_.next();
  }
  if (lex_.is(kKeyword)) not_structural(quoted(lex_.tok().text));
  Range bounds;
  const bool vector = range(bounds);
  skip_strength_and_delay();
  for (;;) {
    const Token name = name_token("a net name");
    if (lex_.is('[')) not_structural("the array " + quoted(name.text));
    const int32_t value = declare(name, vector ? &bounds : nullptr, kNetDeclared, is_signed);
    const bool supply = word == kw_supply0 || word == kw_supply1;
    if (supply || lex_.is('=')) {
      begin_expression();
      if (value >= 0) {
        push_net_bits(value, 1);
      } else {
        const Symbol& symbol = symbols_[static_cast<size_t>(-1 - value)];
        push_net_bits(symbol.base, symbol.range.width());
      }
      target_bits_.assign(bits_.begin(), bits_.end());
      if (supply) {
        const int32_t kind = out_.gate("BUF", 1, name.line);
        const Bit level{word == kw_supply1, 0};
        for (const Bit bit : target_bits_) out_.add_gate(m_, kind, -1, name.line, bit.net, &level, 1);
      } else {
        lex_.next();
        assign_to(target_bits_, name.line);
      }
    }
    if (!lex_.is(',')) break;
    lex_.next();
  }
  expect(';', "';' after a net declaration");
}

void Parser::parameters(bool local, bool in_header) {
  Range bounds;
  bool ranged = false;
  for (;;) {
    if (in_header && lex_.is(')')) break;
    while (lex_.is(kAttrOpen)) attributes(false);
    if (lex_.is_word(kw_parameter) || lex_.is_word(kw_localparam)) {
      if (!in_header) unexpected("a parameter name");
      local = lex_.is_word(kw_localparam);
      ranged = false;
      lex_.next();
    }
    while (lex_.is_word(kw_signed) || lex_.is_word(kw_integer) || lex_.is_word(kw_real) || lex_.is_word(kw_realtime) ||
           lex_.is_word(kw_time))
      lex_.next();
    if (lex_.is('[')) ranged = range(bounds);
    const Token name = name_token("a parameter name");
    expect('=', "'=' after the parameter's name");
    int32_t text = value_text();
    if (!local && given_) {
      for (const Param& p : *given_)
        if (p.name == name.id) text = p.text;
    }
    if (ranged && bounds.width() < 63) {
      // A parameter with a range keeps that many bits of its value.
      if (const auto value = text_value(text)) {
        const auto mask = (uint64_t{1} << bounds.width()) - 1;
        text = design_.names.intern(std::to_string(bounds.width()) + "'d" +
                                    std::to_string(static_cast<uint64_t>(*value) & mask));
      }
    }
    if (scope_.get(name.id) != Scope::kNone) throw ParseError(name.line, quoted(name.text) + " is declared twice");
    Symbol symbol;
    symbol.is_param = true;
    symbol.text = text;
    scope_.set(name.id, -1 - static_cast<int32_t>(symbols_.size()));
    symbols_.push_back(symbol);
    if (info_.params.size() >= kMaxParameters)
      throw TooLarge(name.line, "a module has more than " + std::to_string(kMaxParameters) + " parameters");
    info_.params.push_back({name.id, text, local});
    if (!lex_.is(',')) break;
    lex_.next();
  }
  expect(in_header ? ')' : ';', in_header ? "')' after the parameters" : "';' after the parameters");
}

}  // namespace hwdesign::verilog
