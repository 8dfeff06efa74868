// One block of instances: its tables laid out for the inner loop, and what happens in it now and then.
#pragma once

#include <algorithm>
#include <cmath>

#include "aigsim_threads.hpp"
#include "rng.hpp"
#include "spice.hpp"
#include "spice_block.hpp"

namespace hwdesign::spice {
namespace {

constexpr double kMagic = 6755399441055744.0;
constexpr double kTurn = 0.15915494309189535;

template <typename T>
class Aligned {
 public:
  explicit Aligned(size_t count = 0) { resize(count); }
  void resize(size_t count) {
    storage_.assign(count + 64 / sizeof(T), T{});
    const auto at = reinterpret_cast<uintptr_t>(storage_.data());
    data_ = storage_.data() + (64 - at % 64) % 64 / sizeof(T);
  }
  Aligned(const Aligned&) = delete;
  T* data() { return data_; }

 private:
  std::vector<T> storage_;
  T* data_ = nullptr;
};

// The plan's programs with offsets in doubles for one width.
struct Scaled {
  std::vector<Run> runs;
  std::vector<int32_t> code;
  Scaled(const Program& program, int lanes) : code(program.code) {
    for (int32_t& slot : code) slot *= lanes;
    for (const Group& g : program.groups) runs.push_back({g.head, g.pairs, g.rows, g.at});
  }
};

std::vector<int32_t> scaled(const std::vector<int32_t>& slots, int lanes) {
  std::vector<int32_t> out(slots);
  for (int32_t& slot : out) {
    if (slot >= 0) slot *= lanes;
  }
  return out;
}

struct Shape {
  Shape(const Plan& plan, int lanes)
      : lanes(lanes), forward(plan.forward, lanes), backward(plan.backward, lanes), pivot(scaled(plan.lu.pivot, lanes)),
        upper(scaled(plan.lu.upper, lanes)), lower(scaled(plan.lu.lower, lanes)),
        update(scaled(plan.lu.update, lanes)) {}
  int lanes;
  Scaled forward, backward;
  std::vector<int32_t> pivot, upper, lower, update;
};

struct WaveState {
  int64_t cursor = 0;
  double value = 0;
};

class Runner {
 public:
  Runner(const Plan& plan, const Shape& shape, const Values& values, const std::vector<Wave>& waves,
         const Options& options, Result& result)
      : plan_(plan), net_(plan.net), values_(values), waves_(waves), options_(options), result_(result),
        lanes_(shape.lanes), s_(static_cast<size_t>(plan.slots) * lanes_),
        base_(static_cast<size_t>(plan.factor_slots) * lanes_), wave_state_(waves.size()) {
    block_ = Block{};
    Block& b = block_;
    b.s = s_.data();
    b.forward = shape.forward.runs.data();
    b.forward_count = static_cast<int64_t>(shape.forward.runs.size());
    b.forward_code = shape.forward.code.data();
    b.backward = shape.backward.runs.data();
    b.backward_count = static_cast<int64_t>(shape.backward.runs.size());
    b.backward_code = shape.backward.code.data();
    b.x = at(plan.x), b.y = at(plan.y), b.previous = at(plan.previous), b.c = at(plan.c), b.gauss = at(plan.gauss);
    b.history_doubles = at(plan.histories);
    b.noise_pairs = plan.noise_pad / 2 * !net_.noise.empty();
    b.pivot = shape.pivot.data(), b.upper = shape.upper.data(), b.lower = shape.lower.data();
    b.update = shape.update.data(), b.first = plan.lu.first.data(), b.update_at = plan.lu.update_at.data();
    b.unknowns = net_.unknowns, b.symmetric = plan.symmetric;
    b.base = base_.data(), b.factor = b.s + at(plan.factor), b.factor_doubles = at(plan.factor_slots);
    b.junctions = static_cast<int64_t>(net_.junctions.size());
    b.junction_doubles = at(plan.junction_pad);
    double** arrays[] = {&b.phase, &b.past, &b.past_before, &b.u_new, &b.u1, &b.u2, &b.ic, &b.c1, &b.total, &b.conductance,
                         &b.low, &b.high, &b.transition, &b.half_turns, &b.sine};
    junction_.resize(static_cast<size_t>(b.junction_doubles) * std::size(arrays));
    for (size_t k = 0; k < std::size(arrays); ++k) *arrays[k] = junction_.data() + k * b.junction_doubles;
    region_.resize(b.junction_doubles);
    junction_ends_ = ends(net_.junctions, true);
    b.junction_ends = junction_ends_.data();
    b.capacitors = static_cast<int64_t>(net_.capacitors.size());
    capacitor_ends_ = ends(net_.capacitors, true);
    b.capacitor_ends = capacitor_ends_.data();
    capacitor_.resize(3 * b.capacitors * lanes_);
    b.capacitor_past = capacitor_.data(), b.capacitor_u1 = b.capacitor_past + b.capacitors * lanes_;
    b.capacitor_c1 = b.capacitor_u1 + b.capacitors * lanes_;
    b.capacitor_current = b.s + b.c + b.junction_doubles;
    setup_ports();
    b.general = values.general;
    random_.resize(4 * kMaxLanes);
    b.random = random_.data();
    b.noise_every = options.noise_every;
    noise_.resize(2 * static_cast<size_t>(plan.noise_pad) * kMaxLanes);
    b.noise_from = noise_.data(), b.noise_to = b.noise_from + plan.noise_pad * kMaxLanes;
    b.step = options.step, b.alpha = 1.5 / options.step;
    b.steps = options.steps, b.startup = options.startup, b.every = options.every;
    b.checked_from = options.limit > 0 ? static_cast<int64_t>(0.01 * static_cast<double>(options.steps)) : INT64_MAX;
    b.limit = options.limit;
    b.owner = this;
    b.waves = [](void* owner, int64_t step) { return static_cast<Runner*>(owner)->fill_waves(step); };
    b.event = [](void* owner, int64_t at, int count, int64_t step, bool counting) {
      static_cast<Runner*>(owner)->event(at, count, step, counting);
    };
    b.currents = [](void* owner) { static_cast<Runner*>(owner)->currents(); };
    b.record = [](void* owner, int64_t step) { static_cast<Runner*>(owner)->record(step); };
  }

