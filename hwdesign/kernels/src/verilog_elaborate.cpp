// What needs the whole file: parameter overrides of known modules, and instances whose pins follow their ports' widths.
#include <algorithm>
#include <numeric>

#include "verilog.hpp"
#include "verilog_parser.hpp"

namespace hwdesign::verilog {

Parser::Parser(std::string_view text, Design& design, const ReadLimits& limits)
    : design_(design), limits_(limits), lex_(text, design.names), out_(design, text.size(), limits),
      work_(64 * limits.max_bits + 1024 * static_cast<int64_t>(text.size())),
      reparse_(int64_t{1} << 28) {
  for (auto& row : gate_kinds_) std::fill(std::begin(row), std::end(row), -1);
}

void Parser::run() {
  lex_.next();
  for (;;) {
    if (lex_.is(kAttrOpen)) {
      attributes(false);
    } else if (lex_.is_word(kw_module) || lex_.is_word(kw_macromodule)) {
      parse_module(nullptr, -1);
    } else if (lex_.is(';')) {
      lex_.next();
    } else if (lex_.is(kEnd)) {
      break;
    } else if (lex_.is_word(kw_primitive)) {
      throw NotSupported(lex_.tok().line, "user-defined primitives are not supported");
    } else if (lex_.is(kName) && !lex_.tok().escaped && lex_.tok().id < sv_count) {
      not_structural(quoted(lex_.tok().text));
    } else {
      unexpected("'module'");
    }
  }
  if (modules_.empty()) throw ParseError(lex_.tok().line, "the file holds no module");
  elaborate();
}

void Parser::visit_instantiated(size_t index, std::vector<char>& seen, std::vector<size_t>& queue) const {
  const auto visit = [&](int32_t type) {
    const auto at = module_of_.find(type);
    if (at == module_of_.end() || (seen.size() > at->second && seen[at->second])) return;
    if (seen.size() <= at->second) seen.resize(modules_.size(), 0);
    seen[at->second] = 1;
    queue.push_back(at->second);
  };
  size_t last = SIZE_MAX;
  for (const int32_t kind : design_.modules[modules_[index].table].cell_kind) {
    const auto k = static_cast<size_t>(kind);
    if (k == last) continue;
    last = k;
    if (design_.kinds.klass[k] == static_cast<uint8_t>(KindClass::kInstance)) visit(design_.kinds.name[k]);
  }
  for (const Deferred& d : modules_[index].deferred) visit(d.type);
}

// Modules that nothing instantiates, and one of every cycle that no such module reaches.
std::vector<size_t> Parser::roots() const {
  std::vector<char> instantiated(modules_.size(), 0), reached(modules_.size(), 0);
  std::vector<size_t> queue, roots;
  for (size_t i = 0; i < modules_.size(); ++i) visit_instantiated(i, instantiated, queue);
  queue.clear();
  const auto reach = [&](size_t root) {
    roots.push_back(root);
    reached[root] = 1;
    queue.push_back(root);
    while (!queue.empty()) {
      const size_t i = queue.back();
      queue.pop_back();
      visit_instantiated(i, reached, queue);
    }
  };
  for (size_t i = 0; i < modules_.size(); ++i)
    if (!instantiated[i]) reach(i);
  for (size_t i = 0; i < modules_.size(); ++i)
    if (!reached[i]) reach(i);
  return roots;
}

int32_t Parser::type_of(const ModuleInfo& info, int32_t cell) const {
  if (cell < 0) return info.deferred[static_cast<size_t>(-1 - cell)].type;
  const ModuleTables& m = design_.modules[info.table];
  return design_.kinds.name[static_cast<size_t>(m.cell_kind[static_cast<size_t>(cell)])];
}

void Parser::elaborate() {
  bool special = false;
  for (const ModuleInfo& info : modules_)
    for (const Override& o : info.overrides)
      special |= !o.attribute && module_of_.count(type_of(info, o.cell)) > 0;
  if (!special) {
    for (size_t i = 0; i < modules_.size(); ++i) elaborate_module(i);
    return;
  }
  // Only what the roots reach is elaborated: a module's default version may stand unused once others are made of it.
  std::vector<size_t> queue = roots();
  std::vector<char> seen(modules_.size(), 0);
  for (const size_t i : queue) seen[i] = 1;
  while (!queue.empty()) {
    const size_t i = queue.back();
    queue.pop_back();
    elaborate_module(i);
    visit_instantiated(i, seen, queue);
  }
  seen.resize(modules_.size(), 0);
  prune(seen);
}

void Parser::prune(const std::vector<char>& reached) {
  std::vector<ModuleTables> kept;
  for (size_t i = 0; i < modules_.size(); ++i)
    if (reached[i]) kept.push_back(std::move(design_.modules[modules_[i].table]));
  design_.modules = std::move(kept);
}

void Parser::elaborate_module(size_t index) {
  std::vector<Override> rows = std::move(modules_[index].overrides);
  const std::vector<Deferred> deferred = std::move(modules_[index].deferred);
  std::stable_sort(rows.begin(), rows.end(), [](const Override& a, const Override& b) { return a.cell < b.cell; });
  const size_t table = modules_[index].table;
  const auto type_of = [&](int32_t cell) {
    if (cell < 0) return deferred[static_cast<size_t>(-1 - cell)].type;
    const ModuleTables& m = design_.modules[table];
    return design_.kinds.name[static_cast<size_t>(m.cell_kind[static_cast<size_t>(cell)])];
  };
  std::vector<int32_t> types(deferred.size());
  for (size_t d = 0; d < deferred.size(); ++d) types[d] = deferred[d].type;
  std::vector<std::vector<Override>> kept(deferred.size());
  for (size_t at = 0; at < rows.size();) {
    size_t end = at;
    while (end < rows.size() && rows[end].cell == rows[at].cell) ++end;
    const int32_t cell = rows[at].cell;
    const auto target = module_of_.find(type_of(cell));
    int32_t type = type_of(cell);
    const bool known = target != module_of_.end();
    if (known) type = specialise(target->second, &rows[at], end - at);
    ModuleTables& m = design_.modules[table];
    if (cell >= 0 && type != type_of(cell)) retarget(m, cell, type, rows[at].line);
    if (cell < 0) types[static_cast<size_t>(-1 - cell)] = type;
    for (; at < end; ++at) {
      if (known && !rows[at].attribute) continue;
      if (rows[at].key < 0) rows[at].key = design_.names.intern("#" + std::to_string(rows[at].position));
      if (cell < 0) {
        kept[static_cast<size_t>(-1 - cell)].push_back(rows[at]);
      } else {
        m.param_cell.push_back(cell);
        m.param_key.push_back(rows[at].key);
        m.param_value.push_back(rows[at].text);
      }
    }
  }
  ModuleTables& m = design_.modules[table];
  std::vector<int32_t> cells;
  for (size_t d = 0; d < deferred.size(); ++d) {
    cells.clear();
    expand(m, deferred[d], types[d], cells);
    out_.spend(static_cast<int64_t>(cells.size() * kept[d].size()), deferred[d].line);
    for (const int32_t cell : cells) {
      for (const Override& o : kept[d]) {
        m.param_cell.push_back(cell);
        m.param_key.push_back(o.key);
        m.param_value.push_back(o.text);
      }
    }
  }
  if (std::is_sorted(m.param_cell.begin(), m.param_cell.end())) return;
  std::vector<size_t> order(m.param_cell.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return m.param_cell[a] < m.param_cell[b]; });
  for (auto* column : {&m.param_key, &m.param_value, &m.param_cell}) {
    std::vector<int32_t> sorted;
    sorted.reserve(order.size());
    for (const size_t i : order) sorted.push_back((*column)[i]);
    *column = std::move(sorted);
  }
}

