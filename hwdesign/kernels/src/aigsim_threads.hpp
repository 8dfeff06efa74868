// A fork and join over a handful of threads.
#pragma once

#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace hwdesign {

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
