// Adaptive trapezoidal integration of a block of instances, the junctions' currents solved for by Newton's method: no
// energy is lost to the method, and the error of each step is bounded. The instances of a block share their steps.
#pragma once

#include <array>
#include <deque>

#include "spice_newton_tables.hpp"

namespace hwdesign::spice {
namespace {

constexpr double kSmallest = 1e-6;     // of the print step
constexpr int64_t kMaxForced = 10000;  // steps in a row that are too large and yet the smallest
// Rate of a phase, rad/s, that no junction has: 10 V. What reaches it grows without bound, and would turn millions of
// times on its way out of the numbers.
constexpr double kRunaway = 3e16;
// What a step after a kink is of the one before. Much shorter ones would lose the inductors beside the capacitors in
// the rounding of the matrix.
constexpr double kShort = 3e-3;

// Steps are the print step divided by powers of the fourth root of two: one that stays as it is needs no new matrix.
// A dead band would do as much, but steps that depend on earlier ones let the energy drift.
constexpr double kRungs = 4;

class NewtonRunner : NewtonTables {
 public:
  NewtonRunner(const Plan& plan, const Shape& shape, const NewtonSteps& steps, const Values& values,
               const std::vector<Wave>& waves, const NewtonOptions& options, NewtonResult& result, int64_t first,
               int used)
      : NewtonTables(plan, shape, values, first, used), steps_(steps), waves_(waves), options_(options),
        result_(result), cursor_(waves.size(), 0), wave_(waves.size(), 0.0), sent_(net_.ports.size()),
        seen_(net_.ports.size()) {
    b_.tolerance = options.tolerance;
    b_.owner = static_cast<NewtonTables*>(this);
    b_.turn = [](void* owner, int64_t j) { static_cast<NewtonRunner*>(static_cast<NewtonTables*>(owner))->turn(j); };
    find_waves();
  }

  std::vector<Pulse>& pulses() { return pulses_; }

  void run(Stop& stop, int thread) {
    const double print = options_.step;
    double h = 0.1 * kShort * print;
    time_ = -options_.settle - h;  // the first step, of no weight, ends where time begins
    int64_t row = 0;
    // After a kink voltages across inductors jump, and the past tells nothing of the future: two backward Euler steps,
    // so short that their error counts for nothing, find the new rates.
    int sharp = 2;
    double resumed = 0;  // the step before a jump of the noise, which says nothing against it
    int64_t forced = 0;
    draw_noise();
    while (row < options_.rows) {
      const double target = time_ < -1e-9 * print ? std::min(0.0, (std::floor(time_ / print + 1e-9) + 1) * print)
                                                  : static_cast<double>(row) * print;
      if (time_ >= target - 1e-9 * print && time_ > -1e-9 * print) {
        record(row++);
        continue;
      }
      double most = next_kink(time_, target) - time_;
      if (!(most > 0)) most = 1e-3 * print;
      double now = std::min(h, most);
      if (now > 0.7 * most && now < most) now = 0.5 * most;  // no sliver is left
      const bool solved = try_step(now, sharp > 0);
      const double error = !solved ? 1e9 : sharp ? 0.0 : largest_error();
      if (error > options_.tolerance && now > kSmallest * print) {
        h = now * (solved ? std::clamp(0.8 * std::cbrt(options_.tolerance / error), 0.2, 0.8) : 0.25);
        continue;
      }
      if ((++tries_ & 63) == 0 && stop(thread)) return;
      forced = error > options_.tolerance ? forced + 1 : 0;
      if (!fail_lanes(solved, forced > kMaxForced, sharp == 0)) return;
      if (!solved) continue;
      const bool at_kink = now == most && time_ + now < target - 1e-9 * print;
      accept(now, at_kink ? next_kink(time_, target) : now == most ? target : time_ + now);
      const bool was_sharp = sharp > 0, jumped = draw_noise();
      sharp = std::max(0, sharp - 1);
      if (at_kink || jumped || kink_at(time_)) {
        // Noise may jump again before the steps have grown to what they were.
        resumed = jumped ? std::max(h, resumed) : 0;
        sharp = 2;
        h = kShort * std::max({h, resumed, 0.01 * print});
        continue;
      }
      if (was_sharp) {
        if (sharp == 0 && resumed > 0) h = resumed;
        continue;
      }
      resumed = 0;
      const double grown = error > 0 ? 0.9 * std::cbrt(options_.tolerance / error) : 2.0;
      // A step cut short by a row or a kink says nothing against the longer one.
      if (now >= 0.5 * h) h = rung(now * std::clamp(grown, 0.3, 2.0));
    }
    for (int l = 0; l < used_; ++l) {
      if (b_.live[l]) result_.steps[first_ + l] = accepted_;
    }
  }