// The name of the version of module `target` that these overrides ask for, parsed where it is new.
int32_t Parser::specialise(size_t target, const Override* rows, size_t count) {
  const ModuleInfo& base = modules_[target];
  std::vector<Param> given;
  for (const Param& p : base.params)
    if (!p.local) given.push_back(p);
  std::vector<char> changed(given.size(), 0);
  for (size_t i = 0; i < count; ++i) {
    const Override& row = rows[i];
    if (row.attribute) continue;
    size_t at = given.size();
    if (row.key < 0) {
      at = std::min(static_cast<size_t>(row.position), given.size());
    } else {
      for (size_t k = 0; k < given.size(); ++k)
        if (given[k].name == row.key) at = k;
    }
    if (at == given.size())
      throw ParseError(row.line,
                       "the module " + quoted(name_of(base.name)) + " has no parameter " +
                           (row.key < 0 ? std::to_string(row.position + 1) : quoted(name_of(row.key))),
                       "remove the override, or declare the parameter there");
    const auto was = text_value(given[at].text), is = text_value(row.text);
    const bool same = was && is ? *was == *is : given[at].text == row.text;
    changed[at] |= !same;
    if (!same || changed[at]) given[at].text = row.text;
  }
  std::string name(name_of(base.name));
  std::vector<Param> values;
  for (size_t k = 0; k < given.size(); ++k) {
    if (!changed[k]) continue;
    const auto value = text_value(given[k].text);
    name += "$" + std::string(name_of(given[k].name)) + "=" +
            (value ? std::to_string(*value) : std::string(name_of(given[k].text)));
    values.push_back(given[k]);
  }
  if (values.empty()) return base.name;
  const int32_t id = design_.names.intern(name);
  if (module_of_.count(id)) return id;
  if (++specialised_ > kMaxSpecialisations)
    throw TooLarge(rows[0].line, "parameter overrides make more than " + std::to_string(kMaxSpecialisations) +
                                     " versions of modules",
                   "check for a module that instantiates itself");
  const Lexer::Mark here = lex_.mark();
  lex_.seek(base.mark);
  parse_module(&values, id);
  modules_.back().params = modules_[target].params;
  lex_.seek(here);
  return id;
}

