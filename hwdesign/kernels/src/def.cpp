#include <algorithm>
#include <cmath>

#include "lefdef.hpp"

namespace hwdesign {
namespace {

constexpr std::string_view kOrients[] = {"N", "W", "S", "E", "FN", "FW", "FS", "FE"};
constexpr std::string_view kStatus[] = {"UNPLACED", "PLACED", "FIXED", "COVER"};
constexpr double kLargest = 4e15;   // beyond it a double no longer holds every integer

class DefReader {
 public:
  explicit DefReader(std::string_view text) : words_(text) {
    out_.names.reserve(text.size() / 40, text.size() / 8);
    const size_t rows = text.size() / 120;
    out_.instance_name.reserve(rows);
    out_.instance_macro.reserve(rows);
    out_.stated.assign(3, -1);
  }

  Def run() {
    bool ended = false;
    for (words_.next(); !words_.done() && !ended; words_.next()) {
      const auto w = words_.word();
      if (w == "DESIGN") {
        words_.next();
        out_.design = name("DESIGN");
      } else if (w == "DIVIDERCHAR") {
        const auto mark = unquoted(words_.next());
        if (mark.size() != 1) throw words_.expected("one character in quotes");
        divider_ = mark[0];
      } else if (w == "BUSBITCHARS") {
        const auto marks = unquoted(words_.next());
        if (marks.size() != 2) throw words_.expected("two characters in quotes");
        open_ = marks[0];
        close_ = marks[1];
      } else if (w == "UNITS") {
        words_.next();   // DISTANCE
        words_.next();   // MICRONS
        out_.units = words_.number();
        if (!(out_.units > 0)) throw words_.expected("a positive number of units a micron");
      } else if (w == "DIEAREA") {
        die();
      } else if (w == "COMPONENTS") {
        rows(0, "COMPONENTS", [this] { component(); });
        continue;
      } else if (w == "PINS") {
        rows(1, "PINS", [this] { port(); });
        continue;
      } else if (w == "NETS") {
        rows(2, "NETS", [this] { net(); });
        continue;
      } else if (w == "END") {
        ended = words_.next() == "DESIGN";
        continue;
      } else if (w == "BEGINEXT") {
        while (!words_.done() && words_.word() != "ENDEXT") words_.next();
        continue;
      }
      words_.end_statement();
    }
    if (!ended) throw ParseError(words_.line(), "the file has no END DESIGN", "check that it is a whole DEF file");
    return std::move(out_);
  }

 private:
  // `SECTION count ;` and `- ... ;` rows to `END SECTION`.
  template <typename Row>
  void rows(size_t which, const char* section, Row row) {
    const int64_t begun = words_.line();
    out_.stated[which] = static_cast<int64_t>(std::clamp(words_.number(), 0.0, kLargest));
    words_.end_statement();
    while (words_.next() != "END") {
      if (words_.done())
        throw ParseError(begun, std::string(section) + " has no END", "check that the file is whole");
      if (words_.word() != "-") throw words_.expected(std::string("'-' or 'END ") + section + "'");
      words_.next();
      row();
      words_.end_statement();
    }
    if (words_.next() != section) throw words_.expected(section);
  }

  int32_t name(const char* of) {   // the current word
    if (words_.at_end()) throw words_.expected(std::string("the name of a ") + of);
    const auto w = words_.word();
    if (w.find('\\') == std::string_view::npos && divider_ == '/' && open_ == '[') return intern(w);
    plain_.clear();
    for (size_t i = 0; i < w.size(); ++i) {
      const char c = w[i];
      if (c == '\\' && i + 1 < w.size()) {
        plain_ += w[++i];
      } else {
        plain_ += c == divider_ ? '/' : c == open_ ? '[' : c == close_ ? ']' : c;
      }
    }
    return intern(plain_);
  }

  int32_t intern(std::string_view w) {
    const int32_t before = out_.names.size(), id = out_.names.intern(w);
    if (id == before) check_utf8(w, words_.line());
    return id;
  }

