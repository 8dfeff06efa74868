// A fork and join over a handful of threads, and a way for the caller to end long work early.
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace hwdesign {

// Thread 0, which is the caller's, asks about ten times a second whether the work is still wanted; all threads see the
// answer. What was computed when it is not wanted is of no use.
class Stop {
 public:
  explicit Stop(bool (*unwanted)()) : unwanted_(unwanted), next_(Clock::now() + kPeriod) {}

  bool operator()(int thread) {
    if (thread == 0 && unwanted_ && Clock::now() >= next_) {
      next_ = Clock::now() + kPeriod;
      if (unwanted_()) stop_.store(true, std::memory_order_relaxed);
    }
    return stop_.load(std::memory_order_relaxed);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPeriod{100};
  bool (*unwanted_)();
  Clock::time_point next_;  // thread 0's own
  std::atomic<bool> stop_{false};
};

template <typename Body>
void run_threads(int count, Body body) {
  if (count <= 1) {
    body(0);
    return;
  }
  std::vector<std::exception_ptr> failed(count);
  std::vector<std::thread> threads;
  threads.reserve(count);
  auto guarded = [&](int t) {
    try {
      body(t);
    } catch (...) {
      failed[t] = std::current_exception();
    }
  };
  int started = 1;
  try {
    for (; started < count; ++started) threads.emplace_back(guarded, started);
  } catch (const std::system_error&) {
    // No more threads to be had: the rest of the work is done here.
  }
  guarded(0);
  for (int t = started; t < count; ++t) guarded(t);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& e : failed) {
    if (e) std::rethrow_exception(e);
  }
}

}  // namespace hwdesign
