#include "partition_slice.hpp"

#include <algorithm>
#include <cmath>

namespace hwdesign {
namespace {

constexpr int64_t kCells = 4000000;  // of all tables together
constexpr int64_t kPlaces = 400;     // tried for a border

class Slicer {
 public:
  Slicer(const Dag& dag, const Goal& goal, const std::vector<int32_t>& order, int32_t parts, int64_t cap)
      : dag_(dag), order_(order), parts_(parts), cap_(cap), before_(dag.nodes + size_t{1}, 0),
        cut_(dag.nodes + size_t{1}, 0), places_(parts + size_t{1}) {
    std::vector<int32_t> position(dag.nodes);
    for (int32_t i = 0; i < dag.nodes; ++i) {
      position[order[i]] = i;
      before_[i + 1] = before_[i] + dag.weight[order[i]];
    }
    edges_ = spans_of(dag, goal, position);
    for (const Span& edge : edges_) {
      cut_[edge.from + 1] += edge.weight;
      cut_[edge.to + 1] -= edge.weight;
    }
    for (int32_t i = 0; i < dag.nodes; ++i) cut_[i + 1] += cut_[i];
  }

  bool run(std::vector<int32_t>& part) {
    if (!find_places(part)) return false;
    count_spans(part);
    std::vector<std::vector<int32_t>> from(parts_ + size_t{1});
    std::vector<int64_t> best{0}, next;
    for (int32_t i = 1; i <= parts_; ++i) {
      step(i, best, next, from[i]);
      best.swap(next);
    }
    int32_t y = 0;
    for (int32_t i = parts_; i > 0; --i) {
      const int32_t x = from[i][y];
      for (int32_t k = places_[i - 1][x]; k < places_[i][y]; ++k) part[order_[k]] = i - 1;
      y = x;
    }
    return true;
  }

 private:
  // Border i lies before position places_[i][..] of the order: where the cut is least in each of the equal stretches
  // that the caps leave to it, and where it is now.
  bool find_places(const std::vector<int32_t>& part) {
    std::vector<int32_t> now(parts_ + size_t{1}, 0);
    for (int32_t i = 0; i < dag_.nodes; ++i) ++now[part[order_[i]] + 1];
    for (int32_t p = 0; p < parts_; ++p) {
      now[p + 1] += now[p];
      if (before_[now[p + 1]] - before_[now[p]] > cap_) return false;
    }
    const int64_t most = std::min<int64_t>(kPlaces, static_cast<int64_t>(std::sqrt(kCells / parts_)));
    for (int32_t i = 0; i <= parts_; ++i) {
      const int64_t low = dag_.total - (parts_ - i) * cap_, high = i * cap_;
      const int64_t first = std::lower_bound(before_.begin(), before_.end(), low) - before_.begin();
      const int64_t last = std::upper_bound(before_.begin(), before_.end(), high) - before_.begin();
      std::vector<int32_t>& places = places_[i];
      places.push_back(now[i]);
      const int64_t stretches = i == 0 || i == parts_ ? 0 : std::min(most, last - first);
      for (int64_t s = 0; s < stretches; ++s) {
        const auto begin = cut_.begin() + first + (last - first) * s / stretches;
        const auto end = cut_.begin() + first + (last - first) * (s + 1) / stretches;
        places.push_back(static_cast<int32_t>(std::min_element(begin, end) - cut_.begin()));
      }
      std::sort(places.begin(), places.end());
      places.erase(std::unique(places.begin(), places.end()), places.end());
    }
    return true;
  }

  // span_[i][x, y]: weight of the edges over both place x of border i - 1 and place y of border i.
  void count_spans(const std::vector<int32_t>& part) {
    span_.resize(parts_ + size_t{1});
    for (int32_t i = 1; i <= parts_; ++i) span_[i].assign(places_[i - 1].size() * places_[i].size(), 0);
    for (const Span& edge : edges_) {
      int32_t i = part[order_[edge.from]] + 1;
      while (i > 1 && places_[i - 2].back() > edge.from) --i;
      for (; i <= parts_ && places_[i].front() <= edge.to; ++i) {
        const std::vector<int32_t>&left = places_[i - 1], &right = places_[i];
        if (left.back() <= edge.from) continue;
        const int64_t x = std::upper_bound(left.begin(), left.end(), edge.from) - left.begin();
        const int64_t y = std::upper_bound(right.begin(), right.end(), edge.to) - right.begin() - 1;
        span_[i][x * right.size() + y] += edge.weight;
      }
    }
    for (int32_t i = 1; i <= parts_; ++i) {
      const size_t height = places_[i - 1].size(), width = places_[i].size();
      for (size_t x = 0; x < height; ++x) {
        int64_t row = 0;
        for (size_t y = width; y-- > 0;) {
          row += span_[i][x * width + y];
          span_[i][x * width + y] = row + (x > 0 ? span_[i][(x - 1) * width + y] : 0);
        }
      }
    }
  }

  // From the least cut up to border i - 1 (each edge counted at the first border above it) to that up to border i.
  void step(int32_t i, const std::vector<int64_t>& best, std::vector<int64_t>& next, std::vector<int32_t>& from) const {
    const std::vector<int32_t>&left = places_[i - 1], &right = places_[i];
    next.assign(right.size(), INT64_MAX);
    from.assign(right.size(), -1);
    for (size_t y = 0; y < right.size(); ++y) {
      for (size_t x = 0; x < left.size() && left[x] <= right[y]; ++x) {
        if (best[x] == INT64_MAX || before_[right[y]] - before_[left[x]] > cap_) continue;
        const int64_t cut = best[x] + cut_[right[y]] - span_[i][x * right.size() + y];
        if (cut < next[y]) {
          next[y] = cut;
          from[y] = static_cast<int32_t>(x);
        }
      }
    }
  }

  const Dag& dag_;
  const std::vector<int32_t>& order_;
  int32_t parts_;
  int64_t cap_;
  std::vector<Span> edges_;
  std::vector<int64_t> before_, cut_;  // weight before each place, and weight of the edges over it
  std::vector<std::vector<int32_t>> places_;
  std::vector<std::vector<int64_t>> span_;
};

}  // namespace

bool best_slices(const Dag& dag, const Goal& goal, const std::vector<int32_t>& order, int32_t parts, int64_t cap,
                 std::vector<int32_t>& part) {
  return Slicer(dag, goal, order, parts, cap).run(part);
}

}  // namespace hwdesign
