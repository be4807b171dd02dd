// Plug-ins: components that a component, or an embedder, loads, holds and calls, each with memories, handles and limits of its own.
//
//   plugins::Catalogue catalogue;
//   catalogue.add("shout", {.bytes = read("shout.wasm")});
//
//   catalogue.link(linker, *guest);                                            // serves heddle:plugins, and what `heddle wit derive` derived
//   auto instance = linker.instantiate(store, *guest);
//
//   auto shout = catalogue.instantiate("shout");                               // the same without a guest: expected<Plugin, LoadError>
//   auto said = shout->call("demo:app/greet.hello", {Val::string("Ada")}); // expected<optional<Val>, CallError>
//
// Whatever a plug-in does, it fails alone: a trap, a loop, too much memory are errors of that call, and end that plug-in.
#pragma once
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/component.hpp>

namespace heddle::component::plugins {

// What one plug-in may have. Whoever makes one gives at most what is left of its own.
struct Limits {
    u64 memory_bytes = u64(16) << 20;            // of its linear memories together, and those of its own plug-ins
    u64 fuel = ~u64(0);                          // for each call
    std::chrono::milliseconds deadline{30'000};  // for each call
    u32 handles = 65'536;                        // in each of its component instances
    u32 zones = 64;                              // plug-ins of its own, and theirs
    u32 depth = 4;                               // of plug-ins in plug-ins
    u64 copy_bytes = u64(8) << 20;               // of values, in one call
    u32 resources = 4096;                        // of its own that its caller holds
};

struct LoadError {
    enum class Kind : u8 { unknown, denied, invalid, unlinkable, wrong_world, limit, trapped, dead };  // in the order of heddle:plugins
    Kind kind;
    std::string message;
};
struct CallError {
    enum class Kind : u8 { trapped, deadline, fuel, memory, limit, dead, reentrant, foreign_handle, unknown_function, bad_arguments, unreachable };
    Kind kind;
    std::string message;
};
const char* to_string(LoadError::Kind k);  // as in WIT: "wrong-world"
const char* to_string(CallError::Kind k);
using CallResult = std::expected<std::optional<Val>, CallError>;

struct Status {
    enum class Kind : u8 { ready, running, dead, closed };
    Kind kind;
    std::string why;  // dead
};

// What else serves a plug-in's imports.
struct Served {
    std::shared_ptr<void> keep;      // while the plug-in lives
    std::function<void()> cancel;    // from any thread, at its deadline: whatever it waits for ends
};
using Imports = std::function<Result<Served>(ComponentLinker& linker, const heddle::Component& plugin)>;

// One entry of the catalogue. Loaded when it is first asked for.
struct Entry {
    std::vector<u8> bytes;           // a component in binary form
    Limits limits = {};
    Imports imports = nullptr;       // none: it gets nothing
    bool may_hold_plugins = false;   // of the same catalogue
};

// An instance that runs elsewhere, reached by its identity.
class Peer {
public:
    virtual ~Peer() = default;
    virtual std::vector<ExternInfo> exports() = 0;
    // Whether its functions take and give resources; then handles among the values are the peer's own, and its caller holds them. Otherwise an interface
    // with resources is not bound.
    virtual bool passes_resources() const { return false; }
    // "demo:app/greet@1.0.0.hello". Nothing: its caller waits, and `then` gets the answer, on the thread of the caller's Store.
    virtual std::optional<CallResult> call(const std::string& function, std::vector<Val> args, std::function<void(CallResult)> then) = 0;
};
using Connector = std::function<std::expected<std::shared_ptr<Peer>, LoadError>(Store& caller, const std::string& identity)>;

// JSON for interface `values`, given by a layer that has a JSON library: arguments as a list, a result as a value.
struct Json {
    std::function<Result<std::vector<Val>>(const std::string& text, const FunctionType& type)> arguments;
    std::function<Result<std::string>(const std::optional<Val>& result, const FunctionType& type)> result;
};

struct Options {
    Limits limits = {.memory_bytes = u64(1) << 30};  // of all plug-ins of one guest together, and of the embedder's own
    Limits bytes_limits = {};        // of one that a guest brought
    bool allow_bytes = false;        // guests may bring components of their own
    Imports bytes_imports = nullptr; // for those
    Connector connect = nullptr;     // none: `connect` is denied
    Json json = {};                  // none: `call-json` is denied
};

namespace detail {
struct CatalogueData;
struct Zone;
}  // namespace detail

// A plug-in as the embedder holds it; copies are the same one. It ends when the last goes.
class Plugin {
public:
    // "demo:app/greet.hello"; resources among the values are the plug-in's own. Errors: reentrant, when a call is going on.
    CallResult call(std::string_view function, std::vector<Val> args) const;
    std::optional<FunctionType> type(std::string_view function) const;
    std::vector<ExternInfo> exports() const;
    Status status() const;
    u64 memory_bytes() const;
    u64 fuel_used() const;
    void close() const;

    explicit Plugin(std::shared_ptr<detail::Zone> z) : zone_(std::move(z)) {}

private:
    std::shared_ptr<detail::Zone> zone_;
};

// A catalogue of plug-ins, and what serves them to guests; copies are the same one. Threads: set it up first; then any number of Stores on any threads.
class Catalogue {
public:
    // Plug-ins run in an Engine of their own, made of `config` with metering on.
    explicit Catalogue(Options options = {}, Config config = {});

    // Replaces an entry of that name.
    void add(std::string name, Entry entry);
    const Engine& engine() const;

    // Loads an entry now, so that faults show before it is asked for.
    std::expected<void, LoadError> check(const std::string& name) const;

    // Serves the imports of `guest` that are of heddle:plugins or derived from a plug-in's world, in whatever Store the linker instantiates it.
    // Errors: unlinkable (an interface was derived for another version of heddle:plugins).
    Result<void> link(ComponentLinker& linker, const heddle::Component& guest) const;

    std::expected<Plugin, LoadError> instantiate(const std::string& name) const;
    std::expected<Plugin, LoadError> instantiate(const std::string& name, const Limits& limits) const;

    // From any thread: the plug-ins of the guests of that Store end their calls soon. Whoever interrupts a guest calls this too.
    void interrupt(Store& guest) const;

private:
    std::shared_ptr<detail::CatalogueData> data_;
};

}  // namespace heddle::component::plugins
