// The second half of net expressions: widths from the root down, then bits and gates from the leaves up.
#include "verilog_parser.hpp"

namespace hwdesign::verilog {
namespace {

Op complement(Op op) {
  switch (op) {
    case Op::kAnd: return Op::kNand;
    case Op::kNand: return Op::kAnd;
    case Op::kOr: return Op::kNor;
    case Op::kNor: return Op::kOr;
    case Op::kXor: return Op::kXnor;
    default: return Op::kXor;
  }
}

bool is_complemented(Op op) { return op == Op::kNand || op == Op::kNor || op == Op::kXnor; }

Bit inverted(Bit bit) {
  if (bit.flags & kUnknown) return bit;
  if (bit.net < 0) return {0, kUnknown};
  if (bit.net < 2) return {1 - bit.net, 0};
  return {bit.net, static_cast<uint8_t>(bit.flags ^ kInverted)};
}

}  // namespace

int32_t Parser::gate_kind(Op op, int64_t arity, int32_t line) {
  static constexpr const char* kNames[] = {"", "", "", "MUX", "AND", "NAND", "OR", "NOR", "XOR", "XNOR"};
  const auto o = static_cast<size_t>(op);
  if (arity < 5 && gate_kinds_[o][arity] >= 0) return gate_kinds_[o][arity];
  const int32_t kind = out_.gate(kNames[o], arity, line);
  if (arity < 5) gate_kinds_[o][arity] = kind;
  return kind;
}

Bit Parser::plain(Bit bit, int32_t line) {
  if (!(bit.flags & kInverted)) return bit;
  const int32_t net = new_net(line);
  bit.flags = 0;
  out_.add_gate(m_, out_.gate("NOT", 1, line), -1, line, net, &bit, 1);
  return {net, 0};
}

void Parser::drive(int32_t net, Bit bit, int32_t line) {
  if (bit.net < 0) return;  // `assign y = 1'bz` leaves y alone
  const bool invert = bit.flags & kInverted;
  bit.flags = static_cast<uint8_t>(bit.flags & ~kInverted);
  out_.add_gate(m_, out_.gate(invert ? "NOT" : "BUF", 1, line), -1, line, net, &bit, 1);
}

void Parser::check_target(const Bit* bits, int64_t count, int32_t line) const {
  for (int64_t i = 0; i < count; ++i)
    if (bits[i].net < 2 || bits[i].flags != 0)
      throw ParseError(line, "a constant or an inverted signal stands where a net must be driven");
}

void Parser::set_needs(int32_t root) {
  for (int32_t i = root; i >= 0; --i) {
    const Node n = nodes_[static_cast<size_t>(i)];
    const bool gate = n.op != Op::kLeaf && n.op != Op::kConcat && n.op != Op::kReplicate;
    for (int32_t c = n.first; c >= 0; c = nodes_[static_cast<size_t>(c)].next) {
      Node& child = nodes_[static_cast<size_t>(c)];
      const bool selects = n.op == Op::kMux && c == n.first;
      const bool context = gate && !n.own_width && !selects;
      child.need = context ? n.need : child.width;
      child.sign_extend = context ? n.sign_extend : child.is_signed;
    }
  }
}

void Parser::evaluate_leaf(Node& node) {
  if (node.need == node.width && !node.invert) return;
  spend_bits(node.need);
  const auto from = static_cast<size_t>(node.begin);
  node.begin = static_cast<int64_t>(bits_.size());
  for (int64_t i = 0; i < node.need; ++i) {
    Bit bit{0, 0};
    if (i < node.width) {
      bit = bits_[from + static_cast<size_t>(i)];
    } else if (node.sign_extend && node.width > 0) {
      bit = bits_[from + static_cast<size_t>(node.width - 1)];
    }
    bits_.push_back(node.invert ? inverted(bit) : bit);
  }
}

void Parser::evaluate_concat(Node& node) {
  spend_bits(node.width);
  node.begin = static_cast<int64_t>(bits_.size());
  for (int64_t k = 0; k < node.times; ++k) {
    for (int32_t c = node.first; c >= 0; c = nodes_[static_cast<size_t>(c)].next) {
      const Node& child = nodes_[static_cast<size_t>(c)];
      if (child.width == 0) continue;
      for (int64_t i = 0; i < child.width; ++i) {
        const Bit bit = node_bit(child, i);
        bits_.push_back(bit);
      }
    }
    if (node.width == 0) break;
  }
  evaluate_leaf(node);
}

// True where the gates drive `target` themselves.
bool Parser::evaluate_gate(Node& node, const Bit* target, int32_t line) {
  const bool mux = node.op == Op::kMux;
  const int64_t own = node.own_width ? 1 : node.need;
  if (node.invert && own == node.need && !mux) {
    node.op = complement(node.op);
    node.invert = false;
  }
  const bool direct = target != nullptr && !node.invert && own == node.need;
  const int64_t count = node.reduce ? nodes_[static_cast<size_t>(node.first)].need : 0;
  if (node.reduce && count == 0) throw ParseError(line, "an operand has no bits");
  spend_bits(node.need);
  const auto begin = static_cast<int64_t>(bits_.size());
  for (int64_t i = 0; i < node.need; ++i) {
    Bit result{0, 0};
    if (i < own) {
      gate_in_.clear();
      for (int32_t c = node.first; c >= 0; c = nodes_[static_cast<size_t>(c)].next) {
        const Node& child = nodes_[static_cast<size_t>(c)];
        if (node.reduce) {
          const Bit* bits = bits_.data() + child.begin;
          gate_in_.assign(bits, bits + count);
          break;
        }
        gate_in_.push_back(node_bit(child, mux && c == node.first ? 0 : i));
      }
      if (gate_in_.size() == 1) {
        result = is_complemented(node.op) ? inverted(gate_in_[0]) : gate_in_[0];
        if (direct) drive(target[i].net, result, line);
      } else {
        const int32_t net = direct ? target[i].net : new_net(line);
        const auto arity = static_cast<int64_t>(gate_in_.size());
        out_.add_gate(m_, gate_kind(node.op, arity, line), -1, line, net, gate_in_.data(), gate_in_.size());
        result = {net, 0};
      }
    }
    bits_.push_back(node.invert ? inverted(result) : result);
  }
  node.begin = begin;
  return direct;
}

int64_t Parser::evaluate(int32_t root, int64_t width, const Bit* target, int32_t line) {
  Node& top = nodes_[static_cast<size_t>(root)];
  if (top.width == 0) throw ParseError(line, "an expression has no bits");
  top.need = width;
  top.sign_extend = top.is_signed;
  set_needs(root);
  bool done = false;
  for (int32_t i = 0; i <= root; ++i) {
    Node& node = nodes_[static_cast<size_t>(i)];
    switch (node.op) {
      case Op::kLeaf: evaluate_leaf(node); break;
      case Op::kConcat:
      case Op::kReplicate: evaluate_concat(node); break;
      default: done = evaluate_gate(node, i == root ? target : nullptr, line);
    }
  }
  if (target && !(done && top.op >= Op::kMux)) {
    for (int64_t i = 0; i < width; ++i) drive(target[i].net, node_bit(top, i), line);
  }
  return top.begin;
}

}  // namespace hwdesign::verilog
