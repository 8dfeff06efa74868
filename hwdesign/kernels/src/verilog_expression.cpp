// Net expressions: parsed into a flat array of nodes, then turned into gates bit by bit.
//
// Widths follow IEEE 1364-2005, clause 5.4: operands of bitwise operators and of ?: are extended to their context
// before the operator, those of reductions, concatenations and comparisons keep their own width.
#include "verilog_parser.hpp"

namespace hwdesign::verilog {
namespace {

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
    default: return -1;
  }
}

bool is_other_operator(uint8_t op) {
  switch (op) {
    case '<': case '>': case kLe: case kGe: case kShl: case kShr: case '+': case '-': case '*': case '/': case '%':
    case kPower: case kCaseEq: case kCaseNe: return true;
    default: return false;
  }
}

}  // namespace

void Parser::spend_bits(int64_t bits) {
  if (bits > limits_.max_bits)
    throw TooLarge(lex_.tok().line, "an expression has " + std::to_string(bits) + " bits; the limit is " +
                                        std::to_string(limits_.max_bits));
  spend_work(bits);
}

void Parser::spend_work(int64_t amount) {
  if ((work_ -= amount) < 0)
    throw TooLarge(lex_.tok().line, "the file's expressions have more bits than its size allows");
}

void Parser::spend_literal(const Literal& literal) {
  // A parameter's text is read again at every use; a decimal's conversion grows with its square.
  const auto digits = static_cast<int64_t>(literal.digits.size());
  spend_work(digits + (literal.base == 10 ? digits * std::min<int64_t>(digits, 2000) / 32 : 0));
}

void Parser::push_net_bits(int32_t base, int64_t width) {
  spend_bits(width);
  for (int64_t i = width; i-- > 0;) bits_.push_back({base + static_cast<int32_t>(i), 0});
}

int32_t Parser::add_node(Node node) {
  nodes_.push_back(node);
  return static_cast<int32_t>(nodes_.size()) - 1;
}

int32_t Parser::add_leaf(int64_t begin, int64_t width, bool is_signed) {
  Node leaf;
  leaf.begin = begin;
  leaf.width = width;
  leaf.is_signed = is_signed;
  return add_node(leaf);
}

int32_t Parser::reduction(Op op, int32_t child) {
  Node node;
  node.op = op;
  node.reduce = node.own_width = true;
  node.first = child;
  return add_node(node);
}

int32_t Parser::expression() {
  const Deeper deeper(*this);
  int32_t node = binary(1);
  if (!lex_.is('?')) return node;
  // `a ? b : c ? d : e`: a loop, since synthesis writes chains of hundreds.
  std::vector<std::pair<int32_t, int32_t>> cases;  // select, when it is 1
  while (lex_.is('?')) {
    lex_.next();
    const int32_t yes = expression();
    expect(':', "':' after '?'");
    cases.emplace_back(node, yes);
    node = binary(1);
  }
  for (auto at = cases.rbegin(); at != cases.rend(); ++at) node = multiplexer(at->first, at->second, node);
  return node;
}

int32_t Parser::multiplexer(int32_t select, int32_t yes, int32_t no) {
  if (nodes_[static_cast<size_t>(select)].width != 1) select = reduction(Op::kOr, select);
  Node node;
  node.op = Op::kMux;
  node.first = select;
  Node& when1 = nodes_[static_cast<size_t>(yes)];
  Node& when0 = nodes_[static_cast<size_t>(no)];
  nodes_[static_cast<size_t>(select)].next = no;
  when0.next = yes;
  node.width = std::max(when0.width, when1.width);
  node.is_signed = when0.is_signed && when1.is_signed;
  return add_node(node);
}

int32_t Parser::binary(int min_level) {
  const Deeper deeper(*this);
  int32_t a = unary();
  for (;;) {
    const uint8_t op = lex_.tok().kind;
    const int level = level_of(op);
    if (level < 0 && is_other_operator(op))
      throw NotStructural(lex_.tok().line, "the operator " + quoted(lex_.tok().text) + " is not structural Verilog",
                          kReadAsRtl);
    if (level < 0 || level < min_level) return a;
    Node node;
    const bool logic = op == kLogicAnd || op == kLogicOr, compare = op == kEq || op == kNe;
    node.op = op == '&' || op == kLogicAnd ? Op::kAnd
              : op == '|' || op == kLogicOr ? Op::kOr
              : op == '^' || op == kNe      ? Op::kXor
                                            : Op::kXnor;
    node.own_width = logic;
    const auto operand = [&](int32_t child) {
      if (logic && nodes_[static_cast<size_t>(child)].width != 1) child = reduction(Op::kOr, child);
      const Node& n = nodes_[static_cast<size_t>(child)];
      node.width = std::max(node.width, n.width);
      node.is_signed = node.is_signed && n.is_signed;
      return child;
    };
    node.width = 0;
    node.is_signed = !logic;
    node.first = a = operand(a);
    // A chain of one associative operator is one wide gate, however long it is.
    do {
      lex_.next();
      const int32_t b = operand(binary(level + 1));
      nodes_[static_cast<size_t>(a)].next = b;
      a = b;
    } while (lex_.tok().kind == op && node.op != Op::kXnor && !compare);
    a = add_node(node);
    if (compare) a = reduction(op == kEq ? Op::kAnd : Op::kOr, a);
  }
}

