// Adaptive trapezoidal integration, the junctions' currents solved for by Newton's method: no energy is lost to the
// method, and the error of each step is bounded.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <deque>
#include <limits>

#include "aigsim_threads.hpp"
#include "rng.hpp"
#include "spice.hpp"

namespace hwdesign::spice {
namespace {

constexpr double kTurn = 0.15915494309189535;
constexpr int kMaxIterations = 20;
constexpr double kConverged = 1e-11;   // radians
constexpr double kSmallest = 1e-6;     // of the print step
constexpr int64_t kMaxForced = 10000;  // steps in a row that are too large and yet the smallest
// Rate of a phase, rad/s, that no junction has: 10 V. What reaches it grows without bound, and would turn millions of
// times on its way out of the numbers.
constexpr double kRunaway = 3e16;
constexpr double kRelative = 1e-9;     // local error that is taken, relative to the largest phase
// What a step after a kink is of the one before. Much shorter ones would lose the inductors beside the capacitors in the
// rounding of the matrix.
constexpr double kShort = 3e-3;

class Integrator {
 public:
  Integrator(const Plan& plan, const Values& values, const std::vector<Wave>& waves, const NewtonOptions& options,
             NewtonResult& result, std::vector<Pulse>& pulses, Stop& stop, int thread, int64_t instance)
      : plan_(plan), net_(plan.net), values_(values), waves_(waves), options_(options), result_(result),
        pulses_(pulses), stop_(stop), thread_(thread), instance_(instance), s_(plan.slots, 0.0), base_(plan.factor_slots, 0.0), cursor_(waves.size(), 0),
        x_(plan.histories, 0.0), rate_(plan.histories, 0.0), old_x_(plan.histories, 0.0) {
    s_[plan.one] = 1;
    s_[plan.minus_one] = -1;
    for (const Branch& b : net_.junctions) junctions_.push_back(make_branch(b));
    for (const Branch& b : net_.capacitors) capacitors_.push_back(make_branch(b));
    for (const Branch& b : net_.ports) ports_.push_back(make_branch(b));
    turns_.assign(junctions_.size(), 0);
    region_.assign(junctions_.size(), 0);
    amplitude_.assign(net_.noise.size(), 0.0);
    for (size_t e = 0; e < net_.noise.size(); ++e) amplitude_[e] = value(values_.noise, e);
    sent_.resize(ports_.size());
    seen_.assign(ports_.size(), 0);
    find_rows();
  }

  void run() {
    const double print = options_.step;
    double h = 0.1 * kShort * print;
    time_ = -options_.settle - h;  // the first step, of no weight, ends where time begins
    int64_t row = 0;
    // After a kink voltages across inductors jump, and the past tells nothing of the future: two backward Euler steps,
    // so short that their error counts for nothing, find the new rates.
    int sharp = 2;
    double resumed = 0;  // the step after a jump of the noise alone, which says nothing against the former one
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
      const int iterations = try_step(now, sharp > 0);
      const double error = iterations < 0 ? 1e9 : sharp ? 0.0 : local_error(now);
      if (error > options_.tolerance && now > kSmallest * print) {
        h = now * (iterations < 0 ? 0.25 : std::clamp(0.8 * std::cbrt(options_.tolerance / error), 0.2, 0.8));
        continue;
      }
      if ((steps_ & 63) == 0 && stop_(thread_)) return;
      forced = error > options_.tolerance ? forced + 1 : 0;
      if (iterations < 0 || forced > kMaxForced) return fail(Status::kNoConvergence);
      if (!finite()) return fail(Status::kNotFinite);
      if (sharp == 0 && runs_away()) return fail(Status::kNoConvergence);
      const bool at_kink = now == most && time_ + now < target - 1e-9 * print;
      accept(now, at_kink ? next_kink(time_, target) : now == most ? target : time_ + now);
      const bool was_sharp = sharp > 0;
      sharp = std::max(0, sharp - 1);
      const bool jumped = draw_noise();
      if (at_kink || jumped || kink_at(time_)) {
        // Noise may jump again before the steps have grown to what they were.
        resumed = jumped ? std::max(h, resumed) : 0;
        sharp = 2;
        h = kShort * std::max(std::max(h, resumed), 0.01 * print);
        continue;
      }
      if (was_sharp) {
        if (sharp == 0 && resumed > 0) h = resumed;
        continue;
      }
      resumed = 0;
      const double grown = error > 0 ? 0.9 * std::cbrt(options_.tolerance / error) : 2.0;
      // A step cut short by a row or a kink says nothing against the longer one.
      h = now < 0.5 * h ? h : now * std::clamp(grown, 0.3, 2.0);
      h = std::min(h, print);
    }
    result_.steps[instance_] = steps_;
  }

