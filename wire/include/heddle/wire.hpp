// The wire layer: functions of a service ("materializers"), written in any language, called with JSON. A program in ten lines:
//
//   heddle::wire::AppOptions options;
//   options.hostcall({.name = "weather", .handler = [](const heddle::wire::HostcallInfo&, std::string_view json) -> heddle::wire::HostcallResult {
//       return R"({"sky":"blue"})";
//   }});
//   auto app = heddle::wire::App::load("app.toml", std::move(options));                       // Result<App>
//   if (!app) return complain(app.error());
//   auto reply = app->call("greet", R"({"name":"Ada"})", {.user = R"({"id":7})", .deadline = 200ms});
//   if (reply.outcome == heddle::wire::Outcome::ok) std::cout << reply.json;                  // JSON text
//   else std::cerr << reply.message;                                                          // and reply.error_json(): the error as JSON
//
// An App is a handle; copies are the same app. call() may be used from any number of threads.
#pragma once
#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/error.hpp>
#include <heddle/types.hpp>

namespace heddle::wire {

// One row of wire/outcomes.def each.
enum class Outcome : u8 {
    ok,
    unknown_op,
    bad_json,
    too_large,
    invalid_input,
    denied,
    no_handler,
    in_json_err,
    handler_err,
    invalid_output,
    init_failed,
    unavailable,
    overloaded,
    depth,
    fuel,
    memory,
    deadline,
    cancelled,
    trap,
    failed
};
const char* code_of(Outcome o);           // "invalid_input": in JSON bodies, logs, metrics
int exit_code_of(Outcome o);              // of `heddle call`
int http_status_of(Outcome o);
const char* hostcall_code_of(Outcome o);  // what a guest sees when a call it made ends so
const char* rpc_errors_of(Outcome o);     // which case of rpc-error says so (heddle/messages.hpp), or of types like it: the best first, "deser invalid-parameter"
std::optional<Outcome> outcome_of(std::string_view code);  // the way back of code_of()

struct Reply {
    Outcome outcome = Outcome::ok;
    std::string json;                     // ok: the result. Otherwise what the guest said about its error, if it said JSON
    std::string message;                  // not ok: in words
    std::chrono::nanoseconds took{0};
    std::optional<std::chrono::milliseconds> retry_after;  // unavailable, overloaded
    std::string backtrace;                // trap: one line per frame

    bool ok() const { return outcome == Outcome::ok; }
    // {"code": …, "message": …, "cause"?: …}
    std::string error_json() const;
};

// ---- host calls ------------------------------------------------------------------------------------------------------------------

// What a guest gets instead of a result: {"message", "code", "cause"?}.
struct HostcallError {
    std::string code = "unexpected_err";  // op_404, denied, bad_args, timeout, depth, budget, upstream, unexpected_err, or one of your own
    std::string message;
    std::string cause;                    // JSON text, or empty
};
using HostcallResult = std::expected<std::string, HostcallError>;  // JSON text

struct HostcallInfo {
    std::string_view op;                  // the materializer that calls
    std::string_view user;                // claims of the end user, JSON text or empty
    std::chrono::steady_clock::time_point deadline;
    std::string_view traceparent;
};

// An op that the embedder offers to guests. Guests need the grant `host = ["name"]`. The handler runs on the calling thread; an exception it
// throws reaches the guest as `unexpected_err`.
struct Hostcall {
    std::string name;
    std::string input = {}, output = {};  // JSON Schema text; empty: any JSON
    std::function<HostcallResult(const HostcallInfo& info, std::string_view json)> handler = {};
    // Instead of `handler`, for what takes its time: begins, and gives the result to `done` once, from any thread, also before it comes back. The
    // call that waits holds no thread. What `info` and `json` refer to lives until then, or until the call's deadline if that comes first.
    std::function<void(const HostcallInfo& info, std::string_view json, std::function<void(HostcallResult)> done)> begin = {};
};

// ---- apps ------------------------------------------------------------------------------------------------------------------------

struct LogLine {
    std::string level, op, message, source;   // source: "guest" (the log op), "stdout", "stderr", "host"
    std::string traceparent;
    std::string fields;                       // JSON object with what else was said, or empty
};

struct AppOptions {
    std::vector<Hostcall> hostcalls;
    std::function<void(const LogLine&)> log;  // called from any thread; empty: nowhere
    AppOptions& hostcall(Hostcall h) {
        hostcalls.push_back(std::move(h));
        return *this;
    }
};

// What a call was given and gave, so that it can be run again without its host.
struct Recording {
    std::string app, op, json, user;          // app: the manifest's path, for whoever writes it down
    struct Host {
        std::string op, json;
        bool ok = true;
        std::string result;                   // JSON, or the error object
    };
    std::vector<Host> hostcalls;
    struct Wasi {
        std::string what;                     // "wall", "monotonic": nanoseconds in decimal; "random": the bytes in hexadecimal
        std::string value;
    };
    std::vector<Wasi> wasi;                   // what its guest was given by WASI's clocks and random bytes, its start included
    std::string outcome, result;              // its code; JSON or the message
};
std::string to_json(const Recording& r);
// Errors: syntax.
Result<Recording> read_recording(std::string_view text);

struct CallOptions {
    std::string user = {};                    // claims of the end user as JSON text; host calls and nested calls run as them
    std::optional<std::chrono::milliseconds> deadline = {};  // the materializer's own limit holds as well
    std::string traceparent = {};             // W3C trace context
    u32 depth = 0;                            // of calls around this one, in other processes; they count for limits.depth
    std::function<void(std::function<void()> cancel)> on_start = {};  // is given a function that ends the call, from any thread and also later
    std::function<void(bool begins)> on_wait = {};  // around each wait that holds a thread, on that thread
    Recording* record = nullptr;              // is filled; lives until the call has ended
    const Recording* replay = nullptr;        // host calls are answered from it
};

struct MaterializerInfo {
    std::string op, title, kind, lifetime, effect;
    std::string input, output;                // JSON Schema text
    std::string note;                         // what `heddle app check` says about it
};

struct AppData;

class App {
public:
    // Reads an app manifest (TOML or JSON, told by its first character) and everything it names. Errors: what is wrong and where.
    static Result<App> load(const std::string& path, AppOptions options = {});
    // The same from text; files are looked for beside `folder`.
    static Result<App> parse(std::string_view manifest, const std::string& folder, AppOptions options = {});

