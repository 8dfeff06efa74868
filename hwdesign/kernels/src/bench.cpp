#include "bench.hpp"

#include <algorithm>
#include <unordered_set>

#include "text.hpp"

namespace hwdesign {
namespace {

constexpr int64_t kMaxLutInputs = 16;

struct GateName {
  std::string_view bench, gate;
  int64_t least, most;
};
constexpr int64_t kAny = INT32_MAX;
constexpr GateName kGates[] = {{"AND", "AND", 1, kAny}, {"NAND", "NAND", 1, kAny}, {"OR", "OR", 1, kAny},
                               {"NOR", "NOR", 1, kAny}, {"XOR", "XOR", 1, kAny},   {"XNOR", "XNOR", 1, kAny},
                               {"NOT", "NOT", 1, 1},    {"INV", "NOT", 1, 1},      {"BUF", "BUF", 1, 1},
                               {"BUFF", "BUF", 1, 1},   {"DFF", "DFF", 1, 1},      {"MUX", "MUX", 3, 3}};

class BenchReader {
 public:
  BenchReader(std::string_view text, Design& design, const ReadLimits& limits)
      : design_(design), out_(design, text.size(), limits), at_(text.data()), end_(text.data() + text.size()) {
    reserve_module(m_, text.size());
    m_.line = 1;
  }

  void run() {
    for (next(); !word_.empty(); next()) {
      const std::string_view name = word_;
      line32_ = static_cast<int32_t>(line_);
      if (is_punctuation(name[0])) throw error("a signal name, INPUT or OUTPUT");
      next();
      if (word_ == "=") {
        next();
        definition(name);
      } else if (word_ == "(") {
        port(name);
      } else {
        throw error("'=' or '(' after " + quoted(name));
      }
    }
    if (m_.port_name.empty() && m_.cell_kind.empty())
      throw ParseError(line_, "the file holds no signal", "check that it is a BENCH file");
    design_.modules.push_back(std::move(m_));
  }

 private:
  static bool is_punctuation(char c) { return c == '(' || c == ')' || c == ',' || c == '='; }

  // The next word or punctuation mark; empty at the end of the file.
  void next() {
    for (; at_ < end_; ++at_) {
      if (*at_ == '\n') {
        ++line_;
      } else if (*at_ == '#') {
        while (at_ + 1 < end_ && at_[1] != '\n') ++at_;
      } else if (static_cast<unsigned char>(*at_) > ' ') {
        break;
      }
    }
    const char* begin = at_;
    if (at_ < end_ && is_punctuation(*at_)) {
      ++at_;
    } else {
      while (at_ < end_ && static_cast<unsigned char>(*at_) > ' ' && !is_punctuation(*at_) && *at_ != '#') ++at_;
    }
    word_ = {begin, static_cast<size_t>(at_ - begin)};
  }

  ParseError error(const std::string& wanted) const {
    return {line_, "expected " + wanted + ", found " + (word_.empty() ? "the end of the file" : quoted(word_))};
  }

  int32_t net(std::string_view name) {
    const int32_t before = design_.names.size();
    const int32_t id = design_.names.intern(name);
    if (id == before) check_utf8(name, line_);
    int32_t net = nets_.get(id);
    if (net == Scope::kNone) {
      net = out_.add_net(m_, id, line_);
      nets_.set(id, net);
    }
    return net;
  }

  std::string upper(std::string_view s) const {
    std::string out(s.substr(0, 16));
    for (char& c : out)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    return s.size() > 16 ? std::string() : out;
  }

  std::string_view signal() {
    if (word_.empty() || is_punctuation(word_[0])) throw error("a signal name");
    const std::string_view name = word_;
    next();
    return name;
  }

  void port(std::string_view keyword) {
    const std::string kind = upper(keyword);
    if (kind != "INPUT" && kind != "OUTPUT") {
      throw ParseError(line_, "expected INPUT or OUTPUT before '(', found " + quoted(keyword),
                       "write gates as 'name = GATE(inputs)'");
    }
    next();
    const int64_t line = line_;
    const std::string_view name = signal();
    if (word_ != ")") throw error("')' after a signal name");
    const int32_t n = net(name);
    if (kind == "INPUT" && !inputs_.insert(n).second)
      throw ParseError(line, "the input " + quoted(name) + " is declared twice");
    m_.port_name.push_back(m_.net_name[static_cast<size_t>(n)]);
    m_.port_net.push_back(n);
    m_.port_bus.push_back(-1);
    m_.port_dir.push_back(kind == "INPUT" ? kIn : kOut);
    m_.port_flags.push_back(0);
  }

