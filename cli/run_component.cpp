// heddle run, of a component: linked with the components of --link, then its wasi:cli/run or the function of --invoke is called.
#include <atomic>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include <heddle/component.hpp>
#include <heddle/wave.hpp>

#include "describe_component.hpp"
#include "grants.hpp"
#include "plugins.hpp"
#include "program.hpp"
#include "watchdog.hpp"

namespace heddle::cli {

namespace {

using component::ExternInfo;
using component::Val;

// One run of one component and of those linked with it.
class ComponentProgram {
public:
    ComponentProgram(const RunOptions& options, const Engine& engine, const std::string& label)
        : options_(options), label_(label), engine_(engine), store_(engine), linker_(engine) {
        if (options.fuel) store_.set_fuel(*options.fuel);
        component::set_limits(store_, options.component_limits);
        keep_core_dumps(store_, options);
    }

    Or<int> run(const Component& main, const std::optional<wave::Call>& call);
    // From any thread: what runs ends soon.
    void stop() {
        timed_out_ = true;
        wasi_.cancel();
        store_.interrupt();
        if (plugins_) plugins_->interrupt(store_);
    }

private:
    Or<void> link(const LinkGrant& link);
    Or<void> send_messages(const Component& main);
    Or<int> receive(const ComponentInstance& instance, const MessageText& message);
    Or<void> serve_plugins(ComponentLinker& linker, const Component& main);
    Or<ComponentInstance> instantiate(const std::string& label, const Component& component);
    Or<int> run_command(const ComponentInstance& instance);
    Or<int> invoke(const ComponentInstance& instance, const wave::Call& call);
    Or<std::optional<Val>> call(const ComponentFunc& function, std::vector<Val> arguments);

