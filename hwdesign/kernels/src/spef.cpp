#include "spef.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "spef_names.hpp"
#include "words.hpp"

namespace hwdesign {
namespace {

constexpr int8_t kInternal = 0, kInstancePin = 1, kPort = 2, kUnset = -1;
constexpr double kLargest = 1e12;   // in any unit: far beyond every wire, and no sum overflows
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Keys are pairs of small numbers, which a hostile file could choose to meet in one bucket of an unmixed table.
struct Mixed {
  size_t operator()(uint64_t key) const {
    key = (key ^ (key >> 31)) * 0x9E3779B97F4A7C15ull;
    return static_cast<size_t>(key ^ (key >> 29));
  }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class SpefReader {
 public:
  SpefReader(std::string_view text, int corner) : words_(text), names_(text.size()), corner_(corner) {
    ids_.reserve(text.size() / 48);
  }

  Spef run() {
    words_.next();
    if (words_.word() != "*SPEF")
      throw ParseError(words_.line(), "expected '*SPEF' at the beginning, found " + quoted(words_.word()),
                       "check that it is a SPEF file");
    while (!words_.done()) section();
    if (out_.nets.offsets.size() == 1)
      throw ParseError(words_.line(), "the file holds no *D_NET", "check that it is a whole SPEF file");
    finish();
    return std::move(out_);
  }

 private:
  struct Node {
    int32_t base, suffix;      // names in the pool; suffix -1 where there is none
    int32_t net = -1, place = -1;
    int8_t kind = kUnset, direction = -1;
    double x = kUnknown, y = kUnknown;
  };
  // A coupling capacitor as its two nets list it.
  struct Coupling {
    int32_t a, b;
    double side[2] = {0, 0};
    bool listed[2] = {false, false};
  };

  bool at_keyword() const {
    const auto w = words_.word();
    return w.size() > 1 && w[0] == '*' && !is_digit(w[1]);
  }

  void section() {
    const std::string key(words_.word().substr(0, 24));
    if (key == "*SPEF" || key == "*DATE" || key == "*VENDOR" || key == "*PROGRAM" || key == "*VERSION") {
      words_.next();
      words_.next();
    } else if (key == "*DESIGN") {
      out_.design = unquoted(words_.next());
      check_utf8(out_.design, words_.line());
      words_.next();
    } else if (key == "*DESIGN_FLOW") {
      for (words_.next(); !words_.done() && !at_keyword(); words_.next()) {
        const auto flow = unquoted(words_.word());
        if (flow.substr(0, 7) == "PIN_CAP" && flow != "PIN_CAP NONE") out_.notes[kDesignFlow].add(flow);
      }
    } else if (key == "*DIVIDER") {
      names_.divider = character();
    } else if (key == "*DELIMITER") {
      delimiter_ = character();
    } else if (key == "*BUS_DELIMITER") {
      bus_delimiter();
    } else if (key == "*T_UNIT") {
      unit({{"NS", 1.0}, {"PS", 1e-3}, {"US", 1e3}});
    } else if (key == "*C_UNIT") {
      pico_farad_ = unit({{"PF", 1.0}, {"FF", 1e-3}, {"NF", 1e3}, {"UF", 1e6}});
    } else if (key == "*R_UNIT") {
      kilo_ohm_ = unit({{"OHM", 1e-3}, {"KOHM", 1.0}, {"MOHM", 1e3}});
    } else if (key == "*L_UNIT") {
      unit({{"HENRY", 1.0}, {"MH", 1e-3}, {"UH", 1e-6}, {"NH", 1e-9}, {"PH", 1e-12}});
    } else if (key == "*NAME_MAP") {
      name_map();
    } else if (key == "*PORTS" || key == "*PHYSICAL_PORTS") {
      ports();
    } else if (key == "*POWER_NETS" || key == "*GROUND_NETS" || key == "*VARIATION_PARAMETERS") {
      for (words_.next(); !words_.done() && !at_keyword(); words_.next()) {
      }
    } else if (key == "*D_NET") {
      detailed_net();
    } else if (key == "*R_NET") {
      skip_net(kReducedNets);
    } else if (key == "*D_PNET" || key == "*R_PNET") {
      skip_net(kPhysicalNets);
    } else if (key == "*DEFINE" || key == "*PDEFINE") {
      throw NotSupported(words_.line(), "the file refers to another SPEF file with " + key,
                         "extract the flattened design");
    } else {
      throw words_.expected("a section such as *D_NET");
    }
  }

  char character() {
    const auto w = words_.next();
    if (w.size() != 1) throw words_.expected("one character");
    const char c = w[0];
    words_.next();
    return c;
  }

  void bus_delimiter() {
    std::string marks;
    for (words_.next(); !words_.done() && words_.word()[0] != '*'; words_.next()) marks += words_.word();
    if (marks.empty() || marks.size() > 2) throw words_.expected("bus delimiters such as []");
    names_.bus_open = marks[0];
    names_.bus_close = marks.size() == 2 ? marks[1] : '\0';
  }

  double unit(std::initializer_list<std::pair<std::string_view, double>> known) {
    double amount = 0;
    if (!to_number(words_.next(), amount) || !(amount > 0 && amount <= kLargest))
      throw words_.expected("a positive number before the unit");
    std::string name(words_.next().substr(0, 8)), list;
    for (char& c : name)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    for (const auto& [word, scale] : known) {
      if (name == word) {
        words_.next();
        return amount * scale;
      }
      list += (list.empty() ? "" : " ") + std::string(word);
    }
    throw words_.expected("a unit, one of " + list);
  }

  void name_map() {
    for (words_.next(); !words_.done() && !at_keyword(); words_.next()) {
      const auto w = words_.word();
      const uint64_t index = SpefNames::index_of(w);
      if (index == UINT64_MAX) throw words_.expected("an index such as *12 in the *NAME_MAP");
      const int64_t line = words_.line();
      const auto name = words_.next();
      if (name.empty() || words_.line() != line)
        throw ParseError(line, "the index *" + std::to_string(index) + " has no name");
      names_.map(index, name, line);
    }
  }

  // The node that the current word names, made when new.
  int32_t node() {
    const auto w = words_.word();
    if (w.empty() || w[0] == '"') throw words_.expected("a node such as INSTANCE:PIN");
    size_t cut = w.size();
    for (size_t i = w.size(); i-- > 0;) {
      if (w[i] == delimiter_ && (i == 0 || w[i - 1] != '\\')) {
        cut = i;
        break;
      }
    }
    if (cut == 0 || cut + 1 == w.size()) throw words_.expected("a node such as INSTANCE:PIN");
    const int32_t base = names_.mapped(w.substr(0, cut), words_.line());
    const int32_t suffix = cut == w.size() ? -1 : names_.intern(w.substr(cut + 1), words_.line());
    const uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(base)) << 32 | static_cast<uint32_t>(suffix);
    const auto [at, added] = ids_.try_emplace(key, static_cast<int32_t>(nodes_.size()));
    if (added) {
      if (nodes_.size() >= INT32_MAX) throw TooLarge(words_.line(), "the file has more than 2^31 nodes");
      Node fresh;
      fresh.base = base;
      fresh.suffix = suffix;
      nodes_.push_back(fresh);
    }
    return at->second;
  }

