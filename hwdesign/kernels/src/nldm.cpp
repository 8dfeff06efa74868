// The scalar form of hwdesign.timing.driver, which gives the model's source and what was fitted: same formulas, same
// order of steps, without gradients.
#include "nldm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace hwdesign {
namespace {

constexpr double kChordLow = 0.75, kChordHigh = 0.825;  // shares of the load that the resistance is measured between
constexpr double kRamps = 1.4;                          // ramps for which charge is counted at most
constexpr double kSmall = 1e-3;                         // share of a pi below which it is one capacitor
constexpr double kTolerance = 1e-4;                     // one Newton step follows
constexpr int kSteps = 60;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Place {
  int64_t at;
  double share;
};

Place interval(const double* axis, int64_t size, int64_t last, double place) {
  int64_t at = 0;
  while (at < size - 2 && place >= axis[at + 1]) ++at;
  at = std::min(at, std::max<int64_t>(last, 0));
  const double low = axis[at], high = axis[std::min(at + 1, size - 1)];
  if (last < 0 || high <= low) return {at, 0.0};
  return {at, (place - low) / (high - low)};
}

// One table at a fixed input slew: a piecewise linear function of the load. Values are read from two of its rows.
struct Curve {
  const NldmTables* tables;
  int64_t table;
  const double *below, *above;
  double share;

  Curve(const NldmTables& all, int64_t which, double row) : tables(&all), table(which) {
    const Place place = interval(all.row_axis + which * all.rows, all.rows, all.last_row[which], row);
    const double* first = all.values + which * all.rows * all.cols;
    below = first + place.at * all.cols;
    above = first + std::min(place.at + 1, all.rows - 1) * all.cols;
    share = all.rows > 1 ? place.share : 0.0;
  }

  double entry(int64_t at) const { return below[at] + share * (above[at] - below[at]); }

  double at(double load) const {
    const int64_t size = tables->cols;
    if (size == 1) return entry(0);
    const Place place = interval(tables->col_axis + table * size, size, tables->last_col[table], load);
    const double low = entry(place.at);
    return low + place.share * (entry(std::min(place.at + 1, size - 1)) - low);
  }
};

double ramp_value(const NldmRamps& ramps, int column, double gap) {
  const int64_t last = ramps.size - 1;
  const double* values = ramps.values + column * ramps.size;
  const double reach = last * ramps.step, end = ramps.shortest + reach * reach;
  if (gap > end) {
    const double pace[] = {1.0, ramps.low, ramps.middle, ramps.high};
    return values[last] + (gap - end) * pace[column] / (ramps.middle - ramps.low);
  }
  const double root = std::sqrt(std::max(gap - ramps.shortest, 1e-12)) / ramps.step;
  const int64_t at = root < static_cast<double>(last - 1) ? static_cast<int64_t>(root) : last - 1;
  const double t = root - static_cast<double>(at), low = values[at], high = values[at + 1];
  const double* slopes = ramps.slopes + column * ramps.size;
  const double rise = slopes[at] * ramps.step, fall = slopes[at + 1] * ramps.step;
  return low + t * (rise + t * (3 * (high - low) - 2 * rise - fall + t * (2 * (low - high) + rise + fall)));
}

// A ramp through up to three poles: (t + offset + sum gain exp(-pole t)) / ramp.
struct Wave {
  double ramp = 1.0, offset = 0.0;
  int poles = 0;
  double gain[3] = {0, 0, 0}, pole[3] = {0, 0, 0};
  double times[3] = {0, 0, 0};

  void unended(double time, double& value, double& pace) const {
    value = pace = 0.0;
    if (!(time > 0)) return;
    value = time + offset;
    pace = 1.0;
    for (int j = 0; j < poles; ++j) {
      const double tail = gain[j] * std::exp(-pole[j] * time);
      value += tail;
      pace -= pole[j] * tail;
    }
  }

  void at(double time, double& value, double& slope) const {
    double before, pace;
    unended(time, value, slope);
    unended(time - ramp, before, pace);
    value = (value - before) / ramp;
    slope = (slope - pace) / ramp;
  }

  // Newton's method within a bracket.
  double crossing(double level, double guess) const {
    double time = std::max(guess, 1e-9), low = 0.0, high = kInfinity, value, slope;
    for (int step = 0; step < kSteps; ++step) {
      at(time, value, slope);
      (value < level ? low : high) = time;
      const double wanted = time - (value - level) / std::max(slope, 1e-30);
      const double middle = std::isinf(high) ? 2.0 * time : 0.5 * (low + high);
      const double next = wanted >= low && wanted <= high ? wanted : middle;
      const double moved = std::abs(next - time);
      time = next;
      if (!(moved > kTolerance * (time + 1e-4))) break;
    }
    at(time, value, slope);
    return time - (value - level) / std::max(slope, 1e-30);
  }

  void cross(const NldmRamps& ramps, const double* guess) {
    const double levels[] = {ramps.low, ramps.middle, ramps.high};
    for (int which = 0; which < 3; ++which) times[which] = crossing(levels[which], guess[which]);
  }
};

struct Pi {
  double near, resistance, far;

  // Response to a unit ramp through the resistance `source`.
  void respond(double source, Wave& wave) const {
    const double zero = resistance * far, sum = zero + source * (near + far);
    const double product = std::max(std::max(source * zero * near, 1e-30), 1e-10 * sum * sum);
    const double root = sum + std::sqrt(std::max(sum * sum - 4.0 * product, 1e-30));
    const double slow = 2.0 / root, fast = root / (2.0 * product);
    wave.poles = 2;
    wave.pole[0] = slow;
    wave.pole[1] = fast;
    wave.gain[0] = (1.0 - slow * zero) * fast / ((fast - slow) * slow);
    wave.gain[1] = -(1.0 - fast * zero) * slow / ((fast - slow) * fast);
    wave.offset = -(wave.gain[0] + wave.gain[1]);
  }
};

// One driver and its load: the search for the capacitance that takes as much charge as the pi.
struct Driver {
  const NldmRamps& ramps;
  const Curve& slew;
  const Pi& pi;
  double source, derate, gap_share;
  Wave wave;

