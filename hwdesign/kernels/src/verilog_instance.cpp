// Instances of modules and library cells, gate primitives, assign and defparam.
#include <algorithm>

#include "verilog_parser.hpp"

namespace hwdesign::verilog {

void Parser::new_instance_name(const Token& name, int32_t value) {
  if (instance_scope_.get(name.id) != Scope::kNone)
    throw ParseError(name.line, "the instance name " + quoted(name.text) + " is used twice in this module",
                     "rename one of the two");
  instance_scope_.set(name.id, value);
}

void Parser::instances() {
  const Token type = lex_.tok();
  lex_.next();
  std::vector<Override> overrides;
  if (lex_.is('#')) overrides_list(overrides);
  for (;;) {
    const Token name = name_token("an instance name");
    Range range;
    const bool array = this->range(range);
    if (!lex_.is('(')) unexpected("'(' after the instance name");
    lex_.next();
    connections();
    expect(')', "')' after the connections");
    const bool deferred =
        array || std::any_of(conns_.begin(), conns_.end(), [](const Connection& c) { return c.unsized; });
    int32_t cell;
    if (deferred) {
      cell = -1 - static_cast<int32_t>(info_.deferred.size());
      check_connected_once(name.line);
      out_.spend(static_cast<int64_t>(conn_bits_.size()), name.line);
      info_.deferred.push_back({type.id, name.id, name.line, array, range, conns_, conn_bits_});
    } else {
      cell = static_cast<int32_t>(m_.cell_kind.size());
    }
    new_instance_name(name, cell);
    if (!deferred) emit_instance(type.id, name.id, name.line);
    for (Override o : overrides) {
      o.cell = cell;
      info_.overrides.push_back(o);
    }
    for (const auto& [key, value] : attributes_) {
      if (deferred) {
        info_.overrides.push_back({cell, key, -1, value, name.line, true});
      } else {
        m_.param_cell.push_back(cell);
        m_.param_key.push_back(key);
        m_.param_value.push_back(value);
      }
    }
    if (!lex_.is(',')) break;
    lex_.next();
  }
  expect(';', "';' after an instance");
}

void Parser::overrides_list(std::vector<Override>& out) {
  lex_.next();
  if (lex_.is(kNumber)) {
    parse_literal(lex_.tok().text, lex_.tok().line, limits_.max_bits);
    out.push_back({0, -1, 0, design_.names.intern(lex_.tok().text), lex_.tok().line, false});
    lex_.next();
    return;
  }
  expect('(', "'(' or a number after '#'");
  for (int32_t position = 0; !lex_.is(')'); ++position) {
    const int32_t line = lex_.tok().line;
    if (lex_.is('.')) {
      lex_.next();
      const Token key = name_token("a parameter name after '.'");
      expect('(', "'(' after the parameter's name");
      if (!lex_.is(')')) {
        for (const Override& o : out)
          if (o.key == key.id) throw ParseError(line, "the parameter " + quoted(key.text) + " is given twice");
        if (out.size() >= 256) throw TooLarge(line, "an instance has more than 256 parameters");
        out.push_back({0, key.id, -1, value_text(), line, false});
      }
      expect(')', "')' after the parameter's value");
    } else {
      if (out.size() >= 256) throw TooLarge(line, "an instance has more than 256 parameters");
      out.push_back({0, -1, position, value_text(), line, false});
    }
    if (!lex_.is(',')) break;
    lex_.next();
  }
  expect(')', "')' after the parameters");
}

void Parser::connections() {
  conns_.clear();
  conn_bits_.clear();
  if (lex_.is(')')) return;
  while (lex_.is(kAttrOpen)) attributes(false);
  if (!lex_.is('.')) {
    for (int32_t position = 0;; ++position) {
      while (lex_.is(kAttrOpen)) attributes(false);
      connection(-1, position);
      if (!lex_.is(',')) return;
      lex_.next();
    }
  }
  for (;;) {
    while (lex_.is(kAttrOpen)) attributes(false);
    if (!lex_.is('.')) unexpected("'.' and a port name");
    lex_.next();
    const Token port = name_token("a port name after '.'");
    if (!lex_.is('(')) unexpected("'(' after the port name");
    lex_.next();
    connection(port.id, -1);
    expect(')', "')' after the connection");
    if (!lex_.is(',')) return;
    lex_.next();
  }
}

void Parser::connection(int32_t name, int32_t position) {
  const auto begin = static_cast<int64_t>(conn_bits_.size());
  if (lex_.is(')') || lex_.is(',')) {
    conns_.push_back({name, position, begin, 0, false});
    return;
  }
  const int32_t line = lex_.tok().line;
  // Nearly every connection is one whole net, which needs no expression.
  if (lex_.is(kName)) {
    const Token net = lex_.tok();
    const Lexer::Mark here = lex_.mark();
    lex_.next();
    if (lex_.is(')') || lex_.is(',')) {
      int32_t value = scope_.get(net.id);
      if (value == Scope::kNone) value = implicit_net(net);
      if (value >= 0) {
        conn_bits_.push_back({value, 0});
        conns_.push_back({name, position, begin, 1, false});
        return;
      }
    }
    lex_.seek(here);
  }
  begin_expression();
  const int32_t root = expression();
  const Node& node = nodes_[static_cast<size_t>(root)];
  const int64_t width = node.width;
  const bool unsized = node.op == Op::kLeaf && node.unsized;
  const int64_t at = evaluate(root, width, nullptr, line);
  for (int64_t i = 0; i < width; ++i) conn_bits_.push_back(plain(bits_[static_cast<size_t>(at + i)], line));
  conns_.push_back({name, position, begin, width, unsized});
}

void Parser::check_connected_once(int32_t line) const {
  std::vector<int32_t> sorted;
  for (const Connection& c : conns_)
    if (c.name >= 0) sorted.push_back(c.name);
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) throw ParseError(line, "the port " + quoted(name_of(*twice)) + " is connected twice");
}

