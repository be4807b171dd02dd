// Requests become calls of wasi:http/incoming-handler: one Store per instance, one thread per request that is handled.
#include <heddle/serve.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "p2/http.hpp"

namespace heddle::wasi {

namespace {

using http::ExchangePtr;

// From the connection's thread to the worker's: callbacks come by the worker's reactor.
class ExchangeSource final : public http::BodySource {
public:
    ExchangeSource(ExchangePtr x, std::shared_ptr<Reactor> r) : exchange_(std::move(x)), reactor_(std::move(r)) {}
    void read(std::function<void(http::BodyPart)> then) override {
        exchange_->read([reactor = reactor_, then = std::move(then)](http::BodyPart part) {
            reactor->post([then, part = std::move(part)] { then(part); });
        });
    }

private:
    ExchangePtr exchange_;
    std::shared_ptr<Reactor> reactor_;
};

class ExchangeSink final : public http::BodySink {
public:
    ExchangeSink(ExchangePtr x, std::shared_ptr<Reactor> r) : exchange_(std::move(x)), reactor_(std::move(r)) {}
    void write(std::string bytes, std::function<void(bool)> then) override {
        exchange_->write(std::move(bytes), [reactor = reactor_, then = std::move(then)](bool ok) { reactor->post([then, ok] { then(ok); }); });
    }
    void finish(http::Fields trailers) override { exchange_->finish(std::move(trailers)); }
    void abort() override { exchange_->abort(); }

private:
    ExchangePtr exchange_;
    std::shared_ptr<Reactor> reactor_;
};

// A guest that runs, for those who may stop it: the clock, and the client that goes away.
class Running {
public:
    Running(Store& s, Context c) : store_(&s), context_(std::move(c)) {}
    void stop(bool because_of_time) {
        std::lock_guard lock(mutex_);
        if (!store_) return;
        timed_out = timed_out || because_of_time;
        stopped = true;
        context_.cancel();
        store_->interrupt();
    }
    void over() {
        std::lock_guard lock(mutex_);
        store_ = nullptr;
    }
    std::atomic<bool> stopped = false, timed_out = false;

private:
    std::mutex mutex_;
    Store* store_;
    Context context_;
};

// Stops what runs too long.
class Clockwork {
public:
    using Time = std::chrono::steady_clock::time_point;
    ~Clockwork() {
        {
            std::lock_guard lock(mutex_);
            ending_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    void add(Time at, std::weak_ptr<Running> who) {
        std::lock_guard lock(mutex_);
        bool first = due_.empty() || at < due_.begin()->first;
        due_.emplace(at, std::move(who));
        if (first) changed_.notify_all();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (!ending_) {
            if (due_.empty()) changed_.wait(lock);
            else changed_.wait_until(lock, Time(due_.begin()->first));
            while (!due_.empty() && (due_.begin()->second.expired() || due_.begin()->first <= std::chrono::steady_clock::now())) {
                auto who = due_.begin()->second.lock();
                due_.erase(due_.begin());
                lock.unlock();
                if (who) who->stop(true);
                who = nullptr;
                lock.lock();
            }
        }
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    std::multimap<Time, std::weak_ptr<Running>> due_;
    bool ending_ = false;
    std::thread thread_{[this] { run(); }};
};

std::optional<std::string> find_handler(const Component& component) {
    std::string best;
    for (const component::ExternInfo& e : component.exports())
        if (e.name.starts_with("wasi:http/incoming-handler@0.2.") && e.name > best) best = e.name;
    return best.empty() ? std::nullopt : std::optional(best);
}

// Where requests wait for a worker.
class Jobs {
public:
    void put(ExchangePtr x) {
        {
            std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(x));
        }
        changed_.notify_one();
    }
    ExchangePtr take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
        if (waiting_.empty()) return nullptr;
        ExchangePtr x = std::move(waiting_.front());
        waiting_.pop_front();
        return x;
    }
    void end() {
        {
            std::lock_guard lock(mutex_);
            ended_ = true;
            waiting_.clear();
        }
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<ExchangePtr> waiting_;
    bool ended_ = false;
};

struct Shared {
    const Engine& engine;
    Component component;
    ServeOptions options;
    std::string handler = {};
    Jobs jobs = {};
    Clockwork clockwork = {};
    std::atomic<u64> instances = 0, traps = 0, timeouts = 0;
    std::mutex gate = {};
    std::vector<std::weak_ptr<Running>> running = {};   // one place per worker
    void log(const std::string& line) const {
        if (options.log) options.log(line);
    }
};

// A Store with an instance that waits for requests.
struct Handler {
    Handler(const Engine& engine, Context c) : context(std::move(c)), store(engine) {}
    Context context;
    Store store;
    std::optional<ComponentFunc> handle;
    u32 used = 0;
};

class Worker {
public:
    Worker(Shared& s, std::size_t place) : shared_(s), place_(place), linker_(s.engine) {}

    Result<void> prepare() { return add(linker_, Context()); }
    Result<std::unique_ptr<Handler>> make_handler();
    void run() {
        while (ExchangePtr x = shared_.jobs.take()) serve(x);
        handler_.reset();
    }

private:
    // What became of the response.
    struct Response {
        bool set = false;
        std::shared_ptr<p2::BodyOut> body;
    };

    void serve(const ExchangePtr& x);
    std::vector<Val> arguments(Guest& g, const ExchangePtr& x, const std::shared_ptr<Response>& r);
    void respond(const ExchangePtr& x, Response& r, std::expected<std::shared_ptr<p2::OutgoingResponse>, http::ErrorCode> response);
    void failed(const ExchangePtr& x, const Response& r, const Running& running, const std::string& why);

    Shared& shared_;
    std::size_t place_;
    ComponentLinker linker_;
    std::shared_ptr<Reactor> reactor_ = std::make_shared<Reactor>();
    std::unique_ptr<Handler> handler_;
};

Result<std::unique_ptr<Handler>> Worker::make_handler() {
    Context context = shared_.options.context();
    context.data().reactor = reactor_;
    auto h = std::make_unique<Handler>(shared_.engine, std::move(context));
    component::set_limits(h->store, shared_.options.component_limits);
    if (shared_.options.fuel) h->store.set_fuel(shared_.options.fuel);
    if (auto ok = attach(h->store, h->context); !ok) return std::unexpected(ok.error());
    auto instance = linker_.instantiate(h->store, shared_.component);
    if (!instance) return std::unexpected(instance.error());
    h->handle = instance->find_func(shared_.handler + ".handle");
    if (!h->handle) return std::unexpected(Error{Error::Kind::usage, shared_.handler + " has no function `handle`"});
    ++shared_.instances;
    return h;
}

std::vector<Val> Worker::arguments(Guest& g, const ExchangePtr& x, const std::shared_ptr<Response>& r) {
    const http::Request& from = x->request();
    auto request = std::make_shared<p2::IncomingRequest>();
    request->method = from.method;
    request->path = from.path;
    request->authority = from.authority;
    request->scheme = "http";
    request->headers = std::make_shared<p2::HttpFields>(g, p2::without_forbidden(from.fields), true);
    request->body = std::make_shared<p2::BodyIn>(g, std::make_shared<ExchangeSource>(x, reactor_));
    auto out = std::make_shared<p2::ResponseOutparam>(p2::ResponseOutparam::To{
        .inform = [x](u16 status, const http::Fields& f) { x->inform(status, f); },
        .set = [this, x, r](auto response) { respond(x, *r, std::move(response)); }});
    std::vector<Val> all;
    all.push_back(Wit<Own<p2::IncomingRequest>>::to(g, request));
    all.push_back(Wit<Own<p2::ResponseOutparam>>::to(g, out));
    return all;
}

// The body begins when the guest waits or has ended: what it wrote until then goes out with the head.
void Worker::respond(const ExchangePtr& x, Response& r, std::expected<std::shared_ptr<p2::OutgoingResponse>, http::ErrorCode> response) {
    r.set = true;
    if (!response) {
        shared_.log(x->request().method + " " + x->request().target + ": the component gave the error " + p2::describe(response.error()));
        return x->respond(http::problem(500, "the component gave the error " + p2::describe(response.error())));
    }
    p2::OutgoingResponse& from = **response;
    if (!from.body) return x->respond({.status = from.status, .fields = from.headers->all()});
    r.body = from.body;
    reactor_->post([x, body = from.body, status = from.status, fields = from.headers->all(), reactor = reactor_] {
        if (auto whole = body->take_whole()) return x->respond({.status = status, .fields = fields, .body = std::move(*whole)});
        x->start(status, fields);
        body->send_to(std::make_shared<ExchangeSink>(x, reactor));
    });
}

void Worker::failed(const ExchangePtr& x, const Response& r, const Running& running, const std::string& why) {
    bool late = running.timed_out;
    ++(late ? shared_.timeouts : shared_.traps);
    std::string what = late ? "took more than " + std::to_string(shared_.options.request_time.count()) + " ms" : why;
    if (!running.stopped || late) shared_.log(x->request().method + " " + x->request().target + ": " + what);
    if (r.set) x->abort();
    else x->respond(http::problem(late ? 504 : 500, late ? "the component took too long" : "the component failed"));
}

void Worker::serve(const ExchangePtr& x) {
    if (!handler_) {
        auto made = make_handler();
        if (!made) {
            ++shared_.traps;
            shared_.log(x->request().method + " " + x->request().target + ": " + made.error().to_string());
            return x->respond(http::problem(500, "the component could not be started"));
        }
        handler_ = std::move(*made);
    }
    auto response = std::make_shared<Response>();
    auto running = std::make_shared<Running>(handler_->store, handler_->context);
    {
        std::lock_guard lock(shared_.gate);
        shared_.running[place_] = running;
    }
    if (shared_.options.request_time.count() > 0) shared_.clockwork.add(std::chrono::steady_clock::now() + shared_.options.request_time, running);
    x->on_gone([weak = std::weak_ptr(running), reactor = reactor_] {
        if (auto r = weak.lock()) r->stop(false);
        reactor->post([] {});
    });
    auto& guest = *std::static_pointer_cast<Guest>(component::host_data(handler_->store));
    Result<std::optional<Val>> result;
    try {
        result = handler_->handle->call(arguments(guest, x, response));
    } catch (const std::exception& e) {
        result = std::unexpected(Error{Error::Kind::limit, e.what()});
    }
    if (!result) failed(x, *response, *running, result.error().message);
    else if (!response->set) {
        ++shared_.traps;
        shared_.log(x->request().method + " " + x->request().target + ": the component gave no response");
        x->respond(http::problem(500, "the component gave no response"));
    }
    if (response->body) response->body->ended();
    // The body's last bytes: the reactor hands them on.
    while (response->body && !response->body->settled() && !running->stopped) reactor_->run_one();
    running->over();
    if (!result || running->stopped || ++handler_->used >= shared_.options.reuse) handler_.reset();
    while (reactor_->poll()) {}
}

}  // namespace

// ---- the server --------------------------------------------------------------------------------------------------------------------------

struct ComponentServer::Data {
    explicit Data(const Engine& e, const Component& c, const ServeOptions& o) : shared{.engine = e, .component = c, .options = o} {}
    ~Data() { stop(); }
    void stop() {
        shared.jobs.end();
        {
            std::lock_guard lock(shared.gate);
            for (auto& weak : shared.running)
                if (auto r = weak.lock()) r->stop(false);
        }
        server.reset();
        for (std::thread& t : threads)
            if (t.joinable()) t.join();
        threads.clear();
    }
    Shared shared;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::thread> threads;
    std::optional<http::Server> server;
};

ComponentServer::ComponentServer(std::unique_ptr<Data> d) : data_(std::move(d)) {}
ComponentServer::ComponentServer(ComponentServer&&) noexcept = default;
ComponentServer::~ComponentServer() = default;

bool ComponentServer::serves(const Component& component) { return find_handler(component).has_value(); }

Result<ComponentServer> ComponentServer::start(const Engine& engine, const Component& component, const ServeOptions& options) {
    auto handler = find_handler(component);
    if (!handler) return std::unexpected(Error{Error::Kind::usage, "the component exports no wasi:http/incoming-handler@0.2, so it cannot be served"});
    auto data = std::make_unique<Data>(engine, component, options);
    data->shared.handler = *handler;
    u32 n = std::max(options.workers, 1u);
    data->shared.running.resize(n);
    for (u32 i = 0; i < n; ++i) {
        data->workers.push_back(std::make_unique<Worker>(data->shared, i));
        if (auto ok = data->workers.back()->prepare(); !ok) return std::unexpected(ok.error());
    }
    // What does not link is told now, not with every request.
    if (auto probe = data->workers.front()->make_handler(); !probe) return std::unexpected(probe.error());
    for (auto& w : data->workers) data->threads.emplace_back([worker = w.get()] { worker->run(); });
    auto server = http::Server::listen(options.http, [jobs = &data->shared.jobs](ExchangePtr x) { jobs->put(std::move(x)); });
    if (!server) return std::unexpected(server.error());
    data->server.emplace(std::move(*server));
    return ComponentServer(std::move(data));
}

std::string ComponentServer::address() const { return data_->server->address(); }
u16 ComponentServer::port() const { return data_->server->port(); }
http::ServerCounts ComponentServer::http_counts() const { return data_->server->counts(); }
ServeCounts ComponentServer::counts() const { return {data_->shared.instances, data_->shared.traps, data_->shared.timeouts}; }
bool ComponentServer::drain(std::chrono::milliseconds at_most) { return data_->server->drain(at_most); }

}  // namespace heddle::wasi
