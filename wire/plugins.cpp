#include "plugins.hpp"

#include <nlohmann/json.hpp>

#include <heddle/nats.hpp>
#include <heddle/plugin_support.hpp>

#include "app.hpp"
#include "guest.hpp"
#include "hostcall.hpp"
#include "lent.hpp"
#include "reachable.hpp"
#include "values.hpp"

namespace heddle::wire {

namespace plugins = component::plugins;
using component::FunctionType;
using component::Val;
using plugins::CallError;
using plugins::CallResult;
using plugins::LoadError;

namespace {

// ---- running instances ----------------------------------------------------------------------------------------------------------------------

// By what the call of a materializer ended with, or the host call itself.
CallError::Kind kind_of(const std::string& code) {
    using enum CallError::Kind;
    constexpr std::pair<std::string_view, CallError::Kind> kinds[] = {
        {"timeout", deadline},         {"deadline", deadline},       {"depth", limit},         {"budget", limit},          {"fuel", fuel},
        {"memory", memory},            {"trap", trapped},            {"op_404", unknown_function}, {"unknown_op", unknown_function}, {"no_handler", unknown_function},
        {"bad_args", bad_arguments},   {"in_json_err", bad_arguments}, {"invalid_input", bad_arguments}, {"bad_json", bad_arguments}, {"too_large", limit}};
    for (auto [name, kind] : kinds)
        if (code == name) return kind;
    return unreachable;
}

CallResult answered(const FunctionType& type, const std::string& json) {
    auto value = to_result(parse_scanned(json), type);
    if (!value) return std::unexpected(CallError{CallError::Kind::unreachable, value.error()});
    return std::move(*value);
}

std::string text(const Json& json, const char* key) { return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string(); }

// The function's own error, when the guest said one: a result<T, E> is E. Otherwise why there is no result.
CallResult failed(const FunctionType& type, const std::string& answer) {
    Json error = parse_scanned(answer), call = error.contains("cause") ? error["cause"] : Json();
    if (text(call, "code") == code_of(Outcome::handler_err) && type.result && type.result->kind() == component::ValueType::Kind::result) {
        const auto& own = type.result->members()[1].type;
        if (!own) return Val::error();
        if (auto value = to_value(call.contains("cause") ? call["cause"] : Json(), *own)) return Val::error(std::move(*value));
    }
    std::string code = text(call, "code");
    return std::unexpected(CallError{kind_of(code.empty() ? text(error, "code") : code), text(error, "message")});
}

// One instance of a materializer of lifetime singleton or keyed, as another guest reaches it: by the same way as `call`, with values in place of JSON.
class Running final : public plugins::Peer {
public:
    // `at`: the process that has it; empty: this one, and then `program` is whose instance it is.
    Running(Guest& from, Reachable what, std::string key, std::string at, Program* program)
        : from_(from), what_(std::move(what)), key_(std::move(key)), at_(std::move(at)), program_(program) {}
    std::vector<component::ExternInfo> exports() override { return what_.exports(); }
    // Another process's would have to be counted over a network that loses messages.
    bool passes_resources() const override { return at_.empty(); }
    std::optional<CallResult> call(const std::string& function, std::vector<Val> args, std::function<void(CallResult)> then) override;

private:
    std::optional<CallResult> call_passing(const Reachable::Function& f, std::vector<Val> args, std::function<void(CallResult)> then);
    std::expected<std::string, CallError> input(const FunctionType& type, std::vector<Val> args) const;

