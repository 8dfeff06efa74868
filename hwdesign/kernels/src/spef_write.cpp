#include "spef_write.hpp"

#include <charconv>
#include <cstdio>
#include <vector>

#include "names.hpp"
#include "text.hpp"

namespace hwdesign {
namespace {

enum NodeKind : int8_t { kInternal = 0, kInstancePin = 1, kPort = 2 };

bool is_plain(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
         c >= 0x80;
}

class SpefWriter {
 public:
  SpefWriter(const SpefColumns& columns, int digits) : c_(columns), digits_(digits) {
    map_.reserve(static_cast<size_t>(c_.net_count), static_cast<size_t>(8 * c_.net_count));
  }

  std::string run() {
    name_nodes();
    list_couplings();
    out_.reserve(static_cast<size_t>(c_.node_count) * 100);
    out_ += "*NAME_MAP\n";
    for (int32_t id = 0; id < map_.size(); ++id) {
      index(id);
      out_ += ' ';
      out_ += map_[id];
      out_ += '\n';
    }
    bool any = false;
    for (int64_t node = 0; node < c_.node_count; ++node) {
      if (c_.node_kind[node] != kPort) continue;
      if (!any) out_ += "\n*PORTS\n";
      any = true;
      put_node(node);
      put_direction(node);
      out_ += '\n';
    }
    for (int64_t net = 0; net < c_.net_count; ++net) put_net(net);
    return std::move(out_);
  }

 private:
  // Appends the name with a backslash before each special character; with `bit`, `[3]` at its end stays as it is.
  void escape(std::string& to, std::string_view name, bool bit) {
    if (name.empty()) throw ParseError(0, "SPEF cannot hold an empty name", "name every net and pin");
    size_t end = name.size();
    if (bit && name.back() == ']') {
      const size_t open = name.rfind('[');
      if (open != std::string_view::npos && open > 0 && open + 2 < end &&
          name.find_first_not_of("0123456789", open + 1) == end - 1)
        end = open;
    }
    for (const char ch : name.substr(0, end)) {
      const auto c = static_cast<unsigned char>(ch);
      if (c <= ' ' || c == 0x7f) throw ParseError(0, "SPEF cannot hold the name " + quoted(name), "rename it");
      if (!is_plain(c)) to += '\\';
      to += ch;
    }
    to += name.substr(end);
  }

  int32_t map(std::string_view name, bool bit) {
    text_.clear();
    escape(text_, name, bit);
    return map_.intern(text_);
  }

  // Every name's index in the map, and what follows it in the name of a node.
  void name_nodes() {
    net_map_.resize(static_cast<size_t>(c_.net_count));
    for (int64_t net = 0; net < c_.net_count; ++net)
      net_map_[static_cast<size_t>(net)] = map(c_.nets[net], c_.net_is_bus_bit[net] != 0);
    node_map_.resize(static_cast<size_t>(c_.node_count));
    suffix_.reserve(static_cast<size_t>(c_.node_count) + 1);
    for (int64_t net = 0; net < c_.net_count; ++net) {
      for (int64_t node = c_.node_ptr[net]; node < c_.node_ptr[net + 1]; ++node) {
        const auto name = c_.nodes[node];
        auto& index = node_map_[static_cast<size_t>(node)];
        suffix_.push_back(static_cast<int64_t>(suffixes_.size()));
        if (c_.node_kind[node] == kInstancePin) {
          const size_t cut = name.rfind('/');
          if (cut == std::string_view::npos || cut == 0)
            throw ParseError(0, "the pin " + quoted(name) + " has no instance", "name it INSTANCE/PIN");
          index = map(name.substr(0, cut), false);
          suffixes_ += ':';
          escape(suffixes_, name.substr(cut + 1), true);
        } else if (c_.node_kind[node] == kPort) {
          index = map(name, true);
        } else {
          const auto owner = c_.nets[net];
          index = net_map_[static_cast<size_t>(net)];
          if (name == owner) continue;
          const bool own = name.size() > owner.size() + 1 && name.substr(0, owner.size()) == owner &&
                           name[owner.size()] == ':';
          suffixes_ += ':';
          escape(suffixes_, own ? name.substr(owner.size() + 1) : name, false);
        }
      }
    }
    suffix_.push_back(static_cast<int64_t>(suffixes_.size()));
  }

  // The couplings of each net, one that lies within a net once.
  void list_couplings() {
    std::vector<int32_t> owner(static_cast<size_t>(c_.node_count));
    for (int64_t net = 0; net < c_.net_count; ++net)
      for (int64_t node = c_.node_ptr[net]; node < c_.node_ptr[net + 1]; ++node)
        owner[static_cast<size_t>(node)] = static_cast<int32_t>(net);
    pair_ptr_.assign(static_cast<size_t>(c_.net_count) + 1, 0);
    const auto each = [&](auto use) {
      for (int64_t i = 0; i < c_.coupling_count; ++i) {
        const int32_t a = owner[static_cast<size_t>(c_.coupling_a[i])];
        const int32_t b = owner[static_cast<size_t>(c_.coupling_b[i])];
        use(a, 2 * i);
        if (a != b) use(b, 2 * i + 1);
      }
    };
    each([&](int32_t net, int64_t) { ++pair_ptr_[static_cast<size_t>(net) + 1]; });
    for (size_t net = 0; net + 1 < pair_ptr_.size(); ++net) pair_ptr_[net + 1] += pair_ptr_[net];
    pairs_.resize(static_cast<size_t>(pair_ptr_.back()));
    std::vector<int64_t> next(pair_ptr_.begin(), pair_ptr_.end() - 1);
    each([&](int32_t net, int64_t item) {
      pairs_[static_cast<size_t>(next[static_cast<size_t>(net)]++)] = item;
    });
  }

