#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "lefdef.hpp"

namespace hwdesign {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kLargest = 1e9;   // um, or any other quantity of a LEF file
constexpr std::string_view kLayerKinds[] = {"ROUTING", "CUT"};
constexpr std::string_view kLayerDirections[] = {"HORIZONTAL", "VERTICAL"};

class LefReader {
 public:
  explicit LefReader(std::string_view text) : words_(text) {}

  Lef run() {
    for (words_.next(); !words_.done(); words_.next()) {
      const auto w = words_.word();
      if (w == "LAYER") {
        layer();
      } else if (w == "MACRO") {
        macro();
      } else if (w == "END" ) {
        if (words_.next() == "LIBRARY") break;
      } else if (w == "VIA" || w == "VIARULE" || w == "SITE" || w == "NONDEFAULTRULE" || w == "ARRAY") {
        skip_block(std::string(words_.next()));
      } else if (w == "UNITS" || w == "PROPERTYDEFINITIONS" || w == "SPACING" || w == "NOISETABLE") {
        skip_block(std::string(w));
      } else if (w == "BEGINEXT") {
        while (!words_.done() && words_.word() != "ENDEXT") words_.next();
      } else {
        words_.end_statement();
      }
    }
    if (out_.layer_name.empty() && out_.macro_name.empty())
      throw ParseError(words_.line(), "the file holds no LAYER and no MACRO", "check that it is a LEF file");
    return std::move(out_);
  }

 private:
  // To `END name`, whatever stands between.
  void skip_block(const std::string& name) {
    const int64_t begun = words_.line();
    while (!words_.done()) {
      if (words_.word() == "END" && words_.next() == name) return;
      words_.next();
    }
    throw unfinished(begun, name);
  }

  static ParseError unfinished(int64_t line, std::string_view name) {
    return {line, quoted(name) + " has no END", "check that the file is whole"};
  }

  int32_t name(const char* of) {   // the current word
    const auto w = words_.word();
    if (words_.at_end()) throw words_.expected(std::string("the name of a ") + of);
    check_utf8(w, words_.line());
    return out_.names.intern(unquoted(w));
  }

  double bounded() {
    const double value = words_.number();
    if (std::abs(value) > kLargest) throw too_large();
    return value;
  }

  ParseError too_large() const {
    return {words_.line(), "the value " + quoted(words_.word()) + " is larger than 1e9"};
  }

  double not_negative() {
    const double value = bounded();
    if (value < 0) throw ParseError(words_.line(), "the value " + quoted(words_.word()) + " is negative");
    return value;
  }

  void layer() {
    words_.next();
    const std::string title(words_.word());
    const int64_t begun = words_.line();
    const int32_t id = name("LAYER");
    int8_t kind = 2, direction = 2;
    double width = kNone, pitch_x = kNone, pitch_y = kNone, resistance = kNone, capacitance = kNone, edge = kNone;
    while (true) {
      const auto w = words_.next();
      if (words_.done()) throw unfinished(begun, title);
      if (w == "END") {
        if (words_.next() != title) throw words_.expected("'END " + title + "'");
        break;
      }
      if (w == "TYPE") {
        kind = keyword(words_.next(), kLayerKinds, 2);
      } else if (w == "DIRECTION") {
        direction = keyword(words_.next(), kLayerDirections, 2);
      } else if (w == "WIDTH") {
        width = not_negative();
      } else if (w == "PITCH") {
        pitch_x = pitch_y = not_negative();
        if (words_.next() != ";") {
          if (!to_number(words_.word(), pitch_y)) throw words_.expected("a number");
        }
      } else if (w == "RESISTANCE") {
        // A routing layer's is RPERSQ, a cut layer's that of one via.
        if (kind == 1) {
          resistance = not_negative();
        } else if (words_.next() == "RPERSQ" && words_.next() != "PWL") {
          if (!to_number(words_.word(), resistance) || !(resistance >= 0)) throw words_.expected("a resistance");
        }
      } else if (w == "CAPACITANCE") {
        if (words_.next() == "CPERSQDIST" && words_.next() != "PWL") {
          if (!to_number(words_.word(), capacitance) || !(capacitance >= 0)) throw words_.expected("a capacitance");
        }
      } else if (w == "EDGECAPACITANCE") {
        edge = not_negative();
      }
      words_.end_statement();
    }
    if (!layers_.insert(id).second) return;   // a technology file repeated in the cells' file
    out_.layer_name.push_back(id);
    out_.layer_kind.push_back(kind);
    out_.layer_direction.push_back(direction);
    out_.layer_width.push_back(width);
    out_.layer_pitch_x.push_back(pitch_x);
    out_.layer_pitch_y.push_back(pitch_y);
    out_.layer_resistance.push_back(resistance);
    out_.layer_capacitance.push_back(capacitance);
    out_.layer_edge.push_back(edge);
  }

