// The server's threads: accepting, deadlines, admission of requests, and the orderly end.
#include <charconv>

#include "http/connection.hpp"

namespace heddle::http {

namespace {

constexpr std::chrono::milliseconds sweep_time(100);

void sweep(Loop& loop) {
    loop.sweep.expires_after(sweep_time);
    loop.sweep.async_wait([&loop](const boost::system::error_code& error) {
        if (error || loop.ending) return;  // a timer that was due before it was cancelled comes without an error
        auto now = Clock::now();
        auto all = loop.connections;
        for (auto& [raw, c] : all) c->check_deadlines(now);
        sweep(loop);
    });
}

std::optional<asio::ip::tcp::endpoint> parse_address(const std::string& text) {
    std::size_t colon = text.rfind(':');
    std::string host = colon == text.npos ? "127.0.0.1" : text.substr(0, colon);
    std::string_view digits = colon == text.npos ? std::string_view(text) : std::string_view(text).substr(colon + 1);
    if (host == "localhost") host = "127.0.0.1";
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    u16 port = 0;
    auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    boost::system::error_code error;
    auto address = asio::ip::make_address(host, error);
    if (error || bad != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return asio::ip::tcp::endpoint(address, port);
}

}  // namespace

// ---- Core ---------------------------------------------------------------------------------------------------------------------------

Core::Admission Core::admit(std::weak_ptr<Connection> who) {
    std::lock_guard lock(gate_);
    if (active_ < options.limits.requests) return ++active_, Admission::now;
    if (queue_.size() >= options.limits.queue) return Admission::refused;
    queue_.push_back(std::move(who));
    return Admission::later;
}

void Core::release() {
    std::shared_ptr<Connection> next;
    {
        std::lock_guard lock(gate_);
        while (!next && !queue_.empty()) {
            next = queue_.front().lock();
            queue_.pop_front();
        }
        if (!next) --active_;
    }
    if (next) next->loop().post([next] { next->admitted(); });
}

std::pair<u64, u64> Core::requests_and_queue() {
    std::lock_guard lock(gate_);
    return {active_, queue_.size()};
}

void Core::accept() {
    if (accepting || !acceptor->is_open() || connections >= options.limits.connections) return;
    accepting = true;
    Loop& loop = *loops[next_loop++ % loops.size()];
    acceptor->async_accept(loop.io, [self = shared_from_this(), &loop](const boost::system::error_code& error, asio::ip::tcp::socket socket) {
        self->accepting = false;
        if (error == asio::error::operation_aborted) return;
        if (error) {
            // No descriptors left, most likely: some time later there are.
            auto timer = std::make_shared<asio::steady_timer>(self->loops[0]->io, sweep_time);
            return timer->async_wait([self, timer](const boost::system::error_code&) { self->accept(); });
        }
        ++self->connections;
        ++self->total_connections;
        auto connection = std::make_shared<Connection>(self, loop, std::move(socket));
        loop.dispatch([connection] { connection->start(); });
        self->accept();
    });
}

void Core::connection_closed() {
    if (connections-- >= options.limits.connections) loops[0]->post([self = shared_from_this()] { self->accept(); });
}

// ---- Server -------------------------------------------------------------------------------------------------------------------------

struct Server::Data {
    std::shared_ptr<Core> core;
    asio::ip::tcp::endpoint at;

    ~Data() { stop(); }

    // Each loop ends by itself once nothing is left to do; what is posted after that is thrown away.
    void stop() {
        stop_accepting();
        for (auto& l : core->loops) {
            l->post([loop = l.get()] {
                loop->draining = loop->ending = true;
                loop->sweep.cancel();
                auto all = loop->connections;
                for (auto& [raw, c] : all) c->cut();
                loop->work.reset();
            });
        }
        for (auto& l : core->loops)
            if (l->thread.joinable()) l->thread.join();
        for (auto& l : core->loops) {
            {
                std::lock_guard lock(l->gate);
                l->closed = true;
            }
            l->io.restart();
            l->io.poll();
        }
        core->handler = nullptr;
    }

