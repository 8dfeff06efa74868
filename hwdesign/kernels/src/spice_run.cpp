#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "spice.hpp"
#include "spice_runner.hpp"

namespace hwdesign::spice {

int simd_level(int simd) {
  if (simd < -1 || simd == 0 || simd > 3) throw std::invalid_argument("simd must be -1, 1, 2 or 3");
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  const bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool widest = wide && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq");
  const int most = widest ? 3 : wide ? 2 : 1;
#else
  const int most = 1;
#endif
  if (simd > most) throw std::invalid_argument("this processor lacks that simd level");
  return simd < 0 ? most : simd;
}

namespace {

StepFunction choose(int simd, int lanes) {
  switch (simd_level(simd)) {
#if defined(__x86_64__) && defined(__GNUC__)
    case 3: return avx512_steps(lanes);
    case 2: return avx2_steps(lanes);
#endif
    default: return portable_steps(lanes);
  }
}

}  // namespace

Result run_steps(const Plan& plan, const Values& values, const std::vector<Wave>& waves, const Options& options) {
  Result result;
  const int64_t instances = values.instances;
  result.rows = options.steps > 0 ? (options.steps - 1) / options.every + 1 : 0;
  result.waves.assign(plan.net.channels.size() * static_cast<size_t>(result.rows) * static_cast<size_t>(instances), 0.0);
  result.status.assign(instances, 0);
  result.failed_at.assign(instances, 0.0);
  // Noise comes eight lanes at a time, so that a lone noisy instance takes the wide path too.
  const int lanes = instances == 1 && plan.net.noise.empty() ? 1 : kMaxLanes;
  const StepFunction steps = choose(options.simd, lanes);
  const Shape shape(plan, lanes);
  const int64_t blocks = (instances + lanes - 1) / lanes;
  const int threads = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(options.threads, blocks)));
  std::vector<std::vector<Pulse>> pulses(blocks);
  std::atomic<int64_t> next{0};
  Stop stop(options.unwanted);
  run_threads(threads, [&](int thread) {
    Runner runner(plan, shape, values, waves, options, result);
    for (int64_t block = next++; block < blocks && !stop(thread); block = next++) {
      const int64_t first = block * lanes;
      runner.run(first, static_cast<int>(std::min<int64_t>(lanes, instances - first)), steps, &stop, thread);
      std::vector<Pulse>& found = runner.pulses();
      std::stable_sort(found.begin(), found.end(), [](const Pulse& p, const Pulse& q) {
        return p.instance != q.instance ? p.instance < q.instance : p.junction < q.junction;
      });
      pulses[block] = found;
    }
  });
  for (auto& part : pulses) result.pulses.insert(result.pulses.end(), part.begin(), part.end());
  return result;
}

}  // namespace hwdesign::spice
