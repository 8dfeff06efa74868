// The Newton mode's loops over a block of instances. Included after spice_newton_block.hpp and spice_steps.hpp, which
// leaves its namespace open, and under the same rule: no library function may be called here.

namespace {

constexpr int kMaxIterations = 20;
constexpr int kKept = 4;               // iterations with one factorisation
constexpr double kShare = 0.01;        // of the supercurrents, below which a factorisation serves several steps
constexpr double kConverged = 1e-11;   // radians
constexpr double kRelative = 1e-9;     // local error that is taken, relative to the largest phase

template <int L>
struct Element {
  typedef V Type;
  static constexpr int kWidth = kWide;
};
template <>
struct Element<1> {
  typedef double Type;
  static constexpr int kWidth = 1;
};

// As many numbers as there are lanes.
template <int L>
struct Num {
  typedef typename Element<L>::Type T;
  static constexpr int kWidth = Element<L>::kWidth, kParts = L / kWidth;
  T v[kParts];
  static HW_INLINE Num at(const double* p) {
    Num r;
    for (int k = 0; k < kParts; ++k) r.v[k] = *reinterpret_cast<const T*>(p + k * kWidth);
    return r;
  }
  static HW_INLINE Num all(double x) {
    Num r;
    for (int k = 0; k < kParts; ++k) r.v[k] = x - T{};
    return r;
  }
  HW_INLINE void to(double* p) const {
    for (int k = 0; k < kParts; ++k) *reinterpret_cast<T*>(p + k * kWidth) = v[k];
  }
  template <typename F>
  static HW_INLINE Num each(const Num& a, const Num& b, F f) {
    Num r;
    for (int k = 0; k < kParts; ++k) r.v[k] = f(a.v[k], b.v[k]);
    return r;
  }
  friend HW_INLINE Num operator+(const Num& a, const Num& b) {
    return each(a, b, [](T x, T y) __attribute__((always_inline)) { return x + y; });
  }
  friend HW_INLINE Num operator-(const Num& a, const Num& b) {
    return each(a, b, [](T x, T y) __attribute__((always_inline)) { return x - y; });
  }
  friend HW_INLINE Num operator*(const Num& a, const Num& b) {
    return each(a, b, [](T x, T y) __attribute__((always_inline)) { return x * y; });
  }
  friend HW_INLINE Num operator*(double a, const Num& b) { return all(a) * b; }
  friend HW_INLINE Num larger(const Num& a, const Num& b) {
    return each(a, b, [](T x, T y) __attribute__((always_inline)) { return x > y ? x : y; });
  }
  friend HW_INLINE Num smaller(const Num& a, const Num& b) {
    return each(a, b, [](T x, T y) __attribute__((always_inline)) { return x < y ? x : y; });
  }
  friend HW_INLINE Num ratio(const Num& a, const Num& b) {
    return each(a, b, [](T x, T y) __attribute__((always_inline)) { return x / y; });
  }
  friend HW_INLINE Num size(const Num& a) {
    return each(a, a, [](T x, T y) __attribute__((always_inline)) { return x < 0.0 - T{} ? -y : y; });
  }
  // `a` with the sign of `b`, where neither is NaN.
  friend HW_INLINE Num signed_as(const Num& a, const Num& b) {
    return each(a, b, [](T x, T y) __attribute__((always_inline)) { return y < 0.0 - T{} ? -x : x; });
  }
};

HW_INLINE bool any_less(double a, double b) { return a < b; }
HW_INLINE bool any_differs(double a, double b) { return a < b || a > b; }
HW_INLINE bool any_less(V a, V b) { return any(less(a, b)); }
HW_INLINE bool any_differs(V a, V b) { return any(differs(a, b)); }
HW_INLINE double sine(double x) { return sine(all(x))[0]; }

// The difference of a branch's ends.
template <int L>
HW_INLINE Num<L> across(const double* of, const int64_t* ends) {
  return Num<L>::at(of + ends[0]) - Num<L>::at(of + ends[1]);
}

template <int L>
void sum_powers(const Powers& powers, double alpha, double* to, int64_t doubles) {
  const double weight[4] = {1 / alpha, 1, alpha, alpha * alpha};
  const double *constant = powers.part[1], *linear = powers.part[2];
  for (int64_t d = 0; d < doubles; d += L) (Num<L>::at(constant + d) + alpha * Num<L>::at(linear + d)).to(to + d);
  for (int k = 0; k < 4; k += 3) {
    if (!powers.part[k]) continue;
    for (int64_t d = 0; d < doubles; d += L) {
      (Num<L>::at(to + d) + weight[k] * Num<L>::at(powers.part[k] + d)).to(to + d);
    }
  }
}

template <int L>
void prepare(NewtonBlock& b) {
  double* s = b.linear.s;
  if (b.assembled != b.alpha) {
    sum_powers<L>(b.base_powers, b.alpha, b.base, b.linear.factor_doubles);
    sum_powers<L>(b.history_powers, b.alpha, b.history, b.history_doubles);
    b.assembled = b.alpha;
  }
  const double past = b.past / b.alpha;
  double* y = s + b.linear.y;
  for (int64_t k = 0; k < b.histories * L; k += L) (Num<L>::at(b.x + k) + past * Num<L>::at(b.rate + k)).to(y + k);
  for (int64_t e = 0; e < b.capacitors; ++e) {
    const int64_t at = e * L;
    const Num<L> rate = Num<L>::at(b.capacitor_rate + at) + past * Num<L>::at(b.capacitor_acceleration + at);
    (-b.alpha * (Num<L>::at(b.capacitance + at) * rate)).to(b.capacitor_current + at);
  }
  // Where the quasi-particle branch bends, the piece is chosen by the voltage that the past foretells.
  const double ahead = b.past * b.h;
  for (int64_t j = 0; j < b.junctions; ++j) {
    const int64_t at = j * L;
    const Num<L> rate = Num<L>::at(b.junction_rate + at), acceleration = Num<L>::at(b.junction_acceleration + at);
    const Num<L> foretold = size(rate + ahead * acceleration);
    const Num<L> low = Num<L>::at(b.low + at), high = Num<L>::at(b.high + at);
    bool leaves = false;
    for (int k = 0; k < Num<L>::kParts; ++k) {
      leaves |= any_less(foretold.v[k], low.v[k]) || any_less(high.v[k], foretold.v[k]);
    }
    if (__builtin_expect(leaves, 0)) b.piece(b.owner, j);
    const Num<L> cap = Num<L>::at(b.cap + at);
    const Num<L> linear = b.alpha * b.alpha * cap + b.alpha * Num<L>::at(b.conductance + at);
    const Num<L> history = across<L>(s, b.junction_slots + 4 * j + 2);
    linear.to(b.linear_part + at);
    (signed_as(Num<L>::at(b.transition + at), rate) - linear * history - b.alpha * (cap * (rate + past * acceleration)))
        .to(b.fixed + at);
    (across<L>(b.x, b.junction_states + 2 * j) + b.h * rate + 0.5 * b.h * ahead * acceleration).to(b.guess + at);
  }
}

template <int L>
HW_INLINE void stamp(double* s, const int64_t* to, const Num<L>& value) {
  for (int k = 0; k < 4; ++k) {
    if (to[k] < 0) continue;
    const Num<L> old = Num<L>::at(s + to[k]);
    (k < 2 ? old + value : old - value).to(s + to[k]);
  }
}

template <int L>
void linearise(NewtonBlock& b, bool slopes) {
  double* s = b.linear.s;
  if (b.general) {
    b.relation(b.owner, slopes);
  } else {
    for (int64_t at = 0; at < b.junctions * L; at += L) {
      const Num<L> guess = Num<L>::at(b.guess + at), ic = Num<L>::at(b.ic + at);
      Num<L> current, slope;
      for (int k = 0; k < Num<L>::kParts; ++k) current.v[k] = ic.v[k] * sine(guess.v[k]);
      current.to(b.current + at);
      if (!slopes) continue;
      for (int k = 0; k < Num<L>::kParts; ++k) slope.v[k] = ic.v[k] * sine(guess.v[k] + 1.5707963267948966);
      slope.to(b.slope + at);
    }
  }
  for (int64_t at = 0; at < b.junctions * L; at += L) {
    (Num<L>::at(b.fixed + at) + Num<L>::at(b.current + at) - Num<L>::at(b.slope + at) * Num<L>::at(b.guess + at))
        .to(s + b.linear.c + at);
  }
  if (!slopes) return;
  double* factor = b.linear.factor;
  for (int64_t d = 0; d < b.linear.factor_doubles; d += L) Num<L>::at(b.base + d).to(factor + d);
  Num<L> stiffest = Num<L>::all(0);
  const Num<L> one = Num<L>::all(1);
  for (int64_t j = 0; j < b.junctions; ++j) {
    const int64_t at = j * L;
    const Num<L> linear = Num<L>::at(b.linear_part + at), guess = Num<L>::at(b.guess + at);
    stamp<L>(s, b.junction_stamp + 4 * j, linear + Num<L>::at(b.slope + at));
    guess.to(b.factored_at + at);
    const Num<L> share = smaller(one, ratio(Num<L>::at(b.ic + at), linear));
    share.to(b.share + at);
    stiffest = larger(stiffest, share);
  }
  factorise<L>(b.linear);
  alignas(64) double shares[L];
  stiffest.to(shares);
  bool lasts = !b.general;
  for (int l = 0; l < L; ++l) lasts &= shares[l] < kShare;
  b.factored = lasts ? b.alpha : 0;
}

// Newton's iteration with slopes that iterations share, and steps too where the junctions' supercurrents are a small
// share of what the matrix holds for them. What remains after an iteration is that share of its move, times the
// distance from where the slopes were taken.
template <int L>
bool solve(NewtonBlock& b) {
  double* s = b.linear.s;
  alignas(64) double moved[L], largest[L], left[L];
  for (int l = 0; l < L; ++l) b.unsolved[l] = true;
  for (int iteration = 0; iteration < kMaxIterations; ++iteration) {
    const bool fresh = iteration % kKept == 0 && (iteration > 0 || b.factored != b.alpha);
    linearise<L>(b, fresh);
    run_program<L>(s, b.linear.forward, b.linear.forward_count, b.linear.forward_code);
    run_program<L>(s, b.linear.backward, b.linear.backward_count, b.linear.backward_code);
    Num<L> worst = Num<L>::all(0), most = worst, nothing = worst, rest = worst;
    for (int64_t j = 0; j < b.junctions; ++j) {
      const Num<L> phase = across<L>(s, b.junction_slots + 4 * j);
      const Num<L> move = size(phase - Num<L>::at(b.guess + j * L));
      const Num<L> away = move + size(phase - Num<L>::at(b.factored_at + j * L));
      worst = larger(worst, move);
      rest = larger(rest, Num<L>::at(b.share + j * L) * move * away);
      most = larger(most, size(phase));
      nothing = nothing + 0.0 * phase;  // NaN where the phase is
      phase.to(b.guess + j * L);
    }
    (worst + nothing).to(moved);
    most.to(largest);
    rest.to(left);
    bool done = true, lost = false;
    for (int l = 0; l < L; ++l) {
      if (!(moved[l] < 1e6)) {
        lost |= b.live[l];
        continue;
      }
      if (left[l] < kConverged * (1 + largest[l])) b.unsolved[l] = false;
      done &= !b.unsolved[l] || !b.live[l];
    }
    if (lost) {
      for (int l = 0; l < L; ++l) b.unsolved[l] = !(moved[l] < 1e6);
      return false;
    }
    if (done) return true;
  }
  return false;
}

// Rates of what stores a state: across junctions and capacitors, and of each row's resistors together. Rates of single
// nodes may jump, as where an inductor carries a source's current, and say nothing of the error.
template <int L>
HW_INLINE void monitor(NewtonBlock& b) {
  double* to = b.monitor_new;
  for (int64_t j = 0; j < b.junctions; ++j, to += L) across<L>(b.new_rate, b.junction_states + 2 * j).to(to);
  for (int64_t e = 0; e < b.capacitors; ++e, to += L) {
    (Num<L>::at(b.capacitor_counts + e * L) * across<L>(b.new_rate, b.capacitor_states + 2 * e)).to(to);
  }
  for (int64_t r = 0; r < b.rows; ++r) Num<L>::all(0).to(to + r * L);
  for (int64_t e = 0; e < b.row_entries; ++e) {
    double* row = to + b.row_of[e];
    (Num<L>::at(row) + Num<L>::at(b.row_weight + e * L) * Num<L>::at(b.new_rate + b.state_of[e])).to(row);
  }
}

// Local error of the phases: h^3/12 times the third derivative, from three rates.
template <int L>
void judge(NewtonBlock& b) {
  const double *x = b.linear.s + b.linear.x, *y = b.linear.s + b.linear.y;
  Num<L> nothing = Num<L>::all(0), largest = nothing, worst = nothing, fastest = nothing;
  for (int64_t k = 0; k < b.histories * L; k += L) {
    const Num<L> now = Num<L>::at(x + k);
    (b.alpha * (now - Num<L>::at(y + k))).to(b.new_rate + k);
    largest = larger(largest, size(now));
    nothing = nothing + 0.0 * now;
  }
  monitor<L>(b);
  const int64_t count = (b.junctions + b.capacitors + b.rows) * L;
  const double third = b.h * b.h * b.h / 6 / (b.h + b.last_h), now = third / b.h, before = third / b.last_h;
  for (int64_t m = 0; m < count; m += L) {
    const Num<L> old = Num<L>::at(b.monitor + m);
    const Num<L> bent = now * (Num<L>::at(b.monitor_new + m) - old) - before * (old - Num<L>::at(b.monitor_before + m));
    worst = larger(worst, size(bent));
  }
  for (int64_t j = 0; j < b.junctions * L; j += L) fastest = larger(fastest, size(Num<L>::at(b.monitor_new + j)));
  (fastest + nothing).to(b.fastest);
  worst.to(b.error);
  alignas(64) double most[L];
  largest.to(most);
  for (int l = 0; l < L; ++l) b.error[l] /= 1 + kRelative / b.tolerance * most[l];
}

template <int L>
HW_INLINE void advance(NewtonBlock& b, const int64_t* ends, double* rate, double* acceleration) {
  const Num<L> past = Num<L>::at(rate) + b.past / b.alpha * Num<L>::at(acceleration);
  const Num<L> now = across<L>(b.rate, ends);
  (b.alpha * (now - past)).to(acceleration);
  now.to(rate);
}

template <int L>
void accept(NewtonBlock& b) {
  const double* x = b.linear.s + b.linear.x;
  double* old = b.old_x;
  b.old_x = b.x;
  b.x = old;
  for (int64_t k = 0; k < b.histories * L; k += L) Num<L>::at(x + k).to(b.x + k);
  double* rate = b.rate;
  b.rate = b.new_rate;
  b.new_rate = rate;
  double* oldest = b.monitor_before;
  b.monitor_before = b.monitor;
  b.monitor = b.monitor_new;
  b.monitor_new = oldest;
  for (int64_t e = 0; e < b.capacitors; ++e) {
    advance<L>(b, b.capacitor_states + 2 * e, b.capacitor_rate + e * L, b.capacitor_acceleration + e * L);
  }
  for (int64_t j = 0; j < b.junctions; ++j) {
    const int64_t at = j * L;
    Num<L>::at(b.junction_rate + at).to(b.junction_old_rate + at);
    advance<L>(b, b.junction_states + 2 * j, b.junction_rate + at, b.junction_acceleration + at);
    const Num<L> phase = across<L>(b.x, b.junction_states + 2 * j);
    const Num<L> known = Num<L>::at(b.half_turns + at);
    bool turns = false;
    for (int k = 0; k < Num<L>::kParts; ++k) {
      const auto half_turns = phase.v[k] * 0.15915494309189535 + kMagic;
      turns |= any_differs(half_turns, known.v[k]);
    }
    if (__builtin_expect(turns, 0)) b.turn(b.owner, j);
  }
}

template <int L>
HW_INLINE NewtonSteps newton_steps() {
  return {&prepare<L>, &solve<L>, &judge<L>, &accept<L>};
}

HW_INLINE NewtonSteps newton_of(int lanes) { return lanes == 1 ? newton_steps<1>() : newton_steps<kMaxLanes>(); }

}  // namespace
