#include "text/quote.hpp"

#include <heddle/bytes.hpp>

namespace heddle::component {

static std::string literal(std::string_view s, bool keep_unicode) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string out = "\"";
    for (char c : s) {
        u8 b = u8(c);
        bool plain = (b >= 0x20 && b < 0x7f && c != '"' && c != '\\') || (b >= 0x80 && keep_unicode);
        if (plain) out += c;
        else out += {'\\', hex[b >> 4], hex[b & 15]};
    }
    return out + '"';
}

std::string quoted(std::string_view s) { return literal(s, is_utf8(s)); }
std::string quoted(std::span<const u8> bytes) { return literal({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, false); }

}  // namespace heddle::component