 private:
  struct BranchState {
    int32_t a, b;                        // history positions, -1: ground
    double rate = 0, acceleration = 0;   // at the last accepted step
    double old_phase = 0, old_rate = 0;  // there
  };

  BranchState make_branch(const Branch& b) const {
    return {b.a < 0 ? -1 : plan_.history_of[b.a], b.b < 0 ? -1 : plan_.history_of[b.b]};
  }

  double value(const double* table, int64_t row) const { return table[row * values_.instances + instance_]; }
  static double across(const BranchState& b, const double* of) { return (b.a < 0 ? 0 : of[b.a]) - (b.b < 0 ? 0 : of[b.b]); }

  void fail(Status status) {
    result_.status[instance_] = static_cast<int32_t>(status);
    result_.failed_at[instance_] = time_;
    result_.steps[instance_] = steps_;
  }

  bool finite() const {
    for (int32_t u = 0; u < net_.unknowns; ++u) {
      if (!std::isfinite(s_[plan_.x + u])) return false;
    }
    return true;
  }

  bool runs_away() const {
    return std::any_of(junctions_.begin(), junctions_.end(),
                       [&](const BranchState& b) { return std::fabs(alpha_ * (across(b, s_.data() + plan_.x) - across(b, s_.data() + plan_.y))) > kRunaway; });
  }

  // First corner of a wave's table after t, but no later than `limit`.
  double next_kink(double t, double limit) const {
    const double least = t + 1e-7 * options_.step;
    double found = limit;
    if (!net_.noise.empty() && least > -options_.noise_interval) {
      found = std::min(found, std::max(0.0, std::floor(least / options_.noise_interval) + 1) * options_.noise_interval);
    }
    for (const Wave& wave : waves_) {
      if (wave.kind != WaveKind::kTable || wave.time.size() > 4096) continue;
      double base = wave.delay;
      if (wave.period > 0 && least > base) base += std::floor((least - base) / wave.period) * wave.period;
      for (int turn = 0; turn < (wave.period > 0 ? 2 : 1); ++turn, base += wave.period) {
        const auto at = std::upper_bound(wave.time.begin(), wave.time.end(), least - base);
        if (at != wave.time.end()) found = std::min(found, std::max(least, base + *at));
      }
    }
    return found;
  }

  bool kink_at(double t) const { return next_kink(t - 2e-7 * options_.step, t + options_.step) <= t + 1e-7 * options_.step; }

  void assemble(double alpha) {
    std::fill(base_.begin(), base_.end(), 0.0);
    std::fill(s_.begin() + plan_.history, s_.begin() + plan_.history + plan_.history_slots, 0.0);
    auto coefficient = [&](int32_t slot, double v) {
      if (slot >= 0) base_[slot - plan_.factor] += v;
    };
    for (size_t e = 0; e < net_.a0.size(); ++e) {
      coefficient(plan_.a0_slot[e], value(values_.a0, e) / (net_.rate[net_.a0[e].row] ? alpha : 1));
    }
    for (size_t e = 0; e < net_.a1.size(); ++e) {
      const double v = value(values_.a1, e) * (net_.rate[net_.a1[e].row] ? 1 : alpha);
      coefficient(plan_.a1_slot[e], v);
      s_[plan_.a1_history[e]] += v;
    }
    for (size_t e = 0; e < capacitors_.size(); ++e) {
      const double v = alpha * alpha * value(values_.capacitance, e);
      stamp(plan_.capacitor_stamp[e].slot, base_.data() - plan_.factor, v);
      stamp(plan_.capacitor_stamp[e].history, s_.data(), v);
    }
    for (size_t p = 0; p < ports_.size(); ++p) {
      stamp(plan_.port_stamp[p].slot, base_.data() - plan_.factor, alpha * value(values_.port, p));
    }
    for (size_t e = 0; e < net_.injections.size(); ++e) {
      s_[plan_.scale + e] = -value(values_.injection, e) / (net_.rate[net_.injections[e].row] ? alpha : 1);
    }
  }

