// Bit-parallel simulation of And-Inverter Graphs: 64 patterns a word, any number of patterns, bounded memory.
//
// Variable 0 is constant false, variables 1..inputs are inputs (primary inputs, then latch outputs), and the ANDs
// follow in topological order. A literal is 2 * variable + inverted.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

struct Aig {
  const int32_t* fanin0;
  const int32_t* fanin1;
  int64_t ands;
  int64_t inputs;
  int64_t variables() const { return 1 + inputs + ands; }
};

// Throws std::out_of_range unless every fan-in literal names an earlier variable.
void check_aig(const Aig& aig);

// Where the input words come from: given words (row-major, `words` a row), or seeded random ones. `bias` may be null
// (every bit is 1 with probability one half); otherwise it holds inputs' probabilities times 2^kProbabilityBits.
struct Stimulus {
  uint64_t seed = 0;
  const uint64_t* given = nullptr;
  const uint32_t* bias = nullptr;
};

struct SimulationOptions {
  int threads = 1;
  int simd = -1;        // -1: the widest that the processor has; see simd_levels()
  int64_t block = 0;    // words a block, a multiple of 8; 0: chosen from the cache's size
  bool (*unwanted)() = nullptr;  // asked now and then by the calling thread; true ends the run, its result void
};

struct Activity {
  std::vector<int64_t> ones;     // a variable's number of patterns with value 1
  std::vector<int64_t> toggles;  // its number of changes between consecutive patterns; empty unless asked for
};

Activity count_activity(const Aig& aig, const Stimulus& stimulus, int64_t patterns, bool toggles,
                        const SimulationOptions& options);

// Row r of the result is the value of variable `selected[r]`; bits past the last pattern are 0. `selected` holds no
// variable twice.
std::vector<uint64_t> simulate_words(const Aig& aig, const Stimulus& stimulus, int64_t patterns,
                                     const int32_t* selected, int64_t count, const SimulationOptions& options);

// Latches are the last `latches` inputs; `next` holds their next-state literals, `reset` 0, 1 or 2 (random).
// `streams` independent runs from reset; the first `warmup` clock cycles are not counted.
struct Sequence {
  const int32_t* next;
  const uint8_t* reset;
  int64_t latches;
  int64_t cycles;
  int64_t warmup;
  int64_t streams;
};
Activity count_activity_sequential(const Aig& aig, const Sequence& sequence, const Stimulus& stimulus, bool toggles,
                                   const SimulationOptions& options);

// P(variable = 1) when the fan-ins of each AND are taken as independent (COP).
std::vector<double> cop_probability(const Aig& aig, const double* input_probability);

// One AND for each distinct pair of fan-ins, constants folded. `literal[v]` is what old variable v became; the new ANDs
// keep the inputs' numbers and the old order.
struct StructuralHash {
  std::vector<int32_t> literal, fanin0, fanin1;
};
StructuralHash structural_hash(const Aig& aig);

// How many SIMD levels this processor has: 1 portable, 2 with AVX2, 3 with AVX-512 and its vector popcount.
int simd_levels();

}  // namespace hwdesign
