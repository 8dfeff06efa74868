// One block of instances that step together, as plain memory, and what its inner loop calls for rare events.
//
// Everything that is inlined into the loop is compiled once for each instruction set, so that this header holds plain
// data alone: no function of the library may be instantiated there under flags that not every processor has.
#pragma once

#include <cstdint>

namespace hwdesign::spice {

constexpr int kMaxLanes = 8;

struct Run {  // a Group, its code scaled by the width
  int32_t head, pairs, rows;
  int64_t at;
};

struct Block {
  double* s;  // slots, `lanes` doubles each, on a cache line
  // Linear part, offsets in doubles.
  const Run *forward, *backward;
  int64_t forward_count, backward_count;
  const int32_t *forward_code, *backward_code;
  int64_t x, y, previous, c, gauss, wave;
  int64_t history_doubles, noise_pairs;
  // Factorisation.
  const int32_t *pivot, *upper, *lower, *update;
  const int64_t *first, *update_at;
  int32_t unknowns;
  bool symmetric;
  const double* base;  // coefficients before elimination, factor slots
  double* factor;      // its place in s
  int64_t factor_doubles;
  // Junctions: offsets of x and y at either end, and flat arrays of junction_doubles.
  const int64_t* junction_ends;  // xa, xb, ya, yb
  int64_t junctions, junction_doubles;
  double* phase;                        // x difference, with one lane alone
  double *past, *past_before;           // y difference, and that of one step ago
  double *u_new, *u1, *u2;              // changes that stand for voltages: of this step's start, one and two before
  double *ic, *c1, *total, *low, *high, *transition, *half_turns, *sine;  // total: with the shunt
  double* conductance;  // without it
  bool elevated;        // some junction is in or above its transition
  bool general;  // the sine is not enough: ask `currents`
  const int64_t* capacitor_ends;
  int64_t capacitors;
  double *capacitor_past, *capacitor_u1, *capacitor_c1, *capacitor_current;
  const int64_t *port_ends, *port_delay;  // offsets of x; delay in steps, at least 1
  int64_t ports;
  double *port_n1, *port_n2, *port_past, *port_g, *port_wave, *port_current;  // earlier phases; ring buffers, one after the other
  const int64_t* port_ring;                                    // where each begins
  // Noise: lanes of xoshiro128++.
  uint32_t* random;  // (4, lanes)
  int64_t noise_every;
  double *noise_from, *noise_to;  // where the current is interpolated
  // Time.
  double step, alpha;
  int64_t steps, startup, every, checked_from;
  double limit;
  // Events.
  void* owner;
  bool (*waves)(void* owner, int64_t step);            // writes the wave slots; false: stop
  void (*event)(void* owner, int64_t at, int count, int64_t step, bool counting);
  void (*currents)(void* owner);                       // writes `sine` from `sine`, which holds the predicted phase
  void (*record)(void* owner, int64_t step);
  bool refactor;  // set by an event
};

// Each does `startup` + `steps` steps of a block of `lanes` instances.
using StepFunction = void (*)(Block& block);

StepFunction portable_steps(int lanes);
#if defined(__x86_64__) && defined(__GNUC__)
StepFunction avx2_steps(int lanes);
StepFunction avx512_steps(int lanes);
#endif

}  // namespace hwdesign::spice
