// What a block of instances of the Newton mode is made of: its arrays, laid out for spice_newton_steps.hpp, and the
// junctions' characteristics.
#pragma once

#include <cmath>
#include <limits>
#include <utility>

#include "spice_newton_block.hpp"
#include "spice_runner.hpp"

namespace hwdesign::spice {
namespace {

class NewtonTables {
 protected:
  NewtonTables(const Plan& plan, const Shape& shape, const Values& values, int64_t first, int used)
      : plan_(plan), net_(plan.net), values_(values), lanes_(shape.lanes), first_(first), used_(used) {
    b_.linear = Block{};
    lay_out(shape);
    find_rows();
    for (int l = 0; l < lanes_; ++l) load(l);
  }
  NewtonTables(const NewtonTables&) = delete;

  int64_t instance(int lane) const { return first_ + std::min(lane, used_ - 1); }
  double value(const double* table, int64_t row, int lane) const {
    return table[row * values_.instances + instance(lane)];
  }
  int64_t at(int64_t element) const { return element * lanes_; }
  int64_t state(int32_t unknown) const { return at(unknown < 0 ? plan_.histories : plan_.history_of[unknown]); }
  double across(const Branch& b, const double* of, int lane) const {
    return of[state(b.a) + lane] - of[state(b.b) + lane];
  }

  void lay_out(const Shape& shape) {
    const auto junctions = static_cast<int64_t>(net_.junctions.size());
    const auto capacitors = static_cast<int64_t>(net_.capacitors.size());
    s_.resize(at(plan_.slots));
    Block& linear = b_.linear;
    linear.s = s_.data();
    linear.forward = shape.forward.runs.data();
    linear.forward_count = static_cast<int64_t>(shape.forward.runs.size());
    linear.forward_code = shape.forward.code.data();
    linear.backward = shape.backward.runs.data();
    linear.backward_count = static_cast<int64_t>(shape.backward.runs.size());
    linear.backward_code = shape.backward.code.data();
    linear.x = at(plan_.x), linear.y = at(plan_.y), linear.c = at(plan_.c);
    linear.pivot = shape.pivot.data(), linear.upper = shape.upper.data(), linear.lower = shape.lower.data();
    linear.update = shape.update.data();
    linear.first = plan_.lu.first.data(), linear.update_at = plan_.lu.update_at.data();
    linear.unknowns = net_.unknowns, linear.symmetric = plan_.symmetric;
    linear.factor = linear.s + at(plan_.factor), linear.base = linear.factor;
    linear.factor_doubles = at(plan_.factor_slots);
    b_.histories = plan_.histories, b_.junctions = junctions, b_.capacitors = capacitors;
    b_.history = linear.s + at(plan_.history), b_.history_doubles = at(plan_.history_slots);
    b_.capacitor_current = linear.s + at(plan_.c + plan_.junction_pad);
    b_.general = values_.general, b_.last_h = 1;
    b_.piece = [](void* owner, int64_t j) { static_cast<NewtonTables*>(owner)->piece(j); };
    b_.relation = [](void* owner, bool slopes) { static_cast<NewtonTables*>(owner)->relation(slopes); };
    for (const Branch& j : net_.junctions) {
      for (int32_t u : {j.a, j.b}) junction_slots_.push_back(at(u < 0 ? plan_.zero : plan_.x + plan_.x_of[u]));
      for (int32_t u : {j.a, j.b}) junction_slots_.push_back(at(u < 0 ? plan_.zero : plan_.y + plan_.history_of[u]));
    }
    for (const auto* branches : {&net_.junctions, &net_.capacitors}) {
      for (const Branch& b : *branches) states_.insert(states_.end(), {state(b.a), state(b.b)});
    }
    for (const Plan::Stamp& stamp : plan_.junction_stamp) {
      for (int32_t slot : stamp.slot) junction_stamp_.push_back(slot < 0 ? -1 : at(slot));
    }
    b_.junction_slots = junction_slots_.data(), b_.junction_states = states_.data();
    b_.junction_stamp = junction_stamp_.data(), b_.capacitor_states = states_.data() + 2 * junctions;
    region_.assign(at(junctions), 0);
    const auto noises = static_cast<int64_t>(plan_.noise_pad);
    const std::vector<std::pair<double**, int64_t>> arrays = {
        {&b_.base, plan_.factor_slots}, {&b_.x, plan_.histories + 1}, {&b_.rate, plan_.histories + 1},
        {&b_.new_rate, plan_.histories + 1}, {&b_.old_x, plan_.histories + 1},
        {&b_.ic, junctions}, {&b_.cap, junctions},
        {&b_.conductance, junctions}, {&b_.transition, junctions}, {&b_.low, junctions}, {&b_.high, junctions},
        {&b_.junction_rate, junctions}, {&b_.junction_acceleration, junctions}, {&b_.junction_old_rate, junctions},
        {&b_.guess, junctions}, {&b_.fixed, junctions}, {&b_.linear_part, junctions}, {&b_.current, junctions},
        {&b_.slope, junctions}, {&b_.factored_at, junctions}, {&b_.share, junctions}, {&b_.half_turns, junctions},
        {&b_.capacitance, capacitors},
        {&b_.capacitor_counts, capacitors}, {&b_.capacitor_rate, capacitors}, {&b_.capacitor_acceleration, capacitors},
        {&noise_from_, noises}, {&noise_to_, noises}, {&amplitude_, noises},
        {&base_part_[0], plan_.factor_slots}, {&base_part_[1], plan_.factor_slots},
        {&base_part_[2], plan_.factor_slots}, {&base_part_[3], plan_.factor_slots},
        {&history_part_[0], plan_.history_slots}, {&history_part_[1], plan_.history_slots},
        {&history_part_[2], plan_.history_slots}};
    int64_t total = 0;
    for (const auto& [place, count] : arrays) total += at(count);
    memory_.resize(total);
    double* next = memory_.data();
    for (const auto& [place, count] : arrays) {
      *place = next;
      next += at(count);
    }
  }

