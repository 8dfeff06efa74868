// Maximum flow by Dinitz's algorithm (1970) on small networks that are built anew many times.
#pragma once

#include <cstdint>
#include <vector>

namespace hwdesign {

class MaxFlow {
 public:
  static constexpr int64_t kUnbounded = INT64_C(1) << 50;

  void reset(int32_t nodes);
  // An arc each way.
  void add(int32_t from, int32_t to, int64_t capacity, int64_t back_capacity);
  int64_t run(int32_t source, int32_t sink);

  // After run(): the smallest and the largest source side of a minimum cut; 1 for its nodes.
  std::vector<uint8_t> reached_from(int32_t source) const;
  std::vector<uint8_t> not_reaching(int32_t sink) const;

 private:
  bool make_levels(int32_t source, int32_t sink);
  int64_t augment(int32_t source, int32_t sink);

  std::vector<int32_t> first_, next_, to_;  // arcs 2i and 2i + 1 are each other's reverse
  std::vector<int64_t> left_;               // residual capacities
  std::vector<int32_t> level_, at_, queue_, path_;
};

}  // namespace hwdesign
