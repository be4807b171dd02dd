// The registry: built-in ops, the embedder's, and the rules that hold for all of them.
#include "hostcall.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>

#include <sys/random.h>

#include <nlohmann/json.hpp>

#include <heddle/error.hpp>
#include <heddle/fetch.hpp>

#include "app.hpp"
#include "graphql/graphql.hpp"
#include "http_messages.hpp"
#include "nats/calls.hpp"
#include "nats/instances.hpp"
#include "near.hpp"
#include "recording.hpp"

namespace heddle::wire {

void fill_random(std::span<u8> bytes) {
    while (!bytes.empty()) {
        auto got = getrandom(bytes.data(), bytes.size(), 0);
        if (got > 0) bytes = bytes.subspan(std::size_t(got));
        else if (errno != EINTR) throw Error{Error::Kind::io, "the system gives no random bytes"};
    }
}

namespace {

// What a built-in throws to give the guest an error value.
struct Refused {
    HostcallError error;
};
[[noreturn]] void refuse(const char* code, std::string message, std::string cause = {}) { throw Refused{{code, std::move(message), std::move(cause)}}; }

// ---- arguments: an object whose keys are all known

class Args {
public:
    Args(const Json& json, std::initializer_list<std::string_view> known) : json_(json) {
        if (!json.is_object()) refuse("bad_args", "the argument must be an object, there is " + excerpt(json));
        std::vector<std::string_view> names(known);
        for (const auto& [key, ignored] : json.items())
            if (std::ranges::find(names, key) == names.end()) refuse("bad_args", "unknown key `" + key.substr(0, 100) + "`" + suggestion(key, names));
    }
    const Json* find(const char* key) const {
        auto i = json_.find(key);
        return i == json_.end() ? nullptr : &*i;
    }
    const Json& need(const char* key) const {
        const Json* v = find(key);
        if (!v) refuse("bad_args", std::string("the key `") + key + "` is missing");
        return *v;
    }
    std::string text(const char* key) const {
        const Json& v = need(key);
        if (!v.is_string()) refuse("bad_args", std::string("`") + key + "` must be a string, there is " + excerpt(v));
        return v.get<std::string>();
    }
    std::string text_or(const char* key, std::string otherwise) const { return find(key) ? text(key) : otherwise; }
    i64 integer_or(const char* key, i64 otherwise) const {
        const Json* v = find(key);
        if (v && !v->is_number_integer()) refuse("bad_args", std::string("`") + key + "` must be an integer, there is " + excerpt(*v));
        return v ? v->get<i64>() : otherwise;
    }

private:
    const Json& json_;
};

// ---- calls of other materializers

std::string reply_or_refuse(const Reply& r) {
    if (r.ok()) return r.json;
    refuse(hostcall_code_of(r.outcome), r.message, r.error_json());
}

Task<std::string> call_by_name(CallScope& scope, std::string op, std::string in, std::shared_ptr<Passed> passed) {
    if (!granted(scope.guest.grants.call, op)) refuse("denied", "`" + scope.materializer.op + "` may not call `" + op + "` (grants.call)");
    Task<Reply> call = run_call(*scope.tree.app, scope.tree, &scope, op, in, {}, passed.get());
    Reply reply = co_await call;
    co_return reply_or_refuse(reply);
}

Task<std::string> call_op(CallScope& scope, Json json) {
    Args args(json, {"op", "in"});
    const Json* in = args.find("in");
    return call_by_name(scope, args.text("op"), in ? to_text(*in) : "null", nullptr);
}

// ---- running instances of other processes: which has one, and a call of that one

void check_connect(const CallScope& scope, const std::string& op) {
    if (!may_reach(scope.guest.grants, op)) refuse("denied", "`" + scope.materializer.op + "` may not reach `" + op + "` (grants.connect)");
}

std::string connect_find(CallScope& scope, const Json& json) {
    Args args(json, {"op", "key"});
    std::string op = args.text("op");
    check_connect(scope, op);
    auto found = nats::find_instance(*scope.tree.app, scope, op, args.text_or("key", ""));
    if (!found) refuse(found.error().code, found.error().message);
    return *found;
}

Task<std::string> connect_call(CallScope& scope, Json json) {
    Args args(json, {"at", "op", "in"});
    std::string op = args.text("op"), at = args.text("at"), in = to_text(args.need("in"));
    check_connect(scope, op);
    Task<Reply> call = nats::call_elsewhere(*scope.tree.app, scope.tree, &scope, op, in, {}, nats::at_subject(scope.tree.app->manifest.name, at, op));
    Reply reply = co_await call;
    co_return reply_or_refuse(reply);
}

// Any materializer, as GraphQL's fields; the calls count as nested in this one.
Task<std::string> gql_op(CallScope& scope, Json json) { return graphql::run(*scope.tree.app, scope.tree, &scope, std::move(json)); }

// ---- log, config, clock, chance

std::string log_op(CallScope& scope, const Json& json) {
    if (json.is_string()) return write_log(scope, "info", json.get<std::string>(), "guest", {}), "null";
    Args args(json, {"level", "message", "fields"});
    constexpr std::string_view levels[] = {"debug", "info", "warn", "error"};
    std::string level = args.text_or("level", "info");
    if (std::ranges::find(levels, level) == std::end(levels)) refuse("bad_args", "`level` must be debug, info, warn or error");
    const Json* fields = args.find("fields");
    write_log(scope, level, args.text("message"), "guest", fields ? to_text(*fields) : "");
    return "null";
}

std::string config_get(CallScope& scope, const Json& json) {
    std::string key = Args(json, {"key"}).text("key");
    if (!granted(scope.guest.grants.config, key)) refuse("denied", "`" + scope.materializer.op + "` may not read the setting `" + key + "` (grants.config)");
    const auto& config = scope.tree.app->manifest.config;
    auto i = config.find(key);
    return i == config.end() ? "null" : i->second;
}

std::string time_now(CallScope&, const Json&) {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<Milliseconds>(now).count());
}

std::string random_bytes(CallScope&, const Json& json) {
    i64 n = Args(json, {"bytes"}).integer_or("bytes", 16);
    if (n < 0 || n > 4096) refuse("bad_args", "`bytes` must be from 0 to 4096");
    std::string bytes(std::size_t(n), '\0'), hex;
    fill_random({reinterpret_cast<u8*>(bytes.data()), bytes.size()});
    for (char c : bytes)
        for (int half : {static_cast<unsigned char>(c) >> 4, c & 15}) hex += "0123456789abcdef"[half];
    return json_string(hex);
}

// ---- key-value

std::string kv_key(CallScope& scope, const Args& args, const char* name = "key") {
    std::string key = args.text(name);
    if (key.size() > 1024) refuse("bad_args", "a key may have 1024 bytes");
    if (!key.starts_with(scope.guest.grants.kv_prefix))
        refuse("denied", "`" + scope.materializer.op + "` may only use keys that begin with `" + scope.guest.grants.kv_prefix + "` (grants.kv_prefix)");
    return key;
}

template <class T>
T value_of(std::expected<T, std::string> result) {
    if (!result) refuse("upstream", result.error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// What a call of the store is given, checked and completed: all keys are there, and those of the store are granted.
Json key_given(CallScope& scope, const Json& json) { return Json::object({{"key", kv_key(scope, Args(json, {"key"}))}}); }
Json set_given(CallScope& scope, const Json& json) {
    Args args(json, {"key", "value"});
    return Json::object({{"key", kv_key(scope, args)}, {"value", args.need("value")}});
}
Json list_given(CallScope& scope, const Json& json) {
    Args args(json, {"prefix", "limit", "after"});
    i64 limit = args.integer_or("limit", 100);
    if (limit < 1 || limit > 1000) refuse("bad_args", "`limit` must be from 1 to 1000");
    return Json::object({{"prefix", args.find("prefix") ? kv_key(scope, args, "prefix") : scope.guest.grants.kv_prefix}, {"limit", limit}, {"after", args.text_or("after", "")}});
}
Json increment_given(CallScope& scope, const Json& json) {
    Args args(json, {"key", "by"});
    return Json::object({{"key", kv_key(scope, args)}, {"by", args.integer_or("by", 1)}});
}
Json cas_given(CallScope& scope, const Json& json) {
    Args args(json, {"key", "expected", "value"});
    const Json* expected = args.find("expected");
    return Json::object({{"key", kv_key(scope, args)}, {"expected", expected ? *expected : Json()}, {"value", args.need("value")}});
}

const std::string& text_in(const Json& given, const char* key) { return given.find(key)->get_ref<const std::string&>(); }

std::string kv_get(CallScope& scope, const Json& given) {
    auto value = value_of(scope.tree.app->kv->get(text_in(given, "key")));
    return value ? *value : "null";
}
std::string kv_set(CallScope& scope, const Json& given) {
    value_of(scope.tree.app->kv->set(text_in(given, "key"), to_text(*given.find("value"))));
    return "null";
}
std::string kv_delete(CallScope& scope, const Json& given) { return value_of(scope.tree.app->kv->erase(text_in(given, "key"))) ? "true" : "false"; }
std::string kv_list(CallScope& scope, const Json& given) {
    return to_text(Json(value_of(scope.tree.app->kv->list(text_in(given, "prefix"), given.find("limit")->get<u32>(), text_in(given, "after")))));
}
std::string kv_increment(CallScope& scope, const Json& given) {
    auto sum = scope.tree.app->kv->increment(text_in(given, "key"), given.find("by")->get<i64>());
    if (!sum) refuse("bad_args", sum.error());
    return std::to_string(*sum);
}
std::string kv_cas(CallScope& scope, const Json& given) {
    const Json& expected = *given.find("expected");
    std::optional<std::string> text;
    if (!expected.is_null()) text = to_text(expected);
    auto set = scope.tree.app->kv->compare_and_set(text_in(given, "key"), text ? std::optional<std::string_view>(*text) : std::nullopt, to_text(*given.find("value")));
    return value_of(std::move(set)) ? "true" : "false";
}

// ---- http

http::Fetch read_fetch(const CallScope& scope, const Json& json) {
    Args args(json, {"method", "url", "headers", "body", "bodyBase64", "redirects"});
    auto fields = read_headers(json);
    if (!fields) refuse("bad_args", fields.error());
    auto body = read_body(json);
    if (!body) refuse("bad_args", body.error());
    i64 redirects = args.integer_or("redirects", 0);
    if (redirects < 0 || redirects > 10) refuse("bad_args", "`redirects` must be from 0 to 10");
    http::Fetch request{.method = args.text_or("method", "GET"), .url = args.text("url"), .fields = std::move(*fields), .body = std::move(*body)};
    request.allowed = scope.guest.grants.http;
    request.time = std::max(Milliseconds(1), std::chrono::ceil<Milliseconds>(scope.deadline - Clock::now()) + Milliseconds(1));  // the deadline comes first
    request.limit = scope.guest.limits.json.bytes;
    request.redirects = u32(redirects);
    return request;
}

// What another thread gives to a call that waits, or that waits no more.
template <class T>
class Inbox {
public:
    void put(T value) {
        std::lock_guard lock(mutex_);
        if (!value_) value_ = std::move(value);
    }
    std::optional<T> take() {
        std::lock_guard lock(mutex_);
        return std::exchange(value_, std::nullopt);
    }

private:
    std::mutex mutex_;
    std::optional<T> value_;
};

Task<std::string> http_fetch(CallScope& scope, Json json) {
    http::Fetch request = read_fetch(scope, json);
    auto inbox = std::make_shared<Inbox<Result<http::Response>>>();
    std::function<void()> give_up;
    Task<Done> pause = pause_until(scope.tree, scope.deadline, [&](Wake wake) {
        give_up = scope.tree.app->fetcher.begin(std::move(request), [inbox, wake](Result<http::Response> r) {
            inbox->put(std::move(r));
            wake();
        });
    });
    co_await pause;
    auto response = inbox->take();
    if (!response) give_up();
    if (!response) refuse("timeout", "the deadline of the call has passed");
    if (*response) co_return to_text(response_json(**response));
    const Error& error = response->error();
    if (error.kind == Error::Kind::invalid) refuse("denied", "`" + scope.materializer.op + "`: " + error.message + " (grants.http)");
    if (error.kind == Error::Kind::usage) refuse("bad_args", error.message);
    refuse(scope.late() ? "timeout" : "upstream", error.message);
}

// ---- the table

using Now = std::string (*)(CallScope&, const Json&);
using Later = Task<std::string> (*)(CallScope&, Json);
bool always(const Grants&) { return true; }
bool may_connect(const Grants& g) { return !g.connect.empty(); }
bool may_query(const Grants& g) { return g.gql; }
bool may_log(const Grants& g) { return g.log; }
bool may_read(const Grants& g) { return g.kv != Grants::Kv::none; }
bool may_fetch(const Grants& g) { return !g.http.empty(); }
bool may_write(const Grants& g) { return g.kv == Grants::Kv::write; }

struct BuiltIn {
    std::string_view name, grant;
    bool (*allowed)(const Grants&);
    Now now;
    Later later = nullptr;
    Json (*given)(CallScope&, const Json&) = nullptr;  // of those that a component may provide
};
constexpr BuiltIn built_ins[] = {
    {"call", "call", always, nullptr, call_op},
    {"connect.find", "connect", may_connect, connect_find},
    {"connect.call", "connect", may_connect, nullptr, connect_call},
    {"gql", "gql", may_query, nullptr, gql_op},
    {"log", "log", may_log, log_op},
    {"config.get", "config", always, config_get},
    {"time.now", "", always, time_now},
    {"random", "", always, random_bytes},
    {"http.fetch", "http", may_fetch, nullptr, http_fetch},
    {"kv.get", "kv", may_read, kv_get, nullptr, key_given},
    {"kv.list", "kv", may_read, kv_list, nullptr, list_given},
    {"kv.set", "kv", may_write, kv_set, nullptr, set_given},
    {"kv.delete", "kv", may_write, kv_delete, nullptr, key_given},
    {"kv.increment", "kv", may_write, kv_increment, nullptr, increment_given},
    {"kv.cas", "kv", may_write, kv_cas, nullptr, cas_given},
};

std::string checked_answer(CallScope& scope, const HostOp& op, HostcallResult result) {
    if (!result) throw Refused{result.error()};
    if (auto fault = scan_json(*result, scope.guest.limits.json)) refuse("unexpected_err", "`" + op.call.name + "` gave no JSON: " + fault->message);
    if (auto wrong = scope.tree.app->manifest.types.validate(op.output, parse_scanned(*result))) refuse("unexpected_err", "`" + op.call.name + "` gave the wrong type: " + *wrong);
    return std::move(*result);
}

HostcallInfo info_of(const CallScope& scope) { return {scope.materializer.op, scope.tree.user, scope.deadline, scope.tree.traceparent}; }

Task<std::string> wait_for_embedder(CallScope& scope, const HostOp& op, std::string json) {
    auto inbox = std::make_shared<Inbox<HostcallResult>>();
    Task<Done> pause = pause_until(scope.tree, scope.deadline, [&](Wake wake) {
        op.call.begin(info_of(scope), json, [inbox, wake](HostcallResult r) {
            inbox->put(std::move(r));
            wake();
        });
    });
    co_await pause;
    auto result = inbox->take();
    if (!result) refuse("timeout", "the deadline of the call has passed");
    co_return checked_answer(scope, op, std::move(*result));
}

// An answer, or what will give one.
using Begun = std::variant<std::string, Task<std::string>>;

Begun call_embedder(CallScope& scope, const HostOp& op, const Json& args, std::string_view json) {
    if (!granted(scope.guest.grants.host, op.call.name)) refuse("denied", "`" + scope.materializer.op + "` may not call `" + op.call.name + "` (grants.host)");
    if (auto wrong = scope.tree.app->manifest.types.validate(op.input, args)) refuse("bad_args", *wrong);
    if (op.call.begin) return wait_for_embedder(scope, op, std::string(json));
    Wait wait(scope.tree);  // for all that is known of it
    return checked_answer(scope, op, op.call.handler(info_of(scope), json));
}

[[noreturn]] void unknown(const AppData& app, std::string_view op) {
    std::vector<std::string> names;
    for (const BuiltIn& b : built_ins) names.emplace_back(b.name);
    for (const auto& [name, ignored] : app.hostcalls) names.push_back(name);
    for (const auto& [name, ignored] : app.provided)
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    refuse("op_404", "no host call is named `" + std::string(op.substr(0, 100)) + "`" + suggestion(op, names));
}

// ---- provided by components

// A provider's own calls reach what it replaces.
Op* provider_of(const CallScope& scope, std::string_view op) {
    auto& all = scope.tree.app->provided;
    auto found = all.find(op);
    return found == all.end() || found->second.config->guest.get() == &scope.guest ? nullptr : &found->second;
}

// What the provider says about its failure as {"code", "message"} is the host call's error; whatever else happens to it is told as of any call.
std::string provided_or_refuse(const MaterializerConfig& m, Reply r) {
    if (r.ok()) return std::move(r.json);
    Json own = r.outcome == Outcome::handler_err && !r.json.empty() ? parse_scanned(r.json) : Json();
    auto text = [&](const char* key) { return own.is_object() && own.contains(key) && own[key].is_string() ? own[key].get<std::string>() : std::string(); };
    if (!text("code").empty() && !text("message").empty()) refuse(text("code").c_str(), text("message"));
    refuse(hostcall_code_of(r.outcome), "`" + m.op + "` (runtimes." + m.runtime + "): " + r.message, r.error_json());
}

Task<std::string> call_provider(CallScope& scope, Op& op, std::string json) {
    Task<Reply> call = run_op(*scope.tree.app, scope.tree, &scope, op, json);
    Reply reply = co_await call;
    co_return provided_or_refuse(*op.config, std::move(reply));
}

void count_call(CallScope& scope) {
    if (++scope.hostcalls > scope.guest.limits.hostcalls)
        refuse("budget", "this call has made " + std::to_string(scope.guest.limits.hostcalls) + " host calls already (limits.hostcalls)");
    if (scope.late() || scope.tree.cancelled()) refuse("timeout", "the deadline of the call has passed");
}

Begun dispatch(CallScope& scope, std::string_view op, std::string_view json) {
    count_call(scope);
    if (auto fault = scan_json(json, scope.guest.limits.json)) refuse("bad_args", "the argument is no JSON: " + fault->message);
    Json args = parse_scanned(json);
    auto built_in = std::ranges::find(built_ins, op, &BuiltIn::name);
    if (built_in != std::end(built_ins)) {
        if (!built_in->allowed(scope.guest.grants))
            refuse("denied", "`" + scope.materializer.op + "` may not call `" + std::string(op) + "` (grants." + std::string(built_in->grant) + ")");
        if (built_in->later) return built_in->later(scope, std::move(args));
        if (built_in->given) args = built_in->given(scope, args);
        if (Op* provider = provider_of(scope, op)) return call_provider(scope, *provider, to_text(args));
        std::optional<Wait> wait;
        if (op.starts_with("kv.") && scope.tree.app->kv->is_remote()) wait.emplace(scope.tree);
        return built_in->now(scope, args);
    }
    if (Op* provider = provider_of(scope, op)) {
        if (!granted(scope.guest.grants.host, op)) refuse("denied", "`" + scope.materializer.op + "` may not call `" + std::string(op) + "` (grants.host)");
        return call_provider(scope, *provider, std::string(json));
    }
    auto own = scope.tree.app->hostcalls.find(op);
    if (own == scope.tree.app->hostcalls.end()) unknown(*scope.tree.app, op);
    return call_embedder(scope, own->second, args, json);
}

}  // namespace

std::optional<std::string> wrong_provided(std::string_view name) {
    if (std::ranges::find(built_ins, name, &BuiltIn::name) != std::end(built_ins)) return "`" + std::string(name) + "` is the host's own; of the built-in ones those of `kv` can be provided";
    std::vector<std::string_view> kv;
    for (const KvCall& call : kv_calls) kv.push_back(call.name);
    if (name.starts_with("kv.")) return "the key-value store has no such call" + suggestion(name, kv);
    if (name.empty() || name.size() > 200 || name.find_first_of(" \t\n*\"") != name.npos) return "a host call's name has no spaces, quotes or stars, and at most 200 bytes";
    return std::nullopt;
}

bool granted(const std::vector<std::string>& list, std::string_view name) {
    return std::ranges::any_of(list, [&](const std::string& g) { return g == "*" || g == name; });
}

bool may_reach(const Grants& grants, const std::string& op) { return granted(grants.connect, op) || granted(grants.connect, "nats:" + op); }

std::string call_question(std::string_view op, std::string_view in) { return R"({"in":)" + std::string(in) + R"(,"op":)" + json_string(op) + "}"; }

namespace {

HostAnswer failure_of(std::exception_ptr thrown) {
    auto failed = [](const HostcallError& e) { return std::unexpected(error_object(e.code, e.message, e.cause)); };
    try {
        std::rethrow_exception(thrown);
    } catch (const Refused& r) {
        return failed(r.error);
    } catch (const std::exception& e) {
        return failed({"unexpected_err", e.what(), {}});
    } catch (...) {
        return failed({"unexpected_err", "an exception that is not a std::exception", {}});
    }
}

Task<HostAnswer> finish(Recorder* recorder, std::string op, std::string json, Task<std::string> task) {
    HostAnswer answer;
    try {
        answer = co_await task;
    } catch (...) {
        answer = failure_of(std::current_exception());
    }
    if (recorder) recorder->note(op, json, answer);
    co_return answer;
}

}  // namespace

std::variant<HostAnswer, Task<HostAnswer>> begin_hostcall(CallScope& scope, std::string_view op, std::string_view json) {
    Recorder* recorder = scope.depth == 0 ? scope.tree.recorder : nullptr;
    if (recorder && recorder->replays()) return recorder->answer(op, json);
    HostAnswer answer;
    try {
        Begun begun = dispatch(scope, op, json);
        if (auto* later = std::get_if<Task<std::string>>(&begun)) return finish(recorder, std::string(op), std::string(json), std::move(*later));
        answer = std::get<std::string>(std::move(begun));
    } catch (...) {
        answer = failure_of(std::current_exception());
    }
    if (recorder) recorder->note(op, json, answer);
    return answer;
}

std::variant<HostAnswer, Task<HostAnswer>> begin_call(CallScope& scope, std::string op, std::string in, std::shared_ptr<Passed> passed) {
    Recorder* recorder = scope.depth == 0 ? scope.tree.recorder : nullptr;
    std::string question = call_question(op, in);
    if (recorder && recorder->replays()) return recorder->answer("call", question);
    try {
        count_call(scope);
        return finish(recorder, "call", std::move(question), call_by_name(scope, std::move(op), std::move(in), std::move(passed)));
    } catch (...) {
        return failure_of(std::current_exception());
    }
}

}  // namespace heddle::wire
