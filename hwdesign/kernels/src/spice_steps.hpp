// The inner loop. Included by one file an instruction set, each in a namespace of its own and with HW_DOUBLES set to the
// number of doubles in a register; no library function may be called here (see spice_block.hpp).

#include "spice_block.hpp"

#define HW_INLINE inline __attribute__((always_inline))

namespace hwdesign::spice {
namespace {

constexpr int kWide = HW_DOUBLES;
typedef double V __attribute__((vector_size(8 * HW_DOUBLES), aligned(8 * HW_DOUBLES), may_alias));
typedef int64_t I __attribute__((vector_size(8 * HW_DOUBLES), aligned(8 * HW_DOUBLES), may_alias));

HW_INLINE V load(const double* p) { return *reinterpret_cast<const V*>(p); }
HW_INLINE void store(double* p, V v) { *reinterpret_cast<V*>(p) = v; }
HW_INLINE V all(double v) { return v - V{}; }

constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52: adding it leaves the nearest integer in the low bits

// Sine: the argument less the nearest multiple of pi, then an odd polynomial of degree 13 (minimax on [-pi/2, pi/2],
// largest error 4e-14, coefficients by our own exchange algorithm).
HW_INLINE V sine(V x) {
  const V shifted = x * 0.31830988618379067 + kMagic;
  const V n = shifted - kMagic;
  V r = x - n * 3.141592653589793;
  r = r - n * 1.2246467991473532e-16;
  const V r2 = r * r;
  V p = all(1.536593764897114035e-10);
  p = p * r2 + -2.5026636352856510299e-8;
  p = p * r2 + 2.7556840874200686098e-6;
  p = p * r2 + -0.00019841265024035674717;
  p = p * r2 + 0.0083333333084146642785;
  p = p * r2 + -0.16666666666098144927;
  p = p * r2 + 0.9999999999996247187;
  p = p * r;
  return reinterpret_cast<V>(reinterpret_cast<I>(p) ^ (reinterpret_cast<I>(shifted) << 63));
}

// Comparisons, gathered into a mask whose type the instruction set chooses.
#if HW_DOUBLES == 8
typedef unsigned char Mask;
typedef double E __attribute__((vector_size(64)));
HW_INLINE Mask less(V a, V b) {
  return __builtin_ia32_cmppd512_mask(reinterpret_cast<E>(a), reinterpret_cast<E>(b), 17, 255, 4);
}
HW_INLINE Mask differs(V a, V b) {  // and neither is NaN
  return __builtin_ia32_cmppd512_mask(reinterpret_cast<E>(a), reinterpret_cast<E>(b), 12, 255, 4);
}
HW_INLINE bool any(Mask mask) { return mask != 0; }
#else
typedef I Mask;
HW_INLINE Mask less(V a, V b) { return a < b; }
HW_INLINE Mask differs(V a, V b) { return (a < b) | (a > b); }
HW_INLINE bool any(Mask mask) {
#if HW_DOUBLES == 4
  return __builtin_ia32_movmskpd256(reinterpret_cast<V>(mask)) != 0;
#else
  int64_t found = 0;
  for (int k = 0; k < kWide; ++k) found |= mask[k];
  return found != 0;
#endif
}
#endif

// Lanes abreast in registers, or one double.
template <int L>
struct Pack {
  static constexpr int kParts = L / kWide;
  V part[kParts];
  static HW_INLINE Pack at(const double* p, int sign) {
    Pack r;
    for (int k = 0; k < kParts; ++k) r.part[k] = sign < 0 ? -load(p + k * kWide) : load(p + k * kWide);
    return r;
  }
  HW_INLINE void to(double* p) const {
    for (int k = 0; k < kParts; ++k) store(p + k * kWide, part[k]);
  }
  static HW_INLINE Pack product(const double* a, const double* b) {
    Pack r;
    for (int k = 0; k < kParts; ++k) r.part[k] = load(a + k * kWide) * load(b + k * kWide);
    return r;
  }
  HW_INLINE void add_product(const double* a, const double* b) {
    for (int k = 0; k < kParts; ++k) part[k] = part[k] + load(a + k * kWide) * load(b + k * kWide);
  }
};

template <>
struct Pack<1> {
  double part;
  static HW_INLINE Pack at(const double* p, int sign) { return {sign < 0 ? -*p : *p}; }
  HW_INLINE void to(double* p) const { *p = part; }
  static HW_INLINE Pack product(const double* a, const double* b) { return {*a * *b}; }
  HW_INLINE void add_product(const double* a, const double* b) { part += *a * *b; }
};

template <int L, int Head>
HW_INLINE Pack<L> begin(const double* s, const int32_t*& code) {
  if (Head == 0) {
    const Pack<L> first = Pack<L>::product(s + code[0], s + code[1]);
    code += 2;
    return first;
  }
  const Pack<L> first = Pack<L>::at(s + code[0], Head);
  code += 1;
  return first;
}

// Rows of N products; N < 0: as many as `pairs` says.
template <int L, int Head, int N>
HW_INLINE void dot_rows(double* s, const int32_t* code, int32_t rows, int32_t pairs) {
  const int32_t products = (N < 0 ? pairs : N) - (Head == 0);
  for (int32_t r = 0; r < rows; ++r) {
    double* out = s + *code++;
    Pack<L> sum = begin<L, Head>(s, code);
    for (int32_t k = 0; k < products; ++k, code += 2) sum.add_product(s + code[0], s + code[1]);
    sum.to(out);
  }
}

template <int L, int Head>
HW_INLINE void run_group(double* s, const int32_t* code, const Run& run) {
  switch (run.pairs) {
    case 0:
      if (Head != 0) dot_rows<L, Head, 0>(s, code, run.rows, 0);
      break;
    case 1: dot_rows<L, Head, 1>(s, code, run.rows, 1); break;
    case 2: dot_rows<L, Head, 2>(s, code, run.rows, 2); break;
    case 3: dot_rows<L, Head, 3>(s, code, run.rows, 3); break;
    case 4: dot_rows<L, Head, 4>(s, code, run.rows, 4); break;
    case 5: dot_rows<L, Head, 5>(s, code, run.rows, 5); break;
    default: dot_rows<L, Head, -1>(s, code, run.rows, run.pairs);
  }
}

template <int L>
void run_program(double* s, const Run* runs, int64_t count, const int32_t* code) {
  for (int64_t g = 0; g < count; ++g) {
    const Run run = runs[g];
    if (run.head == 0) {
      run_group<L, 0>(s, code + run.at, run);
    } else if (run.head > 0) {
      run_group<L, 1>(s, code + run.at, run);
    } else {
      run_group<L, -1>(s, code + run.at, run);
    }
  }
}

template <int L>
void factorise(Block& b) {
  for (int64_t d = 0; b.factor != b.base && d < b.factor_doubles; ++d) b.factor[d] = b.base[d];
  double* s = b.s;
  for (int32_t k = 0; k < b.unknowns; ++k) {
    const int32_t *upper = b.upper + b.first[k], *lower = b.lower + b.first[k];
    const int32_t* update = b.update + b.update_at[k];
    const int64_t m = b.first[k + 1] - b.first[k];
    double* pivot = s + b.pivot[k];
    for (int l = 0; l < L; ++l) pivot[l] = 1.0 / pivot[l];
    for (int64_t i = 0; i < m; ++i) {
      double* low = s + lower[i];
      double negative[L];
      for (int l = 0; l < L; ++l) negative[l] = -low[l] * pivot[l];
      if (!b.symmetric) {
        for (int l = 0; l < L; ++l) low[l] = negative[l];
      }
      for (int64_t j = 0; j < m; ++j) {
        if (update[i * m + j] < 0) continue;
        double* to = s + update[i * m + j];
        const double* up = s + upper[j];
        for (int l = 0; l < L; ++l) to[l] += negative[l] * up[l];
      }
    }
    for (int64_t j = 0; j < m; ++j) {
      double* up = s + upper[j];
      for (int l = 0; l < L; ++l) up[l] *= -pivot[l];
    }
  }
}

struct Limits {
  V step;
  double started;  // 0 while the junctions' voltages count as zero, else 1
  bool counting;   // pulses are counted
};

// One register of junctions. Voltages are held as u = x - y, which is the phase's derivative divided by alpha.
template <bool General>
HW_INLINE void junction(Block& b, int64_t at, V phase, V past, const Limits& limits, int64_t step) {
  const V u1 = (phase - load(b.past_before + at)) * limits.started;
  const V u2 = load(b.u1 + at), u3 = load(b.u2 + at);
  const V u0 = 2.5 * u1 - 2.0 * u2 + 0.5 * u3;
  const V predicted = past + u0;
  store(b.past + at, past);
  store(b.u_new + at, u1);
  const I sign = I{} + INT64_MIN;
  V rest = load(b.c1 + at) * (0.25 * u2 - u1) - load(b.total + at) * past;
  if (b.elevated) {
    rest += reinterpret_cast<V>(reinterpret_cast<I>(load(b.transition + at)) ^ (reinterpret_cast<I>(u0) & sign));
  }
  if (General) {
    store(b.sine + at, predicted);
    store(b.s + b.c + at, rest);
  } else {
    store(b.s + b.c + at, load(b.ic + at) * sine(predicted) + rest);
  }
  const V half_turns = phase * 0.15915494309189535 + kMagic;
  const V size = reinterpret_cast<V>(reinterpret_cast<I>(u0) & ~sign);
  const V moved = predicted - phase;
  const V moved_size = reinterpret_cast<V>(reinterpret_cast<I>(moved) & ~sign);
  Mask rare = differs(half_turns, load(b.half_turns + at)) | less(load(b.high + at), size) | less(limits.step, moved_size);
  if (b.elevated) rare |= less(size, load(b.low + at));
  if (__builtin_expect(any(rare), 0)) b.event(b.owner, at, kWide, step, limits.counting);
}

template <int L, bool General>
HW_INLINE void junctions(Block& b, int64_t step) {
  const Limits limits{all(step > b.checked_from ? b.limit : 1e300), step > 0 ? 1.0 : 0.0, step > 1};
  const double* s = b.s;
  double* before = b.past_before;
  b.past_before = b.past;
  b.past = before;
  if constexpr (L == 1) {
    for (int64_t j = 0; j < b.junctions; ++j) {
      const int64_t* ends = b.junction_ends + 4 * j;
      b.phase[j] = s[ends[0]] - s[ends[1]];
      b.past[j] = s[ends[2]] - s[ends[3]];
    }
    for (int64_t at = 0; at < b.junction_doubles; at += kWide) {
      junction<General>(b, at, load(b.phase + at), load(b.past + at), limits, step);
    }
  } else {
    for (int64_t j = 0; j < b.junctions; ++j) {
      const int64_t* ends = b.junction_ends + 4 * j;
      for (int k = 0; k < L; k += kWide) {
        const V phase = load(s + ends[0] + k) - load(s + ends[1] + k);
        const V past = load(s + ends[2] + k) - load(s + ends[3] + k);
        junction<General>(b, j * L + k, phase, past, limits, step);
      }
    }
  }
  if (General) {
    b.currents(b.owner);
    double* current = b.s + b.c;
    for (int64_t at = 0; at < b.junction_doubles; at += kWide) {
      store(current + at, load(current + at) + load(b.ic + at) * load(b.sine + at));
    }
  }
  double* oldest = b.u2;
  b.u2 = b.u1;
  b.u1 = b.u_new;
  b.u_new = oldest;
}

template <int L>
void capacitors(Block& b) {
  for (int64_t e = 0; e < b.capacitors; ++e) {
    const int64_t* ends = b.capacitor_ends + 4 * e;
    for (int l = 0; l < L; ++l) {
      const int64_t at = e * L + l;
      const double u1 = b.s[ends[0] + l] - b.s[ends[1] + l] - b.capacitor_past[at];
      b.capacitor_past[at] = b.s[ends[2] + l] - b.s[ends[3] + l];
      b.capacitor_current[at] = -b.capacitor_c1[at] * (u1 - 0.25 * b.capacitor_u1[at]);
      b.capacitor_u1[at] = u1;
    }
  }
}

// A line's end sees the other end's wave, g u + i, of `delay` steps ago; before t = 0 there is none.
template <int L>
void ports(Block& b, int64_t step) {
  for (int64_t p = 0; p < b.ports; ++p) {
    const int64_t* ends = b.port_ends + 2 * p;
    const int64_t delay = b.port_delay[p];
    for (int l = 0; l < L; ++l) {
      const int64_t at = p * L + l;
      if (step > 0) {
        const double phase = b.s[ends[0] + l] - b.s[ends[1] + l];
        // The current of the step before closes the wave that this end sent then.
        const double u = phase - b.port_past[at];
        const double sent = 2 * b.port_g[at] * u + b.port_current[at] + b.port_g[at] * b.port_past[at];
        b.port_wave[b.port_ring[p] + (step - 1) % delay * L + l] = sent;
        b.port_past[at] = (4.0 / 3.0) * phase - (1.0 / 3.0) * b.port_n1[at];
        b.port_n1[at] = phase;
      }
    }
  }
  for (int64_t p = 0; p < b.ports; ++p) {
    const int64_t delay = b.port_delay[p], other = b.port_ring[p ^ 1];
    for (int l = 0; l < L; ++l) {
      const int64_t at = p * L + l;
      const double seen = step >= delay ? b.port_wave[other + (step - delay) % delay * L + l] : 0.0;
      b.port_current[at] = -b.port_g[at] * b.port_past[at] - seen;
    }
  }
}

typedef float F8 __attribute__((vector_size(32), aligned(32), may_alias));
typedef int32_t I8 __attribute__((vector_size(32), aligned(32), may_alias));
typedef uint32_t U8 __attribute__((vector_size(32), aligned(32), may_alias));
typedef double D8 __attribute__((vector_size(64), aligned(64), may_alias));

HW_INLINE U8 rotate(U8 v, int by) { return (v << by) | (v >> (32 - by)); }

// xoshiro128++ 1.0 (Blackman, Vigna: Scrambled Linear Pseudorandom Number Generators, ACM TOMS 47:36, 2021), a lane each.
HW_INLINE U8 random_bits(U8* s) {
  const U8 result = rotate(s[0] + s[3], 7) + s[0];
  const U8 t = s[1] << 9;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 11);
  return result;
}

// Two standard Gaussian numbers a lane (Box and Muller), in single precision: the noise needs no more.
HW_INLINE void gaussian_pair(U8* state, D8& first, D8& second) {
  // u in (0, 1): 23 bits and a half.
  const U8 bits = random_bits(state), turn = random_bits(state);
  const F8 u = (__builtin_convertvector(reinterpret_cast<I8>(bits >> 9), F8) + 0.5f) * 1.1920929e-7f;
  // ln u = e ln 2 + ln m, m in [sqrt 1/2, sqrt 2)
  const I8 raw = reinterpret_cast<I8>(u);
  const I8 exponent = (raw - 0x3f3504f3) >> 23;
  const F8 f = reinterpret_cast<F8>(raw - (exponent << 23)) - 1.0f;
  F8 p = f * -0.103787233709f + 0.163381484119f;
  p = p * f + -0.17212424978f;
  p = p * f + 0.198842350878f;
  p = p * f + -0.249715603154f;
  p = p * f + 0.33335607916f;
  p = p * f + -0.500003442808f;
  p = p * f + 0.999999917855f;
  const F8 minus_two_log = -2.0f * (p * f + __builtin_convertvector(exponent, F8) * 0.69314718f);
  F8 radius;
#if HW_DOUBLES >= 4
  radius = reinterpret_cast<F8>(__builtin_ia32_sqrtps256(minus_two_log));
#else
  for (int k = 0; k < 8; ++k) radius[k] = __builtin_sqrtf(minus_two_log[k]);
#endif
  // An angle of `quarter` right angles and a rest of at most half of one.
  const I8 quarter = reinterpret_cast<I8>(turn >> 30);
  const F8 t = __builtin_convertvector(reinterpret_cast<I8>((turn << 2) >> 9), F8) * 1.1920929e-7f - 0.5f;
  const F8 t2 = t * t;
  F8 sin = t2 * -0.00460217698871f + 0.0796802280644f;
  sin = (sin * t2 + -0.645963478642f) * t2 + 1.57079632197f;
  sin = sin * t;
  F8 cos = t2 * -0.0204083525058f + 0.253598644099f;
  cos = (cos * t2 + -1.23369701425f) * t2 + 0.999999972423f;
  const I8 odd = (quarter & 1) != 0;
  const I8 flip = quarter << 30 & INT32_MIN;  // the upper half turn
  const I8 a = (reinterpret_cast<I8>(cos) & ~odd) | (reinterpret_cast<I8>(sin) & odd);
  const I8 b = (reinterpret_cast<I8>(sin) & ~odd) | (reinterpret_cast<I8>(cos) & odd);
  const F8 g1 = reinterpret_cast<F8>(a ^ flip) * radius, g2 = reinterpret_cast<F8>(b ^ flip) * radius;
  first = __builtin_convertvector(g1, D8);
  second = __builtin_convertvector(g2, D8);
}

// White noise xi enters a backward difference of second order as 1.5 xi(n) - 0.5 xi(n - 1), so that its integral takes
// the steps of a random walk and the power that the circuit absorbs does not depend on the step (Buckwar, Winkler:
// Multistep Methods for SDEs, SIAM J. Numer. Anal. 44:779, 2006).
HW_INLINE void white(const D8& fresh, double* before, double* out) {
  D8* old = reinterpret_cast<D8*>(before);
  *reinterpret_cast<D8*>(out) = 1.5 * fresh - 0.5 * *old;
  *old = fresh;
}

// Fresh noise every `noise_every` steps, straight lines between where they are more than one; none before t = 0.
HW_INLINE void noise(Block& b, int64_t step) {
  if (b.noise_pairs == 0 || step < 0) return;
  double* gauss = b.s + b.gauss;
  const int64_t phase = step % b.noise_every;
  if (phase == 0) {
    U8 state[4];
    for (int k = 0; k < 4; ++k) state[k] = reinterpret_cast<const U8*>(b.random)[k];
    for (int64_t n = 0; n < 2 * b.noise_pairs; n += 2) {
      D8 first, second;
      gaussian_pair(state, first, second);
      const int64_t at = n * kMaxLanes, next = at + kMaxLanes;
      if (b.noise_every == 1) {
        white(first, b.noise_from + at, gauss + at);
        white(second, b.noise_from + next, gauss + next);
      } else {
        for (int64_t d = at; d < next + kMaxLanes; ++d) b.noise_from[d] = b.noise_to[d];
        *reinterpret_cast<D8*>(b.noise_to + at) = first;
        *reinterpret_cast<D8*>(b.noise_to + next) = second;
      }
    }
    for (int k = 0; k < 4; ++k) reinterpret_cast<U8*>(b.random)[k] = state[k];
  }
  if (b.noise_every > 1) {
    const double part = static_cast<double>(phase) / static_cast<double>(b.noise_every);
    for (int64_t d = 0; d < b.noise_pairs * 2 * kMaxLanes; ++d) {
      gauss[d] = b.noise_from[d] + part * (b.noise_to[d] - b.noise_from[d]);
    }
  }
}

template <int L>
void run_steps(Block& b) {
  factorise<L>(b);
  for (int64_t step = -b.startup; step < b.steps; ++step) {
    if (!b.waves(b.owner, step)) return;
    noise(b, step);
    double *x = b.s + b.x, *y = b.s + b.y, *previous = b.s + b.previous;
    for (int64_t at = 0; at < b.history_doubles; at += kWide) {
      const V now = load(x + at);
      store(y + at, (4.0 / 3.0) * now - (1.0 / 3.0) * load(previous + at));
      store(previous + at, now);
    }
    if (b.general) {
      junctions<L, true>(b, step);
    } else {
      junctions<L, false>(b, step);
    }
    if (b.capacitors) capacitors<L>(b);
    if (b.ports) ports<L>(b, step);
    if (b.refactor) {
      b.refactor = false;
      factorise<L>(b);
    }
    run_program<L>(b.s, b.forward, b.forward_count, b.forward_code);
    run_program<L>(b.s, b.backward, b.backward_count, b.backward_code);
    if (step >= 0 && step % b.every == 0) b.record(b.owner, step);
  }
}

HW_INLINE StepFunction steps_of(int lanes) {
  if (lanes == 1) return &run_steps<1>;
  return &run_steps<kMaxLanes>;
}

}  // namespace