  static void stamp(const int32_t* slots, double* to, double v) {
    for (int k = 0; k < 4; ++k) {
      if (slots[k] >= 0) to[slots[k]] += k < 2 ? v : -v;
    }
  }

  void fill_waves(double t) {
    for (int32_t w = 0; w < plan_.shared_waves; ++w) s_[plan_.wave + w] = wave_value(waves_[w], t, cursor_[w]);
    int32_t own = plan_.wave + plan_.shared_waves;
    for (size_t e = 0; plan_.waves > plan_.shared_waves && e < net_.injections.size(); ++e) {
      if (net_.injections[e].col >= 0) continue;
      const int32_t w = values_.injection_wave[e * values_.instances + instance_];
      s_[own++] = wave_value(waves_[w], t, cursor_[w]);
    }
  }

  // The noise of the interval in which `time_` lies: a pure function of seed, source and interval, whatever the steps.
  // Returns whether an interval began.
  bool draw_noise() {
    if (net_.noise.empty()) return false;
    const auto interval = time_ < -1e-7 * options_.step
                              ? -1
                              : static_cast<int64_t>(std::floor((time_ + 1e-7 * options_.step) / options_.noise_interval));
    if (interval == interval_) return false;
    interval_ = interval;
    for (size_t e = 0; e < net_.noise.size(); ++e) {
      const int32_t j = values_.noise_junction[e];
      if (j >= 0 && region_[j] != 1) amplitude_[e] = value(region_[j] == 0 ? values_.noise : values_.noise_normal, e);
      s_[plan_.amp + e] = amplitude_[e];
      s_[plan_.negative_amp + e] = -amplitude_[e];
    }
    for (size_t e = 0; e < net_.noise.size(); e += 2) {
      gaussian_pair(e / 2, interval, noise_from_.data() + e);
      if (options_.noise_linear) gaussian_pair(e / 2, interval + 1, noise_to_.data() + e);
    }
    return true;
  }

  // Two standard Gaussian numbers (Box and Muller); zero before t = 0.
  void gaussian_pair(size_t pair, int64_t interval, double* out) const {
    out[0] = out[1] = 0;
    if (interval < 0) return;
    const uint64_t key = stream_key(values_.seed[instance_], pair), at = 2 * static_cast<uint64_t>(interval);
    const double u = (static_cast<double>(random_word(key, at) >> 11) + 0.5) * 0x1p-53;
    const double angle = 2 * M_PI * static_cast<double>(random_word(key, at + 1) >> 11) * 0x1p-53;
    const double radius = std::sqrt(-2 * std::log(u));
    out[0] = radius * std::cos(angle);
    out[1] = radius * std::sin(angle);
  }

  void fill_noise(double t) {
    const double part = options_.noise_linear ? std::clamp(t / options_.noise_interval - static_cast<double>(interval_), 0.0, 1.0) : 0;
    for (size_t e = 0; e < net_.noise.size(); ++e) {
      s_[plan_.gauss + e] = noise_from_[e] + part * (noise_to_[e] - noise_from_[e]);
    }
  }

  double conductance(size_t j) const {
    return value(values_.conductance, region_[j] * static_cast<int64_t>(junctions_.size()) + j) + value(values_.shunt, j);
  }

