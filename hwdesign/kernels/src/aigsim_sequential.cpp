// Clocked simulation: many independent streams of one sequential AIG, 64 a word.
#include <algorithm>
#include <stdexcept>

#include "aigsim.hpp"
#include "aigsim_sweep.hpp"
#include "aigsim_threads.hpp"
#include "rng.hpp"

namespace hwdesign {
namespace {

template <bool Toggles>
struct ClockedSink {
  Activity* to;
  const uint64_t* mask;
  uint64_t* previous;  // the last cycle's words of every variable
  bool counts, has_previous;

  HW_INLINE void operator()(int64_t v, const uint64_t* row, int64_t block) const {
    if (!counts) return;
    to->ones[v] += popcount_masked(row, mask, block);
    if (!Toggles) return;
    uint64_t* before = previous + v * block;
    uint64_t sum[kLane] = {};
    for (int64_t w = 0; w < block; w += kLane) {
      uint64_t now[kLane], change[kLane];
      for (int64_t k = 0; k < kLane; ++k) now[k] = row[w + k];
      for (int64_t k = 0; k < kLane; ++k) change[k] = (now[k] ^ before[w + k]) & mask[w + k];
      for (int64_t k = 0; k < kLane; ++k) before[w + k] = now[k];
      for (int64_t k = 0; k < kLane; ++k) sum[k] += static_cast<uint64_t>(__builtin_popcountll(change[k]));
    }
    if (!has_previous) return;
    for (int64_t k = 0; k < kLane; ++k) to->toggles[v] += static_cast<int64_t>(sum[k]);
  }
};

}  // namespace

Activity count_activity_sequential(const Aig& aig, const Sequence& sequence, const Stimulus& stimulus, bool toggles,
                                   const SimulationOptions& options) {
  check_aig(aig);
  const int level = simd_level(options.simd);
  const int64_t variables = aig.variables(), latches = sequence.latches, words = (sequence.streams + 63) / 64;
  const int64_t primary = aig.inputs - latches;
  if (latches < 0 || primary < 0) throw std::invalid_argument("there are more latches than inputs");
  std::vector<int32_t> next(latches);
  for (int64_t l = 0; l < latches; ++l) {
    if (sequence.next[l] < 0 || sequence.next[l] >= 2 * variables) {
      throw std::out_of_range("a latch's next-state literal is not in the AIG");
    }
    if (sequence.reset[l] > 2) throw std::invalid_argument("a latch's reset value must be 0, 1 or 2 (random)");
    next[l] = sequence.next[l] >> 1;
  }
  const Plan plan = plan_rows(aig, next.data(), latches);
  // With toggles every variable's last words are kept, so that the smallest block is the kindest to the cache.
  const int64_t block = choose_block(plan.rows, words, options.block == 0 && toggles ? kLane : options.block);
  const int64_t blocks = (words + block - 1) / block;
  const int threads = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(options.threads, blocks)));
  std::vector<Activity> parts(threads);
  Stop stop(options.unwanted);

  run_threads(threads, [&](int t) {
    Activity& part = parts[t];
    part.ones.assign(variables, 0);
    if (toggles) part.toggles.assign(variables, 0);
    Buffer buffer(plan.rows * block), mask(block), state(latches * block);
    Buffer previous(toggles ? variables * block : 0);
    for (int64_t b = blocks * t / threads; b < blocks * (t + 1) / threads; ++b) {
      const int64_t at = b * block;
      for (int64_t w = 0; w < block; ++w) {
        const int64_t left = sequence.streams - (at + w) * 64;
        mask.data()[w] = left >= 64 ? ~0ull : left <= 0 ? 0 : (1ull << left) - 1;
      }
      for (int64_t l = 0; l < latches; ++l) {
        uint64_t* row = state.data() + l * block;
        // A latch's own input never draws in later cycles, so that its stream is free for the reset value.
        const uint64_t key = stream_key(stimulus.seed, static_cast<uint64_t>(primary + l) * kPlanesPerStream);
        for (int64_t w = 0; w < block; ++w) {
          row[w] = sequence.reset[l] == 2 ? random_word(key, at + w) : -static_cast<uint64_t>(sequence.reset[l]);
        }
      }
      for (int64_t cycle = 0; cycle < sequence.warmup + sequence.cycles && !stop(t); ++cycle) {
        for (int64_t i = 0; i < primary; ++i) {
          random_row(stimulus, i, static_cast<uint64_t>(cycle * words + at),
                     buffer.data() + static_cast<int64_t>(plan.input_row[i]) * block, block);
        }
        for (int64_t l = 0; l < latches; ++l) {
          std::copy_n(state.data() + l * block, block,
                      buffer.data() + static_cast<int64_t>(plan.input_row[primary + l]) * block);
        }
        const bool counts = cycle >= sequence.warmup, has_previous = cycle > sequence.warmup;
        auto run = [&](auto sink) { sweep(level, plan, buffer.data(), block, sink); };
        if (toggles) {
          run(ClockedSink<true>{&part, mask.data(), previous.data(), counts, has_previous});
        } else {
          run(ClockedSink<false>{&part, mask.data(), nullptr, counts, has_previous});
        }
        for (int64_t l = 0; l < latches; ++l) {
          const uint64_t* from = buffer.data() + static_cast<int64_t>(plan.row[next[l]]) * block;
          const uint64_t invert = -static_cast<uint64_t>(sequence.next[l] & 1);
          uint64_t* row = state.data() + l * block;
          for (int64_t w = 0; w < block; ++w) row[w] = from[w] ^ invert;
        }
      }
    }
  });

  Activity total = std::move(parts[0]);
  for (int t = 1; t < threads; ++t) {
    for (int64_t v = 0; v < variables; ++v) total.ones[v] += parts[t].ones[v];
    if (!toggles) continue;
    for (int64_t v = 0; v < variables; ++v) total.toggles[v] += parts[t].toggles[v];
  }
  return total;
}

}  // namespace hwdesign