  double charge_gap(double ceff, bool& possible) const {
    const double tau = source * ceff, measured = slew.at(ceff) * derate, gap = measured * gap_share / tau;
    possible = gap > ramps.shortest * (1 + 1e-9);
    const double longest = kRamps * ramp_value(ramps, 0, gap) * tau;
    const double window = std::min(measured / (ramps.high - ramps.low), longest);
    double taken = wave.offset * window;
    for (int j = 0; j < 2; ++j) taken -= wave.gain[j] * std::expm1(-wave.pole[j] * window) / wave.pole[j];
    return -taken / source - ceff * (window + tau * std::expm1(-window / tau));
  }

  // Whether there is such a capacitance; by the Illinois method, then one Newton step.
  bool solve(double& ceff) {
    bool possible;
    double high = pi.near + pi.far, low = std::max(pi.near, 0.02 * high), best = high, side = 0.0;
    double at_low = charge_gap(low, possible), at_high = charge_gap(high, possible);
    if (!(at_low > 0 && at_high <= 0)) return false;
    for (int step = 0; step < kSteps; ++step) {
      const double share = at_high / std::min(at_high - at_low, -1e-300);
      const double guess = high - (high - low) * (std::isnan(share) ? 0.5 : std::clamp(share, 0.0, 1.0));
      const double moved = std::abs(guess - best), value = charge_gap(guess, possible);
      best = guess;
      const bool above = value > 0;
      if (above && side > 0) at_high *= 0.5;
      if (!above && side < 0) at_low *= 0.5;
      (above ? low : high) = best;
      (above ? at_low : at_high) = value;
      side = above ? 1.0 : -1.0;
      if (!(moved > kTolerance * best)) break;
    }
    const double miss = charge_gap(best, possible);
    if (!possible) return false;
    bool ignored;
    const double nudge = best * 1e-6;
    const double slope = (charge_gap(best + nudge, ignored) - charge_gap(best - nudge, ignored)) / (2 * nudge);
    ceff = best - miss / slope;
    return true;
  }
};

Wave behind_pole(const Wave& wave, double tau) {
  for (int j = 0; j < 2; ++j)
    // A double pole has no partial fractions; moving the new one by a little is not seen in the wave.
    if (std::abs(wave.pole[j] * tau - 1.0) < 1e-5) {
      tau *= 1.0 + 3e-5;
      break;
    }
  Wave later = wave;
  later.poles = 3;
  later.offset = wave.offset - tau;
  double sum = later.offset;
  for (int j = 0; j < 2; ++j) sum += later.gain[j] = wave.gain[j] / (1.0 - wave.pole[j] * tau);
  later.gain[2] = -sum;
  later.pole[2] = 1.0 / tau;
  return later;
}

}  // namespace

void nldm_drive(const NldmTables& tables, const NldmRamps& ramps, double derate, const NldmRows& rows,
                const NldmSinks& sinks, const NldmResults& results) {
  const double gap_share = (ramps.middle - ramps.low) / (ramps.high - ramps.low);
  std::vector<Wave> waves(static_cast<size_t>(rows.count));  // without poles where the wire is one capacitor
  for (int64_t row = 0; row < rows.count; ++row) {
    const Curve delay(tables, rows.delay_table[row], rows.slew[row]);
    const Curve slew(tables, rows.slew_table[row], rows.slew[row]);
    const Pi pi{rows.near[row], rows.resistance[row], rows.far[row]};
    const double total = pi.near + pi.far, from = kChordLow * total, to = kChordHigh * total;
    const double source = (delay.at(to) - delay.at(from)) / std::max(to - from, 1e-30);
    double ceff = total;
    Driver driver{ramps, slew, pi, source, derate, gap_share, {}};
    bool found = pi.resistance > kSmall * source && pi.far > kSmall * pi.near && source > 0 && total > 0;
    if (found) {
      pi.respond(source, driver.wave);
      found = driver.solve(ceff);
    }
    double at_driver = slew.at(ceff) * derate;
    if (found) {
      const double tau = source * ceff, gap = at_driver * gap_share / tau;
      Wave& wave = waves[static_cast<size_t>(row)] = driver.wave;
      wave.ramp = ramp_value(ramps, 0, gap) * tau;
      double guess[3];
      for (int which = 0; which < 3; ++which) guess[which] = ramp_value(ramps, 1 + which, gap) * tau;
      wave.cross(ramps, guess);
      at_driver = wave.times[2] - wave.times[0];
    }
    results.ceff[row] = ceff;
    results.delay[row] = delay.at(ceff);
    results.slew[row] = at_driver;
  }
  for (int64_t at = 0; at < sinks.count; ++at) {
    const Wave& wave = waves[static_cast<size_t>(sinks.row[at])];
    const double tau = sinks.elmore[at];
    results.wire_delay[at] = tau;
    results.sink_slew[at] = results.slew[sinks.row[at]];
    if (wave.poles == 0 || !(tau > 1e-12)) continue;
    Wave end = behind_pole(wave, tau);
    const double guess[] = {wave.times[0] + tau, wave.times[1] + tau, wave.times[2] + tau};
    end.cross(ramps, guess);
    results.wire_delay[at] = end.times[1] - wave.times[1];
    results.sink_slew[at] = end.times[2] - end.times[0];
  }
}

}  // namespace hwdesign
