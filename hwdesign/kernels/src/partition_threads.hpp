// The threads that a partition may use, and a way for its caller to end it early.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <thread>

#include "aigsim_threads.hpp"

namespace hwdesign {

// Thrown where the caller of a partition no longer wants it.
class Cancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "the partition was given up"; }
};

class Workers {
 public:
  // `stop` may be null; made on the thread that may ask whether the work is still wanted.
  Workers(int threads, Stop* stop) : threads_(std::max(threads, 1)), stop_(stop), owner_(std::this_thread::get_id()) {}

  int threads() const { return threads_; }

  // The threads that each of some pieces of work may use where they run beside one another.
  Workers share(int pieces) const {
    Workers some = *this;
    some.threads_ = std::max(1, threads_ / std::max(1, pieces));
    return some;
  }

  // Throws Cancelled where the work is no longer wanted. Takes some 30 ns.
  void check() const {
    if (stop_ && (*stop_)(std::this_thread::get_id() == owner_ ? 0 : 1)) throw Cancelled();
  }

  // body(i) for each i < count, spread over the threads; a body must not wait for another one.
  template <typename Body>
  void each(int count, Body body) const {
    std::atomic<int> next{0};
    run_threads(std::min(threads_, count), [&](int) {
      for (int i = next++; i < count; i = next++) body(i);
    });
  }

  // How many ranges `ranges` makes of so many items: few items are not worth a thread.
  int ranges_of(int64_t count) const { return count < kLeast ? 1 : std::min(threads_, kMost); }

  // Items of a range, the last one aside, which may hold fewer.
  int64_t range_size(int64_t count) const {
    const int used = ranges_of(count);
    return std::max<int64_t>(1, (count + used - 1) / used);
  }

  // body(range, begin, end) for consecutive ranges of the items 0 .. count - 1, one a thread.
  template <typename Body>
  void ranges(int64_t count, Body body) const {
    const int64_t size = range_size(count);
    run_threads(ranges_of(count), [&](int range) {
      body(range, std::min(count, range * size), std::min(count, (range + 1) * size));
    });
  }

 private:
  static constexpr int64_t kLeast = 20000;
  static constexpr int kMost = 8;  // some work keeps an array of its own a range

  int threads_;
  Stop* stop_;
  std::thread::id owner_;
};

}  // namespace hwdesign
