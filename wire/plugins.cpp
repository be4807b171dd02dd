#include "plugins.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include <heddle/component_text.hpp>
#include <heddle/plugin_support.hpp>

#include "app.hpp"
#include "guest.hpp"
#include "hostcall.hpp"
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

// "demo:app/cart@1.0.0.add" without its version.
std::string plain(const std::string& path) {
    auto at = path.find('@'), dot = path.rfind('.');
    return at == path.npos || dot == path.npos || dot < at ? path : path.substr(0, at) + path.substr(dot);
}

CallError::Kind kind_of(const std::string& code) {
    using enum CallError::Kind;
    constexpr std::pair<std::string_view, CallError::Kind> kinds[] = {
        {"timeout", deadline}, {"depth", limit}, {"budget", limit}, {"op_404", unknown_function}, {"bad_args", bad_arguments}};
    for (auto [name, kind] : kinds)
        if (code == name) return kind;
    return unreachable;
}

// One instance of a materializer of lifetime singleton or keyed, as another guest reaches it: by the same way as `call`, with values in place of JSON.
class Running final : public plugins::Peer {
public:
    Running(Guest& from, const Op& to, std::string key) : from_(from), to_(to), key_(std::move(key)) {}
    std::vector<component::ExternInfo> exports() override { return to_.program->artifact().component->exports(); }
    std::optional<CallResult> call(const std::string& function, std::vector<Val> args, std::function<void(CallResult)> then) override;

private:
    const MaterializerConfig* materializer(const std::string& function) const;

    Guest& from_;
    const Op& to_;
    std::string key_;
};

// Of the same instances, that which is this function.
const MaterializerConfig* Running::materializer(const std::string& function) const {
    for (const auto& [name, op] : from_.scope().tree.app->ops)
        if (op.program == to_.program && plain(op.config->export_name) == plain(function)) return op.config;
    return nullptr;
}

const FunctionType* find_type(const std::vector<component::ExternInfo>& all, const std::string& path, const std::string& before = {}) {
    for (const auto& e : all) {
        if (e.kind == component::ExternInfo::Kind::func && plain(before + e.name) == plain(path)) return &e.func;
        if (e.kind != component::ExternInfo::Kind::instance) continue;
        if (const FunctionType* t = find_type(e.exports, path, before + e.name + ".")) return t;
    }
    return nullptr;
}

CallResult answered(const FunctionType& type, const std::string& json) {
    auto value = to_result(parse_scanned(json), type);
    if (!value) return std::unexpected(CallError{CallError::Kind::unreachable, value.error()});
    return std::move(*value);
}

// The function's own error, when the guest said one.
CallResult failed(const FunctionType& type, const std::string& text) {
    Json error = parse_scanned(text);
    auto members = type.result && type.result->kind() == component::ValueType::Kind::result ? type.result->members() : std::span<const component::ValueType::Member>();
    if (!members.empty() && members[1].type && error.contains("cause"))
        if (auto value = to_value(error["cause"], *members[1].type)) return Val::error(std::move(*value));
    return std::unexpected(CallError{kind_of(error["code"].get<std::string>()), error["message"].get<std::string>()});
}

std::optional<CallResult> Running::call(const std::string& function, std::vector<Val> args, std::function<void(CallResult)> then) {
    const MaterializerConfig* m = materializer(function);
    auto exported = exports();
    const FunctionType* type = find_type(exported, function);
    if (!m || !type) return CallResult(std::unexpected(CallError{CallError::Kind::unknown_function, "no materializer of that instance is `" + function + "`"}));
    if (to_.program->is_inside(from_.scope(), key_))
        return CallResult(std::unexpected(CallError{CallError::Kind::reentrant, "the call came back to an instance that is still in the call that made it"}));
    Json in = Json::object();
    if (m->guest->lifetime == Lifetime::keyed) in[Json::json_pointer(m->guest->key)] = key_;
    for (std::size_t i = 0; i < args.size(); ++i) {
        auto value = to_text(args[i], type->params[i].type);
        if (!value) return CallResult(std::unexpected(CallError{CallError::Kind::bad_arguments, value.error()}));
        in[type->params[i].name] = parse_scanned(*value);
    }
    auto result = [type = *type](const HostAnswer& a) { return a ? answered(type, *a) : failed(type, a.error()); };
    auto answer = from_.hostcall("call", to_text({{"op", m->op}, {"in", std::move(in)}}), [then = std::move(then), result](HostAnswer a) { then(result(a)); });
    return answer ? std::optional(result(*answer)) : std::nullopt;
}

std::unexpected<LoadError> refuse(LoadError::Kind k, std::string why) { return std::unexpected(LoadError{k, std::move(why)}); }

std::expected<std::shared_ptr<plugins::Peer>, LoadError> connect(Store& caller, const std::string& identity) {
    auto* guest = static_cast<Guest*>(caller.user);
    if (!guest) return refuse(LoadError::Kind::denied, "a plug-in reaches nothing that runs elsewhere");
    std::string op = identity.substr(0, identity.find('/')), key = identity.substr(std::min(identity.size(), op.size() + 1));
    if (!granted(guest->config().grants.connect, op)) return refuse(LoadError::Kind::denied, "`" + op + "` is none of what it may reach (grants.connect)");
    auto& ops = guest->scope().tree.app->ops;
    auto to = ops.find(op);
    if (to == ops.end()) return refuse(LoadError::Kind::unknown, "there is no materializer `" + op + "`");
    const GuestConfig& g = *to->second.config->guest;
    if (g.kind != Kind::reflected) return refuse(LoadError::Kind::denied, "only instances of kind `reflected` are called with types");
    if (g.lifetime != Lifetime::singleton && g.lifetime != Lifetime::keyed)
        return refuse(LoadError::Kind::denied, "`" + op + "` has lifetime `" + to_string(g.lifetime) + "`: only singleton and keyed instances are reached by identity");
    if (g.lifetime == Lifetime::keyed && !g.key.starts_with('/')) return refuse(LoadError::Kind::denied, "the key of `" + op + "` is the end user's (key = \"" + g.key + "\")");
    if ((g.lifetime == Lifetime::keyed) == key.empty())
        return refuse(LoadError::Kind::unknown, key.empty() ? "which of them? \"" + op + "/KEY\"" : "`" + op + "` is one instance: it has no keys");
    return std::make_shared<Running>(*guest, to->second, key);
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
