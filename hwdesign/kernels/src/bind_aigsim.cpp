// Python face of the AIG kernels; arguments are checked for shape here and for values in the kernels.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <optional>
#include <stdexcept>

#include "aigsim.hpp"
#include "arrays.hpp"
#include "interrupt.hpp"
#include "rng.hpp"

namespace hwdesign {
namespace {

using Words = nb::ndarray<const uint64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

constexpr int64_t kMaxPatterns = INT64_C(1) << 40;

Aig make_aig(const In<int32_t>& fanin0, const In<int32_t>& fanin1, int64_t inputs) {
  const Aig aig{fanin0.data(), fanin1.data(), static_cast<int64_t>(fanin0.shape(0)), inputs};
  if (fanin0.shape(0) != fanin1.shape(0)) throw std::invalid_argument("fanin0 and fanin1 differ in length");
  if (inputs < 0) throw std::invalid_argument("n_inputs is negative");
  if (inputs > (INT32_MAX >> 1) - 1 - aig.ands) throw std::invalid_argument("the AIG has more than 2^30 variables");
  return aig;
}

std::vector<uint32_t> quantise(const std::optional<In<double>>& probability, int64_t inputs) {
  std::vector<uint32_t> bias;
  if (!probability) return bias;
  if (static_cast<int64_t>(probability->shape(0)) != inputs) {
    throw std::invalid_argument("input_probability needs one entry an input");
  }
  for (int64_t i = 0; i < inputs; ++i) {
    const double p = probability->data()[i];
    if (!(p >= 0.0 && p <= 1.0)) throw std::invalid_argument("input_probability must lie in [0, 1]");
    bias.push_back(static_cast<uint32_t>(std::lround(std::ldexp(p, kProbabilityBits))));
  }
  return bias;
}

int64_t in_range(int64_t value, int64_t least, const char* message) {
  if (value < least || value > kMaxPatterns) throw std::invalid_argument(message);
  return value;
}

struct Source {
  Source(const Aig& aig, int64_t patterns, uint64_t seed, const std::optional<Words>& given,
         const std::optional<In<double>>& probability)
      : bias(quantise(probability, aig.inputs)) {
    in_range(patterns, 1, "patterns must lie between 1 and 2^40");
    if (given && probability) throw std::invalid_argument("give input_words or input_probability, not both");
    if (given && (static_cast<int64_t>(given->shape(0)) != aig.inputs ||
                  static_cast<int64_t>(given->shape(1)) != (patterns + 63) / 64)) {
      throw std::invalid_argument("input_words must have the shape (n_inputs, ceil(patterns / 64))");
    }
    stimulus = {seed, given ? given->data() : nullptr, bias.empty() ? nullptr : bias.data()};
  }
  std::vector<uint32_t> bias;
  Stimulus stimulus;
};

SimulationOptions make_options(int threads, int simd, int64_t block) {
  if (threads < 1 || threads > 1024) throw std::invalid_argument("threads must lie between 1 and 1024");
  return {threads, simd, block, &interrupted};
}

nb::tuple activity_tuple(Activity&& activity) {
  return nb::make_tuple(to_numpy(std::move(activity.ones)), to_numpy(std::move(activity.toggles)));
}

}  // namespace

void bind_aigsim(nb::module_& m) {
  m.def("simd_levels", &simd_levels);
  m.def(
      "count_activity",
      [](In<int32_t> fanin0, In<int32_t> fanin1, int64_t n_inputs, int64_t patterns, uint64_t seed,
         std::optional<Words> input_words, std::optional<In<double>> input_probability, bool toggles, int threads,
         int simd, int64_t block) {
        const Aig aig = make_aig(fanin0, fanin1, n_inputs);
        const Source source(aig, patterns, seed, input_words, input_probability);
        const SimulationOptions options = make_options(threads, simd, block);
        Activity activity;
        {
          nb::gil_scoped_release nogil;
          activity = count_activity(aig, source.stimulus, patterns, toggles, options);
        }
        raise_if_interrupted();
        return activity_tuple(std::move(activity));
      },
      nb::arg("fanin0"), nb::arg("fanin1"), nb::arg("n_inputs"), nb::arg("patterns"), nb::arg("seed"),
      nb::arg("input_words").none(), nb::arg("input_probability").none(), nb::arg("toggles"), nb::arg("threads") = 1,
      nb::arg("simd") = -1, nb::arg("block") = 0);
  m.def(
      "simulate_words",
      [](In<int32_t> fanin0, In<int32_t> fanin1, int64_t n_inputs, In<int32_t> selected, int64_t patterns,
         uint64_t seed, std::optional<Words> input_words, std::optional<In<double>> input_probability, int threads,
         int simd, int64_t block) {
        const Aig aig = make_aig(fanin0, fanin1, n_inputs);
        const Source source(aig, patterns, seed, input_words, input_probability);
        const SimulationOptions options = make_options(threads, simd, block);
        const int64_t rows = static_cast<int64_t>(selected.shape(0));
        std::vector<uint64_t> words;
        {
          nb::gil_scoped_release nogil;
          words = simulate_words(aig, source.stimulus, patterns, selected.data(), rows, options);
        }
        raise_if_interrupted();
        return to_numpy(std::move(words), static_cast<size_t>(rows), static_cast<size_t>((patterns + 63) / 64));
      },
      nb::arg("fanin0"), nb::arg("fanin1"), nb::arg("n_inputs"), nb::arg("selected"), nb::arg("patterns"),
      nb::arg("seed"), nb::arg("input_words").none(), nb::arg("input_probability").none(), nb::arg("threads") = 1,
      nb::arg("simd") = -1, nb::arg("block") = 0);
  m.def(
      "count_activity_sequential",
      [](In<int32_t> fanin0, In<int32_t> fanin1, int64_t n_inputs, In<int32_t> latch_next, In<uint8_t> latch_reset,
         int64_t cycles, int64_t warmup, int64_t streams, uint64_t seed, std::optional<In<double>> input_probability,
         bool toggles, int threads, int simd, int64_t block) {
        const Aig aig = make_aig(fanin0, fanin1, n_inputs);
        const int64_t latches = static_cast<int64_t>(latch_next.shape(0));
        if (static_cast<int64_t>(latch_reset.shape(0)) != latches) {
          throw std::invalid_argument("latch_reset needs one entry a latch");
        }
        if (latches > n_inputs) throw std::invalid_argument("there are more latches than inputs");
        in_range(cycles, 1, "cycles must lie between 1 and 2^40");
        in_range(warmup, 0, "warmup must lie between 0 and 2^40");
        in_range(streams, 1, "streams must lie between 1 and 2^40");
        const std::vector<uint32_t> bias = quantise(input_probability, n_inputs - latches);
        const Stimulus stimulus{seed, nullptr, bias.empty() ? nullptr : bias.data()};
        const Sequence sequence{latch_next.data(), latch_reset.data(), latches, cycles, warmup, streams};
        const SimulationOptions options = make_options(threads, simd, block);
        Activity activity;
        {
          nb::gil_scoped_release nogil;
          activity = count_activity_sequential(aig, sequence, stimulus, toggles, options);
        }
        raise_if_interrupted();
        return activity_tuple(std::move(activity));
      },
      nb::arg("fanin0"), nb::arg("fanin1"), nb::arg("n_inputs"), nb::arg("latch_next"), nb::arg("latch_reset"),
      nb::arg("cycles"), nb::arg("warmup"), nb::arg("streams"), nb::arg("seed"), nb::arg("input_probability").none(),
      nb::arg("toggles"), nb::arg("threads") = 1, nb::arg("simd") = -1, nb::arg("block") = 0);
  m.def(
      "cop_probability",
      [](In<int32_t> fanin0, In<int32_t> fanin1, int64_t n_inputs, In<double> input_probability) {
        const Aig aig = make_aig(fanin0, fanin1, n_inputs);
        quantise(input_probability, n_inputs);  // for its checks
        std::vector<double> p;
        {
          nb::gil_scoped_release nogil;
          p = cop_probability(aig, input_probability.data());
        }
        return to_numpy(std::move(p));
      },
      nb::arg("fanin0"), nb::arg("fanin1"), nb::arg("n_inputs"), nb::arg("input_probability"));
  m.def(
      "structural_hash",
      [](In<int32_t> fanin0, In<int32_t> fanin1, int64_t n_inputs) {
        const Aig aig = make_aig(fanin0, fanin1, n_inputs);
        StructuralHash hash;
        {
          nb::gil_scoped_release nogil;
          hash = structural_hash(aig);
        }
        return nb::make_tuple(to_numpy(std::move(hash.literal)), to_numpy(std::move(hash.fanin0)),
                              to_numpy(std::move(hash.fanin1)));
      },
      nb::arg("fanin0"), nb::arg("fanin1"), nb::arg("n_inputs"));
}

}  // namespace hwdesign
