#include "aigsim.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "aigsim_sweep.hpp"
#include "aigsim_threads.hpp"
#include "rng.hpp"

namespace hwdesign {
namespace {

constexpr int64_t kCacheBytes = 256 * 1024;  // a share of the second cache that any present processor has
constexpr int64_t kMaxBlock = 64;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A word's valid bits, `word` being its place in the whole run.
uint64_t word_mask(int64_t word, int64_t patterns) {
  const int64_t left = patterns - word * 64;
  if (left >= 64) return ~0ull;
  return left <= 0 ? 0 : (1ull << left) - 1;
}

struct Partial {
  Activity activity;
  std::vector<uint8_t> first, last;  // value of each variable in the range's first pattern, and in the latest one
};

// Counts ones and, with Toggles, changes from one pattern to the next.
template <bool Masked, bool Toggles>
struct CountSink {
  Partial* to;
  const uint64_t* mask;        // valid bits of the block's words
  const uint64_t* change_mask;  // the same without the range's very first pattern
  bool first_block;

  HW_INLINE void operator()(int64_t v, const uint64_t* row, int64_t block) const {
    to->activity.ones[v] += Masked ? popcount_masked(row, mask, block) : popcount(row, block);
    if (!Toggles) return;
    uint64_t sum[kLane] = {};
    for (int64_t w = 0; w < block; w += kLane) {
      uint64_t change[kLane];
      for (int64_t k = 0; k < kLane; ++k) change[k] = row[w + k] ^ (row[w + k] << 1 | row[w + k - 1] >> 63);
      for (int64_t k = 0; k < kLane; ++k) {
        sum[k] += static_cast<uint64_t>(__builtin_popcountll(change[k] & change_mask[w + k]));
      }
    }
    // The first word's predecessor is in the block before, not in the row before: put that one bit right.
    const uint64_t before = row[-1] >> 63, wanted = to->last[v];
    uint64_t total = 0;
    for (int64_t k = 0; k < kLane; ++k) total += sum[k];
    if (change_mask[0] & 1) {
      total -= (row[0] & 1) ^ before;
      total += (row[0] & 1) ^ wanted;
    }
    to->activity.toggles[v] += static_cast<int64_t>(total);
    if (first_block) to->first[v] = row[0] & 1;
    to->last[v] = static_cast<uint8_t>(row[block - 1] >> 63);
  }
};

struct CaptureSink {
  const int32_t* place;  // the result's row of each variable, or -1
  uint64_t* result;
  int64_t words, at, used;
  HW_INLINE void operator()(int64_t v, const uint64_t* row, int64_t) const {
    if (place[v] >= 0) std::memcpy(result + place[v] * words + at, row, static_cast<size_t>(used) * sizeof(uint64_t));
  }
};

void fill_inputs(const Aig& aig, const Stimulus& stimulus, const Plan& plan, uint64_t* buffer, int64_t block,
                 int64_t at, int64_t words) {
  const int64_t used = std::min(block, words - at);
  for (int64_t i = 0; i < aig.inputs; ++i) {
    uint64_t* row = buffer + static_cast<int64_t>(plan.input_row[i]) * block;
    if (stimulus.given) {
      std::copy_n(stimulus.given + i * words + at, used, row);
      std::fill(row + used, row + block, 0);
    } else {
      random_row(stimulus, i, static_cast<uint64_t>(at), row, block);
    }
  }
}

}  // namespace

void random_row(const Stimulus& stimulus, int64_t input, uint64_t at, uint64_t* row, int64_t block) {
  const auto stream = static_cast<uint64_t>(input);
  if (stimulus.bias) {
    for (int64_t w = 0; w < block; ++w) row[w] = biased_word(stimulus.seed, stream, at + w, stimulus.bias[input]);
    return;
  }
  const uint64_t key = stream_key(stimulus.seed, stream * kPlanesPerStream);
  for (int64_t w = 0; w < block; ++w) row[w] = random_word(key, at + w);
}

void check_aig(const Aig& aig) {
  for (int64_t i = 0; i < aig.ands; ++i) {
    const int64_t end = 2 * (1 + aig.inputs + i);
    if (aig.fanin0[i] < 0 || aig.fanin0[i] >= end || aig.fanin1[i] < 0 || aig.fanin1[i] >= end) {
      throw std::out_of_range("a fan-in literal does not name an earlier variable (ANDs must be in topological order)");
    }
  }
}

Plan plan_rows(const Aig& aig, const int32_t* keep, int64_t kept) {
  const int64_t variables = aig.variables();
  std::vector<int64_t> last_use(variables, -1);
  for (int64_t i = 0; i < aig.ands; ++i) last_use[aig.fanin0[i] >> 1] = last_use[aig.fanin1[i] >> 1] = i;
  for (int64_t i = 0; i < kept; ++i) last_use[keep[i]] = aig.ands;
  Plan plan;
  plan.row.assign(variables, 0);
  plan.input_row.resize(aig.inputs);
  plan.steps.resize(aig.ands);
  std::vector<int32_t> free_rows;
  for (int64_t i = 0; i < aig.inputs; ++i) {
    plan.row[i + 1] = plan.input_row[i] = static_cast<int32_t>(plan.rows++);
    if (last_use[i + 1] < 0) free_rows.push_back(plan.input_row[i]);
  }
  for (int64_t i = 0; i < aig.ands; ++i) {
    const int32_t a = aig.fanin0[i] >> 1, b = aig.fanin1[i] >> 1;
    const int64_t v = 1 + aig.inputs + i;
    if (a != 0 && last_use[a] == i) free_rows.push_back(plan.row[a]);
    if (b != 0 && b != a && last_use[b] == i) free_rows.push_back(plan.row[b]);
    int32_t row;
    if (free_rows.empty()) {
      row = static_cast<int32_t>(plan.rows++);
    } else {
      row = free_rows.back();  // the row touched last, which is the likeliest to be in the cache
      free_rows.pop_back();
    }
    plan.steps[i] = {2 * plan.row[a] + (aig.fanin0[i] & 1), 2 * plan.row[b] + (aig.fanin1[i] & 1), row};
    plan.row[v] = row;
    if (last_use[v] < 0) free_rows.push_back(row);
  }
  return plan;
}

int64_t choose_block(int64_t rows, int64_t words, int64_t asked) {
  if (asked < 0 || asked % kLane != 0 || asked > 4096) {
    throw std::invalid_argument("block must be a multiple of 8 between 8 and 4096 words, or 0");
  }
  if (asked) return asked;
  int64_t block = kCacheBytes / (rows * static_cast<int64_t>(sizeof(uint64_t))) / kLane * kLane;
  block = std::min(std::max(block, kLane), kMaxBlock);
  // The same number of blocks with fewer idle words in the last one.
  return ceil_div(ceil_div(words, ceil_div(words, block)), kLane) * kLane;
}

int simd_levels() {
#ifdef HW_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vpopcntdq")) {
    return 3;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt")) return 2;
#endif
  return 1;
}

int simd_level(int asked) {
  const int best = simd_levels();
  if (asked < 0) return best;
  if (asked < 1 || asked > best) throw std::invalid_argument("this processor lacks the SIMD level asked for");
  return asked;
}

Activity count_activity(const Aig& aig, const Stimulus& stimulus, int64_t patterns, bool toggles,
                        const SimulationOptions& options) {
  check_aig(aig);
  const int level = simd_level(options.simd);
  const int64_t words = ceil_div(patterns, 64), variables = aig.variables();
  const Plan plan = plan_rows(aig, nullptr, 0);
  const int64_t block = choose_block(plan.rows, words, options.block), blocks = ceil_div(words, block);
  const int threads = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(options.threads, blocks)));
  std::vector<Partial> parts(threads);
  Stop stop(options.unwanted);

  run_threads(threads, [&](int t) {
    Partial& part = parts[t];
    part.activity.ones.assign(variables, 0);
    if (toggles) {
      part.activity.toggles.assign(variables, 0);
      part.first.assign(variables, 0);
      part.last.assign(variables, 0);
    }
    Buffer buffer(plan.rows * block), mask(block), change_mask(block);
    const int64_t begin = blocks * t / threads, end = blocks * (t + 1) / threads;
    for (int64_t b = begin; b < end && !stop(t); ++b) {
      const int64_t at = b * block;
      fill_inputs(aig, stimulus, plan, buffer.data(), block, at, words);
      const bool masked = (at + block) * 64 > patterns, first = b == begin;
      for (int64_t w = 0; w < block; ++w) change_mask.data()[w] = mask.data()[w] = word_mask(at + w, patterns);
      if (first) change_mask.data()[0] &= ~1ull;
      auto run = [&](auto sink) { sweep(level, plan, buffer.data(), block, sink); };
      if (toggles) {
        run(CountSink<true, true>{&part, mask.data(), change_mask.data(), first});
      } else if (masked) {
        run(CountSink<true, false>{&part, mask.data(), change_mask.data(), first});
      } else {
        run(CountSink<false, false>{&part, mask.data(), change_mask.data(), first});
      }
    }
  });

  Activity total = std::move(parts[0].activity);
  for (int t = 1; t < threads; ++t) {
    for (int64_t v = 0; v < variables; ++v) total.ones[v] += parts[t].activity.ones[v];
    if (!toggles) continue;
    // The change across the border between two threads' ranges belongs to neither.
    for (int64_t v = 0; v < variables; ++v) {
      total.toggles[v] += parts[t].activity.toggles[v] + (parts[t - 1].last[v] ^ parts[t].first[v]);
    }
  }
  return total;
}

