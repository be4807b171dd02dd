// Quantities as people write them: 64MiB, 500ms, data::/data:ro, 127.0.0.1:8080.
#pragma once
#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <heddle/types.hpp>

namespace heddle::cli {

// "65536", "64KiB", "64k", "1GiB": bytes. Units are powers of 1024.
std::expected<u64, std::string> parse_size(std::string_view text);

// "500ms", "2s", "1.5s", "3m", "1h".
std::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);

// A host directory that the guest sees under another name.
struct DirGrant {
    std::string host, guest;
    bool read_only = false;
};

// HOST[::GUEST][:ro]
std::expected<DirGrant, std::string> parse_dir(std::string_view text);

// A component whose exports serve imports: all of them, or the import that is named.
struct LinkGrant {
    std::optional<std::string> name;
    std::string file;
};

// [NAME=]FILE
std::expected<LinkGrant, std::string> parse_link(std::string_view text);

struct SendGrant {
    std::string interface, name, contract;
};

// INTERFACE[=NAME[@CONTRACT]]
std::expected<SendGrant, std::string> parse_send(std::string_view text);

struct MessageText {
    std::string method, argument;
};

// METHOD[ JSON]
std::expected<MessageText, std::string> parse_message(std::string_view text);

// The name closest to `name` among `candidates`; empty when none is near.
template <class Range>
std::string_view nearest(std::string_view name, const Range& candidates);

// How many letters must be inserted, removed or exchanged to make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Range>
std::string_view nearest(std::string_view name, const Range& candidates) {
    std::string_view best;
    std::size_t best_distance = name.size() / 3 + 1;
    for (std::string_view c : candidates)
        if (std::size_t d = edit_distance(name, c); d < best_distance || (d == best_distance && best.empty())) best = c, best_distance = d;
    return best;
}

}  // namespace heddle::cli
