// Mutates a corpus and feeds every text reader in this process. Built with AddressSanitizer and UBSan, so that a fault
// ends the run; what a reader accepts is checked for consistency. See README.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "aiger.hpp"
#include "bench.hpp"
#include "blif.hpp"
#include "check_physical.hpp"
#include "liberty.hpp"
#include "verilog.hpp"

using namespace hwdesign;

namespace {

using Random = std::mt19937_64;

const char* const kTokens[] = {
    "module ", "endmodule\n", "input ", "output ", "inout ", "wire ", "assign ", "parameter ", "localparam ", "defparam ",
    "supply0 ", "signed ", "nand ", "buf ", "not ", "#(", ".W(", "[3:0]", "[0:3]", "[", "]", "(", ")", "{", "}", "{4{", "}}",
    "?", ":", ";", ",", ".", "=", "==", "~", "&", "|", "^", "&&", "||", "!", "+", "*", "<<", ">>", "**", "$clog2(", "4'b1x0z",
    "8'hff", "'d", "64'sh8000000000000000", "1'bz", "99999999999999999999", "-1", "2147483648", "16777217", "0", "(* a = 1 *)",
    "(*", "*)", "/*", "*/", "//", "\\esc[0] ", "`default_nettype none\n", "`define X\n", "\"s\\\"", "specify ", "endspecify ",
    "u[3:0]", "+:", "-:", ".model ", ".inputs ", ".outputs ", ".names ", ".latch ", ".subckt ", ".gate ", ".end\n", ".cname ",
    ".param ", ".attr ", ".conn ", ".mlatch ", "\\\n", "re ", "NIL", "11 1\n", "- 0\n", "INPUT(", "OUTPUT(", "= AND(", "= DFF(",
    "= LUT 0x8 (", "= vdd\n", "gnd", "aag ", "aig ", "i0 x\n", "o0 y\n", "l0 z\n", "c\n", "b0 ", "\xff\xff\xff\xff\x7f", "\r\n",
    "\xc3\xa9", "\xc3", "\n", "values (\"1, 2\", \\\n\"3\");", "index_1 (\"0.1, -1e-3\");", "cell (a) {", "pin () {", "};\n", "/*",
    "when : \"!A\";", "leakage_power () {", "1e999", "-.5e+", "nan",
    "*D_NET *1 1\n", "*END\n", "*CONN\n", "*I a:b I\n", "*CAP\n", "*RES\n", "*NAME_MAP\n", "*1", "*SC ", "1:2:3", "MACRO a\n",
    "END a\n", "PIN b\n", "PORT\n", "LAYER m ;\n", "RECT 0 0 1 1 ;\n", "COMPONENTS 1 ;\n", "- ", " + PLACED ( 0 0 ) N ;\n",
    "NETS 1 ;\n", "END NETS\n", "(COND ", "(IOPATH A Y ", "(1::3)", "(posedge ", "(RETAIN ", "(CELL "};

size_t below(Random& rng, size_t n) { return n ? static_cast<size_t>(rng() % n) : 0; }

void check(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "inconsistent tables: %s\n", what);
  std::abort();
}

void check_ids(const std::vector<int32_t>& ids, int64_t low, int64_t size, const char* what) {
  for (const int32_t id : ids) check(id >= low && id < size, what);
}

