// One pass over an AIG's ANDs for a block of words: the inner loop of every simulation.
//
// A plan gives each variable a row of the buffer for as long as some later AND reads it, so that the working set is the
// widest cut through the circuit and not the whole circuit; for most circuits it stays in the first or second cache.
#pragma once

#include <cstdint>
#include <vector>

#include "aigsim.hpp"

#define HW_INLINE inline __attribute__((always_inline))
#if defined(__x86_64__) && defined(__GNUC__)
#define HW_X86 1
#endif

namespace hwdesign {

constexpr int64_t kLane = 8;  // words worked on together: one 512-bit register

struct Step {
  int32_t fanin0, fanin1;  // 2 * row + inverted
  int32_t row;             // of the result
};

struct Plan {
  std::vector<Step> steps;         // one an AND, in order
  std::vector<int32_t> input_row;  // one an input
  std::vector<int32_t> row;        // of each variable, while it lives
  int64_t rows = 1;                // row 0 is constant false
};

// `keep` holds variables whose rows must survive the sweep.
Plan plan_rows(const Aig& aig, const int32_t* keep, int64_t kept);

// Words a block: as many as keep the buffer in the second cache, in whole lanes, at most 64.
int64_t choose_block(int64_t rows, int64_t words, int64_t asked);

// `block` random words of one input, the first being word `at` of its stream.
void random_row(const Stimulus& stimulus, int64_t input, uint64_t at, uint64_t* row, int64_t block);

// Zeroed memory on cache-line borders; the word before the first may be read.
class Buffer {
 public:
  explicit Buffer(int64_t words) : storage_(static_cast<size_t>(words) + 2 * kLane, 0) {
    const auto at = reinterpret_cast<uintptr_t>(storage_.data() + kLane);
    data_ = storage_.data() + kLane + (64 - at % 64) % 64 / sizeof(uint64_t);
  }
  uint64_t* data() { return data_; }

 private:
  std::vector<uint64_t> storage_;
  uint64_t* data_;
};

HW_INLINE int64_t popcount(const uint64_t* words, int64_t block) {
  uint64_t sum[kLane] = {};
  for (int64_t w = 0; w < block; w += kLane) {
    for (int64_t k = 0; k < kLane; ++k) sum[k] += static_cast<uint64_t>(__builtin_popcountll(words[w + k]));
  }
  uint64_t total = 0;
  for (int64_t k = 0; k < kLane; ++k) total += sum[k];
  return static_cast<int64_t>(total);
}

HW_INLINE int64_t popcount_masked(const uint64_t* words, const uint64_t* mask, int64_t block) {
  uint64_t sum[kLane] = {};
  for (int64_t w = 0; w < block; w += kLane) {
    for (int64_t k = 0; k < kLane; ++k) {
      sum[k] += static_cast<uint64_t>(__builtin_popcountll(words[w + k] & mask[w + k]));
    }
  }
  uint64_t total = 0;
  for (int64_t k = 0; k < kLane; ++k) total += sum[k];
  return static_cast<int64_t>(total);
}

// `sink(variable, row, block)` sees each input's words, then each AND's right after they are made.
template <typename Sink>
HW_INLINE void sweep_steps(const Plan& plan, uint64_t* buffer, int64_t block, Sink& sink) {
  const int64_t first = 1 + static_cast<int64_t>(plan.input_row.size());
  for (int64_t i = 1; i < first; ++i) sink(i, buffer + plan.input_row[i - 1] * block, block);
  const Step* steps = plan.steps.data();
  const int64_t count = static_cast<int64_t>(plan.steps.size());
  for (int64_t i = 0; i < count; ++i) {
    const Step step = steps[i];
    const uint64_t* a = buffer + static_cast<int64_t>(step.fanin0 >> 1) * block;
    const uint64_t* b = buffer + static_cast<int64_t>(step.fanin1 >> 1) * block;
    uint64_t* out = buffer + static_cast<int64_t>(step.row) * block;
    const uint64_t invert_a = -static_cast<uint64_t>(step.fanin0 & 1);
    const uint64_t invert_b = -static_cast<uint64_t>(step.fanin1 & 1);
    for (int64_t w = 0; w < block; w += kLane) {
      // The result may take over a fan-in's row, hence the copy before the store.
      uint64_t lane[kLane];
      for (int64_t k = 0; k < kLane; ++k) lane[k] = (a[w + k] ^ invert_a) & (b[w + k] ^ invert_b);
      for (int64_t k = 0; k < kLane; ++k) out[w + k] = lane[k];
    }
    sink(first + i, out, block);
  }
}

template <typename Sink>
void sweep_portable(const Plan& plan, uint64_t* buffer, int64_t block, Sink& sink) {
  sweep_steps(plan, buffer, block, sink);
}

#ifdef HW_X86
template <typename Sink>
__attribute__((target("avx2,popcnt"))) void sweep_avx2(const Plan& plan, uint64_t* buffer, int64_t block,
                                                       Sink& sink) {
  sweep_steps(plan, buffer, block, sink);
}

template <typename Sink>
__attribute__((target("avx2,popcnt,avx512f,avx512vl,avx512vpopcntdq,prefer-vector-width=512"))) void sweep_avx512(
    const Plan& plan, uint64_t* buffer, int64_t block, Sink& sink) {
  sweep_steps(plan, buffer, block, sink);
}
#endif

// `level` is one of 1..simd_levels().
template <typename Sink>
void sweep(int level, const Plan& plan, uint64_t* buffer, int64_t block, Sink& sink) {
#ifdef HW_X86
  if (level >= 3) return sweep_avx512(plan, buffer, block, sink);
  if (level == 2) return sweep_avx2(plan, buffer, block, sink);
#endif
  sweep_portable(plan, buffer, block, sink);
}

// The level to use for `asked` (-1: the best); throws std::invalid_argument when the processor lacks it.
int simd_level(int asked);

}  // namespace hwdesign

