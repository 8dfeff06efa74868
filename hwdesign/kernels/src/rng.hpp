// Counter-based random words: each is a pure function of (seed, stream, index), so that results depend neither on the
// order of evaluation nor on block size, thread count or machine.
//
// The mixer is the finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
// OOPSLA 2014); it is a good hash, not a cryptographic one.
#pragma once

#include <cstdint>

namespace hwdesign {

constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15ull;

inline uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

// The key of one stream (an input, a sampled node) under one seed.
inline uint64_t stream_key(uint64_t seed, uint64_t stream) {
  return mix64(mix64(seed + kGoldenGamma) + (stream + 1) * 0xD1342543DE82EF95ull);
}

inline uint64_t random_word(uint64_t key, uint64_t index) { return mix64(key + (index + 1) * kGoldenGamma); }

// An integer in [0, n), n > 0; the bias of at most n / 2^64 is far below what any sample can show.
inline uint64_t bounded(uint64_t word, uint64_t n) {
  __extension__ typedef unsigned __int128 u128;
  return static_cast<uint64_t>((static_cast<u128>(word) * n) >> 64);
}

// Sixty-four independent bits, each 1 with probability q / 2^kProbabilityBits, built plane by plane from the least
// significant bit of q: OR with a fair bit maps p to (1 + p) / 2, AND maps it to p / 2.
constexpr int kProbabilityBits = 24;
constexpr uint64_t kPlanesPerStream = 32;  // streams are spaced so that planes never meet

inline uint64_t biased_word(uint64_t seed, uint64_t stream, uint64_t index, uint32_t q) {
  if (q == 0) return 0;
  if (q >> kProbabilityBits) return ~0ull;
  uint64_t word = 0;
  for (int bit = __builtin_ctz(q); bit < kProbabilityBits; ++bit) {
    const uint64_t plane = static_cast<uint64_t>(kProbabilityBits - 1 - bit);
    const uint64_t fair = random_word(stream_key(seed, stream * kPlanesPerStream + plane), index);
    word = (q >> bit & 1) ? word | fair : word & fair;
  }
  return word;
}

}  // namespace hwdesign
