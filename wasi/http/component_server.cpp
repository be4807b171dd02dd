// Requests become calls of wasi:http/incoming-handler or wasi:http/handler: one Store per instance, many instances per thread.
#include <heddle/serve.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_set>

#include <heddle/component_driving.hpp>
#include <heddle/wasi_drafts.hpp>

#include "http/exchange_body.hpp"
#include "http/running.hpp"
#include "p2/http.hpp"
#include "p3/http.hpp"

namespace heddle::wasi {

namespace {

using http::ExchangePtr;

// The export that answers requests, the newest of those there are.
std::optional<std::string> find_handler(const Component& component) {
    for (std::string_view start : {"wasi:http/handler@0.3.", "wasi:http/incoming-handler@0.2."}) {
        std::string best;
        for (const component::ExternInfo& e : component.exports())
            if (e.name.starts_with(start) && e.name > best) best = e.name;
        if (!best.empty()) return best;
    }
    return std::nullopt;
}

// Where requests wait for a worker, and workers for requests.
class Jobs {
public:
    void put(ExchangePtr x) {
        std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(x));
        if (sleeping_.empty()) return;
        sleeping_.back()->post([] {});
        sleeping_.pop_back();
    }
    ExchangePtr take() {
        std::lock_guard lock(mutex_);
        if (waiting_.empty()) return nullptr;
        ExchangePtr x = std::move(waiting_.front());
        waiting_.pop_front();
        return x;
    }
    // The worker goes to sleep until its reactor wakes it. False: there is something to do; `idle`: the end is, too.
    bool sleep(Reactor& r, bool idle) {
        std::lock_guard lock(mutex_);
        if (!waiting_.empty() || (idle && ended_)) return false;
        sleeping_.push_back(&r);
        return true;
    }
    void awake(Reactor& r) {
        std::lock_guard lock(mutex_);
        std::erase(sleeping_, &r);
    }
    bool has_ended() {
        std::lock_guard lock(mutex_);
        return ended_;
    }
    void end() {
        std::lock_guard lock(mutex_);
        ended_ = true;
        waiting_.clear();
        for (Reactor* r : std::exchange(sleeping_, {})) r->post([] {});
    }

private:
    std::mutex mutex_;
    std::deque<ExchangePtr> waiting_;
    std::vector<Reactor*> sleeping_;
    bool ended_ = false;
};

// Everything that runs now, to be stopped with the server.
class Everybody {
public:
    void add(const std::shared_ptr<Running>& r) {
        std::lock_guard lock(mutex_);
        all_.insert(r);
    }
    void remove(const std::shared_ptr<Running>& r) {
        std::lock_guard lock(mutex_);
        all_.erase(r);
    }
    void stop() {
        std::lock_guard lock(mutex_);
        for (const auto& r : all_) r->stop(false);
    }

private:
    std::mutex mutex_;
    std::unordered_set<std::shared_ptr<Running>> all_;
};

struct Shared {
    const Engine& engine;
    Component component;
    ServeOptions options;
    std::string handler;
    Turns turns;
    Jobs jobs = {};
    Everybody everybody = {};
    std::atomic<u64> instances = 0, traps = 0, timeouts = 0;
    Clockwork clockwork{turns};
    bool is_0_3() const { return handler.starts_with("wasi:http/handler@"); }
    void log(const std::string& line) const {
        if (options.log) options.log(line);
    }
};

// A Store with an instance that waits for requests.
struct Handler {
    Handler(const Engine& engine, Context c) : context(std::move(c)), store(engine) {}
    Context context;
    Store store;
    std::optional<ComponentInstance> instance;
    std::optional<ComponentFunc> handle;
    std::shared_ptr<Running> running;   // of the request it works for
    u32 used = 0;
};

// A request with the instance that works for it.
struct Visit {
    ExchangePtr exchange;
    std::unique_ptr<Handler> handler;
    std::shared_ptr<Running> running;
    std::optional<ComponentCall> call;
    bool is_answered = false, has_returned = false, is_queued = false, is_over = false;
    struct Head {
        u16 status;
        http::Fields fields;
    };
    std::optional<Head> head;           // of a response whose body is not begun
    std::shared_ptr<BodyOut> body;
    std::shared_ptr<bool> too_large = std::make_shared<bool>(false);  // the request's body is
    std::string name() const { return exchange->request().method + " " + exchange->request().target; }
};
using VisitPtr = std::shared_ptr<Visit>;

// One thread. Its guests run one after the other, each until it must wait or has had its turn.
class Worker {
public:
    Worker(Shared& s, std::size_t place) : shared_(s), place_(place), linker_(s.engine) {}

