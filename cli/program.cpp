#include "program.hpp"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include <heddle/wasi_trace.hpp>

namespace heddle::cli {

void grant(wasi::Context& wasi, const RunOptions& options, const std::string& label) {
    wasi.inherit_stdio().arg(options.argv0.value_or(label));
    for (const std::string& a : options.arguments) wasi.arg(a);
    if (options.inherit_env) wasi.inherit_env();
    for (const auto& [name, value] : options.environment) wasi.env(name, value);
    for (const std::string& h : options.hosts) wasi.allow_host(h);
    for (const DirGrant& d : options.dirs) wasi.dir(d.host, d.guest, d.read_only ? wasi::ReadOnly : wasi::ReadWrite);
    for (const std::string& address : options.listen) wasi.listen(address);
    for (const std::string& rule : options.allow_net) wasi.allow_net(rule);
    for (const std::string& rule : options.allow_listen) wasi.allow_listen(rule);
    for (const std::string& name : options.allow_lookup) wasi.allow_lookup(name);
    if (options.inherit_network) wasi.inherit_network();
    if (options.trace || options.trace_json)
        wasi::trace(wasi, [](std::string_view line) { fmt::print(stderr, "{}\n", line); }, options.trace_json);
}

bool uses_network(const RunOptions& o) { return o.inherit_network || !o.hosts.empty() || !o.allow_net.empty() || !o.allow_lookup.empty(); }

std::vector<wasi::WallPath> other_files(const RunOptions& options) {
    std::vector<wasi::WallPath> all;
    for (const LinkGrant& l : options.links) all.push_back({l.file, false});
    if (!options.core_dump) return all;
    auto folder = std::filesystem::path(*options.core_dump).parent_path();
    all.push_back({folder.empty() ? "." : folder.string(), true});
    return all;
}

void announce_ports(const wasi::Context& wasi, const RunOptions& options) {
    for (std::size_t i = 0; i < options.listen.size(); ++i)
        if (auto port = wasi.listener_port(i); port && options.listen[i].ends_with(":0"))
            fmt::print(stderr, "heddle: listening on port {}\n", *port);
}

void keep_core_dumps(Store& store, const RunOptions& options) { store.keep_core_dumps(options.core_dump.has_value()); }

void write_core_dump(const Store& store, const RunOptions& options) {
    std::span<const u8> dump = store.core_dump();
    if (!options.core_dump || dump.empty()) return;
    std::ofstream out(*options.core_dump, std::ios::binary);
    out.write(reinterpret_cast<const char*>(dump.data()), std::streamsize(dump.size()));
    if (!out.flush()) fmt::print(stderr, "heddle: --coredump {}: cannot be written\n", *options.core_dump);
}

Or<int> ended(const std::string& label, const Trap& trap, const RunOptions& options, bool is_over) {
    auto stopped = [&](ExitCode code, std::string_view what) { return fail(code, fmt::format("{}: {}{}", label, what, with_option_names(trap.to_string()))); };
    if (is_over) return stopped(timed_out, fmt::format("stopped: --timeout {} ms passed: ", options.timeout->count()));
    switch (trap.code) {
        case TrapCode::exited: return trap.exit_code;
        case TrapCode::out_of_fuel: return stopped(limit_hit, fmt::format("stopped: --fuel {} is used up: ", options.fuel.value_or(0)));
        case TrapCode::heap_limit:
        case TrapCode::stack_limit:
        case TrapCode::nesting_limit: return stopped(limit_hit, "limit: ");
        default: return component::is_limit(trap) ? stopped(limit_hit, "") : stopped(trapped, "trap: ");
    }
}

}  // namespace heddle::cli