  void stamp(const int32_t* slots, int32_t origin, int lane, double* to, double value) const {
    for (int k = 0; k < 4; ++k) {
      if (slots[k] >= 0) to[at(slots[k] - origin) + lane] += k < 2 ? value : -value;
    }
  }

  // One instance's values.
  void load(int l) {
    b_.live[l] = l < used_;
    s_.data()[at(plan_.one) + l] = 1;
    s_.data()[at(plan_.minus_one) + l] = -1;
    auto coefficient = [&](int power, int32_t slot, double v) {
      if (slot >= 0) base_part_[power][at(slot - plan_.factor) + l] += v;
      uses_[power] |= v != 0;
    };
    for (size_t e = 0; e < net_.a0.size(); ++e) {
      coefficient(net_.rate[net_.a0[e].row] ? 0 : 1, plan_.a0_slot[e], value(values_.a0, e, l));
    }
    for (size_t e = 0; e < net_.a1.size(); ++e) {
      const int power = net_.rate[net_.a1[e].row] ? 1 : 2;
      const double v = value(values_.a1, e, l);
      coefficient(power, plan_.a1_slot[e], v);
      history_part_[power - 1][at(plan_.a1_history[e] - plan_.history) + l] += v;
      const int32_t row = row_of_[net_.a1[e].row];
      if (row < 0) continue;
      const double size = row_size_[at(row) + l];
      row_weight_.data()[at(row_entry_[e]) + l] = size > 0 ? v / size : 0.0;
    }
    for (size_t e = 0; e < net_.capacitors.size(); ++e) {
      const double v = value(values_.capacitance, e, l);
      stamp(plan_.capacitor_stamp[e].slot, plan_.factor, l, base_part_[3], v);
      stamp(plan_.capacitor_stamp[e].history, plan_.history, l, history_part_[2], v);
      b_.capacitance[at(e) + l] = v;
      b_.capacitor_counts[at(e) + l] = v > 0;
    }
    for (size_t p = 0; p < net_.ports.size(); ++p) {
      stamp(plan_.port_stamp[p].slot, plan_.factor, l, base_part_[2], value(values_.port, p, l));
    }
    for (size_t j = 0; j < net_.junctions.size(); ++j) {
      const int64_t k = at(j) + l;
      b_.ic[k] = value(values_.ic, j, l);
      b_.cap[k] = value(values_.cap, j, l);
      b_.conductance[k] = conductance(j, l);
      b_.low[k] = -1;
      b_.high[k] = value(values_.rate_low, j, l);
      b_.half_turns[k] = kMagic;
    }
    for (size_t e = 0; e < net_.noise.size(); ++e) amplitude_[at(e) + l] = value(values_.noise, e, l);
    uses_[2] |= !net_.ports.empty();
    uses_[3] |= !net_.capacitors.empty();
    for (int k = 0; k < 4; ++k) {
      const bool needed = k == 1 || k == 2 || uses_[k];
      b_.base_powers.part[k] = needed ? base_part_[k] : nullptr;
      b_.history_powers.part[k] = needed && k > 0 ? history_part_[k - 1] : nullptr;
    }
  }

