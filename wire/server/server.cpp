// Requests become calls: routes, error mapping, generations of the app, and the end.
#include <algorithm>
#include <atomic>
#include <ctime>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include <nlohmann/json.hpp>

#include <heddle/http.hpp>
#include <heddle/app_server.hpp>

#include "app.hpp"
#include "events.hpp"
#include "graphql/graphql.hpp"
#include "http_messages.hpp"
#include "nats/listener.hpp"
#include "server/page.hpp"
#include "server/trace.hpp"
#include "server/workers.hpp"

namespace heddle::wire {

namespace {

std::string now_text() {
    auto now = std::chrono::system_clock::now();
    std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    auto ms = std::chrono::duration_cast<Milliseconds>(now.time_since_epoch()).count() % 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[40];
    std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(text + n, sizeof text - n, ".%03dZ", int(ms));
    return text;
}

struct RecentError {
    std::string time, op, code, message;
};

http::Response json_response(int status, std::string body) { return {u16(status), {{"content-type", "application/json"}}, std::move(body)}; }

http::Response error_response(int status, std::string_view code, std::string_view message) {
    return json_response(status, "{\"error\":" + error_object(code, message) + "}");
}

http::Response to_response(const Reply& r) {
    if (r.ok()) return json_response(200, r.json);
    http::Response response = json_response(http_status_of(r.outcome), "{\"error\":" + r.error_json() + "}");
    if (r.retry_after) response.fields.push_back({"retry-after", std::to_string(std::max<i64>(1, (r.retry_after->count() + 999) / 1000))});
    return response;
}

// "%41" -> "A"; a malformed escape stays as it is.
std::string unescaped(std::string_view text) {
    std::string plain;
    auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool escape = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
        plain += escape ? char(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
        if (escape) i += 2;
    }
    return plain;
}

// The http materializer with the longest route that the path lies under: "/shop" for "/shop" and "/shop/…".
const MaterializerConfig* route_of(const Manifest& manifest, std::string_view path) {
    const MaterializerConfig* best = nullptr;
    for (const MaterializerConfig& m : manifest.materializers) {
        const std::string& prefix = m.route.prefix;
        bool under = m.guest->kind == Kind::http && path.starts_with(prefix) && (path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/');
        if (under && (!best || prefix.size() > best->route.prefix.size())) best = &m;
    }
    return best;
}

std::filesystem::file_time_type written(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::last_write_time(path, ignored);
}

}  // namespace

struct AppServer::Data : std::enable_shared_from_this<AppServer::Data> {
    std::string manifest;
    AppOptions app_options;
    ServeOptions options;
    mutable std::mutex mutex;
    std::optional<App> app;                              // the generation in service
    std::map<std::string, std::filesystem::file_time_type> files;
    std::deque<RecentError> errors;
    std::atomic<bool> draining = false;
    std::unique_ptr<Workers> workers;
    std::optional<http::Server> server;
    std::unique_ptr<Events> events;                      // of the generation in service
    std::unique_ptr<nats::Listener> listener;            // the same