  // The junction's supercurrent and its slope.
  void relation(size_t j, double phase, double& current, double& slope) const {
    const double ic = value(values_.ic, j);
    if (!values_.general) {
      current = ic * std::sin(phase);
      slope = ic * std::cos(phase);
      return;
    }
    current = shape(j, phase) * ic;
    constexpr double kDelta = 1e-6;
    slope = ic * (shape(j, phase + kDelta) - shape(j, phase - kDelta)) / (2 * kDelta);
  }

  double shape(size_t j, double predicted) const {
    const auto count = static_cast<int64_t>(junctions_.size());
    const double phase = predicted - value(values_.phase_offset, j), scale = value(values_.gap, 2 * count + j);
    double sum = 0, half = 0;
    for (int32_t h = 0; h < values_.harmonic_count; ++h) {
      const double weight = value(values_.harmonics, h * count + j);
      sum += weight * std::sin((h + 1) * phase);
      half += weight * std::sin((h + 1) * phase / 2);
    }
    if (!(scale > 0)) return sum;
    const double root = std::sqrt(1 - value(values_.gap, j) * half * half);
    return sum * scale * std::tanh(value(values_.gap, count + j) * root) / root;
  }

  void run_program(const Program& program) {
    double* s = s_.data();
    for (const Group& g : program.groups) {
      const int32_t* code = program.code.data() + g.at;
      for (int32_t r = 0; r < g.rows; ++r) {
        const int32_t out = *code++;
        double sum = g.head == 0 ? 0.0 : g.head * s[*code++];
        for (int32_t k = 0; k < g.pairs; ++k, code += 2) sum += s[code[0]] * s[code[1]];
        s[out] = sum;
      }
    }
  }

  void factorise() {
    double* s = s_.data();
    std::copy(work_.begin(), work_.end(), s + plan_.factor);
    const Factor& lu = plan_.lu;
    for (size_t k = 0; k < lu.pivot.size(); ++k) {
      const double inverse = s[lu.pivot[k]] = 1.0 / s[lu.pivot[k]];
      const int64_t first = lu.first[k], m = lu.first[k + 1] - first;
      const int32_t* update = lu.update.data() + lu.update_at[k];
      for (int64_t i = 0; i < m; ++i) {
        const double low = -s[lu.lower[first + i]] * inverse;
        if (!plan_.symmetric) s[lu.lower[first + i]] = low;
        for (int64_t j = 0; j < m; ++j) {
          if (update[i * m + j] >= 0) s[update[i * m + j]] += low * s[lu.upper[first + j]];
        }
      }
      for (int64_t j = 0; j < m; ++j) s[lu.upper[first + j]] *= -inverse;
    }
  }

  // Solves for the state at time_ + h. Returns the number of iterations, or -1.
  int try_step(double h, bool sharp) {
    alpha_ = (sharp ? 1.0 : 2.0) / h;
    const double part = sharp ? 0.0 : 1.0;  // backward Euler forgets the rates
    assemble(alpha_);
    fill_waves(time_ + h);
    fill_noise(time_ + h);
    double* s = s_.data();
    for (int32_t k = 0; k < plan_.histories; ++k) s[plan_.y + k] = x_[k] + part * rate_[k] / alpha_;
    int32_t slot = plan_.c + plan_.junction_pad;
    for (size_t e = 0; e < capacitors_.size(); ++e) {
      const BranchState& b = capacitors_[e];
      const double past = b.rate + part * b.acceleration / alpha_;
      s[slot++] = -alpha_ * value(values_.capacitance, e) * past;
    }
    for (size_t p = 0; p < ports_.size(); ++p) {
      seen_[p] = delayed(p ^ 1, time_ + h - static_cast<double>(values_.delay[p / 2]) * options_.delay_unit);
      s[slot++] = -alpha_ * value(values_.port, p) * across(ports_[p], s + plan_.y) - seen_[p];
    }
    // Where the quasi-particle branch bends, the piece is chosen by the voltage that the past foretells.
    for (size_t j = 0; j < junctions_.size(); ++j) {
      const BranchState& b = junctions_[j];
      const double size = std::fabs(b.rate + (sharp ? 0.0 : b.acceleration * h));
      region_[j] = size < value(values_.rate_low, j) ? 0 : size < value(values_.rate_high, j) ? 1 : 2;
      guess_[j] = across(b, x_.data()) + h * b.rate + (sharp ? 0.0 : 0.5 * h * h * b.acceleration);
    }
    for (int iteration = 1; iteration <= kMaxIterations; ++iteration) {
      work_ = base_;
      for (size_t j = 0; j < junctions_.size(); ++j) linearise(j, part);
      factorise();
      run_program(plan_.forward);
      run_program(plan_.backward);
      double worst = 0;
      for (size_t j = 0; j < junctions_.size(); ++j) {
        const double phase = across(junctions_[j], s + plan_.x);
        worst = std::max(worst, std::fabs(phase - guess_[j]));
        guess_[j] = phase;
      }
      if (!(worst < 1e6)) return -1;
      if (worst < kConverged * (1 + largest_guess())) return iteration;
    }
    return -1;
  }

