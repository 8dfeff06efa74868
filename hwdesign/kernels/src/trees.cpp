#include "trees.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>

namespace hwdesign {
namespace {

// Prim's algorithm takes the square of a net's points; above this many, candidates are sorted instead.
constexpr int64_t kPrimPoints = 128;

class TreeBuilder {
 public:
  TreeBuilder(const double* xy, SpanningTrees& out) : xy_(xy), out_(out) {}

  void net(int64_t begin, int64_t end) {
    const int64_t points = end - begin;
    if (points > kPrimPoints) {
      kruskal(begin, points);
    } else if (points > 1) {
      prim(begin, points);
    }
    out_.edge_ptr.push_back(static_cast<int64_t>(out_.child.size()));
  }

 private:
  struct Candidate {
    double length;
    int32_t a, b;
    bool operator<(const Candidate& o) const {
      return length != o.length ? length < o.length : a != o.a ? a < o.a : b < o.b;
    }
  };

  double distance(int64_t a, int64_t b) const {
    return std::abs(xy_[2 * a] - xy_[2 * b]) + std::abs(xy_[2 * a + 1] - xy_[2 * b + 1]);
  }

  void edge(int64_t parent, int64_t child, double length) {
    out_.parent.push_back(static_cast<int32_t>(parent));
    out_.child.push_back(static_cast<int32_t>(child));
    out_.length.push_back(length);
  }

  void prim(int64_t begin, int64_t points) {
    const auto n = static_cast<size_t>(points);
    away_.assign(n, std::numeric_limits<double>::infinity());
    from_.assign(n, begin);
    left_.resize(n - 1);
    std::iota(left_.begin(), left_.end(), begin + 1);
    int64_t last = begin;
    while (!left_.empty()) {
      size_t best = 0;
      for (size_t i = 0; i < left_.size(); ++i) {
        const auto at = static_cast<size_t>(left_[i] - begin);
        const double d = distance(last, left_[i]);
        if (d < away_[at]) {
          away_[at] = d;
          from_[at] = last;
        }
        if (away_[at] < away_[static_cast<size_t>(left_[best] - begin)]) best = i;
      }
      last = left_[best];
      left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(best));   // keeps the order, which settles ties
      const auto at = static_cast<size_t>(last - begin);
      edge(from_[at], last, away_[at]);
    }
  }

  // Only each point's nearest neighbour in every octant can be its neighbour in the tree (Zhou, Shenoy, Nicholls:
  // Efficient minimum spanning tree construction without Delaunay triangulation, ASP-DAC 2001); four octants give each
  // pair once.
  void candidates(int64_t begin, int64_t points) {
    const auto n = static_cast<size_t>(points);
    std::vector<double> x(n), y(n);
    for (size_t i = 0; i < n; ++i) {
      x[i] = xy_[2 * (begin + static_cast<int64_t>(i))];
      y[i] = xy_[2 * (begin + static_cast<int64_t>(i)) + 1];
    }
    std::vector<int32_t> order(n);
    candidates_.clear();
    for (int pass = 0; pass < 4; ++pass) {
      // In order of x + y, so that a point is the nearest one in this octant of all those still open that see it there.
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
        const double sa = x[static_cast<size_t>(a)] + y[static_cast<size_t>(a)];
        const double sb = x[static_cast<size_t>(b)] + y[static_cast<size_t>(b)];
        return sa != sb ? sa < sb : a < b;
      });
      std::multimap<double, int32_t, std::greater<>> open;   // by x: points that still lack a neighbour in the octant
      for (const int32_t i : order) {
        const auto at = static_cast<size_t>(i);
        for (auto it = open.lower_bound(x[at]); it != open.end(); it = open.erase(it)) {
          const auto other = static_cast<size_t>(it->second);
          const double dx = x[at] - x[other], dy = y[at] - y[other];
          if (dx > dy) break;
          candidates_.push_back({dx + dy, std::min(i, it->second), std::max(i, it->second)});
        }
        open.emplace(x[at], i);
      }
      // The next octant: swap the axes, or mirror one of them.
      if (pass % 2 == 0) {
        std::swap(x, y);
      } else if (pass == 1) {
        for (double& value : x) value = -value;
      }
    }
  }

  size_t root(size_t i) {
    while (set_[i] != static_cast<int32_t>(i)) {
      set_[i] = set_[static_cast<size_t>(set_[i])];
      i = static_cast<size_t>(set_[i]);
    }
    return i;
  }

  void kruskal(int64_t begin, int64_t points) {
    const auto n = static_cast<size_t>(points);
    candidates(begin, points);
    std::sort(candidates_.begin(), candidates_.end());
    set_.resize(n);
    std::iota(set_.begin(), set_.end(), 0);
    std::vector<std::vector<int32_t>> next(n);
    for (const Candidate& c : candidates_) {
      const size_t a = root(static_cast<size_t>(c.a)), b = root(static_cast<size_t>(c.b));
      if (a == b) continue;
      set_[a] = static_cast<int32_t>(b);
      next[static_cast<size_t>(c.a)].push_back(c.b);
      next[static_cast<size_t>(c.b)].push_back(c.a);
    }
    std::vector<bool> seen(n, false);
    std::vector<int32_t> queue{0};
    seen[0] = true;
    for (size_t i = 0; i < queue.size(); ++i) {
      const int32_t at = queue[i];
      for (const int32_t to : next[static_cast<size_t>(at)]) {
        if (seen[static_cast<size_t>(to)]) continue;
        seen[static_cast<size_t>(to)] = true;
        edge(begin + at, begin + to, distance(begin + at, begin + to));
        queue.push_back(to);
      }
    }
  }

  const double* xy_;
  SpanningTrees& out_;
  std::vector<double> away_;
  std::vector<int64_t> from_, left_;
  std::vector<Candidate> candidates_;
  std::vector<int32_t> set_;
};

}  // namespace

SpanningTrees spanning_trees(const int64_t* ptr, int64_t nets, const double* xy) {
  SpanningTrees out;
  const auto points = static_cast<size_t>(ptr[nets] - ptr[0]);
  out.edge_ptr.reserve(static_cast<size_t>(nets) + 1);
  out.parent.reserve(points);
  out.child.reserve(points);
  out.length.reserve(points);
  TreeBuilder builder(xy, out);
  for (int64_t net = 0; net < nets; ++net) builder.net(ptr[net], ptr[net + 1]);
  return out;
}

}  // namespace hwdesign