  void definition(std::string_view name) {
    const std::string_view gate = signal_or_gate();
    const std::string key = upper(gate);
    if (key == "VDD" || key == "GND") {
      const Bit level{key == "VDD", 0};
      out_.add_gate(m_, out_.gate("BUF", 1, line_), -1, line32_, net(name), &level, 1);
      return;
    }
    std::string_view table;
    if (key == "LUT") {
      next();
      table = word_;
      if (table.size() < 3 || table[0] != '0' || (table[1] | 0x20) != 'x' ||
          table.find_first_not_of("0123456789abcdefABCDEF", 2) != std::string_view::npos)
        throw error("a table such as 0x8 after LUT");
    }
    next();
    if (word_ != "(") throw error("'(' after " + quoted(gate));
    next();
    in_.clear();
    while (word_ != ")") {
      in_.push_back({net(signal()), 0});
      if (word_ == ",") {
        next();
        if (word_ == ")") throw error("a signal name");
      } else if (word_ != ")") {
        throw error("',' or ')' after a signal name");
      }
    }
    const auto arity = static_cast<int64_t>(in_.size());
    const int32_t kind = table.empty() ? gate_kind(gate, key, arity) : lut_kind(table, arity);
    out_.add_gate(m_, kind, -1, line32_, net(name), in_.data(), in_.size());
  }

  std::string_view signal_or_gate() {
    if (word_.empty() || is_punctuation(word_[0])) throw error("a gate after '='");
    return word_;
  }

  int32_t gate_kind(std::string_view written, const std::string& key, int64_t arity) {
    const auto* const g =
        std::find_if(std::begin(kGates), std::end(kGates), [&](const GateName& n) { return n.bench == key; });
    if (g == std::end(kGates))
      throw ParseError(line_, "unknown gate " + quoted(written),
                       "use AND OR NAND NOR XOR XNOR NOT BUFF DFF MUX LUT vdd or gnd");
    if (arity < g->least || arity > g->most)
      throw ParseError(line_, "the gate " + quoted(written) + " has " + std::to_string(arity) + " inputs; it takes " +
                                  std::to_string(g->least) + (g->most == kAny ? " or more" : ""));
    return out_.gate(g->gate, arity, line_);
  }

  int32_t lut_kind(std::string_view table, int64_t arity) {
    if (arity > kMaxLutInputs)
      throw TooLarge(line_, "a LUT has " + std::to_string(arity) + " inputs; the limit is " +
                                std::to_string(kMaxLutInputs));
    const size_t first = table.find_first_not_of('0', 2);
    if (first != std::string_view::npos) {
      const char top = table[first];
      const int64_t top_bits = top == '1' ? 1 : top <= '3' ? 2 : top <= '7' ? 3 : 4;
      if (static_cast<int64_t>(table.size() - first - 1) * 4 + top_bits > int64_t{1} << arity)
        throw ParseError(line_, "the table " + quoted(table) + " has more bits than a LUT of " + std::to_string(arity) +
                                    " inputs holds");
    }
    return out_.kind(KindClass::kLut, design_.names.intern(table), arity, line_);
  }

  Design& design_;
  TableWriter out_;
  const char* at_;
  const char* end_;
  int64_t line_ = 1;
  int32_t line32_ = 1;
  std::string_view word_;
  ModuleTables m_;
  Scope nets_;
  std::unordered_set<int32_t> inputs_;
  std::vector<Bit> in_;
};

}  // namespace

Design parse_bench(std::string_view text, const ReadLimits& limits, std::string_view name) {
  refuse_nul(text, "BENCH");
  Design design;
  design.names.reserve(text.size() / 24, text.size() / 4);
  BenchReader(text, design, limits).run();
  design.modules[0].name = design.names.intern(name);
  return design;
}

}  // namespace hwdesign
