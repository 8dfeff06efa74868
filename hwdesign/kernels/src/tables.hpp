// What every text reader yields: bit-level columns, one set a module, and no knowledge of cell libraries.
//
// Types are named, not resolved. A cell points at a *kind* (its type's name, and for gates its number of inputs); a
// pin points at a *pin kind* (which kind of cell, which port, which bit of it). There are few kinds and many cells, so
// that Python resolves the kinds one by one and the columns by one vectorised look-up.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "names.hpp"

namespace hwdesign {

enum class KindClass : uint8_t {
  kInstance = 0,  // instance of a module or library cell: `name` is its type's name, arity -1
  kGate = 1,      // primitive gate: `name` is AND OR NAND NOR XOR XNOR NOT BUF MUX DFF ..., `arity` its inputs.
                  // Pins are positional: 0 is the output, 1.. the inputs (MUX: select, when-0, when-1)
  kCover = 2,     // BLIF .names: `name` is the cover's rows joined by '\n', `arity` its inputs; pins as a gate's
  kLut = 3,       // BENCH LUT: `name` is the hexadecimal table as written ("0x8"), `arity` its inputs; pins as a gate's
  kLatch = 4,     // BLIF .latch: `name` is "TYPE INIT" ("re 0", " 3" without a type); pins are Q D CLOCK, the
                  // clock left out where there is none
};

enum PinFlag : uint8_t { kInverted = 1, kUnknown = 2 };   // kUnknown: an `x` bit, tied to constant 0
enum PortDir : uint8_t { kIn = 0, kOut = 1, kInout = 2 };

struct Kinds {
  std::vector<int32_t> name;
  std::vector<int32_t> arity;
  std::vector<uint8_t> klass;
};

struct PinKinds {
  std::vector<int32_t> cell_kind;
  std::vector<int32_t> name;      // port name, or -1 where connected by position
  std::vector<int32_t> position;  // 0-based position, or -1 where connected by name
  std::vector<int32_t> bit;       // 0 is the connection's least significant bit
};

struct ModuleTables {
  int32_t name = -1;
  int32_t line = 0;
  // Nets: 0 and 1 are the constants (name -1); every declared wire bit and every implicit net follows.
  // The bit i of a vector `w` is named `w[i]`, i being the declared index.
  std::vector<int32_t> net_name;
  // Cells and pins; a net of -1 is an explicitly open pin.
  std::vector<int32_t> cell_kind, cell_name, cell_line;  // cell_name is -1 where the source gives none
  std::vector<int64_t> pin_ptr{0};
  std::vector<int32_t> pin_net, pin_kind;
  std::vector<uint8_t> pin_flags;
  // Ports, one row a bit, in the order of the header; the bits of a bus are consecutive from left to right index.
  std::vector<int32_t> port_name, port_net, port_bus;  // port_name is `a` or `a[3]`; port_bus is -1 for a scalar
  std::vector<uint8_t> port_dir, port_flags;
  std::vector<int32_t> bus_name, bus_left, bus_right;
  // Parameters (#(.K(v)), defparam, BLIF .param) and attributes (key begins with '@'), values as text; of one cell's
  // rows with the same key, the last counts. A parameter given by position to an unknown module has the key `#0`, `#1` ...
  std::vector<int32_t> param_cell, param_key, param_value;
};

struct Design {
  NamePool names;
  Kinds kinds;
  PinKinds pin_kinds;
  std::vector<ModuleTables> modules;
};

// Bad input: where, what is wrong, and how to mend it.
struct ParseError : std::runtime_error {
  ParseError(int64_t line, std::string what, std::string mend = {})
      : std::runtime_error(what), line(line), mend(std::move(mend)) {}
  int64_t line;
  std::string mend;
};

// Text that is legal in its language but belongs to a richer reader (RTL in a `.v` file).
struct NotStructural : ParseError {
  using ParseError::ParseError;
};

// Legal input that hwdesign does not read (user-defined primitives, transistor switches, BLIF state tables).
struct NotSupported : ParseError {
  using ParseError::ParseError;
};

// Input that is larger or deeper than the bounds for untrusted files.
struct TooLarge : ParseError {
  using ParseError::ParseError;
};

// What one file may ask for. Text of a few bytes can declare millions of wires, so these do not follow from its size.
struct ReadLimits {
  int max_depth = 1000;        // calls that a nested expression may take; a parenthesis takes two or more
  int64_t max_bits = 1 << 20;  // bits of one bus or one expression
};

}  // namespace hwdesign
