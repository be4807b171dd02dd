// What strangers send on NATS: keys, subjects, answers, and types of what they have. The first byte says which headers an answer has.
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "nats/calls.hpp"
#include "nats/instances.hpp"
#include "nats/listener.hpp"
#include "reachable.hpp"
#include "type_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const heddle::u8* data, std::size_t size) {
    using namespace heddle::wire;
    if (size == 0) return 0;
    std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
    std::string token = nats::token_of(text);
    if (nats::text_of(token) != text || nats::wrong_subject("a." + token)) std::abort();
    if (auto back = nats::text_of(text); back && nats::text_of(nats::token_of(*back)) != back) std::abort();
    (void)nats::wrong_subject(text);
    nats::Message m{text, "", text, {}};
    if (data[0] & 1) m.headers.emplace_back("Nats-Service-Error-Code", text);
    if (data[0] & 2) m.headers.emplace_back("Heddle-Retry-After", text);
    if (data[0] & 4) m.headers.emplace_back("Heddle-Deadline", text);
    if (data[0] & 8) m.headers.emplace_back("traceparent", text);
    if (data[0] & 16) m.headers.emplace_back("Heddle-Depth", text);
    Reply r = nats::read_answer(m);
    if ((data[0] & 1) && r.ok()) std::abort();
    if (nats::read_answer({"", "", nats::answer_data(r), nats::answer_headers(r)}).outcome != r.outcome) std::abort();
    CallOptions o = nats::call_options(m, Clock::now());
    (void)nats::choose({m, m}, text);
    if (!scan_json(text)) {
        auto what = reachable_of(parse_scanned(text));
        if (what && to_json(*reachable_of(to_json(*what))) != to_json(*what)) std::abort();
        if (auto type = value_type_of(parse_scanned(text)); type && *value_type_of(type_json(*type)) != *type) std::abort();
    }
    if (o.traceparent.size() != 55 || (o.deadline && o.deadline->count() < 0) || o.depth > 1'000) std::abort();
    return 0;
}