  // Runs instances first .. first + used - 1.
  void run(int64_t first, int used, StepFunction steps, Stop* stop, int thread) {
    first_ = first, used_ = used, stop_ = stop, thread_ = thread;
    pulses_.clear();
    for (int l = 0; l < lanes_; ++l) {
      status_[l] = Status::kDone;
      failed_at_[l] = 0;
    }
    load();
    steps(block_);
    finish();
  }

  std::vector<Pulse>& pulses() { return pulses_; }

 private:
  int64_t at(int64_t slot) const { return slot * lanes_; }
  int64_t instance(int lane) const { return first_ + std::min(lane, used_ - 1); }
  double value(const double* table, int64_t row, int lane) const {
    return table[row * values_.instances + instance(lane)];
  }

  std::vector<int64_t> ends(const std::vector<Branch>& branches, bool with_history) const {
    std::vector<int64_t> out;
    auto x_of = [&](int32_t u) { return at(u < 0 ? plan_.zero : plan_.x + plan_.x_of[u]); };
    auto y_of = [&](int32_t u) { return at(u < 0 ? plan_.zero : plan_.y + plan_.history_of[u]); };
    for (const Branch& b : branches) {
      out.insert(out.end(), {x_of(b.a), x_of(b.b)});
      if (with_history) out.insert(out.end(), {y_of(b.a), y_of(b.b)});
    }
    return out;
  }

  void setup_ports() {
    Block& b = block_;
    b.ports = static_cast<int64_t>(net_.ports.size());
    port_ends_ = ends(net_.ports, false);
    int64_t ring = 0;
    for (int64_t p = 0; p < b.ports; ++p) {
      port_delay_.push_back(values_.delay[p / 2]);
      port_ring_.push_back(ring);
      ring += port_delay_.back() * lanes_;
    }
    port_.resize(3 * b.ports * lanes_ + ring);
    b.port_ends = port_ends_.data(), b.port_delay = port_delay_.data(), b.port_ring = port_ring_.data();
    b.port_n1 = port_.data(), b.port_past = b.port_n1 + b.ports * lanes_;
    b.port_g = b.port_past + b.ports * lanes_, b.port_wave = b.port_g + b.ports * lanes_;
    b.port_current = b.capacitor_current + b.capacitors * lanes_;
  }

