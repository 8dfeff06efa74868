#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <utility>

#include "spice.hpp"
#include "spice_order.hpp"

namespace hwdesign::spice {
namespace {

constexpr int32_t kPad = 8;  // junctions and noise sources are worked on eight at a time

int32_t padded(size_t count) { return (static_cast<int32_t>(count) + kPad - 1) / kPad * kPad; }

struct Row {
  int32_t out, head, head_slot;
  std::vector<int32_t> pairs;
  std::vector<int32_t> after;  // rows whose results it reads
};

// Rows in an order in which each follows what it reads and rows that are alike follow one another, so that loops stay
// alike and their branches predictable.
Program pack(const std::vector<Row>& rows) {
  using Shape = std::pair<int32_t, int32_t>;
  std::map<Shape, std::vector<int32_t>> ready;
  std::vector<std::vector<int32_t>> readers(rows.size());
  std::vector<int32_t> waits(rows.size());
  auto shape = [&](int32_t r) { return Shape{rows[r].head, static_cast<int32_t>(rows[r].pairs.size() / 2)}; };
  for (size_t r = 0; r < rows.size(); ++r) {
    waits[r] = static_cast<int32_t>(rows[r].after.size());
    for (int32_t before : rows[r].after) readers[before].push_back(static_cast<int32_t>(r));
    if (waits[r] == 0) ready[shape(static_cast<int32_t>(r))].push_back(static_cast<int32_t>(r));
  }
  Program program;
  while (!ready.empty()) {
    auto most = ready.begin();
    for (auto it = ready.begin(); it != ready.end(); ++it) {
      if (it->second.size() > most->second.size()) most = it;
    }
    const auto [head, pairs] = most->first;
    const std::vector<int32_t> now = std::move(most->second);
    ready.erase(most);
    if (program.groups.empty() || program.groups.back().head != head || program.groups.back().pairs != pairs) {
      program.groups.push_back({head, pairs, 0, static_cast<int64_t>(program.code.size())});
    }
    program.groups.back().rows += static_cast<int32_t>(now.size());
    for (int32_t r : now) {
      program.code.push_back(rows[r].out);
      if (head) program.code.push_back(rows[r].head_slot);
      program.code.insert(program.code.end(), rows[r].pairs.begin(), rows[r].pairs.end());
      for (int32_t reader : readers[r]) {
        if (--waits[reader] == 0) ready[shape(reader)].push_back(reader);
      }
    }
  }
  return program;
}

}  // namespace

Plan::Plan(Network network, const Values& values, double alpha) : net(std::move(network)), symmetric(net.symmetric) {
  order(values, alpha);
}

void Plan::order(const Values& values, double alpha) {
  const int32_t n = net.unknowns;
  const auto first = [&](const double* table, size_t row) { return table[row * values.instances]; };
  std::vector<Coefficient> matrix;
  std::vector<uint8_t> keep(n, 0), live(n, 0);
  auto touch = [&](int32_t node) {
    if (node >= 0) live[node] = 1;
  };
  for (size_t e = 0; e < net.a0.size(); ++e) {
    const double factor = net.rate[net.a0[e].row] ? 1 / alpha : 1;
    matrix.push_back({net.a0[e].row, net.a0[e].col, factor * first(values.a0, e)});
  }
  for (size_t e = 0; e < net.a1.size(); ++e) {
    const double factor = net.rate[net.a1[e].row] ? 1 : alpha;
    matrix.push_back({net.a1[e].row, net.a1[e].col, factor * first(values.a1, e)});
    touch(net.a1[e].col);
  }
  auto stamp = [&](const Branch& branch, double value) {
    touch(branch.a);
    touch(branch.b);
    if (branch.a >= 0) matrix.push_back({branch.a, branch.a, value});
    if (branch.b >= 0) matrix.push_back({branch.b, branch.b, value});
    if (branch.a >= 0 && branch.b >= 0) {
      matrix.push_back({branch.a, branch.b, -value});
      matrix.push_back({branch.b, branch.a, -value});
    }
  };
  for (size_t e = 0; e < net.capacitors.size(); ++e) {
    stamp(net.capacitors[e], alpha * alpha * first(values.capacitance, e));
  }
  for (size_t j = 0; j < net.junctions.size(); ++j) {
    stamp(net.junctions[j], alpha * alpha * first(values.cap, j) + alpha * (first(values.conductance, j) + first(values.shunt, j)));
  }
  for (size_t p = 0; p < net.ports.size(); ++p) stamp(net.ports[p], alpha * first(values.port, p));

  for (const Channel& channel : net.channels) {
    if (channel.kind != ChannelKind::kRate) continue;
    touch(channel.a);
    touch(channel.b);
  }
  history_of.assign(n, -1);
  for (int32_t u = 0; u < n; ++u) {
    if (live[u]) history_of[u] = histories++;
  }
  x_of = history_of;
  int32_t others = histories;
  for (int32_t u = 0; u < n; ++u) {
    if (x_of[u] < 0) x_of[u] = others++;
  }
  for (const Channel& channel : net.channels) {
    if (channel.kind == ChannelKind::kPhase) {
      touch(channel.a);
      touch(channel.b);
    }
  }
  for (int32_t u = 0; u < n; ++u) keep[u] = live[u];
  solved = live;
  const Order order = eliminate(n, matrix, keep, net.symmetric);
  symmetric = order.symmetric;
  std::vector<int32_t> position(n), row_position(n);
  for (int32_t k = 0; k < n; ++k) {
    position[order.column[k]] = k;
    row_position[order.row[k]] = k;
  }

  // Slots.
  int32_t at = kPad;  // after the constants; regions begin on a cache line whatever the width
  auto reserve = [&](int32_t count) {
    const int32_t begin = at;
    at += count;
    return begin;
  };
  junction_pad = padded(net.junctions.size());
  noise_pad = padded(net.noise.size());
  for (const Entry& injection : net.injections) shared_waves = std::max(shared_waves, injection.col + 1);
  waves = shared_waves;
  for (const Entry& injection : net.injections) waves += injection.col < 0;
  auto region = [&](int32_t count) {
    const int32_t begin = reserve(count);
    at = padded(at);
    return begin;
  };
  x = region(n);
  z = region(n);
  y = region(histories);
  previous = region(histories);
  c = region(junction_pad + static_cast<int32_t>(net.capacitors.size() + net.ports.size()));
  wave = region(waves);
  scale = region(static_cast<int32_t>(net.injections.size()));
  amp = region(noise_pad);
  negative_amp = region(noise_pad);
  gauss = region(noise_pad);

  // The factor: pivots, upper entries, lower entries where they differ.
  factor = at;
  lu.pivot.resize(n);
  lu.first.assign(n + 1, 0);
  for (int32_t k = 0; k < n; ++k) {
    lu.pivot[k] = reserve(1);
    lu.first[k + 1] = lu.first[k] + static_cast<int64_t>(order.later[k].size());
  }
  for (int64_t e = 0; e < lu.first[n]; ++e) lu.upper.push_back(reserve(1));
  if (symmetric) {
    lu.lower = lu.upper;
  } else {
    for (int64_t e = 0; e < lu.first[n]; ++e) lu.lower.push_back(reserve(1));
  }
  factor_slots = at - factor;
  auto entry = [&](int32_t i, int32_t j) {
    if (i == j) return lu.pivot[i];
    const int32_t k = std::min(i, j), other = std::max(i, j);
    const auto& later = order.later[k];
    const auto found = std::lower_bound(later.begin(), later.end(), other) - later.begin();
    return (i < j ? lu.upper : lu.lower)[lu.first[k] + found];
  };
  for (int32_t k = 0; k < n; ++k) {
    lu.update_at.push_back(static_cast<int64_t>(lu.update.size()));
    for (int32_t i : order.later[k]) {
      for (int32_t j : order.later[k]) lu.update.push_back(symmetric && j < i ? -1 : entry(i, j));
    }
  }

  // Stamps, and the rows' memory of earlier phases.
  std::vector<std::map<int32_t, int32_t>> past(n);  // row position -> (history column -> slot)
  history = at;
  auto slot_of = [&](int32_t row, int32_t col) {
    if (row < 0 || col < 0) return -1;
    const int32_t i = row_position[row], j = position[col];
    return symmetric && i > j ? -1 : entry(i, j);
  };
  auto history_at = [&](int32_t row, int32_t col) {
    if (row < 0 || col < 0) return -1;
    const auto [found, fresh] = past[row_position[row]].try_emplace(history_of[col], at);
    if (fresh) ++at;
    return found->second;
  };
  for (const Entry& e : net.a0) a0_slot.push_back(slot_of(e.row, e.col));
  for (const Entry& e : net.a1) {
    a1_slot.push_back(slot_of(e.row, e.col));
    a1_history.push_back(history_at(e.row, e.col));
  }
  auto stamps = [&](const std::vector<Branch>& branches, std::vector<Stamp>& into, bool remembered) {
    for (const Branch& b : branches) {
      Stamp s{{slot_of(b.a, b.a), slot_of(b.b, b.b), slot_of(b.a, b.b), slot_of(b.b, b.a)}, {-1, -1, -1, -1}};
      if (remembered) {
        const int32_t h[4] = {history_at(b.a, b.a), history_at(b.b, b.b), history_at(b.a, b.b), history_at(b.b, b.a)};
        std::copy(h, h + 4, s.history);
      }
      into.push_back(s);
    }
  };
  stamps(net.capacitors, capacitor_stamp, true);
  stamps(net.junctions, junction_stamp, false);
  stamps(net.ports, port_stamp, false);
  history_slots = at - history;
  slots = padded(at);

  // What each row adds up.
  std::vector<std::vector<int32_t>> given(n), earlier(n);
  std::vector<int32_t> head(n, 0), head_slot(n, 0);
  auto add = [&](int32_t row, int32_t a, int32_t b) {
    if (row < 0) return;
    auto& pairs = given[row_position[row]];
    pairs.push_back(a);
    pairs.push_back(b);
  };
  for (int32_t i = 0; i < n; ++i) {
    for (const auto& [column, slot] : past[i]) {
      given[i].push_back(slot);
      given[i].push_back(y + column);
    }
  }
  auto current = [&](int32_t row, int32_t sign, int32_t slot) {
    if (row >= 0 && head[row_position[row]] == 0) {
      head[row_position[row]] = sign;
      head_slot[row_position[row]] = slot;
    } else {
      add(row, sign > 0 ? one : minus_one, slot);
    }
  };
  auto branch_current = [&](const Branch& branch, int32_t slot) {
    current(branch.a, -1, slot);
    current(branch.b, 1, slot);
  };
  for (size_t j = 0; j < net.junctions.size(); ++j) branch_current(net.junctions[j], c + static_cast<int32_t>(j));
  int32_t next = c + junction_pad;
  for (const Branch& capacitor : net.capacitors) branch_current(capacitor, next++);
  for (const Branch& port : net.ports) branch_current(port, next++);
  int32_t own_wave = wave + shared_waves;
  for (size_t e = 0; e < net.injections.size(); ++e) {
    const Entry& injection = net.injections[e];
    add(injection.row, scale + static_cast<int32_t>(e), injection.col < 0 ? own_wave++ : wave + injection.col);
  }
  for (size_t e = 0; e < net.noise.size(); ++e) {
    add(net.noise[e].a, negative_amp + static_cast<int32_t>(e), gauss + static_cast<int32_t>(e));
    add(net.noise[e].b, amp + static_cast<int32_t>(e), gauss + static_cast<int32_t>(e));
  }

  // What is never read is never computed.
  for (int32_t k = 0; k < n; ++k) {
    for (int32_t i : order.later[k]) earlier[i].push_back(k);
  }
  std::vector<uint8_t> need_x(n, 0), need_z(n, 0), full_z(n, 0), full_x(n, 0);
  for (int32_t k = 0; k < n; ++k) {
    need_x[k] |= live[order.column[k]];
    if (need_x[k]) {
      for (int32_t j : order.later[k]) need_x[j] = 1;
    }
  }
  for (int32_t k = n - 1; k >= 0; --k) {
    need_z[k] |= need_x[k];
    if (need_z[k]) {
      for (int32_t j : earlier[k]) need_z[j] = 1;
    }
  }
  std::vector<Row> rows;
  std::vector<int32_t> row_of(n, -1);
  for (int32_t i = 0; i < n; ++i) {
    Row row{z + i, head[i], head_slot[i], given[i], {}};
    for (int32_t j : earlier[i]) {
      if (!full_z[j]) continue;
      if (row_of[j] >= 0) row.after.push_back(row_of[j]);
      row.pairs.push_back(entry(i, j));
      row.pairs.push_back(z + j);
    }
    full_z[i] = !row.pairs.empty() || row.head;
    if (!full_z[i] || !need_z[i]) continue;
    row_of[i] = static_cast<int32_t>(rows.size());
    rows.push_back(std::move(row));
  }
  forward = pack(rows);
  rows.clear();
  std::fill(row_of.begin(), row_of.end(), -1);
  for (int32_t i = n - 1; i >= 0; --i) {
    Row row{x + x_of[order.column[i]], 0, 0, {}, {}};
    if (full_z[i]) row.pairs = {lu.pivot[i], z + i};
    for (int32_t j : order.later[i]) {
      if (!full_x[j]) continue;
      if (row_of[j] >= 0) row.after.push_back(row_of[j]);
      row.pairs.push_back(entry(i, j));
      row.pairs.push_back(x + x_of[order.column[j]]);
    }
    full_x[i] = !row.pairs.empty();
    if (!full_x[i] || !need_x[i]) continue;
    row_of[i] = static_cast<int32_t>(rows.size());
    rows.push_back(std::move(row));
  }
  backward = pack(rows);
}

}  // namespace hwdesign::spice
