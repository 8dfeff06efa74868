#include "steiner.hpp"

#include <algorithm>
#include <cmath>
#include <queue>

#include "trees.hpp"

namespace hwdesign {
namespace {

// Pairs of a node's neighbours are tried; beyond this many neighbours (points that coincide) the rest are left alone.
constexpr size_t kNeighbours = 24;
// A Steiner point must save more than this share of the net's extent, so that rounding never makes one.
constexpr double kWorth = 1e-9;

double median(double a, double b, double c) { return std::max(std::min(a, b), std::min(std::max(a, b), c)); }

struct Saving {
  double length = 0.0;
  int32_t a = -1, b = -1;   // neighbours that move to the new point
  double x = 0.0, y = 0.0;  // of the new point
};

class Net {
 public:
  Net(const double* xy, int64_t begin, int64_t end) {
    double low[2] = {xy[2 * begin], xy[2 * begin + 1]}, high[2] = {low[0], low[1]};
    for (int64_t i = begin; i < end; ++i) {
      x_.push_back(xy[2 * i]);
      y_.push_back(xy[2 * i + 1]);
      for (int axis = 0; axis < 2; ++axis) {
        low[axis] = std::min(low[axis], xy[2 * i + axis]);
        high[axis] = std::max(high[axis], xy[2 * i + axis]);
      }
    }
    worth_ = kWorth * (high[0] - low[0] + high[1] - low[1]);
    next_.resize(x_.size());
    pins_ = x_.size();
  }

  void join(int32_t a, int32_t b) {
    next_[static_cast<size_t>(a)].push_back(b);
    next_[static_cast<size_t>(b)].push_back(a);
  }

  // Where two edges leave a node the same way, they can share their first stretch: up to the median of the three ends.
  // The largest saving first, until none is left.
  void refine() {
    const size_t points = x_.size();
    if (points < 3) return;
    savings_.resize(points);
    for (size_t node = 0; node < points; ++node) look(static_cast<int32_t>(node));
    while (!queue_.empty() && x_.size() < 2 * points) {
      const auto [length, minus] = queue_.top();
      queue_.pop();
      const int32_t node = -minus;
      const Saving best = savings_[static_cast<size_t>(node)];
      if (best.a < 0 || best.length != length) continue;   // superseded
      const auto fresh = static_cast<int32_t>(x_.size());
      x_.push_back(best.x);
      y_.push_back(best.y);
      next_.emplace_back();
      savings_.emplace_back();
      for (const int32_t other : {best.a, best.b}) {
        drop(node, other);
        drop(other, node);
        join(fresh, other);
      }
      join(fresh, node);
      for (const int32_t at : {node, best.a, best.b, fresh}) look(at);
    }
  }

  void append(int64_t begin, SteinerTrees& out) const {
    const size_t points = x_.size(), first = out.point.size();
    const auto pins = static_cast<int32_t>(pins_);
    std::vector<int32_t> place(points, -1), walk{0}, from{-1};
    while (!walk.empty()) {
      const int32_t at = walk.back(), before = from.back();
      walk.pop_back();
      from.pop_back();
      const auto here = static_cast<int32_t>(out.point.size());
      place[static_cast<size_t>(at)] = here;
      out.point.push_back(at < pins ? static_cast<int32_t>(begin + at) : -1);
      out.parent.push_back(before < 0 ? here : place[static_cast<size_t>(before)]);
      out.end.push_back(here + 1);
      out.xy.push_back(x_[static_cast<size_t>(at)]);
      out.xy.push_back(y_[static_cast<size_t>(at)]);
      const auto& neighbours = next_[static_cast<size_t>(at)];
      for (size_t i = neighbours.size(); i-- > 0;) {
        if (neighbours[i] == before) continue;
        walk.push_back(neighbours[i]);
        from.push_back(at);
      }
    }
    for (size_t node = out.point.size(); node-- > first;) {
      auto& end = out.end[static_cast<size_t>(out.parent[node])];
      end = std::max(end, out.end[node]);
    }
    out.node_ptr.push_back(static_cast<int64_t>(out.point.size()));
  }

 private:
  void drop(int32_t node, int32_t other) {
    auto& neighbours = next_[static_cast<size_t>(node)];
    neighbours.erase(std::find(neighbours.begin(), neighbours.end(), other));
  }

  void look(int32_t node) {
    const auto& neighbours = next_[static_cast<size_t>(node)];
    const size_t count = std::min(neighbours.size(), kNeighbours);
    const double x = x_[static_cast<size_t>(node)], y = y_[static_cast<size_t>(node)];
    Saving best;
    best.length = worth_;
    for (size_t i = 0; i < count; ++i) {
      const auto a = static_cast<size_t>(neighbours[i]);
      for (size_t j = i + 1; j < count; ++j) {
        const auto b = static_cast<size_t>(neighbours[j]);
        const double sx = median(x, x_[a], x_[b]), sy = median(y, y_[a], y_[b]);
        const double length = std::abs(sx - x) + std::abs(sy - y);
        if (length > best.length) best = {length, neighbours[i], neighbours[j], sx, sy};
      }
    }
    savings_[static_cast<size_t>(node)] = best;
    if (best.a >= 0) queue_.emplace(best.length, -node);   // of equal savings the lowest node's
  }

  std::vector<double> x_, y_;
  std::vector<std::vector<int32_t>> next_;
  std::vector<Saving> savings_;
  std::priority_queue<std::pair<double, int32_t>> queue_;
  double worth_ = 0.0;
  size_t pins_ = 0;
};

}  // namespace

SteinerTrees steiner_trees(const int64_t* ptr, int64_t nets, const double* xy) {
  const SpanningTrees spanning = spanning_trees(ptr, nets, xy);
  SteinerTrees out;
  for (int64_t n = 0; n < nets; ++n) {
    if (ptr[n] == ptr[n + 1]) {
      out.node_ptr.push_back(static_cast<int64_t>(out.point.size()));
      continue;
    }
    Net net(xy, ptr[n], ptr[n + 1]);
    const auto first = static_cast<size_t>(spanning.edge_ptr[static_cast<size_t>(n)]);
    const auto last = static_cast<size_t>(spanning.edge_ptr[static_cast<size_t>(n) + 1]);
    for (size_t edge = first; edge < last; ++edge)
      net.join(static_cast<int32_t>(spanning.parent[edge] - ptr[n]), static_cast<int32_t>(spanning.child[edge] - ptr[n]));
    net.refine();
    net.append(ptr[n], out);
  }
  return out;
}

}  // namespace hwdesign
