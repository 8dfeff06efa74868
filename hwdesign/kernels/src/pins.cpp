#include "pins.hpp"

#include <stdexcept>

namespace hwdesign {
namespace {

[[noreturn]] void bad(const char* what) { throw std::out_of_range(what); }

}  // namespace

NetEdges net_edges(const PinTable& t, const LoosePins& loose) {
  NetEdges out;
  std::vector<int32_t> driver(static_cast<size_t>(t.nets), -1);
  int64_t sinks = 0;
  const auto drive = [&](int32_t net, int64_t node) {
    if (driver[net] >= 0) out.several_drivers = true;
    driver[net] = static_cast<int32_t>(node);
  };
  for (int64_t n = 0; n < t.nodes; ++n) {
    const int32_t type = t.type[n];
    if (type < 0 || type >= t.types) bad("a node's type lies outside the library");
    const int64_t roles = t.first[type + 1] - t.first[type];
    const uint8_t* direction = t.direction + t.first[type];
    for (int64_t p = t.ptr[n]; p < t.ptr[n + 1]; ++p) {
      const int32_t net = t.net[p];
      if (net >= t.nets) bad("a pin's net lies outside the module");
      if (t.role[p] < 0 || t.role[p] >= roles) bad("a pin's role lies outside its type");
      if (net < t.first_net) continue;
      const uint8_t way = direction[t.role[p]];
      if (way != kPinIn) drive(net, n);
      if (way != kPinOut) ++sinks;
    }
  }
  for (int64_t i = 0; i < loose.count; ++i) {
    const int32_t net = loose.net[i];
    if (net >= t.nets) bad("a port's net lies outside the module");
    if (net < t.first_net) continue;
    if (loose.direction[i] != kPinIn) drive(net, t.nodes + i);
    if (loose.direction[i] != kPinOut) ++sinks;
  }
  if (out.several_drivers) return out;

  for (auto* column : {&out.src, &out.dst, &out.net, &out.pin}) column->reserve(sinks);
  out.inverted.reserve(sinks);
  const auto sink = [&](int32_t net, int64_t node, int64_t pin, uint8_t flags) {
    if (driver[net] < 0) return;
    out.src.push_back(driver[net]);
    out.dst.push_back(static_cast<int32_t>(node));
    out.net.push_back(net);
    out.pin.push_back(static_cast<int32_t>(pin));
    out.inverted.push_back(flags & 1);
  };
  for (int64_t n = 0; n < t.nodes; ++n) {
    const uint8_t* direction = t.direction + t.first[t.type[n]];
    for (int64_t p = t.ptr[n]; p < t.ptr[n + 1]; ++p) {
      if (t.net[p] >= t.first_net && direction[t.role[p]] != kPinOut) sink(t.net[p], n, p, t.flags[p]);
    }
  }
  for (int64_t i = 0; i < loose.count; ++i) {
    if (loose.net[i] >= t.first_net && loose.direction[i] != kPinOut) {
      sink(loose.net[i], t.nodes + i, -1, loose.flags[i]);
    }
  }
  return out;
}

}  // namespace hwdesign
