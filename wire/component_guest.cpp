// Components: linked and started.
#include "component_guest.hpp"

#include <algorithm>

#include <heddle/plugins.hpp>
#include <nlohmann/json.hpp>

#include <heddle/component_driving.hpp>
#include <heddle/component_limits.hpp>

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

Host ComponentGuest::ask(HostCall& call, std::string_view op, std::string_view json, Answered answered) {
    auto deferred = std::make_shared<std::optional<component::Deferred>>();
    auto answer = hostcall(op, json, [deferred, answered](HostAnswer a) {
        auto result = answered(std::move(a));
        if (!result) (*deferred)->fail(result.error());
        else if (*result) (*deferred)->resolve(std::move(**result));
        else (*deferred)->resolve();
    });
    if (!answer) {
        *deferred = call.defer();
        return call.wait();
    }
    auto result = answered(std::move(*answer));
    if (!result) return call.fail(result.error());
    return *result ? call.done(std::move(**result)) : call.done();
}

void ComponentGuest::offer_hostcall(ComponentLinker& linker) {
    using Signature = component::FunctionOf<std::expected<std::string, std::string>(std::string, std::string)>;
    auto answered = [](HostAnswer a) { return std::optional(a ? Val::ok(Val::string(std::move(*a))) : Val::error(Val::string(std::move(a.error())))); };
    auto f = [this, answered](HostCall& call) { return ask(call, call.args()[0].as_string(), call.args()[1].as_string(), answered); };
    linker.interface("metatype:wit-wire/typegate-wire").raw("hostcall", f, Signature::type());
}

namespace {

// What a served function gives: a result<T, E> is T when the call went well, else E.
std::expected<std::optional<Val>, std::string> served(const component::FunctionType& type, const std::string& name, const std::string& op, HostAnswer answer) {
    if (!answer) {
        bool may_fail = type.result && type.result->kind() == ValueType::Kind::result;
        Json error = parse_scanned(answer.error());
        std::string code = error["code"].get<std::string>(), message = error["message"].get<std::string>();
        auto members = may_fail ? type.result->members() : std::span<const ValueType::Member>();
        auto value = may_fail && members[1].type ? error_value(*members[1].type, code, message) : std::nullopt;
        if (may_fail && !members[1].type) return Val::error();
        if (value) return Val::error(std::move(*value));
        return std::unexpected(name + ", served by `" + op + "`: " + message);
    }
    auto value = to_result(parse_scanned(*answer), type);
    if (!value) return std::unexpected(name + ": what `" + op + "` gave is not of the function's type: " + value.error());
    return value;
}

}  // namespace

// The arguments as an object by their names.
Host ComponentGuest::call_served(HostCall& call, const std::string& op) {
    component::FunctionType type = call.type();
    auto args = arguments_json(call, type);
    if (!args) return call.fail(call.name() + ": " + args.error());
    return ask(call, "call", to_text({{"op", op}, {"in", std::move(*args)}}),
               [type, name = call.name(), &op](HostAnswer answer) { return served(type, name, op, std::move(answer)); });
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
    const CallLimits& l = config().limits;
    component::set_limits(store(), {.handles = l.handles, .tasks = l.tasks, .subtasks = l.tasks, .waitable_sets = l.tasks, .streams = l.tasks,
                                    .host_bytes = l.host_memory, .host_copy_bytes = l.host_copy});
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
    if (artifact().plugins)
        if (auto linked = artifact().plugins->link(linker, *artifact().component); !linked) return broken(linked.error(), {});
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

Task<Ended> ComponentGuest::call(const ComponentFunc& f, std::vector<Val> args, std::optional<Val>& result) {
    component::return_parked(store());
    std::optional<ComponentCall> begun;
    Driving driving(*this);
    Ended ended = begin_call(f, std::move(args), begun);
    while (ended.ok() && !begun->is_done()) {
        if (awaits_answer()) {
            Task<bool> given = give_answer();
            co_await given;
        } else if (!ComponentScheduler::tick(store())) ended = run_in_place(*begun);
    }
    if (!ended.ok()) co_return ended;
    auto got = begun->result();
    if (!got) co_return broken(got.error(), component_trap(store()));
    result = std::move(*got);
    co_return Ended();
}

// It waits for something of WASI's.
Ended ComponentGuest::run_in_place(const ComponentCall& call) {
    if (store().parked()) return wait_for_wasi() ? Ended() : trapped(Trap{TrapCode::interrupted, {}, {}, 0, 0});
    Waiting waiting(*this);
    (void)call.wait();
    return {};
}

}  // namespace heddle::wire
