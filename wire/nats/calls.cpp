// An error travels as its code, and comes back as the outcome it was.
#include "nats/calls.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include <heddle/error.hpp>

#include "app.hpp"
#include "server/trace.hpp"

namespace heddle::wire::nats {

namespace {

constexpr const char* error_code = "Nats-Service-Error-Code";
constexpr Milliseconds longest{24 * 3600 * 1000};
// Without limits.deadline of a materializer here, that of the process which holds it is what ends the call; this is for an answer that never comes.
constexpr Milliseconds unless_said{30'000};

std::optional<u64> number(const std::string* text) {
    u64 n = 0;
    if (!text) return std::nullopt;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), n);
    return error == std::errc() && end == text->data() + text->size() ? std::optional(n) : std::nullopt;
}

Outcome error_outcome(const std::string& code) {
    auto o = outcome_of(code);
    return o && *o != Outcome::ok ? *o : Outcome::failed;
}

Reply read_error(const Message& m) {
    Json error = scan_json(m.data) ? Json() : parse_scanned(m.data);
    auto text = [&](const char* key) { return error.is_object() && error.contains(key) && error[key].is_string() ? error[key].get<std::string>() : std::string(); };
    Reply r = failure(error_outcome(text("code")), text("message"));
    if (const std::string* said = m.find("Nats-Service-Error"); said && r.message.empty()) r.message = *said;
    if (error.is_object() && error.contains("cause")) r.json = to_text(error["cause"]);
    if (auto wait = number(m.find("Heddle-Retry-After"))) r.retry_after = Milliseconds(std::min<u64>(*wait, u64(longest.count())));
    return r;
}

Headers request_headers(const CallTree& tree, u32 depth, Milliseconds left) {
    Headers h{{"Heddle-Deadline", std::to_string(left.count())}};
    if (depth) h.emplace_back("Heddle-Depth", std::to_string(depth));
    if (!tree.user.empty()) h.emplace_back("Heddle-User", to_text(parse_scanned(tree.user)));
    h.emplace_back("traceparent", continued_trace(tree.traceparent));
    return h;
}

struct Question {
    Connection& nats;
    NatsOptions policy;
    CallTree& tree;
    u32 depth;                                // of the calls around this one
    std::string op, subject;
    std::string_view json;
    Clock::time_point deadline;
};

Reply unanswered(const Question& q) {
    if (q.tree.cancelled()) return failure(Outcome::cancelled, "the call was cancelled");
    if (Clock::now() >= q.deadline) return failure(Outcome::deadline, "`" + q.op + "` was not answered in time by another process (" + q.subject + ")");
    return failure(Outcome::unavailable, "`" + q.op + "` was not answered in " + std::to_string(q.policy.patience.count()) + " ms by another process (" + q.subject + ")");
}

// One try: sent, and answered or not.
Task<Reply> ask(const Question& q) {
    auto until = q.policy.patience.count() ? std::min(q.deadline, Clock::now() + q.policy.patience) : q.deadline;
    auto left = std::chrono::ceil<Milliseconds>(until - Clock::now());
    if (left.count() <= 0 || q.tree.cancelled()) co_return unanswered(q);
    Request request(q.nats, q.subject, q.json, request_headers(q.tree, q.depth, left));
    if (request.unsent()) co_return failure(q.json.size() > q.nats.max_payload() ? Outcome::too_large : Outcome::unavailable, "`" + q.op + "`: NATS: " + *request.unsent());
    Task<Done> pause = pause_until(q.tree, until, [&request](Wake wake) { request.on_answer(std::move(wake)); });
    co_await pause;
    auto answer = request.take();
    if (!answer) co_return unanswered(q);
    if (!answer->nobody) co_return read_answer(std::move(*answer));
    Reply r = failure(Outcome::unavailable, "no materializer is called `" + q.op.substr(0, 100) + "` here, and no process on NATS serves it now (" + q.subject.substr(0, 200) + ")");
    r.retry_after = Milliseconds(1'000);
    co_return r;
}

bool worth_another_try(const Reply& r) { return r.outcome == Outcome::unavailable || r.outcome == Outcome::overloaded; }

}  // namespace

std::string op_subject(std::string_view app, std::string_view op) { return "heddle." + token_of(app) + ".op." + token_of(op); }

Headers answer_headers(const Reply& r) {
    Headers h;
    if (r.ok()) return h;
    h.emplace_back(error_code, std::to_string(http_status_of(r.outcome)));
    h.emplace_back("Nats-Service-Error", r.message.substr(0, 1'000));
    if (r.retry_after) h.emplace_back("Heddle-Retry-After", std::to_string(r.retry_after->count()));
    return h;
}

std::string answer_data(const Reply& r) { return r.ok() ? r.json : r.error_json(); }

Reply read_answer(Message m) {
    if (m.find(error_code)) return read_error(m);
    if (auto fault = scan_json(m.data)) return failure(Outcome::invalid_output, "what another process gave is no JSON: " + fault->message);
    Reply r;
    r.json = std::move(m.data);
    return r;
}

CallOptions call_options(const Message& request, Clock::time_point received) {
    CallOptions o;
    if (const std::string* user = request.find("Heddle-User")) o.user = *user;
    const std::string* trace = request.find("traceparent");
    o.traceparent = continued_trace(trace ? *trace : "");
    // A depth that is no number counts as the deepest there can be.
    constexpr u32 deepest = 1'000;
    if (const std::string* depth = request.find("Heddle-Depth")) o.depth = u32(std::min<u64>(number(depth).value_or(deepest), deepest));
    if (auto left = number(request.find("Heddle-Deadline"))) {
        auto used = std::chrono::duration_cast<Milliseconds>(Clock::now() - received);
        o.deadline = std::max(Milliseconds(0), Milliseconds(std::min<u64>(*left, u64(longest.count()))) - used);
    }
    return o;
}

Task<Reply> call_elsewhere(AppData& app, CallTree& tree, const CallScope* outer, std::string_view op, std::string_view json, std::optional<Milliseconds> deadline,
                           std::string subject) {
    if (outer)
        if (auto refused = too_deep(tree, outer, outer->guest)) co_return std::move(*refused);
    if (auto fault = scan_json(json, outer ? outer->guest.limits.json : JsonLimits())) co_return failure(fault->too_large ? Outcome::too_large : Outcome::bad_json, fault->message);
    auto until = Clock::now() + deadline.value_or(unless_said);
    if (outer) until = std::min(until, outer->deadline);
    std::shared_ptr<Connection> nats;
    std::string why;
    try {
        nats = connection();
    } catch (const Error& e) {
        why = e.message;
    }
    if (!nats) co_return failure(Outcome::unavailable, "`" + std::string(op) + "`: " + why);
    Question q{*nats, options_in_use(), tree, tree.depth + (outer ? outer->depth + 1 : 0), std::string(op), subject.empty() ? op_subject(app.manifest.name, op) : std::move(subject), json, until};
    for (u32 tries = 0;; ++tries) {
        Task<Reply> one = ask(q);
        Reply r = co_await one;
        if (!worth_another_try(r) || tries >= q.policy.retries || Clock::now() >= until || tree.cancelled()) co_return r;
        Task<Done> pause = pause_until(tree, std::min(until, Clock::now() + Milliseconds(20) * (1 << std::min(tries, 6u))), [](Wake) {});
        co_await pause;
    }
}

}  // namespace heddle::wire::nats