// Makes `cell` an instance of `type`, its pins keeping their ports.
void Parser::retarget(ModuleTables& m, int32_t cell, int32_t type, int32_t line) {
  const auto c = static_cast<size_t>(cell);
  const int32_t kind = out_.kind(KindClass::kInstance, type, -1, line);
  m.cell_kind[c] = kind;
  for (auto p = static_cast<size_t>(m.pin_ptr[c]); p < static_cast<size_t>(m.pin_ptr[c + 1]); ++p) {
    const auto k = static_cast<size_t>(m.pin_kind[p]);
    const int32_t bit = design_.pin_kinds.bit[k];
    m.pin_kind[p] = out_.pin_kind(out_.port(kind, design_.pin_kinds.name[k], design_.pin_kinds.position[k]), bit);
  }
}

// Bits of the port of module `table` that `c` connects, or -1 where it has no such port.
int64_t Parser::port_width(size_t table, const Connection& c) {
  const auto [at, added] = port_widths_.try_emplace(table);
  PortWidths& widths = at->second;
  if (added) {
    const ModuleTables& m = design_.modules[table];
    for (size_t i = 0; i < m.port_name.size(); i += static_cast<size_t>(widths.by_position.back())) {
      const int32_t bus = m.port_bus[i];
      const auto b = static_cast<size_t>(bus);
      widths.by_position.push_back(bus < 0 ? 1 : Range{m.bus_left[b], m.bus_right[b]}.width());
      widths.by_name.emplace(bus < 0 ? m.port_name[i] : m.bus_name[b], widths.by_position.back());
    }
  }
  if (c.name < 0)
    return static_cast<size_t>(c.position) < widths.by_position.size()
               ? widths.by_position[static_cast<size_t>(c.position)]
               : -1;
  const auto found = widths.by_name.find(c.name);
  return found == widths.by_name.end() ? -1 : found->second;
}

void Parser::expand(ModuleTables& m, const Deferred& d, int32_t type, std::vector<int32_t>& cells) {
  const auto known = module_of_.find(type);
  const bool target = known != module_of_.end();
  const int64_t copies = d.array ? d.range.width() : 1;
  if (d.array) out_.spend(TableWriter::kNamed * copies, d.line);
  const int32_t kind = out_.kind(KindClass::kInstance, type, -1, d.line);
  struct Share {
    int32_t port;
    int64_t begin, count, stride;
  };
  std::vector<Share> shares;
  std::vector<Bit> bits = d.bits;
  for (const Connection& c : d.connections) {
    const int64_t width = target ? port_width(modules_[known->second].table, c) : -1;
    Share s{out_.port(kind, c.name, c.position), c.begin, c.count, 0};
    if (c.unsized) {
      // As wide as its port; of an unknown cell, as wide as the value needs.
      s.count = width;
      if (width < 0)
        for (s.count = c.count; s.count > 1; --s.count)
          if (const Bit bit = bits[static_cast<size_t>(c.begin + s.count - 1)]; bit.net != 0 || bit.flags != 0) break;
      if (s.count > c.count) {
        s.begin = static_cast<int64_t>(bits.size());
        for (int64_t i = 0; i < s.count; ++i)
          bits.push_back(i < c.count ? d.bits[static_cast<size_t>(c.begin + i)] : Bit{0, 0});
      }
    } else if (c.count > 1 && copies > 1 && c.count != width) {
      if (c.count % copies != 0 || (width >= 0 && c.count != width * copies))
        throw ParseError(d.line, "a connection of " + std::to_string(c.count) + " bits cannot be shared among " +
                                     std::to_string(copies) + " instances of " + quoted(name_of(type)),
                         "make its width a multiple of the port's");
      s.stride = s.count = c.count / copies;
    }
    shares.push_back(s);
  }
  for (int64_t k = copies; k-- > 0;) {
    int32_t name = d.name;
    if (d.array) name = bit_name(d.name, d.range.right + (d.range.left > d.range.right ? k : -k));
    cells.push_back(static_cast<int32_t>(m.cell_kind.size()));
    out_.begin_cell(m, kind, name, d.line);
    for (const Share& s : shares) {
      if (s.count == 0) out_.add_pin(m, out_.pin_kind(s.port, 0), {-1, 0});
      out_.spend(s.count, d.line);
      for (int64_t b = 0; b < s.count; ++b)
        out_.add_pin(m, out_.pin_kind(s.port, static_cast<int32_t>(b)),
                     bits[static_cast<size_t>(s.begin + s.stride * k + b)]);
    }
    out_.end_cell(m, d.line);
  }
}

}  // namespace hwdesign::verilog

namespace hwdesign {

Design parse_verilog(std::string_view text, const ReadLimits& limits) {
  Design design;
  design.names.reserve(text.size() / 36, text.size() / 6);
  verilog::Parser(text, design, limits).run();
  return design;
}

}  // namespace hwdesign