    Result<void> prepare() {
        if (auto ok = add(linker_, Context()); !ok) return ok;
        return add_drafts(linker_, Context());
    }
    Result<std::unique_ptr<Handler>> make_handler(const std::function<void(Handler&)>& before);
    void run();

private:
    using Answer = std::expected<std::shared_ptr<p2::OutgoingResponse>, http::ErrorCode>;
    void begin(const ExchangePtr& x);
    Result<ComponentCall> call(const VisitPtr& v);
    void queue(const VisitPtr& v);
    VisitPtr next();
    bool advance(const VisitPtr& v);
    template <class F>
    auto in_turn(Visit& v, F f);
    void watch(const VisitPtr& v);
    std::vector<Val> arguments(Guest& g, const VisitPtr& v);
    void answered(Visit& v, Answer response);
    void returned(Guest& g, const VisitPtr& v);
    void respond_0_3(Guest& g, const VisitPtr& v, const Val& result);
    void refused(Visit& v, const http::ErrorCode& e);
    void begin_body(Visit& v);
    void look_after(const VisitPtr& v);
    void failed(const VisitPtr& v, const std::string& why);
    void end(const VisitPtr& v, bool well);

    Shared& shared_;
    std::size_t place_;
    ComponentLinker linker_;
    std::shared_ptr<Reactor> reactor_ = std::make_shared<Reactor>();
    std::vector<std::unique_ptr<Handler>> idle_;
    std::unordered_set<VisitPtr> visits_;
    std::deque<VisitPtr> ready_;
};

Guest& guest_of(Handler& h) { return *std::static_pointer_cast<Guest>(component::host_data(h.store)); }

// `before`: what is done before guest code runs for the first time.
Result<std::unique_ptr<Handler>> Worker::make_handler(const std::function<void(Handler&)>& before) {
    Context context = shared_.options.context();
    context.data().reactor = reactor_;
    auto h = std::make_unique<Handler>(shared_.engine, std::move(context));
    component::set_limits(h->store, shared_.options.component_limits);
    if (shared_.options.fuel) h->store.set_fuel(shared_.options.fuel);
    h->store.on_interrupt([h = h.get()](Caller& c) { return h->running ? h->running->interrupted(c, component::may_be_left_parked(h->store)) : Host::done; });
    if (auto ok = attach(h->store, h->context); !ok) return std::unexpected(ok.error());
    component::return_parked(h->store);
    before(*h);
    auto instance = linker_.instantiate(h->store, shared_.component);
    if (!instance) return std::unexpected(instance.error());
    h->instance = *instance;
    h->handle = instance->find_func(shared_.handler + ".handle");
    if (!h->handle) return std::unexpected(Error{Error::Kind::usage, shared_.handler + " has no function `handle`"});
    ++shared_.instances;
    return h;
}

// ---- the worker's round -----------------------------------------------------------------------------------------------------------------

void Worker::run() {
    for (;;) {
        reactor_->poll();
        VisitPtr v = next();
        bool wants_more = v && advance(v);
        if (v && !wants_more) continue;
        // Guests that only compute do not keep new ones out.
        if (ExchangePtr x = shared_.jobs.take()) begin(x);
        else if (!ready_.empty()) continue;
        else if (shared_.jobs.sleep(*reactor_, visits_.empty())) {
            reactor_->run_one();
            shared_.jobs.awake(*reactor_);
        } else if (visits_.empty() && shared_.jobs.has_ended()) break;
    }
    idle_.clear();
}

void Worker::queue(const VisitPtr& v) {
    if (v->is_over || std::exchange(v->is_queued, true)) return;
    ready_.push_back(v);
}

VisitPtr Worker::next() {
    while (!ready_.empty()) {
        VisitPtr v = std::move(ready_.front());
        ready_.pop_front();
        v->is_queued = false;
        if (!v->is_over) return v;
    }
    return nullptr;
}

template <class F>
auto Worker::in_turn(Visit& v, F f) {
    struct Turn {
        Worker& w;
        Turn(Worker& worker, Visit& visit) : w(worker) { w.shared_.turns.begin(w.place_, visit.running); }
        ~Turn() { w.shared_.turns.end(w.place_); }
    } turn(*this, v);
    return f();
}

// True: it would go on at once.
bool Worker::advance(const VisitPtr& v) {
    constexpr int ticks = 64;
    int n = 0;
    if (!v->running->stopped)
        in_turn(*v, [&] {
            while (n < ticks && ComponentScheduler::tick(v->handler->store)) ++n;
        });
    bool more = n == ticks || (v->handler->store.parked() && v->running->take_pause());
    look_after(v);
    if (more) queue(v);
    return more;
}

void Worker::begin(const ExchangePtr& x) {
    auto v = std::make_shared<Visit>();
    v->exchange = x;
    auto use = [&](Handler& h) {
        v->running = std::make_shared<Running>(h.store, h.context, [this, weak = std::weak_ptr(v), reactor = reactor_] {
            reactor->post([this, weak] {
                if (auto visit = weak.lock()) queue(visit);
            });
        });
        h.running = v->running;
        watch(v);
    };
    if (idle_.empty()) {
        auto made = make_handler(use);
        if (!made) {
            if (v->running) v->running->over(), shared_.everybody.remove(v->running);
            ++shared_.traps;
            shared_.log(v->name() + ": " + made.error().to_string());
            return x->respond(http::problem(500, "the component could not be started"));
        }
        v->handler = std::move(*made);
    } else {
        v->handler = std::move(idle_.back());
        idle_.pop_back();
        use(*v->handler);
    }
    visits_.insert(v);
    component::on_ready(v->handler->store, [this, weak = std::weak_ptr(v)] {
        if (auto visit = weak.lock()) queue(visit);
    });
    auto begun = call(v);
    if (!begun) return failed(v, begun.error().message);
    v->call = std::move(*begun);
    queue(v);
}

// Who may stop it.
void Worker::watch(const VisitPtr& v) {
    constexpr std::chrono::hours very_long{24};
    shared_.everybody.add(v->running);
    auto most = shared_.options.request_time;
    shared_.clockwork.add(std::chrono::steady_clock::now() + (most.count() > 0 ? most : very_long), v->running);
    v->exchange->on_gone([weak = std::weak_ptr(v->running)] {
        if (auto r = weak.lock()) r->stop(false);
    });
}

Result<ComponentCall> Worker::call(const VisitPtr& v) {
    Guest& g = guest_of(*v->handler);
    try {
        auto all = arguments(g, v);
        return in_turn(*v, [&] { return v->handler->handle->start(std::move(all)); });
    } catch (const std::exception& e) {
        return std::unexpected(Error{Error::Kind::limit, e.what()});
    }
}

// ---- requests -----------------------------------------------------------------------------------------------------------------------------

std::vector<Val> Worker::arguments(Guest& g, const VisitPtr& v) {
    const http::Request& from = v->exchange->request();
    auto source = std::make_shared<ExchangeSource>(v->exchange, reactor_, v->too_large);
    if (shared_.is_0_3()) return p3::handler_arguments(g, from, source);
    return p2::handler_arguments(g, from, source,
                                 {.inform = [weak = std::weak_ptr(v)](u16 status, const http::Fields& f) {
                                      if (auto visit = weak.lock()) visit->exchange->inform(status, f);
                                  },
                                  .set = [this, weak = std::weak_ptr(v)](Answer response) {
                                      if (auto visit = weak.lock()) answered(*visit, std::move(response));
                                  }});
}

// ---- responses ----------------------------------------------------------------------------------------------------------------------------

void Worker::refused(Visit& v, const http::ErrorCode& e) {
    std::string words = "the component gave the error " + describe(e);
    shared_.log(v.name() + ": " + words);
    v.exchange->respond(http::problem(*v.too_large ? 413 : 500, words));
}

void Worker::answered(Visit& v, Answer response) {
    v.is_answered = true;
    if (!response) return refused(v, response.error());
    p2::OutgoingResponse& from = **response;
    if (!from.body) return v.exchange->respond({.status = from.status, .fields = from.headers->all()});
    v.body = from.body;
    v.head = Visit::Head{from.status, from.headers->all()};
}

void Worker::respond_0_3(Guest& g, const VisitPtr& v, const Val& result) {
    auto answer = Wit<std::expected<Own<p3::Response>, ErrorCode>>::from(g, result);
    v->is_answered = true;
    if (!answer) return refused(*v, answer.error());
    p3::Response& from = **answer;
    if (from.contents.is_empty()) {
        v->exchange->respond({.status = from.status, .fields = from.headers->all()});
        return p3::send_contents(g, std::move(from.contents), nullptr);
    }
    v->body = std::make_shared<BodyOut>(g, content_length(from.headers->all()));
    v->head = Visit::Head{from.status, from.headers->all()};
    p3::send_contents(g, std::move(from.contents), v->body);
}

// The body begins when the guest waits or has ended: what it wrote until then goes out with the head.
void Worker::begin_body(Visit& v) {
    Visit::Head head = std::move(*std::exchange(v.head, std::nullopt));
    if (auto whole = v.body->take_whole()) return v.exchange->respond({.status = head.status, .fields = std::move(head.fields), .body = std::move(*whole)});
    if (v.body->settled() && *v.too_large) return v.exchange->respond(http::problem(413, "the request's body is too large"));
    v.exchange->start(head.status, std::move(head.fields));
    v.body->send_to(std::make_shared<ExchangeSink>(v.exchange, reactor_));
}

void Worker::returned(Guest& g, const VisitPtr& v) {
    v->has_returned = true;
    auto result = v->call->result();
    if (!result) return failed(v, result.error().message);
    if (shared_.is_0_3()) respond_0_3(g, v, **result);
    if (!v->is_answered) {
        ++shared_.traps;
        shared_.log(v->name() + ": the component gave no response");
        v->exchange->respond(http::problem(500, "the component gave no response"));
    }
    if (v->body && !shared_.is_0_3()) v->body->ended();
    if (v->body) {
        v->body->on_settled([this, weak = std::weak_ptr(v)] {
            if (auto visit = weak.lock()) queue(visit);
        });
    }
}

// After the guest has run, or something came for it.
void Worker::look_after(const VisitPtr& v) {
    if (v->running->stopped) return failed(v, "stopped");
    try {
        bool returns = v->call->is_done() && !v->has_returned;
        if (returns) returned(guest_of(*v->handler), v);
        if (v->is_over) return;
        if (returns && v->body && shared_.is_0_3()) return queue(v);  // what it writes at once leaves with the head
        if (v->head) begin_body(*v);
    } catch (const std::exception& e) {
        return failed(v, e.what());
    }
    if (!v->has_returned) return;
    if (component::is_dead(*v->handler->instance)) return failed(v, component_trap(v->handler->store).to_string());
    if (!v->body || v->body->settled()) end(v, true);
}

void Worker::failed(const VisitPtr& v, const std::string& why) {
    bool late = v->running->timed_out;
    ++(late ? shared_.timeouts : shared_.traps);
    std::string what = late ? "took more than " + std::to_string(shared_.options.request_time.count()) + " ms" : why;
    if (!v->running->stopped || late) shared_.log(v->name() + ": " + what);
    bool unanswered = !v->is_answered || v->head;
    if (unanswered && *v->too_large) v->exchange->respond(http::problem(413, "the request's body is too large"));
    else if (!v->is_answered) v->exchange->respond(http::problem(late ? 504 : 500, late ? "the component took too long" : "the component failed"));
    else if (v->body && !v->body->settled()) {
        // What was written before leaves; the end that is missing shows that something is.
        if (v->head) begin_body(*v);
        v->exchange->abort();
    }
    end(v, false);
}

void Worker::end(const VisitPtr& v, bool well) {
    v->is_over = true;
    v->running->over();
    shared_.everybody.remove(v->running);
    Handler& h = *v->handler;
    h.running = nullptr;
    // What it does after its answer: as far as it need not wait.
    constexpr int ticks = 1000;
    for (int n = 0; well && n < ticks && ComponentScheduler::tick(h.store); ++n) {}
    bool usable = well && !h.store.parked() && !component::is_dead(*h.instance);
    v->call.reset();
    v->body = nullptr;
    if (usable && ++h.used < shared_.options.reuse) idle_.push_back(std::move(v->handler));
    else v->handler.reset();
    visits_.erase(v);
}

}  // namespace

// ---- the server --------------------------------------------------------------------------------------------------------------------------

struct ComponentServer::Data {
    explicit Data(const Engine& e, const Component& c, const ServeOptions& o) : shared{.engine = e, .component = c, .options = o, .handler = *find_handler(c), .turns = Turns(threads_of(o))} {}
    static u32 threads_of(const ServeOptions& o) { return o.workers ? o.workers : std::max(2u, std::thread::hardware_concurrency()); }
    ~Data() { stop(); }
    void stop() {
        shared.jobs.end();
        shared.everybody.stop();
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
    if (!find_handler(component)) return std::unexpected(Error{Error::Kind::usage, "the component exports neither wasi:http/handler@0.3 nor wasi:http/incoming-handler@0.2, so it cannot be served"});
    auto data = std::make_unique<Data>(engine, component, options);
    u32 n = Data::threads_of(options);
    for (u32 i = 0; i < n; ++i) {
        data->workers.push_back(std::make_unique<Worker>(data->shared, i));
        if (auto ok = data->workers.back()->prepare(); !ok) return std::unexpected(ok.error());
    }
    // What does not link is told now, not with every request.
    if (auto probe = data->workers.front()->make_handler([](Handler&) {}); !probe) return std::unexpected(probe.error());
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