  double largest_guess() const {
    double most = 0;
    for (double g : guess_) most = std::max(most, std::fabs(g));
    return most;
  }

  void linearise(size_t j, double part) {
    const BranchState& b = junctions_[j];
    double current, slope;
    relation(j, guess_[j], current, slope);
    const double cap = value(values_.cap, j), linear = alpha_ * alpha_ * cap + alpha_ * conductance(j);
    const double past = b.rate + part * b.acceleration / alpha_;
    double rest = -linear * across(b, s_.data() + plan_.y) - alpha_ * cap * past + current - slope * guess_[j];
    if (region_[j] == 1) rest += std::copysign(1.0, b.rate) * value(values_.transition, j);
    s_[plan_.c + j] = rest;
    stamp(plan_.junction_stamp[j].slot, work_.data() - plan_.factor, linear + slope);
  }

  double delayed(size_t p, double t) const {
    const auto& wave = sent_[p];
    if (wave.empty() || t < wave.front().first) return 0;
    auto after = std::lower_bound(wave.begin(), wave.end(), t, [](const auto& point, double at) { return point.first < at; });
    if (after == wave.end()) return wave.back().second;
    if (after == wave.begin()) return after->second;
    const auto before = after - 1;
    return before->second + (after->second - before->second) * (t - before->first) / (after->first - before->first);
  }

  // Rates of what stores a state: across junctions and capacitors, and of each row's resistors together. Rates of single
  // nodes may jump, as where an inductor carries a source's current, and say nothing of the error.
  void monitor(const double* rate, std::vector<double>& into) const {
    size_t at = 0;
    for (const BranchState& b : junctions_) into[at++] = across(b, rate);
    for (size_t e = 0; e < capacitors_.size(); ++e) {
      into[at++] = value(values_.capacitance, e) > 0 ? across(capacitors_[e], rate) : 0.0;
    }
    const size_t first = at;
    std::fill(into.begin() + static_cast<int64_t>(first), into.end(), 0.0);
    for (size_t e = 0; e < net_.a1.size(); ++e) {
      const Entry& entry = net_.a1[e];
      if (row_of_[entry.row] < 0) continue;
      into[first + row_of_[entry.row]] +=
          value(values_.a1, e) / row_size_[row_of_[entry.row]] * rate[plan_.history_of[entry.col]];
    }
  }

  // Rows of resistors, and the sums on their diagonals.
  void find_rows() {
    row_of_.assign(net_.unknowns, -1);
    for (size_t e = 0; e < net_.a1.size(); ++e) {
      const Entry& entry = net_.a1[e];
      if (entry.row != entry.col || net_.rate[entry.row]) continue;
      if (row_of_[entry.row] < 0) {
        row_of_[entry.row] = static_cast<int32_t>(row_size_.size());
        row_size_.push_back(0);
      }
      row_size_[row_of_[entry.row]] += std::fabs(value(values_.a1, e));
    }
    const size_t count = junctions_.size() + capacitors_.size() + row_size_.size();
    for (auto* m : {&monitor_, &monitor_new_, &monitor_before_}) m->assign(count, 0.0);
  }

