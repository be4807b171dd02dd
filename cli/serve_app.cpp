// heddle serve: an app over HTTP until SIGTERM or SIGINT; SIGHUP loads it anew.
#include <csignal>
#include <cstdio>
#include <ctime>
#include <mutex>

#include <fmt/format.h>

#include <heddle/app_server.hpp>

#include "commands.hpp"

namespace heddle::cli {

namespace {

int complain(std::string_view message, int code = failed) {
    fmt::print(stderr, "heddle: {}\n", message);
    return code;
}

void print_line(const std::string& line) {
    static std::mutex mutex;
    std::lock_guard lock(mutex);
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fputc('\n', stderr);
}

// The signals that this thread waits for; all threads that follow leave them to it.
sigset_t blocked_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

void serve_until_stopped(wire::AppServer& server, const sigset_t& signals) {
    constexpr timespec look{0, 500'000'000};
    for (;;) {
        int got = sigtimedwait(&signals, nullptr, &look);
        if (got == SIGTERM || got == SIGINT) return;
        if (got == SIGHUP || server.changed())
            if (auto loaded = server.reload(); !loaded) complain(loaded.error().message + "\n  the app that is in service goes on");
    }
}

}  // namespace

int serve_app(const ServeOptions& o) {
    sigset_t signals = blocked_signals();
    wire::ServeOptions options;
    if (o.address_given) options.listen = o.address;
    options.log = print_line;
    options.access = o.access_log;
    auto server = wire::AppServer::start(o.file, {}, std::move(options));
    if (!server) return complain(server.error().message);
    fmt::print("serving {} at http://{}/\n", o.file, server->address());
    std::fflush(stdout);
    serve_until_stopped(*server, signals);
    bool all = server->drain(server->drain_time());
    return all ? ok : complain("some requests did not end in time and were cut", timed_out);
}

}  // namespace heddle::cli
