// Readers of LEF (cells' outlines and pins, routing layers) and DEF (placement, ports, connections).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "names.hpp"
#include "tables.hpp"
#include "words.hpp"

namespace hwdesign {

// Lengths in um, values as the file states them: ohm per square, pF per um^2, pF per um; names are ids, -1 for none.
struct Lef {
  NamePool names;
  std::vector<int32_t> layer_name;
  std::vector<int8_t> layer_kind, layer_direction;   // 0 routing 1 cut 2 other; 0 horizontal 1 vertical 2 other
  std::vector<double> layer_width, layer_pitch_x, layer_pitch_y, layer_resistance, layer_capacitance, layer_edge;
  std::vector<int32_t> macro_name, macro_class, macro_site;
  std::vector<double> macro_width, macro_height, macro_x, macro_y;
  std::vector<int64_t> pin_ptr{0}, shape_ptr{0};
  std::vector<int32_t> pin_name;
  std::vector<int8_t> pin_direction, pin_use;
  std::vector<int32_t> shape_layer;   // a name
  std::vector<double> shape_rect;     // four a shape
};

// Lengths in database units.
struct Def {
  NamePool names;
  int32_t design = -1;
  double units = 100;
  double die[4] = {0, 0, 0, 0};
  bool has_die = false;
  std::vector<int32_t> instance_name, instance_macro;
  std::vector<double> instance_x, instance_y;
  std::vector<int8_t> instance_orient, instance_status;   // status: 0 unplaced 1 placed 2 fixed 3 cover
  std::vector<int32_t> port_name, port_net;
  std::vector<int8_t> port_direction, port_use, port_status;
  std::vector<double> port_x, port_y;                     // of the first placement
  std::vector<int64_t> port_shape_ptr{0};
  std::vector<int32_t> port_shape_layer;
  std::vector<double> port_shape_rect;                    // placed
  std::vector<int32_t> net_name;
  std::vector<int64_t> net_ptr{0};
  std::vector<int32_t> net_instance, net_pin;             // -1 and a port's index, or an instance and a pin's name
  std::vector<int64_t> stated;                            // numbers of components, pins and nets that the file states
};

Lef parse_lef(std::string_view text);
Def parse_def(std::string_view text);

// Words of LEF and DEF, where a semicolon may stand at a word's end.
class LefWords : public Words<Comments::kHash> {
 public:
  using Words::Words;

  std::string_view next() {
    if (semicolon_) {
      semicolon_ = false;
      here_ = std::string_view(";");
      return here_;
    }
    here_ = Words::next();
    if (here_.size() > 1 && here_.back() == ';' && here_.front() != '"') {
      here_.remove_suffix(1);
      semicolon_ = true;
    }
    return here_;
  }
  std::string_view word() const { return here_; }
  bool done() const { return here_.empty(); }
  bool at_end() const { return here_ == ";" || here_.empty(); }

  ParseError expected(const std::string& wanted) const {
    return {line(), "expected " + wanted + ", found " + (done() ? "the end of the file" : quoted(here_))};
  }

  void skip_statement() {   // leaves the semicolon as the current word
    while (!at_end()) next();
  }
  void end_statement() {
    const int64_t begun = line();
    skip_statement();
    if (done()) throw ParseError(begun, "a statement has no ';'", "check that the file is whole");
  }
  double number() {   // the next word
    double value = 0;
    if (!to_number(next(), value) || !(value == value)) throw expected("a number");
    return value;
  }

 private:
  std::string_view here_;
  bool semicolon_ = false;
};

// The position of `word` in a list of keywords, `otherwise` where it is none of them.
template <size_t n>
int8_t keyword(std::string_view word, const std::string_view (&list)[n], int8_t otherwise) {
  for (size_t i = 0; i < n; ++i)
    if (word == list[i]) return static_cast<int8_t>(i);
  return otherwise;
}

inline constexpr std::string_view kPinDirections[] = {"INPUT", "OUTPUT", "INOUT", "FEEDTHRU"};
inline constexpr std::string_view kPinUses[] = {"SIGNAL", "CLOCK", "POWER", "GROUND", "ANALOG", "RESET", "SCAN",
                                                "TIEOFF"};

}  // namespace hwdesign