  std::string label(int32_t id) const {
    const Node& n = nodes_[static_cast<size_t>(id)];
    std::string text(names_[n.base]);
    if (n.suffix >= 0) text += (n.kind == kInternal ? ":" : "/") + std::string(names_[n.suffix]);
    return text;
  }

  // Takes a node into the current net.
  int32_t claim(int32_t id) {
    Node& n = nodes_[static_cast<size_t>(id)];
    if (n.net < 0) {
      n.net = net_;
      n.place = static_cast<int32_t>(order_.size());
      order_.push_back(id);
      out_.ground.push_back(0.0);
    } else if (n.net != net_) {
      const auto other = names_[net_names_[static_cast<size_t>(n.net)]];
      throw ParseError(words_.line(), "node " + quoted(label(id)) + " is on net " + quoted(other) + " and on net " +
                                          quoted(names_[base_]));
    }
    return id;
  }

  bool owned(int32_t id) const {
    const Node& n = nodes_[static_cast<size_t>(id)];
    return n.net == net_ || (n.net < 0 && n.base == base_);
  }

  double value(const char* what) {
    const auto w = words_.word();
    double found[3] = {0, 0, 0};
    size_t count = 0, begin = 0;
    for (bool more = true; more;) {
      const size_t end = std::min(w.find(':', begin), w.size());
      if (count == 3 || !to_number(w.substr(begin, end - begin), found[count]))
        throw words_.expected(std::string("a ") + what + ", or three as minimum:typical:maximum");
      ++count;
      more = end < w.size();
      begin = end + 1;
    }
    if (count == 2) throw words_.expected(std::string("a ") + what + ", or three as minimum:typical:maximum");
    const double chosen = found[count == 3 ? corner_ : 0];
    if (!(chosen >= 0 && chosen <= kLargest))
      throw ParseError(words_.line(),
                       std::string("the ") + what + " " + quoted(w) + " of net " + quoted(names_[base_]) +
                           (chosen < 0 ? " is negative" : chosen > kLargest ? " is larger than 1e12"
                                                                            : " is not a finite number"),
                       "parasitics are finite and not negative: extract them again");
    words_.next();
    sensitivities();
    return chosen;
  }