  // Local error of the phases: h^3/12 times the third derivative, from three rates.
  double local_error(double h) {
    new_rate_.resize(rate_.size());
    for (int32_t k = 0; k < plan_.histories; ++k) new_rate_[k] = alpha_ * (s_[plan_.x + k] - s_[plan_.y + k]);
    monitor(new_rate_.data(), monitor_new_);
    double worst = 0;
    for (size_t m = 0; m < monitor_.size(); ++m) {
      const double third = 2 * ((monitor_new_[m] - monitor_[m]) / h - (monitor_[m] - monitor_before_[m]) / last_h_) / (h + last_h_);
      worst = std::max(worst, h * h * h / 12 * std::fabs(third));
    }
    double largest = 0;
    for (double x : x_) largest = std::max(largest, std::fabs(x));
    return worst / (1 + kRelative / options_.tolerance * largest);
  }

  void accept(double h, double to) {
    const double* x = s_.data() + plan_.x;
    const double* y = s_.data() + plan_.y;
    old_x_ = x_;
    for (int32_t k = 0; k < plan_.histories; ++k) {
      rate_[k] = alpha_ * (x[k] - y[k]);
      x_[k] = x[k];
    }
    monitor_before_.swap(monitor_);
    monitor(rate_.data(), monitor_);
    const double euler = alpha_ * h < 1.5 ? 0.0 : 1.0;
    auto advance = [&](BranchState& b) {
      b.old_rate = b.rate;
      const double rate = across(b, rate_.data()), past = b.rate + euler * b.acceleration / alpha_;
      b.acceleration = alpha_ * (rate - past);
      b.rate = rate;
    };
    for (BranchState& b : junctions_) advance(b);
    for (BranchState& b : capacitors_) advance(b);
    const double before = time_;
    time_ = to;
    for (size_t p = 0; p < ports_.size(); ++p) {
      const double current = value(values_.port, p) * across(ports_[p], rate_.data()) - seen_[p];
      sent_[p].emplace_back(time_, value(values_.port, p) * across(ports_[p], rate_.data()) + current);
      const double oldest = time_ - 1.01 * static_cast<double>(values_.delay[p / 2]) * options_.delay_unit;
      while (sent_[p].size() > 2 && sent_[p][1].first < oldest) sent_[p].pop_front();
    }
    last_h_ = h;
    ++steps_;
    if (options_.pulses) find_pulses(before, h);
  }

  void find_pulses(double before, double h) {
    for (size_t j = 0; j < junctions_.size(); ++j) {
      const double from = across(junctions_[j], old_x_.data()), to = across(junctions_[j], x_.data());
      const double turn = std::nearbyint(to * kTurn);
      if (before >= 0 && turn != turns_[j]) {
        const int direction = turn > turns_[j] ? 1 : -1;
        for (double m = turns_[j]; m != turn; m += direction) {
          const double k = direction > 0 ? m : m - 1;
          const double t = before + h * crossing(junctions_[j], from, to, h, (2 * k + 1) * M_PI);
          pulses_.push_back({static_cast<int32_t>(instance_), static_cast<int32_t>(j), static_cast<int32_t>(k), direction, t});
        }
      }
      turns_[j] = turn;
    }
  }

  // Part of the step at which the cubic through both ends' phases and rates reaches a phase.
  static double crossing(const BranchState& b, double from, double to, double h, double level) {
    double low = 0, high = 1;
    const bool rising = to > from;
    for (int k = 0; k < 40; ++k) {
      const double u = 0.5 * (low + high), v = 1 - u;
      const double phase = v * v * (1 + 2 * u) * from + u * u * (3 - 2 * u) * to + h * u * v * (v * b.old_rate - u * b.rate);
      (phase < level) == rising ? low = u : high = u;
    }
    return 0.5 * (low + high);
  }