  std::string shown(int32_t id) const { return quoted(out_.names[id]); }

  // `( x y )`; a `*` repeats the last coordinate. The current word is what precedes it.
  void point(double& x, double& y) {
    if (words_.next() != "(") throw words_.expected("'('");
    for (double* to : {&x, &y}) {
      if (words_.next() == "*") continue;
      if (!to_number(words_.word(), *to) || !(std::abs(*to) <= kLargest)) throw words_.expected("a coordinate");
    }
    while (words_.next() != ")")
      if (words_.at_end()) throw words_.expected("')'");
  }

  void die() {
    double x = 0, y = 0;
    while (words_.next() == "(") {
      if (!to_number(words_.next(), x)) throw words_.expected("a coordinate");
      if (!to_number(words_.next(), y)) throw words_.expected("a coordinate");
      if (words_.next() != ")") throw words_.expected("')'");
      double* d = out_.die;
      if (!out_.has_die) {
        d[0] = d[2] = x;
        d[1] = d[3] = y;
      }
      out_.has_die = true;
      d[0] = std::min(d[0], x);
      d[1] = std::min(d[1], y);
      d[2] = std::max(d[2], x);
      d[3] = std::max(d[3], y);
    }
  }

  int8_t orient() {
    const int8_t found = keyword(words_.next(), kOrients, -1);
    if (found < 0) throw words_.expected("an orientation, one of N W S E FN FW FS FE");
    return found;
  }

  static void grow(std::vector<int32_t>& ids, int32_t at) {
    if (static_cast<size_t>(at) >= ids.size()) ids.resize(static_cast<size_t>(at) * 3 / 2 + 64, -1);
  }

  void component() {
    const int64_t line = words_.line();
    const int32_t id = name("component");
    grow(instance_of_, id);
    if (instance_of_[static_cast<size_t>(id)] >= 0)
      throw ParseError(line, "component " + shown(id) + " is given twice");
    instance_of_[static_cast<size_t>(id)] = static_cast<int32_t>(out_.instance_name.size());
    words_.next();
    const int32_t macro = name("macro");
    double x = 0, y = 0;
    int8_t status = 0, turned = 0;
    while (!words_.at_end()) {
      if (words_.word() != "+") {
        words_.next();
        continue;
      }
      const int8_t found = keyword(words_.next(), kStatus, -1);
      if (found < 0) continue;
      status = found;
      if (status > 0) {
        point(x, y);
        turned = orient();
      }
    }
    out_.instance_name.push_back(id);
    out_.instance_macro.push_back(macro);
    out_.instance_x.push_back(x);
    out_.instance_y.push_back(y);
    out_.instance_orient.push_back(turned);
    out_.instance_status.push_back(status);
  }

  // A port's shapes turn about its own origin.
  static void turn(int8_t orient, double& x, double& y) {
    const double a = x, b = y;
    switch (orient) {
      case 1: x = -b, y = a; break;
      case 2: x = -a, y = -b; break;
      case 3: x = b, y = -a; break;
      case 4: x = -a; break;
      case 5: x = b, y = a; break;
      case 6: y = -b; break;
      case 7: x = -b, y = -a; break;
      default: break;
    }
  }