  void macro() {
    words_.next();
    const std::string title(words_.word());
    const int64_t begun = words_.line();
    const int32_t id = name("MACRO");
    if (!macros_.insert(id).second) throw ParseError(begun, "macro " + quoted(title) + " is defined twice");
    int32_t klass = -1, site = -1;
    double width = kNone, height = kNone, x = 0, y = 0;
    std::unordered_set<int32_t> pins;
    while (true) {
      const auto w = words_.next();
      if (words_.done()) throw unfinished(begun, title);
      if (w == "END") {
        if (words_.next() != title) throw words_.expected("'END " + title + "'");
        break;
      }
      if (w == "PIN") {
        pin(pins, title);
        continue;
      }
      if (w == "OBS" || w == "DENSITY" || w == "TIMING") {
        const std::string block(w);
        while (!words_.done() && words_.word() != "END") words_.next();
        if (block == "TIMING") words_.next();
        continue;
      }
      if (w == "CLASS") {
        words_.next();
        klass = name("CLASS");
      } else if (w == "SITE") {
        words_.next();
        site = name("SITE");
      } else if (w == "ORIGIN") {
        x = bounded();
        y = bounded();
      } else if (w == "SIZE") {
        width = not_negative();
        if (words_.next() != "BY") throw words_.expected("BY");
        height = not_negative();
      }
      words_.end_statement();
    }
    if (!(width == width)) throw ParseError(begun, "macro " + quoted(title) + " has no SIZE", "add 'SIZE w BY h ;'");
    out_.macro_name.push_back(id);
    out_.macro_class.push_back(klass);
    out_.macro_site.push_back(site);
    out_.macro_width.push_back(width);
    out_.macro_height.push_back(height);
    out_.macro_x.push_back(x);
    out_.macro_y.push_back(y);
    out_.pin_ptr.push_back(static_cast<int64_t>(out_.pin_name.size()));
  }

  void pin(std::unordered_set<int32_t>& known, const std::string& macro) {
    words_.next();
    const std::string title(words_.word());
    const int64_t begun = words_.line();
    const int32_t id = name("PIN");
    if (!known.insert(id).second)
      throw ParseError(begun, "macro " + quoted(macro) + " has the pin " + quoted(title) + " twice");
    int8_t direction = 0, use = 0;
    while (true) {
      const auto w = words_.next();
      if (words_.done()) throw unfinished(begun, title);
      if (w == "END") {
        if (words_.next() != title) throw words_.expected("'END " + title + "'");
        break;
      }
      if (w == "PORT") {
        port(begun, title);
        continue;
      }
      if (w == "DIRECTION") {
        direction = keyword(words_.next(), kPinDirections, 0);
      } else if (w == "USE") {
        use = keyword(words_.next(), kPinUses, 0);
      }
      words_.end_statement();
    }
    out_.pin_name.push_back(id);
    out_.pin_direction.push_back(direction);
    out_.pin_use.push_back(use);
    out_.shape_ptr.push_back(static_cast<int64_t>(out_.shape_layer.size()));
  }

  void port(int64_t begun, const std::string& title) {
    int32_t layer = -1;
    double width = 0;
    while (true) {
      const auto w = words_.next();
      if (words_.done()) throw unfinished(begun, title);
      if (w == "END") return;
      if (w == "LAYER") {
        words_.next();
        layer = name("LAYER");
      } else if (w == "WIDTH") {
        width = not_negative();
      } else if (w == "RECT" || w == "POLYGON" || w == "PATH") {
        shape(layer, w == "PATH" ? 0.5 * width : 0.0, w == "RECT");
      }
      words_.end_statement();
    }
  }

  // The bounding box of a rectangle, a polygon or a path.
  void shape(int32_t layer, double grow, bool rectangle) {
    if (layer < 0) throw ParseError(words_.line(), "a shape has no LAYER before it");
    double box[4] = {kNone, kNone, kNone, kNone}, step[4] = {1, 1, 0, 0};
    int count = 0;
    double value = 0;
    while (!words_.at_end()) {
      const auto w = words_.next();
      if (w == "MASK") {
        words_.next();
      } else if (w == "DO") {   // DO nx BY ny STEP dx dy
        step[0] = bounded();
        words_.next();
        step[1] = bounded();
        words_.next();
        step[2] = bounded();
        step[3] = bounded();
      } else if (to_number(w, value) && value == value) {
        if (std::abs(value) > kLargest) throw too_large();
        double& lo = box[count % 2];
        double& hi = box[2 + count % 2];
        lo = count < 2 ? value : std::min(lo, value);
        hi = count < 2 ? value : std::max(hi, value);
        ++count;
      } else if (w != "ITERATE" && w != "(" && w != ")" && !words_.at_end()) {
        throw words_.expected("a number");
      }
    }
    if (count % 2 != 0 || (rectangle && count != 4) || count < 2)
      throw ParseError(words_.line(), "a shape has " + std::to_string(count) + " coordinates");
    for (const int axis : {0, 1}) {
      const double more = (std::max(step[axis], 1.0) - 1) * step[2 + axis];
      box[axis] += std::min(more, 0.0) - grow;
      box[2 + axis] += std::max(more, 0.0) + grow;
    }
    out_.shape_layer.push_back(layer);
    out_.shape_rect.insert(out_.shape_rect.end(), box, box + 4);
  }

  LefWords words_;
  Lef out_;
  std::unordered_set<int32_t> layers_, macros_;
};

}  // namespace

Lef parse_lef(std::string_view text) {
  refuse_nul(text, "LEF");
  return LefReader(text).run();
}

}  // namespace hwdesign