 private:
  // The longest step of the ladder that is no longer than h.
  double rung(double h) const {
    return options_.step * std::exp2(std::min(0.0, std::floor(kRungs * std::log2(h / options_.step) + 1e-9)) / kRungs);
  }

  using Lanes = std::array<double, kMaxLanes>;

  bool any_live() const { return std::any_of(b_.live, b_.live + used_, [](bool live) { return live; }); }

  double largest_error() const {
    double most = 0;
    for (int l = 0; l < used_; ++l) {
      if (b_.live[l]) most = std::max(most, b_.error[l]);
    }
    return most;
  }

  // Gives up instances that can go no further; false where none is left.
  bool fail_lanes(bool solved, bool forced, bool smooth) {
    for (int l = 0; l < used_; ++l) {
      if (!b_.live[l]) continue;
      if (!solved) {
        if (b_.unsolved[l]) fail(l, Status::kNoConvergence);
      } else if (!std::isfinite(b_.fastest[l]) || !std::isfinite(b_.error[l])) {
        fail(l, Status::kNotFinite);
      } else if ((forced && b_.error[l] > options_.tolerance) || (smooth && b_.fastest[l] > kRunaway)) {
        fail(l, Status::kNoConvergence);
      }
    }
    return any_live();
  }

  void fail(int l, Status status) {
    b_.live[l] = false;
    result_.status[first_ + l] = static_cast<int32_t>(status);
    result_.failed_at[first_ + l] = time_;
    result_.steps[first_ + l] = accepted_;
  }

  // Waves that these instances have, each once: a batch may bring thousands.
  void find_waves() {
    for (size_t e = 0; e < net_.injections.size(); ++e) {
      if (net_.injections[e].col >= 0) {
        used_waves_.push_back(net_.injections[e].col);
        continue;
      }
      for (int l = 0; l < lanes_; ++l) {
        used_waves_.push_back(values_.injection_wave[e * values_.instances + instance(l)]);
      }
    }
    std::sort(used_waves_.begin(), used_waves_.end());
    used_waves_.erase(std::unique(used_waves_.begin(), used_waves_.end()), used_waves_.end());
  }

  // First corner of a wave's table, or beginning of an interval of noise, after t, but no later than `limit`.
  double next_kink(double t, double limit) {
    const double least = t + 1e-7 * options_.step;
    if (!(least >= searched_ && least < kink_)) {
      searched_ = least;
      kink_ = find_kink(least);
    }
    return std::min(kink_, limit);
  }

  double find_kink(double least) const {
    double found = std::numeric_limits<double>::infinity();
    if (!net_.noise.empty()) {
      found = std::max(0.0, std::floor(least / options_.noise_interval) + 1) * options_.noise_interval;
    }
    for (int32_t w : used_waves_) {
      const Wave& wave = waves_[w];
      if (wave.kind != WaveKind::kTable || wave.time.size() > 4096) continue;
      double base = wave.delay;
      if (wave.period > 0 && least > base) base += std::floor((least - base) / wave.period) * wave.period;
      for (int turn = 0; turn < (wave.period > 0 ? 2 : 1); ++turn, base += wave.period) {
        const auto corner = std::upper_bound(wave.time.begin(), wave.time.end(), least - base);
        if (corner != wave.time.end()) found = std::min(found, std::max(least, base + *corner));
      }
    }
    return found;
  }

  bool kink_at(double t) { return next_kink(t - 2e-7 * options_.step, t + options_.step) <= t + 1e-7 * options_.step; }

  // The noise of the interval in which `time_` lies: a pure function of seed, source and interval, whatever the steps.
  // Returns whether an interval began.
  bool draw_noise() {
    if (net_.noise.empty()) return false;
    const double t = time_ + 1e-7 * options_.step;
    const int64_t interval = t < 0 ? -1 : static_cast<int64_t>(std::floor(t / options_.noise_interval));
    if (interval == interval_) return false;
    interval_ = interval;
    double* s = b_.linear.s;
    for (size_t e = 0; e < net_.noise.size(); ++e) {
      const int32_t j = values_.noise_junction[e];
      for (int l = 0; l < lanes_; ++l) {
        const int region = j < 0 ? 1 : region_[at(j) + l];
        if (region != 1) amplitude_[at(e) + l] = value(region == 0 ? values_.noise : values_.noise_normal, e, l);
        s[at(plan_.amp + e) + l] = amplitude_[at(e) + l];
        s[at(plan_.negative_amp + e) + l] = -amplitude_[at(e) + l];
      }
    }
    for (size_t e = 0; e < net_.noise.size(); e += 2) {
      for (int l = 0; l < lanes_; ++l) {
        gaussian_pair(l, e / 2, interval, noise_from_ + at(e) + l);
        if (options_.noise_linear) gaussian_pair(l, e / 2, interval + 1, noise_to_ + at(e) + l);
      }
    }
    return true;
  }

