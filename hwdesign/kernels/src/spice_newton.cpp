#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "spice_newton_runner.hpp"

namespace hwdesign::spice {
namespace {

NewtonSteps choose(int simd, int lanes) {
  switch (simd_level(simd)) {
#if defined(__x86_64__) && defined(__GNUC__)
    case 3: return avx512_newton(lanes);
    case 2: return avx2_newton(lanes);
#endif
    default: return portable_newton(lanes);
  }
}

}  // namespace

NewtonResult run_newton(const Plan& plan, const Values& values, const std::vector<Wave>& waves,
                        const NewtonOptions& options) {
  const int64_t instances = values.instances;
  NewtonResult result;
  result.rows = options.rows;
  result.waves.assign(plan.net.channels.size() * static_cast<size_t>(result.rows * instances), 0.0);
  result.status.assign(instances, 0);
  result.failed_at.assign(instances, 0.0);
  result.steps.assign(instances, 0);
  const int lanes = instances == 1 ? 1 : kMaxLanes;
  const NewtonSteps steps = choose(options.simd, lanes);
  const Shape shape(plan, lanes);
  const int64_t blocks = (instances + lanes - 1) / lanes;
  const auto threads = static_cast<int>(std::clamp<int64_t>(options.threads, 1, blocks));
  std::vector<std::vector<Pulse>> pulses(blocks);
  std::atomic<int64_t> next{0};
  Stop stop(options.unwanted);
  run_threads(threads, [&](int thread) {
    for (int64_t block = next++; block < blocks && !stop(thread); block = next++) {
      const int64_t first = block * lanes;
      NewtonRunner runner(plan, shape, steps, values, waves, options, result, first,
                          static_cast<int>(std::min<int64_t>(lanes, instances - first)));
      runner.run(stop, thread);
      std::vector<Pulse>& found = runner.pulses();
      std::stable_sort(found.begin(), found.end(), [](const Pulse& p, const Pulse& q) {
        return p.instance != q.instance ? p.instance < q.instance : p.junction < q.junction;
      });
      pulses[block] = std::move(found);
    }
  });
  for (auto& part : pulses) result.pulses.insert(result.pulses.end(), part.begin(), part.end());
  return result;
}

}  // namespace hwdesign::spice