int32_t Parser::unary() {
  bool invert = false;
  for (; lex_.is('~'); lex_.next()) invert = !invert;
  int32_t node;
  const uint8_t op = lex_.tok().kind;
  switch (op) {
    case '!':
    case '&':
    case '|':
    case '^':
    case kNand:
    case kNor:
    case kXnor: {
      const Deeper deeper(*this);
      lex_.next();
      const int32_t child = unary();
      node = reduction(op == '&'    ? Op::kAnd
                       : op == '|'  ? Op::kOr
                       : op == '^'  ? Op::kXor
                       : op == kNand ? Op::kNand
                       : op == kXnor ? Op::kXnor
                                     : Op::kNor,
                       child);
      break;
    }
    case '+':
    case '-':
      throw NotStructural(lex_.tok().line, "the operator " + quoted(lex_.tok().text) + " is not structural Verilog",
                          kReadAsRtl);
    default: node = primary();
  }
  if (invert) {
    Node& n = nodes_[static_cast<size_t>(node)];
    n.invert = !n.invert;
    n.unsized = false;
  }
  return node;
}

int32_t Parser::primary() {
  switch (lex_.tok().kind) {
    case kName: return name_primary();
    case kNumber: return literal_primary();
    case '{': return concatenation();
    case '(': {
      lex_.next();
      const int32_t node = expression();
      expect(')', "')' in an expression");
      return node;
    }
    case kSystem: not_structural("the system function " + quoted(lex_.tok().text));
    case kString: throw NotSupported(lex_.tok().line, "a string is connected to a net", "write it as a number");
    default: unexpected("a net, a number or '{'");
  }
}

int32_t Parser::literal_primary() {
  const Token t = lex_.tok();
  const Literal literal = parse_literal(t.text, t.line, limits_.max_bits);
  spend_literal(literal);
  spend_bits(literal.width);
  const auto begin = static_cast<int64_t>(bits_.size());
  literal_bits(literal, bits_);
  lex_.next();
  const int32_t leaf = add_leaf(begin, literal.width, literal.is_signed);
  nodes_.back().unsized = !literal.sized;
  return leaf;
}

int32_t Parser::implicit_net(const Token& name) {
  if (!lex_.implicit_nets() || lex_.is('['))
    throw ParseError(name.line, quoted(name.text) + " is not declared", "declare it as a wire");
  return new_scalar(name, kImplicit);
}

bool Parser::select(const Range& declared, const Token& name, int64_t& offset, int64_t& width) {
  if (!lex_.is('[')) return false;
  lex_.next();
  const int64_t first = index_constant();
  int64_t left = first, right = first;
  const bool falling = declared.left >= declared.right;
  if (lex_.is(':')) {
    lex_.next();
    right = index_constant();
  } else if (lex_.is(kPlusColon) || lex_.is(kMinusColon)) {
    const bool up = lex_.is(kPlusColon);
    lex_.next();
    const int64_t count = index_constant();
    if (count < 1) throw ParseError(name.line, "a part select of " + quoted(name.text) + " has no bits");
    const int64_t other = up ? first + count - 1 : first - count + 1;
    left = falling == up ? other : first;
    right = falling == up ? first : other;
  }
  expect(']', "']' after an index");
  const std::string bounds = "[" + std::to_string(declared.left) + ":" + std::to_string(declared.right) + "]";
  if (left != right && (left > right) != falling)
    throw ParseError(name.line, "the part select [" + std::to_string(left) + ":" + std::to_string(right) + "] of " +
                                    quoted(name.text) + " runs against its range " + bounds);
  for (const int64_t i : {left, right}) {
    if (i < std::min(declared.left, declared.right) || i > std::max(declared.left, declared.right))
      throw ParseError(name.line, "the index " + std::to_string(i) + " of " + quoted(name.text) +
                                      " is outside its range " + bounds);
  }
  if (lex_.is('[')) not_structural("the second index of " + quoted(name.text));
  offset = falling ? right - declared.right : declared.right - right;
  width = (falling ? left - right : right - left) + 1;
  return true;
}

