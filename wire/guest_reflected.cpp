// Kind `reflected`: any component; an export is called by its name, JSON becomes its parameters and its result JSON.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "component_guest.hpp"
#include "near.hpp"
#include "values.hpp"

namespace heddle::wire {

namespace {

using component::Val;
using component::ValueType;

void function_names(const std::vector<component::ExternInfo>& exports, const std::string& prefix, std::vector<std::string>& to) {
    for (const component::ExternInfo& e : exports) {
        if (e.kind == component::ExternInfo::Kind::func) to.push_back(prefix + e.name);
        if (e.kind == component::ExternInfo::Kind::instance) function_names(e.exports, e.name + ".", to);
    }
}

class ReflectedGuest : public ComponentGuest {
public:
    using ComponentGuest::ComponentGuest;

private:
    Task<Ended> do_start(const InitArgs& args) override;
    Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) override;
    bool shares() const override { return shares_; }
    Ended do_begin(const MaterializerConfig& op, std::string_view json, std::optional<ComponentCall>& call) override;
    Ended do_finish(const MaterializerConfig& op, std::optional<Val> result) override;
    Ended check(const InitArgs& args);
    Ended outcome(const component::FunctionType& type, const std::optional<Val>& result);
    bool shares_ = true;
};

Task<Ended> ReflectedGuest::do_start(const InitArgs& args) {
    Ended made = instantiate();
    co_return made.ok() ? check(args) : std::move(made);
}

Ended ReflectedGuest::check(const InitArgs& args) {
    for (const MaterializerConfig* m : args.ops) {
        auto f = instance().find_func(m->export_name);
        shares_ = shares_ && f && f->type().async;
        if (f) continue;
        std::vector<std::string> names;
        function_names(instance().exports(), "", names);
        return {Outcome::init_failed, artifact().label + ": exports no function `" + m->export_name + "`" + suggestion(m->export_name, names)};
    }
    return {};
}

// An array: by position. An object whose keys are the parameters' names: by name. Otherwise the only parameter's value.
std::expected<std::vector<Val>, std::string> arguments(const Json& input, const component::FunctionType& type) {
    std::vector<ValueType::Member> members;
    for (const auto& p : type.params) members.push_back({p.name, p.type});
    bool by_name = input.is_object() && std::ranges::all_of(input.items(), [&](const auto& item) {
        return std::ranges::any_of(members, [&](const ValueType::Member& m) { return plain_name(m.name) == plain_name(item.key()); });
    });
    bool only_value = members.size() == 1 && !by_name && !(input.is_array() && input.size() == 1 && members[0].type->kind() != ValueType::Kind::list && members[0].type->kind() != ValueType::Kind::tuple);
    if (only_value) {
        auto v = to_value(input, *members[0].type);
        if (!v) return std::unexpected(v.error());
        return std::vector<Val>{std::move(*v)};
    }
    if (members.empty() && (input.is_null() || input.empty())) return std::vector<Val>();
    std::vector<ValueType> types;
    for (const auto& m : members) types.push_back(*m.type);
    auto all = input.is_array() ? to_value(input, ValueType::tuple(types)) : to_value(input, ValueType::record(members));
    if (!all) return std::unexpected(all.error());
    auto items = all->items();
    return std::vector<Val>(items.begin(), items.end());
}

// The key of a keyed instance may lie beside the arguments.
void drop_key(Json& input, const GuestConfig& g, const component::FunctionType& type) {
    if (g.lifetime != Lifetime::keyed || !g.key.starts_with('/') || !input.is_object()) return;
    std::string key = g.key.substr(1);
    if (std::ranges::none_of(type.params, [&](const auto& p) { return plain_name(p.name) == plain_name(key); })) input.erase(key);
}

// A result<T, E> of the function is its outcome.
Ended ReflectedGuest::outcome(const component::FunctionType& type, const std::optional<Val>& result) {
    if (!result) return {Outcome::ok, "null"};
    bool may_fail = type.result->kind() == ValueType::Kind::result;
    const Val* value = may_fail ? result->payload() : &*result;
    bool failed = may_fail && result->case_index() == 1;
    const auto& value_type = may_fail ? type.result->members()[result->case_index()].type : type.result;
    auto json = value ? to_text(*value, *value_type) : "null";
    if (!json) return {Outcome::invalid_output, json.error()};
    return failed ? said(Outcome::handler_err, *json) : Ended{Outcome::ok, std::move(*json)};
}

Task<Ended> ReflectedGuest::do_handle(const MaterializerConfig& op, std::string_view json) {
    auto f = instance().find_func(op.export_name);
    if (!f) co_return Ended{Outcome::no_handler, artifact().label + ": exports no function `" + op.export_name + "`"};
    component::FunctionType type = f->type();
    Json input = parse_scanned(json);
    drop_key(input, config(), type);
    auto args = arguments(input, type);
    if (!args) co_return Ended{Outcome::in_json_err, args.error()};
    std::optional<Val> result;
    Task<Ended> calling = call(*f, std::move(*args), result);
    Ended called = co_await calling;
    co_return called.ok() ? outcome(type, result) : std::move(called);
}

Ended ReflectedGuest::do_begin(const MaterializerConfig& op, std::string_view json, std::optional<ComponentCall>& call) {
    auto f = instance().find_func(op.export_name);
    auto args = arguments(parse_scanned(json), f->type());
    if (!args) return {Outcome::in_json_err, args.error()};
    return ComponentGuest::begin_call(*f, std::move(*args), call);
}

Ended ReflectedGuest::do_finish(const MaterializerConfig& op, std::optional<Val> result) { return outcome(instance().find_func(op.export_name)->type(), result); }

}  // namespace

std::unique_ptr<Guest> make_reflected_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    return std::make_unique<ReflectedGuest>(std::move(artifact), config);
}

}  // namespace heddle::wire
