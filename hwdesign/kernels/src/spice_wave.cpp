#include <algorithm>
#include <cmath>

#include "spice.hpp"

namespace hwdesign::spice {
namespace {

double table_value(const Wave& wave, double t, int64_t& cursor) {
  t -= wave.delay;
  if (wave.period > 0 && t >= 0) t -= std::floor(t / wave.period) * wave.period;
  const auto count = static_cast<int64_t>(wave.time.size());
  if (count == 0 || t < wave.time[0]) return wave.before;
  if (cursor >= count || wave.time[cursor] > t) cursor = 0;
  while (cursor + 1 < count && wave.time[cursor + 1] <= t) {
    // A long table is searched; a short walk is quicker from step to step.
    if (cursor + 8 < count && wave.time[cursor + 8] <= t) {
      cursor = std::upper_bound(wave.time.begin() + cursor, wave.time.end(), t) - wave.time.begin() - 1;
    } else {
      ++cursor;
    }
  }
  if (cursor + 1 == count) return wave.value[cursor];
  const double t1 = wave.time[cursor], t2 = wave.time[cursor + 1], v1 = wave.value[cursor], v2 = wave.value[cursor + 1];
  return v1 + (v2 - v1) / (t2 - t1) * (t - t1);
}

}  // namespace

double wave_value(const Wave& wave, double t, int64_t& cursor) {
  const double* p = wave.p;
  switch (wave.kind) {
    case WaveKind::kSine: {
      if (t < p[3]) return p[0];
      const double turns = p[2] * (t - p[3]);
      return p[0] + p[1] * std::sin(2 * M_PI * turns) * std::exp(-p[4] * (t - p[3]));
    }
    case WaveKind::kExp: {
      double value = p[0];
      if (t >= p[2]) value += (p[1] - p[0]) * (1 - std::exp(-(t - p[2]) / p[3]));
      if (t >= p[2] && t >= p[4]) value += (p[0] - p[1]) * (1 - std::exp(-(t - p[4]) / p[5]));
      return value;
    }
    default:
      return table_value(wave, t, cursor);
  }
}

}  // namespace hwdesign::spice