    void stop_accepting() {
        core->loops[0]->post([core = core] {
            boost::system::error_code ignored;
            core->acceptor->close(ignored);
        });
    }
};

Server::Server(std::unique_ptr<Data> d) : data_(std::move(d)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::listen(const ServerOptions& options, Handler handler) {
    auto at = parse_address(options.address);
    if (!at) return std::unexpected(Error{Error::Kind::usage, options.address + ": not an address; expected HOST:PORT with a numeric host, like 127.0.0.1:8080 or [::1]:8080"});
    auto core = std::make_shared<Core>();
    core->options = options;
    core->handler = std::move(handler);
    for (u32 i = 0; i < std::max(options.threads, 1u); ++i) core->loops.push_back(std::make_unique<Loop>());
    core->acceptor = std::make_unique<asio::ip::tcp::acceptor>(core->loops[0]->io);
    boost::system::error_code error;
    auto must = [&](auto&& f) { if (!error) f(); };
    must([&] { core->acceptor->open(at->protocol(), error); });
    must([&] { core->acceptor->set_option(asio::socket_base::reuse_address(true), error); });
    must([&] { core->acceptor->bind(*at, error); });
    must([&] { core->acceptor->listen(asio::socket_base::max_listen_connections, error); });
    if (error) return std::unexpected(Error{Error::Kind::io, options.address + ": " + error.message()});
    auto data = std::make_unique<Data>();
    data->core = core;
    data->at = core->acceptor->local_endpoint();
    core->accept();
    for (auto& l : core->loops) {
        sweep(*l);
        l->thread = std::thread([loop = l.get()] { loop->io.run(); });
    }
    return Server(std::move(data));
}

std::string Server::address() const {
    std::string host = data_->at.address().to_string();
    return (data_->at.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(data_->at.port());
}

u16 Server::port() const { return data_->at.port(); }

ServerCounts Server::counts() const {
    Core& c = *data_->core;
    auto [requests, queued] = c.requests_and_queue();
    return {.connections = c.connections, .requests = requests, .queued = queued, .total_connections = c.total_connections,
            .total_requests = c.total_requests, .refused = c.refused, .bad_requests = c.bad_requests};
}

bool Server::drain(std::chrono::milliseconds at_most) {
    auto until = Clock::now() + at_most;
    data_->stop_accepting();
    for (auto& l : data_->core->loops) {
        l->post([loop = l.get()] {
            loop->draining = true;
            auto all = loop->connections;
            for (auto& [raw, c] : all) c->drain();
        });
    }
    while (data_->core->connections > 0 && Clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    bool all = data_->core->connections == 0;
    data_->stop();
    return all;
}

// ---- Exchange -----------------------------------------------------------------------------------------------------------------------

void Exchange::read_all(std::size_t limit, std::function<void(Result<std::string>)> then) {
    struct Reading {
        ExchangePtr exchange;
        std::size_t limit;
        std::function<void(Result<std::string>)> then;
        std::string all;
    };
    auto r = std::make_shared<Reading>(shared_from_this(), limit, std::move(then), std::string());
    auto next = std::make_shared<std::function<void()>>();
    std::weak_ptr<std::function<void()>> weak = next;
    *next = [r, weak] {
        r->exchange->read([r, next = weak.lock()](BodyPart part) {
            if (part.error) return r->then(std::unexpected(*part.error));
            if (part.bytes.size() > r->limit - r->all.size())
                return r->then(std::unexpected(Error{Error::Kind::limit, "the request's body has more than " + std::to_string(r->limit) + " bytes"}));
            r->all += part.bytes;
            if (part.end) return r->then(std::move(r->all));
            (*next)();
        });
    };
    (*next)();
}

}  // namespace heddle::http
