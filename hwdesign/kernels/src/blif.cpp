#include "blif.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "text.hpp"

namespace hwdesign {
namespace {

constexpr std::string_view kIgnored[] = {".area",
                                         ".delay",
                                         ".wire_load_slope",
                                         ".wire",
                                         ".input_arrival",
                                         ".default_input_arrival",
                                         ".output_required",
                                         ".default_output_required",
                                         ".input_drive",
                                         ".default_input_drive",
                                         ".max_input_load",
                                         ".default_max_input_load",
                                         ".output_load",
                                         ".default_output_load",
                                         ".cycle",
                                         ".clock_event",
                                         ".latch_order"};
constexpr std::string_view kStateTables[] = {".start_kiss", ".end_kiss", ".code", ".i", ".o", ".s", ".p", ".r"};

constexpr std::string_view kUnnamed = "top";

class BlifReader {
 public:
  BlifReader(std::string_view text, Design& design, const ReadLimits& limits)
      : design_(design), out_(design, text.size(), limits), at_(text.data()), end_(text.data() + text.size()) {}

  void run() {
    while (read_line()) {
      if (words_[0][0] != '.') {
        cover_row();
        continue;
      }
      flush_cover();
      directive();
    }
    flush_cover();
    end_model();
    if (design_.modules.empty()) throw ParseError(line_, "the file holds no model", "check that it is a BLIF file");
  }

 private:
  // The next logical line that is not empty, split at white space; false at the end of the file.
  bool read_line() {
    words_.clear();
    while (at_ < end_) {
      if (words_.empty()) statement_ = line_;
      const char* eol = static_cast<const char*>(std::memchr(at_, '\n', static_cast<size_t>(end_ - at_)));
      if (!eol) eol = end_;
      const char* p = at_;
      const char* stop = static_cast<const char*>(std::memchr(p, '#', static_cast<size_t>(eol - p)));
      if (!stop) stop = eol;
      while (stop > p && static_cast<unsigned char>(stop[-1]) <= ' ') --stop;
      const bool continued = stop > p && stop[-1] == '\\';
      if (continued) --stop;
      while (p < stop) {
        while (p < stop && static_cast<unsigned char>(*p) <= ' ') ++p;
        const char* word = p;
        bool quote = false;  // Yosys writes .attr and .param values with spaces inside quotes
        for (; p < stop && (quote || static_cast<unsigned char>(*p) > ' '); ++p)
          if (*p == '"' && (p == word || quote)) quote = !quote;
        if (p > word) words_.emplace_back(word, static_cast<size_t>(p - word));
      }
      at_ = eol < end_ ? eol + 1 : end_;
      ++line_;
      if (!continued && !words_.empty()) return true;
    }
    return !words_.empty();
  }

  int32_t intern(std::string_view name) {
    const int32_t before = design_.names.size();
    const int32_t id = design_.names.intern(name);
    if (id == before) check_utf8(name, statement_);
    return id;
  }

  int32_t net(std::string_view name) {
    const int32_t id = intern(name);
    int32_t net = nets_.get(id);
    if (net == Scope::kNone) {
      net = out_.add_net(m_, id, statement_);
      nets_.set(id, net);
    }
    return net;
  }

  void begin_model(int32_t name) {
    open_ = true;
    m_ = ModuleTables{};
    m_.name = name;
    m_.line = line32();
    nets_.clear();
    inputs_.clear();
    const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
    reserve_module(m_, std::min(rest.find("\n.end"), rest.size()));
  }

  void end_model() {
    if (open_) design_.modules.push_back(std::move(m_));
    open_ = false;
  }

  int32_t line32() const { return static_cast<int32_t>(statement_); }

  void need(size_t words, const char* form) {
    if (words_.size() < words)
      throw ParseError(statement_, quoted(words_[0]) + " is incomplete", std::string("write ") + form);
  }

