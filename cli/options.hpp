// The command line, parsed: one struct per subcommand.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <heddle/component_limits.hpp>
#include <heddle/engine.hpp>
#include <heddle/messages.hpp>

#include "exit_codes.hpp"
#include "tool_options.hpp"
#include "units.hpp"
#include "wast_runner.hpp"

namespace heddle::cli {

// What run and serve grant alike.
struct Grants {
    std::vector<std::pair<std::string, std::string>> config_values;  // wasi:config
    std::vector<std::string> keyvalue;                               // NAME, or NAME=FILE
    std::string log = "info";                                        // the least level of wasi:logging that is written, or "off"
    std::optional<std::string> ca_file;
    bool landlock = false;
    u64 open_files = 256;                                            // of one guest
};

struct RunOptions : Grants {
    std::string file;
    std::vector<std::string> arguments;  // the guest's, without its own name
    std::vector<DirGrant> dirs;
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::string> listen;  // ADDRESS:PORT
    std::vector<std::string> allow_net, allow_listen, allow_lookup;  // of components
    bool inherit_env = false, inherit_network = false;
    bool trace = false, trace_json = false;
    std::vector<LinkGrant> links;
    std::vector<std::pair<std::string, std::string>> plugins;  // name, file
    bool plugin_bytes = false;
    std::vector<std::string> hosts;  // SCHEME://HOST[:PORT]
    std::optional<std::string> invoke, argv0, core_dump;
    std::optional<MessageText> message;
    std::vector<SendGrant> sends;
    wire::JsonStyle message_style;
    std::optional<u64> fuel;
    std::optional<std::chrono::milliseconds> timeout;
    Config config;
    component::Limits component_limits;
};

struct WastOptions {
    std::vector<std::string> paths;
    std::optional<std::string> json, expectations;
    bool list_all = false, list_messages = false;
    ScriptOptions script;  // for each file
    Config config;
};

struct ValidateOptions {
    std::vector<std::string> files;
    Config config;
};

struct WatOptions {
    std::string file;
    std::optional<std::string> output;
    bool fold = false;
};

struct InspectOptions {
    std::string file;
    bool json = false;
    Config config;
};

struct CallOptions {
    std::string app, op, json = "null";  // "-": standard input
    std::optional<std::string> user, record;  // record: a folder
    std::optional<std::chrono::milliseconds> timeout;
};

struct ReplayOptions {
    std::string folder;
};

struct AppInitOptions {
    std::string folder = ".";
};

struct AppCheckOptions {
    std::string app = "app.toml";
};

struct AppImportOptions {
    std::string component, output = "-";
};

struct GenOptions {
    std::string language, app = "app.toml", guest, folder;
    bool strict = false;
};

struct ServeOptions : Grants {
    std::string file;
    std::string address = "127.0.0.1:8080";
    bool address_given = false;           // else an app is served where its manifest says
    std::optional<std::string> metrics;   // ADDRESS:PORT
    std::vector<std::string> hosts;       // SCHEME://HOST[:PORT]
    std::vector<DirGrant> dirs;
    std::vector<std::pair<std::string, std::string>> environment;
    u64 threads = 1, workers = 0, reuse = 1, max_requests = 256, max_queue = 1024, max_connections = 4096;
    u64 max_body = u64(10) << 20;
    std::optional<u64> fuel;
    std::chrono::milliseconds timeout{30'000}, drain{10'000};
    bool access_log = false;
    Config config;
    component::Limits component_limits;
};

using Options = std::variant<ExitCode, RunOptions, ServeOptions, WastOptions, ValidateOptions, WatOptions, InspectOptions, WitOptions, DeriveOptions, EmbedOptions,
                             NewOptions, UnbundleOptions, ComposeOptions, CallOptions, AppInitOptions, AppCheckOptions, AppImportOptions, GenOptions, ReplayOptions>;

// An ExitCode says that everything was said already: help, the version, or what was wrong with the words (on stderr).
Options parse_command_line(int argc, char** argv);

}  // namespace heddle::cli
