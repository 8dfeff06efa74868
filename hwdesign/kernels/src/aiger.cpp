#include "aiger.hpp"

#include <algorithm>
#include <stdexcept>

#include "text.hpp"

namespace hwdesign {
namespace {

constexpr int64_t kMaxVar = (int64_t{1} << 30) - 1;  // so that a literal fits an int32

enum Defined : uint8_t { kNothing, kInput, kLatch, kAndGate };

class AigerReader {
 public:
  AigerReader(std::string_view data, Aiger& out, const ReadLimits& limits)
      : out_(out), at_(data.data()), end_(data.data() + data.size()), size_(static_cast<int64_t>(data.size())),
        limits_(limits) {}

  void run() {
    header();
    defined_.assign(static_cast<size_t>(max_var_) + 1, kNothing);
    defined_[0] = kInput;
    inputs();
    latches();
    section(outputs_, out_.outputs, "an output");
    section(bad_, out_.bad, "a bad state");
    section(constraints_, out_.constraints, "a constraint");
    justice();
    section(fairness_, out_.fairness, "a fairness constraint");
    out_.binary ? binary_ands() : ascii_ands();
    check_literals();
    symbols();
  }

 private:
  ParseError error(std::string what, std::string mend = {}) const { return {line_, std::move(what), std::move(mend)}; }

  std::string found() const {
    if (at_ >= end_) return "the end of the file";
    if (*at_ == '\n' || *at_ == '\r') return "the end of the line";
    return quoted({at_, std::min<size_t>(static_cast<size_t>(end_ - at_), 1)});
  }

  int64_t number(const char* what) {
    if (at_ >= end_ || *at_ < '0' || *at_ > '9') throw error(std::string("expected ") + what + ", found " + found());
    int64_t value = 0;
    for (; at_ < end_ && *at_ >= '0' && *at_ <= '9'; ++at_) {
      value = value * 10 + (*at_ - '0');
      if (value > 2 * kMaxVar + 1) throw TooLarge(line_, std::string(what) + " exceeds 2^31 - 1");
    }
    return value;
  }

  bool blank() {
    if (at_ >= end_ || *at_ != ' ') return false;
    while (at_ < end_ && *at_ == ' ') ++at_;
    return at_ < end_ && *at_ != '\n' && *at_ != '\r';
  }

  void need_blank(const char* what) {
    if (!blank()) throw error(std::string("expected ") + what + ", found " + found());
  }

  void end_line(const char* what) {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\r')) ++at_;
    if (at_ >= end_ || *at_ != '\n')
      throw error(std::string("expected the end of the line after ") + what + ", found " + found());
    ++at_;
    ++line_;
  }

  void header() {
    const std::string_view start(at_, static_cast<size_t>(std::min<int64_t>(4, size_)));
    if (start != "aig " && start != "aag ")
      throw error("the file does not begin with 'aig' or 'aag'", "check that it is an AIGER file");
    out_.binary = start[1] == 'i';
    at_ += 3;
    int64_t* const fields[] = {&max_var_, &inputs_,      &latches_, &outputs_, &ands_,
                               &bad_,     &constraints_, &justice_, &fairness_};
    static constexpr const char* kNames[] = {"the header's M", "the header's I", "the header's L", "the header's O",
                                             "the header's A", "the header's B", "the header's C", "the header's J",
                                             "the header's F"};
    for (size_t i = 0; i < 9; ++i) {
      if (i < 5) {
        need_blank(kNames[i]);
      } else if (!blank()) {
        break;
      }
      *fields[i] = number(kNames[i]);
    }
    end_line("the header");
    if (max_var_ > kMaxVar) throw TooLarge(1, "the header asks for more than 2^30 variables");
    if (out_.binary && max_var_ != inputs_ + latches_ + ands_)
      throw ParseError(1, "the header's M is " + std::to_string(max_var_) + ", but I + L + A is " +
                              std::to_string(inputs_ + latches_ + ands_),
                       "a binary file numbers its variables without gaps");
    if (inputs_ + latches_ + ands_ > max_var_)
      throw ParseError(1, "the header's M is " + std::to_string(max_var_) + ", less than I + L + A, " +
                              std::to_string(inputs_ + latches_ + ands_));
    // Everything but a binary file's inputs and unused variables takes at least a byte or two of the file.
    const int64_t rows = latches_ + outputs_ + bad_ + constraints_ + justice_ + fairness_ + ands_ +
                         (out_.binary ? 0 : inputs_);
    if (2 * rows > size_) throw error("the file is shorter than its header says", "check that it is complete");
    if (max_var_ > 16 * limits_.max_bits + size_)
      throw TooLarge(1, "the header asks for " + std::to_string(max_var_) + " variables, far more than the file uses");
    out_.max_variable = static_cast<int32_t>(max_var_);
  }