  // Two standard Gaussian numbers (Box and Muller); zero before t = 0.
  void gaussian_pair(int lane, size_t pair, int64_t interval, double* out) const {
    out[0] = out[lanes_] = 0;
    if (interval < 0) return;
    const uint64_t key = stream_key(values_.seed[instance(lane)], pair), index = 2 * static_cast<uint64_t>(interval);
    const double u = (static_cast<double>(random_word(key, index) >> 11) + 0.5) * 0x1p-53;
    const double angle = 2 * M_PI * static_cast<double>(random_word(key, index + 1) >> 11) * 0x1p-53;
    const double radius = std::sqrt(-2 * std::log(u));
    out[0] = radius * std::cos(angle);
    out[lanes_] = radius * std::sin(angle);
  }

  // What drives the step's end: noise and sources.
  void drive(double t) {
    double* s = b_.linear.s;
    const double passed = t / options_.noise_interval - static_cast<double>(interval_);
    const double part = options_.noise_linear ? std::clamp(passed, 0.0, 1.0) : 0;
    double* gauss = s + at(plan_.gauss);
    for (int64_t k = 0; k < at(static_cast<int64_t>(net_.noise.size())); ++k) {
      gauss[k] = noise_from_[k] + part * (noise_to_[k] - noise_from_[k]);
    }
    for (int32_t w : used_waves_) wave_[w] = wave_value(waves_[w], t, cursor_[w]);
    double* slot = s + at(plan_.wave);
    for (int32_t w = 0; w < plan_.shared_waves; ++w, slot += lanes_) std::fill(slot, slot + lanes_, wave_[w]);
    for (size_t e = 0; e < net_.injections.size(); ++e) {
      const double factor = net_.rate[net_.injections[e].row] ? -1 / b_.alpha : -1;
      for (int l = 0; l < lanes_; ++l) s[at(plan_.scale + e) + l] = factor * value(values_.injection, e, l);
      if (net_.injections[e].col >= 0) continue;
      for (int l = 0; l < lanes_; ++l) slot[l] = wave_[values_.injection_wave[e * values_.instances + instance(l)]];
      slot += lanes_;
    }
  }

  // Solves for the state at time_ + h; false where an instance has none.
  bool try_step(double h, bool sharp) {
    b_.h = h;
    b_.alpha = (sharp ? 1.0 : 2.0) / h;
    b_.past = sharp ? 0.0 : 1.0;
    steps_.prepare(b_);
    drive(time_ + h);
    double* current = b_.linear.s + at(plan_.c + plan_.junction_pad + b_.capacitors);
    const double* y = b_.linear.s + b_.linear.y;
    for (size_t p = 0; p < net_.ports.size(); ++p) {
      seen_[p] = delayed(p ^ 1, time_ + h - static_cast<double>(values_.delay[p / 2]) * options_.delay_unit);
      for (int l = 0; l < lanes_; ++l) {
        const Branch& b = net_.ports[p];
        const double history = (b.a < 0 ? 0 : y[state(b.a) + l]) - (b.b < 0 ? 0 : y[state(b.b) + l]);
        *current++ = -b_.alpha * value(values_.port, p, l) * history - seen_[p][l];
      }
    }
    if (!steps_.solve(b_)) return false;
    steps_.judge(b_);
    return true;
  }

  // What a line's end sent at t.
  Lanes delayed(size_t p, double t) const {
    const auto& wave = sent_[p];
    if (wave.empty() || t < wave.front().first) return {};
    const auto after = std::lower_bound(wave.begin(), wave.end(), t,
                                        [](const auto& point, double sought) { return point.first < sought; });
    if (after == wave.end()) return wave.back().second;
    if (after == wave.begin()) return after->second;
    const auto before = after - 1;
    const double part = (t - before->first) / (after->first - before->first);
    Lanes out{};
    for (int l = 0; l < lanes_; ++l) out[l] = before->second[l] + (after->second[l] - before->second[l]) * part;
    return out;
  }

