// Python face of the circuit kernel; shapes are checked here, meanings are the caller's.
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "arrays.hpp"
#include "spice.hpp"

namespace hwdesign {
namespace {

using Table = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Indices = nb::ndarray<const int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

constexpr int64_t kMaxUnknowns = 1 << 22;
constexpr int64_t kMaxCells = INT64_C(1) << 33;  // doubles of a record

// The value tables of a call, which hold on to their arrays.
class Tables {
 public:
  Tables(const nb::dict& given, const spice::Network& net) : given_(given) {
    const auto junctions = net.junctions.size();
    v.instances = static_cast<int64_t>(vector<uint64_t>("seed").shape(0));
    if (v.instances < 1 || v.instances > INT32_MAX) throw std::invalid_argument("a batch needs at least one instance");
    v.seed = vector<uint64_t>("seed").data();
    v.a0 = table("a0", net.a0.size());
    v.a1 = table("a1", net.a1.size());
    v.capacitance = table("capacitance", net.capacitors.size());
    v.ic = table("ic", junctions);
    v.cap = table("cap", junctions);
    v.conductance = table("conductance", 3 * junctions);
    v.shunt = table("shunt", junctions);
    v.rate_low = table("rate_low", junctions);
    v.rate_high = table("rate_high", junctions);
    v.transition = table("transition", junctions);
    v.general = nb::cast<bool>(given["general"]);
    v.harmonic_count = nb::cast<int32_t>(given["harmonic_count"]);
    if (v.harmonic_count < 1 || v.harmonic_count > 1000) throw std::invalid_argument("1 to 1,000 harmonics are taken");
    v.phase_offset = v.general ? table("phase_offset", junctions) : nullptr;
    v.harmonics = v.general ? table("harmonics", junctions * v.harmonic_count) : nullptr;
    v.gap = v.general ? table("gap", 3 * junctions) : nullptr;
    v.port = table("port", net.ports.size());
    v.delay = vector<int64_t>("delay", net.ports.size() / 2).data();
    for (size_t p = 0; p < net.ports.size() / 2; ++p) {
      if (v.delay[p] < 1 || v.delay[p] > INT32_MAX) throw std::invalid_argument("a line's delay is at least one step");
    }
    v.injection = table("injection", net.injections.size());
    v.injection_wave = integers("injection_wave", net.injections.size());
    v.noise = table("noise", net.noise.size());
    v.noise_normal = table("noise_normal", net.noise.size());
    v.noise_junction = vector<int32_t>("noise_junction", net.noise.size()).data();
  }

  spice::Values v{};

 private:
  template <typename T>
  In<T> vector(const char* name) {
    return nb::cast<In<T>>(given_[name]);
  }
  template <typename T>
  In<T> vector(const char* name, size_t count) {
    In<T> array = nb::cast<In<T>>(given_[name]);
    if (array.shape(0) != count) throw std::invalid_argument(std::string(name) + " has another length");
    return array;
  }
  template <typename A>
  auto matrix(const char* name, size_t rows) {
    const A array = nb::cast<A>(given_[name]);
    if (array.shape(0) != rows || (rows > 0 && static_cast<int64_t>(array.shape(1)) != v.instances)) {
      throw std::invalid_argument(std::string(name) + " has another shape");
    }
    return array.data();  // the caller's dictionary keeps the memory
  }
  const double* table(const char* name, size_t rows) { return matrix<Table>(name, rows); }
  const int32_t* integers(const char* name, size_t rows) { return matrix<Indices>(name, rows); }

