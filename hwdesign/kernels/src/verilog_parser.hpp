// The structural Verilog reader, in one class over several files:
//   verilog_module.cpp     module headers, bodies, ports
//   verilog_declare.cpp    declarations of nets, ports and parameters
//   verilog_constant.cpp   integer constant expressions
//   verilog_expression.cpp net expressions, parsed into nodes
//   verilog_gates.cpp      their bits and gates
//   verilog_instance.cpp   instances, gate primitives, assign
//   verilog_elaborate.cpp  what needs the whole file: parameter overrides, arrays of instances
//
// Each module is parsed once with its default parameters, straight into its tables. An instance that overrides a known
// module's parameters makes the module's text be parsed again under the name `name$W=8`.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "verilog_lexer.hpp"
#include "verilog_literal.hpp"

namespace hwdesign::verilog {

inline constexpr size_t kMaxSpecialisations = 4096;
inline constexpr size_t kMaxParameters = 4096;  // a module

inline constexpr const char* kReadAsRtl = "read it as RTL, which synthesises it first";

inline bool is_net_type(const Token& t) { return t.kind == kKeyword && t.id >= kw_wire && t.id <= kw_supply1; }
inline bool is_direction(const Token& t) { return t.kind == kKeyword && t.id >= kw_input && t.id <= kw_inout; }
inline bool is_systemverilog(const Token& t) {
  return t.kind == kName && !t.escaped && t.id > sv_first && t.id < sv_count;
}

struct Range {
  int32_t left = 0, right = 0;
  int64_t width() const { return (left > right ? int64_t{left} - right : int64_t{right} - left) + 1; }
  bool operator==(const Range& o) const { return left == o.left && right == o.right; }
};

// A declared name that is not a plain scalar net.
struct Symbol {
  bool is_param = false;
  bool is_signed = false;
  int32_t base = 0;   // first net; nets run from the left index to the right one
  Range range;
  int32_t text = -1;  // a parameter's value
  uint8_t flags = 0;  // NetFlag
};

enum NetFlag : uint8_t {
  kDirMask = 3,       // 0: not a port, else 1 + PortDir
  kNetDeclared = 4,   // by wire, tri, ...
  kImplicit = 8,
  kInHeader = 16,
  kSignedNet = 32,
};

struct Param {
  int32_t name, text;
  bool local;
};

// `#(.K(v))`, defparam, or an attribute of an instance that is expanded later. `cell` below 0 is deferred -1 - cell.
struct Override {
  int32_t cell, key, position, text, line;
  bool attribute;
};

// One connection of an instance: `count` bits from `begin`, least significant first; none is an open port.
struct Connection {
  int32_t name, position;
  int64_t begin, count;
  bool unsized;  // an unsized constant: takes the port's width
};

// An instance whose pins need the widths of its module's ports: an array, or one with unsized constants.
struct Deferred {
  int32_t type, name, line;
  bool array;
  Range range;
  std::vector<Connection> connections;
  std::vector<Bit> bits;
};

struct ModuleInfo {
  int32_t name = -1, line = 0;
  Lexer::Mark mark{};
  size_t table = 0;
  bool special = false;
  std::vector<Param> params;
  std::vector<Override> overrides;
  std::vector<Deferred> deferred;
};

enum class Op : uint8_t { kLeaf, kConcat, kReplicate, kMux, kAnd, kNand, kOr, kNor, kXor, kXnor };

// A net expression. Children come before their parents, so that passes over the array need no recursion.
struct Node {
  Op op = Op::kLeaf;
  bool reduce = false;      // kAnd .. kXnor: over the bits of the one child
  bool invert = false;      // the bits of the result, after extension, are complemented
  bool is_signed = false;
  bool own_width = false;   // operands keep their own widths: the result is extended, not they
  bool unsized = false;     // a literal without a width
  int32_t first = -1, next = -1;  // children, siblings
  int64_t begin = 0;        // in bits_: a leaf's own bits, later the result
  int64_t width = 1;        // natural width
  int64_t need = 0;         // width after extension to the context
  bool sign_extend = false;
  int64_t times = 1;        // kReplicate
};

class Parser {
 public:
  Parser(std::string_view text, Design& design, const ReadLimits& limits);
  void run();

 private:
  // verilog_module.cpp
  void parse_module(const std::vector<Param>* overrides, int32_t special_name);
  void header_ports();
  void ansi_ports();
  void plain_ports();
  void body();
  void net_declaration();
  void port_declaration(uint8_t dir);
  void parameters(bool local, bool in_header);
  void finish_ports();
  int32_t declare(const Token& name, const Range* range, uint8_t flags, bool is_signed);
  int32_t new_scalar(const Token& name, uint8_t flags);
  bool range(Range& out);
  void skip_balanced();
  void skip_strength_and_delay();
  void attributes(bool keep);
  [[noreturn]] void not_structural(const std::string& what) const;
  [[noreturn]] void unexpected(const std::string& wanted) const;
  void expect(uint8_t kind, const char* what_and_where);
  Token name_token(const char* what);
  std::string_view name_of(int32_t id) const { return design_.names[id]; }
  int32_t bit_name(int32_t name, int64_t index);

  // verilog_constant.cpp
  int64_t constant(int min_level = 0);
  int64_t constant_operand();
  int32_t index_constant();
  int32_t value_text();      // the value of a parameter: a literal as written, or the decimal text of an expression
  int32_t attribute_text();
  std::optional<int64_t> text_value(int32_t text) const;
  const Symbol* find_param(int32_t name) const;
  int32_t intern_text(std::string_view text, int64_t line);

