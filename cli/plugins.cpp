#include "plugins.hpp"

#include <heddle/plugin_support.hpp>

#include "source.hpp"

namespace heddle::cli {

namespace plugins = component::plugins;

namespace {

plugins::Limits limits_of(const RunOptions& options) {
    plugins::Limits l;
    l.memory_bytes = u64(64) << 20;
    if (options.fuel) l.fuel = *options.fuel;
    if (options.timeout) l.deadline = *options.timeout;
    return l;
}

}  // namespace

Or<std::optional<plugins::Catalogue>> plugins_of(const RunOptions& options) {
    if (options.plugins.empty() && !options.plugin_bytes) return std::nullopt;
    plugins::Options o;
    o.allow_bytes = options.plugin_bytes;
    o.bytes_limits = limits_of(options);
    o.bytes_imports = wire::nothing_granted();
    o.json = wire::plugin_json();
    plugins::Catalogue catalogue(std::move(o), options.config);
    for (const auto& [name, file] : options.plugins) {
        auto source = read_source(file, options.config.max_module_bytes);
        if (!source) return std::unexpected(source.error());
        if (!is_component(source->form)) return fail(not_runnable, source->label + ": is a core module; --plugin takes components");
        catalogue.add(name, {.bytes = std::move(source->bytes), .limits = limits_of(options), .imports = wire::nothing_granted(), .may_hold_plugins = true});
    }
    return std::optional(std::move(catalogue));
}

}  // namespace heddle::cli