  const nb::dict& given_;
};

void check_node(int32_t node, int32_t unknowns) {
  if (node < -1 || node >= unknowns) throw std::out_of_range("an index names no unknown");
}

std::vector<spice::Entry> entries(const Indices& pairs, int32_t unknowns, bool columns) {
  if (pairs.shape(1) != 2) throw std::invalid_argument("an index table has two columns");
  std::vector<spice::Entry> out;
  for (size_t e = 0; e < pairs.shape(0); ++e) {
    const int32_t row = pairs.data()[2 * e], col = pairs.data()[2 * e + 1];
    if (row < 0 || row >= unknowns) throw std::out_of_range("an index names no unknown");
    if (columns && (col < 0 || col >= unknowns)) throw std::out_of_range("an index names no unknown");
    if (col < -1) throw std::out_of_range("an index names no wave");
    out.push_back({row, col});
  }
  return out;
}

std::vector<spice::Branch> branches(const Indices& pairs, int32_t unknowns) {
  if (pairs.shape(1) != 2) throw std::invalid_argument("an index table has two columns");
  std::vector<spice::Branch> out;
  for (size_t e = 0; e < pairs.shape(0); ++e) {
    check_node(pairs.data()[2 * e], unknowns);
    check_node(pairs.data()[2 * e + 1], unknowns);
    out.push_back({pairs.data()[2 * e], pairs.data()[2 * e + 1]});
  }
  return out;
}

std::vector<spice::Channel> make_channels(const Indices& rows, const spice::Network& net) {
  if (rows.shape(1) != 3) throw std::invalid_argument("a channel has a kind and two indices");
  std::vector<spice::Channel> out;
  for (size_t e = 0; e < rows.shape(0); ++e) {
    const int32_t *r = rows.data() + 3 * e;
    if (r[0] < 0 || r[0] > 5) throw std::out_of_range("no such kind of channel");
    const auto kind = static_cast<spice::ChannelKind>(r[0]);
    if (kind == spice::ChannelKind::kPhase || kind == spice::ChannelKind::kRate) {
      check_node(r[1], net.unknowns);
      check_node(r[2], net.unknowns);
    } else {
      const size_t count = kind == spice::ChannelKind::kCapacitor ? net.capacitors.size()
                           : kind == spice::ChannelKind::kPort    ? net.ports.size()
                                                                  : net.junctions.size();
      if (r[1] < 0 || static_cast<size_t>(r[1]) >= count) throw std::out_of_range("a channel names no element");
    }
    out.push_back({kind, r[1], r[2]});
  }
  return out;
}

std::vector<spice::Wave> make_waves(const nb::list& given, const spice::Network& net, const spice::Values& values) {
  std::vector<spice::Wave> waves;
  for (nb::handle item : given) {
    const auto row = nb::cast<nb::tuple>(item);  // kind, time, value, before, period, delay, parameters
    spice::Wave wave;
    const int kind = nb::cast<int>(row[0]);
    if (kind < 0 || kind > 2) throw std::invalid_argument("no such kind of wave");
    wave.kind = static_cast<spice::WaveKind>(kind);
    const auto time = nb::cast<In<double>>(row[1]);
    const auto value = nb::cast<In<double>>(row[2]);
    if (time.shape(0) != value.shape(0)) throw std::invalid_argument("a wave's times and values differ in number");
    wave.time.assign(time.data(), time.data() + time.shape(0));
    wave.value.assign(value.data(), value.data() + value.shape(0));
    for (size_t i = 1; i < wave.time.size(); ++i) {
      if (!(wave.time[i] >= wave.time[i - 1])) throw std::invalid_argument("a wave's times must not fall");
    }
    wave.before = nb::cast<double>(row[3]);
    wave.period = nb::cast<double>(row[4]);
    wave.delay = nb::cast<double>(row[5]);
    const auto p = nb::cast<In<double>>(row[6]);
    for (size_t i = 0; i < p.shape(0) && i < 6; ++i) wave.p[i] = p.data()[i];
    waves.push_back(std::move(wave));
  }
  const auto count = static_cast<int32_t>(waves.size());
  for (size_t e = 0; e < net.injections.size(); ++e) {
    if (net.injections[e].col >= count) throw std::out_of_range("an injection names no wave");
    if (net.injections[e].col >= 0) continue;
    for (int64_t i = 0; i < values.instances; ++i) {
      const int32_t w = values.injection_wave[e * values.instances + i];
      if (w < 0 || w >= count) throw std::out_of_range("an injection names no wave");
    }
  }
  return waves;
}

std::unique_ptr<spice::Plan> make_plan(int32_t unknowns, In<uint8_t> rate, Indices a0, Indices a1, Indices capacitors,
                                       Indices junctions, Indices ports, Indices injections, Indices noise,
                                       Indices channels, bool symmetric, nb::dict values, double alpha) {
  if (unknowns < 0 || unknowns > kMaxUnknowns) throw std::invalid_argument("too many unknowns");
  if (!(alpha > 0) || !std::isfinite(alpha)) throw std::invalid_argument("alpha must be positive");
  spice::Network net;
  net.unknowns = unknowns;
  if (static_cast<int64_t>(rate.shape(0)) != unknowns) throw std::invalid_argument("rate needs one entry an unknown");
  net.rate.assign(rate.data(), rate.data() + unknowns);
  net.a0 = entries(a0, unknowns, true);
  net.a1 = entries(a1, unknowns, true);
  net.capacitors = branches(capacitors, unknowns);
  net.junctions = branches(junctions, unknowns);
  net.ports = branches(ports, unknowns);
  if (net.ports.size() % 2) throw std::invalid_argument("a line has two ports");
  net.injections = entries(injections, unknowns, false);
  net.noise = branches(noise, unknowns);
  net.channels = make_channels(channels, net);
  net.symmetric = symmetric;
  const Tables tables(values, net);
  return std::make_unique<spice::Plan>(std::move(net), tables.v, alpha);
}

// Whether a signal's handler, Ctrl-C's above all, raised.
bool interrupted() {
  nb::gil_scoped_acquire gil;
  return PyErr_CheckSignals() != 0;
}

nb::dict as_dict(spice::Result&& result, const spice::Plan& plan, int64_t instances) {
  std::vector<int32_t> which;
  std::vector<double> time;
  for (const spice::Pulse& p : result.pulses) {
    which.insert(which.end(), {p.instance, p.junction, p.k, p.direction});
    time.push_back(p.t);
  }
  nb::dict out;
  const size_t rows = plan.net.channels.size() * static_cast<size_t>(result.rows);
  out["waves"] = to_numpy(std::move(result.waves), rows, static_cast<size_t>(instances));
  out["rows"] = result.rows;
  out["pulses"] = to_numpy(std::move(which), time.size(), 4);
  out["pulse_time"] = to_numpy(std::move(time));
  out["status"] = to_numpy(std::move(result.status));
  out["failed_at"] = to_numpy(std::move(result.failed_at));
  return out;
}

void check_size(const spice::Plan& plan, int64_t rows, int64_t instances) {
  const auto channels = static_cast<int64_t>(plan.net.channels.size());
  if (rows < 0 || (channels > 0 && rows > kMaxCells / channels / instances)) {
    throw std::length_error("the waveforms would not fit in memory");
  }
}

}  // namespace

void bind_spice(nb::module_& m) {
  nb::class_<spice::Plan>(m, "SpicePlan")
      .def_prop_ro("symmetric", [](const spice::Plan& plan) { return plan.symmetric; })
      .def_prop_ro("slots", [](const spice::Plan& plan) { return plan.slots; })
      .def_prop_ro("pairs",
                   [](const spice::Plan& plan) {
                     int64_t pairs = 0;
                     for (const auto* p : {&plan.forward, &plan.backward}) {
                       for (const auto& g : p->groups) pairs += static_cast<int64_t>(g.pairs) * g.rows;
                     }
                     return pairs;
                   })
      .def_prop_ro("factor_size", [](const spice::Plan& plan) { return plan.lu.upper.size(); });
  m.def("spice_plan", &make_plan);
  m.def("spice_steps",
        [](const spice::Plan& plan, nb::dict values, nb::list waves, double step, int64_t steps, int64_t startup,
           int64_t every, int64_t noise_every, double limit, bool pulses, int threads, int simd) {
          const Tables tables(values, plan.net);
          const std::vector<spice::Wave> made = make_waves(waves, plan.net, tables.v);
          if (!(step > 0) || !std::isfinite(step)) throw std::invalid_argument("step must be positive");
          if (steps < 1 || startup < 0 || every < 1 || noise_every < 1 || steps > (INT64_C(1) << 40)) {
            throw std::invalid_argument("steps, every and noise_every must be positive");
          }
          if (threads < 1 || threads > 1024) throw std::invalid_argument("threads must lie between 1 and 1024");
          check_size(plan, (steps - 1) / every + 1, tables.v.instances);
          const spice::Options options{step, steps, startup, every, noise_every, limit, pulses, threads, simd, &interrupted};
          spice::Result result;
          {
            nb::gil_scoped_release nogil;
            result = spice::run_steps(plan, tables.v, made, options);
          }
          if (PyErr_Occurred()) throw nb::python_error();
          return as_dict(std::move(result), plan, tables.v.instances);
        });
  m.def("spice_newton", [](const spice::Plan& plan, nb::dict values, nb::list waves, double step, int64_t rows,
                           double tolerance, double settle, double delay_unit, double noise_interval,
                           bool noise_linear, bool pulses, int threads, int simd) {
    const Tables tables(values, plan.net);
    const std::vector<spice::Wave> made = make_waves(waves, plan.net, tables.v);
    if (!(step > 0) || !std::isfinite(step) || !(tolerance > 0) || !(settle >= 0) || !(delay_unit > 0)) {
      throw std::invalid_argument("step, tolerance and delay_unit must be positive");
    }
    if (rows < 1 || rows > (INT64_C(1) << 40)) throw std::invalid_argument("rows must be positive");
    if (threads < 1 || threads > 1024) throw std::invalid_argument("threads must lie between 1 and 1024");
    const double shortest = step * static_cast<double>(rows) / 0x1p40;
    if (!plan.net.noise.empty() && !(noise_interval > shortest && std::isfinite(noise_interval))) {
      throw std::invalid_argument("noise needs an interval of a fair length");
    }
    check_size(plan, rows, tables.v.instances);
    const spice::NewtonOptions options{step,         rows,   tolerance, settle,      delay_unit, noise_interval,
                                       noise_linear, pulses, threads,   simd,        &interrupted};
    spice::NewtonResult result;
    {
      nb::gil_scoped_release nogil;
      result = spice::run_newton(plan, tables.v, made, options);
    }
    if (PyErr_Occurred()) throw nb::python_error();
    std::vector<int64_t> steps = std::move(result.steps);
    nb::dict out = as_dict(std::move(result), plan, tables.v.instances);
    out["steps"] = to_numpy(std::move(steps));
    return out;
  });
}

}  // namespace hwdesign
