// Module headers, bodies and ports.
#include <algorithm>
#include <charconv>

#include "verilog_parser.hpp"

namespace hwdesign::verilog {
void Parser::not_structural(const std::string& what) const {
  throw NotStructural(lex_.tok().line, what + " is not structural Verilog", kReadAsRtl);
}

void Parser::unexpected(const std::string& wanted) const {
  throw ParseError(lex_.tok().line, "expected " + wanted + ", found " + lex_.found());
}

void Parser::expect(uint8_t kind, const char* what_and_where) {
  if (!lex_.is(kind)) unexpected(what_and_where);
  lex_.next();
}

Token Parser::name_token(const char* what) {
  if (!lex_.is(kName)) unexpected(what);
  const Token name = lex_.tok();
  lex_.next();
  return name;
}

int32_t Parser::bit_name(int32_t name, int64_t index) {
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, index).ptr;
  scratch_.assign(name_of(name));
  scratch_ += '[';
  scratch_.append(digits, static_cast<size_t>(end - digits));
  scratch_ += ']';
  return design_.names.intern(scratch_);
}

void Parser::parse_module(const std::vector<Param>* given, int32_t special_name) {
  m_ = ModuleTables{};
  info_ = ModuleInfo{};
  given_ = given;
  scope_.clear();
  instance_scope_.clear();
  bit_names_.clear();
  symbols_.clear();
  header_.clear();
  declared_ports_.clear();
  defparams_.clear();
  attributes_.clear();
  net_flags_.assign(2, 0);
  ansi_ = false;

  info_.mark = lex_.mark();
  info_.line = lex_.tok().line;
  info_.special = special_name >= 0;
  const char* begin = info_.mark.at;
  const std::string_view rest(begin, static_cast<size_t>(lex_.end() - begin));
  reserve_module(m_, std::min(rest.find("endmodule"), rest.size()));

  lex_.next();
  const Token name = name_token("a module name after 'module'");
  info_.name = info_.special ? special_name : name.id;
  if (module_of_.count(info_.name))
    throw ParseError(name.line, "the module " + quoted(name_of(info_.name)) + " is defined twice",
                     "remove or rename one");
  m_.name = info_.name;
  m_.line = info_.line;
  if (lex_.is('#')) {
    lex_.next();
    expect('(', "'(' after '#' in the module header");
    parameters(false, true);
  }
  if (lex_.is('(')) header_ports();
  expect(';', "';' after the port list");
  body();
  apply_defparams();
  finish_ports();
  if (info_.special) {
    reparse_ -= lex_.tok().text.data() - begin;
    if (reparse_ < 0)
      throw TooLarge(info_.line, "parameter overrides make the reader read too much text again",
                     "split the file, or fix the parameters");
  }
  info_.table = design_.modules.size();
  module_of_.emplace(info_.name, modules_.size());
  design_.modules.push_back(std::move(m_));
  modules_.push_back(std::move(info_));
}

void Parser::header_ports() {
  lex_.next();
  if (lex_.is(')')) {
    lex_.next();
    return;
  }
  while (lex_.is(kAttrOpen)) attributes(false);
  ansi_ = is_direction(lex_.tok());
  ansi_ ? ansi_ports() : plain_ports();
  std::vector<std::pair<int32_t, int32_t>> seen;
  for (const HeaderPort& p : header_) seen.emplace_back(p.name, p.line);
  std::sort(seen.begin(), seen.end());
  for (size_t i = 1; i < seen.size(); ++i)
    if (seen[i].first == seen[i - 1].first)
      throw ParseError(seen[i].second,
                       "the port " + quoted(name_of(seen[i].first)) + " appears twice in the port list");
}