  void sensitivities() {   // `*SC 1:0.3 2:0.1` after a value
    if (words_.word() != "*SC") return;
    for (words_.next(); !words_.done() && words_.word()[0] != '*' && words_.word().find(':') != std::string_view::npos;)
      words_.next();
  }

  void number(double& to) {
    if (!to_number(words_.next(), to) || !(std::abs(to) <= kLargest)) throw words_.expected("a coordinate");
  }

  // What follows a connection: *C x y, *L load, *S slews, *D cell.
  void attributes(Node* n) {
    while (at_keyword()) {
      const auto key = words_.word();
      double x = 0, y = 0;
      if (key == "*C" || key == "*COORD") {
        number(x);
        number(y);
        words_.next();
        if (n != nullptr) {
          n->x = x;
          n->y = y;
          out_.positions = true;
        }
      } else if (key == "*L" || key == "*D") {
        words_.next();
        words_.next();
      } else if (key == "*S") {
        double ignored;
        for (words_.next(); !words_.done() && to_number(words_.word().substr(0, words_.word().find(':')), ignored);)
          words_.next();
      } else {
        return;
      }
    }
  }

  int8_t direction() {
    const auto w = words_.word();
    const int8_t found = w == "I" ? 0 : w == "O" ? 1 : w == "B" ? 2 : -1;
    if (found < 0) throw words_.expected("a direction, one of I O B");
    words_.next();
    return found;
  }

  void ports() {
    words_.next();
    while (!words_.done() && !at_keyword()) {
      Node& n = nodes_[static_cast<size_t>(node())];
      n.kind = kPort;
      words_.next();
      n.direction = direction();
      attributes(&n);
    }
  }

  void skip_net(SpefNoteKind kind) {
    base_ = names_.mapped(words_.next(), words_.line());
    out_.notes[kind].add(names_[base_]);
    const int64_t line = words_.line();
    while (!words_.done() && words_.word() != "*END") words_.next();
    if (words_.done()) throw ParseError(line, "net " + quoted(names_[base_]) + " has no *END", kWholeSpef);
    words_.next();
  }

