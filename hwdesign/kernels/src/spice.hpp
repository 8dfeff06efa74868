// Transient simulation of circuits with Josephson junctions: the network, its elimination plan, and runs over batches.
//
// Unknowns are phases of nodes (radians) and, after them, scaled currents of branches that fix a phase. With
// dx = alpha (x - y) for the time derivative, y a combination of earlier x, each row reads
//     sum A0 x + sum A1 dx + junctions + capacitors + lines + injections = 0,
// and a row marked `rate` is divided by alpha (its A1 entries then fix a phase through its derivative).
// Index -1 is ground. All value tables are row-major (element, instance).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace hwdesign::spice {

struct Entry {
  int32_t row, col;
};

struct Branch {
  int32_t a, b;
};

enum class ChannelKind : int32_t {
  kPhase = 0,            // x[a] - x[b]
  kRate = 1,             // d/dt of the same, rad/s
  kJunctionCurrent = 2,  // of junction a, in ampere
  kJunctionRate = 3,     // d/dt of the phase of junction a, rad/s
  kCapacitor = 4,        // current of capacitor a, in ampere
  kPort = 5,             // current into port a of the lines (2 * line + side), in ampere
};

struct Channel {
  ChannelKind kind;
  int32_t a, b;
};

struct Network {
  int32_t unknowns = 0;
  std::vector<uint8_t> rate;         // one an unknown's row
  std::vector<Entry> a0, a1;
  std::vector<Branch> capacitors, junctions;
  std::vector<Branch> ports;         // two a transmission line
  std::vector<Entry> injections;     // row, wave (-1: a wave a lane)
  std::vector<Branch> noise;         // a noise current leaves a and enters b
  std::vector<Channel> channels;
  bool symmetric = true;
};

// What an instance is made of, one row an element, one column an instance.
struct Values {
  const double *a0, *a1;
  const double* capacitance;       // coefficient of the second derivative of the phase
  const double *ic, *cap;          // junction: ampere; coefficient of the second derivative of the phase
  const double* conductance;       // (3, junctions): sub-gap, transition, normal; coefficients of the phase's derivative
  const double* shunt;             // conductance beside each junction, likewise, that is none of its own
  const double *rate_low, *rate_high;  // borders of the transition region, rad/s
  const double* transition;        // current of the transition branch where the rate is positive
  const double* phase_offset;      // radians
  const double* harmonics;         // (harmonics, junctions) relative to ic
  int32_t harmonic_count;          // 1: the sine alone, with weight 1
  const double* gap;               // (3, junctions): transparency, delta / 2kT, current scale; scale 0: plain sine
  const double* port;              // conductance of a port, coefficient of the phase's derivative
  const int64_t* delay;            // steps, one a line
  const double* injection;
  const int32_t* injection_wave;   // wave of each (injection, instance) where the injection's own is -1
  const double* noise;             // standard deviation, ampere, below the gap
  const double* noise_normal;      // and above it
  const int32_t* noise_junction;   // junction that decides, or -1
  const uint64_t* seed;            // one an instance
  int64_t instances;
  bool general;                    // phase offsets, harmonics or gap are in use
};

enum class WaveKind : int32_t { kTable = 0, kSine = 1, kExp = 2 };

// kTable: points (time, value), linear between, `before` ahead of the first, repeated every `period` where that is
// positive, all counted from `delay`. kSine: p = offset, amplitude, frequency, delay, damping. kExp: p = from, to,
// delay1, tau1, delay2, tau2.
struct Wave {
  WaveKind kind = WaveKind::kTable;
  std::vector<double> time, value;
  double before = 0, period = 0, delay = 0;
  double p[6] = {};
};

double wave_value(const Wave& wave, double t, int64_t& cursor);

enum class Status : int32_t { kDone = 0, kNotFinite = 1, kStepTooLarge = 2, kSingular = 3, kNoConvergence = 4 };