void Parser::ansi_ports() {
  uint8_t dir = 0;
  Range bounds;
  bool vector = false, is_signed = false;
  for (;;) {
    while (lex_.is(kAttrOpen)) attributes(false);
    if (is_direction(lex_.tok())) {
      dir = static_cast<uint8_t>(lex_.tok().id - kw_input);
      is_signed = false;
      lex_.next();
      if (is_net_type(lex_.tok())) lex_.next();
      if (lex_.is_word(kw_signed)) {
        is_signed = true;
        lex_.next();
      }
      if (is_systemverilog(lex_.tok())) {
        const Lexer::Mark here = lex_.mark();
        lex_.next();
        const bool is_type = !lex_.is(',') && !lex_.is(')');
        lex_.seek(here);
        if (is_type) not_structural(quoted(lex_.tok().text));
      }
      if (lex_.is(kKeyword)) not_structural(quoted(lex_.tok().text));
      vector = range(bounds);
    }
    const Token name = name_token("a port name");
    if (lex_.is('=')) not_structural("the initial value of the port " + quoted(name.text));
    if (lex_.is('[')) not_structural("the array " + quoted(name.text));
    declare(name, vector ? &bounds : nullptr, static_cast<uint8_t>((1 + dir) | kNetDeclared | kInHeader), is_signed);
    header_.push_back({name.id, name.line, {}, false, false});
    if (lex_.is(')')) break;
    expect(',', "',' or ')' after a port");
  }
  lex_.next();
}

void Parser::plain_ports() {
  for (;;) {
    while (lex_.is(kAttrOpen)) attributes(false);
    if (lex_.is('.')) {
      lex_.next();
      const Token name = name_token("a port name after '.'");
      if (!lex_.is('(')) unexpected("'(' after the port name");
      HeaderPort port{name.id, name.line, {}, true, false};
      lex_.next();
      port.expression = lex_.mark();
      port.open = lex_.is(')');
      for (int depth = 0; depth > 0 || !lex_.is(')'); lex_.next()) {
        if (lex_.is(kEnd) || lex_.is(';')) unexpected("')' after the port's expression");
        depth += lex_.is('(') - lex_.is(')');
      }
      lex_.next();
      header_.push_back(port);
    } else {
      if (lex_.is('{')) {
        throw NotSupported(lex_.tok().line, "a port that is a concatenation has no name",
                           "write it as .name({...}) in the port list");
      }
      const Token name = name_token("a port name");
      if (lex_.is('['))
        throw NotSupported(lex_.tok().line, "the port " + quoted(name.text) + " is a part of a vector and has no name",
                           "write it as .name(vector[...]) in the port list");
      header_.push_back({name.id, name.line, {}, false, false});
    }
    if (lex_.is(')')) break;
    expect(',', "',' or ')' after a port");
  }
  lex_.next();
}

void Parser::body() {
  for (;;) {
    const Token& t = lex_.tok();
    switch (t.kind) {
      case kAttrOpen:
        attributes(true);
        continue;
      case kName:
        if (is_systemverilog(t)) not_structural(quoted(t.text));
        instances();
        break;
      case ';':
        lex_.next();
        break;
      case kEnd:
        throw ParseError(t.line, "the module " + quoted(name_of(info_.name)) + " has no 'endmodule'",
                         "check that the file is complete");
      case kKeyword:
        if (t.id == kw_endmodule) {
          lex_.next();
          return;
        }
        if (is_direction(t)) {
          port_declaration(static_cast<uint8_t>(t.id - kw_input));
        } else if (is_net_type(t)) {
          net_declaration();
        } else if (t.id >= kw_and && t.id <= kw_not) {
          gates(t.id);
        } else if (t.id >= kw_bufif0 && t.id <= kw_pulldown) {
          throw NotSupported(t.line, "the primitive " + quoted(t.text) + " is not supported",
                             "only and nand or nor xor xnor buf not have a meaning in the netlist");
        } else {
          switch (t.id) {
            case kw_assign: assign(); break;
            case kw_parameter: lex_.next(); parameters(false, false); break;
            case kw_localparam:
            case kw_specparam: lex_.next(); parameters(true, false); break;
            case kw_defparam: defparam(); break;
            case kw_specify:
              while (!lex_.is_word(kw_endspecify)) {
                if (lex_.is(kEnd)) unexpected("'endspecify'");
                lex_.next();
              }
              lex_.next();
              break;
            case kw_primitive: throw NotSupported(t.line, "user-defined primitives are not supported");
            case kw_module:
            case kw_macromodule:
              throw ParseError(t.line, "the module " + quoted(name_of(info_.name)) + " has no 'endmodule'",
                               "add it before the next 'module'");
            default: not_structural(quoted(t.text));
          }
        }
        break;
      default:
        unexpected("a declaration, an instance or 'endmodule'");
    }
    attributes_.clear();
  }
}