  int32_t literal(const char* what) {
    const int64_t value = number(what);
    if (value > 2 * max_var_ + 1)
      throw error(std::string(what) + " is " + std::to_string(value) + ", above 2 M + 1 = " +
                  std::to_string(2 * max_var_ + 1));
    return static_cast<int32_t>(value);
  }

  void define(int32_t lit, Defined kind, const char* what) {
    if (lit & 1 || lit == 0)
      throw error(std::string(what) + " is the literal " + std::to_string(lit) + ", which is " +
                  (lit < 2 ? "a constant" : "inverted"));
    auto& d = defined_[static_cast<size_t>(lit >> 1)];
    if (d != kNothing) throw error("the literal " + std::to_string(lit) + " is defined twice");
    d = kind;
  }

  void inputs() {
    for (int64_t i = 0; i < inputs_; ++i) {
      auto lit = static_cast<int32_t>(2 * (i + 1));
      if (!out_.binary) lit = literal("an input");
      define(lit, kInput, "an input");
      if (!out_.binary) end_line("an input");
      out_.inputs.push_back(lit);
    }
  }

  void latches() {
    for (int64_t i = 0; i < latches_; ++i) {
      auto lit = static_cast<int32_t>(2 * (inputs_ + i + 1));
      if (!out_.binary) {
        lit = literal("a latch");
        need_blank("the latch's next state");
      }
      define(lit, kLatch, "a latch");
      out_.latch_literals.push_back(lit);
      out_.latch_next.push_back(literal("a latch's next state"));
      const int32_t reset = blank() ? literal("a latch's reset value") : 0;
      if (reset > 1 && reset != lit)
        throw error("the reset value " + std::to_string(reset) + " of the latch " + std::to_string(lit) +
                    " is not 0, 1 or the latch itself");
      out_.latch_reset.push_back(reset);
      end_line("a latch");
    }
  }

  void section(int64_t count, std::vector<int32_t>& into, const char* what) {
    for (int64_t i = 0; i < count; ++i) {
      into.push_back(literal(what));
      end_line(what);
    }
  }

  void justice() {
    int64_t total = 0;
    for (int64_t i = 0; i < justice_; ++i) {
      total += number("the size of a justice property");
      if (2 * total > size_)
        throw error("the file is shorter than its justice properties", "check that it is complete");
      out_.justice_ptr.push_back(total);
      end_line("the size of a justice property");
    }
    section(total, out_.justice, "a justice literal");
  }

  void ascii_ands() {
    for (int64_t i = 0; i < ands_; ++i) {
      const int32_t lhs = literal("an and gate");
      define(lhs, kAndGate, "an and gate");
      need_blank("an and gate's first input");
      const int32_t rhs0 = literal("an and gate's input");
      need_blank("an and gate's second input");
      const int32_t rhs1 = literal("an and gate's input");
      end_line("an and gate");
      add_and(lhs, rhs0, rhs1);
    }
  }

  void add_and(int32_t lhs, int32_t rhs0, int32_t rhs1) {
    out_.and_lhs.push_back(lhs);
    out_.and_rhs0.push_back(rhs0);
    out_.and_rhs1.push_back(rhs1);
  }