  void detailed_net() {
    if (words_.next().empty()) throw words_.expected("a net's name");
    bool bit = false;
    base_ = names_.mapped(words_.word(), words_.line(), &bit);
    const int64_t begun = words_.line();
    if (static_cast<size_t>(base_) >= net_of_.size()) net_of_.resize(static_cast<size_t>(names_.size()) * 2, -1);
    if (net_of_[static_cast<size_t>(base_)] >= 0)
      throw ParseError(begun, "net " + quoted(names_[base_]) + " is given twice", "check how the file was made");
    net_ = static_cast<int32_t>(net_names_.size());
    net_of_[static_cast<size_t>(base_)] = net_;
    net_names_.push_back(base_);
    out_.net_is_bus_bit.push_back(bit);
    out_.nets.add(names_[base_]);
    words_.next();
    const double total = value("capacitance") * pico_farad_;
    bool any_cap = false;
    while (words_.word() != "*END") {
      const std::string key(words_.word().substr(0, 16));
      if (words_.done()) throw ParseError(begun, "net " + quoted(names_[base_]) + " has no *END", kWholeSpef);
      words_.next();
      if (key == "*V") {
        words_.next();
      } else if (key == "*CONN") {
        connections();
      } else if (key == "*CAP") {
        while (!words_.done() && !at_keyword()) {
          capacitor();
          any_cap = true;
        }
      } else if (key == "*RES") {
        while (!words_.done() && !at_keyword()) resistor();
      } else if (key == "*INDUC") {
        out_.notes[kInductors].add(names_[base_]);
        while (!words_.done() && !at_keyword()) words_.next();
      } else {
        throw ParseError(words_.line(), "expected *CONN, *CAP, *RES or *END in net " + quoted(names_[base_]) +
                                            ", found " + quoted(key));
      }
    }
    words_.next();
    if (!any_cap && total > 0) lump(total);
    out_.node_ptr.push_back(static_cast<int64_t>(order_.size()));
    out_.resistor_ptr.push_back(static_cast<int64_t>(out_.resistor.size()));
  }

  // A net with a total and no network: all of it at its driver, or its first node.
  void lump(double total) {
    out_.notes[kLumpedNets].add(names_[base_]);
    const auto first = static_cast<size_t>(out_.node_ptr.back());
    if (first == order_.size()) return;
    size_t at = first;
    for (size_t i = first; i < order_.size(); ++i) {
      const Node& n = nodes_[static_cast<size_t>(order_[i])];
      if ((n.kind == kInstancePin && n.direction == 1) || (n.kind == kPort && n.direction == 0)) at = i;
    }
    out_.ground[at] = total;
  }

  void connections() {
    while (words_.word() == "*I" || words_.word() == "*P" || words_.word() == "*N") {
      const char kind = words_.word()[1];
      words_.next();
      const int32_t id = claim(node());
      Node& n = nodes_[static_cast<size_t>(id)];
      if (kind == 'I' && n.suffix < 0) throw words_.expected("a pin as INSTANCE:PIN after *I");
      n.kind = kind == 'I' ? kInstancePin : kind == 'P' ? kPort : kInternal;
      words_.next();
      if (kind != 'N') n.direction = direction();
      attributes(&n);
    }
  }

  void element_id() {
    const auto w = words_.word();
    if (w.empty() || !std::all_of(w.begin(), w.end(), is_digit)) throw words_.expected("an element's number");
    words_.next();
  }

  void resistor() {
    element_id();
    const int32_t a = claim(node());
    words_.next();
    const int32_t b = claim(node());
    words_.next();
    const double ohms = value("resistance");
    out_.resistor_a.push_back(nodes_[static_cast<size_t>(a)].place);
    out_.resistor_b.push_back(nodes_[static_cast<size_t>(b)].place);
    out_.resistor.push_back(ohms * kilo_ohm_);
  }

