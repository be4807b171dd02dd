// Helpers for tests of the text format: what assembles as hexadecimal, what does not as its message.
#pragma once
#include <cstdio>
#include <string>

#include <heddle/text.hpp>

namespace heddle::text {

inline std::string hex(std::span<const u8> bytes) {
    std::string s;
    char two[3];
    for (u8 b : bytes) {
        std::snprintf(two, sizeof two, "%02x", b);
        s += two;
    }
    return s;
}

inline std::vector<u8> unhex(std::string_view digits) {
    std::vector<u8> bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) bytes.push_back(u8(std::stoul(std::string(digits.substr(i, 2)), nullptr, 16)));
    return bytes;
}

// The message, or "fine".
inline std::string error(std::string_view wat) {
    auto r = assemble(wat);
    return r ? "fine" : r.error().message;
}

// The contents of the first section with this id as hexadecimal; "none" when there is none.
inline std::string section(std::string_view wat, u8 id, const AssembleOptions& options = {}) {
    auto r = assemble(wat, options);
    if (!r) return r.error().message;
    auto leb = [&](std::size_t& at) {
        u32 v = 0;
        for (unsigned shift = 0;; shift += 7) {
            u8 b = (*r)[at++];
            v |= u32(b & 0x7f) << shift;
            if (b < 0x80) return v;
        }
    };
    for (std::size_t at = 8; at < r->size();) {
        u8 this_id = (*r)[at++];
        u32 size = leb(at);
        if (this_id == id) return hex(std::span(*r).subspan(at, size));
        at += size;
    }
    return "none";
}

// The instructions of a module's only function, without its `end`; `params` and locals may be declared in `header`.
inline std::string code(std::string_view instructions, std::string_view header = "") {
    std::string s = section("(module (func $f " + std::string(header) + " " + std::string(instructions) + "))", 10);
    if (s.size() < 8 || s.find_first_not_of("0123456789abcdef") != std::string::npos) return s;
    std::size_t locals = 4;                                    // function count and body size, one byte each
    std::size_t runs = std::stoul(s.substr(locals, 2), nullptr, 16);
    std::size_t from = locals + 2 + 4 * runs;                  // one-byte counts and types
    return s.substr(from, s.size() - from - 2);
}

}  // namespace heddle::text
