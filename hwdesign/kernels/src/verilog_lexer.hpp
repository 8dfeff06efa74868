// Tokens of Verilog text (IEEE 1364-2005, clause 3), names interned as they are met.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text.hpp"

namespace hwdesign::verilog {

// The reserved words that matter here, then SystemVerilog's, which are names in Verilog but betray another language.
#define HWDESIGN_VERILOG_KEYWORDS(X)                                                                                 \
  X(module) X(macromodule) X(endmodule) X(input) X(output) X(inout) X(wire) X(tri) X(tri0) X(tri1) X(wand) X(triand) \
  X(wor) X(trior) X(trireg) X(supply0) X(supply1) X(assign) X(parameter) X(localparam) X(specparam) X(defparam)      \
  X(signed) X(unsigned) X(vectored) X(scalared) X(and) X(nand) X(or) X(nor) X(xor) X(xnor) X(buf) X(not)             \
  X(bufif0) X(bufif1) X(notif0) X(notif1) X(nmos) X(pmos) X(cmos) X(rnmos) X(rpmos) X(rcmos) X(tran) X(tranif0)      \
  X(tranif1) X(rtran) X(rtranif0) X(rtranif1) X(pullup) X(pulldown) X(strong0) X(strong1) X(pull0) X(pull1)          \
  X(weak0) X(weak1) X(highz0) X(highz1) X(small) X(medium) X(large) X(specify) X(endspecify) X(primitive)            \
  X(endprimitive) X(reg) X(integer) X(real) X(time) X(realtime) X(event) X(genvar) X(generate) X(endgenerate)        \
  X(always) X(initial) X(begin) X(end) X(if) X(else) X(case) X(casex) X(casez) X(endcase) X(for) X(while)            \
  X(repeat) X(forever) X(fork) X(join) X(function) X(endfunction) X(task) X(endtask) X(posedge) X(negedge)           \
  X(automatic) X(deassign) X(force) X(release) X(wait) X(disable) X(default) X(table) X(endtable) X(edge)
#define HWDESIGN_SYSTEMVERILOG_WORDS(X)                                                                             \
  X(logic) X(bit) X(byte) X(int) X(shortint) X(longint) X(always_comb) X(always_ff) X(always_latch) X(typedef)       \
  X(enum) X(struct) X(union) X(import) X(export) X(package) X(endpackage) X(interface) X(endinterface) X(modport)    \
  X(class) X(program) X(property) X(assert) X(assume) X(cover) X(covergroup) X(bind) X(unique) X(priority)

enum Word : int32_t {
#define X(name) kw_##name,
  HWDESIGN_VERILOG_KEYWORDS(X) kw_count,
  sv_first = kw_count - 1,
#undef X
#define X(name) sv_##name,
  HWDESIGN_SYSTEMVERILOG_WORDS(X) sv_count
#undef X
};

// Single characters stand for themselves.
enum Tok : uint8_t {
  kEnd = 128, kName, kKeyword, kNumber, kString, kSystem, kAttrOpen, kAttrClose,
  kLogicAnd, kLogicOr, kEq, kNe, kCaseEq, kCaseNe, kXnor, kNand, kNor, kShl, kShr, kLe, kGe, kPower, kPlusColon,
  kMinusColon, kArrow
};

struct Token {
  uint8_t kind = kEnd;
  bool escaped = false;
  int32_t id = -1;        // of names and keywords
  int32_t line = 1;
  std::string_view text;  // as written
};

class Lexer {
 public:
  struct Mark {
    const char* at;
    int32_t line;
    bool implicit_nets;
  };
  Lexer(std::string_view text, NamePool& names);

  void next();
  const Token& tok() const { return tok_; }
  bool is(uint8_t kind) const { return tok_.kind == kind; }
  bool is_word(int32_t word) const { return tok_.kind == kKeyword && tok_.id == word; }
  Mark mark() const { return {tok_.text.data() - (tok_.escaped ? 1 : 0), tok_.line, implicit_nets_}; }
  void seek(const Mark& mark);
  bool implicit_nets() const { return implicit_nets_; }  // false under `default_nettype none
  std::string found() const;                             // the current token, for an error message
  const char* end() const { return end_; }

 private:
  void skip_space();
  void directive();
  void to_line_end() {
    while (at_ < end_ && *at_ != '\n') ++at_;
  }
  void number();
  void punctuation();

  NamePool& names_;
  const char* at_;
  const char* end_;
  int32_t line_ = 1;
  bool implicit_nets_ = true;
  Token tok_;
};

}  // namespace hwdesign::verilog