  void capacitor() {
    element_id();
    int32_t a = node();
    words_.next();
    double ignored;
    const auto w = words_.word();
    if (to_number(w.substr(0, w.find(':')), ignored)) {
      claim(a);
      out_.ground[static_cast<size_t>(nodes_[static_cast<size_t>(a)].place)] += value("capacitance") * pico_farad_;
      return;
    }
    int32_t b = node();
    if (!owned(a) && (owned(b) || nodes_[static_cast<size_t>(a)].net >= 0)) std::swap(a, b);
    claim(a);
    words_.next();
    const double pf = value("coupling capacitance") * pico_farad_;
    if (pf == 0 || a == b) return;
    const uint64_t lo = static_cast<uint32_t>(std::min(a, b)), hi = static_cast<uint32_t>(std::max(a, b));
    const auto [at, added] = pairs_.try_emplace(lo << 32 | hi, couplings_.size());
    if (added) couplings_.push_back({static_cast<int32_t>(lo), static_cast<int32_t>(hi)});
    Coupling& c = couplings_[at->second];
    const bool both = nodes_[static_cast<size_t>(b)].net == net_ || nodes_[static_cast<size_t>(b)].base == base_;
    for (const int side : {0, 1}) {
      if (both || (side == 0) == (a < b)) {
        c.side[side] += pf;
        c.listed[side] = true;
      }
    }
  }

  void finish() {
    std::vector<std::tuple<int32_t, int32_t, double>> kept;
    kept.reserve(couplings_.size());
    for (const Coupling& c : couplings_) {
      const Node &a = nodes_[static_cast<size_t>(c.a)], &b = nodes_[static_cast<size_t>(c.b)];
      const double pf = std::max(c.side[0], c.side[1]);
      if (a.place < 0 || b.place < 0) {
        out_.notes[kOutside].add(label(a.place < 0 ? c.a : c.b));
        out_.ground[static_cast<size_t>(a.place < 0 ? b.place : a.place)] += pf;
        continue;
      }
      if (!c.listed[0] || !c.listed[1] || std::abs(c.side[0] - c.side[1]) > 1e-6 * pf)
        out_.notes[kOneSided].add(label(c.a) + " " + label(c.b));
      const auto [lo, hi] = std::minmax(a.place, b.place);
      kept.push_back({lo, hi, pf});
    }
    std::sort(kept.begin(), kept.end());   // one order, whatever order the nets list them in
    for (const auto& [a, b, pf] : kept) {
      out_.coupling_a.push_back(a);
      out_.coupling_b.push_back(b);
      out_.coupling.push_back(pf);
    }
    net_of_.resize(static_cast<size_t>(names_.size()), -1);
    for (const int32_t id : order_) {
      Node& n = nodes_[static_cast<size_t>(id)];
      // Nodes that no *CONN lists: an internal one is called after its net.
      if (n.kind == kUnset)
        n.kind = n.suffix >= 0 && net_of_[static_cast<size_t>(n.base)] < 0 ? kInstancePin : kInternal;
      out_.nodes.add(label(id));
      out_.node_kind.push_back(n.kind);
      out_.node_direction.push_back(n.direction);
      if (out_.positions) {
        out_.node_x.push_back(n.x);
        out_.node_y.push_back(n.y);
      }
    }
  }

  Words<Comments::kSlashes> words_;
  SpefNames names_;
  int corner_;
  Spef out_;
  char delimiter_ = ':';
  double pico_farad_ = 1.0, kilo_ohm_ = 1e-3;
  std::vector<int32_t> net_of_;            // name -> net
  std::vector<int32_t> net_names_;         // net -> name
  std::unordered_map<uint64_t, int32_t, Mixed> ids_;
  std::vector<Node> nodes_;
  std::vector<int32_t> order_;             // nodes in the order of their nets
  std::unordered_map<uint64_t, size_t, Mixed> pairs_;
  std::vector<Coupling> couplings_;
  int32_t net_ = -1, base_ = -1;
};

}  // namespace

Spef parse_spef(std::string_view text, int corner) {
  refuse_nul(text, "SPEF");
  return SpefReader(text, corner).run();
}

}  // namespace hwdesign