  void directive() {
    const std::string_view d = words_[0];
    if (d == ".model") {
      end_model();
      const std::string_view written = words_.size() > 1 ? words_[1] : kUnnamed;
      const int32_t name = intern(written);
      if (!models_.insert(name).second)
        throw ParseError(statement_, "the model " + quoted(written) + " is defined twice", "remove or rename one");
      begin_model(name);
      return;
    }
    if (d == ".end") {
      end_model();
      return;
    }
    if (!open_) {
      const int32_t name = intern(kUnnamed);
      if (!models_.insert(name).second)
        throw ParseError(statement_, quoted(d) + " stands outside a model", "add '.model'");
      begin_model(name);
    }
    if (d == ".names") {
      need(2, "'.names inputs output'");
      cover_.assign(words_.begin() + 1, words_.end());
      cover_line_ = line32();
      rows_.clear();
      in_cover_ = true;
    } else if (d == ".inputs" || d == ".input") {
      for (size_t i = 1; i < words_.size(); ++i) port(words_[i], kIn, false);
    } else if (d == ".outputs" || d == ".output") {
      for (size_t i = 1; i < words_.size(); ++i) port(words_[i], kOut, false);
    } else if (d == ".clock") {
      for (size_t i = 1; i < words_.size(); ++i) port(words_[i], kIn, true);
    } else if (d == ".latch") {
      latch();
    } else if (d == ".subckt" || d == ".gate") {
      need(2, "'.subckt model port=net ...'");
      instance(words_.size());
    } else if (d == ".mlatch") {
      mlatch();
    } else if (d == ".cname") {
      need(2, "'.cname name'");
      m_.cell_name[last_cell()] = intern(words_[1]);
    } else if (d == ".attr" || d == ".param") {
      need(2, "'.attr name value'");
      const std::string value(words_.size() > 2 ? words_[2] : std::string_view("1"));
      add_param((d == ".attr" ? "@" : "") + std::string(words_[1]), value);
    } else if (d == ".conn" || d == ".barbuf") {
      need(3, "'.conn from to'");
      const Bit from{net(words_[1]), 0};
      out_.add_gate(m_, out_.gate("BUF", 1, statement_), -1, line32(), net(words_[2]), &from, 1);
    } else if (d == ".exdc" || d == ".search") {
      throw NotSupported(statement_, quoted(d) + " is not supported", "remove it, or flatten the file with ABC");
    } else if (std::find(std::begin(kStateTables), std::end(kStateTables), d) != std::end(kStateTables)) {
      throw NotSupported(statement_, "the state table " + quoted(d) + " is not supported",
                         "encode the states with a synthesis tool first");
    } else if (d != ".blackbox" && std::find(std::begin(kIgnored), std::end(kIgnored), d) == std::end(kIgnored)) {
      throw ParseError(statement_, "unknown directive " + quoted(d));
    }
  }

  void port(std::string_view name, PortDir dir, bool clock) {
    const int32_t n = net(name);
    if (dir == kIn && !inputs_.insert(n).second) {
      if (clock) return;  // a clock is often an input too
      throw ParseError(statement_, "the input " + quoted(name) + " is declared twice");
    }
    m_.port_name.push_back(m_.net_name[static_cast<size_t>(n)]);
    m_.port_net.push_back(n);
    m_.port_bus.push_back(-1);
    m_.port_dir.push_back(dir);
    m_.port_flags.push_back(0);
  }

  size_t last_cell() const {
    if (m_.cell_kind.empty()) throw ParseError(statement_, quoted(words_[0]) + " stands before any cell");
    return m_.cell_kind.size() - 1;
  }

  void add_param(const std::string& key, std::string_view value) {
    m_.param_cell.push_back(static_cast<int32_t>(last_cell()));
    m_.param_key.push_back(intern(key));
    m_.param_value.push_back(intern(value));
  }

  void cover_row() {
    if (!in_cover_)
      throw ParseError(statement_, "expected a directive, found " + quoted(words_[0]), "check that it is a BLIF file");
    const size_t arity = cover_.size() - 1;
    const std::string_view inputs = arity ? words_[0] : std::string_view{};
    if (words_.size() != (arity ? 2u : 1u) || inputs.size() != arity || words_.back().size() != 1)
      throw ParseError(statement_,
                       "a cover row does not have " + std::to_string(arity) + " input columns and one output");
    const char output = words_.back()[0];
    if (inputs.find_first_not_of("01-") != std::string_view::npos || (output != '0' && output != '1'))
      throw ParseError(statement_, "a cover row holds a character other than 0, 1 and -");
    if (!rows_.empty() && rows_.back() != output)
      throw ParseError(statement_, "a cover mixes rows for 0 and for 1", "keep to one of them");
    if (!rows_.empty()) rows_ += '\n';
    rows_.append(inputs);
    if (arity) rows_ += ' ';
    rows_ += output;
  }

