// What an AIG says without patterns: independence probabilities and structural hashing.
#include <algorithm>
#include <stdexcept>

#include "aigsim.hpp"
#include "rng.hpp"

namespace hwdesign {

// COP: Brglez, On testability analysis of combinational networks, ISCAS 1984.
std::vector<double> cop_probability(const Aig& aig, const double* input_probability) {
  check_aig(aig);
  std::vector<double> p(aig.variables(), 0.0);
  std::copy_n(input_probability, aig.inputs, p.begin() + 1);
  auto of = [&](int32_t literal) { return literal & 1 ? 1.0 - p[literal >> 1] : p[literal >> 1]; };
  for (int64_t i = 0; i < aig.ands; ++i) p[1 + aig.inputs + i] = of(aig.fanin0[i]) * of(aig.fanin1[i]);
  return p;
}

StructuralHash structural_hash(const Aig& aig) {
  check_aig(aig);
  StructuralHash hash;
  hash.literal.resize(aig.variables());
  for (int64_t v = 0; v <= aig.inputs; ++v) hash.literal[v] = static_cast<int32_t>(2 * v);
  size_t size = 64;
  while (size < static_cast<size_t>(aig.ands) * 2) size *= 2;
  std::vector<int32_t> table(size, -1);  // open addressing over new ANDs
  for (int64_t i = 0; i < aig.ands; ++i) {
    int32_t a = hash.literal[aig.fanin0[i] >> 1] ^ (aig.fanin0[i] & 1);
    int32_t b = hash.literal[aig.fanin1[i] >> 1] ^ (aig.fanin1[i] & 1);
    if (a < b) std::swap(a, b);  // AIGER's convention: the greater literal first
    int32_t& result = hash.literal[1 + aig.inputs + i];
    if (b == 0 || a == (b ^ 1)) {
      result = 0;  // x AND 0, x AND NOT x; the pair (1, 0) too
    } else if (b == 1 || a == b) {
      result = a;  // x AND 1, x AND x
    } else {
      const uint64_t pair = static_cast<uint64_t>(a) << 32 | static_cast<uint32_t>(b);
      size_t at = mix64(pair) & (size - 1);
      while (table[at] >= 0 && (hash.fanin0[table[at]] != a || hash.fanin1[table[at]] != b)) {
        at = (at + 1) & (size - 1);
      }
      if (table[at] < 0) {
        table[at] = static_cast<int32_t>(hash.fanin0.size());
        hash.fanin0.push_back(a);
        hash.fanin1.push_back(b);
      }
      result = static_cast<int32_t>(2 * (1 + aig.inputs + table[at]));
    }
  }
  return hash;
}

}  // namespace hwdesign