int32_t Parser::name_primary() {
  const Token name = lex_.tok();
  lex_.next();
  if (lex_.is('(')) not_structural("the function call " + quoted(name.text));
  if (lex_.is('.'))
    throw NotSupported(name.line, "the hierarchical name that begins with " + quoted(name.text) + " is not supported");
  int32_t value = scope_.get(name.id);
  if (value == Scope::kNone) value = implicit_net(name);
  const auto begin = static_cast<int64_t>(bits_.size());
  if (value >= 0) {
    if (lex_.is('[')) throw ParseError(name.line, quoted(name.text) + " is a scalar and takes no index");
    push_net_bits(value, 1);
    return add_leaf(begin, 1, net_flags_[static_cast<size_t>(value)] & kSignedNet);
  }
  const Symbol symbol = symbols_[static_cast<size_t>(-1 - value)];
  int64_t offset = 0;
  if (symbol.is_param) {
    std::string_view text = name_of(symbol.text);
    const bool negative = !text.empty() && text[0] == '-';
    if (negative) text.remove_prefix(1);
    const Literal literal = parse_literal(text, name.line, limits_.max_bits);
    int64_t width = literal.width;
    spend_literal(literal);
    spend_bits(width);
    literal_bits(literal, bits_);
    if (negative) {  // two's complement
      bool carry = true;
      for (auto i = static_cast<size_t>(begin); i < bits_.size(); ++i) {
        const bool one = bits_[i].net == 0;
        bits_[i].net = one != carry;
        carry = carry && one;
      }
    }
    const bool whole = !select({static_cast<int32_t>(width) - 1, 0}, name, offset, width);
    return add_leaf(begin + offset, width, whole && literal.is_signed);
  }
  int64_t width = symbol.range.width();
  const int64_t all = width;
  const bool whole = !select(symbol.range, name, offset, width);
  push_net_bits(static_cast<int32_t>(symbol.base + all - offset - width), width);
  return add_leaf(begin, width, whole && symbol.is_signed);
}

bool Parser::replication_follows() {
  // `{n{...}}`: a constant up to the next brace.
  if (!lex_.is(kNumber) && !lex_.is(kName) && !lex_.is('(')) return false;
  const Lexer::Mark here = lex_.mark();
  // Only there does a brace follow an operand: elsewhere an operator or a comma stands between.
  bool operand = false;
  while (!lex_.is('{') && !lex_.is('}') && !lex_.is(',') && !lex_.is(';') && !lex_.is(kEnd)) {
    operand = lex_.is(kNumber) || lex_.is(kName) || lex_.is(')') || lex_.is(']');
    lex_.next();
  }
  const bool found = lex_.is('{') && operand;
  lex_.seek(here);
  return found;
}

int32_t Parser::concatenation() {
  const Deeper deeper(*this);
  const int32_t line = lex_.tok().line;
  lex_.next();
  if (replication_follows()) {
    const int64_t times = constant();
    if (!lex_.is('{')) unexpected("'{' after the replication count");
    const int32_t inner = concatenation();
    expect('}', "'}' after a replication");
    if (times < 0) throw ParseError(line, "the replication count " + std::to_string(times) + " is negative");
    Node node;
    node.op = Op::kReplicate;
    node.first = inner;
    node.times = times;
    const int64_t width = nodes_[static_cast<size_t>(inner)].width;
    if (width > 0 && times > limits_.max_bits / width)
      throw TooLarge(line, "a replication has more than " + std::to_string(limits_.max_bits) + " bits");
    node.width = times * width;
    return add_node(node);
  }
  Node node;
  node.op = Op::kConcat;
  node.width = 0;
  for (;;) {
    const int32_t item = expression();
    Node& n = nodes_[static_cast<size_t>(item)];
    if (n.unsized)
      throw ParseError(line, "a constant without a width stands in a concatenation", "give it one, such as 8'd5");
    n.next = node.first;  // least significant first
    node.first = item;
    node.width += n.width;
    if (node.width > limits_.max_bits)
      throw TooLarge(line, "a concatenation has more than " + std::to_string(limits_.max_bits) + " bits");
    if (lex_.is('}')) break;
    expect(',', "',' or '}' in a concatenation");
  }
  lex_.next();
  return add_node(node);
}

}  // namespace hwdesign::verilog
