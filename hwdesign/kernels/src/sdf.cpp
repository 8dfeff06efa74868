#include "sdf.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sdf_lexer.hpp"
#include "words.hpp"

namespace hwdesign {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kLargest = 1e15;   // beyond it lies no delay, and no sum overflows
constexpr int kMaxDepth = 200;
enum Check : int8_t { kSetup, kHold, kRecovery, kRemoval, kWidth, kPeriod };

using Triple = std::array<double, 3>;

class SdfReader {
 public:
  explicit SdfReader(std::string_view text) : lex_(text) { out_.names.reserve(text.size() / 100, text.size() / 16); }

  Sdf run() {
    if (!lex_.is('(')) throw start();
    lex_.next();
    if (lex_.word() != "DELAYFILE") throw start();
    lex_.next();
    while (!lex_.is(')')) {
      lex_.open();
      const std::string key(keyword());
      if (key == "DESIGN") {
        out_.design = string();
      } else if (key == "DIVIDER") {
        if (lex_.word() != "/" && lex_.word() != ".") throw lex_.expected("'.' or '/'");
        divider_ = lex_.word()[0];
      } else if (key == "TIMESCALE") {
        timescale();
      } else if (key == "CELL") {
        cell();
      }
      lex_.skip_rest();
    }
    return std::move(out_);
  }

 private:
  ParseError start() const {
    return {lex_.line(), "expected '(DELAYFILE' at the beginning, found " + quoted(lex_.word()),
            "check that it is an SDF file"};
  }

  std::string_view keyword() {
    if (lex_.done() || lex_.is('(') || lex_.is(')')) throw lex_.expected("a keyword");
    const auto w = lex_.word();
    lex_.next();
    return w;
  }

  void skip(const std::string& key) {
    for (auto& [known, count] : out_.skipped) {
      if (known == key) {
        ++count;
        return;
      }
    }
    if (out_.skipped.size() < 64) out_.skipped.emplace_back(key.substr(0, 40), 1);
  }

  int32_t intern(std::string_view text) {
    const int32_t before = out_.names.size(), id = out_.names.intern(text);
    if (id == before) check_utf8(text, lex_.line());
    return id;
  }

  int32_t string() {
    if (lex_.done() || lex_.is('(') || lex_.is(')')) throw lex_.expected("a string");
    const int32_t id = intern(unquoted(lex_.word()));
    lex_.next();
    return id;
  }

  // The current word without escapes, the divider as '/'.
  void plain(std::string& to, const char* what) {
    if (lex_.done() || lex_.is('(') || lex_.is(')') || lex_.word()[0] == '"') throw lex_.expected(what);
    const auto w = lex_.word();
    for (size_t i = 0; i < w.size(); ++i) {
      if (w[i] == '\\' && i + 1 < w.size()) {
        to += w[++i];
      } else {
        to += w[i] == divider_ ? '/' : w[i];
      }
    }
    lex_.next();
  }

  int32_t name(const char* what, const std::string& prefix = {}) {
    plain_ = prefix;
    plain(plain_, what);
    return intern(plain_);
  }

  void timescale() {   // `1ns` or `1 ns`
    std::string text;
    while (!lex_.is(')') && !lex_.done()) {
      text += lex_.word();
      lex_.next();
    }
    const size_t cut = text.find_first_not_of("0123456789.");
    double amount = 0;
    const std::string unit = cut == std::string::npos ? "" : text.substr(cut);
    const double scale = unit == "ns" ? 1.0 : unit == "ps" ? 1e-3 : unit == "us" ? 1e3 : 0.0;
    if (scale == 0 || !to_number(std::string_view(text).substr(0, cut), amount) || !(amount > 0 && amount <= kLargest))
      throw ParseError(lex_.line(), "expected a TIMESCALE such as 1ns or 100ps, found " + quoted(text));
    ns_ = amount * scale;
  }

  void cell() {
    int32_t type = -1;
    std::string path;
    bool placed = false;
    instance_ = -1;
    while (!lex_.is(')')) {
      lex_.open();
      const std::string key(keyword());
      if (key == "CELLTYPE") {
        type = string();
      } else if (key == "INSTANCE") {
        placed = true;
        if (!lex_.is(')')) {
          if (!path.empty()) path += '/';
          plain(path, "an instance");
        }
      } else if (key == "DELAY" || key == "TIMINGCHECK") {
        if (type < 0 || !placed) throw ParseError(lex_.line(), "a cell has delays before its CELLTYPE and INSTANCE");
        if (instance_ < 0) {
          instance_ = static_cast<int32_t>(out_.instance_name.size());
          out_.instance_name.push_back(intern(path));
          out_.instance_cell.push_back(type);
          prefix_ = path.empty() || path == "*" ? "" : path + "/";
        }
        while (!lex_.is(')')) {
          lex_.open();
          if (key == "DELAY") {
            delays();
          } else {
            check(std::string(keyword()));
          }
          lex_.skip_rest();
        }
      } else {
        skip(key);
      }
      lex_.skip_rest();
    }
  }