    const RunOptions& options_;
    const std::string& label_;
    const Engine& engine_;
    Store store_;
    ComponentLinker linker_;
    std::optional<component::plugins::Catalogue> plugins_;
    wasi::Context wasi_;
    std::optional<wire::Send> send_;  // of the last component of --link that has one
    std::atomic<bool> timed_out_ = false;
    int exit_code_ = ok;  // of a guest that ended the program within a call
};

Or<Component> load(const Engine& engine, Source source) {
    auto component = Component::load(engine, std::move(source.bytes));
    if (!component) return std::unexpected(load_failure(source, component.error()));
    return *component;
}

// Another component's exports become imports of those after it: all under their own names, or as the one interface that is named.
Or<void> ComponentProgram::link(const LinkGrant& link) {
    auto source = read_source(link.file, options_.config.max_module_bytes);
    if (!source) return std::unexpected(source.error());
    if (!is_component(source->form)) return fail(not_runnable, source->label + ": is a core module; --link takes components");
    std::string label = source->label;
    auto component = load(engine_, std::move(*source));
    if (!component) return std::unexpected(component.error());
    auto instance = instantiate(label, *component);
    if (!instance) return std::unexpected(instance.error());
    if (auto send = wire::sender_of(*instance)) send_ = std::move(*send);
    if (link.name) linker_.instance(*link.name, instance->find_instance(*link.name).value_or(*instance));
    else linker_.exports_of(*instance);
    return {};
}

Or<void> ComponentProgram::serve_plugins(ComponentLinker& linker, const Component& main) {
    auto made = plugins_of(options_);
    if (!made) return std::unexpected(made.error());
    if (!*made) return {};
    plugins_ = std::move(*made);
    auto linked = plugins_->link(linker, main);
    if (!linked) return fail(failed, label_ + ": " + linked.error().message);
    return {};
}

// The interfaces of --send.
Or<void> ComponentProgram::send_messages(const Component& main) {
    if (!options_.sends.empty() && !send_) return fail(wrong_usage, "--send: no component of --link exports a function `send` that takes messages");
    for (const SendGrant& s : options_.sends) {
        wire::Contract contract{.interface = s.interface, .name = s.name, .contract = s.contract, .link = std::nullopt, .style = options_.message_style};
        auto served = wire::send_messages(linker_, main, std::move(contract), *send_);
        if (!served) return fail(failed, fmt::format("{}: --send {}: {}", label_, s.interface, served.error().message));
    }
    return {};
}

Or<ComponentInstance> ComponentProgram::instantiate(const std::string& label, const Component& component) {
    if (auto missing = linker_.missing(component); !missing.empty()) return fail(failed, label + ": " + describe_missing(missing));
    auto instance = linker_.instantiate(store_, component);
    if (instance) return *instance;
    if (instance.error().kind != Error::Kind::trapped) return std::unexpected(load_failure(label, instance.error()));
    write_core_dump(store_, options_);
    auto end = ended(label, component_trap(store_), options_, timed_out_);
    return fail(end ? ExitCode(*end) : end.error().code, end ? label + ": ended while it was instantiated" : end.error().message);
}

// An empty answer with exit_code_ set: the guest ended the program.
Or<std::optional<Val>> ComponentProgram::call(const ComponentFunc& function, std::vector<Val> arguments) {
    auto result = function.call(std::move(arguments));
    if (result) return std::move(*result);
    if (result.error().kind != Error::Kind::trapped) return std::unexpected(load_failure(label_, result.error()));
    write_core_dump(store_, options_);
    auto end = ended(label_, component_trap(store_), options_, timed_out_);
    if (!end) return std::unexpected(end.error());
    exit_code_ = *end;
    return std::nullopt;
}

// The newest known version's `run`, of those that are exported.
std::optional<ComponentFunc> find_run(const ComponentInstance& instance) {
    for (std::string_view version : {"@0.3", "@0.2"})
        for (const ExternInfo& e : instance.exports())
            if (e.kind == ExternInfo::Kind::instance && e.name.starts_with("wasi:cli/run" + std::string(version)))
                return instance.find_func(e.name + ".run");
    return std::nullopt;
}

Or<int> ComponentProgram::run_command(const ComponentInstance& instance) {
    auto run = find_run(instance);
    if (!run)
        return fail(not_runnable, fmt::format("{}: is a library: it exports no wasi:cli/run; call one of its functions with --invoke 'name(1, \"x\")'{}",
                                              label_, describe_functions(instance.exports())));
    auto result = call(*run, {});
    if (!result) return std::unexpected(result.error());
    if (*result && (*result)->kind() == Val::Kind::variant && (*result)->case_index() != 0) return failed;
    return exit_code_;
}

Or<int> ComponentProgram::invoke(const ComponentInstance& instance, const wave::Call& invoked) {
    std::string name = wave::call_name(invoked.interface, invoked.function);
    auto function = instance.find_func(name);
    if (!function) return fail(failed, fmt::format("{}: no exported function {}{}", label_, name, describe_functions(instance.exports())));
    component::FunctionType type = function->type();
    auto arguments = wave::parse_arguments(invoked, type);
    if (!arguments)
        return fail(wrong_usage, fmt::format("--invoke: {}\n  {} is {}", describe_at(invoked.text, arguments.error()), name, to_string(type)));
    auto result = call(*function, std::move(*arguments));
    if (!result) return std::unexpected(result.error());
    if (*result) fmt::print("{}\n", wave::print(**result, *type.result));
    std::fflush(stdout);
    return exit_code_;
}

Or<int> ComponentProgram::receive(const ComponentInstance& instance, const MessageText& message) {
    wire::Contract contract;
    contract.style = options_.message_style;
    auto receiver = wire::Receiver::of(instance, contract);
    if (!receiver) return fail(not_runnable, label_ + ": takes no messages: " + receiver.error().message);
    auto answer = receiver->receive({message.method, message.argument});
    if (!answer && timed_out_) return ended(label_, component_trap(store_), options_, timed_out_);
    if (!answer) return fail(failed, fmt::format("{}: {}: {}: {}", label_, message.method, answer.error().kind, answer.error().message));
    fmt::print("{}\n", *answer);
    std::fflush(stdout);
    return exit_code_;
}

Or<int> ComponentProgram::run(const Component& main, const std::optional<wave::Call>& call) {
    grant(wasi_, options_, label_);
    auto stores = open_stores(options_);
    if (!stores) return std::unexpected(stores.error());
    grant_more(wasi_, options_, *stores);
    if (auto added = wasi::add(linker_, wasi_); !added) return fail(failed, added.error().message);
    if (auto added = wasi::add_drafts(linker_, wasi_); !added) return fail(failed, added.error().message);
    if (auto served = serve_plugins(linker_, main); !served) return std::unexpected(served.error());
    announce_ports(wasi_, options_);
    if (auto walled = raise_wall(wasi_, options_, uses_network(options_), other_files(options_)); !walled) return std::unexpected(walled.error());
    for (const LinkGrant& l : options_.links)
        if (auto linked = link(l); !linked) return std::unexpected(linked.error());
    if (auto sent = send_messages(main); !sent) return std::unexpected(sent.error());
    auto instance = instantiate(label_, main);
    if (!instance) return std::unexpected(instance.error());
    if (options_.message) return receive(*instance, *options_.message);
    return call ? invoke(*instance, *call) : run_command(*instance);
}

}  // namespace

Or<int> run_component(const RunOptions& options, const Engine& engine, Source source) {
    std::optional<wave::Call> call;
    if (options.invoke) {
        auto parsed = wave::parse_call(*options.invoke);
        if (!parsed) return fail(wrong_usage, "--invoke: " + describe_at(*options.invoke, parsed.error()));
        call = std::move(*parsed);
    }
    std::string label = source.label;
    auto component = load(engine, std::move(source));
    if (!component) return std::unexpected(component.error());
    ComponentProgram program(options, engine, label);
    std::optional<Watchdog> watchdog;
    if (options.timeout) watchdog.emplace(*options.timeout, [&program] { program.stop(); });
    return program.run(*component, call);
}

}  // namespace heddle::cli
