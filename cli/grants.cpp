#include "grants.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

namespace heddle::cli {

namespace {

std::filesystem::path folder_of(const std::string& file) {
    auto folder = std::filesystem::path(file).parent_path();
    return folder.empty() ? "." : folder;
}

// One line on standard error, whole also when several guests write.
void write_log(wasi::LogLevel level, std::string_view context, std::string_view message) {
    fmt::print(stderr, "{}{}{}: {}\n", wasi::to_string(level), context.empty() ? "" : " ", context, message);
}

std::size_t least_level(const std::string& name) {
    std::size_t level = 0;
    while (level <= std::size_t(wasi::LogLevel::critical) && name != wasi::to_string(wasi::LogLevel(level))) ++level;
    return level;
}

}  // namespace

Or<Stores> open_stores(const Grants& g) {
    Stores all;
    for (const std::string& text : g.keyvalue) {
        std::size_t equals = text.find('=');
        std::string name = text.substr(0, equals);
        if (equals == text.npos) {
            all[name] = wasi::KeyValue::in_memory();
            continue;
        }
        auto store = wasi::KeyValue::open(text.substr(equals + 1));
        if (!store) return fail(failed, "--keyvalue " + text + ": " + store.error().message);
        all[name] = *store;
    }
    return all;
}

void grant_more(wasi::Context& wasi, const Grants& g, const Stores& stores) {
    wasi::Limits limits;
    limits.open_files = u32(std::min<u64>(g.open_files, UINT32_MAX));
    wasi.limits(limits);
    for (const auto& [name, value] : g.config_values) wasi::config(wasi, name, value);
    for (const auto& [name, store] : stores) wasi::keyvalue(wasi, name, store);
    if (g.ca_file) wasi::trust_authorities(wasi, *g.ca_file);
    if (std::size_t least = least_level(g.log); least <= std::size_t(wasi::LogLevel::critical))
        wasi::on_log(wasi, [least](wasi::LogLevel level, std::string_view context, std::string_view message) {
            if (std::size_t(level) >= least) write_log(level, context, message);
        });
}

Or<void> raise_wall(const wasi::Context& wasi, const Grants& g, bool network, std::vector<wasi::WallPath> also) {
    if (!g.landlock) return {};
    // What the C library reads to look names up, and OpenSSL to check certificates.
    constexpr std::array for_network = {"/etc", "/usr/lib", "/lib", "/usr/share/ca-certificates", "/run/systemd/resolve"};
    if (network)
        for (const char* path : for_network) also.push_back({path, false});
    for (const std::string& text : g.keyvalue)
        if (std::size_t equals = text.find('='); equals != text.npos) also.push_back({folder_of(text.substr(equals + 1)).string(), true});
    if (g.ca_file) also.push_back({*g.ca_file, false});
    auto raised = wasi::second_wall(wasi, also);
    if (!raised) return fail(failed, "--landlock: " + raised.error().message);
    return {};
}

}  // namespace heddle::cli
