// HTTP messages from any bytes: whatever comes, and in whatever pieces, the parser ends the same and within its limits.
#include <cstdlib>
#include <cstring>

#include "http/host_policy.hpp"
#include "http/message_parser.hpp"

using namespace heddle;
using namespace heddle::http;

namespace {

constexpr MessageLimits limits{.target_bytes = 200, .header_bytes = 1000, .header_fields = 20, .body_bytes = 5000};

struct Outcome {
    bool header = false, done = false;
    ParseFault fault = ParseFault::none;
    std::string method, target, body;
    Fields fields, trailers;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

// As a connection does: what is not taken is given again with more behind it.
Outcome parse(MessageParser::Kind kind, std::span<const char> bytes, std::size_t piece) {
    MessageParser p(kind, limits);
    Outcome o;
    std::size_t from = 0, to = 0;
    while (!p.done() && p.fault() == ParseFault::none) {
        std::size_t used = p.feed(bytes.subspan(from, to - from));
        from += used;
        o.body += std::exchange(p.body, {});
        if (used > 0 && from < to) continue;
        if (to == bytes.size()) {
            if (used == 0 || from == to) break;
            continue;
        }
        to = std::min(bytes.size(), to + piece);
    }
    p.feed_end();
    o.header = p.header_done();
    o.done = p.done();
    o.fault = p.fault();
    if (o.header) o.method = p.method, o.target = p.target, o.fields = p.fields, o.trailers = p.trailers;
    if (o.fields.size() > limits.header_fields || o.target.size() > limits.target_bytes || o.body.size() > limits.body_bytes) std::abort();
    for (const Field& f : o.fields)
        if (!is_token(f.name) || !is_field_value(f.value)) std::abort();
    return o;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    auto kind = data[0] & 1 ? MessageParser::Kind::request : MessageParser::Kind::response;
    std::span<const char> bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    Outcome whole = parse(kind, bytes, bytes.size());
    Outcome pieces = parse(kind, bytes, 1 + std::size_t(data[0] >> 1));
    // A header that is at once too large and wrong is one or the other.
    if (whole.header && whole.fault == ParseFault::none && pieces != whole) std::abort();
    std::string_view text(bytes.data(), bytes.size());
    if (auto d = parse_destination("http", text); d && d->host.empty()) std::abort();
    if (auto r = parse_host_rule(text); r && r->host.empty()) std::abort();
    return 0;
}