  int64_t delta() {
    int64_t value = 0;
    for (int shift = 0;; shift += 7) {
      if (at_ >= end_) throw error("the file ends within its and gates", "check that it is complete");
      const auto byte = static_cast<unsigned char>(*at_++);
      if (shift > 28) throw error("a difference in the and gates has more than 32 bits");
      value |= static_cast<int64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  void binary_ands() {
    out_.and_lhs.reserve(static_cast<size_t>(ands_));
    out_.and_rhs0.reserve(static_cast<size_t>(ands_));
    out_.and_rhs1.reserve(static_cast<size_t>(ands_));
    for (int64_t i = 0; i < ands_; ++i) {
      const int64_t lhs = 2 * (inputs_ + latches_ + i + 1);
      const int64_t rhs0 = lhs - delta();
      const int64_t rhs1 = rhs0 - delta();
      if (rhs0 == lhs || rhs0 < 0 || rhs1 < 0)
        throw error("the and gate " + std::to_string(lhs) + " has an input that is not below it");
      define(static_cast<int32_t>(lhs), kAndGate, "an and gate");
      add_and(static_cast<int32_t>(lhs), static_cast<int32_t>(rhs0), static_cast<int32_t>(rhs1));
    }
  }

  void check_literals() const {
    const auto check = [&](const std::vector<int32_t>& literals, const char* what) {
      for (const int32_t lit : literals)
        if (defined_[static_cast<size_t>(lit >> 1)] == kNothing)
          throw ParseError(0, std::string(what) + " uses the literal " + std::to_string(lit) +
                                  ", which nothing defines");
    };
    check(out_.latch_next, "a latch");
    check(out_.outputs, "an output");
    check(out_.bad, "a bad state");
    check(out_.constraints, "a constraint");
    check(out_.justice, "a justice property");
    check(out_.fairness, "a fairness constraint");
    check(out_.and_rhs0, "an and gate");
    check(out_.and_rhs1, "an and gate");
  }

  int64_t count_of(char kind) const {
    switch (kind) {
      case 'i': return inputs_;
      case 'l': return latches_;
      case 'o': return outputs_;
      case 'b': return bad_;
      case 'c': return constraints_;
      case 'j': return justice_;
      case 'f': return fairness_;
      default: return -1;
    }
  }

  void symbols() {
    while (at_ < end_) {
      const char kind = *at_;
      // A lone 'c' begins the comment; 'c' and a digit is a constraint's name.
      if (kind == 'c' && (at_ + 1 >= end_ || at_[1] == '\n' || at_[1] == '\r')) {
        ++at_;
        while (at_ < end_ && *at_ != '\n') ++at_;
        if (at_ < end_) ++at_;
        out_.comment.assign(at_, static_cast<size_t>(end_ - at_));
        return;
      }
      const int64_t count = count_of(kind);
      if (count < 0) throw error("expected a symbol or the comment 'c', found " + found());
      ++at_;
      const int64_t index = number("a symbol's index");
      if (index >= count)
        throw error("the symbol " + quoted(kind + std::to_string(index)) + " names nothing; the file has " +
                    std::to_string(count) + " of its kind");
      if (at_ >= end_ || *at_ != ' ')
        throw error("expected a space and a name after a symbol's index, found " + found());
      const char* begin = ++at_;
      while (at_ < end_ && *at_ != '\n') ++at_;
      const char* stop = at_;
      if (stop > begin && stop[-1] == '\r') --stop;
      const std::string_view name(begin, static_cast<size_t>(stop - begin));
      if (name.find('\0') != std::string_view::npos) throw error("a symbol's name holds a NUL byte");
      check_utf8(name, line_);
      out_.symbol_kind.push_back(static_cast<uint8_t>(kind));
      out_.symbol_index.push_back(static_cast<int32_t>(index));
      out_.symbol_bytes.insert(out_.symbol_bytes.end(), name.begin(), name.end());
      out_.symbol_offsets.push_back(static_cast<int64_t>(out_.symbol_bytes.size()));
      if (at_ < end_) ++at_;
      ++line_;
    }
  }

  Aiger& out_;
  const char* at_;
  const char* end_;
  int64_t size_;
  ReadLimits limits_;
  int64_t line_ = 1;
  int64_t max_var_ = 0, inputs_ = 0, latches_ = 0, outputs_ = 0, ands_ = 0;
  int64_t bad_ = 0, constraints_ = 0, justice_ = 0, fairness_ = 0;
  std::vector<uint8_t> defined_;
};

void append_delta(std::vector<uint8_t>& out, uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}

}  // namespace

Aiger parse_aiger(std::string_view data, const ReadLimits& limits) {
  Aiger aiger;
  AigerReader(data, aiger, limits).run();
  return aiger;
}

std::vector<uint8_t> encode_aiger_ands(int64_t first, const int32_t* fanin0, const int32_t* fanin1, size_t count) {
  std::vector<uint8_t> out;
  out.reserve(count * 4);
  for (size_t i = 0; i < count; ++i) {
    const int64_t lhs = first + 2 * static_cast<int64_t>(i);
    const int64_t high = std::max(fanin0[i], fanin1[i]), low = std::min(fanin0[i], fanin1[i]);
    if (low < 0 || high >= lhs || lhs > 2 * kMaxVar)
      throw std::invalid_argument("the and gate " + std::to_string(i) + " with the literal " + std::to_string(lhs) +
                                  " has the fan-ins " + std::to_string(fanin0[i]) + " and " +
                                  std::to_string(fanin1[i]) + ", which must lie from 0 to below it");
    append_delta(out, static_cast<uint32_t>(lhs - high));
    append_delta(out, static_cast<uint32_t>(high - low));
  }
  return out;
}

}  // namespace hwdesign
