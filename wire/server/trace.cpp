// Trace ids are random and not secret.
#include "server/trace.hpp"

#include <random>

namespace heddle::wire {

namespace {

std::string random_hex(std::size_t digits) {
    thread_local std::mt19937_64 random{std::random_device{}()};
    std::string text;
    while (text.size() < digits) text += "0123456789abcdef"[random() & 15];
    return text;
}

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == text.npos && text.find_first_not_of('0') != text.npos; }

}  // namespace

std::string continued_trace(std::string_view header) {
    bool good = header.size() == 55 && header.starts_with("00-") && header[35] == '-' && header[52] == '-' && is_hex(header.substr(3, 32)) && is_hex(header.substr(36, 16)) &&
                header.substr(53).find_first_not_of("0123456789abcdef") == header.npos;
    if (!good) return "00-" + random_hex(32) + "-" + random_hex(16) + "-01";
    return std::string(header.substr(0, 36)) + random_hex(16) + std::string(header.substr(52));
}

}  // namespace heddle::wire
