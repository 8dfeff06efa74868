// A block of instances that the Newton mode integrates in step with one another, as plain memory; spice_block.hpp says
// why. Arrays hold `lanes` doubles an element. Histories have one element more than the plan counts: ground, at zero.
#pragma once

#include <cstdint>

#include "spice_block.hpp"

namespace hwdesign::spice {

// Powers of alpha that the coefficients of a step are made of: sum of part[k] * alpha^(k - 1). The first and the last
// are null where all are zero.
struct Powers {
  const double* part[4];
};

struct NewtonBlock {
  Block linear;  // slots, factorisation and programs; `base` is the factor itself
  // The step.
  double h, alpha, last_h;
  double past;  // 1: trapezoidal; 0: backward Euler, which forgets the rates
  double tolerance;
  double assembled;  // alpha of base and history, 0: none
  double factored;   // alpha of a factorisation that may be used again, 0: none
  Powers base_powers, history_powers;
  double *base, *history;
  int64_t history_doubles;
  // States at the last accepted step.
  int64_t histories;
  double *x, *rate, *new_rate, *old_x;
  // Junctions: offsets of x and y in the slots at either end, and of histories.
  int64_t junctions;
  const int64_t *junction_slots, *junction_states;
  const int64_t* junction_stamp;  // offsets of aa, bb, ab, ba in the slots, -1: none
  double *ic, *cap, *conductance, *transition, *low, *high;  // conductance: of the present piece, with the shunt
  double *junction_rate, *junction_acceleration, *junction_old_rate, *guess, *fixed, *linear_part, *current, *slope;
  double *factored_at, *share;  // phases at the factorisation; ic as a share of the matrix's coefficient there
  double* half_turns;
  bool general;  // the sine is not enough: ask `relation`
  int64_t capacitors;
  const int64_t* capacitor_states;
  double *capacitance, *capacitor_counts, *capacitor_rate, *capacitor_acceleration;
  double* capacitor_current;
  // What the error is measured of: junctions, capacitors, rows of resistors.
  int64_t rows, row_entries;
  const int64_t *row_of, *state_of;  // offsets
  const double* row_weight;
  double *monitor, *monitor_new, *monitor_before;
  // Answers, one a lane.
  bool live[kMaxLanes], unsolved[kMaxLanes];
  alignas(64) double error[kMaxLanes];    // radians
  alignas(64) double fastest[kMaxLanes];  // largest rate of a junction, rad/s; NaN where something is no number
  // Rare events.
  void* owner;
  void (*piece)(void* owner, int64_t junction);     // a junction leaves the piece of its quasi-particle branch
  void (*relation)(void* owner, bool slopes);       // writes current and slope at the guess
  void (*turn)(void* owner, int64_t junction);      // a junction may have passed an odd multiple of pi
};

struct NewtonSteps {
  void (*prepare)(NewtonBlock&);  // coefficients, histories and a guess at time + h
  bool (*solve)(NewtonBlock&);    // false: some lane that is live is unsolved
  void (*judge)(NewtonBlock&);    // error and fastest
  void (*accept)(NewtonBlock&);   // the step's end becomes the state
};

NewtonSteps portable_newton(int lanes);
#if defined(__x86_64__) && defined(__GNUC__)
NewtonSteps avx2_newton(int lanes);
NewtonSteps avx512_newton(int lanes);
#endif

}  // namespace hwdesign::spice