void Parser::emit_instance(int32_t type, int32_t name, int32_t line) {
  const auto [at, added] = instance_kinds_.try_emplace(type, 0);
  if (added) at->second = out_.kind(KindClass::kInstance, type, -1, line);
  const int32_t kind = at->second;
  if (last_ports_.size() <= static_cast<size_t>(kind)) last_ports_.resize(static_cast<size_t>(kind) + 1);
  Ports& last = last_ports_[static_cast<size_t>(kind)];
  // Instances of a cell mostly name its ports in the same order, so the last one's look-ups serve again.
  bool same = last.names.size() == conns_.size();
  for (size_t i = 0; same && i < conns_.size(); ++i)
    same = last.names[i].name == conns_[i].name && last.names[i].position == conns_[i].position;
  if (!same) {
    check_connected_once(line);
    last.names = conns_;
    last.ports.clear();
    for (const Connection& c : conns_) last.ports.push_back(out_.port(kind, c.name, c.position));
  }
  out_.begin_cell(m_, kind, name, line);
  for (size_t i = 0; i < conns_.size(); ++i) {
    const Connection& c = conns_[i];
    if (c.count == 0) out_.add_pin(m_, out_.pin_kind(last.ports[i], 0), {-1, 0});
    for (int64_t b = 0; b < c.count; ++b)
      out_.add_pin(m_, out_.pin_kind(last.ports[i], static_cast<int32_t>(b)),
                   conn_bits_[static_cast<size_t>(c.begin + b)]);
  }
  out_.end_cell(m_, line);
}

void Parser::gates(int32_t word) {
  lex_.next();
  skip_strength_and_delay();
  for (;;) {
    Token name;
    name.line = lex_.tok().line;
    Range bounds;
    bool array = false;
    if (!lex_.is('(')) {
      name = name_token("a gate name or '('");
      array = range(bounds);
    }
    if (!lex_.is('(')) unexpected("'(' before the gate's terminals");
    lex_.next();
    if (name.id >= 0) new_instance_name(name, Scope::kNone + 1);
    gate_terminals(word, name.id, name.line, array ? &bounds : nullptr);
    if (!lex_.is(',')) break;
    lex_.next();
  }
  expect(';', "';' after a gate");
}

