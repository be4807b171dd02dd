// What an App holds, and how a call travels through it.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <heddle/fetch.hpp>

#include "kv.hpp"
#include "lifetimes.hpp"
#include "metrics.hpp"
#include "scope.hpp"
#include "shapes.hpp"

namespace heddle::wire {

struct Op {
    const MaterializerConfig* config = nullptr;
    Program* program = nullptr;
    CallStats stats;
};

struct HostOp {
    Hostcall call;
    u32 input = Types::anything, output = Types::anything;
};

struct AppData {
    Manifest manifest;
    std::unique_ptr<const Shapes> shapes;
    AppOptions options;
    std::vector<std::unique_ptr<Program>> programs;
    std::map<std::string, Op, std::less<>> ops;
    std::map<std::string, HostOp, std::less<>> hostcalls;
    std::map<std::string, Op, std::less<>> provided;  // host calls that components provide
    std::shared_ptr<Kv> kv;               // handed on to the app that replaces this one
    http::Fetcher fetcher;
    Watch watch;                          // last: its thread ends before what it looks at goes

    void tick();                          // housekeeping, every second
};

// One call, the whole way: input checked, policies asked, the guest called, output checked. `outer` is the call that made it.
// `op`, `json` and `passed` (resources beside the JSON) live until it has ended.
Task<Reply> run_call(AppData& app, CallTree& tree, CallScope* outer, std::string_view op, std::string_view json, std::optional<Milliseconds> deadline = {},
                     Passed* passed = nullptr);

// The same of an op that was found.
Task<Reply> run_op(AppData& app, CallTree& tree, CallScope* outer, Op& op, std::string_view json, std::optional<Milliseconds> deadline = {}, Passed* passed = nullptr);

// Whether a call made by `outer` (null: a request) may not be, by the limits of whoever makes it. Calls around it count wherever they were made: those
// in other processes as the request tells.
std::optional<Reply> too_deep(const CallTree& tree, const CallScope* outer, const GuestConfig& limiting);

// As App::begin(), for a route: `json` is the request without its body. An ok reply says that the response has been sent.
void begin_route(const App& app, std::string op, std::string json, CallOptions options, std::shared_ptr<Route> route, GoOn go_on, std::function<void(Reply)> done);

Reply failure(Outcome o, std::string message);

// Guest and host messages, within the call's limit.
void write_log(CallScope& scope, std::string_view level, std::string_view message, std::string_view source, std::string_view fields);

}  // namespace heddle::wire