  void number(double value, int digits) {
    char buffer[64];
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
    constexpr auto kGeneral = std::chars_format::general;
    const char* const end = std::to_chars(buffer, buffer + sizeof buffer, value, kGeneral, digits).ptr;
    out_.append(buffer, static_cast<size_t>(end - buffer));
#else
    out_.append(buffer, static_cast<size_t>(std::snprintf(buffer, sizeof buffer, "%.*g", digits, value)));
#endif
  }

  void integer(int64_t value) {
    char buffer[24];
    out_.append(buffer, static_cast<size_t>(std::to_chars(buffer, buffer + sizeof buffer, value).ptr - buffer));
  }

  void index(int32_t id) {
    out_ += '*';
    integer(int64_t{id} + 1);
  }

  void put_node(int64_t node) {
    const auto i = static_cast<size_t>(node);
    index(node_map_[i]);
    out_.append(suffixes_, static_cast<size_t>(suffix_[i]), static_cast<size_t>(suffix_[i + 1] - suffix_[i]));
  }

  void put_direction(int64_t node) {
    const int8_t direction = c_.node_direction[node];
    out_ += ' ';
    out_ += direction == 0 ? 'I' : direction == 1 ? 'O' : 'B';
  }

  void put_connection(int64_t node) {
    const int8_t kind = c_.node_kind[node];
    const double* xy = c_.node_xy == nullptr ? nullptr : c_.node_xy + 2 * node;
    const bool placed = xy != nullptr && xy[0] == xy[0] && xy[1] == xy[1];
    if (kind == kInternal && !placed) return;
    out_ += kind == kInternal ? "*N " : kind == kPort ? "*P " : "*I ";
    put_node(node);
    if (kind != kInternal) put_direction(node);
    if (placed) {
      out_ += " *C ";
      number(xy[0], 9);
      out_ += ' ';
      number(xy[1], 9);
    }
    if (kind == kInstancePin && c_.cells.bytes != nullptr && !c_.cells[node].empty()) {
      out_ += " *D ";
      escape(out_, c_.cells[node], false);
    }
    out_ += '\n';
  }

  void put_net(int64_t net) {
    out_ += "\n*D_NET ";
    index(net_map_[static_cast<size_t>(net)]);
    out_ += ' ';
    number(c_.total[net], digits_);
    out_ += "\n*CONN\n";
    // The standard's grammar wants all pins before the internal nodes' places.
    for (const bool internal : {false, true})
      for (int64_t node = c_.node_ptr[net]; node < c_.node_ptr[net + 1]; ++node)
        if ((c_.node_kind[node] == kInternal) == internal) put_connection(node);
    out_ += "*CAP\n";
    int64_t count = 0;
    for (int64_t node = c_.node_ptr[net]; node < c_.node_ptr[net + 1]; ++node) {
      integer(++count);
      out_ += ' ';
      put_node(node);
      out_ += ' ';
      number(c_.ground[node], digits_);
      out_ += '\n';
    }
    for (int64_t at = pair_ptr_[static_cast<size_t>(net)]; at < pair_ptr_[static_cast<size_t>(net) + 1]; ++at) {
      const int64_t item = pairs_[static_cast<size_t>(at)], i = item / 2;
      const bool other = item % 2 != 0;
      put_element(++count, other ? c_.coupling_b[i] : c_.coupling_a[i], other ? c_.coupling_a[i] : c_.coupling_b[i],
                  c_.coupling[i]);
    }
    out_ += "*RES\n";
    count = 0;
    for (int64_t i = c_.resistor_ptr[net]; i < c_.resistor_ptr[net + 1]; ++i)
      put_element(++count, c_.resistor_a[i], c_.resistor_b[i], c_.resistor[i]);
    out_ += "*END\n";
  }

  void put_element(int64_t count, int64_t a, int64_t b, double value) {
    integer(count);
    out_ += ' ';
    put_node(a);
    out_ += ' ';
    put_node(b);
    out_ += ' ';
    number(value, digits_);
    out_ += '\n';
  }

  const SpefColumns& c_;
  int digits_;
  NamePool map_;
  std::vector<int32_t> net_map_, node_map_;
  std::string suffixes_, text_, out_;
  std::vector<int64_t> suffix_, pair_ptr_, pairs_;   // pairs_: twice a coupling, plus one at its second node's net
};

}  // namespace

std::string write_spef(const SpefColumns& columns, int digits) { return SpefWriter(columns, digits).run(); }

}  // namespace hwdesign
