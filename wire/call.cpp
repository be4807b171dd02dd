// A call, the whole way: input checked, policies asked, the guest called, output checked.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "app.hpp"
#include "near.hpp"
#include "nats/calls.hpp"

namespace heddle::wire {

namespace {

Reply unknown_op(const AppData& app, std::string_view op) {
    std::vector<std::string> names;
    for (const auto& [name, ignored] : app.ops) names.push_back(name);
    return failure(Outcome::unknown_op, "no materializer is called `" + std::string(op.substr(0, 100)) + "`" + suggestion(op, names));
}

// The instance's key under lifetime keyed: what a JSON pointer leads to in the input, or in the user's claims.
std::expected<std::string, std::string> key_of(const GuestConfig& g, const Json& input, std::string_view user) {
    if (g.lifetime != Lifetime::keyed) return "";
    bool of_user = g.key.starts_with("user");
    Json claims = of_user && !user.empty() ? parse_scanned(user) : Json();
    std::string path = of_user ? g.key.substr(4) : g.key;
    const Json& from = of_user ? claims : input;
    try {
        Json::json_pointer pointer(path);
        if (from.contains(pointer)) {
            const Json& v = from.at(pointer);
            return v.is_string() ? v.get<std::string>() : to_text(v);
        }
    } catch (const Json::exception&) {
    }
    return std::unexpected("the key of the instance is missing: `" + g.key + "` leads nowhere");
}

enum class Decision { allow, deny, pass };

// "allow", "deny", "pass", or {"decision": …, "reason": …}.
std::optional<Decision> decision_of(const std::string& json, std::string& reason) {
    Json v = parse_scanned(json);
    if (v.is_object()) {
        if (v.contains("reason") && v["reason"].is_string()) reason = v["reason"].get<std::string>();
        v = v.contains("decision") ? v["decision"] : Json();
    }
    if (v == "allow") return Decision::allow;
    if (v == "deny") return Decision::deny;
    if (v == "pass") return Decision::pass;
    return std::nullopt;
}

// The first that allows or denies decides; when all pass, or one fails, the call is denied. Nothing: it is allowed.
Task<std::optional<Reply>> ask_policies(AppData& app, CallScope& scope, std::string_view json) {
    std::string question = R"({"op":)" + json_string(scope.materializer.op) + R"(,"input":)" + std::string(json) + R"(,"user":)" +
                           (scope.tree.user.empty() ? "null" : scope.tree.user) + "}";
    for (const std::string& policy : scope.materializer.policy) {
        Task<Reply> call = run_call(app, scope.tree, &scope, policy, question);
        Reply r = co_await call;
        std::string reason;
        if (!r.ok()) co_return failure(Outcome::denied, "the policy `" + policy + "` failed: " + r.message);
        auto decision = decision_of(r.json, reason);
        if (!decision) co_return failure(Outcome::denied, "the policy `" + policy + "` gave neither allow, deny nor pass");
        if (*decision == Decision::allow) co_return std::nullopt;
        if (*decision == Decision::deny) co_return failure(Outcome::denied, reason.empty() ? "the policy `" + policy + "` denies it" : reason);
    }
    co_return failure(Outcome::denied, "no policy allows it");
}

Reply to_reply(Ended ended) {
    Reply r = failure(ended.outcome, {});
    (ended.ok() ? r.json : r.message) = std::move(ended.text);
    if (!ended.ok()) r.json = std::move(ended.cause);
    r.backtrace = std::move(ended.backtrace);
    return r;
}

// What the guest gave must be JSON of the declared type; a document nobody describes is scanned and handed on as it is.
void check_output(const AppData& app, const MaterializerConfig& m, Reply& r) {
    if (!r.ok()) return;
    if (auto fault = scan_json(r.json, m.guest->limits.json)) r = failure(Outcome::invalid_output, "what the guest gave is no JSON: " + fault->message);
    else if (m.output != Types::anything)
        if (auto wrong = app.manifest.types.validate(m.output, parse_scanned(r.json))) r = failure(Outcome::invalid_output, "the guest's output: " + *wrong);
}

Task<Reply> call_guest(AppData& app, Op& op, CallScope& scope, std::string_view json) {
    const MaterializerConfig& m = *op.config;
    if (auto fault = scan_json(json, m.guest->limits.json)) co_return failure(fault->too_large ? Outcome::too_large : Outcome::bad_json, fault->message);
    std::string key;
    if (m.input != Types::anything || m.guest->lifetime == Lifetime::keyed) {
        Json input = parse_scanned(json);
        if (auto wrong = app.manifest.types.validate(m.input, input)) co_return failure(Outcome::invalid_input, *wrong);
        auto found = key_of(*m.guest, input, scope.tree.user);
        if (!found) co_return failure(Outcome::invalid_input, found.error());
        key = std::move(*found);
    }
    if (!m.policy.empty()) {
        Task<std::optional<Reply>> asked = ask_policies(app, scope, json);
        std::optional<Reply> denied = co_await asked;
        if (denied) co_return std::move(*denied);
    }
    std::optional<Milliseconds> retry_after;
    Task<Ended> call = op.program->call(scope, json, key, retry_after);
    Ended ended = co_await call;
    Reply r = to_reply(std::move(ended));
    r.retry_after = retry_after;
    check_output(app, m, r);
    co_return r;
}

// A call may use what its materializer allows, and never more than the call that made it has left; but a runtime, which others use too, does not die of
// what one caller lacks.
CallScope scope_of(CallTree& tree, CallScope* outer, const MaterializerConfig& m, std::optional<Milliseconds> deadline) {
    const CallLimits& limits = m.guest->limits;
    Milliseconds time = limits.time();
    if (deadline) time = std::min(time, *deadline);
    CallScope s{tree, outer, m, *m.guest, Clock::now() + time, 0, 0, 0, {}, false, {}, nullptr};
    if (limits.fuel) s.fuel = limits.fuel;
    if (outer) {
        s.deadline = s.is_runtime() ? outer->deadline : std::min(s.deadline, outer->deadline);
        s.depth = outer->depth + 1;
        s.held = outer->held;
        if (s.fuel && outer->fuel && !s.is_runtime()) s.fuel = std::min(*s.fuel, *outer->fuel);
    }
    return s;
}

}  // namespace

Reply failure(Outcome o, std::string message) {
    Reply r;
    r.outcome = o;
    r.message = std::move(message);
    return r;
}

std::optional<Reply> too_deep(const CallTree& tree, const CallScope* outer, const GuestConfig& limiting) {
    u32 depth = tree.depth + (outer ? outer->depth + 1 : 0);
    if (depth <= limiting.limits.depth) return std::nullopt;
    return failure(Outcome::depth, "calls are nested " + std::to_string(depth) + " deep (limits.depth = " + std::to_string(limiting.limits.depth) + ")");
}

Task<Reply> run_call(AppData& app, CallTree& tree, CallScope* outer, std::string_view name, std::string_view json, std::optional<Milliseconds> deadline,
                     Passed* passed) {
    auto found = app.ops.find(name);
    bool unknown = found == app.ops.end() && !uses_nats();
    if (unknown) co_return unknown_op(app, name);
    Task<Reply> call = found == app.ops.end() ? nats::call_elsewhere(app, tree, outer, name, json, deadline) : run_op(app, tree, outer, found->second, json, deadline, passed);
    Reply r = co_await call;
    co_return r;
}

Task<Reply> run_op(AppData& app, CallTree& tree, CallScope* outer, Op& op, std::string_view json, std::optional<Milliseconds> deadline, Passed* passed) {
    auto start = Clock::now();
    CallScope scope = scope_of(tree, outer, *op.config, deadline);
    scope.passed = passed;
    if (auto refused = too_deep(tree, outer, outer ? outer->guest : scope.guest)) co_return std::move(*refused);
    std::optional<u64> fuel = scope.fuel;
    ++op.stats.running;
    Task<Reply> call = call_guest(app, op, scope, json);
    Reply r = co_await call;
    --op.stats.running;
    if (outer && outer->fuel && fuel && scope.fuel) *outer->fuel -= std::min(*outer->fuel, *fuel - std::min(*fuel, *scope.fuel));
    r.took = Clock::now() - start;
    op.stats.hostcalls += scope.hostcalls;
    op.stats.ended(r.outcome, r.took);
    co_return r;
}

void write_log(CallScope& scope, std::string_view level, std::string_view message, std::string_view source, std::string_view fields) {
    const auto& sink = scope.tree.app->options.log;
    if (!sink || scope.out_of_log) return;
    scope.log_bytes += message.size() + fields.size();
    scope.out_of_log = scope.log_bytes > scope.guest.limits.log_bytes;
    std::string limit = "the call said more than " + std::to_string(scope.guest.limits.log_bytes) + " bytes (limits.log)";
    if (scope.out_of_log) return sink({"warn", scope.materializer.op, limit, "host", scope.tree.traceparent, ""});
    sink({std::string(level), scope.materializer.op, std::string(message), std::string(source), scope.tree.traceparent, std::string(fields)});
}

}  // namespace heddle::wire
