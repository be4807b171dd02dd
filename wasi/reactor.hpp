// The event loop: timers, descriptors that become ready, and blocking work that a bounded pool of threads does meanwhile. One thread runs a
// reactor; every handler runs there. Only reactor.cpp knows Boost.Asio, and whoever asks for io() to do more with it.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <heddle/types.hpp>

namespace boost::asio {
class io_context;
}

namespace heddle::wasi {

// An operation that was begun. Destroyed or cancelled, its handler is not called any more.
class Pending {
public:
    Pending() = default;
    explicit Pending(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
    Pending(Pending&& o) noexcept : cancel_(std::exchange(o.cancel_, nullptr)) {}
    Pending& operator=(Pending&& o) noexcept {
        if (this != &o) {
            cancel();
            cancel_ = std::exchange(o.cancel_, nullptr);
        }
        return *this;
    }
    ~Pending() { cancel(); }
    void cancel() {
        if (auto f = std::exchange(cancel_, nullptr)) f();
    }

private:
    std::function<void()> cancel_;
};

class Reactor {
public:
    Reactor();
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    boost::asio::io_context& io();

    // ---- from any thread
    void post(std::function<void()> f);

    // ---- from the reactor's thread
    // Once, after that many nanoseconds of the system's monotonic clock.
    Pending after(u64 nanoseconds, std::function<void()> f);
    // `blocking` in the pool, then `then` here. Cancelled: `then` is not called, but `blocking` may still run, so it must own what it uses.
    Pending work(std::function<void()> blocking, std::function<void()> then);

    // Waits until a handler ran, or that many nanoseconds are over.
    void run_one(std::optional<u64> nanoseconds = std::nullopt);
    // Runs the handlers that are ready. False: there was none.
    bool poll();

private:
    friend class Watch;
    struct Data;
    std::unique_ptr<Data> data_;
};

// Tells when a descriptor can be read or written. At most one Watch per open descriptor number; it must go before the descriptor is closed.
class Watch {
public:
    Watch(Reactor& reactor, int fd);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // Calls `f` once. Files on disk, of which the system cannot tell, are ready at once.
    void readable(std::function<void()> f);
    void writable(std::function<void()> f);

private:
    struct Data;
    std::shared_ptr<Data> data_;
};

}  // namespace heddle::wasi