// Every index points somewhere, every column is as long as its fellows.
void check_design(const Design& d) {
  const int64_t names = d.names.size();
  const auto kinds = static_cast<int64_t>(d.kinds.name.size()), pin_kinds = static_cast<int64_t>(d.pin_kinds.bit.size());
  check(d.kinds.arity.size() == d.kinds.name.size() && d.kinds.klass.size() == d.kinds.name.size(), "kinds");
  check_ids(d.kinds.name, 0, names, "kind name");
  check_ids(d.pin_kinds.cell_kind, 0, kinds, "pin kind");
  check_ids(d.pin_kinds.name, -1, names, "pin kind name");
  check(!d.modules.empty(), "no module");
  for (const ModuleTables& m : d.modules) {
    const auto nets = static_cast<int64_t>(m.net_name.size());
    const size_t cells = m.cell_kind.size(), pins = m.pin_net.size(), ports = m.port_name.size();
    check(m.name >= 0 && m.name < names && nets >= 2, "module");
    check_ids(m.net_name, -1, names, "net name");
    check_ids(m.cell_kind, 0, kinds, "cell kind");
    check_ids(m.cell_name, -1, names, "cell name");
    check(m.cell_name.size() == cells && m.cell_line.size() == cells && m.pin_ptr.size() == cells + 1, "cells");
    check(m.pin_ptr.front() == 0 && m.pin_ptr.back() == static_cast<int64_t>(pins), "pin_ptr ends");
    check(m.pin_kind.size() == pins && m.pin_flags.size() == pins, "pins");
    check_ids(m.pin_net, -1, nets, "pin net");
    check_ids(m.pin_kind, 0, pin_kinds, "pin kind id");
    for (size_t c = 0; c < cells; ++c) {
      check(m.pin_ptr[c] <= m.pin_ptr[c + 1], "pin_ptr order");
      for (int64_t p = m.pin_ptr[c]; p < m.pin_ptr[c + 1]; ++p) {
        const auto k = static_cast<size_t>(m.pin_kind[static_cast<size_t>(p)]);
        check(d.pin_kinds.cell_kind[k] == m.cell_kind[c], "pin of another kind of cell");
      }
    }
    check(m.port_net.size() == ports && m.port_bus.size() == ports && m.port_dir.size() == ports, "ports");
    check_ids(m.port_name, 0, names, "port name");
    check_ids(m.port_net, 0, nets, "port net");
    check_ids(m.port_bus, -1, static_cast<int64_t>(m.bus_name.size()), "port bus");
    check_ids(m.param_cell, 0, static_cast<int64_t>(cells), "parameter's cell");
    check_ids(m.param_key, 0, names, "parameter's key");
    check_ids(m.param_value, 0, names, "parameter's value");
  }
}

void check_aiger(const Aiger& a) {
  check_ids(a.and_rhs0, 0, 2 * int64_t{a.max_variable} + 2, "rhs0");
  check_ids(a.and_rhs1, 0, 2 * int64_t{a.max_variable} + 2, "rhs1");
  check(a.symbol_offsets.size() == a.symbol_kind.size() + 1, "symbols");
  // A binary file's gates must come out of the writer's coding as they went in.
  if (a.binary && !a.and_lhs.empty())
    encode_aiger_ands(a.and_lhs[0], a.and_rhs0.data(), a.and_rhs1.data(), a.and_lhs.size());
}

void check_liberty(const LibertyText& t) {
  const auto rows = static_cast<int64_t>(t.name.size());
  check(t.kind.size() == t.name.size() && t.last.size() == t.name.size() && t.line.size() == t.name.size(), "statements");
  check(t.arg_ptr.size() == t.name.size() + 1 && t.number_ptr.size() == t.name.size() + 1, "pointers");
  check_ids(t.name, 0, t.names.size(), "statement name");
  check_ids(t.arg, 0, t.names.size(), "argument");
  check(t.arg_ptr.back() == static_cast<int64_t>(t.arg.size()), "last argument");
  check(t.number_ptr.back() == static_cast<int64_t>(t.number.size()), "last number");
  for (size_t r = 0; r < t.name.size(); ++r) {
    check(t.arg_ptr[r] <= t.arg_ptr[r + 1] && t.number_ptr[r] <= t.number_ptr[r + 1], "pointer order");
    check(t.last[r] > static_cast<int64_t>(r) && t.last[r] <= rows, "end of a group");
  }
}

std::string mutate(const std::vector<std::string>& corpus, Random& rng) {
  std::string s = corpus[below(rng, corpus.size())];
  for (size_t steps = rng() % 2 ? 1 : 1 + below(rng, 6); steps-- > 0;) {
    const size_t at = below(rng, s.size() + 1);
    const size_t n = std::min(s.size() - at, 1 + below(rng, 40));
    switch (rng() % 10) {
      case 0: if (at < s.size()) s[at] = static_cast<char>(s[at] ^ (1 << (rng() % 8))); break;
      case 1: if (at < s.size()) s[at] = static_cast<char>(rng()); break;
      case 2: s.erase(at, n); break;
      case 3: s.insert(at, s.substr(at, n)); break;
      case 4: if (rng() % 4 == 0) s.resize(at); break;
      case 5:
      case 6: s.insert(at, kTokens[below(rng, std::size(kTokens))]); break;
      case 7: {  // a piece of another file
        const std::string& other = corpus[below(rng, corpus.size())];
        s.insert(at, other, below(rng, other.size() + 1), 1 + below(rng, 200));
        break;
      }
      case 8: {  // another number
        const size_t digit = s.find_first_of("0123456789", at);
        if (digit == std::string::npos) break;
        const size_t end = std::min(s.find_first_not_of("0123456789", digit), s.size());
        static const char* const kNumbers[] = {"0", "1", "7", "63", "64", "255", "16384", "65536", "2147483647", "4294967296",
                                               "9223372036854775807", "18446744073709551616"};
        s.replace(digit, end - digit, kNumbers[below(rng, std::size(kNumbers))]);
        break;
      }
      default: {  // deep nesting
        static const char* const kOpen[] = {"(", "{", "~", "[", "a ? b : ", "{2{", "!("};
        const char* open = kOpen[below(rng, std::size(kOpen))];
        std::string run;
        for (size_t k = rng() % 16 ? below(rng, 8) : below(rng, 6000); k-- > 0;) run += open;
        s.insert(at, run);
      }
    }
    if (s.size() > (1u << 16)) s.resize(1u << 16);
  }
  return s;
}