    App current() const {
        std::lock_guard lock(mutex);
        return *app;
    }
    void log(Json line) const {
        line["time"] = now_text();
        if (options.log) options.log(to_text(line));
    }
    Result<App> load();
    void note(const App& generation);
    void start_events(const App& generation) {
        events.reset();
        events = std::make_unique<Events>(generation, [this](std::function<void()> work) { return workers->add(std::move(work)); },
                                          [this] { return workers->go_on(); });
    }
    Result<std::unique_ptr<nats::Listener>> listen(const App& generation) {
        try {
            return std::make_unique<nats::Listener>(generation, u32(generation.data().manifest.serve.queue), [this](std::function<void()> work) { return workers->add(std::move(work)); },
                                                    [this] { return workers->go_on(); }, [this](bool begins) { begins ? workers->wait_begins() : workers->wait_ends(); });
        } catch (const Error& e) {
            return std::unexpected(Error{e.kind, manifest + ": " + e.message});
        }
    }
    void handle(const http::ExchangePtr& x);
    using Done = std::function<void(http::Response)>;
    using Answer = std::function<void(const std::string& body, const CallOptions& call, Done done)>;
    void with_body(const http::ExchangePtr& x, std::size_t limit, Answer answer);
    CallOptions options_of(const http::ExchangePtr& x);
    void stream_route(const http::ExchangePtr& x, const std::string& op);
    bool add(const http::ExchangePtr& x, std::function<void()> work);
    void answer_in(const http::ExchangePtr& x, const std::string& body, const Answer& answer);
    void call_op(const std::string& op, const std::string& body, const CallOptions& call, Done done);
    void call_route(const std::string& op, const http::Request& request, const std::string& body, const CallOptions& call, Done done);
    void graphql(const std::string& body, const CallOptions& call, Done done);
    void remember(const std::string& op, const Reply& r);
    std::string about() const;
    http::Response get(const std::string& path) const;
};

Result<App> AppServer::Data::load() {
    AppOptions o = app_options;
    auto also = o.log;
    o.log = [this, also](const LogLine& line) {
        Json json{{"level", line.level}, {"op", line.op}, {"message", line.message}, {"source", line.source}};
        if (!line.traceparent.empty()) json["trace"] = line.traceparent;
        if (!line.fields.empty()) json["fields"] = parse_scanned(line.fields);
        log(std::move(json));
        if (also) also(line);
    };
    auto loaded = App::load(manifest, std::move(o));
    if (!loaded) return loaded;
    if (auto warm = loaded->warm(); !warm) return std::unexpected(Error{warm.error().kind, manifest + ": " + warm.error().message});
    return loaded;
}

void AppServer::Data::note(const App& generation) {
    files.clear();
    files[manifest] = written(manifest);
    for (const auto& m : generation.data().manifest.materializers) files[m.guest->artifact] = written(m.guest->artifact);
}

void AppServer::Data::remember(const std::string& op, const Reply& r) {
    if (r.ok()) return;
    constexpr std::size_t kept = 50;
    {
        std::lock_guard lock(mutex);
        errors.push_front({now_text(), op, code_of(r.outcome), r.message});
        if (errors.size() > kept) errors.pop_back();
    }
    bool ours = http_status_of(r.outcome) >= 500;
    Json line{{"level", ours ? "error" : "info"}, {"source", "host"}, {"op", op}, {"code", code_of(r.outcome)}, {"message", r.message}};
    if (!r.backtrace.empty()) line["backtrace"] = r.backtrace;
    log(std::move(line));
}

void AppServer::Data::call_op(const std::string& op, const std::string& body, const CallOptions& call, Done done) {
    current().begin(op, body.empty() ? "null" : body, call, workers->go_on(), [self = shared_from_this(), op, done = std::move(done)](const Reply& r) {
        self->remember(op, r);
        done(to_response(r));
    });
}

// Kind http: the request as JSON, and the response back.
void AppServer::Data::call_route(const std::string& op, const http::Request& request, const std::string& body, const CallOptions& call, Done done) {
    current().begin(op, to_text(request_json(request, body)), call, workers->go_on(), [self = shared_from_this(), op, done = std::move(done)](const Reply& r) {
        self->remember(op, r);
        if (!r.ok()) return done(to_response(r));
        auto response = read_response(parse_scanned(r.json));
        done(response ? std::move(*response) : error_response(502, "invalid_output", response.error()));
    });
}

// The same without JSON: the bodies go in pieces between client and guest.
void AppServer::Data::stream_route(const http::ExchangePtr& x, const std::string& op) {
    CallOptions call = options_of(x);
    auto route = std::make_shared<Route>(Route{x, {{"traceparent", call.traceparent}}});
    std::string json = to_text(request_json(x->request(), ""));
    begin_route(current(), op, std::move(json), std::move(call), route, workers->go_on(), [self = shared_from_this(), op, route](const Reply& r) {
        self->remember(op, r);
        if (!r.ok() && !route->begun) route->exchange->respond(to_response(r));
    });
}

void AppServer::Data::graphql(const std::string& body, const CallOptions& call, Done done) {
    current().begin_graphql(body, call, workers->go_on(), [done = std::move(done)](const Reply& r) { done(r.ok() ? json_response(200, r.json) : to_response(r)); });
}

std::string AppServer::Data::about() const {
    App generation = current();
    Json ops = Json::array(), recent = Json::array();
    for (const MaterializerInfo& m : generation.materializers()) {
        const CallStats& stats = generation.data().ops.find(m.op)->second.stats;
        ops.push_back({{"op", m.op}, {"title", m.title}, {"kind", m.kind}, {"lifetime", m.lifetime}, {"effect", m.effect}, {"input", parse_scanned(m.input)},
                       {"output", parse_scanned(m.output)}, {"calls", stats.total()}, {"p50", stats.quantile(0.5)}, {"p99", stats.quantile(0.99)}});
    }
    std::lock_guard lock(mutex);
    for (const RecentError& e : errors) recent.push_back({{"time", e.time}, {"op", e.op}, {"code", e.code}, {"message", e.message}});
    return to_text({{"name", generation.name()}, {"materializers", ops}, {"errors", recent}});
}

http::Response AppServer::Data::get(const std::string& path) const {
    const ServeConfig& serve = current().data().manifest.serve;
    if (path == "/healthz") return {200, {{"content-type", "text/plain"}}, "ok\n"};
    if (path == "/readyz") return draining ? http::Response{503, {{"content-type", "text/plain"}}, "draining\n"} : http::Response{200, {{"content-type", "text/plain"}}, "ready\n"};
    if (path == "/metrics" && serve.metrics) return {200, {{"content-type", "text/plain; version=0.0.4"}}, metrics_text(current().data())};
    if (path == "/app.json" && serve.page) return json_response(200, about());
    if (path == "/" && serve.page)
        return {200, {{"content-type", "text/html; charset=utf-8"}, {"content-security-policy", "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"}}, std::string(page_html)};
    return error_response(404, "not_found", "nothing is served at `" + path + "`: POST /op/<name>, POST /graphql, GET /healthz, /readyz, /metrics, /");
}

CallOptions AppServer::Data::options_of(const http::ExchangePtr& x) {
    CallOptions call;
    const std::string* trace = http::find(x->request().fields, "traceparent");
    call.traceparent = continued_trace(trace ? *trace : "");
    const std::string& header = current().data().manifest.serve.user_header;
    if (const std::string* user = header.empty() ? nullptr : http::find(x->request().fields, header)) call.user = *user;
    call.on_wait = [w = workers.get()](bool begins) { begins ? w->wait_begins() : w->wait_ends(); };
    call.on_start = [x](std::function<void()> cancel) { x->on_gone(std::move(cancel)); };
    return call;
}

void AppServer::Data::answer_in(const http::ExchangePtr& x, const std::string& body, const Answer& answer) {
    CallOptions call = options_of(x);
    answer(body, call, [x, trace = call.traceparent](http::Response response) {
        response.fields.push_back({"traceparent", trace});
        x->respond(std::move(response));
    });
}

// On a worker's thread. False: the queue is full, and the client has been told.
bool AppServer::Data::add(const http::ExchangePtr& x, std::function<void()> work) {
    if (workers->add(std::move(work))) return true;
    http::Response busy = error_response(503, "overloaded", "the queue of requests is full (serve.queue)");
    busy.fields.push_back({"retry-after", "1"});
    x->respond(std::move(busy));
    return false;
}

// The body is read on the connection's thread, the call runs on a worker's, and ends when the client goes away.
void AppServer::Data::with_body(const http::ExchangePtr& x, std::size_t limit, Answer answer) {
    auto self = shared_from_this();
    x->read_all(limit, [self, x, answer = std::move(answer)](Result<std::string> body) {
        if (!body) {
            bool large = body.error().kind == Error::Kind::limit;
            return x->respond(error_response(large ? 413 : 400, large ? "too_large" : "bad_request", body.error().message));
        }
        self->add(x, [self, x, answer, text = std::move(*body)] { self->answer_in(x, text, answer); });
    });
}

void AppServer::Data::handle(const http::ExchangePtr& x) {
    const http::Request& request = x->request();
    std::string path = request.path.substr(0, request.path.find('?'));
    bool op = path.starts_with("/op/"), gql = path == "/graphql" && current().data().manifest.serve.graphql;
    App in_service = current();
    const MaterializerConfig* route = op || gql ? nullptr : route_of(in_service.data().manifest, path);
    if (route && route->input == Types::anything && route->output == Types::anything)
        return void(add(x, [self = shared_from_this(), x, name = route->op] { self->stream_route(x, name); }));
    if (route)
        return with_body(x, route->guest->limits.json.bytes, [self = shared_from_this(), x, name = route->op](const std::string& body, const CallOptions& call, Done done) {
            self->call_route(name, x->request(), body, call, std::move(done));
        });
    if (!op && !gql) {
        if (request.method == "GET" || request.method == "HEAD") return x->respond(get(path));
        return x->respond(error_response(404, "not_found", "nothing takes " + request.method + " at `" + path + "`"));
    }
    if (request.method != "POST") {
        http::Response no = error_response(405, "method_not_allowed", "`" + path + "` takes POST with a JSON body");
        no.fields.push_back({"allow", "POST"});
        return x->respond(std::move(no));
    }
    if (gql) return with_body(x, std::size_t(8) << 20, [self = shared_from_this()](const std::string& body, const CallOptions& call, Done done) { self->graphql(body, call, std::move(done)); });
    std::string name = unescaped(std::string_view(path).substr(4));
    const MaterializerConfig* m = in_service.data().manifest.find(name);
    with_body(x, m ? m->guest->limits.json.bytes : std::size_t(64) << 10,
              [self = shared_from_this(), name](const std::string& body, const CallOptions& call, Done done) { self->call_op(name, body, call, std::move(done)); });
}

AppServer::AppServer(std::shared_ptr<Data> d) : data_(std::move(d)) {}
AppServer::AppServer(AppServer&&) noexcept = default;

AppServer::~AppServer() {
    if (!data_) return;
    data_->events.reset();
    data_->listener.reset();
    data_->server.reset();   // its handlers hold the data; then the workers end what they have
    data_->workers.reset();
}

Result<AppServer> AppServer::start(const std::string& manifest, AppOptions app, ServeOptions options) {
    auto d = std::make_shared<Data>();
    d->manifest = manifest;
    d->app_options = std::move(app);
    d->options = std::move(options);
    auto loaded = d->load();
    if (!loaded) return std::unexpected(loaded.error());
    d->app = *loaded;
    d->note(*loaded);
    const ServeConfig& serve = loaded->data().manifest.serve;
    u32 threads = serve.workers ? serve.workers : std::max(4u, std::thread::hardware_concurrency());
    d->workers = std::make_unique<Workers>(threads, serve.queue);
    http::ServerOptions http;
    http.address = d->options.listen.empty() ? serve.listen : d->options.listen;
    http.threads = std::max(1u, std::min(4u, std::thread::hardware_concurrency() / 2));
    http.limits.requests = threads + serve.queue + 64;
    for (const auto& m : loaded->data().manifest.materializers) http.limits.body_bytes = std::max<u64>(http.limits.body_bytes, m.guest->limits.json.bytes);
    std::weak_ptr<Data> weak = d;
    if (d->options.access) http.access = [weak](const http::Access& a) {
        if (auto self = weak.lock())
            self->log({{"level", "info"}, {"source", "http"}, {"method", a.request.method}, {"path", a.request.path}, {"status", a.status}, {"peer", a.request.peer},
                       {"ms", double(a.time.count()) * 1e-6}});
    };
    auto server = http::Server::listen(http, [weak](http::ExchangePtr x) {
        if (auto self = weak.lock()) self->handle(x);
    });
    if (!server) return std::unexpected(server.error());
    d->server = std::move(*server);
    auto listener = d->listen(*loaded);
    if (!listener) return std::unexpected(listener.error());
    d->listener = std::move(*listener);
    d->start_events(*loaded);
    return AppServer(std::move(d));
}

std::string AppServer::address() const { return data_->server->address(); }
App AppServer::app() const { return data_->current(); }
std::chrono::milliseconds AppServer::drain_time() const { return data_->current().data().manifest.serve.drain; }

Result<void> AppServer::reload() {
    auto loaded = data_->load();
    std::unique_ptr<nats::Listener> listener;  // the old one answers until the new one does
    if (loaded) {
        auto listens = data_->listen(*loaded);
        if (listens) listener = std::move(*listens);
        else loaded = std::unexpected(listens.error());
    }
    if (!loaded) {
        data_->log({{"level", "error"}, {"source", "host"}, {"message", "reload: " + loaded.error().message}});
        std::lock_guard lock(data_->mutex);
        data_->note(*data_->app);  // tried: not again until something changes
        return std::unexpected(loaded.error());
    }
    std::optional<App> old;        // goes outside the lock, with the last call that uses it
    {
        std::lock_guard lock(data_->mutex);
        old = data_->app;
        if (old->data().manifest.kv_path == loaded->data().manifest.kv_path) loaded->data().kv = old->data().kv;
        data_->app = *loaded;
        data_->note(*loaded);
    }
    data_->start_events(*loaded);
    data_->listener = std::move(listener);
    data_->log({{"level", "info"}, {"source", "host"}, {"message", "reloaded"}});
    return {};
}

bool AppServer::changed() const {
    std::lock_guard lock(data_->mutex);
    if (!data_->app->data().manifest.serve.watch) return false;
    return std::ranges::any_of(data_->files, [](const auto& f) { return written(f.first) != f.second; });
}

bool AppServer::drain(std::chrono::milliseconds at_most) {
    auto until = Clock::now() + at_most;
    data_->draining = true;
    data_->events.reset();
    bool answered = data_->listener->drain(until);
    return data_->server->drain(std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(until - Clock::now()))) && answered;
}

}  // namespace heddle::wire
