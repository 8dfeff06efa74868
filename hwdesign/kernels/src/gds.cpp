#include "gds.hpp"

#include <cmath>

#include "text.hpp"

namespace hwdesign {
namespace {

// Record types of the GDSII stream format, release 6.0.
enum Record : uint8_t {
  kHeader = 0x00, kUnits = 0x03, kEndLib = 0x04, kBgnStr = 0x05, kStrName = 0x06, kEndStr = 0x07, kSref = 0x0A,
  kAref = 0x0B, kXy = 0x10, kEndEl = 0x11, kSname = 0x12, kStrans = 0x1A, kMag = 0x1B, kAngle = 0x1C,
  kPropAttr = 0x2B, kPropValue = 0x2C
};

class GdsReader {
 public:
  GdsReader(std::string_view data, int name_property)
      : at_(reinterpret_cast<const uint8_t*>(data.data())), begin_(at_), end_(at_ + data.size()),
        property_(name_property) {}

  Gds run() {
    if (!next() || type_ != kHeader)
      throw error("the file does not begin with a HEADER record", "check that it is GDSII");
    bool ended = false;
    while (!ended && next()) {
      switch (type_) {
        case kUnits:
          need(16);
          out_.micron = 1e6 * real(8);
          if (!(out_.micron > 0) || !std::isfinite(out_.micron)) throw error("the database unit is not positive");
          break;
        case kBgnStr: inside_ = true; break;
        case kStrName:
          out_.structure.push_back(name());
          break;
        case kEndStr: inside_ = false; break;
        case kSref: reference(false); break;
        case kAref: reference(true); break;
        case kEndLib: ended = true; break;
        default: break;
      }
    }
    if (!ended) throw error("the file has no ENDLIB record", "check that it is whole");
    return std::move(out_);
  }

 private:
  ParseError error(const std::string& what, const char* mend = "") const {
    return {0, what + " (at byte " + std::to_string(record_ - begin_) + ")", mend};
  }

  // The next record; false at the end of the data.
  bool next() {
    if (end_ - at_ < 4) return false;
    const auto size = static_cast<std::ptrdiff_t>(at_[0] << 8 | at_[1]);
    record_ = at_;
    body_ = at_ + 4;
    if (size < 4 || size > end_ - at_) throw error("a record's length is wrong", "check that the file is whole");
    type_ = at_[2];
    size_ = static_cast<size_t>(size - 4);
    at_ += size;
    return true;
  }

  void need(size_t bytes) const {
    if (size_ < bytes) throw error("a record is too short", "check that the file is whole");
  }

  int32_t integer(size_t at) const {
    return static_cast<int32_t>(static_cast<uint32_t>(body_[at]) << 24 | static_cast<uint32_t>(body_[at + 1]) << 16 |
                                static_cast<uint32_t>(body_[at + 2]) << 8 | body_[at + 3]);
  }

  // Eight bytes: a sign, seven bits of exponent to 16 over 64, a fraction.
  double real(size_t at) const {
    double fraction = 0;
    for (size_t i = 7; i > 0; --i) fraction = (fraction + body_[at + i]) / 256;
    const double value = std::ldexp(fraction, 4 * ((body_[at] & 0x7F) - 64));
    return (body_[at] & 0x80) != 0 ? -value : value;
  }

  int32_t name() {
    std::string_view text(reinterpret_cast<const char*>(body_), size_);
    while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
    if (text.find('\0') != std::string_view::npos) throw error("a name holds a NUL byte");
    const int32_t before = out_.names.size(), id = out_.names.intern(text);
    if (id == before) check_utf8(text, 0);
    return id;
  }

  void reference(bool array) {
    if (!inside_ || out_.structure.empty()) throw error("a reference stands outside of a structure");
    int32_t cell = -1, instance = -1, x = 0, y = 0, attribute = -1;
    bool placed = false, reflected = false;
    double angle = 0, magnification = 1;
    for (;;) {
      if (!next()) throw error("the file ends within a reference", "check that it is whole");
      if (type_ == kEndEl) break;
      switch (type_) {
        case kSname: cell = name(); break;
        case kStrans:
          need(2);
          reflected = (body_[0] & 0x80) != 0;
          break;
        case kMag: need(8), magnification = real(0); break;
        case kAngle: need(8), angle = real(0); break;
        case kXy:
          need(8);
          x = integer(0);
          y = integer(4);
          placed = true;
          break;
        case kPropAttr: need(2), attribute = body_[0] << 8 | body_[1]; break;
        case kPropValue:
          if (attribute == property_) instance = name();
          break;
        default: break;
      }
    }
    if (cell < 0 || !placed) throw error("a reference has no cell or no position");
    if (array) {
      out_.array_cell.push_back(cell);
      return;
    }
    out_.owner.push_back(static_cast<int32_t>(out_.structure.size()) - 1);
    out_.cell.push_back(cell);
    out_.instance.push_back(instance);
    out_.x.push_back(x);
    out_.y.push_back(y);
    out_.reflected.push_back(reflected);
    out_.angle.push_back(angle);
    out_.magnification.push_back(magnification);
  }

  const uint8_t* at_;
  const uint8_t* begin_;
  const uint8_t* end_;
  int property_;
  const uint8_t* record_ = at_;
  const uint8_t* body_ = nullptr;
  size_t size_ = 0;
  uint8_t type_ = 0;
  bool inside_ = false;
  Gds out_;
};

}  // namespace

Gds parse_gds(std::string_view data, int name_property) { return GdsReader(data, name_property).run(); }

}  // namespace hwdesign