struct Tally {
  uint64_t accepted = 0, refused = 0;
};

template <typename Read>
void feed(Tally& tally, Read read) {
  try {
    read();
    ++tally.accepted;
  } catch (const ParseError&) {
    ++tally.refused;
  }
}

std::vector<std::string> load(int argc, char** argv) {
  std::vector<std::string> corpus;
  const auto add = [&](const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  for (int i = 3; i < argc; ++i) {
    if (std::filesystem::is_directory(argv[i])) {
      std::vector<std::filesystem::path> files;
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
      std::sort(files.begin(), files.end());
      for (const auto& file : files) add(file);
    } else {
      add(argv[i]);
    }
  }
  return corpus;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: fuzz_readers SEED COUNT FILE_OR_FOLDER...\n");
    return 2;
  }
  const uint64_t seed = std::strtoull(argv[1], nullptr, 10), count = std::strtoull(argv[2], nullptr, 10);
  const std::vector<std::string> corpus = load(argc, argv);
  if (corpus.empty()) return 2;
  ReadLimits limits;
  limits.max_bits = 1 << 14;  // wide buses cost time, not faults
  Tally verilog, blif, bench, aiger, liberty, spef, lef, def, sdf, gds;
  const std::clock_t begin = std::clock();
  for (uint64_t i = 0; i < count; ++i) {
    Random rng(seed * 0x9E3779B97F4A7C15ull + i);
    // The text stands at the end of its own allocation, so that reading past it is caught.
    const std::string mutated = i < corpus.size() ? corpus[i] : mutate(corpus, rng);
    const std::vector<char> exact(mutated.begin(), mutated.end());
    const std::string_view text(exact.data(), exact.size());
    if (std::getenv("FUZZ_SAVE")) std::ofstream(std::getenv("FUZZ_SAVE"), std::ios::binary) << mutated;
    const std::clock_t start = std::clock();
    feed(verilog, [&] { check_design(parse_verilog(text, limits)); });
    feed(blif, [&] { check_design(parse_blif(text, limits)); });
    feed(bench, [&] { check_design(parse_bench(text, limits)); });
    feed(aiger, [&] { check_aiger(parse_aiger(text, limits)); });
    feed(spef, [&] { fuzz::check_spef(parse_spef(text, 1)); });
    feed(lef, [&] { fuzz::check_lef(parse_lef(text)); });
    feed(def, [&] { fuzz::check_def(parse_def(text)); });
    feed(sdf, [&] { fuzz::check_sdf(parse_sdf(text)); });
    feed(gds, [&] { fuzz::check_gds(parse_gds(text, 61)); });
    feed(liberty, [&] { check_liberty(parse_liberty(text, {"leakage_power", "test_cell"})); });
    const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    if (took > 2.0) {
      std::fprintf(stderr, "input %llu (%zu bytes) took %.1f s\n", static_cast<unsigned long long>(i), text.size(), took);
      std::ofstream("slow_input", std::ios::binary) << mutated;
    }
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const auto show = [](const char* name, const Tally& t) {
    std::printf("  %-8s accepted %8llu  refused %8llu\n", name, static_cast<unsigned long long>(t.accepted),
                static_cast<unsigned long long>(t.refused));
  };
  std::printf("inputs %llu  seed %llu  corpus %zu  cpu seconds %.0f  crashes 0\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(seed), corpus.size(), seconds);
  show("verilog", verilog);
  show("blif", blif);
  show("bench", bench);
  show("aiger", aiger);
  show("liberty", liberty);
  show("spef", spef);
  show("lef", lef);
  show("def", def);
  show("sdf", sdf);
  show("gds", gds);
  return 0;
}
