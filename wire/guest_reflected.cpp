// Kind `reflected`: any component; an export is called by its name, JSON becomes its parameters and its result JSON.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "component_guest.hpp"
#include "lent.hpp"
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
    ~ReflectedGuest() override { lent_->end(); }

private:
    Task<Ended> do_start(const InitArgs& args) override;
    Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) override;
    bool shares() const override { return shares_; }
    Ended do_begin(const MaterializerConfig& op, std::string_view json, std::optional<ComponentCall>& call) override;
    Ended do_finish(const MaterializerConfig& op, std::optional<Val> result) override;
    Ended check(const InitArgs& args);
    Ended outcome(const component::FunctionType& type, const std::optional<Val>& result);
    Task<Ended> call_passing(const ComponentFunc& f, const component::FunctionType& type, std::vector<Val> numbers);
    std::optional<std::vector<Val>> own_arguments(const component::FunctionType& type, const std::vector<Val>& numbers);
    bool shares_ = true;
    const std::shared_ptr<Lent> lent_ = std::make_shared<Lent>();  // to guests that reached this instance
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
    lent_->drop_gone();
    bool passes = scope().passed && has_resources(type);
    auto args = arguments(input, passes ? numbered(type) : type);
    if (!args) co_return Ended{Outcome::in_json_err, args.error()};
    if (passes) {
        Task<Ended> passing = call_passing(*f, type, std::move(*args));
        co_return co_await passing;
    }
    std::optional<Val> result;
    Task<Ended> calling = call(*f, std::move(*args), result);
    Ended called = co_await calling;
    co_return called.ok() ? outcome(type, result) : std::move(called);
}

// What the numbers stand for: resources of this instance, lent or given back. Nothing: one is of an instance that is no more.
std::optional<std::vector<Val>> ReflectedGuest::own_arguments(const component::FunctionType& type, const std::vector<Val>& numbers) {
    auto own = [&](const Val& number, const ValueType& t) -> std::optional<Val> {
        const auto& given = scope().passed->given;
        auto* handle = number.as<u32>() < given.size() ? dynamic_cast<LentHandle*>(given[number.as<u32>()].handle().get()) : nullptr;
        const Val* held = handle && handle->of == lent_ ? lent_->find(handle->number) : nullptr;
        if (!held) return std::nullopt;
        return t.kind() == ValueType::Kind::own ? lent_->take(handle->number) : Val::handle(Val::Kind::borrow, held->handle());
    };
    std::vector<Val> all;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        auto v = map_resources(numbers[i], type.params[i].type, own);
        if (!v) return std::nullopt;
        all.push_back(std::move(*v));
    }
    return all;
}

// A call by a guest that reached this instance: handles are numbers in the JSON, and lie beside it.
Task<Ended> ReflectedGuest::call_passing(const ComponentFunc& f, const component::FunctionType& type, std::vector<Val> numbers) {
    auto args = own_arguments(type, numbers);
    if (!args) {
        scope().passed->stale = true;
        co_return Ended{Outcome::in_json_err, "the instance that had the resource has ended"};
    }
    std::optional<Val> result;
    Task<Ended> calling = call(f, std::move(*args), result);
    Ended called = co_await calling;
    if (!called.ok()) co_return called;
    if (!result) co_return outcome(type, result);
    auto given = map_resources(*result, *type.result, [&](const Val& v, const ValueType&) -> std::optional<Val> {
        auto number = lent_->keep(v);
        if (!number) return std::nullopt;
        auto& got = scope().passed->got;
        got.push_back(Val::handle(Val::Kind::own, std::make_shared<LentHandle>(lent_, *number)));
        return Val::u32(u32(got.size() - 1));
    });
    if (!given) {
        scope().passed->too_many = true;
        co_return Ended{Outcome::overloaded, "other guests hold " + std::to_string(Lent::most) + " resources of this instance already"};
    }
    co_return outcome(numbered(type), given);
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