  void port() {
    const int64_t line = words_.line();
    const int32_t id = name("pin");
    grow(port_of_, id);
    if (port_of_[static_cast<size_t>(id)] >= 0) throw ParseError(line, "pin " + shown(id) + " is given twice");
    port_of_[static_cast<size_t>(id)] = static_cast<int32_t>(out_.port_name.size());
    int32_t net = -1;
    int8_t direction = -1, use = 0, status = 0;
    double at_x = 0, at_y = 0;
    std::vector<int32_t> layers;      // shapes that wait for their placement
    std::vector<double> boxes;
    while (!words_.at_end()) {
      if (words_.word() != "+") {
        words_.next();
        continue;
      }
      const auto w = words_.next();
      if (w == "NET") {
        words_.next();
        net = name("net");
      } else if (w == "DIRECTION") {
        direction = keyword(words_.next(), kPinDirections, -1);
      } else if (w == "USE") {
        use = keyword(words_.next(), kPinUses, 0);
      } else if (w == "LAYER" || w == "POLYGON") {
        words_.next();
        layers.push_back(name("layer"));
        double box[4] = {0, 0, 0, 0}, x = 0, y = 0;
        bool first = true;
        while (words_.next() != "+" && !words_.at_end()) {
          if (words_.word() != "(") continue;   // MASK, SPACING, DESIGNRULEWIDTH
          for (double* to : {&x, &y}) {
            if (words_.next() == "*") continue;
            if (!to_number(words_.word(), *to) || !(std::abs(*to) <= kLargest)) throw words_.expected("a coordinate");
          }
          box[0] = first ? x : std::min(box[0], x);
          box[1] = first ? y : std::min(box[1], y);
          box[2] = first ? x : std::max(box[2], x);
          box[3] = first ? y : std::max(box[3], y);
          first = false;
        }
        boxes.insert(boxes.end(), box, box + 4);
      } else if (const int8_t found = keyword(w, kStatus, -1); found > 0) {
        double x = 0, y = 0;
        point(x, y);
        const int8_t turned = orient();
        if (status == 0) {
          at_x = x;
          at_y = y;
        }
        status = found;
        for (size_t i = 0; i < layers.size(); ++i) {
          double* b = &boxes[4 * i];
          turn(turned, b[0], b[1]);
          turn(turned, b[2], b[3]);
          out_.port_shape_layer.push_back(layers[i]);
          for (const double value : {std::min(b[0], b[2]) + x, std::min(b[1], b[3]) + y, std::max(b[0], b[2]) + x,
                                     std::max(b[1], b[3]) + y})
            out_.port_shape_rect.push_back(value);
        }
        layers.clear();
        boxes.clear();
      }
    }
    out_.port_name.push_back(id);
    out_.port_net.push_back(net);
    out_.port_direction.push_back(direction);
    out_.port_use.push_back(use);
    out_.port_status.push_back(status);
    out_.port_x.push_back(at_x);
    out_.port_y.push_back(at_y);
    out_.port_shape_ptr.push_back(static_cast<int64_t>(out_.port_shape_layer.size()));
  }

  int32_t find(const std::vector<int32_t>& of, int32_t id, const char* what) const {
    const int32_t found = static_cast<size_t>(id) < of.size() ? of[static_cast<size_t>(id)] : -1;
    if (found < 0)
      throw ParseError(words_.line(), "net " + shown(out_.net_name.back()) + " connects the " + what + " " + shown(id) +
                                          ", which the file does not hold",
                       "check that the file is whole");
    return found;
  }

  void net() {
    out_.net_name.push_back(name("net"));
    for (words_.next(); words_.word() == "("; words_.next()) {
      words_.next();
      const int32_t owner = name("component");
      const bool port = out_.names[owner] == "PIN";
      words_.next();
      const int32_t pin = name("pin");
      while (words_.next() != ")")   // + SYNTHESIZED
        if (words_.at_end()) throw words_.expected("')'");
      if (out_.names[owner] == "*")
        throw NotSupported(words_.line(), "net " + shown(out_.net_name.back()) + " connects a pin of all components",
                           "write the connections one by one");
      out_.net_instance.push_back(port ? -1 : find(instance_of_, owner, "component"));
      out_.net_pin.push_back(port ? find(port_of_, pin, "pin") : pin);
    }
    out_.net_ptr.push_back(static_cast<int64_t>(out_.net_pin.size()));
  }

  LefWords words_;
  Def out_;
  char divider_ = '/', open_ = '[', close_ = ']';
  std::vector<int32_t> instance_of_, port_of_;   // name -> row
  std::string plain_;
};

}  // namespace

Def parse_def(std::string_view text) {
  refuse_nul(text, "DEF");
  return DefReader(text).run();
}

}  // namespace hwdesign
