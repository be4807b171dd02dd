// The command line's grammar. The only file that includes CLI11, which takes seconds to compile.
#include "options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <heddle/nats.hpp>

namespace heddle::cli {

namespace {

constexpr std::array<std::string_view, 15> subcommands = {"run", "profile", "trace", "serve", "wast", "validate", "wat", "inspect", "wit", "component", "compose", "call", "app", "gen", "replay"};

struct Proposal {
    const char* name;
    bool Config::*member;
};
constexpr Proposal proposals[] = {
    {"threads", &Config::threads_proposal},
    {"wide-arithmetic", &Config::wide_arithmetic},
    {"legacy-exceptions", &Config::legacy_exceptions},
    {"custom-page-sizes", &Config::custom_page_sizes},
    {"stack-switching", &Config::stack_switching},
    {"custom-descriptors", &Config::custom_descriptors},
    {"compact-imports", &Config::compact_imports},
    {"gc", &Config::gc},
    {"memory64", &Config::memory64},
    {"multi-memory", &Config::multi_memory},
    {"exceptions", &Config::exceptions},
    {"tail-call", &Config::tail_call},
    {"simd", &Config::simd},
    {"relaxed-simd", &Config::relaxed_simd},
};

struct SizeLimit {
    const char* option;
    u64 Config::*member;
    const char* help;
};
constexpr SizeLimit size_limits[] = {
    {"--max-memory", &Config::max_memory_bytes, "of one linear memory (default 4GiB)"},
    {"--max-total-memory", &Config::max_total_memory_bytes, "of all linear memories together (default: no limit)"},
    {"--max-stack", &Config::max_stack_bytes, "of the guest's stack (default 1MiB)"},
    {"--max-heap", &Config::max_heap_bytes, "of exceptions and managed objects (default 1GiB)"},
    {"--max-module", &Config::max_module_bytes, "of the file (default 256MiB)"},
};


struct CountLimit {
    const char* option;
    u32 component::Limits::*member;
    const char* help;
};
constexpr CountLimit component_counts[] = {
    {"--max-handles", &component::Limits::handles, "handles of one component instance (default 65536)"},
    {"--max-threads", &component::Limits::threads, "threads of one component instance (default 65536)"},
    {"--max-tasks", &component::Limits::tasks, "calls of async functions that are going on (default 4096)"},
    {"--max-subtasks", &component::Limits::subtasks, "such calls as components see those they make (default 4096)"},
    {"--max-waitable-sets", &component::Limits::waitable_sets, "waitable sets (default 4096)"},
    {"--max-streams", &component::Limits::streams, "streams and futures (default 4096)"},
};

struct ComponentSizeLimit {
    const char* option;
    u64 component::Limits::*member;
    const char* help;
};
constexpr ComponentSizeLimit component_sizes[] = {
    {"--max-host-bytes", &component::Limits::host_bytes, "held by the host for components: handles, buffers, … (default 64MiB)"},
    {"--max-host-copy", &component::Limits::host_copy_bytes, "copied between a component and the host in one call (default 32MiB)"},
};

// An option whose text is turned into a value by `parse`; what parse finds wrong becomes the option's error.
template <class Parse, class Store>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, const char* type, const char* help, Parse parse, Store store) {
    return app
        .add_option_function<std::vector<std::string>>(
            name,
            [=](const std::vector<std::string>& texts) {
                for (const std::string& text : texts) {
                    auto value = parse(text);
                    if (!value) throw CLI::ValidationError(name, value.error());
                    store(std::move(*value));
                }
            },
            help)
        ->type_name(type)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::expected<u64, std::string> parse_count(std::string_view text) {
    u64 number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        return std::unexpected(fmt::format("`{}` is no whole number", text));
    return number;
}

template <class Options>
void add_environment(CLI::App& app, Options& o) {
    auto parse = [](const std::string& text) -> std::expected<std::string, std::string> {
        if (text.empty() || text.starts_with('='))
            return std::unexpected("an environment variable is written NAME=VALUE, or NAME to pass on heddle's own");
        return text;
    };
    auto store = [&o](const std::string& text) {
        std::size_t equals = text.find('=');
        std::string name = text.substr(0, equals);
        if (equals != text.npos) o.environment.emplace_back(name, text.substr(equals + 1));
        else if (const char* value = std::getenv(name.c_str())) o.environment.emplace_back(name, value);
    };
    add_parsed(app, "--env", "NAME[=VALUE]", "an environment variable; without a value heddle's own is passed on", parse, store)->group("Grants");
}

template <class Options>
void add_limits(CLI::App& app, Options& o) {
    auto fuel = [&o](u64 n) {
        o.fuel = n;
        o.config.metering = true;
    };
    add_parsed(app, "--fuel", "N", "stop after about N instructions (exit code 125)", parse_count, fuel)->group("Limits");
    add_parsed(app, "--timeout", "DURATION", "stop after 500ms, 2s, … (run: exit code 124; serve, default 30s: of one request, 504)", parse_duration, [&o](std::chrono::milliseconds d) {
        o.timeout = d;
    })->group("Limits");
    for (const SizeLimit& limit : size_limits) {
        u64& value = o.config.*limit.member;
        add_parsed(app, limit.option, "SIZE", limit.help, parse_size, [&value](u64 n) { value = n; })->group("Limits");
    }
    add_parsed(app, "--max-table", "N", "elements of one table (default 10000000)", parse_count, [&o](u64 n) {
        o.config.max_table_elements = n;
    })->group("Limits");
}

std::expected<u32, std::string> parse_count32(std::string_view text) {
    auto n = parse_count(text);
    if (!n) return std::unexpected(n.error());
    if (*n > ~u32(0)) return std::unexpected(fmt::format("`{}` is too large: at most {}", text, ~u32(0)));
    return u32(*n);
}

void add_component_limits(CLI::App& app, component::Limits& limits) {
    for (const CountLimit& limit : component_counts) {
        u32& value = limits.*limit.member;
        add_parsed(app, limit.option, "N", limit.help, parse_count32, [&value](u32 n) { value = n; })->group("Limits of components");
    }
    for (const ComponentSizeLimit& limit : component_sizes) {
        u64& value = limits.*limit.member;
        add_parsed(app, limit.option, "SIZE", limit.help, parse_size, [&value](u64 n) { value = n; })->group("Limits of components");
    }
}

template <class Options>
void add_hosts(CLI::App& app, Options& o) {
    app.add_option("--allow-host", o.hosts, "a host that requests may be sent to: https://api.example.com, http://127.0.0.1:8080, https://*.example.com")
        ->type_name("SCHEME://HOST[:PORT]")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group("Grants");
}

std::expected<std::string, std::string> parse_log_level(std::string_view text) {
    constexpr std::array levels = {"trace", "debug", "info", "warn", "error", "critical", "off"};
    if (std::ranges::find(levels, text) != levels.end()) return std::string(text);
    return std::unexpected(fmt::format("`{}` is no level; there are {}", text, fmt::join(levels, ", ")));
}

template <class Options>
void add_grants(CLI::App& app, Options& o) {
    auto parse_config = [](const std::string& text) -> std::expected<std::string, std::string> {
        if (text.find('=') == text.npos || text.starts_with('=')) return std::unexpected("a value of the configuration is written NAME=VALUE");
        return text;
    };
    add_parsed(app, "--config", "NAME=VALUE", "a value that a component finds by wasi:config", parse_config, [&o](const std::string& text) {
        o.config_values.emplace_back(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
    })->group("Grants");
    auto parse_store = [](const std::string& text) -> std::expected<std::string, std::string> {
        if (text.empty() || text.starts_with('=') || text.ends_with('=')) return std::unexpected("a store is written NAME, in memory, or NAME=FILE");
        return text;
    };
    add_parsed(app, "--keyvalue", "NAME[=FILE]", "a store that a component opens by wasi:keyvalue: in memory, or a SQLite file", parse_store,
               [&o](const std::string& text) { o.keyvalue.push_back(text); })
        ->group("Grants");
    add_parsed(app, "--log", "LEVEL", "what a component writes by wasi:logging and is at least so grave goes to standard error (default info; off: nothing)",
               parse_log_level, [&o](const std::string& level) { o.log = level; })
        ->group("Grants");
    app.add_option("--ca-file", o.ca_file, "the certificates that HTTPS requests of a component trust, instead of the system's (PEM)")->type_name("FILE")->group("Grants");
    add_parsed(app, "--max-open-files", "N", "files and sockets that one guest has open at once (default 256)", parse_count, [&o](u64 n) {
        o.open_files = n;
    })->group("Limits");
    app.add_flag("--landlock", o.landlock, "a second wall: the kernel keeps this process itself from all files that were not granted")->group("Grants");
}

std::expected<const Proposal*, std::string> parse_proposal(std::string_view text) {
    std::vector<std::string> names;
    for (const Proposal& p : proposals) {
        if (text == p.name) return &p;
        names.push_back(p.name);
    }
    std::string_view near = nearest(text, names);
    return std::unexpected(fmt::format("no proposal is called {}{}; there are {}", text, near.empty() ? "" : fmt::format(", did you mean {}?", near),
                                       fmt::join(names, ", ")));
}

// In the order of the words: the last one about a proposal counts.
void add_proposals(CLI::App& app, Config& config) {
    std::vector<std::string> names;
    for (const Proposal& p : proposals) names.push_back(p.name);
    static const std::string help = fmt::format("refuse modules that use it: {}", fmt::join(names, ", "));
    add_parsed(app, "--disable", "NAME", help.c_str(), parse_proposal, [&config](const Proposal* p) { config.*p->member = false; })->group("Proposals");
    add_parsed(app, "--enable", "NAME", "allow it, as by default", parse_proposal, [&config](const Proposal* p) { config.*p->member = true; })
        ->group("Proposals");
}

void add_engine(CLI::App& app, RunOptions& o) {
    app.add_option("--handler-copies", o.config.handler_copies, "copies of the interpreter's hot handlers (default: as many as suit this CPU)")
        ->type_name("N")
        ->group("Engine");
    app.add_flag("!--no-superinstructions", o.config.superinstructions, "run one instruction at a time")->group("Engine");
}

using Named = std::vector<std::pair<std::string, std::string>>;

// NAME=FILE; without a name, `name_of` gives it.
void add_named_files(CLI::App& app, const char* option, const char* help, Named& into, std::string (*name_of)(const std::string& file)) {
    app.add_option_function<std::vector<std::string>>(
           option,
           [&into, name_of](const std::vector<std::string>& all) {
               for (const std::string& word : all) {
                   auto equals = word.find('=');
                   if (equals == word.npos) into.emplace_back(name_of(word), word);
                   else into.emplace_back(word.substr(0, equals), word.substr(equals + 1));
               }
           },
           help)
        ->type_name("NAME=FILE")
        ->allow_extra_args(false)
        ->trigger_on_parse(false);
}

std::string stem(const std::string& file) {
    std::string name = std::filesystem::path(file).filename().string();
    return name.substr(0, name.find('.'));
}
std::string anything(const std::string&) { return "*"; }

// One word each of how JSON in messages is written.
struct StyleWord {
    std::string_view word;
    void (*set)(wire::JsonStyle&);
};
constexpr StyleWord style_words[] = {
    {"kebab", [](wire::JsonStyle& s) { s.keys = wire::JsonStyle::Keys::kebab; }}, {"snake", [](wire::JsonStyle& s) { s.keys = wire::JsonStyle::Keys::snake; }},
    {"camel", [](wire::JsonStyle& s) { s.keys = wire::JsonStyle::Keys::camel; }}, {"base64", [](wire::JsonStyle& s) { s.byte_numbers = false; }},
    {"numbers", [](wire::JsonStyle& s) { s.byte_numbers = true; }},
};

std::expected<std::vector<StyleWord>, std::string> parse_style(std::string_view text) {
    std::vector<StyleWord> all;
    for (std::size_t at = 0; at <= text.size();) {
        std::size_t end = std::min(text.size(), text.find(',', at));
        auto word = std::ranges::find(style_words, text.substr(at, end - at), &StyleWord::word);
        if (word == std::end(style_words)) return std::unexpected("how JSON is written: keys as kebab, snake or camel, bytes as base64 or numbers; after commas");
        all.push_back(*word);
        at = end + 1;
    }
    return all;
}

void add_messages(CLI::App& run, RunOptions& o) {
    add_parsed(run, "--message", "'METHOD JSON'", "call an exported function by a message, 'Interface.Function {\"a\": 1}', and print the answer", parse_message,
               [&o](MessageText m) { o.message = std::move(m); })
        ->excludes(run.get_option("--invoke"))
        ->group("Messages");
    add_parsed(run, "--send", "INTERFACE[=NAME[@CONTRACT]]", "calls of that imported interface become messages to the function `send` of a component of --link", parse_send,
               [&o](SendGrant s) { o.sends.push_back(std::move(s)); })
        ->group("Messages");
    add_parsed(run, "--message-style", "WORDS", "how JSON in messages is written: keys as kebab (default), snake or camel, bytes as base64 (default) or numbers", parse_style,
               [&o](const std::vector<StyleWord>& all) {
                   for (const StyleWord& word : all) word.set(o.message_style);
               })
        ->group("Messages");
}

CLI::App* add_run(CLI::App& app, RunOptions& o, const char* name, const char* description) {
    CLI::App* run = app.add_subcommand(name, description);
    run->footer(
        "Written `heddle run [OPTIONS] FILE [ARGUMENTS]`. Words after FILE belong to the guest. Nothing is granted by default: no directory, no "
        "environment variable, no socket.\n\n"
        "Exit codes: the guest's own; 1 error; 2 wrong words; 124 timeout; 125 limit; 126 not runnable; 127 not found; 134 trap.");
    run->prefix_command();
    add_parsed(*run, "--dir", "HOST[::GUEST][:ro]", "a directory the guest may use, optionally under another name, optionally read-only", parse_dir,
               [&o](DirGrant g) { o.dirs.push_back(std::move(g)); })
        ->group("Grants");
    add_environment(*run, o);
    add_hosts(*run, o);
    add_grants(*run, o);
    struct ListGrant {
        const char* option;
        std::vector<std::string>& to;
        const char *type, *help;
    };
    const ListGrant lists[] = {
        {"--listen", o.listen, "ADDRESS:PORT", "a listening socket the guest gets as an open descriptor"},
        {"--allow-net", o.allow_net, "PROTOCOL:connect:HOST:PORT",
         "where a component may connect or send to: tcp or udp; an address, network, name or *; a port, a range or *"},
        {"--allow-listen", o.allow_listen, "[PROTOCOL:]ADDRESS:PORT", "where a component may bind and listen; port 0: any free one"},
        {"--allow-lookup", o.allow_lookup, "NAME", "a name that a component may look up: example.com, *.example.com, *"},
    };
    for (const ListGrant& l : lists)
        run->add_option(l.option, l.to, l.help)
            ->type_name(l.type)
            ->expected(1)
            ->allow_extra_args(false)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
            ->group("Grants");
    run->add_flag("--inherit-env", o.inherit_env, "all of heddle's own environment")->group("Grants");
    run->add_flag("--inherit-network", o.inherit_network, "everything on the network that heddle may do itself")->group("Grants");
    run->add_flag("--trace", o.trace, "write every WASI call to standard error: name, arguments, result, time");
    run->add_flag("--trace-json", o.trace_json, "the same, one JSON object per line");
    run->add_option("--invoke", o.invoke,
                    "call an exported function and print its results: 'name(1, 2.5)', of a component 'ns:pkg/iface.name({a: 1}, \"x\")'")
        ->type_name("CALL");
    add_parsed(*run, "--link", "[NAME=]FILE", "a component whose exports serve imports of those named after it and of FILE; with NAME: that import",
               parse_link, [&o](LinkGrant l) { o.links.push_back(std::move(l)); });
    add_messages(*run, o);
    add_named_files(*run, "--plugin", "a component that the guest may load by NAME (default: the file's name) through heddle:plugins, with nothing granted", o.plugins, stem);
    run->add_flag("--plugin-bytes", o.plugin_bytes, "the guest may load plug-ins that it has the bytes of");
    run->add_option("--argv0", o.argv0, "the guest's own name (default: FILE)")->type_name("NAME");
    run->add_option("--coredump", o.core_dump, "after a trap: write what the guest left, for a debugger")->type_name("FILE");
    add_limits(*run, o);
    add_component_limits(*run, o.component_limits);
    add_engine(*run, o);
    add_proposals(*run, o.config);
    return run;
}

CLI::App* add_trace(CLI::App& app, RunOptions& o) {
    CLI::App* trace = add_run(app, o, "trace", "run a program as `run` does, and write every WASI call to standard error");
    trace->add_flag("--json", o.trace_json, "one JSON object per line");
    o.trace = true;
    return trace;
}

CLI::App* add_profile(CLI::App& app, RunOptions& o) {
    CLI::App* profile = add_run(app, o, "profile", "run a program as `run` does, and count which handlers of the interpreter it uses");
    auto write = [&o](const std::string& path) {
        // A component's modules report one after the other.
        o.config.profile = [path, begun = std::make_shared<bool>(false)](const std::string& counts) {
            std::FILE* file = std::fopen(path.c_str(), std::exchange(*begun, true) ? "a" : "w");
            bool written = file && std::fwrite(counts.data(), 1, counts.size(), file) == counts.size();
            if (file && std::fclose(file) != 0) written = false;
            if (!written) fmt::print(stderr, "heddle: {}: cannot write the counts\n", path);
        };
    };
    profile->add_option_function<std::string>("-o,--output", write, "where to write the counts")->required()->type_name("FILE");
    return profile;
}

// Where NATS is, for all apps of the process.
void add_nats(CLI::App& app) {
    static wire::NatsOptions nats{.log = [](const std::string& level, const std::string& message) { fmt::print(stderr, "heddle: {}: {}\n", level, message); }};
    app.add_option("--nats", nats.servers, "of an app: answer on NATS too, and call there what it does not hold; several servers after commas")->type_name("URL")->group("Many machines");
    app.add_option("--nats-retries", nats.retries, "how often a call that no other process answered is made again (default 0)")->type_name("N")->group("Many machines");
    add_parsed(app, "--nats-patience", "DURATION", "how long another process may take to answer (default: as long as the call may last)", parse_duration,
               [](std::chrono::milliseconds d) { nats.patience = d; })->group("Many machines");
    app.parse_complete_callback([] { wire::use_nats(nats); });
}

CLI::App* add_serve(CLI::App& app, ServeOptions& o) {
    CLI::App* serve = app.add_subcommand("serve", "serve over HTTP: a component that exports wasi:http/incoming-handler, or an app of materializers");
    serve->footer("Ends on SIGTERM or SIGINT: takes no more requests and finishes what it has.\n\n"
                  "Exit codes: 0 all requests were finished; 1 error; 2 wrong words; 124 some were cut; 126 no wasi:http component; 127 not found.");
    serve->add_option("file", o.file)->required()->type_name("FILE");
    serve->add_option("--addr", o.address, "where to listen (default 127.0.0.1:8080; port 0: any)")->type_name("ADDRESS:PORT");
    add_nats(*serve);
    serve->add_option("--metrics", o.metrics, "where to serve /metrics, /healthz")->type_name("ADDRESS:PORT");
    serve->add_flag("--access-log", o.access_log, "a line on standard output for every request");
    add_parsed(*serve, "--dir", "HOST[::GUEST][:ro]", "a directory the guest may use, optionally under another name, optionally read-only", parse_dir,
               [&o](DirGrant g) { o.dirs.push_back(std::move(g)); })
        ->group("Grants");
    add_environment(*serve, o);
    add_hosts(*serve, o);
    add_grants(*serve, o);
    add_limits(*serve, o);
    add_component_limits(*serve, o.component_limits);
    struct { const char *name, *help; u64& value; } counts[] = {
        {"--threads", "threads for connections (default 1)", o.threads},
        {"--workers", "threads that run guests, those that wait hold none (default: one per processor, two at least)", o.workers},
        {"--reuse", "requests one instance handles (default 1: a fresh one for each)", o.reuse},
        {"--max-requests", "requests handled at once (default 256)", o.max_requests},
        {"--max-queue", "requests that wait; more get 503 (default 1024)", o.max_queue},
        {"--max-connections", "connections at once (default 4096)", o.max_connections},
    };
    for (auto& c : counts) add_parsed(*serve, c.name, "N", c.help, parse_count, [&v = c.value](u64 n) { v = n; })->group("Limits");
    add_parsed(*serve, "--max-body", "SIZE", "of a request (default 10M)", parse_size, [&o](u64 n) { o.max_body = n; })->group("Limits");
    add_parsed(*serve, "--drain", "DURATION", "how long requests may take to end (default 10s)", parse_duration, [&o](std::chrono::milliseconds d) {
        o.drain = d;
    })->group("Limits");
    add_proposals(*serve, o.config);
    return serve;
}

CLI::App* add_wast(CLI::App& app, WastOptions& o) {
    CLI::App* wast = app.add_subcommand("wast", "run the specification's test scripts");
    wast->add_option("paths", o.paths, "scripts, or directories of scripts")->required()->type_name("FILES|DIRS");
    wast->add_option("--json", o.json, "write the results as JSON; - for standard output")->type_name("FILE");
    wast->add_option("--expectations", o.expectations, "known failures, one `path[:line] reason` per line; a listed one that passes is an error")
        ->type_name("FILE");
    wast->add_flag("--all", o.list_all, "list every failure, not only the first ones of each file");
    wast->add_flag("--messages", o.list_messages, "list also errors of the right kind with other words than the script's");
    add_parsed(*wast, "--timeout", "DURATION", "for one script (default 60s)", parse_duration, [&o](std::chrono::milliseconds d) {
        o.script.timeout = d;
    });
    add_parsed(*wast, "--seed", "N", "shuffle the order in which ready tasks of components run", parse_count, [&o](u64 n) { o.script.seed = n; });
    auto slice = [&o](u64 fuel) {
        o.script.slice = fuel;
        o.config.metering = true;
    };
    add_parsed(*wast, "--slice", "FUEL", "stop and resume guests after every FUEL instructions", parse_count, slice);
    add_proposals(*wast, o.config);
    return wast;
}

CLI::App* add_validate(CLI::App& app, ValidateOptions& o) {
    CLI::App* validate = app.add_subcommand("validate", "check modules and components, binary or text");
    validate->add_option("files", o.files)->required()->type_name("FILES");
    add_proposals(*validate, o.config);
    return validate;
}

CLI::App* add_wat(CLI::App& app, WatOptions& o) {
    CLI::App* wat = app.add_subcommand("wat", "turn the text of a module or component into its binary form, or its binary form into text");
    wat->add_option("file", o.file)->required()->type_name("FILE");
    wat->add_option("-o,--output", o.output, "where to write (default: standard output)")->type_name("OUT");
    wat->add_flag("--fold", o.fold, "print folded expressions");
    return wat;
}

CLI::App* add_inspect(CLI::App& app, InspectOptions& o) {
    CLI::App* inspect = app.add_subcommand("inspect", "say what a file is: imports, exports, features, sizes");
    inspect->add_option("file", o.file)->required()->type_name("FILE");
    inspect->add_flag("--json", o.json, "as JSON");
    return inspect;
}

// ---- the tools for components

struct Tools {
    WitOptions wit;
    DeriveOptions derive;
    EmbedOptions embed;
    NewOptions make;
    UnbundleOptions unbundle;
    ComposeOptions compose;
    std::vector<std::pair<CLI::App*, std::variant<WitOptions*, DeriveOptions*, EmbedOptions*, NewOptions*, UnbundleOptions*, ComposeOptions*>>> commands;
};

void add_features(CLI::App& app, std::vector<std::string>& features, bool& all) {
    app.add_option("--features", features, "turn on what is @unstable under these features")->type_name("NAME,…")->delimiter(',');
    app.add_flag("--all-features", all, "turn on everything that is @unstable");
}

CLI::App* add_wit(CLI::App& app, WitOptions& o) {
    CLI::App* wit = app.add_subcommand("wit", "print a file's WIT: of a component, a package in text or binary form, or a core module with a world in it");
    wit->add_option("file", o.file, "a .wasm or .wit file, or a folder of .wit files with its dependencies in deps/")->type_name("FILE");
    wit->final_callback([wit, &o] {
        if (o.file.empty() && wit->get_subcommands().empty()) throw CLI::RequiredError("file");
    });
    wit->add_option("-o,--output", o.output, "where to write (default: standard output)")->type_name("OUT");
    wit->add_flag("--binary", o.binary, "write the package in its binary form");
    add_features(*wit, o.features, o.all_features);
    return wit;
}

CLI::App* add_derive(CLI::App& wit, DeriveOptions& o) {
    CLI::App* derive = wit.add_subcommand("derive", "print the package that a component imports which holds plug-ins of a world");
    derive->add_option("file", o.file, "the plug-in's world: as for wit, or a plug-in")->required()->type_name("FILE");
    derive->add_option("-w,--world", o.world, "which world (default: the package's only one)")->type_name("WORLD");
    derive->add_option("-o,--output", o.folder, "write a folder: the package, and in deps/ the others that it mentions")->type_name("DIR");
    add_features(*derive, o.features, o.all_features);
    return derive;
}

CLI::App* add_embed(CLI::App& component, EmbedOptions& o) {
    CLI::App* embed = component.add_subcommand("embed", "put a world into a core module");
    embed->add_option("wit", o.wit, "a .wit file, a folder of them, or a package in binary form")->required()->type_name("WIT");
    embed->add_option("module", o.module, "the core module, binary or text")->required()->type_name("MODULE");
    embed->add_option("-w,--world", o.world, "which world (default: the package's only one)")->type_name("WORLD");
    embed->add_option("--encoding", o.encoding, "how the module's strings are encoded: utf8, utf16 or compact-utf16")
        ->check(CLI::IsMember({"utf8", "utf16", "compact-utf16"}));
    embed->add_option("-o,--output", o.output, "where to write")->required()->type_name("OUT");
    add_features(*embed, o.features, o.all_features);
    return embed;
}

CLI::App* add_new(CLI::App& component, NewOptions& o) {
    CLI::App* make = component.add_subcommand("new", "make a component of a core module with a world in it");
    make->add_option("module", o.module, "the core module, binary or text")->required()->type_name("MODULE");
    add_named_files(*make, "--adapt", "a module that serves what MODULE imports from NAME (default: the file's name)", o.adapters, stem);
    make->add_option("-o,--output", o.output, "where to write")->required()->type_name("OUT");
    return make;
}

CLI::App* add_unbundle(CLI::App& component, UnbundleOptions& o) {
    CLI::App* unbundle = component.add_subcommand("unbundle", "take a component apart: its core modules as files");
    unbundle->add_option("file", o.file)->required()->type_name("FILE");
    unbundle->add_option("-d,--dir", o.folder, "where to write them")->required()->type_name("DIR");
    return unbundle;
}

CLI::App* add_compose(CLI::App& app, ComposeOptions& o) {
    CLI::App* compose = app.add_subcommand("compose", "make one component of several");
    compose->add_option("main", o.main, "the component whose exports the new one has")->required()->type_name("MAIN");
    add_named_files(*compose, "-m,--module", "a component that serves the interface NAME (default: whatever it exports)", o.parts, anything);
    compose->add_option("-o,--output", o.output, "where to write")->required()->type_name("OUT");
    return compose;
}

void add_tools(CLI::App& app, Tools& t) {
    CLI::App* component = app.add_subcommand("component", "make components of core modules, and take them apart");
    component->require_subcommand(1);
    CLI::App* wit = add_wit(app, t.wit);
    t.commands = {{add_derive(*wit, t.derive), &t.derive},
                  {wit, &t.wit},
                  {add_embed(*component, t.embed), &t.embed},
                  {add_new(*component, t.make), &t.make},
                  {add_unbundle(*component, t.unbundle), &t.unbundle},
                  {add_compose(app, t.compose), &t.compose}};
}

CLI::App* add_call(CLI::App& app, CallOptions& o) {
    CLI::App* call = app.add_subcommand("call", "call one materializer of an app: JSON in, JSON out");
    call->add_option("app", o.app, "the app's manifest")->required()->type_name("APP");
    call->add_option("op", o.op, "the materializer")->required()->type_name("OP");
    call->add_option("--json", o.json, "the input (default: null; -: standard input)")->type_name("JSON");
    add_nats(*call);
    call->add_option("--record", o.record, "write the call and all host results to FOLDER, for heddle replay")->type_name("FOLDER");
    call->add_option("--user", o.user, "claims of the end user, as JSON")->type_name("JSON");
    add_parsed(*call, "--timeout", "DURATION", "stop after 500ms, 2s, … (the materializer's own deadline holds too)", parse_duration,
               [&o](std::chrono::milliseconds d) { o.timeout = d; });
    call->footer("Exit codes: 0 ok; 3 unknown op; 4 bad JSON; 5 too large; 6 invalid input; 7 denied; 8 no handler; 9 in-json-err; 10 handler-err; 11 invalid output;\n"
                 "12 init failed; 13 unavailable; 14 overloaded; 124 deadline; 125 limit (fuel, memory, depth); 130 cancelled; 134 trap; 1 any other error.");
    return call;
}

struct AppCommands {
    CLI::App *init, *check, *import, *gen;
};
AppCommands add_app(CLI::App& app, AppInitOptions& init, AppCheckOptions& check, AppImportOptions& import, GenOptions& gen) {
    CLI::App* group = app.add_subcommand("app", "make or check an app of materializers, or make one of a component");
    group->require_subcommand(1);
    AppCommands c{};
    c.init = group->add_subcommand("init", "write a commented app that runs");
    c.init->add_option("folder", init.folder, "where (default: here)")->type_name("FOLDER");
    c.check = group->add_subcommand("check", "load an app and start every guest once");
    c.check->add_option("app", check.app, "the app's manifest (default: app.toml)")->type_name("APP");
    add_nats(*c.check);
    c.import = group->add_subcommand("import", "a manifest that puts a component by others in service");
    c.import->add_option("component", import.component, "the component")->required()->type_name("FILE");
    c.import->add_option("-o,--output", import.output, "where to (default: standard output)")->type_name("FILE");
    c.gen = app.add_subcommand("gen", "write what a guest needs to take and give an app's types");
    c.gen->add_option("language", gen.language, "c, cpp, js, rust or wit")->required()->type_name("LANGUAGE");
    c.gen->add_option("app", gen.app, "the app's manifest (default: app.toml)")->type_name("APP");
    c.gen->add_option("--guest", gen.guest, "which guest, when the app has several: its artifact's name without ending")->type_name("NAME");
    c.gen->add_option("-o,--output", gen.folder, "where to (default: beside the manifest)")->type_name("FOLDER");
    c.gen->add_flag("--strict", gen.strict, "fail when a type has no typed form and crosses as JSON text");
    return c;
}

// What follows `run`'s own options: FILE and the guest's words. An unknown option before FILE ends up here too.
std::optional<std::string> take_program(CLI::App& run, RunOptions& o) {
    std::vector<std::string> words = run.remaining();
    if (!words.empty() && words.front() == "--") words.erase(words.begin());
    if (words.empty()) return "no file to run was named\n  heddle run [OPTIONS] FILE [ARGUMENTS]";
    if (words.front().size() > 1 && words.front().starts_with('-')) {
        std::string name = words.front().substr(0, words.front().find('='));
        std::vector<std::string> known;
        for (const CLI::Option* option : run.get_options())
            for (const std::string& l : option->get_lnames()) known.push_back("--" + l);
        std::string_view near = nearest(name, known);
        return fmt::format("unknown option {}{}\n  `heddle run --help` lists the options; options for the guest go after FILE", name,
                           near.empty() ? "" : fmt::format("; did you mean {}?", near));
    }
    o.file = words.front();
    o.arguments.assign(words.begin() + 1, words.end());
    return std::nullopt;
}

ExitCode usage_error(std::string_view message) {
    fmt::print(stderr, "heddle: {}\n", message);
    return wrong_usage;
}

// A first word that is no subcommand is a file to run, unless it is no file either and nearly a subcommand.
std::optional<std::string> likely_subcommand(const std::string& word) {
    if (std::ranges::find(subcommands, word) != subcommands.end() || word.starts_with('-')) return std::nullopt;
    std::error_code ignored;
    if (std::filesystem::exists(word, ignored) || word.find_first_of("./") != word.npos) return std::nullopt;
    std::string_view near = nearest(word, subcommands);
    if (near.empty()) return std::nullopt;
    return std::string(near);
}

bool wants_run(const std::string& word) {
    constexpr std::array<std::string_view, 4> own = {"-h", "--help", "--version", "--help-all"};
    return std::ranges::find(subcommands, word) == subcommands.end() && std::ranges::find(own, word) == own.end();
}

void name_program(CLI::App& app) {
    app.description("heddle runs WebAssembly.");
    app.name("heddle");
    app.set_version_flag("--version", "heddle " HEDDLE_VERSION);
    app.set_help_all_flag("--help-all", "the help of all subcommands");
    app.require_subcommand(0, 1);
    app.footer("`heddle FILE [ARGUMENTS]` is short for `heddle run FILE [ARGUMENTS]`.");
}

// How the program ends when the words are wrong, or ask for help alone.
std::optional<ExitCode> parse(CLI::App& app, const std::vector<std::string>& words) {
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes the words last to first
        return std::nullopt;
    } catch (const CLI::Success& done) {
        app.exit(done);
        return ok;
    } catch (const CLI::ParseError& error) {
        return usage_error(fmt::format("{}\n  `heddle{} --help` lists what can be said", error.what(),
                                       app.get_subcommands().empty() ? "" : " " + app.get_subcommands()[0]->get_name()));
    }
}

constexpr const char* run_description = "run a program, a module or a component: .wasm, .wat, or - for standard input";

// Of a small program's time most would go into the other subcommands' options; and where there are none, into run's own.
Options parse_run(const std::vector<std::string>& words) {
    if (words.size() > 1 && !words[1].empty() && !words[1].starts_with('-')) {
        RunOptions run;
        run.file = words[1];
        run.arguments.assign(words.begin() + 2, words.end());
        return run;
    }
    CLI::App app;
    name_program(app);
    RunOptions run;
    CLI::App* run_app = add_run(app, run, "run", run_description);
    if (auto end = parse(app, words)) return *end;
    if (auto wrong = take_program(*run_app, run)) return usage_error(*wrong);
    return run;
}

}  // namespace

Options parse_command_line(int argc, char** argv) {
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (!words.empty()) {
        if (auto near = likely_subcommand(words.front()))
            return usage_error(fmt::format("no file and no command is called {}; did you mean `heddle {}`?", words.front(), *near));
        if (wants_run(words.front())) words.insert(words.begin(), "run");
        if (words.front() == "run") return parse_run(words);
    }
    CLI::App app;
    name_program(app);
    RunOptions run;
    ServeOptions serve;
    WastOptions wast;
    ValidateOptions validate;
    WatOptions wat;
    InspectOptions inspect;
    add_run(app, run, "run", run_description);  // for its help
    RunOptions profile;
    CLI::App* profile_app = add_profile(app, profile);
    RunOptions trace;
    CLI::App* trace_app = add_trace(app, trace);
    CLI::App* serve_app = add_serve(app, serve);
    CLI::App* wast_app = add_wast(app, wast);
    CLI::App* validate_app = add_validate(app, validate);
    CLI::App* wat_app = add_wat(app, wat);
    CLI::App* inspect_app = add_inspect(app, inspect);
    Tools tools;
    add_tools(app, tools);
    CallOptions call;
    ReplayOptions replay;
    CLI::App* replay_app = app.add_subcommand("replay", "run a recorded call again, without its host");
    replay_app->add_option("folder", replay.folder, "what `heddle call --record` wrote")->required()->type_name("FOLDER");
    AppInitOptions app_init;
    AppCheckOptions app_check;
    AppImportOptions app_import;
    GenOptions gen;
    CLI::App* call_app = add_call(app, call);
    AppCommands app_commands = add_app(app, app_init, app_check, app_import, gen);

    if (words.empty()) {
        fmt::print(stderr, "{}", app.help());
        return wrong_usage;
    }
    if (auto end = parse(app, words)) return *end;
    serve.address_given = serve_app->get_option("--addr")->count() > 0;
    if (serve_app->parsed()) return serve;
    if (replay_app->parsed()) return replay;
    if (profile_app->parsed()) {
        if (auto wrong = take_program(*profile_app, profile)) return usage_error(*wrong);
        return profile;
    }
    if (trace_app->parsed()) {
        if (auto wrong = take_program(*trace_app, trace)) return usage_error(*wrong);
        return trace;
    }
    if (wast_app->parsed()) return wast;
    if (validate_app->parsed()) return validate;
    if (wat_app->parsed()) return wat;
    if (inspect_app->parsed()) return inspect;
    for (const auto& [tool, options] : tools.commands)
        if (tool->parsed()) return std::visit([](auto* o) -> Options { return std::move(*o); }, options);
    if (call_app->parsed()) return call;
    if (app_commands.init->parsed()) return app_init;
    if (app_commands.check->parsed()) return app_check;
    if (app_commands.import->parsed()) return app_import;
    if (app_commands.gen->parsed()) return gen;
    return usage_error("no command was named\n  `heddle --help` lists the commands");
}

}  // namespace heddle::cli