  void stamp(const int32_t* slots, int lane, double* to, int64_t origin, double value) {
    for (int k = 0; k < 4; ++k) {
      if (slots[k] >= 0) to[(slots[k] - origin) * lanes_ + lane] += k < 2 ? value : -value;
    }
  }

  void load() {
    Block& b = block_;
    std::fill(b.s, b.s + at(plan_.slots), 0.0);
    std::fill(base_.data(), base_.data() + b.factor_doubles, 0.0);
    std::fill(junction_.data(), junction_.data() + 15 * b.junction_doubles, 0.0);
    std::fill(region_.begin(), region_.end(), 0);
    std::fill(capacitor_.begin(), capacitor_.end(), 0.0);
    std::fill(port_.begin(), port_.end(), 0.0);
    std::fill(noise_.data(), noise_.data() + 2 * plan_.noise_pad * kMaxLanes, 0.0);
    std::fill(wave_state_.begin(), wave_state_.end(), WaveState{});
    find_waves();
    std::fill(b.high, b.high + b.junction_doubles, 1e300);
    std::fill(b.low, b.low + b.junction_doubles, -1.0);
    std::fill(b.half_turns, b.half_turns + b.junction_doubles, kMagic);
    b.refactor = b.elevated = false;
    const double alpha = b.alpha;
    double* base = base_.data();
    for (int l = 0; l < lanes_; ++l) {
      b.s[at(plan_.one) + l] = 1;
      b.s[at(plan_.minus_one) + l] = -1;
      auto coefficient = [&](int32_t slot, double v) {
        if (slot >= 0) base[(slot - plan_.factor) * lanes_ + l] += v;
      };
      for (size_t e = 0; e < net_.a0.size(); ++e) {
        coefficient(plan_.a0_slot[e], value(values_.a0, e, l) / (net_.rate[net_.a0[e].row] ? alpha : 1));
      }
      for (size_t e = 0; e < net_.a1.size(); ++e) {
        const double v = value(values_.a1, e, l) * (net_.rate[net_.a1[e].row] ? 1 : alpha);
        coefficient(plan_.a1_slot[e], v);
        b.s[at(plan_.a1_history[e]) + l] += v;
      }
      for (size_t e = 0; e < net_.capacitors.size(); ++e) {
        const double v = alpha * alpha * value(values_.capacitance, e, l);
        stamp(plan_.capacitor_stamp[e].slot, l, base, plan_.factor, v);
        stamp(plan_.capacitor_stamp[e].history, l, b.s, 0, v);
        b.capacitor_c1[e * lanes_ + l] = v / 0.75;
      }
      for (int64_t j = 0; j < b.junctions; ++j) load_junction(j, l);
      for (int64_t p = 0; p < b.ports; ++p) {
        b.port_g[p * lanes_ + l] = alpha * value(values_.port, p, l);
        stamp(plan_.port_stamp[p].slot, l, base, plan_.factor, b.port_g[p * lanes_ + l]);
      }
      for (size_t e = 0; e < net_.injections.size(); ++e) {
        const double factor = net_.rate[net_.injections[e].row] ? 1 / alpha : 1;
        b.s[at(plan_.scale + e) + l] = -factor * value(values_.injection, e, l);
      }
      for (size_t e = 0; e < net_.noise.size(); ++e) set_noise(e, l, value(values_.noise, e, l));
    }
    for (int l = 0; l < lanes_ && !net_.noise.empty(); ++l) {
      const uint64_t key = stream_key(values_.seed[instance(l)], 0);
      for (int k = 0; k < 2; ++k) {
        const uint64_t word = random_word(key, static_cast<uint64_t>(k));
        random_.data()[2 * k * kMaxLanes + l] = static_cast<uint32_t>(word);
        random_.data()[(2 * k + 1) * kMaxLanes + l] = static_cast<uint32_t>(word >> 32) | (k == 0);
      }
    }
  }