  // A cover becomes a cell when the line after its last row is met.
  void flush_cover() {
    if (!in_cover_) return;
    in_cover_ = false;
    const int32_t output = net(cover_.back());
    inputs_bits_.clear();
    for (size_t i = 0; i + 1 < cover_.size(); ++i) inputs_bits_.push_back({net(cover_[i]), 0});
    const int32_t kind = out_.kind(KindClass::kCover, design_.names.intern(rows_),
                                   static_cast<int64_t>(inputs_bits_.size()), cover_line_);
    out_.add_gate(m_, kind, -1, cover_line_, output, inputs_bits_.data(), inputs_bits_.size());
  }

  void latch() {
    // .latch input output [type control] [initial value]
    const size_t n = words_.size();
    if (n < 3 || n > 6)
      throw ParseError(statement_, "'.latch' has " + std::to_string(n - 1) + " fields",
                       "write '.latch input output [type control] [initial value]'");
    std::string_view type, control, init = "3";
    if (n == 4 || n == 6) init = words_.back();
    if (n >= 5) {
      type = words_[3];
      control = words_[4];
      if (type != "fe" && type != "re" && type != "ah" && type != "al" && type != "as")
        throw ParseError(statement_, "unknown latch type " + quoted(type), "use fe, re, ah, al or as");
    }
    if (init.size() != 1 || init[0] < '0' || init[0] > '3')
      throw ParseError(statement_, "the initial value " + quoted(init) + " of a latch is not 0, 1, 2 or 3");
    const bool clocked = !control.empty() && control != "NIL";
    const int32_t name = design_.names.intern(std::string(type) + " " + std::string(init));
    const int32_t kind = out_.kind(KindClass::kLatch, name, clocked ? 2 : 1, statement_);
    Bit in[2] = {{net(words_[1]), 0}, {-1, 0}};
    if (clocked) in[1].net = net(control);
    out_.add_gate(m_, kind, -1, line32(), net(words_[2]), in, clocked ? 2 : 1);
  }

  // words_[1] is the type; pins follow up to word `end`.
  void instance(size_t end) {
    const int32_t kind = out_.kind(KindClass::kInstance, intern(words_[1]), -1, statement_);
    struct Pin {
      int32_t port, net;
    };
    std::vector<Pin> pins;
    std::vector<int32_t> formals;
    for (size_t i = 2; i < end; ++i) {
      const size_t equals = words_[i].find('=');
      if (equals == std::string_view::npos || equals == 0)
        throw ParseError(statement_, "expected port=net, found " + quoted(words_[i]));
      const int32_t formal = intern(words_[i].substr(0, equals));
      const std::string_view actual = words_[i].substr(equals + 1);
      formals.push_back(formal);
      pins.push_back({out_.named_port(kind, formal), actual.empty() ? -1 : net(actual)});
    }
    std::sort(formals.begin(), formals.end());
    const auto twice = std::adjacent_find(formals.begin(), formals.end());
    if (twice != formals.end())
      throw ParseError(statement_, "the port " + quoted(design_.names[*twice]) + " is connected twice");
    out_.begin_cell(m_, kind, -1, line32());
    for (const Pin& pin : pins) out_.add_pin(m_, out_.pin_kind(pin.port, 0), {pin.net, 0});
    out_.end_cell(m_, statement_);
  }

  void mlatch() {
    // .mlatch type port=net ... control [initial value]: the control and the value become parameters.
    need(3, "'.mlatch type port=net ... control [initial value]'");
    size_t end = words_.size();
    std::string_view init = "3";
    if (words_[end - 1].size() == 1 && words_[end - 1][0] >= '0' && words_[end - 1][0] <= '3') init = words_[--end];
    if (end < 3 || words_[end - 1].find('=') != std::string_view::npos)
      throw ParseError(statement_, "'.mlatch' names no control", "write the clock net, or NIL");
    const std::string_view control = words_[--end];
    instance(end);
    if (control != "NIL") {
      net(control);
      add_param("control", control);
    }
    add_param("init", init);
  }

  Design& design_;
  TableWriter out_;
  const char* at_;
  const char* end_;
  int64_t line_ = 1, statement_ = 1;
  std::vector<std::string_view> words_, cover_;
  std::string rows_;
  bool in_cover_ = false, open_ = false;
  int32_t cover_line_ = 0;
  ModuleTables m_;
  Scope nets_;
  std::unordered_set<int32_t> models_, inputs_;
  std::vector<Bit> inputs_bits_;
};

}  // namespace

Design parse_blif(std::string_view text, const ReadLimits& limits) {
  refuse_nul(text, "BLIF");
  Design design;
  design.names.reserve(text.size() / 24, text.size() / 4);
  BlifReader(text, design, limits).run();
  return design;
}

}  // namespace hwdesign