  void record(int64_t row) {
    for (size_t ch = 0; ch < net_.channels.size(); ++ch) {
      const Channel& channel = net_.channels[ch];
      double v = 0;
      switch (channel.kind) {
        case ChannelKind::kPhase: {
          auto of = [&](int32_t u) { return u < 0 ? 0.0 : s_[plan_.x + plan_.x_of[u]]; };
          v = of(channel.a) - of(channel.b);
          break;
        }
        case ChannelKind::kRate: {
          auto of = [&](int32_t u) { return u < 0 ? 0.0 : rate_[plan_.history_of[u]]; };
          v = of(channel.a) - of(channel.b);
          break;
        }
        case ChannelKind::kJunctionRate:
          v = junctions_[channel.a].rate;
          break;
        case ChannelKind::kJunctionCurrent: {
          const BranchState& b = junctions_[channel.a];
          double current, slope;
          relation(channel.a, across(b, x_.data()), current, slope);
          v = current + value(values_.cap, channel.a) * b.acceleration +
              (conductance(channel.a) - value(values_.shunt, channel.a)) * b.rate;
          if (region_[channel.a] == 1) v += std::copysign(1.0, b.rate) * value(values_.transition, channel.a);
          break;
        }
        case ChannelKind::kCapacitor:
          v = value(values_.capacitance, channel.a) * capacitors_[channel.a].acceleration;
          break;
        case ChannelKind::kPort:
          v = value(values_.port, channel.a) * across(ports_[channel.a], rate_.data()) - seen_[channel.a];
          break;
      }
      result_.waves[(ch * result_.rows + row) * values_.instances + instance_] = v;
    }
  }

  const Plan& plan_;
  const Network& net_;
  const Values& values_;
  const std::vector<Wave>& waves_;
  const NewtonOptions& options_;
  NewtonResult& result_;
  std::vector<Pulse>& pulses_;
  Stop& stop_;
  int thread_;
  int64_t instance_;
  std::vector<double> s_, base_, work_;
  std::vector<double> noise_from_ = std::vector<double>(plan_.noise_pad, 0.0), noise_to_ = noise_from_, amplitude_;
  int64_t interval_ = -2;
  std::vector<int64_t> cursor_;
  std::vector<double> x_, rate_, new_rate_, old_x_;
  std::vector<double> monitor_, monitor_new_, monitor_before_, row_size_;
  std::vector<int32_t> row_of_;
  std::vector<BranchState> junctions_, capacitors_, ports_;
  std::vector<double> turns_, guess_ = std::vector<double>(plan_.net.junctions.size(), 0.0);
  std::vector<int> region_;
  std::vector<std::deque<std::pair<double, double>>> sent_;
  std::vector<double> seen_;
  double time_ = 0, alpha_ = 1, last_h_ = 1;
  int64_t steps_ = 0;
};

}  // namespace

NewtonResult run_newton(const Plan& plan, const Values& values, const std::vector<Wave>& waves,
                        const NewtonOptions& options) {
  NewtonResult result;
  result.rows = options.rows;
  result.waves.assign(plan.net.channels.size() * static_cast<size_t>(result.rows) * static_cast<size_t>(values.instances), 0.0);
  result.status.assign(values.instances, 0);
  result.failed_at.assign(values.instances, 0.0);
  result.steps.assign(values.instances, 0);
  const auto threads = static_cast<int>(std::clamp<int64_t>(options.threads, 1, values.instances));
  std::vector<std::vector<Pulse>> pulses(values.instances);
  std::atomic<int64_t> next{0};
  Stop stop(options.unwanted);
  run_threads(threads, [&](int thread) {
    for (int64_t instance = next++; instance < values.instances && !stop(thread); instance = next++) {
      Integrator(plan, values, waves, options, result, pulses[instance], stop, thread, instance).run();
      std::stable_sort(pulses[instance].begin(), pulses[instance].end(),
                       [](const Pulse& p, const Pulse& q) { return p.junction < q.junction; });
    }
  });
  for (auto& part : pulses) result.pulses.insert(result.pulses.end(), part.begin(), part.end());
  return result;
}

}  // namespace hwdesign::spice