void Parser::finish_ports() {
  const Lexer::Mark after = lex_.mark();
  for (const HeaderPort& port : header_) {
    if (port.open) continue;
    begin_expression();
    int32_t bus = -1;
    Range bounds;
    if (port.has_expression) {
      lex_.seek(port.expression);
      const int32_t root = primary();
      if (!lex_.is(')')) unexpected("')' after the port's expression");
      evaluate(root, nodes_[static_cast<size_t>(root)].width, nullptr, port.line);
      bits_.erase(bits_.begin(), bits_.begin() + nodes_[static_cast<size_t>(root)].begin);
      check_target(bits_.data(), static_cast<int64_t>(bits_.size()), port.line);
      bounds = {static_cast<int32_t>(bits_.size()) - 1, 0};
      if (bits_.size() > 1) bus = 0;
    } else {
      const int32_t value = scope_.get(port.name);
      if (value == Scope::kNone || (value < 0 && symbols_[static_cast<size_t>(-1 - value)].is_param))
        throw ParseError(port.line, "the port " + quoted(name_of(port.name)) + " has no direction",
                         "declare it as input, output or inout");
      if (value >= 0) {
        push_net_bits(value, 1);
      } else {
        bounds = symbols_[static_cast<size_t>(-1 - value)].range;
        push_net_bits(symbols_[static_cast<size_t>(-1 - value)].base, bounds.width());
        bus = 0;
      }
    }
    if (bus == 0) {
      bus = static_cast<int32_t>(m_.bus_name.size());
      m_.bus_name.push_back(port.name);
      m_.bus_left.push_back(bounds.left);
      m_.bus_right.push_back(bounds.right);
    }
    for (size_t i = bits_.size(); i-- > 0;) {
      const auto net = static_cast<size_t>(bits_[i].net);
      const int dir = net_flags_[net] & kDirMask;
      if (dir == 0)
        throw ParseError(port.line, "the port " + quoted(name_of(port.name)) + " has no direction",
                         "declare it as input, output or inout");
      net_flags_[net] |= kInHeader;
      const int64_t step = bounds.left > bounds.right ? 1 : -1;
      m_.port_name.push_back(bus < 0 ? port.name : bit_name(port.name, bounds.right + step * static_cast<int64_t>(i)));
      m_.port_net.push_back(static_cast<int32_t>(net));
      m_.port_bus.push_back(bus);
      m_.port_dir.push_back(static_cast<uint8_t>(dir - 1));
      m_.port_flags.push_back(0);
    }
  }
  if (lex_.mark().at != after.at) lex_.seek(after);
  for (const auto& [name, line] : declared_ports_) {
    const int32_t value = scope_.get(name);
    const Symbol* symbol = value >= 0 ? nullptr : &symbols_[static_cast<size_t>(-1 - value)];
    const auto first = net_flags_.begin() + (symbol ? symbol->base : value);
    const int64_t width = symbol ? symbol->range.width() : 1;
    if (std::none_of(first, first + width, [](uint8_t flags) { return flags & kInHeader; }))
      throw ParseError(line, quoted(name_of(name)) + " has a direction but is not in the port list", "add it there");
  }
}

void Parser::attributes(bool keep) {
  lex_.next();
  while (!lex_.is(kAttrClose)) {
    const Token name = lex_.tok();
    if (name.kind != kName && name.kind != kKeyword) unexpected("an attribute name after '(*'");
    lex_.next();
    int32_t value = -1;
    if (lex_.is('=')) {
      lex_.next();
      value = attribute_text();
    }
    if (keep) {
      if (value < 0) value = design_.names.intern("1");
      attributes_.emplace_back(design_.names.intern("@" + std::string(name.text)), value);
    }
    if (!lex_.is(',')) break;
    lex_.next();
  }
  expect(kAttrClose, "'*)' after the attributes");
}

}  // namespace hwdesign::verilog
