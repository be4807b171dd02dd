// Strings in utf-8, utf-16 and latin1+utf16: checked in the same pass that copies them, straight from one linear memory into the other.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#loading
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "context.hpp"

namespace heddle::component::abi {

constexpr bool is_scalar_value(u32 c) { return c < 0x110000 && (c < 0xd800 || c > 0xdfff); }
// Where a text stops being valid utf-8, if it does.
std::optional<std::size_t> find_invalid_utf8(std::span<const u8> text);

// How code units lie in memory. latin1+utf16 is one of two of them, said by the tag bit of the length.
enum class Units : u8 { utf8, utf16, latin1 };

// Copies text from one form to another until its end, a code point of at least `limit`, or a fault. Both spans count bytes.
struct Transcoded {
    enum class Stop : u8 { end, limit, invalid, incomplete, full };  // incomplete: the text ends inside a character
    std::size_t read = 0, written = 0;
    Stop stop = Stop::end;
};
Transcoded transcode(Units from, std::span<const u8> src, Units to, std::span<u8> dst, u32 limit = 0x110000);

// Where a string comes from: a checked range of guest memory, or the host.
class StringSource {
public:
    static StringSource host(std::string_view utf8);
    Units units() const { return units_; }
    u64 code_units() const { return code_units_; }
    bool is_tagged() const { return tagged_; }  // utf-16 where latin-1 was possible
    std::span<const u8> bytes() const;          // as they are now

private:
    friend Checked<StringSource> load_string_from_range(const Context&, u64, u64);
    Units units_ = Units::utf8;
    bool tagged_ = false;
    u64 code_units_ = 0;
    std::string_view host_;
    std::optional<GuestSpan> guest_;
};

// Checks length, alignment and bounds; whether the text is valid shows when it is copied.
Checked<StringSource> load_string_from_range(const Context& cx, u64 ptr, u64 tagged_code_units);
// The text as utf-8 for the host.
Checked<std::string> lift_string(Context& cx, u64 ptr, u64 tagged_code_units);

struct PtrLength {
    u64 ptr = 0, length = 0;  // of strings: code units, tagged
};
Checked<PtrLength> store_string_into_range(Context& cx, const StringSource& source);

}  // namespace heddle::component::abi