    // Calls a materializer with JSON text. Never throws; every end is an outcome.
    Reply call(std::string_view op, std::string_view json, const CallOptions& options = {}) const;

    // Begins the same; `done` is given the reply once, from whatever thread the call ended on, also before this comes back. Calls that wait for
    // somebody hold no thread: what may go on is given to `go_on`, which hands it to a thread of the embedder's, soon and in any order. It must
    // take all that it is given.
    void begin(std::string op, std::string json, CallOptions options, std::function<void(std::function<void()>)> go_on, std::function<void(Reply)> done) const;
    void begin_graphql(std::string json, CallOptions options, std::function<void(std::function<void()>)> go_on, std::function<void(Reply)> done) const;

    // Starts an instance of every program now, so that a guest that cannot start is an error here and not of the first call.
    Result<void> warm() const;

    // A GraphQL request {"query", "variables"?, "operationName"?}; the reply's JSON is the whole response, errors of fields included.
    Reply graphql(std::string_view json, const CallOptions& options = {}) const;

    const std::string& name() const;
    std::vector<MaterializerInfo> materializers() const;
    // The host calls that components provide, as "runtimes.store.kv.get".
    std::vector<MaterializerInfo> runtimes() const;
    AppData& data() const { return *data_; }
    const std::shared_ptr<AppData>& shared_data() const { return data_; }

private:
    explicit App(std::shared_ptr<AppData> d) : data_(std::move(d)) {}
    std::shared_ptr<AppData> data_;
};

// A commented manifest that runs with the files beside it: what `heddle app init` writes.
std::map<std::string, std::string> starter_files();

// A manifest for a component by others: its exported functions as materializers of kind `reflected`, their types as JSON Schemas. `artifact` is
// the file, `from` how the manifest is to name it. Errors: those of loading; usage, when it exports no function that JSON can call.
Result<std::string> import_manifest(const std::string& artifact, const std::string& from);

struct GenFile {
    std::string name, text;
    bool yours = false;                       // written once, then the user's
};
struct Generated {
    std::vector<GenFile> files;
    std::vector<std::string> warnings;        // types that cross as JSON text
};
// What a guest in `language` (c, cpp, js, rust, wit) needs to take and give the app's types; the artifacts need not be there yet. `guest`: the
// artifact's name without folder and ending, or empty when only one fits. Errors: those of the manifest; usage.
Result<Generated> generate(const std::string& language, const std::string& manifest, const std::string& guest);

}  // namespace heddle::wire