    Guest& from_;
    const Reachable what_;
    const std::string key_, at_;
    Program* program_;
};

// The arguments by their names, and the key where the materializer looks for it.
std::expected<std::string, CallError> Running::input(const FunctionType& type, std::vector<Val> args) const {
    auto in = to_text(Val::record(std::move(args)), parameters(type));
    if (!in) return std::unexpected(CallError{CallError::Kind::bad_arguments, in.error()});
    if (what_.key.empty()) return std::move(*in);
    try {
        Json with_key = parse_scanned(*in);
        with_key[Json::json_pointer(what_.key)] = key_;
        return to_text(with_key);
    } catch (const Json::exception&) {
        return std::unexpected(CallError{CallError::Kind::bad_arguments, "the key `" + what_.key.substr(0, 60) + "` has no place beside the arguments"});
    }
}

std::optional<CallResult> Running::call(const std::string& function, std::vector<Val> args, std::function<void(CallResult)> then) {
    const Reachable::Function* f = what_.find(function);
    if (!f || f->op.empty()) return CallResult(std::unexpected(CallError{CallError::Kind::unknown_function, "no materializer of that instance is `" + function + "`"}));
    if (program_ && program_->is_inside(from_.scope(), key_))
        return CallResult(std::unexpected(CallError{CallError::Kind::reentrant, "the call came back to an instance that is still in the call that made it"}));
    if (at_.empty() && has_resources(f->type)) return call_passing(*f, std::move(args), std::move(then));
    auto in = input(f->type, std::move(args));
    if (!in) return CallResult(std::unexpected(in.error()));
    std::string question = call_question(f->op, *in);
    if (!at_.empty()) question.insert(1, R"("at":)" + json_string(at_) + ",");
    auto result = [type = f->type](const HostAnswer& a) { return a ? answered(type, *a) : failed(type, a.error()); };
    auto answer = from_.hostcall(at_.empty() ? "call" : "connect.call", question, [then = std::move(then), result](HostAnswer a) { then(result(a)); });
    return answer ? std::optional(result(*answer)) : std::nullopt;
}

// With numbers in the JSON, and the handles beside it.
std::optional<CallResult> Running::call_passing(const Reachable::Function& f, std::vector<Val> args, std::function<void(CallResult)> then) {
    auto passed = std::make_shared<Passed>();
    FunctionType type = numbered(f.type);
    auto number = [&](const Val& v, const component::ValueType&) -> std::optional<Val> {
        auto* handle = dynamic_cast<LentHandle*>(v.handle().get());
        if (!handle || handle->of->ended()) return std::nullopt;
        passed->given.push_back(v);
        return Val::u32(u32(passed->given.size() - 1));
    };
    CallError ended{CallError::Kind::dead, "the instance that had the resource has ended"};
    for (std::size_t i = 0; i < args.size(); ++i) {
        auto mapped = map_resources(args[i], f.type.params[i].type, number);
        if (!mapped) return CallResult(std::unexpected(ended));
        args[i] = std::move(*mapped);
    }
    auto in = input(type, std::move(args));
    if (!in) return CallResult(std::unexpected(in.error()));
    auto result = [passed, type, full = f.type, ended](const HostAnswer& a) -> CallResult {
        if (passed->stale) return std::unexpected(ended);
        if (passed->too_many) return std::unexpected(CallError{CallError::Kind::limit, "its resources that others hold may be " + std::to_string(Lent::most)});
        CallResult r = a ? answered(type, *a) : failed(type, a.error());
        if (!r || !*r) return r;
        auto mapped = map_resources(**r, *full.result, [&](const Val& n, const component::ValueType&) {
            return n.as<u32>() < passed->got.size() ? std::optional(passed->got[n.as<u32>()]) : std::nullopt;
        });
        if (!mapped) return std::unexpected(CallError{CallError::Kind::unreachable, "a recording has no resources"});
        return mapped;
    };
    auto answer = from_.call_passing(f.op, std::move(*in), passed, [then = std::move(then), result](HostAnswer a) { then(result(a)); });
    return answer ? std::optional(result(*answer)) : std::nullopt;
}

using Reached = std::expected<std::shared_ptr<plugins::Peer>, LoadError>;
std::unexpected<LoadError> refuse(LoadError::Kind k, std::string why) { return std::unexpected(LoadError{k, std::move(why)}); }

std::optional<LoadError> wrong_key(const Reachable& what, const std::string& op, const std::string& key) {
    if (what.key.empty() == key.empty()) return std::nullopt;
    return LoadError{LoadError::Kind::unknown, key.empty() ? "which of them? \"" + op + "/KEY\"" : "`" + op + "` is one instance: it has no keys"};
}

Reached connect_here(Guest& guest, const std::string& name, const Op& op, const std::string& key) {
    if (auto why = unreachable(name, op)) return refuse(LoadError::Kind::denied, *why);
    Reachable what = reachable(*guest.scope().tree.app, op);
    if (auto wrong = wrong_key(what, name, key)) return std::unexpected(std::move(*wrong));
    return std::make_shared<Running>(guest, std::move(what), key, "", op.program);
}

Reached connect_elsewhere(Guest& guest, const std::string& op, const std::string& key) {
    auto found = guest.hostcall_here("connect.find", to_text({{"op", op}, {"key", key}}));
    if (!found) {
        Json error = parse_scanned(found.error());
        return refuse(text(error, "code") == "denied" ? LoadError::Kind::denied : LoadError::Kind::unknown, text(error, "message"));
    }
    Json answer = parse_scanned(*found);
    auto what = reachable_of(answer.contains("what") ? answer["what"] : Json());
    if (!what) return refuse(LoadError::Kind::unlinkable, "`" + op + "` in another process: " + what.error());
    if (auto wrong = wrong_key(*what, op, key)) return std::unexpected(std::move(*wrong));
    return std::make_shared<Running>(guest, std::move(*what), key, text(answer, "at"), nullptr);
}

Reached connect(Store& caller, const std::string& identity) {
    auto* guest = static_cast<Guest*>(caller.user);
    if (!guest) return refuse(LoadError::Kind::denied, "a plug-in reaches nothing that runs elsewhere");
    std::string op = identity.substr(0, identity.find('/')), key = identity.substr(std::min(identity.size(), op.size() + 1));
    if (!may_reach(guest->config().grants, op)) return refuse(LoadError::Kind::denied, "`" + op + "` is none of what it may reach (grants.connect)");
    auto& ops = guest->scope().tree.app->ops;
    auto here = ops.find(op);
    if (here != ops.end()) return connect_here(*guest, op, here->second, key);
    if (!uses_nats()) return refuse(LoadError::Kind::unknown, "there is no materializer `" + op + "` here, and this process uses no NATS (--nats URL)");
    return connect_elsewhere(*guest, op, key);
}

// ---- the catalogue --------------------------------------------------------------------------------------------------------------------------

plugins::Limits limits_of(const PluginConfig& p) {
    plugins::Limits l;
    l.memory_bytes = p.memory;
    if (p.fuel) l.fuel = p.fuel;
    if (p.deadline.count()) l.deadline = p.deadline;
    l.zones = p.zones;
    return l;
}

}  // namespace

std::shared_ptr<const plugins::Catalogue> catalogue_of(const GuestConfig& g) {
    if (g.plugins.empty() && g.grants.connect.empty()) return nullptr;
    plugins::Options o;
    o.limits.memory_bytes = g.limits.total_memory;
    o.json = plugin_json();
    if (!g.grants.connect.empty()) o.connect = connect;
    auto catalogue = std::make_shared<plugins::Catalogue>(std::move(o));
    for (const PluginConfig& p : g.plugins) {
        std::string file = read_file(p.artifact, std::size_t(256) << 20);
        catalogue->add(p.name, {.bytes = {file.begin(), file.end()}, .limits = limits_of(p), .imports = nothing_granted(), .may_hold_plugins = p.zones > 0});
        if (auto checked = catalogue->check(p.name); !checked) throw Error{Error::Kind::invalid, p.artifact + ": " + checked.error().message};
    }
    return catalogue;
}

}  // namespace heddle::wire
