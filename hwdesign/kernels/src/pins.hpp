// Driver-to-sink edges from a table of pins grouped by node (CSR) and joined by nets.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

enum : uint8_t { kPinIn = 0, kPinOut = 1, kPinBoth = 2 };

// Pins of node n are ptr[n] .. ptr[n + 1]. The direction of a pin is direction[first[type[n]] + role[pin]].
struct PinTable {
  const int64_t* ptr;
  const int32_t* net;
  const int16_t* role;
  const uint8_t* flags;
  const int32_t* type;
  int64_t nodes;
  const int64_t* first;      // types + 1
  const uint8_t* direction;  // first[types]
  int64_t types;
  int64_t nets;
  int32_t first_net;  // nets below are constants and make no edges
};

// Further pins of nodes of their own (ports), already with the direction seen from inside.
struct LoosePins {
  const int32_t* net;
  const uint8_t* direction;
  const uint8_t* flags;
  int64_t count;
};

struct NetEdges {
  bool several_drivers = false;  // a net has more than one driver: no edges are made
  std::vector<int32_t> src, dst, net, pin;
  std::vector<uint8_t> inverted;
};

// One edge for each sink pin on a net that has a driver. Loose pin i is node `nodes + i`, its pin is -1.
// Throws std::out_of_range where an id lies outside its table.
NetEdges net_edges(const PinTable& pins, const LoosePins& loose);

}  // namespace hwdesign