struct Options {
  double step = 0;
  int64_t steps = 0;
  int64_t startup = 0;    // steps before t = 0
  int64_t every = 1;      // record each of this many steps
  int64_t noise_every = 1;
  double limit = 0;       // largest step of a junction's predicted phase, radians; 0: not checked
  bool pulses = true;
  int threads = 1;
  int simd = -1;          // as in aigsim.hpp
  bool (*unwanted)() = nullptr;
};

struct Pulse {
  int32_t instance, junction, k, direction;
  double t;
};

struct Result {
  std::vector<double> waves;      // (channel, row, instance)
  int64_t rows = 0;
  std::vector<Pulse> pulses;      // by instance, then junction, then time
  std::vector<int32_t> status;    // one an instance
  std::vector<double> failed_at;  // seconds
};

// Rows that are alike: each begins with nothing, a slot, or a slot's negative (head 0, 1, -1), and adds the products
// slot[a] * slot[b] of its pairs.
struct Group {
  int32_t head, pairs, rows;
  int64_t at;  // in Program::code
};

struct Program {
  std::vector<Group> groups;
  std::vector<int32_t> code;  // out, head (where there is one), a, b, a, b ... a row
};

// L U in place over slots. Slots of an entry (k, j) with j later than k hold U, then -U / pivot; (j, k) hold -L.
struct Factor {
  std::vector<int32_t> pivot;     // slot of each diagonal, in order of elimination
  std::vector<int64_t> first;     // of each pivot in `upper` and `lower`
  std::vector<int32_t> upper, lower;  // slots of a pivot's row and column; the same where symmetric
  std::vector<int64_t> update_at;
  std::vector<int32_t> update;    // slot of (i, j) for each lower i and upper j; -1 where symmetry has it elsewhere
};

class Plan {
 public:
  // `values` (first instance) and alpha decide the pivots. Throws std::domain_error naming the unknown by number
  // where the matrix is singular: what() is "singular N".
  Plan(Network network, const Values& values, double alpha);

  Network net;
  bool symmetric;
  int32_t slots = 0;  // of the linear part
  int32_t one = 0, minus_one = 1, zero = 2, x = 0, z = 0, y = 0, previous = 0, c = 0, wave = 0, scale = 0, amp = 0, negative_amp = 0,
          gauss = 0, factor = 0, history = 0;
  int32_t histories = 0, junction_pad = 0, waves = 0, noise_pad = 0, factor_slots = 0, history_slots = 0;
  int32_t shared_waves = 0;
  std::vector<int32_t> history_of;   // unknown -> position among those with a history, or -1
  std::vector<int32_t> x_of;         // unknown -> slot of its phase, counted from x; those with a history come first
  Program forward, backward;
  Factor lu;
  // Factor slots and history slots of the stamps, -1 where ground.
  std::vector<int32_t> a0_slot, a1_slot, a1_history;
  struct Stamp {
    int32_t slot[4], history[4];  // aa, bb, ab, ba; junctions and ports keep their history themselves
  };
  std::vector<Stamp> capacitor_stamp, junction_stamp, port_stamp;
  std::vector<uint8_t> solved;       // unknown: whether its x is kept

 private:
  void order(const Values& values, double alpha);
};

// The instruction set that `simd` stands for; throws std::invalid_argument where the processor lacks it.
int simd_level(int simd);

Result run_steps(const Plan& plan, const Values& values, const std::vector<Wave>& waves, const Options& options);

struct NewtonOptions {
  double step = 0;       // of the record, and the largest of the integration
  int64_t rows = 0;
  double tolerance = 0;  // local error a step, radians
  double settle = 0;     // seconds before t = 0
  double delay_unit = 0;  // seconds that one step of Values::delay stands for
  double noise_interval = 0;  // seconds between two noise values
  bool noise_linear = false;  // straight lines between the values; otherwise each holds over its interval
  bool pulses = true;
  int threads = 1;
  int simd = -1;  // as in aigsim.hpp
  bool (*unwanted)() = nullptr;
};

struct NewtonResult : Result {
  std::vector<int64_t> steps;  // integration steps of each instance
};

NewtonResult run_newton(const Plan& plan, const Values& values, const std::vector<Wave>& waves,
                        const NewtonOptions& options);

}  // namespace hwdesign::spice
