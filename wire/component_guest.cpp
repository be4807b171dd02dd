// Components: linked and started.
#include "component_guest.hpp"

#include <algorithm>

#include <heddle/plugins.hpp>
#include <nlohmann/json.hpp>

#include <heddle/component_driving.hpp>
#include <heddle/component_limits.hpp>

#include "messages.hpp"
#include "values.hpp"

namespace heddle::wire {

using component::HostCall;
using component::Val;
using component::ValueType;

namespace {

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
    auto value = answer ? to_result(parse_scanned(*answer), type) : failed_call(answer.error(), type);
    if (value) return value;
    return std::unexpected(name + (answer ? ": what `" + op + "` gave is not of the function's type: " : ", served by `" + op + "`: ") + value.error());
}

// The same of one that was sent as a message: the answer is bytes, in base64.
std::expected<std::optional<Val>, std::string> sent(const component::FunctionType& type, const std::string& name, const std::string& op, HostAnswer answer) {
    if (!answer) return served(type, name, op, std::move(answer));
    Json json = parse_scanned(*answer);
    auto bytes = json.is_string() ? from_base64(json.get<std::string>()) : std::nullopt;
    Answer got = bytes ? Answer(std::string(bytes->begin(), bytes->end())) : std::unexpected(RpcError{"deser", "`" + op + "` gave no bytes (as base64): " + excerpt(json)});
    auto value = result_of(got, type);
    if (value) return value;
    return std::unexpected(name + ", sent to `" + op + "`: " + value.error());
}

}  // namespace

// The arguments as an object by their names.
Host ComponentGuest::call_served(HostCall& call, const std::string& op) {
    component::FunctionType type = call.type();
    auto args = to_text(Val::record({call.args().begin(), call.args().end()}), parameters(type));
    if (!args) return call.fail(call.name() + ": " + args.error());
    return ask(call, "call", call_question(op, *args), [type, name = call.name(), &op](HostAnswer answer) { return served(type, name, op, std::move(answer)); });
}

// What `send(msg, contract-name, link-name)` takes.
Host ComponentGuest::call_sent(HostCall& call, const std::string& method, const SentImport& to) {
    component::FunctionType type = call.type();
    const Contract& c = to.contract;
    auto arg = argument_text(call.args(), type, c.style);
    if (!arg) {
        auto value = result_of(std::unexpected(RpcError{"ser", arg.error()}), type);
        return value && *value ? call.done(std::move(**value)) : call.fail(call.name() + ": " + arg.error());
    }
    std::string bytes = base64({reinterpret_cast<const u8*>(arg->data()), arg->size()});
    std::string in = R"({"msg":{"method":)" + json_string(method) + R"(,"arg":")" + bytes + R"("},"contract-name":)" + json_string(c.contract) + R"(,"link-name":)" +
                     (c.link ? json_string(*c.link) : "null") + "}";
    return ask(call, "call", call_question(to.op, in), [type, name = call.name(), &to](HostAnswer answer) { return sent(type, name, to.op, std::move(answer)); });
}

void ComponentGuest::offer_imports(ComponentLinker& linker) {
    auto imports = artifact().component->imports();
    for (const auto& [function, op] : config().imports) {
        std::size_t dot = function.rfind('.');
        for (const component::ExternInfo& i : imports)
            if (names(function.substr(0, dot), i.name))
                linker.interface(i.name).raw(function.substr(dot + 1), [this, &op = op](HostCall& call) { return call_served(call, op); });
    }
    for (const SentImport& to : config().sent)
        for (const component::ExternInfo& i : imports)
            for (const component::ExternInfo& f : i.exports)
                if (names(to.contract.interface, i.name) && f.kind == component::ExternInfo::Kind::func)
                    linker.interface(i.name).raw(f.name, [this, &to, method = method_name(to.contract, f.name)](HostCall& call) { return call_sent(call, method, to); });
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
        } else if (!ComponentScheduler::tick(store()) && !awaits_answer()) ended = run_in_place(*begun);  // it may have asked for the next answer, and parked again
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
