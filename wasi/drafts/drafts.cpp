// wasi:config and wasi:logging, and what a Context grants of the drafts.
// https://github.com/WebAssembly/wasi-config, https://github.com/WebAssembly/wasi-logging
#include "drafts/drafts.hpp"

namespace heddle::wasi {

struct ConfigError : std::variant<std::string, std::string> {};

template <>
struct Cases<ConfigError> {
    static constexpr auto list = std::to_array<std::string_view>({"upstream", "io"});
};
template <>
struct Labels<LogLevel> {
    static constexpr auto list = std::to_array<std::string_view>({"trace", "debug", "info", "warn", "error", "critical"});
};

namespace {

Drafts& drafts_of(Context& c) {
    auto& d = c.data().drafts;
    if (!d) d = std::make_shared<Drafts>();
    return *d;
}

using Entries = std::vector<std::tuple<std::string, std::string>>;

std::optional<std::string> get(Guest& g, const std::string& key) {
    if (!g.context().drafts) return std::nullopt;
    const auto& all = g.context().drafts->config;
    auto at = all.find(key);
    return at == all.end() ? std::nullopt : std::optional(at->second);
}

Entries get_all(Guest& g) {
    if (!g.context().drafts) return {};
    const auto& all = g.context().drafts->config;
    return Entries(all.begin(), all.end());
}

void log(Guest& g, LogLevel level, std::string_view context, std::string_view message) {
    if (auto& d = g.context().drafts; d && d->log) d->log(level, context.substr(0, log_bytes), message.substr(0, log_bytes));
}

}  // namespace

const char* to_string(LogLevel level) { return Labels<LogLevel>::list[std::size_t(level)].data(); }

void config(Context& context, std::string key, std::string value) { drafts_of(context).config[std::move(key)] = std::move(value); }

void on_log(Context& context, std::function<void(LogLevel, std::string_view, std::string_view)> f) { drafts_of(context).log = std::move(f); }

void keyvalue(Context& context, std::string name, std::shared_ptr<KeyValue> store) { drafts_of(context).stores[std::move(name)] = std::move(store); }

Result<void> add_drafts(ComponentLinker& linker, const Context& context) {
    if (context.data().error) return std::unexpected(*context.data().error);
    Binder b(linker, context);
    b.interface("wasi:config/store@0.2.0-rc.1")
        .fn("get(key)", [](Guest& g, std::string key) { return std::expected<std::optional<std::string>, ConfigError>(get(g, key)); })
        .fn("get-all()", [](Guest& g) { return std::expected<Entries, ConfigError>(get_all(g)); });
    b.interface("wasi:logging/logging@0.1.0-draft").fn("log(level, context, message)", [](Guest& g, LogLevel level, std::string context, std::string message) {
        log(g, level, context, message);
    });
    add_keyvalue_draft(b);
    add_keyvalue_draft2(b);
    return {};
}

}  // namespace heddle::wasi
