#include "spice_order.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>

namespace hwdesign::spice {
namespace {

constexpr double kSound = 1e-3;    // least size of a pivot, relative to its column
constexpr double kSingular = 1e-13;  // and relative to what the column began with

// A matrix whose pattern is kept symmetric while pivots are taken out.
class Eliminator {
 public:
  Eliminator(int32_t n, const std::vector<Coefficient>& matrix, const std::vector<uint8_t>& keep)
      : rows_(n), size_(n, 0.0), row_name_(n), keep_(keep) {
    for (int32_t i = 0; i < n; ++i) row_name_[i] = i;
    std::vector<std::vector<std::pair<int32_t, double>>> raw(n);
    for (const Coefficient& c : matrix) {
      raw[c.row].push_back({c.col, c.value});
      raw[c.col].push_back({c.row, 0.0});
    }
    for (int32_t i = 0; i < n; ++i) {
      raw[i].push_back({i, 0.0});
      std::sort(raw[i].begin(), raw[i].end(), [](const auto& p, const auto& q) { return p.first < q.first; });
      for (const auto& [col, value] : raw[i]) {
        if (rows_[i].empty() || rows_[i].back().first != col) {
          rows_[i].push_back({col, value});
        } else {
          rows_[i].back().second += value;
        }
      }
      for (const auto& [col, value] : rows_[i]) size_[col] = std::max(size_[col], std::fabs(value));
    }
    for (int32_t i = 0; i < n; ++i) queue_.insert(key(i));
  }

  Order run() {
    Order order;
    const int32_t n = static_cast<int32_t>(rows_.size());
    while (static_cast<int32_t>(order.column.size()) < n) {
      if (queue_.empty()) {
        swap_in_pivot();
        order.symmetric = false;
      }
      const int32_t k = std::get<2>(*queue_.begin());
      queue_.erase(queue_.begin());
      if (!sound(k)) {
        waiting_.insert(k);
        continue;
      }
      take(k, order);
    }
    finish(order);
    return order;
  }

 private:
  using Key = std::tuple<int32_t, int32_t, int32_t>;

  Key key(int32_t i) const { return {static_cast<int32_t>(rows_[i].size()), keep_[i], i}; }

  double* find(int32_t row, int32_t col) {
    auto at = std::lower_bound(rows_[row].begin(), rows_[row].end(), col,
                               [](const auto& entry, int32_t c) { return entry.first < c; });
    return at != rows_[row].end() && at->first == col ? &at->second : nullptr;
  }

  void add(int32_t row, int32_t col, double value) {
    auto at = std::lower_bound(rows_[row].begin(), rows_[row].end(), col,
                               [](const auto& entry, int32_t c) { return entry.first < c; });
    if (at != rows_[row].end() && at->first == col) {
      at->second += value;
    } else {
      rows_[row].insert(at, {col, value});
    }
  }

  bool sound(int32_t k) {
    const double pivot = std::fabs(*find(k, k));
    double largest = 0;
    for (const auto& entry : rows_[k]) largest = std::max(largest, std::fabs(*find(entry.first, k)));
    return pivot > kSingular * size_[k] && pivot >= kSound * largest && pivot > 0;
  }

  void take(int32_t k, Order& order) {
    std::vector<int32_t> others;
    for (const auto& entry : rows_[k]) {
      if (entry.first != k) others.push_back(entry.first);
    }
    const double pivot = *find(k, k);
    for (int32_t i : others) {
      unlist(i);
      const double l = *find(i, k) / pivot;
      for (const auto& [col, value] : rows_[k]) {
        if (col != k) add(i, col, -l * value);
      }
      auto at = std::lower_bound(rows_[i].begin(), rows_[i].end(), k,
                                 [](const auto& entry, int32_t c) { return entry.first < c; });
      rows_[i].erase(at);
    }
    rows_[k].clear();
    for (int32_t i : others) queue_.insert(key(i));
    order.column.push_back(k);
    order.row.push_back(row_name_[k]);
    order.later.push_back(std::move(others));
  }

  void unlist(int32_t i) {
    queue_.erase(key(i));
    waiting_.erase(i);
  }

  // No diagonal is left that could be a pivot: exchange two rows so that the largest coefficient becomes one.
  void swap_in_pivot() {
    int32_t row = -1, col = -1;
    double best = 0;
    for (int32_t i : waiting_) {
      for (const auto& [c, value] : rows_[i]) {
        const double relative = std::fabs(value) / (size_[c] > 0 ? size_[c] : 1);
        if (relative > best) best = relative, row = i, col = c;
      }
    }
    if (best < kSingular || row == col) throw std::domain_error("singular " + std::to_string(*waiting_.begin()));
    std::swap(rows_[row], rows_[col]);
    std::swap(row_name_[row], row_name_[col]);
    for (int32_t i : std::vector<int32_t>(waiting_.begin(), waiting_.end())) {
      add(i, i, 0.0);
      for (const auto& entry : std::vector<std::pair<int32_t, double>>(rows_[i])) add(entry.first, i, 0.0);
    }
    for (int32_t i : waiting_) queue_.insert(key(i));
    waiting_.clear();
  }

  static void finish(Order& order) {
    std::vector<int32_t> at(order.column.size());
    for (size_t k = 0; k < order.column.size(); ++k) at[order.column[k]] = static_cast<int32_t>(k);
    for (auto& later : order.later) {
      for (int32_t& i : later) i = at[i];
      std::sort(later.begin(), later.end());
    }
  }

  std::vector<std::vector<std::pair<int32_t, double>>> rows_;
  std::vector<double> size_;
  std::vector<int32_t> row_name_;
  const std::vector<uint8_t>& keep_;
  std::set<Key> queue_;
  std::set<int32_t> waiting_;
};

}  // namespace

Order eliminate(int32_t unknowns, const std::vector<Coefficient>& matrix, const std::vector<uint8_t>& keep,
                bool symmetric) {
  Order order = Eliminator(unknowns, matrix, keep).run();
  order.symmetric = order.symmetric && symmetric;
  return order;
}

}  // namespace hwdesign::spice