  // Rows of resistors, and the sums on their diagonals.
  void find_rows() {
    row_of_.assign(net_.unknowns, -1);
    row_entry_.assign(net_.a1.size(), -1);
    int32_t rows = 0;
    for (const Entry& entry : net_.a1) {
      if (entry.row == entry.col && !net_.rate[entry.row] && row_of_[entry.row] < 0) row_of_[entry.row] = rows++;
    }
    row_size_.assign(at(rows), 0.0);
    for (size_t e = 0; e < net_.a1.size(); ++e) {
      const Entry& entry = net_.a1[e];
      const int32_t row = row_of_[entry.row];
      if (row < 0) continue;
      for (int l = 0; entry.row == entry.col && l < lanes_; ++l) {
        row_size_[at(row) + l] += std::fabs(value(values_.a1, e, l));
      }
      row_entry_[e] = static_cast<int64_t>(row_at_.size());
      row_at_.push_back(at(row));
      row_state_.push_back(state(entry.col));
    }
    row_weight_.resize(at(static_cast<int64_t>(row_at_.size())));
    const int64_t count = at(b_.junctions + b_.capacitors + rows);
    monitor_.resize(3 * count);
    b_.rows = rows, b_.row_entries = static_cast<int64_t>(row_at_.size());
    b_.row_of = row_at_.data(), b_.state_of = row_state_.data(), b_.row_weight = row_weight_.data();
    b_.monitor = monitor_.data(), b_.monitor_new = b_.monitor + count, b_.monitor_before = b_.monitor_new + count;
  }

  double conductance(size_t j, int l) const {
    const int64_t row = region_[at(j) + l] * b_.junctions + static_cast<int64_t>(j);
    return value(values_.conductance, row, l) + value(values_.shunt, j, l);
  }

  void piece(int64_t j) {
    b_.factored = 0;
    for (int l = 0; l < lanes_; ++l) {
      const int64_t k = at(j) + l;
      const double size = std::fabs(b_.junction_rate[k] + b_.past * b_.h * b_.junction_acceleration[k]);
      const double low = value(values_.rate_low, j, l), high = value(values_.rate_high, j, l);
      const int region = size < low ? 0 : size < high ? 1 : 2;
      region_[k] = static_cast<int8_t>(region);
      b_.low[k] = region == 0 ? -1.0 : region == 1 ? low : high;
      b_.high[k] = region == 0 ? low : region == 1 ? high : std::numeric_limits<double>::infinity();
      b_.conductance[k] = conductance(j, l);
      b_.transition[k] = region == 1 ? value(values_.transition, j, l) : 0.0;
    }
  }

  // Supercurrents, and their slopes, that are no plain sine.
  void relation(bool slopes) {
    constexpr double kDelta = 1e-6;
    for (int64_t j = 0; j < b_.junctions; ++j) {
      for (int l = 0; l < lanes_; ++l) {
        const int64_t k = at(j) + l;
        b_.current[k] = b_.ic[k] * shape(j, l, b_.guess[k]);
        if (!slopes) continue;
        b_.slope[k] = b_.ic[k] * (shape(j, l, b_.guess[k] + kDelta) - shape(j, l, b_.guess[k] - kDelta)) / (2 * kDelta);
      }
    }
  }

  double supercurrent(int64_t j, int l, double phase) const {
    return b_.ic[at(j) + l] * (values_.general ? shape(j, l, phase) : std::sin(phase));
  }

  double shape(int64_t j, int l, double at_phase) const {
    const double phase = at_phase - value(values_.phase_offset, j, l);
    const double scale = value(values_.gap, 2 * b_.junctions + j, l);
    double sum = 0, half = 0;
    for (int32_t h = 0; h < values_.harmonic_count; ++h) {
      const double weight = value(values_.harmonics, h * b_.junctions + j, l);
      sum += weight * std::sin((h + 1) * phase);
      half += weight * std::sin((h + 1) * phase / 2);
    }
    if (!(scale > 0)) return sum;
    const double root = std::sqrt(1 - value(values_.gap, j, l) * half * half);
    return sum * scale * std::tanh(value(values_.gap, b_.junctions + j, l) * root) / root;
  }

  const Plan& plan_;
  const Network& net_;
  const Values& values_;
  const int lanes_;
  const int64_t first_;
  const int used_;
  NewtonBlock b_{};
  std::vector<int8_t> region_;
  double *noise_from_, *noise_to_, *amplitude_;

 private:
  double *base_part_[4], *history_part_[3];
  bool uses_[4] = {};
  Aligned<double> s_, memory_, monitor_, row_weight_;
  std::vector<int64_t> junction_slots_, states_, junction_stamp_, row_entry_, row_at_, row_state_;
  std::vector<int32_t> row_of_;
  std::vector<double> row_size_;
};

}  // namespace
}  // namespace hwdesign::spice
