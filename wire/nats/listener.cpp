// Messages become calls on workers. Events from a stream are settled with the server: again after a failure or a lost process, until they are done.
#include "nats/listener.hpp"

#include <algorithm>
#include <atomic>

#include <nlohmann/json.hpp>

#include <heddle/error.hpp>

#include "app.hpp"
#include "nats/calls.hpp"
#include "nats/instances.hpp"
#include "nats/streams.hpp"
#include "reachable.hpp"

namespace heddle::wire::nats {

namespace {

constexpr std::string_view scheme = "nats:";
// Messages that come at once, before there was time to refuse them: those beyond are lost without an answer.
constexpr u32 burst = 1'024;

struct Event {
    const MaterializerConfig& materializer;
    Message message;
    u32 tries = 0;
    // From a stream: the server gives it again to whoever listens, until it is told otherwise.
    bool durable() const { return message.reply.starts_with("$JS.ACK."); }
};

}  // namespace

struct Listener::State : std::enable_shared_from_this<Listener::State> {
    State(App a, u32 pending, std::function<bool(std::function<void()>)> p, std::function<GoOn()> g, std::function<void(bool)> w)
        : app(std::move(a)), nats(connection()), most_pending(pending + burst), post(std::move(p)), go_on(std::move(g)), on_wait(std::move(w)) {}

    App app;
    std::shared_ptr<Connection> nats;
    const std::string own = new_name();
    u32 most_pending;
    std::mutex mutex;                     // of the three that follow
    std::condition_variable ended;
    bool stopped = false;
    u32 running = 0;
    std::function<bool(std::function<void()>)> post;
    std::function<GoOn()> go_on;
    std::function<void(bool)> on_wait;
    Watch watch;
    std::vector<std::unique_ptr<Subscription>> subscriptions;

    void log(const std::string& level, const std::string& op, const std::string& message) const {
        if (const auto& to = app.data().options.log) to({level, op, message, "host", "", ""});
    }
    // Not after the end, when there may be nobody to give work to. Whoever has begun says finish() at its end.
    bool start(std::function<void()> work) {
        std::lock_guard lock(mutex);
        if (stopped || !post(std::move(work))) return false;
        ++running;
        return true;
    }
    void finish() {
        std::lock_guard lock(mutex);
        --running;
        ended.notify_all();
    }