std::vector<uint64_t> simulate_words(const Aig& aig, const Stimulus& stimulus, int64_t patterns,
                                     const int32_t* selected, int64_t count, const SimulationOptions& options) {
  check_aig(aig);
  const int level = simd_level(options.simd);
  const int64_t words = ceil_div(patterns, 64), variables = aig.variables();
  std::vector<int32_t> place(variables, -1);
  for (int64_t r = 0; r < count; ++r) {
    if (selected[r] < 0 || selected[r] >= variables) throw std::out_of_range("a selected variable is not in the AIG");
    place[selected[r]] = static_cast<int32_t>(r);
  }
  const Plan plan = plan_rows(aig, nullptr, 0);
  const int64_t block = choose_block(plan.rows, words, options.block), blocks = ceil_div(words, block);
  const int threads = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(options.threads, blocks)));
  std::vector<uint64_t> result(static_cast<size_t>(count) * static_cast<size_t>(words), 0);
  Stop stop(options.unwanted);

  run_threads(threads, [&](int t) {
    Buffer buffer(plan.rows * block);
    for (int64_t b = blocks * t / threads; b < blocks * (t + 1) / threads && !stop(t); ++b) {
      const int64_t at = b * block;
      fill_inputs(aig, stimulus, plan, buffer.data(), block, at, words);
      CaptureSink sink{place.data(), result.data(), words, at, std::min(block, words - at)};
      sweep(level, plan, buffer.data(), block, sink);
    }
  });
  if (patterns % 64) {
    for (int64_t r = 0; r < count; ++r) result[(r + 1) * words - 1] &= word_mask(words - 1, patterns);
  }
  return result;
}

}  // namespace hwdesign