  void delays() {
    const std::string key(keyword());
    if (key != "ABSOLUTE") {
      skip(key);
      return;
    }
    while (!lex_.is(')')) {
      lex_.open();
      delay(std::string(keyword()), -1);
      lex_.skip_rest();
    }
  }

  void delay(const std::string& key, int32_t condition) {
    if (key == "INTERCONNECT") {
      const int32_t from = name("a pin", prefix_), to = name("a pin", prefix_);
      values();
      out_.wire_from.push_back(from);
      out_.wire_to.push_back(to);
      for (const Triple& value : {change_[0], change_[1]})
        out_.wire_delay.insert(out_.wire_delay.end(), value.begin(), value.end());
    } else if (key == "IOPATH") {
      int8_t edge = 0;
      const int32_t from = port(edge), to = name("a pin");
      values();
      out_.arc_instance.push_back(instance_);
      out_.arc_from.push_back(from);
      out_.arc_to.push_back(to);
      out_.arc_edge.push_back(edge);
      out_.arc_condition.push_back(condition);
      for (const Triple& value : change_) out_.arc_delay.insert(out_.arc_delay.end(), value.begin(), value.end());
    } else if ((key == "COND" || key == "CONDELSE") && condition < 0) {
      int32_t when = intern("else");
      if (key == "COND") {
        if (!lex_.done() && lex_.word()[0] == '"') lex_.next();   // a name for the condition
        when = condition_before_path();
      } else {
        lex_.open();
      }
      delay(std::string(keyword()), when);
      lex_.skip_rest();
    } else {
      skip(key);
    }
  }

  // The text up to `(IOPATH`, whose parenthesis is read too.
  int32_t condition_before_path() {
    const char* const from = lex_.word().data();
    for (int depth = 0; !lex_.done();) {
      if (lex_.is('(')) {
        const std::string_view text = lex_.slice(from);
        lex_.next();
        if (depth == 0 && lex_.word() == "IOPATH") return intern(squeezed(text));
        if (++depth > kMaxDepth) throw TooLarge(lex_.line(), "a condition is nested too deeply");
        continue;
      }
      if (lex_.is(')') && --depth < 0) break;
      lex_.next();
    }
    throw lex_.expected("'(IOPATH' after a condition");
  }

  std::string squeezed(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (static_cast<unsigned char>(c) > ' ') {
        out += c;
      } else if (!out.empty() && out.back() != ' ') {
        out += ' ';
      }
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
  }

  int8_t edge_of(std::string_view word) const {
    if (word == "posedge" || word == "01") return 1;
    if (word == "negedge" || word == "10") return 2;
    throw lex_.expected("posedge or negedge");
  }

  int32_t port(int8_t& edge) {   // `A` or `(posedge A)`
    edge = 0;
    if (!lex_.is('(')) return name("a pin");
    lex_.next();
    return edged_port(edge);
  }

  int32_t edged_port(int8_t& edge) {   // its parenthesis has been read
    edge = edge_of(lex_.word());
    lex_.next();
    const int32_t id = name("a pin");
    lex_.close();
    return id;
  }

  // A port of a check, which a condition may precede: `(COND en==1 (posedge A))`.
  int32_t check_port(int8_t& edge, int32_t& condition) {
    condition = -1;
    edge = 0;
    if (!lex_.is('(')) return name("a pin");
    lex_.next();
    if (lex_.word() != "COND") return edged_port(edge);
    lex_.next();
    if (!lex_.done() && lex_.word()[0] == '"') lex_.next();
    // The port is the condition's last word, or its last parenthesis if that begins with an edge.
    const char* const from = lex_.word().data();
    const char* last = nullptr;
    std::string_view port_word;
    int depth = 0;
    int8_t last_edge = 0;
    for (; !lex_.done() && !(depth == 0 && lex_.is(')')); lex_.next()) {
      if (lex_.is('(')) {
        if (depth++ == 0) {
          last = lex_.word().data();
          last_edge = 0;
          port_word = {};
        }
        if (depth > kMaxDepth) throw TooLarge(lex_.line(), "a condition is nested too deeply");
      } else if (lex_.is(')')) {
        --depth;
      } else if (depth == 0) {
        last = lex_.word().data();
        last_edge = 0;
        port_word = lex_.word();
      } else if (depth == 1 && (lex_.word() == "posedge" || lex_.word() == "negedge")) {
        last_edge = lex_.word() == "posedge" ? 1 : 2;
      } else if (depth == 1) {
        port_word = lex_.word();
      }
    }
    if (last == nullptr || last == from || port_word.empty()) throw lex_.expected("a condition and a pin");
    condition = intern(squeezed({from, static_cast<size_t>(last - from)}));
    edge = last_edge;
    plain_.clear();
    for (size_t i = 0; i < port_word.size(); ++i)
      plain_ += port_word[i] == '\\' && i + 1 < port_word.size() ? port_word[++i] : port_word[i];
    lex_.close();
    return intern(plain_);
  }