    // ---- calls
    void respond(const Message& request, const Reply& r) {
        if (request.reply.empty()) return;
        auto wrong = nats->publish(request.reply, answer_data(r), answer_headers(r));
        if (!wrong) return;
        log("error", "", "NATS: the answer was not sent: " + *wrong);
        if (r.ok()) respond(request, failure(Outcome::invalid_output, "the result was not sent: " + *wrong));
    }
    void take_call(const std::string& op, Message m) {
        auto request = std::make_shared<const Message>(std::move(m));
        bool taken = start([self = shared_from_this(), op, request, received = Clock::now()] {
            CallOptions options = call_options(*request, received);
            options.on_wait = self->on_wait;
            auto done = [self, request](const Reply& r) {
                self->respond(*request, r);
                self->finish();
            };
            if (options.deadline && options.deadline->count() == 0) return done(failure(Outcome::deadline, "the call's time was over before a worker was free"));
            self->app.begin(op, request->data.empty() ? "null" : request->data, std::move(options), self->go_on(), done);
        });
        if (taken) return;
        Reply busy = failure(Outcome::overloaded, "the queue of requests is full (serve.queue)");
        busy.retry_after = Milliseconds(1'000);
        respond(*request, busy);
    }

    // ---- running instances: which this process has, and calls of those alone
    void tell(const MaterializerConfig& m, const std::string& description, const Message& request) {
        std::string key = request.data;
        bool running = app.data().ops.find(m.op)->second.program->is_running(key);
        nats->publish(request.reply, R"({"at":")" + own + R"(","running":)" + (running ? "true" : "false") + R"(,"what":)" + description + "}", {});
    }
    void listen_for_instances(const MaterializerConfig& m) {
        const Op& op = app.data().ops.find(m.op)->second;
        if (unreachable(m.op, op)) return;
        std::weak_ptr<State> weak = weak_from_this();
        auto what = std::make_shared<const std::string>(to_text(to_json(reachable(app.data(), op))));
        subscriptions.push_back(nats->subscribe(where_subject(app.name(), m.op), "", most_pending, [weak, &m, what](const Message& request) {
            if (auto self = weak.lock()) self->tell(m, *what, request);
        }));
        subscriptions.push_back(nats->subscribe(at_subject(app.name(), own, m.op), "", most_pending, [weak, &name = m.op](Message message) {
            if (auto self = weak.lock()) self->take_call(name, std::move(message));
        }));
    }

    // ---- events
    void settle(const Event& e, const char* word) {
        if (e.durable()) nats->publish(e.message.reply, word, {});
    }
    void take_event(std::shared_ptr<Event> e) {
        bool taken = start([self = shared_from_this(), e] { self->fire(e); });
        if (!taken) later(e, e->materializer.event->backoff);
    }
    void later(std::shared_ptr<Event> e, Milliseconds wait) {
        std::weak_ptr<State> weak = weak_from_this();
        watch.at(Clock::now() + wait, [weak, e] {
            if (auto self = weak.lock()) self->take_event(e);
        });
    }
    void fire(const std::shared_ptr<Event>& e) {
        const MaterializerConfig& m = e->materializer;
        CallOptions options = call_options(e->message, Clock::now());
        options.on_wait = on_wait;
        options.deadline.reset();
        settle(*e, "+WPI");  // the time to give it to somebody else begins anew
        app.begin(m.op, e->message.data.empty() ? m.event->input : e->message.data, std::move(options), go_on(), [self = shared_from_this(), e](const Reply& r) {
            self->fired(e, r);
            self->finish();
        });
    }
    void fired(const std::shared_ptr<Event>& e, const Reply& r) {
        const MaterializerConfig& m = e->materializer;
        if (r.ok()) return settle(*e, "+ACK");
        if (e->tries < m.event->retries) {
            log("warn", m.op, "event failed, try " + std::to_string(e->tries + 1) + ": " + r.message);
            auto wait = m.event->backoff * (1 << std::min(e->tries, 20u));
            ++e->tries;
            return later(e, wait);
        }
        ++app.data().ops.find(m.op)->second.stats.dead_letters;
        log("error", m.op, "event given up after " + std::to_string(e->tries + 1) + " tries: " + r.message);
        settle(*e, "+TERM");
    }
    void listen_to_event(const MaterializerConfig& m, const std::string& subject) {
        std::weak_ptr<State> weak = weak_from_this();
        auto take = [weak, &m](Message message) {
            auto self = weak.lock();
            if (self) self->take_event(std::make_shared<Event>(Event{m, std::move(message)}));
        };
        std::string group = token_of(app.name()) + "_" + token_of(m.op);
        // Time for one try, and what lies between it and the next.
        Milliseconds patience = std::max(m.guest->limits.deadline, Milliseconds(1'000)) + m.event->backoff * (1 << std::min(m.event->retries, 10u));
        auto from = durable_consumer(*nats, app.name(), m.op, subject, patience);
        subscriptions.push_back(nats->subscribe(from.value_or(subject), group, from ? 0 : most_pending, take));
        if (!from) log("info", m.op, "event `nats:" + subject + "`: no stream holds this subject, so what is sent while nobody listens is lost");
    }

    void listen() {
        std::weak_ptr<State> weak = weak_from_this();
        for (const MaterializerConfig& m : app.data().manifest.materializers) {
            subscriptions.push_back(nats->subscribe(op_subject(app.name(), m.op), "heddle", most_pending, [weak, &op = m.op](Message message) {
                if (auto self = weak.lock()) self->take_call(op, std::move(message));
            }));
            listen_for_instances(m);
            if (!m.event) continue;
            for (const std::string& on : m.event->on)
                if (on.starts_with(scheme)) listen_to_event(m, on.substr(scheme.size()));
        }
        nats->flush(Milliseconds(5'000));
    }
};

Listener::Listener(App app, u32 pending, std::function<bool(std::function<void()>)> post, std::function<GoOn()> go_on, std::function<void(bool)> on_wait)
    : state_(std::make_shared<State>(std::move(app), pending, std::move(post), std::move(go_on), std::move(on_wait))) {
    if (state_->nats) {
        state_->listen();
        return;
    }
    for (const MaterializerConfig& m : state_->app.data().manifest.materializers)
        for (const std::string& on : m.event ? m.event->on : std::vector<std::string>())
            if (on.starts_with(scheme))
                throw Error{Error::Kind::usage, "materializers." + m.op + ".event.on: `" + on + "` comes from NATS: say where it is with --nats URL"};
}

Listener::~Listener() {
    drain(Clock::now() + std::chrono::seconds(2));
    {
        std::lock_guard lock(state_->mutex);
        state_->stopped = true;
    }
    state_->watch.stop();
    state_->subscriptions.clear();
}

bool Listener::drain(Clock::time_point until) {
    auto left = [&] { return std::chrono::ceil<Milliseconds>(until - Clock::now()); };
    for (auto& s : state_->subscriptions) s->drain(left());
    bool all = true;
    for (auto& s : state_->subscriptions) all &= s->drained(left());
    std::unique_lock lock(state_->mutex);
    return state_->ended.wait_until(lock, until, [&] { return state_->running == 0; }) && all;
}

std::optional<std::string> wrong_subject(std::string_view subject) {
    std::size_t at = 0;
    while (true) {
        std::size_t dot = std::min(subject.find('.', at), subject.size());
        std::string_view part = subject.substr(at, dot - at);
        if (part.empty()) return "has an empty part";
        if (part.find_first_of(" \t\r\n") != part.npos) return "has white space";
        if (part.size() > 1 && part.find_first_of("*>") != part.npos) return "has `*` or `>` inside a part: they stand alone";
        if (part == ">" && dot != subject.size()) return "has `>` before its end";
        if (dot == subject.size()) return std::nullopt;
        at = dot + 1;
    }
}

}  // namespace heddle::wire::nats