void Parser::gate_terminals(int32_t word, int32_t name, int32_t line, const Range* range) {
  static constexpr const char* kNames[] = {"AND", "NAND", "OR", "NOR", "XOR", "XNOR", "BUF", "NOT"};
  const char* gate = kNames[word - kw_and];
  conns_.clear();
  conn_bits_.clear();
  const int64_t copies = range ? range->width() : 1;
  if (range) out_.spend(TableWriter::kNamed * copies, line);
  for (;;) {
    const auto begin = static_cast<int64_t>(conn_bits_.size());
    if (lex_.is(')') || lex_.is(',')) {
      conn_bits_.push_back({-1, 0});
    } else {
      begin_expression();
      const int32_t root = expression();
      const Node& node = nodes_[static_cast<size_t>(root)];
      const int64_t width = node.op == Op::kLeaf && node.unsized ? 1 : node.width;
      const int64_t at = evaluate(root, width, nullptr, line);
      conn_bits_.insert(conn_bits_.end(), bits_.begin() + at, bits_.begin() + at + width);
    }
    const auto count = static_cast<int64_t>(conn_bits_.size()) - begin;
    if (count != 1 && count != copies) {
      const std::string which = "terminal " + std::to_string(conns_.size() + 1) + " of the gate";
      throw ParseError(line, which + " is " + std::to_string(count) + " bits wide, but a gate takes single bits",
                       range ? "give it 1 or " + std::to_string(copies) + " bits" : "connect one bit of it");
    }
    conns_.push_back({-1, 0, begin, count, false});
    if (lex_.is(')')) break;
    expect(',', "',' or ')' after a gate's terminal");
  }
  lex_.next();
  if (conns_.size() < 2) throw ParseError(line, "a gate has no input", "give it an output, then at least one input");

  // buf and not may have several outputs before their one input; the others have one output.
  const bool one_input = word == kw_buf || word == kw_not;
  const size_t outputs = one_input ? conns_.size() - 1 : 1;
  const size_t inputs = conns_.size() - outputs;
  const int32_t kind = out_.gate(gate, static_cast<int64_t>(inputs), line);
  for (int64_t k = copies; k-- > 0;) {
    int32_t cell_name = name;
    if (range) {
      const int64_t step = range->left > range->right ? 1 : -1;
      cell_name = name < 0 ? -1 : bit_name(name, range->right + step * k);
    }
    const auto bit_of = [&](const Connection& c) {
      return conn_bits_[static_cast<size_t>(c.begin + (c.count == 1 ? 0 : k))];
    };
    target_bits_.clear();
    for (size_t i = outputs; i < conns_.size(); ++i) target_bits_.push_back(bit_of(conns_[i]));
    for (size_t o = 0; o < outputs; ++o) {
      const Bit out = bit_of(conns_[o]);
      if (out.net >= 0) check_target(&out, 1, line);
      out_.add_gate(m_, kind, o == 0 ? cell_name : -1, line, out.net, target_bits_.data(), inputs);
      if (o == 0 && cell_name >= 0) gate_attributes();
    }
  }
}

void Parser::gate_attributes() {
  for (const auto& [key, value] : attributes_) {
    out_.spend(1, info_.line);
    m_.param_cell.push_back(static_cast<int32_t>(m_.cell_kind.size()) - 1);
    m_.param_key.push_back(key);
    m_.param_value.push_back(value);
  }
}

void Parser::assign_to(std::vector<Bit>& target, int32_t line) {
  begin_expression();
  const int32_t root = expression();
  evaluate(root, static_cast<int64_t>(target.size()), target.data(), line);
}

void Parser::assign() {
  lex_.next();
  skip_strength_and_delay();
  for (;;) {
    const int32_t line = lex_.tok().line;
    if (!lex_.is(kName) && !lex_.is('{')) unexpected("a net to assign to");
    begin_expression();
    const int32_t root = primary();
    const int64_t width = nodes_[static_cast<size_t>(root)].width;
    const int64_t at = evaluate(root, width, nullptr, line);
    target_bits_.assign(bits_.begin() + at, bits_.begin() + at + width);
    check_target(target_bits_.data(), width, line);
    expect('=', "'=' in an assignment");
    assign_to(target_bits_, line);
    if (!lex_.is(',')) break;
    lex_.next();
  }
  expect(';', "';' after an assignment");
}

void Parser::defparam() {
  lex_.next();
  for (;;) {
    const Token instance = name_token("an instance name after 'defparam'");
    if (lex_.is('[')) throw NotSupported(instance.line, "defparam of one element of an array is not supported");
    expect('.', "'.' after the instance name");
    const Token key = name_token("a parameter name");
    if (lex_.is('.'))
      throw NotSupported(instance.line, "defparam through more than one level of hierarchy is not supported",
                         "override the parameter where its module is instantiated");
    expect('=', "'=' after the parameter's name");
    defparams_.push_back({instance.id, key.id, -1, value_text(), instance.line, false});
    if (!lex_.is(',')) break;
    lex_.next();
  }
  expect(';', "';' after defparam");
}

void Parser::apply_defparams() {
  for (Override o : defparams_) {
    const int32_t cell = instance_scope_.get(o.cell);
    if (cell <= Scope::kNone + 1)
      throw ParseError(o.line, "defparam names " + quoted(name_of(o.cell)) + ", which is no instance of this module");
    o.cell = cell;
    info_.overrides.push_back(o);
  }
}

}  // namespace hwdesign::verilog