  // Waves that these instances have, each once: a batch may bring thousands.
  void find_waves() {
    used_waves_.clear();
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

  double junction_coefficient(int64_t j, int lane, int region) const {
    const double g = value(values_.conductance, region * static_cast<int64_t>(net_.junctions.size()) + j, lane);
    return block_.alpha * g + block_.alpha * block_.alpha * value(values_.cap, j, lane);
  }

  void load_junction(int64_t j, int l) {
    Block& b = block_;
    const int64_t k = j * lanes_ + l;
    b.ic[k] = value(values_.ic, j, l);
    b.c1[k] = b.alpha * b.alpha * value(values_.cap, j, l) / 0.75;
    b.conductance[k] = junction_coefficient(j, l, 0);
    b.total[k] = b.conductance[k] + b.alpha * value(values_.shunt, j, l);
    b.high[k] = value(values_.rate_low, j, l) / b.alpha;
    stamp(plan_.junction_stamp[j].slot, l, base_.data(), plan_.factor, b.total[k]);
  }

  void set_noise(size_t e, int l, double amplitude) {
    block_.s[at(plan_.amp + e) + l] = amplitude;
    block_.s[at(plan_.negative_amp + e) + l] = -amplitude;
  }

  bool fill_waves(int64_t step) {
    if ((step & 1023) == 0) {
      if ((*stop_)(thread_)) return false;
      check_finite(step);
      if (std::all_of(status_, status_ + used_, [](Status s) { return s != Status::kDone; })) return false;
    }
    const double t = static_cast<double>(step) * options_.step;
    double* slot = block_.s + at(plan_.wave);
    for (int32_t w : used_waves_) wave_state_[w].value = wave_value(waves_[w], t, wave_state_[w].cursor);
    for (int32_t w = 0; w < plan_.shared_waves; ++w, slot += lanes_) {
      for (int l = 0; l < lanes_; ++l) slot[l] = wave_state_[w].value;
    }
    for (size_t e = 0; plan_.waves > plan_.shared_waves && e < net_.injections.size(); ++e) {
      if (net_.injections[e].col >= 0) continue;
      const int32_t* of = values_.injection_wave + e * values_.instances;
      for (int l = 0; l < lanes_; ++l) slot[l] = wave_state_[of[instance(l)]].value;
      slot += lanes_;
    }
    return true;
  }

  void fail(int lane, Status status, int64_t step) {
    if (status_[lane] != Status::kDone) return;
    status_[lane] = status;
    failed_at_[lane] = static_cast<double>(step) * options_.step;
  }

  void check_finite(int64_t step) {
    const double* x = block_.s + block_.x;
    for (int32_t u = 0; u < net_.unknowns; ++u) {
      for (int l = 0; l < lanes_; ++l) {
        if (!std::isfinite(x[at(u) + l])) fail(l, Status::kNotFinite, step);
      }
    }
  }

  // Junction elements at .. at + count - 1: which of them passed an odd multiple of pi, changed the branch of their
  // quasi-particle current, or moved too far for the step.
  void event(int64_t first, int count, int64_t step, bool counting) {
    Block& b = block_;
    for (int64_t k = first; k < first + count; ++k) {
      const auto lane = static_cast<int>(k % lanes_);
      const int64_t j = k / lanes_;
      if (j >= b.junctions) continue;
      const int64_t* ends = junction_ends_.data() + 4 * j;
      const double phase = b.s[ends[0] + lane] - b.s[ends[1] + lane];
      if (!std::isfinite(phase)) continue;
      const double turns = phase * kTurn + kMagic;
      if (turns != b.half_turns[k]) {
        if (counting && options_.pulses && lane < used_ && status_[lane] == Status::kDone) {
          add_pulses(lane, j, b.half_turns[k] - kMagic, turns - kMagic, phase, 4 * phase - 3 * b.past[k], step);
        }
        b.half_turns[k] = turns;
      }
      // The kernel has rotated nothing yet: u_new, u1, u2 are this step's three voltages.
      const double u0 = 2.5 * b.u_new[k] - 2 * b.u1[k] + 0.5 * b.u2[k];
      const double predicted = b.past[k] + u0;
      if (step > b.checked_from && std::fabs(predicted - phase) > b.limit) fail(lane, Status::kStepTooLarge, step);
      const double size = std::fabs(u0);
      if (size >= b.high[k] || size < b.low[k]) change_region(k, j, lane, u0);
    }
  }

  void add_pulses(int lane, int64_t j, double from, double to, double phase, double before, int64_t step) {
    if (!(std::fabs(to - from) < 1e3)) return fail(lane, Status::kStepTooLarge, step);  // faster than any junction
    const int direction = to > from ? 1 : -1;
    for (double m = from; m != to; m += direction) {
      const double k = direction > 0 ? m : m - 1;
      const double part = ((2 * k + 1) * M_PI - before) / (phase - before);
      const double t = (static_cast<double>(step - 2) + std::clamp(part, 0.0, 1.0)) * options_.step;
      pulses_.push_back({static_cast<int32_t>(first_ + lane), static_cast<int32_t>(j), static_cast<int32_t>(k), direction, t});
    }
  }

  void change_region(int64_t k, int64_t j, int lane, double u0) {
    Block& b = block_;
    const double low = value(values_.rate_low, j, lane) / b.alpha, high = value(values_.rate_high, j, lane) / b.alpha;
    const double size = std::fabs(u0);
    const int region = size < low ? 0 : size < high ? 1 : 2;
    if (region == region_[k]) return;
    region_[k] = static_cast<int8_t>(region);
    b.low[k] = region == 0 ? -1.0 : region == 1 ? low : high;
    b.high[k] = region == 0 ? low : region == 1 ? high : 1e300;
    const double transition = region == 1 ? value(values_.transition, j, lane) : 0.0;
    b.s[b.c + k] += std::copysign(1.0, u0) * (transition - b.transition[k]);
    b.transition[k] = transition;
    const double conductance = junction_coefficient(j, lane, region), change = conductance - b.conductance[k];
    b.conductance[k] = conductance;
    b.total[k] += change;
    b.s[b.c + k] -= change * b.past[k];
    stamp(plan_.junction_stamp[j].slot, lane, base_.data(), plan_.factor, change);
    b.refactor = b.elevated = true;
    for (size_t e = 0; region != 1 && e < net_.noise.size(); ++e) {
      if (values_.noise_junction[e] != j) continue;
      set_noise(e, lane, value(region == 0 ? values_.noise : values_.noise_normal, e, lane));
    }
  }

  // Replaces each predicted phase by the current's share of ic.
  void currents() {
    Block& b = block_;
    const auto count = static_cast<int64_t>(net_.junctions.size());
    for (int64_t j = 0; j < b.junctions; ++j) {
      for (int l = 0; l < lanes_; ++l) {
        double& p = b.sine[j * lanes_ + l];
        const double phase = p - value(values_.phase_offset, j, l);
        double sum = 0, half = 0;
        const double scale = value(values_.gap, 2 * count + j, l);
        for (int32_t h = 0; h < values_.harmonic_count; ++h) {
          const double weight = value(values_.harmonics, h * count + j, l);
          if (weight == 0) continue;
          sum += weight * std::sin((h + 1) * phase);
          if (scale > 0) half += weight * std::sin((h + 1) * phase / 2);
        }
        if (scale > 0) {
          const double root = std::sqrt(1 - value(values_.gap, j, l) * half * half);
          sum *= scale * std::tanh(value(values_.gap, count + j, l) * root) / root;
        }
        p = sum;
      }
    }
  }

  void record(int64_t step) {
    if (net_.channels.empty()) return;
    const Block& b = block_;
    const int64_t row = step / options_.every;
    auto difference = [&](const Channel& channel, int64_t base, const std::vector<int32_t>& of, int l) {
      return (channel.a < 0 ? 0.0 : b.s[base + at(of[channel.a]) + l]) -
             (channel.b < 0 ? 0.0 : b.s[base + at(of[channel.b]) + l]);
    };
    for (size_t ch = 0; ch < net_.channels.size(); ++ch) {
      const Channel& channel = net_.channels[ch];
      double* out = result_.waves.data() + (ch * result_.rows + row) * values_.instances + first_;
      for (int l = 0; l < used_; ++l) {
        const int64_t k = channel.a * lanes_ + l;
        double v = 0;
        switch (channel.kind) {
          case ChannelKind::kPhase:
            v = difference(channel, b.x, plan_.x_of, l);
            break;
          case ChannelKind::kRate:
            v = b.alpha * (difference(channel, b.x, plan_.x_of, l) - difference(channel, b.y, plan_.history_of, l));
            break;
          case ChannelKind::kJunctionCurrent:
          case ChannelKind::kJunctionRate: {
            const int64_t* ends = junction_ends_.data() + 4 * channel.a;
            const double u = b.s[ends[0] + l] - b.s[ends[1] + l] - b.past[k];
            v = channel.kind == ChannelKind::kJunctionRate ? b.alpha * u
                                                           : b.conductance[k] * u + b.s[b.c + k] + b.total[k] * b.past[k];
            break;
          }
          case ChannelKind::kCapacitor: {
            const int64_t* ends = capacitor_ends_.data() + 4 * channel.a;
            const double u = b.s[ends[0] + l] - b.s[ends[1] + l] - b.capacitor_past[k];
            v = 0.75 * b.capacitor_c1[k] * u + b.capacitor_current[k];
            break;
          }
          case ChannelKind::kPort: {
            const int64_t* ends = port_ends_.data() + 2 * channel.a;
            v = b.port_g[k] * (b.s[ends[0] + l] - b.s[ends[1] + l]) + b.port_current[k];
            break;
          }
        }
        out[l] = v;
      }
    }
  }

  // Phase of a junction one step before the last.
  double before(int64_t j, int lane) const {
    auto of = [&](int32_t u) { return u < 0 ? 0.0 : block_.s[at(plan_.previous + plan_.history_of[u]) + lane]; };
    return of(net_.junctions[j].a) - of(net_.junctions[j].b);
  }

  // The last step's pulses, which the kernel would look for at the next step's start.
  void finish() {
    Block& b = block_;
    check_finite(options_.steps);
    for (int64_t j = 0; j < b.junctions && options_.pulses && options_.steps > 1; ++j) {
      const int64_t* ends = junction_ends_.data() + 4 * j;
      for (int l = 0; l < used_; ++l) {
        const int64_t k = j * lanes_ + l;
        const double phase = b.s[ends[0] + l] - b.s[ends[1] + l];
        const double turns = phase * kTurn + kMagic;
        if (!std::isfinite(phase) || turns == b.half_turns[k] || status_[l] != Status::kDone) continue;
        add_pulses(l, j, b.half_turns[k] - kMagic, turns - kMagic, phase, before(j, l), options_.steps);
      }
    }
    for (int l = 0; l < used_; ++l) {
      result_.status[first_ + l] = static_cast<int32_t>(status_[l]);
      result_.failed_at[first_ + l] = failed_at_[l];
    }
  }

  const Plan& plan_;
  const Network& net_;
  const Values& values_;
  const std::vector<Wave>& waves_;
  const Options& options_;
  Result& result_;
  int lanes_;
  Block block_;
  Aligned<double> s_, base_, junction_, noise_;
  std::vector<double> capacitor_, port_;
  std::vector<int64_t> junction_ends_, capacitor_ends_, port_ends_, port_delay_, port_ring_;
  std::vector<int8_t> region_;
  Aligned<uint32_t> random_;
  std::vector<WaveState> wave_state_;
  std::vector<int32_t> used_waves_;
  std::vector<Pulse> pulses_;
  int64_t first_ = 0;
  int used_ = 0;
  Stop* stop_ = nullptr;
  int thread_ = 0;
  Status status_[kMaxLanes];
  double failed_at_[kMaxLanes];
};

}  // namespace
}  // namespace hwdesign::spice