  // verilog_expression.cpp
  int32_t expression();
  int32_t multiplexer(int32_t select, int32_t yes, int32_t no);
  int32_t binary(int min_level);
  int32_t unary();
  int32_t primary();
  int32_t name_primary();
  int32_t literal_primary();
  int32_t concatenation();
  bool replication_follows();
  int32_t add_node(Node node);
  int32_t add_leaf(int64_t begin, int64_t width, bool is_signed);
  int32_t reduction(Op op, int32_t child);
  // A bit or part select, if one follows: offsets from the least significant bit.
  bool select(const Range& declared, const Token& name, int64_t& offset, int64_t& width);
  void push_net_bits(int32_t base, int64_t width);
  void spend_bits(int64_t bits);
  void spend_work(int64_t amount);
  void spend_literal(const Literal& literal);
  void begin_expression() {
    nodes_.clear();
    bits_.clear();
  }
  // Gates for the expression under `root`, `width` bits of it; into `target`, or returned where that is null.
  int64_t evaluate(int32_t root, int64_t width, const Bit* target, int32_t line);
  void set_needs(int32_t root);
  void evaluate_leaf(Node& node);
  void evaluate_concat(Node& node);
  bool evaluate_gate(Node& node, const Bit* target, int32_t line);
  void drive(int32_t net, Bit bit, int32_t line);
  int32_t new_net(int32_t line) {
    net_flags_.push_back(0);
    return out_.add_net(m_, -1, line);
  }
  Bit node_bit(const Node& node, int64_t i) const { return bits_[static_cast<size_t>(node.begin + i)]; }
  int32_t gate_kind(Op op, int64_t arity, int32_t line);
  int32_t implicit_net(const Token& name);
  Bit plain(Bit bit, int32_t line);  // the same signal without an inversion flag
  void check_target(const Bit* bits, int64_t count, int32_t line) const;

  // verilog_instance.cpp
  void instances();
  void overrides_list(std::vector<Override>& out);
  void connections();
  void connection(int32_t name, int32_t position);
  void check_connected_once(int32_t line) const;
  void emit_instance(int32_t type, int32_t name, int32_t line);
  void gates(int32_t word);
  void gate_terminals(int32_t word, int32_t name, int32_t line, const Range* range);
  void assign();
  void assign_to(std::vector<Bit>& target, int32_t line);
  void defparam();
  void apply_defparams();
  void new_instance_name(const Token& name, int32_t value);
  void gate_attributes();

  // verilog_elaborate.cpp
  void elaborate();
  void elaborate_module(size_t index);
  int32_t specialise(size_t target, const Override* rows, size_t count);
  void retarget(ModuleTables& m, int32_t cell, int32_t type, int32_t line);
  void expand(ModuleTables& m, const Deferred& d, int32_t type, std::vector<int32_t>& cells);
  int64_t port_width(size_t table, const Connection& c);
  int32_t type_of(const ModuleInfo& info, int32_t cell) const;
  std::vector<size_t> roots() const;
  void visit_instantiated(size_t index, std::vector<char>& seen, std::vector<size_t>& queue) const;
  void prune(const std::vector<char>& reached);

  Design& design_;
  ReadLimits limits_;
  Lexer lex_;
  TableWriter out_;
  const char* text_end_;
  int64_t work_;       // expression bits this file may still build
  int64_t reparse_;    // bytes that specialisation may still read again

  // The module being parsed.
  ModuleTables m_;
  ModuleInfo info_;
  const std::vector<Param>* given_ = nullptr;   // parameter values from an instance
  Scope scope_;             // name -> net >= 0, or -1 - symbol
  Scope instance_scope_;    // name -> cell, or -1 - deferred
  Scope bit_names_;         // names of the bits of vectors
  std::vector<Symbol> symbols_;
  std::vector<uint8_t> net_flags_;
  struct HeaderPort {
    int32_t name, line;
    Lexer::Mark expression;  // of `.name(expression)`
    bool has_expression, open;
  };
  std::vector<HeaderPort> header_;
  std::vector<std::pair<int32_t, int32_t>> declared_ports_;  // name, line
  std::vector<Override> defparams_;                          // cell holds the instance's name
  std::vector<std::pair<int32_t, int32_t>> attributes_;      // key, value of the attributes before a statement
  bool ansi_ = false;

  // The expression or instance being parsed.
  std::vector<Node> nodes_;
  std::vector<Bit> bits_;
  std::vector<Connection> conns_;
  std::vector<Bit> conn_bits_, target_bits_, gate_in_;
  int depth_ = 0;
  struct Deeper {  // bounds recursion
    explicit Deeper(Parser& p) : depth(p.depth_) {
      if (++depth > p.limits_.max_depth) {
        const int32_t line = p.lex_.tok().line;
        throw TooLarge(line, "an expression is nested too deeply", "split it with wires");
      }
    }
    ~Deeper() { --depth; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    int& depth;
  };
  struct Ports {
    std::vector<Connection> names;   // of the last instance of a kind
    std::vector<int32_t> ports;
  };
  std::vector<Ports> last_ports_;    // by kind
  std::unordered_map<int32_t, int32_t> instance_kinds_;
  int32_t gate_kinds_[10][5];
  std::string scratch_;

  std::vector<ModuleInfo> modules_;
  std::unordered_map<int32_t, size_t> module_of_;  // name -> modules_
  size_t specialised_ = 0;
  struct PortWidths {
    std::vector<int64_t> by_position;
    std::unordered_map<int32_t, int64_t> by_name;
  };
  std::unordered_map<size_t, PortWidths> port_widths_;  // by module table, for the instances that need them
};

}  // namespace hwdesign::verilog
