// Components: linked and started.
#include "component_guest.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "values.hpp"

namespace heddle::wire {

using component::HostCall;
using component::Val;
using component::ValueType;

namespace {

bool is_text(const std::optional<ValueType>& t) { return t && t->kind() == ValueType::Kind::string; }

// A failed call as a value of the function's own error type: a text, or of a variant the case that fits best and holds one.
std::optional<Val> error_value(const ValueType& type, const std::string& code, const std::string& message) {
    if (type.kind() == ValueType::Kind::string) return Val::string(message);
    if (type.kind() != ValueType::Kind::variant) return std::nullopt;
    auto members = type.members();
    std::string_view wanted[] = {code == "timeout" ? "timeout" : code == "denied" ? "denied" : code == "bad_args" ? "invalid-parameter" : "host-error", "host-error", "other"};
    for (std::string_view name : wanted)
        for (u32 i = 0; i < members.size(); ++i)
            if (members[i].name == name && is_text(members[i].type)) return Val::variant(i, Val::string(message));
    return std::nullopt;
}

std::expected<Json, std::string> arguments_json(HostCall& call, const component::FunctionType& type) {
    Json args = Json::object();
    for (std::size_t i = 0; i < type.params.size(); ++i) {
        auto value = to_json(call.args()[i], type.params[i].type);
        if (!value) return value;
        args[type.params[i].name] = std::move(*value);
    }
    return args;
}

}  // namespace

// The arguments as an object by their names; a result<T, E> is T when the call went well, else E.
Host ComponentGuest::call_served(HostCall& call, const std::string& op) {
    component::FunctionType type = call.type();
    auto args = arguments_json(call, type);
    if (!args) return call.fail(call.name() + ": " + args.error());
    auto answer = hostcall("call", to_text({{"op", op}, {"in", std::move(*args)}}));
    bool may_fail = type.result && type.result->kind() == ValueType::Kind::result;
    if (!answer) {
        Json error = parse_scanned(answer.error());
        std::string code = error["code"].get<std::string>(), message = error["message"].get<std::string>();
        auto members = may_fail ? type.result->members() : std::span<const ValueType::Member>();
        auto value = may_fail && members[1].type ? error_value(*members[1].type, code, message) : std::nullopt;
        if (may_fail && !members[1].type) return call.done(Val::error());
        return value ? call.done(Val::error(std::move(*value))) : call.fail(call.name() + ", served by `" + op + "`: " + message);
    }
    if (!type.result) return call.done();
    const auto& wanted = may_fail ? type.result->members()[0].type : type.result;
    if (!wanted) return call.done(Val::ok());
    auto value = to_value(parse_scanned(*answer), *wanted);
    if (!value) return call.fail(call.name() + ": what `" + op + "` gave is not of the function's type: " + value.error());
    return call.done(may_fail ? Val::ok(std::move(*value)) : std::move(*value));
}

void ComponentGuest::offer_imports(ComponentLinker& linker) {
    for (const auto& [function, op] : config().imports) {
        std::size_t dot = function.rfind('.');
        std::string name = function.substr(0, dot);
        for (const component::ExternInfo& i : artifact().component->imports())
            if (i.name == name || i.name.substr(0, i.name.find('@')) == name)
                linker.interface(i.name).raw(function.substr(dot + 1), [this, &op = op](HostCall& call) { return call_served(call, op); });
    }
}

Ended ComponentGuest::instantiate() {
    ComponentLinker linker(artifact().engine);
    auto imports = artifact().component->imports();
    auto imports_wasi = [&](std::string_view version) {
        return std::ranges::any_of(imports, [&](const component::ExternInfo& i) { return i.name.starts_with("wasi:") && i.name.find(version) != i.name.npos; });
    };
    if (imports_wasi("@0.2"))
        if (auto added = wasi::add_p2(linker, wasi()); !added) return broken(added.error(), {});
    if (imports_wasi("@0.3"))
        if (auto added = wasi::add_p3(linker, wasi()); !added) return broken(added.error(), {});
    offer_imports(linker);
    offer(linker);
    auto made = linker.instantiate(store(), *artifact().component);
    if (!made) return broken(made.error(), component_trap(store()));
    instance_ = std::move(*made);
    return {};
}

Result<void> ComponentGuest::do_save() {
    auto kept = snapshot(store(), *instance_);
    if (!kept) return std::unexpected(kept.error());
    snapshot_ = std::move(*kept);
    return {};
}

Result<void> ComponentGuest::do_reset() { return restore(store(), *instance_, snapshot_); }

Ended ComponentGuest::begin_call(const ComponentFunc& f, std::vector<Val> args, std::optional<ComponentCall>& call) {
    auto begun = f.start(std::move(args));
    if (!begun) return broken(begun.error(), component_trap(store()));
    call = std::move(*begun);
    return {};
}

Ended ComponentGuest::call(const ComponentFunc& f, std::vector<component::Val> args, std::optional<component::Val>& result) {
    auto called = f.call(std::move(args));
    if (!called) return broken(called.error(), component_trap(store()));
    result = std::move(*called);
    return {};
}

}  // namespace heddle::wire
