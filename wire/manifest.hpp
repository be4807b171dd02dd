// The app file: what an app is made of and what each part may do. Everything not listed is denied; unknown keys are errors.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/messages.hpp>

#include "schema.hpp"

namespace heddle::wire {

using Milliseconds = std::chrono::milliseconds;

enum class Kind : u8 { core, core_wire, wit_wire, wit, reflected, messages, http };
enum class Effect : u8 { read, create, update, delete_ };
enum class Lifetime : u8 { request, snapshot, pooled, singleton, keyed };
const char* to_string(Kind k);
const char* to_string(Effect e);
const char* to_string(Lifetime l);

// How many instances there may be and how long they live.
struct PoolConfig {
    u32 min = 0, max = 64;
    u64 max_uses = 0;                    // 0: no end
    Milliseconds idle{60'000};           // an instance that nobody used for so long goes
    Milliseconds wait{5'000};            // for a free instance
    u32 keys = 10'000;                   // keyed: instances at once
};

struct BreakerConfig {
    u32 failures = 0;                    // traps and limits in a row that open it; 0: never
    Milliseconds open{5'000};
};

// Of lifetime singleton: how long nobody starts an instance anew that has ended by itself. Doubled each time while instances live no longer than the longest.
struct RestartConfig {
    Milliseconds first{100}, longest{30'000};
};

// Of one call. 0: no limit.
struct CallLimits {
    Milliseconds deadline{30'000};
    u64 fuel = 0;
    u64 memory = u64(256) << 20;         // of one linear memory
    u64 total_memory = u64(512) << 20;   // of all memories of an instance
    u64 stack = u64(1) << 20;
    u32 hostcalls = 1'000;
    u32 depth = 16;                      // of nested calls
    JsonLimits json;                     // input, output, and what host calls are given
    u64 log_bytes = 64 << 10;            // of one call
    u32 async_calls = 128;               // at once in one instance, where `handle` is async
    // Of an instance of a component: handles; tasks, and as many subtasks, waitable sets and streams; what the host keeps for it, and copies for one call
    u32 handles = 65'536, tasks = 4'096;
    u64 host_memory = u64(64) << 20, host_copy = u64(32) << 20;
    // The deadline; where there is none, a day, so that it can be added to the time of day.
    Milliseconds time() const { return deadline.count() == 0 ? Milliseconds(24 * 3600 * 1000) : deadline; }
};

struct Grants {
    bool gql = false, log = false;
    std::vector<std::string> call;       // materializers; "*": any
    std::vector<std::string> host;       // the embedder's host calls; "*": any
    std::vector<std::string> http;       // "https://api.example.com", "*.example.com"
    std::vector<std::string> config;     // keys of [config]; "*": any
    std::vector<std::string> plugins;    // entries of [plugins]; "*": any
    std::vector<std::string> connect;    // materializers whose running instances may be called with types; "*": any; "nats:NAME": of other processes
    enum class Kv : u8 { none, read, write } kv = Kv::none;
    std::string kv_prefix;               // only keys that begin so
};

struct DirEntry {
    std::string guest, host;
    bool read_only = true;
};

// A component that guests may load through heddle:plugins, and what each of its instances gets. 0: no limit of its own.
struct PluginConfig {
    std::string name, artifact;
    u64 memory = u64(16) << 20;
    u64 fuel = 0;
    Milliseconds deadline{30'000};
    u32 zones = 0;                       // plug-ins of its own
};

// An imported interface whose calls are sent as messages to a materializer.
struct SentImport {
    Contract contract;
    std::string op;
};

// What makes an instance: materializers that agree in all of it share instances.
struct GuestConfig {
    std::string artifact;                // path
    std::string sha256;                  // lower case hex, or empty
    Kind kind = Kind::core_wire;
    Lifetime lifetime = Lifetime::snapshot;
    std::string key;                     // keyed: JSON pointer into the input, or "user" with one: "user/id"
    PoolConfig pool;
    BreakerConfig breaker;
    RestartConfig restart;
    CallLimits limits;
    Grants grants;
    std::vector<std::pair<std::string, std::string>> env;
    std::vector<DirEntry> dirs;
    std::vector<std::pair<std::string, std::string>> imports;  // "demo:app/store.get" -> the materializer that serves it
    std::vector<SentImport> sent;
    std::string messages_name;           // of kind messages: Contract::name, and how it answers
    JsonStyle messages_style;
    std::vector<PluginConfig> plugins;   // that it may load
    bool net = false;
    bool exact_version = false;          // the guest must speak exactly our version of the protocol
    std::string identity;                // all of the above as text: equal ones share instances
};

struct EventConfig {
    std::vector<std::string> on;         // "timer:5s", "cron:*/5 * * * *"
    u32 retries = 3;
    Milliseconds backoff{1'000};         // doubled each time
    std::string input = "null";          // JSON text given to the handler
};

struct RouteConfig {
    std::string prefix;                  // of kind http: "/shop"
};

struct MaterializerConfig {
    std::string op, title, hash;
    std::string runtime;                 // of a host call that a component provides: its name in [runtimes]; then `op` is the host call
    std::string data_json = "{}";        // mat-data-json
    std::string export_name;             // of kinds core, reflected and wit; of kind messages the interface, or empty: all
    u32 input = Types::anything, output = Types::anything;
    Effect effect = Effect::read;
    std::vector<std::string> policy;
    std::optional<EventConfig> event;
    RouteConfig route;
    std::shared_ptr<const GuestConfig> guest;
    // In listings and metrics: a host call and a materializer may be called the same.
    std::string full_name() const { return runtime.empty() ? op : "runtimes." + runtime + "." + op; }
};

struct ServeConfig {
    std::string listen = "127.0.0.1:8080";
    u32 workers = 0;                     // 0: one per core, at least 4
    u32 queue = 1'024;                   // requests that wait for a worker
    Milliseconds drain{10'000};
    std::string user_header;             // claims of the end user as JSON, from a proxy that is trusted; empty: nobody
    bool page = true, graphql = true, metrics = true, watch = false;
};

struct Manifest {
    std::string name = "app";
    std::string folder;                  // that paths are relative to
    Types types;
    std::vector<MaterializerConfig> materializers;
    std::vector<MaterializerConfig> provided;  // host calls of guests, provided by the components of [runtimes]
    std::map<std::string, std::string, std::less<>> config;  // JSON text
    std::vector<PluginConfig> plugins;
    std::string kv_path;                 // empty: in memory
    ServeConfig serve;

    const MaterializerConfig* find(std::string_view op) const;
};

// Reads TOML or JSON. Throws Error: what is wrong and where ("materializers.greet.limits.deadline: …").
Manifest read_manifest(std::string_view text, const std::string& folder);
// The manifest's text as a JSON tree: TOML unless it begins with `{`. Throws Error.
Json manifest_tree(std::string_view text);
// "5s", "200ms", "2m", "1h": throws Error beginning with `where`.
Milliseconds read_duration(const std::string& text, const std::string& where);
// A file's bytes; throws Error (kind io).
std::string read_file(const std::string& path, std::size_t limit);

}  // namespace heddle::wire