  // `(min:typ:max)`, `(value)` or `()`.
  Triple value() {
    Triple found = {kNone, kNone, kNone};
    lex_.open();
    if (!lex_.is(')')) {
      const auto w = lex_.word();
      size_t begin = 0, count = 0;
      for (bool more = true; more; ++count) {
        const size_t end = std::min(w.find(':', begin), w.size());
        if (count == 3) throw lex_.expected("a value, or three as minimum:typical:maximum");
        const auto part = w.substr(begin, end - begin);
        if (!part.empty() && (!to_number(part, found[count]) || !(std::abs(found[count]) <= kLargest)))
          throw lex_.expected("a value, or three as minimum:typical:maximum");
        found[count] *= ns_;
        more = end < w.size();
        begin = end + 1;
      }
      if (count == 2) throw lex_.expected("a value, or three as minimum:typical:maximum");
      if (count == 1) found[1] = found[2] = found[0];
      lex_.next();
    }
    lex_.close();
    return found;
  }

  // Values of the changes 01 10 0Z Z1 1Z Z0 from a list of one, two, three, six or twelve (IEEE 1497, rvalue_list).
  void values() {
    static constexpr int kFrom[3][6] = {{0, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 1, 1}, {0, 1, 2, 0, 2, 1}};
    std::array<Triple, 12> listed;
    listed.fill({kNone, kNone, kNone});
    size_t count = 0;
    while (!lex_.is(')')) {
      if (count == 12) throw lex_.expected("')' after twelve values");
      if (!lex_.is('(')) throw lex_.expected("a value in parentheses");
      if (delay_value(listed[count])) ++count;
    }
    if (count == 0) throw lex_.expected("a value in parentheses");
    for (size_t i = 0; i < 6; ++i) {
      const size_t from = count > 3 ? i : static_cast<size_t>(kFrom[count - 1][i]);
      change_[i] = listed[from];
    }
  }

  // One delay: `(1:2:3)`, or `((1:2:3) (reject) (error))`; false for `(RETAIN ...)`, which is skipped.
  bool delay_value(Triple& to) {
    const SdfLexer before = lex_;
    lex_.next();
    if (lex_.word() == "RETAIN") {
      skip("RETAIN");
      lex_.skip_rest();
      return false;
    }
    if (lex_.is('(')) {
      to = value();
      skip("pulse limits");
      lex_.skip_rest();
    } else {
      lex_ = before;
      to = value();
    }
    return true;
  }

  void check(const std::string& key) {
    if (key == "SETUP" || key == "HOLD" || key == "RECOVERY" || key == "REMOVAL") {
      const int8_t kind = key == "SETUP" ? kSetup : key == "HOLD" ? kHold : key == "RECOVERY" ? kRecovery : kRemoval;
      const Row row = two_ports();
      add(kind, row, value());
    } else if (key == "SETUPHOLD" || key == "RECREM") {
      const Row row = two_ports();
      add(key == "RECREM" ? kRecovery : kSetup, row, value());
      add(key == "RECREM" ? kRemoval : kHold, row, value());
    } else if (key == "WIDTH" || key == "PERIOD") {
      Row row;
      row.pin = check_port(row.edge, row.condition);
      add(key == "WIDTH" ? kWidth : kPeriod, row, value());
    } else {
      skip(key);
    }
  }

  struct Row {
    int32_t pin = -1, related = -1, condition = -1;
    int8_t edge = 0, related_edge = 0;
  };

  Row two_ports() {
    Row row;
    row.pin = check_port(row.edge, row.condition);
    int32_t other = -1;
    row.related = check_port(row.related_edge, other);
    if (row.condition < 0) row.condition = other;
    return row;
  }

  void add(int8_t kind, const Row& row, const Triple& limit) {
    out_.check_instance.push_back(instance_);
    out_.check_kind.push_back(kind);
    out_.check_pin.push_back(row.pin);
    out_.check_edge.push_back(row.edge);
    out_.check_related.push_back(row.related);
    out_.check_related_edge.push_back(row.related_edge);
    out_.check_condition.push_back(row.condition);
    out_.check_limit.insert(out_.check_limit.end(), limit.begin(), limit.end());
  }

  SdfLexer lex_;
  Sdf out_;
  char divider_ = '.';
  double ns_ = 1.0;
  int32_t instance_ = -1;
  std::string prefix_, plain_;
  std::array<Triple, 6> change_{};
};

}  // namespace

Sdf parse_sdf(std::string_view text) {
  refuse_nul(text, "SDF");
  return SdfReader(text).run();
}

}  // namespace hwdesign