  void accept(double h, double to) {
    steps_.accept(b_);
    time_ = to;
    for (size_t p = 0; p < net_.ports.size(); ++p) {
      Lanes sent{};
      for (int l = 0; l < lanes_; ++l) {
        sent[l] = 2 * value(values_.port, p, l) * across(net_.ports[p], b_.rate, l) - seen_[p][l];
      }
      sent_[p].emplace_back(time_, sent);
      const double oldest = time_ - 1.01 * static_cast<double>(values_.delay[p / 2]) * options_.delay_unit;
      while (sent_[p].size() > 2 && sent_[p][1].first < oldest) sent_[p].pop_front();
    }
    b_.last_h = h;
    ++accepted_;
  }

  // A junction that may have passed an odd multiple of pi in the step from `time_`.
  void turn(int64_t j) {
    for (int l = 0; l < lanes_; ++l) {
      const double from = across(net_.junctions[j], b_.old_x, l), to = across(net_.junctions[j], b_.x, l);
      double& half_turns = b_.half_turns[at(j) + l];
      const double before = half_turns - kMagic, now = to * kTurn + kMagic - kMagic;
      if (!b_.live[l] || before == now) continue;
      half_turns = now + kMagic;
      if (time_ < 0 || !options_.pulses) continue;
      const int direction = now > before ? 1 : -1;
      for (double m = before; m != now; m += direction) {
        const double k = direction > 0 ? m : m - 1;
        const double t = time_ + b_.h * crossing(j, l, from, to, (2 * k + 1) * M_PI);
        const auto which = static_cast<int32_t>(first_ + l);
        pulses_.push_back({which, static_cast<int32_t>(j), static_cast<int32_t>(k), direction, t});
      }
    }
  }

  // Part of the step at which the cubic through both ends' phases and rates reaches a phase.
  double crossing(int64_t j, int l, double from, double to, double level) const {
    const double old_rate = b_.junction_old_rate[at(j) + l], rate = b_.junction_rate[at(j) + l];
    double low = 0, high = 1;
    const bool rising = to > from;
    for (int k = 0; k < 40; ++k) {
      const double u = 0.5 * (low + high), v = 1 - u;
      const double phase =
          v * v * (1 + 2 * u) * from + u * u * (3 - 2 * u) * to + b_.h * u * v * (v * old_rate - u * rate);
      (phase < level) == rising ? low = u : high = u;
    }
    return 0.5 * (low + high);
  }

  void record(int64_t row) {
    for (size_t ch = 0; ch < net_.channels.size(); ++ch) {
      double* out = result_.waves.data() + (ch * result_.rows + row) * values_.instances + first_;
      for (int l = 0; l < used_; ++l) out[l] = recorded(net_.channels[ch], l);
    }
  }

  double recorded(const Channel& channel, int l) const {
    const int64_t k = at(channel.a) + l;
    switch (channel.kind) {
      case ChannelKind::kPhase: {
        auto of = [&](int32_t u) { return u < 0 ? 0.0 : b_.linear.s[at(plan_.x + plan_.x_of[u]) + l]; };
        return of(channel.a) - of(channel.b);
      }
      case ChannelKind::kRate:
        return across({channel.a, channel.b}, b_.rate, l);
      case ChannelKind::kJunctionRate:
        return b_.junction_rate[k];
      case ChannelKind::kJunctionCurrent: {
        const double rate = b_.junction_rate[k], own = b_.conductance[k] - value(values_.shunt, channel.a, l);
        return supercurrent(channel.a, l, across(net_.junctions[channel.a], b_.x, l)) +
               b_.cap[k] * b_.junction_acceleration[k] + own * rate + std::copysign(1.0, rate) * b_.transition[k];
      }
      case ChannelKind::kCapacitor:
        return b_.capacitance[k] * b_.capacitor_acceleration[k];
      case ChannelKind::kPort:
        return value(values_.port, channel.a, l) * across(net_.ports[channel.a], b_.rate, l) - seen_[channel.a][l];
    }
    return 0;
  }

  const NewtonSteps& steps_;
  const std::vector<Wave>& waves_;
  const NewtonOptions& options_;
  NewtonResult& result_;
  std::vector<int64_t> cursor_;
  std::vector<double> wave_;
  std::vector<int32_t> used_waves_;
  std::vector<std::deque<std::pair<double, Lanes>>> sent_;
  std::vector<Lanes> seen_;
  std::vector<Pulse> pulses_;
  int64_t interval_ = -2, tries_ = 0, accepted_ = 0;
  double time_ = 0, searched_ = 0, kink_ = -1;
};

}  // namespace
}  // namespace hwdesign::spice
