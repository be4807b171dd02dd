// heddle serve: what a file is served as is decided by its first bytes.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <mutex>

#include <fmt/format.h>

#include <heddle/nats.hpp>
#include <heddle/serve.hpp>

#include "commands.hpp"
#include "grants.hpp"
#include "program.hpp"

namespace heddle::cli {

namespace {

// SIGTERM and SIGINT, for this thread and all that it makes from now on.
sigset_t take_signals() {
    sigset_t all;
    sigemptyset(&all);
    sigaddset(&all, SIGTERM);
    sigaddset(&all, SIGINT);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    return all;
}

// One line per request, in whole lines also when several threads write.
void log_access(const http::Access& a) {
    using namespace std::chrono;
    fmt::print("{} \"{} {}\" {} {} {:.3f}ms{}\n", a.request.peer.empty() ? "-" : a.request.peer, a.request.method, a.request.target, a.status,
               a.body_bytes, duration<double, std::milli>(a.time).count(), a.complete ? "" : " cut");
    std::fflush(stdout);
}

std::string metrics_text(const wasi::ComponentServer& server) {
    http::ServerCounts h = server.http_counts();
    wasi::ServeCounts c = server.counts();
    struct { const char *name, *type; u64 value; } all[] = {
        {"heddle_http_connections", "gauge", h.connections},
        {"heddle_http_requests_active", "gauge", h.requests},
        {"heddle_http_requests_queued", "gauge", h.queued},
        {"heddle_http_connections_total", "counter", h.total_connections},
        {"heddle_http_requests_total", "counter", h.total_requests},
        {"heddle_http_requests_refused_total", "counter", h.refused},
        {"heddle_http_bad_requests_total", "counter", h.bad_requests},
        {"heddle_instances_total", "counter", c.instances},
        {"heddle_traps_total", "counter", c.traps},
        {"heddle_timeouts_total", "counter", c.timeouts},
    };
    std::string text;
    for (auto& m : all) text += fmt::format("# TYPE {} {}\n{} {}\n", m.name, m.type, m.name, m.value);
    return text;
}

void answer_metrics(const wasi::ComponentServer& server, const http::ExchangePtr& x) {
    if (x->request().path == "/metrics") x->respond({.fields = {{"content-type", "text/plain; version=0.0.4"}}, .body = metrics_text(server)});
    else if (x->request().path == "/healthz") x->respond(http::problem(200, "ok"));
    else x->respond(http::problem(404, "there is /metrics and /healthz"));
}

wasi::ServeOptions serve_options(const ServeOptions& o, const Stores& stores) {
    wasi::ServeOptions s;
    s.http.address = o.address;
    s.http.threads = u32(o.threads);
    s.http.limits.requests = u32(o.max_requests);
    s.http.limits.queue = u32(o.max_queue);
    s.http.limits.connections = u32(o.max_connections);
    s.http.limits.body_bytes = o.max_body;
    if (o.access_log) s.http.access = log_access;
    s.workers = u32(o.workers);
    s.reuse = u32(o.reuse);
    s.request_time = o.timeout;
    s.fuel = o.fuel.value_or(0);
    s.component_limits = o.component_limits;
    s.context = [&o, stores] {
        wasi::Context c;
        c.arg(o.file).inherit_stdout().inherit_stderr();
        for (const auto& [name, value] : o.environment) c.env(name, value);
        for (const std::string& h : o.hosts) c.allow_host(h);
        for (const DirGrant& d : o.dirs) c.dir(d.host, d.guest, d.read_only ? wasi::ReadOnly : wasi::ReadWrite);
        grant_more(c, o, stores);
        return c;
    };
    s.log = [](const std::string& line) { fmt::print(stderr, "heddle: {}\n", line); };
    return s;
}

Or<int> serve_component(const ServeOptions& o, const Source& source) {
    sigset_t signals = take_signals();
    Engine engine(o.config);
    auto component = Component::load(engine, std::vector<u8>(source.bytes));
    if (!component) return std::unexpected(load_failure(source, component.error()));
    if (!wasi::ComponentServer::serves(*component))
        return fail(not_runnable, source.label + ": exports neither wasi:http/handler@0.3 nor wasi:http/incoming-handler@0.2, so it cannot be served; `heddle inspect` shows its exports");
    auto stores = open_stores(o);
    if (!stores) return std::unexpected(stores.error());
    wasi::ServeOptions options = serve_options(o, *stores);
    if (auto walled = raise_wall(options.context(), o, !o.hosts.empty()); !walled) return std::unexpected(walled.error());
    auto server = wasi::ComponentServer::start(engine, *component, options);
    if (!server) return std::unexpected(load_failure(source, server.error()));
    std::optional<http::Server> metrics;
    if (o.metrics) {
        auto m = http::Server::listen({.address = *o.metrics}, [&server = *server](http::ExchangePtr x) { answer_metrics(server, x); });
        if (!m) return std::unexpected(load_failure(source, m.error()));
        metrics.emplace(std::move(*m));
        fmt::print(stderr, "heddle: metrics on http://{}/metrics\n", metrics->address());
    }
    fmt::print(stderr, "heddle: serving {} on http://{}\n", source.label, server->address());
    int signal = 0;
    sigwait(&signals, &signal);
    fmt::print(stderr, "heddle: {}: finishing {} requests\n", signal == SIGINT ? "interrupted" : "terminated", server->http_counts().requests);
    return server->drain(o.drain) ? ok : timed_out;
}

// By what the file is; other kinds of files get their line here.
Or<int> serve_source(const ServeOptions& o) {
    auto source = read_source(o.file, o.config.max_module_bytes);
    if (!source) return std::unexpected(source.error());
    if (is_component(source->form)) return serve_component(o, *source);
    return fail(not_runnable, source->label + ": is a core module; what can be served is a component that exports wasi:http/handler or wasi:http/incoming-handler");
}

// An app's manifest is text that is no WebAssembly text: neither a binary's first byte nor an opening parenthesis or comment.
bool is_app(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    char c = 0;
    while (file.get(c) && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {}
    return file && c != '\0' && c != '(' && c != ';';
}

}  // namespace

int serve(const ServeOptions& options) {
    if (is_app(options.file)) return serve_app(options);
    if (wire::uses_nats()) return report({wrong_usage, options.file + ": --nats is for apps of materializers, and this is none"});
    auto code = serve_source(options);
    return code ? *code : report(code.error());
}

}  // namespace heddle::cli
